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
    "escapes in braces": lambda key: "".join(f"\\u{{{ord(one):x}}}" for one in key),
    "long escapes": lambda key: "".join(f"\\U{ord(one):08X}" for one in key),
    "octal escapes": lambda key: "".join(f"\\{ord(one):03o}" for one in key),
    "an address of old browsers": lambda key: "".join(f"%u{ord(one):04x}" for one in key),
    "upper case": str.upper,
    "lower case": str.lower,
    "hexadecimal digits": lambda key: key.encode().hex(),
    "hexadecimal digits in upper case": lambda key: key.encode().hex().upper(),
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


CUT: dict[str, tuple[str, str]] = {  # what is said, and what is left of it
    "its end": (f"Incorrect key: {KEY[:-4]}…", "Incorrect key: ***…"),
    "most of it": (f"Incorrect key: {KEY[:12]}...", "Incorrect key: ***..."),
    "its beginning": (f"…{KEY[-12:]}.", "…***."),
    "both": (f"<{KEY[9:22]}>", "<***>"),
    "its end, in upper case": (f"{KEY[:-4].upper()}…", "***…"),
    "its end, PHP's slashes": (f"({KEY[:-4]}…)".replace("/", "\\/"), "(***…)"),
    "its end, an address": (f"/me?key={quote(KEY[:-4], safe='')}…", "/me?key=***…"),
    "its end, a page": (f"<p>{html.escape(KEY[:-4])}…</p>", "<p>***…</p>"),
    "its end, in base64": (f"{base64.b64encode(KEY.encode()).decode()[:-8]}…", "***…"),
    "its end, in hexadecimal digits": (f"{KEY.encode().hex()[:-8]}…", "***…"),
    "its middle, by a line end": (f"{KEY[:14]}\n{KEY[14:]}", "***\n***"),
    "its middle, by a space that nobody sees": (f"{KEY[:14]}\u200b{KEY[14:]}", "***\u200b***"),
}


@pytest.mark.parametrize("what", CUT)
def test_a_key_that_is_cut_short_is_blacked_out(what: str) -> None:
    """Services shorten what they repeat; the rest of a key is no less secret."""
    said, left = CUT[what]

    assert left == Blackout(Secret(KEY)).text(said)


VENDORS = st.sampled_from(["", "sk-", "sk-live-", "arm_", "sk-or-v1-"])
SECRETS = st.text("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", min_size=20, max_size=60)


@given(VENDORS, SECRETS, st.data())
def test_any_piece_of_a_key_is_blacked_out(vendor: str, secret: str, dice: st.DataObject) -> None:
    """From twelve characters on, if some are behind the words that such keys begin with."""
    key = vendor + secret
    start = dice.draw(st.integers(0, len(secret) - 12))
    end = dice.draw(st.integers(max(start + 12, len(vendor) + 4), len(key)))
    case = dice.draw(st.sampled_from([str, str.upper, str.lower]))

    told = Blackout(Secret(key)).text(f"({case(key[start:end])})")

    assert "(***)" == told


def test_a_reply_without_the_key_stays_as_it_is() -> None:
    """Nothing else is touched: not what keys of that kind begin with, nor what is like the key and is none of it."""
    key = "sk-live-nano-banana-Zq8aB3xYz0123456789"
    body = json.dumps(
        {
            "models": ["sk-live-nano-banana-2", "google/nano-banana-pro", "SK-LIVE-NANO-BANANA"],
            "near": [key[:22], key[-11:], key[::-1], f"{key[:20]}0123-{key[-11:]}"],
            "encoded": [base64.b64encode(key[:20].encode()).decode(), key[:20].encode().hex(), quote("sk-live-nano")],
            "number": "0123456789" * 3,
        }
    ).encode()

    assert body == Blackout(Secret(key)).data(body)


@pytest.mark.parametrize("key", ["nano-banana-pro", "made-up-key", "gateway_of_the_school"])
def test_a_key_of_words_blacks_out_itself_only(key: str) -> None:
    """A made-up key of a gateway shares words with innocent texts."""
    body = f"{key[:-1]} {key[1:]} {key[4:]}s".encode()

    assert body == Blackout(Secret(key)).data(body)
    assert b"<***>" == Blackout(Secret(key)).data(f"<{key.upper()}>".encode())


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


@pytest.mark.slow
def test_a_body_of_nothing_but_escapes_is_read_at_once() -> None:
    """A reply made to be slow to search is searched like any other; else this would take for hours."""
    crumbs = (KEY[8:12].encode(), KEY[:11].encode() + b" ", KEY.encode().hex()[8:20].encode())
    for unit in (b"\\", b"%25", b"&#0", b"s", b"\\u0073", b"\\\\\\s", b"\\u{", b"&s", *crumbs):
        assert unit * 200_000 == Blackout(Secret(KEY)).data(unit * 200_000)


def test_a_body_of_pieces_is_not_searched_for_ever() -> None:
    """Where there are thousands, the first ones are blacked out, and whole keys everywhere."""
    told = Blackout(Secret(KEY)).data(f"{KEY[:-1]} ".encode() * 50_000 + KEY.encode())

    assert told.startswith(b"*** *** ***")
    assert told.endswith(b" ***")


def test_nothing_shows_the_key() -> None:
    """What holds the pattern does not print it."""
    blackout = Blackout(Secret(KEY))

    assert "Blackout(***)" == repr(blackout)
    assert "live" not in repr(blackout._shapes)
