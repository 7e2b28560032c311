"""APIModels' tasks: create, poll and callback, as its pages describe them (https://apimodels.app/en/docs/image)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import catalogue
from notebookgen.sandbox.apimodels_held import openai_images
from notebookgen.sandbox.apimodels_orders import NAME, buy, error, order, unknown_model
from notebookgen.sandbox.calls import Reply, compact
from notebookgen.sandbox.failures import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.sandbox.calls import Call
    from notebookgen.sandbox.catalogue import Model
    from notebookgen.sandbox.world import Record, World

__all__ = ["callback", "create", "poll"]

RETRYABLE = {"UPSTREAM_BUSY", "TIMEOUT", "UPSTREAM_FAILED", "INTERNAL_ERROR"}


def create(route: str) -> Callable[[World, Call], Reply]:
    """Return POST /images|video|audio/generations or /audio/tts."""

    def answer(world: World, call: Call) -> Reply:
        body = call.json()
        if not body.get("model"):
            return error(400, "model is required")
        model = catalogue.find(NAME, body["model"])
        if model is None or not _takes(route, model):
            known = [
                name
                for each in catalogue.models(NAME).values()
                if _takes(route, each)
                for name in (each.id, each.alias)
                if name
            ]
            return unknown_model(body["model"], known, audio=route in {"audio", "tts"})
        size = body.get("size")
        if model.id == "gpt-image-2-all" and isinstance(size, str) and "x" in size.lower():
            return openai_images(world, call, model, body)
        made = order(call, model, body, route)
        if isinstance(made, Reply):
            return made
        record = buy(world, call, made)
        if isinstance(record, Reply):
            return record
        if model.extra.get("at_once"):
            ended = replace(call, now=record.job.ends)
            return Reply(value=_polled(world, ended, record), delay=record.job.seconds)
        data: dict[str, Any] = {"taskId": record.job.id, "state": world.behaviour.busy_word or "pending"}
        if model.id.startswith("kling"):  # an internal name, not the id that was sent
            data["model"] = f"{'kling-video' if route == 'video' else 'kling-image-gen'}/{model.id}"
        return Reply(value={"code": 200, "msg": "success", "data": data})

    return answer


def poll(route: str) -> Callable[[World, Call], Reply]:
    """Return GET on the create path; the query name is `task_id`, and the kind of the path has to fit."""

    def answer(world: World, call: Call) -> Reply:
        task = call.query.get("task_id")
        if not task:
            return error(400, "task_id is required")
        record = world.find(NAME, task)
        if record is None or record.job.route != route:
            return error(404, "Task not found")
        return Reply(value=_polled(world, call, record))

    return answer


def callback(world: World, record: Record, call: Call, _texts: Mapping[str, str]) -> tuple[bytes, Mapping[str, str]]:
    """Return a callback's body: `param` and `resultJson` are JSON strings, and nothing is signed."""
    job, phase = record.job, record.phase(call.now)
    failed = phase == "failed"
    result = (
        None if failed or world.behaviour.results == "null" else json.dumps({"resultUrls": _urls(world, call, record)})
    )
    family = job.model if "/" in job.model else f"{job.model.split('-', 1)[0]}/{job.model}"
    return compact({"code": 200, "msg": "success", "data": {
        "taskId": job.id, "model": family, "state": phase, "param": json.dumps(record.body), "resultJson": result,
        "failCode": (job.failure or None) if failed else None, "failMsg": text_of(NAME, job.failure or "") if failed else None,
        "costTime": round(job.seconds * 1000), "completeTime": round(job.ends * 1000), "createTime": round(job.created * 1000),
    }}), {}  # fmt: skip


def _polled(world: World, call: Call, record: Record) -> dict[str, Any]:
    """Return what a poll says; a failed task has `code` 200 too."""
    return {"code": 200, "msg": "success", "data": _data(world, call, record)}


def _data(world: World, call: Call, record: Record) -> dict[str, Any]:
    """Return a task object."""
    job, phase = record.job, record.phase(call.now)
    data: dict[str, Any] = {"taskId": job.id, "state": phase, "createTime": round(job.created * 1000)}
    if phase in {"pending", "processing"}:
        data["state"] = world.behaviour.busy_word or phase
        return data
    data["completeTime"] = round(job.ends * 1000)
    if phase == "failed":
        data |= {
            "failCode": job.failure or None,
            "failMsg": text_of(NAME, job.failure or ""),
            "retryable": job.failure in RETRYABLE,
        }
        return data
    urls = _urls(world, call, record)
    if job.route == "tts":
        data["result"] = urls[0] if urls else None
    else:
        data["resultUrls"] = urls
    if dict(job.settings).get("layer_decomposition"):
        data["resultJson"] = json.dumps(
            {"layers": [{"index": number, "url": url} for number, url in enumerate(urls or ())]}
        )
    return data


def _urls(world: World, call: Call, record: Record) -> list[str] | None:
    if world.behaviour.results == "null":
        return None
    if world.behaviour.results == "empty":
        return []
    return [world.url(record.job, index, origin=call.origin, now=call.now) for index in range(record.job.count)]


def _takes(route: str, model: Model) -> bool:
    if "only" in model.extra:
        return False
    if route in {"audio", "tts"}:
        return model.kind == "audio" and bool(model.extra.get("tts")) == (route == "tts")
    return model.kind == {"images": "image", "video": "video"}[route]
