"""Places on dry land: hills, meadow, forest, mountains, desert, snow. Each sets where a subject stands."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, clear, darker, lighter, mix
from notebookgen.sandbox.looks import Look
from notebookgen.sandbox.plants import cactus, flower, palm, pine, tree
from notebookgen.sandbox.skies import aurora, clouds, flock, sky, stars, sun
from notebookgen.sandbox.stage import Paint, Ridge, Stage

if TYPE_CHECKING:
    from notebookgen.sandbox.canvas import Canvas, Point

__all__ = ["desert", "forest", "heavens", "hills", "meadow", "mountain", "snowfield"]


def heavens(stage: Stage, *, birds: bool = True) -> tuple[float, float]:
    """Lay the sky with all that is in it, and return where the sun is in pixels."""
    sky(stage, stage.horizon + 0.16)
    if stage.dark or "stars" in stage.brief.weather:
        stars(stage)
    if "aurora" in stage.brief.weather:
        aurora(stage)
    at = sun(stage)
    clouds(stage)
    if birds and not stage.dark:
        flock(stage)
    return at


def _range(stage: Stage, base: float, rise: float, colour: RGB, *, pan: float = 0.0, rough: float = 1.0,
    fade: float = 0.35) -> Ridge:
    """Put a range of hills at a share of the height; it fades into the air towards its foot."""
    ridge = Ridge.rolled(stage.rng, base * stage.height, rise * stage.unit, rough=rough * max(1.0,
        stage.width / stage.height))
    low = mix(colour, stage.palette.low, fade)

    def paint(canvas: Canvas, t: float) -> None:
        outline = ridge.outline(canvas.width, canvas.height, shift=pan * t)
        if t and pan:
            canvas.pen().poly(outline, mix(colour, low, 0.2))
        else:
            canvas.shaded(outline, colour, low)

    stage.add(paint, moves=pan > 0)
    return ridge


def _look(stage: Stage, colour: RGB | None = None, turn: float = 0.0) -> Look:
    colours = stage.palette
    snowy = "snow" in stage.brief.weather or stage.mood == "winter"
    return Look(colours.accent, colours.second, colours.ink, colours.light, colour, turn, snowy, stage.dark)


def _wood(stage: Stage, ridge: Ridge, count: int, size: float, depth: float, *, firs: bool, front: bool = False,
    clearing: float = 0.0) -> None:
    """Plant trees along a ridge, tinted by how far away they are."""
    rng, air = stage.rng, stage.palette.land(depth)
    placed: list[tuple[float, float, float]] = []
    for i in range(count):
        share = (i + rng.uniform(0.1, 0.9)) / count
        if abs(share - 0.5) >= clearing / 2:
            placed.append((share, rng.uniform(0.75, 1.2), rng.uniform(0, 6)))

    def paint(canvas: Canvas, t: float) -> None:
        for share, scale, turn in placed:
            pen = canvas.pen(share * canvas.width, ridge.height(share) + stage.unit * 0.012,
                stage.unit * size * scale).lit(air, 0.82 - 0.45 * depth)
            (pine if firs else tree)(pen, _look(stage, _crown(stage, turn), turn), t)

    stage.add(paint, moves=depth > 0.8, front=front)


def _crown(stage: Stage, turn: float) -> RGB | None:
    if stage.mood == "autumn":
        return ((214, 96, 40), (232, 152, 48), (186, 62, 38))[int(turn) % 3]
    if "petals" in stage.brief.weather:
        return ((246, 182, 200), (250, 206, 216), (240, 160, 186))[int(turn) % 3]
    return None


def hills(stage: Stage) -> None:
    """Rolling hills, four deep."""
    stage.horizon, stage.ground = 0.6, 0.87
    heavens(stage)
    colours = stage.palette
    _range(stage, 0.6, 0.1, colours.land(0.0), rough=1.6)
    middle = _range(stage, 0.67, 0.075, colours.land(0.33), rough=1.2)
    _wood(stage, middle, round(9 * stage.width / stage.unit), 0.075, 0.4, firs=stage.rng.random() < 0.5)
    near = _range(stage, 0.76, 0.055, colours.land(0.66), fade=0.2)
    _wood(stage, near, 5, 0.17, 0.7, firs=stage.rng.random() < 0.5, clearing=0.45)
    _range(stage, 0.86, 0.025, colours.land(1.0), fade=0.04, rough=0.8)
    _blades(stage, colours.land(1.0))


def _blades(stage: Stage, colour: RGB, *, blooms: int = 0) -> None:
    """Let grass and flowers stand at our feet and sway."""
    rng, unit = stage.rng, stage.unit
    blades = [(rng.random() * stage.width, rng.uniform(0.02, 0.055) * unit, rng.uniform(-0.4, 0.4), rng.uniform(0, 6))
        for _ in range(round(70 * stage.width / unit))]
    heads = [(rng.random() * stage.width, rng.uniform(0.09, 0.16) * unit, rng.choice((stage.palette.accent,
        stage.palette.second, (250, 244, 236), (238, 150, 170))), rng.uniform(0, 6)) for _ in range(blooms)]
    fill = darker(colour, 0.25)

    def paint(canvas: Canvas, t: float) -> None:
        pen, floor = canvas.pen(), canvas.height + unit * 0.01
        for x, tall, lean, phase in blades:
            bend = lean + 0.14 * math.sin(t * 2 + phase)
            pen.poly(((x - unit * 0.004, floor), (x + bend * tall, floor - tall * 1.25), (x + unit * 0.004, floor)),
                fill)
        for x, tall, tint, phase in heads:
            flower(canvas.pen(x, floor + tall * 0.12, tall), _look(stage, tint, phase), t)

    stage.add(paint, moves=True, front=True)


def meadow(stage: Stage) -> None:
    """A meadow in flower below low hills."""
    stage.horizon, stage.ground = 0.56, 0.86
    heavens(stage)
    colours = stage.palette
    grass = mix(colours.near, (112, 158, 84), 0.6) if not stage.dark else colours.near
    _range(stage, 0.56, 0.07, colours.land(0.1), rough=1.4)
    middle = _range(stage, 0.63, 0.035, mix(colours.land(0.4), grass, 0.5))
    _wood(stage, middle, 8, 0.11, 0.5, firs=False, clearing=0.25)
    _range(stage, 0.7, 0.02, lighter(grass, 0.12), fade=0.12)
    _dots(stage, 0.74, 1.0, 130)
    _blades(stage, grass, blooms=round(13 * stage.width / stage.unit))


def _dots(stage: Stage, top: float, bottom: float, count: int) -> None:
    """Strew far flowers, small at the back and large in front."""
    rng, colours = stage.rng, stage.palette
    tints = (colours.accent, colours.second, (252, 246, 236), (240, 160, 176))
    spots = sorted((rng.uniform(top, bottom), rng.random(), rng.choice(tints)) for _ in range(count))

    def paint(canvas: Canvas, _: float) -> None:
        for y, x, tint in spots:
            near = (y - top) / (bottom - top)
            canvas.pen(x * canvas.width, y * canvas.height, stage.unit * (0.003 + 0.007 * near)).oval(0, 0, 1, 0.7,
                mix(tint, colours.near, 0.35 * (1 - near)))

    stage.add(paint)


def forest(stage: Stage) -> None:
    """A forest with light between the trunks."""
    stage.horizon, stage.ground = 0.66, 0.87
    colours, rng = stage.palette, stage.rng
    sky(stage)
    if stage.dark:
        stars(stage, 70, 0.4)
    sun(stage, behind=rng.uniform(0.4, 0.6))
    firs = rng.random() < 0.6 or stage.mood == "winter"
    count = round(9 * stage.width / stage.unit)
    for base, size, depth in ((0.62, 0.3, 0.1), (0.68, 0.4, 0.35), (0.76, 0.52, 0.62)):
        ridge = Ridge.rolled(rng, base * stage.height, 0.02 * stage.unit)
        _wood(stage, ridge, count, size, depth, firs=firs, clearing=0.0 if depth < 0.3 else 0.2 + 0.16 * depth)
        _range(stage, base, 0.02, mix(colours.land(depth), colours.low, 0.12), fade=0.3)
    _beams(stage)
    _range(stage, 0.85, 0.02, colours.land(0.96), fade=0.05)
    trunks = [(x, rng.uniform(0.05, 0.085), lean) for x, lean in rng.sample(((rng.uniform(-0.01, 0.06), 0.05),
        (rng.uniform(0.94, 1.01), -0.05)), rng.choice((1, 2)))]
    bark = darker(colours.near, 0.45)

    def paint(canvas: Canvas, _: float) -> None:
        for x, wide, lean in trunks:
            pen = canvas.pen(x * canvas.width, canvas.height, stage.unit)
            tall = canvas.height / stage.unit
            pen.blob(((-wide * 1.8, 0.06), (-wide * 0.7, -0.1), (-wide * 0.5 + lean, -tall * 0.5), (-wide * 0.45 - lean,
                -tall - 0.1), (wide * 0.4 - lean, -tall - 0.1), (wide * 0.45 + lean, -tall * 0.5), (wide * 0.7, -0.1),
                (wide * 1.8, 0.06)), bark)
            side = 1 if lean > 0 else -1
            pen.stroke(((lean, -tall * 0.62), (side * 0.1, -tall * 0.7), (side * 0.17, -tall * 0.76)), wide * 0.3, bark,
                curved=True)

    stage.add(paint, front=True)
    _blades(stage, colours.land(1.0))


def _beams(stage: Stage) -> None:
    rng = stage.rng
    beams = [(rng.uniform(0.1, 0.8), rng.uniform(0.04, 0.1), rng.uniform(0, 6)) for _ in range(4)]

    def paint(canvas: Canvas, t: float) -> None:
        w, h, pen = canvas.width, canvas.height, canvas.pen()
        for x, wide, phase in beams:
            alpha = 0.1 + 0.05 * math.sin(t * 1.5 + phase)
            pen.poly(((w * (x + 0.16), 0), (w * (x + wide + 0.16), 0), (w * (x + wide), h * 0.9), (w * (x - 0.06),
                h * 0.9)), clear(stage.palette.sun, alpha))

    stage.add(paint, moves=True)


def mountain(stage: Stage) -> None:
    """High mountains with snow on them, and a lake or a wood at their feet."""
    stage.horizon, stage.ground = 0.62, 0.87
    heavens(stage)
    rng, colours = stage.rng, stage.palette
    for base, low, high, depth, count in ((0.66, 0.26, 0.4, 0.15, 5), (0.72, 0.15, 0.26, 0.45, 5)):
        peaks = [((i + rng.uniform(0.2, 0.8)) / count, rng.uniform(low, high), rng.uniform(0.22, 0.32),
            [rng.uniform(-1, 1) for _ in range(8)]) for i in range(count)]
        stage.add(_peaks(stage, base, peaks, colours.land(depth)))
        _range(stage, base, 0.015, mix(colours.land(depth), colours.low, 0.25), fade=0.5)
    foot = _range(stage, 0.77, 0.035, colours.land(0.75), fade=0.15)
    _wood(stage, foot, round(11 * stage.width / stage.unit), 0.13, 0.75, firs=True, clearing=0.3)
    _range(stage, 0.87, 0.02, colours.land(1.0), fade=0.04)
    _blades(stage, colours.land(1.0))


def _peaks(stage: Stage, base: float, peaks: list[tuple[float, float, float, list[float]]], rock: RGB) -> Paint:
    colours = stage.palette
    snow = mix(colours.light, colours.middle, 0.18 if not stage.dark else 0.5)

    def paint(canvas: Canvas, _: float) -> None:
        for x, tall, wide, jag in sorted(peaks, key=lambda peak: -peak[1]):
            pen = canvas.pen(x * canvas.width, base * canvas.height + 2, stage.unit)
            left: list[Point] = [(-wide * s + 0.012 * jag[i], -tall * (1 - s)) for i, s in enumerate((1.0, 0.7, 0.42,
                0.2))]
            right: list[Point] = [(wide * s + 0.012 * jag[i + 4], -tall * (1 - s)) for i,
                s in enumerate((0.2, 0.42, 0.7, 1.0))]
            spine: list[Point] = [(0.03 * jag[2], -tall * 0.66), (-0.035, -tall * 0.42), (0.05, -tall * 0.2),
                (0.0, 0.0)]
            pen.poly([*left, (0, -tall), *right], mix(rock, colours.low, 0.16))
            pen.poly([(0, -tall), *right, *reversed(spine)], darker(rock, 0.16))
            cap = [(0.0, -tall), (wide * 0.3, -tall * 0.7), (wide * 0.2, -tall * 0.64), (wide * 0.13, -tall * 0.7),
                (0.03 * jag[2], -tall * 0.6), (-wide * 0.12, -tall * 0.68), (-wide * 0.2, -tall * 0.6),
                (-wide * 0.3, -tall * 0.7)]
            pen.poly(cap, snow)
            pen.poly([cap[0], *cap[1:5]], mix(snow, rock, 0.3))

    return paint


def desert(stage: Stage) -> None:
    """Dunes in warm light."""
    stage.horizon, stage.ground = 0.58, 0.86
    colours, rng = stage.palette, stage.rng
    sand = mix(colours.far, (226, 160, 92), 0.7) if not stage.dark else mix(colours.near, (150, 110, 110), 0.35)
    heavens(stage)
    for base, rise, share in ((0.6, 0.05, 0.2), (0.68, 0.06, 0.08), (0.78, 0.05, 0.0), (0.88, 0.03, 0.0)):
        fill = mix(sand, colours.low, share * 2) if share else darker(sand, (base - 0.7) * 0.8)
        ridge = _range(stage, base, rise, lighter(fill, 0.1), fade=0.1, rough=0.8)
        stage.add(_slope(ridge, darker(fill, 0.22)))
    placed = [(x, rng.uniform(0.15, 0.24), rng.uniform(0.74, 0.82)) for x in (rng.uniform(0.06, 0.22), rng.uniform(0.78,
        0.94))]
    grown = cactus if rng.random() < 0.6 else palm

    def paint(canvas: Canvas, t: float) -> None:
        for x, size, y in placed:
            grown(canvas.pen(x * canvas.width, y * canvas.height, stage.unit * size), _look(stage), t)

    stage.add(paint, moves=True)


def _slope(ridge: Ridge, shade: RGB) -> Paint:
    def paint(canvas: Canvas, _: float) -> None:
        w = canvas.width
        for i in range(3):
            x0 = 0.08 + i * 0.34
            crest = [(w * (x0 + k * 0.02), ridge.height(x0 + k * 0.02)) for k in range(9)]
            foot = [(w * (x0 + 0.2 + k * 0.012), ridge.height(x0 + 0.08) + canvas.unit * (0.012 * k)) for k in range(9)]
            canvas.pen().poly([*crest, *foot, (w * (x0 + 0.1), ridge.height(x0 + 0.08) + canvas.unit * 0.06)],
                clear(shade, 0.5))

    return paint


def snowfield(stage: Stage) -> None:
    """Snow and ice under a wide sky."""
    stage.horizon, stage.ground = 0.6, 0.87
    heavens(stage, birds=False)
    colours, rng = stage.palette, stage.rng
    white = (244, 248, 252) if not stage.dark else mix((210, 224, 244), colours.middle, 0.35)
    _range(stage, 0.62, 0.09, mix(white, colours.middle, 0.5), rough=1.5, fade=0.5)
    ridge = _range(stage, 0.68, 0.04, mix(white, colours.middle, 0.3), fade=0.2)
    _wood(stage, ridge, round(10 * stage.width / stage.unit), 0.13, 0.55, firs=True, clearing=0.3)
    _range(stage, 0.77, 0.03, mix(white, colours.middle, 0.14), fade=0.1)
    _range(stage, 0.87, 0.02, white, fade=0.05)
    drifts = [(rng.random(), rng.uniform(0.8, 0.97), rng.uniform(0.08, 0.2)) for _ in range(8)]

    def paint(canvas: Canvas, _: float) -> None:
        for x, y, wide in drifts:
            canvas.pen(x * canvas.width, y * canvas.height, stage.unit * wide).oval(0, 0, 1, 0.07,
                mix(white, colours.middle, 0.22))

    stage.add(paint)
