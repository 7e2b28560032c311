"""Sending by libcurl, all exchanges of a process in one thread: a fraction of the processor time that requests takes.

It is there where pycurl is installed (the extra ``[fast]``), and keeps every promise that ``HttpTransport`` keeps.
``send`` waits like any transport's; ``begin`` does not, so that a thousand exchanges need no thread of their own.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from functools import partial
from typing import TYPE_CHECKING
from weakref import finalize

import pycurl

from notebookgen.errors import NotebookgenError, ReplyLost
from notebookgen.transport.base import Timeouts, Transport, timeouts_for
from notebookgen.transport.failures import translate
from notebookgen.transport.fast_ended import Asked, Ended, closed, outcome_of
from notebookgen.transport.fast_exchange import LARGE_BODY, Handle
from notebookgen.transport.fast_loop import the_loop
from notebookgen.transport.fast_ways import bundle_options, proxy_options
from notebookgen.transport.home import Home
from notebookgen.wire import shown_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.transport.base import HasSecret
    from notebookgen.transport.fast_loop import Loop
    from notebookgen.transport.fast_ways import Option
    from notebookgen.wire import HttpRequest, HttpResponse

    Done = Callable[[HttpResponse | None, BaseException | None], None]

__all__ = ["FastTransport", "Timeouts", "Transport"]

MOST_READS = 64  # at once; more wait for their turn, and hold up no create
MOST_HANDLES = 64
LARGE_REPLY = 2**18  # bytes whose unpacking and searching would keep the others waiting
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
        self._idle: dict[tuple[str, bool], list[Handle]] = {}
        self._busy: dict[pycurl.Curl, Handle] = {}
        self._sockets: dict[tuple[str, int], int] = {}
        self._reads = 0
        self._waiting: deque[Asked] = deque()

    def start(self, asked: Asked, *, turn: bool = False) -> None:
        """Begin an exchange, or let it wait for its turn."""
        if self._closed:
            asked.ended(stopped(closed(asked.host, left=False)))
            return
        request = asked.request
        read = request.purpose not in {"create", "upload"}
        if read and not turn and self._reads >= MOST_READS:
            self._waiting.append(asked)
            return
        if not self._open:
            self.multi = pycurl.CurlMulti()
            self.multi.setopt(pycurl.M_MAXCONNECTS, self._keep)
            self.loop.join(self)
            self._open = True
        kind = (request.method, bool(request.body))
        idle = self._idle.get(kind) if asked.way is None else None
        handle = idle.pop() if idle else None
        try:
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
        ended = handle.end(code, said, problem)
        request = asked.request
        kept = self._idle.setdefault((request.method, bool(request.body)), [])
        if asked.way is None and len(kept) < MOST_HANDLES and len(request.body) <= LARGE_BODY:
            kept.append(handle)
        else:
            handle.close()
        self._reads -= request.purpose not in {"create", "upload"}
        asked.ended(ended)
        while self._waiting and self._reads < MOST_READS and not self._closed:
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
            self.multi.close()


class FastTransport:
    """Sends over real HTTP, by libcurl. Threads may share it.

    Args:
        key: What holds the provider's key; None where none is needed.
        origin: The provider's configured address (up to the path or with it): the only one that is given the key.
        pool: How many idle connections to keep; more may be open at once.
        environ: The environment's variables, for the CA bundle; by default this process's.
        user_agent: What to call ourselves.

    Raises:
        ConfigurationError: The address, the key, the proxy or the CA bundle cannot be used.
    """

    def __init__(
        self,
        key: HasSecret | None,
        *,
        origin: str,
        pool: int = 32,
        environ: Mapping[str, str] | None = None,
        user_agent: str | None = None,
    ) -> None:
        self._base = shown_address(origin)
        self._home = Home(key, origin, user_agent)
        self._trusted = bundle_options(os.environ if environ is None else environ)
        self._options = (*self._trusted, *proxy_options(self._home.safe))
        self._pool = pool
        self._closed = False
        self._line = self._new_line()

    def __repr__(self) -> str:
        return f"FastTransport({self._base!r})"

    def send(self, request: HttpRequest, *, timeout: Timeouts | None = None) -> HttpResponse:
        """Perform exactly one HTTP exchange; see ``Transport``."""
        waits = timeout or timeouts_for(request.purpose)
        came: list[Ended] = []
        here = threading.Lock()
        here.acquire()

        def ended(what: Ended) -> None:
            came.append(what)
            here.release()

        asked = self._asked(request, waits, ended)
        self._start(asked)
        longest = waits.connect + waits.read + waits.whole + len(request.body) / 1000 + SPARE
        if not here.acquire(timeout=longest):
            message = f"{asked.host}: the exchange did not end in {longest:.0f} s."
            raise ReplyLost(message)
        outcome = outcome_of(came.pop(), asked, self._home.blackout)
        if isinstance(outcome, NotebookgenError):
            raise outcome
        return outcome

    def begin(self, request: HttpRequest, done: Done, *, timeout: Timeouts | None = None) -> None:
        """Perform the same exchange without waiting for it.

        Args:
            request: What to send.
            done: Called once with the reply, or with what ``send`` would raise: in a thread of ours, where it may only
                hand it on, or at once where nothing could be sent.
            timeout: How long to wait; by default what the request's purpose asks for.
        """
        asked: Asked
        line = self._line_here()

        def finish(what: Ended) -> None:
            try:
                outcome: HttpResponse | Exception = outcome_of(what, asked, self._home.blackout)
            except Exception as bug:  # noqa: BLE001 - handed to who asked
                outcome = bug
            reply, error = (None, outcome) if isinstance(outcome, Exception) else (outcome, None)
            if line.loop.here:
                line.loop.tell(partial(done, reply, error))
            else:
                done(reply, error)

        def ended(what: Ended) -> None:
            if sum(map(len, what.parts)) > LARGE_REPLY:
                try:
                    threading.Thread(target=finish, args=(what,), name="notebookgen-reply", daemon=True).start()
                except RuntimeError:  # the system has no thread to give: the others wait
                    finish(what)
            else:
                finish(what)

        try:
            asked = self._asked(request, timeout or timeouts_for(request.purpose), ended)
        except Exception as error:  # noqa: BLE001 - handed to who asked
            done(None, error)
            return
        self._start(asked)

    def close(self) -> None:
        """Cut what is on its way, and close the connections."""
        self._closed = True
        self._finalizer.detach()
        put_away(self._line)

    def _asked(self, request: HttpRequest, waits: Timeouts, ended: Callable[[Ended], None]) -> Asked:
        """Return a request with everything that it takes to send it.

        Raises:
            ValueError, AssetRefused, ConfigurationError: It may not be sent.
        """
        home = self._home
        url, target = home.place(request)
        headers = home.headers(request)
        if url is None:
            return Asked(request, home.base + target, home.host, headers, waits, None, False, ended, self)
        proxy = proxy_options(url)
        direct = len(proxy) == 1
        return Asked(request, str(url), url.host, headers, waits, (*self._trusted, *proxy), direct, ended, self)

    def _start(self, asked: Asked) -> None:
        """Hand a request to the thread that sends it."""
        if self._closed:
            asked.ended(stopped(closed(asked.host, left=False)))
            return
        line = self._line_here()
        line.loop.post(partial(line.start, asked))

    def _line_here(self) -> Line:
        """Return the connections; in a forked child new ones, for what it inherited is its parent's."""
        if self._line.loop is not the_loop():
            self._line = self._new_line()
        return self._line

    def _new_line(self) -> Line:
        """Return a set of connections of our own, closed when nobody holds this transport any more."""
        line = Line(the_loop(), self._options, self._pool)
        self._finalizer = finalize(self, put_away, line, wait=False)
        self._finalizer.atexit = False
        return line


def put_away(line: Line, *, wait: bool = True) -> None:
    """Close a line in the loop's thread."""
    if line.loop is not the_loop():
        return  # the parent's
    gone = threading.Event()

    def event() -> None:
        with contextlib.ExitStack() as at_end:
            at_end.callback(gone.set)
            line.close()

    if line.loop.here:
        event()
        return
    line.loop.post(event)
    if wait:
        gone.wait(SPARE)


def stopped(problem: NotebookgenError) -> Ended:
    """Return the end of an exchange that never began."""
    return Ended([], [], 0, "", 0, left=False, whole=False, problem=problem)
