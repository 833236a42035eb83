"""The keyboard-interactive login: the server sends prompts, a person answers them, as often as the server likes.

paramiko asks from its reading thread, which then hears nothing while a person thinks. Here the prompts go to the
thread that logs in: a server that hangs up meanwhile is noticed, and only the server's own time counts as waiting.
"""

# The stubs leave out what is overridden here:
# mypy: disable-error-code="attr-defined"

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import paramiko
from paramiko.auth_handler import AuthHandler
from paramiko.common import cMSG_USERAUTH_INFO_RESPONSE

MOST_PROMPTS = 16  # in one round, and rounds in one login
LONGEST = 200  # of a line that is shown to a person
MOST_LINES = 20
_WHOM = re.compile(r"\([^()\s]+@[^()\s]+\) ")  # how OpenSSH begins a prompt
_PASSWORD = re.compile(r"password *:?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """`echo`: what is typed may be seen."""

    text: str
    echo: bool

    @property
    def lasting(self) -> bool:
        """It asks for the account's password, which holds for the next login too: a code does not."""
        return not self.echo and _PASSWORD.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class Round:
    """What the server says and asks at once; often no prompt at all, only words."""

    words: tuple[str, ...]  # lines
    prompts: tuple[Prompt, ...]


class GaveUp(Exception):
    """Nobody answers."""


class _Conversation(AuthHandler):
    def __init__(self, engine: paramiko.Transport) -> None:
        super().__init__(engine)
        self.moved = threading.Event()  # the server asks, or it has decided
        self.rounds: list[Round] = []

    def _parse_userauth_info_request(self, message: paramiko.Message) -> None:
        """Runs in the reading thread."""
        words = [line for text in (message.get_binary(), message.get_binary()) for line in shown(text)]
        message.get_binary()  # the language
        count = message.get_int()
        if count > MOST_PROMPTS:
            raise paramiko.SSHException(f"the server asks {count} questions at once")
        prompts = []
        for _ in range(count):
            *before, last = shown(message.get_binary()) or [""]  # sshd puts PAM's words before the prompt itself
            words += before
            prompts.append(Prompt(last, message.get_boolean()))
        self.rounds.append(Round(tuple(words), tuple(prompts)))
        self.moved.set()

    def reply(self, answers: list[str]) -> None:
        message = paramiko.Message()
        message.add_byte(cMSG_USERAUTH_INFO_RESPONSE)
        message.add_int(len(answers))
        for answer in answers:
            message.add_string(answer)
        self.transport._send_message(message)


def converse(engine: paramiko.Transport, user: str, answer: Callable[[Round], list[str]], timeout: float) -> list[str]:
    """The methods that are still wanted afterwards, as of paramiko's other logins, and its exceptions."""
    talk = _Conversation(engine)
    engine.auth_handler = talk
    talk.auth_interactive(user, _never, talk.moved)
    for _ in range(MOST_PROMPTS):
        end = time.monotonic() + timeout
        while not talk.moved.wait(0.1) and engine.is_active():
            if time.monotonic() > end:
                raise paramiko.AuthenticationException("Authentication timeout.")
        if not talk.rounds or not engine.is_active():
            return list(talk.wait_for_response(talk.moved))
        talk.moved.clear()  # the server says nothing more before it has our answers
        talk.reply(answer(talk.rounds.pop()))
    raise paramiko.AuthenticationException("the server does not stop asking")


def _never(_name: str, _instruction: str, _prompts: list[tuple[str, bool]]) -> list[str]:
    raise AssertionError("prompts go another way here")


def shown(data: bytes) -> list[str]:
    """A server's words as lines without anything that steers a terminal, of bounded number and length."""
    text = data[: 4 * LONGEST * MOST_LINES].decode("utf-8", "replace")
    lines = ("".join(sign if sign.isprintable() else " " for sign in line).split() for line in text.splitlines())
    return [_WHOM.sub("", " ".join(words), count=1)[:LONGEST] for words in lines if words][-MOST_LINES:]
