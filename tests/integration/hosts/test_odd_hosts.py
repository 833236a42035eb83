"""Hosts as they are found in the wild: on each, a run's whole life, from the first connection to its verified end.

Beside these, tests/integration/ssh has login shells with noise command by command, a silent port, an endless banner.
"""

import subprocess
import sys
from dataclasses import dataclass

import pytest
from machine import Machine
from wire import Wire

UID = 4711


@dataclass(frozen=True)
class Odd:
    """One oddity. With `shell` or `home` the login is an ordinary user's, `odd`."""

    shell: str = ""
    home: str = "/home/odd"
    rc: str = ""  # a start file of the shell's …
    noise: str = ""  # … and what stands in it
    sshd: str = ""
    setup: str = ""
    delay: float = 0.0
    loss: float = 0.0
    locale: str = ""

    @property
    def own_user(self) -> bool:
        return bool(self.shell or self.home != "/home/odd")


NOISE = "echo 'noise before everything'; echo more >&2; trap 'echo bye' EXIT TERM HUP; cd /\n"
STRANGE_HOME = '/home/it\'s a "größe" $HOME `x`'
ODD = {
    "plain root": Odd(),
    "bash, noise and traps": Odd("/bin/bash", rc=".bashrc", noise=NOISE + "set -u; alias ls=false; unset -v PATH\n"),
    "dash": Odd("/bin/dash"),
    "zsh, noise and traps": Odd("/bin/zsh", rc=".zshenv", noise=NOISE),
    "fish": Odd("/usr/bin/fish", rc=".config/fish/config.fish", noise="echo 'noise from fish'; echo more >&2\n"),
    "csh": Odd("/bin/csh", rc=".cshrc", noise="echo 'noise from csh'\nalias echo false\n"),
    "banner and motd": Odd(sshd="PrintMotd yes\nBanner /etc/hostname", setup="echo welcome > /run/motd.dynamic\n"),
    "MaxSessions 1": Odd(sshd="MaxSessions 1"),
    "neither sftp nor rsync": Odd(
        setup='for tool in rsync sftp; do at=$(command -v $tool) && mount --bind /dev/null "$at"; done; true\n'
    ),
    "German decimals": Odd(sshd="SetEnv LC_ALL=de_DE LANG=de_DE LOCPATH=/run/host/locales", locale="ISO-8859-1"),
    "no locale at all": Odd(sshd="SetEnv LC_ALL=POSIX LANG=xx_XX.nonsense"),
    "home on another disk": Odd("/bin/sh", "/mnt/second disk/odd", setup="mount -t tmpfs tmpfs /mnt\n"),
    "quotes, spaces and UTF-8 in the home": Odd("/bin/sh", STRANGE_HOME),
    "others' processes are hidden": Odd("/bin/bash", setup="mount -o remount,hidepid=2 /proc\n"),
    "no write to /tmp by others, noexec": Odd(setup="mount -o remount,noexec /tmp\n"),
    "200 ms away, one packet in 20 lost": Odd(delay=0.1, loss=0.05),
}


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def machine_of(bed, name, odd) -> Machine:
    setup = odd.setup
    users = ()
    if odd.own_user:
        users = (f"odd:x:{UID}:{UID}::{odd.home}:{odd.shell or '/bin/sh'}",)
        home = quoted(odd.home)
        setup += f"mkdir -p {home}\n"
        if odd.rc:
            (bed.folder / "rc").write_text(odd.noise)
            (bed.folder / "rc").chmod(0o644)
            setup += f"mkdir -p $(dirname {home}/{odd.rc}); cat > {home}/{odd.rc} <<'END'\n{odd.noise}END\n"
        setup += f"chown -R {UID}:{UID} {home}\n"
    if odd.locale:
        argv = ["localedef", "--no-archive", "-i", "de_DE", "-f", odd.locale, str(bed.folder / "de_DE")]
        subprocess.run(argv, check=True, capture_output=True)
        setup += "mkdir -p /run/locales\n"
    wire = Wire(delay=odd.delay, loss=odd.loss) if odd.delay or odd.loss else None
    machine = bed.machine(
        name,
        settings="User odd\n" if odd.own_user else "",
        users=users,
        setup=setup,
        sshd=odd.sshd,
        wire=wire,
    )
    if odd.locale:
        (machine.folder / "locales").mkdir()
        (bed.folder / "de_DE").rename(machine.folder / "locales/de_DE")
    return machine


@pytest.mark.parametrize("name", ODD)
async def test_a_whole_life(bed, laptop, name):
    odd = ODD[name]
    host = machine_of(bed, "host", odd)
    laptop.host("host")
    laptop.shell_worker("w", "host", pause=0.1)
    async with laptop.open() as console:
        await console.until(lambda: console.fleet.hosts["host"].synced)
        await console.do(console.engine.actions.start, ("w",))
        await console.until(lambda: any(len(run.rows) > 3 for run in console.fleet.runs.values()))
        (key,) = console.fleet.runs
        assert console.rows()[0].state.live and console.rows()[0].state.unreachable_for is None
        pid = console.fleet.runs[key].status.pid
        steps = await console.do(console.engine.actions.stop, (key,))
        assert "gone" in steps[-1].text
        await console.until(lambda: console.rows()[0].state.name == "stopped")
        there = host.path(odd.home if odd.own_user else "/root") / ".trajconsole/runs" / key.run
        await console.until(lambda: same(console.mirrored(key), there))
        assert not host.path(f"/proc/{pid}").exists()
        assert "line 1 of the log, with ä and ✓" in (console.mirrored(key) / "train.log").read_text("utf-8")
    listed = await_nothing(host)
    assert "trajconsole" not in listed, listed


def same(copy, there):
    return all(
        (copy / file).exists() and (copy / file).read_bytes() == (there / file).read_bytes()
        for file in ("metrics.jsonl", "train.log")
    )


def await_nothing(host):
    """The host's processes, once the sessions of the closed console have gone."""
    from sshd_house import until

    until(lambda: not host.servers())
    return host.run("ps -eo args")


async def test_a_host_without_python_says_so(bed, laptop):
    """What is missing is named with its mend; tmux and workers would do without."""
    tools = "for tool in sh env sleep mkdir; do ln -s $(command -v $tool) /run/bare/; done"
    bed.machine("host", sshd="SetEnv PATH=/run/bare", setup=f"mkdir /run/bare; {tools}\n")
    laptop.host("host", python="python3")
    async with laptop.open() as console:
        await console.until(lambda: console.fleet.hosts["host"].link.phase == "broken")
        link = console.fleet.hosts["host"].link
        assert "python3" in link.detail and "`python`" in link.mend


async def test_of_two_pythons_the_named_one_is_used(bed, laptop):
    """The first one in the PATH is none that could be used."""
    script = "#!/bin/sh\\necho too old >&2; exit 1\\n"
    setup = f"mkdir /run/two; printf '{script}' > /run/two/python3; chmod 755 /run/two/python3\n"
    bed.machine("host", sshd="SetEnv PATH=/run/two:/usr/bin:/bin", setup=setup)
    laptop.host("host", python=sys.executable)
    async with laptop.open() as console:
        await console.until(lambda: console.fleet.hosts["host"].synced)
        assert console.fleet.hosts["host"].hello.python.startswith("3.")


async def test_a_host_that_reboots(bed, laptop):
    """Its workers are gone, and the boot time says why; the host itself is reached again without a word."""
    host = bed.machine("host")
    laptop.host("host")
    laptop.shell_worker("w", "host", pause=0.1)
    async with laptop.open() as console:
        await console.until(lambda: console.fleet.hosts["host"].synced)
        await console.do(console.engine.actions.start, ("w",))
        await console.until(lambda: any(len(run.rows) > 3 for run in console.fleet.runs.values()))
        first = console.fleet.hosts["host"].hello.boot_id
        host.wire.down()
        host.crash()
        await console.until(lambda: console.fleet.hosts["host"].link.phase in ("stale", "unreachable"))
        assert console.rows()[0].state.live and console.rows()[0].state.unreachable_for is not None
        host.start()
        host.wire.up()
        await console.until(lambda: not console.rows()[0].state.live)
        state = console.rows()[0].state
        assert console.fleet.hosts["host"].hello.boot_id != first
        assert state.name == "vanished" and "reboot" in f"{state.evidence} {state.detail}".lower()
