"""Budgets: read exactly as written, units kept apart, nonsense refused."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.errors import InvalidCall
from notebookgen.jobs.budget import NO_BUDGET, Budget, check_unit, parse_budget, said_before

AMOUNTS = st.decimals(min_value="0.000000001", max_value="1000000000", places=9)


@pytest.mark.parametrize(
    ("given_", "caps"),
    [
        (5, {None: Decimal(5)}),
        (0.1, {None: Decimal("0.1")}),
        (Decimal("0.1"), {None: Decimal("0.1")}),
        ("5", {None: Decimal(5)}),
        ("5 USD", {"USD": Decimal(5)}),
        ("  0.50   credits ", {"credits": Decimal("0.50")}),
        ("5USD", {"USD": Decimal(5)}),
        ("1_000 USD", {"USD": Decimal(1000)}),
        ("1 USD, 2000 credits", {"USD": Decimal(1), "credits": Decimal(2000)}),
        ({"credits": 500, "USD": "0.3"}, {"credits": Decimal(500), "USD": Decimal("0.3")}),
    ],
)
def test_a_budget_is_read_as_written(given_: object, caps: dict[str | None, Decimal]) -> None:
    """Numbers, texts and tables, without a binary float's rounding."""
    budget = parse_budget(given_)

    assert caps == dict(budget.caps)
    assert (True, False) == (budget.finite, budget.uncapped)


@pytest.mark.parametrize("given_", [math.inf, "none", "None", "INF", " NONE "], ids=repr)
def test_no_cap_can_be_said_on_purpose(given_: object) -> None:
    """``none`` is not the same as saying nothing."""
    budget = parse_budget(given_)

    assert (False, True, "none") == (budget.finite, budget.uncapped, str(budget))
    assert (False, False) == (NO_BUDGET.finite, NO_BUDGET.uncapped)
    assert NO_BUDGET == parse_budget(None)


@pytest.mark.parametrize(
    "given_",
    [0, -1, "-5 USD", "five", "", " ", "5,", "USD 5", "5 USD, -1 credits", math.nan, -math.inf, "nan", True, False, {"USD": 0}, {"USD": None},
     {"USD": True}, [5], object, b"5", {"USD": "inf"}],
    ids=repr,
)  # fmt: skip
def test_nonsense_is_refused(given_: object) -> None:
    """What is no amount above zero is an error that shows what can be typed, never a cap of nought or none."""
    with pytest.raises(InvalidCall, match="no amount above zero"):
        parse_budget(given_)


@pytest.mark.parametrize("given_", ["5,5", "5, 5 USD", "5 USD, 6 USD"])
def test_several_caps_have_a_unit_each(given_: str) -> None:
    """Of two amounts nobody is left to guess which is meant; a comma is not a decimal point."""
    with pytest.raises(InvalidCall, match="names each of them once"):
        parse_budget(given_)


def test_an_empty_table_is_no_cap() -> None:
    """``{}`` caps nothing, and says so: there is no silent cap in it."""
    assert (False, False) == (parse_budget({}).finite, parse_budget({}).uncapped)


def test_a_budget_stays_what_it_is() -> None:
    """One that was read already is taken as it is."""
    budget = Budget({"USD": Decimal(5)})

    assert budget is parse_budget(budget)


def test_units_are_never_mixed() -> None:
    """A cap in one unit says nothing of another; a bare number holds for whichever unit the run has."""
    dollars, bare = parse_budget("5 USD"), parse_budget(7)

    assert (Decimal(5), None, None) == (dollars.cap("USD"), dollars.cap("credits"), dollars.cap(None))
    assert (Decimal(7), Decimal(7)) == (bare.cap("USD"), bare.cap("credits"))


@given(AMOUNTS, st.sampled_from(["USD", "credits", ""]))
def test_what_is_shown_can_be_typed_again(amount: Decimal, unit: str) -> None:
    """The text of a budget gives the same budget, to the last nano-unit."""
    budget = parse_budget(f"{amount:f} {unit}".strip())

    assert dict(budget.caps) == dict(parse_budget(str(budget)).caps)
    assert amount == budget.cap(unit or None)


@pytest.mark.parametrize("given_", ["5 EUR", "5 usd", {"credits": 500}, {"EUR": 1, "GBP": 2}], ids=repr)
def test_a_budget_in_another_unit_is_refused_at_once(given_: object) -> None:
    """A cap that could never bind is an error that says in what is paid, before anything is asked of anybody."""
    with pytest.raises(InvalidCall, match="APIXO is paid in USD") as caught:
        check_unit(parse_budget(given_), "USD", "APIXO")
    assert len(str(caught.value).splitlines()) <= 4


@pytest.mark.parametrize("given_", [None, 5, "5 USD", "none", {"credits": 500, "USD": 5}], ids=repr)
def test_a_budget_in_the_right_unit_or_none_is_taken(given_: object) -> None:
    """A bare number is in whatever unit is paid; of several caps one has to fit."""
    check_unit(parse_budget(given_), "USD", "APIXO")


KEPT = {
    "nothing": (None, None),
    "a bare number": (5, None),
    "one unit": ("0.5 USD", None),
    "several units": ({"credits": 500, "USD": 5}, None),
    "no cap": ("none", None),
    "a count": (None, 7),
    "both": ("5 USD", 7),
    "several units and a count": ({"credits": 500, "USD": 5}, 2),
    "no cap, and a count": ("none", 7),
}


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT.keys())
def test_what_the_ledger_keeps_is_read_again(case: tuple[object, int | None]) -> None:
    """The text that stands there with a run gives the same budget, all of it."""
    budget = parse_budget(case[0], max_new=case[1])

    assert budget == said_before(budget.kept)


def test_what_cannot_be_read_is_no_budget() -> None:
    """An older or a damaged ledger stops nobody: the rule of fifty holds then."""
    assert not said_before("a lot").said
