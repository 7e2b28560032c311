"""What a provider's list of jobs is compared with: all that the ledger, the clocks and the catalogue tell of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall
from notebookgen.jobs.matching import TOLERANCE, Known, Missing, Others, in_order, match
from notebookgen.jobs.models import ModelBook
from notebookgen.jobs.states import State
from notebookgen.ledger.rows import realm_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.matching import Finding
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.records import Generation, Job, Model

__all__ = ["LATE", "UNCHECKED", "compare", "under_way"]

LATE = 300.0  # seconds after a create was lost at which its job may still be dated: as long as one is held open
UNCHECKED = 86_400.0  # seconds by which a clock may be wrong that nothing was compared with


def compare(
    core: Core,
    lane: Lane,
    tickets: Sequence[Ticket],
    jobs: Sequence[Job],
    *,
    lost: Mapping[int, float],
    only: Mapping[int, frozenset[str]],
) -> Finding:
    """Compare lost creates with a list of their account's jobs.

    Args:
        core: The engine's.
        lane: The account.
        tickets: The lost ones.
        jobs: The list.
        lost: When each was known to be lost, on the monotonic clock.
        only: For some of them, the jobs that can be it.
    """
    realm = realm_text(lane.realm)
    models = ModelBook(core.settings.home / "models").known(lane.provider, lane.realm)
    others = _others(core, lane, models)
    models |= {one.generation.model: one.model for one in tickets if one.model is not None}
    ours = {one.generation.id for one in tickets}
    heard = core.store.heard_of(realm, [job.id for job in jobs if job.id])
    known = _known(core, lane, min((key for key, _ in heard.values()), default=None))
    adopted = core.store.adopted_jobs(realm)

    def same(job: Job, generation: Generation) -> bool:
        try:
            return lane.provider.same(job, generation, models.get(generation.model))
        except InvalidCall:  # another's, of whose app not enough is known here to build what was sent
            if generation.id in ours:
                raise
            return False

    missing = [_missing(core, one, known, heard, lost[one.key], only.get(one.key)) for one in tickets]
    return match(
        missing,
        jobs,
        adopted=adopted,
        # The sandbox's list ends with its process; a real account's list shows what we bought there before.
        expected=frozenset() if lane.realm.sandbox else adopted,
        limit=lane.provider.job_list_limit,
        default=lane.provider.job_list_default,
        newest_first=in_order(jobs),
        others=others,
        same=same,
    )


def under_way(core: Core, lane: Lane) -> frozenset[int]:
    """Return the attempts of an account whose answers are still to come, of any kernel that lives."""
    rows = core.store.unanswered(realm_text(lane.realm))
    return frozenset(row.key for row in rows if row.state == State.INTENT and core.kernel.alive(row.kernel))


def _missing(
    core: Core,
    ticket: Ticket,
    known: Mapping[Known, int],
    heard: Mapping[str, tuple[int, int]],
    lost: float,
    only: frozenset[str] | None,
) -> Missing:
    """Return what is known of a lost create: its content, its time, and what a list that misses it must show."""
    lane, key = ticket.lane, ticket.key
    now, since_lost = core.clock.now(), core.clock.monotonic() - lost
    shift = timedelta(seconds=lane.offset or 0.0)
    gone = now - round(since_lost * 1e6) if ticket.timed else ticket.lost_at
    late = timedelta(seconds=max(LATE, core.settings.settle))
    # By then, every list shows what was accepted by the time the create was lost; one that lacks it is an older one.
    settled = now + round((core.settings.settle - since_lost) * 1e6)
    return Missing(
        key=key,
        generation=ticket.generation,
        since=_sent_at(core, ticket) + shift,
        after=frozenset(job for job, (before, at) in heard.items() if before < key and at < ticket.at),
        until=None if gone is None else _date(gone) + shift + late,
        slack=TOLERANCE if ticket.timed and lane.offset is not None else UNCHECKED,
        due=tuple(
            one for one, owner in known.items() if one.accepted <= settled or (owner < key and one.accepted < ticket.at)
        ),
        only=only,
    )


def _sent_at(core: Core, ticket: Ticket) -> datetime:
    """Return when a create was sent, by our clock as it stands now: the clock may have been put right since."""
    if not ticket.timed:
        return _date(ticket.at)
    return _date(core.clock.now() - (core.clock.monotonic() - ticket.accepted) * 1e6)


def _date(microseconds: float) -> datetime:
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def _known(core: Core, lane: Lane, first: int | None) -> dict[Known, int]:
    """Return our own jobs from an attempt on, each with its attempt; the sandbox's list ends with its process."""
    if first is None or lane.realm.sandbox:
        return {}
    rows = core.store.accepted_from(realm_text(lane.realm), first)
    return {Known(job, at, submitted): key for job, (key, at, submitted) in rows.items()}


def _others(core: Core, lane: Lane, models: Mapping[str, Model]) -> Others:
    """Return what tells that a job on an account's list is another's."""
    rows = core.store.unanswered(realm_text(lane.realm))
    read = ((row.key, core.store.generation(row.generation)) for row in rows)
    generations = {key: generation for key, generation in read if generation is not None}
    names = {one.model for one in generations.values()} | set(models)
    return Others(generations, names, lane.provider.app_prefix)
