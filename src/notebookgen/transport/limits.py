"""What is known of an account's limits, as values: what was set, told by replies, or learned from refusals. Pure.

Moments are seconds of a clock that only goes forward and is the same for all programs of this machine.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

__all__ = [
    "LONGEST_PAUSE",
    "MINUTE",
    "Heard",
    "Known",
    "Limit",
    "known_from",
    "known_text",
    "limit_words",
]

MINUTE = 60.0
LONGEST_PAUSE = 300.0  # seconds; who is asked to wait longer is told so, and nobody else waits for that
NAMES = {1.0: "a second", MINUTE: "a minute", 3600.0: "an hour"}
Origin = Literal["set", "told", "learned"]


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests within any so many seconds.

    Attributes:
        count: How many, 1 or more.
        window: Seconds.
        origin: ``set`` by a person, ``told`` by replies, or ``learned`` from refusals.
    """

    count: int
    window: float = MINUTE
    origin: Origin = "set"

    @property
    def words(self) -> str:
        """The limit as people say it, such as ``60 a minute``."""
        return limit_words(self.count, self.window)


def limit_words(count: int, window: float) -> str:
    """Return a limit as people say it."""
    name = NAMES.get(window)
    return f"{count} {name}" if name else f"{count} in {window:.3g} s"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an account, shared by all kernels.

    Attributes:
        told: What its replies tell.
        learned: What its refusals have taught.
        sure: Whether the window of what was learned is known; before, one request at a time finds it out.
        longer: Seconds that the window is longer than, as those have found that were refused.
        probing: Until when one is on its way that finds it out.
        ceiling: How many were in the window when one was refused the last time; 0 where nothing is known.
        good: How many full windows in a row have gone well at the ceiling.
        full: Whether somebody had to wait since the limit was changed: only then does a good window say something.
        since, lowered: When the learned limit was changed, and lowered, the last time.
        gap, eased: Least seconds between two requests, and when that was changed.
        paused: Nothing is sent before that moment.
        refusals: Refusals in a row.
        owed: How many requests of creates have left that no look has followed while creates were waiting.
        wanting: Until when creates wait for their turn.
        jobs: How many jobs at once the refusals have taught; 0 where nothing is known.
        crowded, patience: When that was changed, and how many seconds it is kept before one more is tried.
    """

    told: Limit | None = None
    learned: Limit | None = None
    sure: bool = False
    longer: float = 0.0
    probing: float = 0.0
    ceiling: int = 0
    good: int = 0
    full: bool = False
    since: float = 0.0
    lowered: float = 0.0
    gap: float = 0.0
    eased: float = 0.0
    paused: float = 0.0
    refusals: int = 0
    owed: int = 0
    wanting: float = 0.0
    jobs: int = 0
    crowded: float = 0.0
    patience: float = MINUTE


MOMENTS = ("since", "lowered", "eased", "paused", "probing", "wanting", "crowded")


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a request.

    Attributes:
        what: ``ok``: it was answered, whatever the answer; ``refused``: one of too many; ``failed``: a broken service or
            a reply that was lost; ``unsent``: nothing of it left.
        retry_after: Seconds that the refusal asks to wait, where it does.
        told: The limit that the reply tells, where it does, and counts.
        remaining: What it says is left of that.
        crowded: Whether it is the jobs under way that are too many.
    """

    what: Literal["ok", "refused", "failed", "unsent"] = "ok"
    retry_after: float | None = None
    told: Limit | None = None
    remaining: int | None = None
    crowded: bool = False


def known_text(known: Known) -> str:
    """Return what is known as text that a file can keep."""
    return json.dumps(asdict(known), separators=(",", ":"))


def known_from(text: str | None, *, now: float, same_clock: bool = True) -> Known:
    """Read what a file has kept; what cannot be read, or lies in a future that cannot be, is nothing.

    Args:
        text: What was kept.
        now: This moment.
        same_clock: Whether its moments are those of this clock; after a start of the machine they are not.
    """
    try:
        data: Any = json.loads(text) if text else {}
        if not isinstance(data, dict):
            return Known()
        names = {one.name: one for one in fields(Known)}
        values: dict[str, Any] = {name: value for name, value in data.items() if name in names}
        for name in ("told", "learned"):
            values[name] = _limit(values.get(name))
        known = Known(**values)
        if not _sane(known):
            return Known()
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return Known()
    moments = {name: getattr(known, name) for name in MOMENTS}
    if not same_clock or any(moment > now + 2 * LONGEST_PAUSE for moment in moments.values()):
        none: dict[str, Any] = dict.fromkeys(MOMENTS, 0.0)
        return replace(known, refusals=0, owed=0, **none)
    return known


def _limit(data: object) -> Limit | None:
    """Return a limit that was kept."""
    if not isinstance(data, dict):
        return None
    count, window, origin = data["count"], data["window"], data["origin"]
    fine = _whole(count) and _number(window) and count >= 1 and window > 0 and origin in {"told", "learned"}
    return Limit(count, float(window), origin) if fine else None


def _number(value: object) -> bool:
    """Whether something is a number of at least 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0


def _whole(value: object) -> bool:
    """Whether something is a whole number of at least 0."""
    return _number(value) and isinstance(value, int)


def _sane(known: Known) -> bool:
    """Whether every number is one that could have been written here."""
    numbers = (known.gap, known.patience, known.longer, *(getattr(known, name) for name in MOMENTS))
    whole = (known.ceiling, known.good, known.refusals, known.owed, known.jobs)
    truths: tuple[object, ...] = (known.sure, known.full)
    return all(map(_number, numbers)) and all(map(_whole, whole)) and all(one in {True, False} for one in truths)
