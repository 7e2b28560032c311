"""Replies gone wrong, on the wire: everything that closes, cuts, delays or falsifies an answer lives here."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from http.client import responses
from typing import TYPE_CHECKING

from tornado.iostream import StreamClosedError

from notebookgen.sandbox.calls import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tornado.httputil import HTTPServerRequest
    from tornado.iostream import IOStream

    from notebookgen.sandbox.behaviour import Fault
    from notebookgen.sandbox.calls import Service

__all__ = ["falsified", "spoil"]

PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
GARBAGE = b'\x00\xff{"code": 20'
PIECES = 16
CHUNK = 1 << 16


def falsified(fault: Fault, reply: Reply | None, service: Service | None, origin: str) -> Reply | None:
    """Return the false reply of a fault that is whole HTTP, or None where the wire itself has to go wrong."""
    headers = dict(fault.headers)
    true = reply or Reply()
    if fault.kind == "status":
        text = responses.get(fault.status, "Error")
        if fault.body is not None:
            kind = "text/html" if fault.body.lstrip().startswith("<") else "application/json; charset=utf-8"
            return Reply(status=fault.status, raw=fault.body.encode(), headers=headers, content_type=kind)
        plain = Reply(status=fault.status, raw=text.encode(), content_type="text/plain")
        return (service.error(fault.status, text) if service else plain).having(headers)
    if fault.kind == "redirect":
        status = fault.status if 300 <= fault.status < 400 else 301
        return Reply(
            status=status,
            raw=b"",
            headers={"Location": f"{origin}/sandbox/elsewhere", **headers},
            content_type="text/html",
        )
    bodies: Mapping[str, tuple[bytes, str]] = {
        "garbage": (GARBAGE, true.content_type), "empty": (b"", true.content_type), "list_instead": (b'[{"id":1}]', true.content_type),
        "html": (PAGE, "text/html"), "wrong_type": (PAGE, true.content_type), "truncated": (true.body[: len(true.body) // 2], true.content_type),
    }  # fmt: skip
    if fault.kind not in bodies:
        return None
    raw, kind = bodies[fault.kind]
    return replace(true, raw=raw, content_type=kind).having(headers)


async def spoil(fault: Fault, request: HTTPServerRequest, reply: Reply | None) -> None:
    """Answer on the bare connection, and close it."""
    assert request.connection is not None  # noqa: S101 - it is being answered
    stream: IOStream = request.connection.detach()  # type: ignore[attr-defined]  # HTTP/1 is all we serve
    try:
        await _WAYS[fault.kind](fault, stream, reply or Reply())
    except StreamClosedError:
        return  # the client has given up, which is its right
    finally:
        stream.close()


async def _lost(_fault: Fault, _stream: IOStream, _reply: Reply) -> None:
    """Say nothing."""


async def _half(_fault: Fault, stream: IOStream, reply: Reply) -> None:
    body = reply.body
    await stream.write(_head(reply, len(body)) + body[: max(1, len(body) // 2)])


async def _drip(fault: Fault, stream: IOStream, reply: Reply) -> None:
    body = reply.body
    await stream.write(_head(reply, len(body)))
    step = max(1, -(-len(body) // PIECES))
    for start in range(0, len(body), step):
        await asyncio.sleep(fault.seconds / PIECES)
        await stream.write(body[start : start + step])


async def _wrong_length(_fault: Fault, stream: IOStream, reply: Reply) -> None:
    body = reply.body
    await stream.write(_head(reply, max(0, len(body) - 1 - len(body) // 3)) + body)


async def _huge(fault: Fault, stream: IOStream, reply: Reply) -> None:
    await stream.write(_head(reply, None) + reply.body)
    left = fault.size - len(reply.body)
    while left > 0:
        await stream.write(b" " * min(CHUNK, left))
        left -= CHUNK


def _head(reply: Reply, length: int | None) -> bytes:
    lines = [
        f"HTTP/1.1 {reply.status} {responses.get(reply.status, 'Unknown')}",
        f"Content-Type: {reply.content_type}",
        "Connection: close",
    ]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


_WAYS = {
    "lost_before": _lost, "lost_after": _lost, "stall": _lost, "half": _half, "drip": _drip, "wrong_length": _wrong_length, "huge": _huge,
}  # fmt: skip
