"""What the oldest libraries that are allowed must withstand: bytes made to stand for a thousand times as many."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import AssetRefused
from notebookgen.media import MediaStore
from notebookgen.transport import AssetFetcher, FetchLimits
from rawserver import RawServer, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TAGS = 100  # that name the same bytes
SHARED = bytes(2**20)


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """Count what Python allocates; return the most at once, in MB."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] >> 20
    tracemalloc.stop()


def sharing(entries: list[tuple[int, int, int, int | None]]) -> bytes:
    """Return a TIFF directory of some entries (None: the place of the shared bytes) and of tags that share bytes."""
    place = 8 + 2 + 12 * (len(entries) + TAGS) + 4
    tags = [*entries, *((0xC000 + tag, 7, len(SHARED), None) for tag in range(TAGS))]
    rows = (
        struct.pack("<HHLL", tag, kind, count, place if value is None else value) for tag, kind, count, value in tags
    )
    return b"II*\0" + struct.pack("<LH", 8, len(tags)) + b"".join(rows) + bytes(4) + SHARED


def tiff() -> bytes:
    """Return a grey picture of 16 x 16 pixels."""
    size = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    return sharing([*size, (273, 4, 1, None), (277, 3, 1, 1), (278, 4, 1, 16), (279, 4, 1, 256)])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png() -> bytes:
    """Return a red picture of 16 x 1 pixels, with EXIF."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 1, 8, 2, 0, 0, 0)) + chunk(b"eXIf", sharing([]))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" + b"\xff\0\0" * 16)) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore:Tag data larger than file")  # how Pillow says that it does not read them
@pytest.mark.parametrize("made", [tiff, png])
def test_tags_that_share_bytes_take_no_more_than_the_file(
    made: Callable[[], bytes], peak: Callable[[], int], tmp_path: Path
) -> None:
    """A picture of one megabyte whose hundred tags each claim it whole takes a few megabytes, and is kept."""
    kept = MediaStore(tmp_path).keep(made(), due="image")
    assert ("image", 16) == (kept.kind, kept.width)
    assert peak() < 20


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
