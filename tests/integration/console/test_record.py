"""A real session is recorded, and shown again from the file alone."""

import asyncio
import gzip
import json

from console.config import load
from console.engine import make_engine
from console.parallel import in_thread
from console.recording.recorder import Recorder


async def test_a_session_is_recorded_without_its_secrets_and_replayed(house, monkeypatch):
    monkeypatch.setenv("TRAJCONSOLE_ROOT", str(house.root))
    worker = house.worker("w", "echo begun; exec sleep 1000\n")
    house.write(f'{worker}env = {{ MY_VALUE = "s3cret-value" }}\n')
    file = house.folder / "session.tcr"
    recorder = Recorder(file)
    engine = make_engine(load(house.config), house.state, recorder=recorder)
    await engine.pump.start()
    try:
        async for step in in_thread(lambda: engine.actions.start(("w",))):
            assert step.ok is not False, step
        async with asyncio.timeout(60):
            while not any("begun" in list(run.log.lines) for run in engine.pump.fleet.runs.values()):
                await asyncio.sleep(0.05)
    finally:
        await engine.pump.stop()
        await asyncio.to_thread(engine.hosts.close)
        recorder.close()
    house.run("kill", "w")
    whole = gzip.decompress(file.read_bytes())
    assert b"s3cret" not in whole and b"MY_VALUE" in whole and b"begun" in whole
    done = house.run("replay", str(file), "--once")
    assert done.returncode == 0 and "starting" in done.stdout and "closed" not in done.stdout, done
    first = json.loads(house.run("replay", str(file), "--once", "--json", "--at", "0").stdout)
    assert [row["state"] for row in first["workers"]] == ["planned"]
    assert house.run("replay", str(house.config)).returncode == 2
