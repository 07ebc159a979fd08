"""The session's folder on disk: written while it runs, read again afterwards, listed, and removed in time.

`append` writes, `read` reads, `fold` says what a record amounts to, `shelf` knows all the sessions of a user.
"""

from tai.record.append import Record
from tai.record.chain import verify
from tai.record.fold import Told, fold
from tai.record.read import FILE_NAME, Recorded, read
from tai.record.shelf import Shelf, Shelved

__all__ = ["FILE_NAME", "Record", "Recorded", "Shelf", "Shelved", "Told", "fold", "read", "verify"]
