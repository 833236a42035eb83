"""`trajconsole replay`: a recorded session on the screen again, or one frame of it as text."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from console.commands import common

if TYPE_CHECKING:
    from console.recording.player import Player


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="made by trajconsole --record FILE")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="times as fast as it was")
    parser.add_argument("--once", action="store_true", help="one frame as text")
    parser.add_argument("--at", type=float, metavar="SECONDS", help="begin here; with --once: the frame at that time")
    parser.add_argument("--json", action="store_true", help="with --once: as one JSON document, like status --json")


def run(arguments: argparse.Namespace) -> int:
    from console.recording.player import Player

    player = Player(arguments.file.expanduser(), speed=max(1 / 64, arguments.speed))
    if arguments.once or arguments.json or not sys.stdout.isatty():
        player.seek(player.end if arguments.at is None else player.begin + arguments.at)
        return _frame(arguments, player)
    from console.recording.app import ReplayApp
    from console.settings import SettingsFile

    player.seek(player.begin + (arguments.at or 0.0))
    settings = SettingsFile(common.state_of(arguments))
    app = ReplayApp(player, ascii=arguments.ascii, theme=arguments.theme or "", settings=settings)
    app.run()
    return app.return_code or 0


def _frame(arguments: argparse.Namespace, player: "Player") -> int:
    from console import frame
    from console.document import status_document
    from console.fleet.view import host_rows, race_views, worker_rows

    fleet, races, now = player.fleet, player.races(), player.clock()
    if arguments.json:
        common.print_json(status_document(fleet, races, now, config=str(arguments.file), problems=()))
        return 0
    out = frame.stdout(arguments.ascii)
    hosts, workers = host_rows(fleet, now), worker_rows(fleet, now)
    for line in frame.status_lines(hosts, workers, race_views(fleet, races, now), now, str(arguments.file)):
        out.line(*line)
    return 0
