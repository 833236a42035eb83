"""Published weights: a state dict from a file that is what it claims to be."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

_SAVE = "save it with torch.save(model.state_dict(), …)"


def read(path: Path, sha256: str, table: str = "backbone") -> dict[str, Tensor]:
    """A state dict from .pt, .pth or .safetensors; nothing in the file is executed. `table` is what errors name."""
    if not path.is_file():
        raise ValueError(f"{table}.file: {path} is not there: give the path of a ResNet state dict on this host")
    if sha256 and not (found := checksum(path)).startswith(sha256.lower()):
        raise ValueError(f"{path}: its sha256 is {found}, not {sha256}: get the file again, or correct {table}.sha256")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds here: all mean the same to people
        raise ValueError(f"{path}: not a readable state dict ({error}): {_SAVE}") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path}: holds {type(state).__name__}, not a state dict: {_SAVE}")
    return dict(state)


def load(network: nn.Module, state: Mapping[str, Tensor], name: str = "ResNet-18", *, head: bool = False) -> bool:
    """Put weights into the network; whether the class layer was among them. It may be missing or of another size.

    `head`: take the class layer too, where it fits.
    """
    wanted = network.state_dict()
    body = {name for name in wanted if not name.startswith("fc.") and not name.endswith("num_batches_tracked")}
    missing = sorted(body - set(state))
    unknown = sorted(name for name in state if name not in wanted)
    wrong = sorted(name for name in body & set(state) if state[name].shape != wanted[name].shape)
    for names, what in ((missing, "lacks"), (unknown, "has unknown"), (wrong, "has other shapes for")):
        if names:
            some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise ValueError(f"the state dict {what} {some}: it is not of a {name} with torchvision's names")
    top = {"fc.weight", "fc.bias"}
    fits = head and all(key in state and state[key].shape == wanted[key].shape for key in top)
    network.load_state_dict({**wanted, **{key: state[key] for key in (body | top if fits else body)}})
    return fits


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
