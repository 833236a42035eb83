"""Vendors' command-line tools, each run with a bound. One at a time: only the GPU thread asks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from typing import Any, List, Optional

PATIENCE = 10.0
_running: List["subprocess.Popen[bytes]"] = []


class ToolFailed(Exception):
    """The tool did not answer, or answered with an error; says so in its own words."""


def ask(argv: List[str], patience: float = PATIENCE) -> str:
    """What it prints. A broken driver is reported on stdout, with a code of its own: both count."""
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except OSError as error:
        raise ToolFailed("%s: %s" % (argv[0], error.strerror)) from error
    _running.append(process)
    try:
        out, err = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise ToolFailed("%s has not answered for %d s" % (argv[0], patience)) from None
    finally:
        _running.remove(process)
    text = out.decode("utf-8", "replace")
    if process.returncode != 0:
        words = first_line(text) or first_line(err.decode("utf-8", "replace"))
        raise ToolFailed("%s ended with %d: %s" % (argv[0], process.returncode, words))
    return text


def first_line(text: str) -> Optional[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[0][:200] if lines else None


def json_in(text: str) -> Any:
    """The JSON value in what a tool printed, which may begin with prose; None when there is none."""
    for opening in re.finditer(r"^\s*[\[{]", text, re.MULTILINE):
        try:
            return json.JSONDecoder().raw_decode(text[opening.end() - 1 :])[0]
        except (ValueError, RecursionError):
            continue
    return None


def end_all() -> None:
    """Nothing stays behind when the probe goes."""
    for process in list(_running):
        _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """It and what it has started. Who hangs in the driver cannot be waited for."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=0.5)
    except (OSError, subprocess.TimeoutExpired):
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
