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
    Command("tab(-1)", "previous tab", "the tab before", "left_square_bracket"),
    Command("tab(1)", "next tab", "log, criteria, chart, events", "right_square_bracket"),
    Command("app.focus_next", "next pane", "move to the next pane", "tab"),
    Command("app.focus_previous", "previous pane", "move to the pane before", "shift+tab"),
    Command("follow", "follow log", "follow the end of the log, or stay", "f"),
    Command("wrap", "wrap log", "break long lines, or cut them", "w"),
    Command("stamps", "log times", "show or hide the time on each line of the log", "t"),
)
APP_COMMANDS = (
    Command("help", "help", "the keys that work here", "question_mark", True),
    Command("palette", "commands", "every command by its name", "colon,ctrl+p", True),
    Command("new", "new worker", "write a worker, from an earlier run or a preset, and start it", "n"),
    Command("edit", "configuration", "change config.toml; comments and order stay, the difference is shown first", "e"),
    Command("hosts", "add hosts", "look at the hosts of ~/.ssh/config, and add some of them", "h"),
    Command("theme", "light or dark", "change the colours", ""),
    Command("suspend_process", "suspend", "back to the shell; fg brings the console back", "ctrl+z"),
    Command("quit", "quit", "leave at once; workers are never touched", "ctrl+c"),
)


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
