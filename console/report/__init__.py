"""The progress report: all that a person wants to know without opening the screen. Pure, but for `write`.

contents  what is told: the rows of the screen, and the curves of their runs
markdown  PARALLEL_PROGRESS.md: a table for people and for programs that read Markdown
page      report.html: one file without anything from elsewhere, with the curves
curves    one chart as SVG
"""

from pathlib import Path

from console.report.contents import Contents
from console.report.markdown import markdown
from console.report.page import page
from trainer.record import atomic

MARKDOWN, PAGE = "PARALLEL_PROGRESS.md", "report.html"


def write(contents: Contents, folder: Path) -> tuple[Path, Path]:
    """Both files, each replaced as a whole."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / MARKDOWN, folder / PAGE
    for path, text in zip(paths, (markdown(contents), page(contents)), strict=True):
        atomic.replace(path, text.encode("utf-8", "replace"))
    return paths
