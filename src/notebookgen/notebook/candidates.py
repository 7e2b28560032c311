"""What of a notebook could be meant by a name: everything that looks at its variables to suggest one lives here. Pure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["PICTURES", "column_names", "frames", "made", "pictures", "results"]

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic")
ADDRESSES = ("http://", "https://", "data:")
FRAMES = frozenset({"DataFrame", "LazyFrame", "Table", "RecordBatch", "DuckDBPyRelation"})
LIBRARIES = frozenset({"polars", "pandas", "pyarrow", "duckdb", "_duckdb", "modin", "dask", "ibis", "cudf", "narwhals"})
SURE, LIKELY, NEVER = range(3)


def made(namespace: Mapping[str, object], hidden: Mapping[str, object]) -> dict[str, object]:
    """Return the variables that a person made, without IPython's own (``In``, ``exit``, ``open``, ...).

    Args:
        namespace: All there is.
        hidden: What IPython put there before anybody typed.
    """
    return {
        name: value
        for name, value in namespace.items()
        if not name.startswith("_") and not (name in hidden and hidden[name] is value)
    }


def pictures(namespace: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of what could be an image; what certainly is one comes first."""
    ranked = {name: _rank(value) for name, value in namespace.items() if not name.startswith("_")}
    return tuple(name for rank in (SURE, LIKELY) for name in ranked if ranked[name] == rank)


def results(namespace: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of what was generated here."""
    return tuple(name for name, value in namespace.items() if not name.startswith("_") and _is_result(value))


def frames(namespace: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names of what holds rows; the libraries that make frames are not loaded for it."""
    return tuple(name for name, value in namespace.items() if not name.startswith("_") and _is_frame(type(value)))


def column_names(value: object) -> tuple[str, ...]:
    """Return the columns of a frame that can stand between braces; none of a query, which would have to be worked out."""
    if not _is_frame(type(value)) or type(value).__name__ in {"LazyFrame", "DuckDBPyRelation"}:
        return ()
    names = cast("Iterable[object]", getattr(value, "column_names", None) or getattr(value, "columns", ()))
    return tuple(name for name in names if isinstance(name, str) and name.isidentifier())


def _is_frame(kind: type) -> bool:
    """Whether values of a type hold rows."""
    return any(one.__name__ in FRAMES and one.__module__.partition(".")[0] in LIBRARIES for one in kind.__mro__)


def _rank(value: object) -> int:
    """Return how likely a value is an image that can be sent along.

    The type is asked and not the value, whose attributes may run somebody's code (a lazy proxy's ``__class__``, too).
    """
    kind = type(value)
    if issubclass(kind, str):
        text = cast("str", value)
        address = text[:8].lower().startswith(ADDRESSES)
        return SURE if address or text[-5:].lower().endswith(PICTURES) else LIKELY
    if issubclass(kind, list | tuple):
        first = next(iter(cast("Sequence[object]", value)), None)
        return NEVER if issubclass(type(first), list | tuple) else _rank(first)
    pillow = kind.__module__.partition(".")[0] == "PIL" and hasattr(kind, "save")
    file = issubclass(kind, os.PathLike | bytes | bytearray | memoryview)
    return SURE if file or pillow or hasattr(kind, "__array_interface__") or _is_result(value) else NEVER


def _is_result(value: object) -> bool:
    """Whether a value is one of ours; their modules are loaded only where there are any."""
    kind = type(value)
    return kind.__module__.startswith("notebookgen.results") and kind.__name__ in {"Result", "Results"}
