"""The screen on a recorded session, with keys for its clock. Nothing can be done to what is long over."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from console import format as fmt
from console.app import ConsoleApp
from console.fleet.model import RunKey
from console.pulling.options import PullOptions
from console.recording.player import Player
from console.settings import SettingsFile
from console.source import Step
from remote.events import Cache
from remote.launcher import LADDER, Rung

if TYPE_CHECKING:
    from console.deeds.adopting import Wish
    from console.examine import Found
    from remote.adoption import Foreign

JUMP_S = 10.0
_OVER = "this is a recording: nothing can be done to it"


class ReplayApp(ConsoleApp):
    """`P` stops its clock, `<` and `>` turn it, `{` and `}` slow and hurry it."""

    BINDINGS: ClassVar[list[BindingType]] = [  # before those of charts, which take some of these keys, too
        Binding("P", "pause", "pause", tooltip="stop the recording's clock, and go on", priority=True),
        Binding("less_than_sign", "jump(-1)", "back", tooltip="ten seconds back", priority=True),
        Binding("greater_than_sign", "jump(1)", "on", tooltip="ten seconds on", priority=True),
        Binding("left_curly_bracket", "hurry(0.5)", "slower", tooltip="half as fast", show=False, priority=True),
        Binding("right_curly_bracket", "hurry(2)", "faster", tooltip="twice as fast", show=False, priority=True),
    ]

    def __init__(
        self, player: Player, *, ascii: bool = False, theme: str = "", settings: SettingsFile | None = None
    ) -> None:
        super().__init__(player, NoActions(), ascii=ascii, theme=theme, settings=settings, clock=player.clock)
        self.player = player
        self.settings.change(toasts=False)  # nothing in it is news

    async def on_mount(self) -> None:
        self.call_after_refresh(self._tell)

    def action_pause(self) -> None:
        self.player.paused = not self.player.paused
        self._tell()

    def action_jump(self, by: int) -> None:
        self.player.seek(self.player.clock() + by * JUMP_S)
        self._tell()

    def action_hurry(self, factor: float) -> None:
        self.player.speed = max(1 / 64, min(self.player.speed * factor, 1024))
        self._tell()

    def _tell(self) -> None:
        player = self.player
        state = "paused" if player.paused else f"{player.speed:g} times as fast" if player.speed != 1 else "playing"
        place = f"{fmt.timer(player.clock() - player.begin)} of {fmt.timer(player.end - player.begin)}"
        self.say(f"a recording, {state}, {place}   P pause   < > ten seconds   {{ }} speed")


class NoActions:
    """Says of everything that it cannot be done."""

    def start(self, workers: tuple[str, ...], *, check: bool = True, trial: bool = False) -> Iterator[Step]:
        return _refused(workers)

    def ladder(self, run: RunKey) -> tuple[Rung, ...]:
        return LADDER

    def stop(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return _refused(tuple(map(str, runs)))

    def kill(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return _refused(tuple(map(str, runs)))

    def resume(self, runs: tuple[RunKey, ...]) -> Iterator[Step]:
        return _refused(tuple(map(str, runs)))

    def pull(self, runs: tuple[RunKey, ...], options: PullOptions | None = None) -> Iterator[Step]:
        return _refused(tuple(map(str, runs)))

    def race(self, name: str, *, check: bool = True) -> Iterator[Step]:
        return _refused((name,))

    def attach_argv(self, run: RunKey) -> list[str]:
        raise ValueError(_OVER)

    def fetch(self, run: RunKey, path: str, limit: int, told: Callable[[int], None]) -> bytes:
        raise ValueError("a recording holds no files")

    def examine(self, host: str) -> "Iterator[Found]":
        return iter(())

    def test_alerts(self, names: Sequence[str]) -> Iterator[Step]:
        return _refused(tuple(names))

    def deploy(self, workers: Sequence[str]) -> Iterator[Step]:
        return _refused(tuple(workers))

    def empty(self, host: str, cache: Cache) -> Iterator[Step]:
        return _refused((host,))

    def foreign(self, host: str) -> "tuple[Foreign, ...]":
        return ()

    def adopt(self, wish: "Wish") -> Iterator[Step]:
        return _refused((wish.worker,))

    def round_trip(self, host: str) -> float:
        raise ValueError(_OVER)


def _refused(names: tuple[str, ...]) -> Iterator[Step]:
    return iter([Step(name, _OVER, ok=False) for name in names])
