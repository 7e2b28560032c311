"""A key that comes back is blacked out, in whatever spelling."""

from __future__ import annotations

import base64
import html
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.credentials import Secret
from notebookgen.transport.blackout import Blackout
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk_live/abc+DEF==&0123456789"


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(one):04X}" for one in text)


def as_percent(text: str) -> str:
    return "".join(f"%{ord(one):02x}" for one in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: key,
    "PHP's slashes": lambda key: key.replace("/", "\\/"),
    "JSON escapes": escaped,
    "JSON in JSON": lambda key: json.dumps(json.dumps(key.replace("/", "\\/"))),
    "escapes in JSON in JSON": lambda key: json.dumps(json.dumps(escaped(key))),
    "escapes of a program": lambda key: "".join(f"\\x{ord(one):02x}" for one in key),
    "an address": lambda key: quote(key, safe=""),
    "an address in an address": lambda key: quote(quote(key, safe=""), safe=""),
    "an address, every character": as_percent,
    "a page": html.escape,
    "a page, every character": lambda key: "".join(f"&#{ord(one)};" for one in key),
    "a page, hexadecimal": lambda key: "".join(f"&#x{ord(one):X};" for one in key),
    "a page's names": lambda key: key.replace("/", "&sol;").replace("=", "&equals;").replace("+", "&plus;"),
    "a mixture": lambda key: escaped(key[:5]) + as_percent(key[5:9]) + key[9:],
}


@pytest.mark.parametrize("way", SPELLINGS)
def test_every_spelling_is_blacked_out(way: str) -> None:
    """However the provider writes the key, what is kept of the reply is what stood around it."""
    reply = HttpResponse(401, {"x-seen": f"<{SPELLINGS[way](KEY)}>"}, f'<{SPELLINGS[way](KEY)}>"'.encode())

    told = Blackout(Secret(KEY)).reply(reply)

    around = SPELLINGS[way]("").encode()
    half = len(around) // 2
    assert b"<" + around[:half] + b"***" + around[half:] + b'>"' == told.body
    assert f"<{around[:half].decode()}***{around[half:].decode()}>" == told.headers["x-seen"]
    assert 401 == told.status


@pytest.mark.parametrize("before", ["", "B", "Be", "Bearer ", "user:", "id:user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("way", ["as it is", "PHP's slashes", "an address"])
def test_base64_is_blacked_out(before: str, encode: Callable[[bytes], bytes], way: str) -> None:
    """The base64 of the key is the key, whatever stands before and after it."""
    for after in ("", "!", "!!", "!!!"):
        data = SPELLINGS[way](encode(f"{before}{KEY}{after}".encode()).decode())

        head, _, tail = Blackout(Secret(KEY)).data(data.encode()).decode().partition("***")

        assert data.startswith(head)
        assert data.endswith(tail)
        assert len(head) <= len(encode(f"{before}!".encode()))
        assert len(unquote(tail)) <= len("xISEhIQ==")


@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_wider_characters_are_blacked_out(charset: str) -> None:
    """A reply in a wider character set is JSON, too."""
    told = Blackout(Secret(KEY)).data(json.dumps({"error": KEY}).encode(charset))

    assert KEY not in told.decode(charset, "replace")
    assert b"***" in told


def test_a_reply_without_the_key_stays_as_it_is() -> None:
    """Nothing else is touched, be it nearly the key."""
    body = json.dumps({"error": KEY[:-1], "other": KEY.lower(), "third": escaped(KEY[1:])}).encode()

    assert body == Blackout(Secret(KEY)).data(body)


@pytest.mark.parametrize("key", ["", "word", "letters"])
def test_a_key_as_short_as_a_word_is_left_alone(key: str) -> None:
    """A made-up key of a few letters would black out words."""
    assert b"the word letters" == Blackout(Secret(key)).data(b"the word letters")
    assert b"x" == Blackout(None).data(b"x")


PLAIN = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\")  # it begins an escape itself


@given(st.text(PLAIN, min_size=8, max_size=40), st.randoms())
def test_any_key_in_any_mixture_is_blacked_out(key: str, random: object) -> None:
    """Each character may be written in a way of its own, in any key that a header can carry."""
    ways = ("as it is", "JSON escapes", "an address, every character", "a page, every character")
    choose = random.choice  # type: ignore[attr-defined]  # a random.Random
    spelt = "".join(SPELLINGS[choose(ways)](one) for one in key)

    told = Blackout(Secret(key)).data(f"<{spelt}>".encode()).decode()

    assert key not in html.unescape(unquote(told))
    assert told.startswith(("<***", "***"))


def test_a_body_of_nothing_but_escapes_is_read_at_once() -> None:
    """A reply made to be slow to search is searched like any other; else this would take for hours."""
    for unit in (b"\\", b"%25", b"&#0", b"s", b"\\u0073"):
        assert unit * 200_000 == Blackout(Secret(KEY)).data(unit * 200_000)


def test_nothing_shows_the_key() -> None:
    """What holds the pattern does not print it."""
    assert "Blackout(***)" == repr(Blackout(Secret(KEY)))
