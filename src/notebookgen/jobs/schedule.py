"""When to look at a job again. Pure: age and kind in, seconds out; the clock and the dice are arguments.

Until enough is known of a model's durations, the interval grows with the square root of the job's age (the optimum
when a duration is wholly unknown), bounded below by what the services call polite and above by what people notice.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebookgen.records import Kind

__all__ = ["EXPECTED", "delay_after_failure", "next_look"]

# Usual durations in seconds, from the services' own pages (medians where they are given).
EXPECTED: dict[str, float] = {"image": 20.0, "video": 120.0, "audio": 30.0, "3d": 60.0, "text": 10.0}
SHORTEST, LONGEST = 0.25, 20.0
# One look is worth this many seconds of waiting unnoticed; the square-root rule follows from it.
WORTH = 0.05


def next_look(age: float, *, expected: float | None, kind: Kind | None, jitter: float) -> float:
    """Return the seconds until the next look at a job.

    Args:
        age: Seconds since it was accepted.
        expected: How long such a job usually takes, in seconds; None where nothing is known yet.
        kind: What it makes; decides how rarely to look at the most.
        jitter: A number from 0 to 1 that keeps many jobs from being asked about at once.
    """
    usual = expected if expected is not None else EXPECTED.get(kind or "image", 20.0)
    horizon = max(usual * 4, 30.0)
    seen = max(age, 0.5)
    spread = math.log(max(horizon / seen, math.e))
    interval = math.sqrt(2 * WORTH * seen * spread)
    if expected is not None and age < expected * 0.5:
        interval = max(interval, expected * 0.5 - age)  # hardly ever done before half of the usual time
    # Providers advise 10 to 15 s for videos; that is a prior for long jobs, not a floor for quick ones.
    upper = LONGEST if usual > 30 else LONGEST / 4
    return min(max(interval, SHORTEST), upper) * (0.9 + 0.2 * jitter)


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
