"""What a setting of the sandbox may be: every rule reads a value into its own form, or says what is allowed.

A wrong value is refused where it is set, in the words of the call, and not later on a thread that nobody hears.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.normal import shown_value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

__all__ = ["Rule", "fitted", "flag", "listed", "named", "number", "optional", "span", "text", "words"]

LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Rule:
    """What one setting may be.

    Attributes:
        read: Returns the value in its own form; raises TypeError, ValueError or OverflowError where it does not fit.
        allowed: What fits, as in "is not ...".
        example: A value that fits, as it is typed.
        secret: Whether a wrong value may be a key, which no message shows.
    """

    read: Callable[[Any], Any]
    allowed: str
    example: str
    secret: bool = False


def fitted(values: object, rules: Mapping[str, Rule]) -> None:
    """Put every setting of a frozen record into its own form.

    Raises:
        InvalidCall: One does not fit; the message says what is allowed, and shows one that does.
    """
    for name, rule in rules.items():
        value = getattr(values, name)
        try:
            read = rule.read(value)
        except (TypeError, ValueError, OverflowError) as error:
            shown = "..." if rule.secret else shown_value(value, LONGEST_SHOWN)
            hint = str(error) if isinstance(error, Misnamed) else ""
            message = f"{name}={shown} is not {rule.allowed}.{hint}\nGive for example: {name}={rule.example}"
            raise InvalidCall(message) from None
        object.__setattr__(values, name, read)


class Misnamed(ValueError):
    """A word that is not known; its text is the near miss."""


def number(least: float, most: float = math.inf, *, example: str, whole: bool = False, of: str = "") -> Rule:
    """Return the rule for a finite number; `least` and `most` fit, too."""

    def read(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise TypeError
        if not (least <= value <= most and math.isfinite(value)):
            raise ValueError
        return value

    kind = "a whole number" if whole else "a number"
    limits = f"from {least:.12g} to {most:.12g}" if most < math.inf else f"of {least:.12g} or more"
    return Rule(read, f"{kind} {limits}{f', {of}' if of else ''}", example)


def flag() -> Rule:
    """Return the rule for yes and no."""

    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise TypeError
        return value

    return Rule(read, "True or False", "True")


def text(example: str, *, empty: bool = False, secret: bool = False) -> Rule:
    """Return the rule for a text."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not (empty or value.strip()):
            raise TypeError
        return value

    return Rule(read, "a text", repr(example), secret=secret)


def named(known: Collection[Any]) -> Rule:
    """Return the rule for one of a few values; a near miss is named."""

    def read(value: Any) -> Any:
        if any(value == one and type(value) is type(one) for one in known):
            return value
        raise (
            Misnamed(near_miss(value, [one for one in known if isinstance(one, str)]))
            if isinstance(value, str)
            else ValueError
        )

    return Rule(read, f"one of {', '.join(map(str, known))}", repr(next(iter(known))))


def optional(rule: Rule, meaning: str) -> Rule:
    """Return the rule for what may be None, which means something."""
    return replace(
        rule,
        read=lambda value: None if value is None else rule.read(value),
        allowed=f"{rule.allowed} (None: {meaning})",
    )


def span(example: str) -> Rule:
    """Return the rule for a number of seconds, or for the least and the most of them."""
    one = number(0, example=example)

    def read(value: Any) -> tuple[float, float]:
        least, most = (value, value) if isinstance(value, (int, float)) else value
        if one.read(least) > one.read(most):
            raise ValueError
        return float(least), float(most)

    return Rule(read, "a number of seconds, or the least and the most of them", example)


def listed(one: Rule, allowed: str, example: str, *, form: Callable[[list[Any]], Any] = tuple) -> Rule:
    """Return the rule for a list, a tuple or a set of what another rule lets through."""

    def read(value: Any) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise TypeError
        return form([one.read(each) for each in value])

    return Rule(read, allowed, example, secret=one.secret)


def words(example: str) -> Rule:
    """Return the rule for pairs of a name and a text, as headers have them."""

    def read(value: Any) -> tuple[tuple[str, str], ...]:
        pairs = value.items() if isinstance(value, dict) else value
        if isinstance(pairs, str):
            raise TypeError
        return tuple((str(name), str(said)) for name, said in pairs)

    return Rule(read, "pairs of a name and a text", example)
