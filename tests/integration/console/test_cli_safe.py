"""May the box be destroyed? No while something runs, is not here, or was changed here; then yes."""

import json


def test_yes_only_when_everything_is_here_and_whole(house):
    house.write(house.worker("done", "echo hello; exit 0\n") + house.worker("busy", "exec sleep 100\n"))
    assert house.run("safe", "here").stdout.startswith("yes: no run is on it")
    assert house.run("start", "done", "busy").returncode == 0
    house.wait("done", lambda row: row["state"] == "finished")
    said = house.run("safe", "here")
    assert said.returncode == 1 and "not all that it came to is on this laptop" in said.stdout
    assert "trajconsole stop busy" in said.stdout and "no: 2 runs of here would be lost" in said.stdout

    assert house.run("kill", "busy").returncode == 0
    assert house.run("pull", "--to", str(house.folder / "runs")).returncode == 0
    said = house.run("safe", "here")
    assert said.returncode == 0 and said.stdout.count("each hash as on the host") == 2, said.stdout

    (copy,) = (house.folder / "runs").glob("done-*")
    log = copy / "train.log"
    log.write_bytes(log.read_bytes().replace(b"hello", b"hullo"))
    found = json.loads(house.run("safe", "here", "--json").stdout)
    assert found["safe"] is False and "train.log of its copy" in next(
        row["problem"] for row in found["runs"] if row["problem"]
    )
    assert house.run("safe", "her").returncode == 2
