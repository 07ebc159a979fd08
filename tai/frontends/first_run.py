"""What somebody reads who starts the prompt for the first time: five lines, each about what this machine has or lacks.

Not a wizard: nothing is asked, nothing is written, and what is said depends only on files and variables that are there.
"""

from __future__ import annotations

import os
from pathlib import Path


def welcome(*, model: bool, home: Path | None = None) -> str:
    """Five lines for a screen of 80 columns. model: whether a model is configured; home: the user's, by default."""
    return "\n".join(
        (
            "tai reads a host over SSH and says what broke there; it changes nothing.",
            "Paste a ticket or say what is wrong, with the host's name in it; then Enter.",
            _way(home or Path.home()),
            "The configured model answers; each line that it quotes is looked up."
            if model
            else "No model is configured, so rules answer: see 'tai help models'.",
            "/help lists the commands; Ctrl-C stops the work and keeps it; Ctrl-D leaves.",
        )
    )


def _way(home: Path) -> str:
    """How to get to a host: with a key first, where there seems to be none."""
    ssh = home / ".ssh"
    # A configuration may name a key anywhere, and an agent hold one; then there is no reason to speak of keys.
    keys = any((ssh / name).exists() for name in ("id_ed25519", "id_rsa", "config"))
    if keys or os.environ.get("SSH_AUTH_SOCK"):
        return "A host is what you give to ssh: 'tai doctor HOST' looks at the way there."
    return "No SSH key here yet: ssh-keygen -t ed25519, then ssh-copy-id HOST."
