"""Armox, as its Academy pages describe it (https://armox.ai/academy/api-models and its siblings)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import catalogue, sources
from notebookgen.sandbox.armox_rules import APPS, price, problem
from notebookgen.sandbox.calls import Drawing, Reply, Service, compact, route
from notebookgen.sandbox.failures import text_of
from notebookgen.sandbox.world import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.sandbox.calls import Call
    from notebookgen.sandbox.world import Account, Record, World

__all__ = ["SERVICE", "callback"]

NAME = "armox"
MOST_LISTED = 100
MINUTE = 60.0
#: https://armox.ai/academy/api-authentication, .../api-errors-rate-limits
DENIALS: Mapping[str, tuple[int, str]] = {
    "missing_key": (401, "Missing Authorization Bearer token"),
    "wrong_key": (401, "Invalid API key"),
    "plan": (403, "Public API access requires Agency, Master/Business, or Enterprise plan."),
    "rate": (429, "Rate limit exceeded"),
    "not_found": (404, "Not found"),
    "bad_body": (400, "Invalid JSON payload"),
    "broken": (500, "Internal server error"),
}


def stamp(seconds: float) -> str:
    """Return a time as the service writes it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error(status: int, text: str) -> Reply:
    """Return a refusal; its body has no machine code."""
    return Reply(status=status, value={"error": text})


def deny(reason: str, wait: float) -> Reply:
    """Return the refusal for a reason that every endpoint shares."""
    reply = error(*DENIALS[reason])
    return reply.having({"Retry-After": str(max(1, -int(-wait // 1)))}) if reason == "rate" else reply


def headers(world: World, account: Account, now: float) -> Mapping[str, str]:
    """Return what successful authenticated replies carry."""
    limit, left = world.remaining(account)
    first = account.requests[0] if account.requests else now
    window = world.behaviour.rate_window
    told = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": str(int(first + window)),
    }
    # Its pages know a minute only; another window is told as the draft of a standard has it.
    return told if window == MINUTE else told | {"RateLimit-Policy": f"{limit};w={window:g}"}


def list_models(_world: World, _call: Call) -> Reply:
    """GET /models."""
    data = []
    for model in catalogue.models(NAME).values():
        extra = model.extra
        data.append({
            "id": model.id, "name": extra["name"], "modality": model.kind, "cost": extra["cost"], "inputTypes": extra["inputTypes"],
            "promptRequired": extra["promptRequired"], "outputType": model.kind, "description": extra["description"],
            "settings": extra["settings"], "provider": model.id.split("/", 1)[0], "badges": [],
        })  # fmt: skip
    return Reply(value={"object": "list", "data": data})


def run_model(world: World, call: Call) -> Reply:
    """POST /models/run: finished at once with 200, or running with 202."""
    body = call.json()
    model = catalogue.find(NAME, body.get("model"))
    if "model" not in body:
        return error(400, "Missing required field: model")
    if model is None:
        return error(400, f"Unknown model: {body['model']!s:.200}")
    values = body.get("input", {})
    if not isinstance(values, dict):
        return error(400, "input must be an object")
    wrong = problem(model, values)
    if wrong:
        return error(400, wrong)
    try:
        own = sources.from_urls(values.get("image_input"), call.origin)
    except sources.BadSource as bad:
        return error(400, f"image_input: {bad}")
    count = int(values.get("layers", 3)) if model.extra["output"] == "layers" else 1
    return _take(world, call, Order(
        service=NAME, route="model", model=model.id, kind=model.kind, price=price(model, values), body=body,
        prompt=str(values.get("prompt", "")), sources=own, count=count, form=catalogue.form_of(model, values, "png"),
        settings={name: value for name, value in values.items() if name not in {"prompt", "image_input"}},
        callback=_callback_url(body), origin=call.origin,
    ), later=model.extra["later"] or not world.behaviour.immediate)  # fmt: skip


def list_apps(_world: World, call: Call) -> Reply:
    """GET /apps."""
    data = [
        {
            "id": name, "name": app["name"], "description": app["description"], "icon": None, "is_template": True,
            "thumbnail_url": f"{call.origin}/assets/none.png", "brain_id": f"brain_{name[4:]}", "tags": ["sandbox"], "inputs": app["inputs"],
        }
        for name, app in APPS.items()
    ]  # fmt: skip
    return Reply(value={"object": "list", "data": data})


def run_app(world: World, call: Call) -> Reply:
    """POST /apps/run: always running, with 202."""
    body = call.json()
    app = APPS.get(str(body.get("app_id")))
    if "app_id" not in body:
        return error(400, "Missing required field: app_id")
    if app is None:
        return error(404, "App not found")
    inputs = body.get("inputs", {})
    if not isinstance(inputs, dict):
        return error(400, "inputs must be an object")
    missing = [each["label"] for each in app["inputs"] if each["required"] and not inputs.get(each["id"])]
    if missing:
        return error(400, f"Missing required inputs: {', '.join(missing)}")
    try:
        own = sources.from_urls(inputs.get("reference"), call.origin)
    except sources.BadSource as bad:
        return error(400, f"reference: {bad}")
    return _take(world, call, Order(
        service=NAME, route="app", model=str(body["app_id"]), kind="image", price=Decimal(app["cost"]), body=body,
        prompt=str(inputs["prompt"]), count=len(app["nodes"]), sources=own, callback=_callback_url(body), origin=call.origin,
        settings={name: value for name, value in inputs.items() if name not in {"prompt", "reference"}},
    ), later=True)  # fmt: skip


def get_job(world: World, call: Call, *, job: str) -> Reply:
    """GET /jobs/{id}."""
    record = world.find(NAME, job)
    if record is None:
        return error(404, "Job not found")
    return _with_texts(call.now, [record], lambda texts: {
        "object": "job", **_job(world, call, record, texts), "webhook_delivered": record.delivered,
    })  # fmt: skip


def list_jobs(world: World, call: Call) -> Reply:
    """GET /jobs, newest first; `object` and `webhook_delivered` are absent here."""
    text = call.query.get("limit", "20")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_LISTED:
        return error(400, "limit must be between 1 and 100")
    records = call.owner.records[: -int(text) - 1 : -1]
    return _with_texts(
        call.now,
        records,
        lambda texts: {"object": "list", "data": [_job(world, call, each, texts) for each in records]},
    )


def cancel_job(world: World, call: Call, *, job: str) -> Reply:
    """POST /jobs/{id}/cancel."""
    record = world.find(NAME, job)
    if record is None:
        return error(404, "Job not found")
    if not world.cancel(record, call.now):
        return error(409, f"Job cannot be cancelled in status {record.phase(call.now)}")
    return Reply(value={"id": job, "object": "job", "status": "cancelled", "cancelled_at": stamp(call.now)})


def get_account(world: World, call: Call) -> Reply:
    """GET /account."""
    account = call.owner
    left = world.left(account, call.now)
    return Reply(value={
        "object": "account", "user_id": f"user_{account.fingerprint}", "credits": _number(left), "subscription": world.behaviour.plan,
        "usage": {
            "credits_used_last_30d": _number(account.charged - account.refunded),
            "total_requests_last_30d": sum(sum(counts.values()) for route_, counts in world.requests.items() if route_.startswith(NAME)),
            "total_jobs": len(account.records),
        },
        "api_keys": {"active": 1},
    })  # fmt: skip


def callback(world: World, record: Record, call: Call, texts: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
    """Return a callback's body and headers (https://armox.ai/academy/api-webhooks)."""
    phase = record.phase(call.now)
    job: dict[str, Any] = {
        "id": record.job.id,
        "status": phase,
        "output": _output(world, call, record, texts),
        "completed_at": stamp(record.job.ends),
    }
    if phase == "failed":
        job["error"] = text_of(NAME, record.job.failure or "")
    body = compact({"event": f"job.{phase}", "job": job})
    signature = hmac.new(world.behaviour.webhook_secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-Armox-Signature": f"sha256={signature}"}


def _take(world: World, call: Call, order: Order, *, later: bool) -> Reply:
    account = call.owner
    if not world.afford(account, order.price, call.now):
        left = world.left(account, call.now)
        return error(402, f"Insufficient credits. Required {_number(order.price)}, available {_number(left)}")
    record = world.accept(order, account, now=call.now, entropy=call.entropy)
    job = record.job
    base = {"id": job.id, "object": "job"}
    charged = {"credits_charged": _number(job.charge), "created_at": stamp(job.created)}
    if job.route == "app":
        app = APPS[job.model]
        kind = {"run_type": "app", "app_id": job.model, "app_name": app["name"]}
        return Reply(status=202, value={**base, "status": "processing", **kind, **charged})
    if later:
        status = "pending" if job.model.startswith("sandbox/") else "processing"
        return Reply(status=202, value={**base, "status": status, "model": job.model, **charged})
    ended = replace(call, now=job.ends)

    def body(texts: Mapping[str, str]) -> dict[str, Any]:
        return {
            **base, "status": job.phase(job.ends), "model": job.model, "output": _output(world, ended, record, texts),
            "error": None if job.failure is None else text_of(NAME, job.failure), **charged, "completed_at": stamp(job.ends),
        }  # fmt: skip

    return replace(_with_texts(job.ends, [record], body), delay=job.seconds)


def _with_texts(now: float, records: list[Record], body: Callable[[Mapping[str, str]], Any]) -> Reply:
    """Return a reply that needs the texts of finished text jobs, if there are any."""
    needs = tuple(
        Drawing(each.job, 0) for each in records if each.job.kind == "text" and each.phase(now) == "completed"
    )
    if not needs:
        return Reply(value=body({}))
    return Reply(
        needs=needs,
        finish=lambda blobs: Reply(
            value=body({each.job.id: blob.decode() for each, blob in zip(needs, blobs, strict=True)})
        ),
    )


def _job(world: World, call: Call, record: Record, texts: Mapping[str, str]) -> dict[str, Any]:
    job, phase = record.job, record.phase(call.now)
    app = job.route == "app"
    inputs = (
        {"app_id": job.model, "inputs": record.body.get("inputs", {})}
        if app
        else {"input": record.body.get("input", {})}
    )
    shown = phase
    if phase in {"pending", "processing"}:
        shown = world.behaviour.busy_word or (phase if job.model.startswith("sandbox/") else "processing")
    over = {"cancelled": record.cancelled, "completed": job.ends, "failed": job.ends}.get(phase)
    return {
        "id": job.id, "run_type": "app" if app else "model", "model_id": None if app else job.model, "app_id": job.model if app else None,
        "status": shown, "input_data": inputs, "output_data": _output(world, call, record, texts),
        "error_message": text_of(NAME, job.failure or "") if phase == "failed" else None, "credits_charged": _number(job.charge),
        "created_at": stamp(job.created), "completed_at": None if over is None else stamp(over),
    }  # fmt: skip


def _output(world: World, call: Call, record: Record, texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the result object; only `outputImage` and `node_outputs` are printed on a page, the other keys are our own."""
    job = record.job
    if record.phase(call.now) != "completed" or world.behaviour.results == "null":
        return None
    if world.behaviour.results == "empty":
        return {}
    urls = [world.url(job, index, origin=call.origin, now=call.now) for index in range(job.count)]
    if job.route == "app":
        app = APPS[job.model]
        nodes = {node: {"outputImage": url} for node, url in zip(app["nodes"], urls, strict=True)}
        return {"app_id": job.model, "app_name": app["name"], "node_outputs": nodes}
    if job.kind == "text":
        return {"text": texts[job.id]}
    shapes: Mapping[str, Any] = {
        "outputImage": urls[0], "outputVideo": urls[0], "audio_url": urls[0], "video": {"url": urls[0], "duration": dict(job.settings).get("duration", 4)},
        "files": [{"url": urls[0], "format": "glb"}], "layers": [{"name": f"layer {number}", "image": url} for number, url in enumerate(urls)],
    }  # fmt: skip
    key = catalogue.models(NAME)[job.model].extra["output"]
    return {key: shapes[key]}


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def _callback_url(body: Mapping[str, Any]) -> str | None:
    url = body.get("webhook_url")
    return url if isinstance(url, str) and url else None


SERVICE = Service(
    name=NAME, root="/armox/api/v1", deny=deny, error=error, headers=headers,
    routes=(
        route("POST", "/models/run", "create", run_model),
        route("GET", "/jobs/{job}", "status", get_job),
        route("GET", "/models", "models", list_models),
        route("GET", "/jobs", "list", list_jobs),
        route("POST", "/jobs/{job}/cancel", "cancel", cancel_job),
        route("GET", "/account", "balance", get_account),
        route("GET", "/apps", "apps", list_apps),
        route("POST", "/apps/run", "create", run_app),
    ),
)  # fmt: skip
