"""kill -9 of the console at any moment: the workers go on, and the next console has every line once."""

import random
import time

WRITER = """
i=0
while [ $i -lt 3000 ]; do
  i=$((i + 1))
  echo "line $i of the log"
  echo "{\\"t\\": $i, \\"step\\": $i, \\"loss\\": 0.5}" >> "$1/metrics.jsonl"
  [ $((i % 20)) -eq 0 ] && sleep 0.05
done
"""


def test_no_line_is_lost_and_none_comes_twice(house):
    house.write(house.worker("writer", WRITER))
    assert house.run("start", "writer").returncode == 0
    run = house.folder_of("writer")
    chance = random.Random(5)
    for _ in range(6):
        console = house.spawn("logs", "writer", "-f", "-n", "1")
        time.sleep(0.4 + chance.random())  # from before its first word to well into following
        console.kill()
        console.wait()
    row = house.wait("writer", lambda row: not row["live"])
    assert row["state"] == "finished"
    for name in ("metrics.jsonl", "train.log"):
        on_host = (run / name).read_bytes()
        assert on_host.count(b"\n") == 3000 and (house.mirror_of(run) / name).read_bytes() == on_host
    log = house.run("logs", "writer", "-n", "0").stdout.splitlines()
    assert log == [f"line {number} of the log" for number in range(1, 3001)]


def test_two_consoles_beside_each_other_show_the_same(house):
    house.write(house.worker("writer", WRITER))
    assert house.run("start", "writer").returncode == 0
    first = house.spawn("logs", "writer", "-f", "-n", "0")
    second = house.run("logs", "writer", "-f", "-n", "0")
    assert first.wait(30) == 0 and second.returncode == 0
    wanted = [f"line {number} of the log" for number in range(1, 3001)]
    assert second.stdout.splitlines() == wanted
    assert (house.folder / "console.out").read_text().splitlines() == wanted


def test_a_run_that_was_removed_while_nobody_looked_is_told(house):
    house.write(house.worker("short", "echo done\n"))
    assert house.run("start", "short").returncode == 0
    house.wait("short", lambda row: row["state"] == "finished")
    run = house.folder_of("short")
    for path in run.iterdir():
        path.unlink()
    run.rmdir()
    row = house.row("short")
    assert row["state"] == "finished" and any("removed" in item["what"] for item in row["advice"])
    assert house.run("logs", "short").stdout == "done\n"
