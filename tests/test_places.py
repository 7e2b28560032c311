"""How files are told: names that say what they are, and places that do not say whose home they lie in."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawn_files import clip_file, shown, sound_file
from notebookgen.media.leaf import Entry, Leaf, words
from notebookgen.media.places import place, short_name
from notebookgen.media.preview import bundle, grid
from notebookgen.records import Asset
from sanitizer import seen

HASH = "0f00846985b2" * 5 + "abcd"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"/kept/0f/{HASH}.mp4", "0f008469….mp4"),
        ("a-fox.png", "a-fox.png"),
        (f"{'a' * 60}-0f008469.jpeg", f"{'a' * 39}…{'a' * 6}-0f008469.jpeg"),
        (f"{'x' * 70}.{'y' * 70}", f"{'x' * 29}…{'y' * 30}"),
        ("", ""),
    ],
)
def test_a_name_keeps_its_ending(path: str, name: str) -> None:
    """A long name is cut in its middle: its ending, and what tells equal prompts apart, are there."""
    assert name == short_name(path)
    assert len(name) <= 60


def test_a_name_as_save_makes_it_is_whole_or_ends_as_it_does() -> None:
    """Names of 61 letters are the usual ones of long prompts."""
    told = short_name("clips/a-fox-in-the-snow-a-woodcut-with-a-very-long-promp-0f008469.png")
    assert told.startswith("a-fox-in-the-snow-a-woodcut-")
    assert told.endswith("-0f008469.png")


def test_a_home_is_not_named() -> None:
    """What lies in a person's home is told as every shell takes it; other places as they are."""
    home = Path.home()
    assert str(Path("~/pictures/a.png")) == place(str(home / "pictures" / "a.png"))
    assert "~" == place(str(home))
    assert place(f"{home}-of-another/a.png") == f"{home}-of-another/a.png"
    assert "" == place("")


@pytest.mark.parametrize("kind", ["video", "audio", "text", "file"])
def test_what_is_published_names_nobody_s_home(kind: str) -> None:
    """Under a clip, a sound, a text and an unknown file stands its name; no form of the output has the home's path."""
    folder = Path.home() / "notebookgen" / "media"
    folder.mkdir(parents=True)
    (folder / "a.bin").write_text("A tale.")
    files = {
        "video": lambda: clip_file(folder / f"{HASH}.mp4"),
        "audio": lambda: sound_file(folder / f"{HASH}.wav"),
        "text": lambda: Asset(str(folder / "a.bin"), "text", "text/plain", 7, "0" * 64),
        "file": lambda: Asset(str(folder / "a.bin"), "file", "application/x-unknown", 7, "0" * 64),
    }
    one = shown(files[kind](), text="A tale." if kind == "text" else None)
    page = seen(str(bundle(one)[0]["text/html"]))
    forms = [*bundle(one)[0].values(), *grid([one])[0].values(), words(Leaf((Entry(one, 0),)))]

    assert [] == [form for form in forms if str(Path.home()) in str(form)]
    assert ("0f008469…." if kind in {"video", "audio"} else "a.bin (") in page.text
    assert place(one.assets[0].path) in [attributes.get("title") for _, attributes in page.tags]
    assert place(one.assets[0].path).startswith("~")
    assert place(one.assets[0].path) in str(bundle(one)[0]["text/plain"])
