"""paramiko's Transport as this product needs it. Everything that touches its inside stands here, and has tests.

- Modern algorithms only, AES-GCM first.
- No rekey deadlock: paramiko answers a channel's close from its reading thread and then waits there for the end of a
  key exchange that only this thread could read. Here such answers wait in a queue until the new keys are in force, and
  nobody sends anything once our own half of an exchange is out. Our side asks for new keys only after 2**35 bytes.
- stderr is taken off the channel by the reading thread, so that nobody has to read it to keep the channel going.
- exit-signal is read: a killed command has a code, −N, as everywhere in Python.
- `answers` asks the server for a word, with a bound.
- A command is asked for without waiting for the consent, which paramiko awaits without a bound: a refusal closes the
  channel. That is one round trip less, too.
- A channel's window follows the round trip that its opening took: what is far away needs more bytes on the way.
- What has arrived is taken off the socket at once: paramiko asks for each packet's length first and then for its rest.
"""

# The stubs leave out what is overridden here:
# mypy: disable-error-code="attr-defined,misc,union-attr"

import contextlib
import logging
import signal
import socket
import threading
import time
from typing import Any, ClassVar, cast

import paramiko
from paramiko.common import (
    MSG_CHANNEL_EXTENDED_DATA,
    MSG_CHANNEL_REQUEST,
    cMSG_CHANNEL_REQUEST,
    cMSG_CHANNEL_WINDOW_ADJUST,
    cMSG_GLOBAL_REQUEST,
)

from remote.ssh.host_certificate import SUFFIX

logging.getLogger("paramiko").addHandler(logging.NullHandler())  # errors are told by exceptions, not on stderr

KEPT_STDERR = 64 * 1024
NEAR_WINDOW = 4 * 2**20  # more costs sshd CPU and brings nothing
FAR_WINDOW = 16 * 2**20
FAST = 200 * 2**20  # bytes/s that a window must not hold back
REKEY_BYTES = 2**35
CIPHERS = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
MACS = ("hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com", "hmac-sha2-256", "hmac-sha2-512")


class Notes:
    """What paramiko's channel has no room for."""

    def __init__(self) -> None:
        self.stderr = bytearray()
        self.signal: int | None = None


def _take_stderr(channel: paramiko.Channel, message: paramiko.Message) -> None:
    message.get_int()  # the only kind there is
    data = message.get_binary()
    engine = channel.transport
    notes = engine.notes_of(channel.chanid)
    notes.stderr += data
    del notes.stderr[:-KEPT_STDERR]
    more = channel._check_add_window(len(data))
    if more > 0:
        engine.give_room(channel, more)


def _take_request(channel: paramiko.Channel, message: paramiko.Message) -> None:
    position = message.packet.tell()
    if message.get_text() == "exit-signal":
        message.get_boolean()
        found = getattr(signal, f"SIG{message.get_text()}", signal.SIGKILL)
        channel.transport.notes_of(channel.chanid).signal = int(found)
        return
    message.packet.seek(position)
    channel._handle_request(message)


class Buffered:
    """A socket from which recv takes what is there, and gives it out in pieces. All else is the socket's own.

    AT_ONCE holds some packets of a probe; what is larger is read past it, so that few bytes are copied twice.
    """

    AT_ONCE = 2 * 1024

    def __init__(self, sock: Any) -> None:
        self._sock, self._held, self._at = sock, b"", 0

    def recv(self, size: int) -> bytes:
        if self._at == len(self._held):
            if size >= self.AT_ONCE:
                return bytes(self._sock.recv(size))
            self._held, self._at = self._sock.recv(self.AT_ONCE), 0
        piece = self._held[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _nothing() -> None:
    pass


def window_for(round_trip: float) -> int:
    """Bytes that may be on the way."""
    return int(min(FAR_WINDOW, max(NEAR_WINDOW, round_trip * FAST)))


class Engine(paramiko.Transport):
    """One SSH connection, over anything that behaves like a socket."""

    _channel_handler_table: ClassVar[dict[int, Any]] = {
        **paramiko.Transport._channel_handler_table,
        MSG_CHANNEL_EXTENDED_DATA: _take_stderr,
        MSG_CHANNEL_REQUEST: _take_request,
    }

    def __init__(self, sock: Any) -> None:
        self._later: list[Any] = []
        self._notes: dict[int, Notes] = {}
        self._exchange = threading.Lock()
        self._asking = threading.Lock()
        self._certificates = False
        self._deaf = False  # it did not answer once: nobody needs to wait for it again
        self._opening = (
            threading.Lock()
        )  # paramiko keeps one refusal: of two at once, one would come without its reason
        self.round_trip = float("inf")  # the fastest so far
        self.shell = ""  # the login shell behind it, once a command has said so
        super().__init__(cast("socket.socket", Buffered(sock)), default_window_size=NEAR_WINDOW)
        self.packetizer.REKEY_BYTES = REKEY_BYTES
        self.packetizer.REKEY_BYTES_OVERFLOW_MAX = REKEY_BYTES
        options = self.get_security_options()
        options.ciphers = CIPHERS
        options.digests = MACS
        options.kex = tuple(name for name in options.kex if not name.endswith("sha1"))

    def prefer(self, kinds: list[str], *, certificates: bool = False) -> None:
        """Ask for host keys of these types before all others, and for certificates before plain keys."""
        self._certificates = certificates
        options = self.get_security_options()
        wanted = {"rsa-sha2-512", "rsa-sha2-256"} if "ssh-rsa" in kinds else set()
        wanted |= set(kinds)
        options.key_types = sorted(options.key_types, key=lambda name: name not in wanted)  # stable

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        names = super().preferred_keys
        if not self._certificates:
            return tuple(names)
        return tuple(sorted(names, key=lambda name: not name.endswith(SUFFIX)))  # stable

    @property
    def host_certificate(self) -> bytes:
        """What the host showed in place of a plain key; empty when it was one."""
        blob = self.get_remote_server_key().public_blob
        return blob.key_blob if blob is not None else b""

    def notes_of(self, number: int) -> Notes:
        return self._notes.setdefault(number, Notes())

    def forget(self, number: int) -> None:
        self._notes.pop(number, None)

    def session(self, timeout: float) -> paramiko.Channel:
        """A new channel, with a window for the way that it has."""
        with self._opening:
            began = time.monotonic()
            channel = self.open_session(timeout=timeout)
            self.round_trip = min(self.round_trip, time.monotonic() - began)
        window = window_for(self.round_trip)
        if window > NEAR_WINDOW:
            channel._set_window(window, channel.in_max_packet_size)
            self.give_room(channel, window - NEAR_WINDOW)
        return channel

    def execute(self, channel: paramiko.Channel, line: str) -> None:
        """Ask for a command. A refusal closes the channel."""
        request = paramiko.Message()
        request.add_byte(cMSG_CHANNEL_REQUEST)
        request.add_int(channel.remote_chanid)
        request.add_string("exec")
        request.add_boolean(True)
        request.add_string(line)
        channel._event_pending()
        self._send_user_message(request)

    def give_room(self, channel: paramiko.Channel, more: int) -> None:
        """The server may send so many bytes more."""
        answer = paramiko.Message()
        answer.add_byte(cMSG_CHANNEL_WINDOW_ADJUST)
        answer.add_int(channel.remote_chanid)
        answer.add_int(more)
        self._send_user_message(answer)

    def handshake(self, timeout: float) -> None:
        """Greeting and key exchange, bounded as a whole: TimeoutError, or what paramiko raises."""
        done = threading.Event()
        self.banner_timeout = self.handshake_timeout = timeout
        self.start_client(event=done)
        in_time = done.wait(timeout)
        if in_time and self.is_active():
            return
        error = self.get_exception()
        self.end()
        if not in_time:
            raise TimeoutError
        raise error or EOFError

    def answers(self, timeout: float) -> bool:
        """Does the server say anything when it is asked?"""
        if self._deaf or not self.is_active():
            return False
        with self._asking:
            self.completion_event = answered = threading.Event()
            question = paramiko.Message()
            question.add_byte(cMSG_GLOBAL_REQUEST)
            question.add_string("keepalive@openssh.com")
            question.add_boolean(True)
            try:
                self._send_user_message(question)
            except (EOFError, OSError, paramiko.SSHException):
                return False
            self._deaf = not answered.wait(timeout)
            return not self._deaf and bool(self.is_active())

    def wake(self) -> None:
        """Whoever waits in `answers` has waited long enough."""
        if self.completion_event is not None:
            self.completion_event.set()

    def settle(self) -> None:
        """Logged in: from now on the reading thread sleeps until something comes. `hang_up` wakes it."""
        self.sock.settimeout(None)
        setattr(self.packetizer, "complete_handshake", _nothing)  # noqa: B010 - paramiko says so after each packet, with a lock and an event

    def hang_up(self) -> None:
        """End the wait of everybody who waits for the other side."""
        with contextlib.suppress(OSError, EOFError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Close, and wait for the reading thread."""
        self.hang_up()
        self.close()
        self.sock.close()
        if self.ident is not None and threading.current_thread() is not self:
            self.join(3.0)

    def _send_kex_init(self) -> None:
        with self._exchange:
            if self.local_kex_init is not None:
                return  # our half is out already
            with self.clear_to_send_lock:
                self.clear_to_send.clear()
            super()._send_kex_init()

    def _send_user_message(self, data: Any) -> None:
        if threading.current_thread() is self:
            if self.clear_to_send.is_set():
                self._send_message(data)
            else:
                self._later.append(data)
            return
        super()._send_user_message(data)

    def _parse_newkeys(self, message: Any) -> None:
        super()._parse_newkeys(message)
        later, self._later = self._later, []
        for data in later:
            self._send_message(data)

    def renew_keys(self, timeout: float) -> None:
        """New keys now; TimeoutError when the server does not take part."""
        end = time.monotonic() + timeout
        self.completion_event = done = threading.Event()
        self._send_kex_init()
        if not done.wait(max(0.0, end - time.monotonic())) or not self.is_active():
            raise TimeoutError
