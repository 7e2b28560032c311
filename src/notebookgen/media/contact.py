"""How a contact sheet is laid out and drawn: everything that knows where something stands on it lives here."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image as Pillow
from PIL import ImageDraw

from notebookgen.errors import AssetError
from notebookgen.media.captions import DOT, cost_words, error_lines, extent, line, shorten, state_words
from notebookgen.media.drawn import at_once
from notebookgen.media.grid import calls, frame_height, pieces, sheet_of
from notebookgen.media.lettering import broken, wide, write
from notebookgen.media.pictures import opened
from notebookgen.media.stills import Wish, still
from notebookgen.media.tiles import WAVE, WELL, Piece, Sheet
from notebookgen.normal import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from notebookgen.media.leaf import Label, Leaf
    from notebookgen.media.shown import PreviewLimits
    from notebookgen.records import Asset

__all__ = ["DARK", "LIGHT", "Drawing", "Paper"]

ABREAST = 6
GAP, EDGE = 20, 32
TEXT, SMALL, TITLE, LABEL = 15, 13, 22, 18  # pixels of letters
LEADING = 1.35
BATCH = 48
BEFORE, AFTER = "before", "after"
MOST_IN_A_CELL = 3  # abreast
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Paper:
    """The colours of a sheet."""

    paper: Colour
    ink: Colour
    faint: Colour
    frame: Colour
    warning: Colour


LIGHT = Paper((255, 255, 255), (28, 30, 34), (104, 108, 114), (240, 241, 243), (252, 233, 230))
DARK = Paper((22, 23, 26), (234, 235, 237), (158, 162, 168), (38, 40, 44), (70, 38, 35))


class Drawing:
    """Where everything stands on a sheet, and how it is drawn."""

    def __init__(self, leaf: Leaf, limits: PreviewLimits, columns: int | None, tile: int, paper: Paper) -> None:
        """Lay it out.

        Args:
            leaf: What is on it.
            limits: How much is decoded for it.
            columns: How many pictures stand abreast.
            tile: The side of a picture, in pixels.
            paper: The colours.
        """
        self.leaf, self.paper, self.tile = leaf, paper, tile
        self.pieces = pieces(leaf.entries)
        base = sheet_of(leaf, [piece for _, piece in self.pieces], limits, None)
        height = frame_height([piece for _, piece in self.pieces], tile)
        self.sheet: Sheet = replace(base, width=tile, height=height, few=True)
        self.across = 2 * tile + 8 if leaf.compared else tile
        self.captions = [self.caption(piece) for _, piece in self.pieces]
        lines = max(len(one) for one in self.captions)
        self.step = (self.across + GAP, height + round(lines * SMALL * LEADING) + 10 + GAP)
        self.columns = columns or usual_columns(len(self.pieces), self.step)
        self.broad: dict[float, int] = {}  # how wide a label may be that begins there
        self.heads: list[tuple[float, float, Label]] = []
        self.places: list[tuple[int, int]] = []
        self.title = [
            row
            for one in self.header()
            for row in broken(one, TITLE if one is self.leaf.heading else TEXT, self.measure(), 3)
        ]
        top = EDGE + round(len(self.title) * TITLE * LEADING) + (GAP if self.title else 0)
        if len(leaf.axes) == 2:
            self.cross(top)
        else:
            self.stack(top)

    def header(self) -> list[str]:
        """Return what stands above: what is said of all, and a prompt that all of them share."""
        prompts = {entry.shown.prompt for entry in self.leaf.entries}
        return [line(one) for one in (self.leaf.heading, prompts.pop() if len(prompts) == 1 else "") if one]

    def measure(self) -> int:
        """Return how wide the title may be, in pixels."""
        many = len(self.leaf.columns) if len(self.leaf.axes) == 2 else min(self.columns, len(self.pieces))
        return max(360, many * self.step[0] - GAP)

    def stack(self, top: int) -> None:
        """Put the pictures row by row, a new one for each group."""
        across = 0
        y, x, group = top, 0, -1
        for entry, _ in self.pieces:
            row = self.leaf.entries[entry].row
            if self.leaf.axes and row != group:
                y += (self.step[1] if x else 0) + (GAP if group >= 0 else 0)
                x, group = 0, row
                self.heads.append((EDGE, y, self.leaf.rows[row]))
                y += round(LABEL * LEADING) + 12
            elif x == self.columns:
                x, y = 0, y + self.step[1]
            self.places.append((EDGE + x * self.step[0], y))
            x += 1
            across = max(across, x)
        self.width = max(across * self.step[0] - GAP, self.title_width(), self.heads_width()) + 2 * EDGE
        self.height = y + self.step[1] - GAP + EDGE

    def cross(self, top: int) -> None:
        """Put the pictures under their labels; several in a cell stand abreast."""
        rows, columns = self.leaf.rows, self.leaf.columns
        here: dict[tuple[int, int], list[int]] = {}
        for number, (entry, _) in enumerate(self.pieces):
            one = self.leaf.entries[entry]
            here.setdefault((one.row, one.column), []).append(number)
        abreast = [
            max((len(here.get((r, c), ())) for r in range(len(rows))), default=1) or 1 for c in range(len(columns))
        ]
        abreast = [min(one, MOST_IN_A_CELL) for one in abreast]
        side = min(220, max(round(max(wide(line(label.name), LABEL) for label in rows)), 60)) + GAP
        self.broad[EDGE] = side - GAP
        starts = [EDGE + side + sum(abreast[:c]) * self.step[0] for c in range(len(columns))]
        deepest = 0
        for c, label in enumerate(columns):
            self.heads.append((starts[c], top, label))
            self.broad[starts[c]] = abreast[c] * self.step[0] - GAP
            deepest = max(deepest, len(broken(label.said, SMALL, self.broad[starts[c]], 2)))
        y = top + round(LABEL * LEADING) + round(deepest * SMALL * LEADING) + 12
        found: dict[int, tuple[int, int]] = {}
        for r, label in enumerate(rows):
            if not any((r, c) in here for c in range(len(columns))):
                continue
            self.heads.append((EDGE, y, label))
            deep = 1
            for c in range(len(columns)):
                for n, number in enumerate(here.get((r, c), ())):
                    found[number] = (starts[c] + n % abreast[c] * self.step[0], y + n // abreast[c] * self.step[1])
                    deep = max(deep, n // abreast[c] + 1)
            y += deep * self.step[1]
        self.places = [found[number] for number in range(len(self.pieces))]
        self.width = max(starts[-1] + abreast[-1] * self.step[0] - GAP - EDGE, self.title_width()) + 2 * EDGE
        self.height = y - GAP + EDGE

    def title_width(self) -> int:
        """Return how wide the title is, in pixels."""
        return round(max((wide(one, TITLE if not n else TEXT) for n, one in enumerate(self.title)), default=0))

    def heads_width(self) -> int:
        """Return how wide the widest group's label is, in pixels, within reason."""
        return min(900, round(max((wide(headed(label), LABEL) for _, _, label in self.heads), default=0)))

    def caption(self, piece: Piece) -> list[str]:
        """Return what stands under a picture, in lines."""
        shown = piece.shown
        facts = [
            cost_words(shown.cost) if piece.first and (shown.status in WELL or shown.cost.amount is not None) else "",
            duration(shown.seconds) if piece.first and shown.seconds is not None else "",
        ]
        said = line(piece.note or (shown.prompt if self.sheet.prompts else ""))
        first = broken(f"{piece.label} {said}".strip(), SMALL, self.across, 2) if said else []
        model = broken(shown.model, SMALL, self.across, 1) if self.sheet.models and piece.first else []
        last = DOT.join(filter(None, ["" if said else piece.label, *facts]))
        pair = [BEFORE] if self.leaf.compared and piece.first else []
        return [*pair, *first, *model, *(broken(last, SMALL, self.across, 1) if last else [])]

    def made(self) -> Image:
        """Return the sheet, drawn."""
        image = Pillow.new("RGB", (int(self.width), int(self.height)), self.paper.paper)
        draw = ImageDraw.Draw(image)
        y = float(EDGE)
        for number, one in enumerate(self.title):
            size = TITLE if not number else TEXT
            write(draw, (EDGE, y), one, size, self.paper.ink if not number else self.paper.faint)
            y += TITLE * LEADING
        self.label(draw)
        wish = Wish(
            max(self.sheet.width, self.sheet.height), 400_000, lossless=False, mark=True, wave=(self.tile - 24, WAVE)
        )
        for start in range(0, len(self.pieces), BATCH):
            part = self.pieces[start : start + BATCH]
            at_once(calls(part, self.sheet, wish))
            for number, (_, piece) in enumerate(part, start=start):
                self.one(image, draw, piece, number, wish)
        return image

    def label(self, draw: ImageDraw.ImageDraw) -> None:
        """Write the labels of groups, or of rows and columns."""
        crossed = len(self.leaf.axes) == 2
        for x, y, label in self.heads:
            if not crossed:
                name = line(label.name)
                write(draw, (x, y), name, LABEL, self.paper.ink)
                write(draw, (x + wide(name, LABEL) + 14, y + 4), line(label.said), SMALL, self.paper.faint)
                continue
            width = self.broad[x]
            rows = broken(label.name, LABEL, width, 3 if x == EDGE else 1)
            for number, one in enumerate(rows):
                write(draw, (x, y + number * LABEL * LEADING), one, LABEL, self.paper.ink)
            for number, one in enumerate(broken(label.said, SMALL, width, 2)):
                below = len(rows) * LABEL * LEADING + number * SMALL * LEADING
                write(draw, (x, y + below), one, SMALL, self.paper.faint)

    def one(self, image: Image, draw: ImageDraw.ImageDraw, piece: Piece, number: int, wish: Wish) -> None:
        """Draw one result: its picture, or the reason why there is none, and its caption."""
        x, y = self.places[number]
        if self.leaf.compared:
            sources = piece.shown.inputs if piece.first else ()
            source = sources[0] if sources else "no input image"
            self.frame(image, draw, (x, y), None if isinstance(source, str) else source, wish, [line(str(source))])
            x += self.tile + 8
        asset = piece.asset
        told = [state_words(piece.shown), *error_lines(piece.shown)]
        if asset is None and piece.shown.text and piece.shown.status in WELL:
            told = [shorten(piece.shown.text, 600)]
        elif asset is not None:
            told = [line(asset.mime) or "file", extent(asset)]
        self.frame(image, draw, (x, y), asset, wish, told, failed=bool(piece.shown.error))
        x, y = self.places[number]
        y += self.sheet.height + 8
        for row, words_ in enumerate(self.captions[number]):
            paired = words_ == BEFORE and not row
            last = paired or row == len(self.captions[number]) - 1
            if paired:
                write(draw, (x + self.tile + 8, y), AFTER, SMALL, self.paper.faint)
            colour = self.paper.faint if last else self.paper.ink
            write(draw, (x, y + row * SMALL * LEADING), words_, SMALL, colour)

    def frame(
        self,
        image: Image,
        draw: ImageDraw.ImageDraw,
        at: tuple[int, int],
        asset: Asset | None,
        wish: Wish,
        told: Sequence[str],
        *,
        failed: bool = False,
    ) -> None:
        """Draw a frame with a picture in its middle, or with words."""
        (x, y), width, height = at, self.sheet.width, self.sheet.height
        if asset is not None:
            try:
                seen = still(asset, wish, self.sheet.limits)
                with opened(io.BytesIO(seen.data), pixels=self.sheet.limits.pixels) as picture:
                    small = picture.convert("RGBA")
                small.thumbnail((width, height), Pillow.Resampling.LANCZOS)
                draw.rounded_rectangle((x, y, x + width - 1, y + height - 1), 6, fill=self.paper.frame)
                left, over = x + (width - small.width) // 2, y + (height - small.height) // 2
                if seen.ground is not None:
                    under = LIGHT.paper if seen.ground == "light" else DARK.paper
                    draw.rectangle((left, over, left + small.width - 1, over + small.height - 1), fill=under)
                image.paste(small, (left, over), small)
            except AssetError as caught:
                told = [*told, f"no preview: {caught}"]
            else:
                return
        fill = self.paper.warning if failed else self.paper.frame
        draw.rounded_rectangle((x, y, x + width - 1, y + height - 1), 6, fill=fill)
        top, bottom = y + 12.0, y + height - SMALL * LEADING - 6
        for number, paragraph in enumerate(told):
            for row in broken(paragraph, SMALL, width - 24, math.ceil(height / (SMALL * LEADING))):
                if top <= bottom:
                    colour = self.paper.ink if not number else self.paper.faint
                    write(draw, (x + 12, top), row, SMALL, colour)
                top += SMALL * LEADING


def headed(label: Label) -> str:
    """Return a group's label with what came of its results, in one line."""
    return f"{line(label.name)}  {line(label.said)}"


def usual_columns(count: int, step: tuple[int, int]) -> int:
    """Return how many pictures stand abreast: a few in a block, many on a sheet no taller than thrice its width."""
    block = min(ABREAST, math.ceil(math.sqrt(count)))
    return min(count, max(block, math.ceil(math.sqrt(count * step[1] / (2.2 * step[0])))))
