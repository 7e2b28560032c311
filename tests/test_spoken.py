"""Messages speak the language of whoever asked: functions in keywords, the magic in flags and commands."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

import notebookgen
from notebookgen.errors import BudgetExceeded, Refused
from notebookgen.notebook.spoken import in_flags, retell

SOURCES = Path(notebookgen.__file__).parent


@pytest.mark.parametrize(
    ("python", "magic"),
    [
        ("Raise it: budget=40", "Raise it: --budget 40"),
        ("budget=0.03.", "--budget 0.03."),
        ("Give one: budget='5 USD'", "Give one: --budget '5 USD'"),
        ("no cap: budget='none'.", "no cap: --budget none."),
        ("fresh=True buys it anew.", "--fresh buys it anew."),
        ("Name one with model='...'.", "Name one with -m MODEL."),
        ("Say it: kind='image' (or 'video').", "Say it: --kind image (or 'video')."),
        ("To see them: ng.models()", "To see them: %generate models"),
        ("ng.models('armox')", "%generate models armox"),
        ("type: ng.resume('7f3a')", "type: %generate resume 7f3a"),
        ("see ng.runs().", "see %generate runs."),
        ("ng.Client().retry('7f')", "%generate retry 7f"),
        ("Add budget=210, or max_new=60, or", "Add --budget 210, or --max-new 60, or"),
        ("for each: budget={'USD': 5, 'credits': 0.5}", "for each: --budget '5 USD, 0.5 credits'"),
        ("the output: prefix='gen2_'", "the output: --prefix gen2_"),
        (
            """Write "{thing}" or ng.col('thing') for its cells; polars.lit('thing') for the word itself.""",
            "Write {thing} for its cells, or more words around it.",
        ),
        (
            "prompt alone.\nWrite polars.format('a{}', ng.col('x')) for its cells; polars.lit('a{x}') for the text itself.",
            "prompt alone.\nMake a column of the whole text, and write its name alone between braces.",
        ),
        ("ng.Client().cancel('7f')", "%generate cancel 7f"),
        ("ng.Client().model('armox:a/b').settings", "%generate help armox:a/b"),
        ("ng.resolve('ab', 'adopt', job='JOB')", "%generate resolve ab adopt --job JOB"),
        ("ng.resolve('ab', 'write_off')", "%generate resolve ab write_off"),
        ("in a notebook: %load_ext notebookgen, then %generate login armox", "in a notebook: %generate login armox"),
        ("send it all the same: settings={'siz': ...}", "send it all the same: -s 'siz'=..."),
        ("ng.configure(model='...', sandbox=True)", "ng.configure(model='...', sandbox=True)"),
        ('Armox says: "seed=40, x.budget=3, mybudget=4"', 'Armox says: "seed=40, x.budget=3, mybudget=4"'),
    ],
)
def test_what_to_type_is_told_in_flags(python: str, magic: str) -> None:
    """Each way of saying it has its twin; all other words stay as they are."""
    assert magic == in_flags(python)


def test_what_has_no_flag_is_told_with_its_import() -> None:
    """Who has only loaded the extension has no `ng` to type."""
    text = "To try without a key: ng.configure(sandbox=True)"
    assert text == in_flags(text)
    assert text.replace("ng.c", "import notebookgen as ng; ng.c") == in_flags(text, imported=False)


def test_an_error_keeps_its_facts_and_class() -> None:
    """Only its words change, once, however often it is told."""
    error = Refused("no\nfresh=True or ng.configure(a=1)", code=422, said="no")
    for _ in range(2):
        retell(error, {"ng": notebookgen})
        assert ("no\n--fresh or ng.configure(a=1)", 422, "no") == (str(error), error.code, error.said)
    other = BudgetExceeded("ng.configure(a=1)")
    for _ in range(2):
        retell(other, {"ng": ModuleType("numpy_gradients")})
        assert "import notebookgen as ng; ng.configure(a=1)" == str(other)


def test_below_the_notebook_nothing_is_told_in_flags() -> None:
    """Every message is written in Python's words, so that the one translation covers them all."""
    spoken = re.compile(r"(?<!then )%generate [a-z]|--(?:budget|fresh|kind|model|timeout)\b|the cell again")
    skip = {"notebook", "sandbox", "cli.py"}
    files = [path for path in SOURCES.rglob("*.py") if path.relative_to(SOURCES).parts[0] not in skip]
    found = [
        f"{path.name}: {line.strip()}"
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
        if spoken.search(line) and not line.lstrip().startswith("#")
    ]
    assert [] == found
