"""From a brief to a staged scene: which place, which light, who stands where."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.sandbox import abstracts, insides, lands, streets, waters
from notebookgen.sandbox.cast import CAST, Part
from notebookgen.sandbox.colours import RGB, clear, darker, mix
from notebookgen.sandbox.looks import Look
from notebookgen.sandbox.palettes import Palette, palette
from notebookgen.sandbox.reading import Brief, Subject, read
from notebookgen.sandbox.request import Request, dice
from notebookgen.sandbox.skies import fog, weather
from notebookgen.sandbox.stage import Stage
from notebookgen.sandbox.vehicles import SEATS

if TYPE_CHECKING:
    import random

    from notebookgen.sandbox.canvas import Canvas, Pen

__all__ = ["stage"]

_PLACES = {
    "hills": lands.hills, "meadow": lands.meadow, "forest": lands.forest, "mountain": lands.mountain, "desert": lands.desert,
    "snowfield": lands.snowfield, "city": streets.city, "road": streets.road, "sea": waters.sea, "lake": waters.lake, "underwater": waters.underwater,
    "table": insides.table, "room": insides.room, "backdrop": insides.backdrop, "heights": insides.heights, "clouds": insides.heights, "space": insides.space,
}  # fmt: skip
_WET = frozenset({"sea", "lake"})
#: Carriers whose riders stand on top; all others hide their riders' legs.
_TOPPED = frozenset({"book", "dragon", "house", "moon", "mushroom", "plane", "rocket", "turtle", "whale"})
_INDOORS = frozenset({"table", "room", "backdrop"})
_AMBIENT = {"night": 0.3, "sunset": 0.12, "storm": 0.16, "neon": 0.26, "dawn": 0.07}


def stage(request: Request, width: int, height: int) -> Stage:
    """Return the scene a request asks for, ready to be painted at any moment."""
    brief = read(request.prompt)
    told = read(str(request.setting("style") or "").replace("_", " ")).style
    brief = replace(brief, style=told or brief.style)
    rng = dice(request, "scene")
    mood = _mood(brief, rng)
    scene = Stage(width, height, _tinted(brief, mood, rng), rng, brief, mood)
    if not brief.known:
        abstracts.abstract(scene)
        return scene
    place = _place(brief, rng)
    _PLACES[place](scene)
    if "fog" in brief.weather and place not in _INDOORS:
        fog(scene)
    _enter(scene, place)
    if place not in _INDOORS and place not in {"underwater", "space"}:
        weather(scene)
    return scene


def _mood(brief: Brief, rng: random.Random) -> str:
    if brief.style == "line":
        return brief.mood or "day"
    if brief.mood:
        return brief.mood
    for kind, mood in (
        ("snow", "winter"),
        ("leaves", "autumn"),
        ("rain", "storm"),
        ("stars", "night"),
        ("aurora", "night"),
    ):
        if kind in brief.weather:
            return mood
    return rng.choice(("day", "day", "dawn", "sunset", "day", "sunset"))


def _tinted(brief: Brief, mood: str, rng: random.Random) -> Palette:
    colours = palette(mood, rng)
    if brief.colour is None:
        return colours
    named = brief.colour
    return Palette(
        sky=mix(colours.sky, named, 0.22), middle=mix(colours.middle, named, 0.14), low=mix(colours.low, named, 0.07), sun=colours.sun,
        far=mix(colours.far, named, 0.2), near=mix(colours.near, named, 0.12), accent=named, second=mix(colours.second, named, 0.2),
        light=colours.light, ink=colours.ink,
    )  # fmt: skip


def _place(brief: Brief, rng: random.Random) -> str:
    parts = [CAST[subject.kind] for subject in brief.subjects]
    if brief.place:
        if brief.place in _WET and parts and all(part.home == ("underwater",) for part in parts):
            return "underwater"
        return brief.place
    if not parts:
        if "snow" in brief.weather:
            return "snowfield"
        return rng.choice(("hills", "mountain", "sea", "lake", "meadow", "forest"))
    carrier = next((part for subject, part in zip(brief.subjects, parts, strict=True) if subject.kind in SEATS), None)
    lead = carrier if brief.mounted and carrier else parts[0]
    strict = [part.home for part in parts if len(part.home) == 1]
    homes = lead.home if not strict or len(lead.home) == 1 else strict[0]
    if "snow" in brief.weather and homes[0] in {"hills", "meadow", "forest", "room"}:
        return "snowfield"
    if brief.weather:
        homes = tuple(home for home in homes if home not in _INDOORS) or ("hills",)
    if brief.mood in {"night", "sunset", "dawn", "autumn"} and homes[0] == "room" and len(homes) > 1:
        return homes[1]
    shared = {home: sum(home in part.home for part in parts) for home in homes}
    best = [home for home in homes if shared[home] == max(shared.values())]
    return rng.choice((best[0], *best))


def _enter(scene: Stage, place: str) -> None:
    """Let the subjects stand in a row: the first one largest and nearest to the middle, riders on what they ride."""
    subjects = list(scene.brief.subjects)
    rider: Subject | None = None
    if (
        scene.brief.mounted
        and len(subjects) > 1
        and subjects[1].kind in SEATS
        and CAST[subjects[0].kind].stance != "water"
    ):
        rider = subjects.pop(0)
    figures = [(subject, i) for subject in subjects for i in range(min(7, subject.count))]
    if not figures:
        return
    shrink = (1.0, 1.0, 0.8, 0.66, 0.56, 0.5, 0.46)[min(6, len(figures))]
    widths = [CAST[subject.kind].size * CAST[subject.kind].width * shrink * scene.unit for subject, _ in figures]
    room = scene.width * 0.94
    squeeze = min(1.0, room / sum(widths))
    gap = min(0.06 * scene.unit, max(0.0, room - sum(widths) * squeeze) / len(widths))
    left = (scene.width - sum(widths) * squeeze - gap * (len(widths) - 1)) / 2
    lean = scene.rng.uniform(-0.07, 0.07) * scene.width if len(figures) == 1 and place not in _INDOORS else 0.0
    for (subject, number), width in zip(figures, widths, strict=True):
        x = left + width * squeeze / 2 + lean
        left += width * squeeze + gap
        _figure(
            scene,
            place,
            subject,
            number,
            x,
            CAST[subject.kind].size * shrink * squeeze * scene.unit,
            rider if number == 0 else None,
        )
        rider = None if number == 0 else rider


def _figure(
    scene: Stage, place: str, subject: Subject, number: int, x: float, size: float, rider: Subject | None
) -> None:
    part, rng = CAST[subject.kind], scene.rng
    size *= rng.uniform(0.94, 1.06) * (1.0 if number == 0 else rng.uniform(0.8, 1.0))
    if scene.height > scene.width * 1.25:
        size *= 1.22
    y = _footing(scene, place, part, number, size)
    look = _look(scene, subject, rng)
    rides = _look(scene, rider, rng) if rider else look
    air, haze = (
        scene.air or scene.palette.sky,
        _AMBIENT.get(scene.mood, 0.0) * (0.6 if scene.mood == "night" and place in _INDOORS else 1.0) + scene.haze,
    )
    seat = SEATS.get(subject.kind, (0.0, -1.0, 0.5))
    speed = part.travels * scene.unit
    dry = part.stance == "ground"
    sand = mix((228, 202, 150), scene.palette.near, 0.5 if scene.dark else 0.15)

    def paint(canvas: Canvas, t: float) -> None:
        at = x + speed * (t - 1.0 if t else 0.0)
        if dry and place in _WET:
            _islet(canvas.pen(at, y, size * max(0.8, part.width)), sand)
        if dry:
            canvas.pen(at, y, size).oval(0.05, 0.0, 0.5 * part.width, 0.05, clear(scene.palette.ink, 0.28))
        pen = canvas.pen(at, y, size).lit(air, haze)
        if rider and subject.kind not in _TOPPED:
            CAST[rider.kind].draw(pen.at(*seat), rides, t)
            part.draw(pen, look, t)
        else:
            part.draw(pen, look, t)
            if rider:
                CAST[rider.kind].draw(pen.at(*seat), rides, t)

    scene.add(paint, moves=True)


def _islet(pen: Pen, sand: RGB) -> None:
    """A flat island under the feet of what cannot swim."""
    pen.blob(
        ((-0.95, 0.05), (-0.5, -0.05), (0.1, -0.07), (0.6, -0.04), (1.0, 0.06), (0.5, 0.13), (-0.4, 0.13)),
        darker(sand, 0.25),
    )
    pen.blob(
        ((-0.9, 0.035), (-0.5, -0.06), (0.1, -0.08), (0.6, -0.05), (0.95, 0.04), (0.4, 0.085), (-0.4, 0.085)), sand
    )


def _footing(scene: Stage, place: str, part: Part, number: int, size: float) -> float:
    rng, h = scene.rng, scene.height
    if part.stance == "bust":
        return h * 0.93
    if part.stance == "perch":
        return h * 0.74
    if part.stance == "air" and place not in _INDOORS:
        middle = {"underwater": 0.52, "space": 0.5}.get(place, 0.36)
        return h * (middle + rng.uniform(-0.06, 0.06) + (0.1 * (number % 2) - 0.05 if number else 0)) + size * 0.5
    if place == "underwater":
        return h * (0.56 + rng.uniform(-0.04, 0.04)) + size * 0.45 if part.stance in {"air", "water"} else h * 0.88
    if place in {"heights", "clouds"}:
        return h * 0.72
    foot = scene.ground * h + (part.sinks * size if place in _WET else 0.0)
    return foot + rng.uniform(-0.01, 0.015) * h - (0.035 * h if number % 2 else 0.0)


def _look(scene: Stage, subject: Subject | None, rng: random.Random) -> Look:
    colours = scene.palette
    lonely = len(scene.brief.subjects) == 1 and scene.brief.colour is not None
    colour = subject.colour if subject else None
    accent = scene.brief.colour if colour is None and lonely and scene.brief.colour else colours.accent
    snowy = "snow" in scene.brief.weather or scene.mood == "winter"
    if subject and subject.kind == "tree" and colour is None and scene.mood == "autumn":
        colour = (222, 110, 44)
    return Look(
        accent,
        colours.second,
        colours.ink,
        colours.light,
        colour,
        rng.uniform(0, math.tau),
        snowy,
        scene.dark or scene.mood == "sunset",
        scene.brief.asleep,
    )
