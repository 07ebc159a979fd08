"""The collectors as a page for people: `python -m tai.catalog.listing > docs/collectors.md`.

Generated from the files, so that it cannot say anything else; a test compares the page with what this makes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

from tai import resources
from tai.catalog.catalog import Catalog
from tai.catalog.load import load_catalog
from tai.catalog.model import Collector, Probe, When


def page(catalog: Catalog) -> str:
    """The whole page, Markdown."""
    return "\n".join(_lines(catalog)) + "\n"


def _lines(catalog: Catalog) -> Iterator[str]:
    depths = Counter(probe.depth for probe in catalog.probes.values())
    yield "# Collectors: what tai looks at, and what it recognises"
    yield ""
    yield "Generated from `collectors/*.toml` by `python -m tai.catalog.listing`; do not edit."
    yield "How to write your own: [writing-collectors.md](writing-collectors.md)."
    yield ""
    yield (
        f"{len(catalog.collectors)} collectors, {len(catalog.probes)} probes, {len(catalog.signatures)} signatures "
        f"({len(catalog.signatures) - len(catalog.symptoms)} of which can be a root cause)."
    )
    yield ""
    yield (
        f"**vital** ({depths['vital']}): considered in every run. **ticket** ({depths['ticket']}): when the ticket points to "
        "the collector by its words, names or files, when you choose it with `--collect`, or in a later round when a finding of "
        f"its category came up. **named** ({depths['named']}): only when you ask for the probe by its own name. In all cases only "
        "where the conditions in the last column hold; of several forms, the first that suits the host."
    )
    for collector in catalog.collectors:
        yield from _collector(catalog, collector)


def _collector(catalog: Catalog, collector: Collector) -> Iterator[str]:
    yield ""
    yield f"## {collector.name}: {collector.title}"
    yield ""
    yield f"Category {collector.category}. Brought forward by: {', '.join(collector.words) or 'no word of a ticket'}."
    yield ""
    yield "| probe | depth | why | command | when |"
    yield "|---|---|---|---|---|"
    for probe in collector.probes:
        forms = [(probe.when, probe.argv), *((variant.when, variant.argv) for variant in probe.variants)]
        for n, (when, argv) in enumerate(forms):
            name, depth, title = (f"`{probe.id}`", probe.depth, probe.title) if n == 0 else ("", "", "(or)")
            command, conditions = _cell(" ".join(argv)), _cell(when_text(probe, when))
            yield f"| {name} | {depth} | {_cell(title)} | `{command}` | {conditions} |"
    yield ""
    yield "| signature | severity | kind | what it means | follows from | reference |"
    yield "|---|---|---|---|---|---|"
    for listed in collector.signatures:
        signature = catalog.signatures[listed.id]
        kind = "cause" if signature.cause else "symptom"
        above = ", ".join(f"`{name}`" for name in signature.explained_by[:6]) + (
            " …" if len(signature.explained_by) > 6 else ""
        )
        yield f"| `{signature.id}` | {signature.severity} | {kind} | {_cell(signature.title)} | {above} | {_cell(signature.reference)} |"


def when_text(probe: Probe, when: When) -> str:  # noqa: PLR0912 - one branch for each condition
    """The conditions of one form of a probe, in words; '' when it always suits."""
    parts = []
    if probe.for_each:
        parts.append("for each " + " or ".join(source.of for source in probe.for_each))
    if probe.needs:
        parts.append("needs " + " or ".join(source.of for source in probe.needs))
    if when.family:
        parts.append("on " + ", ".join(when.family))
    if when.os:
        parts.append("on " + ", ".join(when.os))
    if when.os_version:
        parts.append(f"version {when.os_version}")
    if when.kernel:
        parts.append(f"kernel {when.kernel}")
    if when.init:
        parts.append("with " + " or ".join(when.init))
    if when.tools:
        parts.append("with " + ", ".join(when.tools))
    if when.without:
        parts.append("without " + ", ".join(when.without))
    if when.window is not None:
        parts.append("with a time window" if when.window else "without a time window")
    if when.root is not None:
        parts.append("as root" if when.root else "not as root")
    if when.words:
        parts.append(f"the ticket says {', '.join(when.words[:3])}{' …' if len(when.words) > 3 else ''}")
    if when.ticket:
        parts.append("the ticket names " + " or ".join(when.ticket))
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page(load_catalog([resources.folder("collectors")])))
