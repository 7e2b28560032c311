"""What a person does by hand in JupyterLab: type a prompt, press Tab, press Stop, make a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from notebookgen.notebook.flags import COMMANDS, FLAGS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nbformat import NotebookNode

    from browser.lab import NotebookPage

    Open = Callable[[NotebookNode], NotebookPage]
    Cells = Callable[..., NotebookNode]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOAD = "%load_ext notebookgen"
SLOW = "import notebookgen as ng\nbox = ng.sandbox(seconds=(8, 8))"
COUNT = "ng.ledger().frame().filter(prompt='A slow snail on a stone').height"


def text(page: NotebookPage, index: int) -> str:
    """Return what can be read below the code cell ``index``."""
    return "\n".join(output.text for output in page.outputs()[index])


def test_a_prompt_typed_by_hand_becomes_a_picture(notebook: Open, cells: Cells) -> None:
    """Quotes, braces and brackets typed key by key, with what Lab adds of itself, are the prompt."""
    page = notebook(cells(LOAD, 'thing = "lighthouse"', ""))
    page.run(0)
    page.run(1)
    page.type(2, "%%generate -s aspect_ratio=4:3\nThe cat's {thing}; a [small] one, at dusk")
    page.run(2)
    page.wait_until_calm()

    ((wide, high),) = [size for output in page.outputs()[2] for size in output.pictures]

    assert [] == page.trouble()
    assert 4 / 3 == pytest.approx(wide / high, rel=0.02)


def test_tab_offers_flags_models_and_settings(notebook: Open, cells: Cells) -> None:
    """The popup offers what fits: flags after a dash, models after -m, the model's settings after -s, and commands."""
    page = notebook(cells(LOAD, "1", ""))
    page.run(0)
    page.run(1)
    page.wait_until_calm()
    offered = {}
    for line in ("%%generate --", "%%generate -m armox:sand", "%%generate -m armox:sandbox/clip -s ", "%generate "):
        page.type(2, line)
        offered[line] = page.completions()
        page.page.keyboard.press("Escape")

    assert [] == [flag.long for flag in FLAGS if flag.long not in offered["%%generate --"]]
    assert {"armox:sandbox/clip", "armox:sandbox/picture"} <= set(offered["%%generate -m armox:sand"])
    assert {"duration=", "sound="} <= set(offered["%%generate -m armox:sandbox/clip -s "])
    assert [] == [command.name for command in COMMANDS if command.name not in offered["%generate "]]


def test_stop_ends_the_cell_and_not_the_job(notebook: Open, cells: Cells, pictures: Path) -> None:
    """Stop ends the cell with one line; the same cell again fetches the job that was paid for, and buys no other."""
    prompt = "%%generate -m armox:sandbox/picture-later\nA slow snail on a stone"
    page = notebook(cells(LOAD, SLOW, prompt, COUNT))
    page.run(0)
    page.run(1)
    page.wait_until_calm()
    page.run(2)
    page.wait_for_text(2, "running")
    page.stop()
    page.wait_until_calm()
    stopped = text(page, 2)
    page.picture(pictures / "stopped.png")
    page.run(2)
    page.wait_until_calm()
    page.run(3)
    page.wait_until_calm()

    assert "Stopped" in stopped
    assert len(stopped.splitlines()) <= 4
    assert [1] == [len(output.pictures) for output in page.outputs()[2] if output.pictures]
    assert "1" == text(page, 3)


def test_a_mistake_is_told_in_four_lines(notebook: Open, cells: Cells, pictures: Path) -> None:
    """An error that a person can mend has no traceback: it says what is wrong and what is near it."""
    page = notebook(cells(LOAD, "weather = 1", "%%generate\nA fox in {wether}", "%%generate --agpect\nA fox"))
    for index in range(4):
        page.run(index)
        page.wait_until_calm()  # what stands in the queue behind an error is not run
    page.picture(pictures / "mistakes.png")

    assert "weather" in text(page, 2)
    assert [] == [index for index in (2, 3) if "Traceback" in text(page, index)]
    assert [] == [index for index in (2, 3) if not 1 <= len(text(page, index).splitlines()) <= 4]
