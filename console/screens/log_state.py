"""What stands above and below a log: whose it is, whether it follows, what was found, which line of how many."""

from collections.abc import Sequence

from console import format as fmt
from console.logs.reader import Reader
from console.plain import plain
from console.widgets.lines import Line, cut, padded, width_of
from console.widgets.log_view import NAME_TONES, LogView


def title(names: Sequence[str], where: str, width: int) -> Line:
    """Names, each in the colour that its lines have."""
    spans: list[tuple[str, str]] = [(" ", "text")]
    for place, name in enumerate(names):
        tone = NAME_TONES[place % len(NAME_TONES)] if len(names) > 1 else "accent strong"
        spans.append((plain(name) + ("  " if place + 1 < len(names) else ""), tone))
    right: Line = ((f"{plain(where)} ", "quiet"),) if where else ()
    room = width - width_of(right)
    if room < 20:
        return padded(cut(tuple(spans), width), width)
    return (*padded(cut(tuple(spans), room), room), *right)


def state(view: LogView, reader: Reader, width: int, *, said: str = "", problem: str = "") -> Line:
    """`said` answers a key; `problem` is of the pattern that is being typed."""
    if problem:
        return padded(cut(((f" {problem}", "bad"),), width), width)
    parts = [_following(view), *_pattern(view, reader)]
    if reader.minutes:
        since = f" since {fmt.clock(reader.since_time)}" if reader.since_time is not None else ""
        parts.append((f"last {reader.minutes} min{since}", "accent"))
    if view.marked is not None:
        start, stop = view.selection
        parts.append((f"{fmt.plural(stop - start, 'line')} marked", "accent"))
    parts += [("wrapped", "quiet")] * view.wrapping + [("no times", "quiet")] * (not view.stamps)
    if said:
        parts.append((plain(said), "strong"))
    left: list[tuple[str, str]] = [(" ", "text")]
    for place, part in enumerate(parts):
        left += [(" · ", "line")] * bool(place) + [part]
    right = _where(view, reader)
    room = width - width_of(right)
    return (*padded(cut(tuple(left), room), room), *right)


def _following(view: LogView) -> tuple[str, str]:
    if view.following:
        return ("following", "good")
    return (f"paused{f', {fmt.count(view.unseen)} new' if view.unseen else ''}", "warn")


def _pattern(view: LogView, reader: Reader) -> list[tuple[str, str]]:
    matcher, found = reader.matcher, reader.found
    if found is None or matcher is None:
        return []
    more = "" if found.whole else "…"
    word = "only" if reader.mode == "only" else "found"
    count = f"{fmt.count(found.count)}{more}"
    if reader.mode == "mark":
        number = reader.match_number(min(view.cursor, max(0, view.view.count - 1)))
        count = f"{fmt.count(number)} of {count}"
    parts = [(f"{word} {plain(matcher.text)} ({count})", "second")]
    if matcher.given_up:
        hard = f"too hard on {fmt.plural(matcher.given_up, 'line')}"
        parts.append((f"{hard}: stopped" if matcher.hopeless else f"{hard}, left out", "bad"))
    return parts


def _where(view: LogView, reader: Reader) -> Line:
    count = view.view.count
    if reader.share < 1:
        return ((f"reading {reader.share:.0%} ", "warn"),)
    if not count:
        return (("no lines ", "quiet"),)
    return ((f"line {fmt.count(view.cursor + 1)} of {fmt.count(count)} ", "quiet"),)
