"""Everything above the horizon, and the weather before it: light, clouds, stars, rain, snow, leaves."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import clear, lighter, mix

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Canvas, Pen
    from notebookgen.sandbox.stage import Stage

__all__ = ["aurora", "clouds", "flock", "fog", "sky", "stars", "sun", "weather"]


def sky(stage: Stage, bottom: float = 1.0) -> None:
    """Lay the sky's colours down to a share of the height."""
    colours = stage.palette
    stops = ((0.0, colours.sky), (0.55, colours.middle), (1.0, colours.low))
    stage.add(lambda canvas, _: canvas.gradient(stops, 0, canvas.height * bottom + 2))


def sun(stage: Stage, *, behind: float | None = None) -> tuple[float, float]:
    """Hang the sun or the moon, which sinks or rises slowly, and return where it is in pixels."""
    rng, colours, unit = stage.rng, stage.palette, stage.unit
    low = stage.mood in {"sunset", "dawn"}
    x = stage.width * (rng.choice((rng.uniform(0.2, 0.36), rng.uniform(0.64, 0.8))) if behind is None else behind)
    y = stage.height * stage.horizon * (rng.uniform(0.62, 0.84) if low else rng.uniform(0.26, 0.46))
    radius = unit * (rng.uniform(0.1, 0.15) if low else rng.uniform(0.055, 0.085))
    travel = unit * (0.035 if stage.mood == "sunset" else -0.03)
    crescent = stage.mood == "night" and rng.random() < 0.45

    def paint(canvas: Canvas, t: float) -> None:
        at = y + travel * t
        canvas.glow(x, at, radius * (4.2 if low else 5.5), lighter(colours.sun, 0.1), 0.55 if low else 0.42)
        pen = canvas.pen(x, at, radius)
        if low:
            pen.oval(0, 0, 1.45, None, clear(colours.sun, 0.22))
        if crescent:
            pen.poly(_CRESCENT, colours.sun)
            return
        pen.oval(0, 0, 1, None, colours.sun)
        if stage.mood == "night":
            shade = mix(colours.sun, colours.middle, 0.16)
            for cx, cy, r in ((-0.3, -0.25, 0.24), (0.3, 0.2, 0.3), (-0.15, 0.45, 0.15), (0.35, -0.4, 0.12)):
                pen.oval(cx, cy, r, None, shade)

    stage.add(paint, moves=True)
    return x, y


#: The moon's lit limb: the outer circle one way, a flatter inner one back.
_CRESCENT = (
    *((math.cos(a), math.sin(a)) for a in (0.3 + math.pi * (0.1 + 1.6 * i / 40) for i in range(41))),
    *((0.36 + 0.77 * math.cos(a), -0.3 + 0.77 * math.sin(a)) for a in (5.42 - (5.42 - 0.86) * i / 40 for i in range(41))),
)


def stars(stage: Stage, count: int = 120, bottom: float = 0.62) -> None:
    """Scatter stars that twinkle."""
    rng, colours, unit = stage.rng, stage.palette, stage.unit
    placed = [
        (rng.random() * stage.width, rng.random() ** 1.3 * stage.height * bottom, rng.choice((0.8, 0.8, 1.1, 1.6,
            2.3)) * unit / 900, rng.uniform(0, 6))
        for _ in range(count)
    ]
    still = [star for star in placed if star[2] < 2 * unit / 900]

    def paint_still(canvas: Canvas, _: float) -> None:
        for x, y, r, _phase in still:
            canvas.pen(x, y, r).oval(0, 0, 1, None, clear(lighter(colours.sun, 0.4), 0.75))

    def paint(canvas: Canvas, t: float) -> None:
        for x, y, r, phase in placed:
            if r >= 2 * unit / 900:
                size = r * (1 + 0.35 * math.sin(t * 4 + phase))
                pen = canvas.pen(x, y, size)
                pen.poly(_SPARK, lighter(colours.sun, 0.5))

    stage.add(paint_still)
    stage.add(paint, moves=True)


_SPARK = ((0, -2.6), (0.4, -0.4), (2.6, 0), (0.4, 0.4), (0, 2.6), (-0.4, 0.4), (-2.6, 0), (-0.4, -0.4))


def clouds(stage: Stage, count: int | None = None, *, low: float = 0.62, size: float = 1.0) -> None:
    """Let clouds drift, flat at the bottom and round above."""
    rng, colours, unit = stage.rng, stage.palette, stage.unit
    count = rng.randint(2, 4) if count is None else count
    tint = mix(colours.low, colours.light, 0.55) if not stage.dark else mix(colours.middle, colours.far, 0.5)
    made = []
    for i in range(count):
        peak = rng.uniform(-0.3, 0.3)
        puffs = [(px, (0.4 - 0.26 * abs(px - peak)) * rng.uniform(0.8, 1.1)) for px in (-0.78, -0.42, -0.08, 0.3, 0.64)]
        made.append((
            (i + rng.random()) / count * stage.width, stage.height * stage.horizon * rng.uniform(0.1,
                low), unit * rng.uniform(0.1, 0.19) * size,
            rng.uniform(0.012, 0.03) * unit, puffs, rng.uniform(0.55, 0.9),
        ))  # fmt: skip

    def paint(canvas: Canvas, t: float) -> None:
        for x, y, across, speed, puffs, alpha in made:
            wide = stage.width + 4 * across
            pen = canvas.pen((x + speed * t + 2 * across) % wide - 2 * across, y, across)
            fill = mix(colours.middle, tint, alpha)
            pen.box(-1.2, -0.2, 2.4, 0.22, fill, 0.11)
            for px, r in puffs:
                pen.oval(px, -0.13, r, r * 0.92, fill)

    stage.add(paint, moves=True)


def flock(stage: Stage, count: int | None = None) -> None:
    """Let a few birds cross far away."""
    rng, unit, ink = stage.rng, stage.unit, stage.palette.ink
    x, y = rng.uniform(0.15, 0.55) * stage.width, rng.uniform(0.3, 0.6) * stage.height * stage.horizon
    birds = [(x + rng.uniform(-0.1, 0.16) * unit, y + rng.uniform(-0.06, 0.06) * unit, rng.uniform(0.011, 0.019) * unit,
        rng.uniform(0, 6)) for _ in range(count or rng.randint(3, 6))]

    def paint(canvas: Canvas, t: float) -> None:
        for bx, by, size, phase in birds:
            lift = 0.35 + 0.35 * math.sin(t * 9 + phase)
            pen = canvas.pen(bx + t * unit * 0.045, by - t * unit * 0.006, size)
            pen.poly(((-1.3, -lift), (-0.5, -lift * 0.9 - 0.12), (0, 0), (0.5, -lift * 0.9 - 0.12), (1.3, -lift),
                (0.5, -lift * 0.5 + 0.1), (0, 0.26), (-0.5, -lift * 0.5 + 0.1)), ink)

    stage.add(paint, moves=True)


def aurora(stage: Stage) -> None:
    """Hang curtains of northern light that sway."""
    rng, unit = stage.rng, stage.unit
    bands = [(rng.uniform(0.16, 0.3) * stage.height, rng.uniform(0, 6), colour) for colour in ((92, 240, 180),
        (120, 200, 255), (190, 130, 255))]

    def paint(canvas: Canvas, t: float) -> None:
        for y, phase, colour in bands:
            for i in range(26):
                x0, x1 = i / 26 * stage.width, (i + 1) / 26 * stage.width
                top0, top1 = (y + unit * 0.09 * math.sin(i * 0.42 + phase + t) for i in (i, i + 1))
                pen = canvas.pen()
                for share, alpha in ((1.0, 0.10), (0.6, 0.12), (0.3, 0.14)):
                    pen.poly(((x0, top0), (x1, top1), (x1, top1 + unit * 0.26 * share),
                        (x0, top0 + unit * 0.26 * share)), clear(colour, alpha))

    stage.add(paint, moves=True)


def weather(stage: Stage) -> None:
    """Put before everything what falls or drifts: the prompt's weather."""
    for kind in stage.brief.weather:
        if kind in _FALLING:
            _falling(stage, kind)


#: count, speed (units/s), sideways, sway
_FALLING = {"rain": (120, 1.5, -0.24, 0.0), "snow": (120, 0.16, -0.02, 0.03), "petals": (46, 0.12, -0.1, 0.04),
    "leaves": (40, 0.17, -0.12, 0.05)}


def _falling(stage: Stage, kind: str) -> None:
    rng, unit, colours = stage.rng, stage.unit, stage.palette
    count, speed, side, sway = _FALLING[kind]
    drops = [(rng.random() * stage.width, rng.random() * stage.height, rng.uniform(0.5, 1.0) ** 2, rng.uniform(0, 6))
        for _ in range(count)]
    tints = {"petals": ((255, 196, 214), (255, 226, 232)), "leaves": (colours.accent, colours.second)}.get(kind,
        (colours.light, colours.light))

    def paint(canvas: Canvas, t: float) -> None:
        for i, (x, y, near, phase) in enumerate(drops):
            fall = speed * unit * near * t
            px = (x + side * fall + math.sin(phase + t * 2) * sway * unit) % stage.width
            py = (y + fall) % stage.height
            _drop(kind, canvas.pen(px, py, unit * near), phase + t * 3, tints[i % 2], side)

    stage.add(paint, moves=True, front=True)


def _drop(kind: str, pen: Pen, turn: float, tint: tuple[int, int, int], side: float) -> None:
    if kind == "rain":
        pen.stroke(((0, 0), (side * 0.045, 0.045)), 0.0022, clear(tint, 0.5), cap=False)
    elif kind == "snow":
        pen.oval(0, 0, 0.0055, None, clear(tint, 0.9))
    else:
        leaf = pen.at(0, 0, 0.013, angle=turn)
        leaf.blob(((-1, 0), (0, -0.5 * abs(math.sin(turn)) - 0.15), (1, 0), (0, 0.5)), tint, 4)


def fog(stage: Stage) -> None:
    """Lay banks of mist before what is there so far."""
    rng, colours = stage.rng, stage.palette
    banks = [(stage.height * share, rng.uniform(0, 6)) for share in (0.44, 0.6, 0.94)]

    def paint(canvas: Canvas, t: float) -> None:
        pen = canvas.pen()
        for y, phase in banks:
            for share in (1.0, 0.7, 0.4):
                deep = stage.unit * 0.09 * share
                line = [(stage.width * i / 16, y - deep * (1 + 0.35 * math.sin(i * 0.7 + phase + t * 0.6)))
                    for i in range(17)]
                pen.poly([*line, (stage.width, y + deep), (0, y + deep)], clear(lighter(colours.low, 0.25), 0.17))

    stage.add(paint, moves=True)
