"""A frame and what is asked for over it: rows as the engine gets them."""

from __future__ import annotations

import datetime as dt
import re
import tracemalloc
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pytest

from notebookgen.errors import InputError, InvalidCall, InvalidImage, InvalidPrompt, InvalidSetting, shown
from notebookgen.frames.table import Asked, read_table

FRAME = pl.DataFrame(
    {
        "animal": ["fox", None, "owl"],
        "seed": [1, 2, None],
        "ratio": ["16:9", None, "1:1"],
        "model": ["armox:a/b", None, "apixo:c"],
        "path": ["a.png", "b.png", None],
        "refs": [["a.png", "b.png"], [], ["c.png", None]],
        "raw": [b"1", None, b"3"],
    }
)


def rows(prompt: Any = "A {animal}", *, frame: Any = FRAME, **options: Any) -> list[Asked]:
    """Return what all rows ask for."""
    table = read_table(frame, prompt, **options)
    return table.part(0, len(table))


def test_each_row_asks_for_what_its_cells_say() -> None:
    """Prompt, model and settings come from the row; a null setting is left out, a null model is the default."""
    found = rows(model=pl.col("model"), settings={"seed": pl.col("seed"), "ratio": pl.col("ratio"), "steps": 4})

    assert [
        Asked("A fox", "armox:a/b", {"seed": 1, "ratio": "16:9", "steps": 4}),
        Asked(None, None, {"seed": 2, "steps": 4}, None, "no prompt"),
        Asked("A owl", "apixo:c", {"ratio": "1:1", "steps": 4}),
    ] == found


def test_what_is_the_same_for_all_rows_is_known_beforehand() -> None:
    """A constant is told as such, so that it is prepared once; an expression is not."""
    table = read_table(FRAME, "A {animal}", model="armox:x", settings={"a": 1, "b": pl.col("seed")}, images="x.png")
    other = read_table(FRAME, "A fox", model=pl.col("model"), images=pl.col("path"))

    assert (False, True, True) == (table.constant.prompt, table.constant.model, table.constant.images)
    assert ({"a": 1}, ("b",)) == (table.constant.settings, table.constant.columns)
    assert (True, False, False) == (other.constant.prompt, other.constant.model, other.constant.images)
    assert (["armox:x"], ["armox:a/b", None, "apixo:c"]) == (table.models(), other.models())


def test_rows_can_be_had_one_by_one_and_in_parts() -> None:
    """Parts are cut like lists; a row that does not exist is an IndexError."""
    table = read_table(FRAME, "{animal} {seed}", settings={"seed": pl.col("seed")}, images=pl.col("path"))
    whole = table.part(0, 99)

    assert whole == [table.asked(index) for index in range(3)]
    assert whole == [*table.part(0, 1), *table.part(1, 3), *table.part(3, 2)]
    for index in (-1, 3):
        with pytest.raises(IndexError):
            table.asked(index)


def test_a_constant_setting_of_none_is_kept() -> None:
    """None that was written is not a null cell: it is sent as it would be for a single prompt."""
    assert {"a": None} == rows(settings={"a": None, "b": pl.lit(None)})[0].settings


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pl.Series([4, None]), 4),
        (pl.Series([0.5, float("nan")]), 0.5),
        (pl.Series([0.1, None], dtype=pl.Float32), 0.1),
        (pl.Series([True, None]), True),
        (pl.Series(["a", None], dtype=pl.Categorical), "a"),
        (pl.Series(["a", None], dtype=pl.Enum(["a"])), "a"),
        (pl.Series([Decimal("0.1"), None]), 0.1),
        (pl.Series([Decimal(3), None]), 3),
        (pl.Series([[1, 2], None]), [1, 2]),
        (pl.Series([[[1.5]], None]), [[1.5]]),
        (pl.Series([{"a": "x", "b": [1], "c": None}, None]), {"a": "x", "b": [1]}),
        (pl.Series([[{"a": 1, "b": None}, None], None]), [{"a": 1}, None]),
    ],
    ids=str,
)
def test_a_settings_cells_are_plain_python(cells: pl.Series, expected: object) -> None:
    """Numbers, text, booleans, lists and structs come out as Python's own; null and NaN leave the setting out."""
    found = rows("x", frame=cells.alias("s").to_frame(), settings={"s": pl.col("s")})

    assert [{"s": expected}, {}] == [one.settings for one in found]
    assert type(expected) is type(found[0].settings["s"])


@pytest.mark.parametrize(
    "cells",
    [
        pl.Series([dt.date(2026, 1, 1)]),
        pl.Series([b"x"]),
        pl.Series([[dt.timedelta(1)]]),
        pl.Series([{"a": b"x"}]),
        pl.Series([object()], dtype=pl.Object),
    ],
    ids=["date", "bytes", "list", "struct", "object"],
)
def test_a_settings_cells_that_cannot_be_sent_are_told(cells: pl.Series) -> None:
    """Dates, bytes and objects have no form as a setting; the error says how to make one."""
    with pytest.raises(InvalidSetting, match="the setting 's' comes from a column of type") as caught:
        rows("x", frame=cells.alias("day").to_frame(), settings={"s": pl.col("day")})

    assert "ng.col('day').cast(polars.String)" in str(caught.value)


def test_images_come_from_columns() -> None:
    """Paths, bytes and lists of them; a row whose image is missing is skipped, and told why."""
    assert ["a.png", "b.png", None] == [one.images for one in rows("x", images=pl.col("path"))]
    assert [None, None, "no image"] == [one.skipped for one in rows("x", images=pl.col("path"))]
    assert [b"1", None, b"3"] == [one.images for one in rows("x", images=pl.col("raw"))]
    assert [["a.png", "b.png"], None, None] == [one.images for one in rows("x", images=pl.col("refs"))]
    assert [None, "no image", "no image"] == [one.skipped for one in rows("x", images=pl.col("refs"))]


def test_images_keep_the_form_they_were_given_in() -> None:
    """Lists and fields may mix constants and columns; a list among them joins the list."""
    first = FRAME.head(1)
    field = rows("x", frame=first, images={"image": pl.col("path"), "mask": b"m", "refs": [pl.col("path"), "z.png"]})
    joined = rows("x", frame=first, images=["z.png", pl.col("refs")])
    constant = rows("x", frame=first, images=("z.png", "y.png"))

    assert {"image": "a.png", "mask": b"m", "refs": ["a.png", "z.png"]} == field[0].images
    assert ["z.png", "a.png", "b.png"] == joined[0].images
    assert ("z.png", "y.png") == constant[0].images


def test_one_missing_image_of_several_skips_the_row() -> None:
    """A row is sent with all of its images or not at all."""
    found = rows("x", images={"first": pl.col("path"), "last": pl.col("raw")})

    assert [None, "no image", "no image"] == [one.skipped for one in found]
    assert [{"first": "a.png", "last": b"1"}, None, None] == [one.images for one in found]


def test_python_objects_may_be_images() -> None:
    """A column of pictures is handed on as it is."""
    picture = object()
    frame = pl.DataFrame({"p": [picture, None]}, schema={"p": pl.Object})

    assert [picture, None] == [one.images for one in rows("x", frame=frame, images=pl.col("p"))]


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (pl.col("seed"), "of type Int64"),
        (FRAME["path"], "is a Series"),
        ({"mask": None, "a": pl.col("path")}, "is None"),
    ],
    ids=["numbers", "series", "none"],
)
def test_what_cannot_be_images_is_told(images: Any, said: str) -> None:
    """Numbers, a Series or None in the place of an image are errors before anything is sent."""
    with pytest.raises(InvalidImage, match=said):
        rows("x", images=images)


def test_an_empty_frame_asks_for_nothing() -> None:
    """No rows are no error: the table is empty, and all that is said about it is still checked."""
    table = read_table(FRAME.clear(), "A {animal}", settings={"seed": pl.col("seed")}, images=pl.col("path"))

    assert (0, [], []) == (len(table), table.part(0, 10), table.models())
    assert 0 == len(read_table(pl.DataFrame(), "a fox", settings={"s": pl.lit(1)}, model=pl.lit("m")))
    with pytest.raises(InvalidPrompt):
        read_table(FRAME.clear(), "A {animl}")


def test_columns_of_the_output_must_be_free() -> None:
    """A second run over a first one's frame needs names of its own, and the error names some that are free."""
    first = FRAME.with_columns(gen_path=pl.col("path"), gen_status=pl.lit("saved"), gen2_id=pl.lit(1))
    with pytest.raises(InvalidCall, match="columns called gen_path, gen_status, as the output would") as caught:
        read_table(first, "x")

    assert "prefix='gen3_'" in str(caught.value)
    assert ["a.png", "b.png", None] == [
        one.images for one in rows(frame=first, images=pl.col("gen_path"), prefix="video_")
    ]
    assert 3 == len(read_table(FRAME.with_columns(gen_other=1), "x"))


def test_rows_have_labels() -> None:
    """A row is called by its number from 0, or by the columns of ``row_id``."""
    long = pl.DataFrame({"a": ["x" * 100, "two\nlines", "", None], "b": [1, 2, 3, 4]})

    assert "row 2" == read_table(FRAME, "x").label(2)
    assert ["fox", "row 1", "owl"] == [read_table(FRAME, "x", row_id="animal").label(index) for index in range(3)]
    assert "animal=fox, seed=1" == read_table(FRAME, "x", row_id=["animal", "seed"]).label(0)
    assert ["x" * 59 + "…", "two lines", "row 2"] == [
        read_table(long, "x", row_id="a").label(index) for index in range(3)
    ]
    with pytest.raises(InvalidCall, match=r"row_id names no column: 'animl'. Did you mean 'animal'\?"):
        read_table(FRAME, "x", row_id="animl")


def test_labels_are_no_part_of_what_is_asked() -> None:
    """The same rows ask for the same, whatever they are called."""
    assert rows() == rows(row_id="animal") == rows(row_id=["seed", "animal"])


def test_order_and_position_are_no_part_of_what_is_asked() -> None:
    """A row asks for the same wherever it stands and whatever stands beside it."""
    options: dict[str, Any] = {"settings": {"seed": pl.col("seed")}, "images": pl.col("path")}

    assert rows(**options) == list(reversed(rows(frame=FRAME.reverse(), **options)))
    assert rows(**options)[:1] == rows(frame=FRAME.head(1), **options)


def test_a_frame_that_was_changed_is_noticed() -> None:
    """A frame that no longer holds what was read is told; what was read stays as it was."""
    data = pd.DataFrame({"animal": ["fox", "owl"], "seed": [1, 2]})
    table = read_table(data, "{animal}", settings={"seed": pl.col("seed")})
    assert table.unchanged()
    data.loc[1, "seed"] = 7

    assert not table.unchanged()
    assert 2 == table.asked(1).settings["seed"]
    data.loc[1, "seed"] = 2
    assert table.unchanged()
    data.loc[1, "seed"] = "x" if data["seed"].dtype == object else 3
    assert not table.unchanged()


def test_a_query_is_read_once_and_for_all() -> None:
    """A lazy frame holds no rows that could change."""
    assert read_table(FRAME.lazy(), "{animal}").unchanged()
    assert read_table(FRAME, "{animal}").unchanged()


@pytest.mark.parametrize(
    "options",
    [
        {"model": 7},
        {"model": pl.col("seed")},
        {"model": pl.col("modl")},
        {"settings": {3: "x"}},
        {"settings": {"s": FRAME["seed"]}},
        {"settings": {"s": pl.col("seed").cast(pl.Date).cast(pl.Boolean)}},
        {"prefix": None},
        {"row_id": 3},
        {"settings": ["a"]},
        {"settings": {"size": [pl.col("seed"), 3]}},
    ],
    ids=lambda options: re.sub(" at 0x[0-9A-F]+", "", str(options)),
)
def test_bad_input_is_told_in_a_few_lines(options: dict[str, Any]) -> None:
    """Whatever cannot be meant is an error of one to four lines that says that nothing was sent."""
    with pytest.raises(InputError, match="Nothing was sent") as caught:
        rows(**options)

    assert 4 >= len(shown(caught.value))


@pytest.mark.slow
def test_memory_stays_flat_over_many_rows() -> None:
    """Beyond the frame, a hundred thousand rows need no more Python memory than a part of them."""
    count = 100_000
    frame = pl.DataFrame({"n": range(count), "w": [number / 7 for number in range(count)]})
    tracemalloc.start()
    try:
        table = read_table(frame, "A fox {n} {w}", settings={"seed": pl.col("n")})
        for start in range(0, count, 1000):
            table.part(start, start + 1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 4 * 2**20  # as Python objects all at once they would take more than 30 MB
