"""What kinds of SSH servers are known to get wrong, by the version that they tell.

dropbear closes a channel that stands without a command as soon as any other command of the connection ends, and from 2022.82 to
2024.85 the command that then comes for it ends the whole connection: https://github.com/mkj/dropbear/issues/321 and pull request 326
there, which mended it in 2024.86. So nothing may run while a channel is opened.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tai.transport.ssh.loader import asyncssh

_DROPBEAR: Final = re.compile(r"SSH-2\.0-dropbear(?:_(?P<year>\d{4})\.(?P<number>\d+))?", re.IGNORECASE)
_MENDED: Final = (2024, 86)


def server_of(connection: asyncssh.SSHClientConnection) -> str:
    """The first line of the server's greeting, such as `SSH-2.0-OpenSSH_9.2p1`."""
    return str(connection.get_extra_info("server_version"))


def one_at_a_time(version: str) -> bool:
    """Whether the server loses connections on which commands run beside one another. version: see `server_of`."""
    found = _DROPBEAR.match(version)
    if found is None:
        return False
    return found["year"] is None or (int(found["year"]), int(found["number"])) < _MENDED
