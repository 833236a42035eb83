"""The configuration of a running console becomes another one: links of hosts that stay are not touched."""

import asyncio

from console.config import parse
from console.door import Questions
from console.engine import make_engine
from console.setup import EngineSetup
from remote.ssh.transport import SshTransport


async def until(condition, seconds=30.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_hosts_come_and_go_while_the_others_stay_connected(lan, tmp_path):
    hosts = {name: lan.host(name) for name in ("gpu1", "gpu2")}
    path = tmp_path / "config.toml"

    def text(*names, more=""):
        tables = [f'[hosts.{name}]\nssh = "{name}"\nssh_config = "{lan.config}"\n' for name in names]
        worker = f'[workers.w]\nhost = "{names[-1]}"\ncommand = ["true"]\n'
        return "\n".join([*tables, worker, more])

    path.write_text(text("gpu1"))
    questions = Questions()
    engine = make_engine(parse(path.read_text(), path), tmp_path / "state", ask=questions.ask)
    setup = EngineSetup(engine, questions)
    pump = engine.pump
    await pump.start()

    def connected(name):
        return name in pump.fleet.hosts and pump.fleet.hosts[name].reachable

    try:
        await until(lambda: connected("gpu1"))
        before = hosts["gpu1"].connections()
        draft = setup.draft().with_change(("hosts", "gpu2"), {"ssh": "gpu2", "ssh_config": str(lan.config)})
        trial = setup.trial(draft.config())
        found = await asyncio.to_thread(lambda: list(trial.look("gpu2")))
        assert next(item for item in found if item.name == "reach").ok
        there = hosts["gpu2"].connections()
        saved = draft.save()
        assert setup.outdated
        await setup.take_up(saved.config(), trial)
        await asyncio.to_thread(trial.close)
        assert not setup.outdated
        await until(lambda: connected("gpu2"))
        assert hosts["gpu1"].connections() == before, "the host that stayed was connected anew"
        assert set(there) & set(hosts["gpu2"].connections()), "the way that was open was not taken over"
        assert pump.fleet.planned["w"].host == "gpu1" and isinstance(engine.hosts.transport("gpu2"), SshTransport)

        path.write_text(text("gpu2"))
        assert setup.outdated
        await setup.take_up(parse(path.read_text(), path))
        await until(lambda: not hosts["gpu1"].connections())
        assert list(pump.fleet.hosts) == ["gpu2"] and connected("gpu2") and pump.fleet.planned["w"].host == "gpu2"
        assert not [key for key in pump.fleet.runs if key.host == "gpu1"]

        path.write_text(text("gpu1", "gpu2"))
        await setup.take_up(parse(path.read_text(), path))
        await until(lambda: connected("gpu1"))
        assert list(pump.fleet.hosts) == ["gpu1", "gpu2"]
    finally:
        await pump.stop()
        await asyncio.to_thread(engine.hosts.close)
    await until(lambda: not hosts["gpu1"].connections() and not hosts["gpu2"].connections())
