"""A frame and what is asked for over it: rows as the engine gets them."""

from __future__ import annotations

import datetime as dt
import math
import re
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest

from notebookgen.errors import InputError, InvalidCall, InvalidImage, InvalidPrompt, InvalidSetting, shown
from notebookgen.frames.table import Asked, read_table

if TYPE_CHECKING:
    from collections.abc import Callable

MEDIA = object()
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
        pl.Series([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]),
        pl.Series([dt.time(1, 2)]),
        pl.Series([dt.timedelta(1)]),
        pl.Series([b"x"]),
        pl.Series([[dt.timedelta(1)]]),
        pl.Series([{"b": 1, "a": b"x"}]),
    ],
    ids=lambda cells: str(cells.dtype),
)
def test_a_settings_cells_that_cannot_be_sent_are_told(cells: pl.Series) -> None:
    """Dates, times and bytes have no form as a setting; what the error says makes one of them."""
    frame = cells.alias("day").to_frame()
    with pytest.raises(InvalidSetting, match="the setting 's' comes from a column of type") as caught:
        rows("x", frame=frame, settings={"s": pl.col("day")})

    remedy = str(caught.value).rpartition(", as ")[2].removesuffix(" does.")
    mended = eval(f"pl.col('day'){remedy}", {"pl": pl, "polars": pl})  # noqa: S307 - what the error says to type
    assert "s" in rows("x", frame=frame, settings={"s": mended})[0].settings


def test_objects_are_no_setting() -> None:
    """Nobody knows what an object would be for a provider."""
    with pytest.raises(InvalidSetting, match="of type Object, which cannot be sent"):
        rows("x", frame=pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), settings={"s": pl.col("o")})


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
    """No rows are no error here: the table is empty, and all that is said about it is still checked."""
    table = read_table(FRAME.clear(), "A {animal}", settings={"seed": pl.col("seed")}, images=pl.col("path"))

    assert (0, [], [None]) == (len(table), table.part(0, 10), table.models())
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


# One value for all rows ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one",
    [pl.lit(7), pl.col("seed").first(), pl.col("seed").max() + 5, pl.len(), pl.col("seed").filter(seed=2).first()],
    ids=str,
)
def test_one_value_stands_for_all_rows(one: pl.Expr) -> None:
    """A literal and an aggregate are one value, which every row gets."""
    values = {asked.settings["s"] for asked in rows("x", settings={"s": one})}

    assert 1 == len(values)


@pytest.mark.parametrize(
    "one",
    [
        pl.col("seed").filter(pl.col("seed") == 2),
        pl.col("seed").head(1),
        pl.col("seed").drop_nulls().unique().sort().tail(1),
        pl.lit(pl.Series([7])),
    ],
    ids=["filter", "head", "unique", "series"],
)
@pytest.mark.parametrize("place", ["prompt", "model", "settings", "images", "images list"])
def test_a_column_that_came_out_with_one_cell_is_not_spread_over_all_rows(one: pl.Expr, place: str) -> None:
    """A filter that happens to leave one cell is as wrong as one that leaves two: the cells are of other rows."""
    text = one.cast(pl.String)
    ways: dict[str, dict[str, Any]] = {
        "prompt": {"prompt": one},
        "model": {"model": text},
        "settings": {"settings": {"s": one}},
        "images": {"images": text},
        "images list": {"images": {"a": [text]}},
    }
    with pytest.raises(InvalidCall, match=r"gives 1 cell for 3 rows\. Nothing was sent") as caught:
        rows(**ways[place])

    assert "polars.lit('...') or .first()" in str(caught.value)
    assert len(rows(frame=FRAME.slice(1, 1), **ways[place])) == 1


# Braces outside of a prompt ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "typed"),
    [
        ({"settings": {"aspect_ratio": "{ratio}"}}, InvalidSetting, "ng.col('ratio')"),
        (
            {"settings": {"size": ["a", {"b": "{ratio} wide"}]}},
            InvalidSetting,
            "polars.format('{} wide', ng.col('ratio'))",
        ),
        ({"model": "{model}"}, InvalidCall, "ng.col('model')"),
        ({"model": "armox:{model}"}, InvalidCall, "polars.format('armox:{}', ng.col('model'))"),
        ({"images": "{path}"}, InvalidImage, "ng.col('path')"),
        ({"images": Path("img/{animal}.png")}, InvalidImage, "ng.col('animal')"),
        ({"images": ["a.png", "{path}"]}, InvalidImage, "ng.col('path')"),
        ({"images": {"image": pl.col("path"), "mask": "{path}"}}, InvalidImage, "ng.col('path')"),
    ],
    ids=lambda value: re.sub(" at 0x[0-9A-F]+", "", str(value)) if isinstance(value, dict) else "",
)
def test_braces_that_nobody_would_fill_are_told(options: dict[str, Any], error: type[InputError], typed: str) -> None:
    """Only the prompt is a template: a column between braces elsewhere would be sent, and paid for, as it stands."""
    with pytest.raises(error, match=r"braces are filled in the prompt alone\. Nothing was sent") as caught:
        rows("x", **options)

    assert typed in str(caught.value)
    assert 4 >= len(shown(caught.value))


def test_braces_that_are_meant_are_sent() -> None:
    """A literal says that braces are meant; those that name no column are no slip."""
    found = rows("x", settings={"a": pl.lit("{ratio}"), "b": "{other}", "c": '{"ratio": 1}'}, images="{no}.png")

    assert {"a": "{ratio}", "b": "{other}", "c": '{"ratio": 1}'} == found[0].settings
    assert "{no}.png" == found[0].images


# Every type of cell in every place -----------------------------------------------------------------------------------

CELLS: dict[str, pl.Series] = {
    "text": pl.Series(["a"]),
    "categorical": pl.Series(["a"], dtype=pl.Categorical),
    "enum": pl.Series(["a"], dtype=pl.Enum(["a"])),
    "list of categories": pl.Series([["a", "b"]], dtype=pl.List(pl.Categorical)),
    "list of enums": pl.Series([["a"]], dtype=pl.List(pl.Enum(["a"]))),
    "array": pl.Series([["a", "b"]], dtype=pl.Array(pl.String, 2)),
    "bytes": pl.Series([b"a"]),
    "date": pl.Series([dt.date(2026, 1, 2)]),
    "datetime": pl.Series([dt.datetime(2026, 1, 2, tzinfo=dt.UTC)]),
    "duration": pl.Series([dt.timedelta(1)]),
    "time": pl.Series([dt.time(1, 2)]),
    "decimal": pl.Series([Decimal("1.50")]),
    "large decimal": pl.Series([Decimal(10) ** 30]),
    "list of decimals": pl.Series([[Decimal("1.50")]]),
    "int": pl.Series([4], dtype=pl.UInt8),
    "float": pl.Series([0.1], dtype=pl.Float32),
    "list of floats": pl.Series([[0.1]], dtype=pl.List(pl.Float32)),
    "nan": pl.Series([math.nan]),
    "boolean": pl.Series([True]),
    "null": pl.Series([None]),
    "null of dates": pl.Series([None], dtype=pl.Date),
    "struct": pl.Series([{"a": 0.1, "b": "x"}], dtype=pl.Struct({"a": pl.Float32, "b": pl.Categorical})),
    "list of lists": pl.Series([[["a"]]]),
    "object": pl.Series([MEDIA], dtype=pl.Object),
}
TAKEN: dict[str, dict[str, Any]] = {
    "prompt": {
        "text": "a", "categorical": "a", "enum": "a", "date": "2026-01-02", "datetime": "2026-01-02 00:00:00+00:00",
        "duration": "1 day, 0:00:00", "time": "01:02:00", "decimal": "1.5", "large decimal": "1" + "0" * 30, "int": "4",
        "float": "0.1", "nan": None, "boolean": "True", "null": None, "null of dates": None,
    },
    "model": {"text": "a", "categorical": "a", "enum": "a", "nan": None, "null": None, "null of dates": None},
    "setting": {
        "text": "a", "categorical": "a", "enum": "a", "list of categories": ["a", "b"], "list of enums": ["a"],
        "array": ["a", "b"], "decimal": 1.5, "large decimal": 10**30, "list of decimals": [1.5], "int": 4, "float": 0.1,
        "list of floats": [0.1], "nan": None, "boolean": True, "null": None, "null of dates": None,
        "struct": {"a": 0.1, "b": "x"}, "list of lists": [["a"]],
    },
    "images": {
        "text": "a", "categorical": "a", "enum": "a", "list of categories": ["a", "b"], "list of enums": ["a"],
        "array": ["a", "b"], "bytes": b"a", "nan": None, "null": None, "null of dates": None, "object": MEDIA,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", CELLS)
def test_every_type_of_cell_in_every_place(kind: str) -> None:
    """A cell is taken in its plain form, or told to be none that could be sent; a row has a label whatever its cells are."""
    frame = CELLS[kind].alias("x").to_frame()
    ways: dict[str, tuple[dict[str, Any], Callable[[Asked], Any]]] = {
        "prompt": ({"prompt": "{x}"}, lambda one: one.prompt),
        "model": ({"prompt": "p", "model": pl.col("x")}, lambda one: one.model),
        "setting": ({"prompt": "p", "settings": {"s": pl.col("x")}}, lambda one: one.settings.get("s")),
        "images": ({"prompt": "p", "images": pl.col("x")}, lambda one: one.images),
    }
    for place, (options, read) in ways.items():
        if kind in TAKEN[place]:
            (asked,) = rows(frame=frame, **options)
            assert TAKEN[place][kind] == read(asked), place
        else:
            with pytest.raises(InputError, match="Nothing was sent"):
                rows(frame=frame, **options)
    label = read_table(frame, "p", row_id="x").label(0)
    assert label
    assert "\n" not in label
    assert "shape:" not in label


@pytest.mark.parametrize("cells", [["a.png", "b.png"], [None, None]], ids=str)
def test_a_pandas_category_may_be_images(cells: list[Any]) -> None:
    """Paths that repeat are kept as a category by those who care for memory."""
    frame = pd.DataFrame({"p": pd.Categorical(cells, categories=["a.png", "b.png"])})

    assert cells == [one.images for one in rows("x", frame=frame, images=pl.col("p"))]


def test_columns_called_by_numbers_are_filled() -> None:
    """A pandas frame without names has columns 0, 1, ...; they are written in braces like others."""
    frame = pd.DataFrame([["fox", "oil"], ["owl", "ink"]])

    assert ["A fox in oil", "A owl in ink"] == [one.prompt for one in rows("A {0} in {1}", frame=frame)]
    assert ["x^{2} fox", "x^{2} owl"] == [one.prompt for one in rows("x^{2} {0}", frame=frame.assign(**{"2": 1}))]
