"""Evidence → state: the one place that decides what a worker is doing, and from what that was concluded.

The strongest evidence wins: an exit record of the newest attempt, then the process itself, then what the run says of
itself. The two overlays never replace a state: unreachable (the last known state stays, with its age) and stalled
(alive, but nothing moves).
"""

import math
from dataclasses import dataclass

from console.fleet.cells import LIVE, REBOOTED, STATES, State
from console.fleet.model import Host, Planned, Run
from console.fleet.records import (
    OUT_OF_MEMORY,
    Ended,
    Traceback,
    asked_to_end,
    began,
    ended,
    first_traceback,
    launched,
    reported,
)
from console.fleet.words import duration
from trainer.record.status import ENDED, Status

STALL_FLOOR_S = 60.0  # never called stalled sooner
STALL_STEPS = 30.0  # of its own median step times without a step
STALL_PHASE_S = 300.0  # without progress in phases that have no steps
HEARTBEAT_S = 30.0  # the trainer's thread beats every few seconds; this long without one and it hangs
QUIET_START_S = 30.0  # a foreign command that says nothing of itself counts as working after this
CLEAN_SIGNALS = (2, 15)  # what the ladder sends after the stop file: a trainer that ended on one has ended cleanly


@dataclass(frozen=True, slots=True)
class _Case:
    """The evidence, taken apart once."""

    run: Run
    host: Host
    now: float
    exit: Ended | None
    status: Status | None  # of the newest attempt
    alive: bool | None  # any of its processes; None: nobody has looked
    launcher_alive: bool | None

    @property
    def host_now(self) -> float:
        """The host's clock at this moment: what the times in its files are compared with."""
        return self.now + self.host.clock_offset


def state_of_plan(planned: Planned, now: float) -> State:
    """A worker that has no run."""
    age = max(0.0, now - planned.since)
    return State("planned", "it stands in the configuration, and no run of it is known", age=age)


def state_of(run: Run, host: Host, now: float) -> State:
    """The state of a run. Total: any combination of evidence has an answer."""
    case = _case(run, host, now)
    state = _ended(case) if case.exit is not None else _not_ended(case)
    return _with_overlays(state, case)


def _case(run: Run, host: Host, now: float) -> _Case:
    alive = {name: process.alive for name, process in run.processes.items()}
    return _Case(
        run,
        host,
        now,
        ended(run),
        reported(run),
        any(alive.values()) if alive else None,
        next((value for name, value in alive.items() if name.startswith("launch")), None),
    )


def _ended(case: _Case) -> State:
    """There is an exit record: how it ended is a fact; the run's own last words say why."""
    exit_, status = case.exit, case.status
    assert exit_ is not None
    how = f"ended by {exit_.signal_name}" if exit_.signal else f"exit code {exit_.code}"
    age = None if exit_.time is None else max(0.0, case.host_now - exit_.time)
    said = status.state if status is not None and status.state in ENDED else ""
    failure = _failure(status, _traceback(case))
    memory = _out_of_memory(exit_, failure)
    asked = asked_to_end(case.run)
    if memory and exit_.code != 0:
        return State("out of memory", f"exit.json: {how}", memory, age)
    if said and said != "failed" and (exit_.code == 0 or (said != "finished" and exit_.signal in CLEAN_SIGNALS)):
        return State(said, f"status.json says {said}; exit.json: {how}", _reason(status), age)
    if exit_.signal and asked == "stop":
        return State(
            "stopped", f"a stop was asked for; exit.json: {how}", f"ended by {exit_.signal_name}, as asked", age
        )
    if exit_.signal:
        return State("killed", f"exit.json: {how}", exit_.signal_name, age)
    if exit_.code == 0 and said != "failed":
        words = f"; its status.json still says {status.state}" if status is not None and not said else ""
        return State("finished", f"exit.json: {how}{words}", _reason(status), age)
    if exit_.code is None:
        return State("failed", "exit.json names neither a code nor a signal", failure, age)
    detail = failure or _last_words(case.run)
    words = f"; status.json said {said}" if said and said != "failed" else ""
    return State("failed", f"exit.json: {how}{words}", detail or how, age)


def _not_ended(case: _Case) -> State:
    status, start = case.status, launched(case.run)
    beat = _age(status.heartbeat if status else None, case)
    if status is not None and status.state in ENDED:
        when = _age(status.heartbeat or status.progress_at, case)
        memory = OUT_OF_MEMORY.search(status.reason) if status.state == "failed" else None
        name = "out of memory" if memory else status.state
        return State(name, f"status.json says {status.state}; there is no exit record yet", _reason(status), when)
    if _rebooted(case):
        return State(
            "vanished",
            f"{_restarted(case)} after this run began, and there is no exit record",
            REBOOTED,
            _age(status.heartbeat if status else began(case.run), case),
        )
    if case.run.gone:
        return State("vanished", "its folder was removed from the host", "the folder is gone", beat)
    if case.alive is False and case.run.adopted:
        proof = f"{_gone(case.run)}; it was not started from here, so nothing wrote down how it ended"
        return State("vanished", proof, "it ended, nobody knows how", beat)
    if case.alive is False:
        return State(
            "vanished",
            f"{_gone(case.run)} and there is no exit record",
            "no process and no exit record",
            beat if beat is not None else _age(began(case.run), case),
        )
    if status is not None:
        return _by_its_word(case, status, beat)
    if case.alive:
        return _silent(case)
    if start is not None:
        return State("starting", "launch.json is there; nothing else yet", age=_age(start.time, case))
    if case.run.rows:
        return State(
            "training", "metrics.jsonl has rows; nothing says how its process is", age=case.now - case.run.heard_at
        )
    return State(
        "planned", "its folder is there; nothing was ever started in it", age=max(0.0, case.now - case.run.seen)
    )


def _by_its_word(case: _Case, status: Status, beat: float | None) -> State:
    proof = _alive(case.run) if case.alive else "nobody has looked at its process yet"
    if asked_to_end(case.run) and case.alive:
        return State("stopping", f"a stop was asked for; {proof}", status.message, beat)
    name = status.state if status.state in STATES and status.state in LIVE else "training"
    said = f"status.json says {status.state}"
    return State(name, f"{said}; {proof}", status.message, beat)


def _silent(case: _Case) -> State:
    """Alive, and it writes no status.json: a foreign command, or a trainer that has only just begun."""
    proof = _alive(case.run)
    age = max(0.0, case.now - case.run.heard_at)
    if asked_to_end(case.run):
        return State("stopping", f"a stop was asked for; {proof}", age=age)
    since = _age(began(case.run), case)
    if case.run.rows or (since is not None and since > QUIET_START_S):
        return State("training", f"{proof}; it writes no status.json", age=age)
    return State("starting", f"{proof}; no status.json yet", age=age)


def _with_overlays(state: State, case: _Case) -> State:
    unreachable = unreachable_for(case.host, case.now)
    age = state.age
    if state.live and unreachable is not None:
        return State(state.name, state.evidence, state.detail, age, unreachable_for=unreachable)
    if state.live:
        return State(state.name, state.evidence, state.detail, age, stalled_for=_stalled(state, case))
    return state


def unreachable_for(host: Host, now: float) -> float | None:
    """How long the link is down; None while it is up, or while it is opened for the first time."""
    phase = host.link.phase
    if phase == "connected" or (phase == "connecting" and host.heard_at is None):
        return None
    return max(0.0, now - (host.heard_at if host.heard_at is not None else host.link_since))


def _stalled(state: State, case: _Case) -> float | None:
    status = case.status
    if status is None or case.alive is False or state.name in ("queued", "stopping"):
        return None
    beat = _age(status.heartbeat, case)
    if beat is not None and beat > HEARTBEAT_S:
        return beat
    moved = _age(status.progress_at, case)
    if moved is None:
        return None
    limit = STALL_PHASE_S
    if state.name == "training" and status.step_time_s is not None and status.step_time_s >= 0:
        limit = max(STALL_FLOOR_S, STALL_STEPS * status.step_time_s)
    return moved if moved > limit else None


def _age(time: float | None, case: _Case) -> float | None:
    if time is None or not math.isfinite(time):
        return None
    return max(0.0, case.host_now - time)


def _rebooted(case: _Case) -> bool:
    hello, start = case.host.hello, launched(case.run)
    if hello is None:
        return False
    if start is not None and start.boot_id and hello.boot_id:
        return start.boot_id != hello.boot_id
    since = began(case.run)
    return since is not None and hello.boot_time > since + 5.0


def _restarted(case: _Case) -> str:
    hello = case.host.hello
    if hello is None or not hello.boot_time:
        return "the host was started again"
    return f"the host was started again {duration(case.host_now - hello.boot_time)} ago,"


def _alive(run: Run) -> str:
    living = sorted({process.pid for process in run.processes.values() if process.alive})
    return f"process {living[0]} is alive" if len(living) == 1 else f"processes {_listed(living)} are alive"


def _gone(run: Run) -> str:
    pids = sorted({process.pid for process in run.processes.values()})
    return f"process {pids[0]} is gone" if len(pids) == 1 else f"processes {_listed(pids)} are gone"


def _listed(pids: list[int]) -> str:
    return " and ".join(map(str, pids))


def _reason(status: Status | None) -> str:
    return (status.reason or status.message) if status is not None else ""


def _traceback(case: _Case) -> Traceback | None:
    start = launched(case.run)
    return first_traceback(case.run.log.lines, again=start is not None and (start.attempt or 1) > 1)


def _failure(status: Status | None, trace: Traceback | None) -> str:
    """Why it failed: in the run's own words if it has any, else the first traceback of its log."""
    if status is not None and status.state == "failed" and status.reason:
        return status.reason
    return str(trace) if trace is not None else ""


def _out_of_memory(exit_: Ended, failure: str) -> str:
    """In which way the memory ran out, or nothing."""
    if exit_.oom_kills:
        return f"the kernel killed {exit_.oom_kills} of its processes for memory"
    return failure if OUT_OF_MEMORY.search(failure) else ""


def _last_words(run: Run) -> str:
    return next((line.strip() for line in reversed(run.log.lines[-20:]) if line.strip()), "")
