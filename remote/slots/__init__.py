"""A host's queue for its GPUs, without a daemon: a worker waits in its own session until its turn has come, takes locks
of the kernel that vanish with it, and becomes the command that it waited for.

    main      the waiting, from the first look to the command
    turn      pure: may this one go, with which GPUs, or what it waits for
    tickets   who waits, in which order
    parts     the locks: twelve of each GPU, so that halves, thirds and quarters can be had too
    before    runs that must have ended first
    words     status.json and events.jsonl, as long as nobody else writes them

Written into the run's folder as one file and run by whatever Python is there: 3.8 or newer, standard library only.
"""
