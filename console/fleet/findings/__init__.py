"""What a person should know and can do: what, proof, mend, and the key's command when one key can do it. Pure.

    workers   of a worker: all that follows, the most urgent first
    machine   of a host: its link, disk, memory, GPUs, clock, volumes, caches
    ends      how a run ended, and what to do now
    causes    the words of an error → what they mean, and the mend: a table
    living    a run that lives and does not do well: stalled, silent, waiting, numbers that are none
    disks     which disk a run fills, and whether the next checkpoint still fits
    criteria  why a run has not stopped yet
    code      the code that a run began with, beside the code that lies here
    money     what a host costs, and what it costs for nothing

No I/O, no clocks: the time is always an argument. What nothing is wrong with has no finding.
"""
