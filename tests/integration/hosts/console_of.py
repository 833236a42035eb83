"""The whole console, in this process, on hosts of the testbed: configuration, links, mirror, fleet and actions."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from machine import Testbed

from console.config import load
from console.engine import Engine, make_engine
from console.fleet.model import Fleet
from console.fleet.view import run_row
from remote.events import LinkState

# Rows and lines at a steady pace, as the page on run directories has it; $2 steps, $3 seconds between them.
WORKER = """
run=$1; step=0; end=stopped
start=$(cut -d' ' -f22 /proc/$$/stat)
status() { printf '%s\\n' "$1" > "$run/.status.part" && mv "$run/.status.part" "$run/status.json"; }
clock() { until now=$(date +%s) && [ "$now" ]; do :; done; }  # a signal to the group ends date, too
say() {
  clock
  at="\\"heartbeat\\":$now,\\"progress_at\\":$now,\\"pid\\":$$,\\"pid_start\\":$start"
  status "{\\"schema\\":1,\\"state\\":\\"$1\\",\\"step\\":$step,\\"steps\\":$2,$at}"
}
trap : INT TERM
while [ ! -e "$run/stop" ]; do
  [ $step -ge $2 ] && { end=finished; break; }
  step=$((step + 1)); clock
  echo "line $step of the log, with ä and ✓"
  printf '{"t":%s,"step":%s,"epoch":1,"phase":"train","loss":0.5}\\n' "$now" $step >> "$run/metrics.jsonl"
  say training $2
  sleep $3
done
say $end $2
"""


class Laptop:
    """One configuration and state folder; `open` is one console."""

    def __init__(self, bed: Testbed) -> None:
        self.bed, self.folder = bed, bed.folder / "laptop"
        self.folder.mkdir()
        self.state, self.config = self.folder / "state", self.folder / "config.toml"
        self.worker = self.folder / "worker.sh"
        self.worker.write_text(WORKER)
        self.config.write_text("")

    def host(self, name: str, *, python: str = sys.executable, more: str = "") -> None:
        with self.config.open("a") as file:
            file.write(
                f'[hosts.{name}]\nssh = "{name}"\nssh_config = "{self.bed.config}"\npython = "{python}"\n{more}\n'
            )

    def shell_worker(self, name: str, host: str, *, steps: int = 100_000, pause: float = 0.05) -> None:
        """The script travels as an argument, so that the host needs nothing of ours."""
        argv = ["sh", "-c", WORKER, name, "{run}", str(steps), str(pause)]
        words = ", ".join(f"'''{word}'''" if "\n" in word else f'"{word}"' for word in argv)
        with self.config.open("a") as file:
            file.write(f'[workers.{name}]\nhost = "{host}"\ncommand = [{words}]\n')

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Console"]:
        engine = make_engine(load(self.config), self.state)
        console = Console(engine)
        await engine.pump.start()
        try:
            yield console
        finally:
            await engine.pump.stop()
            await asyncio.to_thread(engine.hosts.close)


class Console:
    """What a person sees, and what a person does."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.pump = engine, engine.pump
        self.links: list[tuple[float, str, LinkState]] = []
        self.states: set[str] = set()  # of workers, as ever shown
        self.pump.listen(self._look)

    @property
    def fleet(self) -> Fleet:
        return self.pump.fleet

    def _look(self) -> None:
        for name, host in self.fleet.hosts.items():
            known = [link for _, of, link in self.links if of == name]
            if not known or known[-1] != host.link:
                self.links.append((time.monotonic(), name, host.link))
        self.states |= {row.state.name for row in self.rows()}

    def rows(self) -> list:
        now = time.time()
        return [run_row(self.fleet, run, now) for run in self.fleet.runs.values()]

    def phases(self, name: str) -> list[str]:
        return [link.phase for _, of, link in self.links if of == name]

    async def until(self, condition: Callable[[], object], seconds: float = 40.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.links[-5:], self.rows())
            await asyncio.sleep(0.02)

    async def do(self, action: Callable, *arguments) -> list:
        """The steps of an action; its last word about each worker must be good."""
        steps = await asyncio.to_thread(lambda: list(action(*arguments)))
        assert all(step.ok for step in {step.worker: step for step in steps}.values()), steps
        return steps

    def mirrored(self, run) -> Path:
        return self.pump._mirrors[run.host].path / "runs" / run.run
