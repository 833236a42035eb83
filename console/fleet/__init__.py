"""What is known of all hosts and runs, as one immutable value, and the pure functions on it.

    model    the values: Fleet, Host, Run and their parts
    series   append-only metric columns that snapshots may share
    fold     (fleet, messages) → fleet
    records  the launcher's documents, read leniently
    state    evidence → state: the one place that decides what a worker is doing
    advice   evidence → what a person should know and can do
    cells    the values that the views show
    view     fleet → rows for screen, text and JSON

No I/O, no clocks: the time is always an argument.
"""
