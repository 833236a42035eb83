"""One look at a host through the probe, for whoever does not want to stay: who it is, its figures, its facts."""

import threading
import time
from dataclasses import dataclass

from remote import bundle
from remote.events import Event, Facts, Hello, Telemetry
from remote.transport import Transport
from remote.watch import Watch
from remote.wire import Decoder, encode_watch

PATIENCE_S = 20.0
GPUS_S = 12.0  # a vendor's tool may take so long for its first answer
SHORT = 0.05  # share of a disk that is free when somebody will ask what can be emptied
_PIECE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Survey:
    """What the probe said until its picture was complete or its time was over."""

    hello: Hello | None = None
    telemetry: Telemetry | None = None
    facts: Facts | None = None
    skew: float | None = None  # the host's clock minus ours
    said: str = ""  # the last of its stderr, when it said nothing else


def survey(transport: Transport, python: str, root: str, patience: float = PATIENCE_S) -> Survey:
    """RemoteError when there is no channel to the host; a probe that cannot run gives an empty survey."""
    channel = transport.open(bundle.argv(python))
    guard = threading.Timer(patience, channel.close)
    guard.daemon = True
    guard.start()
    found, decoder, began = Survey(), Decoder(), time.monotonic()
    try:
        watch = encode_watch(Watch(root, ()), {}, lease=patience + 5.0, heartbeat=0.5, facts_after=0.0)
        channel.send(bundle.bundle() + watch)
        while not _complete(found, time.monotonic() - began) and (data := channel.recv(_PIECE)):
            now = time.time()
            for event in decoder.feed(data):
                found = _with(found, event, now)
        if found.hello is None:
            lines = channel.stderr().decode("utf-8", "replace").strip().splitlines()
            found = Survey(said=lines[-1] if lines else "the probe said nothing")
    finally:
        guard.cancel()
        channel.close()
    return found


def _with(found: Survey, event: Event, now: float) -> Survey:
    match event:
        case Hello():
            return Survey(event, found.telemetry, found.facts, found.skew)
        case Telemetry():
            late = event.time - now  # what comes late only makes the host seem slow
            skew = late if found.skew is None else max(found.skew, late)
            return Survey(found.hello, event, found.facts, skew)
        case Facts():
            return Survey(found.hello, found.telemetry, event, found.skew)
    return found


def _complete(found: Survey, seconds: float) -> bool:
    if found.telemetry is None or found.facts is None:
        return False
    short = any(disk.free < SHORT * disk.total for disk in found.telemetry.disks)
    if short and not found.facts.whole:  # caches are of interest only then, and slow to measure
        return False
    return found.telemetry.gpu_source != "asked" or seconds > GPUS_S
