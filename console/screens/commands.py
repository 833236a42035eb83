"""Every command once: its key, its name in help and palette, what it does. Bindings and palette are made of this."""

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Command:
    """What a person can do. Without a key it is in the palette only."""

    action: str
    name: str
    tell: str
    key: str = ""
    footer: bool = False
    changes: bool = False  # does something to workers: off when read-only


WORKER_COMMANDS = (
    Command(
        "start", "start", "start the selected or tagged workers; their configuration is checked first", "s", True, True
    ),
    Command("stop", "stop", "ask workers to save a checkpoint and end, then make sure; asks first", "x", True, True),
    Command("kill", "kill", "end workers at once, without a checkpoint; asks first", "", False, True),
    Command("resume", "resume", "go on from the last checkpoint", "r", False, True),
    Command("race", "race", "start all workers of a race; the first to meet all criteria wins", "R", True, True),
    Command("pull", "pull", "results, logs and checkpoints of workers onto this laptop, verified; asks first", "p"),
    Command("attach", "attach", "the worker's own terminal; leave it with ctrl+b d", "a", False, True),
)
VIEW_COMMANDS = (
    Command("open", "open", "look at the worker on the whole screen", "enter", True),
    Command("log", "log", "the worker's log", "l", True),
    Command("filter", "filter", "show only some workers: text, !text, state=failed, acc>0.8", "slash", True),
    Command("admit", "let in", "hosts that wait for you: a key to look at, a passphrase; try the others again", "u"),
    Command("tag", "tag", "mark a worker: actions apply to all that are marked", "space"),
    Command("tab(-1)", "previous tab", "the tab before", "left_square_bracket"),
    Command("tab(1)", "next tab", "log, criteria, chart, events, what happened", "right_square_bracket"),
    Command("app.focus_next", "next pane", "move to the next pane", "tab"),
    Command("app.focus_previous", "previous pane", "move to the pane before", "shift+tab"),
    Command("follow", "follow log", "follow the end of the log, or stay", "f"),
    Command("wrap", "wrap log", "break long lines, or cut them", "w"),
    Command("stamps", "log times", "show or hide the time on each line of the log", "t"),
)
FLEET_COMMANDS = (
    Command("columns", "columns", "choose the columns of the workers, and their order", "C"),
    Command("sort_next", "sort", "sort the workers by the next column", "o"),
    Command("turn", "turn order", "the other way round", "O"),
    Command("sort_by('')", "no order", "workers in the order of the configuration"),
    Command("sort_by('worker')", "sort by name", "workers by their names", "W"),
    Command("sort_by('state')", "sort by state", "workers in the order of a worker's life", "S"),
    Command("sort_by('host')", "sort by host", "workers by their hosts", "H"),
    Command("sort_by('loss')", "sort by loss", "the smallest loss first", "L"),
    Command("fold", "fold hosts", "all hosts, or only those that need a look", "z"),
    Command("taller(1)", "taller tables", "a line more for hosts and workers", "plus"),
    Command("taller(-1)", "smaller tables", "a line more for the selected worker", "minus"),
)
HOST_COMMANDS = (
    Command("examine", "check host", "look now for everything that would fail later; changes nothing", "T", True),
    Command("copy", "copy", "the selected command, or what the line says, for the clipboard", "c", True),
    Command("empty", "empty cache", "empty the selected cache on the host; asks first", "E", True, True),
    Command("deploy", "deploy", "bring the code of this host's workers there now", "D", False, True),
    Command("adopt", "adopt", "look at the selected session that was started without trajconsole", "A", False, True),
)
APP_COMMANDS = (
    Command("help", "help", "the keys that work here", "question_mark", True),
    Command("palette", "commands", "every command by its name", "colon,ctrl+p", True),
    Command("theme", "theme", "dark, light, high contrast, colour-blind, the terminal's own colours", ""),
    Command("suspend_process", "suspend", "back to the shell; fg brings the console back", "ctrl+z"),
    Command("quit", "quit at once", "leave at once; workers are never touched", "ctrl+c"),
)


COMMANDS = (*WORKER_COMMANDS, *HOST_COMMANDS, *VIEW_COMMANDS, *FLEET_COMMANDS, *APP_COMMANDS)


def method(action: str) -> str:
    """The name behind an action: `tab` of `tab(-1)`, `focus_next` of `app.focus_next`."""
    return action.partition("(")[0].rpartition(".")[2]


def bindings(commands: tuple[Command, ...], *, prefix: str = "") -> list[Binding]:
    """Bindings of those commands that have a key."""
    return [
        Binding(
            item.key,
            prefix + item.action,
            item.name,
            show=item.footer,
            tooltip=item.tell,
            priority=item.key == "ctrl+c",
        )
        for item in commands
        if item.key
    ]
