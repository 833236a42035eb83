"""The screen at the door of a real host: its key is looked at and trusted, its passphrase given, and it connects."""

import asyncio
import subprocess

import pytest
from sshd_house import make_key

from console.app import ConsoleApp
from console.config import parse
from console.door import HostDoor, Questions
from console.engine import make_engine
from console.screens.host_key import KeyDialog
from console.screens.secret import SecretDialog


@pytest.fixture
def screen(lan, tmp_path):
    """The console on one ssh host, put together as the command does it."""

    def make(host):
        text = f'[hosts.{host}]\nssh = "{host}"\nssh_config = "{lan.config}"\nroot = "{tmp_path}/root"\n'
        questions = Questions()
        engine = make_engine(parse(text, tmp_path / "config.toml"), tmp_path / "state", ask=questions.ask)
        made.append(engine)
        return ConsoleApp(engine.pump, engine.actions, door=HostDoor(questions, engine.hosts, engine.pump.retry))

    made = []
    yield make
    for engine in made:
        engine.hosts.close()


async def until(pilot, condition, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await pilot.pause(0.05)


def phase(app, host):
    return app.source.fleet.hosts[host].link.phase


def body(app):
    return "\n".join("".join(text for text, _ in line) for line in app.screen.lines(80))


async def test_a_new_host_is_looked_at_trusted_and_connected(lan, screen):
    host = lan.host("gpu1", known=False)
    app = screen("gpu1")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, KeyDialog) and "ssh-ed25519 SHA256:" in body(app))
        shown = subprocess.run(
            ["ssh-keygen", "-lf", f"{host.host_key}.pub"], capture_output=True, text=True, check=True
        ).stdout.split()[1]
        assert shown in body(app) and lan.known_hosts.read_text() == ""
        await pilot.press("right", "enter")
        await until(pilot, lambda: phase(app, "gpu1") == "connected")
        await until(pilot, lambda: not isinstance(app.screen, KeyDialog))
    assert lan.known_hosts.read_text() == host.known_line()


async def test_a_changed_key_is_refused_with_the_explanation(lan, screen):
    host = lan.host("gpu1", known=False)
    other = make_key(lan.folder / "other")
    lan.know(f"[{host.address}]:{host.port} {' '.join(other.with_suffix('.pub').read_text().split()[:2])}\n")
    before = lan.known_hosts.read_text()
    app = screen("gpu1")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, KeyDialog) and "shows another key" in body(app))
        assert "somebody stands in between" in " ".join(body(app).split())
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, KeyDialog))
        assert phase(app, "gpu1") == "host key"
    assert lan.known_hosts.read_text() == before


async def test_a_passphrase_is_asked_for_again_only_when_a_person_wants_it(lan, screen, tmp_path):
    locked = make_key(tmp_path / "locked", passphrase="open sesame")
    host = lan.host("gpu1", settings=f"IdentityFile {locked}")
    (host.folder / "authorized_keys").write_text(locked.with_suffix(".pub").read_text())
    app = screen("gpu1")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, SecretDialog))
        await pilot.press(*"wrong", "enter")
        await until(pilot, lambda: phase(app, "gpu1") == "auth failed")
        assert "wrong passphrase" in app.source.fleet.hosts["gpu1"].link.detail
        assert not isinstance(app.screen, SecretDialog)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, SecretDialog))
        await pilot.press(*"open sesame", "enter")
        await until(pilot, lambda: phase(app, "gpu1") == "connected")
    kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert not any(b"sesame" in path.read_bytes() for path in kept)
