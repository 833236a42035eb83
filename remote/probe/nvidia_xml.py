"""nvidia-smi -q -x: the only form in which it tells of MIG instances and of who is in them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional
from xml.etree import ElementTree

from remote.probe.gpu_row import gpu_row, slowed_by_names
from remote.probe.values import number, process_id, share, size

Element = ElementTree.Element
_POWERS = ("power_draw", "instant_power_draw", "average_power_draw")
_LIMITS = ("enforced_power_limit", "current_power_limit", "power_limit")


def parse_gpus(text: str) -> List[Dict[str, Any]]:
    """Every GPU, and behind one that is split its instances."""
    if "<!ENTITY" in text:  # the tool writes none, and what they can stand for has no bound
        return []
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without entities nothing in it can grow
    except (ElementTree.ParseError, ValueError):
        return []
    found: List[Dict[str, Any]] = []
    for index, gpu in enumerate(root.iter("gpu")):
        minor = number(_text(gpu, "minor_number"))
        whole = _gpu(index if minor is None else int(minor), gpu)
        found += [whole, *_instances(gpu, whole)]
    return found


def _gpu(index: int, gpu: Element) -> Dict[str, Any]:
    power = _first(gpu, ("gpu_power_readings", "power_readings"))
    return gpu_row(
        index,
        _text(gpu, "product_name"),
        uuid=_text(gpu, "uuid"),
        utilisation=share(_text(gpu, "utilization/gpu_util")),
        memory_used=size(_text(gpu, "fb_memory_usage/used"), "MiB"),
        memory_total=size(_text(gpu, "fb_memory_usage/total"), "MiB"),
        temperature=number(_text(gpu, "temperature/gpu_temp")),
        power=_number(power, _POWERS),
        power_limit=_number(power, _LIMITS),
        clock=number(_text(gpu, "clocks/sm_clock")),
        memory_clock=number(_text(gpu, "clocks/mem_clock")),
        slowed_by=_slowed_by(gpu),
        processes=[process for process, _instance in _processes(gpu)],
    )


def _instances(gpu: Element, whole: Dict[str, Any]) -> List[Dict[str, Any]]:
    found = []
    for part in gpu.iterfind("mig_devices/mig_device"):
        slot = number(_text(part, "index"))
        if slot is None:
            continue
        inside = _text(part, "gpu_instance_id")
        found.append(
            gpu_row(
                whole["index"],
                "%s MIG %d" % (whole["name"], slot),
                instance=int(slot),
                utilisation=share(_text(part, "utilization/gpu_util")),
                memory_used=size(_text(part, "fb_memory_usage/used"), "MiB"),
                memory_total=size(_text(part, "fb_memory_usage/total"), "MiB"),
                processes=[process for process, instance in _processes(gpu) if inside and instance == inside],
            )
        )
    return found


def _processes(gpu: Element) -> List[Any]:
    """(process, the number of the instance that it is in)."""
    found = []
    for item in gpu.iterfind("processes/process_info"):
        pid = process_id(_text(item, "pid"))
        if pid is not None:
            row = {"pid": pid, "memory": size(_text(item, "used_memory"), "MiB")}
            found.append((dict(row, command=_text(item, "process_name")), _text(item, "gpu_instance_id")))
    return found


def _slowed_by(gpu: Element) -> List[str]:
    reasons = _first(gpu, ("clocks_event_reasons", "clocks_throttle_reasons"))
    if reasons is None:
        return []
    return slowed_by_names([item.tag for item in reasons if (item.text or "").strip() == "Active"])


def _first(element: Element, names: Any) -> Optional[Element]:
    return next((found for found in map(element.find, names) if found is not None), None)


def _number(element: Optional[Element], names: Any) -> Optional[float]:
    if element is None:
        return None
    return next((value for value in (number(_text(element, name)) for name in names) if value is not None), None)


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()
