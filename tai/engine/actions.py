"""Says what a recommended action would do to the host, so that it can be labelled. tai itself runs none of them.

Errs on the loud side: what is not clearly reading is called a change.
"""

from __future__ import annotations

import re
from typing import Literal

_DESTROYS = re.compile(
    r"""(?ix)
    \brm\s+(?:-\w*[rf]|--recursive|--force) | \bmkfs\b | \bdd\s+(?:if|of)= | \bwipefs\b | \bshred\b | \bfdisk\b | \bparted\b
  | \bdrop\s+(?:table|database|schema)\b | \btruncate\b | \bdelete\s+from\b | \blvremove\b | \bvgremove\b | \bzpool\s+destroy\b
  | \bgit\s+reset\s+--hard\b | \bfsck\b.*\s-y | \bdocker\s+(?:system|volume)\s+prune\b | \bkubectl\s+delete\b | >\s*/dev/(?:sd|nvme|vd)
  | \buserdel\b | \breset-failed\b.*\brm\b | \biptables\s+-F\b | \bnft\s+flush\b | \bkill\s+-9\b | \bpkill\b | \bkillall\b
    """
)
_READS = re.compile(
    r"(?i)^(?:check|look|see|read|find|compare|watch|review|inspect|verify|ask|confirm|note|show|list|examine|"
    r"determine|identify|investigate|monitor|collect|measure|test whether)\b"
)
_CHANGES = re.compile(
    r"""(?ix)
    \b(?:systemctl|service)\s+(?:re)?(?:start|stop|load|enable|disable|mask|unmask|reload|restart|reset-failed|daemon-reload|edit|set-property)
  | \b(?:apt|apt-get|dnf|yum|zypper|apk|pacman|pip|snap)\s+(?:install|remove|upgrade|update|purge|autoremove|downgrade|clean)
  | \b(?:chmod|chown|mount|umount|swapon|swapoff|sysctl\s+-w|setenforce|setsebool|restorecon|modprobe|rmmod|reboot|shutdown|kill|mv|cp|ln|tee|
      useradd|usermod|passwd|resize2fs|lvextend|xfs_growfs|logrotate\s+-f|date\s+-s|hwclock|timedatectl\s+set-\w+|hostnamectl\s+set-\w+|certbot|rm)\b
  | \b(?:journalctl)\s+--(?:vacuum|rotate|flush) | \bsed\s+-i | (?<![2&])>{1,2}\s*/(?!dev/null)
    """
)


def effect_of(text: str) -> Literal["reads", "changes", "destroys"]:
    """The strongest effect that the action's words name."""
    if _DESTROYS.search(text):
        return "destroys"
    if _READS.match(text.strip()) and not _CHANGES.search(text):
        return "reads"
    return "changes"
