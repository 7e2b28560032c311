"""What is asked for, held against what a model takes: everything that checks or converts settings and prompts.

What the pages leave open passes: only a *known* setting can be wrong. What is right is sent in the type that the
page prints, so that ``"5"`` and ``5`` are one content and the provider gets the one it documents.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidImage, InvalidPrompt, InvalidSetting, near_miss
from notebookgen.normal import shown_value
from notebookgen.providers.counting import COUNTS, MOST_RESULTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.records import Generation, InputImage, Model, Setting

__all__ = ["IMAGE_TYPES", "check_prompt", "checked_settings", "refuse_reserved", "remade", "with_required"]

IMAGE_TYPES = frozenset({"url", "image", "array<url>"})
WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
MOST_SHOWN = 12


def check_prompt(generation: Generation, model: Model | None, *, field: str = "prompt") -> None:
    """Refuse a prompt that the model is known to refuse: missing, too short or too long (in characters).

    Raises:
        InvalidPrompt: With the limit.
    """
    if model is None:
        return
    name, length = generation.full_model, len(generation.prompt)
    if not length:
        if model.prompt_required and not generation.settings.get(field) and not generation.settings.get("messages"):
            message = f"{name} needs a prompt, and this one is empty. Nothing was sent."
            raise InvalidPrompt(message)
        return
    if field in generation.settings:
        message = f"{name} was given a prompt twice: as the prompt, and as the setting '{field}'. Nothing was sent. Leave one out."
        raise InvalidPrompt(message)
    limit = model.setting(field)
    if limit is None or limit.type not in {"string", "unknown"}:
        return
    low, high = limit.minimum or 0, limit.maximum or math.inf
    if not low <= length <= high:
        message = (
            f"{name} takes prompts {_range(limit)} characters long, and this one has {length}.\n"
            f"Nothing was sent. {'Shorten' if length > high else 'Lengthen'} it and run again."
        )
        raise InvalidPrompt(message)


def checked_settings(generation: Generation, model: Model | None) -> dict[str, object]:
    """Return the settings in the types that the model's page prints; unknown ones as they are.

    A known setting written with a dot (``voice_settings.speed``) is folded into the object it belongs in.

    Raises:
        InvalidSetting: A known one is out of its allowed values; the message names them.
    """
    name = generation.full_model
    settings: dict[str, object] = {}
    for key in sorted(COUNTS & set(generation.settings)):
        if model is None or model.setting(key) is None or not _bounded(model, key):
            _check_count(key, generation.settings[key], name)
    if model is None:
        return dict(generation.settings)
    for key, value in generation.settings.items():
        known = model.setting(key)
        if known is not None and "." in key:  # sorted: the object itself, if it was given, has been here before
            outer, inner = key.split(".", 1)
            nest = settings.get(outer)
            settings[outer] = {**(nest if isinstance(nest, Mapping) else {}), inner: _coerced(known, value, name)}
        elif known is not None:
            settings[key] = _coerced(known, value, name)
        elif isinstance(value, Mapping):
            settings[key] = {inner: _coerced_inner(model, key, inner, one, name) for inner, one in value.items()}
        else:
            settings[key] = value
    return settings


def with_required(settings: Mapping[str, object], generation: Generation, model: Model | None) -> dict[str, object]:
    """Return the settings with what the provider demands and its page gives a default for.

    Raises:
        InvalidSetting: Something is demanded, left out, and has no default.
        InvalidImage: What is demanded and left out is an image.
    """
    complete = dict(settings)
    given = {image.field for image in generation.images}
    for setting in model.settings if model is not None else ():
        if not setting.required or setting.key in complete or setting.key in given:
            continue
        if setting.default is not None:
            complete[setting.key] = setting.default
            continue
        name = f"{generation.full_model} needs '{setting.key}'" + (f" ({setting.label})" if setting.label else "")
        if setting.type in IMAGE_TYPES:
            message = f"{name}, an image. Nothing was sent.\nGive one: images=[...], or in a cell: -i ADDRESS"
            raise InvalidImage(message)
        allowed = f", one of {_listed(setting.options)}" if setting.options else ""
        message = f"{name}{allowed}. Nothing was sent.\nGive it: {setting.key}=..., or in a cell: -s {setting.key}=..."
        raise InvalidSetting(message)
    return complete


def remade(generation: Generation, settings: Mapping[str, object], images: tuple[InputImage, ...]) -> Generation:
    """Return a generation with other settings and images; itself where they are the very same, as for most rows.

    Equal is not enough: ``True`` and ``1`` are equal, and another content.
    """
    same = settings.keys() == generation.settings.keys() and images == generation.images
    if same and all(settings[key] is value for key, value in generation.settings.items()):
        return generation
    return replace(generation, settings=settings, images=images)


def refuse_reserved(generation: Generation, model: Model | None, reserved: Mapping[str, str]) -> None:
    """Refuse settings that are parts of the request itself, unless the model has one of that name.

    Args:
        generation: What is asked for.
        model: What is known of its model.
        reserved: For each name, how it is said instead.

    Raises:
        InvalidSetting: One was given.
    """
    for key in sorted(reserved.keys() & set(generation.settings)):
        if model is None or model.setting(key) is None:
            message = (
                f"'{key}' is no setting of {generation.full_model}: {reserved[key]}. Nothing was sent. Leave it out."
            )
            raise InvalidSetting(message)


def _bounded(model: Model, key: str) -> bool:
    """Whether the page tells which numbers a setting takes; then its own rule speaks."""
    known = model.setting(key)
    return known is not None and bool(known.options or known.minimum is not None)


def _check_count(key: str, value: object, name: str) -> None:
    """Refuse what cannot be a number of results, whether or not the model is known.

    Raises:
        InvalidSetting: It is no whole number, below one, or more than any call makes.
    """
    count = _whole(value)
    if count is None or count < 1:
        raise _invalid(_shown(value), name, f"takes '{key}' as a whole number of 1 or more")
    if count > MOST_RESULTS:
        raise _invalid(_shown(value), name, f"takes '{key}' from 1 to {MOST_RESULTS}")


def _coerced_inner(model: Model, outer: str, inner: str, value: object, name: str) -> object:
    known = model.setting(f"{outer}.{inner}")
    return value if known is None else _coerced(known, value, name)


def _coerced(setting: Setting, value: object, name: str) -> object:
    """Return the value in the setting's own type, or raise with what is allowed."""
    if setting.type.startswith("array"):
        items = list(value) if isinstance(value, list | tuple) else [value]
        _in_range(setting, len(items), value, name, what="items")
        return [_option(setting, one, name) for one in items]
    convert = CONVERSIONS.get(setting.type)
    if setting.options:
        return _option(setting, value, name)
    if convert is not None:
        converted = convert(value)
        if converted is None:
            raise _invalid(_shown(value), name, f"takes '{setting.key}' as {KINDS[setting.type]}")
        value = converted
    if isinstance(value, str):
        if setting.type in {"string", "unknown"}:
            _in_range(setting, len(value), value, name, what="characters")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _in_range(setting, value, value, name)
    return value


def _option(setting: Setting, value: object, name: str) -> object:
    """Return the option that is meant: the same value, or the same text (``"5"`` and 5), whatever its case."""
    if not setting.options:
        return value
    for option in setting.options:
        if option == value and isinstance(option, bool) == isinstance(value, bool):
            return option
    text = _text(value)
    for option in setting.options:
        if text is not None and text == _text(option):
            return option
    # Tiers are printed as 1K on one page and as 1k on the next: what differs by case alone is what was meant.
    folded = [option for option in setting.options if text and (_text(option) or "").casefold() == text.casefold()]
    if len(folded) == 1:
        return folded[0]
    near = near_miss(text, [str(_text(one)) for one in setting.options]) if text else ""
    raise _invalid(_shown(value), name, f"takes '{setting.key}' as one of {_listed(setting.options)}", near)


def _in_range(setting: Setting, size: float, value: object, name: str, *, what: str = "") -> None:
    low = -math.inf if setting.minimum is None else setting.minimum
    high = math.inf if setting.maximum is None else setting.maximum
    if low <= size <= high:
        return
    limits = f"takes '{setting.key}' {_range(setting)}" + (f" {what} long" if what == "characters" else "")
    if what == "items":
        limits = f"takes {_range(setting)} items in '{setting.key}'"
    raise _invalid(f"{size:g}" if what else _shown(value), name, limits)


def _invalid(said: str, name: str, allowed: str, near: str = "") -> InvalidSetting:
    message = (
        f"{name} {allowed}, not {said}.{near}\nNothing was sent. All it takes: ng.Client().model('{name}').settings"
    )
    return InvalidSetting(message)


def _shown(value: object) -> str:
    return shown_value(value, 60)


def _range(setting: Setting) -> str:
    low, high = (None if limit is None else _text(limit) for limit in (setting.minimum, setting.maximum))
    if low is not None and high is not None:
        return low if low == high else f"from {low} to {high}"
    return f"of at most {high}" if high is not None else f"of at least {low or 0}"


def _listed(options: tuple[object, ...]) -> str:
    names = [repr(one) for one in options]
    return ", ".join(names[:MOST_SHOWN]) + (f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else "")


def _text(value: object) -> str | None:
    """Return a scalar as text; what has no plain text gives None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int | float) else None


def _whole(value: object) -> int | None:
    if isinstance(value, str) and WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        read = float(value)
        return None if not math.isfinite(read) else int(read) if read.is_integer() else read
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: object) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _string(value: object) -> str | None:
    return None if isinstance(value, bool) else _text(value)


def _address(value: object) -> str | None:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) else None


def _object(value: object) -> Mapping[str, object] | None:
    return value if isinstance(value, Mapping) else None


CONVERSIONS: Mapping[str, Callable[[object], object]] = {
    "integer": _whole,
    "number": _number,
    "boolean": _boolean,
    "string": _string,
    "url": _address,
    "image": _address,
    "object": _object,
}
KINDS: Mapping[str, str] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "url": "one address",
    "image": "one image",
    "object": "an object",
}
