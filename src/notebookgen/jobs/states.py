"""The states of a generation and the moves between them: one table, and everything about states lives here.

``MOVES`` is the whole truth: the engine and the ledger refuse any other move, and the diagram in the docs is drawn
from it.
"""

from __future__ import annotations

from enum import StrEnum

from notebookgen.errors import IllegalMove

__all__ = ["BUSY", "FREE", "HELD", "MOVES", "OPEN", "OVER", "State", "diagram", "move"]


class State(StrEnum):
    """Where a generation stands."""

    PLANNED = "planned"
    """Wanted, and nothing of it has left this machine."""
    INTENT = "intent"
    """The intent to buy is on disk; the create is about to leave, or has left without an answer yet."""
    SUBMITTED = "submitted"
    """The provider accepted it and named a job."""
    COMPLETED = "completed"
    """The job is done and paid for; its files are not all here yet."""
    SAVED = "saved"
    """Every file is on this machine."""
    FAILED = "failed"
    """The provider took it and could not finish it, or what it made cannot be had any more."""
    CANCELLED = "cancelled"
    """It was cancelled at the provider."""
    REFUSED = "refused"
    """The provider said no and charged nothing."""
    AMBIGUOUS = "ambiguous"
    """It was sent, and nobody knows whether it was accepted."""
    SKIPPED = "skipped"
    """Never to be sent: the row has no prompt."""
    INVALID = "invalid"
    """Never to be sent: the row cannot be sent as it is."""


S = State
MOVES: dict[State, dict[State, str]] = {
    S.PLANNED: {
        S.INTENT: "the intent is committed",
        S.SKIPPED: "no prompt",
        S.INVALID: "cannot be sent",
    },
    S.INTENT: {
        S.SUBMITTED: "accepted",
        S.COMPLETED: "accepted and finished at once",
        S.FAILED: "accepted and failed at once",
        S.REFUSED: "refused",
        S.PLANNED: "never left this machine",
        S.AMBIGUOUS: "no clear answer",
    },
    S.SUBMITTED: {
        S.COMPLETED: "finished",
        S.FAILED: "failed",
        S.CANCELLED: "cancelled",
    },
    S.COMPLETED: {
        S.SAVED: "files verified and in place",
        S.FAILED: "the files cannot be had any more",
    },
    S.SAVED: {
        S.COMPLETED: "a file is gone: asked for again",
    },
    S.AMBIGUOUS: {
        S.SUBMITTED: "found: adopted",
        S.REFUSED: "proven not accepted",
        S.FAILED: "written off",
    },
    S.FAILED: {
        S.SUBMITTED: "its job was called lost, and answers again",
        S.AMBIGUOUS: "written off for another try, which was not sent",
    },
    S.CANCELLED: {},
    S.REFUSED: {},
    S.SKIPPED: {},
    S.INVALID: {},
}

OVER = frozenset({S.SAVED, S.FAILED, S.CANCELLED, S.REFUSED, S.SKIPPED, S.INVALID})
"""Nothing more will happen by itself."""
OPEN = frozenset({S.INTENT, S.SUBMITTED, S.COMPLETED, S.AMBIGUOUS})
"""Sent or about to be: its reservation counts, and a later kernel must look after it."""
BUSY = frozenset({S.INTENT, S.SUBMITTED})
"""The provider is at it, or is about to be: it takes one of the places that run at once."""
FREE = frozenset({S.PLANNED, S.REFUSED, S.SKIPPED, S.INVALID})
"""Nothing was accepted, so nothing is charged."""
HELD = frozenset({S.AMBIGUOUS})
"""Waiting for a look at the provider's list, or for a person."""


def move(old: State, new: State) -> State:
    """Return ``new`` if the table has that move.

    Raises:
        IllegalMove: It does not: a bug in notebookgen, and the state is left as it was.
    """
    if new not in MOVES[old]:
        message = f"no move from {old} to {new}: this is a bug in notebookgen. Nothing was changed."
        raise IllegalMove(message)
    return new


def diagram() -> str:
    """Return the table as a Graphviz digraph, for the docs."""
    lines = ["digraph states {", "  rankdir=LR; node [shape=box, style=rounded];"]
    lines += [f'  {old} -> {new} [label="{why}"];' for old, moves in MOVES.items() for new, why in moves.items()]
    return "\n".join([*lines, "}"])
