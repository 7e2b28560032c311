"""What a saved notebook remembers of a result: the metadata key ``notebookgen``. No key, no provider's address, no bytes.

Whether it is wanted, there and in the files that are saved, is a setting; who knows the settings tells it here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from notebookgen.media.captions import clean
from notebookgen.normal import plain_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.media.shown import Shown

__all__ = ["address", "is_wanted", "provenance", "set_wanted", "told", "version"]

LONGEST_PROMPT = 4_000  # characters
LONGEST_VALUE = 500
MOST_ITEMS = 50
DEEPEST = 4

_wanted: list[Callable[[], bool]] = []


def set_wanted(wanted: Callable[[], bool]) -> None:
    """Have somebody asked whether provenance is wanted where a call does not say."""
    _wanted[:] = [wanted]


def is_wanted(said: bool | None = None) -> bool:  # noqa: FBT001 - the only thing there is to say
    """Whether provenance is wanted.

    Args:
        said: What a call says; None leaves it to the settings.
    """
    return said if said is not None else all(wanted() for wanted in _wanted)


@cache
def version() -> str:
    """Return our own version, as saved files tell it."""
    from importlib.metadata import version as installed  # noqa: PLC0415 - rarely asked for

    return installed("notebookgen")


def provenance(shown: Shown) -> dict[str, object]:
    """Return where a result comes from, as JSON values."""
    cost = shown.cost
    found: dict[str, object] = {
        "id": clean(shown.id),
        "status": clean(shown.status),
        "model": clean(shown.model),
        "prompt": cut(clean(shown.prompt), LONGEST_PROMPT),
        "settings": {
            cut(clean(str(key)), 100): told(value) for key, value in list(shown.settings.items())[:MOST_ITEMS]
        },
        "cost": None if cost.amount is None else plain_number(cost.amount),
        "unit": cost.unit,
        "basis": cost.basis,
        "job": None if shown.job is None else clean(shown.job),
        "seconds": None if shown.seconds is None or not math.isfinite(shown.seconds) else round(shown.seconds, 3),
        "at": None if shown.at is None else shown.at.isoformat(),
        "sha256": [asset.sha256 for asset in shown.assets],
        "sandbox": shown.sandbox,
        "cached": shown.cached,
        "sample": shown.sample,
    }
    return found if shown.run is None else {**found, "run": clean(shown.run)}


def told(value: object, depth: int = 0) -> object:
    """Return a setting's value short and safe to be published with a notebook."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return address(value)
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {cut(clean(str(key)), 100): told(one, depth + 1) for key, one in list(value.items())[:MOST_ITEMS]}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [told(one, depth + 1) for one in value[:MOST_ITEMS]]
    return type(value).__name__


def address(text: str) -> str:
    """Return a text; of an address only what names the file, since its query may be a signature, and of a data URI its type."""
    if text[:5].lower() == "data:":
        return f"{cut(clean(text.partition(',')[0]), 60)},… ({len(text)} characters)"
    if "://" in text[:12]:
        try:
            parts = urlsplit(clean(text).strip())
            host = parts.netloc.rpartition("@")[2]
            return cut(parts._replace(netloc=host, query="", fragment="").geturl(), LONGEST_VALUE)
        except ValueError:
            return "(an address that cannot be read)"
    return cut(clean(text), LONGEST_VALUE)


def cut(text: str, most: int) -> str:
    """Return text of at most that many characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
