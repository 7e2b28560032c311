"""Animals that sit and look at us: one body, told apart by ears, face, coat and tail (a table, not seven drawings).

Each sits on (0, 0) and is about one unit high.
"""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, darker, lighter, mix

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.sandbox.canvas import Pen
    from notebookgen.sandbox.looks import Look

__all__ = ["SITTERS"]

_CREAM: RGB = (252, 243, 226)
_DARK: RGB = (42, 32, 38)
_BLUSH: RGB = (240, 150, 140)


@dataclass(frozen=True, slots=True)
class _Pelt:
    coat: RGB
    chest: RGB | None
    ears: str
    face: str
    tail: str
    limbs: RGB | None = None
    marks: str = ""


_PELTS = {
    "fox": _Pelt((226, 112, 46), _CREAM, "pointed", "mask", "brush", _DARK),
    "cat": _Pelt((92, 96, 120), _CREAM, "pointed", "round", "curl", None, "stripes"),
    "dog": _Pelt((198, 142, 86), _CREAM, "floppy", "muzzle", "short"),
    "rabbit": _Pelt((214, 196, 180), (255, 250, 244), "long", "round", "puff"),
    "bear": _Pelt((142, 96, 64), (188, 144, 104), "round", "muzzle", "none"),
    "panda": _Pelt((248, 246, 240), None, "round", "panda", "none", _DARK),
    "lion": _Pelt((230, 176, 92), (246, 214, 150), "round", "mane", "tuft"),
    "tiger": _Pelt((236, 140, 52), _CREAM, "round", "muzzle", "curl", None, "stripes"),
}


def _sitter(pelt: _Pelt) -> Callable[[Pen, Look, float], None]:
    def draw(pen: Pen, look: Look, t: float) -> None:
        coat = look.of(pelt.coat)
        shade = darker(coat, 0.22)
        limbs = pelt.limbs or darker(coat, 0.1)
        _tail(pen.at(0.2, -0.1, 1, angle=0.13 * math.sin(t * 3 + look.turn)), pelt, coat)
        pen.blob(((-0.25, -0.02), (-0.28, -0.2), (-0.2, -0.42), (-0.15, -0.62), (0.15, -0.62), (0.2, -0.42),
            (0.28, -0.2), (0.25, -0.02)), coat)
        pen.blob(((0.1, -0.6), (0.15, -0.6), (0.2, -0.42), (0.28, -0.2), (0.25, -0.02), (0.1, -0.01), (0.17, -0.2)),
            shade)
        if pelt.face == "panda":
            pen.blob(((-0.22, -0.4), (-0.19, -0.58), (0.19, -0.58), (0.22, -0.4), (0, -0.34)), limbs)
        if pelt.chest is not None:
            breath = 0.006 * math.sin(t * 2.4)
            pen.blob(((0, -0.58), (-0.13 - breath, -0.46), (-0.09, -0.27), (0, -0.15), (0.09, -0.27), (0.13 + breath,
                -0.46)), pelt.chest)
        for side in (-1, 1):
            pen.oval(side * 0.2, -0.045, 0.105, 0.055, limbs if pelt.limbs else shade)
            pen.stroke(((side * 0.085, -0.34), (side * 0.08, -0.05)), 0.095, coat if pelt.face != "panda" else limbs)
            pen.stroke(((side * 0.083, -0.14), (side * 0.08, -0.05)), 0.095, limbs if pelt.limbs else coat)
            pen.oval(side * 0.08, -0.035, 0.07, 0.042, limbs)
        if pelt.marks:
            for y, w in ((-0.46, 0.08), (-0.36, 0.09), (-0.26, 0.1)):
                for side in (-1, 1):
                    x = side * (0.19 + (0.06 if y > -0.4 else 0))
                    pen.poly(((x, y - 0.025), (x - side * w, y), (x, y + 0.025)), darker(coat, 0.45))
        _head(pen.at(0, -0.72, 1.02, angle=0.03 * math.sin(t * 1.7)), pelt, coat, t, asleep=look.asleep)

    return draw


def _tail(pen: Pen, pelt: _Pelt, coat: RGB) -> None:
    if pelt.tail == "brush":
        pen.blob(((0, 0.08), (0.2, 0.08), (0.38, -0.06), (0.44, -0.3), (0.36, -0.5), (0.26, -0.4), (0.24, -0.2),
            (0.06, -0.06)), darker(coat, 0.1))
        pen.blob(((0.43, -0.3), (0.36, -0.52), (0.26, -0.4), (0.27, -0.3), (0.34, -0.34), (0.36, -0.24)), _CREAM)
    elif pelt.tail in {"curl", "tuft"}:
        pen.stroke(((0, 0.05), (0.18, 0.06), (0.28, -0.08), (0.24, -0.28), (0.32, -0.4)), 0.065, darker(coat, 0.14),
            curved=True)
        if pelt.tail == "tuft":
            pen.oval(0.33, -0.42, 0.08, 0.1, (136, 76, 38))
    elif pelt.tail == "short":
        pen.stroke(((0, 0.03), (0.14, -0.04), (0.2, -0.2)), 0.075, darker(coat, 0.12), curved=True)
    elif pelt.tail == "puff":
        pen.oval(0.08, 0.02, 0.1, None, (255, 252, 248))


def _head(pen: Pen, pelt: _Pelt, coat: RGB, t: float, *, asleep: bool) -> None:
    if pelt.face == "mane":
        mane = (160, 88, 40)
        for i in range(14):
            lock = pen.at(0, 0, 1, angle=i * math.tau / 14 + 0.03 * math.sin(t * 2 + i))
            lock.blob(((0.2, -0.1), (0.43, 0), (0.2, 0.1)), mix(mane, coat, 0.2 * (i % 2)), 5)
        pen.oval(0, 0, 0.3, None, mane)
    _ears(pen, pelt, coat, t)
    (_masked if pelt.face == "mask" else _round)(pen, pelt, coat)
    if pelt.marks:
        for x in (-0.07, 0.0, 0.07):
            pen.poly(((x - 0.018, -0.215), (x, -0.11), (x + 0.018, -0.215)), darker(coat, 0.45))
    _eyes(pen, pelt, coat, closed=asleep or t % 3.1 > 2.95)
    _nose(pen, pelt, darker(coat, 0.5))


def _masked(pen: Pen, _pelt: _Pelt, coat: RGB) -> None:
    """A fox's face: wide cheeks, pale below."""
    pen.blob(((-0.31, 0.04), (-0.23, -0.15), (0, -0.22), (0.23, -0.15), (0.31, 0.04), (0.15, 0.13), (0, 0.22),
        (-0.15, 0.13)), coat)
    for side in (-1, 1):
        pen.blob(((side * 0.32, 0.05), (side * 0.17, 0.0), (side * 0.07, 0.05), (0, 0.22), (side * 0.15, 0.15)), _CREAM)


def _round(pen: Pen, pelt: _Pelt, coat: RGB) -> None:
    """Everybody else's: a round head and a pale muzzle."""
    pen.blob(((-0.27, 0.02), (-0.22, -0.16), (0, -0.22), (0.22, -0.16), (0.27, 0.02), (0.18, 0.17), (0, 0.21),
        (-0.18, 0.17)), coat)
    pen.oval(0, 0.1, 0.1 if pelt.face == "round" else 0.13, 0.09, _CREAM if pelt.face == "panda" else lighter(coat,
        0.45))


def _eyes(pen: Pen, pelt: _Pelt, coat: RGB, *, closed: bool) -> None:
    panda = pelt.face == "panda"
    for side in (-1, 1):
        x = side * 0.115
        if panda:
            pen.oval(x + side * 0.01, -0.015, 0.07, 0.085, _DARK, side * 0.5)
        elif pelt.face != "mask":
            pen.oval(side * 0.19, 0.075, 0.04, 0.026, mix(coat, _BLUSH, 0.55))
        if closed:
            pen.stroke(((x - 0.04, -0.01), (x, 0.012), (x + 0.04, -0.01)), 0.015, _CREAM if panda else _DARK,
                curved=True)
        else:
            pen.oval(x, -0.01, 0.034, 0.04, (20, 18, 22) if panda else _DARK)
            pen.oval(x + 0.011, -0.024, 0.012, None, (255, 255, 255))


def _nose(pen: Pen, pelt: _Pelt, dark: RGB) -> None:
    if pelt.marks or pelt.tail == "puff":
        for side in (-1, 1):
            for tilt in (-0.05, 0.03):
                pen.stroke(((side * 0.12, 0.09), (side * 0.32, 0.09 + tilt)), 0.006, dark, cap=False)
    nose = 0.17 if pelt.face == "mask" else 0.055
    tip = (226, 122, 130) if pelt.tail == "puff" else _DARK
    pen.blob(((-0.042, nose - 0.02), (0.042, nose - 0.02), (0, nose + 0.035)), tip, 5)
    if pelt.face != "mask":
        pen.stroke(((-0.05, 0.125), (-0.02, 0.14), (0, 0.105), (0.02, 0.14), (0.05, 0.125)), 0.011, _DARK, curved=True)
    if pelt.ears == "floppy":
        pen.blob(((-0.03, 0.145), (0.03, 0.145), (0.025, 0.21), (0, 0.225), (-0.025, 0.21)), (236, 110, 120))


def _ears(pen: Pen, pelt: _Pelt, coat: RGB, t: float) -> None:
    inner = mix(coat, _BLUSH, 0.5)
    twitch = 0.05 * max(0.0, math.sin(t * 2.3)) ** 8
    for side in (-1, 1):
        ear = pen.at(side * 0.15, -0.13, 1, angle=side * twitch)
        if pelt.ears == "pointed":
            ear.poly(((-side * 0.11, -0.06), (side * 0.055, -0.3), (side * 0.12, 0.06)), darker(coat, 0.08))
            ear.poly(((-side * 0.05, -0.05), (side * 0.05, -0.22), (side * 0.085, 0.04)), darker(coat, 0.55)
                if pelt.face == "mask" else inner)
        elif pelt.ears == "round":
            ear.oval(side * 0.05, -0.04, 0.095, None, _DARK if pelt.face == "panda" else darker(coat, 0.12))
            if pelt.face != "panda":
                ear.oval(side * 0.045, -0.03, 0.055, None, inner)
        elif pelt.ears == "long":
            ear.oval(-side * 0.02, -0.24, 0.075, 0.24, darker(coat, 0.06), side * 0.16)
            ear.oval(-side * 0.02, -0.23, 0.04, 0.18, inner, side * 0.16)
        else:
            ear.blob(((-side * 0.03, -0.07), (side * 0.1, -0.05), (side * 0.2, 0.12), (side * 0.17, 0.27),
                (side * 0.08, 0.2), (side * 0.04, 0.06)), darker(coat, 0.3))


SITTERS = {kind: _sitter(pelt) for kind, pelt in _PELTS.items()}
