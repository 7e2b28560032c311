"""The one thread in which libcurl works for this process: it waits for all sockets at once and hands replies on.

Whatever libcurl holds is touched in this thread and in no other. A forked child inherits neither the thread nor a
right to the connections, which are its parent's: it begins with nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Protocol

import pycurl

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Loop", "Part", "the_loop"]

log = logging.getLogger("notebookgen")
LONGEST = 60.0  # seconds that it sleeps where nothing is awaited
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
WANTED = {pycurl.POLL_IN: READ, pycurl.POLL_OUT: WRITE, pycurl.POLL_INOUT: READ | WRITE}
HAPPENED = {READ: pycurl.CSELECT_IN, WRITE: pycurl.CSELECT_OUT, READ | WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT}


class Part(Protocol):
    """What the loop works for: a set of exchanges with connections of its own."""

    multi: pycurl.CurlMulti
    check_at: float

    def collect(self) -> None:
        """Take what has ended."""

    def check(self, now: float) -> None:
        """End what has taken too long."""


class Loop:
    """A thread that begins with the first part that joins, and ends with the last one that leaves."""

    def __init__(self) -> None:
        """Begin without a thread."""
        self._events: deque[Callable[[], None]] = deque()
        self._told: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._parts: dict[Part, float | None] = {}  # each with the moment that libcurl wants to be called at
        self._asleep = False
        self._waker: socket.socket | None = None
        self._selector: selectors.BaseSelector

    @property
    def here(self) -> bool:
        """Whether the caller is the loop's own thread."""
        return threading.current_thread() is self._thread

    def post(self, event: Callable[[], None]) -> None:
        """Have the loop's thread run ``event``, soon and in the order of posting; may be called from any thread.

        Raises:
            OSError, RuntimeError: The system has no thread, or no file to wake it by. The event will not be run.
        """
        self._events.append(event)
        if self._asleep or self._thread is None:
            self._wake(event)

    def post_gently(self, event: Callable[[], None]) -> None:
        """Do the same without ever waiting: for finalizers, which may be called in the midst of what wakes the thread.

        Whoever is at that just now has the event run; at the worst the next one to come does.
        """
        self._events.append(event)
        if (self._asleep or self._thread is None) and self._lock.acquire(blocking=False):
            try:
                with contextlib.suppress(OSError, RuntimeError):
                    self._ring()
            finally:
                self._lock.release()

    def tell(self, event: Callable[[], None]) -> None:
        """Run ``event`` at the end of this round. In the loop's thread."""
        self._told.append(event)

    def now(self) -> float:
        """Return the moment on the clock that the loop goes by."""
        return time.monotonic()

    def join(self, part: Part) -> None:
        """Work for a part from now on. In the loop's thread."""
        self._parts[part] = None
        part.multi.setopt(pycurl.M_SOCKETFUNCTION, lambda event, fd, *_: self._watch(part, event, fd))
        part.multi.setopt(pycurl.M_TIMERFUNCTION, lambda milliseconds: self._at(part, milliseconds))

    def leave(self, part: Part) -> None:
        """Work for a part no more. In the loop's thread."""
        self._parts.pop(part, None)
        for key in [one for one in self._selector.get_map().values() if one.data is part]:
            self._selector.unregister(key.fileobj)
        part.multi.setopt(pycurl.M_SOCKETFUNCTION, lambda *_: None)  # it may be closed in another thread

    def _wake(self, event: Callable[[], None]) -> None:
        """Begin the thread, or interrupt its sleep; what cannot be run now is not run later, behind everybody's back."""
        with self._lock:
            try:
                self._ring()
            except (OSError, RuntimeError):
                if event in self._events:  # else a thread that has ended since ran it
                    self._events.remove(event)
                    raise

    def _ring(self) -> None:
        """Do so with the lock held."""
        if self._thread is None:
            self._begin()
            return
        self._asleep = False
        if self._waker is not None:
            with contextlib.suppress(BlockingIOError):  # it has been rung for long enough
                self._waker.send(b"\0")

    def _begin(self) -> None:
        """Begin the thread, with all that it needs.

        Raises:
            OSError, RuntimeError: The system has no thread, or no file to wake it by.
        """
        bell, waker = socket.socketpair()
        selector: selectors.BaseSelector | None = None
        try:
            bell.setblocking(False)
            waker.setblocking(False)
            selector = selectors.DefaultSelector()
            selector.register(bell, READ, None)
            self._selector, self._waker = selector, waker
            self._asleep = True  # until it runs: whoever posts meanwhile waits to hear whether it does
            self._thread = threading.Thread(target=self._run, args=(bell,), name="notebookgen-wire", daemon=True)
            self._thread.start()
        except (OSError, RuntimeError):
            self._thread = self._waker = None
            for one in (bell, waker, selector):
                if one is not None:
                    one.close()
            raise

    def _watch(self, part: Part, event: int, fd: int) -> None:
        """Watch a socket for libcurl, or do so no more."""
        if event == pycurl.POLL_REMOVE:
            with contextlib.suppress(KeyError):
                self._selector.unregister(fd)
            return
        try:
            self._selector.register(fd, WANTED[event], part)
        except KeyError:
            self._selector.modify(fd, WANTED[event], part)

    def _at(self, part: Part, milliseconds: int) -> None:
        """Remember when libcurl wants to be called."""
        if part in self._parts:
            self._parts[part] = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000

    def _run(self, bell: socket.socket) -> None:
        """Be the loop's thread."""
        with bell, self._selector:
            while self._go_on():
                guarded(lambda: self._round(bell))

    def _go_on(self) -> bool:
        """Whether there is anything left to work for; else the thread has ended, and the next event begins another."""
        with self._lock:
            if self._parts or self._events:
                return True
            mine, self._thread = self._thread, None
            if self._events:  # posted just now, by who saw a thread here
                self._thread = mine
                return True
            if self._waker is not None:
                self._waker.close()
                self._waker = None
            return False

    def _round(self, bell: socket.socket) -> None:
        """Do what was posted, wait for sockets, and do what is due."""
        for _ in range(len(self._events)):
            guarded(self._events.popleft())
        self._tell_all()
        if not self._parts:
            return
        self._asleep = True
        ready = self._selector.select(0.0 if self._events else self._sleep())
        self._asleep = False
        touched: set[Part] = set()
        for key, mask in ready:
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    bell.recv(4096)
            else:
                key.data.multi.socket_action(key.fd, HAPPENED[mask])
                touched.add(key.data)
        now = time.monotonic()
        for part, at in list(self._parts.items()):
            if at is not None and at <= now:
                self._parts[part] = None
                part.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
                touched.add(part)
            if part.check_at <= now:
                guarded(partial(part.check, now))
        for part in touched:
            guarded(part.collect)
        self._tell_all()

    def _tell_all(self) -> None:
        """Hand on what came, all together: whoever is woken by one takes the others along."""
        while self._told:
            guarded(self._told.popleft())

    def _sleep(self) -> float:
        """Return how many seconds nothing has to be done."""
        now, until = time.monotonic(), LONGEST
        for part, at in self._parts.items():
            until = min(until, part.check_at - now, LONGEST if at is None else at - now)
        return max(until, 0.0)


def guarded(event: Callable[[], None]) -> None:
    """Handle an event; a bug in one must not end all the others."""
    try:
        event()
    except Exception:  # whatever it is
        log.exception("notebookgen: unexpected error while sending")


class _Only:
    """This process's loop."""

    loop = Loop()


def the_loop() -> Loop:
    """Return this process's loop."""
    return _Only.loop


def _in_child() -> None:
    """Begin with nothing; what the parent's connections are is never freed here, since libcurl would speak on them."""
    import ctypes  # noqa: PLC0415 - rarely needed

    old, _Only.loop = _Only.loop, Loop()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(old))


if hasattr(os, "register_at_fork"):  # where there is no fork, nothing is inherited
    os.register_at_fork(after_in_child=_in_child)
