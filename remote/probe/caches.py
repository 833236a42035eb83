"""Caches of the user that can be emptied without loss but time, with their sizes."""

from __future__ import annotations

import os
import time
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

ENTRIES = 200_000  # looked at over all caches, and
SECONDS = 10.0  # so long: what is counted until then is a lower bound
_BREATHE = 200  # entries between pauses, so that the heartbeat is never late; the pauses are
_PAUSE = 4.0  # times as long as the work between them


class Cache(NamedTuple):
    """Where it is and what empties it."""

    name: str
    path: str
    empty: str


def known(home: str, env: Mapping[str, str]) -> List[Cache]:
    """Caches that the tools of this trade keep, where this user's environment puts them."""
    cache = env.get("XDG_CACHE_HOME") or home + "/.cache"
    torch = (env.get("TORCH_HOME") or cache + "/torch") + "/hub"
    hugging = env.get("HF_HUB_CACHE") or (env.get("HF_HOME") or cache + "/huggingface") + "/hub"
    data_sets = env.get("HF_DATASETS_CACHE") or (env.get("HF_HOME") or cache + "/huggingface") + "/datasets"
    triton, trash = env.get("TRITON_CACHE_DIR") or home + "/.triton/cache", home + "/.local/share/Trash"
    found = [
        Cache("pip", env.get("PIP_CACHE_DIR") or cache + "/pip", "python3 -m pip cache purge"),
        Cache("uv", env.get("UV_CACHE_DIR") or cache + "/uv", "uv cache clean"),
        Cache("torch hub", torch, _remove(torch)),
        Cache("Hugging Face models", hugging, _remove(hugging)),
        Cache("Hugging Face data sets", data_sets, _remove(data_sets)),
        Cache("triton", triton, _remove(triton)),
        Cache("trash", trash, _remove(trash)),
    ]
    for place in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", ".conda"):
        found.append(Cache("conda packages", "%s/%s/pkgs" % (home, place), "conda clean --all --yes"))
    return found


def _remove(path: str) -> str:
    safe = path.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum()
    return "rm -rf -- " + (path if safe else "'" + path.replace("'", "'\\''") + "'")


def measure(caches: List[Cache], entries: int = ENTRIES, seconds: float = SECONDS) -> List[Dict[str, Any]]:
    """Those that are there. `whole`: everything in it was counted."""
    end, found = time.monotonic() + seconds, []
    for cache in caches:
        if os.path.isdir(cache.path) and not os.path.islink(cache.path):
            size, entries, whole = walk(cache.path, entries, end)
            found.append(dict(cache._asdict(), bytes=size, whole=whole))
    return found


def walk(path: str, entries: int, end: float) -> Tuple[int, int, bool]:
    """Bytes on the disk below `path`, each file once; entries left; whether that was all. Links are not followed."""
    size, waiting, seen, worked = 0, [path], set(), time.monotonic()
    while waiting:
        try:
            with os.scandir(waiting.pop()) as items:
                for item in items:
                    entries -= 1
                    if entries < 0 or time.monotonic() > end:
                        return size, 0, False
                    if entries % _BREATHE == 0:
                        time.sleep(_PAUSE * min(0.05, time.monotonic() - worked))
                        worked = time.monotonic()
                    info = item.stat(follow_symlinks=False)
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(item.path)
                    elif info.st_nlink < 2 or info.st_ino not in seen:
                        size += info.st_blocks * 512
                        if info.st_nlink > 1:
                            seen.add(info.st_ino)
        except OSError:
            continue  # gone meanwhile, or not ours
    return size, entries, True
