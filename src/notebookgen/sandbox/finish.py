"""What is laid over a painted picture: grain, vignette, caption, and the SANDBOX badge that every one carries."""

from __future__ import annotations

import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFont

from notebookgen.sandbox.reading import caption

__all__ = ["badge", "grain", "lettering", "texture", "vignette", "written"]

_WORD = "SANDBOX"
_TILE = 256
_PLATE = (22, 20, 34)
_LIGHT = (255, 250, 236)
CLOCK = 0.13  # of the shorter side: what is left free for the time


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        message = "Pillow was built without FreeType, which the sandbox needs to write on its pictures."
        raise TypeError(message)
    return font


@lru_cache(maxsize=4)
def texture(width: int, height: int, depth: int) -> Image.Image:
    """Return paper: fine grain over soft mottling, `depth` steps of grey, centred on depth / 2."""
    rng = random.Random(5)  # noqa: S311 - a texture, the same for every picture
    fine = Image.frombytes("L", (_TILE, _TILE), rng.randbytes(_TILE * _TILE))
    soft = Image.frombytes("L", (24, 24), rng.randbytes(576)).resize((_TILE, _TILE), Image.Resampling.BICUBIC)
    tile = Image.blend(fine, soft, 0.4).point([v * depth // 255 for v in range(256)])
    sheet = Image.new("L", (width, height))
    for x in range(0, width, _TILE):
        for y in range(0, height, _TILE):
            sheet.paste(tile, (x, y))
    return sheet


def grain(image: Image.Image, depth: int = 5) -> Image.Image:
    """Return the picture on grained paper; bands in the sky disappear in it."""
    sheet = texture(image.width, image.height, depth)
    return ImageChops.add(image, Image.merge("RGB", (sheet, sheet, sheet)), 1.0, -(depth // 2))


@lru_cache(maxsize=4)
def _shade(width: int, height: int, strength: int) -> Image.Image:
    radial = Image.radial_gradient("L").resize((64, 64), Image.Resampling.BILINEAR)
    radial = radial.point([255 - max(0, v - 110) * strength // 145 for v in range(256)])
    sheet = radial.resize((width, height), Image.Resampling.BILINEAR)
    return Image.merge("RGB", (sheet, sheet, sheet))


def vignette(image: Image.Image, strength: int = 34) -> Image.Image:
    """Return the picture with slightly darker corners."""
    return ImageChops.multiply(image, _shade(image.width, image.height, strength))


@lru_cache(maxsize=32)
def _badge(unit: int) -> Image.Image:
    """Return the badge, drawn at four times its size, so that small letters keep their weight and their spacing."""
    fine = 4
    font = _font(fine * max(10, round(unit * 0.037)))
    spread = round(font.size * 0.11)
    _, top, _, bottom = font.getbbox(_WORD)
    pad = round((bottom - top) * 0.62)
    width = 2.6 * pad + font.getlength(_WORD) + spread * (len(_WORD) - 1)
    size = (round(width / fine) * fine, round((bottom - top + 2 * pad) / fine) * fine)
    plate, ink = Image.new("L", size), Image.new("L", size)
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius=size[1] / 2, fill=208)
    x, draw = 1.3 * pad, ImageDraw.Draw(ink)
    for letter in _WORD:
        draw.text((x, pad - top), letter, font=font, fill=255, stroke_width=font.size / 36, stroke_fill=255)
        x += font.getlength(letter) + spread
    letters = ink.reduce(fine)
    mark = Image.composite(Image.new("RGB", letters.size, _LIGHT), Image.new("RGB", letters.size, _PLATE), letters)
    mark.putalpha(ImageChops.lighter(plate.reduce(fine), letters))
    return mark


def badge(image: Image.Image, prompt: str = "", *, above: bool = False) -> Image.Image:
    """Write SANDBOX into the lower right corner, and the prompt, shortened, into the lower left one.

    Args:
        image: Onto what.
        prompt: What was asked for.
        above: Along the upper edge instead, with room for a clock at its left end: below, a player has its controls.
    """
    unit = min(image.width, image.height)
    mark = _badge(unit)
    margin = round(unit * 0.025)
    x, y = image.width - mark.width - margin, margin if above else image.height - mark.height - margin
    left = margin + (round(unit * CLOCK) if above else 0)
    line = _fitting(caption(prompt), x - left - 2 * margin, unit)
    if line:
        written(image, line, left, y + mark.height // 2)
    image.paste(mark.convert("RGB"), (x, y), mark.getchannel("A"))
    return image


def _fitting(line: str, room: int, unit: int) -> str:
    font = _font(max(9, round(unit * 0.026)))
    while line and font.getlength(line) > room:
        line = caption(line, max(4, min(len(line) - 4, int(len(line) * room / font.getlength(line)))))
        if len(line) <= 6:
            return ""
    return line


def written(image: Image.Image, line: str, x: int, middle: int) -> None:
    """Write a short line in white on a soft dark plate, its left end at x, its middle at a height in pixels."""
    unit = min(image.width, image.height)
    font = _font(max(9, round(unit * 0.026)))
    left, top, right, bottom = (int(v) for v in font.getbbox(line))
    pad = max(2, round(unit * 0.008))
    size = (right - left + 4 * pad, bottom - top + 2 * pad)
    plate = Image.new("L", (size[0] * 2, size[1] * 2))
    ImageDraw.Draw(plate).rounded_rectangle((0, 0, size[0] * 2 - 1, size[1] * 2 - 1), radius=size[1], fill=105)
    at = (x, middle - size[1] // 2)
    image.paste(_PLATE, at, plate.reduce(2))
    ImageDraw.Draw(image).text((at[0] + 2 * pad - left, at[1] + pad - top), line, font=font, fill=(255, 252, 244))


def lettering(image: Image.Image, text: str, ink: tuple[int, int, int], ground: tuple[int, int, int]) -> Image.Image:
    """Write what the prompt put in quotation marks across the upper part, as on a poster."""
    size = round(min(image.width * 0.86 / max(3, len(text)) * 1.7, min(image.width, image.height) * 0.15))
    font = _font(max(12, size))
    while font.size > 12 and font.getlength(text) > image.width * 0.86:
        font = _font(int(font.size * 0.92))
    at = (image.width / 2, image.height * 0.15)
    ImageDraw.Draw(image).text(
        at, text, font=font, fill=ink, anchor="mm", stroke_width=max(1, size // 12), stroke_fill=ground
    )
    return image
