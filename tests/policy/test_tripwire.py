"""The lists that decide what may run on a host are pinned.

A change of `commands.toml` or `paths.toml` is a change of what a person was promised. So it cannot slip in with other
work: it must also change the digest here, and with it, in the same commit, whoever makes it looks at what froze what the
lists mean: `frozen/canonical.toml`, `frozen/neutralised.toml`, `frozen/refused_everyday.toml`, and the counts below.

    sha256sum tai/policy/commands.toml tai/policy/paths.toml > tests/policy/frozen/catalogue.sha256
"""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

from tai.policy import Tier, catalogue
from tai.policy.listing import markdown, rows

ROOT = Path(__file__).parents[2]
PINNED = Path(__file__).parent / "frozen" / "catalogue.sha256"
PROGRAMS = 211
FORMS = {Tier.A: 270, Tier.B: 127, Tier.C: 13}


def test_lists_are_the_pinned_ones() -> None:
    lines = PINNED.read_text(encoding="ascii").splitlines()
    pinned = {name: digest for digest, name in map(str.split, lines)}
    actual = {
        f"tai/policy/{name}": hashlib.sha256((ROOT / "tai" / "policy" / name).read_bytes()).hexdigest()
        for name in ("commands.toml", "paths.toml")
    }
    assert actual == pinned, "read the docstring of this file before you change the digest"


def test_counts_are_the_reviewed_ones() -> None:
    assert len(catalogue().programs) == PROGRAMS
    assert Counter(row.tier for row in rows()) == FORMS


def test_page_of_the_policy_is_current() -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    assert page == markdown(), "python -m tai.policy.listing > docs/policy.md"
