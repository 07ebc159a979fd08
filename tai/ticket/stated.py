"""What a person on call states as fact in a message, sentence by sentence, and what that rules out as the cause. Pure.

Counterpart of `tai.ticket.subjects`, which finds names to look at. A question or a request states nothing. Words are all that
is looked at here; which findings they rule out is `tai.llm.ruled_out`'s to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from tai.model import Pinned
from tai.ticket.pasted import split_pasted

MOST = 20
"""Facts that are kept of one conversation: what a prompt repeats must stay short."""

# People write sentences of this length; what is longer was printed by something. The same goes for lines and their number.
_LONGEST = 300
_LONGEST_LINE = 2000
_MOST_LINES = 40
_MOST_WORDS = 8

_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.](?=\S)[^.!?;\n]*)*[.!?;]?")
_TURN = re.compile(r",?\s+(?:but|however|though|instead|rather)\b[, ]*", re.IGNORECASE)

_ASKS = re.compile(
    r"""(?ix)^\W*(?:and\s+|so\s+|then\s+|please\s+|now\s+|ok(?:ay)?,?\s+|could|can|would|will|should|do|does|did|is|are|was|were|has|have
      |what|why|how|when|where|which|who|look|check|show|run|try|explain|tell|compare|find|see|list|collect|give|go|focus|consider
      |think|use|read|again)\b"""
)
_STATES = re.compile(
    r"(?i)\b(?:is|are|was|were|has|have|had|did|does|do|will|won't|wasn't|isn't|aren't|weren't|hasn't|haven't|hadn't|didn't"
    r"|doesn't|don't|can't|cannot|it's|that's|there's|we've|i've|they've|no|not|never|nothing)\b|\b(?:we|i|they)\s+\w+ed\b"
)
_SURELY = r"(?:(?:definitely|certainly|clearly|all|perfectly|completely|absolutely|already|known\s+to\s+be|verified|also|both|still)\s+)*"
_CLEARED = (
    r"(?:fine|ok(?:ay)?|good|healthy|normal|clean|innocent|unaffected|irrelevant|unrelated|excluded|ruled\s+out"
    r"|not\s+(?:it|involved|affected|to\s+blame|full|broken|down|expired|relevant|related|the\s+(?:\w+\s+)?(?:cause|problem|issue|reason|culprit)))"
)
_IT = r"(?:it|this|that|the\s+(?:root\s+)?(?:cause|problem|issue|reason|culprit|fault))"
_OF = r"(?:(?:due|related|connected|linked)\s+to\s+|caused\s+by\s+|because\s+of\s+|about\s+)?"
_DEED = r"(?:deploy|releas|roll-?out|upgrad|updat|chang|maintenance|reboot|restart|migrat|patch)\w*"
_RULES_OUT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:rule|forget|exclude|leave)\s+(?:out\s+)?(?P<what>.+?)(?:\s+out)?$",
        r"\b(?:ruled|excluded|eliminated)\s+(?:out\s+)?(?P<what>.+?)(?:\s+out)?$",
        rf"(?P<what>.+?)\s+(?:is|are|was|were|looks?|seems?|(?:has|have)\s+been)\s+{_SURELY}{_CLEARED}\b"
        r"(?!\s+(?:until|till|before|at\s+first|yesterday|last|enough))",
        r"(?P<what>.+?)\s+(?:isn't|aren't|wasn't|weren't)\s+(?:it|involved|to\s+blame|the\s+(?:\w+\s+)?(?:cause|problem|issue|reason|culprit))\b",
        rf"\b{_IT}(?:'s|\s+is|\s+was|\s+has)\s+{_SURELY}(?:not|nothing\s+to\s+do\s+with)\s+{_OF}(?P<what>.+)",
        rf"\b{_IT}\s+(?:isn't|wasn't|can't\s+be|cannot\s+be)\s+{_OF}(?P<what>.+)",
        rf"^\W*not\s+{_OF}(?P<what>.+)",
        # Only what a person does can be denied so: "no space left" is the very complaint.
        rf"\bno\s+(?:\w+\s+){{0,2}}?(?P<what>{_DEED})\b",
        rf"\bnothing\s+(?:was|has\s+been|got)\s+(?P<what>{_DEED})\b",
    )
)
# Where what is ruled out ends and its grounds begin.
_GROUNDS = re.compile(
    r",?\s+(?:to|able|possible|enough|we|i|they|it|he|she|because|since|as|that|who|which|was|were|is|are|has|have|had|according|after|before|today|yesterday|"
    r"on\s+this|on\s+that|here|there|either|anymore|at\s+all)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
# A clause that doubts, or says what something does: "not mounted on /srv" clears nothing of blame.
_DOUBT = re.compile(r"n't\b|\b(?:not|never|hardly|unless|if|whether|until|no\s+longer)\b", re.IGNORECASE)
_DOING = re.compile(r"(?!networking)\w+(?:ed|ing)$|enough$|able$|\w+able$|sure$|yet$|only$|just$")
_WORD = re.compile(r"[\w/][\w./@:+-]*")
_LITTLE_WORDS = """
    a an the of on in at to and or nor any any all about because due caused by related with recent new such our this that these those
    its my your problem issue cause fault matter question thing kind sort
"""
_LITTLE = frozenset(_LITTLE_WORDS.split())


def stated(text: str) -> tuple[Pinned, ...]:
    """The facts in a message, in its order; none in a question or a request, and none in pasted output, whoever printed it."""
    prose, _ = split_pasted(text)
    lines = [
        line for line in prose.split("\n") if len(line) <= _LONGEST_LINE and not line.lstrip().startswith(">")
    ]
    return tuple(islice((fact for line in lines[:_MOST_LINES] for fact in _facts(line)), MOST))


def _facts(line: str) -> Iterator[Pinned]:
    for found in _SENTENCE.finditer(line):
        sentence = found[0].strip()
        if sentence.endswith("?") or len(sentence) > _LONGEST:
            continue
        whole = " ".join(sentence.strip(" .;!").split())
        excludes = tuple(dict.fromkeys(word for part in _TURN.split(sentence) for word in _excluded(part)))
        if excludes or (_STATES.search(whole) and not _ASKS.match(whole) and len(whole.split()) > 2):
            yield Pinned(text=whole, excludes=excludes)


def _excluded(clause: str) -> tuple[str, ...]:
    """The telling words of what a clause clears of blame."""
    clause = clause.strip(" .;!,")
    for pattern in _RULES_OUT:
        if found := pattern.search(clause):
            if _DOUBT.search(found["what"]):
                return ()
            what = _GROUNDS.sub("", f" {found['what']}").strip()
            words = [word.strip(".:,").lower() for word in _WORD.findall(what)]
            telling = [word for word in words if word and word not in _LITTLE]
            deed = re.match(_DEED, telling[0]) if telling else None
            if not telling or len(telling) > _MOST_WORDS or (_DOING.match(telling[0]) and not deed):
                return ()
            return tuple(telling)
    return ()
