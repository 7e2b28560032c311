"""What is to be drawn, and the seed that follows from it.

Everything the painter knows of a request is in `Request`; every choice it makes comes from `seed`. No clock and no
randomness enter anywhere else, which is why the same request gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass

__all__ = ["Request", "dice", "digest"]


@dataclass(frozen=True, slots=True)
class Request:
    """One asset to make: what was asked for, and which of its results this is."""

    prompt: str
    model: str
    settings: tuple[tuple[str, object], ...] = ()
    index: int = 0
    references: tuple[bytes, ...] = ()
    mask: bytes | None = None

    def setting(self, name: str) -> object:
        """Return the value of one setting, or None where it was not given."""
        return dict(self.settings).get(name)


def digest(request: Request) -> str:
    """Return 64 hex digits that differ whenever anything in the request differs."""
    pictures = [hashlib.sha256(data).hexdigest() for data in request.references]
    mask = None if request.mask is None else hashlib.sha256(request.mask).hexdigest()
    content = [
        request.prompt,
        request.model,
        sorted(request.settings, key=lambda pair: pair[0]),
        request.index,
        pictures,
        mask,
    ]
    text = json.dumps(content, default=repr, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def dice(request: Request, purpose: str) -> random.Random:
    """Return a generator for one purpose, so that drawing more clouds never moves the hills."""
    return random.Random(f"{purpose}:{digest(request)}")  # noqa: S311 - a drawing's seed, no secret
