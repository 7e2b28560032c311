"""``plan``: what would be sent and what it would cost, with nothing sent; and what ``run`` makes of it."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest

import notebookgen as ng
from notebookgen.errors import (
    BudgetExceeded,
    BudgetNeeded,
    InvalidCall,
    InvalidSetting,
    NotebookgenError,
    UnknownProvider,
)
from notebookgen.jobs.surveying import FATES
from notebookgen.normal import NO_MATHS
from three_services import accepted, numbered

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

PICTURE = "armox:google/nano-banana"  # 70 credits
CLIP = "apixo:nano-banana"  # 0.03 USD
CHAT = "apimodels:claude-haiku-4-5-20251001"  # nobody lists its price
POEM = "armox:sandbox/text"


def bought(real: Handle) -> int:
    return sum(accepted(real, name) for name in ("armox", "apimodels", "apixo"))


def told(error: pytest.ExceptionInfo[NotebookgenError]) -> str:
    """Return what a person reads: at most four lines, of which one says that nothing was sent."""
    text = str(error.value)
    assert len(text.splitlines()) <= 4, text
    assert "Nothing was sent" in text
    return text


# What a plan says ----------------------------------------------------------------------------------------------------


def test_a_plan_counts_and_reckons_and_sends_nothing(real: Handle) -> None:
    """Rows, fates and the sum; the account is asked what it has left; nothing is bought."""
    plan = ng.plan(pl.DataFrame({"a": ["fox", "owl", "fox", None]}), "a {a}", model=PICTURE)
    assert 4 == len(plan)
    assert {"new": 2, "duplicate": 1, "skipped": 1} == {name: count for name, count in plan.counts.items() if count}
    assert [str(fate) for fate in FATES] == list(plan.counts)
    assert ({"credits": Decimal(140)}, 0, None, None) == (plan.cost, plan.unknown, plan.stops, plan.seconds)
    assert "armox" in {name.lower() for name in plan.balances}
    assert 0 == bought(real)


def test_its_frame_has_a_row_for_each_row_and_sample(real: Handle) -> None:
    """The input rows, with what would become of each and its price."""
    frame = ng.plan(pl.DataFrame({"a": ["fox", None]}), "a {a}", model=PICTURE, samples=2).frame
    assert ["fox", "fox", None, None] == frame["a"].to_list()
    assert ["new", "new", "skipped", "skipped"] == frame["gen_plan"].cast(pl.String).to_list()
    assert [Decimal(70), Decimal(70), None, None] == frame["gen_price"].to_list()
    assert ["credits", "credits", None, None] == frame["gen_unit"].to_list()
    assert 2 == frame["gen_id"].n_unique() - 1
    assert "no prompt" in frame["gen_error"][2]


def test_prices_of_several_units_are_never_added(real: Handle) -> None:
    """Each unit has a sum of its own; what nobody knows is counted."""
    frame = pl.DataFrame({"m": [PICTURE, CLIP, CLIP, CHAT], "n": range(4)})
    plan = ng.plan(frame, "a fox {n}", model=ng.col("m"))
    assert ({"credits": Decimal(70), "USD": Decimal("0.06")}, 1) == (plan.cost, plan.unknown)
    text = repr(plan)
    assert "70 credits" in text
    assert "0.06 USD" in text
    assert "<script" not in plan._repr_html_()
    assert plan._repr_html_().startswith(f'<div class="{NO_MATHS}"')


def test_where_the_budget_stops_is_told_beforehand(real: Handle) -> None:
    """The plan names the first row that is not covered; the run does just that."""
    plan = ng.plan(numbered(4), "poem {n}", model=PICTURE, budget="150 credits")
    assert "row 2" == plan.stops
    assert "stop at row 2" in repr(plan)
    results = plan.run()
    assert ["saved", "saved", "planned", "planned"] == [one.status for one in results]
    assert "budget" in results.frame["gen_error"][2]
    assert 2 == bought(real)


def test_a_cap_over_the_ledgers_life_is_in_the_plan(real: Handle) -> None:
    """What it leaves, and that it would stop the run; one that covers all says what is left; play money has none."""
    ng.configure(total_budget={"armox": "200 credits", "all": "1000 credits per month", "apixo": "1 USD"})
    short = repr(ng.plan(numbered(4), "poem {n}", model=PICTURE, budget=300))
    assert "200 credits for armox: 200 credits left, which would stop the run" in short
    assert "1000 credits a month for all providers together: 1000 credits left until" in short
    assert "apixo" not in short

    ng.map(numbered(1), "poem {n}", model=PICTURE)
    later = ng.plan(numbered(2), "poem {n}", model=PICTURE, budget=300)
    assert "200 credits for armox: 130 credits left\n" in repr(later)
    assert [Decimal(130), Decimal(930)] == sorted(cap.amount for cap in later.caps)
    assert () == ng.plan(numbered(2), "poem {n}", model=POEM).caps
    assert 1 == bought(real)


def test_its_prices_are_what_would_be_set_aside(real: Handle) -> None:
    """What a row has cost before is its price, where that is more than what is listed."""
    ng.configure(prices={PICTURE: 3})
    before = ng.plan(numbered(2), "poem {n}", model=PICTURE)
    assert [Decimal(3)] * 2 == before.frame["gen_price"].to_list()
    ng.map(numbered(1), "poem {n}", model=PICTURE)

    plan = ng.plan(numbered(2), "poem {n}", model=PICTURE)
    assert [None, Decimal(70)] == plan.frame["gen_price"].to_list()
    assert {"credits": Decimal(70)} == plan.cost


def test_at_most_so_many_new_ones(played: Handle) -> None:
    """``max_new`` stops at the first one too many; what is here already does not count."""
    ng.map(numbered(2), "poem {n}", model=POEM)
    plan = ng.plan(numbered(6), "poem {n}", model=POEM, max_new=3)
    assert "row 5" == plan.stops
    assert ["saved"] * 5 + ["planned"] == [one.status for one in plan.run()]
    assert 5 == accepted(played, "armox")


def test_a_second_plan_is_all_cached_and_needs_no_network(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was bought costs nothing, and nobody is asked."""
    frame = pl.DataFrame({"a": ["fox"]})
    ng.map(frame, "a {a}", model=PICTURE)
    requests = real.state()["requests"]
    results = ng.map(frame, "a {a}", model=PICTURE)
    assert results[0].cached
    assert requests == real.state()["requests"]
    plan = ng.plan(frame, "a {a}", model=PICTURE)
    assert (1, {}) == (plan.counts["cached"], plan.cost)


def test_how_long_it_takes_is_known_once_one_was_made(played: Handle) -> None:
    """From what such jobs took before, and how many are under way at once."""
    assert ng.plan(numbered(3), "poem {n}", model=POEM).seconds is None
    ng.map(numbered(1), "poem {n}", model=POEM)
    once = ng.plan(numbered(9), "poem {n}", model=POEM, concurrency=1).seconds
    four = ng.plan(numbered(9), "poem {n}", model=POEM, concurrency=4).seconds
    assert once is not None
    assert four is not None
    assert once == pytest.approx(4 * four)


def test_an_empty_frame_has_a_plan_and_no_run(played: Handle) -> None:
    """No rows: the plan says so, and whoever runs it has made a mistake; one in the model is told all the same."""
    plan = ng.plan(numbered(0), "poem {n}", model=POEM)
    assert (0, {}, None) == (len(plan), plan.cost, plan.stops)
    assert "empty" in repr(plan)
    assert {"n", "gen_prompt", "gen_plan", "gen_price", "gen_id"} <= set(plan.frame.columns)
    for call in (plan.run, lambda: ng.map(numbered(0), "poem {n}", model=POEM, background=True)):
        with pytest.raises(InvalidCall, match="the frame has no rows") as refused:
            call()
        assert "filter" in told(refused)
    with pytest.raises(UnknownProvider):
        ng.map(numbered(0), "poem {n}", model="nope:x")
    assert (0, 0) == (accepted(played, "armox"), ng.runs().height)


def test_rows_that_are_all_skipped_are_no_empty_frame(played: Handle) -> None:
    """A frame of rows that are never sent has a run: each is told why."""
    results = ng.map(pl.DataFrame({"a": [None, None]}, schema={"a": pl.String}), "a {a}", model=POEM)
    assert ["skipped", "skipped"] == results.frame["gen_status"].cast(pl.String).to_list()


# What is not sent ----------------------------------------------------------------------------------------------------


def test_more_than_fifty_new_ones_need_a_word_about_money(real: Handle) -> None:
    """The price tag, and what to add; with the word, or fewer, it goes."""
    with pytest.raises(BudgetNeeded) as refused:
        ng.map(numbered(51), "a fox {n}", model=PICTURE)
    assert "3570 credits" in told(refused)
    assert "budget=3570" in str(refused.value)
    assert 0 == bought(real)
    assert ng.plan(numbered(51), "a fox {n}", model=PICTURE).needs_budget is not None
    assert ng.plan(numbered(51), "a fox {n}", model=PICTURE, max_new=51).needs_budget is None


def test_play_money_needs_no_word(played: Handle) -> None:
    """In the sandbox nothing is charged, so nothing is asked."""
    assert ng.plan(numbered(200), "poem {n}", model=POEM).needs_budget is None


def test_a_bare_number_over_two_units(real: Handle) -> None:
    """It cannot be meant: the error gives one for each unit."""
    with pytest.raises(InvalidCall) as refused:
        ng.map(pl.DataFrame({"m": [PICTURE, CLIP]}), "a fox", model=ng.col("m"), budget=5)
    text = told(refused)
    assert "'USD': 0.03" in text
    assert "'credits': 70" in text
    assert 0 == bought(real)


def test_a_budget_below_one_row(real: Handle) -> None:
    """It says what one needs; nothing is sent."""
    with pytest.raises(BudgetExceeded) as refused:
        ng.map(numbered(3), "a fox {n}", model=PICTURE, budget="69 credits")
    assert "budget=70" in told(refused)
    assert 0 == bought(real)


def test_a_budget_below_the_first_row_names_what_that_one_needs(real: Handle) -> None:
    """Rows go in their order: the first one's price is what is needed, although a later one is cheaper."""
    frame = pl.DataFrame({"m": ["apimodels:gpt-image-2-all", CLIP]})
    price = ng.plan(frame[:1], "a fox", model=ng.col("m"), settings={}).cost["USD"]
    assert price > Decimal("0.03")
    with pytest.raises(BudgetExceeded) as refused:
        ng.map(frame, "a fox", model=ng.col("m"), budget="0.03 USD")
    assert f"budget={price.normalize():f}" in told(refused)
    assert 0 == bought(real)


def test_a_budget_in_another_unit(real: Handle) -> None:
    """Dollars say nothing about credits."""
    with pytest.raises(InvalidCall) as refused:
        ng.map(numbered(3), "a fox {n}", model=PICTURE, budget="5 USD")
    told(refused)
    assert 0 == bought(real)


def test_an_unknown_price_under_a_budget(real: Handle) -> None:
    """It cannot hold; nothing is sent, and what to say instead is told."""
    with pytest.raises(BudgetExceeded) as refused:
        ng.map(numbered(3), "a fox {n}", model=CHAT, budget="5 USD")
    told(refused)
    assert 0 == bought(real)


def test_all_invalid_is_an_error(real: Handle) -> None:
    """Where no row can be sent, the first one's reason is raised rather than a frame of errors returned."""
    with pytest.raises(InvalidSetting) as refused:
        ng.map(numbered(3), "a fox {n}", model=PICTURE, settings={"aspect_ratio": "17:23"})
    told(refused)
    assert 0 == bought(real)


@pytest.mark.parametrize("kind", ["pandas", "dictionary of columns"])
def test_a_frame_that_changed_between_plan_and_run(real: Handle, kind: str) -> None:
    """What was planned is what is sent, or nothing is."""
    frame = pd.DataFrame({"a": ["fox", "owl"]})
    plan = ng.plan(frame, "a {a}", model=PICTURE)
    if kind == "pandas":
        frame.loc[0, "a"] = "elk"
    else:
        frame["b"] = [1, 2]
    with pytest.raises(InvalidCall, match="the frame has changed") as refused:
        plan.run()
    told(refused)
    assert 0 == bought(real)


@pytest.mark.parametrize("said", [{}, {"budget": 5}])
def test_a_million_rows_by_mistake(played: Handle, said: dict[str, int]) -> None:
    """Even of play money, and where a budget would stop it early: with the number said it could go."""
    with pytest.raises(InvalidCall) as refused:
        ng.map(numbered(1_000_000), "poem {n}", model=POEM, **said)
    assert "max_new=1000000" in told(refused)
    assert 0 == accepted(played, "armox")


def test_samples_count_as_rows(played: Handle) -> None:
    """A hundred rows of a thousand and one samples are too many as well."""
    with pytest.raises(InvalidCall):
        ng.plan(numbered(101), "poem {n}", model=POEM, samples=1000)


# Slips of the pen ----------------------------------------------------------------------------------------------------

FRAME = pl.DataFrame({"animal": ["fox", "owl"], "n": [1, 2]})
SLIPS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a column that is missing": ("a {animel}", {}, "animal"),
    "a column of an expression that is missing": (pl.col("animel") + "!", {}, "animel"),
    "a setting's column that is missing": ("a fox", {"seed": ng.col("m")}, "m"),
    "no prompt at all": (None, {}, ""),
    "concurrency of none": ("a fox", {"concurrency": 0}, "from 1"),
    "negative concurrency": ("a fox", {"concurrency": -3}, "from 1"),
    "concurrency in words": ("a fox", {"concurrency": "many"}, "from 1"),
    "half a row at once": ("a fox", {"concurrency": 2.5}, "from 1"),
    "no samples": ("a fox", {"samples": 0}, "samples=0"),
    "a budget of nothing": ("a fox", {"budget": 0}, ""),
    "a negative budget": ("a fox", {"budget": -1}, ""),
    "at most none": ("a fox", {"max_new": 0}, "max_new=0"),
    "another word for hold": ("a fox", {"on_ambiguous": "holt"}, "hold"),
    "a misspelt option": ("a fox", {"bugdet": 3}, "budget"),
    "a row_id that is no column": ("a fox", {"row_id": "animel"}, "animal"),
    "a model that nobody has": ("a fox", {"model": "armox:google/nano-bananna"}, "nano-banana"),
    "settings that are no table": ("a fox", {"settings": 3}, "settings"),
    "a negative timeout": ("a fox", {"timeout": -1}, "timeout"),
    "a prefix that is no text": ("a fox", {"prefix": 3}, "prefix"),
    "a file that is not there": ("a fox", {"images": "no-such-file.png"}, "no-such-file.png"),
    "an empty prompt": ("", {}, ""),
}


@pytest.mark.parametrize("slip", sorted(SLIPS))
def test_a_slip_of_the_pen_is_told_before_anything_is_sent(real: Handle, slip: str) -> None:
    """At most four lines, with what was meant where that can be guessed; ``plan`` says the same, or shows the rows as invalid."""
    prompt, options, hint = SLIPS[slip]
    options = {"model": PICTURE, **options}
    with pytest.raises(NotebookgenError) as refused:
        ng.map(FRAME, prompt, **options)
    text = str(refused.value)
    assert len(text.splitlines()) <= 4, text
    assert hint in text, text
    with contextlib.suppress(NotebookgenError):
        shown = ng.plan(FRAME, prompt, **options)
        assert len(shown) == shown.counts["invalid"]
    assert 0 == bought(real)


def test_a_name_that_is_taken_among_the_columns(real: Handle) -> None:
    """The output's columns would hide the frame's own: another prefix is offered."""
    with pytest.raises(InvalidCall) as refused:
        ng.map(FRAME.with_columns(gen_path=pl.lit("x")), "a fox", model=PICTURE)
    assert "prefix='gen2_'" in told(refused)
    assert 0 == bought(real)


def test_an_expression_that_fails_on_row_seven_thousand(real: Handle) -> None:
    """It is evaluated for all rows before the first is sent."""
    frame = pl.DataFrame({"t": [*(["1"] * 7000), "one", *(["2"] * 10)]})
    with pytest.raises(NotebookgenError) as refused:
        ng.map(frame, pl.format("fox {}", pl.col("t").cast(pl.Int64)), model=PICTURE, max_new=9000)
    assert len(str(refused.value).splitlines()) <= 4
    assert 0 == bought(real)


def test_a_plan_takes_what_map_takes(real: Handle) -> None:
    """An unknown option is a setting; a near miss of an option is an error in both."""
    plan = ng.plan(FRAME, "a {animal}", model=PICTURE, aspect_ratio="16:9", tag="t", concurrency=2, background=False)
    assert "aspect_ratio=16:9" in repr(plan)


@pytest.mark.parametrize("frame", [None, 3, "a fox", [1, 2], {"a": 3}])
def test_what_is_no_frame(real: Handle, frame: Any) -> None:
    """The error names what is taken."""
    with pytest.raises(NotebookgenError) as refused:
        ng.map(frame, "a fox", model=PICTURE)
    told(refused)


def test_a_plan_of_rows_that_cannot_be_sent_is_shown(played: Handle) -> None:
    """Where no row can be sent, the plan says why; running it raises that, and sends nothing."""
    plan = ng.plan(numbered(2), "poem {n}", model="armox:sandbox/clip", duration=99)
    assert 2 == plan.counts["invalid"]
    assert "duration" in repr(plan)
    assert "duration" in plan._repr_html_()
    with pytest.raises(InvalidSetting):
        plan.run()
