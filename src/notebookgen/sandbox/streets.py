"""Places that people built: a city's skyline, a road through the hills."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import darker, lighter, mix
from notebookgen.sandbox.lands import heavens, hills

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Canvas
    from notebookgen.sandbox.stage import Paint, Stage

__all__ = ["city", "road"]


def city(stage: Stage) -> None:
    """A skyline, three deep, with lit windows at dusk."""
    stage.horizon, stage.ground = 0.7, 0.9
    colours, rng = stage.palette, stage.rng
    heavens(stage)
    lit = stage.mood in {"night", "neon", "sunset", "storm"}
    for top, depth, wide in ((0.42, 0.1, 0.085), (0.52, 0.45, 0.1), (0.62, 0.85, 0.125)):
        stage.add(_block(stage, top, depth, wide, lit=lit))
    pave = mix(colours.near, colours.ink, 0.3)

    def street(canvas: Canvas, t: float) -> None:
        w, h, pen = canvas.width, canvas.height, canvas.pen()
        canvas.shaded(((0, h * 0.84), (w, h * 0.84), (w, h), (0, h)), lighter(pave, 0.16), pave)
        pen.poly(((0, h * 0.84), (w, h * 0.84), (w, h * 0.848), (0, h * 0.848)), lighter(pave, 0.35))
        for i in range(-1, 8):
            x = w * ((i + t * 0.5) / 7)
            pen.poly(((x, h * 0.94), (x + w * 0.07, h * 0.94), (x + w * 0.066, h * 0.95), (x - w * 0.004, h * 0.95)),
                mix(pave, colours.second, 0.6))

    lamps = [rng.uniform(0.06, 0.16), rng.uniform(0.84, 0.94)]

    def lights(canvas: Canvas, _: float) -> None:
        for x in lamps:
            pen = canvas.pen(x * canvas.width, 0.855 * canvas.height, stage.unit * 0.3)
            pen.stroke(((0, 0), (0, -0.85), (0.08, -0.95), (0.18, -0.95)), 0.025, colours.ink, curved=True)
            if lit:
                canvas.glow(x * canvas.width + stage.unit * 0.054, 0.855 * canvas.height - stage.unit * 0.28,
                    stage.unit * 0.14, (255, 220, 140), 0.7)
            pen.oval(0.19, -0.93, 0.05, 0.035, (255, 232, 160))

    stage.add(street, moves=True)
    stage.add(lights)


def _block(stage: Stage, top: float, depth: float, wide: float, *, lit: bool) -> Paint:
    rng, colours = stage.rng, stage.palette
    wall = mix(colours.land(depth), colours.low, 0.2 * (1 - depth))
    lamp = (255, 214, 122) if stage.mood != "neon" else colours.accent
    houses = []
    x = -0.02
    while x < 1.02:
        w = wide * rng.uniform(0.6, 1.25) * stage.unit / stage.width
        columns = max(2, round(w * stage.width / stage.unit / 0.025))
        h = top + rng.uniform(-0.1, 0.14)
        rows = max(3, round((0.86 - h) * stage.height / stage.unit / 0.034))
        houses.append((x, w, h, rng.randrange(5), rng.uniform(-0.06, 0.1), columns, rows,
            [rng.random() < (0.42 if lit else 0.8) for _ in range(columns * rows)]))
        x += w * rng.uniform(0.98, 1.12)

    def paint(canvas: Canvas, _: float) -> None:
        for hx, w, h, roof, tone, columns, rows, on in houses:
            pen = canvas.pen(hx * canvas.width, h * canvas.height, w * canvas.width)
            tall = (0.86 - h) * canvas.height / (w * canvas.width)
            fill = lighter(wall, tone) if tone > 0 else darker(wall, -tone)
            pen.box(0, 0, 1, tall, fill)
            pen.box(0.72, 0, 0.28, tall, darker(fill, 0.14))
            if roof == 0:
                pen.poly(((0, 0.01), (0.5, -0.42), (1, 0.01)), darker(fill, 0.18))
            elif roof == 1:
                pen.box(0.2, -0.14, 0.6, 0.15, fill)
                pen.box(0.47, -0.6, 0.04, 0.48, fill)
            elif roof == 2:
                pen.oval(0.5, 0.0, 0.5, 0.26, fill)
            pane = mix(fill, lamp, 0.35 + 0.6 * depth) if lit else mix(fill, colours.light, 0.22)
            step, drop = 0.86 / columns, tall / rows
            for i, shines in enumerate(on):
                if shines:
                    pen.box(0.1 + (i % columns) * step, (0.3 + i // columns) * drop, step * 0.55, drop * 0.5, pane)

    return paint


def road(stage: Stage) -> None:
    """A road that runs to the horizon."""
    hills(stage)
    stage.ground = 0.93
    colours = stage.palette
    tar = mix(colours.ink, (96, 92, 104), 0.65)

    def paint(canvas: Canvas, t: float) -> None:
        w, h, pen = canvas.width, canvas.height, canvas.pen()
        pen.poly(((0, h * 0.865), (w, h * 0.865), (w, h), (0, h)), tar)
        pen.poly(((0, h * 0.865), (w, h * 0.865), (w, h * 0.875), (0, h * 0.875)), mix(tar, colours.light, 0.6))
        for i in range(-1, 7):
            x = w * ((i - (t * 0.9) % 1.0 + 1) / 6)
            pen.poly(((x, h * 0.955), (x + w * 0.08, h * 0.955), (x + w * 0.078, h * 0.967), (x - w * 0.002,
                h * 0.967)), mix(tar, colours.second, 0.8))

    stage.front.clear()
    stage.add(paint, moves=True)
