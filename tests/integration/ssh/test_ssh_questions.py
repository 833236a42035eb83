"""Servers that ask before they let in: each prompt once, seen only where the server allows it, kept nowhere."""

import logging
import threading

import pytest
from asking_server import AskingServer
from sshd_house import make_key, until

from remote.errors import AuthFailed, Unreachable

PASSWORD = (("Vault", [("Password: ", False)]), ["open sesame"])
BOTH = (("Vault", [("Password: ", False), ("Verification code: ", True)]), ["open sesame", "123456"])
CODE = (("", [("\x1b[2JToken\r\nfrom your\x07 phone: ", True)]), ["9"])
NOTE = (("Your key\tis\nnot enough", []), [])
RIGHT = {"Password:": "open sesame", "Verification": "123456", "Token": "9"}


@pytest.fixture
def vault(lan, ssh):
    made = []

    def make(*rounds):
        key = make_key(lan.folder / "vault_key")
        made.append(AskingServer(key, rounds))
        name = f"[{made[0].address}]:{made[0].port}"
        lan.alias("vault", f"HostName {made[0].address}\nPort {made[0].port}\nUser odd")
        lan.know(f"{name} {' '.join(key.with_suffix('.pub').read_text().split()[:2])}\n")
        return made[0]

    yield make
    for server in made:
        server.close()


class Person:
    """Knows what is right, and what it was asked: (prompt, echo)."""

    def __init__(self, **knows):
        self.asked, self._knows = [], {**RIGHT, **knows}

    def __call__(self, prompt, *, echo=False):
        self.asked.append((prompt, echo))
        return next((answer for word, answer in self._knows.items() if word in prompt), None)


def test_a_password_alone_is_asked_for_once_and_kept_in_memory(vault, ssh):
    server, person = vault(PASSWORD), Person()
    transport = ssh("vault", ask=person)
    for _ in range(2):
        assert transport.run(["x"]).stdout == b"let in\n"
        transport.close()
    assert person.asked == [(f"odd@{server.address} asks:\nVault\nPassword: ", False)]
    assert server.conversations == 2


def test_two_prompts_are_asked_each_and_a_code_again_at_the_next_login(vault, ssh):
    server, person = vault(BOTH), Person()
    transport = ssh("vault", ask=person)
    assert transport.run(["x"]).stdout == b"let in\n"
    whom = f"odd@{server.address} asks:"
    assert person.asked == [(f"{whom}\nVault\nPassword: ", False), (f"{whom} Verification code: ", True)]
    transport.close()
    assert transport.run(["x"]).stdout == b"let in\n"
    assert person.asked[2:] == [(f"{whom} Verification code: ", True)], "the password holds, the code does not"
    assert server.answers == [["open sesame", "123456"]] * 2


def test_many_bytes_share_the_connection_where_another_would_cost_a_code(vault, ssh):
    server, person = vault(PASSWORD, CODE), Person()
    transport = ssh("vault", ask=person)
    transport.connect()
    channel = transport.open(["x"], bulk=True)
    assert channel.recv(100) == b"let in\n"
    assert server.connections == 1 and len(person.asked) == 2


def test_rounds_without_a_prompt_are_words_and_words_steer_no_terminal(vault, ssh):
    server, person = vault(NOTE, PASSWORD, CODE), Person()
    assert ssh("vault", ask=person).run(["x"]).stdout == b"let in\n"
    whom = f"odd@{server.address} asks:"
    assert person.asked == [
        (f"{whom}\nVault\nPassword: ", False),
        (f"{whom}\n[2JToken\nfrom your phone: ", True),
    ]


def test_wrong_answers_are_told_without_them_and_lead_to_no_storm(vault, ssh, caplog):
    caplog.set_level(logging.DEBUG)
    server, person = vault(NOTE, BOTH), Person(Verification="wrong horse")
    transport = ssh("vault", ask=person)
    for expected in ("the answers were not accepted", "not answered again"):
        with pytest.raises(AuthFailed, match=expected) as caught:
            transport.connect()
        told = f"{caught.value.what} {caught.value.mend}"
        assert "wrong horse" not in told and "sesame" not in told
    assert server.conversations == 1 and len(person.asked) == 2
    transport.ask_again()
    with pytest.raises(AuthFailed, match="the answers were not accepted"):
        transport.connect()
    assert server.conversations == 2 and len(person.asked) == 4
    assert "wrong horse" not in caplog.text and "sesame" not in caplog.text


def test_what_the_server_says_stands_in_the_refusal(vault, ssh):
    vault((("Account locked until noon", []), []), (("", [("Password: ", False)]), ["unknown"]))
    with pytest.raises(AuthFailed, match="it says: Account locked until noon"):
        ssh("vault", ask=Person()).connect()


def test_nobody_who_answers_is_said_so(vault, ssh):
    server = vault(PASSWORD)
    for ask in (None, lambda prompt, echo=False: None):
        with pytest.raises(AuthFailed, match=r"keyboard-interactive \(nobody answered\)"):
            ssh("vault", ask=ask).connect()
    assert server.answers == []


def test_a_server_that_asks_without_end_is_left(vault, ssh):
    server, person = vault(*[CODE] * 40), Person()
    with pytest.raises(AuthFailed, match="not accepted"):
        ssh("vault", ask=person).connect()
    assert len(server.answers) <= 16


def test_a_server_that_asks_too_much_at_once_is_left(vault, ssh):
    vault((("", [("x", False)] * 1000), []))
    with pytest.raises((AuthFailed, Unreachable)):
        ssh("vault", ask=Person()).connect()


def test_a_server_that_hangs_up_while_a_person_thinks_is_no_refusal(vault, ssh):
    server = vault(PASSWORD)
    thinking, answer = threading.Event(), threading.Event()

    def slow(prompt, *, echo=False):
        thinking.set()
        answer.wait(30)
        return "open sesame"

    transport = ssh("vault", ask=slow)
    said = []

    def connect():
        try:
            transport.connect()
        except (AuthFailed, Unreachable) as error:
            said.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    assert thinking.wait(30)
    server.hang_up()
    until(lambda: not server._engines[0].is_alive())
    answer.set()
    thread.join(30)
    assert "hung up" in said[0].what or "hangs up" in said[0].what, said
    assert transport.run(["x"]).stdout == b"let in\n", "the same person may answer again at once"
