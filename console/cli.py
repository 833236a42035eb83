"""The command `trajconsole`. Exit codes: 0 done, 1 the work failed, 2 usage or configuration, 3 host unreachable."""

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence

from console import spans
from console.examples import examples_of
from remote.errors import AuthFailed, HostKeyProblem, RemoteError, Unreachable
from trainer.schema import ConfigError

COMMANDS = {
    "status": "hosts and workers as they are now",
    "check": "find out now what would fail later, on hosts and in workers",
    "hosts": "hosts of your ssh configuration, and which of them are in config.toml",
    "config": "look at config.toml and change it; comments and order stay",
    "trust": "look at the key of a new ssh host, and trust it",
    "deploy": "bring code to the hosts now, and say what is where",
    "clone": "a new worker, made from another one or from an earlier run",
    "sweep": "one worker with many values: make them, start them, see which is best",
    "tune": "which settings are best: a study whose trials are runs of the fleet",
    "start": "start workers; each is tried out first",
    "stop": "stop workers: a checkpoint first, then verified gone",
    "kill": "kill workers at once",
    "resume": "go on from the last checkpoint",
    "promote": "the best of several finished workers go on to more epochs",
    "attach": "show a worker's session",
    "logs": "a worker's log",
    "adopt": "look at work that was started without trajconsole, or list it",
    "pull": "what runs came to, onto this laptop: results, logs, checkpoints, verified",
    "safe": "may a host be destroyed, or is something on it that is nowhere else",
    "push": "data of this laptop onto a host, verified there",
    "compare": "newest runs beside each other, and which differences are larger than noise",
    "watch": "no screen: sync results, write the report, send alerts, act on rules of races; here or on a host",
    "alerts": "the ways of the configuration to tell a person, and a test of them",
    "history": "every run that this laptop has ever seen: searched, tagged, exported, pruned",
    "report": "the state of everything as a Markdown file, and as one page with the curves",
    "serve": "the same screen in a browser, on this machine only unless told otherwise",
    "replay": "a recorded session on the screen again",
    "completion": "what a shell needs to complete commands, options and names",
    "race": "start all workers of a race and follow it to its end",
}

VALUED = {
    "--config",
    "--state",
    "--theme",
    "--record",
    "--refresh",
    "--add",
    "--remove",
    "--note",
    "--csv",
}  # a value follows
HISTORY = {"search", "export", "prune"}

EXAMPLES = """examples:
  trajconsole                          the screen
  trajconsole race persistence         the example race on this machine, without the screen
  trajconsole status --json            for programs; the schema is console/schema/status.schema.json
  trajconsole logs attention -f        follow a log
  trajconsole pull attention           its results and checkpoints into ./runs
exit codes: 0 done, 1 the work failed, 2 wrong usage or configuration, 3 host unreachable"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    words = _spelt_out(list(sys.argv[1:] if argv is None else argv))
    arguments = _of_the_screen(words) or _parser(words[0] if words else "").parse_args(words)
    try:
        command = importlib.import_module(f"console.commands.{arguments.command or 'screen'}")
        code: int = command.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        return _complain(arguments, error)
    return code


def _spelt_out(words: list[str]) -> list[str]:
    """`history TERM…` is short for `history search TERM…`."""
    valued = {at + 1 for at, word in enumerate(words) if word in VALUED}
    bare = [at for at, word in enumerate(words) if not word.startswith("-") and at not in valued]
    if not bare or words[bare[0]] != "history" or (len(bare) > 1 and words[bare[1]] in HISTORY):
        return words
    after = bare[0] + 1
    return words if words[after : after + 1] in (["-h"], ["--help"]) else [*words[:after], "search", *words[after:]]


def _of_the_screen(words: Sequence[str]) -> argparse.Namespace | None:
    """The screen without any command, seen at once: the parser of all commands costs the first frame a third."""
    if any(word in COMMANDS or word in ("-h", "--help") for word in words):
        return None
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, parents=[_shared(None)])
    try:
        arguments, others = parser.parse_known_args(words)
    except (argparse.ArgumentError, SystemExit):
        return None
    arguments.command = arguments.record = arguments.refresh = None
    return None if others else arguments


def _parser(first: str) -> argparse.ArgumentParser:
    """When the first word names a command, the options of the others are not even loaded."""
    shared = _shared(argparse.SUPPRESS)
    parser = argparse.ArgumentParser(
        prog="trajconsole",
        description="Train on machines that are not in front of you. Without a command: the screen.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[_shared(None)],
    )
    parser.add_argument(
        "--record", metavar="FILE", help="keep what is on the screen; trajconsole replay shows it again"
    )
    parser.add_argument(
        "--refresh",
        type=spans.argument,
        metavar="TIME",
        help="between two repaints of the screen at least, as 2s, for slow lines",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=text,
            description=text.capitalize() + ".",
            epilog=examples_of(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[shared],
        )
        if first not in COMMANDS or first == name:
            importlib.import_module(f"console.commands.{name}").add(command)
            for inner in _inner(command):
                _share(inner, argparse.SUPPRESS)
    return parser


def _inner(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parsers of a command that does several things."""
    choices = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    return [inner for found in choices for inner in found.values()]


def _shared(default: str | None) -> argparse.ArgumentParser:
    """Options that may stand before or after the command."""
    parser = argparse.ArgumentParser(add_help=False)
    _share(parser, default)
    return parser


def _share(parser: argparse.ArgumentParser, default: str | None) -> None:
    off = default if default is not None else False
    parser.add_argument("--config", metavar="FILE", default=default, help="else ./config.toml, the user's, the shipped")
    parser.add_argument("--state", metavar="DIR", default=default, help="where mirror and history are kept")
    parser.add_argument("--readonly", action="store_true", default=off, help="only look: no action is possible")
    parser.add_argument("--ascii", action="store_true", default=off, help="plain characters only")
    themes = ("dark", "light", "contrast", "colour-blind", "ansi")  # as in console.themes
    parser.add_argument(
        "--theme", choices=themes, metavar="NAME", default=default, help=f"colours: {', '.join(themes)}"
    )
    parser.add_argument("--debug", action="store_true", default=off, help="show tracebacks")


def _complain(arguments: argparse.Namespace, error: Exception) -> int:
    if arguments.debug:
        traceback.print_exc()
    if isinstance(error, ConfigError):
        print(error, file=sys.stderr)
        return 2
    if isinstance(error, RemoteError):
        print(f"trajconsole: {error}", file=sys.stderr)
        return 3 if isinstance(error, Unreachable | AuthFailed | HostKeyProblem) else 1
    hint = "" if arguments.debug else " (--debug shows where)"
    print(f"trajconsole: {type(error).__name__}: {error}{hint}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
