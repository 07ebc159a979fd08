"""The collectors in `collectors/*.toml`, loaded and checked: which questions there are, and what the answers mean.

Data, not plugins: a file holds commands that the policy allows, names of parsers, and patterns. It is read once at start.
"""

from tai.catalog.catalog import LOG, Catalog
from tai.catalog.check import failed_cases, unproven
from tai.catalog.load import load_catalog, read_collector
from tai.catalog.model import Collector, Probe, Signature

__all__ = [
    "LOG",
    "Catalog",
    "Collector",
    "Probe",
    "Signature",
    "failed_cases",
    "load_catalog",
    "read_collector",
    "unproven",
]
