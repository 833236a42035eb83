"""A command line that means the same to every login shell, and a mark that tells its output from the shell's noise.

sshd gives the line to the user's login shell, which may be fish, csh or zsh. Inside single quotes all of them agree on
every character but ', \\ before ' or \\, !, line breaks and, in some, what is not ASCII. A script that has none of them
goes as it is; any other is written with octal escapes of printf, which only sh reads.

The first command on a connection says which login shell it went through. When that is bash or a plain sh, the next ones
need no second shell: half of a short command's time is the start of programs.
"""

import re
import secrets
import shlex
from collections.abc import Sequence

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 /.,:;=+-_@#^~()[]{}<>|&*?")
_PLAIN = _SAFE | frozenset('$"`%')  # inside single quotes only
_PID = re.compile(rb" (\d+)([^\n]*)\n")
_PLAIN_SHELLS = frozenset({"sh", "dash", "ash"})
# What .bashrc may have left behind, and sh would not have: traces and traps that write between our words, no PATH.
_AS_SH = (
    "set +x;trap - DEBUG EXIT;"
    'export PATH="${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}";builtin '
)


def quoted(script: str) -> str:
    """The line that runs `script`, POSIX sh text, whatever the login shell."""
    if "\0" in script:
        raise ValueError("a NUL byte cannot be given to a program")
    if _PLAIN.issuperset(script):
        return f"exec /bin/sh -c '{script}'"
    data = script.encode("utf-8", "surrogateescape")
    text = "".join(chr(byte) if chr(byte) in _SAFE else f"\\{byte:03o}" for byte in data)
    return f'exec /bin/sh -c \'eval "$(printf "{text}")"\''


def program(argv: Sequence[str]) -> str:
    """The line that becomes the program."""
    return quoted(f"exec {shlex.join(argv)}")


def marked(argv: Sequence[str], shell: str = "") -> tuple[str, bytes]:
    """The same, saying a word of its own on stdout and stderr just before, and the pid that the program will have.

    `shell` is the login shell, if it is known; else the word on stdout is followed by its name.
    """
    word = f"trajconsole-{secrets.token_hex(8)}"
    program = shlex.join(argv)
    if direct(shell) and program.isascii() and "\0" not in program:
        words = f"echo {word} $$;echo {word} >&2;exec {program}"
        return words if shell in _PLAIN_SHELLS else f"{_AS_SH}{words}", word.encode()
    script = f'echo {word} $$ "${{SHELL##*/}}"; echo {word} >&2; exec {program}'
    return quoted(script), word.encode()


def direct(shell: str) -> bool:
    """This login shell reads what is written for sh."""
    return shell == "bash" or shell in _PLAIN_SHELLS


class Sieve:
    """Drops what comes before the mark. What was dropped is kept, bounded, to explain a command that never began."""

    KEPT = 64 * 1024

    def __init__(self, mark: bytes) -> None:
        self.pid: int | None = None
        self.shell = ""  # the login shell, if the command said so
        self._mark, self._before, self._begun = mark, bytearray(), False

    @property
    def noise(self) -> bytes:
        return bytes(self._before)

    def feed(self, data: bytes) -> bytes:
        """The part of `data` that is the command's own."""
        if self._begun:
            return data
        self._before += data
        at = self._before.find(self._mark)
        if at >= 0:
            found = _PID.match(self._before, at + len(self._mark))
            if found:
                rest = bytes(self._before[found.end() :])
                self._begun, self.pid = True, int(found[1])
                self.shell = found[2].decode("utf-8", "replace").strip()
                del self._before[at:]
                return rest
        elif len(self._before) > self.KEPT:
            del self._before[: -self.KEPT]
        return b""


def own_words(stderr: bytes, mark: bytes) -> bytes:
    """What a command said on stderr; all of it when the mark never came, for then it explains why."""
    before, found, after = stderr.partition(mark + b"\n")
    return after if found else before
