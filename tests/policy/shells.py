"""The eight login shells that the wire form must be read alike by, and how to run a command line as sshd does."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile

LOGIN_SHELLS: dict[str, tuple[str, ...]] = {
    "dash": ("dash",),
    "bash": ("bash",),
    "zsh": ("zsh",),
    "tcsh": ("tcsh",),
    "fish": ("fish",),
    "ksh93": ("ksh93",),
    "mksh": ("mksh",),
    "busybox": ("busybox", "sh"),
}
_HOME = tempfile.TemporaryDirectory(
    prefix="tai-login-"
)  # fish writes into its home, and complains when it cannot
atexit.register(_HOME.cleanup)
INSTALL = "apt-get install dash bash zsh tcsh fish ksh mksh busybox"


def is_installed(name: str) -> bool:
    return shutil.which(LOGIN_SHELLS[name][0]) is not None


def run_as_login_shell(
    name: str, command: str, stdin: bytes = b"", locale: str = "", home: str = ""
) -> subprocess.CompletedProcess[bytes]:
    """What sshd does: `$SHELL -c COMMAND`, no terminal, a small environment. locale: LANG as AcceptEnv would set it.

    home: the account's home directory.
    """
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/games", "HOME": home or _HOME.name}
    if locale:
        environment["LANG"] = locale
    return subprocess.run(
        [*LOGIN_SHELLS[name], "-c", command],
        input=stdin,
        capture_output=True,
        env=environment,
        timeout=30,
        check=False,
    )
