"""What a person types, split into command lines that the policy can judge. A strict lexer, not a shell.

Nothing is expanded, substituted or redirected: what a shell would do something about is refused, with the reason. What
people write out of habit and what changes nothing is dropped with a note (`2>/dev/null`, `LC_ALL=C`), `sudo` becomes a
request that the host's configuration must grant, and what follows a pipe runs here, on the output (`tai.policy.filters`).

Proposals are not yet allowed: their argv still goes through `tai.policy.command.ReadOnlyCommand`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from tai.errors import PolicyRefusal
from tai.policy.filters import Filter
from tai.policy.filterwords import read_filter

_LONGEST: Final = 4096  # characters; a line that is longer was not typed
_REFUSED_CATEGORIES: Final = {
    "Cc": "a control character",
    "Cf": "an invisible format character",
    "Cn": "a code point that Unicode has not assigned",
    "Co": "a private-use character",
    "Cs": "a lone surrogate",
    "Zl": "a line separator",
    "Zp": "a paragraph separator",
    "Zs": "a space that is not the ordinary one",
}
_REFUSED_UNQUOTED: Final = {
    "$": "tai expands no variables; write the value, or put the word in single quotes",
    "`": "tai runs no command inside another; run it first and use what it prints",
    "(": "there are no subshells; put the word in quotes if the parenthesis belongs to it",
    ")": "there are no subshells; put the word in quotes if the parenthesis belongs to it",
    "{": "braces are not expanded; put the word in quotes if the brace belongs to it",
    "}": "braces are not expanded; put the word in quotes if the brace belongs to it",
    "<": "there is no redirection; name the file as an argument",
    ">": "there is no redirection: tai writes nothing on a host (2>/dev/null and 2>&1 are dropped)",
    "\\": "a backslash outside quotes is not understood; put the word in single quotes",
}
_REFUSED_AT_START: Final = {
    "~": "home directories are not expanded; write the absolute path",
    "#": "comments are not understood; put the word in quotes if the # belongs to it",
    "!": "there is no history and no negation; put the word in quotes if the ! belongs to it",
}
_GLOB: Final = frozenset("*?[")
# 2>/dev/null and 2>&1 as whole words, also with a space after the >.
_QUIET: Final = re.compile(r"2>(?: ?/dev/null|&1)(?=[ |;&]|$)")
_DROPPED_ASSIGNMENTS: Final = frozenset(
    f"{name}={value}"
    for name in ("LC_ALL", "LANG", "LC_MESSAGES")
    for value in ("C", "C.UTF-8", "POSIX", "en_US.UTF-8")
)
# At the start of a line, with a file: what prints the file on the host, and the filter that runs here ('' for the same).
_READ_HERE: Final = {
    **dict.fromkeys(("awk", "sed", "cut", "sort", "uniq", "less", "more"), ("cat", "")),
    "zgrep": ("zcat", "grep"),
    "zegrep": ("zcat", "egrep"),
    "zfgrep": ("zcat", "fgrep"),
    "xzgrep": ("xzcat", "grep"),
    "bzgrep": ("bzcat", "grep"),
}
_SHELL_WORDS: Final = {
    **dict.fromkeys(
        (
            "for",
            "while",
            "until",
            "if",
            "case",
            "select",
            "do",
            "done",
            "then",
            "fi",
            "esac",
            "function",
            "coproc",
            "[[",
        ),
        "is shell grammar; write the commands one by one, with ; between them",
    ),
    **dict.fromkeys(
        ("cd", "pushd", "popd"), "has no effect: every command runs by itself; use absolute paths instead"
    ),
    **dict.fromkeys(
        (
            "export",
            "alias",
            "unset",
            "set",
            "source",
            ".",
            "eval",
            "exec",
            "trap",
            "ulimit",
            "umask",
            "builtin",
        ),
        "changes a shell, and there is none",
    ),
    **dict.fromkeys(("history", "jobs", "fg", "bg"), "belongs to an interactive shell, and there is none"),
    **dict.fromkeys(
        ("time", "nice", "nohup", "xargs", "env", "command", "watch", "timeout"),
        "would run another command; write that command alone",
    ),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One command line that was asked for.

    argv: its words, without quotes, not yet checked. filters: what to run on its output, here. sudo: privileges were
    asked for. notes: what was dropped or rewritten, for the user.
    """

    argv: tuple[str, ...]
    filters: tuple[Filter, ...] = ()
    sudo: bool = False
    notes: tuple[str, ...] = ()


def propose(text: str) -> list[Proposal]:
    """Split what a person typed into proposals, one for each command between `;` or `&&`.

    Raises PolicyRefusal, and nothing else whatever the text, when any part of it is not understood.
    """
    text = text.strip(" \t\r\n")
    if not text:
        raise PolicyRefusal("there is no command")
    if len(text) > _LONGEST:
        raise PolicyRefusal(f"the line is {len(text)} characters long, more than {_LONGEST}")
    for character in text:
        if character != " " and (what := _REFUSED_CATEGORIES.get(unicodedata.category(character))):
            raise PolicyRefusal(f"the line holds U+{ord(character):04X}, {what}")
    notes: list[str] = []
    pipelines = _lex(text, notes)
    if len(pipelines) > 1 and not pipelines[-1][-1] and len(pipelines[-1]) == 1:
        pipelines.pop()  # a `;` at the very end
    if len(pipelines) > 1:
        notes.append("the commands are judged and run one by one, also when an earlier one fails")
    return [_proposal(pipeline, notes) for pipeline in pipelines]


def _lex(text: str, notes: list[str]) -> list[list[list[str]]]:
    """The pipelines of the line, each a list of segments, each a list of words."""
    pipelines: list[list[list[str]]] = [[[]]]
    word: str | None = None  # None between words; '' is a word, if it was quoted
    at = 0
    while at < len(text):
        character, rest = text[at], text[at:]
        if word is None and (quiet := _QUIET.match(rest)):
            notes.append(f"{quiet[0]} dropped: standard error is kept beside the output")
            at += quiet.end()
            continue
        if character in " |;&":
            if word is not None:
                pipelines[-1][-1].append(word)
                word = None
            at += _operator(rest, pipelines)
            continue
        if word is None and character in _REFUSED_AT_START:
            raise PolicyRefusal(f"{character} at the start of a word: {_REFUSED_AT_START[character]}")
        if character in "'\"":
            inside, length = _quoted(rest)
            word = (word or "") + inside
            at += length
            continue
        if character in _REFUSED_UNQUOTED:
            raise PolicyRefusal(f"{character} outside quotes: {_REFUSED_UNQUOTED[character]}")
        if character in _GLOB:
            raise _glob(text, at)
        word = (word or "") + character
        at += 1
    if word is not None:
        pipelines[-1][-1].append(word)
    return pipelines


def _operator(rest: str, pipelines: list[list[list[str]]]) -> int:
    """Act on the space or operator that `rest` starts with; returns its length."""
    if rest.startswith(" "):
        return 1
    if rest.startswith("||"):
        raise PolicyRefusal(
            "a || b: tai does not run one command because another failed; give them one by one"
        )
    if rest.startswith("|&"):
        raise PolicyRefusal("|& is not understood; standard error is kept beside the output anyway")
    if rest.startswith("|"):
        pipelines[-1].append([])
        return 1
    if rest.startswith("&&"):
        pipelines.append([[]])
        return 2
    if rest.startswith((";;", "&")):
        raise PolicyRefusal(f"{rest[:1]} here is not understood: no command runs in the background")
    pipelines.append([[]])
    return 1


def _quoted(rest: str) -> tuple[str, int]:
    """The text inside the quotes that `rest` starts with, and the length including them."""
    quote = rest[0]
    end = rest.find(quote, 1)
    if end < 0:
        raise PolicyRefusal(f"the line opens a {quote} that it does not close")
    inside = rest[1:end]
    if quote == '"':
        for special in "$`":
            if special in inside:
                raise PolicyRefusal(f"{special} inside double quotes: {_REFUSED_UNQUOTED[special]}")
        # A shell reads \" \\ \$ and \` in double quotes as one character, and keeps both of any other pair.
        if inside.endswith("\\") or "\\\\" in inside:
            raise PolicyRefusal("a backslash before a quote or a backslash; put the word in single quotes")
    return inside, end + 1


def _glob(text: str, at: int) -> PolicyRefusal:
    start = text.rfind(" ", 0, at) + 1
    folder = text[start:at].rpartition("/")[0]
    reason = f"{text[at]} outside quotes: file names are not expanded"
    if not folder.startswith("/") or set(folder) & set("'\""):
        return PolicyRefusal(f"{reason}; put the word in quotes if it is a pattern")
    if text.startswith("du "):
        return PolicyRefusal(reason, nearest=f"du -h -d 1 {folder}")
    return PolicyRefusal(f"{reason}; list the directory, then name the files", nearest=f"ls -la {folder}")


def _proposal(pipeline: list[list[str]], line_notes: list[str]) -> Proposal:
    head, *rest = pipeline
    notes = list(line_notes)
    head, sudo = _without_prefixes(head, notes)
    if not head or not head[0] or not all(rest):
        raise PolicyRefusal("there is no command before or after a | or ;")
    argv, first = _head(head, notes)
    filters = [first] if first else []
    for segment in rest:
        words, _ = _without_prefixes(segment, notes, may_sudo=False)
        each, files = read_filter(tuple(words) or ("",))
        if files and files != ("-",):
            raise PolicyRefusal(
                f"after a pipe, {words[0]} reads the output, so it cannot also read {files[0]!r}"
            )
        filters += [each] if each else []
    return Proposal(argv=argv, filters=tuple(filters), sudo=sudo, notes=tuple(notes))


def _without_prefixes(words: list[str], notes: list[str], *, may_sudo: bool = True) -> tuple[list[str], bool]:
    """The words without `LC_ALL=C` and `sudo -n` before them, and whether sudo was there."""
    words = list(words)
    sudo = False
    while words:
        if words[0] in _DROPPED_ASSIGNMENTS:
            notes.append(f"{words.pop(0)} dropped: every command runs with LC_ALL=C.UTF-8")
        elif words[0] == "sudo" and may_sudo and not sudo:
            words.pop(0)
            sudo = True
            while words and words[0] in {"-n", "--non-interactive"}:
                words.pop(0)
            if words and words[0] == "--":
                words.pop(0)
            if words and words[0].startswith("-"):
                raise PolicyRefusal(
                    f"sudo {words[0]} is not understood; privileges can be asked for with `sudo COMMAND`"
                )
            notes.append("sudo: asked for; it runs so only where the host's configuration grants it")
        else:
            break
    if words and re.match(r"[A-Za-z_][A-Za-z0-9_]*=", words[0]):
        raise PolicyRefusal(f"{words[0].partition('=')[0]}=…: tai sets no variables for a command")
    if words and words[0] in _SHELL_WORDS:
        raise PolicyRefusal(f"{words[0]} {_SHELL_WORDS[words[0]]}")
    return words, sudo


def _head(words: list[str], notes: list[str]) -> tuple[tuple[str, ...], Filter | None]:
    """The command to send. `sort FILE` becomes `cat FILE` and a filter, `zgrep x FILE` `zcat FILE` and one, `less FILE` `cat FILE`."""
    if words[0] not in _READ_HERE:
        return tuple(words), None
    program, filtering = _READ_HERE[words[0]]
    each, files = read_filter((filtering or words[0], *words[1:]))
    if len(files) != 1 or files == ("-",):
        raise PolicyRefusal(
            f"{words[0]} at the start of a line needs the name of one file", nearest=f"{words[0]} … FILE"
        )
    notes.append(f"{words[0]} runs in tai, on what `{program} {files[0]}` prints")
    return (program, files[0]), each
