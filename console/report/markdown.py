"""PARALLEL_PROGRESS.md: one table of workers, the races, what needs a person, the hosts."""

import re
from collections.abc import Sequence

from console import format as fmt
from console.document import utc
from console.fleet.cells import HostRow, RaceView, WorkerRow
from console.fleet.findings.money import money
from console.plain import plain
from console.races.showing import ruling_words
from console.report.contents import Contents
from trainer.record.status import Criterion

_SPECIAL = re.compile(r"[\\`*{}\[\]<>|#~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # within a word _ means nothing


def markdown(contents: Contents) -> str:
    """The whole file."""
    lines = ["# Progress", "", f"Written {utc(contents.now)} by `trajconsole report`.", ""]
    for race in contents.races:
        lines += [*_race(race), ""]
    lines += ["## Workers", "", *_workers(contents), ""]
    if contents.findings:
        lines += ["## What needs somebody", ""]
        for who, item in contents.findings:
            mend = f" → {cell(item.mend)}" if item.mend else ""
            lines.append(f"- **{cell(who)}: {cell(item.what)}** ({cell(item.proof)}){mend}")
        lines.append("")
    lines += ["## Hosts", "", *table(*host_table(contents))]
    lines += [f"\n- {cell(problem)}" for problem in contents.problems]
    return "\n".join(lines).rstrip() + "\n"


def cell(text: str) -> str:
    """Text from elsewhere as it is meant, on one line: no sign of it is Markdown."""
    return _SPECIAL.sub(r"\\\g<0>", plain(" ".join(text.split())))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table; a column whose every cell begins with a digit is aligned to the right."""
    right = [bool(rows) and all(not row[n] or row[n][0] in "0123456789-" for row in rows) for n in range(len(head))]
    ruler = ["---:" if number else "---" for number in right]
    return [f"| {' | '.join(row)} |" for row in [head, ruler, *([one or " " for one in row] for row in rows)]]


def _race(race: RaceView) -> list[str]:
    if not race.id:
        return [f"## Race {cell(race.name)}: not started"]
    if race.winner:
        title = f"won by {cell(race.winner)}"
    else:
        title = "over, nobody won" if race.over else "running"
    rows = []
    for standing in race.standings:
        row = standing.row
        said = "; ".join(criterion_words(item) for item in row.criteria)
        name = f"**{cell(row.worker)}**" if standing.won else cell(row.worker)
        rows.append([name, cell(row.state.name), f"{standing.passed}/{standing.total}", cell(said)])
    ruled = [f"- {cell(item.worker)}: {cell(ruling_words(item))}" for item in race.rulings]
    standings = table(["worker", "status", "criteria", "values"], rows)
    return [f"## Race {cell(race.name)}: {title}", "", *standings, *(["", *ruled] if ruled else [])]


def criterion_words(item: Criterion) -> str:
    """ "ratio 1.32 of ≥ 1.50"."""
    op = {">=": "≥", "<=": "≤"}.get(item.op, item.op)
    return f"{item.metric} {fmt.number(item.value) or '–'} of {op} {fmt.number(item.threshold)}"


def worker_head(contents: Contents) -> list[str]:
    """Heads of the columns of `worker_cells`."""
    return ["worker", "host", "status", "epoch", *contents.metrics, "criteria", "winner", "what"]


def worker_cells(row: WorkerRow, contents: Contents) -> list[str]:
    """One line of the table of workers, plain text."""
    known = dict(row.metrics)
    epoch = "" if row.epoch is None else f"{row.epoch}/{row.epochs}" if row.epochs else str(row.epoch)
    values = [fmt.number(known[name].value) if name in known else "" for name in contents.metrics]
    passed = sum(item.passed is True for item in row.criteria)
    criteria = f"{passed}/{len(row.criteria)}" if row.criteria else ""
    won = any(item.won and item.row.key == row.key for race in contents.races for item in race.standings)
    return [row.worker, row.host, status_words(row), epoch, *values, criteria, "yes" if won else "", _what(row)]


def status_words(row: WorkerRow) -> str:
    """The state, with what lies over it."""
    state = row.state
    if state.unreachable_for is not None:
        return f"{state.name}, host unreachable for {fmt.span(state.unreachable_for)}"
    if state.stalled_for is not None:
        return f"{state.name}, no progress for {fmt.span(state.stalled_for)}"
    if state.name == "planned":
        return f"planned {fmt.span(state.age)} ago, never started" if state.age is not None else "planned"
    return state.name


def _what(row: WorkerRow) -> str:
    if row.eta_s is not None and row.state.live:
        return f"{fmt.timer(row.eta_s)} to go"
    return "" if row.state.live or row.state.name == "planned" else row.state.detail


def _workers(contents: Contents) -> list[str]:
    if not contents.workers:
        return ["None is configured, and none was seen."]
    rows = [[cell(text) for text in worker_cells(row, contents)] for row in contents.workers]
    return table([cell(name) for name in worker_head(contents)], rows)


_HOST_HEAD = ["host", "link", "GPUs", "cpu", "memory", "disk"]


def host_table(contents: Contents) -> tuple[list[str], list[list[str]]]:
    """Head and lines of the table of hosts; costs where any host has a price."""
    priced = any(row.cost is not None for row in contents.hosts)
    rows = [[*host_cells(row), *([cost_words(row)] if priced else [])] for row in contents.hosts]
    return [*_HOST_HEAD, *(["cost"] if priced else [])], rows


def host_cells(row: HostRow) -> list[str]:
    """One line of the table of hosts."""
    gpus = [gpu for gpu in row.gpus if gpu.utilisation is not None]
    used = f"{len(row.gpus)}, {fmt.percent(sum(gpu.utilisation or 0 for gpu in gpus) / len(gpus))} busy" if gpus else ""
    link = cell(row.phase) + (f", last heard {fmt.span(row.unheard_for)} ago" if row.unheard_for is not None else "")
    memory, disk = fmt.size_of(row.memory_used, row.memory_total), fmt.size_of(row.disk_used, row.disk_total)
    full = f", full in {fmt.span(row.disk_full_in_s)}" if row.disk_full_in_s is not None else ""
    return [
        cell(row.name),
        link,
        used or (str(len(row.gpus)) if row.gpus else "–"),
        fmt.percent(row.cpu),
        memory,
        disk + full,
    ]


def cost_words(row: HostRow) -> str:
    """What was spent on a host that has a price, and for how long it has been idle."""
    if row.cost is None or row.cost.spent is None:
        return ""
    idle = f", idle for {fmt.span(row.cost.idle_s)}" if row.cost.idle_s is not None else ""
    return f"{money(row.cost.spent, row.cost.currency)}{idle}"
