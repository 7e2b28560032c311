"""The token in a job's callback address: unguessable, another one for each attempt, and found again by a later kernel.

It is made of what the ledger has of the attempt and of a secret of the home folder, so that nothing more has to be
kept. The secret is made once, is readable by its owner only, and never leaves this machine.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path  # noqa: TC003 - the signatures are read at run time by tools

__all__ = ["FILE_NAME", "home_secret", "token_of"]

FILE_NAME = "webhooks.secret"
BYTES = 32


def token_of(secret: bytes, *, key: int, at: int, generation: str) -> str:
    """Return the token of an attempt: 43 characters that an address can hold.

    Args:
        secret: The home folder's.
        key: The attempt's number in the ledger.
        at: When its intent was committed (microseconds): a new ledger counts from 1 again, at another time.
        generation: The id of its content.
    """
    text = f"notebookgen callback {key} {at} {generation}".encode()
    return base64.urlsafe_b64encode(hmac.new(secret, text, hashlib.sha256).digest()).rstrip(b"=").decode()


def home_secret(home: Path) -> bytes:
    """Return the secret of a home folder, made where there is none that can be used.

    Raises:
        OSError: It cannot be read or written.
    """
    path = home / FILE_NAME
    found = _read(path)
    if found is None:
        _make(path)
        found = _read(path)
    if found is None:
        message = f"{path} does not hold what was written to it"
        raise OSError(message)
    _close(path)
    return found


def _read(path: Path) -> bytes | None:
    """Return what a file holds; None where it is no secret."""
    with suppress(FileNotFoundError, ValueError):
        found = bytes.fromhex(path.read_text(encoding="ascii"))
        return found if len(found) == BYTES else None
    return None


def _make(path: Path) -> None:
    """Write a new secret in one step, unless another kernel was quicker."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)
        except (OSError, NotImplementedError):  # there is one, or this file system has no links
            if _read(path) is None:  # another kernel's is as good; what can be no secret gives way
                fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _close(path: Path) -> None:
    """Take the file away from everybody but its owner, where a copy or a restore has opened it."""
    if os.name != "nt" and path.stat().st_mode & 0o077:
        with suppress(OSError):
            path.chmod(0o600)
