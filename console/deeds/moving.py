"""Pull and push, host by host: no faster than its configuration allows, and not too many at a time."""

import threading
from collections.abc import Iterator
from pathlib import Path

from console import rates
from console.config import Config
from console.fleet.cells import State
from console.fleet.model import Run
from console.hosts import Hosts
from console.pulling.deed import RunPull, Way, push
from console.pulling.ledger import Pulls
from console.pulling.options import PullOptions
from console.source import Step
from remote.transfer.pace import Bucket

LANES = 3  # pulls at a time from one host: its sshd gives only so many sessions


class Moving:
    """Transfers of a configuration's hosts. Safe to use from several threads."""

    def __init__(self, config: Config, hosts: Hosts, pulls: Pulls | None) -> None:
        self._config, self._hosts, self._pulls = config, hosts, pulls
        self._buckets = {
            name: Bucket(rates.parse(host.bandwidth)) for name, host in config.hosts.items() if host.bandwidth
        }
        self._lanes = {name: threading.Semaphore(LANES) for name in config.hosts}

    def pull(self, run: Run, state: State, options: PullOptions) -> Iterator[Step]:
        """One run, onto this laptop."""
        lane = self._lanes[run.key.host]
        if not lane.acquire(blocking=False):
            yield Step(run.worker, "waiting for its turn")
            lane.acquire()
        try:
            found = RunPull(run.key, run.worker, self._way(run.key.host), options, self._pulls)
            yield from found.steps(state.name, state.live)
        finally:
            lane.release()

    def push(self, host: str, source: Path, target: str, limit: Bucket | None) -> Iterator[Step]:
        """A file or folder of this laptop, into the host's data folder."""
        way = self._way(host)
        yield from push(host, source, f"{way.root}/data/{target}".rstrip("/"), way, limit)

    def _way(self, host: str) -> Way:
        buckets = (self._buckets[host],) if host in self._buckets else ()
        pythons = (self._config.hosts[host].any_python, "python3")
        return Way(self._hosts.transport(host), self._hosts.root(host), pythons, buckets)
