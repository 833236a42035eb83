"""What a GPU driver's complaint means, and what mends it. Pure: the words are those of the drivers and their tools."""

from typing import NamedTuple

_HEARD = (
    (
        ("version mismatch", "driver/library version"),
        "the GPU driver was updated under the running kernel",
        "reboot the host; without a reboot, end all GPU programs, then: "
        "sudo rmmod nvidia_uvm nvidia_drm nvidia_modeset nvidia && sudo modprobe nvidia",
    ),
    (
        ("gpu is lost", "fallen off the bus", "requires reset", "unable to determine the device handle"),
        "a GPU is lost",
        "look for its Xid (sudo dmesg | grep -i xid), then: sudo nvidia-smi --gpu-reset, or reboot the host",
    ),
    (
        ("couldn't communicate", "driver not loaded", "driver is not loaded", "not initialized", "not found in"),
        "the GPU driver is not loaded",
        "sudo modprobe nvidia; after a kernel update install the driver for it (dkms autoinstall), or reboot the host",
    ),
    (
        ("no devices were found", "no device"),
        "the GPU driver finds no GPU",
        "is it still on the bus (lspci | grep -iE 'nvidia|amd')? In a container, is the GPU handed in (--gpus all)?",
    ),
    (
        ("insufficient permissions", "permission denied", "missing the following required groups"),
        "the GPU driver does not let this user in",
        "sudo usermod -aG video,render USER, and log in again",
    ),
    (
        ("has not answered",),
        "the GPU driver hangs",
        "look at sudo dmesg | tail; a hanging driver needs a reboot of the host",
    ),
)


class Trouble(NamedTuple):
    """A driver's trouble in plain words."""

    what: str
    mend: str


def trouble(complaint: str) -> Trouble:
    """The first that fits."""
    text = complaint.lower()
    for words, what, mend in _HEARD:
        if any(word in text for word in words):
            return Trouble(what, mend)
    return Trouble("the GPU driver does not answer", "ask it on the host: nvidia-smi, or rocm-smi")
