"""What the user has granted for one host, beyond what runs by itself. Nothing here widens the policy: it is asked first.

sudo: from the config. destinations: where packets may go. agreed: canonical command lines that the user's own flags ask
for (`--path`), so that nobody has to be asked once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tai.engine.destinations import Destinations
from tai.engine.sudo import Sudo


@dataclass(slots=True)
class Grants:
    """One per host, for as long as the session lasts: a refusal of sudo outlives the connection it happened on."""

    sudo: Sudo = field(default_factory=Sudo)
    destinations: Destinations = field(default_factory=Destinations)
    agreed: set[tuple[str, ...]] = field(default_factory=set)
