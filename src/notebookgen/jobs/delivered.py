"""How one row of a run stands, as it leaves the engine's thread: frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebookgen.jobs.states import State
from notebookgen.records import NO_COST, Cost, nothing

if TYPE_CHECKING:
    from datetime import datetime

    from notebookgen.errors import NotebookgenError
    from notebookgen.records import Asset, Generation

__all__ = ["Delivered"]


@dataclass(frozen=True, slots=True)
class Delivered:
    """How one row of a run stands.

    Attributes:
        generation: What was asked for.
        state: Where it stands.
        cost: What it cost, net.
        assets: The files, when they are here.
        seconds: How long the job took.
        job: The provider's handle.
        error: Why it is not saved, where it is not.
        cached: Whether it was paid for before this run, or by another row of it.
        reserved: What is set aside for it while it is under way.
        at: When it was bought.
        done: Whether this run has nothing more to do for it (it may be held or left as it is).
    """

    generation: Generation
    state: State = State.PLANNED
    cost: Cost = field(default_factory=nothing)
    assets: tuple[Asset, ...] = ()
    seconds: float | None = None
    job: str | None = None
    error: NotebookgenError | None = None
    cached: bool = False
    reserved: Cost = NO_COST
    at: datetime | None = None
    done: bool = False
