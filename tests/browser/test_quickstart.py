"""What a newcomer sees who opens the quickstart in JupyterLab and runs it, and who opens the saved file elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nbformat import NotebookNode

    from browser.lab import NotebookPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIRST = "A red fox in the snow"
PICTURES = (FIRST, "aspect_ratio=16:9 -o owl", "-i {owl}", "seasons")


def looks(page: NotebookPage, text: str) -> tuple[tuple[int, int], ...]:
    """Return the decoded pictures that a cell shows."""
    return tuple(size for output in page.outputs()[page.find(text)] for size in output.pictures)


def words(page: NotebookPage, text: str) -> str:
    """Return what can be read below a cell."""
    return "\n".join(output.text for output in page.outputs()[page.find(text)])


def test_no_cell_is_in_trouble(quickstart: NotebookPage, pictures: Path) -> None:
    """Every cell runs, and none ends in an error."""
    quickstart.picture(pictures / "quickstart.png")

    assert [] == quickstart.trouble()


@pytest.mark.parametrize("text", PICTURES)
def test_pictures_are_seen(quickstart: NotebookPage, text: str) -> None:
    """A picture is decoded by the browser and has a size; no broken image anywhere."""
    sizes = looks(quickstart, text)

    assert sizes
    assert [] == [size for size in sizes if min(size) < 64]


def test_a_setting_changes_the_shape(quickstart: NotebookPage) -> None:
    """The picture asked for in 16:9 is seen in 16:9."""
    ((wide, high),) = looks(quickstart, "aspect_ratio=16:9 -s seed")

    assert 16 / 9 == pytest.approx(wide / high, rel=0.02)


def test_several_samples_are_one_grid(quickstart: NotebookPage) -> None:
    """Four samples are four pictures in one output."""
    shown = [output.pictures for output in quickstart.outputs()[quickstart.find("-n 4")] if output.pictures]

    assert [4] == [len(sizes) for sizes in shown]


def test_the_same_cell_again_says_that_it_cost_nothing(quickstart: NotebookPage) -> None:
    """The cell that is there twice shows its picture twice, and says the second time that nothing was spent."""
    first = quickstart.find("-o owl\nAn {animal}")
    again = quickstart.find("-o owl\nAn {animal}", after=first)
    outputs = quickstart.outputs()

    assert [o.pictures for o in outputs[first] if o.pictures] == [o.pictures for o in outputs[again] if o.pictures]
    assert "nothing spent" not in "\n".join(output.text for output in outputs[first])
    assert "nothing spent" in "\n".join(output.text for output in outputs[again])


def test_the_clip_plays(quickstart: NotebookPage) -> None:
    """The clip has a picture size and three seconds, and its time goes on when it is played."""
    played = quickstart.play(quickstart.find("--kind video -s duration=3"))

    assert played.at > 0
    assert 3 == pytest.approx(played.duration, abs=0.5)
    assert played.width > 0


def test_the_sound_plays(quickstart: NotebookPage) -> None:
    """The sound has four seconds, and its time goes on when it is played."""
    played = quickstart.play(quickstart.find("--kind audio"))

    assert played.at > 0
    assert 4 == pytest.approx(played.duration, abs=0.5)


def test_the_text_can_be_read(quickstart: NotebookPage) -> None:
    """The text is there as text, marked as the sandbox's."""
    assert "SANDBOX" in words(quickstart, "--kind text")


def test_a_dry_run_shows_a_price(quickstart: NotebookPage) -> None:
    """The dry run names the model and an amount, and shows no player: nothing was made."""
    assert "credits" in words(quickstart, "--dry-run")
    assert [] == [player for output in quickstart.outputs()[quickstart.find("--dry-run")] for player in output.players]


def test_nothing_is_left_moving(quickstart: NotebookPage) -> None:
    """No progress line stands at 0 % in the saved notebook, and nothing needs a widget."""
    import nbformat

    saved = nbformat.read(quickstart.server.root / quickstart.name, as_version=4)
    text = "\n".join(str(cell.get("outputs", "")) for cell in saved.cells)

    assert "0%|" not in text
    assert "application/vnd.jupyter.widget-view+json" not in text
    assert "<script" not in text.lower()


def test_opened_elsewhere_it_still_tells_its_story(
    quickstart: NotebookPage, notebook: Callable[[NotebookNode], NotebookPage], pictures: Path
) -> None:
    """The saved file, changed by somebody else and so not trusted, shows the same pictures, clip, sound and text."""
    import nbformat

    saved = nbformat.read(quickstart.server.root / quickstart.name, as_version=4)
    saved.metadata["from"] = "somebody else"
    for cell in saved.cells:
        cell.metadata.pop("trusted", None)
    again = notebook(saved)
    again.picture(pictures / "untrusted.png")

    assert {False} == set(again.trusted())
    assert [[o.pictures for o in cell if o.pictures] for cell in quickstart.outputs()] == [
        [o.pictures for o in cell if o.pictures] for cell in again.outputs()
    ]
    assert again.play(again.find("--kind video -s duration=3")).at > 0
    assert again.play(again.find("--kind audio")).at > 0
    assert "SANDBOX" in words(again, "--kind text")
