"""Everything that tai raises on purpose.

The tree; each class exists because someone catches it:

    TaiError                 has `exit_code`, and a message that says what happened, why, and what to do
    ├── InputError           exit 2: a flag, ticket or attachment that cannot be used
    ├── ConfigError          exit 2: a config, collector or prompt file; names file, line and key
    ├── PolicyRefusal        exit 2: a command line that the read-only policy does not allow
    ├── HostError            exit 3: a host that cannot be reached or logged in to; names host and hop
    │   └── HostKeyError     exit 3: a host that cannot be trusted (changed or revoked key)
    ├── Disconnected         the link broke while a command ran; its partial output is kept
    └── ModelError           the model did not give a usable answer; the deterministic engine takes over

What did not work on a *host* (a missing tool, a denied file, a timeout) is not an error: it is an
`Outcome` of an observation, and travels the same road as success. See `tai.model`.
"""

from __future__ import annotations

from pathlib import Path

EXIT_OK = 0
EXIT_INTERNAL = 1
EXIT_USAGE = 2
EXIT_HOST = 3
EXIT_INCONCLUSIVE = 4
EXIT_INTERRUPTED = 130


class TaiError(Exception):
    """Base of the tree. `str(error)` is one or more full sentences for the person at the terminal."""

    exit_code: int = EXIT_INTERNAL


class InputError(TaiError):
    """What the user gave on the command line, in a ticket or as an attachment cannot be used."""

    exit_code = EXIT_USAGE


class ConfigError(TaiError):
    """A file that configures tai is wrong: `FILE:LINE: KEY: what was expected`."""

    exit_code = EXIT_USAGE

    def __init__(self, path: Path | str, message: str, *, line: int | None = None, key: str = "") -> None:
        self.path = Path(path)
        self.line = line
        self.key = key
        self.message = message
        where = f"{path}:{line}" if line else str(path)
        super().__init__(": ".join(part for part in (where, key, message) if part))


class PolicyRefusal(TaiError):  # noqa: N818 - a refusal is the right word, and it is caught as one
    """A command line that is not in the catalogue. `reason` says which part, `nearest` an allowed form or ''."""

    exit_code = EXIT_USAGE

    def __init__(self, reason: str, *, nearest: str = "") -> None:
        self.reason = reason
        self.nearest = nearest
        super().__init__(f"{reason}; nearest allowed form: {nearest}" if nearest else reason)


class HostError(TaiError):
    """A host, or a hop on the way to it, cannot be reached or does not let tai in.

    host: the host the user named; hop: the host in the jump chain where it failed (the same when there is none);
    cause: what happened there; remedy: what the user can do; passing: the same try may go well in a moment.
    """

    exit_code = EXIT_HOST

    def __init__(self, host: str, cause: str, remedy: str, *, hop: str = "", passing: bool = False) -> None:
        self.host = host
        self.passing = passing
        self.hop = hop or host
        self.cause = cause
        self.remedy = remedy
        where = host if self.hop == host else f"{host} (at jump host {self.hop})"
        super().__init__(f"{where}: {cause}. {remedy}")


class HostKeyError(HostError):
    """The host's key is not the one that is on record, or it is revoked. There is no switch to go on."""


class Disconnected(TaiError):  # noqa: N818 - named for what happened
    """The connection ended while a command ran. `stdout` and `stderr` hold what had come by then."""

    def __init__(self, cause: str, *, stdout: bytes = b"", stderr: bytes = b"") -> None:
        self.cause = cause
        self.stdout = stdout
        self.stderr = stderr
        super().__init__(cause)


class ModelError(TaiError):
    """The model is down, slow, over its window or answered nonsense. `said` is what it did say.

    overflow: the prompt does not fit its window, so a shorter one may.
    """

    def __init__(self, reason: str, *, said: str = "", overflow: bool = False) -> None:
        self.reason = reason
        self.said = said
        self.overflow = overflow
        super().__init__(reason)
