"""The hook to a language model: a server that behaves, and servers that do not."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.compare.rephrase import KEY, objection, rephrase
from trainer.schema import ConfigError
from trainer.tasks import Explanation

FOUND = Explanation({"said": "helical", "share": 0.973, "frames": [{"first": 13}]}, ("It says helical with 97.3 %.",))
GOOD = "The ball was called helical with a share of 0.973, that is 97.3 %; frames from 13 on mattered."


class Server:
    """Answers with what it is told to, and keeps what it was asked."""

    def __init__(self):
        self.asked, self.answer = [], lambda handler: handler.say(json.dumps({"text": GOOD}))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.path, dict(self.headers), json.loads(body)))
                with contextlib.suppress(OSError):
                    outer.answer(self)

            def say(self, text, status=200, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/say"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def test_a_good_answer_is_taken_and_nothing_but_the_evidence_was_sent(server, monkeypatch):
    monkeypatch.delenv(KEY, raising=False)
    assert rephrase(FOUND, server.url).text == GOOD
    (path, headers, body) = server.asked[0]
    assert path == "/say" and "Authorization" not in headers
    assert set(body) == {"task", "evidence", "sentences"} and body["evidence"] == FOUND.evidence


def test_a_chat_endpoint_is_asked_its_way_with_the_key(server, monkeypatch, capfd):
    monkeypatch.setenv(KEY, "sk-secret")
    server.answer = lambda handler: handler.say(json.dumps({"choices": [{"message": {"content": GOOD}}]}))
    url = server.url.replace("/say", "/v1/chat/completions")
    assert rephrase(FOUND, url, "small-model").text == GOOD
    _path, headers, body = server.asked[0]
    assert headers["Authorization"] == "Bearer sk-secret" and body["model"] == "small-model"
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    server.answer = lambda handler: handler.say("no", 401)
    refused = rephrase(FOUND, url)
    assert refused.problem == "it answered with status 401" and "sk-secret" not in refused.problem
    assert "sk-secret" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("It is helical with 99 %.", "numbers that were not measured: 99"),
        ("It is helical, at 0.97.", "numbers that were not measured: 0.97"),
        ("It is circular with 97.3 %.", "does not name the class that was said, helical"),
        ("", "holds no text"),
        ('{"choices": []}', "holds no text"),
        ('{"text": 7}', "holds no text"),
        ("[" * 5000, "characters"),
        ("helical " * 600, "characters"),
    ],
)
def test_hostile_and_useless_answers_are_not_used(server, answer, problem):
    server.answer = lambda handler: handler.say(answer)
    found = rephrase(FOUND, server.url)
    assert found.text == "" and problem in found.problem


def test_an_answer_steers_no_terminal(server):
    server.answer = lambda handler: handler.say("\x1bhelical\x07\n yes")
    assert rephrase(FOUND, server.url).text == "·helical· yes"


def test_a_silent_and_a_dripping_endpoint_are_left_in_time(server):
    asleep = threading.Event()
    server.answer = lambda handler: asleep.wait(20)
    assert rephrase(FOUND, server.url, timeout=0.3).problem == "it did not answer within 0.3 s"
    asleep.set()

    def drip(handler):
        handler.say("")
        for _ in range(200):
            handler.wfile.write(b"helical ")
            handler.wfile.flush()
            time.sleep(0.05)

    server.answer = drip
    assert rephrase(FOUND, server.url, timeout=0.3).problem == "it did not answer within 0.3 s"


def test_an_endless_answer_is_cut_and_refused(server):
    def pour(handler):
        handler.say("")
        while True:
            handler.wfile.write(b"helical " * 10_000)

    server.answer = pour
    assert "characters" in rephrase(FOUND, server.url).problem


def test_a_redirect_does_not_take_the_key_elsewhere(server, monkeypatch):
    monkeypatch.setenv(KEY, "sk-secret")
    server.answer = lambda handler: handler.say("", 307, Location=server.url + "/elsewhere")
    assert rephrase(FOUND, server.url).problem == "it answered with status 307"
    assert len(server.asked) == 1


def test_nobody_there():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert "could not be asked" in rephrase(FOUND, f"http://127.0.0.1:{free.getsockname()[1]}/").problem


def test_addresses_that_cannot_be_are_refused(monkeypatch):
    for url in ("ftp://x/y", "file:///etc/passwd", "helical", "http://"):
        with pytest.raises(ConfigError, match="is no address"):
            rephrase(FOUND, url)
    monkeypatch.setenv(KEY, "sk-secret")
    with pytest.raises(ConfigError, match="readable on the way") as caught:
        rephrase(FOUND, "http://example.org/v1/chat/completions")
    assert "sk-secret" not in str(caught.value)


@given(st.text(max_size=60), st.floats(0, 1000).filter(lambda value: value not in (0.973, 97.3, 13)))
def test_a_number_that_was_not_measured_is_found_in_any_text(text, value):
    assert objection(f"helical {text} {value!r} {text}", FOUND)


def test_thousands_and_exponents_are_numbers():
    found = Explanation({"said": "a", "n": 1234, "small": 1e-05}, ())
    assert objection("a 1,234 and 1e-05", found) == "" == objection("a 1234 and 0.00001", found)
    assert "2,345" not in objection("a 2,345", found) and "2345" in objection("a 2,345", found)
