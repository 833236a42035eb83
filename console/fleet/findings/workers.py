"""All that a person should know and can do about a worker. Pure functions of the evidence."""

from collections.abc import Iterator

from console.fleet.cells import Advice, State
from console.fleet.findings.code import code_findings
from console.fleet.findings.criteria import criteria_findings
from console.fleet.findings.disks import checkpoint_findings
from console.fleet.findings.ends import end_findings
from console.fleet.findings.living import living_findings
from console.fleet.model import CodeHere, Host, Planned, Run
from console.fleet.records import reported
from console.fleet.words import duration
from trainer.record.status import Status

NEVER_STARTED_S = 600.0  # a plan this old is worth a word


def plan_advice(planned: Planned, now: float) -> tuple[Advice, ...]:
    """For a worker that has no run."""
    age = now - planned.since
    if age < NEVER_STARTED_S:
        return ()
    return (
        Advice(
            f"planned {duration(age)} ago, never started",
            f"{planned.worker} stands in the configuration, and {planned.host} has no run of it",
            f"press s, or: trajconsole start {planned.worker}",
            action="start",
        ),
    )


def run_advice(run: Run, host: Host, state: State, now: float, here: CodeHere | None = None) -> tuple[Advice, ...]:
    """For a run: why it ended or does not move, what the run found itself, why it has not stopped yet. `here`: the code
    that a start would bring now."""
    status = reported(run)
    found = tuple(_told(status, state))
    known = state.name == "failed" and bool(found)  # the run's own findings tell more than its state
    advice = [*end_findings(run, host, state, told=known), *found]
    advice += living_findings(run, host, status, state, now)
    if state.live:
        waits = status is not None and any("disk" in item.what for item in status.findings)
        if not waits and state.unreachable_for is None:
            advice += checkpoint_findings(run, host, now)
        if status is not None:
            advice += criteria_findings(status)
        advice += code_findings(run, here)
    advice += _folder(run, state)
    return tuple(advice)


def _told(status: Status | None, state: State) -> Iterator[Advice]:
    """What the run found itself."""
    if status is None:
        return
    level = "error" if state.name == "failed" else "warning"
    for finding in status.findings:
        yield Advice(finding.what, finding.proof, finding.mend, level)
    if not status.findings and state.live and _disk_full(f"{status.phase} {status.message}"):
        yield Advice("it waits for free disk space", status.message or status.phase, "free space on the host", "error")


def _folder(run: Run, state: State) -> Iterator[Advice]:
    if not run.config and run.launch is not None and not run.gone and run.status is None:
        yield Advice("no run.toml", "the folder has no readable run.toml", "it was not started from a console", "note")
    if run.gone and state.name != "vanished":
        kept = "what is shown is this laptop's copy"
        yield Advice("its folder was removed", "the host no longer has it", kept, "note")
    if run.damaged_lines:
        yield Advice(
            f"{run.damaged_lines} damaged records",
            "lines or documents of this run that are not JSON objects were left out",
            "does something else write into its folder?",
            "note",
        )


def _disk_full(text: str) -> bool:
    return any(
        words in text for words in ("No space left", "disk full", "disk is full", "Disk quota exceeded", "ENOSPC")
    )
