"""Which types of cells can be a setting or an image, and what is made of them: everything about that lives here.

What goes into a prompt is in ``texts``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.errors import InvalidImage, InvalidSetting

if TYPE_CHECKING:
    from polars._typing import PolarsDataType

__all__ = ["LISTS", "TEXTS", "empty", "image_column", "setting_column"]

TEXTS = frozenset({pl.String, pl.Categorical, pl.Enum})
IMAGES = TEXTS | {pl.Binary, pl.Object, pl.Null}
LISTS = frozenset({pl.List, pl.Array})
EXACT = frozenset({pl.Null, pl.Boolean})
WIDE = 18  # digits of which any number fits into 64 bits
REMEDIES: dict[Any, str] = {
    pl.Binary: ".bin.encode('base64')",
    pl.Date: ".dt.to_string('%Y-%m-%d')",
    pl.Datetime: ".dt.to_string('%Y-%m-%d %H:%M')",
    pl.Duration: ".dt.total_seconds()",
    pl.Time: ".dt.to_string('%H:%M')",
}


def empty(cells: pl.Series) -> bool:
    """Whether no cell holds anything: pandas has a type even for those, of numbers that are none."""
    nulls = cells.null_count() + (int(cells.is_nan().sum()) if cells.dtype.is_float() else 0)
    return nulls == len(cells)


def _nothing(cells: pl.Series) -> pl.Series:
    """Return as many nulls, of no type."""
    return pl.Series(cells.name, [None], dtype=pl.Null).new_from_index(0, len(cells))


def setting_column(cells: pl.Series, key: str) -> pl.Series:
    """Return a setting's cells, of a type whose Python form is JSON's own; NaN counts as null.

    Text and categories come out as text, whole numbers as such, floats of any width as the nearest ``float`` of their
    shortest form (0.1 of 32 bits is 0.1), decimals as Python's own ``float("0.1")``; so do those in lists and structs.

    Raises:
        InvalidSetting: There is no such form.
    """
    forms = _forms(cells.dtype)
    if forms is None:
        if empty(cells):
            return _nothing(cells)
        remedy = _remedy(cells.dtype)
        message = (
            f"the setting '{key}' comes from a column of type {cells.dtype}, which cannot be sent. Nothing was sent.\n"
            f"Make text or a number of it{f', as {remedy} does' if remedy else ''}."
        )
        raise InvalidSetting(message)
    for form in forms:
        cells = cells if cells.dtype == form else cells.cast(form)
    return cells.fill_nan(None) if cells.dtype.is_float() else cells


def _remedy(kind: pl.DataType) -> str:
    """Return what an expression for cells of a type lacks to be sendable; empty where nothing is known."""
    if isinstance(kind, pl.List):
        inner = _remedy(_made(kind.inner))
        return f".list.eval(polars.element(){inner})" if inner else ""
    if isinstance(kind, pl.Struct):
        field = next(field for field in kind.fields if _forms(field.dtype) is None)
        return f".struct.field({field.name!r}){_remedy(_made(field.dtype))}"
    return REMEDIES.get(kind.base_type(), "")


def _made(kind: PolarsDataType) -> pl.DataType:
    """Return an instance of a type, of which Polars may also give the class."""
    return kind() if isinstance(kind, type) else kind


def _forms(kind: PolarsDataType) -> tuple[PolarsDataType, PolarsDataType] | None:
    """Return what cells of a type are cast to, one after the other; None where nothing would do."""
    kind = _made(kind)
    base = kind.base_type()
    if base in TEXTS:
        return pl.String(), pl.String()
    if isinstance(kind, pl.Decimal):
        whole = pl.Int64() if (kind.precision or 38) <= WIDE else pl.Int128()
        return pl.String(), whole if kind.scale == 0 else pl.Float64()
    if base.is_float():  # through text: 0.1 as 32 bits is 0.10000000149 as 64, its own shortest form is 0.1
        return (kind if base is pl.Float64 else pl.String()), pl.Float64()
    if isinstance(kind, pl.List | pl.Array):
        inner = _forms(kind.inner)
        return (pl.List(inner[0]), pl.List(inner[1])) if inner else None
    if isinstance(kind, pl.Struct):
        fields = {field.name: _forms(field.dtype) for field in kind.fields}
        found = {name: forms for name, forms in fields.items() if forms is not None}
        if len(found) < len(fields):
            return None
        one, other = ({name: forms[step] for name, forms in found.items()} for step in (0, 1))
        return pl.Struct(one), pl.Struct(other)
    return (kind, kind) if base in EXACT or base.is_integer() else None


def image_column(cells: pl.Series, place: str) -> pl.Series:
    """Return images' cells: text, bytes, objects, or lists of those.

    Raises:
        InvalidImage: They are none of these.
    """
    several = cells.dtype.base_type() in LISTS
    inner = getattr(cells.dtype, "inner", cells.dtype) if several else cells.dtype
    if inner.base_type() in TEXTS:
        return cells.cast(pl.List(pl.String) if several else pl.String)
    if inner.base_type() in IMAGES:
        return cells
    if empty(cells):
        return _nothing(cells)
    message = (
        f"{place} come from the column '{cells.name}', which is of type {cells.dtype}. Nothing was sent.\n"
        "Give a column of paths or addresses (text), of bytes, or of lists of those."
    )
    raise InvalidImage(message)
