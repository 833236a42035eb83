"""The way to every screen, page and dialog with keys, and which classes' keys are pressed there.

`owns`: classes whose own bindings are proven on that way; `first`: keys that make a key meaningful, e.g. a filter that
Esc can clear; `idle`: keys that are bound and mean nothing there, with the reason.
"""

import importlib
import io
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from PIL import Image
from textual.binding import Binding
from textual.dom import DOMNode
from tui_fleets import Story, busy, crowded, fresh, racing, run_of, won

import console
from console.screens.charted import ChartedScreen
from console.screens.compare import ComparedTable, CompareScreen
from console.screens.dialog import Dialog
from console.screens.edit import EditPage
from console.screens.help import HelpScreen
from console.screens.host import HostScreen
from console.screens.logs import LogsScreen
from console.screens.new import NewPage
from console.screens.page import Page
from console.screens.pick import Pick
from console.screens.save import SaveDialog
from console.screens.standings import Rivals
from console.screens.welcome import HostsPage
from console.widgets.chart import ChartPane
from console.widgets.choices import Choices
from console.widgets.hosts import HostsTable
from console.widgets.items import ItemsPane
from console.widgets.listing import Listing
from console.widgets.log import LogPane
from console.widgets.log_view import LogView
from console.widgets.picture import PictureView
from console.widgets.runs import RunsTable
from console.widgets.scrolled import Scrolled
from remote.events import Document

PANES = {str(n): "there are fewer panes" for n in range(1, 10)}
LONG = "".join(f"12:{n // 60:02d}:{n % 60:02d} step {n} loss 0.5 {'x' * 300}\n" for n in range(200))
SETTINGS = "[run]\n" + "".join(f"setting_{n} = {n}\n" for n in range(60))


@dataclass(frozen=True)
class Way:
    """Keys from the fleet screen on; `ready`: words that have to stand there first."""

    keys: Sequence[str]
    owns: Sequence[type[DOMNode]] = ()
    story: Callable[[], Story] = crowded
    size: tuple[int, int] = (80, 24)
    first: Mapping[str, Sequence[str]] = field(default_factory=dict)
    idle: Mapping[str, str] = field(default_factory=dict)
    ready: str = ""


def told() -> Story:
    """A race that was won, with much to scroll through."""
    story = won().log("attention", "here", LONG)
    for worker in ("attention", "pretrained"):
        origin = f'[origin]\nworker = "{worker}"\n'
        story.tell("here", Document(f"runs/{run_of(worker)}", "run.toml", SETTINGS + origin))
    return story


NEXT, BEFORE = "right_square_bracket", "left_square_bracket"
ZOOMED = {"less_than_sign": ["plus"], "greater_than_sign": ["plus", "plus", "less_than_sign"]}
SIDEWAYS = {"h": ["right"], "left": ["right"]}
PANNED = {
    **dict.fromkeys(("left", "h"), ("plus", "right")),
    **dict.fromkeys(("right", "l"), ("plus", "left")),
    **dict.fromkeys(("up", "k"), ("plus", "down")),
    **dict.fromkeys(("down", "j"), ("plus", "up")),
}
CHANGED = ["slash", *"channels", "enter", "G", "right"]
WAYS = {
    "fleet": Way([], story=busy),
    "fleet hosts": Way(["1"], (HostsTable,), first={"g": ["G"], "home": ["G"], "pagedown": ["g"]}),
    "fleet log": Way(["l"], (LogPane,), told, first={"j": ["g"], "down": ["g"], "pagedown": ["g"], **SIDEWAYS}),
    "fleet happened": Way([BEFORE, "tab"]),
    "worker": Way(["enter"], (ChartPane,), racing, first=ZOOMED),
    "worker criteria": Way(["enter", "tab"], (ChartedScreen,), racing, first=ZOOMED),
    "worker log": Way(["enter", "l"], story=racing),
    "worker events": Way(["enter", *[NEXT] * 2], story=racing),
    "worker settings": Way(["enter", *[NEXT] * 3], (Scrolled,), told),
    "worker pictures": Way(
        ["enter", "i"],
        (PictureView,),
        told,
        ready="▀▀▀",
        first=PANNED,
    ),
    "standings": Way(["v"], (Rivals,), told),
    "compare": Way(["c"], (CompareScreen, ComparedTable, RunsTable), told),
    "compare words": Way(["c", BEFORE], story=told),
    "host": Way(["1", "enter"], (HostScreen,), idle=PANES),
    "host runs": Way(["1", "enter", NEXT]),
    "host check": Way(["1", "enter", "T"], (ItemsPane,), first={"pagedown": ["g"]}),
    "host sessions": Way(["1", "enter", "A"]),
    "host link": Way(["1", "enter", BEFORE]),
    "logs": Way(["L"], (LogsScreen, LogView), told, first={"down": ["up"], **SIDEWAYS}),
    "new": Way(["n"], (NewPage, Page, Listing), fresh, ready="accepts it", first={"d": CHANGED, "delete": ["right"]}),
    "edit": Way(["e"], (EditPage,), first={"w": ["d"], "ctrl+s": ["d"]}),
    "hosts": Way(["h"], (HostsPage,), ready="root@h0"),
    "pick one": Way(["enter", "d"], (), told),
    "pick some": Way(
        ["enter", "M"],
        (Pick,),
        told,
        first={"up": ["down"]},
        idle=dict.fromkeys(("less_than_sign", "greater_than_sign", "ctrl+r"), "these have no order"),
    ),
    "pick an order": Way(["C"], (Pick,), first={"up": ["down"]}, idle={"ctrl+a": "all columns never fit"}),
    "stop": Way(["x"], (Dialog, Choices)),
    "help": Way(["question_mark"], (HelpScreen,)),
    "save": Way(["L", "ctrl+s"], (SaveDialog,)),
}
# These have tests of their own for each of their keys.
ELSEWHERE = {
    **dict.fromkeys(("Shell", "ConsoleApp", "WorkersScreen", "FleetScreen", "WorkersTable"), "test_keys"),
    "SecretDialog": "test_door",
    "ReplayApp": "test_recording",
}


def classes_with_keys() -> dict[type[DOMNode], tuple[str, ...]]:
    """Every class of the console that binds keys, and the keys that it binds itself."""
    for module in pkgutil.walk_packages(console.__path__, "console."):
        if module.name.split(".")[1] in ("screens", "widgets", "app", "shell", "log_app", "recording"):
            importlib.import_module(module.name)
    found = [cls for cls in _below(DOMNode) if cls.__module__.startswith("console.")]
    return {cls: keys for cls in found if (keys := keys_of(cls))}


def keys_of(cls: type[DOMNode]) -> tuple[str, ...]:
    """The keys that a class binds itself."""
    own = [item for item in cls.__dict__.get("BINDINGS", ()) if isinstance(item, Binding)]
    return tuple(dict.fromkeys(key for item in own for key in item.key.split(",")))


def _below(cls: type[DOMNode]) -> list[type[DOMNode]]:
    return [one for sub in cls.__subclasses__() for one in (sub, *_below(sub))]


def picture() -> bytes:
    """Four quarters of different colours: whichever way one moves, it looks different."""
    image = Image.new("RGB", (60, 40), (200, 30, 30))
    for place, colour in (((30, 0), (30, 30, 200)), ((0, 20), (30, 200, 30)), ((30, 20), (200, 200, 30))):
        image.paste(colour, (*place, place[0] + 30, place[1] + 20))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
