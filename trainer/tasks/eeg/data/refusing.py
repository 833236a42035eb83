"""Data that cannot be used, told as a fault of the configuration: what is wrong, which key, the mend."""

from pathlib import Path

from trainer.schema import ConfigError, Problem


def fault(key: str, what: str, mend: str, place: Path | str = "configuration") -> ConfigError:
    """For what a person chose or has on the disk; `key` is that of [data]."""
    return ConfigError([Problem(str(place), None, f"data.{key}", what, mend)])
