"""Sending by libcurl, all exchanges of a process in one thread: a fraction of the processor time that requests takes.

It is there where pycurl is installed (the extra ``[fast]``), and keeps every promise that ``HttpTransport`` keeps.
``send`` waits like any transport's; ``begin`` does not, so that a thousand exchanges need no thread of their own.
"""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, ReplyLost
from notebookgen.transport.base import Timeouts, Transport, timeouts_for
from notebookgen.transport.fast_ended import Asked, Ended, outcome_of
from notebookgen.transport.fast_line import SPARE, Line, OnLine
from notebookgen.transport.fast_ways import bundle_options, proxy_options
from notebookgen.transport.home import Home
from notebookgen.wire import shown_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.transport.base import HasSecret
    from notebookgen.wire import HttpRequest, HttpResponse

    Done = Callable[[HttpResponse | None, BaseException | None], None]

__all__ = ["FastTransport", "Timeouts", "Transport"]

LARGE_REPLY = 2**18  # bytes whose unpacking and searching would keep the others waiting


class FastTransport(OnLine[Line]):
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
        super().__init__(partial(Line, options=(*self._trusted, *proxy_options(self._home.safe)), keep=pool))

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
