"""Outputs that a healthy test host does not give: odd forms, old versions, faults. Shapes as the programs print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tai.parsers import PARSERS, known, line_of, parse

HOME_DF = """\
Filesystem     Type  Size  Used Avail Use% Mounted on
/dev/mapper/vg00-a_very_long_logical_volume_name
               xfs    50G   50G   20K 100% /srv/data
/dev/sda1      ext4  2.0G     -     -    - /boot
tmpfs          tmpfs 1.0G     0  1.0G   0% /mnt/with blank
"""


def test_df_joins_a_wrapped_device_name_and_leaves_rows_without_numbers_out() -> None:
    rows = parse("df", HOME_DF)
    assert [(row["mount"], row["use_percent"], row["_line"]) for row in rows] == [
        ("/srv/data", 100, 3),
        ("/mnt/with blank", 0, 5),
    ]
    assert rows[0]["filesystem"] == "/dev/mapper/vg00-a_very_long_logical_volume_name"
    assert rows[0]["available"] == "20K"


def test_df_of_inodes_gives_another_field_than_df_of_space() -> None:
    text = "Filesystem Inodes IUsed IFree IUse% Mounted on\n/dev/sda1 100 99 1 99% /\n"
    (row,) = parse("df", text)
    assert row["inode_percent"] == 99
    assert "use_percent" not in row


def test_mounts_reads_findmnt_and_mount_alike() -> None:
    by_findmnt = "TARGET SOURCE FSTYPE OPTIONS\n/srv /dev/vdb ext4 ro,relatime\n"
    by_mount = "/dev/vdb on /srv type ext4 (ro,relatime)\n"
    (one,), (other,) = parse("mounts", by_findmnt), parse("mounts", by_mount)
    assert {key: one[key] for key in ("mount", "source", "type", "options", "read_only")} == {
        key: other[key] for key in ("mount", "source", "type", "options", "read_only")
    }
    assert one["read_only"] is True


def test_mdstat_tells_failed_and_missing_members_and_where_it_says_so() -> None:
    text = (
        "Personalities : [raid1] [raid6] [raid5] [raid4]\n"
        "md1 : active raid5 sdd1[3](F) sdc1[1] sdb1[0]\n"
        "      4190208 blocks super 1.2 level 5, 512k chunk, algorithm 2 [3/2] [UU_]\n"
        "      [=>...................]  recovery =  8.5% (179000/2095104) finish=1.2min speed=25571K/sec\n"
        "md0 : active (auto-read-only) raid1 sda1[0] sdb2[1]\n"
        "      2096128 blocks super 1.2 [2/2] [UU]\n"
    )
    degraded, whole = parse("mdstat", text)
    assert (degraded["name"], degraded["faulty"], degraded["missing"], degraded["recovery"]) == (
        "md1",
        "sdd1",
        1,
        8.5,
    )
    assert (line_of(degraded), line_of(degraded, "missing"), line_of(degraded, "recovery")) == (2, 3, 4)
    assert (whole["name"], whole["level"], whole["missing"]) == ("md0", "raid1", 0)


def test_meminfo_of_an_old_kernel_counts_caches_as_available() -> None:
    (row,) = parse("meminfo", "MemTotal: 1000 kB\nMemFree: 50 kB\nBuffers: 10 kB\nCached: 140 kB\n")
    assert row["available_percent"] == 20.0
    assert line_of(row, "available_percent") == 2


def test_links_reads_counters_under_their_own_column() -> None:
    text = (
        "2: eth0@if7: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc mq state DOWN mode DEFAULT qlen 1000\n"
        "    link/ether 00:00:5e:00:53:01 brd ff:ff:ff:ff:ff:ff\n"
        "    RX: bytes  packets  errors  dropped overrun mcast   \n"
        "    900        80       7       6       0       0       \n"
        "    TX: bytes  packets  errors  dropped carrier collsns \n"
        "    500        40       3       2       0       0       \n"
    )
    (row,) = parse("links", text)
    assert (row["name"], row["state"], row["no_carrier"], row["up"]) == ("eth0", "DOWN", True, True)
    assert (row["rx_packets"], row["rx_errors"], row["rx_dropped"], row["tx_errors"]) == (80, 7, 6, 3)
    assert (line_of(row, "rx_errors"), line_of(row, "tx_errors"), line_of(row)) == (4, 6, 1)


def test_conntrack_needs_both_numbers() -> None:
    one = "==> /proc/sys/net/netfilter/nf_conntrack_count <==\n50\n"
    (row,) = parse("conntrack", one + "\n==> /proc/sys/net/netfilter/nf_conntrack_max <==\n100\n")
    assert row["used_percent"] == 50.0
    with pytest.raises(ValueError, match="not both"):
        parse("conntrack", one)


def test_units_reads_marks_and_plain_lists_and_an_empty_one() -> None:
    marked = "  UNIT LOAD ACTIVE SUB DESCRIPTION\n● a.service loaded failed failed The A\n\n1 loaded units listed.\n"
    assert [row["unit"] for row in parse("units", marked)] == ["a.service"]
    assert parse("units", "") == []


def test_properties_of_several_units_are_several_rows_with_their_lines() -> None:
    first, second = parse("properties", "Id=a.service\nNRestarts=7\n\nId=b.service\nNRestarts=0\n")
    assert (first["Id"], first["NRestarts"], line_of(first, "NRestarts")) == ("a.service", 7, 2)
    assert (second["Id"], line_of(second, "Id")) == ("b.service", 4)


def test_ls_of_several_directories_gives_whole_paths() -> None:
    text = (
        "/var/log:\ntotal 2.1G\n-rw-r----- 1 shop adm  2.1G Nov 20 14:01 a b.log\n"
        "drwxr-xr-x 2 root root 4.0K Nov 20 2025 apt\n\n/var/tmp:\ntotal 0\n"
        "lrwxrwxrwx 1 root root 4 Nov 20 14:01 now -> then\n"
    )
    rows = parse("ls", text)
    assert [(row["path"], row["kind"]) for row in rows] == [
        ("/var/log/a b.log", "file"),
        ("/var/log/apt", "directory"),
        ("/var/tmp/now", "link"),
    ]
    assert rows[0]["bytes"] == int(2.1 * 1024**3)


def test_ls_with_quoted_names_gives_the_names_without_quotes() -> None:
    text = (
        '/var/log:\ntotal 4\n-rw-r-----    1 shop     adm         2.1G Nov 20 14:01 "a b.log"\n'
        'lrwxrwxrwx    1 root     root           4 Nov 20 14:01 "now -> \\"x" -> "th\\"en"\n'
    )
    rows = parse("ls", text)
    assert [row["path"] for row in rows] == ["/var/log/a b.log", '/var/log/now -> \\"x']
    gnu = parse("ls", text.replace("/var/log:", '"/var/log":'))
    assert [row["path"] for row in gnu] == [row["path"] for row in rows]


def test_ls_keeps_the_quotes_of_a_file_that_is_named_with_them() -> None:
    text = 'total 0\n-rw-r--r-- 1 a a 0 Nov 20 14:01 "b"\n-rw-r--r-- 1 a a 0 Nov 20 14:01 c\n'
    assert [row["name"] for row in parse("ls", text)] == ['"b"', "c"]


def test_descriptors_are_read_with_and_without_quotes() -> None:
    plain = "total 0\nlrwx------ 1 a a 64 Nov 20 14:01 3 -> socket:[5]\nl-wx------ 1 a a 64 Nov 20 14:01 4 -> /v/a b (deleted)\n"
    quoted = (
        'total 0\nlrwx------ 1 a a 64 Nov 20 14:01 "3" -> "socket:[5]"\n'
        'l-wx------ 1 a a 64 Nov 20 14:01 "4" -> "/v/a b (deleted)"\n'
    )
    assert parse("descriptors", quoted) == parse("descriptors", plain)
    assert [(row["fd"], row["kind"]) for row in parse("descriptors", quoted)] == [
        (3, "socket"),
        (4, "deleted"),
    ]


def test_du_reads_human_and_plain_sizes() -> None:
    assert [row["bytes"] for row in parse("du", "1.5G\t/srv/a\n12\t/srv/b\n")] == [
        int(1.5 * 1024**3),
        12 * 1024,
    ]


def test_key_value_lines_become_fields() -> None:
    (row,) = parse("fields", "Reference ID    : 7F7F0101 ()\nLeap status     : Not synchronised\n")
    assert row["leap_status"] == "Not synchronised"
    assert line_of(row, "leap_status") == 2


def test_unknown_parser_is_known_to_be_unknown() -> None:
    assert known("df")
    assert known("jc:ps")
    assert not known("jc:no-such-parser")
    assert not known("no-such-parser")


@pytest.mark.parametrize("name", [*PARSERS, "jc:ps", "jc:ss", "jc:lsblk", "jc:uptime"])
@given(text=st.text(max_size=200))
def test_nonsense_is_a_value_error_or_rows_never_another_failure(name: str, text: str) -> None:
    try:
        rows = parse(name, text)
    except ValueError:
        return
    assert all(row["_line"] >= 1 for row in rows)
