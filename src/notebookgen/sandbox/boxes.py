"""The boxes of an MP4 file: moving the index to the front, so that a clip starts before it has arrived whole.

The muxer's own `+faststart` needs a file with a name to read again; what is made here is only ever bytes.
Box layout: ISO/IEC 14496-12, sections 4.2 and 8.7.5 (stco, co64).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["index_first"]

_HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_HEAD = 8
_LARGE = 16


def index_first(data: bytes) -> bytes:
    """Return the same file with `moov` right after `ftyp` and every chunk offset moved by its length."""
    parts = {kind: data[start:end] for kind, start, end in _boxes(data, 0, len(data)) if kind in {b"ftyp", b"moov"}}
    rest = b"".join(data[start:end] for kind, start, end in _boxes(data, 0, len(data)) if kind not in parts)
    index = bytearray(parts[b"moov"])
    media = next(start for kind, start, _ in _boxes(data, 0, len(data)) if kind == b"mdat")
    if data.find(b"moov", 0, media) == -1:
        _shift(index, 0, len(index), len(index))
    return parts[b"ftyp"] + bytes(index) + rest


def _boxes(data: bytes | bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + _HEAD <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + _HEAD)
        elif size == 0:
            size = end - start
        if size < _HEAD:
            return
        yield kind, start, start + size
        start += size


def _shift(data: bytearray, start: int, end: int, by: int) -> None:
    for kind, first, last in list(_boxes(data, start, end)):
        if kind in _HOLDERS:
            _shift(data, first + _HEAD, last, by)
        elif kind in {b"stco", b"co64"}:
            form = ">I" if kind == b"stco" else ">Q"
            (count,) = struct.unpack_from(">I", data, first + _HEAD + 4)
            for number in range(count):
                at = first + _LARGE + number * struct.calcsize(form)
                struct.pack_into(form, data, at, struct.unpack_from(form, data, at)[0] + by)
