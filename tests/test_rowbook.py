"""The rows of a run: always what a list of them would say, in a few bytes each."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.errors import NotebookgenError
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.rowbook import RowBook
from notebookgen.jobs.states import OPEN, State
from notebookgen.jobs.tally import Tally
from notebookgen.records import Cost, Generation, Realm

if TYPE_CHECKING:
    from collections.abc import Sequence

REALM = Realm("tailor", "0123456789ab")
COST = Cost(Decimal("0.5"), "USD", "listed")
ERROR = NotebookgenError("left out")


def asked(index: int) -> Delivered:
    return Delivered(Generation(REALM, "coat", f"coat {index}"))


def begun(index: int, state: State, *, done: bool, cached: bool = False) -> Delivered:
    paid = state in {State.SAVED, State.FAILED, State.COMPLETED}
    error = ERROR if state is State.PLANNED else None
    return replace(
        asked(index),
        state=state,
        done=done,
        cached=cached,
        error=error,
        cost=COST if paid else Cost() if state in OPEN else asked(index).cost,
        reserved=COST if state in OPEN else Cost(),
    )


class Ledger:
    """What was over when it was forgotten, as the ledger would have it."""

    def __init__(self) -> None:
        self.rows: dict[int, Delivered] = {}
        self.asked = 0

    def load(self, indices: Sequence[int]) -> list[Delivered]:
        self.asked += 1
        return [self.rows[index] for index in indices]


moves = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from([State.SUBMITTED, State.SAVED, State.FAILED, State.PLANNED, State.REFUSED]),
        st.booleans(),
    ),
    max_size=60,
)


@given(moves, st.integers(0, 3))
def test_a_book_is_a_list_of_rows(steps: list[tuple[int, State, bool]], kept: int) -> None:
    """Whatever is put where, counts, sums and every row are those of a plain list, however little is kept in memory."""
    ledger = Ledger()
    book = RowBook(10, asked=asked, load=ledger.load, kept=kept)
    plain = [asked(index) for index in range(10)]
    for index, state, cached in steps:
        row = begun(index, state, done=state is not State.SUBMITTED, cached=cached)
        taken = book.put(index, row)
        assert taken == (row.done or not plain[index].done)
        if taken:
            plain[index] = row
            ledger.rows[index] = row
    assert plain == book.several(range(10))
    assert Counter(row.state for row in plain) == +book.tally.states
    assert sum(row.done for row in plain) == book.tally.done
    assert sum(row.cached for row in plain) == book.tally.cached
    own = [row for row in plain if not row.cached]
    spent = sum((row.cost.amount or Decimal(0) for row in own), Decimal(0))
    assert ({"USD": spent} if spent else {}) == book.tally.spent
    held = sum((row.reserved.amount or Decimal(0) for row in own if row.state in OPEN), Decimal(0))
    assert ({"USD": held} if held else {}) == book.tally.reserved


def test_the_rest_of_a_run_that_ends_early() -> None:
    """What was never begun is planned with the reason; what was begun stays as it is."""
    book = RowBook(4, asked=asked)
    book.put(0, begun(0, State.SAVED, done=True))
    book.put(1, begun(1, State.SUBMITTED, done=False))
    book.never(3, State.SKIPPED)
    book.end(ERROR)
    rows = book.several(range(4))
    assert ["saved", "submitted", "planned", "skipped"] == [str(row.state) for row in rows]
    assert [None, None, ERROR, None] == [row.error for row in rows]
    assert [True, False, True, True] == [row.done for row in rows]
    assert [1] == [index for index, _ in book.live()]


def test_what_was_delivered_before_is_read_from_the_ledger_at_once() -> None:
    """One question for all of them."""
    ledger = Ledger()
    ledger.rows = {index: begun(index, State.SAVED, done=True) for index in range(100)}
    book = RowBook(100, asked=asked, load=ledger.load)
    book.known(range(100))
    assert (100, 100, {}) == (book.tally.done, book.tally.cached, book.tally.spent)
    rows = book.several(range(100))
    assert {(State.SAVED, True, True)} == {(row.state, row.cached, row.done) for row in rows}
    assert 1 == ledger.asked


@pytest.mark.slow
def test_memory_does_not_grow_with_what_is_over() -> None:
    """A row that is over takes a few bytes, whatever it was."""
    book = RowBook(20_000, asked=asked, load=lambda indices: [asked(index) for index in indices], kept=100)
    tracemalloc.start()
    try:
        for index in range(20_000):
            book.put(index, begun(index, State.SAVED, done=True))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken / 20_000 < 50, taken


def test_an_unknown_cost_is_that_of_who_bought_it() -> None:
    """A row that an equal one paid for adds nothing that nobody knows to what the run spent."""
    tally = Tally()
    made = Delivered(Generation(Realm("armox", "abc"), "some/model", "a fox"), State.SAVED, Cost(), done=True)
    tally.add(made)
    tally.add(replace(made, cached=True))
    assert (1, 1) == (tally.unknown, tally.cached)


def test_whoever_reads_row_after_row_asks_the_ledger_now_and_then() -> None:
    """Rows behind the one that is read come with it; one that is set meanwhile is never given as it was."""
    ledger = Ledger()
    book = RowBook(200, asked=asked, load=ledger.load, kept=1)
    for index in range(200):
        ledger.rows[index] = begun(index, State.SAVED, done=True)
        book.put(index, ledger.rows[index])
    near, held, puts = book.near(0, 5.0)
    book.keep(near, book.filled(near, held), puts, 5.0)
    for index in range(64):
        near, held, _ = book.near(index, 5.5)
        assert ([index], [ledger.rows[index]]) == (near, held)
    assert 1 == ledger.asked
    assert 64 == len(book.near(0, 6.5)[0])  # by then somebody else may have changed what the ledger has

    near, held, puts = book.near(100, 5.0)
    late = book.filled(near, held)
    failed = begun(101, State.FAILED, done=True)
    ledger.rows[101] = failed
    book.put(101, failed)
    book.put(102, ledger.rows[102])  # and so 101 is forgotten again
    book.keep(near, late, puts, 5.0)
    near, held, _ = book.near(101, 5.0)
    assert failed == book.filled(near, held)[0]
