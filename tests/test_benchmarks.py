"""The page about performance: it is what the benchmarks write, and their tables and pictures are whole."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any
from xml.dom.minidom import parseString

import pytest

from notebookgen.simulator import MODELS, Best, looked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from xml.dom.minidom import Document


@pytest.fixture
def folder(root: Path) -> Iterator[Path]:
    """Have the benchmarks' own modules found."""
    place = root / "benchmarks"
    sys.path.insert(0, str(place))
    before = set(sys.modules)
    yield place
    sys.path.remove(str(place))
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(place)):
            del sys.modules[name]


def loaded(name: str) -> Any:
    return importlib.import_module(name)


def test_a_table_is_shown_in_two_ways(folder: Path) -> None:
    """The same cells stand in the terminal's table and in Markdown's, where a bar in one is no border."""
    table = loaded("report").Table("Things", ("", "ms"), [("one | two", "1.5"), ("three", "12")], "A note.")

    assert "Things:\n            ms\none | two  1.5\nthree       12\nA note." == table.text()
    assert "| one \\| two | 1.5 |" in table.markdown().splitlines()
    assert "| --- | --: |" in table.markdown().splitlines()


def test_pictures_are_whole(folder: Path) -> None:
    """Panels and bars are SVG that a browser reads, with each thing that was given, and words as words."""
    pictures = loaded("pictures")
    dots = [pictures.Dots("a < b", [(1, 0.5), (10, 0.05)]), pictures.Dots("line", [(1, 1), (2, 0.2)], joined=True)]
    panels = parseString(pictures.panels("Two & more", [pictures.Panel("p", "x", "y", dots)] * 3))  # noqa: S318 - ours
    groups = [("g", [pictures.Bar("n", 2.0, "2 s"), pictures.Bar("m", 0.0, "0 s")])]
    bars = parseString(pictures.bars("Bars", groups))  # noqa: S318 - ours

    assert 3 * 2 + 2 == len(panels.getElementsByTagName("circle"))
    assert 3 == len(panels.getElementsByTagName("polyline"))
    assert "a < b" in words(panels)
    assert {"n", "m", "2 s", "0 s", "g"} <= words(bars)


def words(picture: Document) -> set[str]:
    """Return what is written in a picture."""
    return {one.firstChild.data for one in picture.getElementsByTagName("text")}  # type: ignore[union-attr]  # they have text


def test_what_is_not_reached_is_said(folder: Path) -> None:
    """Each goal that was measured is compared with its figure, whichever side of it is better; others are left out."""
    goals = loaded("goals")
    slow, fast = "rows a second, to the thread pool", "import notebookgen, ms"
    rows = {row[0]: row[1:] for row in goals.compared({slow: 1.5, fast: 12.0}).rows}

    assert {
        "rows a second without a limit, to the thread pool's": ("at least 2.00", "1.50", "**no**"),
        "`import notebookgen`, ms": ("at most 20", "12", "yes"),
    } == rows


def test_what_stands_in_the_way_is_what_the_optimum_needs(folder: Path) -> None:
    """The looks that the page says to be needed for the ends of images a tenth late are those of the best schedule."""
    law = MODELS["image, 6 s"][1]
    schedules = [looked(law, Best(law, worth / 1000)) for worth in range(200, 300, 5)]
    least = min(one.looks for one in schedules if one.delay <= 0.1 * one.duration)

    assert f"the best one needs {least:.1f}." in loaded("goals").NOTE.replace("\n", " ")


def test_every_benchmark_is_on_the_page(folder: Path, root: Path) -> None:
    """The page has a heading for each part of the run and every picture it shows; no benchmark is forgotten."""
    bench = loaded("bench")
    page = (root / "docs/performance.md").read_text("utf-8")
    named = {name for part in bench.PARTS for name in part.benchmarks}
    files = {path.stem for path in folder.glob("*.py") if "def measure(" in path.read_text("utf-8")}

    assert files - {"demo"} == named  # make demo makes an environment of its own: minutes, and most of them pip's
    assert [] == [part.head for part in bench.PARTS if f"## {part.head}" not in page]
    shown = {line.partition("](images/")[2].rstrip(")") for line in page.splitlines() if line.startswith("![")}
    assert {path.name for path in (root / "docs/images").glob("performance-*.svg")} == shown
