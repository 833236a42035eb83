"""Files between a host's folder and a folder here, in both directions. Knows bytes and folders, nothing of runs.

    names      which names of a host may become paths here
    listing    what a folder of the host holds, in one round trip
    plan       what of it is to be taken (pure)
    parts      where bytes land: a part until they are whole, then renamed
    stream     the host's end of a transfer, and how it is started
    bare       the same without a Python on the host: tar, tail, sha256sum
    pace       bandwidth limit, and how fast it goes
    pull, push the transfers themselves: retried, resumed, verified
    host/      what runs on the host (Python 3.8, standard library), and the tar format that both ends speak

No name that a host sends is ever used as a path: what it sends is matched against what was asked for.
"""
