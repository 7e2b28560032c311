"""Input rows with what became of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from notebookgen.errors import InvalidCall
from notebookgen.frames.output import joined, output_names
from notebookgen.ledger.frame import STATES, money_frame

FRAME = pl.DataFrame({"animal": ["fox", "owl"], "n": [1, 2]})


def gen(count: int) -> pl.DataFrame:
    """Return how some rows stand."""
    return money_frame({"gen_status": ["saved"] * count, "gen_id": [f"id{number}" for number in range(count)]})


def test_the_input_comes_first_and_in_its_order() -> None:
    """One row for each row, the columns of the input before those of the output, in their types."""
    found = joined(FRAME, gen(2))

    assert ["animal", "n", *output_names("gen_")] == found.columns
    assert [("fox", "id0"), ("owl", "id1")] == found.select("animal", "gen_id").rows()
    assert STATES == found.schema["gen_status"]


def test_each_row_is_there_once_for_each_sample() -> None:
    """Samples of a row stand together."""
    found = joined(FRAME, gen(6), 3)

    assert [(name, f"id{number}") for number, name in enumerate(["fox"] * 3 + ["owl"] * 3)] == found.select(
        "animal", "gen_id"
    ).rows()


def test_the_prefix_is_the_users() -> None:
    """The output's names begin with the prefix, also with none."""
    assert {"animal", "n", *output_names("video_")} == set(joined(FRAME, gen(2), prefix="video_").columns)
    assert "video_status" in output_names("video_")
    assert "status" in output_names("")


def test_an_empty_frame_gives_typed_columns() -> None:
    """No rows, and still every column in its type."""
    found = joined(FRAME.clear(), gen(0), 2)

    assert 0 == found.height
    assert {**FRAME.schema, **money_frame({}).schema} == dict(found.schema)


def test_columns_of_objects_are_kept() -> None:
    """A column of Python objects is repeated like any other."""
    frame = pl.DataFrame({"p": [Path("a"), 7]}, schema={"p": pl.Object})

    assert [Path("a"), Path("a"), 7, 7] == joined(frame, gen(4), 2)["p"].to_list()


def test_results_of_another_frame_are_told() -> None:
    """Rows and results that do not fit are never put side by side."""
    with pytest.raises(InvalidCall, match="do not belong together"):
        joined(FRAME, gen(3), 2)
