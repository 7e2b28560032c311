"""How each service speaks. Pure: adapters build requests and read replies, and do no I/O."""

from __future__ import annotations

from notebookgen.providers.base import (
    Callback,
    Delivery,
    Fault,
    Limits,
    Provider,
    Uploaded,
)
from notebookgen.providers.faults import Verdict, fault_error, verdict
from notebookgen.providers.looking import check_job, read_look
from notebookgen.providers.registry import provider_class, provider_names, usable_names

__all__ = [
    "Callback",
    "Delivery",
    "Fault",
    "Limits",
    "Provider",
    "Uploaded",
    "Verdict",
    "check_job",
    "fault_error",
    "provider_class",
    "provider_names",
    "read_look",
    "usable_names",
    "verdict",
]
