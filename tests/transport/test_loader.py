"""asyncssh comes in late, and without starting a process."""

from __future__ import annotations

import subprocess
import sys


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loading_asyncssh_starts_no_process() -> None:
    started = _python(
        "import sys\n"
        "started = []\n"
        "kinds = ('subprocess.Popen', 'os.posix_spawn', 'os.fork', 'os.exec', 'os.system')\n"
        "sys.addaudithook(lambda event, args: started.append(event) if event in kinds else None)\n"
        "import tai.transport.ssh.loader\n"
        "print(started)"
    )
    assert started.strip() == "[]"


def test_asyncssh_by_itself_would_start_some() -> None:
    """The reason for the loader; when asyncssh stops doing so, the loader can go."""
    started = _python(
        "import sys\n"
        "started = []\n"
        "sys.addaudithook(lambda event, args: started.append(event) if event == 'subprocess.Popen' else None)\n"
        "import asyncssh\n"
        "print(len(started))"
    )
    assert int(started) > 0


def test_library_search_is_back_after_loading() -> None:
    assert (
        _python(
            "import ctypes.util\n"
            "before = ctypes.util.find_library\n"
            "import tai.transport.ssh.loader\n"
            "print(ctypes.util.find_library is before)"
        )
        == "True\n"
    )


def test_importing_the_package_does_not_import_asyncssh() -> None:
    assert _python("import sys, tai.transport.ssh; print('asyncssh' in sys.modules)") == "False\n"
