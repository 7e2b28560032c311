"""One tile of a grid: a frame with a picture, a player or words in it, and under it what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.captions import (
    DOT,
    clean,
    cost_words,
    error_lines,
    extent,
    line,
    shorten,
    sound_words,
    state_words,
)
from notebookgen.media.links import relative
from notebookgen.media.markup import CAPTION, FAINT, FRAME, WARNING, Markup, backed, data_uri, element
from notebookgen.media.places import place, short_name
from notebookgen.media.players import player, stays_still
from notebookgen.media.stills import Wish, embedded, still
from notebookgen.normal import duration

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.media.shown import Picture, PreviewLimits, Shown
    from notebookgen.records import Asset

__all__ = ["ENOUGH", "WAVE", "WELL", "Piece", "Sheet"]

WELL = frozenset({"saved", "completed"})
PLAYED = frozenset({"video", "audio"})
ENOUGH = {
    "image": 1_500,
    "3d": 3_000,
    "audio": 3_000,
    "video": 1_500,
}  # bytes below which a picture is not worth making
BASE64 = 4 / 3
CAPTION_SHARE = 900  # bytes of a tile that are not its picture, about
LETTER, LINE = 6.6, 17.5  # CSS pixels that a letter and a line of a tile's words take, about
REASON = 7  # lines of what went wrong that have room in any frame
WAVE, INSET = 56, 24  # CSS pixels: a waveform's height, and what it leaves of the frame's width
MIDDLE = "display:flex;flex-direction:column;align-items:center;justify-content:center"
PAIR = "display:flex;gap:8px"


@dataclass(frozen=True, slots=True)
class Piece:
    """One tile's facts: a result, which of its assets, what it is called, and what a person wants to be told of it."""

    shown: Shown
    asset: Asset | None
    label: str
    first: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What all tiles of a page have in common.

    Attributes:
        limits: How large the output may be.
        few: Whether the tiles are few, and hence large.
        width, height: Of a frame, in CSS pixels.
        prompts, models: Whether these differ, and are told under each tile.
        mixed: Whether some results, not all, are the sandbox's.
        folder: The notebook's folder, for links; None for none.
        compared: Whether the input image stands beside what came of it.
    """

    limits: PreviewLimits
    few: bool
    width: int
    height: int
    prompts: bool
    models: bool
    mixed: bool
    folder: str | Path | None = None
    compared: bool = False

    def wish(self, share: int) -> Wish:
        """Return how a picture is wanted that may take so many bytes of the page."""
        scale = 2 if self.few else 1
        room = int((share - CAPTION_SHARE) / BASE64) // (2 if self.compared else 1)
        return Wish(
            edge=self.limits.tile * scale,
            most_bytes=min(room, self.limits.tile_bytes * scale * scale),
            lossless=False,
            wave=(2 * (self.width - INSET), 2 * WAVE),
        )

    def tile(self, piece: Piece, wish: Wish, *, left: int) -> tuple[Markup | None, bool]:
        """Return a tile that stands still, of at most ``left`` bytes; None where there is none, and whether it is whole.

        Args:
            piece: What it shows.
            wish: How its picture is wanted.
            left: How many bytes there are.
        """
        drawn, reason = self.picture(piece, wish, room=int((left - CAPTION_SHARE) / BASE64))
        if drawn is not None:
            tile = self.figure(piece, self.beside(piece, drawn, wish))
            if len(tile.encode()) <= left:
                return tile, True
            reason = ""
        tile = self.figure(piece, self.beside(piece, self.words(piece, reason), wish))
        if len(tile.encode()) > left:
            tile = self.figure(piece, self.words(piece, reason))
        complete = piece.asset is None or piece.asset.kind not in ENOUGH or bool(reason)
        return (tile, complete) if len(tile.encode()) <= left else (None, False)

    def picture(self, piece: Piece, wish: Wish, *, room: int) -> tuple[Markup | None, str]:
        """Return what is seen in a tile's frame, and the reason where there is no picture."""
        asset = piece.asset
        if asset is None or asset.kind not in ENOUGH:
            return None, ""
        if min(room, wish.most_bytes) < ENOUGH[asset.kind]:
            return None, ""
        try:
            return self.framed(self.image(still(asset, wish, self.limits), piece)), ""
        except AssetError as caught:
            return None, f"no preview: {caught}"

    def playing(self, piece: Piece, wish: Wish, *, left: int) -> Markup | None:
        """Return a tile of at most ``left`` bytes whose clip or sound plays; None where it does not.

        It plays from the page itself where there is room for it, else from a copy beside the notebook.

        Raises:
            AssetError: It has no picture; its tile says why.
        """
        asset = piece.asset
        kind = player(asset) if asset is not None and asset.kind in PLAYED else None
        if asset is None or kind is None:
            return None
        limit = self.limits.clip_bytes if asset.kind == "video" else self.limits.sound_bytes
        seen = still(asset, wish, self.limits)
        sources: list[str] = []
        if asset.size <= limit and asset.size * BASE64 < left:
            sources.append(data_uri(embedded(asset, most_bytes=limit), kind.mime))
        if linked := relative(asset, piece.shown, self.folder):
            sources.append(linked)
        for source in sources:
            tile = self.figure(piece, self.beside(piece, self.player(piece, seen, source), wish))
            if len(tile.encode()) <= left:
                return tile
        return None

    def player(self, piece: Piece, seen: Picture, source: str) -> Markup:
        """Return a clip or a sound in its frame; the picture inside a clip is for hosts that take the player away."""
        if piece.asset is not None and piece.asset.kind == "audio":
            style = f"width:{self.width - INSET}px;max-width:100%;height:36px;margin:10px 0 0 0"
            sound = element("audio", controls="", preload="metadata", src=source, style=style)
            return self.framed(self.image(seen, piece), sound)
        width, height = seen.fitted(self.width, self.height)
        clip = element(
            "video",
            self.image(seen, piece),
            controls="",
            loop="",
            preload="metadata",
            poster=data_uri(seen.data, seen.mime),
            src=source,
            width=width,
            height=height,
            style="max-width:100%",
        )
        return self.framed(clip)

    def image(self, picture: Picture, piece: Piece) -> Markup:
        """Return an ``<img>`` that fits into the frame."""
        width, height = picture.fitted(self.width, self.height)
        if (asset := piece.asset) and asset.kind == "audio":
            width, height = self.width - INSET, WAVE
        return pictured(picture, shorten(piece.shown.prompt, 160), width, height)

    def framed(self, *seen: Markup) -> Markup:
        """Return something in the middle of a frame."""
        return element("div", *seen, style=f"{FRAME};height:{self.height}px;{MIDDLE}")

    def beside(self, piece: Piece, seen: Markup, wish: Wish) -> Markup:
        """Return what came of it, with the input image before it where the two are compared."""
        if not self.compared or not piece.first:
            return seen
        sources = piece.shown.inputs
        said = f"before (1 of {len(sources)})" if len(sources) > 1 else "before"
        alt = f"before: {shorten(piece.shown.prompt, 140)}"
        parts = ((said, self.source(sources[0] if sources else "no input image", alt, wish)), ("after", seen))
        return element(
            "div",
            *(
                element(
                    "div",
                    one,
                    element("div", name, style=f"font-size:11px;margin:4px 0 0 0;{FAINT}"),
                    style=f"width:{self.width}px;min-width:0",
                )
                for name, one in parts
            ),
            style=PAIR,
        )

    def source(self, source: Asset | str, alt: str, wish: Wish) -> Markup:
        """Return an input image in its frame, or why there is none."""
        reason = source if isinstance(source, str) else ""
        if not isinstance(source, str) and wish.most_bytes >= ENOUGH["image"]:
            try:
                seen = still(source, wish, self.limits)
                return self.framed(pictured(seen, alt, *seen.fitted(self.width, self.height)))
            except AssetError as caught:
                reason = f"no preview: {caught}"
        style = f"{FRAME};height:{self.height - 24}px;padding:12px 14px;font-size:12px"
        return element("div", element("span", reason, dir="auto", style=FAINT), style=style)

    def words(self, piece: Piece, reason: str) -> Markup:
        """Return a frame with words instead of a picture: a text, a failure, a file's type, a state."""
        shown, asset = piece.shown, piece.asset
        style = f"{FRAME};height:{self.height - 24}px;padding:12px 14px"
        if asset is None and shown.text and shown.status in WELL:
            fitting = self.fitting(shown.text, self.rows())
            return element("div", fitting, dir="auto", style=f"{style};white-space:pre-wrap;font-size:12px")
        if asset is not None:
            named = element("div", line(asset.mime) or "file", style="font-weight:600")
            return element("div", named, element("div", reason or extent(asset), style=FAINT), style=style)
        said = "\n".join(error_lines(shown, max(self.rows(), REASON) + 1))
        rows, height = self.rows() - 2, self.height - 24
        if rows < REASON and rows < self.taken(said):  # a low frame grows: what went wrong is read
            rows, height = REASON, round((REASON + 2) * LINE)
        state = element("div", state_words(shown), style="font-weight:600;margin:0 0 4px 0")
        return element(
            "div",
            state,
            element("div", self.fitting(said, rows), dir="auto", style="white-space:pre-wrap"),
            title=said or None,
            style=f"{WARNING if shown.error else FRAME};height:{height}px;padding:12px 14px;font-size:12px",
        )

    def rows(self) -> int:
        """Return how many lines of words a frame holds, about."""
        return int((self.height - 24) / LINE)

    def taken(self, text: str) -> int:
        """Return how many lines of a frame a text takes, about."""
        letters = max(8, int((self.width - 28) / LETTER))
        return sum(max(1, -(-len(one) // letters)) for one in clean(text).strip().splitlines())

    def fitting(self, text: str, rows: int) -> str:
        """Return as much of a text as so many lines of a frame hold; a line of its own may be cut."""
        letters = max(8, int((self.width - 28) / LETTER))
        kept: list[str] = []
        for one in clean(text).strip().splitlines():
            if rows <= 0:
                whole = "\n".join(kept)
                return whole if whole.endswith("…") else f"{whole} …"
            kept.append(shorten(one, rows * letters) if len(one) > rows * letters else one)
            rows -= self.taken(one) or 1
        return "\n".join(kept)

    def figure(self, piece: Piece, seen: Markup) -> Markup:
        """Return a tile: what is seen, and under it what it is."""
        shown, asset = piece.shown, piece.asset
        lasting = f"{duration(asset.seconds)} long" if asset and asset.seconds else ""
        told = [
            duration(shown.seconds) if piece.first and shown.seconds is not None else "",
            cost_words(shown.cost) if piece.first and (shown.status in WELL or shown.cost.amount is not None) else "",
            "cached" if shown.cached and piece.first else "",
            "sandbox" if shown.sandbox and piece.first and self.mixed else "",
            ", ".join(filter(None, [lasting, sound_words(asset)])) if asset else "",
        ]
        if asset is not None and asset.kind in PLAYED and (packed := stays_still(asset)):
            told.append(f"{packed}: most browsers do not play it")
        prompt = shorten(piece.note or (shown.prompt if self.prompts else ""), 90)
        label = Markup(element("span", piece.label, style=FAINT) + " ") if piece.label else ""
        lines = [element("div", label, prompt, dir="auto")] if prompt else []
        if self.models and piece.first:
            lines.append(element("div", line(shown.model), style=FAINT))
        path = shorten(place(asset.path), 300) if asset is not None else None
        facts = DOT.join(filter(None, ["" if prompt else piece.label, *told]))
        lines.append(element("div", facts, title=path, style=FAINT))
        address = relative(asset, shown, self.folder) if asset is not None else None
        if asset is not None and address:
            copy = shown.copies.get(asset.path, asset.path)
            link = element("a", short_name(copy), href=address)
            lines.append(element("div", link, title=shorten(place(copy), 300), style=FAINT))
        if shown.assets and piece.first and (note := next(iter(error_lines(shown, 1)), "")):
            lines.append(element("div", note, dir="auto"))  # some of it is missing, or is not what was due
        return element("figure", seen, element("figcaption", *lines, style=CAPTION), style="margin:0;min-width:0")


def pictured(picture: Picture, alt: str, width: int, height: int) -> Markup:
    """Return an ``<img>`` of that size."""
    source = data_uri(picture.data, picture.mime)
    style = backed("max-width:100%;margin:0", picture.ground)
    return element("img", src=source, alt=alt, width=width, height=height, style=style)
