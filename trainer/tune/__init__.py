"""`trainer tune`: many short runs of one configuration with other settings, and which of them is best.

`settings` is [tune] of a configuration and `space` what is wrong with it; `study` is the ask-and-tell half: one file
that any number of processes share; `sampling` and `pruning` decide, `driving` trains, `telling` shows,
`result` and `concluding` sum up; `serving` answers a program that trains the trials elsewhere.
"""
