"""The fleet as one JSON document. Its schema is console/schema/status.schema.json; a key that is there once stays."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from console.fleet.beats import watching
from console.fleet.cells import Advice, Cost, HostRow, RaceView, Ruling, Standing, WorkerRow
from console.fleet.lineage import Lineage
from console.fleet.model import Fleet
from console.fleet.view import host_rows, race_views, worker_rows
from trainer.record.jsonl import jsonable
from trainer.record.status import Checkpoint, Criterion, Progress

SCHEMA = 1

Object = dict[str, Any]


def status_document(
    fleet: Fleet, races: Mapping[str, Sequence[str]], now: float, *, config: str, problems: Sequence[str] = ()
) -> Object:
    """`trajconsole status --json`. Numbers that are none ("NaN", "Infinity") are text, as in the run directory."""
    document = {
        "schema": SCHEMA,
        "time": utc(now),
        "config": config,
        "problems": list(problems),
        "hosts": [host_object(row) for row in host_rows(fleet, now)],
        "workers": [worker_object(row) for row in worker_rows(fleet, now)],
        "races": [race_object(view) for view in race_views(fleet, races, now)],
        "watches": [{"host": name, "since": utc(beat.since)} for name, beat in watching(fleet, now)],
    }
    found = jsonable(document)
    assert isinstance(found, dict)
    return found


def utc(moment: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def host_object(row: HostRow) -> Object:
    return {
        "name": row.name,
        "link": row.phase,
        "detail": row.detail,
        "unheard_for_s": row.unheard_for,
        "cpu": row.cpu,
        "load": row.load,
        "cores": row.cores,
        "memory_used": row.memory_used,
        "memory_total": row.memory_total,
        "disk": {"mount": row.disk_mount, "used": row.disk_used, "total": row.disk_total} if row.disk_mount else None,
        "disks": [asdict(disk) for disk in row.disks],
        "boot_time": utc(row.boot_time) if row.boot_time else None,
        "clock_skew_s": row.clock_skew_s,
        "caches": [asdict(cache) for cache in row.caches],
        "unexpanded": [asdict(item) for item in row.unexpanded],
        "gpus": [asdict(gpu) for gpu in row.gpus],
        "gpu_error": row.gpu_error,
        "cost": _cost(row.cost),
        "advice": [_advice(item) for item in row.advice],
    }


def worker_object(row: WorkerRow) -> Object:
    state = row.state
    return {
        "worker": row.worker,
        "host": row.host,
        "run": row.key.run if row.key else None,
        "race": row.race or None,
        "lineage": _lineage(row.lineage),
        "state": state.name,
        "live": state.live,
        "evidence": state.evidence,
        "detail": state.detail,
        "age_s": state.age,
        "unreachable_for_s": state.unreachable_for,
        "stalled_for_s": state.stalled_for,
        "pulled": row.pulled or None,
        "epoch": row.epoch,
        "epochs": row.epochs,
        "step": row.step,
        "steps": row.steps,
        "progress": _progress(row.progress),
        "metrics": {
            name: {
                "value": trend.value,
                "best": trend.best,
                "best_epoch": trend.best_epoch,
                "direction": trend.direction,
            }
            for name, trend in row.metrics
        },
        "criteria": [criterion_object(item) for item in row.criteria],
        "next_check_epoch": row.next_check_epoch,
        "samples_per_s": row.samples_per_s,
        "data_wait": row.data_wait,
        "eta_s": row.eta_s,
        "heartbeat_age_s": row.heartbeat_age,
        "elapsed_s": row.elapsed_s,
        "checkpoint": _checkpoint(row.checkpoint),
        "notes": list(row.notes),
        "figures": list(row.figures),
        "advice": [_advice(item) for item in row.advice],
    }


def race_object(view: RaceView) -> Object:
    return {
        "name": view.name,
        "id": view.id or None,
        "over": view.over,
        "winner": view.winner or None,
        "picture": view.picture or None,
        "standings": [_standing(item) for item in view.standings],
        "rulings": [_ruling(item) for item in view.rulings],
    }


def criterion_object(item: Criterion) -> Object:
    return {
        "metric": item.metric,
        "op": item.op,
        "threshold": item.threshold,
        "value": item.value,
        "passed": item.passed,
    }


def _standing(item: Standing) -> Object:
    return {
        "worker": item.row.worker,
        "host": item.row.host,
        "run": item.row.key.run if item.row.key else None,
        "state": item.row.state.name,
        "detail": item.row.state.detail,
        "epoch": item.row.epoch,
        "passed": item.passed,
        "total": item.total,
        "won": item.won,
        "criteria": [criterion_object(found) for found in item.row.criteria],
    }


def _ruling(item: Ruling) -> Object:
    return {
        "worker": item.worker,
        "host": item.key.host,
        "run": item.key.run,
        "attempt": item.attempt,
        "rule": item.rule,
        "proof": item.proof,
        "by": item.by,
        "time": utc(item.time) if item.time else None,
        "gone": item.gone,
    }


def _lineage(made: Lineage | None) -> Object | None:
    if made is None:
        return None
    return {"kind": made.kind, "of": made.of, "number": made.number, "values": dict(made.values)}


def _advice(item: Advice) -> Object:
    found = {"level": item.level, "what": item.what, "proof": item.proof, "mend": item.mend}
    return found | {"action": item.action or None}


def _cost(cost: Cost | None) -> Object | None:
    if cost is None:
        return None
    return {
        "price": cost.price,
        "currency": cost.currency,
        "since": utc(cost.since) if cost.since is not None else None,
        "spent": cost.spent,
        "idle_s": cost.idle_s,
        "burnt": cost.burnt,
    }


def _progress(progress: Progress | None) -> Object | None:
    if progress is None:
        return None
    return {"what": progress.what, "done": progress.done, "total": progress.total, "eta_s": progress.eta_s}


def _checkpoint(checkpoint: Checkpoint | None) -> Object | None:
    if checkpoint is None:
        return None
    return {"file": checkpoint.file, "epoch": checkpoint.epoch, "step": checkpoint.step, "time": checkpoint.time}
