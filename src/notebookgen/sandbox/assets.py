"""The store that files are fetched from: drawn files, uploads, ranges, expiry. What the three services share."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from notebookgen.sandbox import ranges
from notebookgen.sandbox.calls import Reply
from notebookgen.sandbox.easel import drawing_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.sandbox.calls import Call
    from notebookgen.sandbox.easel import Easel
    from notebookgen.sandbox.world import World

__all__ = ["fetch", "service_of", "store"]

TYPES: Mapping[str, str] = {
    "png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "mp4": "video/mp4", "wav": "audio/wav",
    "glb": "model/gltf-binary", "txt": "text/plain; charset=utf-8",
}  # fmt: skip
UPLOAD = "/assets/upload/"


def service_of(path: str) -> str:
    """Return whose file a path is; uploads are those of APIModels, nobody else takes them."""
    part = path.split("/")[2] if path.count("/") > 1 else ""
    return part if part in {"armox", "apixo"} else "apimodels"


async def fetch(world: World, easel: Easel, call: Call) -> Reply:
    """GET or HEAD a file."""
    if call.method not in {"GET", "HEAD"}:
        return _xml(405, "MethodNotAllowed").having({"Allow": "GET, HEAD"})
    service = service_of(call.path)
    # The store of APIModels wants an ordinary User-Agent.
    if service == "apimodels" and not call.header("User-Agent"):
        return _xml(403, "AccessDenied")
    upload = easel.file(call.path)
    if upload is not None:
        return _part(call, upload[1], upload[0])
    drawing = drawing_at(call.path)
    record = None if drawing is None else world.find(drawing.job.service, drawing.job.id)
    if drawing is None or record is None or record.phase(call.now) != "completed":
        return _xml(404, "NoSuchKey")
    if world.gone(drawing.job, call.query.get("expires", ""), call.now):
        return _xml(403, "AccessDenied") if service == "apixo" else _xml(410, "Gone")
    return _part(call, await easel.draw(drawing), TYPES[drawing.job.form])


def store(world: World, call: Call) -> Reply:
    """PUT an upload where POST /files said; another Content-Type breaks the signature."""
    mark = call.path.removeprefix(UPLOAD)
    kind, until = world.uploads.get(mark, ("", 0.0))
    if not kind or call.now > until or call.header("Content-Type") != kind:
        return _xml(403, "SignatureDoesNotMatch")
    world.parcels.append((mark, b"F" + kind.encode("ascii", "replace") + b"\n" + call.body))
    return Reply(raw=b"")


def _part(call: Call, data: bytes, kind: str) -> Reply:
    tag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "X-Content-Type-Options": "nosniff",
    }
    if call.header("If-None-Match") in {tag, "*"}:
        return Reply(status=304, raw=b"", headers=headers, content_type=kind)
    wanted = call.header("Range")
    if call.header("If-Range") not in {"", tag}:
        wanted = ""
    try:
        span = ranges.select(wanted, len(data))
    except ranges.Unsatisfiable:
        return Reply(
            status=416, raw=b"", headers={**headers, "Content-Range": f"bytes */{len(data)}"}, content_type=kind
        )
    if span is None:
        return Reply(raw=data, headers=headers, content_type=kind)
    first, last = span
    return Reply(
        status=206,
        raw=data[first : last + 1],
        headers={**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"},
        content_type=kind,
    )


def _xml(status: int, code: str) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'
    return Reply(status=status, raw=body.encode(), content_type="application/xml")
