"""What a ticket's complaint makes worth looking for, in other words than its own: a full disk is told by sizes, not by 'full'.

Data of `tai.engine.condense.about`. As broad as a textbook's chapters; a particular fault is the catalog's business.
"""

from __future__ import annotations

import re
from typing import Final

_DISK_ROWS = (
    r"\b(?:9\d|100)%|\b\d+(?:[.,]\d+)?[GT]i?B?\s+[\d/.]|\b\d{3}(?:[.,]\d+)?Mi?B?\s+[\d/.]|\(deleted\)"
)

_TOPICS: Final[tuple[tuple[str, str], ...]] = (
    (
        "space disk full usage inode inodes quota storage volume partition filesystem grow grows growing shrink df du fills filled",
        rf"{_DISK_ROWS}|no space|enospc|inode|quota|read-only|disk space|file ?system.{{0,20}}full",
    ),
    (
        "memory oom ram swap killed disappears rss leak heap",
        r"\boom\b|oom-kill|out of memory|killed process|cannot allocate|swap|memavailable|\brss\b|memory cgroup|heap space",
    ),
    (
        "network connect connection connections unreachable dns resolve resolves resolution port ports ping packet packets latency vpn "
        "route routing interface offline listen listening bind socket",
        r"refused|unreachable|timed out|resolv|no route|link (?:is )?(?:down|up)|carrier|in use|bind|nameserver|conntrack|dropp|listen",
    ),
    (
        "certificate certificates tls ssl https clock time ntp expired trusted cert x509 date timezone chrony",
        r"certificate|x509|\bssl\b|\btls\b|expired|not (?:yet )?valid|clock|\bntp|chrony|skew|handshake|trusted|time ?sync",
    ),
    (
        "login log-in ssh password passwords permission permissions denied sudo key keys authentication locked pam ldap kerberos account "
        "accounts user users group access root",
        r"authentic|permission|denied|publickey|pam_|pam\(|ownership|\bmodes?\b|account|sudo|krb|kerberos|ldap|sssd|passw|lock|shell",
    ),
    (
        "i/o io input output read reading write writing backup corrupt corruption corrupted raid sector smart ssd nvme drive drives "
        "hardware ecc machine-check freeze freezes hang hangs hung kernel crash crashes reboot reboots rebooted",
        r"i/o error|input/output|media error|\bunc\b|\bata\d|nvme|medium|sector|\bsense\b|hostbyte|ext4|xfs|btrfs|smart|raid|\bmd\d"
        r"|mce|machine check|edac|ecc|lockup|hung|blocked for|call trace|watchdog|nmi|thermal|panic|oops|\bbug:",
    ),
    (
        "start starts starting started boot boots restart restarts restarting crash crashes crashing die dies dying exit exits loop "
        "refuses refuse fails fail failed failing stops stopped disappears",
        r"failed at step|main process exited|failed to (?:start|load|open|bind|read|create)|dumped|segfault|status=\d|exited|in use"
        r"|permission denied|no such file|cannot|can't|unable to|could not|invalid|unknown|not found|conflict",
    ),
    (
        "docker container containers podman kubernetes k8s pod pods image images compose kubelet containerd crio cgroup",
        r"\boci\b|runc|containerd|cgroup|overlay|image|subuid|subgid|crio|kubelet|\bcni\b|mount|namespace|seccomp|rootfs",
    ),
    (
        "database databases postgres postgresql mysql mariadb mongo mongodb redis replication replica query queries lock locks",
        r"replicat|deadlock|lock|checkpoint|\bwal\b|connection|innodb|relation|table|rollback|recovery|corrupt|too many|slots",
    ),
    (
        "slow slowly load cpu latency hang hangs timeout timeouts stuck responsive performance",
        r"timed? ?out|blocked for|hung|load average|throttl|saturat|queue|backlog|slow|\bd\b.{0,8}\+?\s|iowait|stall|took too long",
    ),
)  # fmt: skip


def patterns(words: frozenset[str]) -> re.Pattern[str] | None:
    """What to look for, for a ticket of these words; None when it speaks of nothing known. Compared in lower case."""
    forms = [form for about, form in _TOPICS if not words.isdisjoint(about.split())]
    return re.compile("|".join(forms), re.IGNORECASE) if forms else None
