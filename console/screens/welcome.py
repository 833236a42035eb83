"""The hosts of ~/.ssh/config: tick some, look at them over a real connection, write them into the configuration."""

import contextlib
import threading
from dataclasses import dataclass, field
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from console import format as fmt
from console.editing.draft import Draft
from console.editing.sshhosts import Offer, addition, offers, ssh_file
from console.examine import Found
from console.parallel import in_thread
from console.plain import plain
from console.screens import setting_up
from console.screens.host_key import KeyDialog
from console.screens.page import Page, said
from console.screens.picture import Picture
from console.screens.saving import SaveDialog
from console.source import Setup, Trial
from console.widgets.lines import Line
from console.widgets.listing import Row
from trainer.schema import ConfigError

_SIGNS = {"error": ("✗", "bad"), "warning": ("!", "warn"), "ok": ("✓", "good")}


class OffersCame(Message):
    """The ssh configuration was read and ssh asked what its names mean."""

    def __init__(self, offers: list[Offer]) -> None:
        super().__init__()
        self.offers = offers


@dataclass(slots=True)
class Looked:
    """What was found of a host so far."""

    found: list[Found] = field(default_factory=list)
    done: bool = False

    @property
    def worst(self) -> tuple[str, str]:
        levels = [item.to_json()["level"] for item in self.found]
        return next((_SIGNS[level] for level in ("error", "warning", "ok") if level in levels), ("○", "quiet"))


class HostsPage(Page):
    """Nothing is written before the difference was shown and agreed to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", "tick", tooltip="choose the host under the cursor"),
        Binding("enter,c", "look", "check", tooltip="connect to the ticked hosts and look what is there"),
        Binding("ctrl+s,w", "write", "write them", tooltip="add the ticked hosts to config.toml; shown first"),
        Binding("t", "type", "another", tooltip="a host that is not in the list: type it as after ssh"),
        Binding("escape", "back", "back", tooltip="back; nothing is written"),
    ]

    def __init__(self, picture: Picture, setup: Setup) -> None:
        super().__init__(picture)
        self._setup = setup
        self._offers: list[Offer] | None = None
        self._ticked: list[str] = []
        self._looked: dict[str, Looked] = {}
        self._trial: Trial | None = None
        self._keys_shown: set[str] = set()

    def on_mount(self) -> None:
        known = {host.ssh for host in self._setup.config.hosts.values() if host.ssh}
        names = set(self._setup.config.hosts)
        threading.Thread(target=lambda: self._post(OffersCame(offers(known, names))), daemon=True).start()

    def on_offers_came(self, message: OffersCame) -> None:
        self._offers = [*message.offers, *(self._offers or [])]
        self.refresh_page()

    def on_unmount(self) -> None:
        if self._trial is not None:
            threading.Thread(target=self._trial.close, daemon=True).start()

    def title_line(self, width: int) -> Line:
        count = "" if self._offers is None else f"  {fmt.plural(len(self._offers), 'host')}"
        return (
            (f" hosts of {plain(str(ssh_file()))}", "accent strong"),
            (count, "text"),
            (f"   {len(self._ticked)} ticked" if self._ticked else "", "text"),
        )

    def rows(self, width: int) -> list[Row]:
        if self._offers is None:
            return [Row(None, (("  reading it …", "quiet"),))]
        if not self._offers:
            return [Row(None, (("  it names no host; t: type one, as after ssh", "quiet"),))]
        wide = max(len(item.name) for item in self._offers)
        return [Row(item.name, self._row(item, min(wide, 24), width)) for item in self._offers]

    def _row(self, item: Offer, wide: int, width: int) -> Line:
        tick = "known" if item.known else "[x]" if item.name in self._ticked else "[ ]"
        looked = self._looked.get(item.name)
        sign, tone = looked.worst if looked else (" ", "quiet")
        if looked and not looked.done:
            sign, tone = "◌", "accent"
        state = _in_short(looked) if looked else ""
        where = fmt.fit(plain(item.where), min(34, max(10, width - wide - 40)))
        return (
            (f" {tick:5} ", "quiet" if item.known else "text"),
            (fmt.fit(plain(item.name), wide), "strong"),
            (f"  {where}  ", "quiet"),
            (f"{sign} ", tone),
            (state, "text"),
        )

    def foot(self, width: int) -> list[Line]:
        item = self._item
        if item is None:
            return []
        looked = self._looked.get(item.name)
        lines: list[Line] = [((" " + "─" * max(0, width - 2), "line"),)]
        if item.known:
            return [*lines, *said(f"{item.name} is in the configuration already", "quiet", width)]
        if looked is None:
            words = "space ticks it, enter looks at what is ticked: login, key, programs, GPUs; w writes it down"
            return [*lines, *said(item.problem or words, "warn" if item.problem else "quiet", width)]
        for found in sorted(looked.found, key=lambda item: (item.ok, not item.warn)):
            sign, tone = _SIGNS[str(found.to_json()["level"])]
            mend = f" — {plain(found.mend)}" if found.mend else ""
            lines += said(f"{found.name}  {plain(found.detail)}{mend}", "text" if tone == "good" else tone, width, sign)
        return lines if looked.done else [*lines, *said("looking …", "quiet", width)]

    def action_tick(self) -> None:
        item = self._item
        if item is not None and not item.known:
            self._ticked = [name for name in self._ticked if name != item.name] + (
                [] if item.name in self._ticked else [item.name]
            )
            self.listing.action_move(1)
            self.refresh_page()

    def action_look(self) -> None:
        """Look at those that are ticked, else at the one under the cursor."""
        item = self._item
        if not self._ticked and item is not None and not item.known:
            self._ticked = [item.name]
        names = [name for name in self._ticked if name not in self._looked or self._looked[name].done]
        if not names:
            return
        draft = self._draft()
        if draft is None:
            return
        if self._trial is not None:
            threading.Thread(target=self._trial.close, daemon=True).start()
        self._trial = self._setup.trial(draft.config())
        self._keys_shown.difference_update(names)  # whoever asks again may look at the key again
        for name in names:
            self._look_at(name, self._trial)

    def on_listing_opened(self) -> None:
        self.action_look()

    def action_type(self) -> None:
        self.ask("The host as you would type it after ssh: gpu1, user@host, user@host:port", "", self._typed)

    def action_write(self) -> None:
        item = self._item
        if not self._ticked and item is not None and not item.known:
            self._ticked = [item.name]
        draft = self._draft()
        if draft is None or not self._ticked:
            return
        bad = [name for name in self._ticked if name in self._looked and self._looked[name].worst[0] == "✗"]
        then = f"{', '.join(bad)}: not everything is right yet; it can be written all the same." if bad else ""
        self.app.push_screen(SaveDialog(draft, then), self._written)

    def _written(self, saved: Draft | None) -> None:
        if saved is not None:
            trial, self._trial = self._trial, None
            setting_up.written(self.console, saved, trial)
            self.dismiss()

    def _typed(self, text: str) -> None:
        if not text.strip():
            return
        offer = addition(text.strip(), {item.name for item in self._offers or []} | set(self._setup.config.hosts))
        if offer.problem:
            self.console.say(offer.problem)
            return
        self._offers = [*(self._offers or []), offer]
        self._ticked.append(offer.name)
        self.refresh_page()
        self.listing.go(offer.name)

    def _draft(self) -> Draft | None:
        try:
            draft = self._setup.draft()
            for item in self._offers or []:
                if item.name in self._ticked:
                    draft = draft.with_change(("hosts", item.name), item.table)
            draft.config()
        except (ConfigError, ValueError) as error:
            self.console.say(str(error).splitlines()[0])
            return None
        return draft

    def _look_at(self, name: str, trial: Trial) -> None:
        looked = self._looked[name] = Looked()

        async def go() -> None:
            async for found in in_thread(lambda: trial.look(name)):
                looked.found.append(found)
                self.refresh_page()
            looked.done = True
            self.refresh_page()
            self._ask_about_key(name, trial, looked)

        self.run_worker(go(), name=f"look at {name}")
        self.refresh_page()

    def _ask_about_key(self, name: str, trial: Trial, looked: Looked) -> None:
        """A key that nobody has looked at: show it, and look again when it is trusted."""
        if looked.found and looked.found[-1].name == "host key" and name not in self._keys_shown:
            self._keys_shown.add(name)
            self.app.push_screen(KeyDialog(trial.door, name), lambda known: self._key_known(name, trial, known))

    def _key_known(self, name: str, trial: Trial, known: bool | None) -> None:
        if known:
            self._look_at(name, trial)

    @property
    def _item(self) -> Offer | None:
        return next((item for item in self._offers or [] if item.name == self.listing.at), None)

    def _post(self, message: Message) -> None:
        with contextlib.suppress(RuntimeError):  # the screen is gone
            self.post_message(message)


def _in_short(looked: Looked) -> str:
    """The row's few words: the first thing that is wrong, else what it has."""
    bad = next((item for item in looked.found if not item.ok), None)
    if bad is not None:
        return f"{bad.name}: {plain(bad.detail)}"
    if not looked.done:
        return f"{looked.found[-1].name} …" if looked.found else "connecting …"
    gpu = [plain(item.detail) for item in looked.found if item.name in ("GPU driver", "GPU")]
    warned = sum(item.warn for item in looked.found)
    return f"{gpu[0] if gpu else 'ready'}{f', {warned} to know' if warned else ''}"
