"""Which code a run was started with."""

import subprocess

from trainer.record.code import version


def test_commit_and_dirt_are_told_only_for_our_own_work_tree(tmp_path):
    package = tmp_path / "trainer"
    package.mkdir()
    (package / "__init__.py").write_text("")
    assert set(version(package)) == {"code"}
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@t.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    assert set(version(package)) == {"code"}
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "x"], check=True)
    assert version(package)["dirty"] is False
    (package / "__init__.py").write_text("x = 1\n")
    assert version(package)["dirty"] is True
