"""What goes on in the background: the same call again, as long as it does, is given the same run and begins no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from notebookgen.results.awaiting import is_awaited

if TYPE_CHECKING:
    from notebookgen.jobs.engine import Engine
    from notebookgen.jobs.house import House
    from notebookgen.results import Result, Results

__all__ = ["Begun", "begun_as", "under_way"]

T = TypeVar("T", bound="Result | Results")


@dataclass(frozen=True, slots=True)
class Begun(Generic[T]):
    """What a call in the background has begun.

    Attributes:
        given: What the call gave.
        engine: Who runs it.
        more: What else is to be known of the call.
    """

    given: T
    engine: Engine
    more: Any = None

    @property
    def goes_on(self) -> bool:
        """Whether it is looked after and buys what was asked for: what was stopped or cancelled may be begun again."""
        handle = self.given.handle
        return self.engine.alive and not (handle.done or handle.stopped or handle.called_off)


_begun: dict[str, Begun[Any]] = {}  # by what was asked for


def begun_as(key: str, given: T, house: House, more: Any = None) -> None:
    """Keep what a call has begun, as long as it goes on. An awaited call's is its own: its task may stop it.

    Args:
        key: What was asked for; empty where each call is a wish of its own.
        given: What the call gives.
        house: The home folder's engine.
        more: What else is to be known of the call.
    """
    if key and not given.handle.done and not is_awaited():
        _begun[key] = Begun(given, house.engine, more)


def under_way(key: str) -> Begun[Any] | None:
    """Return what the same call has begun in the background, where that goes on; never for a call that is awaited."""
    for known, one in list(_begun.items()):
        if not one.goes_on:
            _begun.pop(known, None)
    found = None if is_awaited() else _begun.get(key)
    if found is not None:
        found.given.handle.released = False  # somebody is there again to take what it brings
    return found
