"""Clips: the same scene as a picture of the request, in motion, as H.264 in MP4.

What stands still is painted once; what moves is painted for every frame. Each frame carries the badge, the time and a
bar that grows, so that a glance tells a playing clip from a poster.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

import av
from PIL import Image, ImageChops, ImageOps

from notebookgen.sandbox import edits, sounds
from notebookgen.sandbox.boxes import index_first
from notebookgen.sandbox.canvas import Canvas
from notebookgen.sandbox.composition import stage
from notebookgen.sandbox.finish import badge, vignette, written
from notebookgen.sandbox.pictures import painted
from notebookgen.sandbox.request import Request, digest
from notebookgen.sandbox.sizes import even

if TYPE_CHECKING:
    from av.container import OutputContainer

    from notebookgen.sandbox.colours import RGB
    from notebookgen.sandbox.stage import Layer, Stage

__all__ = ["clip"]

_Frame = Callable[[float], Image.Image]
_FINE = 640 * 400
_SHORTEST = 0.2
_START = 1.0
_FULL = 255
_BAR: RGB = (255, 196, 84)


def clip(request: Request, *, width: int, height: int, seconds: float, fps: int, sound: bool) -> bytes:
    """Return an MP4 of `seconds` at `fps` frames a second; sides are rounded to even numbers, as H.264 wants them."""
    width, height = even(width), even(height)
    count = max(2, round(max(_SHORTEST, seconds) * fps))
    sources = edits.opened(request.references)
    frame = _zoomed(request, sources, width, height, count / fps) if sources else _played(stage(request, width, height))
    target = io.BytesIO()
    options = {"fflags": "+bitexact"}
    with av.open(target, "w", format="mp4", options=options) as container:
        container.metadata["title"] = "SANDBOX"
        container.metadata["comment"] = (
            f"SANDBOX {digest(request)[:16]}: drawn on this machine by notebookgen, not by a paid model"
        )
        _encode(
            container,
            _marked(request, frame, count, fps),
            (width, height),
            fps,
            sounds.samples(request, seconds=count / fps) if sound else None,
        )
    return index_first(target.getvalue())


def _encode(
    container: OutputContainer, frames: Iterator[Image.Image], size: tuple[int, int], fps: int, pcm: bytes | None
) -> None:
    video = container.add_stream("libx264", rate=fps)
    video.width, video.height, video.pix_fmt = *size, "yuv420p"
    video.options = {"preset": "ultrafast", "crf": "21", "tune": "animation"}
    video.codec_context.gop_size = fps
    audio = container.add_stream("aac", rate=sounds.RATE) if pcm is not None else None
    for number, image in enumerate(frames):
        frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]  # PyAV leaves it without types
        frame.pts, frame.time_base = number, Fraction(1, fps)
        container.mux(video.encode(frame))
    container.mux(video.encode(None))
    if audio is None or pcm is None:
        return
    block = 1024
    for start in range(0, len(pcm) // 2, block):
        part = pcm[start * 2 : (start + block) * 2]
        piece = av.AudioFrame(format="s16", layout="mono", samples=len(part) // 2)
        piece.planes[0].update(part.ljust(piece.planes[0].buffer_size, b"\0"))
        piece.sample_rate, piece.pts, piece.time_base = sounds.RATE, start, Fraction(1, sounds.RATE)
        container.mux(audio.encode(piece))
    container.mux(audio.encode(None))


def _marked(request: Request, frame: _Frame, count: int, fps: int) -> Iterator[Image.Image]:
    """Return every frame with badge, caption, time and progress."""
    mark: _Held | None = None
    for number in range(count):
        image = frame(number / fps)
        mark = mark or _held(partial(_badged, request.prompt, image.size))
        mark.lay(image)
        unit = min(image.size)
        written(image, f"{number / fps:4.1f} s", round(unit * 0.03), round(unit * 0.05))
        thick = max(3, unit // 90)
        image.paste(_BAR, (0, image.height - thick, max(1, round(image.width * (number + 1) / count)), image.height))
        yield image


def _badged(prompt: str, size: tuple[int, int], ground: RGB) -> Image.Image:
    return badge(Image.new("RGB", size, ground), prompt, above=True)


@dataclass(frozen=True, slots=True)
class _Held:
    """Pixels painted once, to be laid over every frame."""

    box: tuple[int, int]
    image: Image.Image
    mask: Image.Image | None

    def lay(self, onto: Image.Image) -> None:
        onto.paste(self.image, self.box, self.mask)


def _held(painted_on: Callable[[RGB], Image.Image]) -> _Held:
    """Return what was painted, without its ground: the difference between black and white ground is what shows through."""
    dark, bright = painted_on((0, 0, 0)), painted_on((255, 255, 255))
    mask = ImageChops.invert(ImageChops.subtract(bright, dark).getchannel("G"))
    box = mask.getbbox()
    if box is None:
        return _Held((0, 0), Image.new("RGB", (1, 1)), Image.new("L", (1, 1)))
    dark, mask = dark.crop(box), mask.crop(box)
    if mask.getextrema()[0] == _FULL:
        return _Held(box[:2], dark, None)
    plain = Image.merge("RGBa", (*dark.split(), mask)).convert("RGBA").convert("RGB")
    return _Held(box[:2], plain, mask)


def _played(scene: Stage) -> _Frame:
    """Return the scene as a function of the time: runs of still layers are painted once and laid over what moves."""
    scale = 2 if scene.width * scene.height <= _FINE else 1
    finish = _FINISHES.get(scene.brief.style, vignette)
    runs = [(moves, list(layers)) for moves, layers in groupby(scene.ordered(), key=lambda layer: layer.moves)]
    base = _still(scene, runs.pop(0)[1], scale, (0, 0, 0)) if not runs[0][0] else None
    steps = [(layers, None if moves else _held(partial(_still, scene, layers, scale))) for moves, layers in runs]

    def frame(t: float) -> Image.Image:
        canvas = Canvas(scene.width, scene.height, scale=scale, base=base)
        for layers, held in steps:
            if held is not None:
                held.lay(canvas.image)
                continue
            for layer in layers:
                layer.paint(canvas, t + _START)
        return finish(canvas.finished())

    return frame


def _still(scene: Stage, layers: list[Layer], scale: int, ground: RGB) -> Image.Image:
    canvas = Canvas(scene.width, scene.height, scale=scale)
    canvas.image.paste(ground, (0, 0, *canvas.image.size))
    for layer in layers:
        layer.paint(canvas, _START)
    return canvas.image


def _zoomed(request: Request, sources: list[Image.Image], width: int, height: int, seconds: float) -> _Frame:
    """Return a slow move into the first reference, repainted after the prompt."""
    wide, high = round(width * 1.3), round(height * 1.3)
    picture = edits.edited(request, sources, painted(request, wide, high))

    def frame(t: float) -> Image.Image:
        share = t / seconds
        zoom = 1.0 - 0.22 * share
        left, top = (wide - wide * zoom) * (0.25 + 0.5 * share), (high - high * zoom) * 0.5
        return picture.resize(
            (width, height), Image.Resampling.BILINEAR, (left, top, left + wide * zoom, top + high * zoom)
        )

    return frame


def _pixels(image: Image.Image) -> Image.Image:
    small = image.resize((max(1, image.width // 5), max(1, image.height // 5)), Image.Resampling.BOX)
    return ImageOps.posterize(small, 5).resize(image.size, Image.Resampling.NEAREST)


def _faded(image: Image.Image) -> Image.Image:
    return ImageOps.colorize(ImageOps.grayscale(image), (44, 28, 20), (250, 238, 210), mid=(160, 116, 78))


_FINISHES: dict[str, Callable[[Image.Image], Image.Image]] = {"pixel": _pixels, "sepia": _faded}
