"""Logs of any size as numbered lines: reading, indexing, merging, filtering, colours. No screens and no event loop.

A `source.Source` hands out lines by number; what it must find out first it does in errands (`errand.py`): small pieces
of work that a thread runs and whose outcome is taken over by whoever owns the source. So nothing here needs a lock.
"""
