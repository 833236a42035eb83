"""The text of launch.sh: what varies at the top, for people to read, and the same body for every run."""

from remote import shell
from remote.launcher import Launch

_WIDE = 100


def launch_script(launch: Launch) -> str:
    """A script that runs the command once, by tmux or by hand, and writes launch.json and exit.json around it."""
    words = [shell.with_run(word) for word in launch.argv]
    command = " ".join(words) if sum(map(len, words)) < _WIDE else " \\\n  ".join(words)
    cwd = '"$RUN"' if launch.cwd in ("", "{run}") else _cwd(launch.cwd)
    return (
        "#!/bin/sh\n"
        f"# Run {launch.run}. To run it by hand: sh launch.sh\n"
        'RUN=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 74\n'
        f"SESSION={launch.session}\n"
        f"CWD={cwd}\n"
        "environment() {\n"
        '  export TRAJ_RUN_DIR="$RUN"\n'
        "  export PYTHONUNBUFFERED=1\n"
        f"{shell.environment(launch.env)}"
        "}\n"
        f"set -- {command}\n\n"
        f"{shell.script('launch.sh')}"
    )


def _cwd(cwd: str) -> str:
    return shell.with_run(cwd) if cwd.startswith("{run}/") else shell.path(cwd)
