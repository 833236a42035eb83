"""Hosts that ask before they let us in: a key nobody has looked at, a passphrase."""

import threading

from screen_text import screen_text, settled
from textual.widgets import Input
from tui_fleets import Story, ToldDoor, busy

from console.screens.host_key import KeyDialog
from console.screens.secret import SecretDialog
from remote.errors import HostKeyProblem
from remote.events import LinkState


def unknown() -> Story:
    return busy().tell("gpu1", LinkState("host key", "the key of gpu1 is not known: SHA256:AAAA", "compare it"))


async def until(pilot, condition):
    for _ in range(500):
        if condition():
            await settled(pilot)
            return
        await pilot.pause(0.01)
    raise AssertionError(screen_text(pilot.app))


def says(pilot, words):
    return lambda: words in screen_text(pilot.app)


async def test_an_unknown_key_is_shown_and_trusted_only_by_choice(opened):
    door = ToldDoor("SHA256:JUMP", "SHA256:GPU1")
    async with opened(unknown(), door=door) as pilot:
        pilot.app.repaint()
        await until(pilot, says(pilot, "SHA256:JUMP"))
        assert "shows a key that nobody has looked at yet" in screen_text(pilot.app)
        await pilot.press("right", "enter")
        await until(pilot, says(pilot, "ssh-ed25519 SHA256:GPU1"))
        assert "SHA256:JUMP written to ~/.ssh/known_hosts" in screen_text(pilot.app)
        await until(pilot, says(pilot, "›[ leave it ]"))
        await pilot.press("right", "enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, KeyDialog))
        assert door.trusted == ["SHA256:JUMP", "SHA256:GPU1"] and door.knocked == ["gpu1"]


async def test_enter_and_escape_trust_nothing_and_u_asks_again(opened):
    door = ToldDoor("SHA256:GPU1")
    async with opened(unknown(), door=door) as pilot:
        for key in ("enter", "escape"):
            pilot.app.repaint()
            if key == "escape":
                await pilot.press("u")
            await until(pilot, says(pilot, "SHA256:GPU1"))
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(pilot.app.screen, KeyDialog))
        pilot.app.repaint()
        await settled(pilot)
        assert not isinstance(pilot.app.screen, KeyDialog) and door.trusted == []


async def test_another_key_than_the_known_one_is_explained_and_cannot_be_trusted(opened):
    problem = HostKeyProblem("gpu1 shows another key (SHA256:NEW) than the known one", "ask who runs it")
    door = ToldDoor(problem)
    async with opened(unknown(), door=door) as pilot:
        pilot.app.repaint()
        await until(pilot, says(pilot, "another key (SHA256:NEW)"))
        text = screen_text(pilot.app)
        assert "ask who runs it" in text and "trust it" not in text and "[ close ]" in text


async def test_a_passphrase_is_asked_for_never_shown_and_handed_on(opened):
    door, answers = ToldDoor(), []
    async with opened(busy(), door=door) as pilot:
        asking = threading.Thread(target=lambda: answers.append(door.questions.ask("passphrase of ~/.ssh/id: ")))
        asking.start()
        await until(pilot, lambda: isinstance(pilot.app.screen, SecretDialog))
        await pilot.press(*"open sesame")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "passphrase of ~/.ssh/id" in text and "sesame" not in text
        assert pilot.app.screen.query_one(Input).value == "open sesame"
        await pilot.press("enter")
        await until(pilot, lambda: answers)
        asking.join(10)
        assert answers == ["open sesame"] and not isinstance(pilot.app.screen, SecretDialog)


async def test_what_the_host_allows_to_be_seen_is_seen_with_all_of_its_words(opened):
    door, answers = ToldDoor(), []
    async with opened(busy(), door=door) as pilot:
        words = "odd@gpu1 asks:\nTwo ways:\n 1. push\n 2. code\nPasscode or option (1-2): "
        asking = threading.Thread(target=lambda: answers.append(door.questions.ask(words, echo=True)))
        asking.start()
        await until(pilot, lambda: isinstance(pilot.app.screen, SecretDialog))
        await pilot.press(*"2718")
        await settled(pilot)
        text = screen_text(pilot.app)
        assert "2718" in text and all(line.strip() in text for line in words.rstrip(": ").splitlines())
        await pilot.press("enter")
        await until(pilot, lambda: answers)
        asking.join(10)
        assert answers == ["2718"]


async def test_nobody_waits_for_an_answer_when_the_screen_is_left(opened):
    door, answers = ToldDoor(), []
    asking = [threading.Thread(target=lambda: answers.append(door.questions.ask("password: "))) for _ in range(2)]
    async with opened(busy(), door=door) as pilot:
        for thread in asking:
            thread.start()
        await until(pilot, lambda: isinstance(pilot.app.screen, SecretDialog))
        await pilot.press("escape")
        await until(pilot, lambda: len(answers) == 1 and isinstance(pilot.app.screen, SecretDialog))
    for thread in asking:
        thread.join(10)
    assert answers == [None, None] and door.questions.ask("again: ") is None


async def test_u_tries_all_who_wait_again(opened):
    door = ToldDoor()
    story = busy().tell("gpu1", LinkState("auth failed", "gpu1 does not let me in", "give it a key"))
    waiting = [name for name, host in story.fleet.hosts.items() if host.link.phase != "connected"]
    async with opened(story, door=door) as pilot:
        await pilot.press("u")
        await settled(pilot)
        assert door.knocked == waiting and "gpu1" in waiting
        assert f"trying {', '.join(waiting)} again" in screen_text(pilot.app)
