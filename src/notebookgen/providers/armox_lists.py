"""Armox's lists of models and of apps, read into ``Model`` records: everything about their loosely described fields.

https://armox.ai/academy/api-models prints one model with one setting; the names of an option list and of a range are
said nowhere, so that several plausible ones are read, and what is not understood is kept in ``Model.extra``.
https://armox.ai/ja/academy/api-apps prints an app's inputs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from notebookgen.normal import shown_text
from notebookgen.providers.checks import IMAGE_TYPES
from notebookgen.providers.counting import COUNTS, LENGTHS
from notebookgen.providers.pricing import known_model
from notebookgen.providers.replies import amount, charge, clean, object_or_none
from notebookgen.records import Cost, Kind, Model, Setting
from notebookgen.wire import maybe

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["APP", "app_model", "live_model"]

APP = "app:"
BASE = "base figure of the live list"
DESCRIBED = frozenset(
    {"id", "name", "modality", "cost", "inputTypes", "promptRequired", "outputType", "description", "settings"}
)
APP_DESCRIBED = frozenset({"id", "name", "description", "inputs"})
# The page calls ``cost`` a base figure, and prints a run of 4 s that was charged 202 credits: what has a length or a
# number is charged by it.
MEASURED: frozenset[Kind | None] = frozenset({"video", "audio", None})
MEASURES = frozenset({*LENGTHS, *COUNTS})
KINDS: Mapping[str, Kind] = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "music": "audio",
    "speech": "audio",
    "3d": "3d",
    "model3d": "3d",
    "text": "text",
}
OPTION_KEYS = ("options", "values", "choices", "enum", "allowedValues")
MINIMUM_KEYS = ("min", "minimum", "minValue", "minLength", "minItems")
MAXIMUM_KEYS = ("max", "maximum", "maxValue", "maxLength", "maxItems")
RULES_KEYS = ("validation", "constraints", "rules", "limits", "range")  # an object of rules inside a setting
DEFAULT_KEYS = ("defaultValue", "default", "default_value")
INPUT_TYPES = {
    "text": "string",
    "textarea": "string",
    "string": "string",
    "prompt": "string",
    "slider": "number",
    "range": "number",
    "number": "number",
    "float": "number",
    "integer": "integer",
    "int": "integer",
    "boolean": "boolean",
    "toggle": "boolean",
    "switch": "boolean",
    "checkbox": "boolean",
    "image": "url",
    "images": "array<url>",
    "video": "url",
    "audio": "url",
    "file": "url",
    "url": "url",
    "array": "array",
    "multiselect": "array",
    "object": "object",
}


def live_model(provider: str, data: Mapping[str, object], id: str) -> Model:
    """Read one model of the live list; its image fields, which the list leaves out, come from the catalogue."""
    described = maybe(data, "settings", list) or []
    settings = {one.key: one for item in described if (one := _setting(object_or_none(item) or {})) is not None}
    known = known_model(provider, id)
    for one in known.settings if known is not None else ():
        if one.key == "prompt" or one.type in IMAGE_TYPES:
            settings.setdefault(one.key, one)
    cost = charge(data.get("cost"))
    kind = _kind(data.get("outputType")) or _kind(data.get("modality"))
    measured = kind in MEASURED or not MEASURES.isdisjoint(settings)
    required = maybe(data, "promptRequired", bool)
    return Model(
        provider=provider,
        id=id,
        name=_text(data, "name") or id,
        kind=kind,
        settings=tuple(settings.values()),
        cost=Cost() if cost is None else Cost(cost, "credits", "listed", note=BASE, at_least=measured),
        prompt_required=known is not None and known.prompt_required if required is None else required,
        route="models",
        description=_text(data, "description"),
        source="live",
        live=True,
        extra={key: value for key, value in data.items() if key not in DESCRIBED}
        | ({"inputTypes": data["inputTypes"]} if "inputTypes" in data else {}),
    )


def app_model(provider: str, data: Mapping[str, object], id: str) -> Model:
    """Read one app: its inputs are its settings, by their ids."""
    described = [object_or_none(item) or {} for item in maybe(data, "inputs", list) or []]
    inputs = [_app_input(one) for one in described]
    return Model(
        provider=provider,
        id=f"{APP}{id}",
        name=_text(data, "name") or id,
        settings=tuple(one for one in inputs if one is not None),
        cost=Cost(),
        prompt_required=False,  # a required prompt is a required input, and checked as one
        route="apps",
        description=_text(data, "description"),
        source="live",
        live=True,
        extra={key: value for key, value in data.items() if key not in APP_DESCRIBED},
    )


def _app_input(data: Mapping[str, object]) -> Setting | None:
    renamed = {**data, "key": data.get("id"), "inputType": data.get("type", data.get("inputType"))}
    setting = _setting(renamed)
    if setting is None or maybe(data, "allowMultiple", bool) is not True:
        return setting
    # The page: with allowMultiple, send an array.
    return replace(setting, type="array<url>" if setting.type in IMAGE_TYPES else "array")


def _setting(data: Mapping[str, object]) -> Setting | None:
    """Read a setting, or None for one that names no key."""
    key = _text(data, "key") or _text(data, "name") or _text(data, "id")
    if not key:
        return None
    rules = {**next((inner for name in RULES_KEYS if (inner := object_or_none(data.get(name)))), {}), **data}
    default = next((rules[name] for name in DEFAULT_KEYS if rules.get(name) is not None), None)
    default = default if isinstance(default, str | int | float | bool) else None
    type_ = _type(_text(data, "inputType") or _text(data, "type"), default)
    minimum = _limit(rules, MINIMUM_KEYS)
    return Setting(
        key=key,
        type="integer" if type_ == "number" and _whole(rules, minimum) else type_,
        label=_text(data, "label") or _text(data, "name"),
        default=default,
        options=_options(next((rules[name] for name in OPTION_KEYS if rules.get(name) is not None), None)),
        minimum=minimum,
        maximum=_limit(rules, MAXIMUM_KEYS),
        required=maybe(data, "required", bool) is True,
    )


def _whole(rules: Mapping[str, object], minimum: float | None) -> bool:
    """Whether a number is said to be whole, or goes in whole steps from a whole one."""
    step = amount(rules.get("step"))
    steps = step is not None and step > 0 and step == int(step) and float(minimum or 0).is_integer()
    return rules.get("integer") is True or steps


def _type(said: str, default: object) -> str:
    """Return our word for an input's type; a choice has the type of its default."""
    known = INPUT_TYPES.get(said.strip().lower())
    if known is not None:
        return known
    kinds: tuple[tuple[type, str], ...] = ((bool, "boolean"), (str, "string"), (int, "unknown"), (float, "unknown"))
    return next((name for kind, name in kinds if isinstance(default, kind)), "unknown")


def _options(listed: object) -> tuple[object, ...]:
    """Return allowed values from a list of scalars, or of objects with a ``value``; none where one is neither."""
    if not isinstance(listed, list):
        return ()
    values: list[object] = []
    for one in listed:
        value = one
        if isinstance(one, dict):
            value = next((one[name] for name in ("value", "id", "key") if name in one), None)
        if not isinstance(value, str | int | float):
            return ()  # a list half understood would refuse what is allowed
        values.append(clean(value) if isinstance(value, str) else value)
    return tuple(values)


def _limit(data: Mapping[str, object], names: tuple[str, ...]) -> float | None:
    number = next((read for name in names if (read := amount(data.get(name))) is not None), None)
    return None if number is None else int(number) if number == int(number) else float(number)


def _kind(value: object) -> Kind | None:
    return cast("Kind", KINDS.get(value.strip().lower())) if isinstance(value, str) else None


def _text(data: Mapping[str, object], key: str) -> str:
    return shown_text(clean(maybe(data, key, str) or "")).strip()
