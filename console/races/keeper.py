"""Whoever watches acts on the rules. What was decided stands in the run's own events before anything is done, so that
another watch, or this one killed and started again, goes on with it and decides nothing twice.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from console.fleet.cells import RaceView
from console.fleet.model import Fleet, RunKey
from console.fleet.words import duration
from console.parallel import in_thread
from console.races.rules import LOST, Verdict, judge, rivals_of, stops
from console.races.settings import Rules
from console.watch.rivals import overdue

if TYPE_CHECKING:
    from console.config import Config
    from console.engine import Engine

AGAIN_S = 60.0  # until a stop that did not succeed is tried again
LOOK_S = 1.0
Tell = Callable[[str, str], None]  # words, tone


def verdicts(fleet: Fleet, config: "Config", races: Iterable[RaceView], now: float) -> tuple[Verdict, ...]:
    """What all rules say now; rivals that go on although somebody has won are among it. Pure."""
    found: list[Verdict] = []
    views = tuple(races)
    for race in views:
        rules = config.races[race.name].rules if race.name in config.races else Rules()
        found += judge(race, rivals_of(fleet, race), rules, now)
    for key in overdue(fleet, views, now):
        run = fleet.runs[key]
        winner = fleet.winners[run.race]
        proof = (
            f"{winner.worker or winner.run} won {duration(now - winner.time)} ago, and its mark stands on {key.host}"
        )
        found.append(Verdict(key, run.worker, LOST, True, proof))
    return tuple(found)


class Keeper:
    """Of the races that `views` answers with. `may`: nobody else acts on them."""

    def __init__(
        self, engine: "Engine", views: Callable[[float], Iterable[RaceView]], may: Callable[[], bool], tell: Tell
    ) -> None:
        self._engine, self._views, self._may, self._tell = engine, views, may, tell
        self._looked = 0.0
        self._busy: dict[RunKey, asyncio.Task[None]] = {}
        self._tried: dict[RunKey, float] = {}

    def verdicts(self, now: float) -> tuple[Verdict, ...]:
        """What all rules say now."""
        return verdicts(self._engine.pump.fleet, self._engine.config, self._views(now), now)

    def look(self, now: float) -> None:
        """Begin what is to be done, at most once a second."""
        moment = time.monotonic()
        if moment - self._looked < LOOK_S or self._engine.pump.readonly:
            return
        self._looked = moment
        for one in stops(self.verdicts(now)):
            if one.key not in self._busy and moment - self._tried.get(one.key, -AGAIN_S) >= AGAIN_S and self._may():
                self._tried[one.key] = moment
                self._busy[one.key] = asyncio.create_task(self._act(one))

    async def done(self) -> None:
        """What was begun has come to its end."""
        while self._busy:
            await asyncio.gather(*self._busy.values())

    async def _act(self, one: Verdict) -> None:
        self._tell(f"{one.worker}: {one.rule}: {one.proof}: stopping it", "warn")
        try:
            async for step in in_thread(lambda: self._engine.actions.rule_out(one.key, one.rule, one.proof, one.again)):
                if step.ok is not None:
                    mend = f" — {step.mend}" if step.mend else ""
                    self._tell(f"{one.worker}: {one.rule}: {step.text}{mend}", "text" if step.ok else "warn")
        finally:
            self._busy.pop(one.key, None)
