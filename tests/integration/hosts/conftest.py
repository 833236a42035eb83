"""Hosts in namespaces of their own, and the whole console in this process."""

import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ssh"))

from machine import Testbed
from sshd_house import until
from wire import missing

from remote.ssh.transport import SshTransport

WHY_NOT = missing()


def pytest_collection_modifyitems(items):
    if WHY_NOT:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=WHY_NOT))


@pytest.fixture
def bed(tmp_path):
    bed = Testbed(tmp_path)
    yield bed
    bed.close()


@pytest.fixture
def ssh(bed):
    """Transports that are closed at the end, with all of their threads."""
    before = set(threading.enumerate())
    made = []

    def make(typed, **options):
        made.append(SshTransport(typed, config_file=str(bed.config), **options))
        return made[-1]

    yield make
    for transport in made:
        transport.close()
    until(lambda: set(threading.enumerate()) <= before)


@pytest.fixture
def laptop(bed):
    from console_of import Laptop

    before = set(threading.enumerate())
    yield Laptop(bed)
    until(lambda: not {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio")} - before)
