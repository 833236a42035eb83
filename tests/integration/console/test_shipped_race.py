"""The main job of the product: the shipped configuration's race, from nothing to a winner, at its full length."""

import json
import tomllib
from pathlib import Path

import pytest
from console_house import REPOSITORY

SHIPPED = REPOSITORY / "config.toml"


def raced(house, *, seed: int | None) -> dict:
    """Run it as a person without a terminal would; the seed is the only thing that may differ from what is shipped."""
    text = SHIPPED.read_text()
    for worker in ("attention", "pretrained") if seed is not None else ():
        assert f"[workers.{worker}]\n" in text
        text = text.replace(f"[workers.{worker}]\n", f"[workers.{worker}]\nset = {{ run.seed = {seed} }}\n")
    house.config.write_text(text)
    done = house.run("race", "persistence", "--json", timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["race"]


def check_race(house, race: dict) -> None:
    winner, rival = race["standings"]
    assert race["winner"] == winner["worker"] == "attention"
    assert (winner["state"], rival["state"]) == ("criteria met", "lost the race")
    criteria = {item["metric"]: item for item in winner["criteria"]}
    assert set(criteria) == {"val_accuracy", "attention_ratio", "consistency"}
    assert all(item["passed"] and item["value"] >= item["threshold"] for item in criteria.values())
    assert Path(race["picture"]).read_bytes().startswith(b"\x89PNG")
    config = tomllib.loads((house.folder_of("attention") / "run.toml").read_text())
    assert config["stop"]["all"] == ["val_accuracy >= 0.75", "attention_ratio >= 1.5", "consistency >= 0.70"]
    assert config["stop"]["every"] == 5


@pytest.mark.timeout(900)
def test_the_shipped_race_has_a_winner(house):
    check_race(house, raced(house, seed=None))


@pytest.mark.soak
@pytest.mark.timeout(1000)
@pytest.mark.parametrize("seed", range(1, 6))
def test_the_shipped_race_has_a_winner_with_every_seed(house, seed):
    check_race(house, raced(house, seed=seed))
