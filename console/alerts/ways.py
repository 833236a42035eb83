"""How an alert gets to a person: each way delivers one, or raises `Undelivered` with the reason. All of them block, for
a bounded time. No address is ever told: it may hold a secret.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping

from console.alerts import message
from console.alerts.book import Alert
from console.config import AlertConfig

TIMEOUT_S = 15.0
Way = Callable[[Alert], None]


class Undelivered(Exception):
    """It did not get there. `final`: trying again would not help."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


def way_of(found: AlertConfig, environment: Mapping[str, str] = os.environ) -> Way:
    """The way that a table of the configuration describes."""
    if found.command:
        return lambda alert: _command(found.command, alert, environment)
    if found.terminal:
        return lambda alert: _terminal(found.terminal, alert)
    return lambda alert: _webhook(found, alert, environment)


def _command(argv: tuple[str, ...], alert: Alert, environment: Mapping[str, str]) -> None:
    """The alert's words in its environment, all of it as JSON on its standard input."""
    words = {"TRAJ_TITLE": message.title(alert), "TRAJ_TEXT": message.text(alert), "TRAJ_LEVEL": alert.notice.level}
    document = json.dumps(message.document(alert)).encode()
    pipe, own = subprocess.PIPE, {**environment, **words}
    try:
        program = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, env=own, start_new_session=True)
    except FileNotFoundError:
        raise Undelivered(f"there is no program {argv[0]}", final=True) from None
    except OSError as error:
        raise Undelivered(f"{argv[0]}: {error.strerror}") from None
    with program:
        try:
            _, errors = program.communicate(document, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)  # with what it has started: that may hold its pipes open
            raise Undelivered(f"{argv[0]}: did not end within {TIMEOUT_S:.0f} s") from None
    if program.returncode:
        said = errors.decode("utf-8", "replace").strip().splitlines()
        raise Undelivered(f"{argv[0]} ended with {program.returncode}{': ' + said[-1] if said else ''}")


def _webhook(found: AlertConfig, alert: Alert, environment: Mapping[str, str]) -> None:
    address = found.webhook or environment.get(found.webhook_env, "")
    if not address:
        raise Undelivered(f"the environment variable {found.webhook_env} is not set", final=True)
    host = urllib.parse.urlsplit(address).hostname or "the webhook"
    body, headers = message.webhook(alert, found.shape)
    try:
        request = urllib.request.Request(address, body, {"User-Agent": "trajconsole", **headers}, method="POST")  # noqa: S310
        with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as error:
        error.close()
        refused = 300 <= error.code < 500 and error.code not in (408, 425, 429)
        raise Undelivered(f"{host} answered {error.code} {error.reason}", final=refused) from None
    except ValueError:
        raise Undelivered("the webhook's address is none", final=True) from None
    except OSError as error:  # URLError, time-outs, resets
        raise Undelivered(f"{host}: {getattr(error, 'reason', None) or error}") from None
    except http.client.HTTPException as error:
        raise Undelivered(f"{host} does not answer as a web server, or not in time: {type(error).__name__}") from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A secret address is given to nobody else."""

    def redirect_request(self, *_: object) -> None:
        return None


class _Connection(http.client.HTTPConnection):
    """One that ends in time: a server that sends a byte now and then would else never be given up."""

    def connect(self) -> None:
        super().connect()
        _end_in_time(self.sock)


class _Encrypted(http.client.HTTPSConnection):
    """The same."""

    def connect(self) -> None:
        super().connect()
        _end_in_time(self.sock)


def _end_in_time(found: socket.socket) -> None:
    def cut() -> None:
        with contextlib.suppress(OSError):  # it has ended before
            found.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(TIMEOUT_S, cut)
    timer.daemon = True
    timer.start()


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, request)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Encrypted, request)


_OPENER = urllib.request.build_opener(_NoRedirects, _Http, _Https)


def sequence(kind: str, title: str, words: str, environ: Mapping[str, str] = os.environ) -> str:
    """What a terminal takes: the bell, or a notification of its own; through tmux as well."""
    title, words = title.replace(";", ","), words.replace("\n", " ").replace(";", ",")
    made = {"bell": "\a", "osc9": f"\x1b]9;{words}\a", "osc777": f"\x1b]777;notify;{title};{words}\a"}[kind]
    if kind != "bell" and environ.get("TMUX"):
        made = f"\x1bPtmux;{made.replace(chr(27), chr(27) * 2)}\x1b\\"
    return made


def _terminal(kind: str, alert: Alert) -> None:
    if not sys.stderr.isatty():
        raise Undelivered("there is no terminal", final=True)
    if kind != "bell" and os.environ.get("TMUX") and not _let_through():
        raise Undelivered("tmux keeps it for itself: tmux set -g allow-passthrough on", final=True)
    sys.stderr.write(sequence(kind, message.title(alert), message.text(alert)))
    sys.stderr.flush()


def _let_through() -> bool:
    """Whether tmux gives a pane's notifications to the terminal around it; before 3.3 it always did."""
    words = ["tmux", "show-options", "-Apqv", "allow-passthrough"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=5.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return True
    return done.stdout.strip() != "off"
