"""When the addresses of files end, as far as they say so themselves."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.transport.expiry import expires_at

AT = 1_795_294_800.0  # 2026-11-21 21:00 UTC


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Date=20261121T200000Z&X-Amz-Expires=3600&X-Amz-Signature=ab",
        "X-Goog-Date=20261121T200000Z&X-Goog-Expires=3600",
        "x-oss-date=20261121T200000Z&x-oss-expires=3600",
        "X-Tos-Date=20261121T200000Z&X-Tos-Expires=3600",
        "Expires=1795294800&Signature=ab&Key-Pair-Id=c",
        "expires=1795294800000",
        "sv=2022-11-02&se=2026-11-21T21%3A00%3A00Z&sig=ab",
        "e=1795294800&token=ab",
    ],
)
def test_signed_addresses_say_when_they_end(query: str) -> None:
    """The spellings of the stores that services use."""
    assert expires_at(f"https://store.example.com/a.png?{query}") == AT


@pytest.mark.parametrize(
    "url",
    [None, "", "https://example.com/a.png", "https://example.com/a.png?expires=soon", "https://example.com/a?e=12",
     "https://example.com/a?X-Amz-Date=20261121T200000Z", "http://[bad/a?expires=1795294800",
     "https://example.com/a?X-Amz-Date=2026&X-Amz-Expires=3600", "https://example.com/a?expires=99999999999999999"],
)  # fmt: skip
def test_others_do_not(url: str | None) -> None:
    """An address that says nothing, or nothing that can be read, has no end that is known."""
    assert math.isinf(expires_at(url))


@given(st.text(max_size=80))
def test_every_query_is_read(query: str) -> None:
    """Whatever stands in an address, a moment or infinity comes of it."""
    assert expires_at(f"https://example.com/a?{query}&expires=1795294800") <= AT or "#" in query
