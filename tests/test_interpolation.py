"""Braces in a prompt: a variable is put in once, and whatever else wears braces is left as it was written."""

from __future__ import annotations

import enum
import json
import re
import sys
from collections import ChainMap
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import InvalidPrompt
from notebookgen.notebook.interpolation import identifiers, interpolate, usable, variable

NAMES = {"animal": "fox", "n": 3, "price": Decimal("0.50"), "half": Fraction(1, 2), "größe": "groß"}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a {animal}", "a fox"),
        ("{animal}{animal}", "foxfox"),
        ("{n} {price} {half} {größe}", "3 0.50 1/2 groß"),
        ("{{animal}}", "{animal}"),
        ("{{{animal}}}", "{fox}"),
        ("{{{{animal}}}}", "{{animal}}"),
        ("{{}}", "{}"),
        ('{{"a": "{animal}"}}', '{"a": "fox"}'),
        ("use {{ and }} here", "use { and } here"),
        ("{animal}}", "fox}"),
        ("{{animal}", "{fox"),
        ("", ""),
    ],
)
def test_names_are_replaced_and_doubled_braces_stand_for_single_ones(template: str, text: str) -> None:
    """As in Python's own templates."""
    assert text == interpolate(template, NAMES)


@pytest.mark.parametrize(
    "template",
    [
        '{"animal": {"n": 3}}',
        '[{"a": 1}, {"b": {}}]',
        "{k: v for k, v in d.items()}",
        "{animal.name}",
        "{animal[0]}",
        "{animal!r}",
        "{price:.2f}",
        "{ animal }",
        "{animal }",
        "{2}",
        "{}",
        "{",
        "}",
        "}{",
        "{{",
        "}}",
        "function f() {return}",
        "int[][] a = {{1,2},{3,4}};",
        "{None}",
        "$animal ${1 + 1} %(animal)s <animal>",
        "the cat's eye; (unclosed [bracket",
    ],
)
def test_all_other_braces_stay_as_they_are(template: str) -> None:
    """JSON, code, format specs, attributes and comprehensions are part of the prompt."""
    assert template == interpolate(template, NAMES)


def test_what_is_put_in_is_never_looked_at_again() -> None:
    """One pass: a variable that holds braces is text like any other."""
    assert interpolate("{a} {b}", {"a": "{b} {{c}}", "b": "{b}"}) == "{b} {{c}} {b}"


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    """A slip of the finger is told before anything is sent, with the way to keep the braces."""
    with pytest.raises(InvalidPrompt) as caught:
        interpolate("a {anmial}", NAMES)
    assert str(caught.value) == (
        "{anmial} names no variable. Did you mean 'animal'? Nothing was sent.\n"
        "Assign anmial first, or write {{anmial}} to keep the braces."
    )


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "{x} is None,"),
        ([1], "{x} is of type list,"),
        (sys, "{x} is of type module,"),
        (len, "{x} is of type builtin_function_or_method,"),
        (b"bytes", "{x} is of type bytes,"),
    ],
)
def test_what_is_no_text_and_no_number_is_refused(value: object, says: str) -> None:
    """A DataFrame's or a function's repr would be paid for and of no use."""
    with pytest.raises(InvalidPrompt) as caught:
        interpolate("a {x}", {"x": value})
    assert says in str(caught.value)


def test_a_subclass_of_str_gives_its_text() -> None:
    """An enum's member shows itself as Class.MEMBER; its text is what is meant."""

    class Style(str, enum.Enum):  # noqa: UP042 - StrEnum shows its text; this older form does not
        OIL = "oil painting"

    assert interpolate("{style}", {"style": Style.OIL}) == "oil painting"


def test_names_are_compared_as_python_does() -> None:
    """Python composes identifiers (NFKC), so the prompt may be typed either way."""
    assert interpolate("{e\u0301te\u0301}", {"\u00e9t\u00e9": "fox"}) == "fox"


def test_any_mapping_will_do() -> None:
    """Rows before notebook variables, later: a chain of mappings works."""
    assert interpolate("{animal} {n}", ChainMap({"animal": "cat"}, NAMES)) == "cat 3"


def test_identifiers_and_variable() -> None:
    """What would be looked up can be asked for without looking it up."""
    assert identifiers('{animal} {n} {animal} {{style}} {"a": 1}') == ("animal", "n")
    assert tuple(map(variable, ("{fox}", "fox", "{}", "{a.b}", "{class}"))) == ("fox", None, None, None, None)
    assert usable({"a": "", "b": 1, "_c": "", "d": None}) == ("a", "b")


@given(st.text(alphabet="ab {}\"':,\n"))
def test_without_names_only_doubled_pairs_change(template: str) -> None:
    """No input breaks it, and where there is neither a name nor a doubled brace nothing changes."""
    try:
        text = interpolate(template, {})
    except InvalidPrompt:
        assert identifiers(template)
        return
    assert not identifiers(template)
    if "{{" not in template or "}}" not in template:
        assert template == text
    assert re.sub(r"[{}]", "", template) == re.sub(r"[{}]", "", text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet="abc xyz"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="abc"), inner),
)


@settings(max_examples=50)
@given(JSON, st.sampled_from([None, 2]))
def test_json_is_left_alone(value: object, indent: int | None) -> None:
    """Any JSON text comes through unchanged, however deep and whether pretty or tight."""
    for separators in ((",", ":"), (", ", ": ")):
        text = json.dumps(value, indent=indent, separators=separators)
        assert text == interpolate(text, {})


@given(st.text(), st.text(alphabet=st.characters(blacklist_characters="{}")), st.text())
def test_values_are_put_in_exactly(before: str, between: str, value: str) -> None:
    """Whatever a variable holds arrives character by character."""
    before = before.replace("{", "").replace("}", "")
    assert f"{before}{value}{between}{value}" == interpolate(f"{before}{{v}}{between}{{v}}", {"v": value})


@given(st.text())
def test_doubling_all_braces_of_a_balanced_text_keeps_it(text: str) -> None:
    """The escape works on anything: what is doubled as a whole comes out as it was."""
    inner = text.replace("{", "").replace("}", "")
    assert "{" + inner + "}" == interpolate("{{" + inner + "}}", {})
