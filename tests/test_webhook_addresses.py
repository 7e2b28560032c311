"""Addresses to be called back at: what can be one, whom it reaches, and which job a path names."""

from __future__ import annotations

from typing import Any

import pytest

import notebookgen as ng
from notebookgen.errors import InvalidCall
from notebookgen.webhooks.addresses import is_near, job_named, read_address

TOKEN = "AbC-_0123456789AbC-_0123456789AbC-_0123456x"


@pytest.mark.parametrize(
    "url", ["https://name.example.com", "https://name.example.com/", "https://h.example.org:8443/user/a/proxy/8765/"]
)
def test_an_address_is_kept_with_its_path(url: str) -> None:
    """The last slash goes, the path of a proxy stays, and a job's own path is put behind it."""
    address = read_address(url)
    assert url.rstrip("/") == address.url
    assert f"{url.rstrip('/')}/armox/{TOKEN}" == address.of_job("armox", TOKEN)
    assert (False, True) == (address.near, address.secure)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (" ", "no text"),
        (5, "no text"),
        ("name.example.com", "needs http"),
        ("ftp://name.example.com", "needs http"),
        ("https://", "needs http"),
        ("https://teacher:pass-word@name.example.com", "name or a password"),
        ("https://name.example.com/?token=pass-word", "query or a fragment"),
        ("https://name.example.com/#pass-word", "query or a fragment"),
        ("https://name.example.com:port", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://name.example.com/a b", "characters"),
        ("https://name.example.com/\r\nX: y", "characters"),
    ],
)
def test_what_is_no_address_is_refused_without_showing_secrets(url: object, why: str) -> None:
    """The message says why, what one looks like, and no password or token of it."""
    with pytest.raises(InvalidCall, match=why) as caught:
        read_address(url)
    assert "pass-word" not in str(caught.value)
    assert "https://name.example.com/path" in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 4


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://192.168.1.5", True),
        ("http://10.0.0.8", True),
        ("http://169.254.1.1", True),
        ("http://100.64.0.1", True),
        ("http://laptop", True),
        ("http://laptop.local", True),
        ("http://laptop.local.", True),
        ("http://8.8.8.8", False),
        ("https://name.example.com", False),
    ],
)
def test_whom_an_address_reaches_is_told_from_its_host(url: str, near: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Addresses of this machine and of private networks are near; names are not looked up."""
    assert near is is_near(url)


@pytest.mark.parametrize("given", [{}, {"public_url": None}, {"public_url": ""}])
def test_without_an_address_it_is_said_what_to_type(given: dict[str, Any]) -> None:
    """No bare TypeError: what is missing is said, and where it goes."""
    with pytest.raises(InvalidCall, match="a tunnel's address") as caught:
        ng.webhooks(**given)

    assert "ng.webhooks(public_url='https://name.example.com/path')" in str(caught.value)


def test_a_job_is_named_by_the_last_two_parts_of_a_path() -> None:
    """Whatever stands before them, and nothing else: proxies keep or drop their prefix."""
    for prefix in ("", "/hook", "/user/a/proxy/8765"):
        assert ("armox", TOKEN) == job_named(f"{prefix}/armox/{TOKEN}")
    for path in (
        "",
        "/",
        f"/{TOKEN}",
        f"/armox/{TOKEN}x",
        f"/armox/{TOKEN}/",
        f"/armox/{TOKEN}\n",
        f"/AR MOX/{TOKEN}",
        f"armox/{TOKEN}",
        "/armox/",
    ):
        assert job_named(path) is None, path
