"""Runs and their figures, for other programs: CSV, Parquet, TensorBoard. No host is asked.

record    what this laptop holds of a run: its mirror, or what was pulled of it
tables    the two tables: a line a run, and a line a figure (pure)
parts     files that get their names together, once all of them are whole
csvs, parquet, events   one way each
deed      an export as steps
"""
