"""config.toml: what is right is read whole, what is wrong is all named at once."""

from pathlib import Path

import pytest

from console import config
from trainer.schema import ConfigError

GOOD = """
[hosts.here]
root = "/data/t"

[workers.a]
host = "here"
trainer = "persistence-attention"
set = { run.epochs = 3, optim.lr = 5e-4, run.name = "x" }

[workers.b]
host = "here"
trainer = "persistence-pretrained"

[workers.c]
host = "here"
command = ["sh", "train.sh", "{run}"]
env = { SEED = "1" }

[races.r]
workers = ["a", "b"]
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, Path("c.toml"))
    return str(caught.value).splitlines()


def test_a_good_one_is_read_whole():
    found = config.parse(GOOD, Path("c.toml"))
    assert found.hosts["here"].root == "/data/t" and found.hosts["here"].python
    assert found.workers["c"].command == ("sh", "train.sh", "{run}")
    assert found.races_by_workers() == {"r": ("a", "b")}
    assert list(config.overrides(found.workers["a"].set)) == ["run.epochs=3", 'run.name="x"', "optim.lr=0.0005"]


def test_all_problems_are_told_with_line_key_and_mend():
    text = '[hosts.here]\nrot = 1\n[workers.a]\nhots = "here"\ntrainer = 3\n'
    assert problems(text) == [
        "c.toml:2: hosts.here.rot: unknown key — did you mean 'root'?",
        "c.toml:4: workers.a.hots: unknown key — did you mean 'host'?",
        "c.toml:3: workers.a.host: missing — name of one of the [hosts]",
        "c.toml:5: workers.a.trainer: 3 is not a text",
    ]


def test_names_that_do_not_exist_are_told_with_the_nearest():
    text = GOOD.replace('host = "here"\ntrainer = "persistence-p', 'host = "her"\ntrainer = "persistence-p')
    assert problems(text.replace('["a", "b"]', '["a", "bb"]')) == [
        "c.toml:11: workers.b.host: unknown host 'her' — did you mean 'here'?",
        "c.toml:20: races.r.workers: unknown worker 'bb' — did you mean 'b'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"a", "b"', '"a", "a"', "names a worker twice"),
        ('"a", "b"', '"a"', "needs two workers"),
        ('"a", "b"', '"a", "c"', "is a command"),
        ("[workers.a]", '[workers."a b"]', "cannot be a name"),
        ('trainer = "persistence-p', 'command = ["x"]\ntrainer = "persistence-p', "and not both"),
        ('[races.r]\nworkers = ["a", "b"]', '[hosts.two]\n[races.r]\nworkers = ["a", "b"]\n', ""),
    ],
)
def test_what_no_single_key_can_tell(old, new, what):
    text = GOOD.replace(old, new)
    if what:
        assert any(what in line for line in problems(text))
    else:
        assert config.parse(text, Path("c.toml")).hosts["two"].transport == "local"


def test_what_a_worker_waits_for_is_checked():
    def waits(more: str) -> list[str]:
        return problems(GOOD.replace("[workers.a]", f"[workers.a]\n{more}", 1))

    assert waits("gpus = 1.5")[0].endswith("write 1, 2, …, or a share of one as 0.5")
    assert "unknown worker 'bb' — did you mean 'b'?" in waits('after = ["bb"]')[0]
    assert "a and a wait for each other" in waits('after = ["a"]')[0]
    two = '[hosts.two]\n[workers.far]\nhost = "two"\ncommand = ["x"]\n'
    assert (
        "a worker waits for others of its own host only"
        in problems(GOOD.replace("[workers.a]", f'{two}[workers.a]\nafter = ["far"]'))[0]
    )
    found = config.parse(GOOD.replace("[workers.a]", '[workers.a]\ngpus = 0.5\nafter = ["b"]'), Path("c.toml"))
    assert (found.workers["a"].gpus, found.workers["a"].after) == (0.5, ("b",))


def test_rivals_may_be_on_two_hosts():
    text = GOOD.replace('[workers.b]\nhost = "here"', '[hosts.two]\n[workers.b]\nhost = "two"')
    assert config.parse(text, Path("c.toml")).workers["b"].host == "two"


def test_no_toml_is_told_with_its_line():
    assert problems("[hosts\n")[0].startswith("c.toml:1: not TOML")


def test_the_nearest_configuration_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    assert config.find(None, tmp_path) == config.shipped()
    users = tmp_path / "user" / "trajconsole" / "config.toml"
    users.parent.mkdir(parents=True)
    users.write_text(GOOD)
    assert config.find(None, tmp_path) == users
    (tmp_path / "config.toml").write_text(GOOD)
    assert config.find(None, tmp_path) == tmp_path / "config.toml"
    with pytest.raises(ConfigError, match="no such file"):
        config.find(str(tmp_path / "not.toml"), tmp_path)


def test_the_shipped_one_is_the_example_race(monkeypatch, tmp_path):
    monkeypatch.setenv(config.ROOT_VARIABLE, str(tmp_path))
    found = config.load(config.shipped())
    assert found.races_by_workers() == {"persistence": ("attention", "pretrained")}
    assert found.hosts["here"].root == str(tmp_path)
    assert found.hosts["here"].socket not in ("", config.DEFAULT_SOCKET)


def test_each_root_has_a_tmux_server_of_its_own():
    assert config.socket_of(str(Path("~/.trajconsole").expanduser())) == "trajconsole"
    assert config.socket_of("/a") != config.socket_of("/b")


def test_a_file_beside_the_configuration_comes_before_a_preset(tmp_path):
    text = GOOD.replace('"persistence-attention"', '"my.toml"')
    (tmp_path / "my.toml").write_text("")
    found = config.parse(text, tmp_path / "config.toml")
    assert config.trainer_spec(found, "a") == str(tmp_path / "my.toml")
    assert config.trainer_spec(found, "b") == "persistence-pretrained"


def test_budget_rules_are_off_until_they_are_written():
    assert not config.parse(GOOD, Path("c.toml")).races["r"].rules
    more = (
        'wall_time = "8h"\npatience = { metric = "val_accuracy", mode = "max", epochs = 10 }\n'
        'behind = { metric = "val_loss", mode = "min", after = [3, 9], keep = 0.5 }\n'
    )
    rules = config.parse(GOOD + more, Path("c.toml")).races["r"].rules
    assert rules.wall_s == 8 * 3600 and rules.patience.epochs == 10 and rules.behind.after == (3, 9)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('wall_time = "soon"', "races.r.wall_time: 'soon' is no time: write it as 30s, 2m, 8h, 7d, 4w or 1y"),
        ('patience = { metric = "m", epochs = 3 }', "races.r.patience.mode: missing — max: more is better; min: less"),
        ('patience = { metric = "m", mode = "up", epochs = 3 }', "'up' is not one of 'min', 'max'"),
        ('behind = { metric = "m", mode = "min", after = [3] }', "needs either margin = … (how far behind) or keep"),
        ('behind = { metric = "m", mode = "min", after = [9, 3], keep = 0.5 }', "write them as [3, 9]"),
        ('behind = { metric = "m", mode = "min", after = [3], keep = 2.0 }', "write 0.5 to keep the better half"),
        ('behind = { metric = "m", mode = "min", after = [-1], margin = 1.0 }', "-1 is out of range"),
    ],
)
def test_a_budget_rule_that_is_none_is_told_with_its_line(line, words):
    (found,) = problems(GOOD + line)
    assert found.startswith("c.toml:21: races.r") and words in found
