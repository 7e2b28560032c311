"""Cutting what takes too long: one thread watches over all exchanges, for a timer of its own would cost each a thread."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Look = Callable[[float], float | None]

__all__ = ["Line", "cut_after", "looked_at"]

IDLE_SECONDS = 10.0


class Line:
    """The socket of one exchange, for another thread to cut: a drip of single bytes never runs into a read timeout."""

    __slots__ = ("cut_for", "end", "sock")

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.end: Callable[[], None] | None = None  # where the socket belongs to somebody else
        self.cut_for: str | None = None

    def cut(self, why: str) -> None:
        """End the exchange from outside; the thread that waits for it gets an error at once."""
        self.cut_for = self.cut_for or why
        if self.end is not None:
            self.end()
        if self.sock is not None:
            # TLS inside a proxy's TLS is no socket itself, but has one.
            outer: socket.socket = getattr(self.sock, "socket", self.sock)
            with contextlib.suppress(OSError):  # closed already
                socket.socket.shutdown(outer, socket.SHUT_RDWR)  # not SSLSocket's own, which is not thread-safe


class Watch:
    """A thread that looks at exchanges when their time is over; it ends when there have been none for a while."""

    def __init__(self) -> None:
        """Begin without a thread."""
        self._turn = threading.Condition()
        self._ends: dict[object, tuple[float, Look]] = {}
        self._wakes = -math.inf  # when the thread looks again; always at or before the first end
        self._running = False

    def add(self, end: float, look: Look) -> object:
        """Call ``look`` at that moment of the monotonic clock, unless what is returned is removed before.

        It is quick, and returns when it is to be called again, or None.
        """
        key = object()
        with self._turn:
            self._ends[key] = (end, look)
            if not self._running:
                self._running, self._wakes = True, end
                try:
                    threading.Thread(target=self._run, name="notebookgen-watch", daemon=True).start()
                except RuntimeError:  # the system has none to give: a reply is worth more than its punctuality
                    self._running = False  # the next one tries again, and then all are looked at
            elif end < self._wakes:
                self._wakes = end
                self._turn.notify()
        return key

    def remove(self, key: object) -> None:
        """Look no more: whatever comes of the connection from now on is somebody else's."""
        with self._turn:
            self._ends.pop(key, None)

    def _run(self) -> None:
        """Be the thread."""
        rested = False
        with self._turn:
            while self._ends or not rested:
                now = time.monotonic()
                for key, (end, look) in list(self._ends.items()):
                    if end <= now and self._ends.pop(key, None) is not None:
                        self._look(key, look, now)
                rested = not self._ends
                self._wakes = min((end for end, _ in self._ends.values()), default=now + IDLE_SECONDS)
                self._turn.wait(max(self._wakes - now, 0.0))
            self._running = False

    def _look(self, key: object, look: Look, now: float) -> None:
        """Look once."""
        again = look(now)
        if again is not None:
            self._ends[key] = (again, look)


class _Only:
    """This process's watch."""

    watch = Watch()


def _in_child() -> None:
    """Begin anew: a forked child has no thread of its parent's."""
    _Only.watch = Watch()


if hasattr(os, "register_at_fork"):  # where there is no fork, nothing is inherited
    os.register_at_fork(after_in_child=_in_child)


@contextlib.contextmanager
def looked_at(end: float, look: Look) -> Iterator[None]:
    """Call ``look`` at that moment of the monotonic clock where the block lasts so long, and again when it says so."""
    watch = _Only.watch
    key = watch.add(end, look)
    try:
        yield
    finally:
        watch.remove(key)


def cut_after(line: Line, seconds: float, why: str) -> AbstractContextManager[None]:
    """Cut the line when the block takes longer than that."""

    def cut(_: float) -> None:
        line.cut(why)

    return looked_at(time.monotonic() + seconds, cut)
