"""The ledger's rows as frozen records, and how records become columns and come back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from notebookgen.normal import canonical_json
from notebookgen.records import Asset, Cost, Generation, InputImage, Output, Realm

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

__all__ = [
    "AttemptRow",
    "asset_from",
    "asset_values",
    "changed",
    "day_of",
    "from_nano",
    "generation_from",
    "generation_values",
    "outputs_from",
    "outputs_text",
    "realm_from",
    "realm_text",
    "to_nano",
]

NANO = 1_000_000_000
DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt to buy one generation, as the ledger has it. Times in microseconds, amounts in nano-units, days in UTC."""

    key: int
    generation: str
    number: int
    run: str
    realm: str
    state: str
    kernel: str
    at: int
    lost_at: int | None
    submitted: int | None
    ended: int | None
    job: str | None
    route: str | None
    unit: str | None
    reserved: int | None
    charged: int | None
    refunded: int | None
    basis: str
    seconds: float | None
    outputs: str | None
    error: str | None
    fail_code: str | None
    retryable: int | None
    model: str = ""
    shape: str = ""
    day: int = 0
    unkept: int | None = None
    instead: int | None = None
    lived: float | None = None
    began: float | None = None

    @property
    def cost(self) -> Cost:
        """What it cost so far: charged less refunded, or unknown."""
        if self.charged is None:
            return Cost(unit=self.unit)
        net = from_nano(self.charged - (self.refunded or 0))
        return Cost(net, self.unit, self.basis)  # type: ignore[arg-type]  # the column holds a Basis


NAMES = tuple(one.name for one in fields(AttemptRow))
PLACES = {name: place for place, name in enumerate(NAMES)}
_values = attrgetter(*NAMES)


def changed(row: AttemptRow, columns: Mapping[str, Any]) -> AttemptRow:
    """Return a row with some of its columns changed; what ``dataclasses.replace`` does, in a third of its time."""
    values = list(_values(row))
    for name, value in columns.items():
        values[PLACES[name]] = value
    return AttemptRow(*values)


def to_nano(amount: Decimal | None) -> int | None:
    """Return an amount as whole nano-units, rounded up: what is finer than a billionth is never lost to us."""
    if amount is None:
        return None
    scaled = amount * NANO
    whole = int(scaled)
    return whole if whole == scaled else whole + 1


def from_nano(nano: int) -> Decimal:
    """Return nano-units as a decimal without trailing zeros."""
    amount = Decimal(nano) / NANO
    whole = amount.to_integral_value()
    return whole if amount == whole else amount.normalize()


def day_of(at: int) -> int:
    """Return the day of a moment in microseconds, as UTC days since 1970."""
    return at // DAY


@cache
def realm_text(realm: Realm) -> str:
    """Return the realm as one column's text; the same object each time, for there are few and it is asked for often."""
    return f"{realm.provider}|{realm.account}|{int(realm.sandbox)}"


def realm_from(text: str) -> Realm:
    """Return the realm of a column's text."""
    provider, account, sandbox = text.split("|")
    return Realm(provider, account, sandbox=sandbox == "1")


def generation_values(generation: Generation, at: int) -> tuple[Any, ...]:
    """Return a generation as the columns of its table."""
    realm = generation.realm
    images = canonical_json([asdict(image) for image in generation.images])
    return (
        generation.id,
        generation.content,
        generation.sample,
        generation.shape,
        realm.provider,
        realm.account,
        int(realm.sandbox),
        generation.model,
        generation.kind,
        generation.prompt,
        canonical_json(dict(generation.settings)),
        images,
        at,
    )


def generation_from(row: sqlite3.Row) -> Generation:
    """Return the generation of a row of its table."""
    return Generation(
        realm=Realm(row["provider"], row["account"], sandbox=bool(row["sandbox"])),
        model=row["model"],
        prompt=row["prompt"],
        settings=json.loads(row["settings"]),
        images=tuple(InputImage(**image) for image in json.loads(row["images"])),
        sample=row["sample"],
        kind=row["kind"],
    )


def outputs_text(outputs: Iterable[Output]) -> str:
    """Return what is to be downloaded as JSON. Bytes that came inside a reply are spooled elsewhere, not here."""
    return canonical_json([_kept(one) for one in outputs])


def _kept(output: Output) -> dict[str, str | None]:
    """Return an output as it is written down; a hash only where there is one."""
    known = {"sha256": output.sha256} if output.sha256 else {}
    return {"name": output.name, "url": output.url, "text": output.text, **known}


def outputs_from(text: str | None) -> tuple[Output, ...]:
    """Return what is to be downloaded."""
    return tuple(Output(**one) for one in json.loads(text or "[]"))


def asset_values(attempt: int, position: int, asset: Asset) -> tuple[Any, ...]:
    """Return an asset as the columns of its table."""
    sound = None if asset.has_sound is None else int(asset.has_sound)
    size = (asset.kind, asset.mime, asset.size, asset.sha256, asset.name, asset.url)
    return (attempt, position, asset.path, *size, asset.width, asset.height, asset.seconds, sound)


def asset_from(row: sqlite3.Row, home: str) -> Asset:
    """Return the asset of a row of its table; ``home`` is put before its path."""
    values = {name: row[name] for name in row.keys() if name not in {"attempt", "position", "has_sound", "path"}}  # noqa: SIM118 - a sqlite3.Row iterates over values
    sound = None if row["has_sound"] is None else bool(row["has_sound"])
    return Asset(path=f"{home}{row['path']}", has_sound=sound, **values)
