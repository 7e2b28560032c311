"""What is kept in memory of the ledger's sums is what the rows say, whoever wrote them and whatever was taken back."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notebookgen.ledger.rows import day_of, realm_text
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.ledger.sums import Sums
from notebookgen.records import Generation, Realm
from notebookgen.settings import Cap

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000_000
REALMS = (
    Realm("armox", "0" * 12),
    Realm("armox", "1" * 12),
    Realm("apixo", "0" * 12),
    Realm("armox", "sandbox", sandbox=True),
)
RUNS = ("r", "s")
UNITS = ("USD", "credits")
DAYS = (0, 2, 5)
STATES = ("planned", "intent", "submitted", "completed", "saved", "failed", "refused", "ambiguous", "cancelled")
AMOUNT = st.none() | st.integers(0, 9)


def wanted(number: int) -> Generation:
    """Return one of six generations, of four realms and three shapes."""
    realm = REALMS[number % 4]
    return Generation(realm, f"m{number % 2}", f"prompt {number}", {"n": number % 3}, kind="image")


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(STATES), "unit": st.sampled_from([*UNITS, None]), "reserved": AMOUNT, "charged": AMOUNT,
        "refunded": AMOUNT, "basis": st.sampled_from(["reported", "listed", "unknown"]), "run": st.sampled_from(RUNS),
        "seconds": st.none() | st.integers(1, 9).map(float), "at": st.sampled_from([day * DAY for day in DAYS]),
        "kernel": st.just("k2"),
    },
)  # fmt: skip
INTENT = st.tuples(st.just("intent"), st.integers(0, 5), st.sampled_from(RUNS), st.sampled_from([*UNITS, None]), AMOUNT)
UPDATE = st.tuples(st.just("update"), st.integers(1, 8), CHANGES)
MOVES = st.lists(
    st.tuples(st.sampled_from(["own", "foreign", "undone"]), st.lists(INTENT | UPDATE, min_size=1, max_size=3)),
    max_size=12,
)


def do(store: Store, move: tuple[Any, ...]) -> None:
    """Make a move, as far as the ledger's own rules let it."""
    try:
        if move[0] == "update":
            store.update(move[1], **(move[2] or {"kernel": "k3"}))
            return
        _, number, run, unit, reserved = move
        generation = wanted(number)
        store.remember(generation, 1)
        store.add_intent(
            generation, run=run, realm=realm_text(generation.realm), kernel="k", at=DAY * (number % 6), unit=unit,
            reserved=reserved,
        )  # fmt: skip
    except sqlite3.IntegrityError:  # one generation is under way once at a time
        pass


def answers(sums: Sums) -> dict[str, Any]:
    """Return every answer there is."""
    found: dict[str, Any] = {}
    for unit in UNITS:
        found[f"all {unit}"] = sums.committed(unit=unit)
        for run in RUNS:
            found[f"{run} {unit}"] = sums.committed(run=run, unit=unit)
        for realm in REALMS:
            found[f"{realm} {unit}"] = sums.committed(realm=realm_text(realm), unit=unit)
        for provider in ("armox", "apixo", "all"):
            for day in DAYS:
                found[f"{provider} {unit} since {day}"] = sums.committed_since(provider, unit, day)
    for run in RUNS:
        found[f"bought {run}"] = sums.bought_by(run)
    for realm in REALMS:
        found[f"newer {realm}"] = sums.newer_creates(realm_text(realm))
    for number in range(6):
        found[f"cost {number}"] = sums.highest_charge(wanted(number))
    return found


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_what_is_kept_is_what_the_rows_say(tmp_path_factory: pytest.TempPathFactory, moves: list[Any]) -> None:
    """After any sequence of own writes, of other kernels' writes and of what was rolled back: the same as asked anew."""
    home = tmp_path_factory.mktemp("sums")
    mine, other = Store(home), Store(home)
    for run in RUNS:
        mine.begin_run(run, at=1, kernel="k", notebook=None, tag=None)
    answers(mine)
    for whose, together in moves:
        store = other if whose == "foreign" else mine
        try:
            with store.transaction():
                for move in together:
                    do(store, move)
                if whose == "undone":
                    answers(mine)
                    raise InterruptedError  # noqa: TRY301 - what a kernel that is stopped sees
        except InterruptedError:
            pass
        plain = sqlite3.connect(home / FILE_NAME, isolation_level=None)
        plain.row_factory = sqlite3.Row
        assert answers(Sums(plain)) == answers(mine)
        plain.close()
    mine.close()
    other.close()


def test_a_sum_is_not_made_again_for_each_intent(home: Path) -> None:
    """While nobody else writes, the rows of a run are read once, however many intents follow."""
    store = Store(home)
    store.begin_run("r", at=1, kernel="k", notebook=None, tag=None)
    store.committed(run="r", unit="USD")
    asked: list[str] = []
    store._db.set_trace_callback(asked.append)
    for number in range(20):
        generation = Generation(REALMS[0], "m", f"prompt {number}", {}, kind="image")
        store.remember(generation, 1)
        store.add_intent(generation, run="r", realm=realm_text(REALMS[0]), kernel="k", at=1, unit="USD", reserved=3)
        assert 3 * (number + 1) == store.committed(run="r", unit="USD")
    store.close()

    assert [] == [one for one in asked if "sum(" in one]


def test_caps_come_back_as_they_were_set(home: Path) -> None:
    """Another kernel sees them at once; of None all are taken back, of an empty one those of its provider."""
    mine, other = Store(home), Store(home)
    month, day = Cap(Decimal("1000.000000001"), "credits", "month"), Cap(Decimal(5), "USD", "day")
    assert () == other.caps()
    mine.set_caps("armox", [month], 1)
    mine.set_caps("all", [day], 1)
    assert (("all", day), ("armox", month)) == mine.caps() == other.caps()
    other.set_caps("armox", [], 1)
    assert (("all", day),) == mine.caps() == other.caps()
    mine.set_caps(None, [], 1)
    assert () == mine.caps() == other.caps()
    mine.close()
    other.close()
    assert 0 == day_of(DAY - 1)
