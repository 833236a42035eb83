"""From exec to the first frame, in a real terminal: the console with what it knows from before, beside its floors.

    python bench/console/first_frame.py [--turns 7] [--workers 12]

The first frame is the first one that shows a worker: what was on the screen when it was left, with its age (see
console/afterimage.py). The live screen is the one that answers keys. Before the first turn the console runs
once, so that it has something to remember. Floors: Python with nothing, `import textual.app`, and a
Textual app with one line of text.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from terminal import Terminal

STOCK = """
from textual.app import App
from textual.widgets import Static
class One(App):
    def compose(self):
        yield Static("worker-000")
One().run()
"""


def configuration(folder: Path, workers: int) -> Path:
    text = f'[hosts.here]\nroot = "{folder}/root"\n'
    text += "".join(f'[workers.worker-{n:03}]\nhost = "here"\ncommand = ["true"]\n' for n in range(workers))
    path = folder / "config.toml"
    path.write_text(text)
    return path


def painted(argv: list[str], word: bytes, keys: bytes) -> float:
    terminal = Terminal(argv)
    moment = terminal.seen(word)
    terminal.close(keys)
    assert moment is not None, f"{argv} never showed {word!r}"
    return moment - terminal.began


def ran(argv: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(argv, check=True)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--workers", type=int, default=12)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = configuration(folder, asked.workers)
        ours = [sys.executable, "-m", "console", "--config", str(config), "--state", f"{folder}/state"]
        stock = [sys.executable, "-c", STOCK]
        painted(ours, b"worker-000", b"q")
        found: dict[str, list[float]] = {}
        for _ in range(asked.turns):
            found.setdefault("the console, first frame", []).append(painted(ours, b"worker-000", b"q"))
            found.setdefault("the console, live screen", []).append(painted(ours, b"1 host ", b"q"))
            found.setdefault("a Textual app with one line", []).append(painted(stock, b"worker-000", b"\x11"))
            found.setdefault("import textual.app", []).append(ran([sys.executable, "-c", "import textual.app"]))
            found.setdefault("python -c pass", []).append(ran([sys.executable, "-c", "pass"]))
    for name, values in found.items():
        print(f"{name:30} {statistics.median(values) * 1e3:6.0f} ms  ({min(values) * 1e3:.0f}–{max(values) * 1e3:.0f})")
    pairs = zip(found["the console, first frame"], found["a Textual app with one line"], strict=True)
    ratios = [one / other for one, other in pairs]
    print(
        f"ratio to the one-line app {statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f}); goal: 250 ms"
    )


if __name__ == "__main__":
    main()
