"""From a job to its files: what the painter is asked for, on two threads, each file drawn once and held for a while."""

from __future__ import annotations

import asyncio
import io
import re
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import tokens
from notebookgen.sandbox.calls import Drawing
from notebookgen.sandbox.sizes import CLIP_PIXELS, PIXELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from notebookgen.sandbox.shelf import Shelf
    from notebookgen.sandbox.tokens import Job

__all__ = ["Easel", "Ended", "drawing_at"]

THREADS = 2
MOST_BYTES = 96_000_000
DEEPEST = 4
MATCHING = ("match_input_image", "auto", "adaptive")
SHORTEST, LONGEST = 1.0, 15.0
_PATH = re.compile(r"/assets/(armox|apimodels|apixo)/([\w-]+)/(\d{1,3})\.(\w+)")
_FILE = re.compile(r"/assets/files/([0-9a-f]{24})/[\w.-]+")


def drawing_at(path: str) -> Drawing | None:
    """Return the file that an address's path stands for, from the path alone."""
    match = _PATH.fullmatch(path)
    job = tokens.read(match[1], match[2]) if match else None
    if match is None or job is None or int(match[3]) >= job.count or match[4] != job.form:
        return None
    return Drawing(job, int(match[3]))


class Ended(Exception):
    """The sandbox or its process is ending, and nothing more is drawn."""


class Easel:
    """Draws files. Used from one event loop; the drawing itself happens on its threads."""

    def __init__(self, shelf: Shelf, pixels: Callable[[], int] = lambda: PIXELS) -> None:
        """Draw with what is on the shelf, nothing of more pixels than `pixels` says at the moment."""
        self._shelf = shelf
        self._pixels = pixels
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sandbox-painter")
        self._held: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()
        self._size = 0
        self._busy: dict[tuple[Any, ...], asyncio.Task[bytes]] = {}

    def close(self) -> None:
        """End the threads; what they are drawing is finished and dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def draw(self, drawing: Drawing, depth: int = 0) -> bytes:
        """Return a file's bytes; two who ask at once share one drawing.

        Raises:
            Ended: Nothing more is drawn.
        """
        job, pixels = drawing.job, self._pixels()
        key = (
            job.digest,
            job.model,
            job.kind,
            job.form,
            job.route,
            job.prompt,
            job.references,
            job.mask,
            drawing.index,
            pixels,
        )
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        if key not in self._busy:
            task = asyncio.ensure_future(self._draw(drawing, depth, pixels))
            self._busy[key] = task
            task.add_done_callback(lambda _: self._busy.pop(key, None))
        blob = await asyncio.shield(self._busy[key])
        if key not in self._held:
            self._held[key] = blob
            self._size += len(blob)
            while self._size > MOST_BYTES and len(self._held) > 1:
                self._size -= len(self._held.popitem(last=False)[1])
        return blob

    def file(self, path: str) -> tuple[str, bytes] | None:
        """Return an uploaded file's content type and bytes by its address's path."""
        match = _FILE.fullmatch(path)
        blob = self._shelf.get(match[1]) if match else None
        if blob is None or not blob.startswith(b"F"):
            return None
        kind, _, data = blob[1:].partition(b"\n")
        return kind.decode("ascii", "replace"), data

    async def _draw(self, drawing: Drawing, depth: int, pixels: int) -> bytes:
        job = drawing.job
        pictures = [await self._kept(name, depth) for name in job.references]
        mask = None if job.mask is None else await self._kept(job.mask, depth)
        known = tuple(each for each in pictures if each)
        try:
            painted = self._pool.submit(_paint, job, drawing.index, pixels, known, mask)
        except RuntimeError as refusal:
            if "shutdown" not in str(refusal):
                raise
            raise Ended from refusal  # Python ends the threads of a pool before the loop that serves
        return await asyncio.wrap_future(painted)

    async def _kept(self, name: str, depth: int) -> bytes | None:
        """Return an input picture: bytes that were sent, an upload, or another file of a sandbox."""
        blob = self._shelf.get(name)
        if blob is None or depth >= DEEPEST:
            return None
        if blob.startswith(b"="):
            return blob[1:]
        path = blob[1:].decode("utf-8", "replace")
        found = self.file(path)
        if found is not None:
            return found[1]
        other = drawing_at(path)
        return None if other is None else await self.draw(other, depth + 1)


def _paint(job: Job, index: int, pixels: int, references: tuple[bytes, ...], mask: bytes | None) -> bytes:
    """Ask the painter. What the id shortened is told apart by the digest."""
    from notebookgen.sandbox import painter  # noqa: PLC0415 - Pillow and PyAV are loaded when something is drawn

    settings = dict(job.settings)
    request = painter.Request(
        prompt=job.prompt, model=job.model, settings=tuple(sorted({**settings, "request": job.digest}.items())),
        index=index, references=references, mask=mask,
    )  # fmt: skip
    if job.kind == "image":
        width, height = painter.size_of(_like_the_input(settings, references), most=pixels)
        return painter.picture(request, width=width, height=height, form=job.form)  # type: ignore[arg-type]  # one of three endings, by catalogue.form_of
    if job.kind == "video":
        width, height = _frame(painter.size_of({"aspect_ratio": "16:9", **settings}), min(pixels, CLIP_PIXELS))
        return painter.clip(
            request, width=width, height=height, seconds=_seconds(settings, 3.0), sound=_audible(settings)
        )
    if job.kind == "audio":
        return painter.sound(request, seconds=_seconds(settings, 4.0))
    return painter.solid(request) if job.kind == "3d" else painter.words(request).encode("utf-8", "replace")


def _like_the_input(settings: dict[str, Any], references: tuple[bytes, ...]) -> dict[str, Any]:
    """Return the settings with the first input picture's shape, where that is what is asked for."""
    if settings.get("aspect_ratio") not in MATCHING or not references:
        return settings
    from PIL import Image  # noqa: PLC0415 - loaded when something is drawn

    try:
        with Image.open(io.BytesIO(references[0])) as picture:
            return {**settings, "aspect_ratio": f"{picture.width}:{picture.height}"}
    except (OSError, Image.DecompressionBombError):
        return settings


def _frame(size: tuple[int, int], most: int) -> tuple[int, int]:
    shrunk = min(1.0, (most / (size[0] * size[1])) ** 0.5)
    return max(2, round(size[0] * shrunk / 2) * 2), max(2, round(size[1] * shrunk / 2) * 2)


def _seconds(settings: dict[str, Any], default: float) -> float:
    for name in ("seconds", "duration"):
        try:
            return min(max(float(settings[name]), SHORTEST), LONGEST)
        except (KeyError, TypeError, ValueError):
            continue
    return min(max(default, SHORTEST), LONGEST)


def _audible(settings: dict[str, Any]) -> bool:
    return next((bool(settings[name]) for name in ("sound", "generate_audio", "audio") if name in settings), True)
