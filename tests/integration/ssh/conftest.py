"""Fixtures of the tests against real sshd. Whatever a test opens must leave no thread behind."""

import threading

import pytest
from sshd_house import Lan, until

from remote.ssh.transport import SshTransport


@pytest.fixture
def lan(tmp_path):
    lan = Lan(tmp_path)
    yield lan
    lan.close()


@pytest.fixture
def ssh(lan):
    """Transports that are closed at the end."""
    before = set(threading.enumerate())
    made = []

    def make(typed, **options):
        made.append(SshTransport(typed, config_file=str(lan.config), **options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()
    until(lambda: set(threading.enumerate()) <= before)
