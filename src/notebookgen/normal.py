"""Equal content in equal form: text, numbers and JSON as they are sent, hashed and shown. Pure."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal

from notebookgen.errors import InvalidSetting

__all__ = [
    "ID_LENGTH",
    "NO_MATHS",
    "amount_words",
    "canonical_json",
    "count_words",
    "duration",
    "json_value",
    "plain_number",
    "plain_text",
    "sample_id",
    "shown_line",
    "shown_text",
]

ID_LENGTH = 32
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
    return _CANONICAL.encode(value)


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


def plain_number(amount: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros: ``70``, ``0.0075``."""
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
        InvalidSetting: The value has no JSON form (NaN, an open file, ...).
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float | Decimal):
        if not math.isfinite(value):
            message = f"setting '{key}' is {value}, which cannot be sent. Give a finite number."
            raise InvalidSetting(message)
        return int(value) if value == int(value) else float(value)
    if isinstance(value, Mapping):
        return {str(name): json_value(one, key) for name, one in sorted(value.items(), key=lambda pair: str(pair[0]))}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [json_value(one, key) for one in value]
    scalar = getattr(value, "item", None)
    if callable(scalar) and not hasattr(value, "__len__"):
        return json_value(scalar(), key)
    message = f"setting '{key}' is of type {type(value).__name__}, which cannot be sent. Give text, a number, a list or a dict."
    raise InvalidSetting(message)


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
