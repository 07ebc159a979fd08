"""What time services say: chrony's state, and the servers that chrony and ntpd ask."""

from __future__ import annotations

import re

from tai.parsers.rows import Row, Rows

_TRACKING = re.compile(r"(?P<key>[A-Z][A-Za-z ]+?)\s*: (?P<value>.+)")
_SECONDS = re.compile(r"(?P<number>-?[\d.]+)(?P<unit> seconds|ns|us|ms|s)\b")
_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, " seconds": 1.0}


def chrony_tracking(text: str) -> Rows:
    """`chronyc tracking` → reference, stratum, leap, synchronised, offset_s, frequency_ppm, root_dispersion_s, offset_hidden.

    offset_s: how far the system's clock is from the time that chrony thinks right, without its sign, in seconds; 0 when it
    follows nothing. synchronised: it follows a source. Raises ValueError for other text. Source: chronyc(1).
    """
    told: dict[str, str] = {}
    at: dict[str, int] = {}
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _TRACKING.fullmatch(line.rstrip()):
            told[found["key"]] = found["value"]
            at[found["key"]] = index
    if "Leap status" not in told or "System time" not in told:
        raise ValueError("no answer of chronyc tracking")
    offset = _SECONDS.search(told["System time"])
    drift = re.match(r"[\d.]+", told.get("Frequency", ""))
    stratum = told.get("Stratum", "0").strip()
    row: Row = {
        "reference": told.get("Reference ID", ""),
        "stratum": int(stratum) if stratum.isdigit() else 0,
        "leap": told["Leap status"],
        "synchronised": told["Leap status"] != "Not synchronised",
        "offset_s": abs(float(offset["number"])) if offset else 0.0,
        "direction": told["System time"].partition("seconds ")[2].partition(" ")[0],
        "frequency_ppm": float(drift[0]) if drift else 0.0,
        "_line": at["Leap status"],
        "_at": {"offset_s": at["System time"], "reference": at.get("Reference ID", at["Leap status"])},
    }
    return [row]


_CHRONY = re.compile(
    r"(?P<mode>[\^=#])(?P<state>[*+?x~-])\s+(?P<name>\S+)\s+(?P<stratum>\d+)\s+(?P<poll>-?\d+)\s+(?P<reach>[0-7]+)\s+\S+\s+"
    r"(?P<offset>[+-]?\d+)(?P<unit>ns|us|ms|s)\b.*"
)
_NTP = re.compile(
    r"(?P<state>[ *+#xo.-])(?P<name>\S+)\s+(?P<reference>\S+)\s+(?P<stratum>\d+)\s+(?P<type>[a-zA-Z])\s+\S+\s+\d+[mhd]?\s+"
    r"(?P<reach>[0-7]+)\s+(?P<delay>\S+)\s+(?P<offset>[+-]?[\d.]+)\s+\S+\s*"
)


def time_sources(text: str) -> Rows:
    """`chronyc sources` or `ntpq -p` → name, selected, answers, falseticker, stratum, offset_s, sources, answering, followed.

    answers: it gave a reply to one of the last eight questions; offset_s: without its sign, in seconds; sources, answering,
    followed: how many sources there are, answer, and are followed, over all. Pools of ntpq (`.POOL.`) are no sources.
    Raises ValueError for other text. Source: chronyc(1), ntpq(8).
    """
    rows: Rows = []
    for index, line in enumerate(text.split("\n"), start=1):
        if found := _CHRONY.fullmatch(line.rstrip()):
            offset = abs(int(found["offset"])) * _UNITS[found["unit"]]
            selected = found["state"] == "*"
        elif (found := _NTP.fullmatch(line.rstrip())) and found["reference"] != ".POOL.":
            offset = abs(float(found["offset"])) / 1000
            selected = found["state"] in "*o"
        else:
            continue
        rows.append(
            {
                "name": found["name"],
                "selected": selected,
                "answers": int(found["reach"], 8) > 0,
                "falseticker": found["state"] == "x",
                "stratum": int(found["stratum"]),
                "offset_s": round(offset, 6),
                "_line": index,
            }
        )
    if not rows and not re.search(r"(?m)^MS Name/IP|^\s+remote\s+refid|^210 Number of sources", text):
        raise ValueError("no time sources")
    total = {
        "sources": len(rows),
        "answering": sum(row["answers"] for row in rows),
        "followed": sum(row["selected"] for row in rows),
    }
    return [{**row, **total} for row in rows]
