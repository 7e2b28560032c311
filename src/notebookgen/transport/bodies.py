"""A reply's body, read to its end and unpacked: with a largest size, and with an end in time."""

from __future__ import annotations

import time
from http.client import HTTPException
from types import MappingProxyType
from typing import TYPE_CHECKING

from urllib3.exceptions import HTTPError

from notebookgen.errors import ReplyLost, UnexpectedResponse
from notebookgen.transport.connections import cut_after
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

    from notebookgen.transport.connections import Line
    from notebookgen.wire import Purpose

__all__ = ["PACKINGS", "read_whole"]

MEBIBYTE = 2**20
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
    most = LARGEST_CREATE_REPLY if purpose == "create" else LARGEST_REPLY
    headers = {name.lower(): value for name, value in raw.headers.items()}
    packing = headers.get("content-encoding", "").strip().lower()
    done = False
    try:
        if packing not in PACKINGS:
            named = packing if packing in OTHER_PACKINGS else "something"  # a header may hold anything, the key as well
            message = f"{host} packed its reply as {named}, which was not asked for (HTTP {raw.status})"
            raise UnexpectedResponse(message, code=raw.status)
        parts: list[bytes] = []
        size = 0
        try:
            with cut_after(line, seconds, SLOWLY):
                # The last, empty piece is where a short body is noticed.
                while not line.cut_for and (piece := raw.read1(CHUNK, decode_content=True)):
                    parts.append(piece)
                    size += len(piece)
                    if size > most:
                        message = (
                            f"{host} sent more than {most // MEBIBYTE} MB with HTTP {raw.status}, which no reply needs"
                        )
                        raise UnexpectedResponse(message, code=raw.status)
                    if time.monotonic() > until:
                        line.cut(SLOWLY)
        except (HTTPError, HTTPException, OSError):
            if not line.cut_for:
                raise
        if line.cut_for:
            message = f"{host}: {SLOWLY} ({size} bytes in {seconds:.0f} s)."
            raise ReplyLost(message)
        done = True
    finally:
        if not done:
            raw.close()
        raw.release_conn()
    if (
        not parts
        and raw.status not in BODILESS
        and raw.version == 11
        and not {"content-length", "transfer-encoding"} & {*headers}
    ):
        # It ends with its headers and does not say where: they are cut off, too.
        raise ReplyLost(f"{host}: the reply broke off in its headers (HTTP {raw.status}).")
    return HttpResponse(raw.status, MappingProxyType(headers), b"".join(parts))
