"""One live link to a host: keeps a probe running there and hands on what it says, for as long as it is open.

One daemon thread reads, decodes, calls the listener and sends beats in between. When nothing came for three heartbeats
(`remote.silence`) the channel is closed and opened anew; the probe then starts from the offsets that `offsets` gives.
"""

import contextlib
import dataclasses
import threading
import time
from collections.abc import Callable

from remote import bundle
from remote.backoff import Backoff
from remote.errors import AuthFailed, CommandFailed, HostKeyProblem, HostLacks, RemoteError, Unreachable
from remote.events import Event, Hello, LinkPhase, LinkState
from remote.silence import Ear
from remote.transport import Channel, Transport
from remote.watch import Offsets, Watch
from remote.wire import Decoder, encode_beat, encode_watch

Listener = Callable[[list[Event]], None]

PIECE = 64 * 1024


@dataclasses.dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `heartbeat` is the probe's own rhythm; `first_word` bounds the start of Python on a slow host."""

    heartbeat: float = 1.0
    missed: int = 3
    first_word: float = 20.0
    lease: float = 15.0
    settled: float = 5.0  # a connection that lived that long was a good one: the next try comes at once
    first_retry: float = 0.1
    longest_retry: float = 30.0


class Link:
    """`start()`, then batches of events on the link's own thread, until `close()`. The transport stays the caller's."""

    def __init__(
        self,
        transport: Transport,
        watch: Watch,
        offsets: Callable[[], Offsets],
        listener: Listener,
        *,
        python: str = "python3",
        name: str = "host",
        timing: Timing | None = None,
    ) -> None:
        self.damaged_lines = 0
        self._transport, self._watch, self._offsets, self._listener = transport, watch, offsets, listener
        self._python, self._name, self._timing = python, name, timing or Timing()
        self._backoff = Backoff(self._timing.first_retry, self._timing.longest_retry)
        self._thread = threading.Thread(target=self._run, name=f"link {name}", daemon=True)
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._said: LinkState | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def retry(self) -> None:
        """Do not wait any longer: try now. The only way on after a refused login or an unknown host key."""
        self._wake.set()

    def close(self) -> None:
        """End the probe and both threads; safe to call twice. The last event is LinkState("closed")."""
        self._closing.set()
        self._wake.set()
        with self._lock:
            channel = self._channel
        if channel is not None:
            channel.close()
        while self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._transport.give_up()  # it may be just about to connect: until it has ended
            self._thread.join(0.1)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._tell("connecting")
                self._pause(self._once())
        except Exception as error:
            self._tell("broken", f"{type(error).__name__}: {error}", "this is a fault of the console; restart it")
            raise
        self._tell("closed")

    def _once(self) -> LinkState:
        """One connection from beginning to end; says why it ended."""
        try:
            self._transport.connect()
            return self._session()
        except (AuthFailed, HostKeyProblem) as error:
            phase: LinkPhase = "auth failed" if isinstance(error, AuthFailed) else "host key"
            return LinkState(phase, error.what, error.mend)
        except Unreachable as error:
            return LinkState("unreachable", error.what, error.mend, self._backoff.next())
        except RemoteError as error:
            return LinkState("broken", error.what, error.mend, self._timing.longest_retry)

    def _session(self) -> LinkState:
        began = time.monotonic()
        channel = self._transport.open(bundle.argv(self._python))
        with self._lock:
            self._channel = channel
        timing = self._timing
        ear = Ear(channel.close, timing.heartbeat * timing.missed, timing.first_word, self._name)
        decoder = Decoder()
        try:
            if self._closing.is_set():
                return LinkState("closed")
            ear.listen()
            with contextlib.suppress(Unreachable):  # whatever ended it has been said on its other two streams
                channel.send(bundle.bundle() + self._request())
            greeted = self._pass_on(channel, ear, decoder)
            if greeted and time.monotonic() - began >= self._timing.settled:
                self._backoff.reset()
            if ear.silent_for is not None:
                said = f"nothing heard for {ear.silent_for:.1f} s"
                return self._say(LinkState("stale", said, "", self._backoff.next()))
        finally:
            self._channel = None
            channel.close()
            ear.stop()
            self.damaged_lines += decoder.damaged
        if not greeted:
            raise self._never_began(channel.stderr())
        return LinkState("unreachable", "the probe ended" + _last_line(channel.stderr()), "", self._backoff.next())

    def _request(self) -> bytes:
        return encode_watch(self._watch, self._offsets(), self._timing.lease, self._timing.heartbeat)

    def _pass_on(self, channel: Channel, ear: Ear, decoder: Decoder) -> bool:
        """Hand on everything, with a beat now and then, until the channel ends; True when the probe has greeted."""
        greeted = False
        rhythm = self._timing.lease / 3
        next_beat = time.monotonic() + rhythm
        while data := channel.recv(PIECE):
            ear.heard()
            ear.busy()
            batch = decoder.feed(data)
            if not greeted and any(isinstance(event, Hello) for event in batch):
                greeted = True
                batch.insert(0, LinkState("connected"))
            if batch and not self._closing.is_set():
                self._listener(batch)
            ear.heard()
            if (now := time.monotonic()) >= next_beat:
                next_beat = now + rhythm
                with contextlib.suppress(Unreachable):  # recv hears the same, and says so
                    channel.send(encode_beat())
        return greeted

    def _never_began(self, stderr: bytes) -> RemoteError:
        text = stderr.decode("utf-8", "replace")
        mend = "install Python 3.8 or newer on the host, or name its interpreter in the host's `python` key"
        if "not found" in text or "No such file" in text:
            return HostLacks(f"the host has no {self._python}", mend)
        if "too old" in text:
            return HostLacks(text.strip().splitlines()[-1], mend)
        return CommandFailed(f"the probe did not start{_last_line(stderr)}", mend, output=text)

    def _pause(self, state: LinkState) -> None:
        """Say how it stands and wait for the next try."""
        if self._closing.is_set() or state.phase == "closed":
            return
        self._wake.clear()
        if self._closing.is_set():
            return
        self._say(state)
        self._wake.wait(state.retry_in)

    def _tell(self, phase: LinkPhase, detail: str = "", mend: str = "") -> None:
        self._say(LinkState(phase, detail, mend))

    def _say(self, state: LinkState) -> LinkState:
        """Tell the listener, once: what is known early is said before the clearing up."""
        if state is not self._said:
            self._said = state
            self._listener([state])
        return state


def _last_line(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1]}" if lines else ""
