"""Alerts through a real HTTP server that fails, is slow or refuses, and through real programs."""

import http.server
import json
import os
import threading
import time
from dataclasses import replace

import pytest

from console.alerts import outbox as boxes
from console.alerts import ways
from console.alerts.book import Alert
from console.alerts.notices import Notice
from console.alerts.outbox import Outbox
from console.config import AlertConfig


class Receiver(http.server.ThreadingHTTPServer):
    """Answers as it is told: a list of statuses, then 200; remembers what it got."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.got, self.pause = [], [], 0.0

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/secret-token"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.pause)
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.got.append((dict(self.headers), body))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(boxes, "PAUSES", (0.02, 0.05))
    monkeypatch.setattr(ways, "TIMEOUT_S", 1.0)


def send(box, *alerts):
    for item in alerts:
        box.put(item)
    box.deliver()


def alert(what, level="error", number=0):
    now = time.time() + number / 1000
    return Alert(Notice(f"k{number}", "a", what, "proof", "mend", level), now, now)


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def open_box(tmp_path):
    opened, told = [], []

    def open_it(config, name="w"):
        box = Outbox(name, config, tmp_path, told.append)
        box.start()
        opened.append(box)
        box.told = told
        return box

    yield open_it
    for box in opened:
        box.close()


def test_failures_are_tried_again_in_order_and_nothing_is_lost(receiver, open_box):
    receiver.answers = [500, 503, 429, 200, 500]
    box = open_box(AlertConfig(webhook=receiver.address))
    send(box, *(alert(f"trouble {number}", number=number) for number in range(3)))
    until(lambda: len(receiver.got) == 3 and box.left == 0)
    assert [json.loads(body)["what"] for _, body in receiver.got] == ["trouble 0", "trouble 1", "trouble 2"]
    assert any("127.0.0.1 answered 500" in text for text in box.told)
    assert not any("secret-token" in text for text in box.told)


def test_a_slow_server_holds_up_nobody(receiver, open_box):
    receiver.pause = 1.5  # longer than one may take
    box, other = open_box(AlertConfig(webhook=receiver.address)), open_box(AlertConfig(command=("true",)), "other")
    began = time.monotonic()
    send(box, alert("slow"))
    send(other, alert("quick"))
    assert time.monotonic() - began < 1.0
    until(lambda: other.left == 0)
    assert box.left == 1
    receiver.pause = 0.0
    until(lambda: box.left == 0)


def test_what_was_not_delivered_is_delivered_by_the_next(receiver, open_box):
    config = AlertConfig(webhook="http://127.0.0.1:9/")
    box = open_box(config)
    send(box, alert("kept"))
    until(lambda: box.told)
    box.close()
    assert box.left == 1
    open_box(AlertConfig(webhook=receiver.address))
    until(lambda: receiver.got)
    assert json.loads(receiver.got[0][1])["what"] == "kept"


def test_a_letter_waits_for_the_book_and_is_not_put_twice_by_one_that_was_killed_before(receiver, open_box):
    """The folder, not the box, remembers: the second `put` is the next watch's."""
    box = open_box(AlertConfig(webhook=receiver.address))
    box.put(alert("it broke"))
    over = replace(alert("it broke"), over=True)
    for item in (alert("it broke"), over, over, alert("it broke")):
        box.put(item)
    assert box.left == 3 and not receiver.got
    box.deliver()
    until(lambda: box.left == 0)
    assert [json.loads(body)["over"] for _, body in receiver.got] == [False, True, False]


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_refusal_is_final_and_said_and_a_secret_address_is_followed_nowhere(receiver, open_box, status):
    receiver.answers = [status]
    box = open_box(AlertConfig(webhook=receiver.address))
    send(box, alert("no"))
    until(lambda: box.told and box.left == 0)
    assert any(f"answered {status}" in text for text in box.told)


def test_quiet_hours_hold_back_all_but_errors(receiver, open_box, monkeypatch):
    monkeypatch.setattr(boxes, "is_quiet", lambda hours, now: bool(hours))
    box = open_box(AlertConfig(webhook=receiver.address, quiet="00:00-23:59"))
    send(box, alert("later", "warning", 0))
    send(box, alert("now", "error", 1))
    until(lambda: receiver.got)
    assert json.loads(receiver.got[0][1])["what"] == "now" and box.left == 1


def test_a_command_gets_words_and_json(tmp_path):
    script = 'cat > "$0/in"; printf %s "$TRAJ_TITLE|$TRAJ_LEVEL" > "$0/env"'
    ways.way_of(AlertConfig(command=("sh", "-c", script, str(tmp_path))))(alert("it broke"))
    assert (tmp_path / "env").read_text() == "a: it broke|error"
    assert json.loads((tmp_path / "in").read_text())["mend"] == "mend"


@pytest.mark.parametrize(
    ("config", "words", "final"),
    [
        (AlertConfig(command=("no-such-program-here",)), "there is no program no-such-program-here", True),
        (AlertConfig(command=("sh", "-c", "echo why >&2; exit 3")), "sh ended with 3: why", False),
        (AlertConfig(command=("sleep", "60")), "did not end within 1 s", False),
        (AlertConfig(webhook_env="NO_SUCH_VARIABLE"), "the environment variable NO_SUCH_VARIABLE is not set", True),
        (AlertConfig(webhook="http://127.0.0.1:9/token"), "127.0.0.1: ", False),
        (AlertConfig(terminal="bell"), "there is no terminal", True),
    ],
)
def test_what_goes_wrong_is_said(config, words, final):
    with pytest.raises(ways.Undelivered) as found:
        ways.way_of(config)(alert("x"))
    assert words in str(found.value) and found.value.final is final and "token" not in str(found.value)


def test_the_address_may_come_from_the_environment(receiver):
    ways.way_of(AlertConfig(webhook_env="HOOK", shape="slack"), {**os.environ, "HOOK": receiver.address})(alert("x"))
    assert json.loads(receiver.got[0][1]) == {"text": "a: x\nproof\n→ mend"}
