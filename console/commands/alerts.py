"""`trajconsole alerts`: the ways that are configured; `alerts test` sends one through each."""

import argparse
import sys
import time
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.config import AlertConfig


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("do", nargs="?", choices=("list", "test"), default="list", help="list (as always), or test")
    parser.add_argument("names", metavar="NAME", nargs="*", help="these ways only")


def run(arguments: argparse.Namespace) -> int:
    from console.frame import stdout

    config = common.load_config(arguments)
    common.require_known(arguments.names, sorted(config.alerts), "way")
    ways = {name: config.alerts[name] for name in arguments.names or config.alerts}
    out = stdout(arguments.ascii)
    if not ways:
        print("no way to tell anybody is configured: add [alerts.NAME] to config.toml", file=sys.stderr)
        return 1 if arguments.do == "test" else 0
    good = True
    for name, found in ways.items():
        kind = next(word for word in ("command", "webhook", "webhook_env", "terminal") if getattr(found, word))
        quiet = f", quiet {found.quiet}" if found.quiet else ""
        said, tone = f"{name}  {kind}, from {found.level} up{quiet}", "text"
        if arguments.do == "test":
            problem = _test(name, found)
            said, tone = (f"✗ {name}: {problem}", "bad") if problem else (f"✓ {name}: delivered", "good")
            good = good and not problem
        out.line(said, tone)
    return 0 if good else 1


def _test(name: str, found: "AlertConfig") -> str:
    """What went wrong, or nothing."""
    from console.alerts.book import Alert
    from console.alerts.notices import Notice
    from console.alerts.ways import Undelivered, way_of

    now = time.time()
    notice = Notice("test", "trajconsole", f"a test of alerts.{name}", "nothing is wrong", level="note")
    try:
        way_of(found)(Alert(notice, now, now))
    except Undelivered as problem:
        return str(problem)
    return ""
