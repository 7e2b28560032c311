"""A transport that keeps to its account's pace: asks for a place where nobody has, and tells what came of each request."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from notebookgen.errors import NotSent, TransportError
from notebookgen.providers.faults import JOBS_WORDS
from notebookgen.transport.limits import Heard, Limit
from notebookgen.transport.pacing import Pace
from notebookgen.transport.sendlog import MOST
from notebookgen.transport.sharing import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from notebookgen.providers import Provider
    from notebookgen.transport.base import Timeouts, Transport
    from notebookgen.transport.pacing import Kind, Slot
    from notebookgen.transport.sharing import Flock
    from notebookgen.wire import HttpRequest, HttpResponse

__all__ = ["Gate", "Paced", "heard_from"]

log = logging.getLogger("notebookgen")
T = TypeVar("T")
LONGEST_WAIT = 65.0  # seconds; within a minute's window there is a place for sure, and nothing waits for ever
LONGEST_WINDOW = 86_400.0  # seconds; where more is told, nothing would be sent for days that could tell otherwise
KINDS: dict[str, Kind] = {"create": "create", "status": "look", "list": "look"}


class Gate:
    """An account's pace for the threads of this process; ``SharedGate`` shares it with other kernels."""

    def __init__(
        self,
        pace: Pace | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        lock: AbstractContextManager[Any] | None = None,
    ) -> None:
        """Begin with nothing sent.

        Args:
            pace: The allowance; by default one of which nothing is known.
            clock: Seconds that only go forward, the same for all programs of this machine.
            lock: Held while the pace is asked or told something; it may be taken again by who has it.
        """
        self.pace = pace or Pace()
        self.clock = clock
        self.closing = threading.Event()
        self._lock = lock if lock is not None else threading.RLock()

    def _do(self, work: Callable[[], T]) -> T:
        """Ask the pace, or tell it something, with nobody else at it."""
        with self._lock:
            return work()

    def take(
        self, kind: Kind, *, sure: float = 1.0, early: bool = False, flock: Flock = UNKNOWN, out: int = 0
    ) -> float:
        """Give a request its place and return 0.0, or return the seconds until it may be worth asking again."""
        return self._do(lambda: self.pace.take(self.clock(), kind, sure=sure, early=early, flock=flock, out=out))

    def until(self, kind: Kind) -> float:
        """Return the seconds until a request might be sent; nothing is taken."""
        return self._do(lambda: self.pace.wait(self.clock(), kind)[0])

    def give_back(self, kind: Kind) -> None:
        """Free the place of a request that will not be sent."""
        self._do(lambda: self.pace.give_back(kind))

    def pause(self, seconds: float) -> None:
        """Send nothing for a while."""
        self._do(lambda: self.pace.pause(self.clock(), seconds))

    def paused(self) -> float:
        """Return for how many seconds nothing is sent, as was asked."""
        return self._do(lambda: max(self.pace.page.known.paused - self.clock(), 0.0))

    def crowd(self, under_way: int) -> None:
        """Take note that so many jobs under way are as many as there may be."""
        self._do(lambda: self.pace.crowd(self.clock(), under_way))

    def room_for_jobs(self, under_way: Callable[[], int]) -> bool:
        """Whether one more job may be begun; how many are under way is asked only where that matters."""
        if self.pace.most_jobs() is None:
            return True
        count = under_way()
        return self._do(lambda: self.pace.room_for_jobs(self.clock(), count))

    def when(self, others: int) -> float:
        """Return the seconds until there is a place for one more than so many others that go first."""
        return self._do(lambda: self.pace.when(self.clock(), others))

    def surest(self, waiting: Sequence[float]) -> None:
        """Say how likely the jobs are done whose looks wait, the least likely first."""
        self.pace.surest = waiting

    @property
    def words(self) -> str:
        """The tightest limit that is known, as people say it; empty where none is."""
        tightest = self.pace.tightest
        return tightest.words if tightest is not None else ""

    def begin(self, kind: Kind) -> Slot:
        """Have a request leave."""
        return self._do(lambda: self.pace.begin(self.clock(), kind))

    def end(self, slot: Slot, heard: Heard) -> None:
        """Take note of what became of it."""
        self._do(lambda: self.pace.end(slot, self.clock(), heard))

    def enter(self, kind: Kind, longest: float = LONGEST_WAIT) -> bool:
        """Wait for a place where none was given: not for ever, and not when the work ends; tell whether there is one.

        A create never waits here: that was done before it was written down that it would leave.
        """
        if kind == "create" or self.pace.granted(kind):
            return True
        until = self.clock() + longest
        with self._waiting(kind):
            while (wait := self.take(kind)) > 0:
                left = until - self.clock()
                if left <= 0 or self.closing.wait(min(wait, left)):
                    return False
        return True

    @contextmanager
    def _waiting(self, kind: Kind) -> Iterator[None]:
        """Have others leave a place to one that waits."""
        counted = kind == "other"
        with self._lock:
            self.pace.others += counted
        try:
            yield
        finally:
            with self._lock:
                self.pace.others -= counted


class Paced:
    """Sends by another transport, at the account's pace. What goes to other hosts, without the key, is not counted."""

    def __init__(self, transport: Transport, gate: Gate, provider: Provider) -> None:
        """Wrap a transport.

        Args:
            transport: Sends.
            gate: The account's pace.
            provider: Tells what replies say of limits.
        """
        self.transport = transport
        self.gate = gate
        self._provider = provider
        if hasattr(transport, "begin"):
            self.begin = self._begin

    def __repr__(self) -> str:
        return repr(self.transport)

    def send(self, request: HttpRequest, *, timeout: Timeouts | None = None) -> HttpResponse:
        """Perform exactly one HTTP exchange, when it is its turn; see ``Transport``."""
        if not counted(request):
            return self.transport.send(request, timeout=timeout)
        kind = KINDS.get(request.purpose, "other")
        self.gate.enter(kind)
        slot = self.gate.begin(kind)
        heard = Heard("failed")
        try:
            response = self.transport.send(request, timeout=timeout)
            heard = heard_from(self._provider, response)
        except BaseException as error:
            heard = heard_of(error)
            raise
        finally:
            self._end(slot, heard)
        return response

    def _begin(self, request: HttpRequest, done: Callable[..., None], **options: Any) -> Any:
        """Begin an exchange without waiting for its end, where the transport can: its place was given before."""
        begin = self.transport.begin  # type: ignore[attr-defined]  # it has one, or this is not reached
        if not counted(request):
            return begin(request, done, **options)
        slot = self.gate.begin(KINDS.get(request.purpose, "other"))

        def ended(response: HttpResponse | None, error: BaseException | None) -> None:
            self._end(slot, heard_from(self._provider, response) if response is not None else heard_of(error))
            done(response, error)

        try:
            return begin(request, ended, **options)
        except BaseException as error:
            self._end(slot, heard_of(error))
            raise

    def _end(self, slot: Slot, heard: Heard) -> None:
        """Tell the pace; a bug there must not take a reply that was paid for away from who waits for it."""
        try:
            self.gate.end(slot, heard)
        except Exception:
            log.exception("notebookgen: unexpected error in an account's pace")

    def close(self) -> None:
        """End what waits, and close the connections."""
        self.gate.closing.set()
        close = getattr(self.transport, "close", None)
        if close is not None:
            close()


def counted(request: HttpRequest) -> bool:
    """Whether a service counts a request for an account: it carries the key, and is no file."""
    return request.auth != "none" and request.purpose != "asset"


def heard_of(error: BaseException | None) -> Heard:
    """Return what an error means for the pace."""
    if isinstance(error, NotSent):
        return Heard("unsent")
    return Heard("failed" if isinstance(error, TransportError) else "ok")


def heard_from(provider: Provider, response: HttpResponse) -> Heard:
    """Return what a reply means for the pace."""
    try:
        if response.status == 429 or (response.status < 300 and b"429" in response.body[:1000]):
            fault = provider.read_fault(response)
            if fault is not None and 429 in {fault.status, fault.code}:
                return Heard("refused", retry_after=fault.retry_after, crowded=bool(JOBS_WORDS.search(fault.said)))
        if response.status >= 500:
            return Heard("failed")
        limits = provider.read_limits(response)
    except Exception:  # noqa: BLE001 - an adapter's own bug; whoever reads the reply meets it, too
        return Heard("refused") if response.status == 429 else Heard()
    if limits is None or limits.per_minute is None or not 1 <= limits.per_minute <= MOST:
        return Heard()  # so many that nobody remembers them all bind nobody here
    if not 0 < limits.window <= LONGEST_WINDOW:
        return Heard()
    return Heard(told=Limit(limits.per_minute, limits.window, "told"), remaining=limits.remaining)
