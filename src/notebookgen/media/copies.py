"""Copies of kept files in places of a person's own: whole or not at all, and never over what is nobody's copy.

A file that is there already is replaced only where nothing is lost by it: it is, byte for byte, a copy of what is kept
here (with the note that it was given), or the folder's own manifest says that it was written so. Everything else is a
person's own: it stays as it is, and the copy gets another name.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.ledger.filesystem import said_of
from notebookgen.media.files import MediaStore
from notebookgen.media.shelves import summary
from notebookgen.media.stamping import drafted, is_restamped, read_note, reads_like
from notebookgen.sniff import HEAD, sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from notebookgen.media.stamping import Draft

__all__ = ["Copy", "copied", "made"]

CHANGED = "what was written could not be read again, so that it was left as it came"


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that a person has.

    Attributes:
        place: Where it is.
        sha256: Hash of its bytes.
        size: Length in bytes.
        stamped: Whether it says where it comes from.
        why: Why it does not, where it was to.
        fresh: Whether it was written now; False where it was there.
        beside: The name that was taken by a file of the person's own.
    """

    place: Path
    sha256: str
    size: int
    stamped: bool = False
    why: str = ""
    fresh: bool = True
    beside: str = ""


def made(folder: Path) -> None:
    """Make a folder.

    Raises:
        NotWritable: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        message = f"{folder} cannot be made: {said_of(error)}. What was paid for is safe; give another folder."
        raise NotWritable(message) from error


def copied(
    source: Path,
    wanted: Path,
    facts: Mapping[str, object] | None = None,
    *,
    named: bool = False,
    vouched: Callable[[str, str], bool] = lambda _name, _sha256: False,
) -> Copy:
    """Copy a kept file whole or not at all; what is there already in the same form is left as it is.

    Args:
        source: The kept file; it is not changed.
        wanted: Where to.
        facts: What the copy says of where it comes from; None for a plain copy.
        named: Whether a person has given the name: no other one is made then.
        vouched: Whether a file of that name and hash is known to be ours.

    Raises:
        InvalidCall: A file of another kind is there under the name that was given.
        NotWritable: The place cannot be written.
    """
    made(wanted.parent)
    try:
        with source.open("rb") as file:
            mime = sniff(file.read(HEAD)).mime
        draft = drafted(source, mime, facts)
        for place in names(wanted):
            if not os.path.lexists(place) or place.is_symlink():
                if place.is_symlink():
                    continue  # it leads somewhere else
                break
            if draft.is_like(place):
                return Copy(place, digest(draft), draft.size, draft.stamped, draft.why, fresh=False)
            if place.is_file() and (
                is_copy(place, MediaStore(source.parents[1])) or vouched(place.name, hashed(place))
            ):
                break
            if named:
                other = next(one for one in names(wanted) if not os.path.lexists(one)).name
                message = (
                    f"{place} is there already and is no copy of anything that is kept here. Nothing was written.\n"
                    f"Move it away, or give another name: {other}"
                )
                raise InvalidCall(message)
        return written(draft, place, beside="" if place == wanted else wanted.name)
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be written
        message = f"{wanted} cannot be written: {said_of(error)}. What was paid for is safe in {source}"
        raise NotWritable(message) from error


def names(wanted: Path) -> Iterator[Path]:
    """Yield a name, and those that do where it is taken: ``fox.png``, ``fox-2.png``, ..."""
    yield wanted
    for number in itertools.count(2):
        yield wanted.with_stem(f"{wanted.stem}-{number}")


def written(draft: Draft, place: Path, *, beside: str) -> Copy:
    """Write a copy under a name of its own and move it into place."""
    part = place.with_name(f".{secrets.token_hex(6)}.part")
    try:
        sha256 = write(draft, part)
        if draft.stamped and not reads_like(part, draft.source):
            draft = draft.plain(CHANGED)
            sha256 = write(draft, part)
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return Copy(place, sha256, draft.size, draft.stamped, draft.why, beside=beside)


def write(draft: Draft, part: Path) -> str:
    """Write a draft and return the hash of its bytes."""
    found = hashlib.sha256()
    with part.open("wb") as file:
        for block in draft.blocks():
            file.write(block)
            found.update(block)
    return found.hexdigest()


def digest(draft: Draft) -> str:
    """Return the hash that a draft has when it is written."""
    found = hashlib.sha256()
    for block in draft.blocks():
        found.update(block)
    return found.hexdigest()


def hashed(path: Path) -> str:
    """Return the hash of a file's bytes."""
    return summary(path)[0]


def is_copy(path: Path, store: MediaStore) -> bool:
    """Whether a file is exactly what was saved from something that is still kept, so that nothing is lost with it."""
    facts = read_note(path)
    if facts is not None:
        original = store.path_of(str(facts.get("sha256")))
        if original is not None:
            with original.open("rb") as file:
                mime = sniff(file.read(HEAD)).mime
            if is_restamped(path, original, mime, facts):
                return True
    return store.path_of(hashed(path)) is not None
