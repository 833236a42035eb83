"""What a person should know and can do about a worker: what, proof, mend. Pure functions of the evidence."""

import math
from collections.abc import Iterator

from console.fleet.cells import REBOOTED, Advice, State
from console.fleet.host_advice import memory_short, memory_words
from console.fleet.model import Host, Planned, Run
from console.fleet.records import asked_to_end, ended, reported
from console.fleet.words import amount, duration, sentence
from trainer.record.status import Criterion, Status

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
        ),
    )


def run_advice(run: Run, host: Host, state: State, now: float) -> tuple[Advice, ...]:
    """For a run: why it ended or does not move, what the run found itself, why it has not stopped yet."""
    status = reported(run)
    found = tuple(_findings(status, state))
    known = state.name == "failed" and bool(found)  # the run's own findings tell more than its state
    advice = [*(() if known else _of_state(run, host, state)), *found]
    if state.live and status is not None:
        advice.extend(_criteria(status))
    if not run.config and run.launch is not None and not run.gone and run.status is None:
        advice.append(
            Advice("no run.toml", "the folder has no readable run.toml", "it was not started from a console", "note")
        )
    if run.gone and state.name != "vanished":
        kept = "what is shown is this laptop's copy"
        advice.append(Advice("its folder was removed", "the host no longer has it", kept, "note"))
    if run.damaged_lines:
        advice.append(
            Advice(
                f"{run.damaged_lines} damaged records",
                "lines or documents of this run that are not JSON objects were left out",
                "does something else write into its folder?",
                "note",
            )
        )
    return tuple(advice)


def _of_state(run: Run, host: Host, state: State) -> Iterator[Advice]:
    worker, end = run.worker, ended(run)
    resume = f"trajconsole resume {worker}"
    proof = sentence(state.detail, state.evidence)
    if state.stalled_for is not None:
        yield Advice(
            f"no progress for {duration(state.stalled_for)}",
            f"{state.evidence}, and it has not moved since",
            f"look at its log; end it with: trajconsole stop {worker}",
        )
    if state.name == "out of memory":
        proof = sentence(proof, _holders(host))
        yield Advice(
            "it ran out of memory", proof, f"make batch or model smaller, or free memory; then: {resume}", "error"
        )
    elif state.name == "vanished":
        if run.adopted and not run.gone:
            yield Advice("it ended", proof, "its log may say how", "note")
        elif run.gone:
            yield Advice("its folder was removed", state.evidence, f"trajconsole start {worker}", "error")
        else:
            what = "the host was rebooted: its workers ended with it" if state.detail == REBOOTED else "it vanished"
            yield Advice(what, state.evidence, f"from its last checkpoint: {resume}", "error")
    elif state.name == "killed":
        yield _killed(run, host, state, resume)
    elif state.name == "failed" and end is not None and end.code == 2:
        yield Advice("its configuration cannot be used", proof, f"mend it, then: trajconsole start {worker}", "error")
    elif state.name == "failed" and _disk_full(state.detail):
        yield Advice("the disk was full", proof, f"free space, then: {resume}", "error")
    elif state.name == "failed":
        yield Advice("it failed", proof, f"trajconsole logs {worker}; when mended: {resume}", "error")


def _holders(host: Host) -> str:
    """Whose processes hold the GPUs' memory, the largest first."""
    gpus = host.telemetry.gpus if host.telemetry is not None else ()
    holders = [(item.memory or 0, gpu.index, item) for gpu in gpus for item in gpu.processes]
    largest = sorted(holders, key=lambda held: -held[0])[:3]
    words = [f"{item.user or 'somebody'}'s {item.command or item.pid} {amount(held)}" for held, _gpu, item in largest]
    return f"GPU memory is now held by {', '.join(words)}" if words else ""


def _killed(run: Run, host: Host, state: State, resume: str) -> Advice:
    proof = sentence(state.detail, state.evidence)
    if asked_to_end(run) == "kill":
        return Advice("it was killed, as asked", proof, f"from its last checkpoint: {resume}", "note")
    if "KILL" in state.detail and memory_short(host):
        return Advice(
            "killed while memory was short",
            f"{proof}; {memory_words(host)}",
            f"likely the kernel's out-of-memory killer: use smaller batches, then {resume}",
            "error",
        )
    if "KILL" in state.detail:
        return Advice(
            "something killed it",
            f"{proof}; no console asked for it",
            f"if nobody did it by hand, ask the host's kernel log (dmesg) for “Out of memory”; then {resume}",
            "error",
        )
    return Advice(
        "something ended it", f"{proof}; no console asked for it", f"from its last checkpoint: {resume}", "error"
    )


def _findings(status: Status | None, state: State) -> Iterator[Advice]:
    if status is None:
        return
    level = "error" if state.name == "failed" else "warning"
    for finding in status.findings:
        yield Advice(finding.what, finding.proof, finding.mend, level)
    if not status.findings and state.live and _disk_full(f"{status.phase} {status.message}"):
        yield Advice("it waits for free disk space", status.message or status.phase, "free space on the host", "error")


def _criteria(status: Status) -> Iterator[Advice]:
    stopping = status.stopping
    if stopping is None or not stopping.criteria:
        return
    when = "" if stopping.next_epoch is None else f"next check at epoch {stopping.next_epoch}"
    open_ = [item for item in stopping.criteria if not item.passed]
    if all(item.value is None for item in stopping.criteria):
        yield Advice("the criteria are not known yet", ", ".join(map(wanted, stopping.criteria)), when, "note")
    elif open_:
        count = f"{len(open_)} of {len(stopping.criteria)} criteria not met"
        yield Advice(f"why it has not stopped: {count}", " · ".join(map(verdict, open_)), when, "note")
    else:
        held = "why it has not stopped: all criteria hold, and that counts only at a check"
        yield Advice(held, " · ".join(map(verdict, stopping.criteria)), when, "note")


def verdict(item: Criterion) -> str:
    """ "attention_ratio 1.32 of 1.50"."""
    value = "not yet known" if item.value is None else f"{_figure(item.value)}"
    return (
        f"{item.metric} {value} of {_figure(item.threshold)}"
        if item.op == ">="
        else f"{item.metric} {value}, wanted {item.op} {_figure(item.threshold)}"
    )


def wanted(item: Criterion) -> str:
    return f"{item.metric} {item.op} {_figure(item.threshold)}"


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _disk_full(text: str) -> bool:
    return any(
        words in text for words in ("No space left", "disk full", "disk is full", "Disk quota exceeded", "ENOSPC")
    )
