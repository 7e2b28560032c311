"""The table of states: closed, reachable, with ends that end, and the only source of the diagram."""

from __future__ import annotations

import re
from itertools import product

import pytest

from notebookgen.errors import IllegalMove
from notebookgen.jobs.states import HELD, MOVES, OPEN, OVER, State, diagram, move
from notebookgen.ledger.store import OPEN_STATES

PAIRS = list(product(State, State))


def test_every_state_has_a_row() -> None:
    """The table speaks of every state, and of nothing else."""
    assert set(State) == set(MOVES)
    assert {new for moves in MOVES.values() for new in moves} <= set(State)


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=[f"{old}-{new}" for old, new in PAIRS])
def test_a_move_is_made_exactly_where_the_table_has_it(old: State, new: State) -> None:
    """Whatever the table lacks is refused, staying where one is included."""
    if new in MOVES[old]:
        assert new is move(old, new)
    else:
        with pytest.raises(IllegalMove, match=f"from {old} to {new}"):
            move(old, new)


def test_every_state_can_be_reached() -> None:
    """From ``planned`` a way leads to each of them."""
    seen, edge = {State.PLANNED}, [State.PLANNED]
    while edge:
        new = [one for one in MOVES[edge.pop()] if one not in seen]
        seen.update(new)
        edge += new

    assert set(State) == seen


def test_what_is_over_moves_no_more() -> None:
    """Ends are ends; but a file that is gone is asked for again, and what was called lost may be heard of or be open again."""
    back = [(State.FAILED, State.AMBIGUOUS), (State.FAILED, State.SUBMITTED), (State.SAVED, State.COMPLETED)]
    assert back == sorted((old, new) for old in OVER for new in MOVES[old])


def test_open_over_and_planned_are_all_there_is() -> None:
    """A generation is wanted, open, or over: never two of them, never none."""
    assert set(State) == {State.PLANNED} | OPEN | OVER
    assert frozenset() == OPEN & OVER
    assert HELD <= OPEN


def test_the_ledger_counts_the_same_states_as_open() -> None:
    """The states whose reservations count are one list in the table and in the ledger's SQL."""
    assert {str(one) for one in OPEN} == set(re.findall(r"'(\w+)'", OPEN_STATES))


def test_nothing_is_sent_twice_by_a_move() -> None:
    """Only what is ``planned`` becomes an intent; from what may have been accepted no way leads back there."""
    assert [State.PLANNED] == [old for old in State if State.INTENT in MOVES[old]]
    assert [State.INTENT] == [old for old in State if State.PLANNED in MOVES[old]]


def test_the_diagram_is_the_table() -> None:
    """The drawing has each move once, with its reason, and nothing more."""
    drawn = re.findall(r'^  (\w+) -> (\w+) \[label="([^"]+)"\];$', diagram(), re.MULTILINE)

    assert [(old, new, why) for old, moves in MOVES.items() for new, why in moves.items()] == drawn
    assert diagram().startswith("digraph states {")
    assert diagram().endswith("}")
