"""Keys and other secrets in a text: those that are set here, in every spelling, and shapes that are well known. Pure.

What is found is never passed on: a find holds what it is and its last four characters at most.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from notebookgen.transport.blackout import starred
from notebookgen.transport.spellings import pattern_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["SEARCHED", "SEARCHED_IN_ALL", "Known", "Secret", "finder", "searched"]

SHORTEST_KEY = 8  # characters; a shorter one would be found in words
SHOWN_FROM = 16  # characters of which four may be shown
DATA = re.compile(r"data:[\w.+-]+/[\w.+;=-]+;base64,[A-Za-z0-9+/=\s]+")
# What stands in the place of a key in examples.
MADE_UP = re.compile(
    r"example|your|placeholder|dummy|change_?me|redacted|made.?up|xxx|\*\*\*|\.\.\.|…|<|\$[({A-Z]|\{[a-z_][\w.]*[}\[(!:]|somebody|0123456789|123456789|abcdefgh",
    re.IGNORECASE,
)
RANDOM = 3.0  # bits for each character: words have less than that
DIFFERENT = 7  # characters that a key has at least
SEARCHED = 8 * 2**20  # characters of one text
SEARCHED_IN_ALL = 32 * 2**20
MOST_ALIKE = 51  # secrets of one shape in one text: one more than is told
GIVEN_NAME = "what a variable for a key is set to"
# A name goes on with what it is for; what is given to it stands in quotes, also inside of JSON, or behind a shell's =.
GOES_ON = r"(?:[_-](?i:base|dev|live|main|prod|read|staging|string|test|value|write|v?\d{1,2})|\d{1,2})?"
GIVEN = (
    rf"{GOES_ON}"
    r"(?:\\?[\"'])?\]?(?:\s{0,4}:\s{0,2}[A-Za-z][\w.\[\]]{0,30}(?=\s{0,4}=))?"
    r"(?:\s{0,4}(?::?=|:|=>)\s{0,4}(?i:[bfru]{0,2})\\?(?P<quote>[\"'])|(?<=[A-Z])=)(?i:(?:basic|bearer|key|token)\s+)?"
)
# What is called so is a secret, if it is not a word; any other key may be a dictionary's, a table's or a cache's.
CALLED_SO = r"(?i:(?:access|account|api|auth|encryption|master|private|secret|signing|subscription)[_-]?key|authorization|credential|secret|token)"
CALLED_WORD = r"(?i:passphrase|passwd|password|(?<![a-z])pwd)"
CALLED_KEY = r"(?:(?<![A-Za-z])(?i:key)|(?<=[a-z0-9])Key)"
NO_SECRET = re.compile(
    r"(?i:bos|cache|cls|column|continuation|csrf|cursor|dedup\w*|dict|eos|file|foreign|group|idempotency|index|lookup"
    r"|mask|next|object|pad|page|partition|primary|public|row|s3|sep|sort|state|storage|unique|unk)[_-]?\Z"
)
LONGEST_NAME = 24  # characters before it that are looked at
HASH = re.compile(r"(?:(?:md5|sha\d{1,3}|crc\d*)[_-])?[0-9a-fA-F-]+")
RUN = re.compile(r"[A-Za-z0-9]{16,}")
PATH = re.compile(r"(?:[A-Za-z]:|~|\.{1,2})?[/\\]")
PLACE = re.compile(
    rf"{PATH.pattern}|[a-z][a-z0-9+.-]{{1,20}}://|.*\.(?:cer|crt|der|env|json|key|p12|pem|pfx|txt|ya?ml)\Z",
    re.IGNORECASE,
)
# What is given to a name without a sign between: in an address, by a magic, and as what a function takes.
BY_ADDRESS = r"(?<=[?&;])(?:(?i:access|auth|client|id|refresh|user)[_-]?)?"
BY_MAGIC = r"(?:%(?:set_)?env|\bsetx)[ \t]{1,4}\w{0,60}?"
BY_CALL = r"\b(?:get|getenv|putenv|set|set_key|setdefault|setenv)\(\s{0,4}[\"'][\w-]{0,60}?"
# In YAML, a header or a shell it stands in no quotes.
BARE = r"[\"'`*]{0,3}(?:[ \t]{0,2}=|:)[ \t]{0,4}`?(?i:(?:basic|bearer|key|token)[ \t]+)?"
ENDS = r"(?=[\s\"'`,;&)\\]|\Z)"
BY_COMMAND = r"\bcurl\b(?:(?!curl)(?:[^\n\\]|\\\n|\\.)){0,300}?\s(?:-u|--user)[ \t=]{0,2}[\"']?[^\s:\"'$]{1,100}:"
PASSWORD_WORD = re.compile(r"(?:my[_-]?)?(?:api[_-]?key|key|pass(?:phrase|wd|word)?|pwd|secret|token)", re.IGNORECASE)


def is_random(key: str) -> bool:
    """Whether a text is made of letters and digits as no word is."""
    return any(map(str.isdigit, key)) and any(map(str.isalpha, key)) and _bits(key) >= RANDOM


def is_given(text: str) -> bool:
    """Whether what a name is set to is random, and does not tell where a key is kept."""
    return is_random(text) and (not PLACE.match(text) or is_nothing_but_a_key(text))


def is_password(text: str) -> bool:
    """Whether a text is a password that somebody would call one; of a short one it takes more kinds of characters."""
    if PATH.match(text):
        return False
    kinds = (str.islower, str.isupper, str.isdigit, lambda one: not one.isalnum())
    return (len(text) >= 12 and is_random(text)) or sum(any(map(kind, text)) for kind in kinds) >= 3


def is_nothing_but_a_key(text: str) -> bool:
    """Whether a text changes between letters and digits as only what was drawn by lot: no hash, id, name or path does."""
    run = max(RUN.findall(text), key=len, default="")
    if not run or HASH.fullmatch(text) or not is_random(run):
        return False
    kinds = ["A" if one.isupper() else "a" if one.islower() else "0" for one in run]
    changes = sum(one != other for one, other in pairwise(kinds)) / (len(run) - 1)
    return changes >= (0.42 if "A" in kinds and "a" in kinds else 0.25)


def is_no_word_for_it(text: str) -> bool:
    """Whether a password is not just called one."""
    return not PASSWORD_WORD.fullmatch(text)


class Shape(NamedTuple):
    """What a kind of secret looks like.

    Attributes:
        name: What it is called.
        pattern: The group ``key`` is the secret itself; the whole match where there is none.
        hints: A text that has none of them, written in small letters, has no such secret.
        looks: What the secret has to look like, too, where the shape alone does not tell.
        hide: Whether nothing of it may be shown.
    """

    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    looks: Callable[[str], bool] | None = None
    hide: bool = False


def _shape(
    name: str, pattern: str, *hints: str, looks: Callable[[str], bool] | None = None, hide: bool = False
) -> Shape:
    """Return a shape; a key is neither begun nor continued by a letter."""
    return Shape(name, re.compile(pattern), hints, looks, hide)


# Each service's own pages and https://docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
SHAPES: tuple[Shape, ...] = (
    _shape("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----", "private key-----", hide=True),
    _shape("a key of Anthropic", r"\bsk-ant-[\w-]{20,}", "sk-ant-"),
    _shape("a key of OpenRouter", r"\bsk-or-[\w-]{20,}", "sk-or-"),
    _shape("a key of OpenAI", r"\bsk-(?!ant-|or-)(?:(?:proj|svcacct|admin)-[\w-]{20,}|[A-Za-z0-9]{32,})", "sk-"),
    _shape("a key as Armox and Stripe make them", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,}", "k_live_", "k_test_"),
    _shape("a key as APIModels makes them", r"\bsk_(?!live_|test_)[A-Za-z0-9]{16,}\b", "sk_", looks=is_random),
    _shape("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{30,}", "hf_"),
    _shape("a token of Replicate", r"\br8_[A-Za-z0-9]{30,}", "r8_"),
    _shape("a key of fal", r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{32}\b", ":"),
    _shape("a token of GitHub", r"\b(?:gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_\w{50,})", "gh", "github_pat_"),
    _shape("a token of GitLab", r"\bglpat-[\w-]{20,}", "glpat-"),
    _shape("a key of Amazon", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", "akia", "asia"),
    _shape("a key of Google", r"\bAIza[\w-]{35}", "aiza"),
    _shape("a token of Slack", r"\bxox[abeoprs]-[\w-]{10,}", "xox"),
    _shape("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b", "npm_"),
    _shape("a token of PyPI", r"\bpypi-AgE[\w-]{50,}", "pypi-age"),
    _shape("a key of SendGrid", r"\bSG\.[\w-]{20,30}\.[\w-]{40,}", "sg."),
    _shape("a signed token (JWT)", r"(?<![\w-])eyJ[\w-]{10,999}\.eyJ[\w-]{10,4000}\.[\w-]{10,}", ".eyj"),
    _shape("a bearer token", r"(?i:\bbearer\s+)(?P<key>[\w.~+/-]{16,}=*)", "bearer", looks=is_random),
    _shape(
        "a password in an address",
        r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{1,200}:(?P<key>[^\s/:@\"'<>{}]{3,200})@",
        "://",
        hide=True,
    ),
    _shape(
        GIVEN_NAME,
        rf"{CALLED_SO}{GIVEN}(?P<key>[^\s\"'\\]{{12,}})",
        "key",
        "authorization",
        "credential",
        "secret",
        "token",
        looks=is_given,
    ),
    *(
        _shape(
            GIVEN_NAME,
            rf"{before}(?P<called>{CALLED_SO}){GOES_ON}{sign}(?P<key>[^\s\"'\\]{{12,}})",
            hint,
            looks=is_given,
        )
        for before, sign, hint in (
            (BY_MAGIC, r"[ \t]{1,4}[\"']?", "env"),
            (BY_MAGIC, r"[ \t]{1,4}[\"']?", "setx"),
            (BY_CALL, r"[\"']\s{0,4},\s{0,4}(?i:[bfru]{0,2})[\"']", "("),
        )
    ),
    _shape(
        "a key in an address",
        rf"{BY_ADDRESS}(?:{CALLED_SO}|(?i:key))=(?P<key>[\w.~+%/-]{{16,}})",
        "=",
        looks=is_nothing_but_a_key,
    ),
    _shape(
        GIVEN_NAME,
        rf"{CALLED_SO}{GOES_ON}{BARE}(?P<key>[\w.~+/-]{{16,200}}={{0,2}}){ENDS}",
        "key",
        "authorization",
        "credential",
        "secret",
        "token",
        looks=is_nothing_but_a_key,
    ),
    _shape(
        "a password in a command",
        rf"{BY_COMMAND}(?P<key>[^\s\"']{{3,200}})",
        "curl",
        looks=is_no_word_for_it,
        hide=True,
    ),
    _shape(GIVEN_NAME, rf"{CALLED_WORD}{GIVEN}(?P<key>[^\s\"'\\]{{8,}})", "pass", "pwd", looks=is_password),
    _shape(
        GIVEN_NAME,
        rf"{CALLED_KEY}{GIVEN}(?P<key>[\w.~+/-]{{20,200}})(?=[\\\"'\s]|\Z)",
        "key",
        looks=is_nothing_but_a_key,
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
                (pattern_of(one.text), _in_hexadecimal(one.text)),
                one.text,
                Secret(f"the key of {one.title} that is set here", masked(one.text), one.page),
            )
            for one in known
        )

    def __repr__(self) -> str:
        return "finder(***)"

    def find(self, text: str) -> list[Secret]:
        """Return the secrets that a text holds, each once; of a shape that is there often, not all."""
        data = text.encode("utf-8", "surrogatepass")
        found = [secret for spelled, _, secret in self._known if any(one.search(data) for one in spelled)]
        mine = [plain for _, plain, _ in self._known]
        return list(dict.fromkeys([*found, *_shaped(text, mine)]))

    def cleaned(self, text: str) -> str:
        """Return a text with stars in the place of its secrets."""
        data = text.encode("utf-8", "surrogatepass")
        for spelled, _, _ in self._known:
            for pattern in spelled:
                data = starred(data, ((found.start(), found.end("all")) for found in pattern.finditer(data)))
        text = data.decode("utf-8", "replace")
        for shape in SHAPES:
            text = shape.pattern.sub("***", text)
        return text


def _in_hexadecimal(key: str) -> re.Pattern[bytes]:
    """Return a pattern of a key's bytes in hexadecimal, with something between them or not."""
    digits = (f"{byte:02x}".encode() for byte in key.encode())
    return re.compile(rb"(?P<all>" + rb"[\s:,-]{0,2}(?:0x)?".join(digits) + rb")", re.IGNORECASE)


def _shaped(text: str, known: list[str]) -> Iterator[Secret]:
    """Yield what has a well-known shape, and is neither an example nor known already."""
    low = text.lower()
    taken = dict.fromkeys(known)
    for shape in SHAPES:
        if not any(hint in low for hint in shape.hints):
            continue
        left = MOST_ALIKE
        for match in shape.pattern.finditer(text):
            key = match.groupdict().get("key") or match[0]
            if key in taken or _made_up(key, shape) or _is_no_secret(match):
                continue
            if any(key in one or one in key for one in taken):
                continue
            taken[key] = None
            yield Secret(shape.name, "***" if shape.hide else masked(key))
            left -= 1
            if not left:
                break


def _made_up(key: str, shape: Shape) -> bool:
    """Whether it stands in the place of a key, or is a word."""
    if key.startswith("-----"):
        return False
    if MADE_UP.search(key) or (not shape.hide and len(set(key)) < DIFFERENT):
        return True
    return shape.looks is not None and not shape.looks(key)


def _is_no_secret(match: re.Match[str]) -> bool:
    """Whether what is called a key or a token is one of a table, a page or a model, by the name before it."""
    at = match.start("called") if "called" in match.re.groupindex else match.start()
    if not match.string[at : at + 5].lower().startswith(("key", "token")):
        return False
    return NO_SECRET.search(match.string[max(0, at - LONGEST_NAME) : at]) is not None


def _bits(text: str) -> float:
    """Return how much each character tells, in bits."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def masked(key: str) -> str:
    """Return at most the last four characters of a key, and of a short one nothing."""
    return f"…{key[-4:]}" if len(key) >= SHOWN_FROM else "…"


def searched(text: str) -> str:
    """Return a text without the pictures in it: among their characters, every shape turns up by chance."""
    return DATA.sub("data:", text)
