"""tai: read-only incident diagnosis over SSH. `ARCHITECTURE.md` is the map."""

__version__ = "0.1.0"
