"""A watch that was asleep syncs when it wakes, not when its interval is over."""

import signal
import time


def test_it_syncs_when_it_wakes(house):
    go = house.folder / "go"
    script = 'echo \'{"t": 1, "step": 1, "epoch": 1, "loss": 0.5}\' >> $1/metrics.jsonl\n'
    script += f"until [ -e {go} ]; do sleep 0.1; done\n"
    script += 'echo \'{"t": 2, "step": 2, "epoch": 1, "loss": 0.25}\' >> $1/metrics.jsonl\n'
    house.write(house.worker("a", script))
    assert house.run("start", "a").returncode == 0
    out, said = house.folder / "results", house.folder / "console.out"
    watch = house.spawn("watch", "--every", "9h", "--to", str(out))
    house.wait_for(lambda: "synced 1 of 1 runs" in said.read_text(), 120)
    watch.send_signal(signal.SIGSTOP)
    go.touch()
    house.wait_for((house.folder_of("a") / "exit.json").exists, 120)
    time.sleep(6.0)  # longer than any look takes
    watch.send_signal(signal.SIGCONT)
    house.wait_for(lambda: any("0.25" in path.read_text() for path in out.glob("a-*/metrics.jsonl")), 120)
    assert "syncing" in said.read_text()
    watch.send_signal(signal.SIGINT)
    assert watch.wait(60) == 0
