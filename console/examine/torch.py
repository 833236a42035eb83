"""torch on the host: is it there, does its CUDA fit the driver, does it see the driver's GPUs, do they compute?"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from console.examine.found import Found, bad, good, last_of, warning
from console.examine.programs import version_of
from remote.events import Gpu
from remote.transport import Transport

TORCH_S = 120.0  # a first import from a cold network disk

# Says one JSON line, whatever happens; each question by itself, so that one that fails does not hide the others.
_SCRIPT = r"""
import ctypes, json, os, warnings
import torch
said = {"torch": torch.__version__, "cuda": torch.version.cuda, "hip": getattr(torch.version, "hip", None),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"), "gpus": [], "driver": None, "warned": "", "failed": ""}
try:
    number = ctypes.c_int()
    if ctypes.CDLL("libcuda.so.1").cuDriverGetVersion(ctypes.byref(number)) == 0:
        said["driver"] = "%d.%d" % (number.value // 1000, number.value % 1000 // 10)
except OSError:
    pass
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for n in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        said["gpus"].append(torch.cuda.get_device_name(n))
        try:
            assert float((torch.ones(8, device="cuda:%d" % n) * 2).sum()) == 16.0
        except Exception as error:
            said["failed"] = said["failed"] or "GPU %d: %s" % (n, str(error).strip().splitlines()[0])
    said["warned"] = str(caught[0].message).strip().splitlines()[0] if caught else ""
print("\n" + json.dumps(said))
"""


def look(subject: str, transport: Transport, python: str, gpus: Sequence[Gpu], *, trains: bool) -> Iterator[Found]:
    done = transport.run([python, "-c", _SCRIPT], timeout=TORCH_S)
    if done.code != 0:
        mend = f"{python} -m pip install 'trajconsole[train]', or set the host's python to one that has torch"
        yield (bad if trains else warning)(subject, "torch", last_of(done), mend)
        return
    try:
        said = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        yield bad(subject, "torch", f"{python} said something else than it was asked", "does it print when it starts?")
        return
    yield from judge(subject, said, gpus)


def judge(subject: str, said: Mapping[str, Any], gpus: Sequence[Gpu]) -> Iterator[Found]:
    """What torch says of itself, beside the GPUs that the driver shows."""
    built = f"CUDA {said['cuda']}" if said["cuda"] else f"ROCm {said['hip']}" if said["hip"] else "no CUDA"
    yield good(subject, "torch", f"{said['torch']}, built with {built}")
    seen = said["gpus"]
    if said["failed"]:
        mend = "install a torch that is built for this GPU: https://pytorch.org/get-started/locally"
        yield bad(subject, "GPU", f"torch cannot compute on it: {said['failed']}", mend)
    elif gpus and not seen:
        yield bad(subject, "GPU", *_unseen(said, gpus))
    elif gpus and len(seen) < len(gpus):
        detail = f"torch sees {len(seen)} of {len(gpus)} GPUs"
        yield warning(subject, "GPU", detail, _visible(said) or "are some of them in exclusive or MIG mode?")
    elif seen:
        yield good(subject, "GPU", f"torch sees {', '.join(seen)}, and they compute")
    else:
        yield good(subject, "GPU", "none: it trains on the CPU")


def _unseen(said: Mapping[str, Any], gpus: Sequence[Gpu]) -> tuple[str, str]:
    """The driver shows GPUs, torch sees none: why, and the mend."""
    names = ", ".join(sorted({gpu.name for gpu in gpus}))
    if not said["cuda"] and not said["hip"]:
        mend = "install a build with CUDA or ROCm: https://pytorch.org/get-started/locally"
        return f"torch was built without CUDA, on a host with {names}", mend
    if said["visible"] is not None and _visible(said):
        return f"torch sees none of {names}", _visible(said)
    if said["cuda"] and not fits(said["cuda"], said["driver"]):
        detail = f"torch needs CUDA {said['cuda']}, the driver offers {said['driver']}"
        return detail, "update the GPU driver, or install a torch that is built for an older CUDA"
    return (
        f"torch sees none of {names}: {said['warned'] or 'it does not say why'}",
        "is the GPU free and its driver whole? ask nvidia-smi",
    )


def _visible(said: Mapping[str, Any]) -> str:
    if said["visible"] is None:
        return ""
    return f"CUDA_VISIBLE_DEVICES is {said['visible']!r} in the login environment: unset it in the start files"


def fits(torch_cuda: str, driver_cuda: str | None) -> bool:
    """Within one major version any driver runs any CUDA since 11; a newer driver runs all older ones."""
    wanted, offered = version_of(torch_cuda), version_of(driver_cuda or "")
    if not wanted or not offered:
        return True
    return offered[0] >= wanted[0] if wanted[0] >= 11 else offered >= wanted
