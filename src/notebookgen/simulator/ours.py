"""Our own client in a simulated run: the curves, the schedule and the pace that the engine uses, under a virtual clock. Pure.

What decides is theirs, and only what carries it is written here: the clock, the answers, and the words by which they are
told. Intervals are asked for once for ages that are within a hundredth of each other.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from notebookgen.jobs.durations import Learned
from notebookgen.jobs.gathering import ENOUGH, FADING, NEARLY, RARELY
from notebookgen.jobs.lineup import Lineup, is_early
from notebookgen.jobs.schedule import SHORTEST, delay_after_failure, next_list, next_look
from notebookgen.jobs.survival import TOLD, Memory, prior
from notebookgen.ledger.lasting import Lasted
from notebookgen.transport import limits
from notebookgen.transport.paced import Gate
from notebookgen.transport.pacing import Pace
from notebookgen.transport.sharing import Flock

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Sequence

    from notebookgen.jobs.survival import Curve
    from notebookgen.simulator.service import Answer
    from notebookgen.transport.pacing import Kind, Slot

__all__ = ["ByCurve", "Ours", "ours"]

GRAIN, DICE = 64, 16  # steps of age, within one that is twice as old; steps of chance
ELSEWHERE = 1.0
WELL = limits.Heard()
T = TypeVar("T")


class ByCurve:
    """The schedule of looks alone, as a habit: what is known does not change while it is used."""

    __slots__ = ("_curve",)

    def __init__(self, curve: Curve) -> None:
        """Look by a curve."""
        self._curve = curve

    @classmethod
    def of(cls, kind: str | None, past: Sequence[float] = ()) -> ByCurve:
        """Return the habit of who knows the kind, and how long past jobs took (seconds, the oldest first)."""
        return cls(Knowledge(kind, past).curve)

    @classmethod
    def learning(cls, kind: str | None, ends: Sequence[float], rng: random.Random) -> ByCurve:
        """Return the habit of who has learned from its own looks at jobs that took so long: it has seen no end exactly."""
        known = Knowledge(kind, ())
        for end in ends:
            age = after = 0.0
            while age < end:
                after = age
                age += next_look(age, curve=known.curve, jitter=rng.random())
            known.take(Lasted(age, after), ())
        return cls(known.curve)

    def wait(self, age: float, looks: int, rng: random.Random) -> float:
        """Return the seconds until the next look."""
        return next_look(age, curve=self._curve, jitter=rng.random())


class Alone(Gate):
    """A pace that nobody else asks."""

    def _do(self, work: Callable[[], T]) -> T:
        """Ask it."""
        return work()


class Ours:
    """One account as the engine keeps it."""

    def __init__(
        self,
        rng: random.Random,
        *,
        kind: str | None = "image",
        past: Sequence[float] = (),
        per_minute: int | None = None,
        per_second: int | None = None,
        concurrent: int | None = None,
        lists: bool = False,
        exact: bool = False,
        learns: bool = True,
    ) -> None:
        """Begin a run.

        Args:
            rng: The dice.
            kind: What the jobs make, as far as anybody knows.
            past: How long jobs of that kind took before, in seconds, the oldest first.
            per_minute: The limit that is set; else it is what answers tell or teach.
            per_second: The same by the second.
            concurrent: The limit of jobs at once that is set.
            lists: Whether the service lists jobs.
            exact: Whether it tells when a job ended.
            learns: Whether what ends is learned from; where hundreds of thousands do, that is most of the work, and
                changes nothing.
        """
        self.lists = lists
        self._rng = rng
        self._now = 0.0
        self._learned = Knowledge(kind, past)
        self._exact, self._learns = exact, learns
        self._intervals: dict[tuple[int, int], float] = {}
        windows = ((per_minute, limits.MINUTE), (per_second, 1.0))
        pace = Pace([limits.Limit(count, window) for count, window in windows if count], jobs=concurrent)
        self._gate = Alone(pace, clock=lambda: self._now)
        self._looks = Lineup()
        self._most = 0.0  # jobs under way at once lately that a list would show
        self._busy = self._home = self._sending = 0

    def may_create(self, now: float, under_way: int) -> float:
        """Return the seconds until a create may leave."""
        self._now, self._busy = now, under_way
        if not self._gate.room_for_jobs(lambda: under_way):
            return ELSEWHERE
        return self._gate.take("create", early=self._early(), out=self._sending)

    def may_look(self, now: float, job: int, age: float, after: float) -> float:
        """Return the seconds until a look may leave: surer ones go first."""
        self._now, gate = now, self._gate
        if not gate.pace.bound and not self._looks:
            return gate.take("look")
        curve = self._learned.curve
        flock = Flock(self._busy, curve.median)
        return self._looks.turn(gate, now, sure=curve.over(age, after), early=self._early(), flock=flock)

    def until_list(self, ages: Sequence[tuple[float, float]]) -> tuple[float, float]:
        """Return the seconds until the next list, and the share of its own interval that another job must have waited."""
        self._most = max(float(len(ages)), FADING * self._most)
        curve, some = self._learned.curve, ages[:: -(-len(ages) // ENOUGH) or 1]
        if curve.known < TOLD:
            return max(RARELY * min(curve.median, ages[0][0]), SHORTEST), NEARLY
        return next_list([(curve, age, after) for age, after in some], most=self._most / max(len(ages), 1)), NEARLY

    def sent(self, now: float, purpose: str) -> object:
        """Hear that a request has left."""
        self._now = now
        kind: Kind = "create" if purpose == "create" else "look"
        self._sending += kind == "create"
        return self._gate.begin(kind)

    def answered(self, now: float, note: object, answer: Answer, under_way: int) -> None:
        """Hear what came back."""
        self._now, self._busy = now, under_way
        slot: Slot = note  # type: ignore[assignment]  # what was returned when it was sent
        self._sending -= slot.kind == "create"
        if answer.status == 429:
            wait = answer.retry_after or None
            self._gate.end(slot, limits.Heard("refused", retry_after=wait, crowded=answer.crowded))
            if answer.crowded:
                self._gate.crowd(under_way)
            return
        if not answer.limit:
            self._gate.end(slot, WELL)
            return
        told = limits.Limit(answer.limit, answer.window, "told")
        self._gate.end(slot, limits.Heard(told=told, remaining=answer.remaining))

    def wait(self, age: float, after: float, looks: int) -> float:
        """Return the seconds until the next look."""
        dice = int(self._rng.random() * DICE)
        key = (int(math.log2(age + 1.0) * GRAIN), dice)
        found = self._intervals.get(key)
        if found is None:
            found = next_look(age, curve=self._learned.curve, jitter=(dice + 0.5) / DICE, looked=after)
            self._intervals[key] = found
        return found

    def again(self, purpose: str, answer: Answer, tries: int) -> float | None:
        """Return the seconds until a look is tried again; a create waits for its turn."""
        if purpose == "create":
            return None
        return delay_after_failure(tries, retry_after=answer.retry_after or None, jitter=self._rng.random())

    def over(self, seconds: float, after: float, exactly: float, running: Iterable[float]) -> None:
        """Learn from a job that is over."""
        self._home += 1
        if not self._learns:
            return
        job = Lasted(exactly) if self._exact else Lasted(seconds, after)
        if self._learned.take(job, running, lambda: self._busy):
            self._intervals.clear()

    def _early(self) -> bool:
        """Whether short jobs are under way and nothing is home yet: then looks are to bring the first result."""
        youngest = 0.0 if self._busy else None
        median = self._learned.curve.median
        return is_early(self._gate.pace.tightest, homes=self._home, usual=median, youngest=youngest)


def ours(**options: object) -> Callable[[random.Random], Ours]:
    """Return what makes our clients.

    Args:
        **options: ``kind``, what the jobs make; ``past``, how long such jobs took before, in seconds, the oldest first;
            ``per_minute``, ``per_second`` and ``concurrent``, limits that are set; ``lists``, whether the service lists
            jobs; ``exact``, whether it tells when one ended; ``learns=False``, nothing is learned from what ends.
    """
    return partial(Ours, **options)  # type: ignore[arg-type]  # they are checked there


class Knowledge:
    """What is known of a model's jobs, all of them with the same settings: by the model, and by the shape, as the engine has it."""

    __slots__ = ("_first", "_model", "_shape")

    def __init__(self, kind: str | None, past: Sequence[float]) -> None:
        """Begin with the kind's prior, and with past jobs (seconds, the oldest first)."""
        self._first = prior(kind)
        self._model = Learned(Memory(), self._first)
        self._shape = Learned(Memory(), self._first)
        for seconds in past:
            self.take(Lasted(seconds), ())
        if past:
            self._renew(())

    @property
    def curve(self) -> Curve:
        """How long they take."""
        return self._shape.curve

    def take(self, job: Lasted, running: Iterable[float], beside: Callable[[], int] = lambda: 0) -> bool:
        """Take in a job that is over, and how many ran beside it; return whether the curve was made anew."""
        self._model.add(job, 0.0, beside)
        self._shape.add(job, 0.0, beside)
        if self._shape.memory.count < self._shape.due:
            return False
        self._renew(running)
        return True

    def _renew(self, running: Iterable[float]) -> None:
        ages = tuple(running)
        self._model.renew(self._first, ages)
        self._shape.renew(self._model.curve, ages)
