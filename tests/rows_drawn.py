"""A run that is over, of as many rows as a test or a benchmark wants, each with a file of its own; nothing is sent."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from drawn_files import drawing, photograph, picture_file
from notebookgen.errors import JobError
from notebookgen.frames.output import joined
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.states import State
from notebookgen.records import Cost, Generation, Realm
from notebookgen.results import Results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.records import Asset

STYLES = [f"style {number}" for number in range(10)]
ANIMALS = ["fox", "owl", "hare", "bear", "wolf", "seal", "crow", "frog", "deer", "goat"]
REALM = Realm("armox", "of-a-test")


def results_of(frame: pl.DataFrame, rows: Sequence[Delivered], *, under_way: Sequence[int] = ()) -> Results:
    """Return a run with its frame, that is over but for some rows."""
    handle = RunHandle("run7", [row.generation for row in rows], clock=time.monotonic, stop=lambda _: "")
    for index, row in enumerate(rows):
        if index not in under_way:
            handle.put(index, row)
    return Results(handle, lambda _: [], join=lambda gen, places: joined(frame, gen, places=places))


def delivered(prompt: str, *assets: Asset, model: str = "google/nano-banana", **facts: Any) -> Delivered:
    """Return a row that is over."""
    more = {"state": State.SAVED, "cost": Cost(Decimal(70), "credits", "reported"), "seconds": 1.5, **facts}
    generation = Generation(REALM, model, prompt, facts.pop("settings", {}), facts.pop("images", ()))
    more = {name: value for name, value in more.items() if name not in {"settings", "images"}}
    return Delivered(generation, assets=assets, done=True, **more)


def failed(prompt: str, words: str = "Refused by the filter.", **facts: Any) -> Delivered:
    """Return a row that failed."""
    return delivered(prompt, state=State.FAILED, error=JobError(words), seconds=None, **facts)


def drawn_rows(folder: str, count: int, side: int = 1024) -> Results:
    """Return a run of rows by style, animal and seed, each with a file of its own: PNG and JPEG in turn."""
    place = Path(folder) / "files"
    place.mkdir(exist_ok=True)
    photo, flat = photograph(side, side), drawing(side, side)
    kinds = [(photo, "jpg", {"quality": 88}), (flat, "png", {}), (photo, "jpg", {"quality": 80}), (flat, "png", {})]
    first = [picture_file(place / f"{number}.{end}", image, **how) for number, (image, end, how) in enumerate(kinds)]
    data = [Path(one.path).read_bytes() for one in first]
    rows, cells = [], []
    for number in range(count):
        style, animal, seed = STYLES[number % 10], ANIMALS[number // 10 % 10], number // 100 + 1
        source = first[number % 4]
        path = Path(source.path).with_name(f"row-{number}{Path(source.path).suffix}")
        if not path.exists():
            path.write_bytes(data[number % 4])
        asset = type(source)(str(path), "image", source.mime, source.size, source.sha256, width=side, height=side)
        prompt = f"A {animal}, {style}, seed {seed}"
        rows.append(failed(prompt) if number % 37 == 36 else delivered(prompt, asset))
        cells.append({"style": style, "animal": animal, "seed": seed})
    return results_of(pl.DataFrame(cells), rows)
