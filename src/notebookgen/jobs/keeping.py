"""From completed to saved: every file here, checked by its own bytes, in its place, before its address expires.

What is paid for is never bought again because a transfer broke: the transfer is repeated, then the job is asked for
new addresses, then it is said. What is beyond all limits as often as it comes is not fetched for ever.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from notebookgen.errors import (
    AssetError,
    AssetGone,
    AssetRefused,
    Forbidden,
    InvalidKey,
    JobFailed,
    NotebookgenError,
    NotFound,
    NotWritable,
)
from notebookgen.jobs.durations import seen_columns
from notebookgen.jobs.ending import GONE_TRIES, ending_cost, not_to_be_had
from notebookgen.jobs.judging import Judging, strange
from notebookgen.jobs.naming import short_job
from notebookgen.jobs.receipts import receipt_of
from notebookgen.jobs.schedule import delay_after_failure
from notebookgen.jobs.states import State
from notebookgen.jobs.whereabouts import another_way, as_they_came, known_addresses, to_fetch
from notebookgen.ledger.rows import outputs_from, to_nano
from notebookgen.providers import read_look
from notebookgen.records import Cost, Phase
from notebookgen.transport.expiry import expires_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.media.spool import Spool
    from notebookgen.records import Asset, Job
    from notebookgen.wire import HttpResponse

__all__ = ["Keeping"]

Errors = dict[int, NotebookgenError]  # by the place of the output

TRANSFERS = 6
EMPTY_LOOKS = 4
EMPTY_WAIT = 1.0  # seconds until a job that is done and names no file is asked again
ASKS = 3
FULL_WAIT = 30.0
SOME_DAYS = 7 * 24 * 3600.0  # where nobody says for how long results are kept


class Keeping:
    """Brings finished work home."""

    def __init__(self, core: Core, spool: Spool) -> None:
        """Work with the engine's other parts."""
        self._core = core
        self._spool = spool
        self._judging = Judging()

    def completed(self, ticket: Ticket, job: Job, /, taken: Callable[[], None] | None = None, **columns: Any) -> None:
        """Write down that a job is done and what it cost, and fetch its files.

        Args:
            ticket: Whose job it is.
            job: As the provider told of it.
            taken: Goes on where the ledger has that job with another attempt.
            **columns: What else is written of it.
        """
        core = self._core
        if not job.outputs and ticket.failures < EMPTY_LOOKS and ticket.job and ticket.state is State.SUBMITTED:
            ticket.failures += 1  # "completed" may come a moment before the addresses do
            core.soon(ticket, EMPTY_WAIT * (1.0 + ticket.failures), lambda: self._ask_again(ticket))
            return
        ticket.cost = ending_cost(ticket, job)
        seconds = core.clock.monotonic() - ticket.accepted if ticket.timed else ticket.seconds
        if job.created and job.completed:
            seconds = max((job.completed - job.created).total_seconds(), 0.0)
            if job.created.microsecond or job.completed.microsecond:  # else they are told in whole seconds
                ticket.lived = None  # the end is known, not only between which looks it was
        ticket.seconds = seconds
        ticket.outputs = job.outputs
        columns |= {"charged": to_nano(ticket.cost.amount), "basis": ticket.cost.basis, "seconds": seconds}
        columns |= {"outputs": to_fetch(job.outputs), "error": None, **seen_columns(ticket)}
        if ticket.cost.unit:
            columns["unit"] = ticket.cost.unit

        def then() -> None:
            ticket.instead = None
            core.durations.over(ticket)
            if job.outputs:
                ticket.failures = 0
                self._fetch(ticket)
            elif ticket.job and ticket.failures < EMPTY_LOOKS:
                ticket.failures += 1
                core.soon(ticket, EMPTY_WAIT, lambda: self._ask_again(ticket))
            elif ticket.job:
                self._missing(ticket, "the provider says it is done and names no result")
            else:
                self._lost(ticket, "the provider says it is done and names no result")

        core.write_soon(ticket, lambda: core.move(ticket, State.COMPLETED, **columns), then, taken=taken)

    def resume(self, ticket: Ticket, row: AttemptRow) -> None:
        """Go on with work that an earlier kernel left completed, or of which files are missing."""
        core = self._core
        known = core.store.placed_assets(row.key)
        ticket.had = {place: asset for place, asset in known.items() if core.fetcher.present(asset)}
        kept = self._spool.load(ticket.spooled)
        if kept is not None:
            job = ticket.lane.provider.read_create(kept, ticket.generation)
            ticket.outputs = job.outputs
        else:
            named = outputs_from(row.outputs)
            # Where something was missing, its job alone knows how many there are; else an address is the shorter way.
            ticket.outputs = named or (() if ticket.job and row.error else as_they_came(known))
            ticket.spare = known_addresses(named, known)
        if ticket.outputs:
            self._fetch(ticket)
        elif ticket.job:
            self._ask_again(ticket)
        else:
            self._lost(ticket, "its file is gone, and the provider gave no job to ask again")

    def once_more(self, ticket: Ticket, job: Job) -> None:
        """Try once for the files of a job that was given up: what could not be had then is not waited for again."""
        ticket.asked_again = ASKS
        self._core.rests[ticket.key] = GONE_TRIES
        self.completed(ticket, job)

    def _fetch(self, ticket: Ticket) -> None:
        """Bring the files here that are not here yet, one after the other, in a worker."""
        core, origin, due = self._core, ticket.lane.provider.base_url, ticket.kind
        skipped = ticket.had.keys() | self._judging.settled(ticket.key).keys()
        wanted = [(place, output) for place, output in enumerate(ticket.outputs) if place not in skipped]
        wanted.sort(key=lambda one: (expires_at(one[1].url), one[0]))  # what expires first comes first
        core.tell(ticket, "downloading")

        unknown = {place for place, _ in wanted if self._judging.unknown(ticket.key, place)}
        paid = ticket.job is not None and ticket.cost.basis != "reported"  # and nobody has said how much

        def task() -> tuple[dict[int, Asset], Errors, Decimal | None]:
            kept: dict[int, Asset] = {}
            errors: Errors = {}
            for place, output in wanted:
                try:
                    kept[place] = core.fetcher.keep(output, origin=origin, due=due, unknown=place in unknown)
                except NotebookgenError as error:
                    errors[place] = error
            return kept, errors, receipt_of(ticket) if paid and not errors else None

        def then(result: tuple[dict[int, Asset], Errors, Decimal | None] | None, error: BaseException | None) -> None:
            if result is None:
                raise error or RuntimeError("a download gave neither files nor an error")
            self._fetched(ticket, *result)

        expires = min((self._expiry(ticket, output.url) for _, output in wanted), default=math.inf)
        core.fetch(
            task, lambda result, error: core.safely(ticket, lambda: then(result, error)), of=origin, expires=expires
        )

    @staticmethod
    def _expiry(ticket: Ticket, url: str | None) -> float:
        """Return when an address ends: as it says itself, else when the provider's results do, as far as is known."""
        said = expires_at(url)
        lifetime = ticket.lane.provider.result_seconds
        if said < math.inf or url is None or lifetime is None:
            return said
        return ticket.at / 1e6 + lifetime if ticket.at else math.inf

    def _fetched(self, ticket: Ticket, kept: dict[int, Asset], errors: Errors, cost: Decimal | None) -> None:
        """Go on from what a worker brought; what came is never fetched twice."""
        core, judging = self._core, self._judging
        ticket.had |= kept
        judging.note(ticket.key, errors, now=core.clock.now(), late=ticket.asked_again >= ASKS)
        settled = judging.settled(ticket.key)
        places = [place for place in range(len(ticket.outputs)) if place not in ticket.had]
        errors = {place: error for place, error in (settled | errors).items() if place in places}
        trouble = {place: error for place, error in errors.items() if place not in settled}
        times = [judging.times(ticket.key, place) for place in trouble]
        if not errors:
            self._keep(ticket, cost=cost)
            return
        said = "; ".join(sorted({str(error).splitlines()[0] for error in errors.values()}))
        if all(isinstance(error, AssetRefused) and self._came_inside(ticket, place) for place, error in errors.items()):
            self._lost(ticket, said, refused=True)  # the provider's own reply has it, so that no other will come
        elif not trouble:
            self._refused(ticket, said)
        elif any(not isinstance(error, AssetGone | AssetRefused) for error in trouble.values()):  # it may pass
            ticket.failures += 1
            if ticket.job and not ticket.asked_again and any(output.sha256 for output in ticket.outputs):
                ticket.asked_again, ticket.failures = 1, 0  # only the ledger says that they are there
                ticket.outputs = ()  # so that it is tried again where the job knows no better
                self._ask_again(ticket)
            elif ticket.failures < TRANSFERS:
                wait = delay_after_failure(ticket.failures, retry_after=None, jitter=core.rng.random())
                core.tell(ticket, f"waiting to download again: {said}")
                core.soon(ticket, wait, lambda: self._fetch(ticket))
            else:
                self._put_off(ticket, said)
        elif ticket.asked_again < ASKS and (min(times) <= ASKS if ticket.job else 1 in times):
            # Expired, moved, not there yet, or an error page in the file's place: the job may give better addresses,
            # and asking is free, but for bytes that stay the same. Without a job, what was refused for itself is looked
            # at once more.
            wait = delay_after_failure(ticket.asked_again, retry_after=None, jitter=0.0) if ticket.asked_again else 0.0
            ticket.asked_again += 1
            core.soon(ticket, wait, lambda: self._ask_again(ticket) if ticket.job else self._fetch(ticket))
        else:
            self._missing(ticket, said, refused=all(isinstance(error, AssetRefused) for error in errors.values()))

    @staticmethod
    def _came_inside(ticket: Ticket, place: int) -> bool:
        """Whether an output came inside the provider's reply, and not from an address."""
        output = ticket.outputs[place]
        return output.data is not None or output.text is not None

    def _missing(self, ticket: Ticket, said: str, *, refused: bool = False) -> None:
        """Go on where files cannot be had: later, as long as they may still be there, else it is said that they are lost.

        Args:
            ticket: Whose files they are.
            said: What stands in the way.
            refused: Whether something came, and was not what was due.
        """
        # A login page, or a proxy that denies everything, may stand in the way for a night: only time tells.
        if self._elsewhere(ticket):
            return
        if not not_to_be_had(self._core, ticket, lifetime=ticket.lane.provider.result_seconds or SOME_DAYS):
            self._put_off(ticket, said)
        elif ticket.outputs and self._judging.spare(ticket.key, ticket.had):
            self._fetch(ticket)  # what is of no known type is better than nothing
        else:
            self._lost(ticket, said, refused=refused)

    def _elsewhere(self, ticket: Ticket) -> bool:
        """Fetch from an address that was known before, where there is one that was not tried; return whether there is."""
        outputs, ticket.spare = another_way(ticket.outputs, ticket.spare, ticket.had)
        if outputs:
            ticket.outputs = outputs
            self._fetch(ticket)
        return bool(outputs)

    def _keep(self, ticket: Ticket, missing: str = "", *, later: bool = False, cost: Decimal | None = None) -> None:
        """Write down that the files are here, or those of them that could be had.

        Args:
            ticket: Whose files they are.
            missing: What stands in the way of the others.
            later: Whether the others may still come: the next call for them tries again.
            cost: What the provider says that they cost, where it was asked.
        """
        core = self._core
        columns: dict[str, Any] = {"unkept": ticket.unkept if later else None}
        if cost is not None:
            ticket.cost = Cost(cost, ticket.lane.provider.unit, "reported")
            columns |= {"charged": to_nano(cost), "unit": ticket.cost.unit, "basis": ticket.cost.basis}
        ticket.assets = tuple(asset for _, asset in sorted(ticket.had.items()))
        note, outputs = strange(ticket.kind, ticket.assets), None
        if missing:
            number = len(ticket.outputs) or max(ticket.had) + 1
            lost = max(number - len(ticket.had), 1)
            note = f"{lost} of {len(ticket.had) + lost} files could not be had: {missing}"
        if later:
            note = f"{note}\nIt is paid for and not lost: run it again to fetch the rest; nothing is bought anew."
            # Places are counted in the whole list, so it is kept whole, or asked for anew.
            outputs = to_fetch(ticket.outputs)

        def write() -> None:
            core.store.keep_assets(ticket.key, ticket.had)
            core.move(ticket, State.SAVED, ended=core.clock.now(), error=note, outputs=outputs, **columns)

        def then() -> None:
            if not later:
                self._judging.forget(ticket.key)
                self._drop(ticket)
            ticket.reply = None
            core.finish(ticket, AssetError(note) if note else None)

        core.write_soon(ticket, write, then, last=True)

    def _drop(self, ticket: Ticket) -> None:
        """Forget the reply that was kept for a ticket, once the disk has what became of it."""
        kept = ticket.spooled
        if self._spool.holds(kept):
            self._core.durably.then(lambda: self._spool.drop(kept), lambda _: None)

    def _put_off(self, ticket: Ticket, said: str) -> None:
        """Stop trying for now: what came is handed over, and what did not come is said."""
        core = self._core
        only_here = self._only_here(ticket)
        if ticket.had and not only_here:
            self._keep(ticket, said, later=True)
            return
        message = (
            f"{said}\nIt is paid for and made. Nothing is lost: it is asked for again by itself.\n"
            "Run it again, or type: ng.resume()"
        )
        if only_here:
            core.leave(ticket, AssetError(message))
            core.soon(ticket, FULL_WAIT, lambda: self._fetch(ticket))
        else:
            core.store.update(ticket.key, error=said)
            core.rest(ticket, AssetError(message))

    def _only_here(self, ticket: Ticket) -> bool:
        """Whether what was paid for is in this process's memory only, because even its reply cannot be written."""
        if ticket.reply is None:
            return False
        try:
            self._spool.save(ticket.spooled, ticket.reply)
        except NotWritable:
            return True
        return False

    def _ask_again(self, ticket: Ticket) -> None:
        """Ask the job for its addresses anew."""
        core, lane = self._core, ticket.lane
        request = lane.provider.status(ticket.ref)
        core.tell(ticket, "asking the job for its files again")

        def then(response: HttpResponse | None, error: BaseException | None) -> None:
            job: Job | None = None
            if response is not None:
                try:
                    job = read_look(lane.provider, response, ticket.ref, "asking for the files of a job")
                except NotebookgenError as unread:
                    error = unread
            elif not isinstance(error, NotebookgenError):
                raise error or RuntimeError("a look gave neither a reply nor an error")
            if job is not None and job.phase is Phase.COMPLETED and ticket.state is State.SUBMITTED:
                self.completed(ticket, job)
            elif job is not None and job.outputs:
                ticket.outputs = job.outputs
                core.store.update(ticket.key, outputs=to_fetch(job.outputs))
                self._fetch(ticket)
            else:
                self._unanswered(ticket, job, error)

        core.work(
            lambda: lane.transport.send(request),
            lambda response, error: core.safely(ticket, lambda: then(response, error)),
        )

    def _unanswered(self, ticket: Ticket, job: Job | None, error: BaseException | None) -> None:
        """Go on from an answer without files: only one that says so for good is the end of what was paid for."""
        core = self._core
        ticket.failures += 1
        if job is not None and not job.phase.over:
            ticket.failures = min(ticket.failures, TRANSFERS - 1)  # it is still being made
        denied = isinstance(error, NotFound)
        if (denied or (job is not None and job.phase.over)) and ticket.failures >= EMPTY_LOOKS:
            said = "the provider does not know the job any more" if denied else "the provider gives no new address"
            self._missing(ticket, f"the file is gone, and {said}")
        elif ticket.failures >= TRANSFERS or isinstance(error, InvalidKey | Forbidden):
            if self._elsewhere(ticket):
                return
            said = str(error).splitlines()[0] if error else "it says nothing"
            if ticket.had:
                self._keep(ticket, said, later=True)
                return
            message = (
                f"{ticket.lane.provider.title} gives no files for job {short_job(ticket.job)} just now: {said}\n"
                "It is paid for and is asked for again by itself. Run it again, or type later: ng.resume()"
            )
            core.store.update(ticket.key, error=said)
            core.rest(ticket, AssetError(message))
        else:
            wait = delay_after_failure(ticket.failures - 1, retry_after=None, jitter=core.rng.random())
            core.soon(ticket, wait, lambda: self._ask_again(ticket))

    def _refused(self, ticket: Ticket, said: str) -> None:
        """Stop fetching what will be refused again as often as it comes; whoever calls for it again has it looked at once."""
        if ticket.job and ticket.unkept is None:
            ticket.unkept = self._core.clock.now()
            self._core.store.update(ticket.key, unkept=ticket.unkept)
        self._lost(ticket, said, refused=True)

    def _lost(self, ticket: Ticket, said: str, *, refused: bool = False) -> None:
        """Say that what was paid for cannot be had, or not all of it; it is never bought again by itself."""
        core = self._core
        if ticket.had:
            self._keep(ticket, said)
            return
        core.move(ticket, State.FAILED, ended=core.clock.now(), error=said, retryable=0)
        self._judging.forget(ticket.key)
        self._drop(ticket)
        why = "What came back was not kept" if refused else "What was made cannot be had any more"
        again = f"Run it again to {'ask its job' if ticket.job else 'look for it'} once more, which is free; "
        again = again if ticket.unkept else ""
        message = (
            f"{said}\n{why}. It is paid for ({ticket.cost}). Nothing was sent now. {again}fresh=True buys it anew."
        )
        core.finish(ticket, JobFailed(message, id=ticket.generation.id, job=ticket.job, retryable=False))
