"""What the media folder holds, what of it is needed, and what may go. Kernels may live and work beside it.

A file that the ledger needs goes only where a person has said so. One that is needed by work under way, or that is
needed by nothing and came since the oldest living kernel began (a plan may hold it), never goes.
"""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall
from notebookgen.ledger.holdings import holdings
from notebookgen.ledger.kernels import FOLDER, is_alive
from notebookgen.ledger.store import FILE_NAME
from notebookgen.media.captions import size_words
from notebookgen.normal import count_words
from notebookgen.sniff import HEAD, sniff
from notebookgen.transport.leavings import sweep

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from notebookgen.ledger.holdings import Holding

__all__ = ["Kept", "Pruned", "kept_files", "prune"]

NAMED = re.compile(r"([0-9a-f]{64})(?:\.[0-9a-z]{1,16})?")  # a file of ours, by its hash and type
YOUNG = 600.0  # seconds: what came just now may be on its way into the ledger


@dataclass(frozen=True, slots=True)
class Kept:
    """One content of the media folder, or one that the ledger needs and that is not there.

    Attributes:
        path: Where it is, or was.
        sha256: Hash of its bytes.
        kind, mime: What it is.
        size: Length in bytes.
        at: When it was kept, in seconds since 1970; None where it is missing.
        used: When the ledger last asked for it, likewise; None where nothing needs it.
        outputs, inputs: The generations that it came back for, and those that it was sent along with.
        runs: The runs that asked for those, the newest first.
        sandbox: Whether only the sandbox's generations need it; None where nothing does.
        open: Whether work that is under way may need it at any moment.
        missing: Whether the ledger needs it and it is not there.
    """

    path: Path
    sha256: str
    kind: str
    mime: str
    size: int
    at: float | None
    used: float | None = None
    outputs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    sandbox: bool | None = None
    open: bool = False
    missing: bool = False

    @property
    def needed(self) -> bool:
        """Whether the ledger needs it."""
        return bool(self.outputs or self.inputs)

    @property
    def last(self) -> float:
        """When it was last kept or asked for."""
        return max(self.at or 0.0, self.used or 0.0)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go.

    Attributes:
        files: The files.
        size: How many bytes they are.
        rows: How many generations of the ledger lose a file.
        leftovers: How many unfinished downloads of kernels that are gone went with them.
        spared: How many files were left that somebody may need just now.
        dry_run: Whether nothing was removed.
    """

    files: tuple[Path, ...]
    size: int
    rows: int
    leftovers: int
    spared: int
    dry_run: bool

    def __repr__(self) -> str:
        done = "would go" if self.dry_run else "removed"
        parts = [f"{count_words(len(self.files), 'file')} {done} ({size_words(self.size)})"]
        if self.rows:
            lose = "would lose a file, so that it takes yes=True" if self.dry_run else "lost a file"
            parts.append(f"{count_words(self.rows, 'generation')} of the ledger {lose}")
        if self.leftovers:
            parts.append(f"{count_words(self.leftovers, 'unfinished download')} {done}")
        if self.spared:
            parts.append(f"{count_words(self.spared, 'file')} left: work under way, or a living kernel, may need them")
        return "\n".join(parts)


def kept_files(home: Path) -> list[Kept]:
    """Return what the media folder of a home folder holds, and what is missing there.

    Raises:
        LedgerError: The ledger cannot be read, so that nobody knows what is needed.
    """
    folder = home / "media"
    needed = holdings(home / FILE_NAME) or {}
    found: list[Kept] = []
    for path in files_in(folder):
        with contextlib.suppress(FileNotFoundError):  # somebody removes it just now
            about = path.stat()
            found.append(told(path, about.st_size, about.st_mtime, needed.get(path.stem)))
    there = {one.sha256 for one in found}
    for sha256, one in needed.items():
        path = home / one.path if one.path else folder / sha256[:2] / sha256
        if sha256 not in there and not path.is_file():  # behind a link it is there, and not ours to count
            found.append(told(path, one.size, None, one))
    return sorted(found, key=lambda one: (one.last, one.sha256))


def files_in(folder: Path) -> Iterator[Path]:
    """Yield the files that are named after their content; whatever else is there, or is linked to, is not ours."""
    for shelf in sorted(folder.glob("[0-9a-f][0-9a-f]")):
        if not shelf.is_dir() or leads_elsewhere(shelf):
            continue
        for path in sorted(shelf.iterdir()):
            named = NAMED.fullmatch(path.name)
            if named and named[1].startswith(shelf.name) and path.suffix != ".part" and is_plain(path):
                yield path


def leads_elsewhere(folder: Path) -> bool:
    """Whether a folder is a link, or what Windows has in its place."""
    return folder.resolve() != folder.parent.resolve() / folder.name


def is_plain(path: Path) -> bool:
    """Whether it is a file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def told(path: Path, size: int, at: float | None, need: Holding | None) -> Kept:
    """Return what is known of a file."""
    if need is None:
        with contextlib.suppress(OSError), path.open("rb") as file:
            head = sniff(file.read(HEAD))
            return Kept(path, path.stem, "file" if head.kind == "markup" else head.kind, head.mime, size, at)
        return Kept(path, path.stem, "file", "", size, at)
    return Kept(
        path=path,
        sha256=need.sha256,
        kind=need.kind,
        mime=need.mime,
        size=size,
        at=at,
        used=need.used / 1e6,
        outputs=tuple(need.outputs),
        inputs=tuple(need.inputs),
        runs=tuple(need.runs),
        sandbox=need.sandbox,
        open=need.open,
        missing=at is None,
    )


def prune(
    home: Path,
    *,
    older_than: float | None = None,
    unreferenced: bool = False,
    sandbox: bool = False,
    dry_run: bool = False,
    yes: bool = False,
    command: str = "ng.media().prune(..., yes=True)",
) -> Pruned:
    """Remove files from the media folder, and unfinished downloads of kernels that are gone.

    Args:
        home: The home folder.
        older_than: Only what was last kept or asked for so many seconds ago.
        unreferenced: What the ledger does not need; this is meant where nothing else is said.
        sandbox: What only the sandbox's generations need.
        dry_run: Remove nothing; tell what would go.
        yes: A person's word that generations may lose their files.
        command: What to type with that word in it.

    Raises:
        InvalidCall: Generations would lose their files, and nobody has said that they may. Nothing was removed.
        LedgerError: The ledger cannot be read, so that nobody knows what is needed. Nothing was removed.
    """
    now, began = time.time(), oldest_kernel(home)
    which = [one for one in kept_files(home) if not one.missing]
    if unreferenced or sandbox or older_than is None:
        plain = unreferenced or not sandbox
        which = [one for one in which if (plain and not one.needed) or (sandbox and one.sandbox)]
    if older_than is not None:
        which = [one for one in which if one.last <= now - older_than]
    since = min(now - YOUNG, began if began is not None else now)
    going = [one for one in which if not (one.open or (not one.needed and (one.at or 0.0) >= since))]
    lost = {generation for one in going for generation in (*one.outputs, *one.inputs)}
    known = (home / FILE_NAME).exists()
    if going and not (yes or dry_run) and (lost or not known):
        raise InvalidCall(refusal(going, len(lost), command, known=known))
    gone = going if dry_run else [one for one in going if removed(one)]
    media = home / "media"
    begun = [media / "incoming", *(one for one in media.glob("[0-9a-f][0-9a-f]") if not leads_elsewhere(one))]
    swept = sum(sweep(one, now=now, dry_run=dry_run) for one in begun)
    size = sum(one.size for one in gone)
    return Pruned(tuple(one.path for one in gone), size, len(lost), swept, len(which) - len(going), dry_run)


def refusal(going: Sequence[Kept], rows: int, command: str, *, known: bool) -> str:
    """Return why nothing was removed, and what to type."""
    files = f"{count_words(len(going), 'file')} ({size_words(sum(one.size for one in going))})"
    if not known:
        return f"there is no ledger beside the files that tells which are needed: {files} would go. Nothing was removed.\nTo remove them all the same: {command}"
    paid = any(one.needed and not one.sandbox for one in going)
    what = "paid for; a provider gives it again only for some days" if paid else "of the sandbox, which draws it again"
    return (
        f"{count_words(rows, 'generation')} of the ledger would lose {files}, {what}. Nothing was removed.\n"
        f"To remove them: {command}"
    )


def removed(one: Kept) -> bool:
    """Remove a file, unless it was kept once more since it was looked at; return whether it went."""
    try:
        if one.path.stat().st_mtime != one.at:
            return False
        one.path.unlink()
    except OSError:  # on Windows somebody has it open; or another one removes as well
        return False
    with contextlib.suppress(OSError):  # others are in it
        one.path.parent.rmdir()
    return True


def oldest_kernel(home: Path) -> float | None:
    """Return when the oldest kernel began that lives and uses a home folder; None where none does."""
    began: list[float] = []
    for path in (home / FOLDER).glob("*.lock"):
        with contextlib.suppress(OSError):
            at = path.stat().st_mtime
            if is_alive(home / FOLDER, path.stem):
                began.append(at)
    return min(began, default=None)
