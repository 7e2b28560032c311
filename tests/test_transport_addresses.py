"""Addresses that a provider names: which are public, in whatever spelling they come."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notebookgen.errors import AssetRefused
from notebookgen.transport.addresses import check_url, follow, origin_of, why_forbidden

INSIDE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.255",
    "0.0.0.0",  # noqa: S104 - an address to refuse, nothing is bound
    "0.1.2.3",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:0808:0808::",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
    "",
]
OUTSIDE = ["8.8.8.8", "1.1.1.1", "93.184.215.14", "100.63.255.255", "172.32.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", INSIDE)
def test_no_inner_address_passes(address: str) -> None:
    """Private, loopback, link-local, shared, reserved, multicast, and whatever has one of them inside."""
    assert why_forbidden(address) is not None


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_pass(address: str) -> None:
    """Public ones pass, also through the translation that networks without IPv4 use."""
    assert why_forbidden(address) is None


@given(st.integers(0, 2**32 - 1))
def test_ipv4_is_judged_as_the_registry_does(number: int) -> None:
    """Nothing that Python's own tables call private passes, in any of the costumes an IPv4 address has."""
    address = ipaddress.IPv4Address(number)
    if not address.is_global or address.is_multicast:
        assert why_forbidden(str(address)) is not None
        assert why_forbidden(str(ipaddress.IPv6Address(0x64FF9B << 96 | number))) is not None
    assert why_forbidden(str(ipaddress.IPv6Address(0xFFFF << 32 | number))) is not None
    assert why_forbidden(str(ipaddress.IPv6Address(0x2002 << 112 | number << 80))) is not None


@given(st.integers(0, 2**128 - 1))
@example(1)
def test_ipv6_is_judged_as_the_registry_does(number: int) -> None:
    """Nothing that Python's own tables call private passes."""
    address = ipaddress.IPv6Address(number)
    if not address.is_global or address.is_multicast:
        assert why_forbidden(str(address)) is not None


REFUSED = [
    "ftp://files.example.com/a",
    "file:///etc/passwd",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "//files.example.com/a",
    "files.example.com/a",
    "",
    "http://",
    "http:///a",
    "https://user@files.example.com/a",
    "https://user:word@files.example.com/a",
    "https://files.example.com\\@127.0.0.1/a",
    "https://files.example.com:99999/a",
    "https://files.example.com:0/a",
    "https://files.example.com:8o/a",
    "https://files.example.com\r\nHost: inner/a",
    "https://files.example.com/a\r\nX: y",
    "https://files .example.com/a",
    "https://..example.com/a",
    "https://%31%32%37.0.0.1/a",
    "http://localhost/a",
    "http://LOCALHOST./a",
    "http://me.localhost/a",
    "http://printer/a",
    "http://printer.local/a",
    "http://metadata.google.internal/a",
    "http://127.0.0.1/a",
    "http://127.0.0.1./a",
    "http://127.1/a",
    "http://127.0.1/a",
    "http://2130706433/a",
    "http://0x7f000001/a",
    "http://0x7f.0.0.1/a",
    "http://0177.0.0.1/a",
    "http://017700000001/a",
    "http://127.0.0.01/a",
    "http://127.0.0.0x1/a",
    "http://256.0.0.1/a",
    "http://8.8.8/a",
    "http://１２７.０.０.１/a",  # noqa: RUF001 - full-width digits are the point
    "http://127。0。0。1/a",
    "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/a",
    "http://[::1]/a",
    "http://[::ffff:127.0.0.1]/a",
    "http://[0:0:0:0:0:ffff:7f00:1]/a",
    "http://[fe80::1%25eth0]/a",
    "http://[::1/a",
    "http://[v1.x]/a",
    "http://[64:ff9b::7f00:1]/a",
    "https://" + "a" * 300 + ".example.com/a",
    "https://files.example.com/" + "a" * 20_000,
]


@pytest.mark.parametrize(
    "url", ["https://user:hunter2@files.example.com/a", "http://10.0.0.1/a?X-Signature=hunter2#hunter2"]
)
def test_what_may_be_secret_in_a_refused_address_is_not_shown(url: str) -> None:
    """Neither a password nor a signature."""
    with pytest.raises(AssetRefused, match="was not contacted") as caught:
        check_url(url)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", REFUSED)
def test_no_inner_or_crooked_url_passes(url: str) -> None:
    """Other schemes, credentials, inner names, and inner numbers in every spelling are refused, in one or two lines."""
    with pytest.raises(AssetRefused) as caught:
        check_url(url)
    assert len(str(caught.value).splitlines()) == 2
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://files.example.com/a.png", "https://files.example.com/a.png"),
        (
            "HTTPS://Files.Example.COM./a.png?X-Sig=a%2Fb&y=%7E#part",
            "https://files.example.com/a.png?X-Sig=a%2Fb&y=%7E",
        ),
        ("https://files.example.com", "https://files.example.com/"),
        ("https://files.example.com?x=y", "https://files.example.com/?x=y"),
        ("http://files.example.com:8080/a b/ü", "http://files.example.com:8080/a%20b/%C3%BC"),
        ("https://bücher.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://8.8.8.8:8443/a", "https://8.8.8.8:8443/a"),
        ("https://[2606:4700:0::1111]:444/a", "https://[2606:4700::1111]:444/a"),
        ("https://files.example.com/a@b:c//d", "https://files.example.com/a@b:c//d"),
    ],
)
def test_public_urls_are_told_in_one_way(url: str, shown: str) -> None:
    """A public URL passes and is rebuilt from what was checked; a signature in its query stays as it is."""
    assert str(check_url(url)) == shown


def test_the_configured_origin_may_be_inside() -> None:
    """Exactly the scheme, host and port that were configured may be private; nothing beside them."""
    gateway = "http://127.0.0.1:8000/api/v1"
    assert check_url("http://127.0.0.1:8000/files/a.png", allowed_origin=gateway).own is True
    assert check_url("https://files.example.com/a", allowed_origin=gateway).own is False
    for other in (
        "http://127.0.0.1:8001/a",
        "https://127.0.0.1:8000/a",
        "http://localhost:8000/a",
        "http://127.0.0.2:8000/a",
    ):
        with pytest.raises(AssetRefused):
            check_url(other, allowed_origin=gateway)


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/b?c", "https://files.example.com/b?c"),
        ("b", "https://files.example.com/a/b"),
        ("//cdn.example.com/b", "https://cdn.example.com/b"),
        ("https://cdn.example.com/b", "https://cdn.example.com/b"),
    ],
)
def test_redirects_are_resolved(location: str, there: str) -> None:
    """A redirect may be relative."""
    assert str(follow(check_url("https://files.example.com/a/x"), location)) == there


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/", "//127.0.0.1/", "file:///etc/passwd", "http://[", "\\\\inner\\a"]
)
def test_redirects_inside_are_refused(location: str) -> None:
    """A redirect is checked like the first address."""
    start = check_url("https://files.example.com/a/x")
    try:
        there = follow(start, location)
    except AssetRefused:
        return
    assert there.host == start.host


@given(st.text(max_size=60))
@example("http://[::ffff:1.2.3.4%25]/")
@example("http://\ud800.com/")
@example("https://xn--a.com")
@example("http://[1.2.3.4]/")
def test_no_text_surprises_the_check(text: str) -> None:
    """Any text passes or is refused; nothing else is raised, and what passes has a public host."""
    for url in (text, f"http://{text}", f"https://{text}/a", f"https://files.example.com/{text}", f"http://[{text}]/"):
        try:
            safe = check_url(url)
        except AssetRefused:
            continue
        assert str(safe).isascii()
        assert origin_of(str(safe)) == safe.origin
        assert str(check_url(str(safe))) == str(safe)
