"""A real terminal: tmux on a server of its own, keys in, screen out."""

import os
import shlex
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Seen(ABC):
    """A screen that is looked at from outside, and that has keys. Names of keys are tmux's: Enter, Escape, C-s, x."""

    patience = 90.0  # seconds that something may take to stand there

    @abstractmethod
    def keys(self, *names: str) -> None:
        """Named keys, one after the other."""

    @abstractmethod
    def type(self, text: str) -> None:
        """Letters, into a box."""

    @abstractmethod
    def screen(self) -> str:
        """What stands on it."""

    @abstractmethod
    def left(self) -> None:
        """Wait until the console has gone from it."""

    def shows(self, words: str, seconds: float = 0.0) -> str:
        """The screen as soon as these words stand on it."""
        return self.until(lambda text: words in text, words, seconds)

    def until(self, wanted: Callable[[str], object], what: str, seconds: float = 0.0) -> str:
        """The screen as soon as it is as wanted."""
        end = time.monotonic() + (seconds or self.patience)
        while not wanted(text := self.screen()):
            assert time.monotonic() < end, f"never came: {what}\n{text}"
            time.sleep(0.05)
        return text


class Terminal(Seen):
    """Runs one program in a tmux of its own."""

    def __init__(self, folder: Path, argv: Sequence[str], env: Mapping[str, str], size: tuple[int, int]) -> None:
        self._socket = folder / "tmux.sock"
        width, height = map(str, size)
        settings = [f"{key}={value}" for key, value in env.items()]
        line = shlex.join(["env", *settings, *argv])
        self._tmux(
            "-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height, "-c", str(folder), f"{line}; sleep 60"
        )

    def keys(self, *names: str) -> None:
        for name in names:
            self._tmux("send-keys", name)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", "--", text)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def left(self) -> None:
        self.until(lambda text: "WORKERS" not in text, "the console has left")

    def close(self) -> None:
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], capture_output=True, check=False)

    def _tmux(self, *words: str) -> str:
        env = {key: value for key, value in os.environ.items() if key != "TMUX"}
        return subprocess.run(
            ["tmux", "-S", str(self._socket), *words], env=env, capture_output=True, text=True, check=True
        ).stdout
