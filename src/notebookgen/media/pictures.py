"""Pictures made small enough to embed, decoded within limits; everything that opens a still with Pillow lives here."""

from __future__ import annotations

import io
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageOps

from notebookgen.errors import AssetError
from notebookgen.media.captions import pixels_words
from notebookgen.media.shown import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["encoded", "opened", "picture"]

# What Pillow may try; others (EPS starts a program, for one) are never opened.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
AS_THEY_ARE = {"PNG": "image/png", "JPEG": "image/jpeg"}
LOSSY = frozenset({"JPEG", "MPO", "WEBP", "AVIF"})
ORIENTATION = 0x0112
SIDEWAYS = frozenset({5, 6, 7, 8})
SHRINKING = (1.0, 0.75, 0.5, 0.35, 0.25)
QUALITIES = (85, 70, 50)
ONE_AT_A_TIME = threading.Lock()


def picture(path: str, *, edge: int, most_bytes: int, pixels: int, lossless: bool = True) -> Picture:
    """Return a picture file as a preview; a PNG or JPEG that is small enough goes in unchanged.

    Args:
        path: The file.
        edge: Longest side, in pixels.
        most_bytes: Most bytes.
        pixels: Most pixels that are decoded.
        lossless: Whether PNG is tried first for what has to be made smaller.

    Raises:
        AssetError: It has too many pixels, or cannot be made small enough.
    """
    data = Path(path).read_bytes()
    with opened(data, pixels=pixels) as image:
        mime = AS_THEY_ARE.get(image.format or "")
        still = getattr(image, "n_frames", 1) == 1
        width, height = image.size
        if mime and still and max(width, height) <= edge and len(data) <= most_bytes:
            image.load()  # a damaged file is told here, not by a broken frame in the page
            if image.getexif().get(ORIENTATION) in SIDEWAYS:
                width, height = height, width
            return Picture(data, mime, width, height)
        # A JPEG is decoded at a fraction of its size where that is enough; others ignore the wish.
        image.draft("RGB", (2 * edge, 2 * edge))
        # A photograph is told by what its own PNG takes: scaled down, it would still be too large as one.
        shrunk = min(1.0, edge / max(width, height)) ** 2
        drawing = image.format not in LOSSY and len(data) * shrunk <= most_bytes
        return encoded(image, edge=edge, most_bytes=most_bytes, lossless=lossless and drawing)


def opened(data: bytes, *, pixels: int) -> Image:
    """Return the picture with its header read and its size found bearable; nothing is decoded yet.

    Raises:
        AssetError: It has more pixels than that.
    """
    Pillow.init()  # loads the plugins, once; an older Pillow has none for AVIF
    known = [form for form in FORMATS if form in Pillow.OPEN]
    # Pillow's own limit warns on stderr; ours is told in the output. What is caught is caught for all threads.
    with ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        try:
            image = Pillow.open(io.BytesIO(data), formats=known)
        except Pillow.DecompressionBombError as caught:
            raise AssetError("it has far too many pixels to be decoded") from caught
    width, height = image.size
    if width * height > pixels:
        raise AssetError(
            f"{pixels_words(width, height)} pixels are more than the {pixels / 1e6:.0f} million that are decoded"
        )
    return image


def encoded(image: Image, *, edge: int, most_bytes: int, lossless: bool = True) -> Picture:
    """Return the first frame of a picture scaled into a square of ``edge`` and encoded within that many bytes.

    The picture is used up: it is scaled in place, since copies of large ones take as long as decoding.

    Raises:
        AssetError: Not even a quarter of that size is small enough.
    """
    image.seek(0)
    turned = image.getexif().get(ORIENTATION, 1) != 1
    small = plain_mode(ImageOps.exif_transpose(image) if turned else image)
    for shrink in SHRINKING:
        side = max(1, round(edge * shrink))
        small.thumbnail((side, side), Pillow.Resampling.LANCZOS, reducing_gap=2.0)
        for form, options in attempts(small, lossless=lossless):
            out = io.BytesIO()
            small.save(out, form, **options)
            if out.tell() <= most_bytes:
                return Picture(out.getvalue(), AS_THEY_ARE[form], *small.size)
    raise AssetError(f"it does not fit into {most_bytes} bytes")


def plain_mode(image: Image) -> Image:
    """Return a picture as RGB, or RGBA where something shines through."""
    if image.mode.startswith(("I", "F")):  # 16 bits and more: brought into 8, by its own range
        low, high = image.getextrema()
        span = (float(high) - float(low)) or 1.0  # type: ignore[arg-type] # one band, hence two numbers
        return image.convert("F").point(lambda value: (value - float(low)) * (255.0 / span)).convert("L").convert("RGB")  # type: ignore[arg-type] # likewise
    if image.has_transparency_data:
        full = image.convert("RGBA")
        low, _ = full.getchannel("A").getextrema()
        if low != 255:
            return full
    image.load()
    return image if image.mode == "RGB" else image.convert("RGB")


def attempts(image: Image, *, lossless: bool) -> list[tuple[str, dict[str, object]]]:
    """Return the encodings to try, the best one first; transparency is kept by PNG alone."""
    png: tuple[str, dict[str, object]] = ("PNG", {"compress_level": 6})
    if image.mode == "RGBA":
        return [png]
    jpegs: list[tuple[str, dict[str, object]]] = [
        ("JPEG", {"quality": quality, "optimize": True}) for quality in QUALITIES
    ]
    return [png, *jpegs] if lossless else jpegs
