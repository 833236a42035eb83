"""How an alert gets to a person: each way delivers one, or raises `Undelivered` with the reason. All of them block, for
a bounded time. No address is ever told: it may hold a secret.
"""

import json
import os
import subprocess
import sys
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
    try:
        done = subprocess.run(
            argv, input=document, env={**environment, **words}, timeout=TIMEOUT_S, capture_output=True, check=False
        )
    except FileNotFoundError:
        raise Undelivered(f"there is no program {argv[0]}", final=True) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        what = f"did not end within {TIMEOUT_S:.0f} s" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        raise Undelivered(f"{argv[0]}: {what}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Undelivered(f"{argv[0]} ended with {done.returncode}{': ' + said[-1] if said else ''}")


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


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A secret address is given to nobody else."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirects)


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
    sys.stderr.write(sequence(kind, message.title(alert), message.text(alert)))
    sys.stderr.flush()
