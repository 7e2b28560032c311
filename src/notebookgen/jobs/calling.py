"""Jobs that are called back: an address for each create, and what is made of the calls that come. Decides, and sends nothing.

A call moves nothing by itself. What is signed may stand for the answer to one look; everything else leads to one look,
and however many calls come, to no more than one every few seconds. While calls are awaited a job is looked at only when
it is almost surely over; where nothing has come to the address yet, or several such looks in a row find jobs that nobody has
called about, looks go on as usual.
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.jobs.guarding import guarded
from notebookgen.jobs.naming import short_job
from notebookgen.jobs.resending import call_off, not_sent_again
from notebookgen.jobs.states import State
from notebookgen.providers import check_job
from notebookgen.records import Phase
from notebookgen.webhooks.addresses import is_near
from notebookgen.webhooks.exchange import newest
from notebookgen.webhooks.hints import Hint, read_hint
from notebookgen.webhooks.tokens import home_secret, token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.records import Job, Realm
    from notebookgen.webhooks.receiver import Incoming, Receiver

__all__ = ["Call", "Calling"]

log = logging.getLogger("notebookgen")
LOOK_EVERY = 5.0  # seconds between two looks at a job that calls lead to
MISSES = 3  # looks in a row that find a job over without a call, until calls are no longer counted on
AWAITED = frozenset({State.INTENT, State.SUBMITTED, State.AMBIGUOUS})
MOST_PENDING = 8
FEW = 64


@dataclass(eq=False, slots=True)
class Call:
    """That a call is awaited for a ticket.

    Attributes:
        token: The one of its attempt.
        receiver: Where it is to come; None where the address was given by an earlier kernel.
        rare: Whether looks may wait for it.
        early: What was said before it was known that there is a job.
        pending: What is on its way to the engine's thread; what comes when these are many is not heard.
        looks_at: The next look that a call may lead to, on the monotonic clock.
        later: Whether such a look is planned.
        handles: Who was told that nobody knows whether the create was accepted.
    """

    token: str
    receiver: Receiver | None
    rare: bool = False
    early: Hint | None = None
    pending: deque[Hint] = field(default_factory=deque)
    looks_at: float = 0.0
    later: bool = False
    handles: tuple[RunHandle, ...] = ()


class Calling:
    """Gives addresses to be called at, and makes something of the calls; a desk of the exchange."""

    def __init__(
        self,
        core: Core,
        *,
        look: Callable[[Ticket], None],
        heard: Callable[[Ticket, Job], None],
        wait: Callable[[Ticket], None],
    ) -> None:
        """Work with the engine's other parts.

        Args:
            core: The engine's memory.
            look: Asks for a job's status, now.
            heard: Goes on from what a provider says about a job.
            wait: Plans the next look anew.
        """
        self._core = core
        self._look = look
        self._heard = heard
        self._wait = wait
        self._tickets: dict[str, Ticket] = {}  # by token; read in the receivers' threads
        self._most = FEW
        self._secret: bytes | None = None
        self._misses: dict[Realm, int] = {}
        self.resolve: Callable[[str, str], object] = lambda _id, _job: None  # asks about a job, and adopts it
        self._told: set[tuple[Realm, str]] = set()

    # What is awaited ---------------------------------------------------------------------------------------------

    def address(self, ticket: Ticket) -> str | None:
        """Return where a job is to be called about that is about to be created; None where nobody can or would call."""
        ticket.call = None
        receiver, lane = newest(), ticket.lane
        if receiver is None or not lane.provider.calls_back:
            return None
        if not is_near(lane.provider.base_url):
            why = "reaches this machine or its network only" if receiver.address.near else ""
            if lane.provider.callbacks_need_https and not receiver.address.secure:
                why = "is no https address"
            if why:
                said = f"{lane.provider.title} cannot call back at {receiver.url}, which {why}: its jobs are asked about as usual."
                self._note(ticket, "address", said)
                return None
        trusted = receiver.reached and self._misses.get(lane.realm, 0) < MISSES
        call = self._expect(ticket, receiver)
        call.rare = trusted
        return receiver.address.of_job(lane.provider.name, call.token)

    def expect(self, ticket: Ticket) -> None:
        """Listen for a call about a job of an earlier kernel, which may have been told this address. Looks do not wait for it."""
        if newest() is not None and ticket.call is None and ticket.lane.provider.calls_back and _attempt(ticket):
            self._expect(ticket, None)

    def _expect(self, ticket: Ticket, receiver: Receiver | None) -> Call:
        """Await a call."""
        self._sweep()
        token = token_of(self._home_secret(), key=_attempt(ticket), at=ticket.at, generation=ticket.generation.id)
        ticket.call = Call(token, receiver)
        self._tickets[token] = ticket
        return ticket.call

    def _sweep(self) -> None:
        """Forget tokens that nothing is awaited for, now and then."""
        if len(self._tickets) >= self._most:
            self._tickets = {
                token: one for token, one in self._tickets.items() if _is_awaited(one) and token in _tokens(one)
            }
            self._most = max(FEW, 2 * len(self._tickets))

    def _home_secret(self) -> bytes:
        """Return the secret that tokens are made of; where it cannot be kept, it lasts as long as this kernel."""
        if self._secret is None:
            try:
                self._secret = home_secret(self._core.settings.home)
            except OSError as error:
                log.warning("notebookgen: no secret for callbacks can be kept (%s)", error.strerror or error)
                self._secret = secrets.token_bytes(32)
        return self._secret

    # From the receivers' threads ---------------------------------------------------------------------------------

    def take(self, incoming: Incoming) -> str | None:
        """Return what becomes of a callback in one word, empty where that is counted later; None where it is not ours."""
        ticket = self._tickets.get(incoming.token)
        call = ticket.call if ticket is not None else None
        if ticket is None or call is None or call.token != incoming.token:
            return None
        provider = ticket.lane.provider
        if provider.name != incoming.provider:
            return None
        if not _is_awaited(ticket):
            return "unawaited"
        if len(call.pending) >= MOST_PENDING or call.later:
            return "repeated"
        hint = read_hint(provider, incoming.headers, incoming.body, secret=ticket.lane.signing())
        if hint is None:
            return "forged"
        call.pending.append(hint)
        self._core.post(partial(guarded, partial(self._came, ticket, call)))
        return ""

    def started(self) -> None:
        """Have calls awaited for what an earlier kernel has left; called from any thread."""

        def event() -> None:
            for ticket in list(self._core.tickets.values()):
                if ticket.state is State.SUBMITTED or ticket.again is not None:
                    self.expect(ticket)

        self._core.post(partial(guarded, event))

    def stopped(self, receiver: Receiver) -> None:
        """Have looks go on as usual where calls were to come that nobody hears now; called from any thread."""

        def event() -> None:
            self._no_longer(lambda _, call: call.receiver is receiver)

        self._core.post(partial(guarded, event))

    # What is made of a call --------------------------------------------------------------------------------------

    def _came(self, ticket: Ticket, call: Call) -> None:
        """Make something of the call that came first."""
        self._called(ticket, call, call.pending.popleft())

    def _called(self, ticket: Ticket, call: Call, hint: Hint) -> None:
        """Make something of a call."""
        if ticket.call is not call or not _is_awaited(ticket):
            fate = "unawaited"
        elif not _is_about(ticket, hint):
            fate = "other job"
        elif ticket.state is State.PLANNED:
            fate = self._instead(ticket, call, hint)
        elif hint.over is False:
            fate = "still running"
        elif ticket.state is State.INTENT:
            call.early = hint
            fate = "early"
        elif ticket.state is State.AMBIGUOUS:
            fate = self._adopt(ticket, call, hint)
        elif ticket.settling:
            fate = "unawaited"
        else:
            fate = self._use(ticket, call, hint)
        receiver = call.receiver or newest()
        if receiver is not None:
            receiver.count(fate)

    def begun(self, ticket: Ticket) -> bool:
        """Whether a job that was just accepted was called about before: then it is looked at now."""
        call = ticket.call
        if call is None or call.early is None:
            return False
        hint, call.early = call.early, None
        if not _is_about(ticket, hint):
            return False
        self._core.safely(ticket, lambda: self._used(ticket, call, hint))
        return True

    def _use(self, ticket: Ticket, call: Call, hint: Hint) -> str:
        """Make something of a call about a job that is under way; return what became of it in one word."""
        fate = "used" if self._core.clock.monotonic() >= call.looks_at else "repeated"
        self._core.safely(ticket, lambda: self._used(ticket, call, hint))
        return fate

    def _used(self, ticket: Ticket, call: Call, hint: Hint) -> None:
        """Take what is signed for the answer to a look, and look where nothing is signed or something is missing."""
        core = self._core
        self._misses.pop(ticket.lane.realm, None)
        call.rare = False  # should the job go on all the same, it is looked at as usual
        if hint.job is not None and self._is_whole(ticket, hint.job):
            self._heard(ticket, hint.job)
            return
        now = core.clock.monotonic()
        if now >= call.looks_at:
            call.looks_at = now + LOOK_EVERY
            self._look(ticket)
        elif not call.later:
            call.later = True
            core.soon(ticket, call.looks_at - now, lambda: self._look_later(ticket, call))

    def _look_later(self, ticket: Ticket, call: Call) -> None:
        """Look once for the calls that came too soon after another one."""
        call.later = False
        call.looks_at = self._core.clock.monotonic() + LOOK_EVERY
        self._look(ticket)

    @staticmethod
    def _is_whole(ticket: Ticket, job: Job) -> bool:
        """Whether a signed payload tells as much as the answer to a look: what was made, and what it has cost."""
        try:
            check_job(ticket.lane.provider, job, ticket.ref)
        except NotebookgenError:
            return False
        known = job.charged is not None or ticket.cost.basis == "reported"
        return job.phase is Phase.COMPLETED and bool(job.outputs) and known

    def in_doubt(self, ticket: Ticket) -> bool:
        """Take note that a create had no clear answer: whoever calls about it has accepted it.

        Returns:
            Whether a call has told already which job it became: that one is asked about, and nothing is sent again.
        """
        call = ticket.call
        if call is None:
            return False
        call.handles = tuple(dict.fromkeys(handle for handle, _ in ticket.followers))
        hint, call.early = call.early, None
        return hint is not None and self._adopt(ticket, call, hint) == "used"

    def _adopt(self, ticket: Ticket, call: Call, hint: Hint) -> str:
        """Adopt the job that a create without an answer has become, as if a person had named it: asked about before.

        Where the provider lists its jobs, the list tells.
        """
        now = self._core.clock.monotonic()
        if ticket.lane.lists or hint.job_id is None:
            return "unawaited"
        if now < call.looks_at:
            return "repeated"
        row = self._core.store.last_attempt(ticket.generation.id)
        if row is None or row.key != ticket.key:  # another create than the one that is called about
            return "unawaited"
        call.looks_at = now + LOOK_EVERY
        try:
            self.resolve(ticket.generation.id, hint.job_id)
        except NotebookgenError:  # a person, or another kernel, has settled it
            return "unawaited"
        for handle in call.handles:
            handle.note(f"{_adopted(ticket, hint.job_id)} Run it again to have it here.")
        return "used"

    def _instead(self, ticket: Ticket, call: Call, hint: Hint) -> str:
        """Adopt the job of a create without an answer that waits to be sent again: it is proven that it was accepted."""
        core, again = self._core, ticket.again
        row = core.store.last_attempt(ticket.generation.id)
        if again is None or core.tickets.get(ticket.generation.id) is not ticket or row is None or row.key != again.key:
            return "unawaited"
        stands = self._tickets[call.token] = call_off(core, ticket, again)
        call.looks_at = core.clock.monotonic() + LOOK_EVERY
        error = NotebookgenError(
            "it was accepted, for its service has called about it, and has not said which job it is."
        )
        if hint.job_id is not None:
            try:
                self.resolve(ticket.generation.id, hint.job_id)
            except NotebookgenError as unknown:
                error = unknown
            else:
                for handle in dict.fromkeys(handle for handle, _ in stands.followers):
                    handle.note(_adopted(ticket, hint.job_id))
                return "used"
        core.drop(stands, not_sent_again(stands, error))
        return "used"

    # Calls that do not come --------------------------------------------------------------------------------------

    def looked(self, ticket: Ticket, job: Job) -> None:
        """Take note of what a look has found; several jobs over for which nobody called mean that nobody will."""
        call, lane = ticket.call, ticket.lane
        if call is None or not call.rare or not job.phase.over or job.phase is Phase.CANCELLED:
            return
        call.rare = False
        missed = self._misses[lane.realm] = self._misses.get(lane.realm, 0) + 1
        if missed == MISSES:
            forged = call.receiver.counts.get("forged", 0) if call.receiver is not None else 0
            hint = f"; {forged} came with another signature: look at {lane.provider.signing_variable}" if forged else ""
            where = call.receiver.url if call.receiver is not None else "its address"
            said = f"{lane.provider.title} has not called back at {where}{hint}. Its jobs are asked about as usual."
            self._note(ticket, "missed", said)
            self._no_longer(lambda other, _: other.lane is lane)

    def _no_longer(self, concerns: Callable[[Ticket, Call], bool]) -> None:
        """Look as usual at jobs whose calls are not counted on any more."""
        for ticket in list(self._tickets.values()):
            call = ticket.call
            if call is not None and call.rare and concerns(ticket, call):
                call.rare = False
                if ticket.state is State.SUBMITTED and not ticket.settling:
                    self._core.safely(ticket, partial(self._wait, ticket))

    def _note(self, ticket: Ticket, what: str, said: str) -> None:
        """Say something about an account once."""
        if (ticket.lane.realm, what) not in self._told:
            self._told.add((ticket.lane.realm, what))
            for handle, _ in ticket.followers:
                handle.note(said)


def _attempt(ticket: Ticket) -> int:
    """Return the attempt that a call would be about: where it waits to be sent again, the one before."""
    return ticket.again.key if ticket.again is not None else ticket.key


def _is_awaited(ticket: Ticket) -> bool:
    """Whether a call about a ticket can tell anything."""
    return ticket.state in AWAITED or (ticket.state is State.PLANNED and ticket.again is not None)


def _tokens(ticket: Ticket) -> set[str]:
    """Return the tokens that lead to a ticket, or will do so again where what is being sent is not accepted."""
    before = ticket.instead.call if ticket.instead is not None else None
    return {call.token for call in (ticket.call, before) if call is not None}


def _adopted(ticket: Ticket, job: str) -> str:
    """Return what is said of a job that a call has told of."""
    return (
        f"{ticket.lane.provider.title} has called about job {short_job(job)}, whose create had no clear answer:"
        " it is adopted, and nothing is bought twice."
    )


def _is_about(ticket: Ticket, hint: Hint) -> bool:
    """Whether a call names the ticket's job, or none that can be told to be another."""
    return ticket.job is None or hint.job_id is None or hint.job_id.casefold() == ticket.job.casefold()
