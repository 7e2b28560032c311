"""Pictures of figures, written as SVG by hand: dots over two axes, and bars. Nothing is needed but text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Bar", "Dots", "Panel", "bars", "panels"]

INK, FAINT, PAPER = "#1f2328", "#d0d7de", "#ffffff"
COLOURS = ("#0969da", "#bc4c00", "#1a7f37", "#8250df", "#9a6700", "#cf222e", "#57606a", "#0e7490")
FONT = "font-family='system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'"
SIDE, HEAD, FOOT = 64, 40, 52


@dataclass(frozen=True, slots=True)
class Dots:
    """Points of one kind.

    Attributes:
        name: In the legend.
        points: Across and up.
        joined: Whether a line goes through them.
        large: Whether they are to be seen first.
    """

    name: str
    points: Sequence[tuple[float, float]]
    joined: bool = False
    large: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes, both logarithmic."""

    title: str
    across: str
    up: str
    dots: Sequence[Dots]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a group, with what is written at its end."""

    name: str
    value: float
    said: str


def panels(title: str, shown: Sequence[Panel], *, columns: int = 2, width: int = 440, height: int = 300) -> str:
    """Return panels beside each other, with one legend for all."""
    names = list(dict.fromkeys(dots.name for panel in shown for dots in panel.dots))
    colour = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    rows = math.ceil(len(shown) / columns)
    whole = (width * columns, HEAD + height * rows + 24 * math.ceil(len(names) / 3) + 16)
    parts = [_text(16, 26, title, size=17, weight=600)]
    for number, panel in enumerate(shown):
        left, top = number % columns * width, HEAD + number // columns * height
        parts.append(f"<g transform='translate({left} {top})'>{_panel(panel, colour, width, height)}</g>")
    for number, name in enumerate(names):
        x, y = 24 + number % 3 * (whole[0] - 24) / 3, HEAD + height * rows + 20 + 24 * (number // 3)
        parts.append(f"<circle cx='{x:.0f}' cy='{y - 5:.0f}' r='5' fill='{colour[name]}'/>" + _text(x + 12, y, name))
    return _drawn(whole, title, parts)


def bars(title: str, groups: Sequence[tuple[str, Sequence[Bar]]], *, width: int = 880) -> str:
    """Return groups of bars that lie, each group on a scale of its own."""
    names = list(dict.fromkeys(bar.name for _, group in groups for bar in group))
    colour = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
    parts, y = [_text(16, 26, title, size=17, weight=600)], HEAD + 14
    start = 250
    for head, group in groups:
        parts.append(_text(16, y + 6, head, weight=600))
        y += 18
        most = max(bar.value for bar in group) or 1.0
        for bar in group:
            long = max((width - start - 130) * bar.value / most, 1.0)
            parts.append(_text(start - 10, y + 14, bar.name, anchor="end"))
            parts.append(f"<rect x='{start}' y='{y}' width='{long:.1f}' height='18' rx='2' fill='{colour[bar.name]}'/>")
            parts.append(_text(start + long + 8, y + 14, bar.said))
            y += 24
        y += 16
    return _drawn((width, y + 4), title, parts)


def _panel(panel: Panel, colour: dict[str, str], width: int, height: int) -> str:
    points = [point for dots in panel.dots for point in dots.points]
    low_x, high_x = _span([x for x, _ in points])
    low_y, high_y = _span([y for _, y in points])
    inner_width, inner_height = width - SIDE - 20, height - 28 - FOOT

    def at(x: float, y: float) -> tuple[float, float]:
        share_x = (math.log10(x) - low_x) / (high_x - low_x)
        share_y = (math.log10(y) - low_y) / (high_y - low_y)
        return SIDE + share_x * inner_width, 28 + (1 - share_y) * inner_height

    parts = [_text(SIDE, 18, panel.title, weight=600)]
    for value in _ticks(low_x, high_x):
        x, _ = at(value, 10**low_y)
        parts.append(f"<path d='M{x:.1f} 28V{28 + inner_height}' stroke='{FAINT}'/>")
        parts.append(_text(x, 28 + inner_height + 16, f"{value:g}", anchor="middle", size=11))
    for value in _ticks(low_y, high_y):
        _, y = at(10**low_x, value)
        parts.append(f"<path d='M{SIDE} {y:.1f}H{SIDE + inner_width}' stroke='{FAINT}'/>")
        parts.append(_text(SIDE - 6, y + 4, f"{value:g}", anchor="end", size=11))
    middle = 28 + inner_height / 2
    parts.append(_text(SIDE + inner_width / 2, height - 16, panel.across, anchor="middle", size=12))
    parts.append(
        f"<g transform='rotate(-90 16 {middle:.0f})'>{_text(16, middle, panel.up, anchor='middle', size=12)}</g>"
    )
    for dots in panel.dots:
        placed = [at(x, y) for x, y in dots.points]
        if dots.joined:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            parts.append(f"<polyline points='{path}' fill='none' stroke='{colour[dots.name]}' stroke-width='2'/>")
        else:
            radius = 7 if dots.large else 5
            parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='{radius}' fill='{colour[dots.name]}'/>" for x, y in placed]
    return "".join(parts)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of a logarithmic axis."""
    low, high = math.log10(min(values)), math.log10(max(values))
    room = max((high - low) * 0.08, 0.05)
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Return round values within an axis, few enough to be read."""
    for steps in ((1, 2, 5), (1,)):
        found = [step * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for step in steps]
        found = [value for value in found if low <= math.log10(value) <= high]
        if len(found) <= 8:
            break
    return found


def _text(x: float, y: float, words: str, *, size: int = 13, weight: int = 400, anchor: str = "start") -> str:
    head = f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' font-weight='{weight}' text-anchor='{anchor}'"
    return f"{head} fill='{INK}'>{escape(words)}</text>"


def _drawn(size: tuple[float, float], title: str, parts: Sequence[str]) -> str:
    wide, high = (math.ceil(one) for one in size)
    head = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{wide}' height='{high}' viewBox='0 0 {wide} {high}' role='img'"
    )
    lines = [
        f"{head} {FONT}>",
        f"<title>{escape(title)}</title>",
        f"<rect width='{wide}' height='{high}' fill='{PAPER}'/>",
    ]
    return "\n".join([*lines, *parts, "</svg>", ""])
