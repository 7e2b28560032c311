"""How long jobs took, as the ledger has it: what was seen of each, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

__all__ = ["LASTED_OF_MODEL", "LASTED_OF_SHAPE", "LASTED_SHAPE", "Lasted", "read_lasted"]

LASTED_SHAPE = 6  # of the ledger: the first that has these columns
# Older jobs than these would count for little: those before the last fifty for less than half.
LASTED_OF_SHAPE = """SELECT seconds, lived, began FROM attempts WHERE coalesce(seconds, lived) IS NOT NULL AND shape = ?
    ORDER BY key DESC LIMIT 100"""
LASTED_OF_MODEL = """SELECT seconds, lived, began FROM attempts WHERE coalesce(seconds, lived) IS NOT NULL
    AND realm = ? AND model = ? ORDER BY key DESC LIMIT 200"""


@dataclass(frozen=True, slots=True)
class Lasted:
    """What was seen of a job that is over, all in seconds from when it was accepted.

    Attributes:
        seconds: When it was done, or seen to be; None where it failed, was cancelled or given up.
        lived: When it was last seen not to be over; None where the end is known exactly.
        began: When it began, where it was seen queued before that; None where it was not.
    """

    seconds: float | None
    lived: float | None = None
    began: float | None = None


def read_lasted(rows: Iterable[sqlite3.Row]) -> list[Lasted]:
    """Return what rows of ``LASTED`` tell."""
    return [Lasted(row["seconds"], row["lived"], row["began"]) for row in rows]
