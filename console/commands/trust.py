"""`trajconsole trust`: look at a host's key for the first time, and write it down for ssh and for us."""

import argparse
import sys
from typing import TYPE_CHECKING

from console.commands import common
from trainer.schema import ConfigError, Problem

if TYPE_CHECKING:
    from remote.ssh.host_keys import UnknownHostKey

MOST_HOPS = 9


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("host", metavar="HOST", help="name of a host with ssh = …")
    parser.add_argument(
        "--yes",
        action="append",
        default=[],
        metavar="FINGERPRINT",
        help="trust without a question, if it is this one: SHA256:…; once for every host on the way",
    )


def run(arguments: argparse.Namespace) -> int:
    from console import ask
    from remote.ssh.host_keys import trust
    from remote.ssh.transport import SshTransport

    config = common.load_config(arguments)
    common.require_known([arguments.host], sorted(config.hosts), "host")
    host = config.hosts[arguments.host]
    if not host.remote:
        raise ConfigError(
            [Problem("trajconsole", None, "", f"{arguments.host} is this machine: it has no key to trust")]
        )
    transport = SshTransport(host.ssh, name=arguments.host, config_file=host.ssh_config or None, ask=ask.on_terminal())
    for _ in range(MOST_HOPS):
        problem = transport.trust()
        if problem is None:
            print(f"✓ {arguments.host}: its key is known")
            return 0
        if not _agreed(arguments, problem):
            return 1
        print(f"written to {trust(problem)}: {problem.settings.known_as[0]} {problem.kind} {problem.fingerprint}")
    raise ConfigError([Problem("trajconsole", None, "", f"{arguments.host} is too many jumps away")])


def _agreed(arguments: argparse.Namespace, problem: "UnknownHostKey") -> bool:
    if arguments.yes:
        if problem.fingerprint in arguments.yes:
            return True
        print(f"trajconsole: {problem.what}; that is not {' or '.join(arguments.yes)}: not trusted", file=sys.stderr)
        return False
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(f"trajconsole: {problem.what}", file=sys.stderr)
        mend = f"trajconsole trust {arguments.host} --yes {problem.fingerprint}"
        print(f"trajconsole: if that is what the host's own administrator reads there: {mend}", file=sys.stderr)
        return False
    print(problem.what)
    print("Compare it with what the host itself says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub")
    if input("Is it the same? [y/N] ").strip().lower() in ("y", "yes"):
        return True
    print("not trusted")
    return False
