"""What is in hand is counted as it changes, and never gone through."""

from __future__ import annotations

import ast
import random
from collections import Counter
from pathlib import Path
from typing import Any

import notebookgen
from notebookgen.jobs.inhand import InHand
from notebookgen.jobs.states import BUSY, State
from notebookgen.jobs.ticket import Lane, Ticket
from notebookgen.records import Generation, Realm

REALM = Realm("tailor", "0123456789ab")
NOBODY: Any = None
LANE = Lane(REALM, NOBODY, NOBODY)


def ticket(number: int, run: str = "r") -> Ticket:
    return Ticket(Generation(REALM, "coat", f"number {number}"), LANE, run)


def test_counts_are_what_going_through_all_of_them_would_tell() -> None:
    """Whatever comes, goes, changes or changes its payer, in whatever order."""
    dice, hand = random.Random(7), InHand()
    for _ in range(3000):
        name = str(dice.randrange(12))
        one = hand.get(name)
        if one is None or dice.random() < 0.1:
            hand[name] = ticket(int(name), dice.choice("ab"))
        elif dice.random() < 0.2:
            del hand[name]
            one.stand(State.SUBMITTED)  # nobody counts it any more
        elif one.state is State.PLANNED and dice.random() < 0.2:
            one.run = dice.choice("abc")
        else:
            one.stand(dice.choice(list(State)))
        assert Counter(one.run for one in hand.values() if one.state in BUSY) == hand.busy
        assert hand.busy.total() == hand.by_lane[LANE]
        assert sum(one.state is State.SUBMITTED for one in hand.values()) == hand.submitted


def test_no_run_is_left_behind_that_has_nothing_under_way() -> None:
    """A kernel that lives for weeks does not keep the names of all of its runs."""
    hand = InHand()
    for number in range(100):
        hand[str(number)] = one = ticket(number, f"run {number}")
        one.stand(State.INTENT)
        one.stand(State.SAVED)

    assert {} == hand.busy


def test_a_state_is_set_in_one_way_only() -> None:
    """Whoever set it past the count would have places lost or given twice."""
    folder = Path(notebookgen.__file__).parent / "jobs"
    found = [
        f"{path.name}:{target.lineno}"
        for path in folder.glob("*.py")
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(one, ast.Assign)
        for target in ast.walk(ast.Tuple([*one.targets]))
        if isinstance(target, ast.Attribute) and target.attr == "state"
    ]

    assert ["ticket.py"] == [name.partition(":")[0] for name in found]
