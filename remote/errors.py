"""Everything that can go wrong between here and a host.

RemoteError
├── Unreachable        nobody answers, or the connection broke
│   └── TimedOut       it took longer than its bound
├── AuthFailed         the host does not let us in
├── HostKeyProblem     unknown or changed host key
├── CommandFailed      a command on the host ended with an error
│   └── TooMuch        it said more than anybody wants to hold in memory
└── HostLacks          the host has no tmux, no Python, …: names it, and the mend
"""


class RemoteError(Exception):
    """`mend` says what a person can do about it."""

    def __init__(self, what: str, mend: str = "") -> None:
        self.what, self.mend = what, mend
        super().__init__(f"{what} — {mend}" if mend else what)


class Unreachable(RemoteError):
    """Nobody answers, or the connection broke."""


class TimedOut(Unreachable):
    """It took longer than its bound."""


class AuthFailed(RemoteError):
    """The host does not let us in."""


class HostKeyProblem(RemoteError):
    """Unknown or changed host key."""


class CommandFailed(RemoteError):
    """A command on the host ended with an error."""

    def __init__(self, what: str, mend: str = "", *, code: int = -1, output: str = "") -> None:
        super().__init__(what, mend)
        self.code, self.output = code, output


class TooMuch(CommandFailed):
    """It said more than anybody wants to hold in memory."""


class HostLacks(RemoteError):
    """Something that must be on the host is not there."""
