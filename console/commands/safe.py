"""`trajconsole safe HOST`: may this machine be destroyed, or is there something on it that is nowhere else?"""

import argparse
import asyncio
import sys
import time

from console.commands import common


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", metavar="HOST", help="a host of the configuration")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout and nothing else")


def run(arguments: argparse.Namespace) -> int:
    return asyncio.run(_safe(arguments))


async def _safe(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from console import frame, safety
    from console.engine import open_engine
    from console.format import plural, size

    out = frame.stdout(arguments.ascii)
    async with open_engine(common.engine(arguments)) as engine:
        common.tell_problems(engine, frame.stderr(arguments.ascii))
        common.require_known([arguments.host], sorted(engine.config.hosts), "host")
        fleet = engine.pump.fleet
        host = fleet.hosts[arguments.host]
        if not (host.reachable and host.synced):
            print(f"{arguments.host} is not reached: nobody can say what is on it", file=sys.stderr)
            return 3
        found = await asyncio.to_thread(lambda: list(safety.verdicts(fleet, arguments.host, time.time())))
    against = [item for item in found if item.problem]
    if arguments.json:
        rows = [asdict(item) for item in found]
        common.print_json({"schema": 1, "host": arguments.host, "safe": not against, "runs": rows})
        return 1 if against else 0
    for item in found:
        if item.problem:
            out.line(f"✗ {item.run}: {item.problem} — {item.mend}", "bad")
        else:
            out.line(
                f"✓ {item.run}: {plural(item.files, 'file')}, {size(item.bytes)}, each hash as on the host", "good"
            )
    if against:
        out.line(f"no: {plural(len(against), 'run')} of {arguments.host} would be lost", "bad")
        return 1
    told = "everything that its runs came to is here, verified" if found else "no run is on it"
    out.line(
        f"yes: {told}. Data that was pushed or made there, and work that did not run through here, are not looked at",
        "good",
    )
    return 0
