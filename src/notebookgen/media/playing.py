"""Which clips and sounds of a page play in it, once its pictures are drawn; and what is said of those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import AssetError
from notebookgen.media.captions import size_words
from notebookgen.media.players import player
from notebookgen.media.tiles import ENOUGH, PLAYED
from notebookgen.normal import count_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.media.markup import Markup
    from notebookgen.media.shown import PreviewLimits
    from notebookgen.media.stills import Wish
    from notebookgen.media.tiles import Piece, Sheet
    from notebookgen.records import Asset

__all__ = ["TOLD", "may_play", "played", "standing_still"]

TOLD = 400  # bytes of what is said of those that stand still


def may_play(piece: Piece) -> bool:
    """Whether it is a clip or a sound that browsers play."""
    return piece.asset is not None and piece.asset.kind in PLAYED and player(piece.asset) is not None


def played(
    made: Sequence[tuple[int, Markup]], pieces: Sequence[Piece], sheet: Sheet, wish: Wish, left: int
) -> tuple[tuple[tuple[int, Markup], ...], tuple[Asset, ...]]:
    """Return tiles with players in the place of pictures as far as there is room, and what stands still.

    The smallest come first: so the most of them play.

    Args:
        made: The tiles as they stand still.
        pieces: What they show.
        sheet: What they have in common.
        wish: How their pictures are wanted.
        left: How many bytes they have left.
    """
    tiles, still = list(made), []
    waiting = [(one.asset.size, n) for n, one in enumerate(pieces[: len(tiles)]) if one.asset and may_play(one)]
    for _, number in sorted(waiting):
        (entry, tile), piece = tiles[number], pieces[number]
        if piece.asset is None or wish.most_bytes < ENOUGH[piece.asset.kind]:
            continue  # there is no room for a picture of it, which is said
        room = left + len(tile.encode())
        try:
            playing = sheet.playing(piece, wish, left=room)
        except AssetError:  # its tile says why
            continue
        if playing is None:
            still.append(piece.asset)
        else:
            tiles[number], left = (entry, playing), room - len(playing.encode())
    return tuple(tiles), tuple(still)


def standing_still(still: Sequence[Asset], limits: PreviewLimits) -> str:
    """Return which clips and sounds do not play, why, and what makes them play; empty where all do."""
    if not still:
        return ""
    parts, reasons = [], []
    for kind, name, most in (("video", "clip", limits.clip_bytes), ("audio", "sound", limits.sound_bytes)):
        several = [asset.size for asset in still if asset.kind == kind]
        if several:
            parts.append(count_words(len(several), name))
        if any(size > most for size in several):
            reasons.append(f"one {name} may take {size_words(most)}")
        if any(size <= most for size in several):
            reasons.insert(0, f"a cell holds at most {limits.cell_bytes / 1e6:.2g} MB (ng.configure(cell_bytes=...))")
    size = size_words(sum(asset.size for asset in still))
    one = len(still) == 1
    return (
        f"{' and '.join(parts)} ({size}) {'does' if one else 'do'} not play here: {', '.join(dict.fromkeys(reasons))}."
        f" {'A copy' if one else 'Copies'} beside the notebook will: .save('clips'), then show this again."
    )
