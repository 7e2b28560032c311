"""Parts of replies turned into our values, or into nothing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from notebookgen.providers.replies import (
    amount,
    canonical,
    clean,
    code_in,
    data_uri,
    enveloped_fault,
    error_words,
    handle,
    json_inside,
    moment,
    outputs_in,
    task_named,
)
from notebookgen.providers.signing import hmac_sha256, signature_holds
from notebookgen.records import Output
from notebookgen.wire import HttpResponse
from test_sniff import picture


@pytest.mark.parametrize(
    ("value", "outputs"),
    [
        ("https://a.example/1.png", [Output("x", url="https://a.example/1.png")]),
        ("HTTPS://a.example/1.png ", [Output("x", url="HTTPS://a.example/1.png")]),
        ("see https://a.example/1.png", [Output("x", text="see https://a.example/1.png")]),
        ("https://a.example/1 https://b.example/2", [Output("x", text="https://a.example/1 https://b.example/2")]),
        ("file:///etc/passwd", [Output("x", text="file:///etc/passwd")]),
        ("data:image/png;base64,iVBORw0KGgo=", [Output("x", data=b"\x89PNG\r\n\x1a\n")]),
        ("data:text/plain,a%20b", [Output("x", data=b"a b")]),
        ("data: is what we need, not opinions", [Output("x", text="data: is what we need, not opinions")]),
        ("", []),
        ("  \n", []),
        (None, []),
        (7, []),
        ({"b": "one", "a": {"c": ["two", "three"]}}, [
            Output("x.b", text="one"), Output("x.a.c.0", text="two"), Output("x.a.c.1", text="three"),
        ]),
        (["https://a.example/1", "https://a.example/1"], [Output("x.0", url="https://a.example/1")]),
        (["https://a.example/1"], [Output("x", url="https://a.example/1")]),
        ("\ud800", [Output("x", text="?")]),
    ],
)  # fmt: skip
def test_a_result_is_a_file_or_a_text(value: object, outputs: list[Output]) -> None:
    """Wholly an address: a file; a data URI: bytes; any other text: itself, and addresses inside it are left alone."""
    assert outputs == list(outputs_in(value, "x"))


def test_keys_that_describe_are_left_out_at_the_top_only() -> None:
    """``app_id`` beside the nodes is no result; the same key inside a node is one."""
    value = {"app_id": "a", "node": {"app_id": "b"}}
    assert (Output("node.app_id", text="b"),) == outputs_in(value, ignore=frozenset({"app_id"}))
    assert () == outputs_in({"note": "words"}, texts=False)


def test_several_of_a_plain_list_are_called_by_their_numbers() -> None:
    """A list without a name gives its results numbers, and no point before them."""
    assert ["0", "1.url"] == [one.name for one in outputs_in(["https://a.example/1", {"url": "https://a.example/2"}])]


def test_a_file_in_base64_is_a_result_where_no_texts_are() -> None:
    """A picture's bytes as letters are the picture; a word, a hash or a token is still none."""
    data = picture("PNG")
    value = {"seed": "a1b2" * 32, "images": [{"b64_json": base64.b64encode(data).decode()}]}
    assert (Output("images.b64_json", data=data),) == outputs_in(value, texts=False)


def test_brackets_without_end_are_walked() -> None:
    """Nesting deeper than Python recurses is no error."""
    value: object = "https://a.example/1"
    for _ in range(50_000):
        value = [value]
    assert (Output("x", url="https://a.example/1"),) == outputs_in(value, "x")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (70, "70"), (0.1, "0.1"), ("74.8700", "74.8700"), ("-3", "-3"), (True, None), (float("nan"), None),
        (float("inf"), None), (10**400, None), ("1e5", None), ("", None), ("²", None), (None, None), ([1], None), (10**10, None),
    ],
)  # fmt: skip
def test_an_amount_is_exact_or_nothing(value: object, expected: str | None) -> None:
    """Numbers are kept to the digit; what a ledger cannot hold is no amount."""
    assert (None if expected is None else Decimal(expected)) == amount(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-26T12:00:03.000Z", datetime(2026, 3, 26, 12, 0, 3, tzinfo=UTC)),
        ("2026-03-26T14:00:03+02:00", datetime(2026, 3, 26, 12, 0, 3, tzinfo=UTC)),
        ("2026-03-26T12:00:03", datetime(2026, 3, 26, 12, 0, 3, tzinfo=UTC)),
        (1705123450000, datetime(2024, 1, 13, 5, 24, 10, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None), ("yesterday", None), (float("nan"), None), (1e300, None), (10**400, None), (True, None), (None, None),
    ],
)  # fmt: skip
def test_a_time_is_utc_or_nothing(value: object, expected: datetime | None) -> None:
    """ISO 8601 or milliseconds; anything else is no time."""
    assert expected == moment(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a1", "a1"), (" a1 ", "a1"), (17, "17"), ("", None), ("a\nb", None), (True, None), (None, None), (10**30, None), (["a"], None)],
)  # fmt: skip
def test_an_id_is_one_piece_of_text(value: object, expected: str | None) -> None:
    """Text or a whole number; nothing that would break an address or a log line."""
    assert expected == handle(value)


def test_small_readings() -> None:
    """Codes, JSON inside strings, clean text and data URIs: read, or left as nothing."""
    assert [402, 402, None, None, None] == [code_in(one) for one in (402, "402", "40 2", True, 10**9)]
    assert [{"a": 1}, None, "{", {"a": 1}, None] == [json_inside(one) for one in ('{"a": 1}', " ", "{", {"a": 1}, None)]
    assert "[" * 5_000 == json_inside("[" * 5_000)
    assert "a?b" == clean("a\ud800b")
    assert [None, None, None] == [data_uri(one) for one in ("data:;base64,", "https://a.example", "data:;base64,a")]


def test_equal_content_has_one_text() -> None:
    """Order and spelling of numbers do not count; kinds do; what has no JSON form has no text."""
    assert canonical({"a": 1.0, "b": [2]}) == canonical({"b": [2.0], "a": 1})
    assert canonical({"a": True}) != canonical({"a": 1})
    assert canonical({"a": "1"}) != canonical({"a": 1})
    assert canonical(float("nan")) is None
    deep: object = 1
    for _ in range(50_000):
        deep = [deep]
    assert canonical(deep) is None


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, {"code": 200, "data": {}}, None),
        (200, {"code": 0, "data": {}}, None),
        (200, {"data": {}}, None),
        (200, {"code": 500, "data": {"taskId": "t", "state": "failed"}}, None),
        (200, {"code": 500, "data": {"task_id": "t", "state": "failed"}}, None),
        (200, {"code": 500, "taskId": "t", "data": {"state": "failed"}}, None),
        (200, {"code": 500, "taskId": "t", "data": {}}, 500),
        (200, {"code": "402"}, 402),
        (200, {"code": 301}, 301),
        (500, {"code": 200, "data": {"taskId": "t", "state": "failed"}}, 200),
        (302, {}, 302),
        (404, [], 404),
    ],
)
def test_an_envelope_refuses_by_status_or_by_code(status: int, body: object, code: int | None) -> None:
    """Either of them makes a fault; a task that says where it stands is none."""
    fault = enveloped_fault(HttpResponse(status, body=json.dumps(body).encode()), words="msg")
    assert code == (None if fault is None else fault.code)


@pytest.mark.parametrize(
    ("body", "plain", "task"),
    [
        ({"data": {"taskId": "a"}}, False, "a"),
        ({"data": {"task_id": "a"}}, False, "a"),
        ({"taskId": "a", "data": None}, False, "a"),
        ({"task_id": "a"}, False, "a"),
        ({"task_id": "b", "data": {"taskId": "a"}}, False, "a"),
        ({"data": {"taskId": {}, "task_id": 17}}, False, "17"),
        ({"id": "r", "data": {"id": "a"}}, False, None),
        ({"id": "r", "data": {"id": "a"}}, True, "a"),
        ({"id": "a", "data": {}}, True, None),
        ({"taskId": "a", "data": {"id": "b"}}, True, "a"),
        ({}, True, None),
    ],
)
def test_a_task_is_named_in_several_ways(body: dict[str, object], task: str | None, *, plain: bool) -> None:
    """By ``taskId`` or ``task_id``, in ``data`` or beside it; by a plain ``id`` only where that may be the task's."""
    assert task == task_named(body, plain=plain)


HOSTILE = "\x1b[2J\x1b[31mhi\x07\u202eevil\x9b1m\r\nline\u20282\x1b]0;title\x07 <b>\u2066\ud800"


def test_words_in_an_error_cannot_steer_a_terminal() -> None:
    """Escapes, bells and marks that turn the direction are dropped; what can be read stays, in one line."""
    words = "[2J[31mhievil1m line 2]0;title <b>?"
    assert words == error_words(HOSTILE)
    assert words == error_words({"error": {"message": HOSTILE}})
    fault = enveloped_fault(
        HttpResponse(400, body=json.dumps({"msg": HOSTILE, "error": {"code": HOSTILE}}).encode()), words="msg"
    )
    assert fault is not None
    assert (words, words) == (fault.said, fault.fail_code)


def test_a_signature_holds_for_its_bytes_alone() -> None:
    """A known vector; digits in either case; no secret signs nothing."""
    # RFC 4231, test case 2
    expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    body = b"what do ya want for nothing?"
    assert expected == hmac_sha256("Jefe", body)
    assert signature_holds("Jefe", body, expected)
    assert signature_holds("Jefe", body, f" {expected.upper()} ")
    assert not signature_holds("Jefe", body + b"\n", expected)
    assert not signature_holds("Jefe", body, expected.removeprefix("sha256="))
    assert not signature_holds("Jefe", body, "")
    assert not signature_holds("Jefe", body, "sha256=é")
    assert not signature_holds("", body, hmac_sha256("", body))
