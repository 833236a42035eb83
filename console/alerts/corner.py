"""What somebody who looks at the screen is told in its corner: an end, a winner, an error that is new. Calm: nothing of
what was so before the screen knew a host, one word for many, never two within a few seconds. Pure.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from console.alerts.book import Alert, Book
from console.alerts.notices import LEVELS, Notice
from console.plain import plain

PAUSE_S = 5.0  # between two words
MOST = 4  # named in one


@dataclass(frozen=True, slots=True)
class Corner:
    """What was said, and what waits for its turn. `met`: hosts that have told everything once."""

    book: Book = Book()
    met: frozenset[str] = frozenset()
    waiting: tuple[Alert, ...] = ()
    said: float = 0.0

    def look(
        self, found: Iterable[Notice], hosts: Collection[str], synced: Collection[str], now: float
    ) -> "tuple[Corner, tuple[Alert, ...]]":
        """The corner after a look, and what is to be said now, together."""
        all_ = list(found)
        whole = self.met.issuperset(hosts)
        new = [item for item in all_ if _host(item) in self.met or (not _host(item) and whole)]
        book, alerts = self.book.step(new, now)
        known = {item.key for item in new}
        book = book.knowing((item for item in all_ if item.key not in known), now)
        waiting = (*self.waiting, *(alert for alert in alerts if worth_a_word(alert)))
        after = replace(self, book=book, met=self.met | frozenset(synced), waiting=waiting)
        if not waiting or now - self.said < PAUSE_S:
            return after, ()
        return replace(after, waiting=(), said=now), waiting


def worth_a_word(alert: Alert) -> bool:
    """Facts, and errors that have begun."""
    return not alert.over and (alert.notice.at_once or alert.notice.level == "error")


def words(alerts: Collection[Alert]) -> tuple[str, str, str]:
    """Title, text and level of one word about all of them; of each worker what came first."""
    first: dict[str, Alert] = {}
    for alert in alerts:
        first.setdefault(alert.notice.who, alert)
    items = [alert.notice for alert in first.values()]
    level = max((item.level for item in items), key=LEVELS.index)
    if len(items) == 1:
        (item,) = items
        return plain(f"{item.who}: {item.what}"), plain(item.mend or item.proof), level
    lines = [f"{item.who}: {item.what}" for item in items[:MOST]]
    lines += [f"and {len(items) - MOST} more"] if len(items) > MOST else []
    return f"{len(items)} things happened", "\n".join(map(plain, lines)), level


def _host(item: Notice) -> str:
    """Races have none."""
    host = item.key.partition("/")[0]
    return "" if item.key.startswith("race/") else host
