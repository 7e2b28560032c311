"""Compositions for prompts that name nothing the painter knows: shapes, ribbons, rays and tiles in one palette."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, clear, darker, lighter, mix
from notebookgen.sandbox.stage import Ridge, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.sandbox.canvas import Canvas, Pen

__all__ = ["abstract"]


def abstract(stage: Stage) -> None:
    """Stage one of the compositions, chosen by the request's hash."""
    stage.rng.choice(_COMPOSITIONS)(stage)


def _tints(stage: Stage) -> list[RGB]:
    c = stage.palette
    tints = [c.accent, c.second, c.sky, c.middle, c.near, c.far, mix(c.accent, c.low, 0.5)]
    stage.rng.shuffle(tints)
    return tints


_QUARTER = tuple((math.cos(i * math.pi / 48), math.sin(i * math.pi / 48)) for i in range(25))
_HALF = tuple((math.cos(i * math.pi / 24), math.sin(i * math.pi / 24)) for i in range(25))


def _arcs(pen: Pen, front: RGB, dot: RGB, _swing: float) -> None:
    for r, tint in ((1.0, front), (0.5, dot)):
        pen.poly([(-0.5, -0.5), *[(-0.5 + r * x, -0.5 + r * y) for x, y in _QUARTER]], tint)


def _discs(pen: Pen, front: RGB, dot: RGB, swing: float) -> None:
    pen.oval(0, 0, 0.42, None, front)
    pen.oval(0.2 * math.sin(swing * 6), 0.2 * math.cos(swing * 6) if swing else 0.0, 0.2, None, dot)


def _leaves(pen: Pen, front: RGB, dot: RGB, swing: float) -> None:
    for turn, tint in ((0.0, dot), (math.pi, front)):
        pen.at(0, 0, 1, angle=turn + swing).blob(((0, 0), (0.12, -0.3), (0.45, -0.45), (0.3, -0.12)), tint, 8)


def _stripes(pen: Pen, front: RGB, _dot: RGB, _swing: float) -> None:
    for k in range(4):
        pen.box(-0.5, -0.5 + k * 0.25, 1.0, 0.125, front)


def _halves(pen: Pen, front: RGB, dot: RGB, _swing: float) -> None:
    for y, tint in ((0.0, front), (-0.5, dot)):
        pen.poly([(0.5 * a, y + 0.5 * b) for a, b in _HALF], tint)


def _dots(pen: Pen, front: RGB, _dot: RGB, swing: float) -> None:
    for k in range(9):
        pen.oval(-0.33 + 0.33 * (k % 3), -0.33 + 0.33 * (k // 3), 0.075 * (1 + swing), None, front)


_TILES = (_arcs, _arcs, _discs, _leaves, _stripes, _halves, _dots)


def _tiles(stage: Stage) -> None:
    """A grid of quarter circles, discs, leaves and stripes."""
    rng, tints = stage.rng, _tints(stage)
    paper = mix(stage.palette.light, stage.palette.low, 0.3)
    side = stage.unit / rng.choice((3, 4, 4, 5))
    columns, rows = math.ceil(stage.width / side), math.ceil(stage.height / side)
    x0, y0 = (stage.width - columns * side) / 2, (stage.height - rows * side) / 2
    cells = [
        (x0 + (i % columns) * side, y0 + (i // columns) * side, rng.choice(_TILES), rng.randrange(4), rng.sample(tints,
            3), rng.uniform(0, 6))
        for i in range(columns * rows)
    ]

    def paint(canvas: Canvas, t: float) -> None:
        canvas.gradient(((0.0, paper), (1.0, paper)))
        for x, y, tile, turn, (back, front, dot), phase in cells:
            canvas.pen(x, y, side).box(0, 0, 1.01, 1.01, paper if tile is _dots else mix(back, paper, 0.12))
            pen = canvas.pen(x + side / 2, y + side / 2, side, angle=turn * math.pi / 2)
            tile(pen, front, dot, 0.25 * math.sin(t * 1.4 + phase) if t else 0.0)

    stage.add(paint, moves=True)


def _ribbons(stage: Stage) -> None:
    """Ribbons that flow over one another."""
    rng, tints = stage.rng, _tints(stage)
    c = stage.palette
    stage.add(lambda canvas, _: canvas.gradient(((0.0, mix(c.low, c.light, 0.4)), (1.0, mix(c.middle, c.low, 0.6)))))
    x, y, r = rng.uniform(0.25, 0.75) * stage.width, rng.uniform(0.2, 0.42) * stage.height, rng.uniform(0.13,
        0.22) * stage.unit
    stage.add(lambda canvas, t: canvas.pen(x, y + 0.02 * stage.unit * math.sin(t), r).oval(0, 0, 1, None, c.accent),
        moves=True)
    count = rng.randint(7, 10)
    for i in range(count):
        share = i / (count - 1)
        ridge = Ridge.rolled(rng, stage.height * (0.3 + 0.72 * share), stage.unit * rng.uniform(0.06, 0.15),
            rough=rng.uniform(0.5, 0.9))
        tint = mix(tints[i % len(tints)], c.near, 0.25 * share)

        def paint(canvas: Canvas, t: float, ridge: Ridge = ridge, tint: RGB = tint, speed: float = rng.uniform(0.02,
            0.06)) -> None:
            line = [(canvas.width * k / 60, ridge.height(k / 60 + speed * t)) for k in range(61)]
            drop = stage.unit * 0.012
            pen = canvas.pen()
            pen.poly([*[(px, py - drop) for px, py in line], (canvas.width, canvas.height), (0, canvas.height)],
                clear(c.ink, 0.16))
            pen.poly([*line, (canvas.width, canvas.height), (0, canvas.height)], tint)
            pen.poly([*line, *[(px, py + drop * 1.2) for px, py in reversed(line)]], lighter(tint, 0.28))
            pen.poly([*[(px, py + drop * 2.6) for px, py in line], *[(px, py + drop * 3.1) for px,
                py in reversed(line)]], lighter(tint, 0.18))

        stage.add(paint, moves=True)


def _orbits(stage: Stage) -> None:
    """Discs, rings, bars and a grid of dots, weighed against each other."""
    rng, tints = stage.rng, _tints(stage)
    c = stage.palette
    paper = mix(c.light, c.low, 0.5)
    w, h, unit = stage.width, stage.height, stage.unit
    big = (rng.uniform(0.35, 0.65) * w, rng.uniform(0.35, 0.65) * h, rng.uniform(0.24, 0.32) * unit)
    shapes = [(rng.uniform(0.08, 0.92) * w, rng.uniform(0.08, 0.92) * h, rng.uniform(0.03, 0.13) * unit,
        rng.randrange(5), rng.uniform(0, math.tau), rng.choice(tints), rng.uniform(-0.6, 0.6)) for _ in range(15)]
    bars = [(rng.uniform(0, w), rng.uniform(0, h), rng.uniform(0.4, 0.9) * unit, rng.uniform(0.008, 0.02) * unit,
        rng.uniform(-0.9, 0.9)) for _ in range(4)]

    def paint(canvas: Canvas, t: float) -> None:
        canvas.gradient(((0.0, paper), (1.0, mix(paper, c.middle, 0.22))))
        pen = canvas.pen()
        pen.oval(big[0], big[1], big[2] * 1.5, None, clear(tints[0], 0.16))
        pen.oval(big[0], big[1], big[2], None, tints[0])
        half = canvas.pen(big[0], big[1], big[2], angle=0.7 + t * 0.3)
        half.poly(_HALF, darker(tints[0], 0.2))
        for bx, by, length, thick, turn in bars:
            dx, dy = length / 2 * math.cos(turn + t * 0.05), length / 2 * math.sin(turn + t * 0.05)
            pen.stroke(((bx - dx, by - dy), (bx + dx, by + dy)), thick, c.ink)
        for x, y, r, sort, turn, tint, spin in shapes:
            at = canvas.pen(x + unit * 0.03 * math.sin(t * spin * 2 + turn),
                y + unit * 0.03 * math.cos(t * spin * 2 + turn), r, angle=turn + t * spin)
            if sort == 0:
                at.oval(0, 0, 1, None, clear(tint, 0.88))
            elif sort == 1:
                at.ring(0, 0, 1, 0.22, tint)
            elif sort == 2:
                at.poly(((0, -1.1), (1, 0.8), (-1, 0.8)), clear(tint, 0.9))
            elif sort == 3:
                at.poly([(1.2 * a, 1.2 * b) for a, b in _HALF], tint)
            else:
                for k in range(16):
                    at.oval((k % 4 - 1.5) * 0.6, (k // 4 - 1.5) * 0.6, 0.14, None, c.ink)

    stage.add(paint, moves=True)


def _rays(stage: Stage) -> None:
    """Rays and arcs that rise from below."""
    rng, tints = stage.rng, _tints(stage)
    c = stage.palette
    x, y = rng.uniform(0.3, 0.7) * stage.width, rng.uniform(0.68, 0.92) * stage.height
    count, rings = rng.choice((18, 24, 30)), rng.randint(5, 7)
    reach = math.hypot(stage.width, stage.height)
    drops = [(rng.random() * stage.width, rng.random() * stage.height * 0.6, rng.uniform(0.005, 0.015) * stage.unit,
        rng.choice((c.light, c.second))) for _ in range(28)]

    def paint(canvas: Canvas, t: float) -> None:
        canvas.gradient(((0.0, c.sky), (1.0, c.middle)))
        pen = canvas.pen()
        for i in range(count):
            a = i * math.tau / count + t * 0.12
            b = a + math.pi / count
            pen.poly(((x, y), (x + reach * math.cos(a), y + reach * math.sin(a)), (x + reach * math.cos(b),
                y + reach * math.sin(b))), mix(c.sky, c.low, 0.32))
        for dx, dy, r, tint in drops:
            pen.oval(dx, dy, r, None, tint)
        for k in range(rings):
            r = stage.unit * (0.56 - 0.5 * k / rings) * (1 + 0.03 * math.sin(t * 2 - k * 0.8))
            pen.oval(x, y, r, None, tints[k % len(tints)])
            pen.ring(x, y, r * 0.965, stage.unit * 0.004, lighter(tints[k % len(tints)], 0.45))
        pen.oval(x, y, stage.unit * 0.055, None, c.light)
        pen.box(0, y + stage.unit * 0.05, stage.width, stage.height, c.near)
        for k in range(6):
            line = [(stage.width * i / 40,
                y + stage.unit * (0.05 + 0.035 * k) + stage.unit * 0.006 * math.sin(i * 0.8 + k + t * 2))
                for i in range(41)]
            pen.stroke(line, stage.unit * 0.006, mix(c.near, c.accent, 0.65 - 0.08 * k), cap=False)

    stage.add(paint, moves=True)


_COMPOSITIONS: tuple[Callable[[Stage], None], ...] = (_tiles, _ribbons, _orbits, _rays)
