"""Code on its way to a real sshd: sent once, verified, mended, pinned."""

import json
import os
import subprocess

import pytest
from ssh_laptop import Laptop
from sshd_house import command, until

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false")


@pytest.fixture
def laptop(lan):
    return Laptop(lan, lan.host("gpu1"))


def git(folder, *words):
    done = subprocess.run([*GIT, "-C", str(folder), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def deployed(laptop, *words):
    done = laptop.run("deploy", *words, "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout), done.stderr


def test_four_workers_run_four_branches_of_one_repository_at_once(laptop):
    """S1: one data folder, one Python, and the shared module is in every branch's own tree."""
    project = laptop.folder / "my project"
    (project / "lib").mkdir(parents=True)
    git(laptop.folder, "init", "-q", "-b", "main", str(project))
    (project / "train.py").write_text(
        "import os, pathlib, sys\nfrom lib import shared\nimport model\n"
        "data = pathlib.Path(sys.argv[1]).read_text().strip()\n"
        "print(model.NAME, shared.VERSION, data, pathlib.Path.cwd() == pathlib.Path(os.environ['TRAJ_CODE']))\n"
    )
    (project / "lib/shared.py").write_text("VERSION = 'shared 1'\n")
    names = ["i3d", "slowfast", "transformer", "magvit"]
    for name in names:
        git(project, "checkout", "-q", "-b", name, *([] if name == names[0] else [names[0]]))
        (project / "model.py").write_text(f"NAME = {name!r}\n")
        if name == "magvit":
            (project / "lib/shared.py").write_text("VERSION = 'shared 2'\n")
        git(project, "add", "-A")
        git(project, "commit", "-q", "-m", name)
    data = laptop.host.home / "data set.txt"
    data.write_text("10,000 clips\n")
    worker = f'host = "far"\ncommand = ["{{python}}", "train.py", "{data}"]\ncode = "my project"\n'
    laptop.write("".join(f'[workers.{name}]\n{worker}branch = "{name}"\n' for name in names))
    done = laptop.run("start", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in names:
        laptop.wait(name, lambda row: row["state"] != "planned" and not row["live"])
        shared = "shared 2" if name == "magvit" else "shared 1"
        assert laptop.run("logs", name).stdout == f"{name} {shared} 10,000 clips True\n"
        origin = laptop.run_toml(name)["origin"]["project"]
        assert origin["commit"] == git(project, "rev-parse", name) and not origin["dirty"]
        assert (laptop.host.home / ".trajconsole/code/trees" / origin["tree"] / "model.py").exists()
    trees = deployed(laptop)[0]["hosts"]["far"]["trees"]
    assert len(trees) == 4 and len(laptop.objects()) == 7  # train, 4 models, 2 shared modules


def test_the_trainer_is_sent_once_and_only_what_changed_after_that(laptop):
    project = laptop.folder / "it's é"
    project.mkdir()
    for number in range(20):
        (project / f"file '{number}' ü.py").write_text(f"x = {number}\n")
    laptop.write('[workers.a]\nhost = "far"\ncommand = ["true"]\ncode = "it\'s é"\n')
    found, said = deployed(laptop)
    assert found["ok"] and "20 files" in said and "0 were there already" in said
    _, said = deployed(laptop)
    assert "code sent" not in said
    (project / "file '3' ü.py").write_text("x = 'new'\n")
    _, said = deployed(laptop)
    assert "1 file," in said and "19 were there already" in said
    assert len(deployed(laptop)[0]["hosts"]["far"]["trees"]) == 2
    found, _ = deployed(laptop, "--prune", "0")
    assert found["hosts"]["far"]["trees"] == [] and len(found["hosts"]["far"]["removed"]) == 2
    assert laptop.objects() == []


def test_what_was_damaged_on_the_host_is_mended(laptop):
    (laptop.folder / "p").mkdir()
    (laptop.folder / "p/a.py").write_text("good = 1\n")
    laptop.write('[workers.a]\nhost = "far"\ncommand = ["cat", "a.py"]\ncode = "p"\n')
    deployed(laptop)
    (tree,) = [path for path in (laptop.host.home / ".trajconsole/code/trees").iterdir() if path.is_dir()]
    (tree / "a.py").chmod(0o644)
    (tree / "a.py").write_text("evil = 1\n")
    done = laptop.run("start", "a")
    assert "was damaged and is mended: a.py" in done.stdout, done.stdout
    laptop.wait("a", lambda row: row["state"] != "planned" and not row["live"])
    assert laptop.run("logs", "a").stdout == "good = 1\n"


def test_a_console_killed_in_mid_shipment_leaves_nothing_half(laptop):
    """The next one sends the rest: objects that came whole stay."""
    project = laptop.folder / "p"
    project.mkdir()
    for number in range(60):
        (project / f"{number}.bin").write_bytes(os.urandom(1_000_000))
    laptop.write('[workers.a]\nhost = "far"\ncommand = ["true"]\ncode = "p"\n')
    process = laptop.spawn("deploy")
    until(laptop.objects)
    process.kill()
    process.wait()
    until(lambda: not [pid for pid in laptop.host.sessions if b"exec(zlib" in command(pid)])
    kept = len(laptop.objects())
    trees = laptop.host.home / ".trajconsole/code/trees"
    assert 0 < kept < 60 and list(trees.iterdir()) == []
    found, said = deployed(laptop)
    assert found["ok"] and f"{kept} were there already" in said, said
    (tree,) = [path for path in trees.iterdir() if path.is_dir()]
    assert all((tree / path.name).read_bytes() == path.read_bytes() for path in project.iterdir())


def test_two_consoles_at_once_are_safe(laptop):
    project = laptop.folder / "p"
    project.mkdir()
    for number in range(200):
        (project / f"{number}.py").write_text(f"x = {number}\n" * 50)
    laptop.write('[workers.a]\nhost = "far"\ncommand = ["true"]\ncode = "p"\n')
    processes = [laptop.spawn("deploy") for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0], laptop.said()
    assert len(deployed(laptop)[0]["hosts"]["far"]["trees"]) == 1


def test_a_trainer_that_is_nowhere_on_the_host_trains_there(laptop):
    """The host's Python has torch and numpy; the trainer and small packages are brought along."""
    laptop.bare_python("torch", "numpy", "PIL", "pillow.libs", "numpy.libs")
    small = (
        "data.train = 24, data.val = 8, data.test = 8, run.batch = 8, run.epochs = 1, run.log_every = 2, "
        "measure.erase = 8, model.width = 32, model.depth = 1"
    )
    worker = f'host = "far"\ntrainer = "persistence-attention"\nset = {{ {small} }}\n'
    laptop.write(f'[workers.t]\n{worker}env = {{ OMP_NUM_THREADS = "1" }}\n')
    done = laptop.run("start", "t")
    assert done.returncode == 0, done.stdout + done.stderr
    row = laptop.wait("t", lambda row: row["state"] != "planned" and not row["live"])
    assert row["state"] in ("finished", "criteria met"), row
    origin = laptop.run_toml("t")["origin"]
    from trainer.record.code import code_hash

    tree = laptop.host.home / ".trajconsole/code/trees" / origin["tree"]
    assert origin["code"] == code_hash() == code_hash(tree / "trainer") and "dirty" in origin
    labels = [item["label"] for item in deployed(laptop)[0]["hosts"]["far"]["trees"]]
    assert any("safetensors" in label and "matplotlib" in label and "numpy" not in label for label in labels), labels


def ended(laptop, attempt):
    record = laptop.run_folder("a") / "exit.json"
    until(lambda: json.loads(record.read_text())["attempt"] == attempt)


def test_a_run_goes_on_with_the_code_that_it_began_with(laptop):
    project = laptop.folder / "p"
    project.mkdir()
    git(laptop.folder, "init", "-q", "-b", "main", str(project))
    (project / "a.sh").write_text("echo one\n")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "one")
    laptop.write('[workers.a]\nhost = "far"\ncommand = ["sh", "a.sh"]\ncode = "p"\n')
    assert laptop.run("start", "a").returncode == 0
    laptop.wait("a", lambda row: row["state"] != "planned" and not row["live"])
    (project / "a.sh").write_text("echo two\n")
    assert laptop.run("resume", "a").returncode == 0
    ended(laptop, 2)
    assert laptop.run("logs", "a").stdout == "one\none\n"
    trees = laptop.host.home / ".trajconsole/code/trees"
    subprocess.run(["rm", "-r", str(trees)], check=True)  # it comes back from the commit that run.toml names
    assert laptop.run("resume", "a").returncode == 0
    ended(laptop, 3)
    assert laptop.run("logs", "a").stdout == "one\none\none\n"
    subprocess.run(["rm", "-r", str(trees), str(project / ".git")], check=True)
    done = laptop.run("resume", "a")
    assert done.returncode == 1 and "no longer on far" in done.stdout and "commit" in done.stdout, done.stdout
