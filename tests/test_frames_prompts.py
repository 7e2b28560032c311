"""Prompts over the rows of a frame: templates with columns and variables, and expressions."""

from __future__ import annotations

import datetime as dt
import string
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import InvalidCall, InvalidPrompt, shown
from notebookgen.frames.columns import Fixed
from notebookgen.frames.prompts import prompt_cells

FRAME = pl.DataFrame({"animal": ["fox", None, "owl"], "style": ["oil", "ink", None], "n": [1.0, 2.0, 0.5]})
NAMES = ("a", "b", "c")
CELLS = st.one_of(
    st.lists(st.text(max_size=5), min_size=3, max_size=3),
    st.lists(st.integers(-(2**62), 2**62), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.lists(st.dates(), min_size=3, max_size=3),
    st.lists(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)), min_size=3, max_size=3),  # noqa: DTZ001 - naive ones
)


def cells(prompt: Any, frame: pl.DataFrame = FRAME, **variables: Any) -> list[Any]:
    """Return the prompts of a frame's rows."""
    found = prompt_cells(frame, prompt, variables)
    return [found.value] * frame.height if isinstance(found, Fixed) else found.to_list()


def test_a_template_is_filled_with_each_rows_cells() -> None:
    """Each row's cells go into its own prompt; a null in any of them leaves the row without one."""
    assert ["A fox, 1", None, "A owl, 0.5"] == cells("A {animal}, {n}")
    assert ["fox in oil", None, None] == cells("{animal} in {style}")


def test_variables_stand_in_for_names_that_are_no_column() -> None:
    """A column goes before a variable of the same name; a variable is the same for all rows."""
    assert ["fox by hand 3", None, "owl by hand 3"] == cells("{animal} {how} {k}", how="by hand", k=3.0, animal="no")
    assert ["by hand"] * 3 == cells("{how}", how="by hand")


def test_braces_are_left_alone_where_they_name_nothing() -> None:
    """JSON and formats keep their braces, doubled ones become single."""
    assert ['{"x": "fox"} {n:.2f} {animal}'] == cells('{"x": "{animal}"} {n:.2f} {{animal}}', FRAME.head(1))


def test_columns_whose_names_are_no_identifiers_can_be_named() -> None:
    """``{hair colour}`` and ``{class}`` are the columns of those names."""
    frame = pl.DataFrame({"hair colour": ["red"], "class": [3], "^.*$": ["x"], "*": ["y"], "": ["z"]})

    assert ["red 3 {} {*}"] == cells("{hair colour} {class} {} {*}", frame)


def test_patterns_in_names_are_only_names() -> None:
    """A column called like a pattern of Polars is that one column."""
    frame = pl.DataFrame({"^a.*$": ["x"], "ab": ["y"], "ac": ["z"]})

    assert ["x"] == cells("{^a.*$}", frame)


def test_a_text_without_names_is_the_same_for_every_row() -> None:
    """A constant prompt stays one value, also where there are no rows."""
    assert Fixed("a fox") == prompt_cells(FRAME, "a fox")
    assert Fixed("{a} fox") == prompt_cells(FRAME.clear(), "{{a}} fox")


def test_an_expression_may_be_the_prompt() -> None:
    """What an expression gives is written like a template's cells."""
    assert ["1", "2", "0.5"] == cells(pl.col("n"))
    assert ["a fox", None, "a owl"] == cells(pl.format("a {}", "animal"))
    assert ["same"] * 3 == cells(pl.lit("same"))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text(string.ascii_letters + " .", max_size=4), st.sampled_from(NAMES)), max_size=5),
    CELLS,
    CELLS,
    CELLS,
)
def test_what_comes_out_is_what_format_gives(
    pieces: list[tuple[str, str]], a: list[Any], b: list[Any], c: list[Any]
) -> None:
    """A template of plain names comes out as ``str.format`` has it, for text, whole numbers, booleans and dates."""
    template = "".join(f"{text}{{{name}}}" for text, name in pieces) + "."
    rows = [dict(zip(NAMES, row, strict=True)) for row in zip(a, b, c, strict=True)]

    assert [template.format(**row) for row in rows] == cells(template, pl.DataFrame({"a": a, "b": b, "c": c}))


@settings(deadline=None)
@given(st.lists(st.tuples(st.none() | st.text(max_size=3), st.none() | st.integers(0, 9)), min_size=1, max_size=10))
def test_a_row_has_a_prompt_just_where_all_it_names_is_there(rows: list[tuple[str | None, int | None]]) -> None:
    """A null in a named column leaves the row without a prompt, and no other row."""
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.Int64}, orient="row")

    assert [None if None in row else f"{row[0]}-{row[1]}" for row in rows] == cells("{a}-{b}", frame)


def test_a_name_that_is_nothing_is_told_with_the_nearest() -> None:
    """A slip of the pen names the column or variable that was meant, and lists the first ten columns."""
    wide = pl.DataFrame({f"column_{number}": [1] for number in range(12)})
    with pytest.raises(
        InvalidPrompt, match=r"{animl} names no column. Did you mean 'animal'\? Nothing was sent"
    ) as caught:
        cells("A {animl}")
    assert "Columns are: animal, style, n. Write {{animl}} to keep the braces." in str(caught.value)
    with pytest.raises(InvalidPrompt, match=r"neither a column nor a variable. Did you mean 'manner'\?"):
        cells("A {maner}", manner="x")
    with pytest.raises(InvalidPrompt, match="column_9 and 2 more"):
        cells("{nothing}", wide)


def test_a_name_is_told_also_where_there_are_no_rows() -> None:
    """An empty frame does not hide a slip of the pen."""
    with pytest.raises(InvalidPrompt, match="animl"):
        cells("A {animl}", FRAME.clear())


@pytest.mark.parametrize(("value", "said"), [(None, "None"), ([1], "of type list")], ids=["none", "list"])
def test_a_variable_that_is_no_text_is_told(value: Any, said: str) -> None:
    """Only text and numbers go into a prompt."""
    with pytest.raises(InvalidPrompt, match=f"no column but a variable, {said}"):
        cells("A {thing}", thing=value)


def test_the_bare_name_of_a_column_is_told() -> None:
    """``"animal"`` would send that word for every row; the error says what to write."""
    with pytest.raises(InvalidPrompt, match="a column has that name") as caught:
        cells("animal\n")

    assert ["animal"] * 3 == cells(pl.lit("animal"))
    assert "Write \"{animal}\" or ng.col('animal')" in str(caught.value)


@pytest.mark.parametrize("prompt", [None, 7, ["a"], FRAME["animal"]], ids=["none", "number", "list", "series"])
def test_a_prompt_of_another_kind_is_told(prompt: Any) -> None:
    """A prompt is a template or an expression."""
    with pytest.raises(InvalidPrompt, match="the prompt is of type"):
        cells(prompt)


def test_an_expression_that_fails_late_names_itself() -> None:
    """One bad cell among ten thousand fails before anything else happens, in Polars' words and ours."""
    frame = pl.DataFrame({"x": ["1"] * 7000 + ["abc"] + ["2"] * 2999})
    with pytest.raises(
        InvalidCall, match="the expression for the prompt fails in row 7000: conversion from `str`"
    ) as caught:
        cells(pl.col("x").cast(pl.Int64), frame)

    assert '"abc"' in str(caught.value)
    assert 'It is col("x")' in str(caught.value)
    assert "Nothing was sent" in str(caught.value)
    assert 4 >= len(shown(caught.value))


def test_a_function_of_the_users_that_fails_is_told() -> None:
    """An exception out of a function inside an expression is told in its own words."""

    def broken(value: str) -> str:
        raise LookupError("no " + value)

    with pytest.raises(InvalidCall, match="no fox"):
        cells(pl.col("animal").map_elements(broken, return_dtype=pl.String))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        (pl.col("animl"), r"there is no column 'animl'. Did you mean 'animal'\?"),
        (pl.all(), "gives 3 columns, and one is due"),
        (pl.col("n").head(2), "gives 2 cells for 3 rows"),
    ],
    ids=["missing", "several", "short"],
)
def test_an_expression_that_gives_no_column_is_told(expression: pl.Expr, said: str) -> None:
    """An expression gives one cell for each row, or one for all."""
    with pytest.raises(InvalidCall, match=said):
        cells(expression)
