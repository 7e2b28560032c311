"""How many results a generation asks for: everything about the settings that multiply what a call makes and costs. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COUNTS", "LENGTHS", "MOST_RESULTS", "plain_amount", "results_asked"]

# So many are made. The first three stand on the providers' pages, the others on those of services like them: a model
# whose page was not read may know any of them, and a count that is overlooked is paid for all the same.
EXACT = (
    "n",
    "num_images",
    "nVariants",
    "batch_size",
    "batchSize",
    "image_count",
    "imageCount",
    "n_images",
    "numImages",
    "numOutputs",
    "num_outputs",
    "num_results",
    "num_samples",
    "num_videos",
    "numberOfImages",
    "number_of_images",
    "number_of_outputs",
)
UPPER = ("max_images",)  # at most so many are made
LENGTHS = ("duration", "seconds", "length", "duration_seconds", "video_length")  # how long a film or a sound is to be
COUNTS = frozenset({*EXACT, *UPPER})
ONE = Decimal(1)
MOST_RESULTS = 1000  # of one call, where the model's page does not say


def results_asked(
    fact: Callable[[str], object], skip: Callable[[str], bool] = lambda _: False
) -> tuple[Decimal, Decimal]:
    """Return how many results are asked for, at most and at least.

    Args:
        fact: What a setting is: as given, else the default it has.
        skip: Which settings do not count.
    """
    exact, upper = (
        max(
            (count for key in keys if (said := fact(key)) is not None and not skip(key) and (count := _count(said))),
            default=ONE,
        )
        for keys in (EXACT, UPPER)
    )
    return exact * upper, exact


def plain_amount(value: object) -> Decimal | None:
    """Return a number above zero, given as a number or as text such as ``"5"`` or ``"5s"``; else None."""
    text = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    plain = text.strip().removesuffix("s")
    number = Decimal(plain) if plain.replace(".", "", 1).isdecimal() and plain.isascii() else Decimal(0)
    return number if number > 0 else None


def _count(value: object) -> Decimal | None:
    """Return a whole number above zero; else None."""
    number = plain_amount(value)
    return number if number is not None and number == number.to_integral_value() else None
