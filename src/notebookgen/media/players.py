"""Which clips and sounds a browser plays from inside a page, and how their files are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from notebookgen.errors import AssetError
from notebookgen.media.captions import line
from notebookgen.media.codecs import unplayed

if TYPE_CHECKING:
    from notebookgen.records import Asset

__all__ = ["Player", "demuxer", "player", "stays_still"]


class Player(NamedTuple):
    """How one type of clip or sound is told to a browser and to FFmpeg.

    Attributes:
        mime: The type that the page says; the usual name of several spellings.
        demuxer: FFmpeg's name of the container, so that it need not guess (and cannot take a playlist for a clip).
    """

    mime: str
    demuxer: str


PLAYERS = {
    "video/mp4": Player("video/mp4", "mp4"),
    "video/x-m4v": Player("video/mp4", "mp4"),
    "video/quicktime": Player("video/mp4", "mov"),  # the same container; browsers refuse it by its other name
    "video/webm": Player("video/webm", "webm"),
    "video/x-matroska": Player("video/webm", "matroska"),
    "audio/wav": Player("audio/wav", "wav"),
    "audio/x-wav": Player("audio/wav", "wav"),
    "audio/wave": Player("audio/wav", "wav"),
    "audio/vnd.wave": Player("audio/wav", "wav"),
    "audio/mpeg": Player("audio/mpeg", "mp3"),
    "audio/mp3": Player("audio/mpeg", "mp3"),
    "audio/mp4": Player("audio/mp4", "mp4"),
    "audio/x-m4a": Player("audio/mp4", "mp4"),
    "audio/aac": Player("audio/aac", "aac"),
    "audio/ogg": Player("audio/ogg", "ogg"),
    "audio/opus": Player("audio/ogg", "ogg"),
    "audio/flac": Player("audio/flac", "flac"),
    "audio/x-flac": Player("audio/flac", "flac"),
    "audio/webm": Player("audio/webm", "webm"),
}


def told(asset: Asset) -> Player | None:
    """Return how files of the asset's type are played and opened; None for types that are neither."""
    return PLAYERS.get(asset.mime.partition(";")[0].strip().lower())


def player(asset: Asset) -> Player | None:
    """Return how the asset is played, or None where most browsers do not play it."""
    return None if (found := told(asset)) is None or unplayed(asset.path, found.demuxer) else found


def stays_still(asset: Asset) -> str:
    """Return what the asset is that most browsers do not play; empty where they do."""
    found = told(asset)
    return unplayed(asset.path, found.demuxer) if found else f"a file of type {line(asset.mime) or 'unknown'}"


def demuxer(asset: Asset) -> str:
    """Return FFmpeg's name of the asset's container.

    Raises:
        AssetError: It is a type that is not opened.
    """
    found = told(asset)
    if found is None:
        raise AssetError(f"files of type {asset.mime or 'unknown'} are not decoded")
    return found.demuxer
