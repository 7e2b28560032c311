"""What APIModels' endpoints share: how it says no, and how a request becomes an order that is paid for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import catalogue, sources
from notebookgen.sandbox.calls import Reply
from notebookgen.sandbox.world import Order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.sandbox.calls import Call
    from notebookgen.sandbox.catalogue import Model
    from notebookgen.sandbox.world import Account, Record, World

__all__ = ["IMAGE_FIELDS", "NAME", "buy", "deny", "error", "headers", "order", "refuse", "unknown_model"]

NAME = "apimodels"
IMAGE_FIELDS = (
    "image_url", "image_urls", "images", "first_frame_url", "last_frame_url", "reference_image_urls", "input_urls", "image",
)  # fmt: skip
OTHER_FIELDS = ("video_urls", "reference_video_urls", "reference_audio_urls", "motion_video")
NEEDS_IMAGE = {"kling-multi-image", "kling-expand", "real-esrgan", "sparkpix-image-edit"}
DENIALS: Mapping[str, tuple[int, str]] = {
    "missing_key": (401, "Unauthorized"),
    "wrong_key": (401, "Invalid API key"),
    "plan": (403, "Forbidden"),
    "rate": (429, "Too many requests"),
    "not_found": (404, "Not found"),
    "bad_body": (400, "Invalid JSON body"),
    "broken": (500, "Internal Server Error"),
}


def error(status: int, text: str) -> Reply:
    """Return a refusal."""
    return Reply(status=status, value={"code": status, "msg": text})


def deny(reason: str, wait: float) -> Reply:
    """Return the refusal for a reason that every endpoint shares."""
    reply = error(*DENIALS[reason])
    return reply.having({"Retry-After": str(max(1, -int(-wait // 1)))}) if reason == "rate" else reply


def headers(_world: World, _account: Account, _now: float) -> Mapping[str, str]:
    """Return no headers: none are documented."""
    return {}


def refuse(world: World, status: int, text: str) -> Reply:
    """Return a refusal that may come inside an HTTP 200, as the 402 does."""
    reply = error(status, text)
    return replace(reply, status=200) if world.behaviour.refused_in_200 else reply


def unknown_model(name: object, known: list[str], *, audio: bool = False) -> Reply:
    """Return the 400 whose text lists what there is; the audio endpoint words it a little otherwise."""
    return error(400, f"Invalid model: {name!s:.200}. Supported{'' if audio else ' models'}: {', '.join(known)}")


def order(call: Call, model: Model, body: Mapping[str, Any], route: str) -> Order | Reply:
    """Return a checked order, or the refusal."""
    why = model.problem(body)
    if why:
        return error(400, why)
    mask = None
    try:
        own: list[str | bytes] = []
        for name in (*IMAGE_FIELDS, *OTHER_FIELDS):
            value = body.get(name)
            if value is None:
                continue
            if name == "image" and not str(value).startswith("http"):
                own.append(sources.from_base64(value))
            else:
                own += (
                    sources.from_urls(value, call.origin)
                    if name in IMAGE_FIELDS
                    else sources.from_urls(value, call.origin)[:0]
                )
        if body.get("mask"):
            if not any(body.get(name) for name in IMAGE_FIELDS):
                return error(400, "mask needs an image")
            if str(body["mask"]).startswith("http"):
                sources.from_urls(body["mask"], call.origin)
            else:
                mask = sources.from_base64(body["mask"])
    except sources.BadSource as bad:
        return error(400, str(bad))
    if model.id in NEEDS_IMAGE and not any(body.get(name) for name in IMAGE_FIELDS):
        return error(400, "an input image is required")
    count = 4 if body.get("layer_decomposition") else catalogue.count_of(model, body)
    target = body.get("callback_url")
    left_out = {"model", "prompt", "text", "callback_url", "mask", *IMAGE_FIELDS, *OTHER_FIELDS}
    return Order(
        service=NAME, route=route, model=str(body["model"]), kind=model.kind, price=model.cost(body, count=count), body=_kept(body),
        prompt=str(body.get("prompt") or body.get("text") or ""), sources=tuple(own), mask=mask, count=count, origin=call.origin,
        settings={name: value for name, value in body.items() if name not in left_out},
        form="png" if body.get("layer_decomposition") else catalogue.form_of(model, body, "jpeg"),
        callback=target if isinstance(target, str) and target else None,
    )  # fmt: skip


def buy(world: World, call: Call, made: Order) -> Record | Reply:
    """Take the order, or say that the balance is too low."""
    account = call.owner
    if not world.afford(account, made.price, call.now):
        return refuse(world, 402, "Insufficient credits")
    return world.accept(made, account, now=call.now, entropy=call.entropy)


def _kept(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the body as it is remembered: base64 by its length, since thousands of tasks are held."""
    return {
        name: f"({len(value)} characters of base64)"
        if name in {"image", "mask"} and isinstance(value, str) and not value.startswith("http")
        else value
        for name, value in body.items()
    }
