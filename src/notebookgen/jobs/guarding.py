"""What keeps a bug in one event from ending the work on all the others: it is logged, and the loop goes on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["guarded"]

log = logging.getLogger("notebookgen")


def guarded(event: Callable[[], None]) -> None:
    """Handle an event of the loop."""
    try:
        event()
    except Exception:  # a bug, whatever it is
        log.exception("notebookgen: unexpected error in the engine")
