"""The link's states over the fake transport: every way to fail, and no storm of tries."""

import json
import random
import threading
import time

import pytest

from remote.backoff import Backoff
from remote.errors import AuthFailed, HostKeyProblem, Unreachable
from remote.events import Hello, LinkState, Synced
from remote.fake import Drop, FakeTransport, Pause, Silence
from remote.link import Link, Timing
from remote.watch import Watch, Watched

HELLO = b'{"k":"hello","version":1,"hostname":"h","boot_id":"","boot_time":0,"clock":0,"python":"3","cores":1}\n'
SYNCED = b'{"k":"synced"}\n'
WATCH = Watch("~/t", (Watched("runs", ("s.json",), ("log",)),))
FAST = Timing(heartbeat=0.05, first_word=0.4, first_retry=0.01, longest_retry=0.05, settled=0.0)


class Ears:
    """A listener that can be waited on."""

    def __init__(self):
        self.heard, self.changed = [], threading.Condition()

    def __call__(self, batch):
        with self.changed:
            self.heard += batch
            self.changed.notify_all()

    def phases(self):
        return [event.phase for event in self.heard if isinstance(event, LinkState)]

    def wait(self, condition, seconds=20.0):
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), seconds), self.heard


@pytest.fixture
def linked():
    before, links = threading.active_count(), []

    def make(transport, timing=FAST, offsets=dict):
        ears = Ears()
        links.append(Link(transport, WATCH, offsets, ears, timing=timing))
        links[-1].start()
        return links[-1], ears

    yield make
    for link in links:
        link.close()
        link.close()
    assert threading.active_count() <= before


def test_hello_means_connected_and_close_is_the_last_word(linked):
    transport = FakeTransport([[HELLO + SYNCED, Silence()]])
    link, ears = linked(transport, Timing())
    ears.wait(lambda ears: Synced() in ears.heard)
    link.close()
    assert ears.phases() == ["connecting", "connected", "closed"]
    assert [type(event) for event in ears.heard[1:4]] == [LinkState, Hello, Synced]
    _, _, request = bytes(transport.channels[0].sent).partition(b"\n")
    assert json.loads(request[request.rindex(b'{"k":"watch"') :])["folders"][0]["parent"] == "runs"
    assert transport.opened[0][0] == "sh" and "exec python3" in transport.opened[0][2]


def test_silence_is_stale_and_leads_to_a_new_connection_from_new_offsets(linked):
    transport = FakeTransport([[HELLO, Silence()], [HELLO + SYNCED, Silence()]])
    asked = []
    _, ears = linked(transport, FAST, lambda: asked.append(1) or {"runs/a": {"log": (1, len(asked))}})
    ears.wait(lambda ears: Synced() in ears.heard)
    assert ears.phases()[:5] == ["connecting", "connected", "stale", "connecting", "connected"]
    assert transport.channels[0].closed.is_set()
    assert b'"log":[1,1]' in transport.channels[0].sent and b'"log":[1,2]' in transport.channels[1].sent


def test_a_host_that_says_nothing_at_all_is_given_up(linked):
    _, ears = linked(FakeTransport([[Silence()], [HELLO + SYNCED, Silence()]]))
    ears.wait(lambda ears: Synced() in ears.heard)
    assert ears.phases()[1] == "stale"


def test_a_drop_and_an_end_lead_to_a_new_connection(linked):
    _, ears = linked(FakeTransport([[HELLO, Drop()], [HELLO], [HELLO + SYNCED, Silence()]]))
    ears.wait(lambda ears: Synced() in ears.heard)
    states = [event for event in ears.heard if isinstance(event, LinkState) and event.phase == "unreachable"]
    assert len(states) == 2 and all(state.retry_in is not None for state in states)
    assert "probe ended" in states[1].detail


@pytest.mark.parametrize(
    ("error", "phase"), [(AuthFailed("no", "add a key"), "auth failed"), (HostKeyProblem("changed"), "host key")]
)
def test_what_a_person_must_mend_is_not_tried_again_until_told(linked, error, phase):
    transport = FakeTransport([[HELLO + SYNCED, Silence()]], refusals=[error])
    link, ears = linked(transport)
    ears.wait(lambda ears: phase in ears.phases())
    time.sleep(0.3)  # six times the longest wait between tries
    assert transport.connects == 1 and ears.heard[-1] == LinkState(phase, error.what, error.mend)
    link.retry()
    ears.wait(lambda ears: Synced() in ears.heard)


def test_closing_while_it_waits_for_the_next_try(linked):
    link, ears = linked(
        FakeTransport(refusals=[Unreachable("no route")] * 9), Timing(first_retry=600, longest_retry=600)
    )
    ears.wait(lambda ears: "unreachable" in ears.phases())
    link.close()
    assert ears.phases()[-1] == "closed"


def test_noise_before_the_first_word_is_passed_over_and_counted(linked):
    link, ears = linked(FakeTransport([[b"Welcome to the host!\n", HELLO + SYNCED, Silence()]]), Timing())
    ears.wait(lambda ears: Synced() in ears.heard)
    link.close()
    assert link.damaged_lines == 1


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (b"sh: 1: exec: python3: not found\n", "has no python3"),
        (b"Python 3.6 is too old for the probe: it needs 3.8 or newer\n", "3.6 is too old"),
        (b"Traceback\nImportError: zlib\n", "ImportError: zlib"),
    ],
)
def test_a_probe_that_does_not_start_says_why(linked, stderr, words):
    _, ears = linked(FakeTransport([[]], errors=stderr), Timing(longest_retry=600))
    ears.wait(lambda ears: "broken" in ears.phases())
    assert words in ears.heard[-1].detail and "python" in ears.heard[-1].mend


def test_beats_are_sent_once_the_probe_has_spoken(linked):
    transport = FakeTransport([[Pause(0.1), HELLO, *[b"\n", Pause(0.02)] * 20, Silence()]])
    linked(transport, Timing(heartbeat=1.0, lease=0.2))
    end = time.monotonic() + 10
    while not transport.channels or transport.channels[0].sent.count(b'{"k":"beat"}\n') < 3:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_backoff_doubles_with_jitter_up_to_its_bound():
    backoff = Backoff(0.1, 30.0, random.Random(1))
    waits = [backoff.next() for _ in range(40)]
    assert all(0.05 * 2**n <= wait <= 0.1 * 2**n for n, wait in enumerate(waits[:8]))
    assert all(15.0 <= wait <= 30.0 for wait in waits[9:]) and len(set(waits[9:])) > 20
    backoff.reset()
    assert backoff.next() <= 0.1


def test_a_slow_listener_is_not_a_silent_host(linked):
    transport = FakeTransport([[HELLO, SYNCED, *[b"\n", Pause(0.02)] * 100, Silence()]])
    ears = Ears()

    def slow(batch):
        time.sleep(1.8 if any(isinstance(event, Hello) for event in batch) else 0.0)  # more than three heartbeats
        ears(batch)

    link = Link(transport, WATCH, dict, slow, timing=Timing(heartbeat=0.5))
    link.start()
    ears.wait(lambda ears: Synced() in ears.heard)
    link.close()
    assert ears.phases() == ["connecting", "connected", "closed"]
