"""What the engine's thread keeps in hand: a lane for each realm, a ticket for each generation under way.

Both are mutable and belong to that one thread; nothing here leaves it but frozen records.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from notebookgen.jobs.budget import NO_BUDGET, Budget
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.lineup import Lineup
from notebookgen.jobs.states import FREE, State
from notebookgen.ledger.rows import from_nano
from notebookgen.records import NO_COST, Cost, JobRef, nothing
from notebookgen.transport.paced import Gate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from notebookgen.errors import NotebookgenError
    from notebookgen.jobs.calling import Call
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.inhand import InHand
    from notebookgen.jobs.progress import Forecast
    from notebookgen.jobs.resending import Again, Instead
    from notebookgen.jobs.whereabouts import Spare
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.providers import Provider
    from notebookgen.records import Asset, Generation, Kind, Model, Output, Realm
    from notebookgen.transport import Transport
    from notebookgen.wire import HttpResponse

UNCLEAR_IN_A_ROW = 3

__all__ = ["Fetcher", "Lane", "Ticket", "Unwritten", "Wish", "date_of"]


class Fetcher(Protocol):
    """Brings an output of a finished job to this machine and keeps it."""

    def keep(self, output: Output, *, origin: str, due: Kind | None = None, unknown: bool = False) -> Asset:
        """Return the kept file of an output; only ``origin`` may be an address of a private network.

        What is of no known type, where a medium was due, is kept only where ``unknown`` says so.

        Raises:
            AssetError: It cannot be had, or is not what was due.
            TransportError: The transfer broke.
            NotWritable: There is no room for it.
        """
        ...

    def held(self, sha256: str) -> bytes:
        """Return the bytes of an input image that is kept.

        Raises:
            InvalidImage: They are no longer there.
        """
        ...

    def present(self, asset: Asset) -> bool:
        """Whether a kept file is still in its place, whole."""
        ...


@dataclass(frozen=True, slots=True)
class Wish:
    """One row of a run before the engine has looked at it.

    Attributes:
        generation: What is wanted (its first sample, where ``samples`` or ``fresh`` choose among several).
        lane: Who is to be asked, with what.
        model: What is known of the model.
        price: What it costs as far as is known beforehand.
        samples: How many of the content.
        fresh: Whether samples that were delivered before do not count.
    """

    generation: Generation
    lane: Lane
    model: Model | None = None
    price: Cost = NO_COST
    samples: int = 1
    fresh: bool = False


@dataclass(eq=False, slots=True)
class Lane:
    """The way to one realm: its adapter, its wire, and how the account stands.

    Attributes:
        realm: Who pays whom.
        provider: How the service speaks.
        transport: How it is reached.
        stopped: Why nothing more is sent to this account (its key, funds or rights are missing).
        paused_until: Nothing is sent before that moment of the monotonic clock.
        unclear: How many creates in a row had no clear answer.
        offset: The provider's clock less ours, in seconds, as its replies tell; None before the first reply.
        uploads: Addresses of images uploaded in this session, by their hash.
        looking: Whether a reconciling look is under way.
        sending: How many creates are on their way.
        unreachable: How many creates in a row could not leave this machine.
        recovers_at: When it is looked again for what dead kernels have left, on the monotonic clock.
        gate: What the account allows, and how much of it is used.
        waits: Why its creates wait for that just now; empty where they do not.
        turn: How often they had to wait: only the end of the last wait counts.
        homes: How many jobs have ended since there were none under way.
        looks: The looks that wait for their turn.
        receiptless: How many questions in a row for a job's real cost had no answer.
        receipts: How many answers in a row said what is listed, for each shape and price; what was not asked counts, too.
        accepted: How many jobs it has accepted from this process.
        signing: Gives the secret with which the service signs callbacks, where it is known.
    """

    realm: Realm
    provider: Provider
    transport: Transport
    stopped: NotebookgenError | None = None
    paused_until: float = 0.0
    unclear: int = 0
    offset: float | None = None
    uploads: dict[str, str] = field(default_factory=dict)
    looking: bool = False
    sending: int = 0
    unreachable: int = 0
    recovers_at: float = 0.0
    receiptless: int = 0
    receipts: dict[tuple[str, Decimal | None], int] = field(default_factory=dict)
    gate: Gate = field(default_factory=Gate)
    waits: str = ""
    turn: int = 0
    homes: int = 0
    looks: Lineup = field(default_factory=Lineup)
    accepted: int = 0
    signing: Callable[[], str | None] = lambda: None

    @property
    def troubled(self) -> bool:
        """Whether the last creates went wrong in a way that the next one may, too."""
        return self.unclear >= UNCLEAR_IN_A_ROW or self.unreachable > 1

    @property
    def lists(self) -> bool:
        """Whether a lost reply can be looked for."""
        return self.provider.job_list_limit > 0


@dataclass(eq=False, slots=True)
class Ticket:
    """A generation under way.

    Attributes:
        generation: What is asked for.
        lane: Who is asked.
        model: What is known of the model.
        price: What is reserved for it.
        run: The run that buys it.
        budget: That run's cap.
        key: Its attempt in the ledger; 0 before there is one.
        shared: An attempt of another kernel that this one waited for.
        state: Where it stands; changed by ``stand`` only.
        at, lost_at: When the intent was committed; when the create could last have left (microseconds).
        job, route: The provider's handle and path.
        accepted: When it was accepted (or sent, for an immediate answer), on the monotonic clock.
        timed: Whether that moment was seen by this process, so that a duration can be told from it.
        looked: When it was last seen not to be over, on the same clock; at first when it was accepted.
        due: When it is looked at next.
        alarm: When its timer goes off, on the monotonic clock; 0 where none is set.
        asked: When it was last asked about by itself, on the same clock; at first when it was accepted.
        number: Which of its lane's jobs it is, as they were accepted; 0 where another process saw that.
        lived: Its age in seconds when it was last seen not to be over; None where its end is known exactly.
        waited: Whether a look found it queued.
        began: Its age in seconds when it began to be worked on, where it was seen queued before.
        asking: Whether a look is under way.
        pressing: Whether it is to be looked at once more as soon as that look is answered.
        missed: Lists in a row on which it was not.
        forecast: When it is usually over, as far as is known.
        cost, seconds, assets, outputs: What is known of its end.
        had: Files that are here already, by their place among the outputs.
        spare: What else the ledger knows of where files may be, as long as it was not tried.
        reserved: What is set aside.
        error: Why it is not saved.
        trouble: Why it does not go on just now, while it is open.
        settling: Whether what was heard of it last is about to be written.
        unkept: Since when its files, or the job itself, cannot be had (microseconds).
        cached: Whether it was paid for before this run.
        failures: Looks or transfers in a row that failed.
        looks: How many looks were planned; only the last one planned is made.
        unknown: Looks in a row at which the provider did not know the job.
        tries: Creates sent by this process.
        asked_again: How often the job was asked for new addresses.
        queued: Whether the ledger was asked, and it has to be bought.
        again: The ambiguous attempt that is written off when it is sent again, until then.
        instead: The attempt that was written off for this one, until it is clear that this one was sent.
        call: That its job is to be called about, and at which address.
        reply: The reply to its create where that is itself what was paid for, until the files are in place.
        wanted: Whether somebody still wants it bought (Stop clears it).
        followers: Who is told, and at which of their rows.
        hand: What counts it, as long as it is in hand.
        counted: The run for which it takes a place there; empty while it takes none.
    """

    generation: Generation
    lane: Lane
    run: str
    model: Model | None = None
    price: Cost = NO_COST
    budget: Budget = NO_BUDGET
    key: int = 0
    shared: int = 0
    state: State = State.PLANNED
    at: int = 0
    lost_at: int | None = None
    job: str | None = None
    route: str = ""
    accepted: float = 0.0
    timed: bool = False
    looked: float = 0.0
    due: float = 0.0
    alarm: float = 0.0
    asked: float = 0.0
    number: int = 0
    lived: float | None = None
    waited: bool = False
    began: float | None = None
    asking: bool = False
    pressing: bool = False
    missed: int = 0
    forecast: Forecast | None = None
    cost: Cost = NO_COST
    reserved: Cost = NO_COST
    seconds: float | None = None
    assets: tuple[Asset, ...] = ()
    outputs: tuple[Output, ...] = ()
    had: dict[int, Asset] = field(default_factory=dict)
    spare: Spare = ()
    error: NotebookgenError | None = None
    trouble: NotebookgenError | None = None
    settling: bool = False
    unkept: int | None = None
    cached: bool = False
    failures: int = 0
    looks: int = 0
    unknown: int = 0
    tries: int = 0
    asked_again: int = 0
    queued: bool = False
    again: Again | None = None
    instead: Instead | None = None
    call: Call | None = None
    reply: HttpResponse | None = None
    wanted: bool = True
    followers: list[tuple[RunHandle, int]] = field(default_factory=list)
    hand: InHand | None = None
    counted: str = ""

    @property
    def kind(self) -> Kind | None:
        """What is to come back, as far as anybody knows."""
        return self.generation.kind or (self.model.kind if self.model else None)

    @property
    def ref(self) -> JobRef:
        """What the adapter needs to ask about the job."""
        return JobRef(self.job or "", self.generation.model, self.generation.kind, self.route)

    @property
    def called_back(self) -> bool:
        """Whether looks at the job may wait for its provider to call."""
        return self.call is not None and self.call.rare

    @property
    def spooled(self) -> str:
        """What its reply is called while it is kept: the number of an attempt is used again in a new ledger."""
        return f"{self.key}-{self.generation.id[:16]}"

    def stand(self, state: State) -> None:
        """Have it stand elsewhere, and be counted so; what the ledger knows of goes through ``Core.move``."""
        old, self.state = self.state, state
        if self.hand is not None and old is not state:
            self.hand.moved(self, old, state)

    def load(self, row: AttemptRow) -> None:
        """Take over what the ledger has of an attempt."""
        self.stand(State(row.state))
        self.key, self.at, self.lost_at = row.key, row.at, row.lost_at
        self.job, self.route, self.seconds, self.unkept = row.job, row.route or "", row.seconds, row.unkept
        self.cost = row.cost
        self.reserved = Cost(from_nano(row.reserved), row.unit, "listed") if row.reserved is not None else NO_COST

    def told(self, *, done: bool) -> Iterator[tuple[RunHandle, int, Delivered]]:
        """Return what each follower is told: one row of the run that pays has the cost, the others share what it paid for.

        Whoever looks at a part of that run sees the same. Who takes up what another run has begun shares it, too: the
        ledger has it in that one's sum.
        """
        facts = self.facts(done=done)
        if len(self.followers) == 1 and not self.cached:  # as nearly always
            handle, index = self.followers[0]
            yield handle, index, facts if self.run in handle.runs else replace(facts, cached=True)
            return
        shared = facts if self.cached else replace(facts, cached=True)
        paying: dict[int, int] = {}
        for number, (handle, _) in enumerate(self.followers):
            if self.run in handle.runs:
                paying.setdefault(id(handle), number)
        first = set(paying.values())
        for number, (handle, index) in enumerate(self.followers):
            yield handle, index, facts if number in first else shared

    @property
    def own(self) -> tuple[RunHandle, int] | None:
        """The run that pays for it, and its first row there; None where that run does not follow it."""
        return next(((handle, index) for handle, index in self.followers if handle.id == self.run), None)

    @property
    def patient(self) -> bool:
        """Whether somebody waits for it who waits for an outage to end."""
        return any(handle.patient and handle.buys for handle, _ in self.followers)

    @property
    def resubmits(self) -> bool:
        """Whether it is sent again where nobody knows whether it was accepted: a person has said so."""
        return self.wanted and any(handle.resubmits and handle.buys for handle, _ in self.followers)

    def payable(self, handle: RunHandle) -> bool:
        """Whether another run may be made to pay for it: not for a second try that only this one has asked for."""
        return self.again is None or handle.part or handle.resubmits

    def charge(self, handle: RunHandle) -> None:
        """Have another run pay for it, out of its own budget, where it may be made to.

        What has left this machine stays with the run that the ledger has for it.
        """
        if self.state is State.PLANNED and self.payable(handle):
            self.run = self.run if self.run in handle.runs else handle.runs[0]
            self.budget = handle.budget or NO_BUDGET

    def find_payer(self) -> None:
        """Have a run pay that still buys, where the one that was to pay does not any more."""
        buyers = [handle for handle, _ in self.followers if handle.buys and not handle.paused]
        if not any(self.run in handle.runs for handle in buyers):
            for handle in [one for one in buyers if self.payable(one)][:1]:
                self.charge(handle)

    def facts(self, *, done: bool) -> Delivered:
        """Return how it stands, for those who follow it."""
        state = State.AMBIGUOUS if self.again is not None and self.state is State.PLANNED else self.state
        return Delivered(
            generation=self.generation,
            state=state,
            cost=nothing(self.reserved.unit or self.lane.provider.unit) if state in FREE else self.cost,
            assets=self.assets,
            seconds=self.seconds,
            job=self.job,
            error=self.error or self.trouble,
            cached=self.cached,
            reserved=self.reserved,
            at=date_of(self.at),
            done=done,
        )


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Something that is to be written together with what else happens at this moment.

    Attributes:
        ticket: Whose it is.
        write: Writes it; part of a transaction, and done once more on its own where that one cannot be committed.
        then: Goes on from there, once it is committed.
        taken: Goes on where the ledger already has it of somebody else (its own index decides).
        last: Whether ``then`` shows how the ticket stands.
    """

    ticket: Ticket
    write: Callable[[], None]
    then: Callable[[], None]
    taken: Callable[[], None] | None = None
    last: bool = False


def date_of(microseconds: int | None) -> datetime | None:
    """Return a moment of the ledger as a date, UTC."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC) if microseconds else None
