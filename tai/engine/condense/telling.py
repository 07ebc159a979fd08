"""How strongly one line says that something is wrong, whoever wrote it: words, severities, codes. 0 to 100.

General to software, not to one program, and about one line alone: how rare it is, when it was printed and what the ticket asks
is weighed in `tai.engine.condense.worth`. The counterpart that knows particular faults is the catalog's signatures.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from tai.engine.condense.states import state
from tai.engine.condense.vocabulary import COMPLAINTS, HINTS, PHRASES

# A phrase that names a cause outright is worth 62 or more, a word of complaint less, a hint least.
COMPLAINT: Final = 50.0
HINT: Final = 22.0

# Of a longer line the rest is payload.
_READ: Final = 1200

_WORD = re.compile(r"[a-z]{2,}")
_ANY_WORD = re.compile(r"[^\W\d_]{2,}")  # three times as slow, for lines that need it


def _words(low: str) -> list[str]:
    return (_WORD if low.isascii() else _ANY_WORD).findall(low)


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
# A file system or inode table that is full, as df prints it, and a folder of gigabytes, as du does.
_FULL = re.compile(r"\s100%\s+/")
_LARGE = re.compile(r"\d+(?:[.,]\d+)?[GT]i?\s+[/.]\S*$")
# A comment, or a setting: what may be, not what was.
_ASIDE = re.compile(r"\s*(?:#|//|;|\*\s)|\s*[\w.-]+\s*=\s*\S*$")
# What its program calls less than an error.
_LOW_LEVEL = re.compile(
    r"\|(?:WARN|INFO|DBG)\||\[(?:warn(?:ing)?|info|notice|debug)\]|\b(?:WARN(?:ING)?|INFO|DEBUG|NOTICE|TRACE)\b"
    r"|\blevel=\"?(?:warn|info|debug|trace)|^<[5-7]>"
)
# Said in passing: the word stands there, and nothing is wrong.
_HARMLESS = re.compile(
    r"""(?xi)
      \b(?:no|0|zero|without|any)\s+(?:\w+\s+)?(?:errors?|failures?|failed|warnings?|problems?) | \b(?:errors?|failures?|failed|err|fail_?count)["']?\s*[:=]\s*["']?(?:0\b|none\b|null\b|nil\b|""|''|false\b|no\s*(?:[,;)\]}]|$))
    | /[\w./@+-]*\b(?:errors?|fail\w*|crash\w*|panic)[\w./@+-]*
    | errors=(?:remount-ro|continue|panic) | \berror[_-]?(?:log|page|doc\w*|file|handler|report\w*)\b | fail(?:2ban|safe|over)\b | \bpanic=\d | \boops=panic
    | libgpg-error\S* | liberror\S* | \bstatus=0/SUCCESS | \bexit(?:ed)?\s+(?:with\s+)?(?:code|status)[:=\s]+0\b | crit-?ical[-_ ]chain | \blib\S*-perl | gpg-error
    | \bif\b[^.]{0,40}\b(?:fails?|error)\b | \b(?:enabl|initiali[sz]|register|load)\w*\s.{0,30}\b(?:error|failure|crash|panic|watchdog)\s+(?:report|handl|detect|correct|notif|recover|log)\w*
    """
)
# Each alternative above holds one of these: looking for them first costs a tenth of trying it.
_HARMLESS_PARTS: Final = (
    "err",
    "fail",
    "exit",
    "warning",
    "problem",
    "crash",
    "panic",
    "oops=",
    "status=0",
    "crit",
    "-perl",
    "watchdog",
)

_BY_WORD: Final[dict[str, tuple[re.Pattern[str], ...]]] = {}
for _word, _pattern in PHRASES:
    _BY_WORD[_word] = (*_BY_WORD.get(_word, ()), re.compile(_pattern))
_TRIGGERS: Final = frozenset(_BY_WORD)
# A line without one of these words has no severity and no code to look for.
_LEVEL_WORDS: Final = frozenset(
    [
        "level",
        "lvl",
        "severity",
        "loglevel",
        "prio",
        "priority",
        "emerg",
        "emergency",
        "alert",
        "crit",
        "critical",
        "fatal",
        "panic",
        "err",
        "error",
        "erro",
        "severe",
        "failed",
        "failure",
        "warn",
        "warning",
    ]
)
_CODE_WORDS: Final = frozenset(
    ["status", "exit", "exited", "code", "exitcode", "rc", "ret", "retval", "retcode", "errno", "http"]
)


def telling(line: str) -> float:
    """0 for a line that says nothing of trouble, to 100 for one that names a cause and calls itself fatal."""
    low = line[:_READ].lower()
    words = set(_words(low))
    worth = 0.0
    triggers = words & _TRIGGERS
    complaints = words & COMPLAINTS
    if triggers or complaints:
        bare = _HARMLESS.sub(" ", low) if any(part in low for part in _HARMLESS_PARTS) else low
        if bare != low:
            low, words = bare, set(_words(bare))
            triggers, complaints = words & _TRIGGERS, words & COMPLAINTS
        named = sum(1 for word in triggers if any(pattern.search(low) for pattern in _BY_WORD[word]))
        if named:
            worth = 62.0 + min(14.0, 7.0 * (named - 1))
        if complaints:
            worth = max(worth + 8.0, COMPLAINT - 14.0) + min(10.0, 4.0 * (len(complaints) - 1))
    hints = len(words & HINTS)
    if hints:
        worth = max(worth, HINT - 8.0) + min(6.0, 2.0 * hints)
    if worth and _ASIDE.match(line):
        worth *= 0.45
    elif worth and _LOW_LEVEL.search(line[:120]):
        worth *= 0.8
    return min(100.0, worth + _by_level(line[:400], words) + _by_code(line[:400], words, worth))


@lru_cache(maxsize=20_000)
def gist(line: str) -> frozenset[str]:
    """The words of a line by which it says what is wrong, to tell whether two lines say the same of different things."""
    words = frozenset(_words(line[:_READ].lower()))
    return words & (_TRIGGERS | COMPLAINTS | HINTS)


def _by_level(head: str, words: set[str]) -> float:
    """What a line's own severity adds to its words' worth."""
    added = 0.0
    if head.startswith("<") or not words.isdisjoint(_LEVEL_WORDS):
        if _SEVERITY.search(head):
            added = 30.0
        elif _ERROR_LEVEL.search(head):
            added = 14.0
        elif _WARN_LEVEL.search(head):
            added = 6.0
    letter = _KLOG.search(head[:80]) or ('"s"' in head and _MONGO.search(head)) or None
    if letter:
        added = max(added, 14.0 if letter[1] == "E" else 30.0)
    if _REDIS.match(head):
        added = max(added, 8.0)
    return added


def _by_code(head: str, words: set[str], worth: float) -> float:
    """What a code of failure adds."""
    if "100%" in head and _FULL.search(head):
        return max(0.0, 64.0 - worth)
    if (not words.isdisjoint(_CODE_WORDS) or "100%" in head or '" 5' in head) and _CODES.search(head):
        return 26.0 if worth < COMPLAINT else 12.0
    if _LARGE.match(head):
        return 40.0
    return max(0.0, state(head) - worth)
