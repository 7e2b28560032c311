"""What is known of how long jobs take, kept up to date: a curve for each shape (model and settings), else for its model.

They are learned from the ledger, whichever kernel wrote it, and from what ends here. A curve is made anew when a tenth
more has ended than stood behind it, and not for each job. The sandbox's jobs tell nothing about real ones: realms and
shapes keep them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.jobs.progress import Forecast
from notebookgen.jobs.states import State
from notebookgen.jobs.survival import SANDBOX, Memory, Seen, prior
from notebookgen.ledger.lasting import Lasted
from notebookgen.ledger.rows import realm_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from notebookgen.jobs.clock import Clock
    from notebookgen.jobs.inhand import InHand
    from notebookgen.jobs.survival import Curve
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.ledger.store import Store
    from notebookgen.records import Generation, Kind, Realm

__all__ = ["Durations", "seen_columns", "usual"]

GROWTH, MOST = 10, 50  # a curve is made anew after a tenth more jobs, and after 50 at the latest
KEPT = 256  # shapes in memory: a setting of its own in each row makes each row a shape
LESSONS = 64  # jobs, of the first of which each half as many more makes looks that are planned worth planning anew
FRESH = 60.0  # seconds after which it is looked whether other kernels have written


class Learned:
    """One memory of jobs, and the curve that was made of it last.

    Attributes:
        memory: The jobs.
        curve: How long they take.
        due: How many jobs are to be in the memory when the curve is made anew.
    """

    __slots__ = ("curve", "due", "memory")

    def __init__(self, memory: Memory, curve: Curve) -> None:
        """Begin with a memory, and with what was known before."""
        self.memory, self.curve, self.due = memory, curve, 1

    def add(self, job: Lasted, began: float, beside: Callable[[], int] = lambda: 0) -> None:
        """Take in a job, timed from when it began; ``beside`` tells how many run beside it."""
        after = None if job.lived is None else max(job.lived - began, 0.0)
        seen = Seen(after or 0.0, ended=False) if job.seconds is None else Seen(max(job.seconds - began, 0.0), after)
        if self.memory.add(seen, self.curve, beside):
            self.due = self.memory.count

    def renew(self, before: Curve, running: Iterable[float]) -> None:
        """Make the curve anew."""
        self.curve = self.memory.curve(before, running)
        self.due = self.memory.count + min(max(1, self.memory.count // GROWTH), MOST)


class Book:
    """What is known of the jobs of a shape, or of a model.

    Attributes:
        whole: From accepted to over.
        work: From when they began to work; None while none was seen queued: it is the same then.
        version: That of the ledger when it was read.
        read_at: When that was, on the monotonic clock.
    """

    __slots__ = ("read_at", "version", "whole", "work")

    def __init__(self, jobs: Sequence[Lasted], before: Curve, *, version: int, read_at: float) -> None:
        """Begin with what the ledger has, the newest first."""
        self.whole = Learned(Memory(), before)
        self.work: Learned | None = None
        self.version, self.read_at = version, read_at
        for job in reversed(jobs):
            self.add(job)
            for one in (self.whole, self.work):
                if one is not None and one.memory.count >= one.due:
                    one.renew(before, ())
                    one.due += (
                        one.memory.count // 4
                    )  # each is judged by what was known then, as far as that is worth it

    def add(self, job: Lasted, beside: Callable[[], int] = lambda: 0) -> None:
        """Take in a job that is over; ``beside`` tells how many run beside it."""
        if job.began is not None and self.work is None:
            self.work = Learned(self.whole.memory.copy(), self.whole.curve)
        self.whole.add(job, 0.0, beside)
        if self.work is not None:
            self.work.add(job, job.began or 0.0, beside)


class Durations:
    """The curves of one kernel."""

    def __init__(self, store: Store, clock: Clock, tickets: InHand) -> None:
        """Learn from a ledger, and from the tickets in hand."""
        self._store = store
        self._clock = clock
        self._tickets = tickets
        self._shapes: dict[str, Book] = {}
        self._models: dict[tuple[str, str], Book] = {}
        self._lessons: dict[tuple[str, str], int] = {}
        self.taught: Callable[[Ticket], None] = lambda _: None  # hears of a job's end after which much more is known

    # Asked -------------------------------------------------------------------------------------------------------

    def curve(self, ticket: Ticket) -> tuple[Curve, float]:
        """Return the curve that a job goes by, and the age of the job at which that curve's clock begins.

        The clock begins anew where a job was seen queued, and then at work. One that was at work when it was first
        looked at is taken to have begun at once.
        """
        working = ticket.began is not None or (bool(ticket.lived) and not ticket.waited)
        return self._curve(ticket.generation, ticket.kind, working=working), ticket.began or 0.0

    def usual(self, generation: Generation) -> float | None:
        """Return how many seconds such a job usually takes; None where none is known."""
        curve = self._curve(generation, generation.kind, working=False)
        return curve.median if curve.known > 0 else None

    def forecast(self, ticket: Ticket) -> Forecast | None:
        """Return when a ticket's job is usually over, for whoever shows it; None where no such job is known."""
        curve, began = self.curve(ticket)
        return Forecast(curve, ticket.accepted + began) if curve.known > 0 else None

    def _curve(self, generation: Generation, kind: Kind | None, *, working: bool) -> Curve:
        """Return the curve of a shape, else of its model, else of its kind."""
        first = first_guess(generation.realm, kind)
        model = self._made(self._model(generation, first), first, generation, working=working, alike=False)
        shape = self._shape(generation, model)
        return self._made(shape, model, generation, working=working, alike=True) if shape.whole.memory.count else model

    def _made(self, book: Book, before: Curve, generation: Generation, *, working: bool, alike: bool) -> Curve:
        """Return a book's curve, made anew where that is due."""
        work = working and book.work is not None
        one = book.work if work and book.work is not None else book.whole
        if one.memory.count >= one.due:
            one.renew(before, self._running(generation, alike=alike, work=work))
        return one.curve

    def _running(self, generation: Generation, *, alike: bool, work: bool) -> Iterator[float]:
        """Yield the ages up to which jobs under way were seen running: they count as time without an end."""
        for one in self._tickets.values():
            if one.state is not State.SUBMITTED or one.lived is None or (work and one.waited and one.began is None):
                continue
            other = one.generation
            same = other.shape == generation.shape if alike else other.model == generation.model
            if same and other.realm == generation.realm:
                yield one.lived - (one.began or 0.0 if work else 0.0)

    # Learned -----------------------------------------------------------------------------------------------------

    def over(self, ticket: Ticket) -> None:
        """Learn from a job that is over, as it was written down."""
        if ticket.seconds is None and ticket.lived is None:
            return
        generation, job = ticket.generation, Lasted(ticket.seconds, ticket.lived, ticket.began)
        for book in (
            self._models.get((realm_text(generation.realm), generation.model)),
            self._shapes.get(generation.shape),
        ):
            if book is not None:  # else it is read from the ledger, should anybody ask
                book.add(job, self._beside)
        key = (realm_text(generation.realm), generation.model)
        known, next_at = self._models[key].whole.memory.count if key in self._models else 0, self._lessons.get(key, 1)
        if next_at <= known <= LESSONS:
            self._lessons[key] = max(known + 1, known * 3 // 2)
            self.taught(ticket)

    def _beside(self) -> int:
        """Return how many jobs are under way."""
        return self._tickets.submitted

    def _model(self, generation: Generation, before: Curve) -> Book:
        """Return what is known of a model."""
        key = (realm_text(generation.realm), generation.model)
        book = self._models.get(key)
        if book is None or self._is_old(book):
            realm, model = key
            book = self._models[key] = self._read(self._store.lasted(realm=realm, model=model), before)
        return book

    def _shape(self, generation: Generation, before: Curve) -> Book:
        """Return what is known of a shape."""
        key = generation.shape
        book = self._shapes.pop(key, None)
        if book is None or self._is_old(book):
            book = self._read(self._store.lasted(shape=key), before)
            if len(self._shapes) >= KEPT:
                del self._shapes[next(iter(self._shapes))]  # the one that nobody has asked for longest
        self._shapes[key] = book
        return book

    def _read(self, jobs: Sequence[Lasted], before: Curve) -> Book:
        """Return a book on jobs that the ledger has."""
        return Book(jobs, before, version=self._store.version(), read_at=self._clock.monotonic())

    def _is_old(self, book: Book) -> bool:
        """Whether other kernels have written since a book was read, as far as that is looked at now."""
        now = self._clock.monotonic()
        if now - book.read_at < FRESH:
            return False
        book.read_at = now
        return self._store.version() != book.version


def first_guess(realm: Realm, kind: Kind | None) -> Curve:
    """Return what is assumed before a job of a model is known."""
    return prior(SANDBOX if realm.sandbox else kind)


def usual(jobs: Sequence[Lasted], realm: Realm, kind: Kind | None) -> float | None:
    """Return how many seconds jobs of a model usually take, by those that the ledger has (the newest first)."""
    curve = first_guess(realm, kind)
    known = Learned(Memory(), curve)
    for job in reversed(jobs):
        known.add(job, 0.0)
    known.renew(curve, ())
    return known.curve.median if known.curve.known > 0 else None


def seen_columns(ticket: Ticket) -> dict[str, float]:
    """Return the columns of what was seen of a job, for the statement that writes down its end."""
    seen = {"lived": ticket.lived, "began": ticket.began}
    return {name: value for name, value in seen.items() if value is not None}
