"""Files of a stranger's: pages in old encodings, numbers that fill the memory, counts that never end."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from notebookgen.errors import AssetError, AssetRefused
from notebookgen.media import inspect as inspect_module
from notebookgen.media.files import MediaStore
from notebookgen.media.shown import PreviewLimits
from notebookgen.media.stills import Wish, still
from notebookgen.media.texts import words_in
from notebookgen.records import Asset
from notebookgen.sniff import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.records import Kind

LIMITS = PreviewLimits()


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    """A store in a folder of its own."""
    return MediaStore(tmp_path / "media")


def drawn(folder: Path, data: bytes, kind: str, mime: str) -> bytes:
    """Return the picture that a preview makes of a file."""
    path = folder / "file"
    path.write_bytes(data)
    asset = Asset(str(path), kind, mime, len(data), "5a" * 32)  # type: ignore[arg-type]  # one of the kinds
    return still(asset, Wish(256, 60_000), LIMITS).data


# Pages -----------------------------------------------------------------------------------------------------------

PAGE = "<!doctype html><html><head><title>Zu viele Anfragen für heute</title></head></html>"


@pytest.mark.parametrize(
    "data",
    [
        PAGE.encode("latin-1"),
        "<html>错误</html>".encode("gbk"),
        PAGE.encode("utf-16-le"),
        PAGE.encode("utf-16-be"),
        b"\xef\xbb\xbf" + PAGE.encode("latin-1"),
        b"<html>\x00\x01\x02</html>",
        b"<svg onload='alert(1)'>\xe4</svg>",
        b"<?xml version='1.0' encoding='latin-1'?>\xe4<svg></svg>",
    ],
)
def test_a_page_is_a_page_in_any_encoding(store: MediaStore, data: bytes) -> None:
    """A page in an old encoding, in a wide one without its mark, or with odd bytes in it is refused, and nothing is kept."""
    kinds: tuple[Kind | None, ...] = ("image", "video", "audio", "3d", None)
    for due in kinds:
        with pytest.raises(AssetRefused, match="a page or a message"):
            store.keep(data, due=due)
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


@given(
    st.text(max_size=300), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "gb18030", "koi8-r"])
)
def test_no_words_make_a_page_something_else(words: str, encoding: str) -> None:
    """Whatever stands in a page, in whatever encoding, it stays markup."""
    assert sniff(f"<html>{words}".encode(encoding, "replace")[:HEAD]).kind == "markup"


@given(st.binary(max_size=200))
def test_what_begins_like_no_page_is_none(data: bytes) -> None:
    """An unknown file is not taken for a page because of a tag in its middle."""
    assert sniff(b"\x01\xfe" + data + b"<html>").kind == "file"


def test_a_picture_with_a_page_behind_it_is_named_a_picture(store: MediaStore) -> None:
    """What is two things at once is kept as the one that it begins as, so that nothing runs the other."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    kept = store.keep(out.getvalue() + b"<html><script>alert(1)</script>", due="image")
    assert ("image/png", ".png") == (kept.mime, Path(kept.path).suffix)


@pytest.mark.parametrize(
    "data",
    [b"#EXTM3U\nfile:///etc/passwd", b"ffconcat version 1.0\nfile /etc/passwd", b"v=0\no=- 0 0 IN IP4 127.0.0.1"],
)
def test_a_list_of_other_files_is_not_followed(store: MediaStore, data: bytes) -> None:
    """A playlist where a clip was due is a message: FFmpeg never gets to see it."""
    with pytest.raises(AssetRefused, match="text/plain"):
        store.keep(data, due="video")


# Texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("été".encode("utf-16"), "été"),
        (b"\xef\xbb\xbfhello", "hello"),
        (b"a" * HEAD + b"\xe4", "a" * HEAD + "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_a_text_in_any_encoding_is_read(store: MediaStore, data: bytes, words: str) -> None:
    """A kept text that is not UTF-8 to its end is no traceback."""
    assert words == words_in(store.keep(data, due="text").path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_as_words(data: bytes, tmp_path: Path) -> None:
    """Whatever a text file holds, words come of it that can be written down again."""
    path = tmp_path / "text"
    path.write_bytes(data)
    words_in(path).encode()


# Bombs -----------------------------------------------------------------------------------------------------------


def header_of(kind: str, side: int) -> bytes:
    """Return a small picture whose header says that it is that wide and high."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, kind)
    data = bytearray(out.getvalue())
    if kind == "WEBP":
        sides = (side - 1).to_bytes(3, "little") * 2
        inside = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + sides + b"ANIM" + struct.pack("<I", 6) + bytes(6)
        frame = bytes(6) + (63).to_bytes(3, "little") * 2 + bytes(4) + data[12:]
        inside += b"ANMF" + struct.pack("<I", len(frame)) + frame
        return b"RIFF" + struct.pack("<I", len(inside) + 4) + b"WEBP" + inside
    places: dict[str, tuple[bytes, int, str]] = {
        "JPEG": (b"\xff\xc0", 5, ">HH"),
        "GIF": (b"GIF87a", 6, "<HH"),
        "BMP": (b"BM", 18, "<ii"),
        "AVIF": (b"ispe", 8, ">II"),
    }
    mark, behind, form = places[kind]
    struct.pack_into(form, data, data.index(mark) + behind, side, side)
    return bytes(data)


@pytest.mark.parametrize(("kind", "side"), [("JPEG", 60_000), ("GIF", 60_000), ("BMP", 60_000), ("AVIF", 60_000)])
def test_a_bomb_of_every_form_is_refused(store: MediaStore, kind: str, side: int) -> None:
    """Pixels are counted in the header of every form, the canvas of a moving one included."""
    with pytest.raises(AssetRefused, match=r"million pixels|cannot be read"):
        store.keep(header_of(kind, side), due="image")


@pytest.mark.parametrize("kind", ["WEBP", "JPEG", "GIF", "BMP"])
def test_a_very_large_picture_of_every_form_is_kept_undecoded(store: MediaStore, tmp_path: Path, kind: str) -> None:
    """More pixels than Pillow counts, fewer than anybody would call a trap: told, and not drawn."""
    kept = store.keep(header_of(kind, 16_000), due="image")
    assert (16_000, 16_000) == (kept.width, kept.height)
    with pytest.raises(AssetError, match=r"pixels are more than|far too many pixels"):
        still(kept, Wish(256, 60_000), LIMITS)


def test_a_picture_of_very_many_passes_is_refused(store: MediaStore) -> None:
    """Passes of a few bytes that each go through all pixels are counted; those of an honest picture are kept."""
    out = io.BytesIO()
    Image.effect_noise((400, 300), 90).save(out, "JPEG", progressive=True)
    honest = out.getvalue()
    last = honest[honest.rindex(b"\xff\xda") : -2]
    assert 400 == store.keep(honest, due="image").width
    assert 400 == store.keep(honest + last * 200, due="image").width  # behind its end, where nobody decodes
    with pytest.raises(AssetRefused, match="passes"):
        store.keep(honest[:-2] + last * 200 + b"\xff\xd9", due="image")


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
def test_a_bomb_beside_the_pixels_is_refused(store: MediaStore, kind: bytes) -> None:
    """A note or a profile that unpacks to far more than a picture needs is not unpacked."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    body = kind + b"a\0\0" + zlib.compress(bytes(40_000_000))
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    with pytest.raises(AssetRefused, match="damaged"):
        store.keep(out.getvalue()[:33] + chunk + out.getvalue()[33:], due="image")


@pytest.mark.filterwarnings("error")
def test_a_large_picture_is_kept_without_a_word(store: MediaStore) -> None:
    """Below the limit nothing is printed into the notebook, whichever part of the decoder counts once more."""
    out = io.BytesIO()
    Image.new("L", (10_000, 9_500)).save(out, "TIFF", compression="tiff_lzw")
    assert 10_000 == store.keep(out.getvalue(), due="image").width


def test_a_clip_is_judged_by_what_is_in_it(store: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that says 16 by 16 does not bring a larger picture past the limit."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for packet in [*stream.encode(av.VideoFrame(320, 240, "yuv420p")), *stream.encode(None)]:
            container.mux(packet)
    honest = out.getvalue()
    lying = honest.replace(struct.pack(">HH", 320, 240), struct.pack(">HH", 16, 16))
    assert honest != lying
    assert (320, 240) == (store.keep(lying).width, store.keep(lying).height)
    monkeypatch.setattr(inspect_module, "MOST_FILMED", 10_000)
    with pytest.raises(AssetRefused, match="pixels"):
        store.keep(lying)


def test_a_sound_of_a_sample_a_second_is_not_raised_to_our_rate(tmp_path: Path) -> None:
    """A few kilobytes at one sample a second would be hours of sound, and gigabytes at the rate of a waveform."""
    out = io.BytesIO()
    with av.open(out, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=1, layout="mono")
        stream.codec_context.options = {"frame_size": "65535"}
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 65_535), dtype="int16"), format="s16", layout="mono")
        frame.sample_rate = 1
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(AssetError, match="are no sound"):
        drawn(tmp_path, out.getvalue(), "audio", "audio/flac")


def model(primitives: int, *, nodes: int = 1, indices: int = 30_000, **more: object) -> bytes:
    """Return a GLB whose primitives share one list of indices, none of which names a point."""
    binary = struct.pack("<9f", *range(9)) + b"\xff\xff" * indices
    one = {"attributes": {"POSITION": 0, **more}, "indices": 1}
    count = {"count": indices, "type": "SCALAR", "componentType": 5123}
    document = {
        "asset": {"version": "2.0"},
        "nodes": [{"mesh": 0}] * nodes,
        "meshes": [{"primitives": [one] * primitives}],
        "buffers": [{"byteLength": len(binary)}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 2 * indices}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "type": "VEC3", "count": 3},
            {"bufferView": 1, **count},
            {"componentType": 5126, "type": "VEC3", "count": 1_200_000},
        ],
    }
    text = json.dumps(document).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(binary), 0x004E4942) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lambda: model(1000), "far more corners"),
        (lambda: model(1, nodes=1000), "far more corners"),
        (lambda: model(2000, nodes=2000, indices=0), "far more corners"),
        (lambda: model(1000, COLOR_0=2), "more than 3 points"),
    ],
    ids=["primitives", "nodes", "nodes of empty ones", "colours"],
)
def test_what_a_small_model_names_often_is_counted(tmp_path: Path, data: Callable[[], bytes], says: str) -> None:
    """A thousand lists of corners that make no triangle, all of them the same bytes, do not hold a cell for minutes."""
    with pytest.raises(AssetError, match=says):
        drawn(tmp_path, data(), "3d", "model/gltf-binary")
