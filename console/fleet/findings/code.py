"""The code that a run began with, beside the code that lies on this laptop. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from console.fleet.cells import Advice
from console.fleet.model import CodeHere, Run


def code_findings(run: Run, here: CodeHere | None) -> Iterator[Advice]:
    """A start would bring other code than this run trains with; or its host has a trainer of its own, another one."""
    origin = run.origin
    if here is None or not origin.get("from"):
        return
    theirs = origin.get("project")
    own: Mapping[str, Any] = theirs if isinstance(theirs, Mapping) else {}
    if own.get("tree") and here.project and own["tree"] != here.project:
        yield _other("its code is not what lies here now", own, here.project, run.worker)
    if "command" in run.config:
        return
    if origin.get("tree") and here.trainer and origin["tree"] != here.trainer:
        yield _other("its trainer is not the one that lies here now", origin, here.trainer, run.worker)
    elif not origin.get("tree"):
        yield from _installed(run, here)


def _other(what: str, began: Mapping[str, Any], now: str, worker: str) -> Advice:
    commit = f", commit {str(began['commit'])[:10]}" if began.get("commit") else ""
    dirty = " with changes" if commit and began.get("dirty") else ""
    proof = f"it began with {str(began['tree'])[:10]}{commit}{dirty}; here lies {now[:10]}"
    mend = f"it goes on with its own; what lies here is taken by: trajconsole stop {worker}, then start {worker}"
    return Advice(what, proof, mend, "note")


def _installed(run: Run, here: CodeHere) -> Iterator[Advice]:
    """[hosts.X] code: nothing was sent, the host's own trainer ran, and said which one it is."""
    told: Mapping[str, Any] = next((item for item in reversed(run.events[-200:]) if item.get("event") == "started"), {})
    code = told.get("code")
    if isinstance(code, str) and here.code and code != here.code:
        yield Advice(
            "the host's trainer is another than this laptop's",
            f"[hosts.{run.key.host}] code has {code}, here lies {here.code}",
            f"update it there, or take code out of [hosts.{run.key.host}]: then what lies here is sent",
        )
