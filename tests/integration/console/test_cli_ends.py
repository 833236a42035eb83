"""Real workers that end badly: each shows its true state, the evidence, and a sentence that says what to do."""

import json
import os
import signal
import time

from console.history import History


def ended(row) -> bool:
    return row["state"] != "planned" and not row["live"]


def says(row, what: str, mend: str) -> bool:
    return any(what in item["what"] and mend in item["mend"] and item["proof"] for item in row["advice"])


PYTHON = "exec python3 -c"


def test_bad_ends_are_told_truly(house):
    """Seven workers side by side: one console start, one look at each."""
    house.write(
        house.worker("whole", "echo hello; exit 0\n")
        + house.worker("broken", f'{PYTHON} "import no_such_module_here"\n')
        + house.worker("hungry", f'ulimit -v 200000; {PYTHON} "x = bytearray(10**9)"\n')
        + house.worker("full", f"{PYTHON} \"f = open('/dev/full', 'w', buffering=1); f.write('x' * 9999)\"\n")
        + house.worker("shot", "echo going; exec sleep 60\n")
        + house.worker("gone", "echo going; exec sleep 60\n")
        + house.worker("misspelt", "echo 'mine.toml:3: optim.lrr: unknown key' >&2; exit 2\n")
        + house.worker("never", "exit 0\n")
    )
    history = History(house.state)
    history.plan(str(house.config), [("never", "here")], time.time() - 9 * 3600)
    history.close()
    names = ["whole", "broken", "hungry", "full", "shot", "gone", "misspelt"]
    done = house.run("start", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    shot, gone = house.folder_of("shot"), house.folder_of("gone")
    os.kill(_command_pid(shot), signal.SIGKILL)
    os.killpg(os.getpgid(_command_pid(gone)), signal.SIGKILL)
    for name in names:
        house.wait(name, ended)
    rows = {row["worker"]: row for row in house.status()["workers"]}

    assert rows["whole"]["state"] == "finished" and "exit code 0" in rows["whole"]["evidence"]
    assert rows["broken"]["state"] == "failed"
    assert rows["broken"]["detail"] == "ModuleNotFoundError: No module named 'no_such_module_here' · <string>:1"
    assert says(rows["broken"], "module no_such_module_here is not installed", "python3 -m pip install no_such_module")
    assert rows["hungry"]["state"] == "out of memory" and "MemoryError" in rows["hungry"]["detail"]
    assert says(rows["hungry"], "it ran out of memory", "smaller")
    assert rows["full"]["state"] == "failed" and says(rows["full"], "the disk was full", "free space")
    assert rows["shot"]["state"] == "killed" and rows["shot"]["detail"] == "SIGKILL"
    assert says(rows["shot"], "kill", "resume shot")
    assert rows["gone"]["state"] == "vanished" and "no exit record" in rows["gone"]["evidence"]
    assert says(rows["gone"], "it vanished", "resume gone")
    assert rows["misspelt"]["state"] == "failed" and "unknown key" in rows["misspelt"]["detail"]
    assert says(rows["misspelt"], "its configuration cannot be used", "start misspelt")
    assert rows["never"]["state"] == "planned"
    assert says(rows["never"], "planned 9 h ago, never started", "trajconsole start never")

    again = house.run("resume", "gone")
    assert again.returncode == 0, again.stdout + again.stderr
    row = house.wait("gone", lambda row: row["live"])
    assert row["run"] == gone.name
    stopped = house.run("kill", "gone")
    assert stopped.returncode == 0 and "gone, verified" in stopped.stdout
    row = house.wait("gone", ended)
    assert row["state"] == "killed" and says(row, "as asked", "resume gone")


def _command_pid(run) -> int:
    """The pid of what launch.sh runs: its child that is no shell of its own."""
    launch = json.loads((run / "launch.json").read_text())["pid"]
    for _ in range(100):
        for task in os.listdir(f"/proc/{launch}/task"):  # noqa: PTH208
            with open(f"/proc/{launch}/task/{task}/children") as file:
                for child in file.read().split():
                    with open(f"/proc/{child}/cmdline", "rb") as command:
                        if b"sleep" in command.read():
                            return int(child)
        time.sleep(0.05)
    raise AssertionError("the command never began")


def test_a_stopped_command_is_stopped_and_the_log_is_whole(house):
    house.write(house.worker("slow", "trap 'echo bye; exit 0' INT\necho begun\nwhile :; do sleep 0.1; done\n"))
    assert house.run("start", "slow").returncode == 0
    house.wait("slow", lambda row: row["live"])
    again = house.run("start", "slow")
    assert again.returncode == 0 and "already running" in again.stdout
    assert house.run("--readonly", "stop", "slow").returncode == 1
    assert house.row("slow")["live"]
    (house.folder_of("slow") / "stop").write_text("")  # this one only listens to signals: begin with the second rung
    console = house.spawn("logs", "slow", "-f")
    os.kill(int(json.loads((house.folder_of("slow") / "launch.json").read_text())["pid"]), 0)
    attach = house.run("attach", "slow")
    assert attach.returncode == 2 and "attach-session -t =slow" in attach.stderr
    done = house.run("kill", "slow")
    assert done.returncode == 0, done.stdout
    assert console.wait(20) == 0
    assert (house.folder / "console.out").read_text().splitlines() == ["begun"]
    found = house.run("logs", "slow", "--grep", "^beg", "-n", "0")
    assert found.stdout == "begun\n"
    assert house.run("stop", "slow").stdout.startswith("✓ slow: is not running")
