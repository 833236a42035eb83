"""Which code a run was started with."""

import subprocess

from console.version import code_hash, trainer_home, trainer_version
from trainer import origin


def test_console_and_trainer_name_the_same_code():
    assert code_hash(trainer_home() / "trainer") == origin.code_hash()
    assert trainer_version()["code"] == origin.code_hash()


def test_commit_and_dirt_are_told_only_for_our_own_work_tree(tmp_path):
    package = tmp_path / "trainer"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert set(trainer_version(tmp_path)) == {"code"}
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@t.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    assert set(trainer_version(tmp_path)) == {"code"}
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    assert trainer_version(tmp_path)["dirty"] is False
    (package / "__init__.py").write_text("x = 1\n")
    assert trainer_version(tmp_path)["dirty"] is True
