"""Every kind of result in a real JupyterLab: opened again by whoever ran it, and by a stranger a year later.

The stranger has the file and nothing else: it is not trusted, the media folder is gone, and there is no network.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from browser.conftest import tabs
from browser.eyes import played, see

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from browser.chrome import Chrome
    from browser.eyes import View
    from browser.lab import NotebookPage
    from browser.server import LabServer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BEGIN = "%load_ext notebookgen\nimport notebookgen as ng\nbox = ng.sandbox(seconds=(0.1, 0.2))"
ANIMALS = 'animals = ng.grid(animal=["fox", "hare", "owl"])'
OVER = "%%generate --over {} -m armox:sandbox/picture-later --budget none\nA {{animal}} in the snow"
KINDS = {
    "image": "%%generate -s aspect_ratio=16:9\nA red fox in the snow",
    "clip": "%%generate --kind video -s duration=3\nA hot-air balloon at sunset",
    "sound": "%%generate --kind audio -s seconds=4\nA slow morning melody",
    "solid": "%%generate -m armox:sandbox/solid\nA small lighthouse",
    "text": "%%generate --kind text\nWhy is the sky red at dusk?",
    "several assets": "%%generate -m armox:sandbox/layers\nA harbour at night",
    "grid": "%%generate -n 4\nA sailing boat on a calm lake",
    "gallery": OVER.format("animals[:1]"),
    "failures": OVER.format("animals"),
}
READERS = ("trusted", "stranger")


@pytest.fixture(scope="module")
def readers(lab: LabServer, chrome: Chrome) -> Iterator[dict[str, NotebookPage]]:
    """Run a cell of each kind, save, and open the file twice: as whoever ran it, and as a stranger a year later."""
    import nbformat

    sources = [BEGIN, ANIMALS, *KINDS.values()]
    sources.insert(sources.index(KINDS["failures"]), "box.configure(fail=1)")
    with tabs(lab, chrome, "kinds") as open_:
        content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        content.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        first = open_(content)
        first.run_all()
        assert [] == first.trouble()
        first.save()
        saved = nbformat.read(lab.root / first.name, as_version=4)
        media, away = lab.home / "media", lab.home / "media-away"
        shutil.move(media, away)
        try:
            again = first.open()  # the same server's own signature: trusted
            saved.metadata["from"] = "somebody else"
            for cell in saved.cells:
                cell.metadata.pop("trusted", None)
            stranger = open_(saved)
            yield {"trusted": again, "stranger": stranger}
        finally:
            shutil.move(away, media)


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest, readers: dict[str, NotebookPage]) -> NotebookPage:
    """One of the two who read it."""
    page = readers[request.param]
    assert {request.param == "trusted"} == set(page.trusted())
    return page


def view(page: NotebookPage, kind: str) -> View:
    """Return what is seen below the cell of a kind."""
    return see(page.cell(page.find(KINDS[kind])).locator(".jp-OutputArea"))


def test_nothing_is_broken(reader: NotebookPage, request: pytest.FixtureRequest, pictures: Path) -> None:
    """Every picture of every kind is decoded and laid out; no widget and no error stands anywhere."""
    reader.picture(pictures / f"{request.node.callspec.id}.png")
    views = {kind: view(reader, kind) for kind in KINDS}

    assert {} == {kind: one.broken for kind, one in views.items() if one.broken}
    assert [] == [kind for kind, one in views.items() if "Traceback" in one.words or "displaying widget" in one.words]


def test_an_image(reader: NotebookPage) -> None:
    """One picture, in its shape."""
    (picture,) = view(reader, "image").pictures

    assert 16 / 9 == pytest.approx(picture.size[0] / picture.size[1], rel=0.02)
    assert 16 / 9 == pytest.approx(picture.room[0] / picture.room[1], rel=0.02)


def test_a_clip(reader: NotebookPage) -> None:
    """A player with a poster before it is touched; when it is, its time goes on, and it plays from the notebook itself."""
    (player,) = view(reader, "clip").players
    (clip,) = played(reader.cell(reader.find(KINDS["clip"])))

    assert ("video", True) == (player.kind, player.source.startswith("data:video/"))
    assert min(*player.room, *player.poster) > 0
    assert player.room[0] / player.room[1] == pytest.approx(clip.width / clip.height, rel=0.02)
    assert clip.at > 0
    assert 3 == pytest.approx(clip.duration, abs=0.5)


def test_a_sound(reader: NotebookPage) -> None:
    """The waveform is seen above a player, and its time goes on."""
    seen = view(reader, "sound")
    (sound,) = played(reader.cell(reader.find(KINDS["sound"])))

    assert [("audio", True)] == [(one.kind, one.source.startswith("data:audio/")) for one in seen.players]
    assert ["waveform: A slow morning melody"] == [one.alt for one in seen.pictures]
    assert min(seen.players[0].room) > 0
    assert sound.at > 0
    assert 4 == pytest.approx(sound.duration, abs=0.5)


def test_a_solid(reader: NotebookPage) -> None:
    """A 3D model is a rendered picture of it."""
    (picture,) = view(reader, "solid").pictures

    assert min(picture.size) >= 256


def test_a_text(reader: NotebookPage) -> None:
    """The words stand there in paragraphs, with what they were asked for and what they cost below."""
    text = reader.cell(reader.find(KINDS["text"])).locator(".jp-OutputArea").inner_text()

    assert "SANDBOX" in text
    assert 3 <= text.count("\n\n")
    assert "4 credits" in text


def test_several_assets_of_one_job(reader: NotebookPage) -> None:
    """Each of them is a picture of its own, side by side."""
    seen = view(reader, "several assets")

    assert 3 <= len(seen.pictures)
    assert 1 == len({one.size for one in seen.pictures})


def test_a_grid(reader: NotebookPage) -> None:
    """Four samples are four pictures with words to be read out, two beside each other at the least, and equally large."""
    seen = view(reader, "grid")
    places = (
        reader.cell(reader.find(KINDS["grid"]))
        .locator("img")
        .evaluate_all("all => all.map(one => Math.round(one.getBoundingClientRect().top))")
    )

    assert ["A sailing boat on a calm lake"] * 4 == [one.alt for one in seen.pictures]
    assert 1 == len({one.room for one in seen.pictures})
    assert len(set(places)) < 4
    assert "[3]" in seen.words


def test_failures_are_tiles_with_their_reason(reader: NotebookPage) -> None:
    """The one that was made is a picture; in the place of the others stands that they failed, and why."""
    seen = view(reader, "failures")

    assert ["A fox in the snow"] == [one.alt for one in seen.pictures]
    assert 3 <= seen.words.count("failed")  # the line above, and a tile each
    assert 2 <= seen.words.count("Armox could not make it")
    assert "A hare in the snow" in seen.words


def test_both_readers_see_the_same(readers: dict[str, NotebookPage]) -> None:
    """Words, pictures and players of every kind are the same for whoever ran it and for a stranger."""
    for kind in KINDS:
        own, strange = (view(readers[name], kind) for name in READERS)

        assert own.words == strange.words, kind
        assert own.pictures == strange.pictures, kind
        assert [one.poster for one in own.players] == [one.poster for one in strange.players], kind
