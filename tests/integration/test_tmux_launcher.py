"""The tmux launcher with a real tmux: started once, recorded exactly, quoted safely."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from remote import shell
from remote.errors import CommandFailed, HostLacks, TimedOut
from remote.launcher import KILL, Launch
from remote.local import LocalTransport
from remote.tmux import TmuxLauncher


@pytest.fixture
def socket():
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    subprocess.run(["tmux", "-L", name, "kill-server"], check=False, capture_output=True)
    Path(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}", name).unlink(missing_ok=True)


@pytest.fixture
def launcher(socket):
    return TmuxLauncher(LocalTransport(), socket)


def until(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return condition()


def exit_record(root, run):
    path = Path(root, "runs", run, "exit.json")
    return json.loads(until(lambda: path.exists() and path.read_text()))


def launch_record(root, run):
    return json.loads(Path(root, "runs", run, "launch.json").read_text())


def log(root, run):
    return Path(root, "runs", run, "train.log").read_text()


def sleeper(root, run="a-1", session="a"):
    return Launch(str(root), run, session, ("sleep", "1000"))


def test_a_run_from_start_to_exit_record(launcher, tmp_path):
    launch = Launch(
        str(tmp_path), "a-1", "a", ("sh", "-c", "echo out; echo err >&2; exit 3"), files={"run.toml": b"x=1\n"}
    )
    before = time.time()
    started = launcher.start(launch)
    assert (started.run, started.session, started.attempt, started.already) == ("a-1", "a", 1, False)
    ended = exit_record(tmp_path, "a-1")
    assert (ended["schema"], ended["attempt"], ended["code"], ended["signal"], ended["oom_kills"]) == (1, 1, 3, None, 0)
    launched = launch_record(tmp_path, "a-1")
    assert launched["session"] == "a" and before - 1 <= launched["time"] <= ended["time"] <= time.time()
    assert launched["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert log(tmp_path, "a-1") == "out\nerr\n"
    assert (tmp_path / "runs/a-1/run.toml").read_bytes() == b"x=1\n"
    until(lambda: launcher.sessions() == ())


def test_nasty_values_arrive_as_they_are(launcher, tmp_path):
    root = tmp_path / "it's a $ROOT; `x` é"
    nasty = ["a b", "'", '"', "$HOME", "`id`", "*", "", "two\nlines", "é", "-n", "\\n", "{run}/x"]
    code = "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ['NASTY'], os.getcwd()]))"
    data = bytes(range(256))
    work = tmp_path / "work 'here'"
    work.mkdir()
    launcher.start(
        Launch(
            str(root),
            "a-1",
            "a",
            (sys.executable, "-c", code, *nasty),
            cwd=str(work),
            env={"NASTY": 'it\'s "$HOME"\n`x`\\ é'},
            files={"deep/it's.bin": data, "run.toml": "é".encode()},
        )
    )
    assert exit_record(root, "a-1")["code"] == 0
    folder = root / "runs/a-1"
    assert json.loads(log(root, "a-1")) == [
        [*nasty[:-1], f"{folder}/x"],
        'it\'s "$HOME"\n`x`\\ é',
        str(work),
    ]
    assert (folder / "deep/it's.bin").read_bytes() == data and (folder / "run.toml").read_text() == "é"


def test_the_command_has_its_usual_signals_and_knows_its_folder(launcher, tmp_path):
    code = "import os, signal; print(os.environ['TRAJ_RUN_DIR'], os.environ['PYTHONUNBUFFERED'], os.getcwd(), "
    code += "signal.getsignal(2) is signal.default_int_handler, signal.getsignal(15) == signal.SIG_DFL)"
    launcher.start(Launch(str(tmp_path), "a-1", "a", (sys.executable, "-c", code)))
    exit_record(tmp_path, "a-1")
    folder = tmp_path / "runs/a-1"
    assert log(tmp_path, "a-1") == f"{folder} 1 {folder} True True\n"


def test_a_root_below_the_home_folder(launcher, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    launcher.start(Launch("~/deep/root", "a-1", "a", ("true",)))
    assert exit_record(tmp_path / "deep/root", "a-1")["code"] == 0


def test_two_starts_at_once_start_one(socket, tmp_path):
    found = []

    def start(number):
        found.append(TmuxLauncher(LocalTransport(), socket).start(sleeper(tmp_path, f"a-{number}")))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = [started for started in found if not started.already]
    assert len(first) == 1 and len(found) == 4
    assert {started.run for started in found} == {first[0].run}
    assert [folder.name for folder in (tmp_path / "runs").iterdir()] == [first[0].run]


def test_two_consoles_as_processes_start_one(socket, tmp_path):
    code = (
        "import sys; from remote.tmux import TmuxLauncher; from remote.local import LocalTransport\n"
        "from remote.launcher import Launch; root, run, socket = sys.argv[1:]\n"
        "print(TmuxLauncher(LocalTransport(), socket).start(Launch(root, run, 'a', ('sleep', '1000'))).already)"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    consoles = [subprocess.Popen([*argv, run, socket], stdout=subprocess.PIPE) for run in ("a-1", "a-2")]
    assert sorted(console.communicate()[0].strip() for console in consoles) == [b"False", b"True"]


def test_a_session_of_that_name_below_another_root_is_that_one(launcher, tmp_path):
    launcher.start(sleeper(tmp_path / "one", "a-1"))
    started = launcher.start(sleeper(tmp_path / "two", "a-2"))
    assert (started.run, started.already) == ("a-1", True)
    assert list((tmp_path / "two/runs").iterdir()) == []


def test_names_that_begin_alike_are_told_apart(launcher, tmp_path):
    launcher.start(sleeper(tmp_path, "job10-1", "job10"))
    started = launcher.start(sleeper(tmp_path, "job1-1", "job1"))
    assert not started.already
    assert {(found.name, found.run) for found in launcher.sessions()} == {("job1", "job1-1"), ("job10", "job10-1")}


def test_sessions_name_run_and_process(launcher, tmp_path):
    launcher.start(sleeper(tmp_path))
    (session,) = launcher.sessions()
    assert (session.name, session.run) == ("a", "a-1")
    assert session.pid == launch_record(tmp_path, "a-1")["pid"] and abs(session.since - time.time()) < 60


def test_a_session_that_is_open_without_a_run_is_named(launcher, socket, tmp_path):
    subprocess.run(["tmux", "-L", socket, "-f", "/dev/null", "new-session", "-d", "-s", "a", "sleep 1000"], check=True)
    with pytest.raises(CommandFailed, match="no run is in it") as caught:
        launcher.start(sleeper(tmp_path))
    assert "kill-session" in caught.value.mend and not (tmp_path / "runs/a-1").exists()


def test_resume_is_another_attempt_and_removes_the_stop_file(launcher, tmp_path):
    script = 'echo "attempt"; test ! -e "$TRAJ_RUN_DIR/stop"'
    launch = Launch(str(tmp_path), "a-1", "a", ("sh", "-c", script), files={"run.toml": b"first"})
    launcher.start(launch)
    exit_record(tmp_path, "a-1")
    until(lambda: launcher.sessions() == ())
    (tmp_path / "runs/a-1/stop").touch()
    again = Launch(str(tmp_path), "a-1", "a", ("sh", "-c", script), files={"run.toml": b"second"}, resume=True)
    assert launcher.start(again).attempt == 2
    until(lambda: exit_record(tmp_path, "a-1")["attempt"] == 2)
    assert exit_record(tmp_path, "a-1")["code"] == 0
    assert log(tmp_path, "a-1") == "attempt\nattempt\n"
    assert (tmp_path / "runs/a-1/run.toml").read_bytes() == b"first"


def test_a_run_that_is_there_is_not_started_anew_and_none_is_not_resumed(launcher, tmp_path):
    (tmp_path / "runs/a-1").mkdir(parents=True)
    with pytest.raises(CommandFailed, match="there already"):
        launcher.start(sleeper(tmp_path))
    with pytest.raises(CommandFailed, match="no run a-2 to resume"):
        launcher.start(Launch(str(tmp_path), "a-2", "a", ("true",), resume=True))


def test_a_run_that_runs_by_hand_is_not_started_again(launcher, tmp_path):
    launcher.start(
        Launch(str(tmp_path), "a-1", "a", ("sh", "-c", 'test -e "$TRAJ_RUN_DIR/again" && exec sleep 1000; true'))
    )
    exit_record(tmp_path, "a-1")
    until(lambda: launcher.sessions() == ())
    folder = tmp_path / "runs/a-1"
    (folder / "again").touch()
    by_hand = subprocess.Popen(["sh", str(folder / "launch.sh")], start_new_session=True)
    try:
        until(lambda: launch_record(tmp_path, "a-1")["attempt"] == 2)
        again = Launch(str(tmp_path), "a-1", "a", ("true",), resume=True)
        assert launcher.start(again).already
        refused = subprocess.run(["sh", str(folder / "launch.sh")], check=False, capture_output=True, text=True)
        assert refused.returncode == 75 and "running already" in refused.stderr
        assert launch_record(tmp_path, "a-1")["attempt"] == 2
    finally:
        assert list(launcher.stop(str(tmp_path), "a-1", "a", KILL))[-1].gone
        by_hand.wait(10)
    assert by_hand.returncode == 137 and exit_record(tmp_path, "a-1")["attempt"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_that_ends_the_command_is_recorded(launcher, tmp_path, number):
    code = "import os, sys; print(os.getpid(), flush=True); import time; time.sleep(1000)"
    launcher.start(Launch(str(tmp_path), "a-1", "a", (sys.executable, "-X", "faulthandler", "-c", code)))
    pid = int(until(lambda: log(tmp_path, "a-1").strip()))
    os.kill(pid, number)
    ended = exit_record(tmp_path, "a-1")
    assert ended["signal"] == number and ended["code"] == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_still_leaves_an_exit_record(launcher, tmp_path, number):
    launcher.start(sleeper(tmp_path))
    time.sleep(0.2)
    os.killpg(launch_record(tmp_path, "a-1")["pid"], number)
    assert exit_record(tmp_path, "a-1")["signal"] == number


def test_the_end_of_the_tmux_server_ends_no_worker_and_lets_none_run_twice(launcher, socket, tmp_path):
    launcher.start(sleeper(tmp_path))
    pid = launch_record(tmp_path, "a-1")["pid"]
    subprocess.run(["tmux", "-L", socket, "kill-server"], check=True)
    until(lambda: launcher.sessions() == ())
    assert Path(f"/proc/{pid}").exists()
    started = launcher.start(sleeper(tmp_path, "a-2"))
    assert (started.run, started.already) == ("a-1", True)
    assert list(launcher.stop(str(tmp_path), "a-1", "a", KILL))[-1].gone
    assert exit_record(tmp_path, "a-1")["signal"] == signal.SIGKILL
    assert not launcher.start(sleeper(tmp_path, "a-2")).already


def test_the_end_of_the_console_does_not_touch_the_worker(socket, tmp_path):
    code = (
        "import os, sys; from remote.tmux import TmuxLauncher; from remote.local import LocalTransport\n"
        "from remote.launcher import Launch; root, socket = sys.argv[1:]\n"
        "TmuxLauncher(LocalTransport(), socket).start(Launch(root, 'a-1', 'a', ('sleep', '1000')))\n"
        "os.killpg(0, 9)"
    )
    console = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), socket], start_new_session=True)
    assert console.wait(60) == -9
    launcher = TmuxLauncher(LocalTransport(), socket)
    assert [session.run for session in launcher.sessions()] == ["a-1"]
    assert not (tmp_path / "runs/a-1/exit.json").exists()


def test_an_attached_client_sees_the_log_and_its_death_harms_nothing(launcher, tmp_path):
    launcher.start(Launch(str(tmp_path), "a-1", "a", ("sh", "-c", "echo hello from the run; exec sleep 1000")))
    argv = launcher.attach_argv("a")
    script = ["script", "-qfc", " ".join(argv).replace("=a", "'=a'"), "/dev/null"]
    environment = {**os.environ, "TERM": "xterm", "TMUX": "/tmp/another,1,0"}
    client = subprocess.Popen(
        script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, start_new_session=True
    )
    shown = b""
    while b"hello from the run" not in shown:
        piece = os.read(client.stdout.fileno(), 65536)
        assert piece, shown
        shown += piece
    os.killpg(client.pid, signal.SIGKILL)
    client.communicate()
    assert [session.run for session in launcher.sessions()] == ["a-1"]


def test_a_last_line_without_its_end_is_ended(launcher, tmp_path):
    launcher.start(Launch(str(tmp_path), "a-1", "a", ("printf", "no end")))
    exit_record(tmp_path, "a-1")
    assert log(tmp_path, "a-1") == "no end\n"


@pytest.mark.parametrize(
    ("launch", "code", "words"),
    [
        ({"argv": ("no-such-program",)}, 127, "not found"),
        ({"cwd": "/no/such/folder"}, 1, "cannot enter the working folder"),
    ],
)
def test_a_command_that_cannot_begin_says_so_in_log_and_record(launcher, tmp_path, launch, code, words):
    launcher.start(Launch(**{"root": str(tmp_path), "run": "a-1", "session": "a", "argv": ("true",), **launch}))
    assert exit_record(tmp_path, "a-1")["code"] == code
    assert words in log(tmp_path, "a-1")


def test_an_argument_named_like_a_function_of_the_script_is_a_program(launcher, tmp_path):
    launcher.start(Launch(str(tmp_path), "a-1", "a", ("exit", "0")))
    assert exit_record(tmp_path, "a-1")["code"] == 127


def test_a_root_that_cannot_be_written_is_named(launcher, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandFailed, match=f"cannot write below {tmp_path}/file"):
        launcher.start(sleeper(tmp_path / "file"))


def test_a_host_without_tmux_names_the_mend(tmp_path):
    launcher = TmuxLauncher(LocalTransport(), "t1", tmux="no-such-tmux")
    with pytest.raises(HostLacks, match="no no-such-tmux") as caught:
        launcher.start(sleeper(tmp_path))
    assert "install" in caught.value.mend and caught.value.mend.endswith("tmux")
    with pytest.raises(HostLacks):
        launcher.sessions()


@pytest.mark.parametrize("files", [{"../x": b""}, {"/x": b""}, {"": b""}, {"a//b": b""}])
def test_files_stay_inside_the_run(launcher, tmp_path, files):
    with pytest.raises(ValueError, match="inside the run's folder"):
        launcher.start(Launch(str(tmp_path), "a-1", "a", ("true",), files=files))


def test_the_socket_of_a_killed_server_is_removed_and_never_a_live_one(launcher, socket, tmp_path):
    folder = Path(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}")
    launcher.start(sleeper(tmp_path))
    argv = ["tmux", "-L", socket, "display-message", "-p", "#{pid}"]
    server = int(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    assert len(launcher.sessions()) == 1 and (folder / socket).is_socket()
    os.kill(server, signal.SIGSTOP)  # it hangs, and is not gone
    try:
        with pytest.raises(TimedOut):
            LocalTransport().run(["sh", "-s"], input=sessions_script(socket), timeout=1.0)
        assert (folder / socket).is_socket()
    finally:
        os.kill(server, signal.SIGCONT)
    until(lambda: len(launcher.sessions()) == 1)
    list(launcher.stop(str(tmp_path), "a-1", "a", KILL))
    launcher.start(sleeper(tmp_path, "a-2"))
    server = int(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    os.kill(server, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{server}").exists())
    assert (folder / socket).is_socket()
    assert launcher.sessions() == () and not (folder / socket).exists() and not (folder / f"{socket}.lock").exists()
    list(launcher.stop(str(tmp_path), "a-2", "a", KILL))
    assert not launcher.start(sleeper(tmp_path, "a-3")).already
    assert len(launcher.sessions()) == 1 and (folder / socket).is_socket()
    list(launcher.stop(str(tmp_path), "a-3", "a", KILL))


def sessions_script(socket):
    return (shell.assign({"SOCKET": socket, "TMUX_PROGRAM": "tmux"}) + shell.script("sessions.sh")).encode()
