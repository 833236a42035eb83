"""Save the real screen as an SVG: `python scripts/screenshot.py docs/images/fleet.svg --size 120x36 --after 3`.

Opens the console on the configuration in force (of a race that runs, say), waits, and writes what is on the screen.
"""

import argparse
import asyncio
from pathlib import Path

from console.app import ConsoleApp
from console.config import find, load, state_folder
from console.engine import make_engine


async def shoot(out: Path, size: tuple[int, int], after: float, keys: list[str]) -> None:
    """The screen after a while and some keys."""
    engine = make_engine(load(find(None, Path.cwd())), state_folder())
    app = ConsoleApp(engine.pump, engine.actions)
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(after)
        await pilot.press(*keys)
        await asyncio.sleep(1)
        out.write_text(app.export_screenshot(title="trajconsole"))
    engine.hosts.close()


def main() -> None:
    """Parse and shoot."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--size", default="120x36")
    arguments.add_argument("--after", type=float, default=3.0)
    arguments.add_argument("keys", nargs="*", help="keys to press first, as in: enter")
    found = arguments.parse_args()
    width, _, height = found.size.partition("x")
    asyncio.run(shoot(found.out, (int(width), int(height)), found.after, found.keys))


if __name__ == "__main__":
    main()
