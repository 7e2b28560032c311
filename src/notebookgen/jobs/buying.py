"""From wanted to sent: the intent, committed where account and budget allow it, and then the one create.

The intent is committed before the create leaves; a create goes out exactly once per attempt. Nothing else buys.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError, NotSent, TransportError
from notebookgen.jobs.answers import UNREACHABLE_TRIES
from notebookgen.jobs.exchanging import create
from notebookgen.jobs.leftover import is_behind, rest_of, why_behind
from notebookgen.jobs.outcomes import Accepted, NeverSent, Outcome, Unclear
from notebookgen.jobs.resending import begun, denied, write_off
from notebookgen.jobs.reserving import over_budget, reservation
from notebookgen.jobs.schedule import delay_after_failure
from notebookgen.jobs.sending import to_upload, unexpected, upload_all
from notebookgen.jobs.states import BUSY, State
from notebookgen.jobs.turns import Turns
from notebookgen.ledger.rows import realm_text, to_nano

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.errors import BudgetExceeded, NotWritable
    from notebookgen.jobs.answers import Answers
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.feeding import Feeding
    from notebookgen.jobs.knowing import Knowing
    from notebookgen.jobs.resending import Instead
    from notebookgen.jobs.ticket import Lane, Ticket
    from notebookgen.media.spool import Spool
    from notebookgen.records import InputImage, Realm
    from notebookgen.wire import HttpResponse

__all__ = ["Buying"]

# A few creates may be on their way when the pause begins; that many below the list's length, nothing can hide.
LIST_MARGIN = 20
LOOKED_FOR = 30.0  # seconds after the settle window, by which a lost create was found, proven absent or given up
TURN_WAIT = 1.0  # seconds until a create is tried again that waits for others of its account
RECOVER_WAIT = 5.0  # seconds until it is looked again for what dead kernels have left
CREATE_SECONDS = 300.0  # the longest that a create is held open
ROUNDS = 20


class Buying:
    """Decides, in one transaction for a group, what becomes of each wanted generation, and sends what is to be sent."""

    def __init__(
        self,
        core: Core,
        feeding: Feeding,
        knowing: Knowing,
        answers: Answers,
        hear: Callable[[Lane, HttpResponse], None],
        spool: Spool,
        recover: Callable[[Realm], None],
    ) -> None:
        """Work with the engine's other parts.

        ``hear`` is told of every reply (it sets the account's clock); ``recover`` takes over what dead kernels left.
        """
        self._core = core
        self._feeding = feeding
        self._knowing = knowing
        self._answers = answers
        self._hear = hear
        self._spool = spool
        self._recover = recover
        self._turns = Turns(core)
        self._seen: set[str] = set()  # shapes whose cost is known
        self._held: set[str] = set()  # runs that wait, within one decision
        # Accounts for which a create was committed, within one decision, and how many more could hide one that is lost.
        self._probed: set[Realm] = set()
        self._newer: dict[Realm, int] = {}

    # Wanted ------------------------------------------------------------------------------------------------------

    def claim(self) -> None:
        """Decide about the tickets that came in, then buy as many as there are free places, each in one transaction.

        What is known already does not queue behind creates that are held open for minutes.
        """
        core = self._core
        for _ in range(ROUNDS):
            self._feeding.fill()
            came = [core.ready.popleft() for _ in range(len(core.ready))]
            for ticket in came:
                ticket.find_payer()  # who was to pay may have stopped, or be paused, since it was last decided about
            unknown = self._together([ticket for ticket in came if not ticket.queued], self._knowing.known)
            for ticket in came:
                if ticket.queued or ticket in unknown:
                    core.queue.put(ticket)
            busy = core.tickets.busy
            batch = core.queue.take(core.settings.concurrency - busy.total(), busy)
            if batch:  # at most turns there is none
                self._together(batch, self._decide)
            if not came and not batch:
                return
        core.post(lambda: None)  # there is more, but others have their turn first

    def _together(
        self, batch: list[Ticket], decide: Callable[[Ticket], Callable[[], None] | None]
    ) -> frozenset[Ticket]:
        """Decide about tickets in one transaction, then do what was decided; return those left for later."""
        core = self._core
        batch = [ticket for ticket in batch if core.tickets.get(ticket.generation.id) is ticket]
        for ticket in [one for one in batch if not one.wanted]:
            core.finish(ticket, ticket.error)
        batch = [ticket for ticket in batch if ticket.wanted]
        self._held.clear()
        self._probed.clear()
        self._newer.clear()
        self._turns.begin()
        if not batch:
            return frozenset()
        decided: list[tuple[Ticket, Callable[[], None] | None]] = []
        try:
            with core.store.transaction():
                for ticket in batch:
                    decided.append((ticket, decide(ticket)))  # noqa: PERF401 - how far it came tells whose bug it is
        except Exception as error:  # noqa: BLE001 - nothing was committed, so nothing is sent
            self._turns.undo()
            for ticket in batch:
                ticket.stand(State.PLANNED)
                ticket.key = 0
            if isinstance(error, NotebookgenError):
                for ticket in batch:
                    core.leave(ticket, error)
                return frozenset()
            guilty = batch[min(len(decided), len(batch) - 1)]
            core.broken(guilty, error)
            return self._together([ticket for ticket in batch if ticket is not guilty], decide)
        for ticket, follow_up in decided:
            if follow_up is not None:
                core.safely(ticket, follow_up)
        return frozenset(ticket for ticket, follow_up in decided if follow_up is None)

    def _decide(self, ticket: Ticket) -> Callable[[], None]:
        """Return what is to be done once the transaction is committed; may commit an intent."""
        waits = ticket.lane.waits
        if waits:  # since one before it in this group was decided about: with many free places the rest are hundreds
            return lambda: self._put_back(ticket, waits)
        known = self._knowing.known(ticket)
        if known is not None:
            return known
        row = self._core.store.last_attempt(ticket.generation.id)
        if row is not None and row.state == State.PLANNED:
            ticket.load(row)
        else:  # another kernel may have taken up what could not leave here, and ended it
            ticket.key = 0
            ticket.stand(State.PLANNED)
        return self._buy(ticket)

    # Bought ------------------------------------------------------------------------------------------------------

    def _buy(self, ticket: Ticket) -> Callable[[], None]:
        """Commit the intent, if the account and the budget allow it; return what is to be done after the commit."""
        core, lane = self._core, ticket.lane
        not_now = self._not_now(ticket)
        if not_now is not None:
            return not_now
        reserved = reservation(core.store, ticket.generation, ticket.price)
        if ticket.run in self._held or (ticket.budget.finite and self._first_of_its_kind(ticket)):
            return self._hold(ticket)
        left = partial(rest_of, ticket, reserved)
        caps = core.settings.total_budget
        over = over_budget(core.store, ticket, reserved, now=core.clock.now(), caps=caps, left=left)
        if over is not None:
            if core.tickets.busy[ticket.run] or any(map(_is_untold, self._of(ticket.run))):
                return self._hold(ticket)  # what is under way may turn out cheaper than was reserved
            if ticket.again is not None:
                return self._denied(ticket, denied(core, ticket, reserved, over), over)
            if ticket.own is not None:
                handle, index = ticket.own
                handle.ends = (index, over)
            return lambda: self._over(ticket, over)
        if lane.lists and self._could_hide(lane):
            # More creates could hide a lost one behind the end of the provider's list.
            self._turns.wait_for_answers(lane, TURN_WAIT)
            self._look_for_lost(lane)
        behind = self._turns.why_not(ticket)
        if behind:
            return lambda: self._put_back(ticket, behind)
        instead = write_off(core, ticket)
        ticket.at = core.clock.now()
        ticket.reserved = reserved
        if ticket.key:
            columns = {"unit": reserved.unit, "reserved": to_nano(reserved.amount), "lost_at": None, "error": None}
            core.move(ticket, State.INTENT, at=ticket.at, run=ticket.run, kernel=core.kernel.id, **columns)
        else:
            core.store.remember(ticket.generation, ticket.at)
            ticket.key = core.store.add_intent(
                ticket.generation,
                run=ticket.run,
                realm=realm_text(lane.realm),
                kernel=core.kernel.id,
                at=ticket.at,
                unit=reserved.unit,
                reserved=to_nano(reserved.amount),
                instead=instead.row.key if instead is not None else None,
            )
            ticket.stand(State.INTENT)
        self._probed.add(lane.realm)
        self._newer[lane.realm] = self._newer.get(lane.realm, 0) + 1
        return lambda: self._send(ticket, instead)

    def _not_now(self, ticket: Ticket) -> Callable[[], None] | None:
        """Return what is to be done in place of buying; None where neither the run's end nor the account is in the way."""
        core, lane = self._core, ticket.lane
        behind = why_behind(ticket)
        if behind is not None:
            run = ticket.run
            return lambda: self._behind(ticket, run, behind)
        if lane.stopped is not None:
            error = lane.stopped
            return lambda: self._account_stopped(ticket, error)
        wait = max(lane.paused_until - core.clock.monotonic(), 0.0)
        if lane.troubled and (lane.sending or lane.realm in self._probed):
            wait = max(wait, TURN_WAIT)  # one create finds out whether the trouble is over, and not all of them
        if wait > 0:
            return lambda: core.again(ticket, wait, "waiting for the account")
        images = to_upload(ticket)
        if images:
            return lambda: self._upload(ticket, images)
        return None

    def _put_back(self, ticket: Ticket, why: str) -> None:
        """Have a row wait until its account takes more, as the next one: nothing of it has begun."""
        self._core.tell(ticket, why)
        self._core.queue.put_back(ticket)

    def _look_for_lost(self, lane: Lane) -> None:
        """Have what a kernel has left that died meanwhile looked after here: nobody else may be there to do so."""
        core, now = self._core, self._core.clock.monotonic()
        if now >= lane.recovers_at:
            lane.recovers_at = now + RECOVER_WAIT
            core.post(lambda: self._recover(lane.realm))

    def _could_hide(self, lane: Lane) -> bool:
        """Whether more creates could hide one without an answer; what is held for a person stops nobody."""
        core, realm = self._core, lane.realm
        if realm not in self._newer:
            now, looks = core.clock.now(), core.settings.settle + LOOKED_FOR
            self._newer[realm] = core.store.newer_creates(
                realm_text(realm), sent=now - round((looks + CREATE_SECONDS) * 1e6), lost=now - round(looks * 1e6)
            )
        return self._newer[realm] >= lane.provider.job_list_limit - LIST_MARGIN

    def _hold(self, ticket: Ticket) -> Callable[[], None]:
        """Have a row wait for the end of another one of its run, and all that come after it, too."""
        self._held.add(ticket.run)
        return lambda: self._core.queue.hold(ticket)

    def _first_of_its_kind(self, ticket: Ticket) -> bool:
        """Whether one like it is under way whose cost will tell what this one costs: under a budget it goes alone."""
        core, shape = self._core, ticket.generation.shape
        if shape in self._seen or core.store.settled(shape):
            self._seen.add(shape)
            return False
        alike = [one for one in self._of(ticket.run) if one.generation.shape == shape]
        if any(one.state is State.COMPLETED and not _is_untold(one) for one in alike):
            self._seen.add(shape)  # nothing more will be heard of what it costs: its file need not be waited for
            return False
        return any(map(_is_untold, alike))

    def _of(self, run: str) -> list[Ticket]:
        """Return what is in hand that a run pays for."""
        return [one for one in self._core.tickets.values() if one.run == run and not one.cached]

    def _denied(self, ticket: Ticket, no: BudgetExceeded, over: BudgetExceeded) -> Callable[[], None]:
        """Leave a row in doubt that the budget does not cover once more; where its run has said so itself, the run ends there."""
        core, run = self._core, ticket.run
        own = next((one for one in ticket.followers if one[0].id == run and one[0].resubmits), None)
        if own is not None:
            own[0].ends = (own[1], over)

        def follow_up() -> None:
            core.finish(ticket, no)
            if own is not None:
                self._close(run, over)

        return follow_up

    def _over(self, ticket: Ticket, error: NotebookgenError) -> None:
        """End a row that the budget does not cover, and all of its run behind it: rows are sent in their order.

        What is not known to be bought by this run (it may be here, or another kernel may be making it) is still looked up.
        """
        run = ticket.run
        self._core.decline(ticket, error)
        self._close(run, error)

    def _close(self, run: str, error: NotebookgenError) -> None:
        """Bring no more of a run, and end what stands behind the row at which its money has ended."""
        core = self._core
        self._feeding.close(run, error)
        for one in list(core.tickets.values()):
            if one.queued and not one.shared and one.state is State.PLANNED and is_behind(one, run):
                core.decline(one, error, waits=True)
        core.queue.pass_on(run)

    def _behind(self, ticket: Ticket, run: str, error: NotebookgenError) -> None:
        """End a row behind the one that the budget does not cover, unless that was done, or another run pays for it by now."""
        core = self._core
        if core.tickets.get(ticket.generation.id) is not ticket:
            return
        if ticket.run == run:
            core.decline(ticket, error)
        else:
            core.ready.append(ticket)

    def _account_stopped(self, ticket: Ticket, error: NotebookgenError) -> None:
        """End a row whose account takes nothing more, and the rest of a run that has no other account."""
        self._feeding.end(ticket.run, error, realm=ticket.lane.realm)
        self._core.finish(ticket, error)

    # Sent --------------------------------------------------------------------------------------------------------

    def _upload(self, ticket: Ticket, images: list[InputImage]) -> None:
        """Upload the local images (free, and nothing is bought yet), then come back."""
        core, lane = self._core, ticket.lane

        def then(uploaded: dict[str, str] | None, error: BaseException | None) -> None:
            if uploaded is not None:
                ticket.failures = 0
                lane.uploads.update(uploaded)
                core.queue.put(ticket, first=True)
            elif isinstance(error, TransportError) and ticket.failures < UNREACHABLE_TRIES:
                ticket.failures += 1
                wait = delay_after_failure(ticket.failures, retry_after=None, jitter=core.rng.random())
                core.again(ticket, wait, "waiting to upload")
            elif isinstance(error, NotebookgenError):
                core.finish(ticket, error)
            else:
                raise error or RuntimeError("an upload gave neither addresses nor an error")

        core.tell(ticket, "uploading")
        core.work(
            lambda: upload_all(lane, images, core.fetcher),
            lambda uploaded, error: core.safely(ticket, lambda: then(uploaded, error)),
        )

    def _send(self, ticket: Ticket, instead: Instead | None) -> None:
        """Send the one create of this attempt; ``instead`` is what was written off for it."""
        core, lane = self._core, ticket.lane
        ticket.accepted = core.clock.monotonic()
        # First: where the ledger cannot be asked just now, all of this comes again.
        ticket.forecast = core.durations.forecast(ticket)
        if instead is not None:
            begun(ticket, instead)
        uploads, spool, callback = dict(lane.uploads), self._spool, core.calls.address(ticket)
        ticket.tries += 1
        core.sending += 1
        lane.sending += 1
        core.show(ticket)  # from here on nobody may say that nothing was sent
        core.tell(ticket, "sending")

        def then(result: tuple[Outcome, HttpResponse | None] | None, error: BaseException | None) -> None:
            core.sending -= 1
            lane.sending -= 1
            self._turns.answered(lane)
            outcome, response = result or (Unclear(unexpected(error)), None)
            if response is not None:
                self._hear(lane, response)
                if isinstance(outcome, Accepted) and outcome.job.id is None:
                    ticket.reply = response  # it can be had nowhere else: kept until its files are in place
            core.safely(ticket, lambda: self._answers.settle(ticket, outcome))

        def go() -> None:
            ticket.accepted, ticket.timed = core.clock.monotonic(), True
            create(core, ticket, uploads, spool, callback, then)

        def kept(error: NotWritable) -> None:
            lane.gate.give_back("create")
            unsent = NotSent(str(error))
            unsent.__cause__ = error
            then((NeverSent(unsent), None), None)

        core.durably.then(go, kept)  # an intent that a power cut could undo buys nothing


def _is_untold(ticket: Ticket) -> bool:
    """Whether it has not come out yet what a ticket costs: a receipt, where there is one, is read once the file is here."""
    if ticket.state is not State.COMPLETED:
        return ticket.state in BUSY
    receipt = ticket.job is not None and ticket.lane.provider.receipt(ticket.ref) is not None
    return receipt and ticket.cost.basis != "reported"
