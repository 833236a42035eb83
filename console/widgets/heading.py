"""The lines around the tables: header, race banner, first-run guide, pane titles, key hints. Pure."""

from collections.abc import Sequence

from console import format as fmt
from console.fleet.cells import HostRow, RaceView, WorkerRow
from console.glyphs import GLYPHS, link, tally
from console.plain import plain
from console.widgets.facts import folded
from console.widgets.lines import BLANK, Line, Span, cut, padded, width_of

_GAP: Span = ("   ", "text")


def header(
    hosts: Sequence[HostRow],
    workers: Sequence[WorkerRow],
    race: RaceView | None,
    moment: float,
    width: int,
    *,
    readonly: bool,
    watches: Sequence[str] = (),
) -> Line:
    """The first line of the screen. Parts that do not fit are left out, the least needed first. `watches`: hosts on
    which a watch lives."""
    clock: Line = ((fmt.clock(moment), "quiet"), (" ", "text"))
    badge: Line = ((" READ-ONLY ", "warn cursor"), _GAP) if readonly else ()
    parts: list[Line] = [
        ((" trajconsole", "accent strong"),),
        _hosts_part(hosts),
        _workers_part(workers),
        _race_part(race),
        ((f"watched from {plain(', '.join(watches))}", "quiet"),) if watches else (),
    ]
    for leave_out in (None, 4, 0, 3, 1):
        if leave_out is not None:
            parts[leave_out] = ((" ", "text"),) if leave_out == 0 else ()
        left = tuple(span for part in parts if part for span in (*part, _GAP))
        room = width - width_of(clock) - width_of(badge)
        if width_of(left) <= room:
            break
    return (*padded(cut(left, room), room), *badge, *clock)


def banner(race: RaceView | None, width: int) -> list[Line]:
    """Who won, and where the picture is; nothing while the race goes on."""
    if race is None or not (race.winner or race.over):
        return []
    if not race.winner:
        return [
            (
                (f" {GLYPHS['lost the race'][0]} race {plain(race.name)} ended without a winner", "warn"),
                ("   R races again", "quiet"),
            )
        ]
    rivals = [item.row for item in race.standings if item.row.worker != race.winner]
    lines: list[Line] = [
        (
            (f" {GLYPHS['criteria met'][0]} {plain(race.winner)} wins the race {plain(race.name)}", "good strong"),
            ("   " + ", ".join(_rival(row) for row in rivals) if rivals else "", "text"),
        )
    ]
    if race.picture:
        picture: Line = (("   picture ", "quiet"), (fmt.fit_end(plain(race.picture), width - 11), "text"))
        joined = (*lines[0], *picture)
        lines = [joined] if width_of(joined) <= width else [*lines, picture]
    return [cut(line, width) for line in lines]


def guide(races: Sequence[RaceView], words: str, width: int) -> list[Line]:
    """What a newcomer can do here."""
    if not words and not races:
        return []
    names = ", ".join(plain(item.row.worker) for item in races[0].standings) if races else ""
    does = (
        f"starts the race {plain(races[0].name)} ({names})"
        if races
        else "races the workers of a race in the configuration"
    )
    first = words or f"Nothing has run yet: R {does}."
    parts = folded(plain(first), max(20, width - 4))
    return [BLANK, *(((" ", "text"), ("▌ ", "accent"), (part, "strong")) for part in parts), _hints(), BLANK]


def _hints() -> Line:
    keys = (("R", "race"), ("s", "start one"), ("h", "add hosts"), ("n", "new worker"), ("?", "help"), ("q", "leave"))
    spans: list[Span] = [("   ", "text")]
    for key, does in keys:
        spans += [(f"{key} ", "accent"), (f"{does}    ", "quiet")]
    return tuple(spans)


def rule(name: str, tabs: Sequence[str], active: str, note: str, width: int, *, focus: bool) -> Line:
    """── attention ─┤ log ├─ criteria ─ chart ─ events ─────── following ──"""
    spans: list[Span] = [("▌" if focus else "─", "accent" if focus else "line")]
    if name:
        spans += [("─ ", "line"), (fmt.fit(plain(name), min(24, fmt.cell_len(plain(name)))), "strong"), (" ─", "line")]
    for tab in tabs:
        if tab == active:
            spans += [("┤ ", "line"), (tab, "accent strong"), (" ├", "line")]
        else:
            spans += [("─ ", "line"), (tab, "quiet"), (" ─", "line")]
    have = width_of(tuple(spans))
    tail: Line = ((" ", "line"), (note, "quiet"), (" ──", "line")) if note else ()
    space = width - have - width_of(tail)
    if space < 1 and name:  # the cursor shows whose it is: rather its name than the note
        return rule("", tabs, active, note, width, focus=focus)
    if space < 1:
        tail, space = (), width - have
    return (*cut(tuple(spans), width), ("─" * max(0, space), "line"), *tail)


def keys(hints: Sequence[tuple[str, str]], width: int) -> Line:
    """As many whole hints as fit."""
    spans: list[Span] = [(" ", "text")]
    left = width - 1
    for key, does in hints:
        need = fmt.cell_len(key) + fmt.cell_len(does) + 3
        if need > left:
            break
        spans += [(key, "accent"), (f" {does}  ", "quiet")]
        left -= need
    return tuple(spans)


def _hosts_part(hosts: Sequence[HostRow]) -> Line:
    spans: list[Span] = [(f"{fmt.plural(len(hosts), 'host')} ", "text")]
    counts: dict[tuple[str, str], int] = {}
    for row in hosts:
        counts[link(row.phase)] = counts.get(link(row.phase), 0) + 1
    return (*spans, *((f"{sign}{n} ", tone) for (sign, tone), n in counts.items()))


def _workers_part(workers: Sequence[WorkerRow]) -> Line:
    return (
        (f"{fmt.plural(len(workers), 'worker')} ", "text"),
        *((f"{sign}{n} ", tone) for sign, tone, n in tally(tuple(workers))),
    )


def _race_part(race: RaceView | None) -> Line:
    if race is None or not race.standings:
        return ()
    name = f"race {plain(race.name)}: "
    if race.winner:
        return ((name, "text"), (f"★ {plain(race.winner)}", "good"))
    best = race.standings[0]
    if not best.total:
        return ((name, "text"), (best.row.state.name, "strong"))
    return ((name, "text"), (f"{plain(best.row.worker)} {best.passed}/{best.total}", "strong"))


def _rival(row: WorkerRow) -> str:
    sign = GLYPHS.get(row.state.name, ("", ""))[0]
    return f"{sign} {plain(row.worker)}: {row.state.name}"
