"""Another try for what failed in a run that stands in the ledger: what is asked for again, and at what price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.jobs.choosing import other_account
from notebookgen.jobs.recalling import recalled
from notebookgen.jobs.states import State
from notebookgen.jobs.wishing import Asker
from notebookgen.ledger.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.house import House
    from notebookgen.jobs.ticket import Wish
    from notebookgen.records import Realm

__all__ = ["MAY_BE_RETRIED", "may_help", "wishes_again", "wishes_for"]

MAY_BE_RETRIED = (State.FAILED, State.CANCELLED, State.REFUSED)


def may_help(row: Delivered) -> bool:
    """Whether another try of a row makes sense: it did not end well, and not for good."""
    return row.state in MAY_BE_RETRIED and getattr(row.error, "retryable", None) is not False


def wishes_again(house: House, run: str | None) -> tuple[str, str | None, list[Wish]]:
    """Return which run is meant, its tag, and what of it is to be asked for again; nothing where nothing may be.

    Args:
        house: The home folder's engine, media and model lists.
        run: The run; None for the newest of which something failed.

    Raises:
        InvalidCall: There is no such run.
        MissingKey: The key of the account is not at hand.
    """
    reader = Reader(house.settings.home)
    meant = run or reader.run_to_retry()
    if meant is None:
        return "", None, []
    ids = reader.run_rows(meant)
    known = reader.runs()
    if not ids and meant not in known:
        message = f"there is no run '{meant}'.{near_miss(meant, known)} To see them all: ng.runs()"
        raise InvalidCall(message)
    found = recalled(reader, ids)
    rows = [found[one] for one in dict.fromkeys(ids) if one in found and may_help(found[one])]
    return meant, reader.tag(meant), wishes_for(house, rows)


def wishes_for(house: House, rows: Sequence[Delivered]) -> list[Wish]:
    """Return what rows ask for, as it is asked for again: with what is known of their models now.

    Raises:
        MissingKey: The key of an account is not at hand.
    """
    askers = _askers(house, {(row.generation.realm, row.generation.model) for row in rows})
    return [askers[row.generation.realm, row.generation.model].wish(row.generation) for row in rows]


def _askers(house: House, models: Iterable[tuple[Realm, str]]) -> dict[tuple[Realm, str], Asker]:
    """Return who knows the models, with their accounts.

    Raises:
        MissingKey: The key of an account is not at hand.
    """
    found: dict[tuple[Realm, str], Asker] = {}
    for realm, model in models:
        lane = house.lane_of(realm)
        if lane is None:
            raise other_account(realm)
        found[realm, model] = asker = Asker(house, lane, model)
        asker.consult()
    return found
