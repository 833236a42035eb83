"""Every run that this laptop has ever seen: an index in SQLite over the run directories that are mirrored here.

entry      one run of the index, and how a run of the fleet becomes one
versions   the tables, and how a database of an older version becomes one of today
rebuild    the index made anew from the mirrored run directories
base       the database: opened, mended, written, read
retention  which runs may go, and why the others may not; pure
prune      what is to go, removed from this laptop

What people say of runs (tags, notes) is not here but in `console.labels`: it cannot be made anew.
"""

from console.history.base import FILE, History
from console.history.entry import Entry, entry_of

__all__ = ["FILE", "Entry", "History", "entry_of"]
