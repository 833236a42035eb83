"""How tests/data/run_v1 was written: by the writer itself, with a clock that stands still. Run by hand, once."""

import json
import math
import shutil
import sys
from pathlib import Path

from trainer.record import RunReader, RunWriter, Status, files, toml
from trainer.record.status import Best, Checkpoint, Criterion, Device, Finding, Progress, Stopping

NOW = 1_760_000_000.25

STATUS = Status(
    state="validating",
    run="run_v1",
    worker="attention",
    phase="validate",
    message="épuré ✓",
    epoch=2,
    epochs=30,
    step=1000,
    steps=15000,
    samples_per_s=812.5,
    step_time_s=0.0197,
    data_wait=0.125,
    eta_s=275.5,
    started=NOW - 60,
    heartbeat=NOW,
    progress_at=NOW - 0.5,
    pid=4242,
    pid_start=987654,
    host="gpu-1",
    device=Device("cuda", "GPU, a large one", 0, 13_000_000_000, 24_000_000_000),
    progress=Progress("validating 1,000 clips", 250, 1000, 1.5),
    metrics={"loss": 0.5, "val_accuracy": 0.875, "attention_ratio": math.inf, "consistency": math.nan},
    best={"val_accuracy": Best(0.875, 2, 1000, "max")},
    stopping=Stopping(
        (Criterion("val_accuracy", ">=", 0.75, 0.875, True), Criterion("attention_ratio", ">=", 1.5)),
        every=5,
        checked_epoch=None,
        next_epoch=5,
        patience_metric="val_loss",
        patience=15,
        patience_left=14,
    ),
    checkpoint=Checkpoint("checkpoints/epoch-0002-step-00001000.pt", 2, 1000, NOW - 1),
    notes=("1,200 clips (field: 10,000)",),
    findings=(Finding("slow data", "data_wait 0.6", "stage the data to a local disk"),),
    figures=("figures/persistence.png",),
    extra={"from_the_future": {"kept": True}},
)


def main(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with RunWriter(folder, clock=lambda: NOW) as writer:
        writer.event("started", pid=4242)
        writer.metric({"step": 0, "epoch": 0, "phase": "val", "val_accuracy": 0.5})
        writer.metric({"step": 500, "epoch": 1, "phase": "train", "loss": math.nan, "largest": -math.inf})
        writer.metric({"step": 750, "epoch": 2, "phase": "train", "loss": 0.9})
    with (folder / files.METRICS).open("ab") as torn:
        torn.write(b'{"t":1760000000.25,"step":751,"ep')  # killed here
    with RunWriter(folder, clock=lambda: NOW) as writer:
        writer.metric({"step": 500, "epoch": 1, "phase": "resume"})
        writer.metric({"step": 750, "epoch": 2, "phase": "train", "loss": 0.625})
        writer.metric({"step": 1000, "epoch": 2, "phase": "val", "val_accuracy": 0.875, "name of my own": 1})
        writer.event("resumed", step=500)
        writer.event("warning", text="épuré ✓")
        writer.status(STATUS)
        writer.document(files.RESULTS, {"schema": 1, "state": "finished", "metrics": {"loss": math.nan}})
        writer.document(files.LAUNCH, {"pid": 4240, "pid_start": 987650, "time": NOW - 61, "attempt": 2})
        writer.document(files.EXIT, {"code": None, "signal": 9, "time": NOW + 1})
    with (folder / files.METRICS).open("ab") as torn:
        torn.write(b'{"t":1760000000.25,"step":1001,"epoch":3,"pha')  # being written
    run = {
        "task": "persistence",
        "run": {"name": "attention", "epochs": 30},
        "origin": {"worker": "attention", "race": "r1"},
    }
    (folder / files.RUN).write_text(toml.dumps(run))
    (folder / files.LOG).write_bytes(
        "preparing\nepoch 1/30  loss 0.9\n\x1b[31mred\x1b[0m épuré ✓\n".encode() + b"\xff\n"
    )
    (folder / files.LOCK).unlink()
    reader = RunReader(folder)
    status = reader.status()
    assert status is not None
    expected = {
        "status": status.to_json(),
        "metrics": reader.metrics(),
        "events": reader.events(),
        "config": reader.config(),
        "launch": reader.document(files.LAUNCH),
        "exit": reader.document(files.EXIT),
        "results": reader.document(files.RESULTS),
        "damaged_lines": reader.damaged_lines(),
        "log_bytes": len(reader.log()),
    }
    text = json.dumps(expected, indent=1, ensure_ascii=False)  # NaN and Infinity as Python's json writes them
    (folder / "expected.json").write_text(text + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
