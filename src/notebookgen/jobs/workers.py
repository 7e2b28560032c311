"""Daemon threads for what blocks: sending, downloading, decoding. They return values; they change no state."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Done = Callable[[Any, BaseException | None], None]

__all__ = ["Workers", "WorkersByName"]

IDLE_SECONDS = 10.0
LONG = 20.0  # seconds after which a task is no reason any more to let others wait
MOST_SPARE = 32  # threads


class Workers:
    """A pool that grows on demand up to ``most`` and shrinks again when idle.

    Daemon threads, and not an executor: a create may be held open for minutes, and the end of a kernel must not wait
    for it (the intent is on disk; the next kernel looks after it).
    """

    def __init__(self, most: int, name: str, *, spare: int = 0) -> None:
        """Begin without any thread.

        Args:
            most: How many threads there may be at once.
            name: What they are called in a debugger.
            spare: How many times that many more there may be, one for each task that takes long while others wait.
        """
        self._most = most
        self._name = name
        self._spare = spare
        self._tasks: list[tuple[float, int, Callable[[], Any], Done]] = []  # a heap
        self._calls: SimpleQueue[None] = SimpleQueue()  # one for each task, and quicker to wait at than a condition
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._threads = 0
        self._load = 0  # tasks that wait or run: each has a thread, as far as there may be so many
        self._begun: dict[int, float] = {}  # when each thread began its task
        self._looking = False  # whether it is looked soon which tasks take long

    def allow(self, most: int) -> None:
        """Allow another number of threads; those beyond it end when they are idle."""
        with self._lock:
            self._most = most

    def submit(self, task: Callable[[], Any], done: Done, rank: float = 0.0) -> None:
        """Run ``task`` in a thread, then call ``done(result, error)`` in that thread (it only posts to a queue).

        Args:
            task: What blocks.
            done: Takes what it gave, or the error.
            rank: What waits with a lower one goes first; among equals whoever came first.

        Raises:
            RuntimeError: No thread can be begun, and there is none: the task will not be run.
        """
        with self._lock:
            one = (rank, next(self._order), task, done)
            heapq.heappush(self._tasks, one)
            self._load += 1
            try:
                self._grow()
            except RuntimeError:  # the system has no thread to give
                if not self._threads:
                    self._tasks.remove(one)
                    heapq.heapify(self._tasks)
                    self._load -= 1
                    raise
        self._calls.put(None)

    def _may_have(self, threads: int) -> bool:
        """Whether there may be so many threads now; the lock is held."""
        if threads <= self._most:
            return True
        since = time.monotonic() - LONG
        taking_long = sum(begun <= since for begun in self._begun.values())
        return threads <= self._most + min(taking_long, self._most * self._spare, MOST_SPARE)

    def _grow(self) -> None:
        """Begin the threads that tasks wait for, now or when others take long; the lock is held."""
        while self._threads < self._load and self._may_have(self._threads + 1):
            self._threads += 1
            try:
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
            except RuntimeError:
                self._threads -= 1
                raise
        if self._spare and self._threads < self._load and not self._looking:
            self._looking = True
            look = threading.Timer(LONG / 4, self._look)
            look.daemon = True
            try:
                look.start()
            except RuntimeError:  # no thread for that either: the next task tries again
                self._looking = False

    def _look(self) -> None:
        """Begin threads beside those whose tasks take long."""
        with self._lock:
            self._looking = False
            with contextlib.suppress(RuntimeError):
                self._grow()

    def _work(self) -> None:
        """Take tasks until there have been none for a while, or there are threads enough without this one."""
        me = threading.get_ident()
        while True:
            with self._lock:
                if not self._may_have(self._threads):
                    self._threads -= 1
                    with contextlib.suppress(RuntimeError):
                        self._grow()  # those who stay may take long as well
                    return
            try:
                self._calls.get(timeout=IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._threads > self._load:  # else one came in just now, and this thread is counted on
                        self._threads -= 1
                        return
                continue
            with self._lock:
                _, _, task, done = heapq.heappop(self._tasks)
                self._begun[me] = time.monotonic()
            try:
                result, error = task(), None
            except BaseException as raised:  # noqa: BLE001 - handed to the loop, which knows what it means
                result, error = None, raised
            with self._lock:
                self._load -= 1
                del self._begun[me]
            done(result, error)
            del task, done, result, error


class WorkersByName:
    """A pool for each of several names, so that what blocks one of them holds up no other."""

    def __init__(self, most: int, name: str, *, spare: int = 0) -> None:
        """Begin without any; each will be a pool as ``Workers`` makes it."""
        self._most, self._name, self._spare = most, name, spare
        self._pools: dict[str, Workers] = {}

    def allow(self, most: int) -> None:
        """Allow each another number of threads."""
        self._most = most
        for pool in list(self._pools.values()):
            pool.allow(most)

    def of(self, name: str) -> Workers:
        """Return the pool of a name."""
        if name not in self._pools:
            self._pools[name] = Workers(self._most, self._name, spare=self._spare)
        return self._pools[name]
