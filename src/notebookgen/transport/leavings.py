"""What unfinished downloads leave in their folder: under which names, who may go on with one, and when it is nobody's.

A file whose server gave a proof of sameness is named after its address and that proof while it grows, so that it can be
gone on with also where its process was killed. Whoever writes to a file holds a lock on it, which ends with its
process. On Windows a file that is open can be neither renamed nor deleted: there it gets such a name when it is put away.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets
import sys
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from notebookgen.transport.signing import unsigned

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LEFT", "SHARES", "WORTH", "Proof", "growing", "hold", "mark", "name_of", "plain_name", "sweep", "take"]

PART, LEFT = ".part", ".left"  # one that grows, or whose process was killed; one that was put away
WORTH = 256 * 1024  # bytes: less is quicker asked for again than looked for
MARK = 32  # digits of the mark that a name begins with where it can be gone on with; others are shorter
LONGEST_PROOF = 80  # characters: it stands in the file's name

PLAIN = re.compile(r"[0-9a-f]{16}\.part")
# A proof is spelled in base64 behind "=": short, for encrypted home folders know no name above 143 characters.
NAMED = re.compile(r"[0-9a-f]{32}\.([0-9a-f]{16})\.(=?[\w-]+)\.([0-9]{0,18})\.[0-9a-f]{8}\.(?:part|left)", re.ASCII)
NOBODYS_AFTER = 24 * 3600.0  # seconds until what could be gone on with is of no use any more
PLAIN_AFTER = 3600.0  # seconds; a whole file is looked into under such a name, and then nobody holds it

if sys.platform == "win32":
    SHARES = False

    def hold(file: IO[bytes]) -> bool:  # noqa: ARG001 - the system does it by itself
        """Keep a file for this process while it is open."""
        return True
else:
    import fcntl

    SHARES = True  # a file that is open may be renamed and deleted

    def hold(file: IO[bytes]) -> bool:
        """Keep a file for this process while it is open; False where another one has it."""
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Proof:
    """By what a server can tell that a file is still the same.

    Attributes:
        said: Its strong ETag, else when it was last modified; empty where it gave neither.
        place: Tells which address said so: another one, to which a redirect may lead later, means another file.
        total: The file's length; None where nobody told.
    """

    said: str = ""
    place: str = ""
    total: int | None = None


def mark(url: str) -> str:
    """Return what a file is found by: its address without what only signs it, for another signature will do as well."""
    return hashlib.sha256(unsigned(url).encode("utf-8", "replace")).hexdigest()[:MARK]


def plain_name() -> str:
    """Return a name for a file that cannot be gone on with."""
    return f"{secrets.token_hex(8)}{PART}"


def name_of(url: str, proof: Proof, suffix: str) -> str | None:
    """Return the name under which a file is found again; None where it cannot be gone on with."""
    if not url or not proof.said or len(proof.said) > LONGEST_PROOF:
        return None
    spelled = base64.urlsafe_b64encode(proof.said.encode("latin-1", "replace")).decode("ascii").rstrip("=")
    return f"{mark(url)}.{proof.place}.={spelled}.{proof.total or ''}.{secrets.token_hex(4)}{suffix}"


def proof_in(name: str) -> Proof | None:
    """Return the proof that stands in a name; None where it is no such name."""
    found = NAMED.fullmatch(name)
    if found is None or not found[2].startswith("="):
        return None
    try:
        said = base64.urlsafe_b64decode(found[2][1:] + "=" * (-len(found[2][1:]) % 4)).decode("latin-1")
    except ValueError:  # somebody else named it
        return None
    return Proof(said, found[1], int(found[3]) if found[3] else None)


def take(folder: Path, url: str) -> tuple[Path, IO[bytes], Proof] | None:
    """Take over what was left of a file, the newest of several; the others go. None where there is nothing.

    Args:
        folder: Where downloads are written; made when it is missing.
        url: Where the file comes from.

    Raises:
        OSError: The folder cannot be read or written.
    """
    taken: tuple[Path, IO[bytes], Proof] | None = None
    for _, path in sorted(((age(path), path) for path in those_of(folder, url)), reverse=True):
        proof = proof_in(path.name)
        held = None if proof is None else claimed(path, path.with_name(growing(url, proof)))
        if proof is None or held is None:
            continue
        now, file = held
        if taken is None and useful(now, file, put_away=path.suffix == LEFT):
            taken = now, file, proof
        else:
            file.close()
            now.unlink(missing_ok=True)
    return taken


def those_of(folder: Path, url: str) -> list[Path]:
    """Return what was left of the file at an address; a pattern to look for would be made anew for each download."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are enough
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        return []
    except PermissionError:  # there are none that we could take
        return []
    names = [name for name in names if len(name) > MARK] if url else []
    if not names:  # the usual case: nobody asks for the mark
        return []
    marked = f"{mark(url)}."
    return [folder / name for name in names if name.startswith(marked)]


def growing(url: str, proof: Proof) -> str:
    """Return the name of a file while it grows."""
    return (name_of(url, proof, PART) if SHARES else None) or plain_name()


def claimed(path: Path, new: Path) -> tuple[Path, IO[bytes]] | None:
    """Rename a file that nobody holds, and hold it; None where another one was quicker."""
    try:
        if not SHARES:
            path.rename(new)  # fails where it is open
            return new, new.open("r+b")
        file = path.open("r+b")
    except OSError:
        return None
    with contextlib.suppress(OSError):
        if hold(file) and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            path.rename(new)
            return new, file
    file.close()
    return None


def useful(path: Path, file: IO[bytes], *, put_away: bool) -> bool:
    """Whether it is worth going on with a file.

    What was not put away may have holes after a power cut, where only its length had reached the disk.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size >= WORTH and (put_away or age(path) > booted())


def booted() -> float:
    """Return when this machine was started, in seconds since 1970, or a later moment."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux; it goes on while a laptop sleeps
    return time.time() - (time.monotonic() if clock is None else time.clock_gettime(clock))


def age(path: Path) -> float:
    """Return when a file was last written, in seconds since 1970."""
    try:
        return path.stat().st_mtime
    except OSError:  # it is gone
        return 0.0


def sweep(folder: Path, *, now: float, dry_run: bool = False) -> int:
    """Delete what downloads left behind that nobody goes on with; return how many files that were.

    Args:
        folder: Where downloads are written; files of other names are left alone, whatever they are.
        now: The time, in seconds since 1970.
        dry_run: Delete nothing, only count.
    """
    swept = 0
    own = folder.is_dir() and not folder.is_symlink()  # a link leads to a folder of somebody else
    for path in list(folder.iterdir()) if own else []:
        plain = PLAIN.fullmatch(path.name)
        if not (plain or NAMED.fullmatch(path.name)) or path.is_symlink() or not path.is_file():
            continue
        if age(path) < now - (PLAIN_AFTER if plain else NOBODYS_AFTER):
            with contextlib.suppress(OSError), path.open("r+b") as file:  # another process takes it, or sweeps as well
                if not hold(file):
                    continue
                if not SHARES:
                    file.close()
                if not dry_run:
                    path.unlink()
                swept += 1
    return swept
