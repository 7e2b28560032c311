"""Places by and under the water: sea, lake, underwater."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, clear, darker, lighter, mix
from notebookgen.sandbox.looks import Look
from notebookgen.sandbox.skies import clouds, flock, sky, stars, sun
from notebookgen.sandbox.stage import Paint, Ridge, Stage
from notebookgen.sandbox.swimmers import fish

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Canvas

__all__ = ["lake", "sea", "underwater"]


def _deep(stage: Stage) -> RGB:
    colours = stage.palette
    if stage.mood == "mono":
        return colours.near
    return mix(colours.near, (24, 92, 128), 0.6) if not stage.dark else mix(colours.near, (14, 44, 78), 0.5)


def _water(stage: Stage, sun_at: tuple[float, float], rows: int = 7) -> None:
    """Lay rows of waves from the horizon to our feet, with the sun's path on them."""
    colours, rng = stage.palette, stage.rng
    deep = _deep(stage)
    pale = mix(deep, colours.low, 0.55)
    horizon = stage.horizon
    stage.add(lambda canvas, _: canvas.gradient(((0.0, mix(pale, colours.low, 0.25)), (0.35, mix(pale, deep, 0.45)),
        (1.0, darker(deep, 0.25))), horizon * canvas.height))
    glints = [(rng.gauss(0, 1), rng.random() ** 1.4, rng.uniform(0.5, 1.4), rng.uniform(0, 6)) for _ in range(90)]

    def path(canvas: Canvas, t: float) -> None:
        h = canvas.height
        for side, down, size, phase in glints:
            y = h * (horizon + 0.008 + (1 - horizon) * 0.8 * down)
            shine = 0.5 + 0.5 * math.sin(t * 3 + phase)
            wide = stage.unit * (0.008 + 0.04 * down) * size * (0.5 + 0.5 * shine)
            x = sun_at[0] + side * stage.unit * (0.03 + 0.11 * down)
            canvas.pen(x, y, wide).oval(0, 0, 1, 0.11, clear(colours.sun, 0.35 + 0.5 * shine))

    stage.add(path, moves=True)
    waves = [(i / rows, rng.uniform(0, 6), rng.uniform(0.8, 1.2)) for i in range(1, rows + 1)]
    for share, phase, size in waves:
        front = horizon + (1 - horizon) * share > stage.ground
        stage.add(_wave(stage, share, phase, size, mix(pale, darker(deep, 0.25), share**0.7), front=front), moves=True,
            front=front)


def _wave(stage: Stage, share: float, phase: float, size: float, fill: RGB, *, front: bool) -> Paint:
    foam = mix(fill, stage.palette.light, 0.45)

    def paint(canvas: Canvas, t: float) -> None:
        w, h, unit = canvas.width, canvas.height, stage.unit
        y = h * (stage.horizon + (1 - stage.horizon) * share)
        rise = unit * 0.014 * (0.35 + share) * size
        often = math.tau * (7 - 3.2 * share) * w / unit / 2
        line = [(w * i / 60,
            y + rise * (math.sin(i / 60 * often + phase + t * (1.1 + share)) + 0.4 * math.sin(i / 60 * often * 1.9 - phase + t))) for i in range(61)]
        deep = canvas.height if front else y + unit * 0.045 * (0.4 + share)
        pen = canvas.pen()
        pen.poly([*line, (w, deep), (0, deep)], fill if front else clear(fill, 0.6))
        thick = unit * 0.0045 * (0.3 + share)
        pen.poly([*line, *[(x, yy + thick * (1.3 + math.sin(x / unit * 9 + phase))) for x, yy in reversed(line)]], foam)

    return paint


def sea(stage: Stage) -> None:
    """The open sea, perhaps with an island."""
    stage.horizon, stage.ground = 0.58, 0.82
    sky(stage, stage.horizon + 0.02)
    if stage.dark:
        stars(stage, 110, stage.horizon)
    at = sun(stage)
    clouds(stage)
    flock(stage)
    rng, colours = stage.rng, stage.palette
    island = Ridge.rolled(rng, 0.0, 1.0, rough=1.5)
    where, wide = rng.choice((rng.uniform(-0.1, 0.1), rng.uniform(0.72, 0.95))), rng.uniform(0.3, 0.55)

    def paint(canvas: Canvas, _: float) -> None:
        h = stage.horizon * canvas.height + 1
        for shift, tall, tone in ((0.05, 0.09, 0.12), (0.0, 0.06, 0.4)):
            line = []
            for i in range(25):
                s = i / 24
                swell = max(0.0, math.sin(math.pi * s)) ** 0.7 * (0.75 - 0.25 * island.height(s + shift))
                line.append(((where + shift + wide * s) * canvas.width, h - stage.unit * tall * max(0.0, swell)))
            canvas.pen().poly(line, mix(colours.land(tone), colours.low, 0.2))

    stage.add(paint)
    _water(stage, at)


def lake(stage: Stage) -> None:
    """A still lake that mirrors the hills."""
    stage.horizon, stage.ground = 0.56, 0.84
    sky(stage, stage.horizon + 0.02)
    if stage.dark:
        stars(stage, 100, 0.5)
    at = sun(stage)
    clouds(stage)
    colours, rng = stage.palette, stage.rng
    ranges = [(Ridge.rolled(rng, 0, rise * stage.unit, rough=1.3), base, depth) for rise, base,
        depth in ((0.13, 0.1, 0.1), (0.08, 0.055, 0.4), (0.03, 0.022, 0.75))]
    deep = _deep(stage)

    def shores(canvas: Canvas, _: float) -> None:
        w, level = canvas.width, stage.horizon * canvas.height
        canvas.gradient(((0.0, mix(colours.low, deep, 0.2)), (0.5, mix(colours.middle, deep, 0.45)),
            (1.0, darker(deep, 0.3))), level)
        for ridge, base, depth in ranges:
            line = [(w * i / 60, max(0.004 * stage.unit, base * stage.unit - ridge.height(i / 60))) for i in range(61)]
            fill = colours.land(depth)
            canvas.pen().poly([*[(x, level + tall * 0.85) for x, tall in line], (w, level), (0, level)], mix(fill, deep,
                0.45))
            canvas.pen().poly([*[(x, level - tall) for x, tall in line], (w, level + 1), (0, level + 1)], fill)

    stage.add(shores)
    streaks = [(rng.random(), rng.random() ** 1.2, rng.uniform(0.05, 0.2), rng.uniform(0, 6)) for _ in range(36)]

    def ripples(canvas: Canvas, t: float) -> None:
        for x, down, wide, phase in streaks:
            y = canvas.height * (stage.horizon + (1 - stage.horizon) * down)
            px = x * canvas.width + stage.unit * 0.02 * math.sin(t + phase)
            alpha = 0.16 + 0.12 * math.sin(t * 2 + phase)
            canvas.pen(px, y, stage.unit * wide * (0.4 + down)).oval(0, 0, 1, 0.018, clear(lighter(colours.low, 0.2),
                alpha))
        for i in range(14):
            y = canvas.height * (stage.horizon + 0.012 + 0.02 * i)
            wide = stage.unit * 0.055 * (1 + 0.4 * math.sin(i * 2.1 + t * 3))
            canvas.pen(at[0], y, wide).oval(0, 0, 1, 0.07, clear(colours.sun, 0.6 - 0.035 * i))

    stage.add(ripples, moves=True)


def underwater(stage: Stage) -> None:
    """Below the surface: light from above, weed and coral below, bubbles rising."""
    stage.horizon, stage.ground, stage.haze = 0.1, 0.7, 0.12
    colours, rng, unit = stage.palette, stage.rng, stage.unit
    deep = (12, 66, 104) if not stage.dark else (8, 30, 66)
    top = mix((120, 212, 214), colours.middle, 0.25) if not stage.dark else (38, 96, 140)
    if stage.mood == "mono":
        top, deep = colours.middle, colours.near
    stage.air = mix(top, deep, 0.5)
    stage.add(lambda canvas, _: canvas.gradient(((0.0, lighter(top, 0.35)), (0.2, top), (0.65, mix(top, deep, 0.6)),
        (1.0, deep))))
    rays = [(rng.uniform(-0.1, 1.0), rng.uniform(0.03, 0.1), rng.uniform(0, 6)) for _ in range(7)]

    def light(canvas: Canvas, t: float) -> None:
        w, h, pen = canvas.width, canvas.height, canvas.pen()
        for x, wide, phase in rays:
            sway = 0.03 * math.sin(t * 0.9 + phase)
            pen.poly(((w * x, 0), (w * (x + wide), 0), (w * (x + wide * 2.4 + 0.2 + sway), h * 0.85),
                (w * (x + 0.12 + sway), h * 0.85)), clear((255, 255, 236), 0.09))

    stage.add(light, moves=True)
    for base, rise, share in ((0.8, 0.07, 0.55), (0.89, 0.05, 0.2)):
        ridge = Ridge.rolled(rng, base * stage.height, rise * unit)
        fill = mix(mix((222, 190, 140), deep, 0.45), deep, share)
        stage.add(_floor(ridge, fill))
        _growth(stage, ridge, share, deep)
    _shoal(stage)
    bubbles = [(rng.random(), rng.random(), rng.uniform(0.003, 0.011), rng.uniform(0, 6)) for _ in range(44)]

    def rising(canvas: Canvas, t: float) -> None:
        for x, y, r, phase in bubbles:
            py = (y - t * (0.06 + 4 * r)) % 1.0
            pen = canvas.pen((x + 0.008 * math.sin(t * 3 + phase)) * canvas.width, py * canvas.height, unit * r)
            pen.oval(0, 0, 1, None, clear((224, 248, 250), 0.4))
            pen.oval(-0.3, -0.3, 0.3, None, clear((255, 255, 255), 0.9))

    stage.add(rising, moves=True, front=True)


def _shoal(stage: Stage) -> None:
    """Let small fish pass in the distance."""
    rng, unit = stage.rng, stage.unit
    x, y = rng.uniform(0.1, 0.9), rng.uniform(0.24, 0.46)
    school = [(x * stage.width + rng.uniform(-0.2, 0.2) * unit, y * stage.height + rng.uniform(-0.1, 0.1) * unit,
        rng.uniform(0.035, 0.06) * unit, rng.uniform(0, 6)) for _ in range(rng.randint(6, 9))]
    colours = stage.palette

    def paint(canvas: Canvas, t: float) -> None:
        for i, (fx, fy, size, phase) in enumerate(school):
            look = Look(colours.accent, colours.second, colours.ink, colours.light, colours.accent
                if i % 3 else colours.second, phase)
            fish(canvas.pen((fx + 0.05 * unit * t) % (stage.width + unit * 0.1), fy, size).lit(stage.air or colours.sky,
                0.3), look, t)

    stage.add(paint, moves=True)


def _floor(ridge: Ridge, fill: RGB) -> Paint:
    def paint(canvas: Canvas, _: float) -> None:
        canvas.shaded(ridge.outline(canvas.width, canvas.height), lighter(fill, 0.12), darker(fill, 0.2))

    return paint


def _growth(stage: Stage, ridge: Ridge, haze: float, deep: RGB) -> None:
    rng, unit = stage.rng, stage.unit
    weeds = [(rng.random(), rng.uniform(0.1, 0.26), rng.uniform(0, 6), rng.choice(((46, 140, 110), (80, 164, 96),
        (36, 118, 120)))) for _ in range(round(9 * stage.width / unit))]
    corals = [(rng.random(), rng.uniform(0.05, 0.1), rng.choice(((240, 118, 110), (246, 168, 92), (214, 110, 168),
        (250, 206, 120))), rng.randrange(2)) for _ in range(round(7 * stage.width / unit))]

    def paint(canvas: Canvas, t: float) -> None:
        for x, tall, phase, tint in weeds:
            pen = canvas.pen(x * canvas.width, ridge.height(x) + unit * 0.01, unit * tall).lit(deep, haze)
            line = [(0.09 * k / 6 * math.sin(k * 0.9 + phase + t * 1.8), -k / 6) for k in range(7)]
            pen.stroke(line, 0.07, tint, curved=True)
            for k in range(1, 6, 2) if haze > 0.5 else range(1, 6):
                pen.oval(line[k][0] + (0.09 if k % 2 else -0.09), line[k][1], 0.1, 0.04, tint, -0.5 if k % 2 else 0.5)
        for x, size, tint, sort in corals:
            pen = canvas.pen(x * canvas.width, ridge.height(x) + unit * 0.012, unit * size).lit(deep, haze)
            if sort:
                for a in (-0.8, -0.3, 0.25, 0.75):
                    pen.stroke(((0, 0), (math.sin(a) * 0.6, -math.cos(a) * 0.7), (math.sin(a) * 0.75,
                        -math.cos(a) * 1.05)), 0.17, tint, curved=True)
            else:
                for cx, cy, r in ((0, -0.35, 0.42), (-0.4, -0.18, 0.28), (0.4, -0.2, 0.3)):
                    pen.oval(cx, cy, r, None, tint)
                    pen.oval(cx - r * 0.3, cy - r * 0.3, r * 0.3, None, lighter(tint, 0.25))

    stage.add(paint, moves=haze < 0.5)
