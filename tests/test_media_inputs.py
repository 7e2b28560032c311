"""Images that a user gives: every form is read, every mistake is said before anything is sent."""

from __future__ import annotations

import base64
import hashlib
import io
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from notebookgen.errors import InvalidImage
from notebookgen.media import ReadImage, read_image
from test_sniff import clip, picture

PLUM = picture("PNG")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the present folder, with one picture in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plum.png").write_bytes(PLUM)
    return tmp_path


def test_every_form_gives_the_same_bytes(folder: Path) -> None:
    """Paths, bytes, data URLs and results of one picture are one input."""
    data_url = "data:image/png;base64," + base64.b64encode(PLUM).decode()
    quoted = "data:image/png," + "".join(f"%{byte:02x}" for byte in PLUM)
    result = SimpleNamespace(path=str(folder / "plum.png"))
    forms = ["plum.png", folder / "plum.png", PLUM, bytearray(PLUM), memoryview(PLUM), data_url, quoted, result]
    due = ReadImage(data=PLUM, mime="image/png", sha256=hashlib.sha256(PLUM).hexdigest(), width=20, height=10)
    assert [read_image(form) for form in forms] == [due] * len(forms)


def test_a_generation_holds_hashes_only() -> None:
    """What becomes part of a generation has hash, type and length; bytes appear in no repr."""
    image = read_image(PLUM)
    part = image.as_input(field="start", listed=False)
    assert (part.field, part.sha256, part.mime, part.size, part.listed) == (
        "start",
        image.sha256,
        "image/png",
        len(PLUM),
        False,
    )
    assert "PNG" not in repr(image)


def test_addresses_are_passed_on() -> None:
    """An http(s) address is not fetched here."""
    image = read_image(" https://files.example.com/a.png ".strip())
    assert (image.url, image.data, image.as_input().key) == (
        "https://files.example.com/a.png",
        None,
        "https://files.example.com/a.png",
    )


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "YCbCr", "HSV", "I;16"])
def test_pil_images_become_png(mode: str) -> None:
    """Images of every mode are sent as PNG, the same bytes for the same pixels."""
    made = Image.new(mode, (7, 5))
    image = read_image(made)
    assert (image.mime, image.width, image.height) == ("image/png", 7, 5)
    assert read_image(Image.new(mode, (7, 5))) == image


def test_a_photo_is_sent_upright() -> None:
    """A PIL image that a camera turned is sent the way it is looked at."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(out, "JPEG", exif=exif)
    image = read_image(Image.open(out))
    assert (image.width, image.height) == (20, 30)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3), (5, 7, 4)])
def test_arrays_become_png(shape: tuple[int, ...]) -> None:
    """Arrays of bytes are pictures: height first."""
    image = read_image(np.zeros(shape, np.uint8))
    assert (image.mime, image.width, image.height) == ("image/png", 7, 5)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 7, 3)),
        np.zeros((5, 7, 3), np.int32),
        np.zeros((5, 7, 9), np.uint8),
        np.zeros(5, np.uint8)[None][None][None],
    ],
)
def test_other_arrays_are_explained(array: object) -> None:
    """Floats are not guessed at: the message has the line to type."""
    with pytest.raises(InvalidImage, match=r"astype\('uint8'\)"):
        read_image(array)


def test_a_missing_file_has_near_misses(folder: Path) -> None:
    """A typing error is answered with the file that is there."""
    with pytest.raises(InvalidImage, match=r"Did you mean 'plum\.png'"):
        read_image("plumm.png")
    with pytest.raises(InvalidImage, match="folder does not exist"):
        read_image("nowhere/plum.png")
    with pytest.raises(InvalidImage, match="is a folder"):
        read_image(folder)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"", "empty"),
        (b"just text", "text/plain"),
        (b"<svg/>", "save it as PNG"),
        (PLUM[:50], "damaged"),
        (clip("mp4", "mpeg4"), "video/mp4"),
        ("data:image/png;base64,!!!", "base64"),
        ("data:nothing", "comma"),
        ("https://files.example.com/a b.png", "white space"),
        ("x" * 5000, "cannot be read"),
        ("a\0b", "cannot be read"),
        ("~nobody-of-that-name/a.png", "cannot be read|there is no image"),
        (7, "is of type int"),
        (None, "is of type NoneType"),
        (SimpleNamespace(path=None), "has no file"),
        (SimpleNamespace(path="gone.png"), "is gone: .*\n.*brings it back and buys nothing"),
        (Image.new("F", (3, 3)), "floats"),
    ],
)
def test_mistakes_are_said(value: object, says: str) -> None:
    """Each mistake has its own words, few of them, and the word that nothing was sent."""
    with pytest.raises(InvalidImage, match=says) as caught:
        read_image(value)
    assert str(caught.value).endswith(" Nothing was sent.")
    assert len(str(caught.value).splitlines()) <= 2
    assert len(str(caught.value)) < 400


def test_large_images_are_not_read(folder: Path) -> None:
    """More bytes than are sent are refused, for files by their length alone."""
    for value in ("plum.png", PLUM):
        with pytest.raises(InvalidImage, match="Make it smaller"):
            read_image(value, most_bytes=10)


def test_what_is_no_file_is_not_waited_for(folder: Path) -> None:
    """A pipe that nobody writes into, or a device without an end, is refused at once, whichever way it is given."""
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.png")
    endless = [one for one in (folder / "pipe.png", Path("/dev/zero")) if one.exists()]
    for path in endless:
        for value in (path, str(path), SimpleNamespace(path=str(path))):
            with pytest.raises(InvalidImage, match=r"is no file, but a pipe, a device or the like.*Nothing was sent"):
                read_image(value)


def test_a_file_that_holds_more_than_it_says_is_not_read_to_its_end() -> None:
    """Some systems have files whose length is told as nothing."""
    told = [one for one in (Path("/proc/self/maps"),) if one.exists()]
    for path in told:
        with pytest.raises(InvalidImage, match="Make it smaller"):
            read_image(path, most_bytes=10)


@given(st.text(max_size=40) | st.binary(max_size=40))
def test_anything_else_is_an_invalid_image(value: str | bytes) -> None:
    """Whatever text or bytes are given, the answer is an image or ``InvalidImage``."""
    try:
        read_image(value)
    except InvalidImage:
        return
    assert isinstance(value, str)
    assert value.lower().startswith(("http://", "https://"))
