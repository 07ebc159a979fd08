"""The collectors as a page for people: `python -m tai.catalog.listing > docs/collectors.md`.

Generated from the files, so that it cannot say anything else; a test compares the page with what this makes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tai import resources
from tai.catalog.catalog import Catalog
from tai.catalog.load import load_catalog
from tai.catalog.model import Collector, Probe, When


def page(catalog: Catalog) -> str:
    """The whole page, Markdown."""
    return "\n".join(_lines(catalog)) + "\n"


def _lines(catalog: Catalog) -> Iterator[str]:
    by_default = sum(probe.depth != "named" for probe in catalog.probes.values())
    yield "# Collectors: what tai looks at, and what it recognises"
    yield ""
    yield "Generated from `collectors/*.toml` by `python -m tai.catalog.listing`; do not edit."
    yield "How to write your own: [writing-collectors.md](writing-collectors.md)."
    yield ""
    yield (
        f"{len(catalog.collectors)} collectors, {len(catalog.probes)} probes ({by_default} run without being asked for, "
        f"where their conditions hold), {len(catalog.signatures)} signatures "
        f"({len(catalog.signatures) - len(catalog.symptoms)} of which can be a root cause)."
    )
    for collector in catalog.collectors:
        yield from _collector(catalog, collector)


def _collector(catalog: Catalog, collector: Collector) -> Iterator[str]:
    yield ""
    yield f"## {collector.name}: {collector.title}"
    yield ""
    yield "| probe | why | command | when |"
    yield "|---|---|---|---|"
    for probe in collector.probes:
        forms = [(probe.when, probe.argv), *((variant.when, variant.argv) for variant in probe.variants)]
        for n, (when, argv) in enumerate(forms):
            name, title = (f"`{probe.id}`", probe.title) if n == 0 else ("", "(or)")
            yield f"| {name} | {_cell(title)} | `{_cell(' '.join(argv))}` | {_cell(_when(probe, when))} |"
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


def _when(probe: Probe, when: When) -> str:
    parts = []
    if probe.depth == "named":
        parts.append("on request")
    if probe.for_each:
        parts.append("for each " + " or ".join(source.of for source in probe.for_each))
    if probe.needs:
        parts.append("needs " + " or ".join(source.of for source in probe.needs))
    if when.family:
        parts.append("on " + ", ".join(when.family))
    if when.tools:
        parts.append("with " + ", ".join(when.tools))
    if when.without:
        parts.append("without " + ", ".join(when.without))
    if when.window is not None:
        parts.append("with a time window" if when.window else "without a time window")
    if when.root:
        parts.append("as root")
    if when.words:
        parts.append(f"the ticket says {', '.join(when.words[:3])}{' …' if len(when.words) > 3 else ''}")
    if when.ticket:
        parts.append("the ticket names " + " or ".join(when.ticket))
    return "; ".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page(load_catalog([resources.folder("collectors")])))
