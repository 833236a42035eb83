"""Rules and what they did, in lines of text. Pure."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from console.fleet.cells import RaceView, Ruling, WorkerRow
from console.fleet.model import Fleet, Run
from console.fleet.records import ended
from console.fleet.rulings import GONE, RULED
from console.fleet.words import duration, sentence
from console.races.rules import Verdict
from console.races.settings import Rules

Line = tuple[str, str]  # text and tone
_ASKED = {"stop asked": "asked to stop", "kill asked": "asked to kill it"}


def rule_lines(rules: Rules) -> list[Line]:
    """The rules of a race, each in a sentence."""
    lines = []
    if rules.wall_s is not None:
        lines.append(f"wall time: everybody is stopped {duration(rules.wall_s)} after the start")
    if rules.patience is not None:
        rule = rules.patience
        lines.append(f"patience: who has no better {rule.metric} ({rule.mode}) for {rule.epochs} epochs is stopped")
    if rules.behind is not None:
        behind, epochs = rules.behind, ", ".join(map(str, rules.behind.after))
        how = (
            f"who is more than {behind.margin:g} behind the best is stopped"
            if behind.margin is not None
            else f"{behind.keep:.0%} of the rivals go on each time, the best ones"
        )
        lines.append(f"behind: {behind.metric} ({behind.mode}) is compared after epoch {epochs}: {how}")
    return [(f"  {line}", "text") for line in lines or ["no budget rules: the race ends with a winner or by itself"]]


def verdict_lines(verdicts: Iterable[Verdict]) -> list[Line]:
    """What each rule says now, and what would be done."""
    return [
        (f"✗ {one.worker}: {one.rule}: {one.proof}: would be stopped", "warn")
        if one.stop
        else (f"· {one.worker}: {one.rule}: {one.proof}", "quiet")
        for one in verdicts
    ]


def ruling_words(ruling: Ruling) -> str:
    """What a rule has done, in a sentence."""
    came = {True: "gone, verified", False: "was still there", None: ""}[ruling.gone]
    by = f"by {ruling.by}" if ruling.by else ""
    return sentence(f"stopped by the rule {ruling.rule}: {ruling.proof}", by, came)


def audit(fleet: Fleet, race: RaceView) -> tuple[Mapping[str, Any], ...]:
    """Everything that was decided and done to the rivals of a race, oldest first, as their runs' own events have it:
    time (by the host's clock), worker, what, proof, who."""
    found: list[dict[str, Any]] = []
    for item in race.standings:
        run = fleet.runs.get(item.row.key) if item.row.key is not None else None
        if run is not None:
            found += [
                {"worker": run.worker, "host": run.key.host, "run": run.key.run, **row} for row in _of(run, item.row)
            ]
    winner = fleet.winners.get(race.id)
    if winner is not None:
        found.append({"worker": winner.worker, "run": winner.run, "time": winner.time, "what": "won", "proof": ""})
    return tuple(sorted(found, key=lambda row: row["time"] or 0.0))


def audit_lines(rows: Iterable[Mapping[str, Any]]) -> list[Line]:
    """The same for people."""
    lines = []
    for row in rows:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row["time"])) if row["time"] else "–"
        by = f"  by {row['by']}" if row.get("by") else ""
        proof = f": {row['proof']}" if row["proof"] else ""
        lines.append((f"{when}  {row['worker']}: {row['what']}{proof}{by}", "text"))
    return lines


def _of(run: Run, row: WorkerRow) -> Iterable[dict[str, Any]]:
    for event in run.events:
        name, when, rule = event.get("event"), event.get("t"), event.get("rule")
        moment = float(when) if isinstance(when, int | float) else None
        about = {"time": moment, "by": str(event.get("by") or ""), "attempt": event.get("attempt")}
        if name == RULED and isinstance(rule, str):
            yield {**about, "what": f"the rule {rule} decided to stop it", "proof": str(event.get("proof") or "")}
        elif name == GONE and isinstance(rule, str):
            came = "gone, verified" if event.get("gone") is True else "still there"
            yield {**about, "what": f"after the rule {rule}", "proof": came}
        elif isinstance(name, str) and name in _ASKED:
            yield {**about, "what": _ASKED[name], "proof": ""}
    end = ended(run)
    if end is not None:
        yield {"time": end.time, "what": row.state.name, "proof": row.state.detail or row.state.evidence}
