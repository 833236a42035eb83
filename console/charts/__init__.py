"""Curves made into braille dots: everything of a chart that is no widget. Pure: no terminal, no clock, no threads.

scale     values → places on an axis, linear or logarithmic; ticks and their labels
digest    what is known of a growing series: least and greatest by block, what is no number, whether it is in order
smooth    the weighted mean of what came before
strokes   what of a series stands in each column of dots: first, least, greatest, last
raster    strokes → dots → characters; patterns that tell curves apart without colour
panel     which curves stand in one chart: a quantity's training and validation, with the thresholds of its criteria
look      what a person chose to see: axis, logarithm, smoothing, window, cursor
readout   values at the cursor
nearness  how far a rival is on its way to all criteria
"""
