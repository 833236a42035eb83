"""What is known of all hosts and runs, as one immutable value, and the pure functions on it.

    model    the values: Fleet, Host, Run and their parts
    series   append-only metric columns that snapshots may share
    fold     (fleet, messages) → fleet
    records  the launcher's documents, read leniently
    state    evidence → state: the one place that decides what a worker is doing
    fill     how fast a disk fills
    volumes  block devices → filesystems that could be larger, and the commands
    drivers  a GPU driver's complaint → what it means, and the mend
    findings evidence → what a person should know and can do
    words    durations and bytes in sentences
    cells    the values that the views show
    view     fleet → rows for screen, text and JSON

No I/O, no clocks: the time is always an argument.
"""
