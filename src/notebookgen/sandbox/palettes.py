"""The colours of a picture: a few palettes chosen by hand for each time of day, turned slightly by the request's hash."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from notebookgen.sandbox.colours import RGB, hexed, mix, turned

if TYPE_CHECKING:
    import random

__all__ = ["Palette", "palette"]


@dataclass(frozen=True, slots=True)
class Palette:
    """What a scene is painted with, from the sky's top to the ground at our feet."""

    sky: RGB
    middle: RGB
    low: RGB
    sun: RGB
    far: RGB
    near: RGB
    accent: RGB
    second: RGB
    light: RGB
    ink: RGB

    def land(self, depth: float) -> RGB:
        """Return the colour of land at a depth of 0 (the horizon) to 1 (at our feet)."""
        return mix(self.far, self.near, depth)


#            sky    middle low    sun    far    near   accent second light  ink
_TABLES = {
    "day": (
        "3b8ea5 8cc5c6 f5e9c9 fff3d0 9cc3b0 2f5d50 e4572e f0b429 fffaf0 1f2d3a",
        "4f86c6 a3cef1 fdf0d5 fffbe6 a9c9a4 3a6b35 d1495b edae49 fffdf7 26324a",
        "2a9d8f 9ad1c3 f8edd0 fff2c4 a5c9a0 264653 e76f51 e9c46a fffbf0 1d3540",
        "5aa9e6 b5dcf5 fef6e4 ffffff b3cfbf 436f5e ff6392 ffc145 fffdfa 283044",
    ),
    "dawn": (
        "6d6ba7 e8a0a8 ffe3c2 fff1d6 b79fc0 46476f f2716b f6bd60 fff6ea 2d2b4a",
        "5f7fb8 f0b7a4 ffedd0 fff5df a9a7c4 3f4c72 ee6c4d f4d35e fff8ee 29304f",
        "88a2c4 f3c6c9 fff0db ffe9c9 b4b4cc 52618a e5709b f7b267 fffaf2 33395c",
    ),
    "sunset": (
        "3a2e5c d1495b fbb13c ffe8a3 8f4a6b 2b1d42 ff7a4d ffd166 fff0d4 1d1433",
        "27476e e76f51 f9c56e fff0b8 a0566b 2a2140 f4a259 ffd97d fff3dc 1c1836",
        "44355b ee5d6c fcbf70 ffe6a7 94487a 301e4b ff8c61 ffd275 fff1dd 221440",
        "1f4e6b f28f5b fbd786 fff3c4 b0685f 2c2a4a ef5d60 f7c95c fff6e0 1b2038",
    ),
    "night": (
        "0d1433 1f2f5f 47588f f7f3dc 3b4a80 10152f f4b860 7fb7be f2f0e4 090c20",
        "0b1d2a 17405a 3f7787 fdf6d8 2f6272 0b1c28 f2c14e 8ad0c0 f2f7ee 06121b",
        "1a1037 3b2667 7a4e92 fff0d8 57407f 160e2e ff9f7a 8fb8de f8eefa 0d0820",
    ),
    "autumn": (
        "5b8a9a c9d4c0 fbe8c8 fff1cf c99a63 6b3a1f c8441b e9a03b fff8ea 33221c",
        "7b93a6 dccfb6 fae3bf fff0cf cf9b5f 5b3724 b83b1e eda63a fff6e6 2f211d",
    ),
    "winter": (
        "6f94b8 bcd2e2 f4f1ee fffaf0 c3d3e2 7a95b3 d1495b edae49 ffffff 2b3a55",
        "7c8fb5 c9cfe4 f7ece9 fff5ea c9d2e6 7d8fb5 c94c4c f2b872 ffffff 30395a",
    ),
    "storm": (
        "3c4a5b 6b7c8c b8bfb9 e9e7d6 76868f 2b3a42 d98a4b a3b8b0 f0f0e8 1c252c",
        "43465e 72758f bdb9bf ecdfd3 7d7f94 2f3247 d07a6a b3b0c4 f1eeee 1f2031",
    ),
    "neon": (
        "12082b 3d1465 c2337b ff9de2 5b1f78 0f0624 00e5ff ff3cac fdf2ff 080315",
        "07102e 14337a 8a3ffc ffd0f5 2a3f94 080b25 ff4ecd 2de2e6 f4f5ff 050818",
    ),
    "mono": (
        "6f6f6f b4b4b4 ececec ffffff b0b0b0 303030 1c1c1c 8c8c8c ffffff 121212",
        "4a4a4a 9a9a9a e4e4e4 ffffff 9c9c9c 262626 101010 7c7c7c fafafa 0c0c0c",
    ),
}


def palette(mood: str, rng: random.Random) -> Palette:
    """Return a palette for a mood (a time of day, a season, a style), slightly turned so that no two are the same."""
    tables = _TABLES.get(mood, _TABLES["day"])
    colours = [hexed(text) for text in tables[rng.randrange(len(tables))].split()]
    hue, value = rng.uniform(-0.025, 0.025), rng.uniform(0.97, 1.03)
    if mood != "mono":
        colours = [turned(colour, hue, value=value) for colour in colours]
    return Palette(**{field.name: colour for field, colour in zip(fields(Palette), colours, strict=True)})
