"""Draws docs/demo.svg from a real run of `tai demo`, for the README. Run it with `make picture`.

The lines that tell of each command are left out of the picture, and only they; the README says so.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tai.events import decode
from tai.frontends.render import svg

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Run the demo, read its events, draw what a terminal would have shown."""
    done = subprocess.run(
        [sys.executable, "-m", "tai", "demo", "--json"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    events = [decode(line).event for line in done.stdout.splitlines()]
    picture = svg(events, title="tai demo", width=110, before="$ tai demo", commands=False)
    (ROOT / "docs" / "demo.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
