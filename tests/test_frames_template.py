"""Templates taken apart: which braces are placeholders, and which stay."""

from __future__ import annotations

import keyword
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.frames.template import instead, names_in, parts
from notebookgen.notebook.interpolation import identifiers, interpolate

IDENTIFIERS = st.text(string.ascii_letters + "_", min_size=1, max_size=6).filter(
    lambda name: not keyword.iskeyword(name)
)


def filled(template: str, values: dict[str, str], known: frozenset[str] = frozenset()) -> str:
    """Return a template with its names replaced."""
    return "".join(values[name] if name else text for text, name in parts(template, known))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("A {a} in {b}", "A fox in oil"),
        ("{a}{b}{a}", "foxoilfox"),
        ("{{a}}", "{a}"),
        ("{{{a}}}", "{fox}"),
        ('{"a": {b}}', '{"a": oil}'),
        ("{a:.2f} {a.b} {a!r} {0} {} { a }", "{a:.2f} {a.b} {a!r} {0} {} { a }"),
        ("} {a} {", "} fox {"),
        ("{return}", "{return}"),
        ("", ""),
    ],
)
def test_only_plain_names_between_single_braces_are_replaced(template: str, expected: str) -> None:
    """A name between braces is replaced, doubled braces become single, and all other braces are left alone."""
    assert expected == filled(template, {"a": "fox", "b": "oil"})


def test_what_is_put_in_is_not_looked_at_again() -> None:
    """A cell that holds braces keeps them."""
    assert "{b} {{c}}" == filled("{a}", {"a": "{b} {{c}}"})


@pytest.mark.parametrize("name", ["class", "hair colour", "a.b", "größe-2"])
def test_a_known_name_counts_although_it_is_no_identifier(name: str) -> None:
    """``{hair colour}`` is the column of that name where there is one, and stays as it is where there is none."""
    template = f"A {{{name}}}"

    assert "A x" == filled(template, {name: "x"}, frozenset({name}))
    assert template == filled(template, {})


@pytest.mark.parametrize("template", ["x^{2}", "x_{2}", "{}", "{ }", "{%}"])
def test_a_known_name_that_is_no_word_is_no_placeholder(template: str) -> None:
    """``x^{2}`` stays a power where pandas has a column 2."""
    names = ("", "2", " ", "%")
    assert template == filled(template, dict.fromkeys(names, "no"), frozenset(names))


def test_a_column_that_is_called_by_a_number_is_filled() -> None:
    """``{0}`` is the first column of a frame whose columns have no names but their numbers; elsewhere it stays."""
    assert "A fox {1}" == filled("A {0} {1}", {"0": "fox"}, frozenset({"0"}))
    assert "A {0}" == filled("A {0}", {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{size}", "ng.col('size')"),
        ("img/{hair colour}.{size}", "polars.format('img/{}.{}', ng.col('hair colour'), ng.col('size'))"),
        ("{siz}", None),
        ("16:9", None),
        ('{"size": 1}', None),
        ("{{size}}", None),
    ],
)
def test_what_to_type_in_the_place_of_a_text_that_names_columns(text: str, expected: str | None) -> None:
    """Where only a prompt is filled, an expression does the same; what names no column is meant as it is."""
    assert expected == instead(text, ["size", "hair colour"])


def test_names_are_told_once_and_in_order() -> None:
    """The names of a template come in the order of their first use."""
    assert ("b", "a") == names_in("{b} {a} {b} {{c}}")


def test_letters_that_are_equal_to_python_are_equal_here() -> None:
    """A name written with a ligature is the name without, as in Python."""
    assert ("file",) == names_in("{ﬁle}")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text(string.ascii_letters + " .,:", max_size=5), IDENTIFIERS), max_size=5),
    st.text(max_size=5),
)
def test_a_template_of_plain_names_comes_out_as_with_format(pieces: list[tuple[str, str]], value: str) -> None:
    """Where all between braces are identifiers, the text is what ``str.format`` gives."""
    template = "".join(f"{text}{{{name}}}" for text, name in pieces)
    values = {name: value for _, name in pieces}

    assert template.format(**values) == filled(template, values)


@settings(deadline=None)
@given(st.text("{}ab .1", max_size=12))
def test_the_same_braces_count_as_in_a_single_cell(template: str) -> None:
    """A template over columns and the prompt of one cell are read by the same rule."""
    names = identifiers(template)

    assert names == names_in(template)
    assert interpolate(template, dict.fromkeys(names, "x")) == filled(template, dict.fromkeys(names, "x"))
