"""A host's key is looked at for the first time: its fingerprint, and the question whether it is the host's own."""

from console.parallel import in_thread
from console.plain import plain
from console.screens.dialog import Dialog, bullets
from console.source import Door, HostKey
from console.widgets.choices import Choices
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line
from remote.errors import RemoteError

LEAVE, TRUST, CLOSE = "leave it", "it is the same: trust it", "close"
_COMPARE = "Compare it with what the host itself says, on its own console or from whoever set it up:"


class KeyDialog(Dialog[bool]):
    """True when every key on the way is known now. Nothing is written before the choice."""

    title_text = "Host key"

    def __init__(self, door: Door, host: str) -> None:
        super().__init__()
        self._door, self._host = door, host
        self._key: HostKey | None = None
        self._written: list[str] = []
        self._problem: RemoteError | None = None

    def on_mount(self) -> None:
        self._look()

    def choices(self) -> tuple[str, ...]:
        return (LEAVE, TRUST) if self._key is not None else (CLOSE,)

    def lines(self, width: int) -> list[Line]:
        lines: list[Line] = [BLANK]
        for text in self._written:
            lines += [((" ✓ ", "good"), (part, "text")) for part in folded(plain(text), width - 4)]
        if self._problem is not None:
            lines += [((" ✗ ", "bad"), (part, "text")) for part in folded(plain(self._problem.what), width - 4)]
            lines += [((f"   {part}", "warn"),) for part in folded(plain(self._problem.mend), width - 4)]
            return [*lines, BLANK]
        if self._key is None:
            return [*lines, *bullets([f"asking {plain(self._host)} for its key …"]), BLANK]
        key = self._key
        return [
            *lines,
            ((f"   {plain(key.known_as)}", "strong"), (" shows a key that nobody has looked at yet:", "text")),
            ((f"   {plain(key.kind)} ", "quiet"), (plain(key.fingerprint), "accent")),
            BLANK,
            *bullets(folded(_COMPARE, width - 4)),
            *bullets([f"ssh-keygen -lf /etc/ssh/ssh_host_{_short(key.kind)}_key.pub"], "quiet"),
            BLANK,
        ]

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        if event.name == TRUST and self._key is not None:
            self._trust(self._key)
        else:
            self.close(False)

    def _look(self) -> None:
        self.run_worker(self._ask_host(), exclusive=True)

    async def _ask_host(self) -> None:
        """Ask the host, in a thread: it may take as long as a connection takes."""
        try:
            async for key in in_thread(lambda: iter([self._door.key_of(self._host)])):
                self._key = key
        except RemoteError as error:
            self._problem = error
        if self._key is None and self._problem is None:
            self._door.knock(self._host)
            self.close(True)
        self.refresh_body()

    def _trust(self, key: HostKey) -> None:
        try:
            path = self._door.trust(key)
        except RemoteError as error:
            self._problem = error
        else:
            self._written.append(f"{key.known_as} {key.fingerprint} written to {path}")
        self._key = None
        self.refresh_body()
        if self._problem is None:
            self._look()  # behind a jump host there may be another one


def _short(kind: str) -> str:
    """The name that sshd gives the file of such a key."""
    return "ecdsa" if kind.startswith("ecdsa") else "rsa" if "rsa" in kind else "ed25519"
