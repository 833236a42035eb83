"""The ways into the configuration: new hosts, a new worker, the editor; and taking up what was written."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.config import Config, load
from trainer.schema import ConfigError

if TYPE_CHECKING:
    from console.app import ConsoleApp
    from console.editing.draft import Draft
    from console.source import Setup, Trial


def add_hosts(app: "ConsoleApp") -> None:
    """The hosts of ~/.ssh/config."""
    from console.screens.welcome import HostsPage  # noqa: PLC0415 - only when it is asked for

    setup = _setup(app)
    if setup is not None and not isinstance(app.screen, HostsPage):
        app.push_screen(HostsPage(app.take_picture(), setup))


def new_worker(app: "ConsoleApp") -> None:
    """A worker to be written and started."""
    from console.screens.base import WorkersScreen  # noqa: PLC0415
    from console.screens.new import NewPage  # noqa: PLC0415

    setup = _setup(app)
    if setup is None or isinstance(app.screen, NewPage):
        return
    row = next(iter(app.screen.marked), None) if isinstance(app.screen, WorkersScreen) else None
    app.push_screen(NewPage(app.take_picture(), setup, worker=row.worker if row else "", run=row.key if row else None))


def edit(app: "ConsoleApp") -> None:
    """The configuration on a screen of its own."""
    from console.screens.edit import EditPage  # noqa: PLC0415

    setup = _setup(app)
    if setup is None or isinstance(app.screen, EditPage):
        return
    try:
        draft = setup.draft()
    except ConfigError as error:
        app.say(str(error.problems[0]))
    else:
        app.push_screen(EditPage(app.take_picture(), setup, draft))


def look_at_file(app: "ConsoleApp") -> None:
    """Take up what somebody else has written into the configuration."""
    setup = app.setup
    if setup is None or not setup.outdated:
        return
    try:
        config = load(setup.config.path)
    except ConfigError as error:
        more = f", and {len(error.problems) - 1} more" if len(error.problems) > 1 else ""
        first = str(error.problems[0]).removeprefix(f"{setup.config.path.parent}/")
        app.say(f"not taken up: {first}{more}")
    else:
        taken_up(app, config, f"{config.path.name} was changed and is taken up")


def written(
    app: "ConsoleApp", draft: "Draft", trial: "Trial | None" = None, then: Callable[[], object] = lambda: None
) -> None:
    """A draft was saved: take it up, and go on."""
    app.guide = ""  # it speaks of a console that nobody has configured
    taken_up(app, draft.config(), f"written to {draft.path}", trial, then)


def once(app: "ConsoleApp", draft: "Draft", name: str, text: str, then: Callable[[], object]) -> None:
    """A worker is taken up that no file has, and started."""
    config = app.once.add(draft.config(), name, text)
    taken_up(app, config, "in no file, known until you leave", then=then)


def taken_up(
    app: "ConsoleApp",
    config: Config,
    words: str,
    trial: "Trial | None" = None,
    then: Callable[[], object] = lambda: None,
) -> None:
    """Go on with another configuration, and say what is different."""
    setup = app.setup
    assert setup is not None
    old, config = setup.config, app.once.among(config)

    async def go() -> None:
        await setup.take_up(config, trial)
        if trial is not None:
            trial.close()
        app.say(f"{differences(old, config)}{words}")
        then()

    app.run_worker(go(), name="take up", group="take up")


def differences(old: Config, new: Config) -> str:
    """In words: which hosts, workers and races are new, gone or others."""
    parts = []
    for word, before, after in (("host", old.hosts, new.hosts), ("worker", old.workers, new.workers),
                                ("race", old.races, new.races)):  # fmt: skip
        for sign, names in (
            ("new", [name for name in after if name not in before]),
            ("without", [name for name in before if name not in after]),
            ("changed", [name for name in after if name in before and after[name] != before[name]]),
        ):
            if names:
                parts.append(f"{sign} {word}{'s' if len(names) > 1 else ''} {', '.join(names)}")
    return f"{'; '.join(parts)}: " if parts else ""


def _setup(app: "ConsoleApp") -> "Setup | None":
    if app.setup is None or app.source.readonly:
        app.say("this console only looks" if app.source.readonly else "there is no configuration behind this screen")
        return None
    return app.setup
