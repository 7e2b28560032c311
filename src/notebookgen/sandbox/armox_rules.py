"""What Armox runs and what it accepts: its apps, the checks of a model's inputs, prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from notebookgen.sandbox.catalogue import Model

__all__ = ["APPS", "price", "problem"]

APPS: Mapping[str, Mapping[str, Any]] = {
    "app_storyboard": {
        "name": "Storyboard", "description": "Two pictures that tell a story", "nodes": ("node-scene-1", "node-scene-2"), "cost": 150,
        "inputs": [
            {"id": "prompt", "label": "Prompt", "required": True, "type": "text", "targetHandle": "prompt", "allowMultiple": False},
            {"id": "reference", "label": "Reference", "required": False, "type": "image", "targetHandle": "image_input", "allowMultiple": True},
        ],
    },
    "app_postcard": {
        "name": "Postcard", "description": "One picture with a greeting", "nodes": ("node-card",), "cost": 80,
        "inputs": [{"id": "prompt", "label": "Prompt", "required": True}, {"id": "place", "label": "Place", "required": False}],
    },
}  # fmt: skip


def problem(model: Model, values: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a model's inputs, in one line, or None."""
    extra = model.extra
    prompt, images = values.get("prompt"), values.get("image_input")
    if prompt is not None and not isinstance(prompt, str):
        return "prompt must be a string"
    if extra["promptRequired"] and not (prompt or "").strip():
        return "Missing required field: prompt"
    if extra.get("needs_image") and not images:
        return "Missing required field: image_input"
    # One model takes an array, the other one string: https://armox.ai/academy/api-models
    if images is not None and "images" in extra and not isinstance(images, list if extra["images"] == "array" else str):
        return f"image_input must be {'an array of URLs' if extra['images'] == 'array' else 'one URL'}"
    for setting in extra["settings"]:
        value = values.get(setting["key"])
        if value is not None and not _fits(value, setting):
            return f"Invalid value for {setting['key']}: {value!s:.80}"
    return None


def _fits(value: Any, setting: Mapping[str, Any]) -> bool:
    kind = setting["inputType"]
    if kind == "select":
        return value in [option["value"] if isinstance(option, dict) else option for option in setting["options"]]
    if kind == "toggle":
        return isinstance(value, bool)
    if kind in {"number", "slider"}:
        rule = setting.get("validation", setting)
        least, most = rule.get("min", rule.get("minimum")), rule.get("max", rule.get("maximum"))
        whole = rule.get("integer") or rule.get("step") == 1
        numeric = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        return numeric and least <= value <= most
    return isinstance(value, str)


def price(model: Model, values: Mapping[str, Any]) -> Decimal:
    """Return what a run costs, in whole credits."""
    defaults = {
        setting["key"]: setting["defaultValue"] for setting in model.extra["settings"] if "defaultValue" in setting
    }
    return model.cost({**defaults, **values}).to_integral_value()
