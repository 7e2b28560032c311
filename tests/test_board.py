"""What a run in the background looks like: its numbers in words, safe markup that sanitizers keep, few previews."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.jobs.handle import Progress
from notebookgen.notebook.board import LATEST, Thumbnails, board
from notebookgen.notebook.lines import resumed_line, waited
from sanitizer import seen
from three_services import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = Progress(
    total=40,
    states={"saved": 8, "failed": 2, "submitted": 4, "planned": 26},
    phase="running",
    elapsed=12.0,
    expected=48.0,
    spent={"credits": Decimal(210)},
    model="armox:google/nano-banana",
    job=None,
    notes=("a <b>note</b>",),
    reserved={"credits": Decimal(280)},
    left={"credits": Decimal(10)},
)


@pytest.fixture
def made() -> Iterator[ng.Results]:
    """A run of texts and of one picture."""
    from notebookgen.sandbox.embedded import embedded, stop

    embedded(seconds=(0.0, 0.02), pixels=SMALL)
    rows = pl.DataFrame({"word": ["fox <script>", "hare", "owl"], "model": ["text", "text", "picture"]})
    client = ng.Client()
    yield client.map(rows, "{word}", model=pl.format("armox:sandbox/{}", "model"), concurrency=1)
    client.close()
    stop()


def test_the_numbers_are_told_in_words() -> None:
    """Done, running, left and failed, spent and left of the budget, set aside, time and the time to be expected."""
    page = board(NOW, "run 7f3a", said="Cancel?")

    for words in (
        "run 7f3a",
        "10/40 done",
        "4 running",
        "26 left",
        "2 failed",
        "spent 210 credits (10 left)",
        "280 credits set aside",
        "12 s of about 48 s",
        "under way",
        "a &lt;b&gt;note&lt;/b&gt;",
        "Cancel?",
        "width:20.00%",
        "width:5.00%",
    ):
        assert words in page
    assert "paused" in board(replace(NOW, paused=True), "run 7f3a")


def test_sanitizers_take_nothing_away(made: ng.Results) -> None:
    """What an untrusted notebook shows is what a trusted one shows, and nothing in it is a script."""
    thumbnails = Thumbnails()
    newest = [made[index] for index in made.handle.newest(LATEST)]
    for _ in newest:
        tiles = thumbnails.latest(newest)
    page = board(NOW, "run 7f3a", tiles)

    assert 3 == len(tiles)
    assert "data:image/" in tiles[0]
    assert "<script" not in page
    assert "run 7f3a" in seen(page).text


def test_one_preview_is_made_at_a_time(made: ng.Results) -> None:
    """The loop that draws is not held up: the newest comes first, the others with the next looks."""
    thumbnails = Thumbnails()
    newest = [made[index] for index in made.handle.newest(LATEST)]

    assert [1, 2, 3, 3] == [len(thumbnails.latest(newest)) for _ in range(4)]


def test_a_file_that_is_gone_is_said(made: ng.Results) -> None:
    """The panel goes on."""
    for path in made[0].paths:
        path.unlink()
    tiles = Thumbnails().latest([made[0]])

    assert "no longer there" in tiles[0]


def test_the_lines_of_a_run_that_is_left_or_taken_up(made: ng.Results) -> None:
    """How far it came where the wait has ended; what was found and what was saved where it is taken up."""
    assert waited(NOW).startswith("still 10/40 done, 4 running, 26 left · armox:google/nano-banana · 12 s")
    assert resumed_line(made.handle).startswith(f"run {made.run}: nothing was left open · 3 saved")
    made.handle.adopted = (1, 2)
    assert resumed_line(made.handle).startswith(f"run {made.run}: found 2 open, 2 saved · in all 3 saved")
