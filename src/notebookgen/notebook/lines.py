"""What is said of a run in one line, while it goes on and at its end. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.jobs.handle import Progress, RunHandle

__all__ = [
    "UNHAPPY",
    "WIDTH",
    "counts",
    "ended",
    "left_over",
    "line",
    "lines",
    "money",
    "resumed_line",
    "standing",
    "unhappy",
    "waited",
]

WIDTH = 96  # columns; fits a notebook beside a sidebar
UNHAPPY = ("failed", "refused", "cancelled", "ambiguous")  # each in its own word, as the last line has them
UNDER_WAY = ("intent", "submitted", "completed")
USUAL = frozenset({"starting", "queued", "running", "sending", "done", "downloading", *UNDER_WAY})
WAITING = "waiting: "  # how what an account's limit makes a run wait for begins
NEARLY = 0.95  # how full the bar gets by time alone: full means done


def line(progress: Progress, width: int = WIDTH) -> str:
    """Return what is shown of a run while it goes on: how it stands, bar, elapsed and expected time, spent, model.

    Args:
        progress: Where the run stands.
        width: Columns to fill.
    """
    return lines(progress, width)[0]


def lines(progress: Progress, width: int = WIDTH) -> list[str]:
    """Return the same, and what is waited for and the last note on lines of their own where they do not fit.

    They say what nothing else does.
    """
    text, words = _drawn(progress), list(_words(progress))
    without = _drawn(replace(progress, model="")) if progress.total > 1 else text  # there it comes last, and can be cut
    if len(without) <= width or not words:
        return [_short(text, width)]
    below = textwrap.wrap(" ".join(" · ".join(words).split()), width)
    return [_short(_drawn(progress, words=False), width), *below]


def _short(text: str, width: int) -> str:
    """Return a text that is no longer than a line."""
    return text if len(text) <= width else text[: width - 1] + "…"


def _drawn(progress: Progress, *, words: bool = True) -> str:
    """Return the whole line, however long; without ``words`` nothing of what is waited for, and no note."""
    from tqdm.std import tqdm  # noqa: PLC0415 - loaded when something takes long enough to be shown

    many = progress.total > 1
    expected = left_over(progress) if many else progress.expected
    if expected is None or expected <= 0:
        times = "{elapsed}"
    elif progress.elapsed <= expected:
        times = f"{{elapsed}} of about {tqdm.format_interval(expected)}"
    else:
        times = f"{{elapsed}}, usually {tqdm.format_interval(expected)}"
    by_time = min(NEARLY, progress.elapsed / expected) if expected and not many else 0.0
    bar = "|{bar:10}| " if many else "|{bar:16}| " if expected else ""
    drawn: str = tqdm.format_meter(
        max(progress.over / max(progress.total, 1), by_time),
        1,
        progress.elapsed,
        prefix=_safe(", ".join(counts(progress))) if many else progress.phase,
        bar_format=f"{{desc}} {bar}{times}" + "".join(f" · {_safe(one)}" for one in _tail(progress, words=words)),
    )
    return drawn


def counts(progress: Progress) -> list[str]:
    """Return how many rows of a run are done, running and left, in words."""
    running = sum(progress.states.get(one, 0) for one in UNDER_WAY)
    left = progress.total - max(progress.ended, progress.over + progress.states.get("ambiguous", 0)) - running
    words = [f"{progress.over}/{progress.total} done", f"{running} running" if running else ""]
    words.append("paused" if progress.paused else "")
    return [one for one in [*words, f"{left} left" if left > 0 else ""] if one]


def unhappy(progress: Progress) -> list[str]:
    """Return how many rows of a run did not end well, each in its own word."""
    return [f"{progress.states[one]} {one}" for one in UNHAPPY if progress.states.get(one)]


def money(progress: Progress) -> list[str]:
    """Return what was spent, and what of a budget is left, in words for each unit."""
    from notebookgen.normal import amount_words, plain_number  # noqa: PLC0415 - whoever has a run has loaded it

    return [
        amount_words(amount, unit) + (f" ({plain_number(progress.left[unit])} left)" if unit in progress.left else "")
        for unit, amount in sorted(progress.spent.items())
        if amount
    ]


def left_over(progress: Progress) -> float | None:
    """Return how many seconds a run of many will take in all; None where nothing is known yet.

    By how long such jobs take, and more and more by how it goes. While its account's limit holds it back, how long jobs
    take says little: then only how it goes counts, once as many are over as are under way.
    """
    rows, bought = progress.total - progress.cached, max(progress.over, progress.ended) - progress.cached
    if rows <= 0 or progress.paused:
        return None
    share, held = max(bought, 0) / rows, progress.phase.startswith(WAITING)
    by_jobs = None if held else progress.expected
    if by_jobs is None:
        few = held and bought < sum(progress.states.get(one, 0) for one in UNDER_WAY)
        return progress.elapsed / share if share and not few else None
    return by_jobs * (1 - share) + (progress.elapsed if share else 0.0)


def waited(progress: Progress, *, then: str = "") -> str:
    """Return the last line of a run that goes on and is not waited for any longer; ``then`` says what it does."""
    still = ", ".join(counts(progress)) if progress.total > 1 else progress.phase
    return ended(f"still {still}{then}", progress)


def standing(handle: RunHandle) -> str:
    """Return how a run in the background stands, and how to take it up; without a clock, so that it stays true."""
    now = handle.snapshot()
    parts = [", ".join([*counts(now), *unhappy(now)]), now.model, *money(now)]
    words = f"run {handle.id} in the background: {' · '.join(filter(None, parts))}"
    return handle.retell(f"{words}. To take it up in another kernel: ng.resume('{handle.id}')")


def ended(word: str, progress: Progress) -> str:
    """Return a static line: what is so, the model, the seconds it was watched."""
    from notebookgen.normal import duration  # noqa: PLC0415 - whoever has a run has loaded it

    return " · ".join(one for one in (word, progress.model, duration(progress.elapsed)) if one)


def resumed_line(handle: RunHandle) -> str:
    """Return what was found open when a run was taken up, and what came of it, in one line."""
    if not handle.adopted:
        open_here = "" if handle.elsewhere or handle.keyless else "nothing was left open · "
        return f"run {handle.id}: {open_here}{handle.summary()}" if handle.total else handle.summary()
    return handle.summary(resumed=True)


def _tail(progress: Progress, *, words: bool) -> Iterator[str]:
    """Yield what follows the times: what went wrong, money, what is waited for, the last note, the model."""
    many, said = progress.total > 1, _words(progress) if words else ()
    if many:
        yield from unhappy(progress)
    yield from money(progress)
    if many:
        yield from said
    if progress.model:
        yield progress.model
    if not many:
        yield from said


def _words(progress: Progress) -> Iterator[str]:
    """Yield what is waited for, and the last note."""
    if progress.total > 1 and progress.phase.split(":")[0] not in USUAL and not progress.paused:
        yield progress.phase
    yield from progress.notes[-1:]


def _safe(text: str) -> str:
    """Return a text for use inside a format string, on one line."""
    return " ".join(text.split()).replace("{", "{{").replace("}", "}}")
