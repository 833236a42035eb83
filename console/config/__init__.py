"""config.toml → one frozen value, or one error with everything that is wrong in it.

[hosts.NAME]    a machine; `transport = "local"` is this one
[workers.NAME]  what to run and where: a trainer configuration, or any command
[races.NAME]    workers that race for the same criteria
[sweeps.NAME]   one worker with many values: a worker for each of them
[alerts.NAME]   a way to tell a person who is not looking
[history]       how long this laptop keeps what it knows of runs
"""

from console.config.places import STATE_VARIABLE, find, own, shipped, state_folder
from console.config.reading import check_toml, is_name, load, parse, socket_of
from console.config.tables import (
    DEFAULT_ROOT,
    DEFAULT_SOCKET,
    ROOT_VARIABLE,
    AlertConfig,
    Config,
    HistoryConfig,
    HostConfig,
    RaceConfig,
    SweepConfig,
    WorkerConfig,
)
from console.config.trainers import in_words_of, overrides, trainer_spec

__all__ = [
    "DEFAULT_ROOT",
    "DEFAULT_SOCKET",
    "ROOT_VARIABLE",
    "STATE_VARIABLE",
    "AlertConfig",
    "Config",
    "HistoryConfig",
    "HostConfig",
    "RaceConfig",
    "SweepConfig",
    "WorkerConfig",
    "check_toml",
    "find",
    "in_words_of",
    "is_name",
    "load",
    "overrides",
    "own",
    "parse",
    "shipped",
    "socket_of",
    "state_folder",
    "trainer_spec",
]
