"""A gallery of a run: which rows, in what order, under what labels, on which page; and that it never changes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from drawn_files import clip_file, drawing, picture_file
from notebookgen.errors import InvalidCall
from notebookgen.records import Cost
from rows_drawn import delivered, failed, results_of
from sanitizer import Sanitizer, seen

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.results import Results
    from notebookgen.results.gallery import Gallery
    from notebookgen.sandbox import Handle

STYLES, MODELS = ("oil", "ink", "chalk"), ("google/nano-banana", "xai/grok-image")


@pytest.fixture
def study(tmp_path: Path) -> Results:
    """Three styles by two models by two seeds; the last one failed, and the models cost different amounts."""
    image = picture_file(tmp_path / "a.png", drawing(64, 40))
    rows, cells = [], []
    for style in STYLES:
        for model in MODELS:
            for seed in (1, 2):
                cost = Cost(Decimal(70 if model == MODELS[0] else 30), "credits", "reported")
                facts: dict[str, Any] = {"model": model, "cost": cost, "settings": {"seed": seed, "size": "1:1"}}
                prompt = f"A fox, {style}"
                last = (style, model, seed) == ("chalk", MODELS[1], 2)
                rows.append(failed(prompt, **facts) if last else delivered(prompt, image, **facts))
                cells.append({"style": style, "picked": seed == 1})
    return results_of(pl.DataFrame(cells), rows)


def html(gallery: Gallery | Results) -> Sanitizer:
    """Return what a notebook shows, read as strictly as its sanitizer does."""
    return seen(str(gallery._repr_mimebundle_()[0]["text/html"]))


def plain(gallery: Gallery | Results) -> str:
    """Return what is shown where there is no HTML."""
    return str(gallery._repr_mimebundle_()[0]["text/plain"])


def places(gallery: Gallery) -> list[int]:
    """Return which rows of the run it shows, of all pages."""
    return [one.index for one in gallery]


def count(page: Sanitizer, tag: str) -> int:
    """Return how many of a tag there are."""
    return sum(name == tag for name, _ in page.tags)


# Which rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ({"style": "oil"}, [0, 1, 2, 3]),
        ({"style": ["oil", "ink"], "seed": 2}, [1, 3, 5, 7]),
        ("failed", [11]),
        ("picked", [0, 2, 4, 6, 8, 10]),
        (ng.col("gen_cost") < 50, [2, 3, 6, 7, 10, 11]),
        ([ng.col("style") == "ink", {"model": "armox:xai/grok-image"}], [6, 7]),
        ({"status": "failed"}, [11]),
        ({"gen_error": None}, list(range(11))),
        (pl.Series([True] + [False] * 11), [0]),
    ],
)
def test_a_filter_leaves_what_it_is_true_of(study: Results, what: Any, left: list[int]) -> None:
    """Columns of the frame, the model and the settings; states, expressions, columns of true and false; several at once."""
    assert left == places(study.gallery(filter=what))


def test_filters_follow_each_other(study: Results) -> None:
    """As in Polars: expressions, and columns by keyword; the frame has the rows that are left, in their order."""
    found = study.gallery().filter(ng.col("seed") == 1, style=["ink", "oil"]).sort("style")
    assert [4, 6, 0, 2] == places(found)
    assert ["ink", "ink", "oil", "oil"] == found.frame["style"].to_list()
    assert "4 of 12 results" == plain(found).splitlines()[0]


def test_rows_are_sorted_by_columns(study: Results) -> None:
    """By names or expressions; equal ones keep their order, and those without a value come last, either way round."""
    assert [2, 3, 6] == places(study.gallery(sort="cost"))[:3]
    assert [0, 1, 4] == places(study.gallery(sort="cost", descending=True))[:3]
    assert [8, 4, 0, 10, 6] == places(study.gallery(sort=["seed", ng.col("model"), "style"]))[:5]
    assert 11 == places(study.gallery(sort="seconds"))[-1] == places(study.gallery(sort="seconds", descending=True))[-1]


def test_a_gallery_never_changes(study: Results) -> None:
    """Each method gives another one; what the first one shows stays what it was."""
    first = study.gallery(per_page=5)
    before = first._repr_mimebundle_()[0]
    first.page(2), first.filter("failed"), first.sort("style"), first.by("model"), first.compare()
    assert before == first._repr_mimebundle_()[0]
    assert (12, 3) == (len(first), first.pages)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": "modle"}, "by names no column: 'modle'. Did you mean 'model'"),
        ({"by": ("style", "model", "seed")}, "by takes one column (groups) or two (rows and columns), not 3."),
        ({"by": 3}, "by takes column names or Polars expressions, such as by='model', and got 3."),
        ({"filter": "faild"}, "filter names no column: 'faild'. Did you mean 'failed'?"),
        ({"filter": "style"}, "filter takes what is true or false of each row, and 'style' is String."),
        ({"filter": {"seed": "1"}}, "filter compares 'seed', a column of Int64, with '1', which is none of those."),
        ({"filter": ng.col("nope") > 2}, "filter names no column: 'nope'."),
        ({"filter": 7}, "filter takes a column's name, a Polars expression, a state"),
        ({"sort": "gen_price"}, "sort names no column: 'gen_price'."),
        ({"caption": "sed"}, "caption names no column: 'sed'. Did you mean 'seed' or 'seconds'?"),
        ({"page": 2}, "page=2: there is one page. The last one: .page(1)"),
        ({"page": 9, "per_page": 5}, "page=9: there are 3 pages. The last one: .page(3)"),
        ({"per_page": 0}, "per_page=0 makes no sense. Give a whole number from 1 to 1,000."),
        ({"per_page": True}, "per_page=True makes no sense."),
        ({"cell_bytes": 100}, "cell_bytes=100 makes no sense. Give a whole number from 20,000 to 100,000,000."),
    ],
)
def test_a_mistake_is_told_when_it_is_made(study: Results, options: dict[str, Any], words: str) -> None:
    """Not when the gallery is shown; in few lines, with what there is."""
    with pytest.raises(InvalidCall) as caught:
        study.gallery(**options)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 4


# Under which labels -----------------------------------------------------------------------------------------------


def test_one_column_makes_groups(study: Results) -> None:
    """Each value is a heading with what came of its rows and what they cost; the same in words."""
    grouped = study.gallery(by="model")
    page = html(grouped)
    assert "armox:google/nano-banana" in page.text
    assert "model · 6 saved · 420 credits" in page.text
    assert "model · 5 saved, 1 failed · 180 credits" in page.text
    words = plain(grouped).splitlines()
    assert "model: armox:google/nano-banana · 6 saved · 420 credits" == words[1]
    assert words[2].startswith("  [0] saved · 70 credits · 1.5 s · ")
    assert [0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11] == places(grouped)


def test_two_columns_make_a_matrix(study: Results) -> None:
    """Rows by columns as a table with headings that a screen reader tells; several results share a cell."""
    page = html(study.gallery(by=("style", "model")))
    assert (1, 4, 6) == (count(page, "table"), count(page, "tr"), count(page, "td"))
    scopes = [attributes.get("scope") for name, attributes in page.tags if name == "th"]
    assert [None, "col", "col", "row", "row", "row"] == scopes
    assert (11, 12) == (count(page, "img"), count(page, "figure"))
    assert "Refused by the filter." in page.text
    assert "5 saved, 1 failed · 180 credits" in page.text


def test_what_was_not_asked_for_is_an_empty_cell(study: Results) -> None:
    """A combination without a row is a dash, and nothing is said of it in words."""
    page = html(study.gallery(by=("style", "seed"), filter=(ng.col("style") == "oil") | (ng.col("seed") == 2)))
    assert 2 == page.text.count("\N{EN DASH}")


def test_labels_may_be_expressions(study: Results) -> None:
    """A value that no column holds: its name is the expression's."""
    dear = (ng.col("gen_cost") > 50).alias("dear")
    assert "dear: True · 6 saved" in plain(study.gallery(by=dear))


def test_prompts_are_told_where_they_differ(study: Results) -> None:
    """Under a label that already says it, a prompt would only be noise; elsewhere it stands under its picture."""
    assert "A fox, oil" in html(study.gallery(by="model")).text
    assert "A fox, oil" not in html(study.gallery(by=("style", "model"))).text
    assert 1 == html(study.gallery(by="prompt")).text.count("A fox, oil")
    assert all(
        "A fox" in str(attributes["alt"]) for name, attributes in html(study.gallery(by="style")).tags if name == "img"
    )


def test_a_caption_is_what_a_person_asks_for(study: Results) -> None:
    """Columns instead of the prompt: texts as they are, other values with their names."""
    page = html(study.gallery(caption=("style", "seed"), filter="picked"))
    assert "oil · seed 1" in page.text
    assert "A fox, oil" not in page.text
    assert "oil · seed 1" in plain(study.gallery(caption=("style", "seed")))


def test_a_matrix_is_not_too_wide(tmp_path: Path) -> None:
    """Two columns turned the wrong way round: the message turns them."""
    rows = [delivered(f"Prompt {number}", picture_file(tmp_path / "a.png")) for number in range(60)]
    run = results_of(pl.DataFrame({"kind": ["x"] * 60}), rows)
    with pytest.raises(InvalidCall, match=r"makes 60 columns, more than 40.\n.*by=\('prompt', 'kind'\)"):
        run.gallery(by=("kind", "prompt"))


# Pages ------------------------------------------------------------------------------------------------------------


def test_pages_say_where_the_rest_is(study: Results) -> None:
    """Which page this is, what is on it, and what to type; every row is on one page, under its own number."""
    pages = [study.gallery(per_page=5).page(number) for number in (1, 2, 3)]
    assert [5, 5, 2] == [count(html(page), "figure") for page in pages]
    assert "Page 1 of 3 · 1 to 5 of 12 results · the rest: .page(2)" in html(pages[0]).text
    assert "Page 3 of 3 · 11 to 12 of 12 results · the first: .page(1)" == plain(pages[2]).splitlines()[-1]
    assert "[10] saved" in plain(pages[2])


def test_a_run_says_how_to_see_the_rest(tmp_path: Path) -> None:
    """What shows itself without being asked is the first page; the variable's name is in what to type."""
    image = picture_file(tmp_path / "a.png", drawing(16, 16))
    run = results_of(pl.DataFrame({"n": range(130)}), [delivered(f"Prompt {number}", image) for number in range(130)])
    assert "Page 1 of 3 · 1 to 60 of 130 results · the rest: .gallery(page=2)" in html(run).text
    run.handle.name = "foxes"
    assert "the rest: foxes.gallery(page=2)" in plain(run).splitlines()[-1]
    assert 23 == len(plain(run).splitlines())


def test_a_matrix_is_cut_between_its_rows(study: Results) -> None:
    """A row of a matrix is on one page, whole, and the labels of columns are on each."""
    matrix = study.gallery(by=("style", "model"), per_page=9)
    assert 2 == matrix.pages
    assert (8, 4) == (count(html(matrix), "figure"), count(html(matrix.page(2)), "figure"))
    assert "armox:xai/grok-image" in html(matrix.page(2)).text
    assert 3 == study.gallery(by=("style", "model"), per_page=1).pages


def test_a_small_budget_makes_more_pages(tmp_path: Path) -> None:
    """Where a cell may hold little, a page holds fewer, says so and how to have more; the rest is a page away."""
    run = results_of(
        pl.DataFrame({"n": range(30)}),
        [delivered(f"Prompt {n}", picture_file(tmp_path / f"{n}.png", drawing(400 + n, 300))) for n in range(30)],
    )
    small = run.gallery(cell_bytes=100_000)
    page = html(small)
    assert (14, 3) == (count(page, "figure"), small.pages)
    assert "14 to a page, not 30: a cell holds at most 0.1 MB. More: .gallery(cell_bytes=200_000)" in page.text
    assert len(str(small._repr_mimebundle_()[0]["text/html"])) <= 100_000
    assert 30 == sum(count(html(small.page(number)), "img") for number in (1, 2, 3))


def test_the_budget_is_a_setting(real: Handle, hasty: None) -> None:
    """What is configured holds at once, for runs that are over, too."""
    run = ng.map(pl.DataFrame({"n": [1, 2, 3, 4]}), "Fox {n}", model="armox:google/nano-banana", budget=1000)
    assert 1 == run.gallery().pages
    ng.configure(cell_bytes=20_000)
    assert 2 == run.gallery().pages
    assert len(str(run._repr_mimebundle_()[0]["text/html"])) <= 20_000


# Before and after -------------------------------------------------------------------------------------------------


def test_before_and_after(real: Handle, hasty: None, tmp_path: Path) -> None:
    """An edit's input image stands beside what came of it, from the bytes that were sent, also when the file is gone."""
    source = tmp_path / "mine.png"
    drawing(200, 150).save(source)
    rows = pl.DataFrame({"season": ["winter", "summer"], "file": [str(source), None]})
    edits = ng.map(rows, "In {season}", images=ng.col("file"), model="apimodels:gemini-2.5-flash-image", budget="5 USD")
    source.unlink()
    page = html(edits.gallery(before=True))
    assert 2 == count(page, "img")
    alts = [attributes["alt"] for name, attributes in page.tags if name == "img"]
    assert ["before: In winter", "In winter"] == alts
    assert "no input image" in page.text
    assert " · from " in plain(edits.gallery(before=True))
    assert 2 == count(html(edits[0].compare()), "img")


def test_an_input_that_is_an_address_is_not_fetched(tmp_path: Path) -> None:
    """It is told as what it is, without a query that may sign it."""
    from notebookgen.records import InputImage

    given = (InputImage(url="https://example.com/fox.png?sig=secret"),)
    run = results_of(pl.DataFrame({"n": [1]}), [delivered("Edit", picture_file(tmp_path / "a.png"), images=given)])
    page = html(run.gallery(before=True))
    assert "sent as an address, which is not fetched here" in page.text
    assert "secret" not in page.text


# Links ------------------------------------------------------------------------------------------------------------


def test_a_large_clip_is_linked_beside_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too large to be embedded shows its poster, and a copy beneath the notebook's folder is linked and played."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kept").mkdir()
    clip = replace(clip_file(tmp_path / "kept" / "c.mp4"), size=9_000_000)
    run = results_of(pl.DataFrame({"n": [1, 2]}), [delivered("A walk", clip), delivered("A run", clip)])
    monkeypatch.chdir(tmp_path / "kept")
    single = seen(str(run[0]._repr_mimebundle_()[0]["text/html"]))
    assert ["c.mp4"] == [attributes["src"] for name, attributes in single.tags if name == "video"]
    assert "c.mp4" in [attributes["href"] for name, attributes in single.tags if name == "a"]
    assert ["c.mp4"] * 2 == [attributes["href"] for name, attributes in html(run).tags if name == "a"]
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    away = seen(str(run[0]._repr_mimebundle_()[0]["text/html"]))
    assert (0, 0, 1) == (count(away, "video"), count(away, "a"), count(away, "img"))
    assert "as .save('clips') makes it, is linked and played" in away.text
    run.handle.copies[clip.path] = str(tmp_path / "elsewhere" / "clips" / "a walk.mp4")
    again = seen(str(run[0]._repr_mimebundle_()[0]["text/html"]))
    assert "clips/a%20walk.mp4" in [attributes["href"] for name, attributes in again.tags if name == "a"]
    assert "clips/a walk.mp4" in again.text


def test_jupyter_says_where_the_notebook_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses are relative to the notebook's folder, wherever its kernel has gone meanwhile."""
    from notebookgen.results.showing import notebook_folder

    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "study.ipynb"))
    assert tmp_path == notebook_folder()
    monkeypatch.setenv("JPY_SESSION_NAME", "study.ipynb")
    monkeypatch.chdir(tmp_path)
    assert tmp_path == notebook_folder()


# What it is made of -----------------------------------------------------------------------------------------------


def test_a_row_keeps_its_number(tmp_path: Path) -> None:
    """While a run is under way what is over is shown, under the places by which it is had from the results."""
    image = picture_file(tmp_path / "a.png")
    rows = [delivered(f"Prompt {number}", image) for number in range(4)]
    rows[2] = failed("Prompt 2")
    run = results_of(pl.DataFrame({"n": range(4)}), rows, under_way=[1])
    assert "[3] saved" in plain(run)
    assert "[1]" not in plain(run)
    assert run.handle.summary() == plain(run).splitlines()[0]
    assert "2 of 4 results" == plain(run.gallery(filter="saved")).splitlines()[0]


def test_frames_with_columns_of_our_names(tmp_path: Path) -> None:
    """A person's own column goes before what it would have meant otherwise."""
    image = picture_file(tmp_path / "a.png")
    run = results_of(
        pl.DataFrame({"model": ["mine", "yours"], "cost": [2, 1]}), [delivered("A", image), delivered("B", image)]
    )
    assert [1, 0] == places(run.gallery(sort="cost"))
    assert "model: mine · 1 saved · 70 credits" in plain(run.gallery(by="model"))


def test_settings_of_any_form_are_columns(tmp_path: Path) -> None:
    """Lists and mappings are text; numbers are numbers; what a row was not told is none."""
    image = picture_file(tmp_path / "a.png")
    told = [{"n": 1, "tags": ["a", "b"]}, {"n": 2.5, "tags": {"x": 1}}, {"on": True}]
    run = results_of(
        pl.DataFrame({"r": range(3)}), [delivered(f"P{i}", image, settings=one) for i, one in enumerate(told)]
    )
    assert [1, 0] == places(run.gallery(sort="n", descending=True))[:2]
    assert 'tags: ["a", "b"]' in plain(run.gallery(by="tags"))
    assert [2] == places(run.gallery(filter="on"))


def test_hostile_labels_stay_words(tmp_path: Path) -> None:
    """Column names and values with markup, controls and marks that turn their direction."""
    bad = "\"'><script>alert(1)</script>\x1b[31m\u202e\x00"
    image = picture_file(tmp_path / "a.png")
    frame = pl.DataFrame({bad: [bad, "plain"], "other": ["", None]})
    run = results_of(frame, [delivered(bad, image), failed(bad, bad)])
    for gallery in (
        run.gallery(by=bad),
        run.gallery(by=(bad, "other")),
        run.gallery(by=("other", bad), caption=bad, before=True),
    ):
        assert "<script>alert(1)</script>" in html(gallery).text
        assert "\x1b" not in plain(gallery)
    assert "(empty)" in plain(run.gallery(by="other"))


def test_nothing_to_show() -> None:
    """An empty gallery says so, and is no error."""
    run = results_of(pl.DataFrame({"n": []}, schema={"n": pl.Int64}), [])
    assert "no results" in plain(run.gallery())
    assert "no results" in plain(run.gallery(by="n"))
    assert "<Gallery of 0 results by n>" == repr(run.gallery(by="n"))
