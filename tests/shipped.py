"""The collectors that ship, read once for all tests of a process: reading and checking them takes most of a second."""

from __future__ import annotations

from functools import cache

from tai import resources
from tai.catalog import Catalog, load_catalog


@cache
def shipped() -> Catalog:
    """The checked catalogue. It is frozen, so no test can change it for another."""
    return load_catalog([resources.folder("collectors")])
