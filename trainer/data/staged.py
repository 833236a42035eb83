"""What a copy that `trainer data stage` made says of itself: where it came from, and whether it is whole."""

import json
from pathlib import Path
from typing import Any

from trainer.schema import ConfigError, Problem

HEAD = ".staged.json"
JOURNAL = ".staged.jsonl"


def head_of(folder: Path) -> dict[str, Any] | None:
    """The copy's description; None: the folder is not a copy."""
    try:
        found = json.loads((folder / HEAD).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError([Problem(str(folder / HEAD), None, "", f"cannot be read: {error}", "stage again")]) from None
    return found if isinstance(found, dict) else None


def described(folder: Path) -> tuple[str, ...]:
    """A note on which copy is read; ConfigError when it is not whole. Nothing for a folder that is not a copy."""
    head = head_of(folder)
    if head is None:
        return ()
    source, files, size = head.get("source", "?"), int(head.get("files", 0)), int(head.get("bytes", 0))
    if not head.get("complete"):
        mend = f"finish it: trainer data stage {source} {folder}"
        raise ConfigError([Problem(str(folder), None, "", f"is an unfinished copy of {source}", mend)])
    return (f"reads the copy {folder} of {source} ({files:,} files, {size / 1e9:.2f} GB)",)
