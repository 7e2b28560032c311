"""APIModels' replies, read: everything about their shapes, of which there are more than one.

Tasks come as ``{code, msg, data: {taskId, state, ...}}``; some models answer finished, one in OpenAI's shape, speech
in ``result`` and not ``resultUrls``, callbacks with JSON inside strings.
https://apimodels.app/en/docs/image?p=grok, /docs/gpt-image-2-all, /en/docs/audio?p=elevenlabs, /en/docs/files
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from notebookgen.providers.base import Callback
from notebookgen.providers.replies import (
    amount,
    charge,
    clean,
    error_words,
    handle,
    is_url,
    json_inside,
    moment,
    object_or_none,
    outputs_in,
    parse_json,
    task_named,
)
from notebookgen.records import Balance, Job, Output, Phase
from notebookgen.wire import maybe

if TYPE_CHECKING:
    from notebookgen.wire import HttpResponse

__all__ = [
    "fail_code_at_once",
    "read_asked",
    "read_balance",
    "read_callback",
    "read_created",
    "read_record",
    "upload_addresses",
]

PHASES = {
    "pending": Phase.QUEUED,
    "processing": Phase.RUNNING,
    "completed": Phase.COMPLETED,
    "failed": Phase.FAILED,
}
# https://github.com/stimQQ/apimodels-skill image/SKILL.md, and third-party clients for the last four.
RETRYABLE: Mapping[str, bool] = {
    "CONTENT_MODERATION": False,
    "UPSTREAM_BUSY": True,
    "TIMEOUT": True,
    "INVALID_INPUT": False,
    "UPSTREAM_FAILED": True,
    "INTERNAL_ERROR": True,
    "OTHER": True,
}
MEDIA = ("image/", "video/", "audio/")


def read_created(response: HttpResponse, *, chat: bool, anywhere: bool, given: frozenset[str]) -> Job | None:
    """Read the reply to a create, or return None where there is neither a task nor a result in it.

    Args:
        response: The reply.
        chat: Whether a language model was asked.
        anywhere: Whether the reply's shape is described nowhere, so that any address in it is the result.
        given: Addresses that were sent along, and are no results when they are echoed.
    """
    mime = response.headers.get("content-type", "").strip().lower()
    if mime.startswith(MEDIA) and response.body:
        return Job(id=None, phase=Phase.COMPLETED, outputs=(Output(name="result", data=response.body),))
    body = object_or_none(parse_json(response))
    if body is None:
        return None
    if chat:
        return _spoken(body) or _spoken(object_or_none(body.get("data")) or {})
    listed = body.get("data")
    if isinstance(listed, list):
        return _openai(listed)
    data = object_or_none(listed) or {}
    stands = maybe(data, "state", str) is not None
    task = task_named(body, plain=stands)
    if stands and task is not None:
        return _task(data, task)
    found = _results(data)
    if anywhere and not found:
        found = outputs_in(listed if listed is not None else body, "result", texts=False)
    found = tuple(one for one in found if one.url not in given or one.url is None)
    if found:
        return Job(id=task, phase=Phase.COMPLETED, outputs=found)
    return Job(id=task, phase=Phase.RUNNING) if task is not None else None


def read_asked(response: HttpResponse, id: str) -> Job | None:
    """Read the reply to a question about a task, or return None where it does not say where the task stands."""
    body = object_or_none(parse_json(response)) or {}
    data = object_or_none(body.get("data")) or {}
    if maybe(data, "state", str) is None:
        return None
    return _task(data, task_named(body, plain=False) or id)


def read_callback(body: bytes) -> Callback | None:
    """Read a callback's raw body; None where it names no task."""
    try:
        told = object_or_none(json.loads(body)) or {}
    except (ValueError, RecursionError):
        return None
    data = object_or_none(told.get("data")) or {}
    stands = maybe(data, "state", str) is not None
    task = task_named(told, plain=stands)
    if task is None:
        return None
    if not stands:
        return Callback(task, signed=False)
    # "data.param and data.resultJson are both JSON strings"
    sent = json_inside(data.get("param"))
    return Callback(task, signed=False, job=replace(_task(data, task), sent=object_or_none(sent)))


def read_balance(response: HttpResponse, unit: str) -> Balance | None:
    """Read ``data.balance``, else ``data.credits``, else a ``balance`` that stands alone."""
    body = object_or_none(parse_json(response)) or {}
    data = object_or_none(body.get("data")) or {}
    seen = (data.get("balance"), data.get("credits"), body.get("balance"))
    left = next((read for one in seen if (read := amount(one)) is not None), None)
    return None if left is None else Balance(left, unit)


def read_record(response: HttpResponse, id: str, unit: str) -> tuple[bool, Decimal | None]:
    """Return whether a reply is the record of that task, and what it says the task has cost; None until it is settled.

    Args:
        response: The reply: ``settled``, ``currency`` and ``credits``, which a third party's client reads; no page has it.
        id: The task.
        unit: The currency that counts. Amounts in another one are not taken: older pages price in yuan.
    """
    body = object_or_none(parse_json(response)) or {}
    data = object_or_none(body.get("data")) or body
    settled, cost = maybe(data, "settled", bool), charge(data.get("credits"))
    about = task_named(body, plain=True) or id
    if settled is None or about.casefold() != id.casefold():
        return False, None
    if not settled:
        return True, None
    same = (maybe(data, "currency", str) or "").strip().casefold() == unit.casefold()
    return same and cost is not None, cost if same else None


def upload_addresses(response: HttpResponse) -> tuple[str, str | None] | None:
    """Return the public address of an upload and the signed one to put it at, where there is one."""
    body = object_or_none(parse_json(response)) or {}
    data = object_or_none(body.get("data")) or {}
    public, signed = maybe(data, "publicUrl", str), maybe(data, "uploadUrl", str)
    if public is None or not is_url(clean(public)):
        return None
    return clean(public).strip(), clean(signed).strip() if signed is not None and is_url(clean(signed)) else None


def fail_code_at_once(response: HttpResponse) -> str | None:
    """Return a fail code that an error carries at once."""
    body = object_or_none(parse_json(response)) or {}
    holders = (object_or_none(body.get("data")) or {}, body)
    return next((code for one in holders if (code := handle(maybe(one, "failCode", str))) is not None), None)


def _task(data: Mapping[str, object], task: str) -> Job:
    """Read a task's object; an unknown state counts as running."""
    phase = PHASES.get((maybe(data, "state", str) or "").strip().lower(), Phase.RUNNING)
    failed = phase is Phase.FAILED
    code = handle(maybe(data, "failCode", str))
    said = maybe(data, "retryable", bool)
    return Job(
        id=task,
        phase=phase,
        outputs=_results(data) if phase is Phase.COMPLETED else (),
        # https://apimodels.app/docs/gpt-image-2-all: failed generations are not charged.
        charged=Decimal(0) if failed else None,
        error=(error_words(maybe(data, "failMsg", str)) or code) if failed else None,
        fail_code=code if failed else None,
        retryable=(said if said is not None else RETRYABLE.get(code or "")) if failed else None,
        model=handle(maybe(data, "model", str)),
        created=moment(data.get("createTime")),
        completed=moment(data.get("completeTime")),
    )


def _results(data: Mapping[str, object]) -> tuple[Output, ...]:
    """Return what a task made: ``resultUrls``, for speech ``result``, in callbacks and for layers ``resultJson``."""
    found: list[Output] = []
    for key in ("resultUrls", "result", "resultJson"):
        value = json_inside(data.get(key)) if key == "resultJson" else data.get(key)
        # Layers repeat the addresses of resultUrls among words that describe them.
        name = "" if key == "resultJson" and isinstance(value, Mapping) else key
        have = {one.url for one in found}
        found += [one for one in outputs_in(value, name, texts=False) if one.url is None or one.url not in have]
    return tuple(found)


def _openai(listed: list[object]) -> Job | None:
    """Read ``{created, data: [{b64_json, url}]}``: bytes that came inside go before an address for the same."""
    found: list[Output] = []
    for at, one in enumerate(listed):
        item = object_or_none(one) or {}
        data = _bytes(maybe(item, "b64_json", str))
        url = clean(maybe(item, "url", str) or "").strip()
        if data is not None:
            found.append(Output(name=f"data.{at}", data=data))
        elif is_url(url):
            found.append(Output(name=f"data.{at}", url=url))
    return Job(id=None, phase=Phase.COMPLETED, outputs=tuple(found)) if found else None


def _bytes(text: str | None) -> bytes | None:
    try:
        return base64.b64decode(text or "", validate=True) or None
    except (ValueError, binascii.Error):
        return None


def _spoken(body: Mapping[str, object]) -> Job | None:
    """Read a language model's answer, in OpenAI's shape or in Anthropic's; what it counted is left out."""
    contents: list[object] = []
    for choice in maybe(body, "choices", list) or []:
        message = object_or_none((object_or_none(choice) or {}).get("message")) or {}
        contents.append(message.get("content"))
    if not contents and "content" in body:
        contents.append(body["content"])
    texts = [text for one in contents if (text := _text(one)).strip()]
    if not texts:
        return None
    names = [f"text.{at}" if len(texts) > 1 else "text" for at in range(len(texts))]
    outputs = tuple(Output(name=name, text=text) for name, text in zip(names, texts, strict=True))
    return Job(id=None, phase=Phase.COMPLETED, outputs=outputs)


def _text(content: object) -> str:
    """Return a content's text: itself, or that of its parts."""
    if isinstance(content, str):
        return clean(content)
    parts = content if isinstance(content, list) else []
    return clean("".join(maybe(object_or_none(one) or {}, "text", str) or "" for one in parts))
