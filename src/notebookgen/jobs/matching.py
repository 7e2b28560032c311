"""Finding a lost create again in a provider's list of jobs. Pure: lists and times in, a finding out.

Equal content is counted, not guessed: of k creates without an answer and j jobs that nobody has adopted, the first
min(k, j) belong together, in the order of their times; which of equal ones is which makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from notebookgen.records import Generation, Job

__all__ = ["Finding", "Missing", "in_order", "match", "reaches_back", "reaches_forward"]

# Clocks are compared through whole-second Date headers.
TOLERANCE = 5.0


@dataclass(frozen=True, slots=True)
class Missing:
    """A create without an answer.

    Attributes:
        key: Its attempt.
        generation: What was asked for.
        since: When its intent was committed, on the provider's clock.
        after: Handles of jobs that were known here before its intent was committed.
    """

    key: int
    generation: Generation
    since: datetime
    after: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at the list came to.

    Attributes:
        found: For each attempt that was found, its job.
        absent: Attempts that the list proves not to have been accepted, as far as it goes.
        unknown: Attempts about which the list says nothing (it does not reach back far enough, or has one much like it).
        alike: For some of these, a job of the same model and prompt that nobody has, whose other input differs: a
            provider may list what it was sent with defaults filled in.
    """

    found: dict[int, Job]
    absent: tuple[int, ...]
    unknown: tuple[int, ...]
    alike: dict[int, Job]


def match(
    missing: Sequence[Missing],
    jobs: Sequence[Job],
    *,
    adopted: set[str],
    limit: int,
    default: int = 0,
    newest_first: bool = False,
    expected: set[str] | frozenset[str] = frozenset(),
    same: Callable[[Job, Generation], bool],
) -> Finding:
    """Match creates without an answer with the jobs nobody has adopted.

    Args:
        missing: Creates without an answer.
        jobs: The provider's newest jobs, in any order.
        adopted: Handles of jobs that some attempt has.
        limit: How many jobs the list shows at most.
        default: How many it shows where the provider overlooks the limit.
        newest_first: Whether it came in that order, so that what was cut off is old.
        expected: Handles of jobs of which at least one must be on a list that is to be believed.
        same: Whether a job has exactly the content of a generation.
    """
    free = sorted(
        (job for job in jobs if job.id and job.id not in adopted),
        key=lambda job: (job.created is None, job.created.timestamp() if job.created else 0.0),
    )
    found: dict[int, Job] = {}
    for one in sorted(missing, key=lambda each: each.since):
        for job in free:
            if _since(job, one) and same(job, one.generation):
                found[one.key] = job
                free.remove(job)
                break
    left = [one for one in missing if one.key not in found]
    # With a job that may be it, whatever its date, a list proves no absence: clocks are wrong, and put right, at times.
    near = {
        one.key: job
        for one in left
        for job in free
        if same(job, one.generation) or alike(job, one.generation) or same_input(job, one.generation, same)
    }
    # A list without any of the jobs we know to be there is not the list it should be, and proves nothing.
    trusted = not expected or any(job.id in expected for job in jobs)
    absent = tuple(
        one.key
        for one in left
        if trusted
        and one.key not in near
        # Where a hundred jobs take less time than clocks may differ, a job from before tells what their dates cannot.
        and (reaches_back(jobs, one.since, limit, default) or any(job.id in one.after for job in jobs))
        and (newest_first or reaches_forward(jobs, one.since, limit, default))
    )
    return Finding(found, absent, tuple(one.key for one in left if one.key not in absent), near)


def _since(job: Job, one: Missing) -> bool:
    """Whether a job may have been made by a create."""
    return job.created is None or (job.created - one.since).total_seconds() >= -TOLERANCE


def alike(job: Job, generation: Generation) -> bool:
    """Whether a job might be that generation, as far as its model and its prompt tell."""
    if job.model is not None and job.model != generation.model:
        return False
    return job.sent is None or not generation.prompt or generation.prompt in texts_in(job.sent)


def same_input(job: Job, generation: Generation, same: Callable[[Job, Generation], bool]) -> bool:
    """Whether a job has exactly the input of a generation, if under another name of its model."""
    return same(replace(job, model=generation.model), generation)


def texts_in(value: object) -> set[str]:
    """Return every text in a JSON value."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.add(one)
        elif isinstance(one, Mapping):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
    return found


def reaches_back(jobs: Sequence[Job], since: datetime, limit: int, default: int = 0) -> bool:
    """Whether a list of the newest jobs provably reaches back past a moment.

    Args:
        jobs: The list.
        since: The moment, on the provider's clock.
        limit: How many jobs were asked for.
        default: How many the provider shows where it overlooks what was asked for; such a list may be cut off, too.
    """
    if is_whole(jobs, limit, default):
        return True
    dates = [job.created for job in jobs if job.created is not None]
    return len(dates) == len(jobs) and (since - min(dates)).total_seconds() > TOLERANCE


def reaches_forward(jobs: Sequence[Job], since: datetime, limit: int, default: int = 0) -> bool:
    """Whether a list provably reaches forward past a moment: no page says which hundred of more jobs are listed."""
    if is_whole(jobs, limit, default):
        return True
    dates = [job.created for job in jobs if job.created is not None]
    return len(dates) == len(jobs) and max(dates) > since


def is_whole(jobs: Sequence[Job], limit: int, default: int = 0) -> bool:
    """Whether a list is shorter than it could be, so that these are all the jobs there are."""
    return len(jobs) < limit and (not default or len(jobs) != default)


def in_order(jobs: Sequence[Job]) -> bool:
    """Whether a list came with the newest job first."""
    dates = [job.created for job in jobs if job.created is not None]
    falling = all(one >= other for one, other in pairwise(dates))
    return len(dates) == len(jobs) and falling and (not dates or dates[0] > dates[-1])
