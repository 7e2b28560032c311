"""Files for a person: under names that are read, with what they are in them and in a list beside them.

What is kept stays as it came, and is kept; these are copies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.errors import AssetGone, InvalidCall
from notebookgen.ledger.filesystem import at_home
from notebookgen.media.captions import size_words
from notebookgen.media.copies import copied, made
from notebookgen.media.manifest import BARE, COLUMNS, Manifest, replace_with
from notebookgen.media.naming import human_name
from notebookgen.media.provenance import address, is_wanted, told, version
from notebookgen.normal import count_words, plain_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.media.copies import Copy
    from notebookgen.records import Asset
    from notebookgen.results.result import Result

__all__ = ["Saved", "save_files", "save_folder"]

SAME_ENDING = ({".jpg", ".jpeg"}, {".tif", ".tiff"})


class Saved(list[Path]):
    """The files that a folder has now, in the rows' order; a list that shows itself in a line.

    Attributes:
        folder: Where they are.
        manifest: The list of what they are, as Parquet; the same is beside it as JSON.
        notes: What did not go as it was meant: lines for a person.
    """

    def __init__(self, folder: Path, manifest: Path, copies: Sequence[Copy], notes: Sequence[str]) -> None:
        super().__init__(dict.fromkeys(copy.place for copy in copies))
        self.folder = folder
        self.manifest = manifest
        self.notes = tuple(notes)
        sizes = {copy.place: copy.size for copy in copies}
        fresh = len({copy.place for copy in copies if copy.fresh})
        there = f", {len(sizes) - fresh} of them there already" if len(sizes) > fresh else ""
        self._words = f"{count_words(len(sizes), 'file')} in {folder} ({size_words(sum(sizes.values()))}{there})"

    def __repr__(self) -> str:
        first = f"{self._words}; {self.manifest.name} and {self.manifest.with_suffix('.json').name} tell what they are"
        return "\n".join([first, *self.notes])


def save_files(result: Result, path: str | Path, *, provenance: bool | None = None) -> Path | list[Path]:
    """Copy the files of one result to a place of a person's own.

    Args:
        result: The result.
        path: A file name, or a folder, where names are made from the prompt.
        provenance: Whether the copies, and names that are made, say where they come from; by default as configured.

    Raises:
        AssetGone: A file is no longer in its place; the message says how it comes back.
        InvalidCall: There is nothing to save, the name's ending is not that of the file, or the name is taken.
        NotWritable: The place cannot be written.
    """
    row = result.row
    if not row.assets:
        message = f"there is nothing to save: its status is '{result.status}'."
        raise InvalidCall(message)
    target = at_home(path)
    folder = target.is_dir() or not target.suffix or str(path).endswith(("/", "\\"))
    several = len(row.assets) > 1
    sources = [result.kept(asset) for asset in row.assets]
    if not folder:
        for source, asset in zip(sources, row.assets, strict=True):
            check_ending(target, source, asset)
    saved: list[Path] = []
    stamp = is_wanted(provenance)
    for number, (source, asset) in enumerate(zip(sources, row.assets, strict=True), start=1):
        if folder:
            place = target / named(result, asset, source, number if several else None, stamp=stamp)
        else:
            place = target.with_stem(f"{target.stem}-{number}") if several else target
        facts = facts_of(row, asset) if stamp else None
        saved.append(copied(source, place, facts, named=not folder).place)
        result.handle.copies[asset.path] = str(saved[-1].absolute())
    return saved if several else saved[0]


def named(result: Result, asset: Asset, source: Path, number: int | None, *, stamp: bool) -> str:
    """Return a copy's name: made of the prompt, or of what it is where nobody is to read the prompt."""
    return human_name(result.prompt if stamp else asset.kind, result.id, source.suffix, number)


def check_ending(target: Path, source: Path, asset: Asset) -> None:
    """Refuse a name that says another type than the file has.

    Raises:
        InvalidCall: It does.
    """
    endings = {target.suffix.lower(), source.suffix}
    if len(endings) > 1 and endings not in SAME_ENDING:
        message = f"what came back is {asset.mime}. Name it {target.with_suffix(source.suffix).name}"
        raise InvalidCall(message)


def save_folder(
    results: Iterable[Result],
    folder: str | Path,
    *,
    provenance: bool | None = None,
    labels: Sequence[Mapping[str, object]] | None = None,
) -> Saved:
    """Copy all files of some results into a folder, with a list of what they are; a row that cannot be saved is told there.

    Args:
        results: The results, in their order.
        folder: Made where it is missing.
        provenance: Whether the copies, their names and the list say where they come from; by default as configured.
        labels: What each row is called by whoever asked for it.

    Raises:
        NotWritable: The folder cannot be written.
    """
    target = at_home(folder)
    made(target)
    manifest, stamp = Manifest(target), is_wanted(provenance)
    rows: list[dict[str, Any]] = []
    copies: list[Copy] = []
    notes: list[str] = []
    paid: set[str] = set()
    try:
        for number, result in enumerate(results):
            label = dict(labels[number]) if labels else {}
            rows += _saved_row(result, label, manifest, copies, notes, stamp=stamp, first=result.id not in paid)
            paid.add(result.id)
    finally:  # Stop in the middle leaves a list of what is there
        whole = manifest.with_rows(rows)
        told_before = sum(1 for row in whole[: len(whole) - len(rows)] if row["prompt"] is not None)
        if told_before and not stamp:
            what = f"{count_words(told_before, 'file')} saved here before"
            notes.append(f"{manifest.json.name} still tells prompt and cost of {what}; take another folder to hand on")
        manifest.write(whole, version())
        _write_parquet(manifest, whole)
    return Saved(target, manifest.parquet, copies, notes)


def _saved_row(
    result: Result,
    label: dict[str, object],
    manifest: Manifest,
    copies: list[Copy],
    notes: list[str],
    *,
    stamp: bool,
    first: bool,
) -> list[dict[str, Any]]:
    """Save one result; return what is said of each of its files, or once of a result without one."""
    row = result.row
    about = row_facts(result, row, label)
    if not row.assets:
        return [as_told({**about, "cost": about["cost"] if first else "0"}, stamp=stamp)]
    told_rows: list[dict[str, Any]] = []
    for number, asset in enumerate(row.assets, start=1):
        kind = {"kind": asset.kind, "mime": asset.mime, "original": asset.sha256, "file": number}
        kind |= {"width": asset.width, "height": asset.height, "duration": asset.seconds, "sound": asset.has_sound}
        cost = about["cost"] if first and number == 1 else "0" if about["cost"] is not None else None
        try:
            source = result.kept(asset)
            name = named(result, asset, source, number if len(row.assets) > 1 else None, stamp=stamp)
            copy = copied(
                source,
                manifest.folder / name,
                facts_of(row, asset) if stamp else None,
                vouched=lambda name, sha256: manifest.vouches(name, sha256, result.id),
            )
        except AssetGone as error:
            notes.append(f"not saved: {str(error).splitlines()[0]}")
            told_rows.append(as_told({**about, **kind, "cost": cost, "error": str(error)}, stamp=stamp))
            continue
        copies.append(copy)
        result.handle.copies[asset.path] = str(copy.place.absolute())
        if copy.beside:
            notes.append(f"{copy.beside} is a file of your own and stays; saved as {copy.place.name}")
        more = {"path": copy.place.name, "sha256": copy.sha256, "stamped": copy.stamped, "size": copy.size}
        told_rows.append(as_told({**about, **kind, **more, "cost": cost}, stamp=stamp))
    return told_rows


def as_told(row: dict[str, Any], *, stamp: bool) -> dict[str, Any]:
    """Return a row as the list has it: with where the file comes from, or with what it is alone."""
    return row if stamp else {name: value if name in BARE else None for name, value in row.items()}


def row_facts(result: Result, row: Delivered, label: dict[str, object]) -> dict[str, Any]:
    """Return what is said of a result, in all columns of the list."""
    generation, cost = row.generation, result.cost
    facts: dict[str, Any] = dict.fromkeys(COLUMNS)
    return facts | {
        "row": result.index,
        "labels": {name: plain(value) for name, value in label.items()},
        "status": str(row.state),
        "prompt": generation.prompt,
        "model": generation.full_model,
        "settings": {name: told(value) for name, value in generation.settings.items()},
        "cost": None if cost.amount is None else plain_number(cost.amount),
        "unit": cost.unit,
        "basis": cost.basis,
        "seconds": row.seconds,
        "stamped": False,
        "sample": generation.sample,
        "sandbox": generation.realm.sandbox,
        "at": None if row.at is None else row.at.isoformat(),
        "run": result.handle.id,
        "id": generation.id,
        "job": row.job,
        "error": result.error,
    }


def facts_of(row: Delivered, asset: Asset) -> dict[str, object]:
    """Return what a copy says of where it comes from: no key, no provider's address, and the same whenever it is asked for."""
    generation, cost = row.generation, row.cost
    return {
        "notebookgen": version(),
        "model": generation.full_model,
        "prompt": generation.prompt,
        "settings": {name: told(value) for name, value in generation.settings.items()},
        "images": [image.sha256 or address(image.url or "") for image in generation.images],
        "sample": generation.sample,
        "job": row.job,
        "cost": None if cost.amount is None else plain_number(cost.amount),
        "unit": cost.unit,
        "basis": cost.basis,
        "at": None if row.at is None else row.at.isoformat(timespec="seconds"),
        "sandbox": generation.realm.sandbox,
        "id": generation.id,
        "sha256": asset.sha256,
    }


def plain(value: object) -> object:
    """Return a cell of a person's own frame as JSON has it: a number, a text, or what it prints as."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # NaN and infinities have no JSON
    return str(value)


def _write_parquet(manifest: Manifest, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the list as Parquet, whole or not at all."""
    import io  # noqa: PLC0415 - with Polars, where a folder is saved

    data = io.BytesIO()
    manifest_frame(rows).write_parquet(data)
    replace_with(manifest.parquet, data.getvalue())


def manifest_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return the list as a frame: amounts as decimals, times as times, settings and labels as JSON."""
    import polars as pl  # noqa: PLC0415 - Polars loads when a frame is made

    from notebookgen.ledger.frame import MONEY  # noqa: PLC0415 - likewise

    types: dict[str, Any] = {
        "text": pl.String, "json": pl.String, "money": pl.String, "number": pl.Float64, "whole": pl.Int64,
        "yes or no": pl.Boolean, "time": pl.String,
    }  # fmt: skip
    schema = {name: types[kind] for name, kind in COLUMNS.items()}
    values = {
        name: [
            json.dumps(row[name], ensure_ascii=False) if kind == "json" and row[name] is not None else row[name]
            for row in rows
        ]
        for name, kind in COLUMNS.items()
    }
    frame = pl.DataFrame(values, schema=schema, strict=False)
    moment = pl.col("at").str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    return frame.with_columns(pl.col("cost").cast(MONEY, strict=False), at=moment)
