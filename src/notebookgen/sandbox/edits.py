"""Pictures made from pictures: the first reference repainted after the prompt, or only where a mask says so."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageFilter, ImageOps

from notebookgen.sandbox.canvas import Canvas
from notebookgen.sandbox.cast import CAST
from notebookgen.sandbox.colours import RGB, lighter, luminance
from notebookgen.sandbox.looks import Look
from notebookgen.sandbox.palettes import Palette, palette
from notebookgen.sandbox.reading import Brief, read
from notebookgen.sandbox.request import Request, dice
from notebookgen.sandbox.styles import styled

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["edited", "opened"]

_MOST_PIXELS = 40_000_000
_PRINTS = 3


def opened(references: Sequence[bytes]) -> list[Image.Image]:
    """Return the references that are pictures; what cannot be read, or is far too large, is left out."""
    return [image for image in (_open(data) for data in references) if image is not None]


def _open(data: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            image.draft("RGB", (2048, 2048))
            upright = ImageOps.exif_transpose(image)
            return (
                upright.convert("RGBA")
                if "A" in upright.getbands() or "transparency" in upright.info
                else upright.convert("RGB")
            )
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def edited(request: Request, sources: Sequence[Image.Image], scene: Image.Image) -> Image.Image:
    """Return the first source, changed after the prompt, in the size of `scene`.

    A mask follows the common rule: where it is transparent (or, without transparency, white) is repainted.
    """
    base = ImageOps.fit(_flat(sources[0]), scene.size, Image.Resampling.LANCZOS)
    mask = _mask(request.mask, scene.size)
    if mask is not None:
        return Image.composite(scene, base, mask)
    brief, rng = read(request.prompt), dice(request, "edit")
    colours = palette(brief.mood or rng.choice(("day", "dawn", "sunset", "night")), rng)
    graded = Image.blend(base, _graded(base, colours, brief.colour), 0.62)
    if brief.mood in {"night", "storm", "neon"}:
        dusk = Image.new("RGB", graded.size, lighter(colours.middle, 0.25))
        graded = ImageChops.multiply(graded, dusk)
    style = brief.style or rng.choice(("oil", "watercolour", "poster"))
    image = _motif(styled(graded, style, rng), brief, colours)
    for number, source in enumerate(sources[1 : 1 + _PRINTS]):
        _print(image, _flat(source), number)
    return image


def _flat(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    ground = Image.new("RGB", image.size, (255, 255, 255))
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _mask(data: bytes | None, size: tuple[int, int]) -> Image.Image | None:
    image = _open(data) if data else None
    if image is None:
        return None
    clear = image.getchannel("A").getextrema()[0] < 255 if image.mode == "RGBA" else False  # type: ignore[operator]  # one band: a pair of numbers
    area = ImageChops.invert(image.getchannel("A")) if clear else image.convert("L")
    return ImageOps.fit(area, size, Image.Resampling.BILINEAR)


def _graded(image: Image.Image, colours: Palette, named: RGB | None) -> Image.Image:
    tones = sorted((colours.near, named or colours.accent, colours.light), key=luminance)
    return ImageOps.colorize(
        ImageOps.autocontrast(ImageOps.grayscale(image), cutoff=1), tones[0], tones[2], mid=tones[1]
    )


def _motif(image: Image.Image, brief: Brief, colours: Palette) -> Image.Image:
    """Paint what the prompt names into the foreground, at the left."""
    if not brief.subjects:
        return image
    subject = brief.subjects[0]
    part = CAST[subject.kind]
    canvas = Canvas(
        image.width, image.height, base=image.resize((image.width * 2, image.height * 2), Image.Resampling.BILINEAR)
    )
    size = canvas.unit * part.size * 0.85
    look = Look(colours.accent, colours.second, colours.ink, colours.light, subject.colour, 1.0)
    part.draw(canvas.pen(max(image.width * 0.3, size * part.width / 2), image.height * 0.9, size), look, 0.0)
    return canvas.finished()


def _print(image: Image.Image, source: Image.Image, number: int) -> None:
    """Lay another reference on top as a small tilted print."""
    unit = min(image.size)
    side = round(unit * 0.24)
    card = Image.new("RGB", (round(side * 1.12), round(side * 1.28)), (252, 250, 244))
    card.paste(ImageOps.fit(source, (side, side), Image.Resampling.LANCZOS), (round(side * 0.06), round(side * 0.06)))
    plate = Image.new("L", card.size, 255)
    turn = (-7, 5, -3)[number % 3]
    card = card.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    plate = plate.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    x, y = image.width - card.width - round(unit * 0.04), round(unit * (0.04 + 0.2 * number))
    shadow = plate.filter(ImageFilter.GaussianBlur(unit * 0.012)).point([v // 3 for v in range(256)])
    image.paste((16, 14, 24), (x + round(unit * 0.008), y + round(unit * 0.014)), shadow)
    image.paste(card, (x, y), plate)
