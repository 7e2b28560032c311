"""Signatures of callbacks: HMAC-SHA256 over the raw body, compared in constant time. Nothing else.

It lives beside the adapters, which read callbacks, and below the receiver, which only carries them.
"""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["hmac_sha256", "signature_holds"]

PREFIX = "sha256="


def hmac_sha256(secret: str, body: bytes) -> str:
    """Return the header value that a sender who knows ``secret`` puts beside ``body``: ``sha256=<hex>``."""
    return PREFIX + hmac.new(secret.encode("utf-8", "surrogatepass"), body, hashlib.sha256).hexdigest()


def signature_holds(secret: str, body: bytes, given: str) -> bool:
    """Whether ``given`` (``sha256=<hex>``, in either case of its digits) is the signature of exactly these bytes."""
    expected = hmac_sha256(secret, body).encode()
    return bool(secret) and hmac.compare_digest(expected, given.strip().lower().encode("utf-8", "replace"))
