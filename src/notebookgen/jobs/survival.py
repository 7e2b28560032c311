"""How long such a job takes, as far as is known: a survival curve in steps of logarithmic time. Pure.

The curve of a kind of job is learned from past ones as ends by exposure in each step (the piecewise exponential
model): a job still running, or one that failed or was cancelled, counts as time without an end, and not as an end. What
is not known yet is taken from a prior with the weight of ten past jobs at first (a Gamma prior on each step's hazard).
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["EXPECTED", "SANDBOX", "Curve", "Memory", "Seen", "learned", "prior"]

SANDBOX = "sandbox"
# Usual durations in seconds, from the services' own pages (medians where they are given), and the sandbox's own.
EXPECTED: dict[str, float] = {
    "image": 20.0,
    "video": 120.0,
    "audio": 30.0,
    "3d": 60.0,
    "text": 10.0,
    SANDBOX: 0.75,
}
SPREAD = 1.0  # standard deviation of the logarithm of a duration of which only the kind is known
STRENGTH = 10.0  # past jobs that a prior is worth
HALF, WAVE = 50, 2.0  # a job counts half as much once fifty more have ended, or twice as many as ran at once: services
MEMORY = 0.5 ** (1 / HALF)  # change; but of a wave the slowest end last, and are not all that is to be known of it
# Three ends in a row beyond the 98th percentile, or some more that are a little less odd: the service has changed.
IN_A_ROW, ODD, CHANCE = 3, 0.1, 1e-5
FALL = (
    0.25  # by so much less, with each end, is what ran at once: the slowest of a wave end when hardly any runs beside
)
CHANGED = 16.0  # how much less what came before counts then
TOLD = 10.0  # past jobs until a curve can tell what is unlikely
UNLIKELY, PARTS = 0.05, 8
HEAVY = 1e100

FIRST, STEP, LAST = 0.25, 1.08, 86_400.0  # seconds
EDGES: tuple[float, ...] = (
    0.0,
    *(FIRST * STEP**k for k in range(math.ceil(math.log(LAST / FIRST, STEP)))),
    LAST,
)
INNER = EDGES[1:-1]
WIDTHS = tuple(b - a for a, b in itertools.pairwise(EDGES))
STEPS = len(WIDTHS)
WIDEST = 5  # steps to either side from which a step of few ends borrows
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a past job's duration.

    Attributes:
        seconds: From its beginning to when it was seen to be over, or was last seen running.
        after: When it was last seen running before that: it ended somewhere between the two; None where ``seconds`` is
            known exactly.
        ended: Whether it was finished; else (still running, failed, cancelled) it only lived so long.
    """

    seconds: float
    after: float | None = None
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Curve:
    """How likely a job is to end, at each age.

    Attributes:
        hazards: Ends per second among those that still run, constant within each step of ``EDGES``.
        known: How many past jobs stand behind it, forgetting counted; 0 where it is but a prior.
    """

    hazards: tuple[float, ...]
    known: float = 0.0
    _risks: tuple[float, ...] = field(init=False, repr=False, compare=False)
    median: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Add up the risk to each edge, and find the usual duration (``median``, in seconds)."""
        risks = [0.0]
        for hazard, width in zip(self.hazards, WIDTHS, strict=True):
            risks.append(risks[-1] + hazard * width)
        object.__setattr__(self, "_risks", tuple(risks))
        object.__setattr__(self, "median", self.quantile(0.5))

    def hazard(self, age: float) -> float:
        """Return the ends per second among jobs that still run at an age (seconds)."""
        return self.hazards[step_of(age)]

    def risk(self, age: float) -> float:
        """Return the hazard added up to an age."""
        step = step_of(age)
        return self._risks[step] + self.hazards[step] * (within(age) - EDGES[step])

    def survival(self, age: float) -> float:
        """Return the share of jobs that still run at an age."""
        return math.exp(-self.risk(age))

    def over(self, age: float, looked: float = 0.0) -> float:
        """Return how likely a job is over at an age that was running at the age ``looked``."""
        return -math.expm1(min(self.risk(looked) - self.risk(age), 0.0))

    def quantile(self, share: float, age: float = 0.0) -> float:
        """Return the age at which this share of those running at ``age`` is over (seconds, at most a day)."""
        target = self.risk(age) - math.log1p(-min(max(share, 0.0), 1.0 - LEAST))
        step = bisect_right(self._risks, target) - 1
        if step >= STEPS:
            return LAST
        found = EDGES[step] + (target - self._risks[step]) / max(self.hazards[step], LEAST)
        return min(max(found, within(age)), EDGES[step + 1])

    def left(self, age: float) -> float:
        """Return how many seconds a job of this age usually still takes."""
        return max(self.quantile(0.5, age) - within(age), 0.0)


def within(age: float) -> float:
    """Return an age as one that the steps know: from 0 to a day, whatever a clock has done."""
    return min(age, LAST) if age > 0 else 0.0  # NaN as well


def step_of(age: float) -> int:
    """Return the step that an age (seconds) lies in."""
    return bisect_right(INNER, age) if age > 0 else 0  # NaN lies in the first one


@cache
def prior(kind: str | None) -> Curve:
    """Return what is assumed of a kind's jobs before one is known.

    Where the kind itself is unknown, every order of magnitude up to an hour is as likely as any other; the interval
    that follows from it is the square root of the age, not its exponential.
    """
    if kind not in EXPECTED:
        middles = [max((a + b) / 2, 0.5) for a, b in itertools.pairwise(EDGES)]
        return Curve(tuple(1 / (age * max(math.log(3_600.0 / age), 1.0)) for age in middles))
    median = EXPECTED[kind]
    running = [1.0, *(0.5 * math.erfc(math.log(edge / median) / SPREAD / math.sqrt(2)) for edge in EDGES[1:])]
    return Curve(
        tuple(
            max(math.log(max(a, LEAST) / max(b, 0.9 * LEAST)) / width, 1e-6)
            for (a, b), width in zip(itertools.pairwise(running), WIDTHS, strict=True)
        )
    )


class Memory:
    """What is kept of past jobs of one kind: in each step, the ends and the time lived; old ones fade.

    Attributes:
        count: How many jobs were taken in.
    """

    __slots__ = (
        "_before", "_chance", "_ends", "_gone", "_judged", "_lived", "_odd", "_peak", "_prior", "_side",
        "_weight", "count",
    )  # fmt: skip

    def __init__(self) -> None:
        """Know of nothing."""
        self.count = 0
        self._ends = [0.0] * STEPS
        self._lived = [0.0] * STEPS  # seconds in the step in which a job was gone
        self._gone = [0.0] * STEPS  # jobs that were gone in a step, ended or not
        self._weight = 1.0  # of the next one: what was before fades against it
        self._odd: list[Seen] = []  # the last ends in a row that were hardly to be expected,
        self._side, self._chance = "", 1.0  # all too late or all too early, and how likely that is
        self._peak = 0.0  # how many ran at once lately
        self._judged: Curve | None = None  # the curve that was found to hold no longer
        self._before: Curve | None = None
        self._prior: tuple[list[float], list[float]] = ([], [])

    def copy(self) -> Memory:
        """Return the same again, to go its own way."""
        other = Memory()
        other.count, other._weight, other._odd = self.count, self._weight, [*self._odd]
        other._side, other._chance, other._peak = self._side, self._chance, self._peak
        other._ends, other._lived, other._gone = [*self._ends], [*self._lived], [*self._gone]
        return other

    def add(self, job: Seen, curve: Curve, beside: Callable[[], int] = lambda: 0) -> bool:
        """Take in a past job, newer than all before; return whether it tells that the service has changed.

        Args:
            job: What is known of it.
            curve: What was known of such jobs so far: where only the interval is known in which it ended, it says where.
            beside: Tells how many run beside it. Of many that were begun together the quickest end first and the slowest
                last: so many in a row are no surprise.
        """
        self._take(job, curve)
        self.count += 1
        running = beside()
        self._peak = max(self._peak - FALL, running)
        self._weight /= MEMORY ** min(1.0, HALF / max(WAVE * self._peak, 1.0))
        if self._weight > HEAVY:
            for kept in (self._ends, self._lived, self._gone):
                kept[:] = [one / self._weight for one in kept]
            self._weight = 1.0
        if not running and self._peak:  # of what ran at once, this was the last: what was odd about it is over
            self._peak, self._odd, self._side, self._chance = 0.0, [], "", 1.0
            return False
        if not job.ended or curve.known < TOLD or curve is self._judged:
            return False
        return self._is_change(job, curve)

    def _is_change(self, job: Seen, curve: Curve) -> bool:
        """Whether the last ends in a row were all so late, or all so early, that the service is another one; count so."""
        late = curve.survival(job.seconds if job.after is None else min(job.after, job.seconds))
        early = 1.0 - curve.survival(job.seconds)
        side, chance = ("late", late) if late < early else ("early", early)
        if side != self._side or chance >= ODD:
            self._odd, self._side, self._chance = [], side, 1.0
        if chance >= ODD:
            return False
        self._odd.append(job)
        self._chance *= chance
        if len(self._odd) < IN_A_ROW or self._chance >= CHANCE or len(self._odd) < IN_A_ROW + 2 * ODD * self._peak:
            return False
        self._weight *= CHANGED
        for odd in self._odd:
            self._take(odd, curve)
        self._odd, self._chance, self._judged = [], 1.0, curve
        return True

    def _take(self, job: Seen, curve: Curve) -> None:
        """Count a job with the weight of now."""
        for moment, share in _ends(job, curve):
            step, weight = step_of(moment), self._weight * share
            self._lived[step] += weight * (moment - EDGES[step])
            self._gone[step] += weight
            if job.ended:
                self._ends[step] += weight

    def curve(self, before: Curve, running: Iterable[float] = (), *, strength: float = STRENGTH) -> Curve:
        """Return the curve that follows from these jobs and from what was assumed before.

        Args:
            before: The curve of what these jobs are a kind of.
            running: The ages up to which jobs under way were seen running.
            strength: How many past jobs the curve before is worth while none is known; the more are, the less it counts.
        """
        known = sum(self._ends) / self._weight
        strength *= STRENGTH / (STRENGTH + known)  # else its late ends would be the tail of every curve
        lived, gone = [*self._lived], [*self._gone]
        for age in running:
            step = step_of(age)
            lived[step] += self._weight * (within(age) - EDGES[step])
            gone[step] += self._weight
        if self._before is not before:
            self._before, self._prior = before, _worth(before)
        ends, exposure = [0.0] * STEPS, [0.0] * STEPS
        later, scale = 0.0, 1.0 / self._weight
        for step in range(STEPS - 1, -1, -1):
            ends[step] = self._ends[step] * scale + strength * self._prior[0][step]
            exposure[step] = (lived[step] + later * WIDTHS[step]) * scale + strength * self._prior[1][step]
            later += gone[step]
        return Curve(tuple(_smoothed(ends, exposure, math.sqrt(known + 1.0))), known)


def learned(jobs: Sequence[Seen], before: Curve, *, strength: float = STRENGTH) -> Curve:
    """Return the curve that follows from past jobs and from what was assumed before.

    Args:
        jobs: The newest first; older ones count less. Those still under way are told by ``ended=False``.
        before: The curve of what these jobs are a kind of.
        strength: How many past jobs that one is worth while none is known.
    """
    memory = Memory()
    for job in reversed(jobs):
        memory.add(job, before)
    return memory.curve(before, strength=strength)


def _worth(before: Curve) -> tuple[list[float], list[float]]:
    """Return what one job that goes by a curve adds to each step: ends, and seconds lived."""
    running = [math.exp(-risk) for risk in before._risks]  # noqa: SLF001 - of this module
    ends = [a - b for a, b in itertools.pairwise(running)]
    return ends, [over / max(hazard, LEAST) for over, hazard in zip(ends, before.hazards, strict=True)]


def _ends(job: Seen, before: Curve) -> list[tuple[float, float]]:
    """Return when a job may have ended, with shares that add up to one.

    It was seen running, and later seen to be over: its end is spread over the steps between, as the curve that is
    known says. Taking the later moment would have each curve learn that jobs end when we look.
    """
    seconds = within(job.seconds)
    if not job.ended or job.after is None or within(job.after) >= seconds:
        return [(seconds, 1.0)]
    after = within(job.after)
    first, last = step_of(after), step_of(seconds)
    edges = [after, *EDGES[first + 1 : last + 1], seconds]
    between = (math.exp(-risk) for risk in before._risks[first + 1 : last + 1])  # noqa: SLF001 - of this module
    running = [before.survival(after), *between, before.survival(seconds)]
    whole = running[0] - running[-1]
    if whole < UNLIKELY * running[0]:  # hardly to be expected there, so the curve cannot tell where in it, either
        low = max(after, seconds / 4)
        return [(low * (seconds / low) ** ((k + 0.5) / PARTS), 1.0 / PARTS) for k in range(PARTS)]
    return [
        ((edges[k] + edges[k + 1]) / 2, (running[k] - running[k + 1]) / whole)
        for k in range(len(edges) - 1)
        if running[k] > running[k + 1]
    ]


def _smoothed(ends: list[float], exposure: list[float], need: float) -> Iterable[float]:
    """Return each step's hazard, over as many neighbouring steps as hold enough ends to tell it."""
    for step in range(STEPS):
        low = high = step
        over, lived = ends[step], exposure[step]
        while over < need and high - low < 2 * WIDEST and (low > 0 or high < STEPS - 1):
            more, longer = 0.0, 0.0
            if low > 0:
                low -= 1
                more, longer = ends[low], exposure[low]
            if high < STEPS - 1:
                high += 1
                more, longer = more + ends[high], longer + exposure[high]
            lacking, there = need - over, more if more > LEAST else LEAST  # noqa: FURB136 - a call takes half as long again here
            part = lacking / there if lacking < there else 1.0  # no more than is needed, or one peak would be a hill
            over, lived = over + part * more, lived + part * longer
        yield max(over / max(lived, LEAST), LEAST)
