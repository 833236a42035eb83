"""What `trajconsole race` tells without starting or stopping anything: --dry-run and --audit."""

import argparse
import time
from typing import TYPE_CHECKING, Any

from console.commands import common

if TYPE_CHECKING:
    from console.engine import Engine
    from console.fleet.cells import RaceView
    from console.frame import Paper


async def run(arguments: argparse.Namespace, out: "Paper") -> int:
    """The exit code: 0 when nothing would fail."""
    from console import frame
    from console.engine import open_engine
    from console.fleet.view import race_view

    arguments.readonly = True
    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, frame.stderr(arguments.ascii))
        common.require_known([arguments.race], sorted(engine.config.races), "race")
        workers, now = engine.config.races[arguments.race].workers, time.time()
        view = race_view(engine.pump.fleet, arguments.race, workers, now)
        told, code = _audit(engine, view, out) if arguments.audit else await _dry_run(arguments, engine, view, out)
        if arguments.json:
            from console.document import SCHEMA, race_object, utc

            common.print_json({"schema": SCHEMA, "time": utc(now), "race": race_object(view), **told})
        return code


def _audit(engine: "Engine", view: "RaceView", out: "Paper") -> tuple[dict[str, Any], int]:
    from console.races.showing import audit, audit_lines

    rows = audit(engine.pump.fleet, view)
    out.line(f"{view.name}  {view.id or 'never started'}")
    for text, tone in audit_lines(rows):
        out.line(text, tone)
    return {"audit": list(rows)}, 0


async def _dry_run(
    arguments: argparse.Namespace, engine: "Engine", view: "RaceView", out: "Paper"
) -> tuple[dict[str, Any], int]:
    from console.races.keeper import verdicts
    from console.races.showing import rule_lines, verdict_lines

    config = engine.config
    race = config.races[arguments.race]
    out.line(f"race {arguments.race} of {config.path}")
    for text, tone in rule_lines(race.rules):
        out.line(text, tone)
    live = [item.row for item in view.standings if item.row.state.live]
    if view.id and live:
        out.line(f"{view.id} is running; its rules say now:")
        found = verdicts(engine.pump.fleet, config, [view], time.time())
        for text, tone in verdict_lines(found) or [("· nothing", "quiet")]:
            out.line(text, tone)
        rows = [
            {"worker": one.worker, "run": one.key.run, "rule": one.rule, "stop": one.stop, "proof": one.proof}
            for one in found
        ]
        return {"running": True, "verdicts": rows}, 0
    for name in race.workers:
        out.line(f"  {name} on {config.workers[name].host}")
    for row in live:
        out.line(f"✗ {row.worker}: is already running on {row.host} — trajconsole stop {row.worker}", "bad")
    checks = [] if arguments.no_check else await _try_out(engine, race.workers, out)
    good = not live and all(item["ok"] for item in checks)
    out.line("all of them would be started" if good else "nothing would be started", "good" if good else "bad")
    told = {"running": False, "already": [row.worker for row in live], "checks": checks}
    return told, common.exit_code(engine, good)


async def _try_out(engine: "Engine", workers: tuple[str, ...], out: "Paper") -> list[dict[str, Any]]:
    """Every worker's own smoke test on its host, as before a start."""
    from console.frame import step_line
    from console.parallel import in_thread

    found: dict[str, dict[str, Any]] = {}
    async for step in in_thread(lambda: engine.actions.check(workers)):
        out.line(*step_line(step))
        if step.ok is not None:
            found[step.worker] = {"worker": step.worker, "ok": step.ok, "what": step.text, "mend": step.mend}
    return list(found.values())
