"""The first day of a newcomer (first_day.py), in a real terminal and in a real browser."""

import os
import subprocess
import sys

import pytest
from browser_tab import CHROMIUM, Tab
from first_day import Day, environment
from terminal import Terminal

TOKEN = "a-token-of-the-tests-0123"


@pytest.fixture
def newcomer(lan, tmp_path):
    """The host that nobody has trusted, the newcomer's home, and the environment of the newcomer's programs."""
    host, home = lan.host("gpu1", known=False), tmp_path / "newcomer"
    return host, home, environment(home, lan.config)


@pytest.mark.timeout(600)  # half a minute on a quiet machine
def test_from_an_empty_home_to_results_on_this_laptop(newcomer):
    host, home, env = newcomer
    terminal = Terminal(home, [sys.executable, "-m", "console"], env, (100, 30))
    try:
        Day(terminal, host, home).live()
    finally:
        terminal.close()


@pytest.mark.timeout(600)
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: sudo apt-get install -y chromium")
def test_the_same_day_in_a_browser(newcomer, tmp_path):
    pytest.importorskip("textual_serve")
    host, home, env = newcomer
    argv = [sys.executable, "-m", "console", "serve", "--port", "0"]
    none, pipe = subprocess.DEVNULL, subprocess.PIPE
    whole = {**os.environ, **env, "TRAJCONSOLE_TOKEN": TOKEN}
    with subprocess.Popen(argv, env=whole, cwd=home, stdin=none, stdout=pipe, stderr=none) as server:
        assert server.stdout is not None
        try:
            with Tab(tmp_path / "profile", server.stdout.readline().decode().strip()) as tab:
                Day(tab, host, home).live()
        finally:
            server.terminate()
