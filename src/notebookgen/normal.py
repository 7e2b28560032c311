"""Equal content in equal form: text, numbers and JSON as they are sent, hashed and shown. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal

from notebookgen.errors import InvalidSetting

__all__ = [
    "FARTHEST",
    "ID_LENGTH",
    "MOST_SHOWN",
    "NO_MATHS",
    "amount_words",
    "canonical_json",
    "count_words",
    "duration",
    "is_whole",
    "json_key",
    "json_value",
    "plain_number",
    "plain_text",
    "sample_id",
    "shape_id",
    "shown_line",
    "shown_text",
    "shown_value",
]

ID_LENGTH = 32
MOST_SHOWN = 80  # characters of a value, in a message
LARGEST = 1024  # bits of a number that can be sent: what no float holds, no service reads
DEEPEST = 100  # brackets inside each other
FARTHEST = 30  # places from the point within which an amount is written out
# The class of HTML whose dollar signs are money: MathJax 3, as in JupyterLab, goes by the first word, MathJax 2, as in
# pages of nbconvert, by the second. https://docs.mathjax.org/en/latest/options/document.html
NO_MATHS = "mathjax_ignore tex2jax_ignore"
LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Controls (a terminal obeys them), half surrogates (no file can hold them), and the marks that turn the direction of
# what follows, so that a name reads as another one: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters
UNSAFE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical_json(value: object) -> str:
    """Return JSON that is equal for equal content: sorted keys, no spaces, no NaN."""
    if not value and isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    return _CANONICAL.encode(value)


def shape_id(asked: Sequence[object], settings: Mapping[str, object], *sizes: int) -> str:
    """Return the hash of what rows by the thousand have in common; the same object for the same, so that it is kept once.

    A seed is another one in each row of an experiment, and costs and takes what any other does.
    """
    alike = [*asked, {name: value for name, value in settings.items() if name != "seed"}, *sizes]
    return sys.intern(hashlib.sha256(canonical_json(alike).encode()).hexdigest()[:ID_LENGTH])


def sample_id(content: str, sample: int) -> str:
    """Return the id of a content's n-th sample; the first one is the content's own hash."""
    return content if sample == 0 else hashlib.sha256(f"{content}#{sample}".encode()).hexdigest()[:ID_LENGTH]


def plain_text(text: str) -> str:
    """Return text as it is sent: composed characters (NFC), plain line ends, no white space around it."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def shown_text(text: str) -> str:
    """Return text without controls, half surrogates and marks that turn its direction; lines and tabs stay."""
    return UNSAFE.sub("", LINE_ENDS.sub("\n", text))


def shown_line(text: str) -> str:
    """Return text as one line that can be shown."""
    return " ".join(shown_text(text).split())


def is_whole(text: str) -> bool:
    """Whether a text holds whole characters only: half of one, as a cut text has it, can be neither sent nor kept."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def shown_value(value: object, most: int = MOST_SHOWN) -> str:
    """Return a value as a message shows it: as it is typed, cut short; what cannot be shown is told by what it is.

    Args:
        value: Anything that a person has given.
        most: Characters.
    """
    if isinstance(value, int) and value.bit_length() > 4 * most:
        return f"a whole number of about {round(value.bit_length() * math.log10(2)):,} digits"
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of too many digits in it, or too many brackets
        return f"a value of type {type(value).__name__} that is too large to be shown"
    text = " ".join(text.split()) if "\n" in text else text  # a frame is drawn in many lines
    return text if len(text) <= most else f"{text[: most - 1]}…"


def json_key(name: object) -> str:
    """Return a setting's name as JSON has it.

    Raises:
        InvalidSetting: It is a number of too many digits.
    """
    try:
        return str(name)
    except ValueError:
        message = f"a setting's name is text, and not {shown_value(name)}. Nothing was sent."
        raise InvalidSetting(message) from None


def plain_number(amount: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros: ``70``, ``0.0075``; far from 1 with one, ``1E+400``."""
    if amount.is_finite() and abs(amount.adjusted()) > FARTHEST:
        return format(amount, ".12g").upper()
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_words(amount: Decimal, unit: str) -> str:
    """Return an amount with its unit: ``70 credits``, ``1 credit``, ``0.03 USD``."""
    number = plain_number(amount)
    return f"{number} {unit.removesuffix('s') if number == '1' and unit.islower() else unit}"


def count_words(count: int, one: str, many: str = "") -> str:
    """Return a number of things: ``1 image``, ``3 images``; a plural that takes more than an s is given."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def json_value(value: object, key: str = "value") -> object:
    """Return a setting's value as JSON has it: 4.0 is 4, a NumPy or Polars scalar is its plain number.

    Raises:
        InvalidSetting: The value has no JSON form (NaN, an open file, a list that holds itself, ...).
    """
    return _json_value(value, key, DEEPEST)


def _json_value(value: object, key: str, left: int) -> object:
    """Return a value as JSON has it, with so many brackets inside each other at the most."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, int | float | Decimal):
        return _json_number(value, key)
    if not left:
        message = f"setting '{key}' has brackets more than {DEEPEST} deep, or holds itself, and cannot be sent. Give a plainer one."
        raise InvalidSetting(message)
    if isinstance(value, Mapping):
        return {
            name: _json_value(one, key, left - 1)
            for name, one in sorted(((json_key(name), one) for name, one in value.items()), key=lambda pair: pair[0])
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [_json_value(one, key, left - 1) for one in value]
    scalar = getattr(value, "item", None)
    if callable(scalar) and not hasattr(value, "__len__"):
        return _json_value(scalar(), key, left - 1)
    message = f"setting '{key}' is of type {type(value).__name__}, which cannot be sent. Give text, a number, a list or a dict."
    raise InvalidSetting(message)


def _json_number(value: float | Decimal, key: str) -> int | float:
    """Return a number as JSON has it.

    Raises:
        InvalidSetting: It is none, or none that a service could read.
    """
    if isinstance(value, Decimal):
        finite = value.is_finite() and math.isfinite(float(value))
    else:
        finite = value.bit_length() <= LARGEST if isinstance(value, int) else math.isfinite(value)
    if not finite:
        message = f"setting '{key}' is {shown_value(value)}, which cannot be sent. Give a finite number."
        raise InvalidSetting(message)
    return int(value) if value == int(value) else float(value)


def duration(seconds: float) -> str:
    """Return a duration as people write it: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")
