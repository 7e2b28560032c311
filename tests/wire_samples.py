"""Recorded replies, one folder a case, and what becomes of them when somebody else's bytes go wrong.

A case is ``samples/<provider>/<case>/``: ``<status>.json`` holds the status and the headers, ``body`` the raw bytes.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from notebookgen.wire import HttpResponse

SAMPLES = Path(__file__).with_name("samples")
STATUSES = (200, 202, 204, 301, 400, 401, 402, 404, 409, 429, 500, 503)
WORDS = ("taskId", "state", "completed", "success", "failed", "data", "code", "id", "status", "output", "resultJson")


@cache
def sample(provider: str, case: str) -> HttpResponse:
    """Return a recorded reply."""
    folder = SAMPLES / provider / case
    (head,) = folder.glob("*.json")
    told = json.loads(head.read_text(encoding="utf-8"))
    headers = {name.lower(): value for name, value in told["headers"].items()}
    return HttpResponse(told["status"], headers, (folder / "body").read_bytes())


def cases(provider: str) -> list[str]:
    """Return the names of a provider's recorded replies."""
    return sorted(path.name for path in (SAMPLES / provider).iterdir())


def json_values() -> st.SearchStrategy[object]:
    """Return a strategy for any JSON value, with the words that replies are made of among its keys and texts."""
    texts = st.one_of(
        st.sampled_from((*WORDS, "https://a.example/b", "data:,x", "\ud800", "1e999")), st.text(max_size=8)
    )
    scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
    return st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=5)),
        max_leaves=12,
    )


def hostile_replies(provider: str) -> st.SearchStrategy[HttpResponse]:
    """Return a strategy for replies nobody promised: noise, any JSON, and recorded ones with parts changed."""
    recorded = [sample(provider, case) for case in cases(provider)]
    headers = st.dictionaries(
        st.sampled_from(("content-type", "retry-after", "x-ratelimit-limit", "x-ratelimit-reset")),
        st.one_of(st.sampled_from(("application/json", "video/mp4", "60", "-1", "9" * 400, "²")), st.text(max_size=6)),
        max_size=3,
    )
    bodies = st.one_of(
        st.binary(max_size=60),
        json_values().map(lambda value: json.dumps(value).encode()),
        st.sampled_from(recorded).flatmap(_mutated),
        st.sampled_from((b"[" * 100_000, b'{"data":' * 5000 + b"1" + b"}" * 5000, b"1" * 5000, b'"\xed\xa0\x80"')),
    )
    return st.builds(HttpResponse, st.sampled_from(STATUSES), headers, bodies)


@st.composite
def _mutated(draw: st.DrawFn, response: HttpResponse) -> bytes:
    """Return a recorded body with one value replaced, or cut, or with a byte flipped."""
    if draw(st.booleans()):
        at = draw(st.integers(0, max(0, len(response.body) - 1)))
        return response.body[:at] + draw(st.binary(max_size=2)) + response.body[at + draw(st.integers(0, 9)) :]
    try:
        tree = json.loads(response.body)
    except ValueError:
        return response.body
    places: list[tuple[object, object]] = []
    _places(tree, places)
    if places:
        holder, key = draw(st.sampled_from(places))
        holder[key] = draw(json_values())  # type: ignore[index]  # a list or an object, by how it was found
    return json.dumps(tree).encode()


def _places(tree: object, found: list[tuple[object, object]]) -> None:
    pairs = list(tree.items()) if isinstance(tree, dict) else list(enumerate(tree)) if isinstance(tree, list) else []
    for key, value in pairs:
        found.append((tree, key))
        _places(value, found)
