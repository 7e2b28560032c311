"""Tables as a person reads them: whole names, prices in words, money in its unit; the frame behind has everything."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import InvalidCall
from notebookgen.ledger.frame import Ledger
from notebookgen.ledger.views import View, bar_markup, bar_text, costs_view, models_view, runs_view, totals_view
from notebookgen.normal import NO_MATHS
from notebookgen.providers import provider_class, provider_names
from notebookgen.records import Cost, Model
from notebookgen.sandbox.embedded import stop
from sanitizer import seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONG = "apimodels:nanobanana-2-lite/gemini-3.1-flash-image-preview"
TOTALS = {"provider": "armox", "unit": "credits", "attempts": 3, "made": 2, "cost_unknown": 0}


@pytest.fixture
def box() -> Iterator[None]:
    """The sandbox behind every name; taken back afterwards."""
    ng.configure(sandbox=True)
    yield
    default_client().close()
    ng.configure(sandbox=None)
    stop()


def models() -> list[Model]:
    """Return every model of every catalogue."""
    return [model for name in provider_names() for model in provider_class(name)().catalogue()]


@pytest.mark.parametrize("width", [40, 80, 100, None])
def test_no_name_and_no_price_is_cut(width: int | None) -> None:
    """Each model's name stands whole and in one piece, whatever the width of the screen; so does its price."""
    text = models_view(models()).text(width)

    assert [] == [str(one) for one in models() if str(one) not in re.split(r"[\s]+", text)]
    assert "…" not in text
    assert "70 credits" in text


def test_a_line_holds_the_screen_where_it_can() -> None:
    """In 80 columns every line fits: a long name takes a line of its own, with kind and price below it."""
    lines = models_view(models()).text(80).splitlines()
    at = lines.index(LONG)

    assert [] == [line for line in lines if len(line) > 80]
    assert ["image", "unknown"] == lines[at + 1].split()


def test_what_a_price_looks_like() -> None:
    """A range where sources disagree, the unit beside it, no padding noughts; what nobody lists is unknown."""
    view = models_view(
        [
            Model("a", "x", kind="image", cost=Cost(Decimal("0.0800"), "USD", "listed", low=Decimal("0.05"))),
            Model("a", "y", kind="image", cost=Cost(Decimal("70.0000"), "credits", "listed")),
            Model("a", "z"),
        ]
    )

    assert (("a:x", "image", "0.05-0.08 USD"), ("a:y", "image", "70 credits"), ("a:z", "", "unknown")) == view.rows


def test_for_a_program_each_model_is_one_line() -> None:
    """Without a width nothing is wrapped, and without a head every line is a model."""
    lines = models_view(models()).text(None, head=False).splitlines()

    assert [str(one) for one in models()] == [line.split()[0] for line in lines]


def test_the_frame_is_behind_the_table() -> None:
    """What the table leaves out, the frame has; it is used as if it were the frame."""
    view = models_view(models())

    assert len(models()) == len(view) == view.height
    assert {"settings", "source", "live"} <= set(view.columns) | set(view.frame.columns)
    assert "armox:google/nano-banana" in view["model"]
    assert 1 == view.filter(model="armox:google/nano-banana").height
    with pytest.raises(AttributeError):
        view._repr_markdown_  # noqa: B018 - that it is not there is the test


def test_a_notebook_gets_a_table_without_scripts_and_styles() -> None:
    """HTML with every name whole, escaped, inline styles only."""
    page = models_view([Model("a", "<script>x</script>", kind="image")], "a & b")._repr_html_()

    assert "a:&lt;script&gt;x&lt;/script&gt;" in page
    assert "a &amp; b" in page
    assert 2 == page.count(f'class="{NO_MATHS}"')  # the table and what is said of it
    assert not re.search(r"<(script|style|link)", page)


def test_costs_are_told_in_their_unit() -> None:
    """The provider's name in the model's, one cell for amount and unit, and what nobody knows is said."""
    rows: list[dict[str, object]] = [
        {**TOTALS, "model": "google/x", "net": Decimal("140.00"), "reserved": Decimal(70)},
        {**TOTALS, "model": "google/y", "net": Decimal(1), "reserved": Decimal(0), "cost_unknown": 2},
        {**TOTALS, "model": "google/z", "net": None, "reserved": Decimal(0)},
    ]
    view = totals_view(pl.DataFrame(rows), "model")

    assert ("model", "attempts", "made", "spent", "set aside") == view.columns
    assert [
        ("armox:google/x", "3", "2", "140 credits", "70 credits"),
        ("armox:google/y", "3", "2", "1 credit and 2 of unknown cost", "0"),
        ("armox:google/z", "3", "2", "unknown", "0"),
    ] == list(view.rows)


def test_play_money_is_never_taken_for_money() -> None:
    """What the sandbox made has a row of its own, marked."""
    row = {**TOTALS, "tag": None, "net": Decimal(40), "reserved": Decimal(0)}
    view = totals_view(pl.DataFrame([{**row, "sandbox": False}, {**row, "sandbox": True}]), "tag")

    assert [("-", "armox", "3", "2", "40 credits"), ("-", "armox", "3", "2", "40 credits (play money)")] == list(
        view.rows
    )


def test_where_nothing_was_spent_that_is_said(home: Path, box: None) -> None:
    """No bare header: nothing was asked for, or nothing was spent and the exact flag shows the play money."""
    asked = {"by": "day", "command": "%generate cost --by day"}
    assert "Nothing was asked for yet, so nothing was spent." == str(costs_view(Ledger(home), sandbox=False, **asked))
    assert not home.exists()

    ng.generate("a fox", kind="text", timeout=30)
    said = "Nothing was spent. With the sandbox's play money: %generate cost --by day --sandbox"
    without = costs_view(Ledger(home), sandbox=False, **asked)
    with_it = costs_view(Ledger(home), sandbox=True, **asked)

    assert (said, True) == (str(without), html.escape(said) in without._repr_html_())
    assert ["4 credits (play money)"] == [row[-1] for row in with_it.rows]


def test_a_wrong_column_is_named(home: Path) -> None:
    """The near miss, also where it is no text at all."""
    with pytest.raises(InvalidCall, match="Did you mean 'day'"):
        costs_view(Ledger(home), "dya", sandbox=False, command="x")
    with pytest.raises(InvalidCall, match="Columns are"):
        Ledger(home).totals(5)  # type: ignore[arg-type]  # a slip is the test
    with pytest.raises(InvalidCall, match=r"None is no path.*\.export\("):
        Ledger(home).export(None)  # type: ignore[arg-type]  # a slip is the test


def test_runs_say_how_they_stand(home: Path) -> None:
    """Counts in words, money in its unit, tags where there are any; none yet is said."""
    frame = pl.DataFrame(
        {
            "run": ["1a", "2b"], "at": pl.Series([0, 60_000_000]).cast(pl.Datetime("us", "UTC")),
            "model": ["armox:google/x", "armox:sandbox/picture"], "rows": [3, 1], "saved": [2, 0], "open": [0, 0],
            "ambiguous": [0, 0], "failed": [1, 0], "refused": [2, 0], "cancelled": [1, 0], "net": [Decimal(140), None], "unit": ["credits", None], "cost_unknown": [1, 1],
            "tag": ["trial", None], "sandbox": [False, True],
        }
    )  # fmt: skip
    view = runs_view(frame)

    assert ("run", "when", "rows", "spent", "tag", "model") == view.columns
    assert [
        (
            "1a",
            "2 saved, 1 failed, 2 refused, 1 cancelled",
            "140 credits and 1 of unknown cost",
            "trial",
            "armox:google/x",
        ),
        ("2b", "nothing sent", "unknown", "", "armox:sandbox/picture"),
    ] == [(*row[:1], *row[2:]) for row in view.rows]
    assert "    armox:google/x" in view.text(60).splitlines()
    assert "No runs yet: nothing was asked for." == str(runs_view(Ledger(home).runs()))


def test_a_view_without_anything_is_empty() -> None:
    """No rows and no note show nothing."""
    assert ("", "<p></p>") == (str(View(pl.DataFrame(), ("a",), ())), View(pl.DataFrame(), ("a",), ())._repr_html_())


def test_a_summary_has_bars_on_the_scale_of_their_unit() -> None:
    """The most of each unit is a whole bar, whatever the other unit's numbers are; what nobody knows has none."""
    rows: list[dict[str, object]] = [
        {**TOTALS, "model": "x", "net": Decimal(200), "reserved": Decimal(0)},
        {**TOTALS, "model": "y", "net": Decimal(50), "reserved": Decimal(0)},
        {**TOTALS, "provider": "apixo", "unit": "USD", "model": "z", "net": Decimal("0.01"), "reserved": Decimal(0)},
        {**TOTALS, "provider": "apixo", "unit": "USD", "model": "u", "net": None, "reserved": Decimal(0)},
        {**TOTALS, "provider": "apixo", "unit": "USD", "model": "w", "net": Decimal(0), "reserved": Decimal(0)},
    ]
    view = totals_view(pl.DataFrame(rows), "model")
    lines = view.text(120).splitlines()

    assert (1.0, 0.25, 1.0, None, 0.0) == view.bars
    assert [24, 6, 24, 0, 0] == [line.count("█") for line in lines[1:]]
    assert [] == [line for line in view.text(60).splitlines() if len(line) > 60]
    assert "width:25.0%" in view._repr_html_()


def test_bars_of_a_summary_pass_a_sanitizer() -> None:
    """Plain boxes of a width and a colour that shows on light and on dark: nothing that a front end takes away."""
    for share in (0.0, 0.001, 0.5, 1.0):
        assert [] == seen(bar_markup(share), whole=False).faults
    assert ("", "") == (bar_markup(None), bar_text(None, 20))
    assert ["", "▏", "█"] == [bar_text(share, 1) for share in (0.0, 0.01, 1.0)]


def test_a_summary_is_the_table_and_its_frame(home: Path, box: None) -> None:
    """``summary`` shows itself; what it has no attribute for is the frame's; play money has rows of its own."""
    ng.generate("a fox", kind="text", timeout=30)
    summary = ng.ledger().summary("month", sandbox=True)

    assert ["4 credits (play money)"] == [row[-1] for row in summary.rows]
    assert ng.ledger().totals("month", sandbox=True).equals(summary.frame)
    assert "ng.ledger().summary('day', sandbox=True)" in str(ng.ledger().summary("day"))
    with pytest.raises(InvalidCall, match="Did you mean 'month'"):
        ng.ledger().summary("mnth")
