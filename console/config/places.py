"""Where configurations and state lie on this laptop."""

import os
from pathlib import Path

from trainer.schema import ConfigError, Problem

STATE_VARIABLE = "TRAJCONSOLE_STATE"


def find(given: str | None, folder: Path) -> Path:
    """The configuration in force: the one that was named, ./config.toml, the user's, the shipped one."""
    if given is not None:
        path = Path(given).expanduser()
        if not path.is_file():
            raise ConfigError([Problem(given, None, "", "no such file", "name an existing config.toml with --config")])
        return path
    places = (folder / "config.toml", own())
    return next((path for path in places if path.is_file()), shipped())


def own() -> Path:
    """The user's own configuration, there or not."""
    from platformdirs import user_config_path  # noqa: PLC0415 - only when nothing nearer is there

    return user_config_path("trajconsole") / "config.toml"


def shipped() -> Path:
    """The configuration that comes with the product: inside the installed package, or at the root of a checkout."""
    package = Path(__file__).parent.parent
    inside = package / "config.toml"
    return inside if inside.is_file() else package.parent / "config.toml"


def state_folder() -> Path:
    """Where this laptop keeps mirror and history."""
    given = os.environ.get(STATE_VARIABLE)
    if given:
        return Path(given).expanduser()
    from platformdirs import user_state_path  # noqa: PLC0415 - only when nothing is given

    return user_state_path("trajconsole")
