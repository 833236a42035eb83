"""What holds for every command: help with examples, JSON where state is printed, exit codes; completion."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli import COMMANDS, _parser
from console.commands.completion import SHELLS, candidates
from console.examples import EXAMPLES

REPOSITORY = Path(__file__).parents[3]
CONFIG = '[hosts.here]\n[hosts.far]\nssh = "far"\n[workers.alpha]\nhost = "here"\ncommand = ["true"]\n'
CONFIG += '[workers.beta]\nhost = "here"\ntrainer = "persistence-attention"\n'


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRAJCONSOLE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TRAJCONSOLE_ROOT", str(tmp_path / "root"))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("TRAJCONSOLE_SSH_CONFIG", str(tmp_path / "none"))
    return tmp_path


def run(*words):
    return subprocess.run(
        [sys.executable, "-m", "console", *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def parsers():
    return _parser("")._subparsers._group_actions[0].choices  # type: ignore[union-attr]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_itself_with_examples(command):
    text = parsers()[command].format_help()
    assert "examples:\n" in text and f"trajconsole {command}" in text.partition("examples:")[2]
    bare = [item for item in parsers()[command]._actions if not item.help and not item.metavar and item.dest != "does"]
    assert not bare, "an option without a word of help"


def test_the_examples_are_of_commands_and_their_options_are_known():
    assert set(EXAMPLES) == set(COMMANDS)
    for command, text in EXAMPLES.items():
        known = parsers()[command].format_help() + _parser("").format_help()
        for inner in parsers()[command]._actions:
            for parser in inner.choices.values() if isinstance(inner.choices, dict) else ():
                known += parser.format_help()
        for line in text.splitlines():
            used = line.partition("#")[0].split("|")[0]
            for word in used.split():
                if word.startswith("--") and used.strip().startswith("trajconsole"):
                    assert word in known, (command, word)


STATEFUL = {
    "status",
    "check",
    "hosts",
    "config",
    "compare",
    "pull",
    "race",
    "replay",
    "history",
    "safe",
    "sweep",
    "tune",
}


@pytest.mark.parametrize("command", sorted(STATEFUL & set(COMMANDS)))
def test_state_can_be_had_as_json(command):
    text = parsers()[command].format_help()
    for inner in parsers()[command]._actions:
        for parser in inner.choices.values() if isinstance(inner.choices, dict) else ():
            text += parser.format_help()
    assert "--json" in text


def test_json_is_one_document_and_nothing_else(home):
    for words in (["config", "show"], ["config", "check"], ["config", "get", "hosts"], ["hosts"], ["status", "--once"]):
        if words[0] == "status":
            (home / "config.toml").write_text("[hosts.here]\n")
        done = run(*words, "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["schema"] >= 1, done


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["nonsense"], 2, "invalid choice"),
        (["start"], 2, "required"),
        (["start", "alhpa"], 2, "did you mean 'alpha'?"),
        (["logs", "alhpa"], 2, "did you mean 'alpha'?"),
        (["race", "none"], 2, ""),
        (["trust", "here"], 2, "it has no key"),
        (["hosts", "--add"], 2, "needs the names"),
        (["config", "set", "workers.alpha.host", "heer"], 2, "did you mean 'here'?"),
        (["config", "set", "alpha", "1"], 2, "is no key of config.toml"),
        (["config", "get", "workers.alpha.hots"], 2, "did you mean 'host'?"),
        (["config", "add-host", "far"], 2, "is there already"),
        (["config", "set", "workers.alpha.set", "[1"], 2, "quotes"),
        (["config", "add-worker", "w", "--host", "here", "--set", "x"], 2, "key=value"),
        (["replay", "config.toml"], 2, "is no recording"),
        (["replay", "nothing"], 2, "cannot be read"),
        (["completion"], 2, "which shell?"),
        (["--config", "nothing.toml", "status"], 2, "no such file"),
        (["config", "check"], 0, ""),
        (["config", "get", "hosts.far.ssh"], 0, ""),
    ],
)
def test_exit_codes_and_one_plain_line(home, words, code, said):
    done = run(*words)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr, done


def test_what_config_set_does_is_what_config_get_says(home):
    before = (home / "config.toml").read_text()
    done = run("config", "set", "workers.beta.set.run.epochs", "5", "--dry-run")
    assert done.returncode == 0 and "+set = { run.epochs = 5 }" in done.stdout
    assert (home / "config.toml").read_text() == before
    for words in (
        ["set", "workers.beta.set.run.epochs", "5"], ["set", "workers.beta.set.optim.lr", "0.5"],
        ["unset", "workers.beta.set.run.epochs"], ["add-host", "gpu1", "me@gpu1"], ["unset", "hosts.far"],
        ["add-worker", "gamma", "--host", "gpu1", "--command", "python", "-c", "1"],
        ["set", "alerts.me.terminal", "bell"],
    ):  # fmt: skip
        assert run("config", *words).returncode == 0, words
    assert run("config", "get", "alerts.me.terminal").stdout == "bell\n"
    assert run("config", "get", "workers.beta.set").stdout == "{ optim.lr = 0.5 }\n"
    assert run("config", "get", "workers.gamma.command").stdout == '["python", "-c", "1"]\n'
    assert set(json.loads(run("config", "show", "--json").stdout)["config"]["hosts"]) == {"here", "gpu1"}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("sta", ["start", "status"]),
        ("start ", ["alpha", "beta"]),
        ("start al", ["alpha"]),
        ("start alpha ", ["beta"]),
        ("start --no", ["--no-check"]),
        ("check ", ["far", "here"]),
        ("trust here ", []),
        ("pull --checkpoints b", ["best", "both"]),
        ("config ", ["add-host", "add-worker", "check", "get", "set", "show", "unset"]),
        ("completion f", ["fish"]),
        ("--config config.toml attach b", ["beta"]),
        ("replay ", []),
        ("nonsense ", None),
    ],
)
def test_completion_knows_commands_options_and_names(home, line, found):
    words = line.split(" ")
    assert candidates(words) == (found if found is not None else sorted(COMMANDS))


@pytest.mark.parametrize("shell", sorted(SHELLS))
def test_real_shells_take_the_completion(home, shell):
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    bin_ = home / "bin"
    bin_.mkdir()
    (bin_ / "trajconsole").write_text(f'#!/bin/sh\nexec {sys.executable} -m console "$@"\n')
    (bin_ / "trajconsole").chmod(0o755)
    (home / "script").write_text(run("completion", shell).stdout)
    asks = {
        "bash": 'source ./script; COMP_WORDS=(trajconsole start a); COMP_CWORD=2; _trajconsole; echo "${COMPREPLY[@]}"',
        "fish": "source ./script; complete -C 'trajconsole start a'",
        "zsh": "compdef() {}; compadd() { shift; print -- $@ }; words=(trajconsole start a); CURRENT=3; "
        "source ./script; _trajconsole",
    }
    env = {**os.environ, "PATH": f"{bin_}:{os.environ['PATH']}", "HOME": str(home)}
    flags = {"bash": ["--norc"], "fish": ["--no-config"], "zsh": ["-f"]}[shell]
    done = subprocess.run([shell, *flags, "-c", asks[shell]], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["alpha"], done
