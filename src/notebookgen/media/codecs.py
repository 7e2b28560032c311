"""How a clip or a sound is packed inside its container, and whether browsers unpack it: a container alone tells neither."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from notebookgen.errors import AssetError
from notebookgen.media.counts import overfull
from notebookgen.media.drawn import version

__all__ = ["unplayed"]

# What Chromium, Firefox and Safari unpack: https://developer.mozilla.org/docs/Web/Media/Guides/Formats
PLAYED = frozenset({"h264", "vp8", "vp9", "av1", "aac", "mp3", "opus", "vorbis", "flac"})
PLAIN = "pcm_"  # plain sound, of any width
NAMES = {
    "hevc": "H.265 (HEVC)",
    "vvc": "H.266 (VVC)",
    "mpeg4": "MPEG-4 part 2",
    "mpeg2video": "MPEG-2",
    "prores": "ProRes",
    "dnxhd": "DNxHD",
    "mjpeg": "Motion JPEG",
    "theora": "Theora",
    "alac": "Apple Lossless",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
}


def unplayed(path: str, container: str) -> str:
    """Return the name of what most browsers do not unpack; empty where they do, or where it cannot be told.

    Args:
        path: The file.
        container: FFmpeg's name of its container.
    """
    seen = version(path)
    codec = codec_in(path, container, seen) if seen is not None else ""
    if not codec or codec in PLAYED or codec.startswith(PLAIN):
        return ""
    return NAMES.get(codec, codec.upper())


@lru_cache(maxsize=4096)
def codec_in(path: str, container: str, seen: tuple[int, int]) -> str:  # noqa: ARG001 - part of the key
    """Return FFmpeg's name of how the first pictures of a file are packed, else its first sound; empty where it has neither.

    Args:
        path: The file.
        container: FFmpeg's name of its container.
        seen: Its version; a changed file is looked at again.
    """
    import av  # noqa: PLC0415 - loaded when a clip is there

    try:
        with Path(path).open("rb") as file:
            if overfull(file, container):
                return ""
            with av.open(file, "r", format=container) as opened:
                streams = opened.streams.video or opened.streams.audio
                return str(streams[0].codec_context.codec.canonical_name) if streams else ""
    except (AssetError, av.FFmpegError, OSError, ValueError):
        return ""  # its picture says what is wrong with it
