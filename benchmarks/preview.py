"""How long a result takes to show itself, and how large it is: ``python benchmarks/preview.py``.

Draws its own files: a 1024 x 1024 PNG as a photograph and as a drawing, a clip of 3 s, a sound of 10 s, a solid of about
10,000 triangles, and grids of 100. The figure is the best of several rounds, in milliseconds.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from report import Found, Table

from drawn_files import clip_file, drawing, glb, photograph, picture_file, shown, solid_file, sound_file, square
from notebookgen.media.preview import Bundle, bundle, grid

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
SIDE = 70  # squares of the solid's sheet along one edge


def sheet() -> bytes:
    """Return a GLB of a bent sheet of about 10,000 triangles."""
    import math
    import struct

    document, _ = square()
    points = [
        (x / SIDE, math.sin(x / 9) * math.cos(y / 9) / 4, y / SIDE) for y in range(SIDE + 1) for x in range(SIDE + 1)
    ]
    corners = [y * (SIDE + 1) + x for y in range(SIDE) for x in range(SIDE)]
    indices = [index for a in corners for index in (a, a + 1, a + SIDE + 2, a, a + SIDE + 2, a + SIDE + 1)]
    places = b"".join(struct.pack("<3f", *point) for point in points)
    order = struct.pack(f"<{len(indices)}H", *indices)
    document["accessors"][0]["count"], document["accessors"][1]["count"] = len(points), len(indices)
    document["bufferViews"] = [
        {"buffer": 0, "byteOffset": 0, "byteLength": len(places)},
        {"buffer": 0, "byteOffset": len(places), "byteLength": len(order)},
    ]
    return glb(document, places + order)


def measured(make: Callable[[], Bundle], rounds: int) -> tuple[float, Bundle]:
    """Return the best time of several rounds, in milliseconds, and what was made."""
    best, made = float("inf"), make()
    for _ in range(rounds):
        start = time.perf_counter()
        made = make()
        best = min(best, time.perf_counter() - start)
    return best * 1000, made


def measure(*, quick: bool = False) -> Found:
    """Measure every kind of result, and grids."""
    rounds, tiles, lines = (2 if quick else ROUNDS), (20 if quick else 100), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = picture_file(folder / "photo.png", photograph(1024, 1024))
        flat = picture_file(folder / "flat.png", drawing(1024, 1024))
        jpeg = picture_file(folder / "photo.jpg", photograph(1024, 1024), quality=90)
        clip = clip_file(folder / "c.mp4", width=640, height=360, seconds=3)
        sound, solid = sound_file(folder / "s.wav", seconds=10), solid_file(folder / "a.glb", sheet())
        photos = [shown(replace(photo), prompt=f"number {number}") for number in range(tiles)]
        cases: list[tuple[str, Callable[[], Bundle], int]] = [
            ("PNG 1024, drawing, unchanged", lambda: bundle(shown(flat)), rounds),
            ("PNG 1024, photograph, to JPEG", lambda: bundle(shown(photo)), rounds),
            ("MP4 640x360, 3 s", lambda: bundle(shown(clip)), rounds),
            ("WAV 10 s", lambda: bundle(shown(sound)), rounds),
            ("GLB, 9,800 triangles", lambda: bundle(shown(solid)), rounds),
            ("text", lambda: bundle(shown(text="word " * 2000)), rounds),
            (f"grid of {tiles} PNG 1024, drawings", lambda: grid([shown(flat)] * tiles), 1),
            (f"grid of {tiles} PNG 1024, photographs", lambda: grid(photos), 1),
            (f"grid of {tiles} JPEG 1024", lambda: grid([shown(jpeg)] * tiles), 1),
            (f"grid of {tiles} clips (posters)", lambda: grid([shown(clip)] * tiles), 1),
            (f"grid of {tiles}, words only", lambda: grid(photos, include=["text/plain"]), rounds),
        ]
        for words, make, times in cases:
            best, (data, _) = measured(make, times)
            size = sum(
                len(value) * 4 / 3 if isinstance(value, bytes) else len(value.encode()) for value in data.values()
            )
            lines.append((words, f"{best:.1f}", f"{size / 1000:.0f}", ", ".join(data)))
    return Found([Table("A result shows itself, best of several rounds", ("", "ms", "kB", "types"), lines)])


if __name__ == "__main__":
    measure().show()
