"""HTTP as values: no key in a request, replies read with care, nothing but our own errors."""

from __future__ import annotations

import dataclasses
import json
import pickle
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen.errors import UnexpectedResponse
from notebookgen.wire import (
    HttpRequest,
    HttpResponse,
    get_request,
    json_request,
    kind_of,
    maybe,
    object_in,
    retry_after_seconds,
    shown_address,
    take,
)


def test_a_create_is_not_repeatable_unless_said() -> None:
    """By default a request is sent once; reads are the ones that may be repeated."""
    create = json_request("https://a.example/x", {"prompt": "a fox"}, purpose="create")
    look = get_request("https://a.example/x", purpose="status")

    assert (False, True) == (create.repeatable, look.repeatable)
    assert ("POST", "GET", b"") == (create.method, look.method, look.body)
    assert False is HttpRequest("POST", "https://a.example").repeatable


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers() | st.booleans() | st.none(), max_size=5)
)
def test_a_body_is_utf_8_json(payload: dict[str, object]) -> None:
    """What is sent can be read back, without spaces; characters are themselves."""
    try:
        request = json_request("https://a.example", payload, purpose="create")
    except UnicodeEncodeError:
        assert any("\ud800" <= one <= "\udfff" for one in json.dumps(payload, ensure_ascii=False))
        return
    assert payload == json.loads(request.body)
    assert (("Content-Type", "application/json"),) == request.headers


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_json_is_not_sent(value: float) -> None:
    """NaN has no JSON, so no request is made of it."""
    with pytest.raises(ValueError, match="Out of range"):
        json_request("https://a.example", {"x": value}, purpose="create")


def test_requests_are_values() -> None:
    """Equal content is an equal request; it can be stored; it cannot be changed."""
    one, other = (json_request("https://a.example", {"b": 1, "a": "ä"}, purpose="create") for _ in range(2))

    assert one == other == pickle.loads(pickle.dumps(one))  # noqa: S301 - our own bytes
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.url = "https://elsewhere.example"  # type: ignore[misc]  # that it cannot be set is the test


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "nothing at all"),
        (b"<html>\n <b>502</b>", "<html> <b>502</b>"),
        (b"\xff\xfe", "\ufffd"),
        (b'{"half": ', '{"half":'),
        (b"[" * 100_000, "brackets without end"),
    ],
    ids=["empty", "html", "bytes", "half", "deep"],
)
def test_what_is_no_json_says_what_came(body: bytes, words: str) -> None:
    """The error has the status and the beginning of what came instead."""
    with pytest.raises(UnexpectedResponse, match="HTTP 502") as caught:
        HttpResponse(502, {}, body).json()

    assert words in str(caught.value)
    assert 502 == caught.value.code
    assert 400 > len(str(caught.value))


@given(st.binary(max_size=3000))
def test_an_excerpt_is_one_short_line(body: bytes) -> None:
    """Whatever bytes came, a message has one line of them, of at most 200 characters."""
    text = HttpResponse(200, {}, body).excerpt()

    assert len(text) <= 200
    assert len(text.splitlines()) <= 1
    assert "Cc" not in {unicodedata.category(one) for one in text}


def test_an_excerpt_cannot_steer_a_terminal() -> None:
    """Escapes, bells and marks that turn the direction are dropped."""
    body = "\x1b[2J\x1b]0;title\x07a\u202eb\x9bc\td\x7f\n".encode()
    assert "[2J]0;titleabc d" == HttpResponse(200, {}, body).excerpt()


DATA: dict[str, object] = {"n": 5, "t": "x", "b": True, "none": None, "f": 0.5, "l": [], "o": {}}


@pytest.mark.parametrize(
    ("key", "kind", "said"),
    [
        ("t", int, "'t' should be int and is text"),
        ("b", int, "'b' should be int and is true or false"),
        ("none", str, "'none' should be str and is null"),
        ("away", str, "'away' should be str and is missing"),
        ("o", (str, int), "'o' should be str or int and is an object"),
        ("l", dict, "'l' should be dict and is a list"),
    ],
)
def test_what_must_be_there_is_insisted_on(key: str, kind: type, said: str) -> None:
    """A missing or wrong value says its name, what it should be and what it is; a bool is no number."""
    with pytest.raises(UnexpectedResponse, match=said):
        take(DATA, key, kind)


def test_what_is_there_is_given() -> None:
    """Values of the right kind come back as they are."""
    assert (5, "x", True, 0.5) == (
        take(DATA, "n", int),
        take(DATA, "t", (str, int)),
        take(DATA, "b", bool),
        take(DATA, "f", float),
    )
    assert (5, None, None, True, None) == (
        maybe(DATA, "n", int),
        maybe(DATA, "t", int),
        maybe(DATA, "b", int),
        maybe(DATA, "b", bool),
        maybe(DATA, "away", str),
    )


@pytest.mark.parametrize("value", [None, [], "text", 7, True])
def test_an_object_is_an_object(value: object) -> None:
    """Anything else where a JSON object is due says what it is."""
    assert {} == object_in({})
    with pytest.raises(UnexpectedResponse, match=f"is {kind_of(value)}"):
        object_in(value)


NOW = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7.0), (" 0.5 ", 0.5), ("0", 0.0), ("", None), ("-1", None), ("soon", None), ("1e3", None), ("²", None), (".", None),
     ("Sat, 21 Nov 2026 10:01:30 GMT", 90.0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0.0),
     (f"Sat, 21 Nov {10**20} 10:00:00 GMT", None)],
)  # fmt: skip
def test_retry_after(text: str, seconds: float | None) -> None:
    """Seconds count as they are, dates against the reply's own Date; anything else counts for nothing."""
    assert seconds == retry_after_seconds({"retry-after": text, "date": NOW})
    assert None is retry_after_seconds({"date": NOW})


@pytest.mark.parametrize("date", [{}, {"date": "now"}, {"date": "Sat, 21 Nov 2026 10:00:00 -0000"}])
def test_a_date_without_another_one_is_nothing(date: dict[str, str]) -> None:
    """No clock of ours is read for it: whether it goes like the service's is not known."""
    assert None is retry_after_seconds({"retry-after": "Sat, 21 Nov 2026 10:01:30 GMT", **date})


@given(st.text(max_size=400))
def test_retry_after_never_breaks(text: str) -> None:
    """Whatever a server says there, it is a number of seconds or nothing."""
    seconds = retry_after_seconds({"retry-after": text})

    assert seconds is None or seconds >= 0


ADDRESSES = {
    "https://api.example.com/v1": "https://api.example.com/v1",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://[::1]:8080/v1/": "http://[::1]:8080/v1/",
    "proxy.example:3128": "proxy.example:3128",
    "nonsense": "nonsense",
    "": "",
    "https://me:hunter2@api.example.com/v1": "https://***@api.example.com/v1",
    "https://hunter2@api.example.com": "https://***@api.example.com",
    "me:hunter2@proxy.example:3128": "***@proxy.example:3128",
    "//me:hunter2@proxy.example": "//***@proxy.example",
    "https://me:at@hunter2@api.example.com/v1": "https://***@api.example.com/v1",
    "https://me:sla/hunter2@api.example.com/v1": "https://***",
    "https://me:ask?hunter2@api.example.com/v1": "https://***",
    "https://me:ha#hunter2@api.example.com/v1": "https://***",
    "https://me:back\\hunter2@api.example.com/v1": "https://***",
    "me:sla/hunter2@api.example.com/v1": "***",
    "https://api.example.com/v1?key=hunter2": "https://api.example.com/v1?***",
    "https://api.example.com?key=hunter2#x": "https://api.example.com?***",
    "https://api.example.com/v1#hunter2": "https://api.example.com/v1#***",
    "https://api.example.com/v1?": "https://api.example.com/v1?***",
    "https://me:x@api.example.com/v1?mail=hunter2@b.example": "https://***",
    "https://me:hun@ter/hunter2@api.example.com/v1": "https://***",
    "https://me:x@api.example.com/v1?key=hunter2": "https://***@api.example.com/v1?***",
    "https://api.example.com/v1?mail=a@hunter2": "https://***",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_shown_without_what_may_be_secret(address: str) -> None:
    """Where nobody can tell what is a password and what the host, only the scheme is shown."""
    assert ADDRESSES[address] == shown_address(address)


@given(
    st.text(max_size=60),
    st.sampled_from(["https://me:{}@a.example/v1", "https://a.example/v1?key={}", "me:{}@a.example:1"]),
)
def test_no_secret_of_an_address_is_shown(secret: str, address: str) -> None:
    """Whatever it is made of."""
    marked = f"hunter2{secret}hunter2"

    assert "hunter2" not in shown_address(address.format(marked))
