"""The words of an error → what they mean, and what mends it. One table, asked from the top; the words are those of
Python, PyTorch, NCCL, the kernel and the shells. Pure.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MOST_LINES = 100  # of a log that has no traceback: an error is near its end


@dataclass(frozen=True, slots=True)
class Place:
    """Where the error was made: what a mend must name."""

    worker: str = ""
    host: str = ""
    user: str = ""
    python: str = "python3"
    folder: str = ""  # in which the command works
    laptop: str = ""  # the folder of this laptop that its code came from


@dataclass(frozen=True, slots=True)
class Cause:
    """What an error is, in plain words."""

    what: str
    mend: str


Match = re.Match[str]
Words = str | Callable[[Match, Place], str]

# The name that is imported → the package that brings it, where they differ.
PACKAGES = {
    "cv2": "opencv-python-headless",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "PIL": "Pillow",
    "yaml": "PyYAML",
    "bs4": "beautifulsoup4",
    "dotenv": "python-dotenv",
    "dateutil": "python-dateutil",
    "google.protobuf": "protobuf",
    "pytorch_lightning": "pytorch-lightning",
    "lightning": "lightning",
    "umap": "umap-learn",
    "git": "GitPython",
    "hydra": "hydra-core",
    "pkg_resources": "setuptools",
    "tensorboardX": "tensorboardX",
    "faiss": "faiss-cpu",
    "Crypto": "pycryptodome",
    "OpenEXR": "OpenEXR",
    "mpl_toolkits": "matplotlib",
}


def explain(texts: Iterable[str], place: Place) -> Cause | None:
    """The first line that one of the table's rows knows; None when nobody does."""
    for text in texts:
        for pattern, what, mend in _TABLE:
            match = pattern.search(text)
            if match:
                return Cause(_said(what, match, place), _said(mend, match, place))
    return None


def _said(words: Words, match: Match, place: Place) -> str:
    if callable(words):
        return words(match, place)
    found = {name: value or "" for name, value in match.groupdict().items()}
    about = {"worker": place.worker, "host": place.host, "python": place.python, "user": place.user or "its user"}
    return words.format(**about, **found)


def _module(match: Match, place: Place) -> str:
    name = match["module"]
    top = name.partition(".")[0]
    package = PACKAGES.get(name) or PACKAGES.get(top, top)
    own = f"; if {top} is a file of your own, set code = … of {place.worker}, or its folder in env PYTHONPATH"
    return f"on {place.host}: {place.python} -m pip install {package}{own if top not in PACKAGES else ''}"


def _name(match: Match, place: Place) -> str:
    if "partially initialized" in match.string or "circular import" in match.string:
        return "two modules import each other, or a file of yours has the name of a package: rename it"
    top = match["module"].partition(".")[0]
    package = PACKAGES.get(top, top)
    return f"another version of it is needed, on {place.host}: {place.python} -m pip install -U {package}"


def _file(match: Match, place: Place) -> str:
    path = match["path"]
    if place.laptop and path.startswith(place.laptop.rstrip("/") + "/"):
        rest = path[len(place.laptop.rstrip("/")) + 1 :]
        return f"this is a path of your laptop: on {place.host} it is $TRAJ_CODE/{rest}"
    if path.startswith("~"):
        return "programs do not know ~: write the whole path, or os.path.expanduser"
    if not path.startswith("/"):
        where = place.folder or "the run's folder"
        return f"it was looked for in {where}: name the whole path, or set folder = … of {place.worker}"
    folder = posixpath.dirname(path) or "/"
    bring = f"bring it there: trajconsole push {place.host} FILE"
    return f"is its folder there, and mounted (on {place.host}: ls -d {folder}; findmnt -T {folder})? Else {bring}"


def _program(match: Match, place: Place) -> str:
    return f"install {match['program']} on {place.host}, or name its whole path in command"


def _port(match: Match, _place: Place) -> str:
    port = match.groupdict().get("port")
    who = f"ss -ltnp 'sport = :{port}'" if port else "ss -ltnp"
    return f"see who has it ({who}) and end that, or take another one: MASTER_PORT, --rdzv-endpoint=localhost:0, --port"


_SHAPE = "shapes that do not fit"
_DEVICE = "tensors on different devices"
_RANK = "a process of the group did not come"
_NO_PROGRAM = "there is no program {program}"
_ALONE = (
    "look at the log of the process that is missing first: it ended or hangs, and its error is the cause; is every "
    "host started with the same world size, MASTER_ADDR and port, and does the network let them through "
    "(NCCL_SOCKET_IFNAME, GLOO_SOCKET_IFNAME)? NCCL_DEBUG=INFO in env says more"
)
_BATCH = "print both shapes before this line; often a dimension is missing: unsqueeze, or keepdim=True"
_MOVE = "move all of it in one place: batch = batch.to(device), labels and masks too; new tensors with device=x.device"


def _rows(*rows: tuple[str, Words, Words]) -> tuple[tuple[re.Pattern[str], Words, Words], ...]:
    return tuple((re.compile(pattern), what, mend) for pattern, what, mend in rows)


_TABLE = _rows(
    # modules
    (r"No module named '(?P<module>[\w.]+)'", "module {module} is not installed", _module),
    (r"No module named (?P<module>[\w.]+)$", "module {module} is not installed", _module),
    (
        r"cannot import name '(?P<name>\w+)' from (?:partially initialized module )?'(?P<module>[\w.]+)'",
        "{module} has no {name}",
        _name,
    ),
    (
        r"(?P<library>[\w.+-]+\.so[\w.]*): cannot open shared object file",
        "the library {library} is missing",
        "install the package that brings {library} on {host}, or add its folder to LD_LIBRARY_PATH in env",
    ),
    (
        r"undefined symbol|version `(?:GLIBC|GLIBCXX|CXXABI)_[\d.]+' not found",
        "a compiled package does not fit this host",
        "install it again for this Python and this torch: {python} -m pip install --force-reinstall PACKAGE",
    ),
    # memory
    (
        r"CUDA out of memory|HIP out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        "the GPU's memory is full",
        "a smaller batch, accumulated gradients, bf16, or end what else is on that GPU",
    ),
    (
        r"insufficient shared memory|unable to write to file </torch_|Bus error.*worker",
        "shared memory (/dev/shm) is full",
        "fewer loader workers, or more of it (docker run --shm-size=8g; sudo mount -o remount,size=50% /dev/shm)",
    ),
    (
        r"DefaultCPUAllocator|MemoryError|std::bad_alloc|Cannot allocate memory|cannot allocate memory",
        "the host's memory is full",
        "a smaller batch, fewer loader workers, or data that are read as they are needed",
    ),
    (
        r"DataLoader worker \(pid\(?s?\)? [\d, ]+\) (?:is killed by signal: Killed|exited unexpectedly)",
        "a process that loads data was killed",
        "most often the host's memory is full: fewer loader workers, smaller prefetching; on the host: dmesg | tail",
    ),
    # disks and files
    (
        r"No space left on device|Disk quota exceeded|\bENOSPC\b",
        "the disk was full",
        "free space on {host}: trajconsole hosts {host} --check says where it went",
    ),
    (r"No such file or directory: [bru]?'(?P<path>[^']+)'", "there is no {path}", _file),
    (r"can't open file '(?P<path>[^']+)'", "there is no {path}", _file),
    (r"(?:cannot open|can't open|can't cd to) '?(?P<path>[^':]+)'?:? ?(?:No such file)?$", "there is no {path}", _file),
    (r"(?:cat|ls|cp|tar|head): (?P<path>[^:]+): No such file or directory", "there is no {path}", _file),
    (
        r"Permission denied: '(?P<path>[^']+)'",
        "{user} may not use {path}",
        "on {host}: ls -ld {path}; give it to {user}, or name a folder that is theirs",
    ),
    (
        r"Read-only file system: '(?P<path>[^']+)'",
        "{path} cannot be written: its filesystem is read-only",
        "on {host}: findmnt -T {path}; after errors the kernel mounts read-only: dmesg | tail",
    ),
    (r"Too many open files", "too many files are open", "fewer loader workers, or ulimit -n 65536 before the program"),
    # devices
    (r"at least two devices, (?P<one>\S+) and (?P<two>\S+?)!", f"{_DEVICE}: {{one}} and {{two}}", _MOVE),
    (
        r"is on (?P<one>\w+(?::\d+)?), different from other tensors on (?P<two>\w+(?::\d+)?)",
        f"{_DEVICE}: {{one}} and {{two}}",
        _MOVE,
    ),
    (
        r"Tensor on device (?P<one>\S+) is not on the expected device (?P<two>[^\s!]+)",
        f"{_DEVICE}: {{one}} and {{two}}",
        _MOVE,
    ),
    (r"Input type \((?P<one>\S+)\) and weight type \((?P<two>\S+)\)", f"{_DEVICE}: {{one}} and {{two}}", _MOVE),
    (
        r"indices should be either on (?P<one>\S+) or on the same device as the indexed tensor \((?P<two>[^)]+)\)",
        f"{_DEVICE}: {{one}} and {{two}}",
        _MOVE,
    ),
    (
        r"can't convert (?P<one>\S+) device type tensor to numpy",
        f"{_DEVICE}: {{one}} and numpy's memory",
        "bring it to the CPU first: tensor.detach().cpu().numpy()",
    ),
    (
        r"not compiled with CUDA enabled",
        "this torch cannot use a GPU",
        "on {host}: {python} -m pip install --force-reinstall torch (a build with CUDA), or device = cpu",
    ),
    (
        r"Found no NVIDIA driver|No CUDA GPUs|torch\.cuda\.is_available\(\) is False|invalid device ordinal",
        "the GPU that it wants is not there",
        "on {host}: nvidia-smi; is CUDA_VISIBLE_DEVICES in env right? For weights from a GPU: "
        "torch.load(…, map_location='cpu')",
    ),
    (
        r"no kernel image is available",
        "this torch was not built for this GPU",
        "on {host}: {python} -m pip install -U torch, a build that knows the GPU's generation",
    ),
    (
        r"device-side assert triggered|Target (?P<target>-?\d+) is out of bounds|index out of range in self",
        "a label or an index is too large",
        "labels must be below the number of classes, tokens below the embedding's size; CUDA_LAUNCH_BLOCKING=1 in env "
        "names the line",
    ),
    # shapes and types
    (
        r"mat1 and mat2 shapes cannot be multiplied \((?P<one>[^ ]+) and (?P<two>[^)]+)\)",
        f"{_SHAPE}: {{one}} times {{two}}",
        "the layer's in_features must be the last size of what goes into it",
    ),
    (
        r"The size of tensor a \((?P<one>\d+)\) must match the size of tensor b \((?P<two>\d+)\)",
        f"{_SHAPE}: {{one}} and {{two}}",
        _BATCH,
    ),
    (
        r"The shape of the mask (?P<one>\[[^\]]*\]) .* the shape of the indexed tensor (?P<two>\[[^\]]*\])",
        f"{_SHAPE}: a mask {{one}} for a tensor {{two}}",
        "make the mask from the tensor that it chooses from; a mean over the batch has lost that dimension",
    ),
    (
        r"Expected input batch_size \((?P<one>\d+)\) to match target batch_size \((?P<two>\d+)\)",
        f"{_SHAPE}: a batch of {{one}} and targets of {{two}}",
        "outputs and targets must have the same first dimension: is something flattened or reshaped on one side only?",
    ),
    (
        r"expected input(?P<one>\[[^\]]*\]) to have (?P<two>\d+) channels, but got (?P<got>\d+) channels",
        f"{_SHAPE}: {{two}} channels are wanted, {{got}} came",
        "the order is batch, channels, height, width; grey pictures have one channel: x.expand(-1, 3, -1, -1)",
    ),
    (
        r"shape '(?P<one>\[[^\]]*\])' is invalid for input of size (?P<two>\d+)",
        f"{_SHAPE}: {{one}} from {{two}} numbers",
        "one size of view or reshape must follow from the others: write -1 for it",
    ),
    (
        r"equal size, but got (?P<one>\[[^\]]*\]) at entry \d+ and (?P<two>\[[^\]]*\])",
        f"{_SHAPE}: samples of {{one}} and {{two}} in one batch",
        "cut or pad samples to one size, or give the loader a collate_fn",
    ),
    (
        r"Sizes of tensors must match except in dimension.* Expected size (?P<one>\d+) but got size (?P<two>\d+)",
        f"{_SHAPE}: {{one}} and {{two}}",
        _BATCH,
    ),
    (
        r"could not be broadcast together with shapes (?P<one>\([^)]*\)) (?P<two>\([^)]*\))",
        f"{_SHAPE}: {{one}} and {{two}}",
        _BATCH,
    ),
    (
        r"mismatch in its core dimension.*\(size (?P<one>\d+) is different from (?P<two>\d+)\)",
        f"{_SHAPE}: {{one}} and {{two}}",
        _BATCH,
    ),
    (
        r"size mismatch for [\w.]+|(?:Missing|Unexpected) key\(s\) in state_dict|Error\(s\) in loading state_dict",
        "the weights are of another model",
        "build the model with the settings of that checkpoint (its run.toml has them), or begin without it",
    ),
    (
        r"must have the same dtype|expected scalar type (?P<one>\w+) but found (?P<two>\w+)",
        "numbers of different kinds",
        "NumPy makes float64: tensor.float(); under autocast keep losses in float32",
    ),
    # several processes
    (r"Watchdog caught collective operation timeout", "NCCL waited for a process in vain", _ALONE),
    (
        r"Timed out after (?P<s>\d+) seconds waiting for clients\. (?P<came>\S+) clients joined",
        f"{_RANK}: {{came}}",
        _ALONE,
    ),
    (r"wait timeout after \d+ms|Timed out waiting \d+ms for|Socket Timeout|store->get\(.*timed out", _RANK, _ALONE),
    (r"ncclSystemError|ncclRemoteError|ncclInternalError|NCCL error", "NCCL cannot reach the other processes", _ALONE),
    (r"Connection closed by peer|NCCL communicator was aborted", "another process of the group is gone", _ALONE),
    (r"failed to listen on any local network address\. port: (?P<port>\d+)", "port {port} is in use", _port),
    (r"[Aa]ddress already in use|EADDRINUSE", "its port is in use", _port),
    # clouds and networks
    (
        r"Unable to locate credentials|NoCredentialsError|DefaultCredentialsError|could not be found.*credentials",
        "there are no credentials",
        "they are looked for in the home folder and environment of {user} on {host}; sudo loses both: run it without "
        "sudo, or set AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, GOOGLE_APPLICATION_CREDENTIALS in env",
    ),
    (
        r"NoSuchBucket|bucket does not exist|BucketNotFound",
        "there is no such bucket",
        "look at its name, region and account: aws s3 ls, gcloud storage ls",
    ),
    (
        r"AccessDenied|403 Forbidden|401 Unauthorized|InvalidAccessKeyId|SignatureDoesNotMatch",
        "the service refuses these credentials",
        "are they of the right account, and still valid? {user} on {host} uses them",
    ),
    (
        r"Temporary failure in name resolution|Name or service not known|getaddrinfo failed",
        "a name cannot be resolved",
        "does {host} reach the network? What is downloaded at the start can be brought: trajconsole push {host} FOLDER",
    ),
    # programs
    (
        r"unexpected keyword argument|invalid combination of arguments|multiple values for|missing \d+ required "
        r"(?:positional|keyword-only)",
        "arguments that do not fit the function",
        "caller and function are of different versions of the code, or of a package; trajconsole start --trial "
        "finds such things before the long run",
    ),
    (r"^\S+: (?:line )?\d+: (?:exec: )?(?P<program>[\w.+/-]+): (?:command )?not found", _NO_PROGRAM, _program),
    (
        r"cannot execute: required file not found|bad interpreter",
        "its interpreter is not there",
        "look at its first line (#!…)",
    ),
    (
        r"SyntaxError: (?P<rest>.*)",
        "the code cannot be read by this Python",
        "is {python} on {host} as new as the code needs? Else mend the line",
    ),
    (
        r"Segmentation fault|\bSIGSEGV\b",
        "it crashed outside of Python",
        "python -X faulthandler names the line; then update that package",
    ),
)
