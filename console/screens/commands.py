"""Every command once: its key, its name in help and palette, what it does. Bindings and palette are made of this."""

from dataclasses import dataclass

from textual.binding import Binding

from console.screens.keys import key_name


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
    Command("full_log", "full log", "the whole log on the whole screen; tagged workers merged by time", "L"),
    Command("filter", "filter", "show only some workers: text, !text, state=failed, acc>0.8", "slash", True),
    Command("compare", "compare", "tagged workers beside each other: figures, settings, curves over each other", "c"),
    Command("standings", "standings", "the race: how near each rival is, who won, what became of the others", "v"),
    Command("pictures", "pictures", "the pictures that a run drew, here in the terminal", "i"),
    Command("difference", "difference", "the configuration, and what differs from another run's", "d"),
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
CHART_COMMANDS = (
    Command("chart_cursor(-1)", "cursor left", "the cursor of all charts: values there stand in the legends", "left"),
    Command("chart_cursor(1)", "cursor right", "the cursor of all charts, to the right", "right"),
    Command("chart_cursor(-10)", "cursor far left", "the same in long steps", "shift+left"),
    Command("chart_cursor(10)", "cursor far right", "the same in long steps", "shift+right"),
    Command("chart_zoom(True)", "zoom in", "twice as near, around the cursor", "plus"),
    Command("chart_zoom(False)", "zoom out", "twice as far", "minus"),
    Command("chart_pan(-1)", "pan left", "what was before", "less_than_sign"),
    Command("chart_pan(1)", "pan right", "what came later", "greater_than_sign"),
    Command("chart_all", "whole charts", "everything from the first step to the last; no cursor", "0"),
    Command("chart_log", "logarithm", "a logarithmic axis for the chart in question, or a linear one", "y"),
    Command("chart_smooth", "smoothing", "smooth the curves: more and more, then not at all", "m"),
    Command("chart_axis", "axis", "steps, epochs or time below the charts", "X"),
    Command("chart_metrics", "metrics", "choose the metrics that have a chart", "M"),
)
LOG_COMMANDS = (
    Command("follow", "follow", "follow the end, or stay; moving up stays too", "f", True),
    Command("filter", "filter", "only lines that match a regular expression; !text: that do not", "slash", True),
    Command("search", "search", "all lines, those that match marked", "ampersand,ctrl+f", True),
    Command("next", "next found", "the next line that was found", "n"),
    Command("previous", "previous found", "the one before", "N"),
    Command("trace", "traceback", "the first traceback; again: the next", "e", True),
    Command("minutes", "last minutes", "only the last 1, 5, 15, 60 minutes of the log; all", "m", True),
    Command("wrap", "wrap log", "break long lines, or cut them", "w", True),
    Command("stamps", "log times", "show or hide the time on each line of the log", "t"),
    Command("copy", "copy", "copy the line, or the marked ones (space, shift+arrows)", "c", True),
    Command("save", "save", "what is shown, to a file; asks for its name", "ctrl+s", True),
)
FLEET_COMMANDS = (
    Command("columns", "columns", "choose the columns of the workers, and their order", "C"),
    Command("sort_next", "sort", "sort the workers by the next column", "o"),
    Command("turn", "turn order", "the other way round", "O"),
    Command("sort_by('')", "no order", "workers in the order of the configuration"),
    Command("sort_by('worker')", "sort by name", "workers by their names", "W"),
    Command("sort_by('state')", "sort by state", "workers in the order of a worker's life", "S"),
    Command("sort_by('host')", "sort by host", "workers by their hosts", "H"),
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
SHELL_COMMANDS = (
    Command("help", "help", "the keys that work here", "question_mark", True),
    Command("palette", "commands", "every command by its name", "colon,ctrl+p", True),
    Command("theme", "theme", "dark, light, high contrast, colour-blind, the terminal's own colours", ""),
    Command("toasts", "toasts", "tell in the corner what ends, wins or fails, or do not; it is kept", ""),
    Command("test_alerts", "test alerts", "one through each [alerts.NAME], to see that it arrives", ""),
    Command("suspend_process", "suspend", "back to the shell; fg brings the console back", "ctrl+z"),
    Command("quit", "quit at once", "leave at once; workers are never touched", "ctrl+c"),
)
CONFIG_COMMANDS = (
    Command("new", "new worker", "write a worker, from an earlier run or a preset, and start it", "n"),
    Command("edit", "configuration", "change config.toml; comments and order stay, the difference is shown first", "e"),
    Command("hosts", "add hosts", "look at the hosts of ~/.ssh/config, and add some of them", "h"),
)
APP_COMMANDS = (*CONFIG_COMMANDS, *SHELL_COMMANDS)


# The log screen has its own words for some of these, LOG_COMMANDS.
COMMANDS = (*WORKER_COMMANDS, *HOST_COMMANDS, *VIEW_COMMANDS, *CHART_COMMANDS, *FLEET_COMMANDS, *APP_COMMANDS)


def key_hint(action: str) -> str:
    """ "r: resume", for a command that has a key of its own."""
    item = next((item for item in COMMANDS if item.action == action and item.key), None)
    return "" if item is None else f"{key_name(item.key.partition(',')[0])}: {item.name}"


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
