"""Which looks are worth what an account still allows, while creates and other looks need it, too. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notebookgen.transport.learning import MARGIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.transport.limits import Known, Limit
    from notebookgen.transport.sendlog import Log

__all__ = ["AGAIN", "CREATES", "SURE", "UNKNOWN", "Flock", "first_looks", "for_others"]

SURE = 0.97  # how likely a job has to be done for a look to be worth what a create waits for
CREATES = 3  # that go for each look while more of them wait: the last job begins early, and the rest are looks
LIKELY = 0.5  # and for one that may bring the first result
# From how much of a window on looks need to be surer and surer, and how full it is when only sure ones go.
EASY, FULL, LITTLE = 0.3, 0.9, 0.5
PART = 1 / 20  # of a job's usual duration, after which a look that is not sure enough yet asks again
THRIFT = 0.25  # of a window, for which looks are still made for sure only after creates had to wait
SLACK = 1.6  # so much more than its share a job may have: not every look that is due is made
AGAIN = 0.05  # seconds; whoever has to wait waits at least so long


class Flock(NamedTuple):
    """The jobs of an account that are under way here.

    Attributes:
        size: How many; 0 where that is not known.
        usual: How many seconds such a job usually takes.
        more: Whether creates are still sent.
    """

    size: int = 0
    usual: float = 0.0
    more: bool = True


UNKNOWN = Flock()


def spare(limits: Sequence[Limit], log: Log, now: float, flock: Flock) -> float:
    """Return how many looks each job can have until it is usually over, beside the create that follows on it.

    While creates are sent, what is left of a window is theirs as well: then it is what the limit allows in the long run.
    """
    if not flock.size:
        return 0.0
    free = float("inf")
    for one in limits:
        steady = one.count * flock.usual / one.window
        left = one.count - log.count(now + flock.usual - one.window * MARGIN) if flock.usual < one.window else steady
        free = min(free, left, SLACK * steady) if flock.more else min(free, left)
    return free / flock.size - flock.more


def for_others(
    known: Known, limits: Sequence[Limit], log: Log, now: float, *, sure: float, early: bool, flock: Flock = UNKNOWN
) -> float:
    """Return for how long a look leaves the allowance to others: creates that wait, and looks that are surer.

    Where each job can have several looks, each of them has to be as likely to find it over as they are fewer. Where
    there is hardly one for each job, looks are made for sure as long as creates wait.

    Args:
        known: What is known of the account.
        limits: What binds.
        log: The requests.
        now: This moment.
        sure: How likely the job is over.
        early: Whether nothing of short jobs is here yet.
        flock: The jobs under way.
    """
    if early:
        return 0.0 if sure >= LIKELY else LITTLE
    later = max(LITTLE, flock.usual * PART)
    each = spare(limits, log, now, flock)
    if each * SURE > 1.0:
        return 0.0 if sure * each >= 1.0 else later
    if now < known.wanting and (sure < SURE or known.owed < CREATES):
        return max(min(known.wanting - now, 1.0), AGAIN)
    used = max(log.count(now - one.window * MARGIN) / one.count for one in limits)
    if sure < min((used - EASY) / (FULL - EASY), 1.0) * SURE:  # what is left is kept for what is worth more
        return later
    thrift = known.wanting and known.wanting + min(one.window for one in limits) * THRIFT
    return max(min(thrift - now, 1.0), AGAIN) if now < thrift and sure < SURE else 0.0


def first_looks(limit: Limit) -> int:
    """Return how many places of a window are kept for looks until the first result is here."""
    return max(limit.count // 10, min(limit.count // 2, 5))
