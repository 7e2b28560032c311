"""The audit: what agrees, what the ledger lacks, what differs, and what nobody can tell, in the providers' own numbers."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.client import Client
from notebookgen.errors import InvalidCall
from notebookgen.jobs.auditing import accounts, audit
from notebookgen.ledger.frame import Ledger
from notebookgen.ledger.store import FILE_NAME, Store

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.auditing import Finding
    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.usefixtures("hasty")

MODEL = "armox:google/nano-banana"


def findings(client: Client, home: Path, provider: str = "armox") -> list[Finding]:
    """Return what an audit of one provider comes to."""
    return audit(home, accounts(client._house, provider, client._lane))


def kinds(found: list[Finding]) -> list[str]:
    return [one.finding for one in found]


def changed(home: Path, sql: str, *values: Any) -> None:
    """Change the ledger behind everybody's back."""
    database = sqlite3.connect(home / FILE_NAME, isolation_level=None, timeout=30)
    database.execute(sql, values)
    database.close()


def test_what_agrees_is_said(client: Client, home: Path) -> None:
    """Every listed job has its row and its charge, and what moved on the balance is what the ledger spent."""
    client.generate("a fox", model=MODEL, timeout=30)
    first = findings(client, home)
    client.generate("a cat", model=MODEL, timeout=30)
    second = findings(client, home)

    assert (["agrees", "first look"], ["agrees", "agrees"]) == (kinds(first), kinds(second))
    assert "2 jobs of the 2 that Armox lists agree with the ledger" == second[0].words
    assert (Decimal(70), Decimal(70), "credits") == (second[1].ledger, second[1].told, second[1].unit)
    assert "70 credits less than at the last audit, as the ledger has it" == second[1].words


def test_a_job_that_the_ledger_lacks_is_told(
    client: Client, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bought elsewhere with the same key: the job, its charge, and the balance that moved without us."""
    client.generate("a fox", model=MODEL, timeout=30)
    findings(client, home)
    monkeypatch.setenv("NOTEBOOKGEN_HOME", str(tmp_path / "other"))
    other = Client()
    job = other.generate("a cat", model=MODEL, timeout=30).job
    other.close()
    monkeypatch.setenv("NOTEBOOKGEN_HOME", str(home))
    found = findings(client, home)

    assert ["not in the ledger", "agrees", "balance differs"] == kinds(found)
    assert (job, Decimal(70)) == (found[0].job, found[0].told)
    assert "bought elsewhere with this key" in found[0].words
    assert (
        "70 credits less than at the last audit, and the ledger spent 0 credits: 70 credits more than it can explain"
        == (found[2].words)
    )


def test_a_charge_that_differs_is_told(client: Client, home: Path) -> None:
    """Both amounts, the job and the generation; a row that is not on the list is told, too."""
    result = client.generate("a fox", model=MODEL, timeout=30)
    findings(client, home)
    client.generate("a cat", model=MODEL, timeout=30)
    changed(home, "UPDATE attempts SET charged = 60000000000 WHERE generation = ?", result.id)
    found = findings(client, home)[0]

    assert ("charge differs", result.id, Decimal(60), Decimal(70)) == (
        found.finding,
        found.id,
        found.ledger,
        found.told,
    )
    assert f"job {result.job}: Armox says 70 credits charged, the ledger has 60 credits" == found.words


def test_what_cannot_be_told_stays_unknown(client: Client, home: Path) -> None:
    """A row of unknown cost leaves a balance open, and a service without a list has no jobs to compare."""
    client.generate("a fox", model="apixo:nano-banana", timeout=30)
    findings(client, home, "apixo")
    second = client.generate("a cat", model="apixo:nano-banana", timeout=30)
    changed(home, "UPDATE attempts SET charged = NULL, basis = 'unknown' WHERE generation = ?", second.id)
    found = findings(client, home, "apixo")

    assert ["unknown", "unknown"] == kinds(found)
    assert "APIXO lists no jobs, so single charges cannot be compared" == found[0].words
    assert "1 row of unknown cost or under way leave it open" in found[1].words


def test_an_account_that_cannot_be_asked_is_a_finding(
    client: Client, sandbox: Handle, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer is no agreement, and does not hide the other accounts."""
    monkeypatch.setenv("ARMOX_BASE_URL", f"{sandbox.base_urls['armox']}/nowhere")
    lost = Client()
    found = audit(home, accounts(lost._house, None, lost._lane))

    assert {"unknown"} == {one.finding for one in found if one.provider == "armox"}
    assert ["unknown", "first look"] == kinds([one for one in found if one.provider == "apixo"])


def test_no_account_is_said(home: Path) -> None:
    """Without a key there is nothing to compare with; a ledger that was opened by itself says how to audit."""
    client = Client()
    view = Ledger(home, auditor=lambda: audit(home, accounts(client._house, None, client._lane))).audit()

    assert ("There is no account to compare with: no key is set.", 0) == (str(view), len(view))
    with pytest.raises(InvalidCall, match=r"ng\.ledger\(\)\.audit\(\)"):
        Ledger(home).audit()


def test_an_audit_is_a_table(client: Client, home: Path) -> None:
    """Words for a person, a frame with a column ``finding`` behind it, amounts exact."""
    client.generate("a fox", model=MODEL, timeout=30)
    lanes = accounts(client._house, "armox", client._lane)
    view = Ledger(home, auditor=lambda: audit(home, lanes)).audit()

    assert ("provider", "finding", "what was found") == view.columns
    assert ["agrees", "first look"] == view["finding"].to_list()
    assert "on the account; the next audit tells what moved" in str(view)
    assert [None, Decimal(view.rows[1][2].split()[0])] == view["told"].to_list()
    assert set(asdict(audit(home, lanes)[0])) == set(view.frame.columns)


def test_balances_are_kept(client: Client, sandbox: Handle, home: Path) -> None:
    """Each balance that was seen is in the ledger, with its account and its moment."""
    client.generate("a fox", model=MODEL, timeout=30)
    findings(client, home)
    store = Store(home)
    lane = accounts(client._house, "armox", client._lane)[0]
    seen = store.last_balance(f"armox|{lane.realm.account}|0")
    store.close()

    assert seen is not None
    assert ("credits", True) == (seen[1], seen[2] > 0)
    assert 1 == len(sandbox.state()["creates"])
