"""What a preview is made from: the plain facts of one result, and the limits it keeps to. No engine, no client, no I/O."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - likewise
from dataclasses import dataclass, field
from datetime import datetime  # noqa: TC003 - the dataclasses' own annotations are read at run time by tools
from types import MappingProxyType
from typing import Literal

from notebookgen.records import NOTHING, Asset, Cost

__all__ = ["DECODED", "Picture", "PreviewLimits", "Shown"]

DECODED = 100_000_000  # pixels that are decoded at all: 400 MB of memory

NO_COPIES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Shown:
    """The facts of one result, as they are told to a person.

    Attributes:
        status: The generation's state, such as ``saved``, ``failed`` or ``submitted``.
        model: What ran, written ``armox:google/nano-banana``.
        prompt: What was asked for.
        settings: What the model was told, JSON values.
        cost: What it cost.
        seconds: How long it took; None where that is not known.
        job: The provider's handle; None where there is none.
        id: The generation's id.
        assets: The files that came back.
        text: The text that came back; None for other kinds.
        error: Why it did not go well, one to four lines.
        sandbox: Whether the sandbox answered.
        cached: Whether it was paid for earlier.
        sample: 0 for the first of its content.
        at: When it was asked for.
        run: The run's id.
        inputs: The input images: files that are kept, or in words why there is none to show.
        copies: Where a person has copies of the files, by the files' own places.
    """

    status: str
    model: str
    prompt: str = ""
    settings: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    cost: Cost = field(default_factory=Cost)
    seconds: float | None = None
    job: str | None = None
    id: str = ""
    assets: tuple[Asset, ...] = ()
    text: str | None = None
    error: str | None = None
    sandbox: bool = False
    cached: bool = False
    sample: int = 0
    at: datetime | None = None
    run: str | None = None
    inputs: tuple[Asset | str, ...] = ()
    copies: Mapping[str, str] = field(default_factory=lambda: NO_COPIES)


@dataclass(frozen=True, slots=True)
class PreviewLimits:
    """How large a preview may be, and how much is decoded to make one.

    Attributes:
        edge: Longest side of a single picture, in pixels.
        tile: Longest side of a picture in a grid, in pixels; twice that for up to six tiles.
        width: Largest side at which a single picture is laid out, in CSS pixels.
        picture_bytes: A single picture's most bytes, before base64.
        tile_bytes: A tile's most bytes, before base64; four times that for up to six tiles.
        clip_bytes: A clip up to this size is embedded whole; of a larger one the poster and the path are shown.
        sound_bytes: The same for sounds.
        cell_bytes: Most bytes of one cell's HTML, all included.
        text_characters: Most characters of a text.
        tiles: Most tiles in a grid.
        pixels: Most pixels of a picture that are decoded.
        solid_bytes: Largest 3D file that is read, in bytes.
        triangles: Most triangles of a 3D file that is drawn.
        decode_seconds: Most time spent decoding one clip, sound or picture that moves, in seconds.
        drawing_seconds: Most time spent drawing one 3D file, in seconds.
    """

    edge: int = 1024
    tile: int = 256
    width: int = 512
    picture_bytes: int = 400_000
    tile_bytes: int = 24_000
    clip_bytes: int = 1_500_000
    sound_bytes: int = 1_000_000
    cell_bytes: int = 3_000_000
    text_characters: int = 20_000
    tiles: int = 200
    pixels: int = DECODED
    solid_bytes: int = 64_000_000
    triangles: int = 400_000
    decode_seconds: float = 4.0
    drawing_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG or JPEG ready to be embedded.

    Attributes:
        data: Its bytes.
        mime: ``image/png`` or ``image/jpeg``.
        width, height: In pixels, as it is seen (turned where its file says so).
        ground: Where something shines through: whether it is made out on ``light`` or on ``dark``.
    """

    data: bytes
    mime: str
    width: int
    height: int
    ground: Literal["light", "dark"] | None = None

    def fitted(self, width: int, height: int) -> tuple[int, int]:
        """Return the size at which it is laid out within a box: never enlarged, never zero."""
        scale = min(1.0, width / self.width, height / self.height)
        return max(1, round(self.width * scale)), max(1, round(self.height * scale))
