"""Questions on a terminal of their own, whatever standard input and output are."""

import os
import pty
import select
import subprocess
import sys
import time

SCRIPT = """
import os, sys, threading
os.open(os.ttyname(0), os.O_RDWR)  # becomes the terminal of this session
from console.ask import on_terminal
ask, out = on_terminal(), {}
def one(name, echo): out[name] = ask(f"{name} asks:\\nTwo ways:\\nCode: ", echo=echo)
threads = [threading.Thread(target=one, args=about) for about in (("gpu1", True), ("gpu2", False))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sorted(out.items()), flush=True)
"""


def test_hosts_ask_one_after_the_other_and_only_what_may_be_seen_is():
    terminal, theirs = pty.openpty()
    argv = [sys.executable, "-c", SCRIPT]
    child = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    said = b""

    def until(word):
        nonlocal said
        end = time.monotonic() + 60
        while said.count(b"Code: ") < word if isinstance(word, int) else word not in said:
            assert time.monotonic() < end, said
            if select.select([terminal], [], [], 0.2)[0]:
                said += os.read(terminal, 4096)

    try:
        for count, answer in ((1, "öne"), (2, "two")):
            until(count)
            assert said.count(b"asks:") == count, "they speak at once"
            os.write(terminal, f"{answer}\n".encode())
        until(b"]")
    finally:
        os.close(terminal)
        child.wait(30)
    seen, _, end = said.decode().partition("[(")
    assert {"'öne'" in end, "'two'" in end} == {True}
    assert ("öne" in seen) != ("two" in seen), "one host allows what is typed to be seen"
