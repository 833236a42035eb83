"""A session kept as its message stream, and shown again.

    lines      one event as one line, and back
    recorder   writes a session while it is on the screen
    player     a recorded session as a source of the screen

A recording is a gzip file of JSON lines. The first says {"k": "trajconsole", "schema": 1, …}; then come plans (the
configuration's hosts, workers and races) and batches (what one host said at one moment, in the probe's wire format).
"""

SCHEMA = 1
