"""The laptop of the night: home and state of its own, a watch that is killed and sleeps, a receiver of its alerts."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine import REPOSITORY
from night_ledger import Letter


class Receiver(http.server.ThreadingHTTPServer):
    """Takes letters; `refuse` of the next ones are answered 503."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.letters: list[Letter] = []
        self.refuse = self.refused = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        refused = self.server.refused < self.server.refuse
        if refused:
            self.server.refused += 1
        else:
            self.server.letters.append(Letter(json.loads(body), time.time()))
        self.send_response(503 if refused else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class NightLaptop:
    """`trajconsole` as it is typed there. `results`: what the watch brings home."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state, self.results = folder, folder / "state", folder / "results"
        self.config, self.notes, self.said = folder / "config.toml", folder / "notes", folder / "watch.out"
        folder.mkdir()
        (folder / "home").mkdir()
        self.receiver = Receiver()
        self.away: list[tuple[float, float]] = []
        self._gone_at: float | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        self._open: list[subprocess.Popen[bytes]] = []
        self.env = {
            **os.environ,
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(REPOSITORY),
            "TRAJCONSOLE_STATE": str(self.state),
            "NO_COLOR": "1",
        }

    def alerts(self) -> str:
        """As configuration text: everything to the webhook, and the same to a program."""
        command = ["sh", "-c", f"cat >> {self.notes}; echo >> {self.notes}"]
        return (
            f'[alerts.hook]\nwebhook = "{self.receiver.address}"\nlevel = "note"\n'
            f'[alerts.notes]\ncommand = {json.dumps(command)}\nlevel = "note"\n'
        )

    def run(self, *words: str, codes: tuple[int, ...] = (0,), timeout: float = 300) -> str:
        done = subprocess.run(
            self._argv(words), env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode in codes, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def spawn(self, *words: str) -> "subprocess.Popen[bytes]":
        with self.said.open("ab") as out:
            process = subprocess.Popen(
                self._argv(words), env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self._open.append(process)
        return process

    def status(self) -> dict[str, Any]:
        found = json.loads(self.run("status", "--json"))
        assert isinstance(found, dict)
        return found

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["worker"]: row for row in self.status()["workers"]}

    @property
    def letters(self) -> list[Letter]:
        return list(self.receiver.letters)

    def told(self, who: str, over: bool = False) -> Callable[[], list[Letter]]:
        """Letters about somebody."""
        return lambda: [letter for letter in self.letters if letter.who == who and letter.over is over]

    def watch(self) -> None:
        self._back()
        self._watch = self.spawn("watch", "--every", "15s", "--to", str(self.results))

    def kill_watch(self) -> None:
        assert self._watch is not None
        self._watch.kill()
        self._watch.wait()
        self._gone()

    def sleep(self) -> None:
        assert self._watch is not None
        self._watch.send_signal(signal.SIGSTOP)
        self._gone()

    def wake(self) -> None:
        assert self._watch is not None
        self._watch.send_signal(signal.SIGCONT)
        self._back()

    def end_watch(self) -> None:
        assert self._watch is not None
        self._watch.send_signal(signal.SIGINT)
        assert self._watch.wait(60) == 0, self.said.read_text()[-2000:]

    def heard(self, host: str) -> int:
        """Bytes that are known of its runs."""
        return sum(path.stat().st_size for path in (self.state / "mirror" / host / "runs").glob("*/*.jsonl"))

    def close(self) -> None:
        for process in self._open:
            process.kill()
            process.wait()
        self.receiver.close()

    def _gone(self) -> None:
        self._gone_at = time.time()

    def _back(self) -> None:
        if self._gone_at is not None:
            self.away.append((self._gone_at, time.time()))
            self._gone_at = None

    def _argv(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "console", "--config", str(self.config), *words]
