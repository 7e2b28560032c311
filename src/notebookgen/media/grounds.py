"""On what a picture that something shines through is made out: judged by what is drawn in it, of one that moves in some frames.

A black logo is not seen in a dark theme, a white one not in a light theme, and of one that is both a half in either:
front ends know a light ground and a dark one, so that such a picture is laid on grey by us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PIL import Image as Pillow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

__all__ = ["JUDGED", "Ground", "Tones", "ground", "judged", "laid_on_grey", "tones"]

VISIBLE = 32  # of 255: what is seen of a picture at all
DARK, BRIGHT = 64, 192  # of 255: up to where its colours are nearly black, and from where on nearly white
SOME, MOST = 0.05, 0.75  # of what is drawn: as much of each, and both together, is black and white
GREY = (118, 118, 118)  # as far from white as from black
JUDGED = 8  # frames of a picture that moves

Ground = Literal["light", "dark", "grey"]
Tones = list[int]  # how many of the pixels that are seen have which brightness


def ground(*frames: Image) -> Ground | None:
    """Return on what a picture is made out that something shines through; None where nothing does."""
    return judged([tones(frame) for frame in frames])


def judged(several: Sequence[Tones | None]) -> Ground | None:
    """Return on what all those are made out: on light, unless what is drawn is nearly white, or black and white."""
    through = [one for one in several if one is not None]
    if not through:
        return None
    together = [sum(counts) for counts in zip(*through, strict=True)]
    every = sum(together)
    if not every:
        return "light"
    black, white = sum(together[:DARK]), sum(together[BRIGHT + 1 :])
    if min(black, white) >= SOME * every and black + white >= MOST * every:
        return "grey"
    return "dark" if sum(tone * count for tone, count in enumerate(together)) > BRIGHT * every else "light"


def tones(image: Image) -> Tones | None:
    """Return how bright is what is seen of a picture that something shines through; None where nothing does."""
    if not image.has_transparency_data:
        return None
    full = image.convert("RGBA")
    alpha = full.getchannel("A")
    low, _ = alpha.getextrema()
    if low == 255:
        return None
    return full.convert("L").histogram(alpha.point([0] * VISIBLE + [255] * (256 - VISIBLE)))


def laid_on_grey(image: Image) -> Image:
    """Return a picture on grey: there, both its black and its white are made out in any theme."""
    full = image.convert("RGBA")
    return Pillow.alpha_composite(Pillow.new("RGBA", full.size, (*GREY, 255)), full).convert("RGB")
