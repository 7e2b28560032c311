"""What the oldest libraries that are allowed must withstand: bytes made to stand for a thousand times as many."""

from __future__ import annotations

import io
import pickle
import re
import struct
import threading
import tracemalloc
import warnings
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from notebookgen.errors import AssetError, AssetRefused
from notebookgen.media import MediaStore
from notebookgen.media.hush import hushed
from notebookgen.media.segments import bearable
from notebookgen.media.shown import PreviewLimits
from notebookgen.media.stills import Wish, moving, still
from notebookgen.media.tags import claim
from notebookgen.transport import AssetFetcher, FetchLimits
from rawserver import RawServer, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

TAGS = 100  # that name the same bytes
SHARED = bytes(2**20)


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Count what Python allocates; return the most at once, in MB."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] >> 20
    tracemalloc.stop()


def directory(order: str, entries: list[tuple[int, int, int, int | None]], *, large: bool = False) -> bytes:
    """Return a TIFF of one directory, in an order of bytes, as a BigTIFF where that is wanted; None: the bytes behind it."""
    many, each, head = ("Q", "HHQQ", 16) if large else ("H", "HHLL", 8)
    mark = b"II" if order == "<" else b"MM"
    start = mark + struct.pack(order + ("HHHQ" if large else "HL"), *((43, 8, 0, 16) if large else (42, 8)))
    place = head + struct.calcsize(order + many) + struct.calcsize(order + each) * len(entries) + (8 if large else 4)
    rows = [start, struct.pack(order + many, len(entries))]
    for tag, kind, count, value in entries:
        room = 8 if large else 4
        inside = struct.pack(order + ("H" if kind == 3 else "L"), value or 0).ljust(room, b"\0")
        there = struct.pack(order + ("Q" if large else "L"), place)
        rows.append(
            struct.pack(order + ("HHQ" if large else "HHL"), tag, kind, count) + (there if value is None else inside)
        )
    return b"".join([*rows, bytes(8 if large else 4)])


def sharing(entries: list[tuple[int, int, int, int | None]], *, order: str = "<", large: bool = False) -> bytes:
    """Return a directory of some entries and of tags that share bytes."""
    shares = [(0xC000 + tag, 7, len(SHARED), None) for tag in range(TAGS)]
    return directory(order, [*entries, *shares], large=large) + SHARED


SIZE = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
GREY = [*SIZE, (273, 4, 1, None), (277, 3, 1, 1), (278, 4, 1, 16), (279, 4, 1, 256)]


def tiff(order: str = "<", *, large: bool = False) -> bytes:
    """Return a grey picture of 16 x 16 pixels."""
    return sharing(GREY, order=order, large=large)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(note: bytes = b"") -> bytes:
    """Return a red picture of 16 x 1 pixels, with EXIF."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 1, 8, 2, 0, 0, 0)) + chunk(b"eXIf", note or sharing([]))
    return b"\x89PNG\r\n\x1a\n" + head + png_rest()


def png_with_text() -> bytes:
    """Return one with EXIF as ImageMagick writes it."""
    note = directory("<", [(0xC000 + tag, 7, 2**18, None) for tag in range(1_000)]) + bytes(2**18)
    text = b"Raw profile type exif\0\nexif\n%d\n" % len(note) + note.hex().encode()
    return png()[:33] + chunk(b"tEXt", text) + png_rest()


def png_rest() -> bytes:
    return chunk(b"IDAT", zlib.compress(b"\0" + b"\xff\0\0" * 16)) + chunk(b"IEND", b"")


def saved(form: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(out, form, **options)
    return out.getvalue()


def webp() -> bytes:
    return saved("WEBP", exif=sharing([]))


def jpeg() -> bytes:
    """Return one whose EXIF, of many pieces, is a megabyte's worth of tags."""
    note = directory("<", [(0xC000 + tag, 7, 2**19, None) for tag in range(1_000)]) + bytes(2**19)
    plain, parts = saved("JPEG"), [note[at : at + 60_000] for at in range(0, len(note), 60_000)]
    notes = b"".join(b"\xff\xe1" + struct.pack(">H", len(part) + 8) + b"Exif\0\0" + part for part in parts)
    return b"\xff\xd8" + notes + plain[20:]


def avif() -> bytes:
    """Return one with EXIF; without a Pillow that writes it, any other picture: there is nothing to withstand."""
    with hushed():
        return saved("AVIF", exif=sharing([])) if ".avif" in Image.registered_extensions() else webp()


LIMITS = PreviewLimits()
WISH = Wish(256, 60_000)


@pytest.mark.parametrize("made", [tiff, png, png_with_text, webp, jpeg, avif])
def test_tags_that_share_bytes_take_no_more_than_the_file(
    made: Callable[[], bytes], peak: Callable[[], int], tmp_path: Path
) -> None:
    """A picture of one megabyte whose tags each claim it whole takes a few megabytes, and is kept and shown without a word."""
    data = made()
    tracemalloc.reset_peak()
    kept = MediaStore(tmp_path).keep(data, due="image")
    assert ("image", 16) == (kept.kind, kept.width)
    if made is tiff:  # nothing of it can be left out
        with pytest.raises(AssetError, match="claim more bytes"):
            still(kept, WISH, LIMITS)
    else:
        assert 16 == still(kept, WISH, LIMITS).width
    assert peak() < 20


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("large", [False, True])
def test_the_tags_of_a_tiff_are_added_up(order: str, tmp_path: Path, *, large: bool) -> None:
    """In either order of bytes, as a BigTIFF too; where a directory leads to itself, to nowhere, or is far too long."""
    found = claim(io.BytesIO(tiff(order, large=large)))
    assert ("its notes claim more bytes than the file has", 16, 16) == found
    assert large or 16 == MediaStore(tmp_path).keep(tiff(order), due="image").width
    itself = [(34665, 4, 1, 16 if large else 8), (34853, 4, 1, 16 if large else 8), (40965, 4, 1, 2**31)]
    assert "" == claim(io.BytesIO(directory(order, [*itself, *SIZE], large=large))).why
    below = (24 + 20 * 6 + 8) if large else (10 + 12 * 6 + 4)
    inner = directory(order, [(0x9000, 7, len(SHARED), None)] * TAGS, large=large)[16 if large else 8 :]
    outer = directory(order, [(34665, 4, 1, below), *SIZE], large=large)
    assert "its notes claim" in claim(io.BytesIO(outer + inner + SHARED)).why
    assert "more than" in claim(io.BytesIO(directory(order, [(1, 3, 1, 1)] * 20_000, large=large))).why


def test_an_honest_tiff_is_read(tmp_path: Path) -> None:
    """Large, in strips, packed or not, with EXIF, a profile and a copy of itself behind: decoded and shown."""
    store = MediaStore(tmp_path)
    picture = Image.effect_noise((2_400, 1_800), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + bytes(9_000)
    for options in ({}, {"compression": "tiff_lzw"}, {"save_all": True, "append_images": [picture]}):
        out = io.BytesIO()
        picture.save(out, "TIFF", exif=exif, icc_profile=bytes(50_000), **options)
        kept = store.keep(out.getvalue(), due="image")
        shown = still(kept, WISH, LIMITS)
        assert ({2_400, 1_800}, True) == ({kept.width, kept.height}, shown.width < shown.height)


def gif(comment: bytes, before: bytes = b"") -> bytes:
    """Return a GIF of two frames, with a comment before each."""
    out = io.BytesIO()
    Image.new("L", (16, 16)).save(out, "GIF", save_all=True, append_images=[Image.new("L", (16, 16), 200)])
    data = out.getvalue()
    at = data.index(b"\x2c\0")
    second = data.index(b"\x2c\0", at + 1)
    return data[:at] + before + comment + data[at:second] + comment + data[second:]


@pytest.mark.parametrize("before", [b"", b"\0\1\2"])
def test_the_comments_of_a_gif_are_left_out_where_they_are_large(before: bytes, tmp_path: Path) -> None:
    """A million pieces of a letter each, copied one after the other, would take minutes; what is no part of it hides none."""
    pieces = b"\x21\xfe" + b"\x01x" * 400_000 + b"\0"
    seen = bearable(io.BytesIO(gif(pieces, before))).read()
    assert (gif(b"", before), True) == (seen, gif(pieces, before).endswith(b";"))
    kept = MediaStore(tmp_path).keep(gif(pieces, before), due="image")
    assert (16, 16) == (kept.width, still(kept, WISH, LIMITS).width)
    moved = moving(kept, WISH, LIMITS)
    assert moved is not None
    assert 16 == moved.width
    honest = gif(b"\x21\xfe\x05hello\0", before)
    assert honest == bearable(io.BytesIO(honest)).read()
    with pytest.raises(AssetRefused, match="parts"):
        bearable(io.BytesIO(gif(b"\x21\xfe" + b"\x01x" * 4_000_000 + b"\0")))
    cut = gif(pieces)[:500_000]
    assert pieces[:99] not in bearable(io.BytesIO(cut)).read()


def test_what_a_decoder_warns_of_is_unsaid_in_its_thread_alone() -> None:
    """Another thread's warnings are heard meanwhile, one's own afterwards; filters set later are left as they are."""
    inside, spoken = threading.Event(), threading.Event()

    def looks() -> None:
        with hushed():
            warnings.warn("unsaid", UserWarning, stacklevel=1)
            inside.set()
            assert spoken.wait(30)

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        other = threading.Thread(target=looks)
        other.start()
        assert inside.wait(30)
        warnings.warn("said", UserWarning, stacklevel=1)
        warnings.simplefilter("always", UserWarning)
        spoken.set()
        other.join(30)
        with hushed():
            warnings.warn("outdated", DeprecationWarning, stacklevel=1)
        with hushed(), hushed():
            pass
        warnings.warn("after", UserWarning, stacklevel=1)
        assert 2 == sum(getattr(one[3], "pattern", None) == "(?!)" for one in warnings.filters)
        copied = pickle.loads(pickle.dumps(list(warnings.filters)))  # noqa: S301 - as libraries that start processes do
        assert not re.match(copied[0][3], "PIL.Image")
    assert ["said", "outdated", "after"] == [str(one.message) for one in heard]


def test_a_packed_file_is_unpacked_piece_by_piece(peak: Callable[[], int], tmp_path: Path) -> None:
    """Sixty-four megabytes of nothing, packed a thousandfold, are refused at their limit before they fill the memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    fetcher = AssetFetcher(wait=lambda _: False)
    with (
        RawServer(lambda _: reply(packed, Content_Encoding="gzip")) as server,
        pytest.raises(AssetRefused, match="larger"),
    ):
        fetcher.fetch(f"{server.url}/a", into=tmp_path, allowed_origin=server.url, limits=FetchLimits(size=2**24))
    fetcher.close()
    assert peak() < 20
