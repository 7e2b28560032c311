"""What replies and refusals teach of an account's limits: lowered at once, raised a little after each good window. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.transport.limits import LONGEST_PAUSE, MINUTE, Limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.transport.limits import Heard, Known
    from notebookgen.transport.sendlog import Log

__all__ = ["MARGIN", "crowded", "held", "joined", "may_probe", "most_jobs", "proved", "raised", "refused", "told"]

MARGIN = 1.001  # two clocks differ by less than a thousandth
LESS = 0.9
CLOSER, SMALL_GAP = 0.9, 1 / 64  # how a gap shrinks after each good window, and what is none, of an even pace's
STEADY = 20  # good windows at what was refused once, before one more is tried
FIRST_WAIT = 5.0  # seconds to wait after a refusal that says nothing, twice as long after each further one
WEATHER = 0.5  # seconds: a window as short as that was no limit
CLOSE = 1.5  # so much longer than what is too short, a window is known well enough
HELD = 3  # windows after which one that nobody has found to be shorter is what it is
LONGEST_PATIENCE = 3600.0


def refused(
    known: Known, log: Log, limits: Sequence[Limit], heard: Heard, *, sent: float, now: float, probe: bool
) -> Known:
    """Return what is known after a refusal; the log has forgotten the request.

    Args:
        known: What was known.
        log: The requests that were not refused.
        limits: What is set and told.
        heard: What the refusal says.
        sent: When the request was sent.
        now: This moment.
        probe: Whether it was sent to find out how long the window is.
    """
    if heard.crowded and heard.retry_after is None:
        return known  # room comes of a job that is seen to be over, so nobody else waits
    again = known.lowered > 0 and sent <= known.lowered  # it left before this was known: the same news once more
    refusals = known.refusals if again else known.refusals + 1
    wait = heard.retry_after
    if wait is None:
        wait = min(FIRST_WAIT * 2.0 ** min(max(refusals - 1, 0), 10), MINUTE)
        if probe and known.learned is not None:  # by then there is room by what is known, too
            span = known.learned.window * MARGIN
            wait = min(wait, max(log.nth(now - span, 0) + span - now, 1.0))
    paused = max(known.paused, now + wait) if wait <= LONGEST_PAUSE else known.paused
    known = replace(known, paused=paused, refusals=refusals)
    if heard.crowded:
        return known
    if probe:
        return _too_short(known, log, sent=sent)
    fixed = min(limits, key=lambda one: one.count / one.window, default=None)
    limit = known.learned or fixed
    if again:
        return _once_more(known, log, fixed, now=now)
    window = limit.window if limit is not None else MINUTE
    used = log.count(now - window)
    if limit is not None and used < limit.count * LESS:  # there was room
        even = limit.window / limit.count
        if (fixed is not None or known.sure) and known.gap < even:
            return replace(known, gap=min(max(known.gap * 2, even / 4), even), eased=now, lowered=now)
        if fixed is None:
            window, used = MINUTE, log.count(now - MINUTE)
    sure = fixed is not None or (known.sure and window < MINUTE)
    longer = known.longer if sure else 0.0
    return _lowered(replace(known, sure=sure, longer=longer, since=now, lowered=now, good=0, full=False), used, window)


def _once_more(known: Known, log: Log, fixed: Limit | None, *, now: float) -> Known:
    """Return what is known after a further refusal of a burst: each tells better how many of it were taken."""
    learned = known.learned
    if learned is None or not known.ceiling:
        return known
    used = log.count(now - learned.window)
    if fixed is not None and used < fixed.count * LESS:  # there was room: it was the burst
        even = fixed.window / fixed.count
        return replace(known, learned=None, ceiling=0, gap=min(max(known.gap, even / 4), even), eased=now)
    return _lowered(known, min(known.ceiling, used), learned.window)


def _lowered(known: Known, used: int, window: float) -> Known:
    """Return what is known where so many were taken in a window, and one more was not."""
    if used < 1:  # nothing was taken at all: it says nothing of how many are
        return replace(known, learned=None, ceiling=0)
    return replace(known, learned=Limit(max(int(used * LESS), 1), window, "learned"), ceiling=used)


def joined(known: Known, log: Log, *, bound: float, now: float) -> Known:
    """Return what is known where the logs of two kernels became one: what was refused was one too many for both.

    Args:
        known: What one of them knows, from what it has sent itself.
        log: What both have sent.
        bound: Seconds that a request may be on its way.
        now: This moment: what the other one has sent until now, and is refused, is the same news once more.
    """
    learned = known.learned
    if learned is None or not known.ceiling:
        return known
    used = log.count(known.lowered - learned.window) - log.count(known.lowered + bound)
    if known.refusals:
        known = replace(known, lowered=now)
    return _lowered(known, used, learned.window) if used > known.ceiling else known


def may_probe(known: Known, log: Log, *, now: float) -> bool:
    """Whether it is time for a request that finds out whether the window is shorter than was thought.

    The first one may go when nothing else holds it back. A window that was found to be shorter is an upper bound, and
    the next one is sent at the middle (of the logarithms) between that and what is known to be too short.
    """
    learned = known.learned
    if learned is None or known.sure or now < known.probing:
        return False
    if learned.window >= MINUTE and not known.longer:
        return True
    sent = log.sent_before(max(known.ceiling, learned.count))
    return sent is None or (now - sent) ** 2 >= max(known.longer, WEATHER / 2) * learned.window


def held(known: Known, *, now: float) -> bool:
    """Whether the window of what was learned is known now: it has held, whoever tried."""
    learned = known.learned
    if learned is None or known.sure:
        return False
    long = learned.window if learned.window >= MINUTE else HELD * learned.window
    return known.longer * CLOSE >= learned.window or now - known.since >= long


def _too_short(known: Known, log: Log, *, sent: float) -> Known:
    """Return what is known where one was refused that was to find out a shorter window."""
    learned = known.learned
    oldest = log.sent_before(max(known.ceiling, learned.count)) if learned is not None else None
    return known if oldest is None else replace(known, longer=max(known.longer, sent - oldest))


def proved(known: Known, log: Log, *, now: float) -> Known:
    """Return what is known where a request was taken that should have been one too many: the window is shorter.

    As many as were taken before, at the most, lie within the window; the oldest of them was sent before the window.
    """
    learned = known.learned
    if learned is None or known.sure:
        return known
    sent = log.sent_before(max(known.ceiling, learned.count) + 1)  # the newest is the one that was taken
    window = learned.window if sent is None else min(now - sent, learned.window)
    if window < WEATHER:
        return replace(known, learned=None, ceiling=0, sure=False, since=now)
    return replace(known, learned=replace(learned, window=window), since=now)


def raised(known: Known, limits: Sequence[Limit], *, now: float) -> Known:
    """Return what is known after a good window: a little more is tried, up to what was refused, later beyond that."""
    fixed = min((one.count / one.window for one in limits), default=0.0)
    if known.gap:
        window = known.learned.window if known.learned else min((one.window for one in limits), default=MINUTE)
        if now - known.eased >= window:
            rate = known.learned.count / known.learned.window if known.learned else fixed
            gap = known.gap * CLOSER
            known = replace(known, gap=gap if rate and gap * rate >= SMALL_GAP else 0.0, eased=now)
    learned = known.learned
    if learned is None or now - known.since < learned.window:
        return known
    if not known.full:
        return known
    if learned.count < known.ceiling:
        count = learned.count + max((known.ceiling - learned.count + 1) // 2, 1)
        known = replace(known, good=0)
    elif known.ceiling and known.good < STEADY:
        return replace(known, good=known.good + 1, since=now, full=False)
    else:  # it is not what it was any more, so it is found anew, in large steps
        count = learned.count + max(learned.count // (10 if known.ceiling else 4), 1)
        known = replace(known, ceiling=0, good=0)
    if fixed and count / learned.window >= fixed:
        return replace(known, learned=None, ceiling=0, since=now, full=False)
    return replace(known, learned=replace(learned, count=count), since=now, full=False)


def told(known: Known, log: Log, heard: Heard, *, sent: float, now: float) -> Known:
    """Return what is known after a reply that tells the limit; what others have used of it is written into the log.

    A limit of which nothing is gone, although this very request is part of it, limits nothing.

    Args:
        known: What was known.
        log: The requests.
        heard: What the reply tells.
        sent: When its request was sent.
        now: This moment.
    """
    limit, remaining = heard.told, heard.remaining
    if limit is None or remaining is None:
        return known
    if remaining >= limit.count:
        return known if known.told is None else replace(known, told=None)
    if known.told is not None:
        others = min(limit.count - remaining - log.count(sent - limit.window * MARGIN), limit.count)
        for _ in range(others):
            log.add(now, now, look=False)
    return known if known.told == limit else replace(known, told=limit)


def crowded(known: Known, under_way: int, *, now: float) -> Known:
    """Return what is known after a refusal because of the jobs under way, so many of which were taken."""
    patience = min(known.patience * 2, LONGEST_PATIENCE) if known.jobs else known.patience
    return replace(known, jobs=max(under_way, 1), crowded=now, patience=patience)


def most_jobs(known: Known, under_way: int, *, now: float) -> Known:
    """Return what is known when there are so many jobs: after a while with as many as there may be, one more is tried."""
    if known.jobs and under_way >= known.jobs and now - known.crowded >= known.patience:
        return replace(known, jobs=known.jobs + 1, crowded=now)
    return known
