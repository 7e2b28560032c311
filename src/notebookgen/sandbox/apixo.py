"""APIXO, as its reference describes it (https://apixo.ai/docs/api-reference/generate-task and its siblings)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import catalogue, sources
from notebookgen.sandbox.calls import Reply, Service, compact, route
from notebookgen.sandbox.failures import text_of
from notebookgen.sandbox.world import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.sandbox.calls import Call
    from notebookgen.sandbox.world import Account, Record, World

__all__ = ["SERVICE", "callback"]

NAME = "apixo"
REQUEST_TYPES = ("async", "callback")
IMAGE_FIELDS = ("image_urls", "image_url")
#: https://apixo.ai/docs/api-reference/errors ; the 401 has no `data` (.../concepts/authentication).
DENIALS: Mapping[str, tuple[int, str]] = {
    "missing_key": (401, "Invalid or missing API key"),
    "wrong_key": (401, "Invalid or missing API key"),
    "plan": (403, "Insufficient permissions"),
    "rate": (429, "Rate limit exceeded"),
    "not_found": (404, "Not found"),
    "bad_body": (400, "Invalid request"),
    "broken": (500, "Server error"),
}


def error(status: int, text: str) -> Reply:
    """Return a refusal; a 401 carries no `data`."""
    value: dict[str, Any] = {"code": status, "message": text}
    if status != 401:
        value["data"] = None
    return Reply(status=status, value=value)


def deny(reason: str, _wait: float) -> Reply:
    """Return the refusal for a reason that every endpoint shares; no Retry-After is documented."""
    return invalid("The body is not a JSON object") if reason == "bad_body" else error(*DENIALS[reason])


def invalid(why: str) -> Reply:
    """Return a 400 that names the field (https://apixo.ai/docs/api-reference/error-codes)."""
    return Reply(status=400, value={"code": 400, "message": "Invalid request", "data": {"error": why}})


def headers(_world: World, _account: Account, _now: float) -> Mapping[str, str]:
    """Return no headers: none are documented."""
    return {}


def generate(world: World, call: Call, *, model: str) -> Reply:
    """POST /generateTask/{model}; only ever a task id comes back."""
    account = call.owner
    body = call.json()
    entry = catalogue.find(NAME, model)
    if entry is None:
        return error(404, f"Model not found: {model:.200}")
    kind = body.get("request_type", "async")
    if kind not in REQUEST_TYPES:
        return invalid("Invalid value for request_type: use async or callback")
    target = body.get("callback_url")
    if kind == "callback" and not (isinstance(target, str) and target):
        return invalid("Missing required field: callback_url")
    values = body.get("input")
    if not isinstance(values, dict):
        return invalid("Missing required field: input")
    why = entry.problem(values, prefix="input.") or _needs_images(values)
    if why:
        return invalid(why)
    failure = None
    try:
        own = tuple(path for name in IMAGE_FIELDS for path in sources.from_urls(values.get(name), call.origin))
    except sources.BadSource:
        own, failure = (), "INVALID_IMAGE_URL"
    count = catalogue.count_of(entry, values)
    price = entry.cost(values, count=count)
    if not world.afford(account, price, call.now):
        broke = world.behaviour.apixo_broke
        return error(broke, "Insufficient credits" if broke == 400 else "Insufficient balance")
    order = Order(
        service=NAME, route="task", model=model, kind=entry.kind, price=price, body={"model": model, **body}, prompt=str(values.get("prompt", "")),
        settings={name: value for name, value in values.items() if name != "prompt" and not name.endswith(("_urls", "_url"))},
        sources=own, count=count, form=catalogue.form_of(entry, values, "jpeg"), origin=call.origin,
        callback=str(target) if kind == "callback" else None, failure=failure,
    )  # fmt: skip
    record = world.accept(order, account, now=call.now, entropy=call.entropy)
    return Reply(value={"code": 200, "message": "success", "data": {"taskId": record.job.id}})


def status(world: World, call: Call, *, model: str) -> Reply:
    """GET /statusTask/{model}?taskId=; a failed task is an HTTP 200 all the same."""
    task = call.query.get("taskId")
    if not task:
        return invalid("Missing required field: taskId")
    record = world.find(NAME, task)
    if record is None or record.job.model != model:
        return error(404, "Task not found")
    return Reply(value=_envelope(world, call, record))


def balance(world: World, call: Call) -> Reply:
    """GET /apikeys/current-balance: a bare number (https://apixo.ai/docs/api-reference/system)."""
    account = call.owner
    return Reply(value={"code": 200, "message": "success", "data": float(world.left(account, call.now))})


def callback(world: World, record: Record, call: Call, _texts: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
    """Return a callback's body, the status call's envelope; there is no signature (https://apixo.ai/docs/api-reference/webhooks)."""
    return compact(_envelope(world, call, record)), {}


def _envelope(world: World, call: Call, record: Record) -> dict[str, Any]:
    job, phase = record.job, record.phase(call.now)
    data: dict[str, Any] = {"taskId": job.id, "state": phase, "createTime": round(job.created * 1000)}
    if phase in {"pending", "processing"}:
        data["state"] = world.behaviour.busy_word or phase
    else:
        data |= {"completeTime": round(job.ends * 1000), "costTime": round(job.seconds * 1000)}
    if phase == "completed":
        data["state"] = "success"
        data["resultJson"] = _result(world, call, record)
    elif phase == "failed":
        code = job.failure or ""
        data |= {"failCode": code, "failMsg": text_of(NAME, code)}
    return {"code": 200, "message": "success", "data": data}


def _result(world: World, call: Call, record: Record) -> str | None:
    if world.behaviour.results == "null":
        return None
    job = record.job
    urls = [world.url(job, index, origin=call.origin, now=call.now) for index in range(job.count)]
    return json.dumps({"resultUrls": [] if world.behaviour.results == "empty" else urls})


def _needs_images(values: Mapping[str, Any]) -> str | None:
    mode = str(values.get("mode", ""))
    wants = "image-to-" in mode or mode in {"image-edit", "motion-control"}
    by_task = values.get("task_id") or values.get("taskId")
    return (
        "Missing required field: input.image_urls"
        if wants and not by_task and not any(values.get(name) for name in IMAGE_FIELDS)
        else None
    )


SERVICE = Service(
    name=NAME, root="/apixo/api/v1", deny=deny, error=error, headers=headers,
    routes=(
        route("POST", "/generateTask/{model}", "create", generate),
        route("GET", "/statusTask/{model}", "status", status),
        route("GET", "/apikeys/current-balance", "balance", balance),
    ),
)  # fmt: skip
