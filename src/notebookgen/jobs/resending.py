"""What nobody knows the fate of, sent again at the risk of paying twice: a person's own word, under the run's budget.

The old attempt is written off in the transaction that commits the new intent. Whatever comes before that (a cap, Stop,
a bug) leaves it as it was: ambiguous, with what is set aside for it. So does a create that never left, that was refused,
or that is proven not to have been accepted: nothing took the old attempt's place, and it may still be adopted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from notebookgen.errors import BudgetExceeded, JobAmbiguous
from notebookgen.jobs.capping import over_cap, with_unit
from notebookgen.jobs.leftover import Rest
from notebookgen.jobs.reserving import over_run
from notebookgen.jobs.states import State, move
from notebookgen.ledger.rows import from_nano
from notebookgen.normal import plain_number
from notebookgen.records import NO_COST

if TYPE_CHECKING:
    from notebookgen.errors import NotebookgenError
    from notebookgen.jobs.calling import Call
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.ticket import Ticket
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Cost

__all__ = [
    "Again",
    "Instead",
    "begun",
    "call_off",
    "denied",
    "not_sent_again",
    "send_again",
    "sent_again",
    "still_in_doubt",
    "take_back",
    "write_off",
    "written_off",
]

STAYS = "stays ambiguous"
TWICE = "some replies were lost, and their rows sent again (on_ambiguous='resubmit'): they may be charged twice"


@dataclass(frozen=True, slots=True)
class Again:
    """An ambiguous attempt that is to be followed by another one.

    Attributes:
        key: The attempt.
        why: Who has said so, for the ledger.
    """

    key: int
    why: str


@dataclass(frozen=True, slots=True)
class Instead:
    """An ambiguous attempt that was written off for the one that is being sent.

    Attributes:
        row: The attempt as it was.
        why: Who has said so, for the ledger.
        cost: What it counts for since then.
        told: Those who were told of it: the run that has paid for it, and parts of that.
        call: That its job is to be called about.
    """

    row: AttemptRow
    why: str
    cost: Cost
    told: tuple[RunHandle, ...] = ()
    call: Call | None = None


def send_again(core: Core, ticket: Ticket, why: str) -> None:
    """Put an ambiguous ticket into the line of its run; its attempt stays as it is until the next one is committed."""
    ticket.again = Again(ticket.key, f"{why}: nobody knows whether it was accepted")
    ticket.stand(State.PLANNED)
    ticket.key, ticket.cost, ticket.error = 0, NO_COST, None
    core.calls.expect(ticket)  # whoever calls about it before it is sent has accepted it
    core.show(ticket)
    core.tell(ticket, "nobody knows whether it was accepted; sending it again")
    core.ready.append(ticket)


def call_off(core: Core, ticket: Ticket, again: Again) -> Ticket:
    """Send nothing again; return what takes the ticket's place, which is ambiguous as it was.

    The ticket itself may stand in a line, or wait for a timer or an upload: whatever comes of that is nobody's.
    """
    stands = replace(ticket, state=State.AMBIGUOUS, key=again.key, again=None, queued=False)
    stands.hand, stands.counted, stands.alarm = None, "", 0.0  # it is counted anew, and has no timer
    ticket.followers, ticket.again, ticket.call = [], None, None
    core.tickets[ticket.generation.id] = stands
    return stands


def still_in_doubt(core: Core, ticket: Ticket, row: AttemptRow | None) -> bool:
    """Whether the newest attempt is the one that a person wants sent again, as it was then."""
    return (
        ticket.again is not None
        and row is not None
        and (row.key, row.state, row.kernel) == (ticket.again.key, State.AMBIGUOUS, core.kernel.id)
    )


def written_off(reserved: int | None, now: int, why: str) -> dict[str, Any]:
    """Return the columns of an attempt that is given up as lost: what was reserved, in nano-units, counts as spent."""
    basis = "listed" if reserved is not None else "unknown"
    return {"ended": now, "error": why, "retryable": 1, "charged": reserved, "basis": basis}


def write_off(core: Core, ticket: Ticket) -> Instead | None:
    """Close the old attempt of a ticket that is sent again, within the transaction that commits the new one."""
    row = core.store.attempt(ticket.again.key) if ticket.again is not None else None
    if ticket.again is None or row is None:
        return None
    columns = written_off(row.reserved, core.clock.now(), ticket.again.why)
    core.store.update(row.key, row.state, state=str(move(State(row.state), State.FAILED)), **columns)
    return Instead(row, ticket.again.why, replace(row, charged=row.reserved, basis=str(columns["basis"])).cost)


def begun(ticket: Ticket, instead: Instead) -> None:
    """Count what was written off, once the new attempt is committed, in the run that has paid for it."""
    told = {id(one): one for one, _ in ticket.followers if instead.row.run in one.runs}
    ticket.again, ticket.instead = None, replace(instead, told=tuple(told.values()), call=ticket.call)
    for handle in told.values():
        handle.sink(instead.cost)


def sent_again(ticket: Ticket) -> None:
    """Say that something may be charged twice, once the provider may have the new create."""
    for handle, _ in ticket.followers if ticket.instead is not None else ():
        if handle.resubmits:
            handle.note(TWICE)


def take_back(core: Core, ticket: Ticket, new: State, /, **columns: Any) -> None:
    """End an attempt that was not accepted; what was written off for it is what it was, in the same transaction.

    That one is the newest again, and the ticket stands before it was sent: a create that never left is not kept, one
    that was refused stands before it in the ledger.
    """
    instead, ended = ticket.instead or _remembered(core, ticket), ticket.key
    with core.settling(ticket):
        core.move(ticket, new, **columns)
        if instead is not None:
            core.store.put_back(instead.row, ended, kept=new is not State.PLANNED)
    if instead is None:
        return
    ticket.load(instead.row)
    ticket.again, ticket.instead = Again(instead.row.key, instead.why), None
    ticket.stand(State.PLANNED)
    ticket.key, ticket.cost, ticket.call = 0, NO_COST, instead.call
    for handle in instead.told:
        handle.sink(instead.cost, -1)
    for handle, index in ticket.followers:
        if handle not in instead.told:
            handle.unsink(index, instead.cost)


def _remembered(core: Core, ticket: Ticket) -> Instead | None:
    """Return what an earlier kernel wrote off for an attempt, as far as the ledger has it; None where there is nothing."""
    new = core.store.attempt(ticket.key) if ticket.key else None
    row = core.store.attempt(new.instead) if new is not None and new.instead is not None else None
    if row is None or row.state != State.FAILED:
        return None
    before = replace(row, state=str(State.AMBIGUOUS), charged=None, basis="unknown", ended=None, retryable=None)
    return Instead(replace(before, error=None), row.error or "", row.cost)


def not_sent_again(ticket: Ticket, error: NotebookgenError | None) -> NotebookgenError:
    """Return what is said of a ticket that was to be sent again and was not."""
    if isinstance(error, BudgetExceeded | JobAmbiguous) and STAYS in str(error).lower():
        return error
    said = str(error).splitlines()[0].replace(" Nothing was charged.", "") if error is not None else "nobody waits."
    message = (
        f"{ticket.generation.full_model} was not sent again, and {STAYS} ({ticket.reserved.words} set aside): {said}\n"
        f"To send it again: ng.resolve('{ticket.generation.id[:8]}', 'resubmit')"
    )
    return JobAmbiguous(message, id=ticket.generation.id, job=None)


def denied(core: Core, ticket: Ticket, reserved: Cost, over: BudgetExceeded) -> BudgetExceeded:
    """Return why a ticket is not sent again where a budget or a cap is in the way, and what a person may say instead.

    What is told is enough for all of its run that wait to be sent again.
    """
    waiting = [one for one in core.tickets.values() if _waits(one, ticket)]
    more = ""
    if over_run(core.store, ticket, reserved) is not None:
        rest, more = [], f", {_more(core, ticket, reserved, len(waiting))}"
    else:
        left = Rest(Counter({(ticket.generation.full_model, reserved): len(waiting)}), alone=len(waiting) == 1)
        capped = over_cap(
            core.store,
            with_unit(core.settings.total_budget, ticket.lane.provider.unit),
            model=ticket.generation.full_model,
            reserved=reserved,
            now=core.clock.now(),
            counted=ticket.budget.max_new is not None,
            rest=lambda: left,
        )
        rest = str(capped or over).splitlines()[1:]
    first, name = str(over).splitlines()[0], ticket.generation.id[:8]
    told = f"It {STAYS}. To send it again: ng.resolve('{name}', 'resubmit'{more})"
    return BudgetExceeded("\n".join([first, *rest, told]))


def _waits(one: Ticket, ticket: Ticket) -> bool:
    """Whether a ticket of the same run waits to be sent again, too."""
    return one.again is not None and one.state is State.PLANNED and one.run == ticket.run


def _more(core: Core, ticket: Ticket, reserved: Cost, count: int) -> str:
    """Return what is typed to allow a run so many more."""
    budget, bought = ticket.budget, core.store.bought_by(ticket.run)
    counted = budget.max_new is not None and bought >= budget.max_new
    if counted or not budget.finite or reserved.amount is None or reserved.unit is None:
        return f"max_new={bought + count}"
    if not reserved.bounded and budget.max_new is None:
        return f"max_new={bought + count}"
    taken = from_nano(core.store.committed(run=ticket.run, unit=reserved.unit))
    amount = plain_number(taken + reserved.amount * count)
    return f"budget={amount}" if None in budget.caps else f"budget='{amount} {reserved.unit}'"
