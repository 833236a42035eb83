"""The queue through the console: configured, started in order, shown while it waits, stopped, resumed."""


def test_workers_wait_for_each_other_and_say_so(house):
    first = house.worker("first", f"until [ -e {house.folder}/go ]; do sleep 0.1; done\n")
    then = house.worker("then", "echo here I am\n") + 'after = ["first"]\n'
    broken = house.worker("broken", "exit 3\n")
    never = house.worker("never", "echo no\n") + 'after = ["broken"]\n'
    no_gpu = house.worker("greedy", "echo no\n") + "gpus = 64\n"
    house.write(first + then + broken + never + no_gpu)
    done = house.run("start", "then", "first", "broken", "never", "greedy")
    assert done.returncode == 0 and "then: queued on here" in done.stdout.replace("  ", " "), done.stdout

    row = house.wait("then", lambda row: row["state"] == "queued")
    assert row["detail"] == "waits for first to end"
    assert house.run("stop", "then").returncode == 0
    assert house.row("then")["state"] == "stopped"
    assert house.run("resume", "then").returncode == 0  # it waits again
    house.wait("then", lambda row: row["state"] == "queued")
    (house.folder / "go").touch()
    house.wait("then", lambda row: row["state"] == "finished")
    assert "here I am" in (house.folder_of("then") / "train.log").read_text()

    row = house.wait("never", lambda row: row["state"] == "failed")
    assert row["detail"] == "it was to begin after broken ended otherwise: exit code 3"
    row = house.wait("greedy", lambda row: row["state"] == "failed")
    assert "it wants 64 GPUs, and this host has" in row["detail"]
