"""A worker that is being written: where there is room for it, what it begins with, what config.toml gets, and what the
trainer says of it.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.config import parse
from console.editing import room
from console.editing.resolving import presets, problems_of, resolve
from console.editing.wish import Base, Wish, bases, flat, free_name, gpus_of, preview
from console.fleet.fold import fold
from console.fleet.model import Fleet
from remote.events import Document, Gpu, GpuProcess, Hello, LinkState, Telemetry
from trainer.record import toml

GIB = 2**30
CONFIG = parse(
    '[hosts.here]\n[hosts.gpu1]\nssh = "gpu1"\n[workers.a]\nhost = "gpu1"\ntrainer = "persistence-attention"\n'
    'set = { run.epochs = 3 }\nenv = { A = "1", CUDA_VISIBLE_DEVICES = "2" }\n'
    '[workers.c]\nhost = "here"\ncommand = ["python", "x.py", "{run}"]\nfolder = "/w"\n',
    Path("/etc/none/config.toml"),
)


def gpu(index, used, *, use=0.0, processes=(), **more):
    return Gpu(index, "NVIDIA A10G", utilisation=use, memory_used=used * GIB, memory_total=24 * GIB,
               processes=processes, **more)  # fmt: skip


def host(*gpus, source="nvml", phase="connected", name="gpu1"):
    hello = Hello(1, name, "b", 0.0, 0.0, "3.11", 8, user="me")
    figures = Telemetry(1, 0.0, 0.0, 0.5, 1.0, GIB, 8 * GIB, gpus=gpus, gpu_source=source)
    return fold(Fleet(), name, [hello, figures, LinkState(phase)], 0.0).hosts[name]


BUSY = host(
    gpu(0, 20, use=0.9, processes=(GpuProcess(7, 20 * GIB, "bob", "/opt/bin/python"),)),
    gpu(1, 0),
    gpu(2, 12, use=0.9, processes=(GpuProcess(8, 12 * GIB, "me", "python"),)),
    gpu(3, 0, instance=0),
    gpu(4, 0, error="lost"),
)


def test_the_freest_gpu_comes_first_and_strangers_are_named():
    found = room.rooms(BUSY)
    assert [item.index for item in found] == [1, 2, 0]
    assert found[2].strangers == ("bob: python 20G",) and found[1].strangers == ()
    assert "held by bob: python 20G" in found[2].words
    assert room.choices(found) == ("any", "1", "2", "0", "1,2", "0,1,2") and room.first_choice(found) == "1"
    assert "1 of 3 GPUs idle; freest: GPU 1" in room.host_words(BUSY)


def test_a_host_without_gpus_or_words():
    assert room.rooms(None) == () and room.first_choice(()) == "any" and room.choices(()) == ("any",)
    assert room.host_words(host()).startswith("no GPU; 8 cores, cpu 50%")
    assert room.host_words(host(phase="unreachable")) == "unreachable"
    assert room.first_choice(room.rooms(host(gpu(0, 0)))) == "any"


def test_a_host_is_chosen_by_what_is_free():
    hosts = {"a": host(gpu(0, 20, use=1.0)), "b": host(gpu(0, 1)), "off": host(gpu(0, 0), phase="unreachable")}
    assert room.best_host(hosts, "a") == "a" and room.best_host(hosts, "off") == "b" and room.best_host({}, "x") == "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("any", ""),
        ("1", ""),
        ("0,2", ""),
        ("x", "numbers of GPUs"),
        ("1,1", "twice"),
        ("9", "no GPU 9"),
        ("", "numbers"),
    ],
)
def test_gpus_that_were_typed(text, said):
    problem = room.gpu_problem(text, room.rooms(BUSY))
    assert said in problem if said else not problem


@given(st.text(max_size=8))
def test_whatever_is_typed_as_gpus_is_right_or_refused(text):
    if not room.gpu_problem(text, ()):
        assert isinstance(room.gpu_env(text, "nvml"), dict)


def test_what_config_toml_gets():
    base = next(item for item in bases(CONFIG, Fleet(), ()) if item.label == "worker a")
    assert gpus_of(base.worker) == "2"
    wish = Wish(base, "b", "gpu1", gpus="0,3", changes={"optim.lr": 0.5, "run.epochs": 4})
    assert wish.table("nvml") == {
        "host": "gpu1",
        "trainer": "persistence-attention",
        "set": {"run": {"epochs": 4, "processes": 2}, "optim": {"lr": 0.5}},
        "env": {"A": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "0,3"},
        "cloned_from": "a",
        "cloned_with": {"optim": {"lr": 0.5}, "run": {"epochs": 4}},
    }
    assert wish.table("rocm-smi")["env"] == {"A": "1", "HIP_VISIBLE_DEVICES": "0,3"}
    assert Wish(base, "b", "here").table()["env"] == {"A": "1"}
    where, command = preview(CONFIG, "b", wish.table("nvml"))
    assert "on gpu1, tmux session b" in where and "~/.trajconsole/runs/b-<time>-<id>" in where
    assert command.startswith("A=1 CUDA_DEVICE_ORDER=PCI_BUS_ID CUDA_VISIBLE_DEVICES=0,3 python3")


def test_a_command_is_previewed_word_for_word():
    base = next(item for item in bases(CONFIG, Fleet(), ()) if item.label == "worker c")
    wish = Wish(base, "c", "here", own={"folder": "/v"})
    assert wish.table() == {"host": "here", "command": ["python", "x.py", "{run}"], "folder": "/v"}
    assert preview(CONFIG, "c", wish.table())[1] == "python x.py <run>"


def test_an_earlier_run_is_a_beginning():
    def told(fleet, run, table):
        text = toml.dumps({**table, "origin": {"worker": run[0], "host": "gpu1"}, "race": {"folder": "/r"}})
        return fold(fleet, "gpu1", [Document(f"runs/{run}", "run.toml", text)], 0.0)

    fleet = told(Fleet(), "a-20260101-000000-aaaa", {"task": "persistence", "run": {"epochs": 1}})
    fleet = told(fleet, "a-20260102-000000-bbbb", {"task": "persistence", "run": {"epochs": 2}})
    fleet = told(fleet, "z-20260102-000000-cccc", {"command": {"argv": ["true"], "folder": "", "env": {"K": "v"}}})
    fleet = told(fleet, "a-20260101-000000-dddd", {"task": "persistence"})
    found = {item.label: item for item in bases(CONFIG, fleet, ["p"])}
    base = found["run a-20260102-000000-bbbb"]
    assert "epochs = 2" in base.text and "origin" not in base.text and "race" not in base.text
    run = "a-20260102-000000-bbbb"
    assert Wish(base, "a-2", "gpu1").table() == {"trainer": "a-2.toml", "host": "gpu1", "cloned_from": run}
    assert "run a-20260101-000000-aaaa" not in found and "preset p" in found


def test_names_are_free():
    assert free_name("a", ["a", "a-2"]) == "a-3" and free_name("b", ["a"]) == "b" and free_name("ä b", []) == "worker"


def test_the_trainer_of_this_machine_is_asked(tmp_path):
    assert "persistence-attention" in presets()
    found = resolve("persistence-attention", {"run.epochs": 2}, folder=tmp_path)
    assert found.problems == () and found.table["run"]["epochs"] == 2
    wrong = resolve("persistence-attention", {"run.epochs": -1, "optim.knid": "adam"}, folder=tmp_path)
    assert wrong.problem_of("run.epochs") == "-1 is out of range — at least 1"
    assert "did you mean" in wrong.problem_of("optim.knid") and not wrong.table
    again = resolve("", {}, text=toml.dumps(resolve("persistence-attention", {}).table))
    assert flat(again.table)["run.epochs"] == 30 and not again.problems
    assert "no such preset" in resolve("nothing-like-that", {}).problems[0]


@given(st.text(max_size=60))
def test_whatever_the_trainer_says_is_at_least_one_line(text):
    assert problems_of(text) and all(problems_of(text))


def test_bases_without_a_configuration_are_the_presets():
    empty = parse("[hosts.here]\n", Path("config.toml"))
    assert [item.label for item in bases(empty, Fleet(), ["p", "q"])] == ["preset p", "preset q"]
    assert Base("x", "x", worker={"command": ["true"]}).is_command
