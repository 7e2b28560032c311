"""Several results in one cell: a grid that keeps to its budget and says what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from drawn_files import MODEL, clip_file, drawing, photograph, picture_file, shown, solid_file, sound_file
from notebookgen.media.preview import PreviewLimits, grid
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


def test_many_clips_are_marked_posters(tmp_path: Path) -> None:
    """Clips play where they fit into their share of the budget; else their posters stand for them."""
    clip = clip_file(tmp_path / "c.mp4")
    few = seen(str(grid([shown(clip)] * 2)[0]["text/html"]))
    assert (2, 0) == (len(tags(few, "video")), len(tags(few, "img")))
    many = seen(str(grid([shown(clip)] * 8, limits=PreviewLimits(cell_bytes=60_000))[0]["text/html"]))
    assert (0, 8) == (len(tags(many, "video")), len(tags(many, "img")))


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
