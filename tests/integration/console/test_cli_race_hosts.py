"""A race across two hosts with the real trainer: whoever follows it carries the winner over, and the rival ends."""

import json

from test_cli_race import EASY, HARD, SMALL


def test_a_race_across_hosts(house):
    two = house.folder / "two"
    house.write(
        f'[hosts.there]\ntransport = "local"\nroot = "{two}"\n'
        f'[workers.quick]\nhost = "here"\ntrainer = "persistence-attention"\nset = {{ {SMALL}, {EASY} }}\n'
        f'[workers.slow]\nhost = "there"\ntrainer = "persistence-attention"\nset = {{ {SMALL}, {HARD} }}\n'
        '[races.duel]\nworkers = ["quick", "slow"]\n'
    )
    done = house.run("race", "duel", "--json", "--no-check", timeout=170)
    assert done.returncode == 0, done.stderr
    race = json.loads(done.stdout)["race"]
    assert race["winner"] == "quick" and race["over"]
    assert [item["state"] for item in race["standings"]] == ["criteria met", "lost the race"]
    marks = [json.loads((root / "races" / race["id"] / "winner.json").read_text()) for root in (house.root, two)]
    assert marks[0]["run"] == marks[1]["run"] and marks[0]["time"] == marks[1]["time"]
    (loser,) = (two / "runs").glob("slow-*")
    assert list((loser / "checkpoints").iterdir())
    house.wait_for((loser / "exit.json").exists)
    assert json.loads((loser / "exit.json").read_text())["code"] == 0
