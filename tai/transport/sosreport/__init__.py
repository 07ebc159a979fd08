"""A sosreport as a host: what `sos report` wrote answers the collectors' commands. No host, no SSH, nothing runs.

`opened` takes a directory or an archive. `unpack` is the archive's way into a private folder, `tree` reads below a folder
and never outside it, `commands` knows under which names sos keeps what a command printed, `logs` selects lines as
journalctl would, and `connection` puts them together.
"""

from tai.transport.sosreport.connection import SosreportConnection, opened
from tai.transport.sosreport.unpack import Bounds

__all__ = ["Bounds", "SosreportConnection", "opened"]
