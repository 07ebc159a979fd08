"""How strongly one line says that something is wrong, whoever wrote it: words, severities, codes. 0 to 100.

General to software, not to one program, and about one line alone: how rare it is, when it was printed and what the ticket asks
is weighed in `tai.engine.condense.worth`. The counterpart that knows particular faults is the catalog's signatures.
"""

from __future__ import annotations

import re
from typing import Final

# A phrase that names a cause outright is worth more than a complaint, and that more than a hint.
CAUSE: Final = 90.0
COMPLAINT: Final = 50.0
HINT: Final = 22.0

_WORD = re.compile(r"[a-z]{2,}")

# Phrases by which kernels, daemons and libraries name what is wrong. Each is tried only where one of its words stands.
_PHRASES: Final[tuple[tuple[str, str], ...]] = (
    # memory, processes
    ("memory", r"out of memory|cannot allocate memory|memory cgroup out|outofmemory|insufficient memory|memory exhausted"),
    ("oom", r"\boom[- _]?kill|oom-kill|oomkilled|\boom\b"),
    ("killed", r"killed process|\bkilled by\b|was killed|code=killed|^killed\b|reason:? ?\"?killed"),
    ("kill", r"kill process|code=kill"),
    ("segfault", r"segfault"),
    ("segmentation", r"segmentation (?:fault|violation)"),
    ("core", r"core.?dump|dumped core"),
    ("dumped", r"dumped core|core dumped|code=dumped"),
    ("signal", r"(?:received|caught|on|by|fatal) signal|signal:? (?:4|6|7|8|9|11)\b|sig(?:segv|abrt|bus|kill|ill)"),
    ("protection", r"general protection|protection fault"),
    ("panic", r"\bpanic(?:ked)?\b"),
    ("oops", r"\boops\b"),
    ("bug", r"\bbug: |kernel bug"),
    ("lockup", r"(?:soft|hard) lockup"),
    ("rcu", r"rcu.{0,30}(?:stall|detected)"),
    ("blocked", r"blocked for more than"),
    ("hung", r"\bhung\b"),
    ("traceback", r"traceback \(most recent"),
    ("uncaught", r"uncaught|unhandled"),
    ("unhandled", r"unhandled"),
    ("stack", r"stack (?:overflow|smashing)"),
    ("assertion", r"assertion.{0,80}fail|assertion"),
    ("undefined", r"undefined (?:symbol|reference|method|variable|function)|is not defined"),
    ("deadlock", r"deadlock"),
    ("fork", r"(?:cannot|can't|failed to|unable to|retry:?) fork|fork:|fork failed"),
    ("main", r"main process exited"),
    ("step", r"failed at step"),
    ("namespace", r"status=2\d\d/|/namespace"),
    ("exec", r"exec format error|cannot exec|exec(?:ve)? failed|/exec\b"),
    ("loop", r"crash.?loop|(?:too many|redirect|link).{0,20}loop"),
    ("crashloopbackoff", r"."),
    ("imagepullbackoff", r"."),
    ("errimagepull", r"."),
    ("quickly", r"start(?:-limit)?.{0,20}too quickly|repeated too quickly"),
    # disks, file systems
    ("space", r"no space left|out of (?:disk )?space|disk space|insufficient space|not enough (?:free )?space|low on space"),
    ("enospc", r"enospc"),
    ("inodes", r"inode"),
    ("quota", r"quota exceeded|over quota|exceeded.{0,20}quota"),
    ("full", r"(?:disk|file ?system|table|queue|buffer|partition|device|volume|tablespace|pool|backlog) (?:is )?(?:almost )?full|full, dropping"),
    ("read", r"read-only file ?system|remount(?:ed|ing)?.{0,20}read-only|read.?only mode|unrecovered read|read error|failed to read"),
    ("io", r"i/o error"),
    ("input", r"input/output error"),
    ("ioerror", r"."),
    ("buffer", r"buffer i/o error"),
    ("medium", r"medium error"),
    ("media", r"media error"),
    ("unc", r"\bunc\b"),
    ("uncorrectable", r"uncorrect"),
    ("unrecovered", r"."),
    ("sectors", r"(?:pending|realloc|bad|uncorrect).{0,20}sector"),
    ("sector", r"bad sector|error.{0,60}sector|critical .{0,40}sector|pending|realloc"),
    ("ext", r"ext\d-fs error"),
    ("xfs", r"xfs.{0,40}(?:corrupt|shutdown|shutting|error)"),
    ("btrfs", r"btrfs.{0,40}(?:error|crit|corrupt)"),
    ("shutdown", r"(?:forced|abnormal|unexpected|improper|interrupted|not.{0,10}cleanly?) shutdown|database system was interrupted"),
    ("superblock", r"(?:bad|can't|invalid|wrong|cannot).{0,40}superblock|superblock.{0,30}(?:invalid|corrupt)"),
    ("corrupt", r"corrupt"),
    ("corrupted", r"."),
    ("corruption", r"(?<!no )corruption"),
    ("checksum", r"checksum (?:error|mismatch|fail|does)|bad checksum|checksum verif"),
    ("degraded", r"."),
    ("failing", r"."),
    ("smart", r"smart.{0,60}fail|failing_now"),
    ("stale", r"stale (?:file|nfs)"),
    ("handle", r"stale file handle|bad file handle"),
    ("unmounted", r"not properly unmounted|was not (?:properly|cleanly) unmounted"),
    ("dependency", r"dependency failed"),
    ("mount", r"mount.{0,40}fail|fail.{0,40}mount|wrong fs type|special device|unknown filesystem"),
    ("orphan", r"orphan (?:inode|list).{0,20}corrupt"),
    # hardware
    ("mce", r"mce:|machine check"),
    ("hardware", r"hardware error"),
    ("ecc", r"ecc.{0,20}(?:error|fail)|uncorrected"),
    ("edac", r"edac.{0,60}(?:ce|ue)\b"),
    ("thermal", r"thermal.{0,40}(?:throttl|critical|shutdown)"),
    ("temperature", r"temperature (?:above|critical|threshold)|critical temperature"),
    ("throttled", r"."),
    ("nmi", r"nmi.{0,40}(?:unknown|error|dazed|watchdog)|uhhuh"),
    ("firmware", r"firmware.{0,40}(?:bug|error|fail|missing|not)|(?:fail|error|unable).{0,40}firmware"),
    ("hang", r"\bhang\b|gpu hang"),
    ("xid", r"\bxid\b"),
    ("pcie", r"pcie? (?:bus )?error"),
    ("aer", r"aer:"),
    ("timeout", r"tx timeout|transmit.{0,20}timed? ?out|adapter reset|controller.{0,40}timeout|timeout, (?:aborting|resetting)"),
    # network, names
    ("use", r"(?:address|port).{0,30}(?:already )?in use|already in use"),
    ("eaddrinuse", r"."),
    ("bind", r"(?:cannot|can't|could not|couldn't|failed to|unable to|error:?) bind|bind\(\).{0,40}fail|bind.{0,20}fail|bind:"),
    ("allocated", r"(?:port|address|name).{0,30}already allocated"),
    ("refused", r"refused"),
    ("econnrefused", r"."),
    ("econnreset", r"."),
    ("etimedout", r"."),
    ("route", r"no route to host"),
    ("unreachable", r"unreachable"),
    ("resolution", r"(?:name|dns) resolution|failure in name"),
    ("resolve", r"(?:not|couldn't|cannot|can't|fail\w*|unable).{0,12}resolve|resolve.{0,30}fail"),
    ("nxdomain", r"."),
    ("servfail", r"."),
    ("conntrack", r"conntrack.{0,40}full|table full"),
    ("neighbour", r"neighbou?r.{0,30}(?:overflow|full)"),
    ("upstream", r"no live upstreams|upstream (?:timed out|prematurely|sent)|while (?:connecting to|reading).{0,40}upstream|disconnect/reset before headers"),
    ("host", r"host key verification|no route to host|host is down|no matching host"),
    ("link", r"link is (?:down|not ready)|link down|nic link"),
    ("carrier", r"no[- ]carrier|lost carrier|carrier lost"),
    ("martian", r"martian"),
    ("duplicate", r"duplicate (?:address|ip|key|entry|mac)"),
    ("flooding", r"syn flooding"),
    ("peer", r"reset by peer"),
    ("pipe", r"broken pipe"),
    ("mtu", r"mtu.{0,40}(?:mismatch|exceed|too)|frag(?:mentation)? needed|message too long"),
    ("offer", r"their offer|no matching .{0,40}found"),
    # limits
    ("files", r"too many open files"),
    ("emfile", r"."),
    ("many", r"too many"),
    ("limit", r"(?:hit|reach|exceed|over|above|beyond|out of).{0,30}limit|limit.{0,30}(?:reach|exceed|hit)|rlimit"),
    ("exceeded", r"exceeded"),
    ("exhausted", r"exhaust"),
    ("slots", r"remaining connection slots|no (?:free )?slots"),
    ("connections", r"too many (?:connections|clients)|max(?:imum)?[_ ](?:client|connections).{0,40}(?:reach|exceed)|worker_connections are not enough"),
    ("enough", r"not enough|(?:isn't|aren't) enough"),
    ("available", r"no .{0,40}available|not available|temporarily unavailable"),
    ("resource", r"resource temporarily unavailable|resource (?:deadlock|limit)|resources? exhausted"),
    ("unavailable", r"unavailable"),
    ("maxclients", r"maxclients|maxrequestworkers"),
    ("maxrequestworkers", r"reached"),
    ("children", r"max_children|pm\.max"),
    # time, certificates, rights
    ("certificate", r"certificate.{0,80}(?:expired|not (?:yet )?valid|not trusted|verify|verification|unknown|revoked|mismatch|invalid|fail)|(?:expired|invalid|unknown|untrusted|self.signed|bad) certificate|certificate (?:has|is|verify)"),
    ("expired", r"expired"),
    ("valid", r"not (?:yet )?valid|no longer valid|isn't valid|not a valid"),
    ("trusted", r"not trusted"),
    ("handshake", r"handshake.{0,40}(?:fail|error|time|refus)|(?:fail|error|bad|not).{0,40}handshake"),
    ("verify", r"verify (?:fail|error)|(?:fail|unable|cannot|could not).{0,30}verify"),
    ("clock", r"clock (?:skew|jump|is (?:wrong|off)|unsynchron)|wrong clock|clock.{0,40}(?:unstable|drift|backward)|set(?:ting)? (?:the )?clock"),
    ("skew", r"skew"),
    ("synchronized", r"(?:not|un|no longer) ?synchroni[sz]ed|synchroni[sz]ed: no"),
    ("permission", r"permission denied|no permission|insufficient permission"),
    ("permissions", r"permissions.{0,40}(?:too open|are|not|wrong|incorrect)|bad permissions|unsafe permissions|insecure permissions"),
    ("permitted", r"not permitted"),
    ("eacces", r"."),
    ("ownership", r"bad ownership|ownership or modes|wrong owner"),
    ("avc", r"avc: +denied"),
    ("apparmor", r"apparmor=\"denied\""),
    ("authentication", r"authentication (?:failure|failed|refused|error|token)|(?:fail|refus).{0,20}authentication"),
    ("password", r"(?:wrong|bad|incorrect|invalid|failed) password|password (?:has )?expired|password check failed|password authentication failed"),
    ("account", r"account.{0,40}(?:lock|expire|disable|invalid)"),
    ("login", r"login incorrect|login (?:failed|denied)|access denied"),
    ("access", r"access denied|access.{0,20}forbidden"),
    ("forbidden", r"forbidden"),
    ("unauthorized", r"."),
    ("preauth", r"(?:closed|reset|disconnect|timeout).{0,60}preauth"),
    # files, configuration, packages
    ("such", r"no such"),
    ("found", r"not found|cannot be found|(?:not|no).{0,24} found|could ?n.t be found"),
    ("find", r"(?:cannot|can't|could not|couldn't|unable to|failed to) find"),
    ("exist", r"(?:does not|doesn't|do not|not) exist"),
    ("missing", r"missing"),
    ("syntax", r"syntax error"),
    ("parse", r"(?:fail\w*|error|cannot|could not|unable).{0,24}pars(?:e|ing)|parse error"),
    ("parsing", r"(?:fail\w*|error).{0,24}parsing"),
    ("directive", r"(?:unknown|invalid|duplicate|bad|unexpected).{0,20}directive|directive.{0,40}(?:not allowed|is duplicate|deprecated)"),
    ("directives", r"directives.{0,60}both|unknown directives"),
    ("option", r"(?:unknown|invalid|bad|unrecognized|unsupported|obsolete).{0,20}option|option.{0,40}(?:not|unknown|invalid|requires)"),
    ("unknown", r"unknown (?:variable|key|lvalue|section|parameter|command|user|group|host|argument|flag|type|column|database|table)"),
    ("lvalue", r"unknown lvalue"),
    ("configuration", r"configuration.{0,40}(?:error|invalid|fail|wrong|not)|(?:invalid|bad|broken|error|unable|fail\w*|wrong|conflict\w*).{0,40}configuration"),
    ("config", r"config.{0,40}(?:error|invalid|fail|wrong)|(?:invalid|bad|broken|error|unable|fail\w*|wrong).{0,40}config"),
    ("conflicting", r"."),
    ("conflicts", r"conflicts"),
    ("incompatible", r"."),
    ("incompatibility", r"."),
    ("unsupported", r"."),
    ("supported", r"not supported|no longer supported|isn't supported"),
    ("mismatch", r"mismatch"),
    ("match", r"(?:does not|doesn't|do not|not|n't|no) match"),
    ("version", r"version .{0,40}(?:not found|required|incompatib|unsupported|mismatch)|(?:wrong|incompatible|unsupported) version"),
    ("shared", r"loading shared libraries|shared object"),
    ("symbol", r"undefined symbol|symbol lookup|unknown symbol"),
    ("module", r"no module named|module.{0,40}not found|cannot find module|modprobe.{0,40}fail|verification failed"),
    ("dpkg", r"dpkg was interrupted|unmet dep|dpkg: error"),
    ("unmet", r"unmet dep"),
    ("broken", r"broken"),
    ("lock", r"could not get lock|unable to lock|lock (?:wait )?timeout|cannot (?:acquire|obtain|get).{0,20}lock|lock.{0,40}(?:held|fail)|lock file.{0,40}exist|waiting for.{0,30}lock"),
    ("held", r"held by process"),
    ("subuid", r"."),
    ("mappings", r"cannot find mappings|no .{0,10}mappings"),
    # storage of data, replication, queues
    ("replication", r"replication.{0,60}(?:stop|fail|error|broken|lag|abort|terminat)|(?:stop|fail|error|lost|could not).{0,60}replication"),
    ("lag", r"lag(?:ging)? (?:behind|is|of)|behind"),
    ("quorum", r"quorum.{0,20}(?:lost|not|fail)|(?:no|lost|without|not have) quorum|lost quorum"),
    ("split", r"split.?brain"),
    ("leader", r"(?:no|lost) leader|leader (?:lost|failed|changed|election)|lost the tcp streaming"),
    ("fenced", r"fenc"),
    ("recovery", r"(?:fail|stuck|requires|needs|abort).{0,40}recovery|recovery (?:fail|needed|required)|must be recovered"),
    ("wraparound", r"wraparound"),
    ("rollback", r"(?:forced|rolling|will) .{0,20}rollback"),
    ("aborting", r"."),
    ("misconf", r"misconf"),
    ("alarm", r"alarm.{0,20}(?:set|raised)|(?:memory|disk).{0,30}alarm"),
    ("partitions", r"(?:offline|under.?replicated).{0,20}partitions"),
    ("pressure", r"(?:disk|memory|pid).?pressure"),
    ("evicted", r"evicted"),
    ("eviction", r"eviction|evict"),
    ("probe", r"(?:liveness|readiness|startup) probe failed|probe.{0,40}(?:fail|error)"),
    ("unhealthy", r"unhealthy"),
    ("notready", r"."),
    ("taint", r"untolerated taint|taint"),
    ("watchdog", r"watchdog.{0,40}(?:timeout|bug|expired|trigger|stuck|fail)|code=dumped|did not stop"),
    ("emergency", r"emergency mode|emergency shell"),
    ("deleted", r"\(deleted\)"),
    ("dropping", r"dropping"),
    ("listen", r"(?:cannot|could not|fail\w*|unable).{0,12}listen|times the listen queue"),
    ("listening", r"(?:fail\w*|cannot|error).{0,30}listening"),
    ("suppressed", r"suppressed"),
    ("ordering", r"ordering cycle"),
    ("masked", r"is masked|unit.{0,40}masked"),
    ("allocation", r"page allocation failure|allocation fail"),
    ("swap", r"(?:out of|no|full|free) swap"),
    ("spam", r"blocked using|listed (?:in|by|at)"),
    ("relay", r"relay (?:access )?denied"),
    ("greylisted", r"."),
    ("deferred", r"status=deferred"),
    ("bounced", r"status=bounced"),
)  # fmt: skip

_COMPLAINTS: Final = frozenset(
    """
    error errors err errno failed failure failures fail fails failing fatal critical crit emerg emergency alert severe
    exception exceptions denied deny refuse refuses refused unable cannot invalid illegal abort aborted aborting abnormal
    killed terminated unreachable expired exceed exceeds exceeded exceeding exhausted exhaustion overflow overflowed underrun
    mismatch rejected reject rejecting lost dead degraded offline hung stuck conflict conflicting conflicts corrupt corrupted
    incomplete inconsistent unrecoverable unexpected unexpectedly crash crashed crashing broken forbidden unauthorized violation
    unhealthy unavailable insufficient overrun overloaded overheating starved deadlocked wedged incorrect impossible malformed
    truncated undefined unresolved unresponsive panicked panicking misconfigured nonexistent unrecognized uncorrectable
    erreur échec impossible refusé fehler fehlgeschlagen verweigert ungültig abgelehnt voll errore fallito negato impossibile
    fallo denegado imposible rechazado falha negado отказано ошибка
    """.split()
)
_HINTS: Final = frozenset(
    """
    warn warning warnings retry retries retrying slow slowly delayed stopped stopping exited exit exiting reset resetting resets
    dropped dropping drop drops limit limited limiting full blocked blocking disconnect disconnected disconnecting closed unknown
    missing skipped skipping ignored ignoring disabled deprecated obsolete timeout timeouts timed stale inactive deactivated
    restarting restart restarted respawning bad wrong wait waiting starved throttled throttling congested congestion discard
    discarded discarding giving gave tainted unsupported unstable unsafe insecure untrusted undo rollback rolled reverted mitigated
    suspicious attack bug workaround fallback failover failback leaked leak leaking zombie defunct orphan orphaned unused
    not without instead low high above below behind already busy locked held removed deleted purged evicted suspended paused
    frozen misses down unplugged unmounted detached interrupted cancelled canceled refusing invalidated
    """.split()
)

# What a program says of its own message. Only the head of a line is looked at, and marks of fields anywhere.
_SEVERITY = re.compile(
    r"""(?xi)
      ^<[0-2]> | \b(?:level|lvl|severity|loglevel|log\.level|prio(?:rity)?)["']?\s*[=:]\s*["']?(?:[0-2]\b(?!\d)|60\b|emerg\w*|alert|crit\w*|fatal|panic)
    | [\[<(](?:emerg\w*|alert|crit(?:ical)?|fatal|panic)[\]>):] | \b(?:FATAL|PANIC|EMERG(?:ENCY)?|CRITICAL|ALERT):
    """
)
_ERROR_LEVEL = re.compile(
    r"""(?xi)
      ^<3> | \b(?:level|lvl|severity|loglevel|log\.level|prio(?:rity)?)["']?\s*[=:]\s*["']?(?:3\b|50\b|err(?:or)?\b|severe)
    | [\[<(]err(?:or)?[\]>):] | \[\w+:err(?:or)?\] | (?<![\w.])(?-i:ERROR|ERR|SEVERE|ERRO|FAILED|FAILURE)\b
    """
)
_WARN_LEVEL = re.compile(
    r"""(?xi)
      ^<4> | \b(?:level|lvl|severity)["']?\s*[=:]\s*["']?(?:4\b|40\b|warn(?:ing)?\b) | [\[<(]warn(?:ing)?[\]>):]
    | \b(?-i:WARN(?:ING)?)\b
    """
)
_KLOG = re.compile(r"(?:^|\s)([EF])\d{4} \d\d:\d\d:\d\d")
_REDIS = re.compile(r"^\d+:[A-Z] .{6,32} # ")
_MONGO = re.compile(r'"s":\s*"([EF])"')
# Codes that say failure without a word.
_CODES = re.compile(
    r"""(?xi)
      (?<!\d)100(?:\.0+)?% | " \s 5\d\d \b | \bstatus=(?:[1-9]\d*/|5\d\d\b) | \bexit(?:ed)?(?:\s+with)?(?:\s+(?:code|status))?[:=\s(]+-?[1-9]\d*\b
    | \bexit_?code["']?[:=]\s*[1-9] | \b(?:rc|ret(?:val|code)?)=-?[1-9]\d* | \berrno[ :=]+[1-9] | \b(?:HTTP/[\d.]+|status(?:[ _]code)?)["']?[ :=]+["']?5\d\d\b
    | \(code=(?!exited,\ status=0)
    """
)
# Said in passing: the word stands there, and nothing is wrong.
_HARMLESS = re.compile(
    r"""(?xi)
      \b(?:no|0|zero|without|any)\s+(?:\w+\s+)?(?:errors?|failures?|failed|warnings?|problems?) | \b(?:errors?|failures?|failed|err|fail_?count)["']?\s*[:=]\s*["']?(?:0\b|none\b|null\b|nil\b|""|''|false\b|no\b)
    | errors=(?:remount-ro|continue|panic) | \berror[_-]?(?:log|page|doc\w*|file|handler|report\w*)\b | fail(?:2ban|safe|over)\b | \bpanic=\d | \boops=panic
    | libgpg-error\S* | liberror\S* | \bstatus=0/SUCCESS | \bexit(?:ed)?\s+(?:with\s+)?(?:code|status)[:=\s]+0\b | crit-?ical[-_ ]chain | \blib\S*-perl | gpg-error
    | \bif\b[^.]{0,40}\b(?:fails?|error)\b | \b(?:enabl|initiali[sz]|register|load)\w*\s.{0,30}\b(?:error|failure|crash|panic|watchdog)\s+(?:report|handl|detect|correct|notif|recover|log)\w*
    """
)

_BY_WORD: Final[dict[str, tuple[re.Pattern[str], ...]]] = {}
for _word, _pattern in _PHRASES:
    _BY_WORD[_word] = (*_BY_WORD.get(_word, ()), re.compile(_pattern))
_TRIGGERS: Final = frozenset(_BY_WORD)


def telling(line: str) -> float:
    """0 for a line that says nothing of trouble, to 100 for one that names a cause and calls itself fatal."""
    low = line.lower()
    words = set(_WORD.findall(low))
    worth = 0.0
    triggers = words & _TRIGGERS
    complaints = words & _COMPLAINTS
    if triggers or complaints:
        bare = _HARMLESS.sub(" ", low)
        if bare != low:
            low, words = bare, set(_WORD.findall(bare))
            triggers, complaints = words & _TRIGGERS, words & _COMPLAINTS
        named = sum(1 for word in triggers if any(pattern.search(low) for pattern in _BY_WORD[word]))
        if named:
            worth = 62.0 + min(14.0, 7.0 * (named - 1))
        if complaints:
            worth = max(worth + 8.0, COMPLAINT - 14.0) + min(10.0, 4.0 * (len(complaints) - 1))
    hints = len(words & _HINTS)
    if hints:
        worth = max(worth, HINT - 8.0) + min(6.0, 2.0 * hints)
    return min(100.0, worth + _by_code(line[:400], worth))


def _by_code(head: str, worth: float) -> float:
    """What severities and codes add to the words' worth."""
    added = 0.0
    if _SEVERITY.search(head):
        added = 30.0
    elif _ERROR_LEVEL.search(head):
        added = 14.0
    elif _WARN_LEVEL.search(head):
        added = 6.0
    klog = _KLOG.search(head) or _MONGO.search(head)
    if klog:
        added = max(added, 14.0 if klog[1] == "E" else 30.0)
    if _REDIS.search(head):
        added = max(added, 8.0)
    if _CODES.search(head):
        added += 26.0 if worth < COMPLAINT else 12.0
    return added
