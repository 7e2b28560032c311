"""Reading what no page promises: everything that turns parts of a reply into our values without ever raising.

A reply is somebody else's bytes. Each function here takes any JSON value and answers None (or nothing) for what it
cannot read, so that an adapter decides in one place what it must insist on.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from notebookgen.errors import UnexpectedResponse
from notebookgen.normal import canonical_json, shown_line
from notebookgen.providers.base import Fault
from notebookgen.records import Output
from notebookgen.sniff import medium_in
from notebookgen.wire import retry_after_seconds

if TYPE_CHECKING:
    from notebookgen.wire import HttpResponse

__all__ = [
    "MOST_CHARGE",
    "amount",
    "canonical",
    "charge",
    "clean",
    "code_in",
    "data_uri",
    "enveloped_fault",
    "error_words",
    "handle",
    "is_url",
    "json_inside",
    "moment",
    "object_or_none",
    "outputs_in",
    "parse_json",
    "same_model",
    "succeeded",
    "task_named",
]

URL = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
DIGITS = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?")
DATA_URI = re.compile(r"data:[\w.+/-]*(;[\w.+-]+=[^;,]*)*(?P<base64>;base64)?,", re.IGNORECASE)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TASKS = ("taskId", "task_id")  # the first is that of the pages
MOST_WORDS = 300
MOST_AMOUNT = Decimal(9 * 10**9)  # what a ledger can hold in billionths of a unit
MOST_CHARGE = Decimal(10**6)  # no generation costs more, in any unit, and thousands of such can be added up


def clean(text: str) -> str:
    """Return text that can be encoded: a lone surrogate, which JSON can smuggle in, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def one_line(text: str) -> str:
    """Return the beginning of a text as one line, for messages; nothing of it steers a terminal."""
    line = shown_line(clean(text[: MOST_WORDS * 4]))
    return line if len(line) <= MOST_WORDS else line[: MOST_WORDS - 1] + "…"


def succeeded(response: HttpResponse) -> bool:
    """Whether the HTTP status is a 2xx."""
    return 200 <= response.status < 300


def parse_json(response: HttpResponse) -> object:
    """Return the body as JSON, or None where it is none."""
    try:
        return response.json()
    except UnexpectedResponse:
        return None


def json_inside(value: object) -> object:
    """Return what a JSON string holds; other values, and text that is no JSON, come back as they are."""
    if not isinstance(value, str) or not value.strip():
        return None if isinstance(value, str) else value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def object_or_none(value: object) -> Mapping[str, object] | None:
    """Return the value if it is a JSON object, else None."""
    return value if isinstance(value, Mapping) else None


def handle(value: object) -> str | None:
    """Return a job's id: text or a whole number, in one piece, never empty."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = f"{value:d}" if abs(value) < 10**18 else ""
    text = clean(value).strip() if isinstance(value, str) else ""
    return text if text and text.isprintable() else None


def task_named(body: Mapping[str, object], *, plain: bool) -> str | None:
    """Return the task that a ``{code, data: {...}}`` reply is about, however it spells that; None where it names none.

    What ``data`` says goes before what stands beside it, and the pages' own spelling before all others.

    Args:
        body: The reply.
        plain: Whether a plain ``id`` in ``data`` counts where nothing else is said: it may be a line's in a table. One
            beside it is the request's.
    """
    data = object_or_none(body.get("data")) or {}
    said = [holder.get(key) for key in TASKS for holder in (data, body)] + ([data.get("id")] if plain else [])
    return next((task for one in said if (task := handle(one)) is not None), None)


def amount(value: object, *, most: Decimal = MOST_AMOUNT) -> Decimal | None:
    """Return a number exactly as it was printed: finite, not beyond ``most``, or the same as text."""
    text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
    if isinstance(value, bool) or (isinstance(value, str) and not DIGITS.fullmatch(text)):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) <= most else None


def charge(value: object) -> Decimal | None:
    """Return what one generation is said to cost or to have cost; None where that cannot be: below zero, beyond all sense."""
    read = amount(value, most=MOST_CHARGE)
    return read if read is not None and read >= 0 else None


def moment(value: object) -> datetime | None:
    """Return a time in UTC from ISO 8601 text or from milliseconds since 1970."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value.strip())
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return EPOCH + timedelta(milliseconds=value)
    except (ValueError, OverflowError):
        return None
    return None


def code_in(value: object) -> int | None:
    """Return a code such as 402 or ``"402"``, else None."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{3,6}", value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**6 else None


def is_url(text: str) -> bool:
    """Whether a text is wholly an http(s) address."""
    return URL.fullmatch(text.strip()) is not None


def data_uri(text: str) -> bytes | None:
    """Return the bytes of a ``data:`` URI, or None where the text is none."""
    head = DATA_URI.match(text[:256])
    if head is None:
        return None
    rest = unquote_to_bytes(clean(text[head.end() :]).strip())
    if head["base64"] is None:
        return rest or None
    try:
        return base64.b64decode(rest) or None
    except (ValueError, binascii.Error):
        return None


def outputs_in(
    value: object, name: str = "", *, ignore: frozenset[str] = frozenset(), texts: bool = True
) -> tuple[Output, ...]:
    """Return everything that came back, in its order, each address once.

    A string that is wholly an http(s) address is a file to fetch, a ``data:`` URI is a file in itself, and any other
    string is a text in itself; addresses inside a text are left alone. Where no texts are results, a file in base64 is
    one all the same; where they are, whoever keeps them knows better whether a text was due.

    Args:
        value: The part of the reply that holds the results: a text, a list or an object, nested at will.
        name: What a bare string is called; strings deeper down are called by their keys, joined by dots.
        ignore: Top-level keys that describe the result and are none.
        texts: Whether other strings are results.
    """
    found: list[Output] = []
    seen: set[str] = set()
    waiting: list[tuple[str, object]] = [(name, value)]
    while waiting:  # a stack of our own: brackets can be nested deeper than Python may recurse
        path, one = waiting.pop()
        if isinstance(one, Mapping):
            inner = [(str(key), part) for key, part in one.items() if path or key not in ignore]
            waiting += [(_below(path, key), part) for key, part in reversed(inner)]
        elif isinstance(one, list):
            count = len(one)
            waiting += [(_below(path, at) if count > 1 else path, one[at]) for at in reversed(range(count))]
        elif isinstance(one, str) and one.strip():
            text = clean(one)
            output = _output(clean(path), text)
            if output.text is not None and not texts:
                data = medium_in(text)
                if data is None:
                    continue
                output = Output(name=output.name, data=data)
            if output.url not in seen:
                found.append(output)
            if output.url is not None:
                seen.add(output.url)
    return tuple(found)


def _below(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _output(name: str, text: str) -> Output:
    if is_url(text):
        return Output(name=name, url=text.strip())
    data = data_uri(text.strip())
    return Output(name=name, text=text) if data is None else Output(name=name, data=data)


def error_words(value: object) -> str:
    """Return the words in an error: text, or the ``message``/``msg``/``error`` of an object."""
    for _ in range(3):
        if not isinstance(value, Mapping):
            break
        value = next((value[key] for key in ("message", "msg", "error") if value.get(key)), None)
    return one_line(value) if isinstance(value, str) else ""


def enveloped_fault(response: HttpResponse, *, words: str, fail_code: str | None = None) -> Fault | None:
    """Return what an ``{code, message, data}`` envelope says went wrong with the request, or None.

    Both the HTTP status and the code in the body count: a refusal can come inside an HTTP 200. A task that failed
    is no fault: its envelope names a task and a state.

    Args:
        response: The reply.
        words: The envelope's key for its message.
        fail_code: The machine-readable reason, where the adapter found one.
    """
    body = object_or_none(parse_json(response)) or {}
    data = object_or_none(body.get("data")) or {}
    error = object_or_none(body.get("error")) or {}
    code = code_in(body.get("code"))
    if code is None:
        code = code_in(error.get("code"))
    if succeeded(response) and (code is None or code < 300 or (data.get("state") and task_named(body, plain=False))):
        return None
    said = [error_words(body.get(words)), error_words(body.get("error")), error_words(data)]
    plain = response.excerpt() if not body else ""
    together = " - ".join(dict.fromkeys(one for one in said if one)) or plain
    return Fault(
        status=response.status,
        code=response.status if code is None else code,
        said=together,
        fail_code=fail_code or (one_line(str(error["code"])) if isinstance(error.get("code"), str) else None),
        retry_after=retry_after_seconds(response.headers),
    )


def canonical(value: object) -> str | None:
    """Return one text for equal JSON content (4.0 is 4), or None for what has none (NaN, endless nesting)."""
    try:
        return canonical_json(_plain(value))
    except (ValueError, RecursionError, TypeError):
        return None


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def same_model(said: str, asked: str) -> bool:
    """Whether two names may be one model's: the maker before the slash may be left out or added."""
    return said.casefold().rpartition("/")[2] == asked.casefold().rpartition("/")[2]
