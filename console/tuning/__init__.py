"""`trajconsole tune`: the trials of a study as runs of the fleet.

The study lies on the worker's host, where the trainer answers what to try (`desk`); `judging` says what came of a
trial, from its run; `tuner` hands the trials out. It trains nothing, and knows nothing of how settings are proposed.
"""
