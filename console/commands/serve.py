"""`trajconsole serve`: the same screen in a browser, on this machine only unless an address is given."""

import argparse
import asyncio
import importlib.util
import ipaddress
import os
import secrets
import sys

from console.commands import common


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address", default="127.0.0.1", metavar="IP", help="where to listen; 127.0.0.1: this machine only"
    )
    parser.add_argument("--port", type=int, default=8017, metavar="N", help="0: any that is free")
    parser.add_argument(
        "--most", type=int, default=4, metavar="N", help="browsers at a time, each with a console of its own"
    )


def run(arguments: argparse.Namespace) -> int:
    from trainer.schema import ConfigError, Problem

    def wrong(what: str, mend: str) -> ConfigError:
        return ConfigError([Problem("trajconsole serve", None, "", what, mend)])

    try:
        local = ipaddress.ip_address(arguments.address).is_loopback
    except ValueError:
        raise wrong(f"--address {arguments.address} is no address", "a number, as in 127.0.0.1 or ::1") from None
    if not 0 <= arguments.port < 65536:
        raise wrong(f"--port {arguments.port} is not between 0 and 65535", "0: any that is free")
    token = os.environ.get("TRAJCONSOLE_TOKEN") or secrets.token_urlsafe(24)
    if len(token) < 16 or not token.isascii() or not token.replace("-", "").replace("_", "").isalnum():
        raise wrong("TRAJCONSOLE_TOKEN is too easy", "at least 16 letters, digits, - or _")
    if importlib.util.find_spec("textual_serve") is None:
        raise wrong("textual-serve is not installed", "pip install 'trajconsole[serve]'")
    common.load_config(arguments)  # what is wrong with it is better said here than in every browser
    from console.serving.server import Server

    server = Server(_argv(arguments), arguments.address, arguments.port, token, max(1, arguments.most))
    try:
        asyncio.run(server.serve(lambda address: _ready(address, local=local)))
    except OSError as error:
        mend = "choose another with --port"
        raise wrong(f"cannot listen on {arguments.address} port {arguments.port}: {error.strerror}", mend) from None
    return 0


def _ready(address: str, *, local: bool) -> None:
    print(address, flush=True)
    if not local:
        print("trajconsole: not encrypted: whoever can read this network can read the token", file=sys.stderr)
    print("trajconsole: ctrl+c ends it, with every console that it serves; workers go on", file=sys.stderr)


def _argv(arguments: argparse.Namespace) -> list[str]:
    """The console that stands behind each browser."""
    given = [("--config", arguments.config), ("--state", arguments.state)]
    flags = [("--readonly", arguments.readonly), ("--ascii", arguments.ascii)]
    options = [part for name, value in given if value for part in (name, value)]
    return [sys.executable, "-P", "-m", "console", *options, *(name for name, wanted in flags if wanted)]
