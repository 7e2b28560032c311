"""APIModels: the table of its endpoints, and those beside generating: uploads, models, money, voices."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import apimodels_held as held
from notebookgen.sandbox import catalogue
from notebookgen.sandbox.apimodels_orders import NAME, deny, error, headers
from notebookgen.sandbox.apimodels_tasks import callback, create, poll
from notebookgen.sandbox.calls import Reply, Service, route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.sandbox.calls import Call, Upload
    from notebookgen.sandbox.world import World

__all__ = ["SERVICE", "callback"]

#: GET /models is not the truth: it lacks working names and holds internal ones that are refused.
UNLISTED = {"grok-imagine/grok-imagine-image", "kling-v3-image"}
INTERNAL = ("seedance-2-fast", "seedance-2", "motion-control")
VOICES = (
    ("21m00Tcm4TlvDq8ikWAM", "Rachel", "english"), ("AZnzlk1XvdvUeBnXmlld", "Domi", "english"), ("Wise_Woman", "Wise Woman", "english"),
    ("German_FriendlyMan", "Friendly Man", "german"), ("French_CasualMan", "Casual Man", "french"), ("Spanish_Narrator", "Narrator", "spanish"),
)  # fmt: skip
_NAME = re.compile(r"[^\w.-]+")
UPLOAD_SECONDS, KEPT_SECONDS = 600, 7 * 86_400


def upload(world: World, call: Call) -> Reply:
    """POST /files; the Content-Type chooses between sending the bytes and being told where to put them."""
    if call.header("Content-Type").startswith("multipart/"):
        if not call.files.get("file"):
            return error(400, "file is required")
        return _kept(world, call, call.files["file"][0])
    body = call.json()
    name, kind = body.get("filename"), body.get("contentType")
    if not (isinstance(name, str) and name and isinstance(kind, str) and kind):
        return error(400, "filename and contentType are required")
    mark = hashlib.sha256(call.entropy).hexdigest()[:24]
    world.uploads[mark] = (kind, call.now + UPLOAD_SECONDS)
    public = f"{call.origin}/assets/files/{mark}/{_NAME.sub('_', name)[-80:]}"
    expires = round((call.now + KEPT_SECONDS) * 1000)
    return Reply(
        value={
            "code": 200,
            "msg": "success",
            "data": {"uploadUrl": f"{call.origin}/assets/upload/{mark}", "publicUrl": public, "expiresAt": expires},
        }
    )


def _kept(world: World, call: Call, file: Upload) -> Reply:
    mark = hashlib.sha256(file.data).hexdigest()[:24]
    world.parcels.append((mark, b"F" + file.content_type.encode() + b"\n" + file.data))
    url = f"{call.origin}/assets/files/{mark}/{_NAME.sub('_', file.filename or 'file')[-80:]}"
    return Reply(
        value={
            "code": 200,
            "msg": "success",
            "data": {"publicUrl": url, "expiresAt": round((call.now + KEPT_SECONDS) * 1000)},
        }
    )


def list_models(_world: World, _call: Call) -> Reply:
    """GET /models: ids only, and not quite the truth."""
    ids = [each.id for each in catalogue.models(NAME).values() if each.id not in UNLISTED] + list(INTERNAL)
    return Reply(
        value={"object": "list", "data": [{"id": name, "object": "model", "owned_by": "apimodels"} for name in ids]}
    )


def balance(world: World, call: Call) -> Reply:
    """GET /balance, in one of three shapes that clients have met."""
    left = float(world.left(call.owner, call.now))
    shapes: Mapping[str, Any] = {
        "data.balance": {"code": 200, "msg": "success", "data": {"balance": left, "currency": "USD"}},
        "data.credits": {"code": 200, "msg": "success", "data": {"credits": left}},
        "balance": {"balance": left},
    }
    return Reply(value=shapes[world.behaviour.balance_shape])


def record_of(world: World, call: Call, *, task: str) -> Reply:
    """GET /records/{taskId}: the real cost, once settled."""
    record = world.find(NAME, task)
    if record is None:
        return error(404, "Record not found")
    phase = record.phase(call.now)
    settled = phase not in {"pending", "processing"}
    cost = (0.0 if phase == "failed" else float(record.job.charge)) if settled else None
    return Reply(
        value={
            "code": 200,
            "msg": "success",
            "data": {"taskId": task, "settled": settled, "currency": "USD", "credits": cost},
        }
    )


def voices(_world: World, call: Call) -> Reply:
    """GET /voices and its siblings."""
    language = call.query.get("language", "")
    found = [
        {"voice_id": voice, "name": name, "language": spoken}
        for voice, name, spoken in VOICES
        if language.lower() in {"", spoken}
    ]
    return Reply(value={"voices": [] if call.query.get("source") == "account" else found, "total": len(found)})


SERVICE = Service(
    name=NAME, root="/apimodels/api/v1", deny=deny, error=error, headers=headers,
    routes=(
        *(route("GET", f"/{kind}/generations", "status", poll(kind)) for kind in ("images", "video", "audio")),
        *(route("POST", f"/{kind}/generations", "create", create(kind)) for kind in ("images", "video", "audio")),
        route("GET", "/audio/tts", "status", poll("tts")),
        route("POST", "/audio/tts", "create", create("tts")),
        route("POST", "/images/edits", "create", held.edits),
        route("POST", "/images/generations-sync", "create", held.at_once),
        route("POST", "/video/p-video", "create", held.p_video),
        route("POST", "/tts/stream", "create", held.tts_stream),
        route("POST", "/chat/completions", "create", held.chat("openai")),
        route("POST", "/messages", "create", held.chat("anthropic")),
        route("POST", "/files", "upload", upload),
        route("GET", "/models", "models", list_models),
        route("GET", "/balance", "balance", balance),
        route("GET", "/records/{task}", "other", record_of),
        *(route("GET", path, "other", voices) for path in ("/voices", "/audio/voices", "/minimax/voices")),
    ),
)  # fmt: skip
