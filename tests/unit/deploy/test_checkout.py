"""Folders and git checkouts as entries of a tree."""

import os
import subprocess

import pytest

from remote.deploy import checkout, folder
from remote.deploy.tree import from_bytes, link, tree

GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false")


def git(place, *words):
    done = subprocess.run(
        [*GIT, "-c", "protocol.file.allow=always", "-C", str(place), *words], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(place, message="x"):
    git(place, "add", "-A")
    git(place, "commit", "-q", "-m", message)
    return git(place, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    place = tmp_path / "my repo"
    place.mkdir()
    git(place, "init", "-q", "-b", "main")
    (place / "sub").mkdir()
    (place / "sub/é 'a'.py").write_text("a\n")
    (place / "run.sh").write_text("#!/bin/sh\n")
    (place / "run.sh").chmod(0o755)
    (place / "to").symlink_to("sub/é 'a'.py")
    (place / ".gitignore").write_text("data/\n*.pt\n")
    (place / "data").mkdir()
    (place / "data/huge").write_text("not code")
    commit(place)
    return place


def test_a_work_tree_is_shipped_as_it_is_now(repository):
    assert checkout.is_checkout(repository)
    assert set(checkout.work_tree(repository)) == {".gitignore", "run.sh", "sub/é 'a'.py", "to"}
    assert checkout.version(repository).dirty is False
    (repository / "new.py").write_text("new")
    (repository / "weights.pt").write_text("no")
    (repository / "run.sh").unlink()
    found = checkout.work_tree(repository)
    assert set(found) == {".gitignore", "new.py", "sub/é 'a'.py", "to"}
    assert found["to"] == link("sub/é 'a'.py") and found["new.py"].content == from_bytes(b"new").content
    version = checkout.version(repository)
    assert (version.branch, version.dirty) == ("main", True) and version.commit == git(repository, "rev-parse", "HEAD")


def test_a_branch_is_shipped_whatever_is_checked_out(repository):
    here = tree("x", checkout.work_tree(repository)).hash
    git(repository, "checkout", "-q", "-b", "feature")
    (repository / "more.py").write_text("more")
    head = commit(repository)
    git(repository, "checkout", "-q", "main")
    (repository / "junk").write_text("junk")
    assert checkout.commit_of(repository, "feature") == head
    found = checkout.at_commit(repository, head)
    assert set(found) == {".gitignore", "more.py", "run.sh", "sub/é 'a'.py", "to"}
    assert (found["run.sh"].kind, found["to"]) == ("x", link("sub/é 'a'.py"))
    del found["more.py"]
    assert tree("y", found).hash == here


def test_a_worktree_and_a_folder_of_a_checkout(repository, tmp_path):
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side/only.py").write_text("")
    assert "only.py" in checkout.work_tree(tmp_path / "side")
    assert checkout.version(tmp_path / "side").branch == "side"
    assert set(checkout.work_tree(repository / "sub")) == {"é 'a'.py"}
    assert set(checkout.at_commit(repository / "sub", "main")) == {"é 'a'.py"}


def test_an_unknown_branch_is_told_with_the_nearest(repository):
    git(repository, "branch", "slowfast")
    with pytest.raises(ValueError, match=r"no branch, tag or commit 'slowfsat' .* did you mean 'slowfast'"):
        checkout.commit_of(repository, "slowfsat")
    for odd in ("--all", "", "main..slowfast"):
        with pytest.raises(ValueError, match="no branch"):
            checkout.commit_of(repository, odd)


def test_submodules_come_along_or_are_told(repository, tmp_path):
    part = tmp_path / "part"
    part.mkdir()
    git(part, "init", "-q", "-b", "main")
    (part / "shared.py").write_text("shared")
    commit(part)
    git(repository, "submodule", "--quiet", "add", str(part), "lib/part")
    head = commit(repository)
    assert "lib/part/shared.py" in checkout.work_tree(repository)
    assert "lib/part/shared.py" in checkout.at_commit(repository, head)
    git(repository, "submodule", "--quiet", "deinit", "-f", "--all")
    for look in (lambda: checkout.work_tree(repository), lambda: checkout.at_commit(repository, head)):
        with pytest.raises(ValueError, match=r"submodule lib/part .*git submodule update --init"):
            look()


def test_what_is_not_code_is_refused_with_the_mend(repository, monkeypatch):
    monkeypatch.setattr(folder, "MOST", 1000)
    (repository / "clips.bin").write_bytes(b"x" * 2000)
    with pytest.raises(ValueError, match=r"the largest: clips\.bin .*\.gitignore"):
        checkout.work_tree(repository)
    head = commit(repository)
    with pytest.raises(ValueError, match=r"the largest: clips\.bin"):
        checkout.at_commit(repository, head)


def test_a_stand_in_of_git_lfs_is_not_mistaken_for_the_file(repository):
    (repository / "w.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    head = commit(repository)
    for look in (lambda: checkout.work_tree(repository), lambda: checkout.at_commit(repository, head)):
        with pytest.raises(ValueError, match="git lfs pull"):
            look()


@pytest.mark.parametrize("target", ["/mnt/data", "../outside", "sub/../../x"])
def test_a_link_that_leaves_the_tree_is_refused(repository, target):
    (repository / "data link").symlink_to(target)
    with pytest.raises(ValueError, match=r"data link is a link to .*which is outside"):
        tree("x", checkout.work_tree(repository))


def test_a_plain_folder_without_what_no_host_needs(tmp_path):
    place = tmp_path / "plain"
    for name in (
        "a.py",
        "__pycache__/a.pyc",
        "b.pyc",
        "env/pyvenv.cfg",
        "env/lib/x.py",
        "node_modules/m.js",
        "d/é.txt",
    ):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("x")
    (place / "link").symlink_to("d")
    assert not checkout.is_checkout(place)
    assert set(folder.entries(place, "")) == {"a.py", "d/é.txt", "link"}
    os.mkfifo(place / "pipe")
    with pytest.raises(ValueError, match="neither a file nor a link"):
        folder.entries(place, "")


def test_a_folder_that_git_ignores_as_a_whole_is_a_plain_one(repository):
    assert not checkout.is_checkout(repository / "data")
    assert set(folder.entries(repository / "data", "")) == {"huge"}


def test_a_repository_without_a_commit(tmp_path):
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.py").write_text("")
    assert set(checkout.work_tree(tmp_path)) == {"a.py"}
    assert checkout.version(tmp_path) == checkout.Version("main", "", True)


def test_a_broken_repository_is_told(repository):
    (repository / ".git/HEAD").write_text("nonsense")
    with pytest.raises(ValueError, match="is in a git checkout, but"):
        checkout.is_checkout(repository)


@pytest.mark.parametrize("path", ["/a", "a/../b", "../a", "a//b", "", ".", "a\0b"])
def test_paths_that_leave_a_tree_are_refused(path):
    with pytest.raises(ValueError, match="a path inside it"):
        tree("x", {path: from_bytes(b"")})
