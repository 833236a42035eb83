"""`trajconsole completion`: what a shell needs to complete our commands, options and names.

The shell asks `trajconsole completion --words …` for the words that may stand next: one answer for every shell, always
that of the installed console, with the names that are in the configuration and in the history now.
"""

import argparse
from collections.abc import Iterator, Sequence

SHELLS = {
    "bash": """_trajconsole() {
  local IFS=$'\\n'
  COMPREPLY=($(trajconsole completion --words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [ ${#COMPREPLY[@]} -eq 0 ] && compopt -o default
}
complete -F _trajconsole trajconsole
""",
    "zsh": """#compdef trajconsole
_trajconsole() {
  local -a found
  found=("${(@f)$(trajconsole completion --words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(${found:#})
  if (( ${#found} )); then compadd -- $found; else _files; fi
}
if [[ $funcstack[1] = _trajconsole ]]; then _trajconsole; else compdef _trajconsole trajconsole; fi
""",
    "fish": """function __trajconsole_words
  set -l before (commandline -opc) (commandline -ct)
  trajconsole completion --words $before[2..-1] 2>/dev/null
end
complete -c trajconsole -a '(__trajconsole_words)'
""",
}

# Places of commands whose words are names of this kind; every other place is the shell's own business (files).
NAMES = {
    "worker": "workers", "workers": "workers", "WORKER": "workers", "host": "hosts", "hosts": "hosts", "race": "races",
    "names": "workers", "runs": "runs", "of": "runs",
}  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", nargs="?", choices=sorted(SHELLS), help="prints what this shell needs")
    parser.add_argument("--words", nargs=argparse.REMAINDER, metavar="WORD", help="for shells: what may stand next")


def run(arguments: argparse.Namespace) -> int:
    if arguments.words is not None:
        print("\n".join(candidates(arguments.words or [""])))
        return 0
    if arguments.shell is None:
        from trainer.schema import ConfigError, Problem

        raise ConfigError([Problem("trajconsole completion", None, "", "which shell?", "bash, zsh or fish")])
    print(SHELLS[arguments.shell], end="")
    return 0


def candidates(words: Sequence[str]) -> list[str]:
    """What the last of these words may become. Nothing when that is for the shell to say."""
    from console.cli import _parser

    *before, typed = words
    parser: argparse.ArgumentParser = _parser("")
    given: dict[str, str] = {}
    waiting: argparse.Action | None = None  # an option that wants a value
    taken = 0
    for word in before:
        if waiting is not None:
            given[waiting.dest], waiting = word, None
            continue
        option = parser._option_string_actions.get(word)
        if option is not None:
            waiting = option if option.nargs != 0 else None
            continue
        inner = _inner(parser)
        if inner is not None and word in inner.choices:
            parser, taken = inner.choices[word], 0
        elif not word.startswith("-"):
            taken += 1
    if waiting is not None:
        found = list(_values(waiting, given))
    elif typed.startswith("-"):
        found = [name for name in parser._option_string_actions if name.startswith("--")]
    else:
        found = list(_here(parser, taken, given))
    return sorted(word for word in dict.fromkeys(found) if word.startswith(typed) and word not in before)


def _here(parser: argparse.ArgumentParser, taken: int, given: dict[str, str]) -> Iterator[str]:
    """Words for the next place of a command."""
    inner = _inner(parser)
    if inner is not None:
        yield from inner.choices
        return
    places = [action for action in parser._actions if not action.option_strings]
    if not places:
        return
    place = places[min(taken, len(places) - 1)]
    if taken < len(places) or place.nargs in ("*", "+"):
        yield from _values(place, given)


def _values(action: argparse.Action, given: dict[str, str]) -> Iterator[str]:
    if action.choices is not None:
        yield from map(str, action.choices)
    else:
        yield from _names(NAMES.get(action.dest, ""), given)


def _names(kind: str, given: dict[str, str]) -> Iterator[str]:
    """Names of the configuration; of runs, those that the history knows."""
    if not kind:
        return
    from pathlib import Path

    from console import config

    found = config.load(config.find(given.get("config"), Path.cwd()))
    if kind == "hosts":
        yield from found.hosts
    elif kind == "races":
        yield from found.races
    else:
        yield from [*found.workers, *found.sweeps]
        yield from found.races if kind == "names" else ()
    if kind == "runs":
        import contextlib
        import sqlite3

        from console.history import FILE

        state = Path(given["state"]).expanduser() if "state" in given else config.state_folder()
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"file:{state / FILE}?mode=ro", uri=True, timeout=0.2)) as base,
        ):
            yield from (run for (run,) in base.execute("SELECT run FROM runs ORDER BY seen DESC LIMIT 200"))


def _inner(parser: argparse.ArgumentParser) -> "argparse._SubParsersAction[argparse.ArgumentParser] | None":
    return next((item for item in parser._actions if isinstance(item, argparse._SubParsersAction)), None)
