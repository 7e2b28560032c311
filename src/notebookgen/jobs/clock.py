"""The clock, as an argument: what has to be written down has a date, what has to be waited for has not."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Two clocks: one for the ledger and for the provider's dates, one for waiting, which never jumps."""

    def now(self) -> int:
        """Return microseconds since 1970 UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a clock that only goes forward."""
        ...


class SystemClock:
    """This machine's clocks."""

    def now(self) -> int:
        """Return microseconds since 1970 UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Return seconds on a clock that only goes forward."""
        return time.monotonic()
