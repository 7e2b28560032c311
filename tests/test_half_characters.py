"""Half of a character, as a cut text has it: refused in words wherever a person types one, never as a raw error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.errors import InvalidCall, NotebookgenError, NotWritable, SettingsError
from notebookgen.normal import is_whole
from three_services import accepted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebookgen.sandbox import Handle

MODEL = "armox:google/nano-banana"
HALF = "a\ud800"
ROWS = pl.DataFrame({"n": [1]})

CALLS: dict[str, Callable[[], Any]] = {
    "tag": lambda: ng.generate("a fox", model=MODEL, tag=HALF),
    "model": lambda: ng.generate("a fox", model=HALF),
    "kind": lambda: ng.generate("a fox", kind=HALF),
    "setting of the project": lambda: ng.configure(**{HALF: 1}),
    "resume": lambda: ng.resume(HALF),
    "resolve": lambda: ng.resolve(HALF, "adopt"),
    "resolve, its job": lambda: ng.resolve("abcd", "adopt", job=HALF),
    "resolve, its action": lambda: ng.resolve("abcd", HALF),
    "cancel": lambda: ng.Client().cancel(HALF),
    "retry": lambda: ng.Client().retry(HALF),
    "models": lambda: ng.models(HALF),
    "provider": lambda: ng.Client(HALF),
    "home": lambda: ng.configure(home=f"kept/{HALF}"),
    "address": lambda: ng.configure(base_urls={"armox": f"https://example.com/{HALF}"}),
    "cap": lambda: ng.configure(total_budget={"all": f"5 {HALF}"}),
    "template": lambda: ng.map(ROWS, f"{HALF} {{n}}", model=MODEL, max_new=1),
    "variable": lambda: ng.map(ROWS, "{n} {v}", model=MODEL, max_new=1, variables={"v": HALF}),
    "prefix": lambda: ng.map(ROWS, "row {n}", model=MODEL, max_new=1, prefix=HALF),
    "budget": lambda: ng.generate("a fox", model=MODEL, budget=f"5 {HALF}"),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_half_a_character_is_refused_before_anything_is_sent(real: Handle, name: str) -> None:
    """A tag, an id, a name or an address: the message can be printed, and says what is wrong."""
    with pytest.raises((InvalidCall, SettingsError, NotebookgenError)) as caught:
        CALLS[name]()
    assert "surrogate" not in str(caught.value)
    assert is_whole(str(caught.value))  # else a kernel shows nothing at all
    assert 0 == accepted(real, "armox")


@pytest.mark.parametrize("name", [f"{HALF}.csv", f"{HALF}.parquet"])
def test_an_export_under_such_a_name_is_refused(home: Path, tmp_path: Path, name: str) -> None:
    """No file system takes it, so that nothing is written."""
    assert not home.exists()
    with pytest.raises(NotWritable, match="its name cannot be written on this machine"):
        ng.ledger().export(tmp_path / name)
    assert [] == list(tmp_path.glob("*.csv"))


@pytest.mark.parametrize("name", [HALF, f"{HALF}.png"])
def test_a_copy_under_such_a_name_is_refused(played: Handle, tmp_path: Path, name: str) -> None:
    """What was paid for stays where it is."""
    del played
    result: Any = ng.generate("a fox", model=MODEL, timeout=60)
    with pytest.raises(NotWritable, match=r"its name cannot be written on this machine.*What was paid for is safe"):
        result.save(tmp_path / name)


def test_a_text_is_whole_or_not() -> None:
    """Characters beyond the first plane are whole."""
    assert [True, True, False] == [is_whole(text) for text in ("", "a\U0001f600", HALF)]
