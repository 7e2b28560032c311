"""What was to be reached, beside what was measured. A figure that was not measured is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from report import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GOALS", "Goal", "compared"]

NOTE = """What stands in the way where it says no: a limit that nobody tells is met by refusals, or it is not known. With 16
places, each second until an end is seen keeps a place, and 600 requests a minute are no more than three looks a job. At 50 at
once ten waves of jobs need a list each fifth of a duration, which is 0.11 requests a row. Beside its create a row may have 2.5
looks, and no schedule of so few finds the ends of such images a tenth late; the best one needs 3.1. What is not signed is
believed after one look. A loop that writes as much as `ng.map`, and looks every 0.1 s, has less to do for each row."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to reach.

    Attributes:
        words: What it is.
        fact: The figure, by its name.
        bound: What it may be at the most; with ``least`` at the least.
        form: How it is written.
        least: Whether more is better.
    """

    words: str
    fact: str
    bound: float
    form: str = ".2f"
    least: bool = False


def _under(model: str, how: str, words: str, over: float, refused: float) -> list[Goal]:
    return [
        goal
        for per_minute in (10, 60, 600)
        for goal in (
            Goal(
                f"500 jobs ({model}), {per_minute} requests a minute{words}: time to the least",
                f"time to the least, {per_minute} a minute, 1000 places, {model}{how}",
                over,
            ),
            Goal(
                "of these, requests refused",
                f"refused, {per_minute} a minute, 1000 places, {model}{how}",
                refused,
                ".1%",
            ),
        )
    ]


GOALS = (
    *(
        goal
        for model in ("image, 6 s", "video, 75 s")
        for how, words, over, refused in (
            ("", "", 1.05, 0.01),
            (", told", " that replies tell", 1.05, 0.01),
            (", found out", " that nobody tells", 1.05, 0.01),
        )
        for goal in _under(model, how, words, over, refused)
    ),
    *(
        Goal(
            f"500 images, {places} at once, {per_minute} requests a minute: time to the least",
            f"time to the least, {per_minute} a minute, {places} places, image, 6 s",
            bound,
        )
        for places, per_minute, bound in ((16, 60, 1.05), (16, 600, 1.05))
    ),
    Goal(
        "requests a row where jobs are listed, 50 images at once", "requests a row, listed, 50 places, image, 6 s", 1.1
    ),
    Goal(
        "requests a row where jobs are listed, 50 videos at once", "requests a row, listed, 50 places, video, 75 s", 1.1
    ),
    Goal("requests a row where signed callbacks come", "requests a row, called back, signed", 1.1),
    Goal("requests a row where callbacks come unsigned", "requests a row, called back, not signed", 1.1),
    Goal(
        "requests a row where each is looked at, 50 images at once",
        "requests a row, singly, 50 places, image, 6 s",
        3.5,
    ),
    Goal(
        "requests a row where each is looked at, 50 videos at once",
        "requests a row, singly, 50 places, video, 75 s",
        10.0,
    ),
    Goal("looks an image of 6 s where each is looked at", "looks, image, 6 s", 3.5),
    Goal("of its duration, until its end is seen", "delay of the duration, image, 6 s", 0.10, ".1%"),
    Goal("looks a video of 75 s where each is looked at", "looks, video, 75 s", 10.0, ".1f"),
    Goal("of its duration, until its end is seen", "delay of the duration, video, 75 s", 0.10, ".1%"),
    Goal("rows a second without a limit, to the thread pool's", "rows a second, to the thread pool", 2.0, least=True),
    Goal("rows a second without a limit, to the aiohttp loop's", "rows a second, to the aiohttp loop", 1.0, least=True),
    Goal("processor time a row, to the thread pool's", "CPU a row, to the thread pool", 0.5),
    Goal("memory of a submitted job beside its prompt, kB", "memory a job, kB", 4.0, ".1f"),
    Goal("`import notebookgen`, ms", "import notebookgen, ms", 20.0, ".0f"),
    Goal("`%load_ext notebookgen`, ms", "%load_ext notebookgen, ms", 40.0, ".0f"),
    Goal(
        "a picture from cell to inline beyond the job's own time, ms",
        "a picture beyond the job's own time, ms",
        150.0,
        ".0f",
    ),
)


def compared(facts: Mapping[str, float]) -> Table:
    """Return the goals with what was measured of them."""
    rows = []
    for goal in GOALS:
        found = facts.get(goal.fact)
        if found is None:
            continue
        reached = found >= goal.bound if goal.least else found <= goal.bound
        bound = f"{'at least' if goal.least else 'at most'} {goal.bound:{goal.form}}"
        rows.append((goal.words, bound, f"{found:{goal.form}}", "yes" if reached else "**no**"))
    return Table("To reach, and reached", ("", "to reach", "measured", "reached"), rows, " ".join(NOTE.split()))
