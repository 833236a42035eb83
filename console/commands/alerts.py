"""`trajconsole alerts`: the ways that are configured; `alerts test` sends one through each."""

import argparse
import sys

from console.commands import common


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("do", nargs="?", choices=("list", "test"), default="list", help="list (as always), or test")
    parser.add_argument("names", metavar="NAME", nargs="*", help="these ways only")


def run(arguments: argparse.Namespace) -> int:
    from console.alerts.trying import tried
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
            problem = tried(name, found)
            said, tone = (f"✗ {name}: {problem}", "bad") if problem else (f"✓ {name}: delivered", "good")
            good = good and not problem
        out.line(said, tone)
    return 0 if good else 1
