"""Trees, flowers and what else grows. Each is drawn standing on (0, 0), about one unit high."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, darker, lighter, mix

if TYPE_CHECKING:
    import random

    from notebookgen.sandbox.canvas import Pen
    from notebookgen.sandbox.looks import Look

__all__ = ["cactus", "flower", "mushroom", "palm", "pine", "tree", "tuft"]

_BARK: RGB = (94, 66, 50)
_LEAF: RGB = (74, 138, 92)


def tree(pen: Pen, look: Look, t: float) -> None:
    """A round tree whose crown sways."""
    crown = look.of(_LEAF)
    sway = 0.012 * math.sin(t * 1.6 + look.turn)
    pen.poly(((-0.055, 0), (-0.03, -0.4), (-0.12, -0.62), (-0.085, -0.64), (0, -0.5), (0.1, -0.66), (0.13, -0.63),
        (0.03, -0.4), (0.055, 0)), _BARK)
    head = pen.at(sway, 0)
    for x, y, r, share in ((-0.2, -0.58, 0.19, 0.2), (0.21, -0.6, 0.19, 0.2), (0, -0.74, 0.27, 0.0), (-0.13, -0.7, 0.17,
        0.0)):
        head.oval(x, y, r, r * 0.94, darker(crown, share))
    for x, y, r in ((-0.1, -0.82, 0.12), (0.09, -0.7, 0.08), (-0.2, -0.62, 0.06)):
        head.oval(x, y, r, r * 0.8, lighter(crown, 0.16))


def pine(pen: Pen, look: Look, t: float) -> None:
    """A fir of four tiers."""
    crown = look.of((44, 98, 84))
    pen.box(-0.03, -0.15, 0.06, 0.15, _BARK)
    lean = 0.01 * math.sin(t * 1.3 + look.turn)
    for i in range(4):
        y, w = -0.1 - 0.21 * i, 0.25 - 0.052 * i
        shift = lean * i
        pen.poly(((-w + shift, y), (shift, y - 0.34), (w + shift, y), (w * 0.4 + shift, y + 0.03), (shift, y),
            (-w * 0.4 + shift, y + 0.03)), darker(crown, 0.18 - 0.06 * i))
        pen.poly(((shift, y - 0.34), (w + shift, y), (w * 0.4 + shift, y + 0.03), (shift + 0.02, y)),
            darker(crown, 0.3 - 0.06 * i))
    if look.snowy:
        for i in range(4):
            y, w = -0.1 - 0.21 * i, (0.25 - 0.052 * i) * 0.55
            pen.poly(((-w, y - 0.16), (0, y - 0.345), (w, y - 0.16), (w * 0.4, y - 0.19), (0, y - 0.15),
                (-w * 0.4, y - 0.19)), (244, 248, 252))


def palm(pen: Pen, look: Look, t: float) -> None:
    """A palm that leans."""
    pen.stroke(((0, 0), (0.04, -0.35), (0.13, -0.72)), 0.05, (140, 104, 74), curved=True)
    crown = pen.at(0.13, -0.74, 1, angle=0.03 * math.sin(t * 1.5))
    leaf = look.of((58, 130, 92))
    for i, turn in enumerate((-2.9, -2.3, -1.6, -0.9, -0.25, 0.2)):
        frond = crown.at(0, 0, 1, angle=turn)
        frond.blob(((0, -0.02), (0.17, -0.07), (0.36, 0.05 if turn > -1.5 else -0.05), (0.18, 0.03), (0, 0.02)),
            darker(leaf, 0.12 * (i % 2)))
    for x in (-0.03, 0.03):
        crown.oval(x, 0.03, 0.028, None, (110, 72, 48))


def flower(pen: Pen, look: Look, t: float) -> None:
    """A flower with a bent stem and two leaves."""
    petal = look.of(look.accent)
    sway = 0.03 * math.sin(t * 1.8 + look.turn)
    green = (70, 128, 84)
    pen.stroke(((0, 0), (-0.03, -0.35), (sway, -0.7)), 0.028, green, curved=True)
    pen.blob(((0, -0.18), (0.16, -0.36), (0.24, -0.32), (0.12, -0.18)), green)
    pen.blob(((-0.01, -0.28), (-0.17, -0.44), (-0.22, -0.38), (-0.1, -0.26)), lighter(green, 0.12))
    head = pen.at(sway, -0.76, 1, angle=sway * 2 + look.turn)
    for i in range(8):
        head.at(0, 0, 1, angle=i * math.tau / 8).oval(0.13, 0, 0.115, 0.066, petal if i % 2 else lighter(petal, 0.14))
    head.oval(0, 0, 0.085, None, (244, 190, 66))
    head.oval(0.015, 0.02, 0.05, None, (196, 132, 40))


def mushroom(pen: Pen, look: Look, _: float) -> None:
    """A toadstool with white spots."""
    cap = look.of((205, 52, 48))
    pen.blob(((-0.11, 0), (-0.09, -0.3), (-0.1, -0.5), (0.1, -0.5), (0.09, -0.3), (0.13, 0), (0, 0.02)),
        (243, 232, 212))
    pen.blob(((0.02, 0), (0.05, -0.3), (0.03, -0.5), (0.1, -0.5), (0.09, -0.3), (0.13, 0)), (222, 205, 180))
    pen.blob(((-0.42, -0.42), (-0.36, -0.7), (0, -0.95), (0.36, -0.7), (0.42, -0.42), (0.2, -0.38), (0, -0.43),
        (-0.2, -0.38)), cap)
    pen.blob(((0.15, -0.88), (0.36, -0.7), (0.42, -0.42), (0.24, -0.39), (0.27, -0.6)), darker(cap, 0.2))
    for x, y, r in ((-0.2, -0.6, 0.07), (0.03, -0.76, 0.08), (0.12, -0.53, 0.06), (-0.3, -0.47, 0.04),
        (0.3, -0.6, 0.045)):
        pen.oval(x, y, r, r * 0.85, (255, 248, 236))


def cactus(pen: Pen, look: Look, _: float) -> None:
    """A saguaro with two arms and a flower."""
    green = look.of((76, 140, 96))
    shade, bright = darker(green, 0.25), lighter(green, 0.22)
    for x, y0, y1, side in ((-0.2, -0.42, -0.68, 1), (0.21, -0.34, -0.62, -1)):
        pen.stroke(((x + side * 0.2, y0), (x, y0 - 0.02), (x, y1)), 0.11, shade if side < 0 else green)
    pen.box(-0.1, -0.95, 0.2, 0.97, green, 0.1)
    pen.box(0.03, -0.92, 0.07, 0.92, shade, 0.035)
    for x in (-0.055, -0.01):
        pen.stroke(((x, -0.86), (x, -0.04)), 0.009, bright)
    pen.oval(0, -0.96, 0.055, 0.04, look.accent)


def tuft(pen: Pen, rng: random.Random, colour: RGB, sway: float = 0.0) -> None:
    """A tuft of grass."""
    for _ in range(5):
        lean, tall = rng.uniform(-0.5, 0.5), rng.uniform(0.6, 1.0)
        tip = (lean + sway, -tall)
        pen.poly(((lean * 0.3 - 0.07, 0), tip, (lean * 0.3 + 0.07, 0)), mix(colour, (255, 255, 255), rng.uniform(0,
            0.12)))
