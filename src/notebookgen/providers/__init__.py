"""How each service speaks. Pure: adapters build requests and read replies, and do no I/O."""

from __future__ import annotations

from notebookgen.providers.base import (
    Callback,
    Delivery,
    Fault,
    Limits,
    Provider,
    Uploaded,
    Verdict,
    fault_error,
    verdict,
)
from notebookgen.providers.registry import provider_class, provider_names, usable_names

__all__ = [
    "Callback",
    "Delivery",
    "Fault",
    "Limits",
    "Provider",
    "Uploaded",
    "Verdict",
    "fault_error",
    "provider_class",
    "provider_names",
    "usable_names",
    "verdict",
]
