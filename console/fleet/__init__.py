"""What is known of all hosts and runs, as one immutable value, and the pure functions on it.

    model   the values: Fleet, Host, Run and their parts
    fold    (fleet, message) → fleet
    state   evidence → state: the one place that decides what a worker is doing
    view    fleet → rows for screen, text and JSON
    series  append-only metric columns that snapshots may share

No I/O, no clocks: the time is always an argument.
"""
