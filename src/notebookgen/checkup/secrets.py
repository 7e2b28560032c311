"""Keys and other secrets in a text: those that are set here, in every spelling, and shapes that are well known. Pure.

What is found is never passed on: a find holds what it is and its last four characters at most.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from notebookgen.transport.blackout import starred
from notebookgen.transport.spellings import pattern_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Known", "Secret", "finder", "searched"]

SHORTEST_KEY = 8  # characters; a shorter one would be found in words
SHOWN_FROM = 16  # characters of which four may be shown
DATA = re.compile(r"data:[\w.+-]+/[\w.+;=-]+;base64,[A-Za-z0-9+/=\s]+")
# What stands in the place of a key in examples.
MADE_UP = re.compile(
    r"example|your|placeholder|dummy|change_?me|redacted|made.?up|xxx|\*\*\*|\.\.\.|…|<|\$\{|somebody|0123456789|123456789|abcdefgh",
    re.IGNORECASE,
)
RANDOM = 3.0  # bits for each character: words have less than that
DIFFERENT = 7  # characters that a key has at least


class Shape(NamedTuple):
    """What a kind of secret looks like.

    Attributes:
        name: What it is called.
        pattern: The group ``key`` is the secret itself; the whole match where there is none.
        sure: Whether the shape alone tells; else the text has to look random, too.
        hide: Whether nothing of it may be shown.
    """

    name: str
    pattern: re.Pattern[str]
    sure: bool = True
    hide: bool = False


def _shape(name: str, pattern: str, *, sure: bool = True, hide: bool = False) -> Shape:
    """Return a shape; a key is neither begun nor continued by a letter."""
    return Shape(name, re.compile(pattern), sure, hide)


# Each service's own pages and https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
SHAPES: tuple[Shape, ...] = (
    _shape("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----", hide=True),
    _shape("a key of Anthropic", r"\bsk-ant-[\w-]{20,}"),
    _shape("a key of OpenRouter", r"\bsk-or-[\w-]{20,}"),
    _shape("a key of OpenAI", r"\bsk-(?!ant-|or-)(?:(?:proj|svcacct|admin)-[\w-]{20,}|[A-Za-z0-9]{32,})"),
    _shape("a key as Armox and Stripe make them", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}"),
    _shape("a key as APIModels makes them", r"\bsk_(?!live_|test_)[A-Za-z0-9]{16,}\b", sure=False),
    _shape("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{30,}"),
    _shape("a token of Replicate", r"\br8_[A-Za-z0-9]{30,}"),
    _shape("a key of fal", r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{32}\b"),
    _shape("a token of GitHub", r"\b(?:gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_\w{50,})"),
    _shape("a token of GitLab", r"\bglpat-[\w-]{20,}"),
    _shape("a key of Amazon", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    _shape("a key of Google", r"\bAIza[\w-]{35}"),
    _shape("a token of Slack", r"\bxox[abeoprs]-[\w-]{10,}"),
    _shape("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
    _shape("a token of PyPI", r"\bpypi-AgE[\w-]{50,}"),
    _shape("a key of SendGrid", r"\bSG\.[\w-]{20,30}\.[\w-]{40,}"),
    _shape("a signed token (JWT)", r"\beyJ[\w-]{10,999}\.eyJ[\w-]{10,4000}\.[\w-]{10,}"),
    _shape("a bearer token", r"(?i:\bbearer\s+)(?P<key>[\w.~+/-]{16,}=*)", sure=False),
    _shape(
        "a password in an address",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{1,200}:(?P<key>[^\s/:@\"'<>{}]{3,200})@",
        hide=True,
    ),
    _shape(
        "what a variable for a key is set to",
        r"(?i:(?:api_?key|secret|token|passwd|password)[\w-]{0,40})"
        r"(?:[\"']?\]?\s{0,4}[=:]\s{0,4}(?P<quote>[\"'])|(?<=[A-Z])=)(?P<key>[^\s\"'\\]{12,})(?:(?P=quote))?",
        sure=False,
    ),
)


class Known(NamedTuple):
    """A key that is set here.

    Attributes:
        title: Whose it is.
        text: The key.
        page: Where a new one is made.
    """

    title: str
    text: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Secret:
    """What was found, without itself.

    Attributes:
        what: What it is.
        masked: Its last four characters, of a long one.
        page: Where a new one is made; empty where that is not known.
    """

    what: str
    masked: str
    page: str = ""


def finder(known: Iterable[Known]) -> _Finder:
    """Return what finds secrets: the keys that are set here, and well-known shapes."""
    return _Finder(tuple(one for one in known if len(one.text) >= SHORTEST_KEY))


class _Finder:
    """Finds secrets; shows nothing of those that it knows."""

    __slots__ = ("_known",)

    def __init__(self, known: tuple[Known, ...]) -> None:
        self._known = tuple(
            (
                pattern_of(one.text),
                one.text,
                Secret(f"the key of {one.title} that is set here", masked(one.text), one.page),
            )
            for one in known
        )

    def __repr__(self) -> str:
        return "finder(***)"

    def find(self, text: str) -> list[Secret]:
        """Return the secrets that a text holds, each once."""
        data = text.encode("utf-8", "surrogatepass")
        found = [secret for pattern, _, secret in self._known if pattern.search(data)]
        mine = [plain for _, plain, _ in self._known]
        return list(dict.fromkeys([*found, *_shaped(text, mine)]))

    def cleaned(self, text: str) -> str:
        """Return a text with stars in the place of its secrets."""
        data = text.encode("utf-8", "surrogatepass")
        for pattern, _, _ in self._known:
            data = starred(data, ((found.start(), found.end("all")) for found in pattern.finditer(data)))
        text = data.decode("utf-8", "replace")
        for shape in SHAPES:
            text = shape.pattern.sub("***", text)
        return text


def _shaped(text: str, known: list[str]) -> Iterator[Secret]:
    """Yield what has a well-known shape, and is neither an example nor known already."""
    taken: list[str] = []
    for shape in SHAPES:
        for match in shape.pattern.finditer(text):
            key = match.groupdict().get("key") or match[0]
            if any(key in one or one in key for one in (*taken, *known)) or _made_up(key, shape):
                continue
            taken.append(key)
            yield Secret(shape.name, "***" if shape.hide else masked(key))


def _made_up(key: str, shape: Shape) -> bool:
    """Whether it stands in the place of a key, or is a word."""
    if key.startswith("-----"):
        return False
    if MADE_UP.search(key) or (not shape.hide and len(set(key)) < DIFFERENT):
        return True
    if shape.sure:
        return False
    return not (any(map(str.isdigit, key)) and any(map(str.isalpha, key)) and _bits(key) >= RANDOM)


def _bits(text: str) -> float:
    """Return how much each character tells, in bits."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def masked(key: str) -> str:
    """Return at most the last four characters of a key, and of a short one nothing."""
    return f"…{key[-4:]}" if len(key) >= SHOWN_FROM else "…"


def searched(text: str) -> str:
    """Return a text without the pictures in it: among their characters, every shape turns up by chance."""
    return DATA.sub("data:", text)
