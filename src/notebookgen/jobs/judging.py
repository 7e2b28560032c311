"""What came and was refused for what it is: how often, since when, and whether that is the last word on it.

The memory is this process's. Where it is the last word, the ledger has it; where it is not, a later kernel looks afresh.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import AssetRefused

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from notebookgen.errors import NotebookgenError
    from notebookgen.records import Asset, Kind

__all__ = ["Judging", "strange"]

SAME_FOR = 24 * 3600.0  # seconds after which bytes that are still the same will not change any more
SAME_LOOKS = 5  # and as often: more than one go looks, for a clock may jump
PRESENTED = frozenset({"image", "video", "audio", "3d"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a file.

    Attributes:
        error: Why it was refused, the last time.
        times: How often in a row, with the same bytes or for the same limit.
        since: When that was found first (microseconds).
        last: Whether it is not fetched again by itself.
    """

    error: AssetRefused
    times: int
    since: int
    last: bool

    def says(self, error: AssetRefused) -> bool:
        """Whether another refusal is for the same reason."""
        return self.error.final == error.final and (error.final or self.error.sha256 == error.sha256)


class Judging:
    """Remembers what was found of files that were refused, by their attempt and their place in it."""

    def __init__(self) -> None:
        self._found: dict[int, dict[int, Verdict]] = {}
        self._unknown: dict[int, set[int]] = {}
        self._spared: set[int] = set()

    def note(self, key: int, errors: Mapping[int, NotebookgenError], *, now: int, late: bool) -> None:
        """Take down what was refused for what it is; errors of other sorts say nothing about the file.

        A size or a number of pixels beyond all limits is final when it is found twice. Other bytes that cannot be kept
        may be replaced, and are final when they are still the same after a day and after several looks.

        Args:
            key: The attempt.
            errors: Why its files could not be kept, by their places.
            now: The moment (microseconds).
            late: Whether the job was asked for other addresses before.
        """
        for place, error in errors.items():
            if not isinstance(error, AssetRefused) or not (error.final or error.sha256):
                continue
            if error.unknown:
                self._unknown.setdefault(key, set()).add(place)
            found = self._found.setdefault(key, {})
            before = found.get(place)
            again = before is not None and before.says(error)
            times, since = (before.times + 1, before.since) if before is not None and again else (1, now)
            long = (now - since) / 1e6 > SAME_FOR and times >= SAME_LOOKS
            last = times > 1 or late if error.final else long
            found[place] = Verdict(error, times, since, last)

    def unknown(self, key: int, place: int) -> bool:
        """Whether something of no known type came to that place before: the next that does is kept, whatever its hash."""
        return place in self._unknown.get(key, ())

    def spare(self, key: int, had: Container[int]) -> bool:
        """Whether what was refused for its unknown type alone is to be fetched and kept before all is lost; once."""
        if key in self._spared or all(place in had for place in self._unknown.get(key, ())):
            return False
        self._spared.add(key)
        return True

    def times(self, key: int, place: int) -> int:
        """Return how often in a row the same came to that place and was refused for what it is."""
        verdict = self._found.get(key, {}).get(place)
        return verdict.times if verdict is not None else 0

    def settled(self, key: int) -> dict[int, NotebookgenError]:
        """Return what is not fetched again by itself, and why."""
        return {place: one.error for place, one in self._found.get(key, {}).items() if one.last}

    def forget(self, key: int) -> None:
        """Forget an attempt that is over."""
        self._found.pop(key, None)
        self._unknown.pop(key, None)
        self._spared.discard(key)


def strange(due: Kind | None, assets: tuple[Asset, ...]) -> str | None:
    """Return what is to be said of files that were kept, and are not what was due; None where they may be.

    Another medium may be what a model makes, and words may come beside it.
    """
    if due not in PRESENTED:
        return None
    if any(asset.mime == "application/octet-stream" for asset in assets):
        return f"the {due} was due, and what came is of no type that is known: it was kept as it came"
    if assets and all(asset.kind == "text" for asset in assets):
        return f"the {due} was due, and a text came: it was kept as it came"
    return None
