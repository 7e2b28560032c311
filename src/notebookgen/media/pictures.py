"""Pictures made small enough to embed, decoded within limits; everything that opens a still with Pillow lives here."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageOps

from notebookgen.errors import AssetError
from notebookgen.media.captions import pixels_words
from notebookgen.media.grounds import ground, laid_on_grey
from notebookgen.media.headers import ORIENTATION, begun, turn_of
from notebookgen.media.inspect import LARGE, in_turn, most_decoded
from notebookgen.media.shown import Picture

if TYPE_CHECKING:
    from typing import IO

    from PIL.Image import Image

__all__ = ["encoded", "halfway", "opened", "picture", "whole"]

# What Pillow may try; others (EPS starts a program, for one) are never opened.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
AS_THEY_ARE = {"PNG": "image/png", "JPEG": "image/jpeg"}
LOSSY = frozenset({"JPEG", "MPO", "WEBP", "AVIF"})
SIDEWAYS = frozenset({5, 6, 7, 8})
SHRINKING = (1.0, 0.75, 0.5, 0.35, 0.25)
QUALITIES = (85, 70, 50)
ASKED_FOR = 180_000_000  # pixels that are decoded where somebody asks for the picture itself
BAND = 64  # rows of what a very large picture is made into, at a time
REDUCED = {
    **dict.fromkeys(("1", "L"), "L"),
    **dict.fromkeys(("P", "RGB", "RGBX", "CMYK", "YCbCr"), "RGB"),
    **dict.fromkeys(("LA", "PA", "RGBA"), "RGBA"),
}
DEEP = ("I", "F")  # 16 bits and more for a pixel, whole numbers and others


def picture(path: str, *, edge: int, most_bytes: int, pixels: int, lossless: bool = True) -> Picture:
    """Return a picture file as a preview; a PNG or JPEG that is small enough goes in unchanged.

    One that something shines through and that is black and white is laid on grey.

    Args:
        path: The file.
        edge: Longest side, in pixels.
        most_bytes: Most bytes.
        pixels: Most pixels that are decoded.
        lossless: Whether PNG is tried first for what has to be made smaller.

    Raises:
        AssetError: It has too many pixels, or cannot be made small enough.
    """
    with Path(path).open("rb") as file, opened(file, pixels=pixels) as image:
        size = file.seek(0, io.SEEK_END)
        mime = AS_THEY_ARE.get(image.format or "")
        width, height = image.size
        small = max(width, height) <= edge and size <= most_bytes
        with in_turn(image):
            if mime and small and getattr(image, "n_frames", 1) == 1:
                image.load()  # a damaged file is told here, not by a broken frame in the page
                if turn_of(image) in SIDEWAYS:
                    width, height = height, width
                if (behind := ground(image)) != "grey":
                    file.seek(0)
                    return Picture(file.read(), mime, width, height, behind)
            # A JPEG is decoded at a fraction of its size where that is enough; others ignore the wish.
            image.draft("RGB", (2 * edge, 2 * edge))
            # A photograph is told by what its own PNG takes: scaled down, it would still be too large as one.
            shrunk = min(1.0, edge / max(width, height)) ** 2
            drawing = image.format not in LOSSY and size * shrunk <= most_bytes
            return encoded(image, edge=edge, most_bytes=most_bytes, lossless=lossless and drawing)


def whole(path: Path) -> Image:
    """Return a kept picture as it came, decoded: its first frame, not turned.

    Raises:
        AssetError: It has more pixels than are decoded, or claims more than it holds; its file is whole all the same.
    """
    try:
        with path.open("rb") as file, opened(file, pixels=ASKED_FOR) as image:
            image.load()
            return image
    except AssetError as error:
        message = f"{path} is not decoded here: {error}.\nThe file is whole; a program for large pictures opens it."
        raise AssetError(message) from error


def opened(file: IO[bytes], *, pixels: int) -> Image:
    """Return the picture with its header read and its size found bearable; nothing is decoded yet.

    Raises:
        AssetError: It has more pixels than that.
    """
    Pillow.init()  # loads the plugins, once; an older Pillow has none for AVIF
    known = tuple(form for form in FORMATS if form in Pillow.OPEN)
    image = begun(file, known)
    (width, height), most = image.size, most_decoded(image, pixels)
    if width * height > most:
        raise AssetError(
            f"{pixels_words(width, height)} pixels are more than the {most / 1e6:.0f} million that are decoded"
        )
    return image


def encoded(image: Image, *, edge: int, most_bytes: int, lossless: bool = True) -> Picture:
    """Return the first frame of a picture scaled into a square of ``edge`` and encoded within that many bytes.

    The picture is used up: it is scaled in place, since copies of large ones take as long as decoding.

    Raises:
        AssetError: Not even a quarter of that size is small enough.
    """
    image.seek(0)
    image.load()  # a TIFF is turned by it, others are not
    turned = turn_of(image)
    half = halfway(image, edge)
    if half is not image:
        half.getexif()[ORIENTATION] = turned
    small = plain_mode(ImageOps.exif_transpose(half) if turned != 1 else half)
    for shrink in SHRINKING:
        side = max(1, round(edge * shrink))
        small.thumbnail((side, side), Pillow.Resampling.LANCZOS, reducing_gap=2.0)
        if (behind := ground(small)) == "grey":
            small, behind = laid_on_grey(small), None
        for form, options in attempts(small, lossless=lossless):
            out = io.BytesIO()
            small.save(out, form, **options)
            if out.tell() <= most_bytes:
                return Picture(out.getvalue(), AS_THEY_ARE[form], *small.size, behind)
    raise AssetError(f"it does not fit into {most_bytes} bytes")


def halfway(image: Image, edge: int) -> Image:
    """Return a very large picture made smaller, a band at a time: a copy of all of it would take as much again."""
    width, height = image.size
    factor = max(width, height) // (2 * edge)
    deep = image.mode.startswith(DEEP)
    if width * height <= LARGE or factor < 2 or not (deep or image.mode in REDUCED):
        return image
    seen = "L" if deep else "RGBA" if image.has_transparency_data else REDUCED[image.mode]
    extent = extent_of(image) if deep else (0, 1)
    small = Pillow.new(seen, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, BAND * factor):
        band = image.crop((0, top, width, min(height, top + BAND * factor)))
        plain = in_eight_bits(band, extent) if deep else band.convert(seen)
        small.paste(plain.reduce(factor), (0, top // factor))
    return small


def plain_mode(image: Image) -> Image:
    """Return a picture as RGB, or RGBA where something shines through."""
    if image.mode.startswith(DEEP):
        return in_eight_bits(image, extent_of(image)).convert("RGB")
    image.load()
    if image.has_transparency_data:
        full = image if image.mode == "RGBA" else image.convert("RGBA")  # a large one is in memory once
        low, _ = full.getchannel("A").getextrema()
        if low != 255:
            return full
    return image if image.mode == "RGB" else image.convert("RGB")


def extent_of(image: Image) -> tuple[float, float]:
    """Return the least and the largest number in a picture of 16 bits and more."""
    width, height = image.size
    bands = (image.crop((0, top, width, min(height, top + BAND))).convert("F") for top in range(0, height, BAND))
    ends = [band.getextrema() for band in bands]
    return min(low for low, _ in ends), max(high for _, high in ends)  # type: ignore[return-value] # one band, hence numbers


def in_eight_bits(image: Image, extent: tuple[float, float]) -> Image:
    """Return a picture of 16 bits and more, or a part of it, in grey, by the range that all of it has."""
    low, high = extent
    factor = 255.0 / ((high - low) or 1.0)
    grey = image.convert("F").point(lambda value: (value - low) * factor).convert("L")
    grey.info.pop("transparency", None)  # a colour of 16 bits
    return grey


def attempts(image: Image, *, lossless: bool) -> list[tuple[str, dict[str, object]]]:
    """Return the encodings to try, the best one first; transparency is kept by PNG alone."""
    png: tuple[str, dict[str, object]] = ("PNG", {"compress_level": 6})
    if image.mode == "RGBA":
        return [png]
    jpegs: list[tuple[str, dict[str, object]]] = [
        ("JPEG", {"quality": quality, "optimize": True}) for quality in QUALITIES
    ]
    return [png, *jpegs] if lossless else jpegs
