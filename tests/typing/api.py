"""The public names as a user's own typed program meets them: checked by mypy, never run."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

import polars as pl

import notebookgen as ng
from notebookgen import errors
from notebookgen.providers import Provider, provider_class, provider_names

one = ng.generate("a fox", model="armox:google/nano-banana", budget=70, aspect_ratio="16:9")
several = ng.generate("a fox", samples=3)

client = ng.Client("armox", api_key="...")
assert_type(client.settings.concurrency, int)
assert_type(ng.settings().home, Path)

assert_type(ng.models(), pl.DataFrame)
assert_type(ng.models("armox"), pl.DataFrame)
assert_type(ng.runs(), pl.DataFrame)
assert_type(ng.ledger().frame(), pl.DataFrame)

with ng.sandbox(seconds=(0.1, 0.2), fail=0.05) as box:
    box.stop()

try:
    ng.generate("a fox")
except errors.InsufficientFunds as error:
    assert_type(error.code, int | None)
    assert_type(error.said, str)
except errors.JobError as error:
    assert_type(error.id, str | None)
except errors.NotebookgenError:
    pass

drawn = ng.map(ng.grid(animal=["fox"]), "A {animal}", budget={"USD": 1})
assert_type(drawn.gallery(by=("style", "model")).filter(animal="fox").sort("cost").page(1).frame, pl.DataFrame)
assert_type(drawn[0].compare().results, list[ng.Result])
assert_type(drawn.contact_sheet(tile=200).save("sheet.png"), Path)

assert_type(provider_names(), tuple[str, ...])
assert_type(provider_class("armox"), type[Provider])
