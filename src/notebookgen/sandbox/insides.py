"""Places that are no landscape: a table, a room, a plain backdrop, the clouds, space."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import clear, darker, lighter, mix, turned
from notebookgen.sandbox.looks import Look
from notebookgen.sandbox.objects import planet
from notebookgen.sandbox.skies import clouds, flock, sky, stars, sun

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Canvas
    from notebookgen.sandbox.stage import Stage

__all__ = ["backdrop", "heights", "room", "space", "table"]


def table(stage: Stage) -> None:
    """A table before a wall, light falling from the left."""
    stage.horizon, stage.ground = 0.66, 0.84
    colours, rng = stage.palette, stage.rng
    wall = mix(colours.middle, colours.low, rng.uniform(0.2, 0.7)) if not stage.dark else mix(colours.sky,
        colours.middle, 0.5)
    wood = mix((176, 122, 82), colours.far, 0.3) if not stage.dark else mix((96, 66, 60), colours.near, 0.3)
    arch = rng.random() < 0.5
    x = rng.uniform(0.35, 0.65)
    phase = rng.uniform(0, 6)

    def paint(canvas: Canvas, t: float) -> None:
        w, h, unit, pen = canvas.width, canvas.height, stage.unit, canvas.pen()
        canvas.gradient(((0.0, darker(wall, 0.06)), (1.0, lighter(wall, 0.18))), 0, h * 0.72)
        accent = mix(wall, colours.second, 0.5)
        if arch:
            pen.box(w * x - unit * 0.27, h * 0.72 - unit * 0.6, unit * 0.54, unit * 0.7, accent, unit * 0.27)
        else:
            pen.oval(w * x, h * 0.44, unit * 0.29, None, accent)
        slide = 0.02 * math.sin(t * 0.8 + phase)
        for i in range(2):
            left = 0.06 + 0.17 * i + slide
            pen.poly(((w * left, 0), (w * (left + 0.13), 0), (w * (left + 0.43), h * 0.72), (w * (left + 0.27),
                h * 0.72)), clear(lighter(colours.sun, 0.3), 0.16))
        canvas.shaded(((0, h * 0.72), (w, h * 0.72), (w, h), (0, h)), lighter(wood, 0.16), darker(wood, 0.16))
        pen.poly(((0, h * 0.72), (w, h * 0.72), (w, h * 0.728), (0, h * 0.728)), lighter(wood, 0.35))
        for i in range(5):
            y = h * (0.765 + 0.052 * i)
            pen.stroke([(w * k / 12, y + unit * 0.005 * math.sin(k * 0.9 + phase + i * 2)) for k in range(13)],
                unit * 0.003, darker(wood, 0.14), cap=False)

    stage.add(paint, moves=True)


def room(stage: Stage) -> None:
    """A room with a window, a plant and a rug."""
    stage.horizon, stage.ground = 0.7, 0.9
    colours, rng = stage.palette, stage.rng
    wall = mix(colours.far, colours.low, 0.62) if not stage.dark else mix(colours.middle, colours.near, 0.45)
    wood = mix((168, 118, 82), colours.far, 0.25)
    left = rng.random() < 0.5
    books = [(rng.uniform(0.018, 0.035), rng.uniform(0.6, 1.0), rng.choice((colours.accent, colours.second,
        colours.near, colours.sky, colours.light))) for _ in range(26)]

    def paint(canvas: Canvas, _: float) -> None:
        w, h, unit, pen = canvas.width, canvas.height, stage.unit, canvas.pen()
        canvas.gradient(((0.0, darker(wall, 0.05)), (1.0, lighter(wall, 0.12))), 0, h * 0.8)
        canvas.shaded(((0, h * 0.79), (w, h * 0.79), (w, h), (0, h)), wood, darker(wood, 0.2))
        pen.box(0, h * 0.775, w, h * 0.018, colours.light)
        x = w * (0.24 if left else 0.76)
        pen.box(x - unit * 0.18, h * 0.14, unit * 0.36, h * 0.42, colours.light, unit * 0.02)
        glass = (x - unit * 0.16, h * 0.155, x + unit * 0.16, h * 0.545)
        canvas.shaded(((glass[0], glass[1]), (glass[2], glass[1]), (glass[2], glass[3]), (glass[0], glass[3])),
            colours.sky, colours.low)
        pen.oval(x + unit * 0.06, h * 0.3, unit * 0.045, None, colours.sun)
        pen.poly(((glass[0], h * 0.49), (x - unit * 0.03, h * 0.43), (x + unit * 0.08, h * 0.48), (glass[2], h * 0.45),
            (glass[2], glass[3]), (glass[0], glass[3])), colours.land(0.5))
        pen.box(x - unit * 0.008, glass[1], unit * 0.016, glass[3] - glass[1], colours.light)
        pen.box(glass[0], h * 0.34, glass[2] - glass[0], unit * 0.016, colours.light)
        for side in (-1, 1):
            pen.blob(((x + side * unit * 0.14, h * 0.12), (x + side * unit * 0.24, h * 0.12), (x + side * unit * 0.26,
                h * 0.4), (x + side * unit * 0.23, h * 0.62), (x + side * unit * 0.18, h * 0.6)), colours.accent)
        at = w * (0.74 if left else 0.26)
        for row in range(2):
            y = h * (0.3 + 0.19 * row)
            place = at - unit * 0.19
            for thick, tall, tint in books[row * 13 : row * 13 + 13]:
                if place + unit * thick < at + unit * 0.18:
                    pen.box(place, y - unit * 0.11 * tall, unit * thick * 0.92, unit * 0.11 * tall, tint, unit * 0.004)
                    place += unit * thick
            pen.box(at - unit * 0.21, y, unit * 0.42, unit * 0.018, wood)
        pen.oval(w / 2, h * 0.91, unit * 0.44, unit * 0.06, mix(colours.accent, wood, 0.35))
        pen.oval(w / 2, h * 0.91, unit * 0.37, unit * 0.047, mix(colours.second, wood, 0.3))

    stage.add(paint)


def backdrop(stage: Stage) -> None:
    """A plain backdrop with one large disc: for portraits and single things."""
    stage.horizon, stage.ground = 0.5, 0.86
    colours, rng = stage.palette, stage.rng
    ground = mix(colours.middle, colours.low, rng.uniform(0.0, 0.6)) if not stage.dark else colours.sky
    x, y = rng.uniform(0.46, 0.54), rng.uniform(0.44, 0.5)
    count, twist = rng.choice((0, 16, 24)), rng.uniform(0, 1)

    def paint(canvas: Canvas, t: float) -> None:
        w, h, unit, pen = canvas.width, canvas.height, stage.unit, canvas.pen()
        canvas.gradient(((0.0, ground), (1.0, mix(ground, colours.low, 0.5))))
        reach = math.hypot(w, h)
        for i in range(count):
            a0 = i * math.tau / max(1, count) + twist + t * 0.06
            a1 = a0 + math.pi / max(1, count)
            pen.poly(((w * x, h * y), (w * x + reach * math.cos(a0), h * y + reach * math.sin(a0)),
                (w * x + reach * math.cos(a1), h * y + reach * math.sin(a1))), clear(colours.light, 0.16))
        pen.oval(w * x, h * y, unit * 0.36, None, mix(ground, colours.second, 0.75))
        pen.oval(w * x, h * y, unit * 0.3, None, mix(ground, colours.sun, 0.85))
        pen.box(0, h * 0.88, w, h * 0.13, mix(ground, colours.near, 0.75))

    stage.add(paint, moves=count > 0)


def heights(stage: Stage) -> None:
    """Above the clouds."""
    stage.horizon, stage.ground = 0.78, 0.72
    rng, colours, unit = stage.rng, stage.palette, stage.unit
    sky(stage)
    if stage.dark:
        stars(stage, 130, 0.8)
    sun(stage)
    clouds(stage, 4, low=0.7, size=1.2)
    flock(stage)
    for base, depth, speed in ((0.74, 0.25, 0.006), (0.83, 0.12, 0.012), (0.93, 0.0, 0.024)):
        puffs = [(rng.random() * 1.3 - 0.15, rng.uniform(-0.02, 0.03), rng.uniform(0.08, 0.15))
            for _ in range(round(13 * stage.width / unit))]
        white = mix(mix(colours.light, colours.low, 0.25) if not stage.dark else mix(colours.far, colours.light, 0.25),
            colours.middle, depth * 2)

        def paint(canvas: Canvas, t: float, base: float = base, speed: float = speed, puffs: list[tuple[float, float,
            float]] = puffs, white: tuple[int, int, int] = white) -> None:
            for k, tone in ((0, darker(white, 0.05)), (1, white)):
                for x, y, r in puffs:
                    px = ((x + speed * t + 0.15) % 1.3 - 0.15) * canvas.width
                    canvas.pen(px, (base + y) * canvas.height + (0 if k == 0 else unit * 0.02), unit * r).oval(0, 0, 1,
                        0.8, tone)
            canvas.pen().box(0, (base + 0.03) * canvas.height, canvas.width, canvas.height, white)

        stage.add(paint, moves=True, front=base > 0.9)


def space(stage: Stage) -> None:
    """Space: a nebula, stars, a planet's edge below."""
    stage.horizon, stage.ground = 1.0, 0.78
    rng, colours, unit = stage.rng, stage.palette, stage.unit
    deep = mix((14, 12, 40), colours.sky, 0.16)
    hues = [turned(colours.accent, rng.uniform(-0.1, 0.1)), turned(colours.sky, rng.uniform(-0.08, 0.08), value=1.3),
        turned(colours.second, rng.uniform(-0.1, 0.1))]
    blots = [(rng.random() * stage.width, rng.random() * stage.height * 0.8, rng.uniform(0.25, 0.55) * unit,
        hues[i % 3], rng.uniform(0.2, 0.45)) for i in range(7)]

    def nebula(canvas: Canvas, _: float) -> None:
        canvas.gradient(((0.0, deep), (0.6, mix(deep, (52, 30, 92), 0.6)), (1.0, mix(deep, (90, 50, 110), 0.7))))
        for x, y, r, tint, strength in blots:
            canvas.glow(x, y, r, tint, strength)

    stage.add(nebula)
    stars(stage, 200, 1.0)
    px, py, size = rng.choice((rng.uniform(0.14, 0.24), rng.uniform(0.76, 0.86))), rng.uniform(0.2,
        0.3), rng.uniform(0.16, 0.24)
    ring = Look(hues[0], colours.second, colours.ink, colours.light)
    if not any(subject.kind == "planet" for subject in stage.brief.subjects):
        stage.add(lambda canvas, t: planet(canvas.pen(px * canvas.width, (py + 0.1) * canvas.height, unit * size), ring,
            t), moves=True)
    land = mix(hues[1], colours.far, 0.4)
    craters = [(rng.uniform(-0.5, 0.5), rng.uniform(0.02, 0.12), rng.uniform(0.02, 0.06)) for _ in range(9)]

    def ground(canvas: Canvas, _: float) -> None:
        w, h = canvas.width, canvas.height
        reach = max(w, unit) * 1.25
        canvas.glow(w / 2, h * 0.84 + reach, reach * 1.22, lighter(land, 0.3), 0.9)
        pen = canvas.pen(w / 2, h * 0.84 + reach, 1)
        pen.poly([(reach * math.cos(a), reach * math.sin(a)) for a in (math.pi * (1.2 + 0.6 * i / 90)
            for i in range(91))] + [(w / 2, 0), (-w / 2, 0)], land)
        for x, y, r in craters:
            spot = canvas.pen((0.5 + x) * w, h * (0.87 + y) + unit * x * x * 0.35, unit * r)
            spot.oval(0, 0, 1, 0.34, darker(land, 0.2))
            spot.oval(0, 0.08, 0.86, 0.24, darker(land, 0.1))

    stage.add(ground)
