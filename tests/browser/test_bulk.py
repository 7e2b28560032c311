"""A run over a frame in JupyterLab, with a person's hands: the panel, its buttons, what is left of it, and the study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from nbformat import NotebookNode

    from browser.lab import NotebookPage

    Open = Callable[[NotebookNode], NotebookPage]
    Cells = Callable[..., NotebookNode]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
BEGIN = "%load_ext notebookgen\nimport notebookgen as ng\nbox = ng.sandbox(seconds=(1, 2))\nrows = ng.grid(i=range(14))"
CELL = "%%generate --over rows -m armox:sandbox/text --concurrency 2 --background -o run\n{word} {{i}}"


def text(page: NotebookPage, index: int) -> str:
    """Return what can be read below the code cell ``index``."""
    return "\n".join(output.text for output in page.outputs()[index])


def test_a_run_in_the_background_is_paused_and_goes_on_by_clicks(notebook: Open, cells: Cells, pictures: Path) -> None:
    """The panel is there at once, answers clicks while other cells are run, and is the results at its end."""
    page = notebook(cells(BEGIN, CELL.format(word="Line"), "run.handle.paused", "%generate runs"))
    page.run(0)
    page.wait_until_calm()
    page.run(1)
    page.wait_for_text(1, "under way")
    page.page.get_by_text("Pause", exact=True).click()
    page.wait_for_text(1, "paused")
    page.run(2)
    page.wait_until_calm()
    paused = text(page, 2)
    page.picture(pictures / "paused.png")
    page.page.get_by_text("Go on", exact=True).click()
    page.wait_for_text(1, "14 saved")
    page.run(3)
    page.wait_until_calm()
    page.save()
    page.picture(pictures / "ended.png")

    assert "True" == paused
    assert ["text/html"] == [output.mime for output in page.outputs()[1]]
    assert [] == page.page.locator(".jupyter-widgets").all()
    assert "14 saved" in text(page, 3)
    assert [] == page.trouble()


def test_cancel_is_asked_for_twice(notebook: Open, cells: Cells) -> None:
    """One click by mistake cancels nothing; the second one ends the run and says what became of it."""
    page = notebook(cells(BEGIN, CELL.format(word="Verse")))
    page.run(0)
    page.wait_until_calm()
    page.run(1)
    page.wait_for_text(1, "under way")
    page.page.get_by_text("Cancel …", exact=True).click()
    page.wait_for_text(1, "Cancel? What was not sent yet will not be.")
    page.page.get_by_text("Cancel it", exact=True).click()
    page.wait_for_text(1, "not sent yet, and never will be")
    page.wait_for_text(1, "planned")

    assert ["text/html"] == [output.mime for output in page.outputs()[1]]


def test_tab_offers_frames_and_columns(notebook: Open, cells: Cells) -> None:
    """The popup has the frame behind --over, and its columns behind a brace."""
    page = notebook(
        cells("%load_ext notebookgen\nimport notebookgen as ng\nrows = ng.grid(animal=['fox'], size=[1])", "")
    )
    page.run(0)
    page.wait_until_calm()
    page.type(1, "%%generate --over ro")
    frames = page.completions()
    page.page.keyboard.press("Escape")
    page.type(1, "%%generate --over rows -s seed={s")
    columns = page.completions()

    assert frames in ([], ["rows"])  # a single choice is put in at once
    assert not columns or "size}" in columns


def test_the_study_runs_from_top_to_bottom(notebook: Open, pictures: Path) -> None:
    """As a researcher runs it for the first time: no error, pictures and failures side by side, no widget at the end."""
    import nbformat

    page = notebook(nbformat.read(NOTEBOOKS / "bulk.ipynb", as_version=4))
    page.run_all()
    page.wait_until_calm()
    page.save()
    page.picture(pictures / "study.png")

    assert [] == page.trouble()
    assert 12 <= sum(len(output.pictures) for outputs in page.outputs() for output in outputs)
    assert [] == page.page.locator(".jupyter-widgets").all()
