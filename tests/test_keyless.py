"""What was paid for with a key that is not at hand: it is counted, and its variable is named; what sends nothing works."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import InvalidCall, MissingKey
from notebookgen.notebook import commands
from notebookgen.notebook.arguments import Command
from notebookgen.sandbox import Fault
from scripted import until
from three_services import numbered

if TYPE_CHECKING:
    from notebookgen.sandbox.handle import Handle

PICTURE = "apixo:nano-banana"
AWAY = r"the key of the account apixo/[0-9a-f]+ is not at hand: APIXO_API_KEY is not set, or is another account's"


@pytest.fixture(params=["gone", "another account's"])
def left(real: Handle, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> tuple[str, str]:
    """Leave a row submitted and one ambiguous, end that client, take the key away; return the latter's run and id."""
    real.configure(seconds=(600.0, 600.0))
    run = ng.map(numbered(1), "row {n}.", model=PICTURE, max_new=9, background=True)
    until(lambda: {"submitted": 1} == dict(run.handle.snapshot().states))
    real.configure(misbehave=(Fault(kind="html", service="apixo"),))
    run = ng.map(numbered(1), "another {n}.", model=PICTURE, max_new=9, background=True)
    until(lambda: {"ambiguous": 1} == dict(run.handle.snapshot().states))
    held = next(row for row in run.handle.rows() if row.state == "ambiguous").generation.id
    default_client().close()
    if request.param == "gone":
        monkeypatch.delenv("APIXO_API_KEY")
    else:
        monkeypatch.setenv("APIXO_API_KEY", "another-key-of-another-account")
    return str(run.run), held


def test_what_is_open_and_cannot_be_taken_up_is_counted(left: tuple[str, str]) -> None:
    """It is not said that nothing was left open: how many rows of which account wait for which variable is."""
    results = ng.resume()
    assert re.search(f"1 ambiguous, 1 submitted left as they are: {AWAY}", repr(results)), repr(results)
    results = ng.resume(left[0])
    assert (1, True) == (len(results), bool(re.search(f" 1 ambiguous left as they are: {AWAY}", repr(results))))
    page = str(commands.run(Command("resume"), default_client))
    assert "nothing to resume" not in page
    assert "APIXO_API_KEY" in page
    assert "%generate resume" in page
    assert 4 >= len(page.splitlines())


def test_a_cancel_names_the_variable(left: tuple[str, str]) -> None:
    """Each row that cannot be cancelled says whose key is missing, and where it belongs."""
    told = ng.Client().cancel(left[0])
    assert re.search(f"^{left[1][:8]}: {AWAY}. Mend that, and cancel again.$", str(told)), told


def test_writing_off_needs_no_key(left: tuple[str, str]) -> None:
    """It sends nothing: what was reserved counts as spent, and the next resume counts one row less."""
    result = ng.resolve(left[1][:8], "write_off")
    assert "failed" == result.status
    assert "1 submitted left as they are" in repr(ng.resume())


def test_what_sends_something_needs_the_key(left: tuple[str, str]) -> None:
    """Adopting and sending again ask for it; a word that is none is told first."""
    for action in ("adopt", "resubmit"):
        with pytest.raises(MissingKey, match=AWAY):
            ng.resolve(left[1][:8], action, job="job-1" if action == "adopt" else None)
    with pytest.raises(InvalidCall, match="'banana' is no way to resolve"):
        ng.resolve(left[1][:8], "banana")
