"""Budget rules of races: when a rival is stopped although nobody has won.

settings  the rules as config.toml has them
epochs    a metric's value of each whole epoch
rules     evidence and time → who is to be stopped, by which rule, with which proof; pure
keeper    whoever watches acts on that: once, by the stop ladder, written down in the run's own events
showing   the same in lines of text
"""
