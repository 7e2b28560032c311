"""What APIModels answers inside the create: OpenAI's picture shapes, films, speech and text; the connection is held."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import catalogue
from notebookgen.sandbox.apimodels_orders import NAME, buy, error, order, unknown_model
from notebookgen.sandbox.calls import Drawing, Reply
from notebookgen.sandbox.failures import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.sandbox.calls import Call
    from notebookgen.sandbox.catalogue import Model
    from notebookgen.sandbox.world import World

__all__ = ["at_once", "chat", "edits", "openai_images", "p_video", "tts_stream"]

_SIZE = re.compile(r"(\d{2,5})x(\d{2,5})")
#: Limits of an OpenAI-style size: https://apimodels.app/docs/gpt-image-2-all
MULTIPLE, LONGEST, WIDEST, FEWEST, MOST = 16, 3840, 3, 655_000, 8_294_400


def openai_images(world: World, call: Call, model: Model, body: Mapping[str, Any]) -> Reply:
    """Return the OpenAI-shaped reply, without envelope and finished at once (https://apimodels.app/docs/gpt-image-2-all)."""
    match = _SIZE.fullmatch(str(body.get("size", "1024x1024")).lower())
    if match is None:
        return error(400, "size must be WxH")
    width, height = map(int, match.groups())
    fits = not (width % MULTIPLE or height % MULTIPLE) and max(width, height) <= LONGEST
    if not fits or max(width, height) > WIDEST * min(width, height) or not FEWEST <= width * height <= MOST:
        return error(400, f"Invalid size {width}x{height}")
    made = order(call, model, body, "openai")
    if isinstance(made, Reply):
        return made
    record = buy(world, call, made)
    if isinstance(record, Reply):
        return record
    job = record.job
    if job.failure is not None:
        return Reply(
            status=400,
            value={"error": {"message": text_of(NAME, job.failure), "code": job.failure or None}},
            delay=job.seconds,
        )

    def finish(blobs: tuple[bytes, ...]) -> Reply:
        urls = [world.url(job, index, origin=call.origin, now=job.ends) for index in range(job.count)]
        data = [
            {"b64_json": base64.b64encode(blob).decode(), "url": url} for blob, url in zip(blobs, urls, strict=True)
        ]
        return Reply(value={"created": int(job.created), "data": data})

    return Reply(needs=tuple(Drawing(job, index) for index in range(job.count)), finish=finish, delay=job.seconds)


def edits(world: World, call: Call) -> Reply:
    """POST /images/edits, OpenAI style: a multipart form, or the same names in JSON."""
    body: dict[str, Any] = dict(call.form) if call.files or call.form else call.json()
    model = catalogue.find(NAME, body.get("model", "gpt-image-2-all"))
    if model is None or model.id != "gpt-image-2-all":
        return unknown_model(body.get("model"), ["gpt-image-2-all"])
    files = [each for name in ("image", "image[]", "images") for each in call.files.get(name, ())]
    if files:
        body["image"] = base64.b64encode(files[0].data).decode()
    if call.files.get("mask"):
        body["mask"] = base64.b64encode(call.files["mask"][0].data).decode()
    if not any(body.get(name) for name in ("image", "image_url", "image_urls")):
        return error(400, "image is required")
    if str(body.get("n", "")).isdigit():
        body["n"] = int(body["n"])
    return openai_images(world, call, model, {"model": model.id, "size": "1024x1024", **body})


def at_once(world: World, call: Call) -> Reply:
    """POST /images/generations-sync: the OpenAI shape for gpt-image-2-all."""
    body = call.json()
    model = catalogue.find(NAME, body.get("model"))
    if model is None or model.id != "gpt-image-2-all":
        return unknown_model(body.get("model"), ["gpt-image-2-all"])
    return openai_images(world, call, model, body)


def p_video(world: World, call: Call) -> Reply:
    """POST /video/p-video: the connection is held until the film is there."""
    body = {"model": "p-video", **call.json()}
    made = order(call, catalogue.models(NAME)["p-video"], body, "p-video")
    record = made if isinstance(made, Reply) else buy(world, call, made)
    if isinstance(record, Reply):
        return record
    job = record.job
    if job.failure is not None:
        return replace(error(500, text_of(NAME, job.failure)), delay=job.seconds)
    url = world.url(job, 0, origin=call.origin, now=job.ends)
    return Reply(value={"code": 200, "msg": "success", "data": {"url": url}}, delay=job.seconds)


def tts_stream(world: World, call: Call) -> Reply:
    """POST /tts/stream: the sound's bytes themselves (https://apimodels.app/en/docs/audio)."""
    body = call.json()
    model = catalogue.find(NAME, body.get("model"))
    if model is None or not model.extra.get("tts"):
        return unknown_model(
            body.get("model"),
            [each.id for each in catalogue.models(NAME).values() if each.extra.get("tts")],
            audio=True,
        )
    made = order(call, model, body, "stream")
    record = made if isinstance(made, Reply) else buy(world, call, made)
    if isinstance(record, Reply):
        return record
    job = record.job
    if job.failure is not None:
        return replace(error(500, text_of(NAME, job.failure)), delay=job.seconds)
    charged = {"X-Credits-Charged": f"{job.charge:f}"}
    return Reply(
        needs=(Drawing(job, 0),),
        delay=job.seconds,
        finish=lambda blobs: Reply(raw=blobs[0], content_type="audio/wav", headers=charged),
    )


def chat(style: str) -> Callable[[World, Call], Reply]:
    """Return POST /chat/completions (OpenAI) or /messages (Anthropic)."""

    def answer(world: World, call: Call) -> Reply:
        body = call.json()
        model = catalogue.find(NAME, body.get("model"))
        if model is None or model.kind != "text":
            return unknown_model(
                body.get("model"), [each.id for each in catalogue.models(NAME).values() if each.kind == "text"]
            )
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            return error(400, "messages is required")
        made = order(call, model, {**body, "prompt": _said(messages)}, "chat")
        record = made if isinstance(made, Reply) else buy(world, call, made)
        if isinstance(record, Reply):
            return record
        job = record.job
        if job.failure is not None:
            return Reply(
                status=400,
                value={"error": {"message": text_of(NAME, job.failure), "type": "invalid_request_error"}},
                delay=job.seconds,
            )
        shape = _openai if style == "openai" else _anthropic

        def finish(blobs: tuple[bytes, ...]) -> Reply:
            text = blobs[0].decode()
            return Reply(
                value=shape(job.id, job.model, text, int(job.created), len(job.prompt) // 4 + 1, len(text) // 4 + 1)
            )

        return Reply(needs=(Drawing(job, 0),), finish=finish, delay=job.seconds)

    return answer


def _said(messages: list[Any]) -> str:
    """Return what the last message of the user says."""
    for message in reversed(messages):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content", "")
            if isinstance(content, list):
                return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
            return str(content)
    return ""


def _openai(name: str, model: str, text: str, created: int, asked: int, said: int) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
    return {
        "id": name,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [choice],
        "usage": usage,
    }


def _anthropic(name: str, model: str, text: str, _created: int, asked: int, said: int) -> dict[str, Any]:
    return {
        "id": name, "type": "message", "role": "assistant", "model": model, "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn", "usage": {"input_tokens": asked, "output_tokens": said},
    }  # fmt: skip
