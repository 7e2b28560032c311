"""The connections of one sender by libcurl, and the exchanges on them: begun, waited for, ended in the loop's thread."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import finalize

import pycurl

from notebookgen.transport.failures import told, translate
from notebookgen.transport.fast_ended import Ended, closed
from notebookgen.transport.fast_exchange import LARGE_BODY, Handle
from notebookgen.transport.fast_loop import the_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from notebookgen.errors import NotebookgenError
    from notebookgen.transport.base import Timeouts
    from notebookgen.transport.fast_ended import Asked
    from notebookgen.transport.fast_loop import Loop
    from notebookgen.transport.fast_ways import Option

__all__ = ["SPARE", "Line", "OnLine"]

MOST_READS = 64  # at once; more wait for their turn, and hold up no create
MOST_HANDLES = 64
SPARE = 60.0  # seconds; the loop ends every exchange well before
OFTEN, SELDOM = 0.02, 15.0  # seconds between two looks at what takes too long


class Line:
    """The connections of one transport, and the exchanges on them. Only ever in the loop's thread."""

    def __init__(self, loop: Loop, options: tuple[Option, ...], keep: int) -> None:
        """Begin without a connection; ``options`` lead to the provider itself."""
        self.loop = loop
        self.check_at = float("inf")
        self.multi: pycurl.CurlMulti
        self._options = options
        self._keep = keep
        self._open = False
        self._closed = False
        self._idle: dict[Hashable, list[Handle]] = {}
        self._busy: dict[pycurl.Curl, Handle] = {}
        self._sockets: dict[tuple[str, int], int] = {}
        self._reads = 0
        self._resolves = False  # whether a name may still be asked for that nobody waits for any more
        self._waiting: deque[Asked] = deque()

    def start(self, asked: Asked, *, turn: bool = False) -> None:
        """Begin an exchange, or let it wait for its turn."""
        if self._closed:
            asked.ended(stopped(closed(asked.host, left=False)))
            return
        request = asked.request
        read = request.purpose not in {"create", "upload"}
        if read and not turn and self._full():
            self._waiting.append(asked)
            return
        kind = self._kind(asked)
        idle = None if kind is None else self._idle.get(kind)
        handle = idle.pop() if idle else None
        try:
            if not self._open:
                self.multi = pycurl.CurlMulti()
                self.multi.setopt(pycurl.M_MAXCONNECTS, self._keep)
                self.loop.join(self)
                self._open = True
            if handle is None:
                way = self._options if asked.way is None else asked.way
                handle = self._new_handle(way, asked)
            handle.ask(asked)
            self.multi.add_handle(handle.curl)
        except (pycurl.error, UnicodeError, ValueError) as error:
            asked.ended(stopped(translate(OSError(type(error).__name__), host=asked.host, left=False)))
            return
        self._busy[handle.curl] = handle
        self._reads += read
        self._check_within(asked.waits)

    def _kind(self, asked: Asked) -> Hashable | None:
        """Return what has to be the same for a handle to be used once more; None where none is kept."""
        return (asked.request.method, bool(asked.request.body)) if asked.way is None else None

    def _full(self) -> bool:
        """Whether a read has to wait for its turn."""
        return self._reads >= MOST_READS

    def _new_handle(self, way: tuple[Option, ...], asked: Asked) -> Handle:
        """Return one more handle."""
        request = asked.request
        return Handle(way, request.method, self._sockets, body=bool(request.body), checked=asked.checked)

    def _check_within(self, waits: Timeouts) -> None:
        """Look soon enough at whether an exchange takes too long."""
        step = min(max(min(waits.read, waits.whole) / 4, OFTEN), SELDOM)
        self.check_at = min(self.check_at, self.loop.now() + step)

    def collect(self) -> None:
        """Take what has ended."""
        more = True
        while more and not self._closed:
            left, good, bad = self.multi.info_read()
            more = bool(left)
            for curl in good:
                self._ended(self._busy[curl], 0, "", None)
            for curl, code, said in bad:
                self._ended(self._busy[curl], code, said, None)

    def check(self, now: float) -> None:
        """End what has taken too long."""
        self.check_at = float("inf")
        for handle in list(self._busy.values()):
            problem = handle.check(now)
            if problem is not None:
                self._ended(handle, 0, "", problem)
            else:
                self._check_within(handle.asked.waits)

    def _ended(self, handle: Handle, code: int, said: str, problem: NotebookgenError | None) -> None:
        """Hand on what an exchange came to, and keep its handle for the next one."""
        self.multi.remove_handle(handle.curl)
        if code and handle.worn_out:
            handle.ask_again()
            self.multi.add_handle(handle.curl)
            return
        asked = handle.asked
        del self._busy[handle.curl]
        self._resolves = self._resolves or not handle.reached
        ended = handle.end(code, said, problem)
        request = asked.request
        kind = self._kind(asked)
        kept = [] if kind is None else self._idle.setdefault(kind, [])
        if kind is not None and len(kept) < MOST_HANDLES and len(request.body) <= LARGE_BODY:
            kept.append(handle)
        else:
            handle.close()
        self._reads -= request.purpose not in {"create", "upload"}
        asked.ended(ended)
        while self._waiting and not self._full() and not self._closed:
            self.start(self._waiting.popleft(), turn=True)

    def close(self) -> None:
        """Cut what is on its way, and close the connections."""
        if self._closed:
            return
        self._closed = True
        for handle in list(self._busy.values()):
            self._ended(handle, 0, "", closed(handle.asked.host, left=handle.left))
        for asked in self._waiting:
            asked.ended(stopped(closed(asked.host, left=False)))
        self._waiting.clear()
        for handle in [one for idle in self._idle.values() for one in idle]:
            handle.close()
        self._idle.clear()
        if self._open:
            self.loop.leave(self)
            if not (self._resolves and closed_aside(self.multi)):
                self.multi.close()


L = TypeVar("L", bound=Line)


class OnLine(Generic[L]):
    """What sends by libcurl: it has one line, and in a forked child another one. Threads may share it."""

    def __init__(self, new: Callable[[Loop], L]) -> None:
        """Begin with a line without connections; ``new`` makes one, and holds nothing of this object."""
        self._new = new
        self._closed = False
        self._line = self._new_line()

    def close(self) -> None:
        """Cut what is on its way, and close the connections."""
        self._closed = True
        self._finalizer.detach()
        put_away(self._line)

    def _start(self, asked: Asked) -> None:
        """Hand a request to the thread that sends it."""
        if self._closed:
            asked.ended(stopped(closed(asked.host, left=False)))
            return
        line = self._line_here()
        try:
            line.loop.post(partial(line.start, asked))
        except (OSError, RuntimeError) as error:
            asked.ended(stopped(told(asked.host, "this system has no thread or file to give", str(error), left=False)))

    def _line_here(self) -> L:
        """Return the connections; in a forked child new ones, for what it inherited is its parent's."""
        if self._line.loop is not the_loop():
            self._line = self._new_line()
        return self._line

    def _new_line(self) -> L:
        """Return a set of connections of our own, closed when nobody holds this object any more."""
        line = self._new(the_loop())
        self._finalizer = finalize(self, put_away, line, wait=False)
        self._finalizer.atexit = False
        return line


def put_away(line: Line, *, wait: bool = True) -> None:
    """Close a line in the loop's thread; where nobody waits, between two of its rounds, whoever has dropped it."""
    if line.loop is not the_loop():
        return  # the parent's
    gone = threading.Event()

    def event() -> None:
        with contextlib.ExitStack() as at_end:
            at_end.callback(gone.set)
            line.close()

    if wait and line.loop.here:
        event()
        return
    if wait:
        try:
            line.loop.post(event)
        except (OSError, RuntimeError):  # there is no such thread and none can be begun: nothing is under way
            event()
        gone.wait(SPARE)
    else:
        line.loop.post_gently(event)


def closed_aside(multi: pycurl.CurlMulti) -> bool:
    """Close what nobody uses any more in a thread of its own; False where the system has none to give.

    libcurl waits there for the resolver, which without a network may take half a minute: nobody else's exchange does.
    """
    try:
        threading.Thread(target=multi.close, name="notebookgen-names", daemon=True).start()
    except RuntimeError:
        return False
    return True


def stopped(problem: NotebookgenError) -> Ended:
    """Return the end of an exchange that never began."""
    return Ended([], [], 0, "", 0, left=False, whole=False, problem=problem)
