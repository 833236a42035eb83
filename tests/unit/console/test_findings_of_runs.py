"""What follows from evidence of a run, and where nothing must follow."""

import pytest
from fleet_evidence import NOW, RUN, Evidence, document, telemetry

from console.fleet.findings.code import code_findings
from console.fleet.findings.disks import next_checkpoint
from console.fleet.findings.money import cost, cost_findings
from console.fleet.fold import fold_host
from console.fleet.model import CodeHere, Host
from console.fleet.view import worker_rows
from remote.events import Chunk, Disk, Gpu, GpuProcess, Process
from trainer.record.toml import dumps

GIB = 2**30


def found(evidence, what):
    (row,) = worker_rows(evidence.fleet, evidence.now)
    return next((item for item in row.advice if item.what.startswith(what)), None)


def saved(evidence, *times, size=GIB, every=5):
    lines = [
        f'{{"t": {NOW + t}, "event": "checkpoint", "epoch": {every * (n + 1)}, "bytes": {size}}}\n'
        for n, t in enumerate(times)
    ]
    return evidence.tell(Chunk(f"runs/{RUN}", "events.jsonl", 9, 0, "".join(lines).encode()))


def disk(evidence, free, total=200 * GIB):
    return evidence.tell(telemetry(NOW, disks=(Disk("/", "a", "ext4", total, total - free, free),)))


def test_the_next_checkpoint_is_foreseen_from_those_before(evidence):
    evidence.launch().status("training")
    disk(saved(evidence, -1500, -780, -60), GIB // 2)
    item = found(evidence, "the next checkpoint")
    assert item.what == "the next checkpoint (1.0 GiB at epoch 20, in about 11 min) will not fit"
    assert item.level == "error" and "512.0 MiB free" in item.proof and "loses nothing" in item.mend
    disk(evidence, 3 * GIB)
    assert found(evidence, "the next checkpoint") is None


def test_before_the_second_checkpoint_the_configuration_says_the_epoch(evidence):
    evidence.tell(document("run.toml", dumps({"checkpoint": {"every": 2}}))).launch().status("training")
    disk(saved(evidence, -60), GIB // 2)
    assert found(evidence, "the next checkpoint").what == "the next checkpoint (1.0 GiB at epoch 7) will not fit"
    host = evidence.fleet.hosts["here"]
    assert next_checkpoint(Evidence().launch().run, host, NOW) is None


def test_a_run_that_has_ended_saves_no_more(evidence):
    evidence.launch().status("finished").exit(code=0)
    disk(saved(evidence, -120, -60), GIB // 2)
    assert found(evidence, "the next checkpoint") is None


@pytest.mark.parametrize(
    ("paces", "slower"),
    [
        ([120.0] * 60 + [40.0] * 25, True),
        ([120.0] * 60 + [70.0] * 25, False),  # not by half
        ([120.0] * 60 + [40.0] * 24 + [121.0], False),  # it is back
        ([120.0] * 60 + [40.0] * 20, False),  # one pause, in the mean of the steps after it
        ([120.0, 40.0] * 50, False),  # as uneven as ever
        ([120.0] * 40 + [40.0] * 25, False),  # too few to say
        ([40.0] * 25 + [120.0] * 60, False),  # a slow beginning
    ],
)
def test_throughput_that_was_lost(evidence, paces, slower):
    rows = [{"t": NOW, "step": n, "phase": "train", "samples_per_s": pace} for n, pace in enumerate(paces)]
    item = found(evidence.launch().status("training").rows(*rows), "it got slower")
    assert (item is not None) == slower
    if item is not None:
        assert item.what == "it got slower: 40 samples/s" and "120 in its last 85" in item.proof


def losses(evidence, *values):
    rows = [{"t": NOW, "step": n, "phase": "train", "loss": value} for n, value in enumerate(values)]
    return evidence.launch().status("training").rows(*rows)


def test_numbers_that_are_none_are_an_error_with_a_key(evidence):
    item = found(losses(evidence, 0.7, 0.5, "NaN"), "loss is not a number")
    assert (item.level, item.action) == ("error", "stop") and "0.5" in item.proof


@pytest.mark.parametrize(
    ("values", "diverges"),
    [
        ([1.0] * 10 + [1.3**n for n in range(20)], True),
        ([1.0 / (n + 1) for n in range(40)], False),
        ([0.1, 0.9, 0.2, 1.1] * 10, False),  # noise
        ([0.5] * 39 + [50.0], False),  # one outlier
        ([0.01] * 5 + [5.0] * 3, False),  # too few to say
    ],
)
def test_a_loss_that_grows_beyond_hope(evidence, values, diverges):
    assert (found(losses(evidence, *values), "loss diverges") is not None) == diverges


def buffered(evidence, command="python3 train.py", **more):
    values = {"memory": 1, "cpu_s": 41.0, "buffered": command, **more}
    return evidence.launch(time=NOW - 300).tell(Process(f"runs/{RUN}", "launch.json", 41, True, **values))


def test_a_log_that_python_keeps_back(evidence):
    item = found(buffered(evidence), "its log is silent: Python buffers it")
    assert "python3 train.py writes into a file" in item.proof and "python -u" in item.mend
    assert found(evidence.log("at last\n"), "its log") is None


def test_a_log_is_not_called_silent_without_proof(evidence):
    assert found(buffered(evidence, "", cpu_s=9.0), "its log") is None  # it has hardly worked
    assert found(buffered(Evidence(), "", cpu_s=200.0), "its log is silent") is None  # five minutes are not over
    late = buffered(Evidence(), "", cpu_s=200.0)
    late.now += 60
    late.tell(telemetry(late.now))
    assert found(late, "its log is silent").level == "note"
    young = Evidence().launch(time=NOW - 30)
    young.tell(Process(f"runs/{RUN}", "launch.json", 41, True, cpu_s=29.0, buffered="python3 x.py"))
    assert found(young, "its log") is None


def test_a_phase_that_reports_progress_is_no_stall(evidence):
    progress = {"what": "reading subjects", "done": 9, "total": 334}
    evidence.launch(time=NOW - 900).status("preparing", progress=progress, progress_at=NOW - 20)
    assert found(evidence, "no progress") is None
    evidence.status("preparing", progress=progress, progress_at=NOW - 400)
    item = found(evidence, "no progress for 7 min")
    assert "“reading subjects” waits" in item.mend and item.action == "stop"


def test_steps_are_measured_by_their_own_time(evidence):
    evidence.launch(time=NOW - 900).status("training", step=9, step_time_s=20.0, progress_at=NOW - 500)
    assert found(evidence, "no progress") is None  # 25 of its own steps
    evidence.status("training", step=9, step_time_s=0.2, progress_at=NOW - 100)
    assert "step 9, a step took 0.2 s" in found(evidence, "no progress for 100 s").proof


def test_room_on_a_gpu_that_it_has_for_itself(evidence):
    evidence.launch(time=NOW - 900).status("training").process(True)
    gpu = Gpu(0, "A10", memory_used=9 * GIB, memory_total=23 * GIB, processes=(GpuProcess(42),))
    evidence.tell(telemetry(NOW, gpus=(gpu,)))
    assert found(evidence, "memory to spare").proof == "GPU 0: 9.0 GiB of 23.0 GiB in use"
    shared = Gpu(0, "A10", memory_used=9 * GIB, memory_total=23 * GIB, processes=(GpuProcess(42), GpuProcess(7)))
    evidence.tell(telemetry(NOW, gpus=(shared,)))
    assert found(evidence, "memory to spare") is None


def test_torch_says_that_the_schedule_is_ahead(evidence):
    evidence.launch().status("training").process(True)
    assert found(evidence.log("epoch 1\n"), "the schedule") is None
    evidence.log("UserWarning: Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 …\n")
    assert found(evidence, "the schedule runs a step ahead").level == "note"


STARTED = {"worker": "attention", "from": "laptop", "tree": "aaaa"}


def test_code_that_was_changed_since_is_a_note(evidence):
    own = {"tree": "bbbb", "commit": "0123456789abcdef", "dirty": True}
    evidence.tell(document("run.toml", dumps({"origin": {**STARTED, "project": own}}))).launch()
    (item,) = code_findings(evidence.run, CodeHere("aaaa", "cccc", ""))
    assert item.level == "note" and "bbbb, commit 0123456789 with changes; here lies cccc" in item.proof
    assert list(code_findings(evidence.run, CodeHere("aaaa", "bbbb", ""))) == []
    assert list(code_findings(evidence.run, None)) == []
    (item,) = code_findings(evidence.run, CodeHere("dddd", "bbbb", ""))
    assert item.what == "its trainer is not the one that lies here now"


def test_a_trainer_that_was_not_sent_is_compared_by_what_it_says(evidence):
    origin = {key: value for key, value in STARTED.items() if key != "tree"}
    evidence.tell(document("run.toml", dumps({"origin": origin}))).launch()
    assert list(code_findings(evidence.run, CodeHere("aaaa", "", "1111"))) == []
    evidence.tell(Chunk(f"runs/{RUN}", "events.jsonl", 9, 0, b'{"event": "started", "code": "2222"}\n'))
    (item,) = code_findings(evidence.run, CodeHere("aaaa", "", "1111"))
    assert item.level == "warning" and "has 2222, here lies 1111" in item.proof


def priced(evidence, **figures):
    host = evidence.fleet.hosts["here"]
    host = fold_host(host, telemetry(NOW, **{"cpu": 0.02, **figures}), NOW)
    return Host(**{name: getattr(host, name) for name in host.__dataclass_fields__} | {"price": 1.9, "currency": "EUR"})


def test_a_box_that_is_paid_for_and_does_nothing(evidence):
    evidence.launch().status("finished").exit(code=0)
    price = cost(priced(evidence), [evidence.run], NOW + 7200)
    assert price.burnt == pytest.approx(3.8, rel=0.01) and price.spent == pytest.approx(1.9 * 57200 / 3600, rel=0.01)
    (item,) = cost_findings(price)
    assert item.what == "it is idle and has cost 3.80 EUR for nothing" and "for 2 h" in item.proof
    assert list(cost_findings(cost(priced(evidence), [evidence.run], NOW + 300))) == []


def test_a_box_that_works_is_not_idle(evidence):
    live = evidence.launch().run
    assert cost(priced(evidence), [live], NOW + 7200).idle_s is None
    stranger = Gpu(0, "A10", processes=(GpuProcess(7, user="ann"),))
    assert cost(priced(evidence, gpus=(stranger,)), [], NOW + 7200).idle_s is None
    assert cost(priced(evidence, cpu=0.9), [], NOW + 7200).idle_s is None
    assert cost(evidence.fleet.hosts["here"], [], NOW + 7200) is None  # it has no price


def test_a_trainer_that_does_not_know_why_it_failed_is_explained(evidence):
    vague = {
        "what": "the trainer raised an error",
        "proof": "RuntimeError",
        "mend": "the whole traceback is in train.log",
    }
    evidence.launch().log(
        'Traceback (most recent call last):\n  File "t.py", line 3\nValueError: Expected input batch_size (4) to match '
        "target batch_size (5).\n"
    )
    evidence.status("failed", findings=[vague]).exit(code=1)
    assert found(evidence, "shapes that do not fit").action == "full_log"
    known = {"what": "out of memory", "proof": "x", "mend": "lower run.batch"}
    evidence.status("failed", findings=[known])
    assert found(evidence, "shapes that do not fit") is None


@pytest.mark.parametrize(("text", "what"), [("CUDA out of memory. Tried", "GPU memory"), ("MemoryError", "memory")])
def test_whose_memory_it_was(evidence, text, what):
    evidence.launch().log(
        f'Traceback (most recent call last):\n  File "t.py", line 3\ntorch.OutOfMemoryError: {text}\n'
    )
    evidence.exit(code=1)
    assert found(evidence, f"it ran out of {what}").level == "error"
