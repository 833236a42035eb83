"""Save the real screen as an SVG. The pictures of README and guide were made while the shipped race ran (key R):

    python scripts/screenshot.py docs/images/fleet.svg
    python scripts/screenshot.py docs/images/worker.svg enter
    python scripts/screenshot.py docs/images/runs.svg c
    python scripts/screenshot.py docs/images/race.svg v
    python scripts/screenshot.py docs/images/logs.svg space space L
    python scripts/screenshot.py docs/images/host.svg --then 20 1 enter T

Opens the console on the configuration in force, waits, presses the keys, waits again, and writes what is on the screen.
"""

import argparse
import asyncio
from pathlib import Path

from console.app import ConsoleApp
from console.config import find, load, state_folder
from console.engine import make_engine


async def shoot(out: Path, size: tuple[int, int], after: float, keys: list[str], then: float) -> None:
    """The screen after a while, some keys, and another while."""
    engine = make_engine(load(find(None, Path.cwd())), state_folder())
    app = ConsoleApp(engine.pump, engine.actions)
    async with app.run_test(size=size) as pilot:
        await asyncio.sleep(after)
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(0.5)
        await asyncio.sleep(then)
        out.write_text(app.export_screenshot(title="trajconsole"))
    engine.hosts.close()


def main() -> None:
    """Parse and shoot."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--size", default="120x36")
    arguments.add_argument("--after", type=float, default=3.0)
    arguments.add_argument("--then", type=float, default=2.0, help="seconds after the keys")
    arguments.add_argument("keys", nargs="*", help="keys to press first, as in: enter")
    found = arguments.parse_intermixed_args()
    width, _, height = found.size.partition("x")
    asyncio.run(shoot(found.out, (int(width), int(height)), found.after, found.keys, found.then))


if __name__ == "__main__":
    main()
