"""Daemon threads for what blocks: sending, downloading, decoding. They return values; they change no state."""

from __future__ import annotations

import itertools
import threading
from queue import Empty, PriorityQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Workers"]

IDLE_SECONDS = 10.0


class Workers:
    """A pool that grows on demand up to ``most`` and shrinks again when idle.

    Daemon threads, and not an executor: a create may be held open for minutes, and the end of a kernel must not wait
    for it (the intent is on disk; the next kernel looks after it).
    """

    def __init__(self, most: int, name: str) -> None:
        """Begin without any thread.

        Args:
            most: How many threads there may be at once.
            name: What they are called in a debugger.
        """
        self._most = most
        self._name = name
        self._tasks: PriorityQueue[
            tuple[float, int, Callable[[], Any], Callable[[Any, BaseException | None], None]]
        ] = PriorityQueue()
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._threads = 0
        self._load = 0  # tasks that wait or run: each has a thread, as far as there may be so many

    def allow(self, most: int) -> None:
        """Allow another number of threads; those beyond it end when they are idle."""
        with self._lock:
            self._most = most

    def submit(
        self, task: Callable[[], Any], done: Callable[[Any, BaseException | None], None], rank: float = 0.0
    ) -> None:
        """Run ``task`` in a thread, then call ``done(result, error)`` in that thread (it only posts to a queue).

        Args:
            task: What blocks.
            done: Takes what it gave, or the error.
            rank: What waits with a lower one goes first; among equals whoever came first.
        """
        with self._lock:
            self._tasks.put((rank, next(self._order), task, done))
            self._load += 1
            if self._threads < min(self._load, self._most):
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        """Take tasks until there have been none for a while."""
        while True:
            try:
                _, _, task, done = self._tasks.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._threads > self._load:  # else one came in just now, and this thread is counted on
                        self._threads -= 1
                        return
                continue
            try:
                result, error = task(), None
            except BaseException as raised:  # noqa: BLE001 - handed to the loop, which knows what it means
                result, error = None, raised
            with self._lock:
                self._load -= 1
            done(result, error)
            del task, done, result, error
