"""One picture for one asset, whatever its kind: the table of who draws what, and the one place where decoders may fail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.captions import shorten
from notebookgen.media.drawn import Memory, version

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.media.shown import Picture, PreviewLimits
    from notebookgen.records import Asset

__all__ = ["Wish", "embedded", "moving", "still"]

WAVE_HEIGHT = 72  # CSS pixels; drawn at twice that
MOVING = frozenset({"image/png", "image/gif", "image/webp", "image/avif"})
DRAWN_SOLID = "model/gltf-binary"
SOLIDS = {
    "model/obj": "OBJ",
    "model/stl": "STL",
    "model/ply": "PLY",
    "model/gltf+json": "glTF",
    "model/vnd.usdz+zip": "USDZ",
    "application/vnd.autodesk.fbx": "FBX",
}
MEMORY = Memory(32_000_000)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a picture is wanted.

    Attributes:
        edge: Longest side, in pixels.
        most_bytes: Most bytes.
        lossless: Whether PNG is tried first.
        mark: Whether a clip is marked as one.
        wave: A waveform's width and height, in pixels.
    """

    edge: int
    most_bytes: int
    lossless: bool = True
    mark: bool = False
    wave: tuple[int, int] = (1024, 2 * WAVE_HEIGHT)


def still(asset: Asset, wish: Wish, limits: PreviewLimits) -> Picture:
    """Return the asset's picture.

    Raises:
        AssetError: There is none, and its message is the reason, in a few words.
    """
    drawn = DRAWN_BY.get(asset.kind)
    if drawn is None:
        raise AssetError(f"files of type {shorten(asset.mime, 60) or 'unknown'} are not drawn")
    if not there(asset):
        raise AssetError("the file is no longer there")
    decoding = (limits.pixels, limits.solid_bytes, limits.triangles, limits.decode_seconds, limits.drawing_seconds)
    key = (asset.path, asset.kind, asset.mime, version(asset.path), wish, decoding)
    try:
        return MEMORY.picture(key, lambda: drawn(asset, wish, limits))
    except AssetError:
        raise
    except ImportError as caught:
        raise AssetError(f"{caught.name or 'a package'} is not installed") from caught
    except MemoryError as caught:
        raise AssetError("it does not fit into memory") from caught
    except Exception as caught:  # decoders raise anything on a damaged file; the reason is told in the output
        raise AssetError(f"the file cannot be decoded ({why(caught)})") from caught


def why(caught: Exception) -> str:
    """Return a decoder's own words, without numbers of errors, paths and addresses in memory."""
    words = getattr(caught, "strerror", None) or re.sub(r"\s*<[^>]*>", "", str(caught))
    return shorten(words, 80) or type(caught).__name__


def there(asset: Asset) -> bool:
    """Return whether the asset's file can be opened at all: it exists, and is neither a folder nor a pipe."""
    try:
        return Path(asset.path).is_file()
    except ValueError:  # a NUL in the path
        return False


def moving(asset: Asset, wish: Wish, limits: PreviewLimits) -> Picture | None:
    """Return an image that moves as a PNG that moves; None where it does not, or is too large for it.

    Raises:
        AssetError: It cannot be decoded.
    """
    if asset.mime not in MOVING or not there(asset):
        return None
    from notebookgen.media.animations import animation  # noqa: PLC0415 - loaded when one is drawn

    try:
        return animation(
            asset.path,
            edge=wish.edge,
            most_bytes=wish.most_bytes,
            pixels=limits.pixels,
            seconds=limits.decode_seconds,
        )
    except AssetError:
        raise
    except Exception as caught:  # as above
        raise AssetError(f"the file cannot be decoded ({why(caught)})") from caught


def embedded(asset: Asset, *, most_bytes: int) -> bytes:
    """Return a file's bytes, to be put whole into the page.

    Raises:
        AssetError: It is gone, or larger than that.
    """
    try:
        with Path(asset.path).open("rb") as file:
            data = file.read(most_bytes + 1)
    except (OSError, ValueError) as caught:
        raise AssetError("the file is no longer there") from caught
    if len(data) > most_bytes:
        raise AssetError("it is too large to be embedded")
    return data


def image_still(asset: Asset, wish: Wish, limits: PreviewLimits) -> Picture:
    """Return an image made small enough, or as it is."""
    from notebookgen.media.pictures import picture  # noqa: PLC0415 - loaded when one is drawn

    return picture(asset.path, edge=wish.edge, most_bytes=wish.most_bytes, pixels=limits.pixels, lossless=wish.lossless)


def clip_still(asset: Asset, wish: Wish, limits: PreviewLimits) -> Picture:
    """Return a clip's poster."""
    from notebookgen.media.posters import poster  # noqa: PLC0415 - loaded when one is drawn

    return poster(
        asset,
        edge=wish.edge,
        most_bytes=wish.most_bytes,
        pixels=limits.pixels,
        seconds=limits.decode_seconds,
        mark=wish.mark,
    )


def sound_still(asset: Asset, wish: Wish, limits: PreviewLimits) -> Picture:
    """Return a sound's waveform."""
    from notebookgen.media.waveform import waveform  # noqa: PLC0415 - loaded when one is drawn

    width, height = wish.wave
    return waveform(asset, width=width, height=height, seconds=limits.decode_seconds)


def solid_still(asset: Asset, wish: Wish, limits: PreviewLimits) -> Picture:
    """Return a 3D file drawn."""
    if asset.mime != DRAWN_SOLID:
        name = SOLIDS.get(asset.mime) or shorten(asset.mime, 60) or "unknown"
        raise AssetError(f"3D files of type {name} are not drawn here, GLB is")
    from notebookgen.media.solids import solid  # noqa: PLC0415 - loaded when one is drawn

    return solid(
        asset.path,
        edge=wish.edge,
        most_bytes=wish.most_bytes,
        most_read=limits.solid_bytes,
        triangles=limits.triangles,
        pixels=limits.pixels,
        seconds=limits.drawing_seconds,
    )


DRAWN_BY: dict[str, Callable[[Asset, Wish, PreviewLimits], Picture]] = {
    "image": image_still,
    "video": clip_still,
    "audio": sound_still,
    "3d": solid_still,
}
