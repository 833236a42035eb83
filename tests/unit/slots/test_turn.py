"""Who may go, with which GPUs: pure, and never more than there is."""

from hypothesis import given
from hypothesis import strategies as some

from remote.slots.turn import PARTS, Gpu, decide, number_of, parts_of, stranger_of, usable, visible_name

GPUS = some.lists(
    some.tuples(some.integers(0, PARTS), some.sampled_from(["", "process 7 of ann is on it"])), min_size=1, max_size=8
).map(lambda found: [Gpu(f"id{n}", str(n), f"id{n}", held, who) for n, (held, who) in enumerate(found)])
WANTED = some.sampled_from([1 / 12, 0.25, 1 / 3, 0.5, 0.75, 1.0, 2.0, 3.0])


@given(gpus=GPUS, wanted=WANTED, ahead=some.integers(0, 2))
def test_nobody_gets_what_is_held_or_a_strangers(gpus, wanted, ahead):
    found = decide(gpus, wanted, ahead)
    if found.gpus is None:
        able = [gpu for gpu in gpus if not gpu.stranger and gpu.held + parts_of(wanted) <= PARTS]
        assert found.why and (ahead or len(able) < number_of(wanted))
        return
    assert not ahead and len({gpu.id for gpu in found.gpus}) == number_of(wanted)
    assert all(gpu.held + found.parts <= PARTS and not gpu.stranger for gpu in found.gpus)


def test_shares_are_whole_parts_and_never_less_than_asked():
    assert [parts_of(wanted) for wanted in (0.5, 1 / 3, 0.25, 0.3, 0.01, 1, 2)] == [6, 4, 3, 4, 1, 12, 12]


def test_a_share_goes_where_others_share_and_says_what_it_waits_for_otherwise():
    gpus = [Gpu("a", "0", "a"), Gpu("b", "1", "b", held=6), Gpu("c", "2", "c", stranger="process 7 of ann is on it")]
    assert [gpu.id for gpu in decide(gpus, 0.5, 0).gpus or ()] == ["b"]
    assert decide(gpus, 2, 0).why == "1 of 3 GPUs free; GPU 2: process 7 of ann is on it"
    assert decide(gpus, 1, 3).why == "3 ahead of it"


def row(index, uuid="", **more):
    return {"index": index, "uuid": uuid, "instance": None, "error": "", "processes": [], **more}


def test_instances_stand_for_a_split_gpu_and_broken_ones_for_nothing():
    rows = [
        row(0, "GPU-0"),
        row(0, "MIG-a", instance=0),
        row(0, "MIG-b", instance=1),
        row(1, "GPU-1", error="lost"),
        row(2),
    ]
    assert [item["uuid"] for item in usable(rows, None)] == ["MIG-a", "MIG-b", ""]
    assert [item["uuid"] for item in usable(rows, "MIG-b,2")] == ["MIG-b", ""]
    assert usable(rows, "") == []
    assert visible_name(rows[1], "nvml") == "MIG-a" and visible_name(rows[4], "nvml") == "2"
    assert visible_name(rows[0], "rocm-smi") == "0"


def test_where_no_process_can_be_seen_memory_tells_of_strangers():
    used = {"memory_used": 30 << 30, "memory_total": 80 << 30}
    assert stranger_of(row(0, **used), 0, [], named=False) == "32.2 GB of its memory is in use"
    assert stranger_of(row(0, **used), 6, [], named=False) == ""  # half of it is ours
    assert stranger_of(row(0, **used), 0, [], named=True) == ""
    assert stranger_of(row(0), 0, [{"pid": 7, "user": ""}], named=True) == "process 7 of somebody is on it"
