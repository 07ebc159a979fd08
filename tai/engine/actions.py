"""Says what a recommended action would do to the host, so that it can be labelled. tai itself runs none of them.

Errs on the loud side: a command that the read-only policy does not know is called a change, and so are words that do not
plainly read. The strongest of all that stands in the text counts, wherever it stands: after a `;`, in backticks, in prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from tai.errors import PolicyRefusal
from tai.policy import Tier, check
from tai.policy.line import propose

Effect = Literal["reads", "changes", "destroys"]

# What cannot be undone, or stops what nobody asked to stop. Words of the programs' own manuals; options in any order.
_DESTROYS = re.compile(
    r"""(?ix)
    # files
    \brm\b[^;|&\n`]*\s(?:-\w*[rf]\w*|--recursive|--force|--no-preserve-root)\b | \brm\s+(?:--?[\w-]+\s+)*(?:/|~|\$)\S*[*]
  | \bshred\b | \bsrm\b | \bfind\b[^;|\n`]*\s-(?:delete\b|exec(?:dir)?\s+(?:/bin/|/usr/bin/)?(?:rm|shred|truncate)\b)
  | \bxargs\b[^;|\n`]*\brm\b | \brsync\b[^;|\n`]*\s--(?:delete|remove-source)\S* | \btruncate\s+(?:-s|--size|table\b)
  | (?<![\w-])truncate\s+(?:/|\w+\s*;) | (?:^|[;&|`:]|\becho|\btrue|\bcat\s+/dev/null)\s*>\s*/(?!dev/(?:null|stderr|stdout|tty)\b|proc/|sys/|tmp/)\S | \bcp\s+/dev/(?:null|zero)\b
  | \bmv\b[^;|\n`]*\s/dev/null\b
  | \bch(?:mod|own|grp|attr|con)\b[^;|&\n`]*\s(?:-\w*R\w*|--recursive)\b | \bsetfacl\b[^;|\n`]*\s-\w*R
    # devices and file systems
  | \bmk(?:fs|swap|e2fs|dosfs)(?:\.\w+)?\b | \bdd\b[^;|\n`]*\b(?:if|of)= | \bwipefs\b | \bblkdiscard\b | \b(?:s|c|g)?fdisk\b(?!\s+-l)
  | \b(?:sg|par)ted\b(?![^;|\n`]*\bprint\b) | \bsgdisk\b | >\s*/dev/(?:sd|nvme|vd|xvd|hd|mmcblk|dm-|md|mapper)
  | \bfsck(?:\.\w+)?\b[^;|\n`]*\s-\w*[yfa]\b | \be2fsck\b[^;|\n`]*\s-\w*[yf] | \bxfs_repair\b[^;|\n`]*\s-\w*L | \bbtrfs\b[^;|\n`]*--repair
  | \b(?:lv|vg|pv)remove\b | \blvreduce\b | \bpvmove\b | \bz(?:pool|fs)\s+(?:destroy|rollback|labelclear)\b | \bmdadm\b[^;|\n`]*--(?:zero-superblock|remove|fail|stop)
  | \bcryptsetup\s+(?:erase|luksErase|luksFormat|reencrypt)\b | \bbtrfs\s+subvolume\s+delete\b | \bhdparm\b[^;|\n`]*--(?:security|trim)
  | \bnvme\s+(?:format|sanitize)\b | \bswapoff\s+-a\b
    # databases and queues
  | \bdrop\s+(?:table|database|schema|index|user|role|view|keyspace|collection|column|tablespace)\b | \bdelete\s+from\b
  | \btruncate\s+(?:table\s+)?[\w."]+\s*(?:;|$|`) | \bupdate\s+[\w."]+\s+set\b(?![^;]*\bwhere\b) | \bflush(?:all|db)\b | \breset\s+(?:master|slave|replica)\b
  | \bdropdb\b | \bdropuser\b | \bpg_resetwal\b | \bpg_resetxlog\b | \bmysqladmin\b[^;|\n`]*\b(?:drop|shutdown)\b | \bdb\.\w+\.(?:drop|remove|deleteMany)\b
  | \brabbitmqctl\b[^;|\n`]*\b(?:reset|force_reset|purge_queue|delete_queue)\b | \bkafka-topics\S*[^;|\n`]*--delete\b | \betcdctl\b[^;|\n`]*\bdel\b
  | \bcurl\b[^;|\n`]*\s(?:-X|--request)[\s=]?DELETE\b | \binnodb_force_recovery\b
    # version control, containers, clusters, clouds
  | \bgit\s+(?:reset\s+--hard|clean\b|push\b[^;|\n`]*(?:--force|\s-f\b|--delete)|checkout\s+(?:--\s|\.)|branch\s+-D|stash\s+(?:drop|clear)|reflog\s+expire|filter-branch|gc\s+--prune)
  | \b(?:docker|podman|nerdctl|crictl|ctr)\b[^;|\n`]*\b(?:prune|rm|rmi|rmp|kill|down\s+(?:-v|--volumes))\b | \bdocker(?:-compose|\s+compose)\b[^;|\n`]*\bdown\b
  | \bkubectl\b[^;|\n`]*\b(?:delete|drain|replace\s+--force|scale\b[^;|\n`]*=0)\b | \bhelm\s+(?:uninstall|delete|rollback)\b | \bterraform\s+(?:destroy|apply)\b
  | \b(?:aws|gcloud|az|openstack|virsh|vim-cmd|pct|qm)\b[^;|\n`]*\b(?:delete|terminate-instances|destroy|undefine|rb|rm)\b
    # accounts, packages, keys
  | \buserdel\b | \bgroupdel\b | \bdeluser\b | \bpasswd\s+-[dl]\b | \bcrontab\s+-r\b | \b(?:apt|apt-get|aptitude|dnf|yum|zypper|pacman|apk)\b[^;|\n`]*\s(?:purge|remove|autoremove|erase|del|-R\w*)\b
  | \brpm\b[^;|\n`]*\s(?:-e|--erase|--nodeps)\b | \bdpkg\b[^;|\n`]*\s(?:-r|-P|--remove|--purge|--force\S*)\b | \bssh-keygen\s+-R\b | \bgpg\b[^;|\n`]*--delete
    # network and firewall
  | \bip6?tables\b[^;|\n`]*\s(?:-F|-X|-Z|-D|-P|--flush|--delete\S*|--policy)\b | \bnft\s+(?:flush|delete|destroy)\b | \bufw\s+(?:reset|disable)\b
  | \bfirewall-cmd\b[^;|\n`]*--(?:remove|panic-on)\S* | \bconntrack\s+-[FD]\b | \bip\s+(?:-\w+\s+)*(?:link|addr|address|route|neigh|netns|xfrm)\w*\s+(?:del|delete|flush)\b | \bipvsadm\s+-C\b
    # processes and machine
  | \bkill\s+(?:-9|-KILL|-SIGKILL|-s\s*(?:9|KILL|SIGKILL))\b | \bpkill\b | \bkillall5?\b | \bskill\b | \bkill\s+-?1\b(?!\d) | \bfuser\b[^;|\n`]*\s-\w*k
  | \bsystemctl\b[^;|\n`]*\s(?:kill|isolate|rescue|emergency|halt|poweroff|kexec)\b | \b(?:halt|poweroff|init\s+[06]|telinit\s+[06])\b | \bshutdown\s+(?:-[hP]|now|\+?\d)
  | \bsysrq-trigger\b | \breboot\s+(?:-f|--force)\b | \bsystemctl\b[^;|\n`]*\breboot\b[^;|\n`]*\s(?:-f|--force)\b | :\(\)\s*\{
    # what logs say of what was
  | \bjournalctl\b[^;|\n`]*--(?:vacuum\S*|rotate) | \bhistory\s+-c\b | \bdmesg\s+(?:-[cC]|--clear)\b | \bcoredumpctl\b[^;|\n`]*\b(?:clean|purge)\b
    # fetched and run unseen
  | \b(?:curl|wget|fetch)\b[^;\n`]*\|\s*(?:sudo\s+)?(?:\w*/)*(?:ba|z|k|da|a)?sh\b | \b(?:ba|z|da)?sh\s+<\(\s*(?:curl|wget)\b | \beval\b[^;\n`]*\$\(\s*(?:curl|wget)\b
    """
)
_DESTROYS_IN_WORDS = re.compile(
    r"""(?ix)\b(?:wipe|reformat|re-?format|re-?initiali[sz]e\s+the\s+(?:disk|device|volume|array|database|cluster)|purge|erase|shred|destroy
  |delete\s+(?:all|every|the\s+(?:data|database|volume|table|index|files?|logs?|director\w+|partition|snapshots?|pods?|namespace))
  |remove\s+(?:all|every|the\s+(?:data|database|volume|table|director\w+|partition))|drop\s+the\s+(?:table|database|schema|index)
  |format\s+the\s+(?:disk|device|volume|partition)|reinstall|factory.reset|force.kill)\b"""
)
_READS = re.compile(
    r"(?i)^(?:check|look|see|read|find|compare|watch|review|inspect|verify|ask|confirm|note|show|list|examine|"
    r"determine|identify|investigate|monitor|collect|measure|test whether)\b"
)
_CHANGES = re.compile(
    r"""(?ix)
    \b(?:systemctl|service|rc-service)\b[^;|\n`]*\s(?:(?:re)?(?:start|load|exec)|stop|enable|disable|mask|unmask|try-restart|reset-failed|daemon-\w+|edit|set-\w+|revert|link)\b
  | \b(?:apt|apt-get|dnf|yum|zypper|apk|pacman|pip|snap|flatpak)\s+(?:install|upgrade|update|downgrade|clean|add|refresh)
  | \b(?:chmod|chown|chgrp|chattr|setfacl|mount|umount|swapon|swapoff|sysctl\s+-[wp]|setenforce|setsebool|semanage|restorecon|modprobe|insmod|rmmod|reboot|shutdown
      |kill|mv|cp|ln|tee|touch|mkdir|install|patch|useradd|usermod|groupadd|passwd|chpasswd|resize2fs|lvextend|lvresize|xfs_growfs|growpart|pvcreate|vgextend|logrotate
      |date\s+-s|hwclock|timedatectl\s+set-\w+|hostnamectl\s+set-\w+|localectl\s+set-\w+|certbot|acme\.sh|rm|rmdir|unlink|visudo|crontab\s+-e|vi|vim|nano|ed
      |nginx\s+-s|apachectl|mysql_upgrade|pg_ctl|vacuumdb|reindexdb|ifup|ifdown|netplan\s+apply|nmcli\s+\w+\s+(?:up|down|modify|add))\b
  | \bip\s+(?:-\w+\s+)*(?:link|addr|address|route|neigh)\w*\s+(?:add|set|change|replace)\b | \bip6?tables\b[^;|\n`]*\s-[AI]\b | \bnft\s+(?:add|insert)\b
  | \b(?:docker|podman)\b[^;|\n`]*\b(?:run|start|stop|restart|exec|pull|build|up)\b | \bkubectl\b[^;|\n`]*\b(?:apply|edit|patch|rollout|scale|exec|cordon|create|set|label)\b
  | \b(?:journalctl)\s+--(?:flush|sync) | \bsed\b[^;|\n`]*\s-\w*i | (?<![2&])>{1,2}\s*/(?!dev/null) | \b(?:alter|create|grant|revoke|insert\s+into)\s+(?:table|database|user|index|role|all|select)\b
  | \b(?:restart|reboot|reload|enable|disable|stop|start|kill|increase|raise|lower|extend|grow|resize|upgrade|downgrade|roll\s+back|edit|remove|delete|add|set|change|fix|free|clean|replace|move|rotate|rename)\b
      \s+(?:the\b|it\b|that\b|its\b|this\b|/|`|\w+\.service)
    """
)
_CODE = re.compile(r"```(?:\w*\n)?(.+?)```|`([^`]+)`|\$\(([^)]+)\)", re.DOTALL)
_PROMPT = re.compile(r"^\s*(?:\$|\#|>)\s+")
_A_COMMAND = re.compile(r"[a-z_][\w.+-]*(?:\s+\S+)+|/(?:usr/|)s?bin/\S+.*", re.DOTALL)


def effect_of(text: str) -> Effect:
    """The strongest effect that the action's words name."""
    if _DESTROYS.search(text) or _DESTROYS_IN_WORDS.search(text):
        return "destroys"
    if any(not _only_reads(command) for command in _commands(text)) or _CHANGES.search(
        _CODE.sub(_unless_read, text)
    ):
        return "changes"
    if _READS.match(text.strip()) or _is_reading_command(text):
        return "reads"
    return "changes"


def _commands(text: str) -> Iterator[str]:
    """What stands in code spans and looks like a command rather than a name: `df -h`, not `/srv` or `mariadb`."""
    for found in _CODE.finditer(text):
        for line in next(group for group in found.groups() if group).splitlines():
            command = _PROMPT.sub("", line).strip()
            if _A_COMMAND.fullmatch(command):
                yield command


def _unless_read(found: re.Match[str]) -> str:
    """A code span that only reads says nothing further: `systemctl status` is not to be taken for `stop`."""
    inner = next(group for group in found.groups() if group)
    return " it " if all(map(_only_reads, filter(None, inner.splitlines()))) else found[0]


def _only_reads(command: str) -> bool:
    """Whether the policy would let it run; a pipeline with filters counts, as it does for `/run`."""
    try:
        proposals = propose(command)
    except PolicyRefusal:
        return False
    verdicts = [check(proposal.argv) for proposal in proposals]
    return bool(verdicts) and all(verdict.tier in (Tier.A, Tier.B, Tier.C) for verdict in verdicts)


def _is_reading_command(text: str) -> bool:
    """The whole action is a command, or code behind one word: "Run `df -h`"."""
    bare = _CODE.sub("", text).strip(" .:;")
    if not bare or re.fullmatch(r"(?i)(?:run|use|try|execute|then|with|:|,|\s)+", bare):
        return any(True for _ in _commands(text))
    return _only_reads(text.strip())
