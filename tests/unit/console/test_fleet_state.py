"""Every state from the evidence that makes it, and properties that hold for any evidence."""

import string

import pytest
from fleet_evidence import hello, telemetry
from hypothesis import given
from hypothesis import strategies as st

from console.fleet.cells import LIVE, STATES
from console.fleet.model import Host, Log, Planned, Run, RunKey
from console.fleet.records import ended, reported
from console.fleet.series import Shared
from console.fleet.state import state_of, state_of_plan
from remote.events import Chunk, LinkState, Process
from trainer.record.status import from_json

TRACE = """Traceback (most recent call last):
  File "/x/train.py", line 12, in <module>
    import unified_model
ModuleNotFoundError: No module named 'unified_model'
"""


def test_a_plan_is_planned_with_its_age():
    state = state_of_plan(Planned("a", "here", 100.0), 160.0)
    assert (state.name, state.age) == ("planned", 60.0)


def test_alive_and_training(evidence):
    state = evidence.launch().status("training").process(True).state()
    assert state.name == "training" and state.stalled_for is None and state.unreachable_for is None
    assert "processes 41 and 42 are alive" in state.evidence and state.age == 1.0


def test_launched_and_silent_is_starting(evidence):
    assert evidence.launch(time=evidence.now - 2).state().name == "starting"


def test_a_foreign_command_without_status_counts_as_training_after_a_while(evidence):
    state = evidence.launch(time=evidence.now - 90).state()
    assert state.name == "training" and "no status.json" in state.evidence


@pytest.mark.parametrize("word", ["finished", "criteria met", "lost the race", "stopped"])
def test_an_end_in_order_is_told_by_the_run_itself(evidence, word):
    state = evidence.launch().status(word, reason="so it was").exit(code=0).state()
    assert (state.name, state.detail) == (word, "so it was")


def test_a_command_that_ended_well_is_finished(evidence):
    assert evidence.launch().exit(code=0).state().name == "finished"


def test_finished_with_a_bad_exit_code_is_failed(evidence):
    state = evidence.launch().status("finished").exit(code=1).state()
    assert state.name == "failed" and "said finished" in state.evidence


def test_failed_names_the_first_traceback(evidence):
    state = evidence.launch().log(TRACE + "some echo\n").exit(code=1).state()
    assert state.name == "failed"
    assert state.detail == "ModuleNotFoundError: No module named 'unified_model' · train.py:12"


def test_failed_without_traceback_shows_the_last_line(evidence):
    assert evidence.launch().log("sh: 1: nope: not found\n\n").exit(code=127).state().detail == "sh: 1: nope: not found"


def test_killed_by_a_signal(evidence):
    state = evidence.launch().status("training").exit(signal=9).state()
    assert (state.name, state.detail) == ("killed", "SIGKILL")


def test_a_shells_code_for_a_signal_counts_as_the_signal(evidence):
    assert evidence.launch().exit(code=137).state().detail == "SIGKILL"


def test_a_foreign_command_ended_by_the_ladder_is_stopped(evidence):
    event = b'{"t": 999990, "event": "stop asked"}\n'
    evidence.launch().tell(Chunk(f"runs/{evidence.key.run}", "events.jsonl", 1, 0, event))
    assert evidence.state().name == "stopping"
    assert evidence.exit(signal=2).state().name == "stopped"


def test_out_of_memory_by_the_kernels_count(evidence):
    assert evidence.launch().status("training").exit(signal=9, oom_kills=1).state().name == "out of memory"


@pytest.mark.parametrize("error", ["MemoryError", "torch.OutOfMemoryError: CUDA out of memory."])
def test_out_of_memory_by_its_traceback(evidence, error):
    trace = f'Traceback (most recent call last):\n  File "/x/train.py", line 3, in f\n    x\n{error}\n'
    state = evidence.launch().log(trace).exit(code=1).state()
    assert state.name == "out of memory" and error in state.detail and "train.py:3" in state.detail


def test_no_process_and_no_exit_record_is_vanished(evidence):
    state = evidence.launch().status("training").process(False).state()
    assert state.name == "vanished" and "no exit record" in state.evidence


def test_while_the_launcher_lives_nothing_has_vanished(evidence):
    assert evidence.launch().status("training").process(False, launch=True).state().name == "training"


def test_a_reboot_is_named(evidence):
    state = evidence.launch().status("training").tell(hello(boot_time=evidence.now - 10, boot_id="other")).state()
    assert (state.name, state.detail) == ("vanished", "the host rebooted")


def test_the_exit_record_of_an_earlier_attempt_is_an_old_story(evidence):
    evidence.launch(attempt=1, time=evidence.now - 500).status("failed", heartbeat=evidence.now - 400, progress_at=0)
    evidence.exit(attempt=1, code=1).launch(attempt=2, time=evidence.now - 3)
    assert evidence.state().name == "starting"
    assert evidence.status("training").state().name == "training"


def test_unreachable_keeps_the_last_known_state(evidence):
    evidence.launch().status("training").process(True)
    evidence.now += 41
    state = evidence.tell(LinkState("unreachable", "no answer")).state()
    assert state.name == "training" and state.unreachable_for == pytest.approx(41)
    assert state.stalled_for is None


def test_an_ended_run_is_not_called_unreachable(evidence):
    evidence.launch().exit(code=0).tell(LinkState("unreachable"))
    assert evidence.state().unreachable_for is None


def test_stalled_follows_the_runs_own_step_time(evidence):
    evidence.launch().process(True)
    slow = evidence.status("training", step_time_s=20.0, progress_at=evidence.now - 300).state()
    assert slow.stalled_for is None
    quick = evidence.status("training", step_time_s=0.1, progress_at=evidence.now - 300).state()
    assert quick.stalled_for == pytest.approx(300)


def test_stalled_when_the_heartbeat_thread_is_silent(evidence):
    state = evidence.launch().process(True).status("preparing", heartbeat=evidence.now - 50).state()
    assert state.stalled_for == pytest.approx(50)


def test_a_hosts_wrong_clock_does_not_matter(evidence):
    evidence.tell(telemetry(evidence.now - 3600))
    evidence.launch(time=evidence.now - 3700)
    state = evidence.status("training", heartbeat=evidence.now - 3601, progress_at=evidence.now - 3601).state()
    assert state.stalled_for is None and state.age == pytest.approx(1.0)


numbers = st.one_of(st.none(), st.booleans(), st.integers(-10, 2_000_000), st.floats(), st.text(max_size=3))
words = st.one_of(st.sampled_from([*STATES, "running", ""]), st.text(string.ascii_letters, max_size=5), st.integers())
documents = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("attempt", "time", "pid", "code", "signal", "oom_kills", "boot_id"), numbers),
    ),
)
statuses = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {"state": words},
        optional=dict.fromkeys(("heartbeat", "progress_at", "started", "step_time_s", "reason", "message"), numbers),
    ).map(from_json),
)
processes = st.dictionaries(
    st.sampled_from(["status.json", "launch.json"]), st.booleans().map(lambda alive: Process("f", "d", 1, alive))
)
links = st.sampled_from(["connecting", "connected", "stale", "unreachable", "auth failed", "closed"])


@given(documents, documents, statuses, processes, links, st.lists(st.text(max_size=30), max_size=4), st.booleans())
def test_any_evidence_has_a_state(launch, exit_, status, alive, phase, log, gone):
    run = Run(
        RunKey("h", "r"),
        0.0,
        5.0,
        status=status,
        launch=launch,
        exit=exit_,
        processes=alive,
        log=Log(Shared(log)),
        gone=gone,
    )
    state = state_of(run, Host("h", LinkState(phase)), 1000.0)
    assert state.name in STATES and state.evidence
    assert state.age is None or state.age >= 0
    if ended(run) is not None:
        assert state.name not in LIVE
    if state.name in LIVE:
        assert exit_ is None or ended(run) is None
        assert alive == {} or any(process.alive for process in alive.values())
    else:
        assert state.stalled_for is None and state.unreachable_for is None
    if state.unreachable_for is not None:
        assert state.stalled_for is None
    assert reported(run) is None or reported(run) is status
