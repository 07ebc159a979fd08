"""Outputs about the machine that a healthy test host does not give: limits, faults, other versions of the programs."""

from __future__ import annotations

from typing import Any

import pytest

from tai.parsers import line_of, parse

LOAD = """\
==> /proc/loadavg <==
41.20 38.71 20.03 12/29811 23711

==> /proc/stat <==
cpu  1000 0 1000 5000 2000 0 0 1000 0 0
cpu0 500 0 500 2500 1000 0 0 500 0 0
cpu1 500 0 500 2500 1000 0 0 500 0 0
intr 8123 0 0 12
procs_running 12
procs_blocked 31

==> /proc/sys/kernel/pid_max <==
32768

==> /proc/sys/kernel/threads-max <==
63711
"""


def test_load_is_told_for_each_processor_and_threads_against_the_lower_limit() -> None:
    (row,) = parse("load", LOAD)
    assert (row["cpus"], row["load_per_cpu"], row["running"], row["blocked"]) == (2, 19.36, 12, 31)
    assert (row["iowait_percent"], row["steal_percent"]) == (20.0, 10.0)
    assert (row["threads"], row["threads_max"], row["threads_percent"]) == (29811, 32768, 91.0)
    assert (line_of(row, "blocked"), line_of(row, "threads_max"), line_of(row, "steal_percent")) == (
        10,
        13,
        5,
    )


def test_load_of_a_kernel_that_shows_no_stat_is_still_a_load() -> None:
    (row,) = parse("load", "==> /proc/loadavg <==\n0.20 0.10 0.05 1/81 2371\n")
    assert row["load5"] == 0.1
    assert "load_per_cpu" not in row


def test_limits_of_a_process_are_numbers_or_none_at_all() -> None:
    text = (
        "==> /proc/811/status <==\nName:\tshopd\nPid:\t811\nFDSize:\t4096\nThreads:\t12\nVmRSS:\t  2048 kB\n"
        "\n==> /proc/811/limits <==\n"
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max processes             unlimited            unlimited            processes \n"
        "Max open files            1024                 524288               files     \n"
    )
    (row,) = parse("process", text)
    assert (row["name"], row["pid"], row["rss_kb"], row["table_percent"]) == ("shopd", 811, 2048, 400.0)
    assert (row["processes_limit"], row["files_limit"], line_of(row, "files_limit")) == (None, 1024, 11)


def test_control_groups_of_both_versions_give_the_same_fields() -> None:
    second = (
        "==> /sys/fs/cgroup/system.slice/a.service/memory.max <==\n1000\n\n"
        "==> /sys/fs/cgroup/system.slice/a.service/memory.current <==\n970\n\n"
        "==> /sys/fs/cgroup/system.slice/a.service/memory.events <==\nlow 0\nhigh 0\nmax 7\noom 1\noom_kill 1\n\n"
        "==> /sys/fs/cgroup/system.slice/a.service/pids.max <==\nmax\n\n"
        "==> /sys/fs/cgroup/system.slice/b.service/cpu.stat <==\nnr_periods 200\nnr_throttled 50\n"
    )
    first = (
        "==> /sys/fs/cgroup/memory/system.slice/a.service/memory.limit_in_bytes <==\n1000\n\n"
        "==> /sys/fs/cgroup/memory/system.slice/a.service/memory.usage_in_bytes <==\n970\n\n"
        "==> /sys/fs/cgroup/memory/system.slice/a.service/memory.failcnt <==\n7\n\n"
        "==> /sys/fs/cgroup/memory/system.slice/a.service/memory.oom_control <==\nunder_oom 0\noom_kill 1\n\n"
        "==> /sys/fs/cgroup/cpu,cpuacct/system.slice/b.service/cpu.stat <==\nnr_periods 200\nnr_throttled 50\n"
    )
    fields = (
        "cgroup",
        "memory",
        "memory_percent",
        "memory_max_events",
        "oom_kills",
        "throttled_percent",
        "pids_max",
    )

    def told(text: str) -> list[list[Any]]:
        return [[row.get(field) for field in fields] for row in parse("cgroup", text)]

    assert told(first) == told(second)
    assert told(first) == [
        ["/system.slice/a.service", 970, 97.0, 7, 1, None, None],
        ["/system.slice/b.service", None, None, None, None, 25.0, None],
    ]


def test_no_limit_of_the_first_version_is_no_limit() -> None:
    text = "==> /sys/fs/cgroup/memory/memory.limit_in_bytes <==\n9223372036854771712\n"
    assert parse("cgroup", text)[0].get("memory_max") is None


@pytest.mark.parametrize(
    ("line", "limit", "group"),
    [
        (
            "[ 2981.97] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/batch,task_memcg=/batch/one,task=python3,pid=26701,uid=0",
            "/batch",
            "/batch/one",
        ),
        (
            "[ 2981.97] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/system.slice/a.service,task=a,pid=811,uid=0",
            "",
            "/system.slice/a.service",
        ),
        ("[ 811.1] Task in /docker/0123 killed as a result of limit of /docker", "/docker", "/docker/0123"),
    ],
)
def test_oom_record_names_the_group_whose_limit_it_was(line: str, limit: str, group: str) -> None:
    (row,) = parse("oom", f"-- No entries --\n{line}\n")
    assert (row["limit"], row["cgroup"], row["_line"]) == (limit, group, 2)


def test_boots_of_old_and_new_journalctl_are_read_alike() -> None:
    old = " 0 " + "1" * 32 + " Fri 2026-11-20 10:10:00 UTC—Fri 2026-11-20 10:11:30 UTC\n"
    new = (
        "IDX BOOT ID FIRST ENTRY LAST ENTRY\n  0 "
        + "1" * 32
        + " Fri 2026-11-20 10:10:00 +03 Fri 2026-11-20 10:11:30 +03\n"
    )
    assert [row["length_s"] for row in (*parse("boots", old), *parse("boots", new))] == [90, 90]


FSTAB = """\
==> /etc/fstab <==
# <file system> <mount point> <type> <options> <dump> <pass>
UUID=6d2e /           ext4 errors=remount-ro 0 1
/dev/vdb  /srv/my\\040data xfs defaults 0 2
UUID=81ab none        swap sw 0 0
nas:/x    /mnt/x      nfs  noauto,nofail 0 0

==> /proc/mounts <==
/dev/vda1 / ext4 rw,relatime,emergency_ro 0 0
/dev/vdb /srv/my\\040data xfs rw,relatime 0 0
"""


def test_fstab_is_held_against_what_is_mounted() -> None:
    root, data, share = parse("fstab", FSTAB)
    assert (root["mounted"], root["read_only"], root["read_only_wanted"], root["_line"]) == (
        True,
        True,
        False,
        3,
    )
    assert (data["mount"], data["mounted"], data["read_only"]) == ("/srv/my data", True, False)
    assert (share["mounted"], share["automatic"], share["optional"]) == (False, False, True)


def test_fstab_alone_says_nothing_about_what_is_missing() -> None:
    with pytest.raises(ValueError, match="no mount table"):
        parse("fstab", FSTAB.partition("==> /proc/mounts")[0])


def test_mounts_are_read_from_the_kernels_own_table_too() -> None:
    (row,) = parse("mounts", "/dev/vda1 /srv/my\\040data ext4 ro,relatime 0 0\n")
    assert (row["mount"], row["source"], row["read_only"]) == ("/srv/my data", "/dev/vda1", True)


def test_inodes_as_busybox_heads_them_are_not_taken_for_space() -> None:
    text = "Filesystem              Inodes      Used Available Use% Mounted on\n/dev/vdb 3083623 3083509 114 99% /srv\n"
    (row,) = parse("df", text)
    assert row["inode_percent"] == 99
    assert "use_percent" not in row


def test_superblock_tells_its_state_and_what_is_kept_for_root() -> None:
    text = "Filesystem state:         not clean with errors\nBlock count:  1000\nReserved block count:  50\nFS Error count:  3\n"
    (row,) = parse("superblock", text)
    assert (row["state"], row["reserved_percent"], row["errors"], line_of(row, "errors")) == (
        "not clean with errors",
        5.0,
        3,
        4,
    )


def test_smart_values_of_ata_nvme_and_scsi_disks_have_names_and_whole_numbers() -> None:
    ata = "  5 Reallocated_Sector_Ct   0x0033   004   004   010    Pre-fail  Always   FAILING_NOW 3812\n"
    drive = "Critical Warning:                   0x04\nMedia and Data Integrity Errors:    1,204\nPercentage Used:                    103%\n"
    cli = "critical_warning\t\t\t: 0\nmedia_errors\t\t\t\t: 12\n"
    scsi = "SMART Health Status: FAILURE PREDICTION THRESHOLD EXCEEDED\nElements in grown defect list: 81\n"
    told = [
        (row["attribute"], row["raw"]) for text in (ata, drive, cli, scsi) for row in parse("smart", text)
    ]
    assert told == [
        ("Reallocated_Sector_Ct", 3812),
        ("critical_warning", 4),
        ("media_errors", 1204),
        ("percentage_used", 103),
        ("critical_warning", 0),
        ("media_errors", 12),
        ("health", 1),
        ("elements_in_grown_defect_list", 81),
    ]


def test_volumes_have_their_values_below_their_headings() -> None:
    text = (
        "  WARNING: Device for PV 8XH2aC not found.\n"
        "  LV              VG   Attr       LSize   Pool Origin Data%  Meta%  Move Log Cpy%Sync Convert\n"
        "  [lvol0_pmspare] data ewi-------   4.00m                                                    \n"
        "  pool            data twi-aotzD- 100.00m             100.00 11.72                           \n"
        "  mirror          data rwi-a-r--- 100.00m                                    31.25           \n"
    )
    spare, pool, mirror = parse("lvs", text)
    assert (spare["name"], spare.get("data_percent")) == ("[lvol0_pmspare]", None)
    assert (pool["data_percent"], pool["meta_percent"], pool["_line"]) == (100.0, 11.72, 4)
    assert mirror["copy_percent"] == 31.25


def test_iostat_counts_its_reports_and_takes_the_longest_wait() -> None:
    old = "Device:         rrqm/s   wrqm/s     r/s     w/s    rkB/s    wkB/s avgrq-sz avgqu-sz   await r_await w_await  svctm  %util\n"
    row = "sda               0,00     0,00    0,01    0,02     0,41     0,53    68,36     0,25    1,20    1,10  412,00   0,77   99,60\n"
    first, second = parse("iostat", f"{old}{row}\n{old}{row}")
    assert (first["report"], second["report"]) == (0, 1)
    assert (second["await_ms"], second["util_percent"], second["queue"], second["_line"]) == (
        412.0,
        99.6,
        0.25,
        5,
    )


def test_free_of_any_age_says_how_much_is_available() -> None:
    new = "               total        used        free      shared  buff/cache   available\nMem:            1000         700         100           1         200         250\nSwap:            500         500           0\n"
    old = "             total       used       free     shared    buffers     cached\nMem:          1000        900        100          0         50        100\n-/+ buffers/cache:        750        250\nSwap:          500        500          0\n"
    for text in (new, old):
        (row,) = parse("free", text)
        assert (row["available_percent"], row["swap_used_percent"]) == (25.0, 100.0)


def test_taint_is_letters_and_reasons() -> None:
    (row,) = parse("taint", "kernel.tainted = 4609\n")
    assert (row["flags"], row["reasons"].count(";")) == ("PWO", 2)
    assert parse("taint", "0\n")[0]["flags"] == ""


def test_overcommit_needs_its_mode() -> None:
    amounts = "CommitLimit:     1000 kB\nCommitted_AS:    990 kB\n"
    (row,) = parse(
        "overcommit", f"==> /proc/sys/vm/overcommit_memory <==\n2\n\n==> /proc/meminfo <==\n{amounts}"
    )
    assert (row["mode"], row["committed_percent"], line_of(row, "mode")) == (2, 99.0, 2)
    with pytest.raises(ValueError, match="not both"):
        parse("overcommit", amounts)


def test_single_values_keep_their_files_and_empty_files_give_none() -> None:
    text = "==> /sys/block/sda/device/state <==\nrunning\n\n==> /sys/block/sda/ro <==\n\n==> /sys/block/sda/size <==\n2048\n"
    assert [(row["name"], row["value"], row["_line"]) for row in parse("values", text)] == [
        ("state", "running", 2),
        ("size", 2048, 7),
    ]


def test_descriptors_are_counted_and_told_apart() -> None:
    text = (
        "total 0\nlr-x------ 1 root root 64 Nov 20 10:00 0 -> /dev/null\n"
        "l-wx------ 1 root root 64 Nov 20 10:00 7 -> /var/log/a b.log (deleted)\n"
        "lrwx------ 1 root root 64 Nov 20 10:00 8 -> socket:[81231]\n"
        "lrwx------ 1 root root 64 Nov 20 10:00 9 -> anon_inode:[eventpoll]\n"
    )
    rows = parse("descriptors", text)
    assert [(row["fd"], row["kind"]) for row in rows] == [
        (0, "file"),
        (7, "deleted"),
        (8, "socket"),
        (9, "other"),
    ]
    assert {row["open"] for row in rows} == {4}
