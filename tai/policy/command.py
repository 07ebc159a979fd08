"""The one type that a transport sends. Making one *is* the policy check: there is no other constructor.

This module is not the grammar (`tai.policy.grammar`) and not the bytes on the wire (`tai.policy.wire`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn, final

from tai.policy.grammar import Canonical, PathUse, Tier, canonicalise


@final
class ReadOnlyCommand:
    """A command line that the catalogue allows, in canonical form.

    argv: the program's name and its arguments, re-emitted by the grammar, never the caller's own words.
    Raises PolicyRefusal when the catalogue does not allow `argv`. Instances cannot be changed, subclassed,
    copied into something else or unpickled, and `tai.transport.run` checks the argv once more before it sends.
    """

    __slots__ = ("_canonical",)
    _canonical: Canonical

    def __init__(self, argv: Sequence[str]) -> None:
        object.__setattr__(self, "_canonical", canonicalise(argv))

    @property
    def argv(self) -> tuple[str, ...]:
        """The canonical words; `argv[0]` is the bare program name."""
        return self._canonical.argv

    @property
    def tier(self) -> Tier:
        """A runs by itself, B asks first, C asks first and needs an approved destination."""
        return self._canonical.tier

    @property
    def timeout_s(self) -> float:
        """Seconds after which the host stops the command by itself."""
        return self._canonical.timeout_s

    @property
    def max_bytes(self) -> int:
        """Bytes of standard output that are kept; the command is stopped there."""
        return self._canonical.max_bytes

    @property
    def paths(self) -> tuple[PathUse, ...]:
        """Path operands, which must be resolved on the host and checked again before the command runs."""
        return self._canonical.paths

    @property
    def destinations(self) -> tuple[str, ...]:
        """Where a tier C command sends packets or asks about, as its words spell it: `@10.0.0.53`, `db-02:5432`."""
        return self._canonical.destinations

    @property
    def sudo_path(self) -> str:
        """The program's absolute path, to run it with sudo where the user's config says so; '' where that is never done."""
        return self._canonical.program if self._canonical.sudo else ""

    @property
    def effects(self) -> str:
        """What running it does to the host besides reading, in words; '' when nothing is known."""
        return self._canonical.effects

    @property
    def notes(self) -> tuple[str, ...]:
        """What canonicalising changed, for the user: `-f dropped: a snapshot is taken`."""
        return self._canonical.notes

    @property
    def incompatible_layers(self) -> frozenset[str]:
        """Sandbox layers that this program cannot run under, as named in the catalogue (`nnp`, `caps`, `fsize`)."""
        return self._canonical.incompatible_layers

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("ReadOnlyCommand is final")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a ReadOnlyCommand cannot be changed (tried to set {name})")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a ReadOnlyCommand cannot be changed (tried to delete {name})")

    def __reduce__(self) -> tuple[type[ReadOnlyCommand], tuple[tuple[str, ...]]]:
        return (ReadOnlyCommand, (self.argv,))  # unpickling passes the policy again

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReadOnlyCommand) and other.argv == self.argv

    def __hash__(self) -> int:
        return hash(self.argv)

    def __repr__(self) -> str:
        return f"ReadOnlyCommand({list(self.argv)!r})"
