"""What workers that start together get of their host."""

from typing import Any

import pytest

from console.sharing import Room, room, share
from remote.local import LocalTransport


def table(**run: Any) -> dict[str, Any]:
    return {"run": {"threads": 0, "gpu_share": 1.0, "device": "auto", **run}}


@pytest.mark.parametrize(("cores", "workers", "expected"), [(16, 4, 4), (2, 4, 1), (7, 2, 3)])
def test_cores_are_shared_out(cores: int, workers: int, expected: int) -> None:
    found = table()
    assert share(found, Room(cores), workers) == f"{expected} of {cores} cores"
    assert found["run"] == {"threads": expected, "gpu_share": 1.0, "device": "auto"}


def test_memory_of_a_gpu_is_shared_out() -> None:
    found = table()
    assert share(found, Room(16, 1), 3) == "5 of 16 cores and 33% of the GPU's memory"
    assert found["run"]["gpu_share"] == 0.33
    on_cpu = table(device="cpu")
    share(on_cpu, Room(16, 1), 3)
    assert on_cpu["run"]["gpu_share"] == 1.0


def test_what_somebody_has_set_is_left_alone() -> None:
    for found, named in ((table(threads=7, gpu_share=0.5), ()), (table(), ("run.threads", "run.gpu_share"))):
        before = {"run": dict(found["run"])}
        assert share(found, Room(16, 1), 4, named) == ""
        assert found == before


def test_a_host_that_says_nothing_and_a_table_without_run() -> None:
    assert share(table(), Room(), 4) == ""
    assert share({}, Room(4), 4) == ""


def test_the_host_itself_is_asked() -> None:
    assert room(LocalTransport()).cores >= 1
