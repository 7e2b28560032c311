"""Solids of animals: one sitting body, and for each kind what tells it from the others; and two birds."""

# fmt: off
# Sizes read best side by side, so these lines are broken by hand.
from __future__ import annotations

import random
from collections.abc import Callable

from notebookgen.sandbox.colours import RGB, darker, lighter, mix
from notebookgen.sandbox.meshes import Mesh
from notebookgen.sandbox.palettes import Palette

__all__ = ["CREATURES"]

_Shape = Callable[[Mesh, RGB | None, Palette, random.Random], None]
_CREAM: RGB = (250, 240, 222)
_DARK: RGB = (40, 34, 42)
_ORANGE: RGB = (240, 150, 50)


def _pointed(mesh: Mesh, coat: RGB, side: int) -> None:
    mesh.lathe(((0.01, 0.3), (0.06, 0.15), (0.11, 0.0)), lambda share: mix(_DARK, coat, min(1.0, round(share * 2, 2))),
        centre=(side * 0.17, 0.96, 0.02), columns=20)


def _long(mesh: Mesh, coat: RGB, side: int) -> None:
    mesh.globe((side * 0.1, 1.2, 0.02), (0.065, 0.25, 0.045), coat)
    mesh.globe((side * 0.1, 1.2, 0.045), (0.035, 0.19, 0.03), (240, 190, 190))


def _hanging(mesh: Mesh, coat: RGB, side: int) -> None:
    mesh.globe((side * 0.28, 0.82, 0.04), (0.06, 0.2, 0.1), darker(coat, 0.4))


def _round(mesh: Mesh, coat: RGB, side: int) -> None:
    mesh.globe((side * 0.2, 1.02, 0.03), (0.09, 0.09, 0.05), darker(coat, 0.15))
    mesh.globe((side * 0.2, 1.02, 0.06), (0.055, 0.055, 0.035), lighter(coat, 0.3))


def _black(mesh: Mesh, _coat: RGB, side: int) -> None:
    mesh.globe((side * 0.2, 1.02, 0.03), (0.095, 0.095, 0.055), _DARK)
    mesh.globe((side * 0.115, 0.87, 0.205), (0.075, 0.085, 0.055), _DARK)
    mesh.globe((side * 0.27, 0.44, 0.1), (0.1, 0.22, 0.13), _DARK)


def _mane(mesh: Mesh, coat: RGB) -> None:
    mesh.globe((0, 0.84, -0.03), (0.42, 0.39, 0.19), darker(mix(coat, (160, 70, 20), 0.6), 0.1))


def _stripes(mesh: Mesh, _coat: RGB) -> None:
    for y, wide, deep in ((0.24, 0.3, 0.272), (0.36, 0.308, 0.277), (0.48, 0.286, 0.26)):
        mesh.globe((0, y, -0.012), (wide, 0.022, deep), _DARK)
    for y, wide in ((0.99, 0.222), (0.93, 0.262)):
        mesh.globe((0, y, 0.035), (wide, 0.014, wide * 0.88), _DARK)


def _creature(natural: RGB, ear: Callable[[Mesh, RGB, int], None], *, tail: float = 1.0, feet: float = 0.1,
    extra: Callable[[Mesh, RGB], None] | None = None, belly: RGB = _CREAM) -> _Shape:
    """Return a sitting animal.

    Args:
        natural: Its coat, where the prompt names no colour.
        ear: Adds one ear, and what goes with it on each side.
        tail: How large the tail is.
        feet: How much darker the feet are.
        extra: What is added to the whole.
        belly: The colour of its front.
    """

    def shape(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
        coat = named or natural
        mesh.globe((0, 0.34, 0), (0.3, 0.36, 0.27), coat, other=darker(coat, 0.15))
        if extra is not None:
            extra(mesh, coat)
        mesh.globe((0, 0.36, 0.13), (0.17, 0.25, 0.17), belly)
        mesh.globe((0, 0.83, 0.05), (0.28, 0.24, 0.24), coat)
        mesh.globe((0, 0.76, 0.24), (0.12, 0.09, 0.1), _CREAM)
        mesh.globe((0, 0.8, 0.335), (0.035, 0.028, 0.025), _DARK)
        for side in (-1, 1):
            ear(mesh, coat, side)
            eye = _CREAM if ear is _black else _DARK
            mesh.globe((side * 0.11, 0.88, 0.255), (0.035, 0.042, 0.03) if eye is _DARK else (0.02, 0.024, 0.02), eye)
            mesh.globe((side * 0.13, 0.06, 0.2), (0.09, 0.07, 0.13), darker(coat, feet))
        size = 0.13 * min(1.0, tail + 0.3)
        mesh.globe((0.26 * min(1.0, tail + 0.2), 0.2, -0.3), (size, size, 0.28 * tail), coat, other=lighter(coat, 0.2))

    return shape


def _penguin(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    coat = named or (52, 56, 74)
    mesh.globe((0, 0.46, 0), (0.3, 0.46, 0.27), coat)
    mesh.globe((0, 0.42, 0.08), (0.23, 0.38, 0.22), _CREAM)
    mesh.globe((0, 0.94, 0.02), (0.22, 0.21, 0.2), coat)
    mesh.globe((0, 0.92, 0.24), (0.05, 0.035, 0.09), _ORANGE)
    for side in (-1, 1):
        mesh.globe((side * 0.08, 0.9, 0.12), (0.1, 0.11, 0.1), _CREAM)
        mesh.globe((side * 0.085, 0.97, 0.19), (0.03, 0.035, 0.025), _DARK)
        mesh.globe((side * 0.31, 0.5, 0), (0.055, 0.27, 0.11), darker(coat, 0.2))
        mesh.globe((side * 0.12, 0.03, 0.16), (0.1, 0.035, 0.15), _ORANGE)


def _owl(mesh: Mesh, named: RGB | None, _colours: Palette, _rng: random.Random) -> None:
    coat = named or (150, 108, 74)
    mesh.globe((0, 0.44, 0), (0.31, 0.44, 0.27), coat, other=darker(coat, 0.2))
    mesh.globe((0, 0.38, 0.1), (0.2, 0.3, 0.19), lighter(coat, 0.55))
    mesh.globe((0, 0.84, 0.02), (0.3, 0.24, 0.24), lighter(coat, 0.06))
    mesh.globe((0, 0.8, 0.26), (0.03, 0.055, 0.05), _ORANGE)
    for side in (-1, 1):
        mesh.globe((side * 0.12, 0.87, 0.17), (0.125, 0.125, 0.08), _CREAM)
        mesh.globe((side * 0.12, 0.87, 0.24), (0.055, 0.06, 0.03), _DARK)
        mesh.lathe(((0.01, 0.16), (0.07, 0.0)), lambda _: darker(coat, 0.25), centre=(side * 0.2, 0.99, 0), columns=16)
        mesh.globe((side * 0.3, 0.44, -0.02), (0.07, 0.3, 0.17), darker(coat, 0.3))
        mesh.globe((side * 0.1, 0.02, 0.2), (0.07, 0.03, 0.09), _ORANGE)


CREATURES: dict[str, _Shape] = {
    "fox": _creature((226, 112, 46), _pointed, feet=0.4), "cat": _creature((96, 100, 124), _pointed, tail=0.8),
    "dog": _creature((204, 152, 98), _hanging, tail=0.6), "rabbit": _creature((220, 204, 190), _long, tail=0.35),
    "bear": _creature((142, 96, 64), _round, tail=0.3, belly=(190, 150, 112)),
    "lion": _creature((230, 176, 92), _round, tail=0.7, extra=_mane),
    "tiger": _creature((236, 140, 52), _round, tail=0.8, extra=_stripes),
    "panda": _creature((246, 244, 240), _black, tail=0.25, feet=0.85, belly=(246, 244, 240)),
    "penguin": _penguin, "owl": _owl,
}  # fmt: skip
