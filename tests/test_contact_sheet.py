"""A contact sheet: one PNG with everything on it, that shows itself and can be kept."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from PIL import Image

from drawn_files import clip_file, drawing, photograph, picture_file, solid_file, sound_file
from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.media.captions import pixels_words
from notebookgen.media.lettering import broken, wide
from rows_drawn import delivered, failed, results_of

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.results import Results

RED = (220, 80, 60)


@pytest.fixture
def run(tmp_path: Path) -> Results:
    """Two animals in three styles, one of which failed."""
    image = picture_file(tmp_path / "a.png", drawing(320, 200))
    cells = [{"animal": animal, "style": style} for animal in ("fox", "owl") for style in ("oil", "ink", "chalk")]
    rows = [delivered(f"A {cell['animal']} in {cell['style']}", image) for cell in cells]
    rows[4] = failed("An owl in ink")
    return results_of(pl.DataFrame(cells), rows)


def reds(image: Image.Image) -> int:
    """Return how many pixels have the colour of the drawings' disc."""
    return sum(
        n
        for n, colour in image.getcolors(2**24) or []
        if all(abs(a - b) < 12 for a, b in zip(colour, RED, strict=True))
    )


def test_every_result_is_on_it(run: Results) -> None:
    """Each picture, each with its caption; a failure is told with its reason, in the picture and in words."""
    sheet = run.contact_sheet()
    whole = 5 * reds(results_of(pl.DataFrame({"n": [1]}), run.handle.rows([0])).contact_sheet().image)
    assert whole == pytest.approx(reds(sheet.image), rel=0.05)
    assert sheet.text.splitlines()[5].startswith("[4] failed")
    assert f"<ContactSheet {pixels_words(*sheet.image.size)}, contact sheet of 6 results>" == repr(sheet)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("colour", [(20, 30, 20), (250, 240, 250)], ids=["black", "white"])
def test_what_shines_through_is_seen_on_any_paper(tmp_path: Path, colour: tuple[int, int, int], *, dark: bool) -> None:
    """A drawing on nothing stands on a ground that it is made out on, whatever the paper's colour."""
    image = Image.new("RGBA", (200, 200))
    image.paste((*colour, 255), (50, 50, 150, 150))
    run = results_of(pl.DataFrame({"n": [1]}), [delivered("A logo", picture_file(tmp_path / "a.png", image))])
    sheet = run.contact_sheet(dark=dark).image
    ink = {(x, y) for x in range(sheet.width) for y in range(sheet.height) if sheet.getpixel((x, y)) == colour}
    x, y = min(ink, key=lambda place: (place[1], place[0]))
    ground = sheet.getpixel((x, y - 5))
    assert abs(ground[0] - colour[0]) > 180  # type: ignore[index] # three bands


def test_it_is_a_png_that_says_what_it_shows(run: Results, tmp_path: Path) -> None:
    """Saved under a name or in a folder; its words are in the file, too. Other kinds of file are refused."""
    sheet = run.contact_sheet(title="My study")
    place = sheet.save(tmp_path / "new" / "sheet.png")
    with Image.open(place) as kept:
        assert ("PNG", sheet.image.size) == (kept.format, kept.size)
        assert sheet.text == kept.info["Description"]
        assert "notebookgen" == kept.info["Software"]
    assert tmp_path / "contact-sheet-run7.png" == sheet.save(tmp_path)
    with pytest.raises(InvalidCall, match=r"a contact sheet is a PNG file. Name it sheet.png"):
        sheet.save(tmp_path / "sheet.jpg")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotWritable, match="cannot be written"):
        sheet.save(tmp_path / "file" / "sheet.png")
    assert "My study" == sheet.text.splitlines()[0]


def test_it_shows_itself(run: Results) -> None:
    """As a picture with a size for the page and words for who cannot see it; nothing else is in the way."""
    data, metadata = run.contact_sheet()._repr_mimebundle_()
    assert {"image/png", "text/plain"} == set(data)
    with Image.open(io.BytesIO(data["image/png"])) as shown:
        assert metadata["image/png"]["width"] == min(1000, shown.width)
    assert "contact sheet of 6 results" == metadata["image/png"]["alt"]
    assert {"text/plain"} == set(run.contact_sheet()._repr_mimebundle_(exclude=["image/png"])[0])


@pytest.mark.slow
def test_a_large_one_is_shown_smaller(tmp_path: Path) -> None:
    """What is embedded keeps to the cell's budget; what is saved is whole."""
    image = picture_file(tmp_path / "a.png", photograph(400, 400))
    run = results_of(pl.DataFrame({"n": range(24)}), [delivered(f"P{n}", image) for n in range(24)])
    sheet = run.gallery(cell_bytes=200_000).contact_sheet()
    data, _ = sheet._repr_mimebundle_()
    assert len(data["image/jpeg"]) <= 150_000 < len(sheet.png)
    assert "shown smaller" in data["text/plain"]


@pytest.mark.parametrize(
    "options", [{"by": "animal"}, {"by": ("animal", "style")}, {"before": True}, {"caption": "style"}], ids=str
)
@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_it_is_laid_out_as_the_gallery_is(run: Results, options: dict[str, Any], *, dark: bool) -> None:
    """Groups, rows by columns, pairs: all pictures are on it, and nothing is drawn over the edge."""
    sheet = run.gallery(**options).contact_sheet(dark=dark, tile=120)
    alone = results_of(pl.DataFrame({"n": [1]}), run.handle.rows([0])).contact_sheet(tile=120)
    assert 5 * reds(alone.image) == pytest.approx(reds(sheet.image), rel=0.05)
    width, height = sheet.image.size
    paper = sheet.image.getpixel((0, 0))
    edges = [(0, 0, width, 8), (0, height - 8, width, height), (0, 0, 8, height), (width - 8, 0, width, height)]
    assert [[(box[2] - box[0]) * (box[3] - box[1]), paper] for box in edges] == [
        list((sheet.image.crop(box).getcolors() or [])[0]) for box in edges
    ]
    assert (sum(paper) < 100) == dark  # type: ignore[arg-type] # three bands


def test_every_kind_is_drawn(tmp_path: Path) -> None:
    """Clips, sounds, solids and texts have their pictures or their words."""
    clip, sound = clip_file(tmp_path / "c.mp4"), sound_file(tmp_path / "s.wav")
    solid, words = solid_file(tmp_path / "a.glb"), tmp_path / "t.txt"
    words.write_text("A tale of two foxes. " * 20)
    text = type(clip)(str(words), "text", "text/plain", words.stat().st_size, "")
    rows = [delivered(f"P{n}", one) for n, one in enumerate((clip, sound, solid, text))]
    sheet = results_of(pl.DataFrame({"n": range(4)}), rows).contact_sheet()
    assert len(sheet.image.getcolors(2**24) or []) > 200


@pytest.mark.slow
def test_many_are_made_smaller(tmp_path: Path) -> None:
    """A sheet has no more pixels than can be handled, however many pictures there are."""
    image = picture_file(tmp_path / "a.png", drawing(64, 64))
    run = results_of(pl.DataFrame({"n": range(1500)}), [delivered("P", image) for _ in range(1500)])
    wide_, high = run.contact_sheet().image.size
    assert wide_ * high <= 40_000_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tile": 5}, "tile=5 makes no sense. Give a whole number of pixels from 48 to 1,024."),
        ({"columns": 0}, "columns=0 makes no sense. Give a whole number of pictures from 1 to 100."),
    ],
)
def test_a_mistake_is_told(run: Results, options: dict[str, Any], words: str) -> None:
    """What makes no sense, and what would be an empty sheet."""
    with pytest.raises(InvalidCall) as caught:
        run.contact_sheet(**options)
    assert words == str(caught.value)
    with pytest.raises(InvalidCall, match="no result is left"):
        run.gallery(filter={"animal": "cat"}).contact_sheet()


def test_lines_are_broken_between_words() -> None:
    """No line is wider than it may be; what does not fit ends in an ellipsis; a long word is cut."""
    text = "A red fox in the snow under a pale moon, " * 3
    lines = broken(text, 13, 200, 3)
    assert 3 == len(lines)
    assert lines[-1].endswith("…")
    assert max(wide(one, 13) for one in lines) <= 200
    assert 2 == len(broken("x" * 400, 13, 100, 2))
    assert [] == broken("", 13, 100, 2)
    assert max(wide(one, 13) for one in broken("日本語の長い文章" * 9 + "\u202e\x1b", 13, 120, 4)) <= 120
