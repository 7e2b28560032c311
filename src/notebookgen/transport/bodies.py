"""A reply's body, read to its end and unpacked: with a largest size, and with an end in time."""

from __future__ import annotations

import time
import zlib
from http.client import HTTPException
from types import MappingProxyType
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from notebookgen.errors import ReplyLost, UnexpectedResponse
from notebookgen.transport.lines import cut_after
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3 import BaseHTTPResponse

    from notebookgen.transport.lines import Line
    from notebookgen.wire import Purpose

__all__ = [
    "PACKINGS",
    "SLOWLY",
    "UNPACKED",
    "Unpacker",
    "check_end",
    "most_bytes",
    "packing_of",
    "read_whole",
    "too_large",
    "too_slow",
    "unpacked",
]

MEBIBYTE = 2**20
PIECE = 256 * 1024  # bytes that are unpacked at once
LARGEST_REPLY = 16 * MEBIBYTE
LARGEST_CREATE_REPLY = 64 * MEBIBYTE  # pictures may come inside it, as base64
BODILESS = frozenset({204, 304})
CHUNK = 64 * 1024
UNPACKED = frozenset({"", "identity"})
PACKINGS = UNPACKED | {"gzip", "x-gzip", "deflate"}  # one layer; bombs are cut at the largest reply
SLOWLY = "the reply came too slowly"
OTHER_PACKINGS = frozenset({"br", "compress", "zstd"})


def read_whole(raw: BaseHTTPResponse, purpose: Purpose, host: str, seconds: float, line: Line) -> HttpResponse:
    """Read the body to its end, unpacked, up to the largest reply that makes sense.

    Args:
        raw: The reply, its body unread.
        purpose: What was asked.
        host: Who answers.
        seconds: How long the body may take.
        line: Cut when the time is over: what comes behind a body (the trailers of its chunks) may have no end.

    Raises:
        UnexpectedResponse: It is larger, or packed in a way that was not asked for.
        ReplyLost: It has not come whole in that many seconds.
    """
    until = time.monotonic() + seconds
    most = most_bytes(purpose)
    headers = {name.lower(): value for name, value in raw.headers.items()}
    done = False
    try:
        if 100 <= raw.status < 200:  # by a caller's own session: what comes next belongs to nobody else's request
            raise ReplyLost(f"{host}: HTTP {raw.status} came, and no reply.")
        packing_of(headers, raw.status, host)
        parts: list[bytes] = []
        size = 0
        try:
            with cut_after(line, seconds, SLOWLY):
                # The last, empty piece is where a short body is noticed.
                while not line.cut_for and (piece := raw.read1(CHUNK, decode_content=True)):
                    parts.append(piece)
                    size += len(piece)
                    if size > most:
                        raise too_large(host, most, raw.status)
                    if time.monotonic() > until:
                        line.cut(SLOWLY)
        except (HTTPError, HTTPException, OSError):
            if not line.cut_for:
                raise
        if line.cut_for:
            raise too_slow(host, size, seconds)
        done = True
    finally:
        if not done:
            raw.close()
        raw.release_conn()
    body = b"".join(parts)
    check_end(headers, body, raw.status, host, http_11=raw.version == 11)
    return HttpResponse(raw.status, MappingProxyType(headers), body)


def most_bytes(purpose: Purpose) -> int:
    """Return how large a reply may be, packed and unpacked."""
    return LARGEST_CREATE_REPLY if purpose == "create" else LARGEST_REPLY


def packing_of(headers: Mapping[str, str], status: int, host: str) -> str:
    """Return how a body is packed, in lower case.

    Raises:
        UnexpectedResponse: In a way that was not asked for.
    """
    packing = headers.get("content-encoding", "").strip().lower()
    if packing in PACKINGS:
        return packing
    named = packing if packing in OTHER_PACKINGS else "something"  # a header may hold anything, the key as well
    message = f"{host} packed its reply as {named}, which was not asked for (HTTP {status})"
    raise UnexpectedResponse(message, code=status)


def unpacked(body: bytes, packing: str, most: int) -> bytes:
    """Return a body that came whole, unpacked; of one that is larger than ``most`` only a little more than that.

    Args:
        body: As it came.
        packing: One of ``PACKINGS``.
        most: Bytes.

    Raises:
        zlib.error: It is not packed like that.
    """
    if packing in UNPACKED or not body:
        return body
    if packing == "deflate":
        try:
            return _inflated(body, zlib.MAX_WBITS, most)[0]
        except zlib.error:  # many a server leaves zlib's own frame out
            return _inflated(body, -zlib.MAX_WBITS, most)[0]
    parts: list[bytes] = []
    size = 0
    while body and size <= most:
        try:
            part, body = _inflated(body, 16 + zlib.MAX_WBITS, most + 1 - size)
        except zlib.error:
            if not parts:
                raise
            break  # whatever stands behind the last member is no part of it
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _inflated(body: bytes, how: int, most: int) -> tuple[bytes, bytes]:
    """Return one stream, unpacked up to a little more than ``most`` bytes, and what stands behind it.

    Raises:
        zlib.error: It is none, or breaks off.
    """
    unpack = zlib.decompressobj(how)
    whole = unpack.decompress(body, most + 1)
    if not unpack.eof and len(whole) <= most:
        whole += unpack.flush()
        if not unpack.eof:
            message = "it breaks off"
            raise zlib.error(message)
    return whole, unpack.unused_data


class Unpacker:
    """Unpacks a body as it comes.

    Args:
        packing: One of ``PACKINGS``, and no empty one.
    """

    def __init__(self, packing: str) -> None:
        """Begin."""
        self._how = zlib.MAX_WBITS if packing == "deflate" else 16 + zlib.MAX_WBITS
        self._stream = zlib.decompressobj(self._how)
        self._before = b""  # what came of the first stream, while it has given nothing
        self._given = False  # whether this stream has given something
        self._streams = 0  # that are whole
        self._over = False

    @property
    def whole(self) -> bool:
        """Whether nothing came, or all of what was packed; what stands behind the last stream is no part of it."""
        return self._over or not (self._given or self._before)

    def take(self, packed: bytes) -> Iterator[bytes]:
        """Yield what the next bytes stand for, a piece at a time: some stand for a thousand times as many.

        Raises:
            zlib.error: It is not packed like that.
        """
        while packed and not self._over:
            part = self._next(packed)
            if part:
                yield part
            while len(part) == PIECE and not self._stream.eof:  # there is more of it
                part = self._stream.decompress(self._stream.unconsumed_tail, PIECE)
                if part:
                    yield part
            packed = self._stream.unused_data
            if self._stream.eof:
                self._streams += 1
                self._over = self._how != 16 + zlib.MAX_WBITS
                self._stream, self._given = zlib.decompressobj(self._how), False

    def _next(self, packed: bytes) -> bytes:
        """Return what the next bytes of a stream stand for.

        Raises:
            zlib.error: It is none.
        """
        if not (self._streams or self._given):
            self._before += packed
        try:
            part = self._stream.decompress(packed, PIECE)
        except zlib.error:
            if self._streams and not self._given:
                self._over = True
                return b""
            if self._how != zlib.MAX_WBITS or self._given:
                raise
            self._how = -zlib.MAX_WBITS  # many a server leaves zlib's own frame out
            self._stream = zlib.decompressobj(self._how)
            part = self._stream.decompress(self._before, PIECE)
        if part or self._stream.eof:
            self._given, self._before = True, b""
        return part


def check_end(headers: Mapping[str, str], body: bytes, status: int, host: str, *, http_11: bool) -> None:
    """Make sure that a reply whose end nobody tells is not one that was cut off in its headers.

    Raises:
        ReplyLost: It may well be.
    """
    told = status in BODILESS or "content-length" in headers or "transfer-encoding" in headers
    if http_11 and not body and not told:
        raise ReplyLost(f"{host}: the reply broke off in its headers (HTTP {status}).")


def too_large(host: str, most: int, status: int) -> UnexpectedResponse:
    """Return the exception for more than any reply needs."""
    message = f"{host} sent more than {most // MEBIBYTE} MB with HTTP {status}, which no reply needs"
    return UnexpectedResponse(message, code=status)


def too_slow(host: str, size: int, seconds: float) -> ReplyLost:
    """Return the exception for a body that did not come in its time."""
    return ReplyLost(f"{host}: {SLOWLY} ({size} bytes in {seconds:.0f} s).")
