"""The healthy hosts: what each is made of. `python vm-fixtures/healthy.py` builds them all, each once.

One for each distribution that the project can build, and a busybox host, each with other daemons beside: a web server
and a database here, a syslog daemon and another web server there. Nothing on them is broken.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import image
from launcher import HostSpec


@dataclass(frozen=True, slots=True)
class Healthy:
    """recipe: in images/; packages: more than the recipe has; name: the host's own."""

    recipe: str
    name: str
    packages: tuple[str, ...] = ()

    def spec(self) -> HostSpec:
        """What to start; the image is built when it is not there yet."""
        return HostSpec(self.name, image.build(self.recipe, self.packages))


HEALTHY = (
    Healthy("debian-11", "web-02", ("rsyslog", "apache2")),
    Healthy("debian-12", "web-01", ("nginx-light", "postgresql-15", "gunicorn", "python3-psycopg2")),
    Healthy("debian-13", "web-03"),
    Healthy("busybox", "edge-01"),
)


if __name__ == "__main__":
    for host in HEALTHY:
        sys.stdout.write(f"{host.recipe}: {host.spec().image.root}\n")
