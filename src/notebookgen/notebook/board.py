"""How a run in the background looks: one piece of HTML with its counts, its money and the latest previews. Pure but for files.

Inline styles and data URIs only, as everywhere: the same markup is drawn by a widget and by a plain output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.markup import FAINT, FRAME, Markup, backed, data_uri, element, outermost
from notebookgen.media.preview import LIMITS
from notebookgen.media.stills import Wish, still
from notebookgen.notebook.lines import UNHAPPY, counts, left_over, money, unhappy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.jobs.handle import Progress
    from notebookgen.results import Result

__all__ = ["Thumbnails", "board"]

LATEST = 6
EDGE = 96  # pixels
MOST_BYTES = 8_000
WORDS = 140  # characters of a text that are shown
SAVED, BAD, EMPTY = "rgba(66,133,214,0.85)", "rgba(214,72,58,0.85)", "rgba(128,128,128,0.18)"
BAR = f"display:flex;height:8px;border-radius:4px;overflow:hidden;background-color:{EMPTY};max-width:640px"
ROW = "display:flex;flex-wrap:wrap;gap:4px 18px;margin:6px 0 0 0;font-size:12px"
SHELF = "display:flex;flex-wrap:wrap;gap:8px;margin:8px 0 0 0"
TILE = f"{FRAME};height:{EDGE}px;display:flex;align-items:center"


def board(progress: Progress, title: str, tiles: Sequence[Markup] = (), said: str = "") -> Markup:
    """Return how a run looks.

    Args:
        progress: How it stands.
        title: What it is called.
        tiles: The latest previews.
        said: What a person is told or asked below.
    """
    from notebookgen.normal import duration  # noqa: PLC0415 - whoever has a run has loaded it

    bad = sum(progress.states.get(one, 0) for one in UNHAPPY)
    total = max(progress.total, 1)
    expected = left_over(progress)
    time = duration(progress.elapsed) + (f" of about {duration(expected)}" if expected else "")
    reserved = [f"{one} set aside" for one in _amounts(progress.reserved)]
    facts = [
        *counts(progress),
        *unhappy(progress),
        f"spent {' + '.join(money(progress)) or 'nothing'}",
        *reserved,
        time,
    ]
    state = "paused" if progress.paused else "under way"
    return outermost(
        element(
            "div",
            element("span", title, style="font-weight:600"),
            Markup(" · "),
            element("span", f"{progress.model} · {state}", style=FAINT),
        ),
        element(
            "div",
            element("div", style=f"width:{100 * max(progress.over - bad, 0) / total:.2f}%;background-color:{SAVED}"),
            element("div", style=f"width:{100 * bad / total:.2f}%;background-color:{BAD}"),
            style=f"{BAR};margin:6px 0 0 0",
        ),
        element("div", *(element("span", one) for one in facts), style=ROW),
        *(element("div", one, style=f"font-size:12px;{FAINT}") for one in progress.notes[-2:]),
        *([element("div", *tiles, style=SHELF)] if tiles else []),
        *([element("div", said, style="margin:8px 0 0 0;white-space:pre-wrap")] if said else []),
    )


class Thumbnails:
    """The latest previews of a run, each made once; at most one new one each time, so that nobody waits for them."""

    def __init__(self) -> None:
        self._made: dict[int, Markup] = {}

    def latest(self, newest: Sequence[Result]) -> list[Markup]:
        """Return what is made of the newest results."""
        fresh = [one for one in newest if one.index not in self._made]
        if fresh:
            self._made[fresh[0].index] = thumbnail(fresh[0])
        shown = [one.index for one in newest if one.index in self._made]
        for old in [index for index in self._made if index not in shown][: -2 * LATEST or None]:
            if len(self._made) > 2 * LATEST:
                del self._made[old]
        return [self._made[index] for index in shown]


def thumbnail(result: Result) -> Markup:
    """Return a small picture of a result; the first words of a text, or why there is no picture."""
    try:
        text = result.text
    except (OSError, AssetError):
        text = "the file is no longer there"
    if text:
        words = " ".join(text.split())
        short = words if len(words) <= WORDS else f"{words[: WORDS - 1]}…"
        style = f"{TILE};width:{2 * EDGE}px;font-size:11px;padding:0 8px"
        return element("div", element("span", short, dir="auto"), style=style)
    for asset in result.assets:
        try:
            seen = still(asset, Wish(EDGE, MOST_BYTES, lossless=False, wave=(EDGE, EDGE // 2)), LIMITS)
        except AssetError as error:
            return element("div", str(error), style=f"{TILE};width:{EDGE}px;font-size:11px")
        width, height = seen.fitted(2 * EDGE, EDGE)
        style = backed("margin:0", seen.ground)
        picture = element("img", src=data_uri(seen.data, seen.mime), width=width, height=height, style=style)
        return element("div", picture, style=TILE)
    return element("div", result.status, style=f"{TILE};width:{EDGE}px;font-size:11px")


def _amounts(sums: object) -> list[str]:
    """Return amounts by unit in words."""
    from notebookgen.normal import amount_words  # noqa: PLC0415 - whoever has a run has loaded it

    return [amount_words(amount, unit) for unit, amount in sorted(dict(sums).items()) if amount]  # type: ignore[call-overload]  # a mapping of units
