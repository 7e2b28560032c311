"""The sandbox's painter: what a request is answered with, as files worth looking at.

Pure functions of the request: the same request gives the same bytes on the same machine, and every different one
looks different. Everything made here is marked SANDBOX where it is seen, heard or read, and in the file itself.
"""

from __future__ import annotations

from typing import Literal

from notebookgen.sandbox.request import Request, digest
from notebookgen.sandbox.sizes import CLIP_PIXELS, PIXELS, size_of

__all__ = [
    "CLIP_PIXELS",
    "PIXELS",
    "Form",
    "Request",
    "clip",
    "digest",
    "picture",
    "size_of",
    "solid",
    "sound",
    "words",
]

#: What a picture can be written as.
Form = Literal["png", "jpeg", "webp"]


def picture(request: Request, *, width: int, height: int, form: Form = "png") -> bytes:
    """Return a picture of `width` by `height` pixels.

    With references the first one is visibly repainted after the prompt; with a mask only the masked part of it is.
    """
    from notebookgen.sandbox import pictures  # noqa: PLC0415 - Pillow is loaded when something is painted

    return pictures.picture(request, width=width, height=height, form=form)


def clip(request: Request, *, width: int, height: int, seconds: float, fps: int = 24, sound: bool = False) -> bytes:
    """Return an MP4 (H.264, yuv420p, index first) of `seconds`, with an AAC track where `sound` is asked for."""
    from notebookgen.sandbox import clips  # noqa: PLC0415 - PyAV is loaded when something is filmed

    return clips.clip(request, width=width, height=height, seconds=seconds, fps=fps, sound=sound)


def sound(request: Request, *, seconds: float) -> bytes:
    """Return a WAV of `seconds`: 16-bit PCM, one channel, 44100 samples a second; never silence."""
    from notebookgen.sandbox import sounds  # noqa: PLC0415 - loaded when something is played

    return sounds.sound(request, seconds=seconds)


def solid(request: Request) -> bytes:
    """Return a GLB (glTF 2.0 binary): a closed mesh with normals, vertex colours and a PBR material."""
    from notebookgen.sandbox import solids  # noqa: PLC0415 - loaded when something is modelled

    return solids.solid(request)


def words(request: Request) -> str:
    """Return a few paragraphs about the prompt that begin with "[SANDBOX]"."""
    from notebookgen.sandbox import words as speech  # noqa: PLC0415 - loaded when something is said

    return speech.words(request)
