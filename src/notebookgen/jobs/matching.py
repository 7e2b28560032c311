"""Finding a lost create again in a provider's list of jobs. Pure: lists and times in, a finding out.

Equal content is counted, not guessed: of k creates without an answer and j jobs that nobody has adopted, the first
min(k, j) belong together, in the order of their times; which of equal ones is which makes no difference.

Only what is wholly equal is adopted, and only what cannot be it is passed by. Providers list prompts escaped, cut,
enhanced or not at all, and models under other names: a job that nobody has, of that time and of no certainly other
model, is no proof of absence. Nor is a list that lacks a job which we know should be on it.
"""

from __future__ import annotations

import contextlib
import html
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from notebookgen.providers.replies import same_model

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from notebookgen.records import Generation, Job

__all__ = [
    "NOBODY",
    "Finding",
    "Known",
    "Missing",
    "Others",
    "alike",
    "in_order",
    "lacking",
    "match",
    "reaches_back",
    "reaches_forward",
]

# Clocks are compared through whole-second Date headers.
TOLERANCE = 5.0
# What a provider deletes is old: a job that is missing among younger ones was not deleted within this time.
DELETED = 86_400 * 1_000_000
CUT = ("\u2026", "...")


@dataclass(frozen=True, slots=True)
class Known:
    """A job that an attempt here has.

    Attributes:
        job: Its handle.
        sent, accepted: When its intent was committed, and when it was written down that it was accepted (microseconds).
    """

    job: str
    sent: int
    accepted: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A create without an answer.

    Attributes:
        key: Its attempt.
        generation: What was asked for.
        since: When its intent was committed, on the provider's clock.
        after: Handles of jobs that were known here before its intent was committed.
        until: The latest that its job can be dated; None where nobody knows.
        slack: How many seconds these moments may be wrong.
        due: Jobs of ours that a list which is to prove its absence must show, as far as it reaches.
        only: Handles of the jobs that can be it, where an earlier list has shown that no others can.
    """

    key: int
    generation: Generation
    since: datetime
    after: frozenset[str] = frozenset()
    until: datetime | None = None
    slack: float = TOLERANCE
    due: tuple[Known, ...] = ()
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Others:
    """What tells that a job is another's.

    Attributes:
        generations: Of all creates whose answer is open, by their attempts: a job that has exactly the content of one
            of them is that one's.
        models: Names of models that there are: who names another one of these means it.
        app_prefix: How the names of apps begin, which are run in another way than models.
    """

    generations: Mapping[int, Generation] = field(default_factory=dict)
    models: Collection[str] = frozenset()
    app_prefix: str = ""

    def model(self, job: Job, generation: Generation) -> bool:
        """Whether a job is certainly of another model; a name that nobody knows may be an alias."""
        asked = generation.model
        if job.model is None or same_model(job.model, asked):
            return False
        if self.app_prefix and job.model.startswith(self.app_prefix) and not asked.startswith(self.app_prefix):
            return True
        return job.model in self.models


NOBODY = Others()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look at the list came to.

    Attributes:
        found: For each attempt that was found, its job.
        absent: Attempts that the list proves not to have been accepted, as far as it goes.
        unknown: Attempts about which the list says nothing (it does not reach back far enough, or has one that may be it).
        alike: For some of these, the jobs that nobody has and that look much like it.
        timely: For some of these, the jobs that nobody has and of which only time and model tell that they may be it.
        lacks: For some of these, a job of ours that the list should show and does not.
        proving: Attempts whose absence the list would prove if it were not for these jobs.
    """

    found: dict[int, Job]
    absent: tuple[int, ...]
    unknown: tuple[int, ...]
    alike: dict[int, tuple[Job, ...]]
    timely: dict[int, tuple[Job, ...]]
    lacks: dict[int, str]
    proving: frozenset[int]


def match(
    missing: Sequence[Missing],
    jobs: Sequence[Job],
    *,
    adopted: set[str],
    limit: int,
    default: int = 0,
    newest_first: bool = False,
    expected: set[str] | frozenset[str] = frozenset(),
    others: Others = NOBODY,
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
        others: What tells that a job is another's.
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
    likely, timely = _near(left, free, others, found, same)
    listed = {job.id for job in jobs if job.id}
    # A list without any of the jobs we know to be there is not the list it should be, and proves nothing.
    foreign = min(expected) if expected and listed.isdisjoint(expected) else None
    lacks = {one.key: lack for one in left if (lack := foreign or lacking(listed, one.due))}
    proving = frozenset(
        one.key
        for one in left
        if one.key not in lacks
        # Where a hundred jobs take less time than clocks may differ, a job from before tells what their dates cannot.
        and (reaches_back(jobs, one.since, limit, default) or not listed.isdisjoint(one.after))
        and (newest_first or reaches_forward(jobs, one.since, limit, default))
    )
    absent = tuple(one.key for one in left if one.key in proving and one.key not in {*likely, *timely})
    unknown = tuple(one.key for one in left if one.key not in absent)
    return Finding(found, absent, unknown, likely, timely, lacks, proving)


def _near(
    left: Sequence[Missing],
    free: Sequence[Job],
    others: Others,
    found: Collection[int],
    same: Callable[[Job, Generation], bool],
) -> tuple[dict[int, tuple[Job, ...]], dict[int, tuple[Job, ...]]]:
    """Return for each of some creates the free jobs that look much like it, and those that may be it all the same.

    With a job that has its model and its prompt, whatever its date, a list proves no absence: clocks are wrong, and put
    right, at times. Where its content is shown otherwise, its time and its model tell.
    """
    owners = _owners(free, {key: one for key, one in others.generations.items() if key not in found}, same)
    likely: dict[int, tuple[Job, ...]] = {}
    timely: dict[int, tuple[Job, ...]] = {}
    for one in left:
        asked = one.generation
        mine = [
            (job, same(job, asked) or shows(job, asked) or same_input(job, asked, same))
            for job in free
            if (one.only is None or job.id in one.only) and owners.get(job.id, asked.content) == asked.content
        ]
        if told := tuple(job for job, looks in mine if looks):
            likely[one.key] = told
        if rest := tuple(
            job for job, looks in mine if not looks and _within(job, one) and not others.model(job, asked)
        ):
            timely[one.key] = rest
    return likely, timely


def _owners(
    free: Sequence[Job], generations: Mapping[int, Generation], same: Callable[[Job, Generation], bool]
) -> dict[str | None, str]:
    """Return whose content jobs have exactly; where there are more of them than creates, nobody's."""
    counted = Counter(one.content for one in generations.values())
    owners: dict[str | None, str] = {}
    for content, one in {one.content: one for one in generations.values()}.items():
        equal = [job.id for job in free if same(job, one)]
        if len(equal) <= counted[content]:
            owners |= dict.fromkeys(equal, content)
    return owners


def lacking(listed: Collection[str], due: Sequence[Known]) -> str | None:
    """Return a job of ours that a list should show and does not: it is an old list then, or not a whole one.

    The newest must be there, and all that were sent when the oldest that is there had been accepted. What is older may
    be cut off, or deleted by the provider; and so may be what is a day older than the newest.
    """
    if not due:
        return None
    newest = max(due, key=lambda one: one.accepted)
    if newest.job not in listed:
        return newest.job
    oldest = min(one.accepted for one in due if one.job in listed)
    return next(
        (
            one.job
            for one in due
            if one.job not in listed and one.sent > oldest and one.accepted > newest.accepted - DELETED
        ),
        None,
    )


def _since(job: Job, one: Missing) -> bool:
    """Whether a job may have been made by a create."""
    return job.created is None or (job.created - one.since).total_seconds() >= -TOLERANCE


def _within(job: Job, one: Missing) -> bool:
    """Whether a job is of the time of a create, as far as clocks can be trusted."""
    if job.created is None:
        return True
    if (job.created - one.since).total_seconds() < -one.slack:
        return False
    return one.until is None or (job.created - one.until).total_seconds() <= one.slack


def alike(job: Job, generation: Generation) -> bool:
    """Whether a job might be that generation, as far as its model and its prompt tell."""
    if job.model is not None and not same_model(job.model, generation.model):
        return False
    if not job.sent or not generation.prompt:
        return True
    asked = folded(generation.prompt)
    return any(shown == asked or cut_from(shown, asked) for shown in map(folded, texts_in(job.sent)))


def shows(job: Job, generation: Generation) -> bool:
    """Whether a job shows what it was sent, and that has the prompt of a generation."""
    return bool(job.sent and generation.prompt) and alike(job, generation)


def folded(text: str) -> str:
    """Return a text without what is changed where it is shown: escapes, and spaces of any width."""
    return " ".join(html.unescape(text).split())


def cut_from(shown: str, asked: str) -> bool:
    """Whether a text is the beginning of another one, with an ellipsis where it was cut."""
    begun = next((shown.removesuffix(mark).rstrip() for mark in CUT if shown.endswith(mark)), "")
    return bool(begun) and asked.startswith(begun)


def same_input(job: Job, generation: Generation, same: Callable[[Job, Generation], bool]) -> bool:
    """Whether a job has exactly the input of a generation, if under another name of its model."""
    return same(replace(job, model=generation.model), generation)


def texts_in(value: object) -> set[str]:
    """Return every text in a JSON value, and in the JSON values that are written as texts in it."""
    found: set[str] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.add(one)
            if one.lstrip()[:1] in {"{", "["}:
                with contextlib.suppress(ValueError, RecursionError):
                    waiting.append(json.loads(one))
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
