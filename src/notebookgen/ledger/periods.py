"""Days and months of the calendar, in UTC: the same for every kernel that shares a ledger, wherever it runs. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from notebookgen.ledger.rows import day_of

__all__ = ["first_day", "next_period"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_day(per: str, now: int) -> int:
    """Return the first day of the period in which a moment lies, as UTC days since 1970.

    Args:
        per: ``day``, ``month``, or ``life``, which begins with the first row.
        now: The moment, in microseconds.
    """
    today = day_of(now)
    if per == "month":
        return today - ((EPOCH + timedelta(days=today)).day - 1)
    return today if per == "day" else 0


def next_period(per: str, now: int) -> str:
    """Return the date at which the next period begins; empty where there is none."""
    if per == "life":
        return ""
    today = EPOCH + timedelta(days=day_of(now))
    after = today + timedelta(days=1) if per == "day" else (today.replace(day=28) + timedelta(days=4)).replace(day=1)
    return f"{after:%Y-%m-%d}"
