"""When to look at a job again. Pure: what is known and how old the job is in, seconds out; the dice are an argument.

A look is worth some seconds of waiting unnoticed; from that follows how often to look at a job that ends with a known
hazard: every ``sqrt(2 * worth / hazard)`` seconds (Keller 1974, https://doi.org/10.1287/mnsc.21.3.256). The next look
comes when so much has added up since the last one, so that a hazard that rises in between is not slept over. While
little is known, the interval grows with the job's age and no faster.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.jobs.survival import EDGES, STEPS, step_of, within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.jobs.survival import Curve

__all__ = ["LONGEST", "SHORTEST", "delay_after_failure", "next_list", "next_look", "worth"]

SHORTEST, LONGEST = 0.1, 300.0  # seconds between two looks
BOUND = 5.0  # seconds for which anything may be over unnoticed
RARELY, SOONER = 0.01, 0.9  # no look before that part of the age at which so few are over
BACKSTOP = 0.99  # so many have called by then, where they call at all
PATIENCE = 0.1
BLIND, FEWEST, HORIZON = 0.05, 0.5, 30.0
UNNOTICED = 0.0165  # of its usual duration, for each job under way, that may pass unnoticed between two lists
LATEST = 0.4  # of the usual duration, between two lists
GRAIN, GROWTH = 0.02, 1.15  # steps of time, as parts of the usual duration; each is so much longer than the last


def worth(curve: Curve) -> float:
    """Return how many seconds of waiting unnoticed one look is worth: long jobs are waited for with more patience."""
    return PATIENCE * math.sqrt(max(curve.median, 0.01))


def next_look(
    age: float,
    *,
    curve: Curve,
    jitter: float,
    looked: float | None = None,
    called_back: bool = False,
) -> float:
    """Return the seconds until the next look at a job.

    Args:
        age: Seconds since it began, now.
        curve: What is known of how long such jobs take.
        jitter: A number from 0 to 1 that keeps many jobs from being asked about at once.
        looked: The age at which it was last seen running, where that is not now.
        called_back: Whether it calls when it is over, so that looks are only for calls that are lost.
    """
    now, last = within(age), within(age if looked is None else min(looked, age))
    due = min(_summed(curve, last), last + min(max(curve.median / 4, now / 20, BOUND), LONGEST))
    first = SOONER * curve.quantile(RARELY)
    if now < first:
        due = min(max(due, first), now + LONGEST)
    due = min(due, now + _blind(curve, now) * (1.0 + curve.known))
    if called_back:
        backstop = curve.quantile(BACKSTOP)
        due = max(due, backstop if curve.known > 0 else min(backstop, now + LONGEST))
    return max(due - now, SHORTEST) * (0.9 + 0.2 * min(max(0.0, jitter), 1.0))


def next_list(jobs: Sequence[tuple[Curve, float, float]], *, most: float = 1.0) -> float:
    """Return the seconds until a list of many jobs is worth a request.

    It is when so much has added up that jobs which are over have waited unnoticed, each second as a part of how long such
    a job takes. Where many end at any time, each is noticed after a tenth of its duration on average, whatever their
    number; while hardly one can be over, and when the last are left, lists are rarer.

    Args:
        jobs: What it would show of those under way: what is known of how long such a job takes, its age, and the age at
            which it was last seen running, in seconds.
        most: How many times as many there were at once lately: the last of many are not worth more lists than the first.
    """
    if not jobs:
        return 0.0
    medians = [max(curve.median, 0.01) for curve, _, _ in jobs]
    enough = max(UNNOTICED * most * len(jobs), max(worth(jobs[0][0]), UNNOTICED * medians[0]) / medians[0])
    risks = [curve.risk(last) for curve, _, last in jobs]
    ahead, step, last = 0.0, max(GRAIN * min(medians), SHORTEST / 4), LATEST * max(medians)

    def lost(seconds: float) -> float:
        """Return how many are over by then, each as a part of how long it takes."""
        return sum(
            -math.expm1(min(risk - curve.risk(age + seconds), 0.0)) / median
            for (curve, age, _), risk, median in zip(jobs, risks, medians, strict=True)
        )

    over = lost(0.0)
    added = sum(
        (within(age) - within(seen)) / 2 * -math.expm1(min(risk - curve.risk(age), 0.0)) / median
        for (curve, age, seen), risk, median in zip(jobs, risks, medians, strict=True)
    )
    while added < enough and ahead < last:
        after = lost(ahead + step)
        more = (over + after) / 2 * step
        if added + more >= enough:
            return min(ahead + step * (enough - added) / more, last)
        over, added, ahead, step = after, added + more, ahead + step, step * GROWTH
    return min(ahead, last)


def _summed(curve: Curve, age: float) -> float:
    """Return the age by which one look has added up since another one."""
    factor = 1.0 / math.sqrt(2.0 * worth(curve))
    step, due = step_of(age), 1.0
    while True:
        rate = math.sqrt(curve.hazards[step]) * factor
        end = EDGES[step + 1]
        if step >= STEPS - 1 or rate * (end - age) >= due:
            return age + due / rate
        due -= rate * (end - age)
        age, step = end, step + 1


def _blind(curve: Curve, age: float) -> float:
    """Return the interval where nothing is known but an order of magnitude: each is as likely as any other.

    A job of that age then ends with the hazard ``1 / (age * log(horizon / age))``.
    """
    seen = max(age, FEWEST)
    spread = max(math.log(max(4 * curve.median, HORIZON) / seen), 1.0)
    return math.sqrt(2.0 * BLIND * math.sqrt(seen) * seen * spread)


def delay_after_failure(failures: int, *, retry_after: float | None, jitter: float) -> float:
    """Return the seconds to wait after looks that failed; a failed look never ends a job.

    Args:
        failures: How many in a row.
        retry_after: What the provider asked for, where it did.
        jitter: A number from 0 to 1.
    """
    if retry_after is not None:
        return min(retry_after, 300.0) + jitter
    doubled = 0.5 * 2.0 ** min(failures, 10)  # a night of failed looks is a large number, and 2.0**1024 is none
    return min(doubled, 30.0) * (0.75 + 0.5 * jitter)
