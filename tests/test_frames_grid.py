"""The cross product."""

from __future__ import annotations

import itertools
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import InvalidCall
from notebookgen.frames.grid import grid


def test_the_first_axis_changes_slowest() -> None:
    """Every combination is there once, in the order of nested loops."""
    found = grid(animal=["fox", "owl"], style=("oil", "ink"), seed=range(2), model="armox:x")

    assert ["animal", "style", "seed", "model"] == found.columns
    assert list(itertools.product(["fox", "owl"], ["oil", "ink"], range(2), ["armox:x"])) == found.rows()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True), min_size=1, max_size=4))
def test_a_grid_is_the_product(axes: list[list[int]]) -> None:
    """Whatever the axes, the rows are those of ``itertools.product``."""
    assert list(itertools.product(*axes)) == grid(**{f"a{number}": axis for number, axis in enumerate(axes)}).rows()


@pytest.mark.parametrize(
    "axis",
    [[1, 2], (1, 2), range(1, 3), np.array([1, 2]), pl.Series([1, 2]), pd.Series([1, 2])],
    ids=["list", "tuple", "range", "array", "polars", "pandas"],
)
def test_an_axis_may_be_any_row_of_values(axis: Any) -> None:
    """Lists, tuples, ranges, arrays and Series are axes; the column has the axis' name."""
    assert {"n": [1, 2], "k": [True, True]} == grid(n=axis, k=True).to_dict(as_series=False)


def test_one_value_is_a_constant() -> None:
    """Text, bytes, a number or None is the same in every row."""
    assert [(1, "ab", b"c", None)] == grid(a=1, b="ab", c=b"c", d=None).rows()


def test_whole_and_other_numbers_are_one_axis() -> None:
    """1 beside 0.5 is a number like it; a list is a value too, and a null."""
    assert [1.0, 0.5] == grid(a=[1, 0.5])["a"].to_list()
    assert [[1], [2, 3]] == grid(a=[[1], [2, 3]])["a"].to_list()
    assert ["a/b.png"] == grid(a=[PurePosixPath("a/b.png")])["a"].to_list()
    assert [None, "x"] == grid(a=[None, "x"])["a"].to_list()


def test_the_type_of_a_series_is_kept() -> None:
    """An enum stays one."""
    kind = pl.Enum(["a", "b"])

    assert kind == grid(a=pl.Series(["a", "b"], dtype=kind), b=[1, 2]).schema["a"]


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({}, "at least one axis"),
        ({"a": [], "b": [1]}, "the axis 'a' is empty"),
        ({"a": ["x", "y", "x"]}, "holds 'x' twice"),
        ({"a": [1, "x"]}, r"cannot be a column of one type \(int, str\)"),
        ({"a": {"x", "y"}}, r"order means nothing. Give a list: sorted\(a\)"),
        ({"a": {"x": 1}}, "order means nothing"),
        ({"a": (each for each in "ab")}, "Give a list"),
        ({"a": np.zeros((2, 2))}, "Give a list"),
        ({"a": pl.col("b")}, "Give a list"),
        ({"a": range(1001), "b": range(1000)}, r"1,001,000 rows \(1,001 x 1,000\)"),
        ({"a": range(10**12)}, "more than 1,000,000"),
    ],
    ids=["none", "empty", "twice", "mixed", "set", "dict", "generator", "matrix", "expression", "large", "endless"],
)
def test_bad_axes_are_told(axes: dict[str, Any], said: str) -> None:
    """An axis that is no row of values, or too many, is told before anything is built."""
    with pytest.raises(InvalidCall, match=said):
        grid(**axes)


def test_a_large_grid_is_built() -> None:
    """A million rows are allowed."""
    assert (999, 999) == grid(a=range(1000), b=range(1000)).row(-1)
