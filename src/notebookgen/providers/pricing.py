"""What is known without asking: everything that comes from ``catalogue.json`` and ``prices.json``.

Both are data of this package, read once and only when somebody asks. A price is a listed one: the highest where
sources disagree or where a setting that decides it is left out, with the lowest kept beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall
from notebookgen.normal import plain_number
from notebookgen.providers.checks import IMAGE_TYPES
from notebookgen.providers.counting import LENGTHS, plain_amount, results_asked
from notebookgen.providers.replies import MOST_CHARGE
from notebookgen.records import Cost, Model, Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.amounts import OwnPrice
    from notebookgen.records import Generation

__all__ = ["Price", "check_own_price", "known_model", "known_models", "listed_price", "own_price", "prices"]

PERS = {None: "image", "result": "image", "second": "second", "1000 characters": "1000 characters"}

LENGTH_FIELDS = ("text", "prompt")


@dataclass(frozen=True, slots=True)
class Price:
    """One line of the price list.

    Attributes:
        model: The provider's model id.
        amount: The highest amount that a source gives.
        low: The lowest one, where they disagree.
        unit: ``USD``, ``credits`` or ``CNY``: three units that are never added together.
        per: ``run``, ``image``, ``second``, ``1000 characters`` or ``1M tokens``.
        when: The settings it holds for; ``@images`` is the number of input images, 2 for two and more.
        of: ``input`` or ``output``, for tokens.
        reference: What each input image adds.
        free_references: How many input images may add nothing; sources leave it open.
        seconds: Shortest and longest duration, where no setting tells it.
        note: What it depends on, in a few words.
        source: Where it was read.
        as_of: When, as an ISO date.
    """

    model: str
    amount: Decimal
    unit: str
    per: str
    source: str
    as_of: str
    low: Decimal | None = None
    when: Mapping[str, object] = field(default_factory=dict)
    of: str = ""
    reference: Decimal = Decimal(0)
    free_references: int = 0
    seconds: tuple[int, int] | None = None
    note: str = ""

    @property
    def least(self) -> Decimal:
        """The lowest amount that a source gives."""
        return self.amount if self.low is None else self.low


@dataclass(frozen=True, slots=True)
class _Asked:
    """What decides a price: the settings, how many input images, and how many characters to speak."""

    model: Model
    settings: Mapping[str, object]
    images: int
    characters: int | None

    def fact(self, key: str) -> object:
        """Return what a price may depend on: the number of images, a setting, or the default it has."""
        if key == "@images":
            return min(self.images, 2)
        if key in self.settings:
            return self.settings[key]
        known = self.model.setting(key)
        return known.default if known is not None else None


def _data(name: str) -> list[dict[str, Any]]:
    text = files("notebookgen.providers").joinpath(name).read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


@cache
def prices(provider: str) -> Mapping[str, tuple[Price, ...]]:
    """Return a provider's price list, by model id."""
    table: dict[str, list[Price]] = {}
    for row in _data("prices.json"):
        if row.pop("provider") != provider:
            continue
        for key in ("amount", "low", "reference"):
            if row.get(key) is not None:
                row[key] = Decimal(row[key])
        row["seconds"] = tuple(row["seconds"]) if "seconds" in row else None
        table.setdefault(row["model"], []).append(Price(**row))
    return MappingProxyType({model: tuple(lines) for model, lines in table.items()})


@cache
def _catalogue(provider: str) -> tuple[Mapping[str, Model], Mapping[str, str]]:
    """Return a provider's models by id, and the ids by which else they are called."""
    models: dict[str, Model] = {}
    aliases: dict[str, str] = {}
    for row in _data("catalogue.json"):
        if row["provider"] != provider:
            continue
        settings = tuple(Setting(**{**one, "options": tuple(one.get("options", ()))}) for one in row["settings"])
        model = Model(
            provider=provider,
            id=row["id"],
            name=row["id"],
            kind=row["kind"],
            settings=settings,
            prompt_required=row.get("prompt_required", True),
            route=row["route"],
            description=row.get("note", ""),
            source=row["source"],
        )
        lines = prices(provider).get(model.id, ())
        models[model.id] = replace(model, cost=_cost(lines, _Asked(model, {}, 0, None), "USD"))
        aliases.update(dict.fromkeys(row.get("aliases", ()), model.id))
    return MappingProxyType(models), MappingProxyType(aliases)


def known_models(provider: str) -> tuple[Model, ...]:
    """Return the models of a provider that are known without asking."""
    return tuple(_catalogue(provider)[0].values())


def known_model(provider: str, id: str) -> Model | None:
    """Return what is known of a model, by its id or by another id that the provider takes for it."""
    models, aliases = _catalogue(provider)
    model = models.get(aliases.get(id, id))
    return model if model is None or model.id == id else replace(model, id=id)


def listed_price(generation: Generation, model: Model | None, *, unit: str) -> Cost:
    """Return what the price list says a generation costs.

    Args:
        generation: What is asked for, prepared.
        model: What is known of its model.
        unit: The provider's own unit; a price in another one counts only where there is none in this.
    """
    asked = _asked_of(generation, model)
    canonical_id = _catalogue(asked.model.provider)[1].get(asked.model.id, asked.model.id)
    return _cost(prices(asked.model.provider).get(canonical_id, ()), asked, unit)


def own_price(own: OwnPrice, generation: Generation, model: Model | None, *, unit: str) -> Cost:
    """Return what a generation costs by a person's own price.

    Args:
        own: The price.
        generation: What is asked for, prepared.
        model: What is known of its model.
        unit: The provider's own unit.

    Raises:
        InvalidCall: The price leaves open what it is for, and that decides what is paid.
    """
    asked = _asked_of(generation, model)
    check_own_price(own, asked.model, generation.settings, unit=unit)
    line = Price(asked.model.id, own.amount, unit, PERS[own.per], source="your own price", as_of="")
    quantity = _quantity(line, asked)
    if quantity is None:
        return Cost(note=f"your own price is {plain_number(own.amount)} {unit} per {own.per}, and nobody says how many")
    note = f"your own price: {plain_number(own.amount)} {unit} per {own.per or 'result'}"
    if own.amount * quantity[0] > MOST_CHARGE:
        return Cost(note=f"{note}, which comes to more than {plain_number(MOST_CHARGE)} {unit}")
    return Cost(own.amount * quantity[0], unit, "listed", note=note)


def check_own_price(own: OwnPrice, model: Model, settings: Mapping[str, object], *, unit: str) -> None:
    """Check that a person's own price says what it is for, where a result has a length to be paid for.

    Args:
        own: The price.
        model: What is known of the model.
        settings: What is asked for.
        unit: The provider's own unit.

    Raises:
        InvalidCall: It does not, or is in another unit.
    """
    if own.unit not in {None, unit}:
        message = (
            f"your own price of {model} is in {own.unit}, and {model.provider} is paid in {unit}. Nothing was sent.\n"
            f"Give it in {unit}, or as a bare number."
        )
        raise InvalidCall(message)
    field = next((key for key in LENGTHS if key in settings or model.setting(key) is not None), None)
    if own.per is None and own.amount and field is not None:
        amount = plain_number(own.amount)
        message = (
            f"your own price of {model} is {amount} {unit}, for each second or for a whole result? It has a '{field}'."
            f" Nothing was sent.\nSay which: ng.configure(prices={{'{model}': '{amount} per second'}}), or '{amount} per result'."
        )
        raise InvalidCall(message)


def _asked_of(generation: Generation, model: Model | None) -> _Asked:
    """Return what decides the price of a generation."""
    provider = generation.realm.provider
    known = model or known_model(provider, generation.model) or Model(provider=provider, id=generation.model)
    length = len(generation.prompt) or next(
        (len(str(generation.settings[key])) for key in LENGTH_FIELDS if key in generation.settings), 0
    )
    return _Asked(known, generation.settings, len(generation.images) + _images_in_settings(generation, known), length)


def _images_in_settings(generation: Generation, model: Model) -> int:
    """Return how many images were given by address among the settings."""
    count = 0
    for key, value in generation.settings.items():
        known = model.setting(key)
        if known is not None and known.type in IMAGE_TYPES and "image" in key:
            count += len(value) if isinstance(value, list | tuple) else 1
    return count


def _cost(lines: tuple[Price, ...], asked: _Asked, unit: str) -> Cost:
    """Return the cost by the lines that hold; the service's own unit goes before any other."""
    units = sorted({line.unit for line in lines}, key=lambda one: (one != unit, one))
    for one in units:
        chosen = _holding([line for line in lines if line.unit == one], asked)
        if not chosen:
            continue
        others = [line for line in lines if line.unit != one]
        also = [f"an older page says {plain_number(line.amount)} {line.unit}" for line in _holding(others, asked)[:1]]
        return _summed(chosen, asked, also)
    return Cost(note="no price is listed for these settings" if lines else "no price is listed")


def _holding(lines: list[Price], asked: _Asked) -> list[Price]:
    """Return the lines that hold: the most exact of those wholly met, else all that may turn out to hold."""
    met: list[Price] = []
    open_: list[Price] = []
    for line in lines:
        facts = [(wanted, asked.fact(key)) for key, wanted in line.when.items()]
        if all(fact is None or _same(wanted, fact) for wanted, fact in facts):
            (open_ if any(fact is None for _, fact in facts) else met).append(line)
    exact = max((len(line.when) for line in met), default=0)
    return [line for line in met if len(line.when) == exact] or open_


def _same(wanted: object, fact: object) -> bool:
    return str(wanted).casefold() == str(fact).casefold()


def _summed(chosen: list[Price], asked: _Asked, also: list[str]) -> Cost:
    """Return the highest and the lowest of the lines, each times how much of it is asked for."""
    highest: Decimal | None = None
    lowest: Decimal | None = None
    for line in chosen:
        quantity = _quantity(line, asked)
        if quantity is None:
            return Cost(note=_rates(chosen))
        most, least = quantity
        high = (line.amount + line.reference * asked.images) * most
        low = (line.least + line.reference * max(0, asked.images - line.free_references)) * least
        highest = high if highest is None else max(highest, high)
        lowest = low if lowest is None else min(lowest, low)
    first = chosen[0]
    notes = [*dict.fromkeys(line.note for line in chosen if line.note), *also, f"{first.source}, {first.as_of}"]
    if highest is not None and highest > MOST_CHARGE:
        return Cost(note=f"more than {plain_number(MOST_CHARGE)} {first.unit} by the price list, which cannot be")
    low_shown = lowest if lowest != highest else None
    return Cost(amount=highest, unit=first.unit, basis="listed", low=low_shown, note="; ".join(notes))


def _rates(lines: list[Price]) -> str:
    """Return the rates of what cannot be counted beforehand, such as ``2.4 CNY per 1M tokens (input)``, and why."""
    said = [f"{plain_number(x.amount)} {x.unit} per {x.per}" + (f" ({x.of})" if x.of else "") for x in lines]
    return "; ".join([", ".join(dict.fromkeys(said)), *dict.fromkeys(x.note for x in lines if x.note)])


def _quantity(line: Price, asked: _Asked) -> tuple[Decimal, Decimal] | None:
    """Return how much of a line's unit is asked for, at most and at least; None where nobody can tell."""
    if line.per == "run":
        # What a call costs holds for the settings that the page has; a count beside them may multiply it.
        return results_asked(asked.fact, lambda key: asked.model.setting(key) is not None)[0], Decimal(1)
    if line.per == "image":
        return results_asked(asked.fact)
    if line.per == "second":
        return _seconds(line, asked)
    if line.per == "1000 characters" and asked.characters is not None:
        return Decimal(asked.characters) / 1000, Decimal(asked.characters) / 1000
    return None


def _seconds(line: Price, asked: _Asked) -> tuple[Decimal, Decimal] | None:
    """Return how many seconds are asked for, of all films together; None where nobody can tell."""
    length = _length(line, asked)
    if length is None:
        return None
    most, least = results_asked(asked.fact)
    return length[0] * most, length[1] * least


def _length(line: Price, asked: _Asked) -> tuple[Decimal, Decimal] | None:
    """Return how many seconds each film lasts, at most and at least."""
    given = next((read for key in LENGTHS if (read := plain_amount(asked.fact(key))) is not None), None)
    if given is not None:
        return given, given
    if line.seconds is not None:
        shortest, longest = line.seconds
        return Decimal(longest), Decimal(shortest)
    known = asked.model.setting("duration")
    if known is None:
        return None
    options = [count for one in known.options if (count := plain_amount(one))]
    if options:
        return max(options), min(options)
    shortest_, longest_ = plain_amount(known.minimum), plain_amount(known.maximum)
    return (longest_, shortest_ or longest_) if longest_ is not None else None
