"""Pictures: a scene painted once, finished in a style, and encoded."""

from __future__ import annotations

import io

from PIL import Image, PngImagePlugin

from notebookgen.sandbox import edits
from notebookgen.sandbox.canvas import Canvas
from notebookgen.sandbox.composition import stage
from notebookgen.sandbox.finish import badge, lettering
from notebookgen.sandbox.request import Request, dice
from notebookgen.sandbox.styles import styled

__all__ = ["encoded", "painted", "picture"]

_NOTE = "SANDBOX: drawn on this machine by notebookgen, not by a paid model"


def picture(request: Request, *, width: int, height: int, form: str) -> bytes:
    """Return the picture as a file, `width` by `height` pixels; `form` is png, jpeg or webp.

    With references the first one is visibly changed; with a mask only the masked part of it is.
    """
    sources = edits.opened(request.references)
    image = (
        edits.edited(request, sources, painted(request, width, height)) if sources else painted(request, width, height)
    )
    # A mask promises that the rest stays as it was, so no caption is written there; the badge always is.
    masked = bool(sources) and request.mask is not None
    return encoded(badge(image, "" if masked else request.prompt), form)


def painted(request: Request, width: int, height: int) -> Image.Image:
    """Return the request's scene, finished but unmarked."""
    scene = stage(request, width, height)
    canvas = Canvas(width, height)
    for layer in scene.ordered():
        layer.paint(canvas, 0.0)
    image = styled(canvas.finished(), scene.brief.style, dice(request, "style"))
    if scene.brief.lettering:
        image = lettering(image, scene.brief.lettering, scene.palette.light, scene.palette.ink)
    return image


def encoded(image: Image.Image, form: str) -> bytes:
    """Return the picture as the bytes of a file that says what it is."""
    target = io.BytesIO()
    if form == "png":
        note = PngImagePlugin.PngInfo()
        note.add_text("Comment", _NOTE)
        image.save(target, "PNG", compress_level=1, pnginfo=note)
    elif form in {"jpeg", "jpg"}:
        image.save(target, "JPEG", quality=90, comment=_NOTE)
    elif form == "webp":
        image.save(target, "WEBP", quality=86, method=1)
    else:
        message = f"The sandbox paints png, jpeg and webp, not {form!r}."
        raise ValueError(message)
    return target.getvalue()
