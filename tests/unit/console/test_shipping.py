"""What a worker needs on its host: packages that its Python lacks, the user's own code, and a run's pinned one."""

import platform
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from console import config as configuration
from console.hosts import Hosts
from console.preflight import Refused
from console.shipping import packages
from console.shipping.kit import Shipping, trainer_tree
from console.shipping.project import project_of
from remote.local import LocalTransport
from remote.pythons import Python
from trainer.record.code import PACKAGE, code_hash
from trainer.schema import ConfigError

HERE = Python(
    "python3",
    sys.version_info[:3],
    torch=True,
    missing=("safetensors",),
    platform=sysconfig.get_platform(),
    abi=sysconfig.get_config_var("SOABI") or "",
    libc=platform.libc_ver(),
)


def test_the_table_of_needs_is_the_extra_without_torch():
    extra = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]["train"]
    assert set(packages.NEEDS) == {name for name in extra if packages.project(name) != "torch"}
    names = {packages.project(item) for item in metadata.requires("matplotlib") or () if "extra" not in item}
    assert names <= {packages.project(item) for item in {**packages.NEEDS, **packages.BEHIND}}


def test_only_what_is_missing_is_lacking():
    assert packages.lacking(HERE) == ("safetensors>=0.4",)
    assert packages.lacking(replace(HERE, missing=())) == ()
    assert packages.lacking(replace(HERE, missing=("cycler",))) == ()  # nobody asks for it
    assert packages.lacking(replace(HERE, missing=("matplotlib", "cycler"))) == ("matplotlib>=3.8", "cycler")


def test_a_python_of_the_same_kind_is_given_what_is_installed_here():
    made = packages.bring(HERE, packages.lacking(HERE), "python3")
    assert {"safetensors/__init__.py", "safetensors/torch.py"} <= set(made.entries)
    assert not [name for name in made.entries if name.endswith(".pyc") or name.startswith("..")]
    assert packages.from_laptop(["safetensors"], replace(HERE, abi="cpython-38-x86_64-linux-gnu")) is None
    assert packages.from_laptop(["safetensors"], replace(HERE, libc=("glibc", "2.5"))) is None
    pure = packages.from_laptop(["cycler"], replace(HERE, abi="another", missing=("cycler",)))
    assert pure is not None and "cycler/__init__.py" in pure
    assert packages.from_laptop(["no-such-package"], HERE) is None


def wheel(folder, name, tag, files):
    path = folder / f"{name}-9.0-{tag}.whl"
    about = {f"{name}-9.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.0\n"}
    about[f"{name}-9.0.dist-info/WHEEL"] = f"Wheel-Version: 1.0\nTag: {tag}\n"
    with zipfile.ZipFile(path, "w") as file:
        for where, text in {**files, **about, f"{name}-9.0.dist-info/RECORD": ""}.items():
            file.writestr(where, text)


def test_another_python_is_given_wheels(tmp_path, monkeypatch):
    other = replace(HERE, version=(3, 12, 1), abi="cpython-312-x86_64-linux-gnu", platform="linux-x86_64")
    other = replace(other, libc=("glibc", "2.31"))
    files = {
        "safetensors/__init__.py": "x = 9\n",
        "safetensors-9.0.data/purelib/more.py": "",
        "safetensors-9.0.data/scripts/s": "",
    }
    wheel(tmp_path, "safetensors", "cp312-cp312-manylinux_2_28_x86_64", files)
    wheel(tmp_path, "safetensors", "cp311-cp311-manylinux_2_28_x86_64", {"wrong.py": ""})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    found = packages.from_index(packages.lacking(other), other, "python3")
    assert {"safetensors/__init__.py", "more.py"} == {name for name in found if "dist-info" not in name}
    old = replace(other, libc=("glibc", "2.17"))
    with pytest.raises(Refused) as refused:
        packages.from_index(packages.lacking(old), old, "/opt/py")
    assert "/opt/py -m pip install 'safetensors>=0.4'" in refused.value.mend


def shipping(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(f'[hosts.here]\nroot = "{tmp_path}/root"\n{text}')
    config = configuration.load(path)
    return config, Shipping(config, Hosts(config, lambda _: LocalTransport()))


def last(steps):
    told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as end:
            return end.value, told


def test_the_trainer_is_the_tree_that_its_hash_is_of(tmp_path):
    config, ships = shipping(tmp_path, '[workers.t]\nhost = "here"\ntrainer = "persistence-attention"\n')
    kit, told = last(ships.kit("t"))
    (folder,) = map(Path, kit.path)
    assert code_hash(folder / "trainer") == code_hash() == kit.origin["code"]
    assert kit.origin["tree"] == folder.name == trainer_tree().hash and "code sent to here" in told[-1].text
    assert last(ships.kit("t"))[1] == []
    argv = ships.trainer("here", kit)
    assert argv.argv("run")[1:] == ("-P", "-m", "trainer", "run") and argv.env["PYTHONPATH"] == str(folder)
    assert argv.around({"PYTHONPATH": "/mine"})["PYTHONPATH"] == f"{folder}:/mine"
    assert config.workers["t"].code == ""


def test_a_trainer_worker_may_bring_code_of_its_own(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p/mine.py").write_text("")
    _, ships = shipping(tmp_path, '[workers.t]\nhost = "here"\ntrainer = "persistence-attention"\ncode = "p"\n')
    kit, _ = last(ships.kit("t"))
    assert len(kit.path) == 2 and (Path(kit.path[1]) / "mine.py").exists() and kit.project == kit.path[1]
    assert kit.origin["project"] == {"folder": str(tmp_path / "p"), "tree": Path(kit.path[1]).name}
    assert str(tmp_path / "p") in kit.words("here")


def test_a_command_without_code_needs_nothing(tmp_path):
    _, ships = shipping(tmp_path, '[workers.c]\nhost = "here"\ncommand = ["true"]\n')
    kit, told = last(ships.kit("c"))
    assert (kit.path, kit.env({"A": "1"}), told) == ((), {"A": "1"}, []) and not (tmp_path / "root").exists()
    _, ships = shipping(tmp_path, '[workers.c]\nhost = "here"\ncommand = ["{python}", "-V"]\n')
    assert last(ships.kit("c"))[0].python == sys.executable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('code = "nowhere"', r"config\.toml:6: workers\.c\.code: no such folder: .*nowhere"),
        ('code = "p"\nbranch = "main"', r"workers\.c\.branch: .*is no git checkout"),
        ('code = "empty"', "holds no code"),
        ('code = "p"\nfolder = "sup/deep"', r"workers\.c\.folder: no folder 'sup/deep' in .*/p"),
    ],
)
def test_code_that_cannot_be_shipped_is_told_with_its_key(tmp_path, text, words):
    for name in ("p", "empty"):
        (tmp_path / name).mkdir()
    (tmp_path / "p/sub/deep").mkdir(parents=True)
    (tmp_path / "p/sub/deep/a").write_text("")
    config, _ = shipping(tmp_path, f'[workers.c]\nhost = "here"\ncommand = ["true"]\n{text}\n')
    with pytest.raises(Refused, match=words):
        project_of(config, "c")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('branch = "x"', "branch needs code"),
        ('code = "p"\nfolder = "/abs"', "a folder inside the code"),
        ('code = "p"\nfolder = "a/../.."', "a folder inside the code"),
    ],
)
def test_keys_that_do_not_go_together(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words):
        shipping(tmp_path, f'[workers.c]\nhost = "here"\ncommand = ["true"]\n{text}\n')


def test_a_run_from_before_its_code_was_pinned_goes_on_with_todays(tmp_path):
    _, ships = shipping(tmp_path, '[workers.t]\nhost = "here"\ntrainer = "persistence-attention"\n')
    kit, _ = last(ships.pinned("t", "here", {"origin": {"code": "0123"}}))
    assert [Path(item).name for item in kit.path] == [trainer_tree().hash]
    kit, _ = last(ships.pinned("c", "here", {"command": {"argv": ["true"]}}))
    assert kit.path == ()
    pinned = {"origin": {"tree": trainer_tree().hash, "commit": "ab" * 20, "dirty": True}}
    assert [Path(item).name for item in last(ships.pinned("t", "here", pinned))[0].path] == [trainer_tree().hash]
    pinned["origin"]["tree"] = "0" * 64
    with pytest.raises(Refused) as refused:
        last(ships.pinned("t", "here", pinned))
    assert "no longer on here" in refused.value.what and "commit ababababab, with changes of then" in refused.value.mend


@pytest.mark.parametrize(
    ("python", "words"),
    [("/no/such", "/no/such is not on the host"), ("sleep", "sleep does not run"), ("bare", "no Python with torch")],
)
def test_a_python_that_cannot_train_is_told(tmp_path, python, words):
    if python == "bare":
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
        python = str(tmp_path / "bare/bin/python")
    worker = f'python = "{python}"\n[workers.t]\nhost = "here"\ntrainer = "persistence-attention"\n'
    _, ships = shipping(tmp_path, worker)
    with pytest.raises(Refused) as refused:
        last(ships.kit("t"))
    assert words in refused.value.what and "[hosts.here]" in refused.value.mend
