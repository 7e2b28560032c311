"""A scene before it is painted: layers from the back to the front, each a function of the time.

What a layer needs to know (where the hills run, how many stars) is rolled once when the layer is made, so painting it
at another moment moves it and changes nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebookgen.sandbox.canvas import Canvas, Point

if TYPE_CHECKING:
    import random

    from notebookgen.sandbox.colours import RGB
    from notebookgen.sandbox.palettes import Palette
    from notebookgen.sandbox.reading import Brief

__all__ = ["Layer", "Paint", "Ridge", "Stage"]

#: Paints one layer on a canvas at a time in seconds; a still picture is the moment 0.
Paint = Callable[[Canvas, float], None]


@dataclass(frozen=True, slots=True)
class Layer:
    """One thing in the scene; `moves` tells a clip that it must be painted for every frame."""

    paint: Paint
    moves: bool


@dataclass(slots=True)
class Stage:
    """A scene in the making, `width` by `height` pixels."""

    width: int
    height: int
    palette: Palette
    rng: random.Random
    brief: Brief
    mood: str
    layers: list[Layer] = field(default_factory=list)
    horizon: float = 0.6
    ground: float = 0.86
    haze: float = 0.0
    air: RGB | None = None
    front: list[Layer] = field(default_factory=list)

    @property
    def unit(self) -> float:
        """The shorter side in pixels; what sizes are measured by."""
        return float(min(self.width, self.height))

    @property
    def dark(self) -> bool:
        """Whether lamps are lit and stars are out."""
        return self.mood in {"night", "neon"}

    def add(self, paint: Paint, *, moves: bool = False, front: bool = False) -> None:
        """Put a layer before those that are there; `front` keeps it before the subjects too."""
        (self.front if front else self.layers).append(Layer(paint, moves))

    def ordered(self) -> Iterable[Layer]:
        """Return all layers from the back to the front."""
        return (*self.layers, *self.front)


@dataclass(frozen=True, slots=True)
class Ridge:
    """A line of hills: a sum of waves, the same wherever it is looked at."""

    base: float
    rise: float
    waves: tuple[tuple[float, float, float], ...]

    @classmethod
    def rolled(cls, rng: random.Random, base: float, rise: float, *, rough: float = 1.0) -> Ridge:
        """Return a ridge around `base` with hills of `rise`, both in pixels."""
        waves = tuple(
            (rng.uniform(0.6, 1.0) / n**1.1, n * rough * rng.uniform(0.8, 1.25), rng.uniform(0, math.tau))
            for n in (1, 2, 3.3, 5.1)
        )
        return cls(base, rise, waves)

    def height(self, x: float) -> float:
        """Return the y in pixels at x, a share of the picture's width."""
        return (
            self.base - self.rise * sum(size * math.sin(x * often * 4 + start) for size, often, start in self.waves) / 2
        )

    def outline(self, width: float, bottom: float, *, shift: float = 0.0, steps: int = 64) -> list[Point]:
        """Return the closed outline of the land below the ridge, in pixels."""
        line = [(width * i / steps, self.height(i / steps + shift)) for i in range(steps + 1)]
        return [*line, (width, bottom), (0.0, bottom)]
