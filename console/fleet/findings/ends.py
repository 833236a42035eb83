"""How a run ended, from what, and what to do now. Pure."""

from collections.abc import Iterator, Mapping

from console.fleet.cells import REBOOTED, Advice, State
from console.fleet.findings.causes import MOST_LINES, Cause, Place, explain
from console.fleet.findings.machine import memory_short, memory_words
from console.fleet.model import Host, Log, Run, RunKey
from console.fleet.records import asked_to_end, ended, first_traceback, launched, reported
from console.fleet.words import amount, sentence
from remote.events import Hello

_AFTER = 12  # lines behind a traceback that may belong to its error
MOST_KNOWN = 1024
_KNOWN: dict[RunKey, tuple[Log, str, Hello | None, Cause | None]] = {}  # a row is made often, and the table is long


def end_findings(run: Run, host: Host, state: State, *, told: bool) -> Iterator[Advice]:
    """`told`: the run's own findings say why it failed; then only what they do not know is added."""
    worker, end = run.worker, ended(run)
    resume = f"trajconsole resume {worker}"
    proof = sentence(state.detail, state.evidence)
    if state.name == "out of memory":
        yield _memory(host, state, resume)
    elif state.name == "vanished":
        yield _vanished(run, state, proof, resume)
    elif state.name == "killed":
        yield _killed(run, host, state, resume)
    elif state.name == "failed":
        cause = cause_of(run, host, state)
        if told and not _vague(run):
            return
        if cause is not None:
            yield Advice(cause.what, proof, f"{cause.mend}; then: {resume}", "error", "full_log")
        elif not told and end is not None and end.code == 2:
            mend = f"mend it, then: trajconsole start {worker}"
            yield Advice("its configuration cannot be used", proof, mend, "error")
        elif not told:
            yield Advice("it failed", proof, f"trajconsole logs {worker}; when mended: {resume}", "error", "full_log")


def cause_of(run: Run, host: Host, state: State) -> Cause | None:
    """What the first traceback of its log means; without one, what the last lines mean. Asked once of each log."""
    known = _KNOWN.get(run.key)
    if known is not None and known[0] is run.log and known[1:3] == (state.detail, host.hello):
        return known[3]
    if len(_KNOWN) > MOST_KNOWN:
        _KNOWN.clear()
    found = _look_for_cause(run, host, state)
    _KNOWN[run.key] = (run.log, state.detail, host.hello, found)
    return found


def _look_for_cause(run: Run, host: Host, state: State) -> Cause | None:
    start = launched(run)
    lines = run.log.lines
    trace = first_traceback(lines, again=start is not None and (start.attempt or 1) > 1)
    place = _place(run, host)
    if trace is None:
        return explain([state.detail, *lines[-MOST_LINES:]], place)
    at = next((number for number, line in enumerate(lines) if trace.error in line), len(lines))
    return explain([trace.error, *lines[at + 1 : at + _AFTER], state.detail], place)


def _place(run: Run, host: Host) -> Place:
    project, command = run.origin.get("project"), run.config.get("command")
    table = command if isinstance(command, Mapping) else {}
    argv = table.get("argv")
    first = str(argv[0]) if isinstance(argv, list) and argv else ""
    own = first if first.rpartition("/")[2].startswith("python") else ""
    return Place(
        run.worker,
        run.key.host,
        host.hello.user if host.hello else "",
        str(run.origin.get("python") or own or "python3"),
        str(table.get("folder") or ""),
        str(project.get("folder", "")) if isinstance(project, Mapping) else "",
    )


def _vague(run: Run) -> bool:
    """The trainer only says that something in it went wrong."""
    status = reported(run)
    return status is not None and any(item.mend.endswith("train.log") for item in status.findings)


def _memory(host: Host, state: State, resume: str) -> Advice:
    gpu = any(word in state.detail for word in ("CUDA", "HIP", "CUBLAS", "GPU"))
    proof = sentence(state.detail, state.evidence, _holders(host))
    if gpu:
        mend = f"a smaller batch, accumulated gradients, bf16, or end what else is on that GPU; then: {resume}"
        return Advice("it ran out of GPU memory", proof, mend, "error")
    mend = f"make batch or model smaller, load data with fewer workers, or free memory; then: {resume}"
    return Advice("it ran out of memory", proof, mend, "error")


def _vanished(run: Run, state: State, proof: str, resume: str) -> Advice:
    if run.adopted and not run.gone:
        return Advice("it ended", proof, "its log may say how", "note")
    if run.gone:
        return Advice(
            "its folder was removed", state.evidence, f"trajconsole start {run.worker}", "error", action="start"
        )
    what = "the host was rebooted: its workers ended with it" if state.detail == REBOOTED else "it vanished"
    return Advice(what, state.evidence, f"from its last checkpoint: {resume}", "error", action="resume")


def _holders(host: Host) -> str:
    """Whose processes hold the GPUs' memory, the largest first."""
    gpus = host.telemetry.gpus if host.telemetry is not None else ()
    holders = [(item.memory or 0, gpu.index, item) for gpu in gpus for item in gpu.processes]
    largest = sorted(holders, key=lambda held: -held[0])[:3]
    words = [f"{item.user or 'somebody'}'s {item.command or item.pid} {amount(held)}" for held, _gpu, item in largest]
    return f"GPU memory is now held by {', '.join(words)}" if words else ""


def _killed(run: Run, host: Host, state: State, resume: str) -> Advice:
    proof, again = sentence(state.detail, state.evidence), f"from its last checkpoint: {resume}"
    if asked_to_end(run) == "kill":
        return Advice("it was killed, as asked", proof, again, "note", action="resume")
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
            "resume",
        )
    return Advice("something ended it", f"{proof}; no console asked for it", again, "error", "resume")
