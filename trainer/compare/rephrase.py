"""An optional hook: an endpoint of a language model may say the evidence in other words. Off unless a URL is given.

It gets the evidence and the sentences and nothing else: no names of hosts, runs or files, no pictures. What it answers
is used only if every number in it was measured and the class is the one that was said; otherwise, and on any fault, the
sentences stay as they are. Numbers spelt out as words are not checked.
"""

import ipaddress
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from trainer.outcomes.table import clean
from trainer.schema import ConfigError, Problem
from trainer.tasks import Explanation

KEY = "TRAJ_ENDPOINT_KEY"  # the environment variable that holds the key, if the endpoint wants one
TIMEOUT_S = 30.0
LONGEST = 4_000  # characters of an answer
_READ = 256 * 1024  # bytes of a response
_CHAT = "/chat/completions"

_TASK = (
    "Rephrase these findings about one prediction of a video classifier as one short paragraph for its owner. "
    "Use only what is given. Add no number, no cause and no judgement that is not there. Plain text."
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?")


@dataclass(frozen=True)
class Rephrased:
    """The endpoint's words, or why they are not used."""

    text: str = ""
    problem: str = ""


def check_url(url: str) -> None:
    """ConfigError for what is no endpoint, and for a key that would travel readable for all."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        mend = "as in https://host/v1/chat/completions"
        raise ConfigError([Problem("--endpoint", None, "", f"{url!r} is no address", mend)])
    if parts.scheme == "http" and os.environ.get(KEY) and not _is_here(parts.hostname):
        what = f"${KEY} would be sent over http, readable on the way"
        raise ConfigError([Problem("--endpoint", None, "", what, "use https")])


def rephrase(found: Explanation, url: str, model: str = "", timeout: float = TIMEOUT_S) -> Rephrased:
    """Ask once. Never raises for what the endpoint does."""
    check_url(url)
    try:
        answer = _post(url, _body(found, url, model), timeout)
    except (OSError, ValueError) as error:
        return Rephrased(problem=_reason(error, timeout))
    text = _text(answer)
    wrong = objection(text, found)
    return Rephrased(problem=wrong) if wrong else Rephrased(text)


def objection(text: str, found: Explanation) -> str:
    """Why a text must not stand for the evidence, or nothing."""
    if not text:
        return "its answer holds no text"
    if len(text) > LONGEST:
        return f"its answer has {len(text):,} characters, {LONGEST:,} are allowed"
    known = _numbers(json.dumps(found.evidence)) | _numbers(" ".join(found.sentences))
    foreign = sorted(_numbers(text) - known)
    if foreign:
        return f"its answer has numbers that were not measured: {', '.join(f'{value:g}' for value in foreign[:5])}"
    said = found.evidence.get("said")
    if isinstance(said, str) and said.lower() not in text.lower():
        return f"its answer does not name the class that was said, {said}"
    return ""


def _numbers(text: str) -> set[float]:
    return {float(word.replace(",", "")) for word in _NUMBER.findall(text) if word.replace(",", "").count(".") <= 1}


def _body(found: Explanation, url: str, model: str) -> dict[str, Any]:
    given = {"evidence": dict(found.evidence), "sentences": list(found.sentences)}
    if not urlsplit(url).path.endswith(_CHAT):
        return {"task": _TASK, **given}
    messages = [{"role": "system", "content": _TASK}, {"role": "user", "content": json.dumps(given)}]
    return {"model": model or "default", "messages": messages, "temperature": 0}


def _text(answer: bytes) -> str:
    """Of a chat completion, of {"text": …}, or the answer itself. One paragraph that steers no terminal."""
    text = answer.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = text
    if isinstance(value, Mapping):
        value = _content(value) or value.get("text")
    return clean(" ".join(value.split())) if isinstance(value, str) else ""


def _content(value: Mapping[str, Any]) -> Any:
    match value.get("choices"):
        case [{"message": {"content": content}}, *_others]:
            return content
    return None


def _post(url: str, body: Mapping[str, Any], timeout: float) -> bytes:
    """The response, bounded in time as a whole and in size. No redirects: the key is for this address only."""
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(KEY):
        headers["Authorization"] = f"Bearer {key}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - http and https only
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if _is_here(urlsplit(url).hostname or ""):
        handlers.append(urllib.request.ProxyHandler({}))
    end = time.monotonic() + timeout
    with urllib.request.build_opener(*handlers).open(request, timeout=timeout) as response:
        read = b""
        while len(read) < _READ and (piece := response.read1(_READ - len(read))):
            read += piece
            if time.monotonic() > end:
                raise TimeoutError
        return bytes(read)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


def _reason(error: Exception, timeout: float) -> str:
    """In words, and never with the key, which no message of urllib holds."""
    cause = getattr(error, "reason", error)
    if isinstance(cause, TimeoutError) or isinstance(error, TimeoutError):
        return f"it did not answer within {timeout:g} s"
    if isinstance(error, urllib.error.HTTPError):
        return f"it answered with status {error.code}"
    return f"it could not be asked: {cause}"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
