"""What the sandbox's services can run: models, their settings and prices, read from its own data file."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox.addresses import is_web

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Model", "count_of", "find", "form_of", "given", "models"]

#: Charged where no page prints a price: amount for each unit that `per` names, in USD.
UNPRINTED = {"image": "0.03", "second": "0.08", "task": "0.25", "kchar": "0.05", "mtok": "10"}
YUAN = Decimal("0.14")  # some pages price in yuan; the account is in USD
COUNTS = ("n", "num_images", "max_images")
FORMS = {"image": "png", "video": "mp4", "audio": "wav", "3d": "glb", "text": "txt"}
IMAGE_FORMS = {"png": "png", "jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}
MOST_RESULTS = 12
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,), "url": (str,), "blob": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
    "urls": (list,), "array": (list,), "object": (dict,),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `settings` maps a name to its type, options, default, min and max as far as they are printed."""

    id: str
    kind: str
    price: Mapping[str, Any]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    alias: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def problem(self, values: Mapping[str, Any], *, prefix: str = "") -> str | None:
        """Return what is wrong with a request's values, in one line, or None."""
        for name in self.required:
            if given(values, name) in (None, ""):
                return f"Missing required field: {prefix}{name}"
        for name, rule in self.settings.items():
            value = given(values, name)
            wrong = None if value is None else _wrong(value, rule, timed=name == "duration")
            if wrong:
                return f"Invalid value for {prefix}{name}: {wrong}"
        return None

    def cost(self, values: Mapping[str, Any], *, count: int = 1) -> Decimal:
        """Return the price of a request, in the service's unit."""
        per = self.price["per"]
        amount = Decimal(str(self._tier(values)))
        if self.price.get("cny"):
            amount *= YUAN
        text = str(values.get("prompt") or values.get("text") or "")
        times: dict[str, Any] = {
            "image": count,
            "second": _seconds(values),
            "kchar": Decimal(max(1, len(text))) / 1000,
            "mtok": Decimal(len(text) + 400) / 4_000_000,
        }
        total: Decimal = amount * times.get(per, 1)
        return total.quantize(Decimal("0.000001")).normalize() + 0

    def _tier(self, values: Mapping[str, Any]) -> Any:
        if "flat" in self.price:
            return self.price["flat"]
        table = self.price.get("is")
        if not table:
            return UNPRINTED[self.price["per"]]
        fallback = self.price.get("else", {})
        parts = []
        for name in self.price["by"]:
            value = values.get(name)
            if name == "sound":
                value = "on" if any(values.get(each) for each in ("sound", "audio", "generate_audio")) else "off"
            if value is None:
                value = self.settings.get(name, {}).get("default", fallback.get(name, ""))
            tiers = {part.casefold() for tier in table for part in tier.split("-")}
            known = str(value).casefold() in tiers  # "auto" is no tier: what the service then takes is
            parts.append(str(value) if known or name not in fallback else str(fallback[name]))
        folded = {tier.casefold(): amount for tier, amount in table.items()}
        last = [str(fallback.get(name, "")) for name in self.price["by"]]
        for tier in ("-".join(parts), "-".join(last)):
            if tier.casefold() in folded:
                return folded[tier.casefold()]
        return max(table.values()) if any(parts) else next(iter(table.values()))


@cache
def models(service: str) -> Mapping[str, Model]:
    """Return a service's models by id, in the order of its pages."""
    text = resources.files(__package__).joinpath("catalogue.json").read_text(encoding="utf-8")
    entries = json.loads(text)[service]
    return {entry["id"]: Model(**{**entry, "required": tuple(entry.get("required", ()))}) for entry in entries}


@cache
def _aliases(service: str) -> Mapping[str, Model]:
    return {model.alias: model for model in models(service).values() if model.alias}


def find(service: str, name: object) -> Model | None:
    """Return a model by its id or its other name."""
    return models(service).get(str(name)) or _aliases(service).get(str(name))


def given(values: Mapping[str, Any], name: str) -> Any:
    """Return a value by its name, ``a.b`` looking into an object."""
    if name in values:
        return values[name]
    outer, _, inner = name.partition(".")
    nested = values.get(outer) if inner else None
    return nested.get(inner) if isinstance(nested, dict) else None


def count_of(model: Model, values: Mapping[str, Any]) -> int:
    """Return how many files come back."""
    if "count" in model.extra:
        return int(model.extra["count"].get(str(values.get("mode")), model.extra["count"]["*"]))
    for name in COUNTS:
        number = values.get(name, model.settings.get(name, {}).get("default"))
        if isinstance(number, int) and not isinstance(number, bool):
            return max(1, min(number, MOST_RESULTS))
    return 1


def form_of(model: Model, values: Mapping[str, Any], default: str) -> str:
    """Return the file name's ending of what comes back; `default` is the service's own for images."""
    if model.kind != "image":
        return FORMS[model.kind]
    if str(values.get("background")) == "transparent":
        return "png"
    asked = values.get("output_format") or model.settings.get("output_format", {}).get("default") or default
    return IMAGE_FORMS.get(str(asked).lower(), default)


def _seconds(values: Mapping[str, Any]) -> Decimal:
    try:
        seconds = Decimal(str(values.get("duration", 5)))
    except ArithmeticError:
        return Decimal(5)
    return seconds if 0 < seconds < math.inf else Decimal(5)


def _wrong(value: Any, rule: Mapping[str, Any], *, timed: bool) -> str | None:
    kinds = _TYPES[rule["type"]]
    given: Any = value
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        return f"expected {rule['type']}"
    if rule["type"] == "urls" and not all(isinstance(each, str) for each in given):
        return "expected an array of URLs"
    if rule["type"] == "urls" and not all(is_web(each) or each.startswith("asset://") for each in given):
        return "not a public URL"
    options = rule.get("options")
    if options and str(value).casefold() not in {str(option).casefold() for option in options}:
        return f"{value!s:.80} is not one of {', '.join(map(str, options))}"
    return _out_of_range(value, rule, timed=timed)


def _out_of_range(value: Any, rule: Mapping[str, Any], *, timed: bool) -> str | None:
    least, most = rule.get("min", -math.inf), rule.get("max", math.inf)
    size: float
    if isinstance(value, list):
        size, unit = len(value), "items"
    elif isinstance(value, str):
        size, unit = (
            (float(value), "seconds") if timed and value.replace(".", "", 1).isdigit() else (len(value), "characters")
        )
        if timed and unit == "characters":
            return None
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        size, unit = value, ""
        if timed and value == -1:
            return None
    else:
        return None
    return (
        None
        if least <= size <= most
        else f"must be between {rule.get('min', 0)} and {rule.get('max', 'any')} {unit}".strip()
    )
