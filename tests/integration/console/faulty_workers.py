"""Workers that go wrong, each for real and in its own way; and one beside them that does not."""

import sys
from pathlib import Path

TORCH = "import torch\nfrom torch import nn\ntorch.set_num_threads(1)\n"

# Worker → its program, what the console says, and a part of the mend.
ENDS: dict[str, tuple[str, str, str]] = {
    "lacks": ("import cv2.no_such_part", "module cv2", "-m pip install opencv-python-headless"),
    "file": ("open('/nowhere/data/clips.pt')", "there is no /nowhere/data/clips.pt", "findmnt -T /nowhere/data"),
    "port": (
        "import socket\na, b = socket.socket(), socket.socket()\na.bind(('127.0.0.1', 0))\nb.bind(a.getsockname())",
        "its port is in use",
        "ss -ltnp",
    ),
    "memory": (
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**29, 2**29))\nx = bytearray(2**32)",
        "it ran out of memory",
        "smaller",
    ),
    "shape": (
        f"{TORCH}mask = torch.ones(16, dtype=torch.bool)\nprint(torch.ones(16).mean().reshape(1)[mask])",
        "shapes that do not fit: a mask [16] for a tensor [1]",
        "make the mask from the tensor",
    ),
    "device": (
        f"{TORCH}nn.Linear(2, 2).to('meta')(torch.ones(2, 2))",
        "tensors on different devices: meta and cpu",
        "batch.to(device)",
    ),
    "rank": (
        "import datetime, os\nimport torch.distributed as dist\n"
        "os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT='0', GLOO_SOCKET_IFNAME='lo')\n"
        "dist.init_process_group('gloo', rank=0, world_size=2, timeout=datetime.timedelta(seconds=1))",
        "a process of the group did not come: 1/2",
        "log of the process that is missing",
    ),
}

# A writer of the run directory in plain Python: `say` replaces status.json, `row` appends to metrics.jsonl.
WRITER = """
import json, math, os, sys, time
run = sys.argv[1]
start = int(open('/proc/self/stat').read().rpartition(')')[2].split()[19])
def say(state, **more):
    now = time.time()
    value = {'state': state, 'pid': os.getpid(), 'pid_start': start, 'heartbeat': now, 'progress_at': now, **more}
    with open(run + '/.part', 'w') as out: json.dump(value, out)
    os.rename(run + '/.part', run + '/status.json')
def row(step, loss):
    loss = loss if math.isfinite(loss) else 'NaN' if math.isnan(loss) else 'Infinity'
    with open(run + '/metrics.jsonl', 'a') as out:
        out.write(json.dumps({'t': time.time(), 'phase': 'train', 'step': step, 'loss': loss}) + '\\n')
def descend(rate):  # on x², for ever
    x = 8.0
    for step in range(10**6):
        x -= rate * 2 * x
        row(step, x * x)
        say('training', step=step, data_wait=0.05)
        print('step', step)
        time.sleep(0.1)
"""

LIVING: dict[str, str] = {
    "well": "descend(0.01)\n",
    "diverges": "descend(1.025)\n",  # 1.1 times the loss at each step
    "explodes": "descend(1e10)\n",  # until it is no number any more
    "hungry": "waited = worked = 0.0\nfor step in range(10**6):\n"
    "    begin = time.monotonic(); time.sleep(0.15); waited += time.monotonic() - begin\n"
    "    begin = time.monotonic(); sum(range(20000)); worked += time.monotonic() - begin\n"
    "    say('training', step=step, data_wait=waited / (waited + worked))\n",
    "loading": "for done in range(10**6):\n"
    "    say('preparing', progress={'what': 'reading subjects', 'done': done, 'total': 334})\n    time.sleep(0.2)\n",
    "hangs": "say('preparing', progress={'what': 'reading subjects', 'done': 7, 'total': 334})\ntime.sleep(10**6)\n",
}
SILENT = "import time\nfor step in range(10**6):\n    print(step % 10)\n    time.sleep(0.2)\n"


def table(folder: Path) -> str:
    """The workers as configuration text; their programs are written into the folder."""
    parts = []
    for name, (program, _what, _mend) in ENDS.items():
        parts.append(_worker(folder, name, program))
    for name, program in LIVING.items():
        parts.append(_worker(folder, name, WRITER + program))
    parts.append(_worker(folder, "buffers", SILENT, "env", "-u", "PYTHONUNBUFFERED"))
    parts.append(_worker(folder, "flushes", SILENT))
    return "".join(parts)


def _worker(folder: Path, name: str, program: str, *before: str) -> str:
    path = folder / f"{name}.py"
    path.write_text(program)
    words = ", ".join(f'"{word}"' for word in (*before, sys.executable, str(path), "{run}"))
    return f'[workers.{name}]\nhost = "here"\ncommand = [{words}]\n'
