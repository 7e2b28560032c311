"""Files told by their first bytes: real ones, near ones, and anything at all."""

from __future__ import annotations

import base64
import io
import wave
import zipfile
from typing import TYPE_CHECKING, Any

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from notebookgen.sniff import HEAD, MAGIC, MEDIA, medium_in, sniff

if TYPE_CHECKING:
    from collections.abc import Callable


def picture(kind: str) -> bytes:
    """Return a small picture, made by Pillow."""
    out = io.BytesIO()
    Image.new("RGB", (20, 10), "teal").save(out, kind)
    return out.getvalue()


def sound(container: str, codec: str, rate: int = 48_000) -> bytes:
    """Return a fifth of a second of silence, made by FFmpeg."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as box:
        stream: Any = box.add_stream(codec, rate=rate, layout="mono")
        size = stream.codec_context.frame_size or 1024
        for number in range(8):
            frame = av.AudioFrame(stream.codec_context.format.name, "mono", size)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate = rate
            frame.pts = number * size
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return out.getvalue()


def clip(container: str, codec: str) -> bytes:
    """Return five frames of a clip, made by FFmpeg."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as box:
        stream: Any = box.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(5):
            box.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48), "plum"))))
        box.mux(stream.encode(None))
    return out.getvalue()


def wav() -> bytes:
    """Return a short WAV, made by the standard library."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(800))
    return out.getvalue()


def zipped(name: str) -> bytes:
    """Return a zip file with one member."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, b"x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "mime", "suffix"),
    [
        ("PNG", "image/png", ".png"),
        ("JPEG", "image/jpeg", ".jpg"),
        ("WEBP", "image/webp", ".webp"),
        ("GIF", "image/gif", ".gif"),
        ("AVIF", "image/avif", ".avif"),
        ("BMP", "image/bmp", ".bmp"),
        ("TIFF", "image/tiff", ".tif"),
    ],
)
def test_pictures_are_told(kind: str, mime: str, suffix: str) -> None:
    """What Pillow writes is told as what it is."""
    assert sniff(picture(kind)) == ("image", mime, suffix)


@pytest.mark.parametrize(
    ("container", "codec", "mime", "suffix"),
    [
        ("mp4", "mpeg4", "video/mp4", ".mp4"),
        ("mov", "mpeg4", "video/quicktime", ".mov"),
        ("webm", "libvpx", "video/webm", ".webm"),
        ("matroska", "mpeg4", "video/x-matroska", ".mkv"),
        ("avi", "mpeg4", "video/x-msvideo", ".avi"),
    ],
)
def test_clips_are_told(container: str, codec: str, mime: str, suffix: str) -> None:
    """What FFmpeg writes is told as what it is."""
    assert sniff(clip(container, codec)) == ("video", mime, suffix)


@pytest.mark.parametrize(
    ("container", "codec", "mime", "suffix"),
    [
        ("wav", "pcm_s16le", "audio/wav", ".wav"),
        ("mp3", "libmp3lame", "audio/mpeg", ".mp3"),
        ("ogg", "libopus", "audio/ogg", ".opus"),
        ("ogg", "flac", "audio/ogg", ".ogg"),
        ("flac", "flac", "audio/flac", ".flac"),
        ("adts", "aac", "audio/aac", ".aac"),
        ("ipod", "aac", "audio/mp4", ".m4a"),
    ],
)
def test_sounds_are_told(container: str, codec: str, mime: str, suffix: str) -> None:
    """What FFmpeg writes is told as what it is."""
    assert sniff(sound(container, codec)) == ("audio", mime, suffix)


def test_mp3_without_a_tag_is_told() -> None:
    """Bare MP3 frames are told by the second one's place."""
    data = sound("mp3", "libmp3lame")
    bare = data[data.index(b"\xff\xfb") :]
    assert sniff(bare).mime == "audio/mpeg"
    assert sniff(bare[:3] + b"\x00" + bytes(HEAD)).kind == "file"


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"glTF\x02\x00\x00\x00\x10\x00\x00\x00", "model/gltf-binary"),
        (b'{"asset": {"version": "2.0"}, "scenes": []}', "model/gltf+json"),
        (b"ply\nformat ascii 1.0\n", "model/ply"),
        (zipped("scene.usdc"), "model/vnd.usdz+zip"),
        (b"Kaydara FBX Binary  \x00\x1a\x00", "application/vnd.autodesk.fbx"),
        (zipped("notes.txt"), "application/zip"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b'{"error": "no"}', "application/json"),
        (b" [1, 2]", "application/json"),
        (b"A plum.\nAnother one.\n", "text/plain"),
        ("Pflaumenmus, größer als 3 < 4".encode(), "text/plain"),
        ("\ufeffplum".encode(), "text/plain"),
        ("plum".encode("utf-16"), "text/plain"),
        (b"\x1b[1mbold\x1b[0m", "text/plain"),
        (b"", "application/octet-stream"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"text with \x00 in it", "application/octet-stream"),
        (b"\xff\xfe\xfd", "application/octet-stream"),
        (b"BM is short for nothing in particular", "text/plain"),
        (b"RIFFabcdEVIL", "text/plain"),
        (b"glTF\x01\x00\x00\x00", "application/octet-stream"),
    ],
)
def test_other_files_are_told(data: bytes, mime: str) -> None:
    """Scenes, archives, texts, and what is none of them."""
    assert sniff(data).mime == mime


@pytest.mark.parametrize(
    "page",
    [
        b"<!DOCTYPE html><html></html>",
        b"<html><body>",
        b"\n\t <HTML>",
        b"<script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>",
        b"<!-- GIF89a --><img src=x onerror=alert(1)>",
        b"</title><script>",
        b"<a>",
        b"\xef\xbb\xbf<html>",
        "<html>".encode("utf-16"),
        b"\xfe\xff" + "<script>".encode("utf-16-be"),
    ],
)
@pytest.mark.parametrize("after", [b"", b"\n\x89PNG\r\n\x1a\n", b"\nGIF89a", b"\nID3"])
def test_markup_is_markup(page: bytes, after: bytes) -> None:
    """A page is a page, whatever magic number follows in it; never a picture."""
    assert sniff(page + after).kind in ({"markup"} if b"\x89" not in after else {"markup", "file"})


def test_a_magic_number_counts_at_its_place_only() -> None:
    """No picture, sound or clip is found behind other bytes."""
    for magic, _ in MAGIC:
        assert sniff(b"x" + magic).kind in {"text", "file"}


@given(st.binary(max_size=HEAD))
@example(b"\xff\xfb\x90")
@example(b"\x00\x00\x00\x18ftyp")
@example(b"PK\x03\x04")
@example(b"OggS\x00")
def test_any_bytes_are_told_without_an_error(data: bytes) -> None:
    """Whatever comes, there is one answer, and a suffix that is safe in a file name."""
    told = sniff(data)
    assert told.suffix.startswith(".")
    assert told.suffix[1:].isalnum()
    assert sniff(data) == told


@given(
    st.sampled_from(
        [magic for magic, _ in MAGIC] + [b"RIFF", b"\x1aE\xdf\xa3", b"OggS\x00", b"PK\x03\x04", b"BM", b"\xff\xf1"]
    ),
    st.binary(max_size=80),
)
def test_beginnings_with_anything_behind_them(start: bytes, rest: bytes) -> None:
    """A true beginning with nonsense behind it is told without an error."""
    assert sniff(start + rest).mime.count("/") == 1


@pytest.mark.slow
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=HEAD // 2, max_size=HEAD))
def test_a_character_that_is_cut_does_not_spoil_a_text(text: str) -> None:
    """A text is a text also where its first bytes end inside a character."""
    head = ("x" + text).encode()[:HEAD]
    assert sniff(head) == sniff(head[:-1]) == ("text", "text/plain", ".txt")


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"# made by a tool\nmtllib a.mtl\no Cube\n\nv 1.0 -1 1e-3\nv 0 0 0\nf 1 2 1\n", "model/obj"),
        (b"v 0.5 0.5 0.5 1 0 0\r\nv 1 2 3\r\n", "model/obj"),
        (b"solid cube\n  facet normal 0 0 1\n    outer loop\n", "model/stl"),
        (b"# a title\nwords", "text/plain"),
        (b"v is the fifth letter from the end", "text/plain"),
        (b"solid ground under our feet\nis what we need", "text/plain"),
    ],
)
def test_a_model_in_words_is_a_model(data: bytes, mime: str) -> None:
    """OBJ and STL are told by their first lines, and are no messages where a model was due."""
    assert (mime, "text" if mime == "text/plain" else "3d") == (sniff(data).mime, sniff(data).kind)


# In base64 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        lambda data: base64.b64encode(data).decode(),
        lambda data: base64.urlsafe_b64encode(data).decode(),
        lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
        lambda data: "\n " + base64.encodebytes(data).decode().replace("\n", "\r\n") + " ",
    ],
    ids=["plain", "of addresses", "without padding", "in lines"],
)
@pytest.mark.parametrize(
    "data", [picture("PNG"), picture("JPEG"), wav(), clip("mp4", "mpeg4"), b"\xff\xd8\xff\xfb" * 9]
)
def test_a_medium_in_base64_is_told_by_its_bytes(data: bytes, written: Callable[[bytes], str]) -> None:
    """However it is spelled: lines, the alphabet of addresses, padding left out."""
    assert data == medium_in(written(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SUQz",  # three letters that begin a sound
        "Once upon a time",
        "a1b2" * 32,
        "a" * 64,
        base64.b64encode(b"only words, and quite a few of them, in letters of their own").decode(),
        base64.b64encode(bytes(range(256))).decode(),
        base64.b64encode(picture("PNG")).decode() + "!",
        "see " + base64.b64encode(picture("PNG")).decode() + " or not, it says: no",
        base64.b64encode(picture("PNG")).decode()[:-4] + "A",
        base64.b64encode(b"<html><body>a page that is long enough to be one</body></html>").decode(),
        base64.b64encode(picture("PNG")).decode() + "é",
    ],
)
def test_other_letters_are_no_medium(text: str) -> None:
    """Words, hashes, bytes of no known type, and base64 with anything else in it stay what they are."""
    assert medium_in(text) is None


@given(st.one_of(st.text(), st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode())))
def test_any_text_is_a_medium_or_none(text: str) -> None:
    """Nothing that is written makes it fail, and nothing else is taken for one."""
    data = medium_in(text)
    assert data is None or sniff(data[:HEAD]).kind in MEDIA
