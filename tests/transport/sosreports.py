"""Makes sosreports for tests: a small host, written as sos lays one out, and archives of it, good and evil."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

ROOT = "sosreport-web-01-2026-11-20-abcdefg"

# The commands' texts are this project's own recordings or written in the form that sos's commands print; no host's data.
FILES: dict[str, str] = {
    "etc/os-release": 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\nPRETTY_NAME="Rocky Linux 9.4"\n',
    "etc/fstab": "/dev/sda1 / xfs defaults 0 0\n",
    "sos_commands/date/date": "Fri Nov 20 15:30:00 CET 2026\n",
    "sos_commands/systemd/timedatectl": (
        "               Local time: Fri 2026-11-20 15:30:00 CET\n                Time zone: Europe/Berlin (CET, +0100)\n"
    ),
    "sos_commands/host/hostname": "web-01\n",
    "sos_commands/host/uptime": " 15:30:00 up 3 days,  2:01,  1 user,  load average: 0.10, 0.20, 0.30\n",
    "sos_commands/kernel/uname_-a": "Linux web-01 5.14.0-427.el9.x86_64 #1 SMP x86_64 GNU/Linux\n",
    "sos_commands/filesys/df_-al_-x_autofs": (
        "Filesystem     1K-blocks    Used Available Use% Mounted on\n"
        "proc                   0       0         0    - /proc\n"
        "/dev/sda1       10485760 2097152   8388608  20% /\n"
        "/dev/sda2        1048576 1048576         0 100% /var\n"
        "/dev/loop0         63488   63488         0 100% /snap/core20/1328\n"
    ),
    "sos_commands/filesys/findmnt": (
        "TARGET     SOURCE    FSTYPE OPTIONS\n/          /dev/sda1 xfs    rw,relatime\n|-/proc    proc      proc   rw\n`-/var     /dev/sda2 xfs    ro,relatime\n"
    ),
    "sos_commands/systemd/systemctl_list-units_--failed": (
        "  UNIT         LOAD   ACTIVE SUB    DESCRIPTION\n* shop.service loaded failed failed Shop API\n\nLOAD   = Reflects whether the unit definition was properly loaded.\n1 loaded units listed.\n"
    ),
    "sos_commands/systemd/systemctl_status_--all": (
        "* web-01\n    State: degraded\n     Jobs: 0 queued\n\n"
        "* shop.service - Shop API\n     Loaded: loaded (/etc/systemd/system/shop.service; enabled)\n     Active: failed (Result: exit-code)\n\n"
        "* shop.socket - Shop API Socket\n     Active: active (listening)\n"
    ),
    "sos_commands/systemd/systemctl_show_service_--all": (
        "Restart=no\nId=cron.service\nNames=cron.service crond.service\nLoadState=loaded\n\n"
        "Restart=always\nId=shop.service\nNames=shop.service\nLoadState=loaded\nActiveState=failed\nNRestarts=5\n"
    ),
    "sos_commands/process/ps_auxwwwm": (
        "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\n"
        "root           1  0.0  0.1 175184 17464 ?        -    Feb09   0:38 /sbin/init\n"
        "root           -  0.0    -      -     - -        Ss   Feb09   0:38 -\n"
        "shop         811 97.5  0.4 900000 90000 ?        -    Feb09   9:38 /opt/shop/api --port 8080\n"
        "shop           - 97.5    -      -     - -        R    Feb09   9:38 -\n"
    ),
    "sos_commands/networking/ss_-peaonmi": (
        "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
        'tcp   LISTEN 0      128          0.0.0.0:22        0.0.0.0:*     users:(("sshd",pid=700,fd=3))\n'
        "\t skmem:(r0,rb131072) cubic\n"
        "tcp   ESTAB  0      0         192.0.2.1:22      192.0.2.9:4711\n"
    ),
    "sos_commands/logs/journalctl_--no-pager": (
        "-- Logs begin at Tue 2026-11-17 13:29:00 CET, end at Fri 2026-11-20 15:30:00 CET. --\n"
        "Nov 17 13:29:00 web-01 kernel: Linux version 5.14.0-427.el9.x86_64\n"
        "Nov 17 13:29:01 web-01 systemd[1]: Started Shop API.\n"
        "Nov 20 13:00:00 web-01 shop[811]: ready\n"
        "Nov 20 15:01:00 web-01 shop[811]: cannot write /var/lib/shop/state: No space left on device\n"
        "Nov 20 15:01:01 web-01 systemd[1]: shop.service: Main process exited, code=exited, status=1/FAILURE\n"
        "Nov 20 15:02:00 web-01 sshd[900]: Accepted publickey for ann from 192.0.2.9\n"
    ),
    "sos_commands/logs/ls_-alRh_.var.log": (
        "/var/log:\ntotal 4.0K\ndrwxr-xr-x 2 root root 4.0K Nov 20 15:00 .\ndrwxr-xr-x 9 root root 4.0K Nov 20 15:00 ..\n"
        "-rw-r----- 1 root root 9.1G Nov 20 15:00 shop.log\n\n/var/log/shop:\ntotal 0\n"
    ),
    "var/log/shop/shop.log": "".join(f"line {n}\n" for n in range(100)),
}
LINKS = {"df": "sos_commands/filesys/df_-al_-x_autofs", "etc/localtime": "/usr/share/zoneinfo/Europe/Berlin"}


def folder(at: Path, *, without: Iterable[str] = (), more: dict[str, str] | None = None) -> Path:
    """The report as a folder below `at`."""
    root = at / ROOT
    for name, text in {**FILES, **(more or {})}.items():
        if name not in set(without):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    for name, target in LINKS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    return root


def archive(at: Path, form: str = "xz") -> Path:
    """The report as an archive: `xz`, `gz`, `bz2`, or '' for a plain tar."""
    file = at / f"{ROOT}.tar{f'.{form}' if form else ''}"
    with tarfile.open(file, f"w:{form}") as tar:  # type: ignore[call-overload]
        tar.add(folder(at), ROOT)
    return file


def evil(at: Path, *members: tuple[tarfile.TarInfo, bytes], form: str = "gz") -> Path:
    """An archive that holds a report's one needed folder, and these members."""
    file = at / "evil.tar"
    with tarfile.open(file, f"w:{form}") as tar:  # type: ignore[call-overload]
        tar.addfile(member("r/sos_commands", kind=tarfile.DIRTYPE)[0])
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return file


def member(
    name: str, content: bytes = b"", *, kind: bytes = tarfile.REGTYPE, to: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    """A member of an archive, as somebody who means harm writes it."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(content)
    info.linkname = to
    info.mode = 0o777
    return info, content
