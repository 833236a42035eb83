"""How long a stop waits for its checkpoint: as it is asked, else as the worker's table says, else a minute."""

from pathlib import Path

import pytest

from console import config
from console.actions import ConsoleActions
from console.fleet.model import Fleet, Run, RunKey
from console.hosts import Hosts
from remote.launcher import LADDER
from trainer.schema import ConfigError

TEXT = """[hosts.here]
transport = "local"
[workers.big]
host = "here"
command = ["true"]
grace = "{grace}"
[workers.small]
host = "here"
command = ["true"]
"""


def test_the_ladder_of_a_worker():
    found = config.parse(TEXT.format(grace="10m"), Path("c.toml"))
    keys = {name: RunKey("here", f"{name}-20260101-000000-0a0b") for name in found.workers}
    fleet = Fleet(runs={key: Run(key, 0.0, 0.0, {"origin": {"worker": name}}) for name, key in keys.items()})
    actions = ConsoleActions(found, Hosts(found), lambda: fleet)
    assert actions.ladder(keys["small"]) == LADDER
    assert [(rung.what, rung.grace) for rung in actions.ladder(keys["big"])][:2] == [("stop", 600.0), ("INT", 20.0)]
    assert actions.ladder(keys["big"], 5.0)[0].grace == 5.0


def test_a_grace_that_is_none():
    with pytest.raises(ConfigError, match=r"workers\.big\.grace: 'long' is no time: write it as 30s"):
        config.parse(TEXT.format(grace="long"), Path("c.toml"))
