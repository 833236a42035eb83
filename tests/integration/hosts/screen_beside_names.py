"""The screen as a process of its own, in which a test can have another name server: what it sees, as lines on stdout.

python screen_beside_names.py CONFIG STATE      ends when its input does
"""

import asyncio
import sys
from pathlib import Path

from console.app import ConsoleApp
from console.config import load
from console.door import HostDoor, Questions
from console.engine import make_engine


async def main(config: Path, state: Path) -> None:
    questions = Questions()
    engine = make_engine(load(config), state, ask=questions.ask)
    app = ConsoleApp(engine.pump, engine.actions, door=HostDoor(questions, engine.hosts, engine.pump.retry))
    said: dict[str, object] = {}

    def tell(what: str, value: object) -> None:
        if said.get(what) != value:
            said[what] = value
            print(what, value, flush=True)

    over = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    async with app.run_test(size=(100, 30)) as pilot:
        keys = 0
        while not over.done():
            await pilot.press("down")  # a key is answered within a turn of the loop, whatever a host does
            keys += 1
            for name, host in engine.pump.fleet.hosts.items():
                tell(f"{name} phase", host.link.phase)
                tell(f"{name} why", host.link.detail)
                tell(f"{name} seq", host.telemetry.seq if host.telemetry else 0)
            tell("screen keys", keys // 10)
            await pilot.pause(0.05)
    await asyncio.to_thread(engine.hosts.close)
    print("left screen", flush=True)


asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
