"""report.html: one file that needs nothing else, light or dark as its reader likes it, and made for printing too."""

from collections.abc import Sequence
from html import escape
from importlib import resources

from console.document import utc
from console.fleet.cells import WorkerRow
from console.glyphs import glyph
from console.plain import plain
from console.races.showing import ruling_words
from console.report.contents import Contents
from console.report.curves import chart
from console.report.markdown import criterion_words, host_table, worker_cells, worker_head


def _style() -> str:
    return resources.files("console.report").joinpath("page.css").read_text("utf-8")


def page(contents: Contents) -> str:
    """The whole file."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>trajconsole: progress</title><style>{_style()}</style></head><body>",
        f'<h1>Progress</h1><p class="quiet">Written {utc(contents.now)} by trajconsole report.</p>',
        *_races(contents),
        "<h2>Workers</h2>",
        _workers(contents),
        *_findings(contents),
        *_charts(contents),
        "<h2>Hosts</h2>",
        _hosts(contents),
        *(f'<p class="bad">{text(problem)}</p>' for problem in contents.problems),
        "</body></html>\n",
    ]
    return "".join(parts)


def text(value: str) -> str:
    """Text from elsewhere: nothing of it is HTML, and no control character passes."""
    return escape(plain(value))


def _races(contents: Contents) -> list[str]:
    parts = []
    for race in contents.races:
        if not race.id:
            parts.append(f"<h2>Race {text(race.name)}</h2><p>Not started.</p>")
            continue
        over = "over, nobody won" if race.over else "running"
        said = f'<span class="good">won by {text(race.winner)}</span>' if race.winner else over
        rows = []
        for item in race.standings:
            words = "; ".join(criterion_words(one) for one in item.row.criteria)
            name = f"<strong>★ {text(item.row.worker)}</strong>" if item.won else text(item.row.worker)
            rows.append([name, _state(item.row.state.name, item.row), f"{item.passed}/{item.total}", text(words)])
        parts.append(f"<h2>Race {text(race.name)}: {said}</h2>")
        parts.append(_table(["worker", "status", "criteria", "values"], rows))
        parts += [f"<p>{text(item.worker)}: {text(ruling_words(item))}</p>" for item in race.rulings]
    return parts


def _workers(contents: Contents) -> str:
    if not contents.workers:
        return "<p>None is configured, and none was seen.</p>"
    rows = []
    for row in contents.workers:
        cells = worker_cells(row, contents)
        rows.append([text(one) if n != 2 else _state(cells[2], row) for n, one in enumerate(cells)])
    return _table(worker_head(contents), rows)


def _hosts(contents: Contents) -> str:
    head, rows = host_table(contents)
    return _table(head, [[text(one) for one in row] for row in rows])


def _state(words: str, row: WorkerRow) -> str:
    sign, tone = glyph(row.state)
    kind = {"good": "good", "bad": "bad", "warn": "bad"}.get(tone, "plain")
    return f'<span class="{kind}">{sign} {text(words)}</span>'


def _findings(contents: Contents) -> list[str]:
    if not contents.findings:
        return []
    parts = ["<h2>What needs somebody</h2><ul>"]
    for who, item in contents.findings:
        kind = "bad" if item.level == "error" else "plain"
        mend = f"<br>→ {text(item.mend)}" if item.mend else ""
        parts.append(
            f'<li><strong class="{kind}">{text(who)}: {text(item.what)}</strong> — {text(item.proof)}{mend}</li>'
        )
    return [*parts, "</ul>"]


def _charts(contents: Contents) -> list[str]:
    drawn = [(found, chart(found)) for found in contents.charts]
    figures = []
    for found, picture in drawn:
        if picture:
            goal = found.criterion
            aim = f' <span class="quiet">{text(f"goal {goal.op} {goal.threshold:g}")}</span>' if goal else ""
            figures.append(f"<figure><figcaption>{text(found.metric)}{aim}</figcaption>{picture}</figure>")
    return ["<h2>Curves</h2>", '<div class="charts">', *figures, "</div>"] if figures else []


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    number = [bool(rows) and all(not row[n] or row[n][0] in "0123456789-" for row in rows) for n in range(len(head))]

    def line(tag: str, cells: Sequence[str]) -> str:
        made = [f"<{tag}{' class=number' if number[n] else ''}>{one}</{tag}>" for n, one in enumerate(cells)]
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line("td", row) for row in rows)
    top = line("th", [text(one) for one in head])
    return f'<div class="wide"><table><thead>{top}</thead><tbody>{body}</tbody></table></div>'
