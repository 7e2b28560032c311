"""Which part of a file a Range header asks for (RFC 9110, section 14); single ranges of bytes. Pure."""

from __future__ import annotations

import re

__all__ = ["Unsatisfiable", "select"]

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)


class Unsatisfiable(ValueError):
    """The range begins past the end."""


def select(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last position, both included; None where the whole file is to be sent.

    Raises:
        Unsatisfiable: Nothing of the file is in the range.
    """
    match = _RANGE.fullmatch(header)
    if match is None:  # no range, several ranges, or another unit: the header may be ignored
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return size - length, size - 1
    start = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, end
