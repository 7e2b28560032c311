"""Several results in one cell: a grid that keeps to its budget and says what it leaves out."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from drawn_files import MODEL, clip_file, drawing, photograph, picture_file, shown, solid_file, sound_file
from notebookgen.media.captions import size_words
from notebookgen.media.grid import laid_out
from notebookgen.media.leaf import Entry, Leaf
from notebookgen.media.preview import PreviewLimits, bundle, grid
from notebookgen.records import Cost
from sanitizer import Sanitizer, seen

if TYPE_CHECKING:
    from pathlib import Path


def tags(page: Sanitizer, name: str) -> list[dict[str, str | None]]:
    """Return the attributes of every tag of that name."""
    return [attributes for tag, attributes in page.tags if tag == name]


def test_every_result_is_a_tile(tmp_path: Path) -> None:
    """Pictures, a clip, a sound, a solid, a text, a failure and a job that runs: each has its place and its label."""
    several = [
        shown(picture_file(tmp_path / "a.png")),
        shown(clip_file(tmp_path / "c.mp4"), model="armox:kling"),
        shown(sound_file(tmp_path / "s.wav"), cost=Cost(Decimal("0.03"), "USD", "listed")),
        shown(solid_file(tmp_path / "a.glb")),
        shown(text="A tale."),
        shown(status="failed", error="Refused by the filter.", prompt="Something else"),
        shown(status="submitted", cost=Cost(), seconds=None),
    ]
    head = "5 saved, 1 failed, 1 submitted · 2 models · 350 credits + 0.03 USD"
    data, metadata = grid(several, heading=head)
    page = seen(str(data["text/html"]))
    assert 7 == len(tags(page, "figure"))
    assert (1, 1) == (len(tags(page, "video")), len(tags(page, "audio")))
    for words in (
        *(f"[{number}]" for number in range(7)),
        "Refused by the filter.",
        "A tale.",
        "submitted",
        "armox:kling",
    ):
        assert words in page.text
    assert head in page.text
    rows = str(data["text/plain"]).splitlines()
    assert head == rows[0]
    assert f"[0] saved · 70 credits · 3.2 s · {tmp_path / 'a.png'}" == rows[1]
    assert "[5] failed · 70 credits · 3.2 s · Refused by the filter." == rows[6]
    assert 7 == metadata["notebookgen"]["count"]  # type: ignore[index] # a mapping


def test_what_is_said_of_a_saved_result_stands_under_it_once(tmp_path: Path) -> None:
    """A file that could not be had, or a text in a picture's place: the tile of the result's first file says so."""
    files = [replace(picture_file(tmp_path / f"{name}.png"), name=name) for name in "ab"]
    several = [
        shown(*files, error="1 of 3 files could not be had: it is gone\nRun it again."),
        shown(text="no", error="the image was due"),
        shown(*files),
    ]
    several[1] = replace(several[1], assets=(replace(files[0], kind="text"),))
    page = seen(str(grid(several)[0]["text/html"]))
    assert [1, 0, 1] == [page.text.count(said) for said in ("1 of 3 files", "Run it again", "the image was due")]


def test_a_common_prompt_is_said_once(tmp_path: Path) -> None:
    """Samples of one prompt carry it in the heading, and two or three columns keep them large."""
    image = picture_file(tmp_path / "a.png")
    page = seen(
        str(grid([shown(image, sample=number, prompt="One common prompt") for number in range(4)])[0]["text/html"])
    )
    assert 1 == page.text.count("One common prompt")
    assert 4 == sum((attributes["alt"] or "").count("One common prompt") for attributes in tags(page, "img"))


@pytest.mark.slow
def test_a_hundred_tiles_keep_to_the_budget(tmp_path: Path) -> None:
    """A hundred photographs are all there, each as small as its share, and the whole is within the budget."""
    image = picture_file(tmp_path / "a.png", photograph(500, 500))
    limits = PreviewLimits(cell_bytes=900_000)
    html = str(grid([shown(image)] * 100, limits=limits)[0]["text/html"])
    assert 100 == len(tags(seen(html), "img"))
    assert len(html.encode()) <= 900_000


@pytest.mark.slow
@pytest.mark.parametrize("budget", [0, 800, 3_000, 12_000, 40_000, 150_000])
def test_a_small_budget_is_kept_and_said(tmp_path: Path, budget: int) -> None:
    """Where the budget bites, the output says how many have no picture, or are not shown."""
    image = picture_file(tmp_path / "a.png", photograph(300, 300))
    several = [shown(image, prompt=f"Prompt {number} ünïcödé") for number in range(60)]
    data, _ = grid(several, limits=PreviewLimits(cell_bytes=budget))
    html = str(data.get("text/html", ""))
    assert len(html.encode()) <= budget
    if html:
        page = seen(html)
        missing = 60 - len(tags(page, "img"))
        assert missing > 0
        assert ("a cell holds at most" in page.text) == (missing > 0)
    else:
        assert "no preview: it does not fit into" in str(data["text/plain"])


def test_the_number_of_tiles_is_bounded(tmp_path: Path) -> None:
    """Thousands of results are a bounded grid with the count of the rest."""
    image = picture_file(tmp_path / "a.png")
    data, metadata = grid(
        [shown(image)] * 50 + [shown(status="failed", error="No.")] * 4_000, limits=PreviewLimits(tiles=60), rest=1_000
    )
    page = seen(str(data["text/html"]))
    assert 60 == len(tags(page, "figure"))
    assert "4990 more not shown: a cell holds at most 60 tiles" in page.text
    assert "… and 5030 more" == str(data["text/plain"]).splitlines()[-1]
    assert 21 == len(str(data["text/plain"]).splitlines())
    assert 20 == len(metadata["notebookgen"]["results"])  # type: ignore[index] # a mapping


def test_clips_play_as_far_as_there_is_room(tmp_path: Path) -> None:
    """What the pictures leave is for clips, and all is used; in each player is its picture, for hosts that know none."""
    clip = clip_file(tmp_path / "c.mp4")
    few = seen(str(grid([shown(clip)] * 2)[0]["text/html"]))
    assert (2, 2) == (len(tags(few, "video")), len(tags(few, "img")))
    assert "not play here" not in few.text
    limits = PreviewLimits(cell_bytes=60_000)
    html = str(grid([shown(clip)] * 8, limits=limits)[0]["text/html"])
    many = seen(html)
    playing, still = len(tags(many, "video")), 8 - len(tags(many, "video"))
    assert 8 == len(tags(many, "img"))
    assert 0 < playing < 8
    assert 60_000 - 3 * clip.size < len(html.encode()) <= 60_000
    size = size_words(still * clip.size)
    assert f"{still} clips ({size}) do not play here: a cell holds at most 0.06 MB" in many.text


def test_pictures_do_not_keep_a_clip_from_playing(tmp_path: Path) -> None:
    """A clip beside pictures takes what they leave, however small an equal part of the cell would be."""
    clip = clip_file(tmp_path / "c.mp4")
    several = [shown(clip), *[shown(picture_file(tmp_path / "a.png"))] * 7]
    limits = PreviewLimits(cell_bytes=8 * (2 * clip.size))
    page = seen(str(grid(several, limits=limits)[0]["text/html"]))
    assert (1, 8) == (len(tags(page, "video")), len(tags(page, "img")))


def test_the_smallest_play_first(tmp_path: Path) -> None:
    """Where there is room for some, a large one does not take it from several; in its place stands its picture."""
    large = replace(clip_file(tmp_path / "large.mp4"), size=1_400_000)
    (tmp_path / "large.mp4").write_bytes((tmp_path / "large.mp4").read_bytes().ljust(1_400_000, b"\0"))
    sound, small = sound_file(tmp_path / "s.wav"), clip_file(tmp_path / "c.mp4")
    page = seen(
        str(grid([shown(large), shown(small), shown(sound)], limits=PreviewLimits(cell_bytes=400_000))[0]["text/html"])
    )
    assert (1, 1) == (len(tags(page, "video")), len(tags(page, "audio")))
    assert (
        "1 clip (1.4 MB) does not play here: a cell holds at most 0.4 MB (ng.configure(cell_bytes=...))." in page.text
    )
    assert "A copy beside the notebook will: .save('clips')" in page.text


def test_what_no_cell_may_hold_plays_from_beside_the_notebook(tmp_path: Path) -> None:
    """A clip above the limit of one is told of with that limit; its copy in the notebook's folder is played."""
    clip = clip_file(tmp_path / "c.mp4")
    few, limits = [shown(clip)] * 2, PreviewLimits(clip_bytes=1_000)
    still = seen(str(grid(few, limits=limits)[0]["text/html"]))
    assert (0, 2) == (len(tags(still, "video")), len(tags(still, "img")))
    assert "2 clips (7.0 kB) do not play here: one clip may take 1.0 kB. Copies beside the notebook will" in still.text
    leaf = Leaf(tuple(Entry(one, number) for number, one in enumerate(few)))
    beside = seen(str(laid_out(leaf, limits, folder=tmp_path)))
    assert ["c.mp4"] * 2 == [attributes["src"] for attributes in tags(beside, "video")]
    assert "not play here" not in beside.text


def test_what_stands_still_does_not_ask_to_be_clicked(tmp_path: Path) -> None:
    """The poster of a clip that does not play is the one of a player: without a triangle."""
    clip = clip_file(tmp_path / "c.mp4")
    playing = seen(str(grid([shown(clip)])[0]["text/html"]))
    still = seen(str(grid([shown(clip)], limits=PreviewLimits(clip_bytes=10))[0]["text/html"]))
    assert tags(playing, "video")[0]["poster"] == tags(still, "img")[0]["src"]


@pytest.mark.parametrize(
    ("has_sound", "said"), [(True, "1.0 s long, with sound"), (False, "1.0 s long, no sound"), (None, "1.0 s long")]
)
def test_a_clip_says_whether_it_has_sound(tmp_path: Path, has_sound: bool | None, said: str) -> None:  # noqa: FBT001 - a parameter of a test
    """Where that is known it stands under the tile, in the caption of one alone, and in the words."""
    clip = replace(clip_file(tmp_path / "c.mp4"), has_sound=has_sound)
    tile = seen(str(grid([shown(clip)])[0]["text/html"])).text
    data, _ = bundle(shown(clip))
    word = {True: ", with sound,", False: ", no sound,", None: "1.0 s, 3.5 kB"}[has_sound]
    assert tile.endswith(said)
    assert [True, True] == [word in text for text in (seen(str(data["text/html"])).text, str(data["text/plain"]))]


@pytest.mark.parametrize("names", [("", "", ""), (".0", ".1", ".2"), ("0", "1", "2")])
def test_files_without_a_name_are_counted(tmp_path: Path, names: tuple[str, ...]) -> None:
    """A place in a list is no name."""
    image = picture_file(tmp_path / "a.png")
    page = seen(str(grid([shown(*(replace(image, name=name) for name in names))])[0]["text/html"]))
    assert ["1 of 3", "2 of 3", "3 of 3"] == re.findall(r"\d of 3", page.text)


def test_the_reason_of_a_failure_is_whole_where_one_looks(tmp_path: Path) -> None:
    """What a tile has no room for is told by it all the same; what was made and not fetched is not called complete."""
    wide = picture_file(tmp_path / "a.png", drawing(640, 200))
    reason = "The file is empty. " + "It is paid for and made, and it is asked for again by itself. " * 3
    several = [*[shown(wide)] * 7, shown(status="completed", error=reason)]
    page = seen(str(grid(several)[0]["text/html"]))
    assert reason.strip() in [attributes.get("title") for attributes in tags(page, "div")]
    assert ("not fetched" in page.text, "completed" in page.text) == (True, False)
    assert "The file is empty." in page.text


def test_what_shines_through_stands_on_a_ground(tmp_path: Path) -> None:
    """A dark drawing stands on light, a white one on dark, in whatever theme; what is opaque needs none."""
    grounds = {}
    for name, colour in (("dark", (20, 20, 20)), ("white", (250, 250, 250))):
        image = Image.new("RGBA", (80, 80))
        image.paste((*colour, 255), (20, 20, 60, 60))
        (img,) = tags(seen(str(grid([shown(picture_file(tmp_path / f"{name}.png", image))])[0]["text/html"])), "img")
        grounds[name] = str(img["style"]).partition("background-color:")[2].partition(";")[0]
    (opaque,) = tags(seen(str(grid([shown(picture_file(tmp_path / "o.png"))])[0]["text/html"])), "img")
    assert {"dark": "rgba(255,255,255,0.96)", "white": "rgba(24,26,30,0.96)"} == grounds
    assert "background" not in str(opaque["style"])


def test_a_broken_tile_says_why(tmp_path: Path) -> None:
    """One file that cannot be shown does not take the others with it."""
    good, bad = picture_file(tmp_path / "a.png"), picture_file(tmp_path / "b.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    page = seen(
        str(grid([shown(good), shown(bad), shown(replace(good, path=str(tmp_path / "gone.png")))])[0]["text/html"])
    )
    assert 1 == len(tags(page, "img"))
    assert "no preview: the file cannot be decoded" in page.text
    assert "no preview: the file is no longer there" in page.text


def test_frames_take_the_common_proportion(tmp_path: Path) -> None:
    """Pictures of one proportion fill their frames; another one stands in the middle of the same frame."""
    wide = [shown(picture_file(tmp_path / f"{number}.png", drawing(640, 360))) for number in range(8)]
    tall = shown(picture_file(tmp_path / "tall.png", drawing(360, 640)))
    page = seen(str(grid([*wide, tall])[0]["text/html"]))
    sizes = [(int(attributes["width"] or 0), int(attributes["height"] or 0)) for attributes in tags(page, "img")]
    assert [(208, 117)] * 8 == sizes[:8]
    assert (66, 117) == sizes[8]


def test_include_and_exclude(tmp_path: Path) -> None:
    """Words alone cost no decoding; a grid alone has no words."""
    several = [shown(picture_file(tmp_path / "a.png"))] * 2
    assert {"text/plain"} == set(grid(several, include=["text/plain"])[0])
    assert {"text/html"} == set(grid(several, exclude=["text/plain"])[0])
    assert ({"text/plain": "no results"}, 0) == (grid([])[0], grid([])[1]["notebookgen"]["count"])  # type: ignore[index] # a mapping


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    """Prompts, errors and names of files cannot leave their tiles."""
    hostile = "\"'><script>alert(1)</script>\x1b\u202e\ud800 "
    image = replace(picture_file(tmp_path / "a.png"), name=hostile)
    several = [
        shown(image, image, prompt=hostile, model=hostile),
        shown(status=hostile, error=hostile, prompt="x"),
        shown(text=hostile),
    ]
    data, _ = grid(several)
    page = seen(str(data["text/html"]))
    assert "<script>alert(1)</script>" in page.text
    assert MODEL in page.text
    str(data["text/plain"]).encode()


def test_a_grid_may_stand_without_a_heading(tmp_path: Path) -> None:
    """Where a line above says it all there is none; what was paid for before says so, in both forms."""
    image = picture_file(tmp_path / "a.png")
    data, _ = grid([shown(image, prompt="One"), shown(image, prompt="Two", cached=True)])
    rows = str(data["text/plain"]).splitlines()
    assert [
        f"[0] saved · 70 credits · 3.2 s · {image.path}",
        f"[1] saved · 70 credits · cached · 3.2 s · {image.path}",
    ] == rows
    assert 1 == seen(str(data["text/html"])).text.count("cached")
    assert "no results" == grid([], heading="0 saved")[0]["text/plain"]


@pytest.mark.parametrize("others", [1, 7])
def test_a_long_reason_is_read_whole_or_says_that_it_is_not(tmp_path: Path, others: int) -> None:
    """Six lines stand in any tile; of more than it holds, dots say that there are more."""
    lines = [f"Reason {number}." for number in range(40)]
    several = [shown(picture_file(tmp_path / "a.png", drawing(640, 200)))] * others
    for count in (6, 40):
        error = "\n".join(lines[:count])
        text = seen(str(grid([*several, shown(status="failed", error=error)])[0]["text/html"])).text
        assert (count == 6) == (error in text)
        assert (count == 40) == (re.search(r"Reason \d+\. …", text) is not None)


def test_a_low_frame_grows_for_what_went_wrong(tmp_path: Path) -> None:
    """Beside wide pictures a reason of a few lines is read whole; what is all there has no dots behind it."""
    wide = picture_file(tmp_path / "a.png", drawing(640, 200))
    said = "The prompt holds control characters, which no provider takes.\nNothing was sent.\nRemove them."
    several = [*[shown(wide)] * 7, shown(status="invalid", error=said)]
    page = seen(str(grid(several)[0]["text/html"]))
    assert said in page.text
    assert f"{said} …" not in page.text
