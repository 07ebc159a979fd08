"""ZFS pools: which device of which pool is not well. Texts written after zpool-status(8): no host of ours has ZFS."""

from __future__ import annotations

import pytest

from tai.engine.inspect import inspect
from tai.model import Observation, Outcome
from tai.parsers import parse
from tests.shipped import shipped

TWO = """\
  pool: rpool
 state: ONLINE
config:

\tNAME        STATE     READ WRITE CKSUM
\trpool       ONLINE       0     0     0
\t  sda3      ONLINE       0     0     0

errors: No known data errors

  pool: tank
 state: DEGRADED
status: One or more devices are faulted in response to persistent errors.
action: Replace the faulted device.
  scan: scrub repaired 0B in 00:01:07 with 0 errors on Sun Nov 15 00:25:08 2026
config:

\tNAME          STATE     READ WRITE CKSUM
\ttank          DEGRADED     0     0     0
\t  mirror-0    DEGRADED     0     0     0
\t    sdb       ONLINE       0     0     0
\t    sdc       FAULTED      3    12     0  too many errors
\tlogs
\t  nvme0n1p1   ONLINE       0     0     0
\tspares
\t  sdd         AVAIL

errors: No known data errors
"""


def test_each_row_knows_its_pool_and_what_it_is() -> None:
    rows = parse("zpool", TWO)
    told = [(row["pool"], row["name"], row["kind"], row["state"]) for row in rows]
    assert told == [
        ("rpool", "rpool", "pool", "ONLINE"),
        ("rpool", "sda3", "device", "ONLINE"),
        ("tank", "tank", "pool", "DEGRADED"),
        ("tank", "mirror-0", "group", "DEGRADED"),
        ("tank", "sdb", "device", "ONLINE"),
        ("tank", "sdc", "device", "FAULTED"),
        ("tank", "nvme0n1p1", "device", "ONLINE"),
        ("tank", "sdd", "device", "AVAIL"),
    ]
    sdc = rows[5]
    assert (sdc["read"], sdc["write"], sdc["checksum"], sdc["note"]) == (3, 12, 0, "too many errors")
    assert TWO.split("\n")[sdc["_line"] - 1].split(maxsplit=1)[0] == "sdc"


def test_no_pools_is_an_answer_and_nonsense_is_none() -> None:
    assert parse("zpool", "no pools available\n") == []
    with pytest.raises(ValueError, match="no pool"):
        parse("zpool", "The ZFS modules are not loaded.\n")


def test_finding_names_the_device_and_its_pool() -> None:
    catalog = shipped()
    seen = Observation(
        id="E1", host="", collector="", probe="", label="zpool status", outcome=Outcome.OK, text=TWO
    )
    (finding,) = inspect(catalog, [seen])
    assert (finding.signature, finding.subject) == ("zfs-device-failed", "tank")
    assert (
        "sdc of the ZFS pool tank is FAULTED (too many errors; errors: 3 read, 12 write, 0 checksum)"
        in finding.explanation
    )
    assert finding.cited[0].text.split()[0] == "sdc"
