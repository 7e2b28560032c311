"""The ledger against what the providers themselves say: their lists of jobs, and what moved on their balances.

Only reads are sent. What cannot be compared is said to be so: a sum of listed prices explains less than one of charges,
and a row whose cost nobody knows leaves a balance open. A balance that is seen is written down, for the next time.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import LedgerError, NotebookgenError, NotWritable
from notebookgen.ledger.evidence import Evidence
from notebookgen.ledger.rows import from_nano, realm_text, to_nano
from notebookgen.ledger.store import Store
from notebookgen.normal import amount_words, count_words
from notebookgen.providers import fault_error, usable_names
from notebookgen.transport import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal
    from pathlib import Path

    from notebookgen.jobs.house import House
    from notebookgen.jobs.listing import LaneOf
    from notebookgen.jobs.ticket import Lane
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.records import Job
    from notebookgen.wire import HttpRequest, HttpResponse

__all__ = ["Finding", "accounts", "audit"]

TOLERANCE = 60_000_000  # microseconds: clocks differ


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the comparison came to.

    Attributes:
        provider, account: Whose.
        finding: What kind: ``agrees``, ``not in the ledger``, ``not on the list``, ``charge differs``,
            ``balance differs``, ``unknown`` (it cannot be compared), ``first look``.
        job: The provider's handle, where it is about one job.
        id: The generation's, likewise.
        ledger, told: The amount that the ledger has, and the provider's.
        unit: Of both.
        words: The same for a person.
    """

    provider: str
    account: str
    finding: str
    words: str
    job: str | None = None
    id: str | None = None
    ledger: Decimal | None = None
    told: Decimal | None = None
    unit: str | None = None


def accounts(house: House, provider: str | None, lane_of: LaneOf, *, has_own_key: bool = False) -> list[Lane]:
    """Return the accounts whose keys are at hand; the sandbox's where every name goes there.

    Args:
        house: The home folder's.
        provider: One provider, or None for all.
        lane_of: Gives the way to each.
        has_own_key: Whether that one provider's key was given to the client.
    """
    names = [provider] if provider else usable_names()
    if house.settings.sandbox:
        return [lane_of(name, sandbox=True) for name in names]
    keyed = [name for name in names if (has_own_key and name == provider) or house.key(name) is not None]
    return [lane_of(name, sandbox=False) for name in keyed]


def audit(home: Path, lanes: Sequence[Lane]) -> list[Finding]:
    """Return what the comparison of the ledger in ``home`` with some accounts comes to.

    An account that cannot be asked is a finding, too, and does not keep the others from being compared.
    """
    found: list[Finding] = []
    for lane in lanes:
        try:
            found += _jobs(Evidence(home), lane)
        except NotebookgenError as error:
            found.append(_unknown(lane, f"its jobs cannot be compared: {str(error).splitlines()[0]}"))
        try:
            found += _balance(home, lane)
        except (LedgerError, NotWritable):
            raise
        except NotebookgenError as error:
            found.append(_unknown(lane, f"its balance cannot be compared: {str(error).splitlines()[0]}"))
    return found


def _asked(lane: Lane, request: HttpRequest, what: str) -> HttpResponse:
    """Return the reply to a read.

    Raises:
        ProviderError, TransportError: There is none, or it is an error.
    """
    response = read(lane.transport, request, wait=threading.Event().wait, rng=random.random)
    fault = lane.provider.read_fault(response)
    if fault is not None:
        raise fault_error(lane.provider, fault, what)
    return response


# Jobs ----------------------------------------------------------------------------------------------------------------


def _jobs(reader: Evidence, lane: Lane) -> Iterator[Finding]:
    """Compare the provider's newest jobs with the ledger's."""
    request = lane.provider.jobs(lane.provider.job_list_limit) if lane.lists else None
    if request is None:
        yield _unknown(lane, f"{lane.provider.title} lists no jobs, so single charges cannot be compared")
        return
    asked = time.time_ns() // 1000
    jobs = [job for job in lane.provider.read_jobs(_asked(lane, request, "listing the jobs")) if job.id]
    realm = realm_text(lane.realm)
    ours = reader.owners(realm, [job.id for job in jobs if job.id])
    lost = reader.unanswered(realm)
    agreed = 0
    for job in jobs:
        row = ours.get(job.id or "")
        finding = _stranger(lane, job, lost) if row is None else _differs(lane, job, row)
        agreed += finding is None
        if finding is not None:
            yield finding
    dates = [int(job.created.timestamp() * 1e6) for job in jobs if job.created is not None]
    if dates and len(dates) == len(jobs):
        for row in reader.sent_between(realm, min(dates) + TOLERANCE, asked - TOLERANCE):
            if row.job not in ours:
                words = (
                    f"job {row.job} is in the ledger and not on {lane.provider.title}'s list of the newest {len(jobs)}"
                )
                net = row.cost.amount
                yield _finding(
                    lane, "not on the list", words, job=row.job, id=row.generation, ledger=net, unit=row.unit
                )
    words = f"{count_words(agreed, 'job')} of the {len(jobs)} that {lane.provider.title} lists agree with the ledger"
    yield _finding(lane, "agrees", words)


def _stranger(lane: Lane, job: Job, lost: int) -> Finding:
    """Return what is said of a job that the ledger does not know."""
    unit = lane.provider.unit
    cost = "for an unknown amount" if job.charged is None else f"for {amount_words(job.charged, unit)}"
    hint = f"; it may be one of the {lost} creates whose answer is still open" if lost else ""
    words = f"job {job.id} ({job.model or 'model unknown'}, {cost}) was bought elsewhere with this key{hint}"
    return _finding(lane, "not in the ledger", words, job=job.id, told=job.charged, unit=unit)


def _differs(lane: Lane, job: Job, row: AttemptRow) -> Finding | None:
    """Return what is said of a job whose money is another one here and there; None where it agrees as far as is told."""
    unit = lane.provider.unit
    pairs = ((row.charged, job.charged, "charged"), (row.refunded, job.refunded, "given back"))
    for nano, told, what in pairs:
        if told is None or nano == to_nano(told) or (nano is None and not told):
            continue
        have = from_nano(nano) if nano is not None else None
        known = amount_words(have, unit) if have is not None else "nothing known"
        words = f"job {job.id}: {lane.provider.title} says {amount_words(told, unit)} {what}, the ledger has {known}"
        return _finding(lane, "charge differs", words, job=job.id, id=row.generation, ledger=have, told=told, unit=unit)
    return None


# Balances ------------------------------------------------------------------------------------------------------------


def _balance(home: Path, lane: Lane) -> Iterator[Finding]:
    """Compare what moved on the balance since it was last seen with what the ledger has spent since then."""
    request = lane.provider.balance()
    if request is None:
        yield _unknown(lane, f"{lane.provider.title} tells no balance")
        return
    balance = lane.provider.read_balance(_asked(lane, request, "asking for the balance"))
    now, realm, unit = time.time_ns() // 1000, realm_text(lane.realm), balance.unit
    left = amount_words(balance.amount, unit)
    store = Store(home)
    try:
        last = store.last_balance(realm)
        with contextlib.suppress(NotWritable, LedgerError):  # a nicety: the next comparison begins at an older one
            store.saw_balance(realm, unit, to_nano(balance.amount) or 0, now)
    finally:
        store.close()
    if last is None or last[1] != unit:
        yield _finding(
            lane,
            "first look",
            f"{left} on the account; the next audit tells what moved",
            told=balance.amount,
            unit=unit,
        )
        return
    moved = from_nano(last[2]) - balance.amount
    since = Evidence(home).spent_between(realm, unit, last[0], now)
    spent = from_nano(since.spent)
    told = f"{amount_words(abs(moved), unit)} {'less' if moved >= 0 else 'more'} than at the last audit"
    if since.unsure:
        words = (
            f"{told}; the ledger spent {amount_words(spent, unit)} since then,"
            f" and {count_words(since.unsure, 'row')} of unknown cost or under way leave it open"
        )
        yield _finding(lane, "unknown", words, ledger=spent, told=moved, unit=unit)
    elif moved == spent:
        yield _finding(lane, "agrees", f"{told}, as the ledger has it", ledger=spent, told=moved, unit=unit)
    else:
        rest = amount_words(abs(moved - spent), unit)
        prices = "; the ledger has listed prices, which may not be what was charged" if since.listed else ""
        words = (
            f"{told}, and the ledger spent {amount_words(spent, unit)}: {rest}"
            f" {'more' if moved > spent else 'less'} than it can explain{prices}"
        )
        yield _finding(lane, "balance differs", words, ledger=spent, told=moved, unit=unit)


def _unknown(lane: Lane, words: str) -> Finding:
    """Return that something cannot be compared."""
    return _finding(lane, "unknown", words)


def _finding(
    lane: Lane,
    finding: str,
    words: str,
    *,
    job: str | None = None,
    id: str | None = None,
    ledger: Decimal | None = None,
    told: Decimal | None = None,
    unit: str | None = None,
) -> Finding:
    """Return a finding about an account."""
    return Finding(lane.realm.provider, lane.realm.account, finding, words, job, id, ledger, told, unit)
