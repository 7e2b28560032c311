"""Waiting for a run without blocking the event loop, so that a task that is cancelled sends nothing more."""

from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.results import Result, Results

__all__ = ["ended", "in_thread", "is_awaited", "is_cancelled"]

T = TypeVar("T", bound="Result | Results")
TICK = 0.05  # seconds, so that Stop reaches an awaiting cell

_cancelled: ContextVar[threading.Event | None] = ContextVar("cancelled", default=None)


def is_cancelled() -> bool:
    """Whether the task was cancelled that this thread works for: nothing is to be sent any more."""
    event = _cancelled.get()
    return event is not None and event.is_set()


def is_awaited() -> bool:
    """Whether this thread makes a call for a task, which stops what the call began when it is cancelled."""
    return _cancelled.get() is not None


async def in_thread(call: Callable[[], T]) -> T:
    """Make a call in a thread of its own. A thread cannot be ended: where the task is, the call finds out by itself."""
    event, made = threading.Event(), list[T]()

    def work() -> T:
        made.append(call())
        if event.is_set():  # the task was cancelled after the call had looked
            made[0].handle.stop()
        return made[0]

    before = _cancelled.set(event)
    try:
        return await asyncio.to_thread(work)
    except asyncio.CancelledError:
        event.set()
        for one in made:  # it had come back, and the loop was too busy to take it
            one.handle.stop()
        raise
    finally:
        _cancelled.reset(before)


async def ended(handle: RunHandle, limit: float | None) -> None:
    """Wait for a run, at most ``limit`` seconds; where the task is cancelled meanwhile, it sends nothing new."""
    clock = asyncio.get_running_loop().time
    until = clock() + limit if limit is not None else None
    try:
        while not handle.done and (until is None or clock() < until):  # noqa: ASYNC110 - an event alone would not let Stop in
            await asyncio.sleep(TICK)
    except asyncio.CancelledError:
        handle.stop()  # what was accepted is looked after
        raise
