"""Lines by which software says that something is wrong, and lines that only look like it."""

from __future__ import annotations

import pytest

from tai.engine.condense.telling import telling

TROUBLE = [
    "<2>Nov 21 14:00:01 db-01 kernel: CPU3: Package temperature above threshold, cpu clock throttled",
    "E1121 14:00:01.123456    1 reflector.go:138] pods is forbidden: User cannot list resource",
    'time="2026-11-21T14:00:01Z" level=error msg="copy shim log" error="read /proc/self/fd/15: file already closed"',
    '{"level":50,"time":1700000000000,"msg":"connect ECONNREFUSED 10.0.0.5:5432"}',
    '{"t":{"$date":"2026-11-21T14:00:01"},"s":"F","c":"CONTROL","msg":"Wrong mongod version"}',
    "2026/11/21 14:00:01 [crit] 71#71: *9 SSL_do_handshake() failed",
    "2026-11-21 14:00:01 UTC [71] FATAL:  remaining connection slots are reserved for superuser connections",
    "71:M 21 Nov 14:00:01.123 # MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist on disk",
    '10.0.0.9 - - [21/Nov/2026:14:00:01 +0000] "GET /pay HTTP/1.1" 502 157 "-" "curl/8"',
    "Nov 21 14:00:01 db-01 systemd[1]: app.service: Main process exited, code=killed, status=9/KILL",
    "java.lang.OutOfMemoryError: GC overhead limit exceeded",
    "[  812.123456] EXT4-fs (dm-2): Remounting filesystem read-only",
    "/dev/mapper/vg-data  50G   50G     0 100% /data",
    "md7 : active raid5 sdx1[3](F) sdw1[1] sdv1[0]",
    "root      4242  0.0  0.0      0     0 ?        D    13:55   0:00 [kworker/u8:2+nfsiod]",
    "LISTEN 129    128          0.0.0.0:8080      0.0.0.0:*",
    "api-6d4cf56db6-abcde   0/1   CrashLoopBackOff   17 (2m ago)   61m",
    "f00dfeed1234   web:2   \"/run\"   2 hours ago   Exited (137) 3 minutes ago   web",
    "^? ntp1.example.net              0   6     0     -     +0ns[   +0ns] +/-    0ns",
    "app[7]: write to /srv/x failed: No space left on device",
    "app[7]: connect error: no route to host",
    "nova 03 14:00:01 serveur app[7]: échec de la connexion: accès refusé",
]  # fmt: skip

QUIET = [
    "[  0.500000] kernel command line: panic=10 oops=panic",
    "include /etc/nginx/errors.d/*.conf;",
    "checked 7 disks, failed: no, slow: no",
    "Nov 21 14:00:01 db-01 app[7]: 0 errors, 0 warnings, no failures",
    "Nov 21 14:00:01 db-01 systemd[1]: app.service: Succeeded.",
    "error_log /var/log/nginx/error.log;",
    "/dev/sda1 / ext4 rw,relatime,errors=remount-ro 0 0",
    '10.0.0.9 - - [21/Nov/2026:14:00:01 +0000] "GET /pay HTTP/1.1" 200 157 "-" "curl/8"',
    "LISTEN 0      128          0.0.0.0:8080      0.0.0.0:*",
    "ii  libgpg-error0:amd64  1.46-1  amd64  GnuPG development runtime library",
    "md7 : active raid5 sdx1[3] sdw1[1] sdv1[0]",
]


@pytest.mark.parametrize("line", TROUBLE)
def test_trouble_is_heard_however_it_is_said(line: str) -> None:
    assert telling(line) >= 25


@pytest.mark.parametrize("line", QUIET)
def test_quiet_lines_stay_quiet(line: str) -> None:
    assert telling(line) < 20


def test_a_cause_outweighs_a_complaint_and_that_a_hint() -> None:
    cause = telling("app[7]: write to /srv/x failed: No space left on device")
    complaint = telling("app[7]: request failed")
    hint = telling("app[7]: retry in 5 s")
    assert cause > complaint > hint > telling("app[7]: request served")
