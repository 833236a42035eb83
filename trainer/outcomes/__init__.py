"""What runs came to, from their run directories alone: rows of figures, intervals, tables as text and Markdown.

Standard library only, and no opinion on where the directories lie: the trainer uses it beside predictions, the console
on what it has mirrored.

    interval    how far a figure may be off: Wilson, differences, exact tests, Holm's correction
    outcome     one run's figures
    settings    in which settings runs differ, and which are the same but for the seed
    standing    outcomes as a table, and which differences are larger than noise
    table       figures down, runs across; text that fits a terminal, Markdown
    words       numbers for people
"""
