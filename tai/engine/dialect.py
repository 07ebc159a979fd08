"""How a host's own version of a program spells what tai asks, where one spelling does not serve all hosts. Pure.

Not a choice of what to look at: another program, or another file, is a probe's variant (`tai.engine.fitting`). This is the
same question in the words that the host's program knows, so that no collector, check or typed line has to think of it.
Both spellings are the policy's own; which one a host understands is what it told after login (`Facts`).
"""

from __future__ import annotations

from tai.model import Facts
from tai.policy import ReadOnlyCommand


def spelled_for(command: ReadOnlyCommand, facts: Facts) -> ReadOnlyCommand:
    """The command as this host's program understands it; the same one where the catalogue's spelling serves.

    busybox has no `ls -b`. Its -Q escapes names too, but not those of the folders that -R goes into, so `ls -R` stays as
    it is, and the host's refusal is told.
    """
    if command.argv[0] != "ls" or facts.ls != "busybox" or "-b" not in command.argv or "-R" in command.argv:
        return command
    return ReadOnlyCommand(["-Q" if word == "-b" else word for word in command.argv])
