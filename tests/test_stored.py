"""A disk that is full or may only be read: what is paid for and here is shown; everything else says why it is not."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen.client import Client, default_client
from notebookgen.errors import NotWritable
from notebookgen.ledger.store import FILE_NAME, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notebookgen.sandbox import Handle

MODEL = "armox:google/nano-banana"


@pytest.fixture
def customer(sandbox: Handle, client: Client) -> Iterator[Client]:
    """A customer who has bought a fox, twice."""
    del sandbox
    assert "saved" == made(client).status
    assert "saved" == made(client, fresh=True).status
    yield client
    default_client().close()


def made(client: Client, **options: object) -> ng.Result:
    """Ask for the fox."""
    one = client.generate("a fox", model=MODEL, **options)
    assert isinstance(one, ng.Result)
    return one


def spoil(client: Client, home: Path, how: str) -> None:
    """Have nothing written any more."""
    if how == "full":
        store = client._house.engine._core.store
        client._house.engine.call(lambda: fill(store))
        return
    client.close()
    folder = home / "kernels"
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("no folder, so that no kernel can begin", encoding="utf-8")


def fill(store: Store) -> None:
    """Have the ledger behave as on a full disk."""
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    store._db.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON main.runs BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_what_is_here_is_shown(customer: Client, home: Path, sandbox: Handle, how: str) -> None:
    """The same call again gives the file, says that it cost nothing, and writes nothing."""
    before = made(customer)
    spoil(customer, home, how)
    again = made(customer)
    assert (before.path, "saved", True, before.cost, before.job) == (
        again.path,
        again.status,
        again.cached,
        again.cost,
        again.job,
    )
    assert "nothing spent" in again.handle.summary()
    assert "cached" == customer.quote("a fox", model=MODEL).state
    assert 2 == len(sandbox.state()["creates"])


@pytest.mark.parametrize("how", ["full", "read-only"])
def test_what_is_not_here_says_why(customer: Client, home: Path, sandbox: Handle, how: str) -> None:
    """Another prompt, another one of the same, a file that was deleted: the disk is named, and nothing is sent."""
    (path,) = made(customer).paths
    spoil(customer, home, how)
    for options in ({"prompt": "a cat"}, {"prompt": "a fox", "fresh": True}):
        with pytest.raises(NotWritable):
            customer.generate(**options, model=MODEL)
    path.unlink()
    with pytest.raises(NotWritable):
        customer.generate("a fox", model=MODEL)
    assert 2 == len(sandbox.state()["creates"])


def test_several_are_shown_as_far_as_they_are_here(customer: Client, home: Path, sandbox: Handle) -> None:
    """Two of three samples were bought: they are shown, and the third says why it is not there."""
    spoil(customer, home, "read-only")
    found = customer.generate("a fox", model=MODEL, samples=3)
    assert isinstance(found, ng.Results)
    assert ["saved", "saved", "planned"] == [one.status for one in found]
    assert isinstance(found[2].exception, NotWritable)
    assert 2 == len(sandbox.state()["creates"])


def test_a_ledger_is_read_without_a_write(customer: Client, home: Path) -> None:
    """No file appears beside the ledger, none changes, and what is no ledger is none."""
    customer.close()
    before = {path.name: path.stat().st_mtime_ns for path in home.iterdir()}
    store = Store.to_read(home)
    assert store is not None
    with pytest.raises(sqlite3.OperationalError):
        store._db.execute("DELETE FROM runs")
    store.close()
    assert before == {path.name: path.stat().st_mtime_ns for path in home.iterdir() if path.name in before}
    assert None is Store.to_read(home / "nowhere")
    (home / FILE_NAME).write_bytes(b"no ledger")
    assert None is Store.to_read(home)
