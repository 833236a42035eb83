"""Runs onto this laptop, and data onto hosts: what of a run is wanted, where it lands, and what is written down of it.

    choice   which files of a run (pure)
    options  how to pull
    ledger   pulled.json beside the files, and where this laptop's pulls lie
    words    progress and verdicts in a line of text (pure)
    deed     the pull of one run and the push of a folder, as steps

Moving the bytes is `remote.transfer`'s business, which knows nothing of runs.
"""
