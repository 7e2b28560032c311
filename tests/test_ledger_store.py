"""The ledger file: unique by its own rules, summed over rows, safe between kernels, and clear when it cannot be written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notebookgen.errors import LedgerError, NotWritable
from notebookgen.jobs.states import State
from notebookgen.ledger import filesystem, writing
from notebookgen.ledger.filesystem import is_network_folder
from notebookgen.ledger.lasting import Lasted
from notebookgen.ledger.reader import Reader
from notebookgen.ledger.rows import from_nano, outputs_from, outputs_text, realm_from, realm_text, to_nano
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.records import Asset, Generation, InputImage, Output, Realm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REALM = Realm("armox", "0123456789ab")
USD = 1_000_000_000


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """A ledger with one run."""
    opened = Store(home)
    opened.begin_run("r", at=1, kernel="k", notebook="n.ipynb", tag=None)
    yield opened
    opened.close()


def wanted(prompt: str = "a fox", *, sample: int = 0, realm: Realm = REALM, **settings_: Any) -> Generation:
    return Generation(realm, "google/nano-banana", prompt, settings_, sample=sample, kind="image")


def bought(
    store: Store,
    generation: Generation,
    *,
    unit: str | None = "USD",
    reserved: int | None = USD,
    run: str = "r",
    **columns: Any,
) -> int:
    """Write down a generation and an attempt to buy it, changed as told."""
    store.remember(generation, 1)
    key = store.add_intent(
        generation, run=run, realm=realm_text(generation.realm), kernel="k", at=5, unit=unit, reserved=reserved
    )
    if columns:
        assert store.update(key, **columns)
    return key


# What comes back is what was kept ----------------------------------------------------------------------------------


def test_a_generation_comes_back_whole(store: Store) -> None:
    """Every part of what was asked for is in the ledger; remembering it again changes nothing."""
    image = InputImage(field="mask", sha256="0" * 64, mime="image/png", size=9, listed=False)
    one = Generation(REALM, "m", "ä\n'; DROP TABLE runs", {"n": 2, "deep": {"a": [1]}}, (image,), 3, "video")
    store.remember(one, 1)
    store.remember(one, 2)
    found = store.generation(one.id)

    assert one == found
    assert found is not None
    assert (one.id, one.content, dict(one.settings)) == (found.id, found.content, dict(found.settings))
    assert None is store.generation("nothing")


def test_an_attempt_comes_back_whole(store: Store) -> None:
    """An intent has its run, realm, kernel, time and reservation; further attempts are counted."""
    one = wanted()
    key = bought(store, one)
    store.update(key, state="refused")
    again = bought(store, one, reserved=None, unit=None)
    last, first = store.last_attempt(one.id), store.attempt(key)

    assert last is not None
    assert first is not None
    assert (again, 2, None, None, "intent") == (last.key, last.number, last.reserved, last.unit, last.state)
    assert (1, "r", "armox|0123456789ab|0", "k", 5, USD, "USD") == (
        first.number, first.run, first.realm, first.kernel, first.at, first.reserved, first.unit,
    )  # fmt: skip
    assert [again] == [row.key for row in store.open_attempts()]
    assert [key, again] == [row.key for row in store.run_attempts("r")]
    assert None is store.last_attempt("nothing")


def test_files_come_back_with_their_place(store: Store, home: Path) -> None:
    """Paths are kept relative to the home folder, so that a home folder that is moved keeps its files."""
    key = bought(store, wanted())
    assets = tuple(
        Asset(
            str(home / "media" / f"{n}.mp4"),
            "video",
            "video/mp4",
            5,
            "0" * 64,
            "x",
            "https://a.example",
            4,
            3,
            1.5,
            sound,
        )
        for n, sound in enumerate((True, False, None))
    )
    store.keep_assets(key, dict(enumerate(assets)))
    store.keep_assets(key, dict(enumerate(assets)))
    store.close()
    moved = home.with_name("moved")
    home.rename(moved)
    elsewhere = Store(moved)

    assert tuple(replace(one, path=one.path.replace(str(home), str(moved))) for one in assets) == elsewhere.assets(key)
    elsewhere.close()


def test_outputs_and_realms_come_back() -> None:
    """What is to be downloaded, and for whom, survives as text; bytes are kept elsewhere."""
    outputs = (Output("a", url="https://a.example"), Output("b", text="words"))

    assert outputs == outputs_from(outputs_text(outputs))
    assert () == outputs_from(None)
    for realm in (REALM, Realm("apixo", "sandbox", sandbox=True)):
        assert realm == realm_from(realm_text(realm))


@given(st.decimals(min_value=0, max_value=9 * 10**9, places=9))
def test_nano_units_lose_nothing(amount: Decimal) -> None:
    """An amount of up to nine decimal places comes back as it was; a finer one is rounded up, never away."""
    nano = to_nano(amount)

    assert nano is not None
    assert amount == from_nano(nano)
    assert nano + 1 == to_nano(amount + Decimal("1e-10"))
    assert None is to_nano(None)


def test_people_type_the_first_digits(store: Store) -> None:
    """Ids are found by their beginning; wildcards of SQL are none here."""
    one, other = wanted(), wanted("a cat")
    store.remember(one, 1)
    store.remember(other, 1)

    assert [one.id] == store.ids_like(one.id[:8])
    assert [] == store.ids_like("") == store.ids_like("%") == store.ids_like(one.id[:3])
    assert [] == store.ids_like("zz")
    assert [] == store.ids_like("'; DROP TABLE generations; --")


# Rules of the file itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["intent", "submitted", "completed", "ambiguous"])
def test_a_generation_is_never_under_way_twice(store: Store, state: str) -> None:
    """The file itself refuses a second open attempt, whatever a program does."""
    bought(store, wanted(), state=state)

    with pytest.raises(sqlite3.IntegrityError, match=r"attempts.generation"):
        bought(store, wanted())
    assert 1 == len(store.run_attempts("r"))


@pytest.mark.parametrize(
    "state", [str(one) for one in State if str(one) in {"failed", "refused", "cancelled", "saved", "planned"}]
)
def test_what_is_over_may_be_tried_again(store: Store, state: str) -> None:
    """An attempt that is over is in nobody's way."""
    bought(store, wanted(), state=state)
    bought(store, wanted())

    assert [1, 2] == [row.number for row in store.run_attempts("r")]


def test_a_job_is_adopted_once_in_its_realm(store: Store) -> None:
    """Two attempts of one realm cannot have one job; another realm's job of that name is another one."""
    bought(store, wanted(), job="j", state="submitted")
    bought(store, wanted(realm=Realm("apixo", "0123456789ab")), job="j", state="submitted")
    other = bought(store, wanted("a cat"))

    with pytest.raises(sqlite3.IntegrityError, match=r"attempts.realm"):
        store.update(other, job="j")
    assert {"j"} == store.adopted_jobs(realm_text(REALM))


def test_a_move_is_made_only_from_where_it_starts(store: Store) -> None:
    """With the old state given, a change is made only while that still holds; the answer says whether it did."""
    key = bought(store, wanted())

    assert True is store.update(key, "intent", state="submitted", job="j")
    assert False is store.update(key, "intent", state="refused")
    row = store.attempt(key)
    assert row is not None
    assert ("submitted", "j") == (row.state, row.job)


def test_an_attempt_needs_a_generation_and_a_run(store: Store) -> None:
    """Nothing hangs in the air."""
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        store.add_intent(wanted(), run="r", realm="x", kernel="k", at=1, unit=None, reserved=None)
    store.remember(wanted(), 1)
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        store.add_intent(wanted(), run="nobody's", realm="x", kernel="k", at=1, unit=None, reserved=None)


def test_a_transaction_is_whole_or_nothing(store: Store) -> None:
    """An error takes back all of it, with what an inner one did; after that the ledger goes on."""
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012 - the whole of a transaction
        bought(store, wanted())
        with store.transaction():
            bought(store, wanted("a cat"))
        raise ZeroDivisionError
    assert [] == store.run_attempts("r")

    with store.transaction():
        bought(store, wanted())
    assert 1 == len(store.run_attempts("r"))


def test_it_is_written_through(store: Store) -> None:
    """WAL and ``synchronous=FULL``: what is committed survives the machine's end."""
    assert "wal" == store._db.execute("PRAGMA journal_mode").fetchone()[0]
    assert 2 == store._db.execute("PRAGMA synchronous").fetchone()[0]
    assert 1 == store._db.execute("PRAGMA foreign_keys").fetchone()[0]


# Money -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reserved", "charged", "refunded", "expected"),
    [
        ("intent", 5, None, None, 5),
        ("submitted", 5, None, None, 5),
        ("submitted", 5, 7, None, 7),
        ("submitted", 5, 3, None, 5),
        ("completed", 5, 3, None, 5),
        ("ambiguous", 5, None, None, 5),
        ("ambiguous", None, None, None, 0),
        ("saved", 5, 3, None, 3),
        ("saved", 5, None, None, 0),
        ("failed", 5, 5, 5, 0),
        ("failed", 5, 5, 2, 3),
        ("refused", 5, 0, None, 0),
        ("cancelled", 5, 4, 4, 0),
        ("planned", 5, None, None, 0),
    ],
)
def test_what_counts_as_committed(
    store: Store, state: str, reserved: int | None, charged: int | None, refunded: int | None, expected: int
) -> None:
    """Open: the larger of reserved and charged. Over: charged less refunded. Taken back: nothing."""
    bought(store, wanted(), reserved=reserved, state=state, charged=charged, refunded=refunded)

    assert expected == store.committed(unit="USD")
    assert 0 == store.committed(unit="credits")


MONEY = st.none() | st.integers(0, 10**12)
ROWS = st.lists(
    st.tuples(st.sampled_from([str(one) for one in State if one not in {State.SKIPPED, State.INVALID}]),
              st.sampled_from(["USD", "credits"]), st.sampled_from(["r", "s"]), st.sampled_from(["armox", "apixo"]),
              MONEY, MONEY, MONEY),
    max_size=8,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_sums_are_sums_over_rows(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    """By run, by realm and in all, each unit by itself: what is committed is what the rows say, whatever they say."""
    opened = Store(tmp_path_factory.mktemp("sums"))
    for run in ("r", "s"):
        opened.begin_run(run, at=1, kernel="k", notebook=None, tag=None)
    told: list[tuple[str, str, str, int]] = []
    for n, (state, unit, run, provider, reserved, charged, refunded) in enumerate(rows):
        realm = Realm(provider, "0" * 12)
        bought(
            opened,
            wanted(str(n), realm=realm),
            unit=unit,
            run=run,
            reserved=reserved,
            state=state,
            charged=charged,
            refunded=refunded,
        )
        still = state in {"intent", "submitted", "completed", "ambiguous"}
        counts = max(reserved or 0, charged or 0) if still else (charged or 0) - (refunded or 0)
        told.append((unit, run, realm_text(realm), counts))

    for unit in ("USD", "credits"):
        assert sum(one[3] for one in told if one[0] == unit) == opened.committed(unit=unit)
        for run in ("r", "s"):
            assert sum(one[3] for one in told if one[:2] == (unit, run)) == opened.committed(unit=unit, run=run)
        for provider in ("armox", "apixo"):
            text = realm_text(Realm(provider, "0" * 12))
            expected = sum(one[3] for one in told if one[0] == unit and one[2] == text)
            assert expected == opened.committed(unit=unit, realm=text)
    opened.close()


def test_the_most_it_ever_cost(store: Store) -> None:
    """Reservations learn from reported charges of the same model and settings, of nothing else."""
    bought(store, wanted("one", size=1), state="saved", charged=7, basis="reported")
    bought(store, wanted("two", size=1), state="saved", charged=9, basis="reported")
    bought(store, wanted("three", size=1), state="saved", charged=90, basis="listed")
    bought(store, wanted("four", size=2), state="saved", charged=900, basis="reported")

    assert (9, "USD") == store.highest_charge(wanted("five", size=1))
    assert None is store.highest_charge(wanted("five", size=3))


def test_how_long_jobs_took(store: Store) -> None:
    """The newest first, of the same settings or of the model: what was done, and how long others lived; nothing of a sandbox."""
    for n, seconds in enumerate((1.0, 50.0)):
        bought(store, wanted(str(n), size=1), state="saved", seconds=seconds, lived=seconds / 2)
    bought(store, wanted("failed", size=1), state="failed", lived=9.0, began=4.0)
    bought(store, wanted("at once", size=1), state="failed")
    bought(store, wanted("other", size=2), state="saved", seconds=80.0)
    alike = [Lasted(None, 9.0, 4.0), Lasted(50.0, 25.0), Lasted(1.0, 0.5)]
    realm = wanted().realm
    sandbox = Realm("armox", "sandbox", sandbox=True)

    assert alike == store.lasted(shape=wanted(size=1).shape)
    assert [Lasted(80.0), *alike] == store.lasted(realm=realm_text(realm), model=wanted().model)
    assert [Lasted(80.0), *alike] == Reader(store.home).lasted(realm, wanted().model)
    assert [] == store.lasted(shape=wanted(size=3).shape)
    assert [] == store.lasted(realm=realm_text(sandbox), model=wanted().model)
    assert [] == store.lasted(shape=wanted(size=1, realm=sandbox).shape)


def test_unused_samples(store: Store) -> None:
    """Handed over ones are used, and failures for good; begun, refused and retryable ones are taken up again."""
    for sample, columns in enumerate(
        ({"state": "saved"}, {"state": "submitted"}, {"state": "failed", "retryable": 0}, {"state": "failed", "retryable": 1}, {"state": "refused"})
    ):  # fmt: skip
        bought(store, wanted(sample=sample), **columns)
    store.begin_run("left", at=1, kernel="k", notebook=None, tag=None)
    store.begin_run("taken", at=1, kernel="k", notebook=None, tag=None)
    for run in ("left", "taken"):
        store.add_rows(run, [(0, 0, wanted(sample=0).id)])
    store.end_run("left", 2)

    assert [0, 1, 3, 4] == store.unused_samples(wanted().content, 4)
    store.end_run("taken", 2, delivered=True)
    assert [1, 3, 4, 5] == store.unused_samples(wanted().content, 4)
    assert [0, 1] == store.unused_samples(wanted("a cat").content, 2)


# Between kernels ---------------------------------------------------------------------------------------------------


def test_what_one_kernel_commits_the_other_sees(store: Store, home: Path) -> None:
    """Two connections to one file: sums, attempts and refusals are the same for both."""
    other = Store(home)
    bought(store, wanted())

    assert USD == other.committed(unit="USD")
    with pytest.raises(sqlite3.IntegrityError, match=r"attempts.generation"):
        bought(other, wanted())
    other.close()


def test_no_number_of_kernels_overspends_together(store: Store, home: Path) -> None:
    """The check and the intent are one transaction: of 40 wishes in 8 kernels, a cap of 10 lets exactly 10 through."""
    gate, sent, errors = threading.Barrier(8), list[int](), list[BaseException]()

    def kernel(number: int) -> None:
        try:
            mine = Store(home)
            gate.wait(30)
            for n in range(5):
                with mine.transaction():
                    if mine.committed(run="r", unit="USD") + USD <= 10 * USD:
                        sent.append(bought(mine, wanted(f"{number}-{n}")))
            mine.close()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=kernel, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert ([], 10, 10) == (errors, len(sent), len(set(sent)))
    assert 10 * USD == store.committed(unit="USD")


def test_a_ledger_that_is_held_says_so(store: Store, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program in the middle of a write: wait, then tell what to close."""
    monkeypatch.setattr(writing, "BUSY_SECONDS", 0.1)
    other = Store(home)
    with store.transaction(), pytest.raises(LedgerError, match="another program has held the ledger"):
        bought(other, wanted())
    other.close()


# What cannot be written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"not a database at all, but some words about one" * 40, b"\x00" * 5000])
def test_a_damaged_file_is_left_as_it_is(home: Path, content: bytes) -> None:
    """What is no ledger is named, with two ways on, and not touched."""
    home.mkdir()
    (home / FILE_NAME).write_bytes(content)

    with pytest.raises(LedgerError, match="is damaged") as caught:
        Store(home)

    assert content == (home / FILE_NAME).read_bytes()
    assert "backup" in str(caught.value)


def test_a_ledger_with_a_hole_in_it(store: Store, home: Path) -> None:
    """A file whose middle was overwritten is damaged, too, and no row is invented."""
    for n in range(200):
        bought(store, wanted(str(n), text="x" * 100))
    store.close()
    path = home / FILE_NAME
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(4096))

    with pytest.raises(LedgerError, match="is damaged"):
        Store(home).open_attempts()


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    """Where the folder cannot be made, the message names it and where else to go."""
    (tmp_path / "home").write_bytes(b"")

    for home in (tmp_path / "home", tmp_path / "home" / "deeper"):
        with pytest.raises(NotWritable, match="NOTEBOOKGEN_HOME"):
            Store(home)


def test_a_ledger_that_may_only_be_read(store: Store, home: Path) -> None:
    """The file is there and cannot be written: nothing is sent, and the message says where else to go."""
    store._db.execute("PRAGMA query_only = ON")

    with pytest.raises(NotWritable, match="nothing was sent"):
        bought(store, wanted())
    assert [] == store.run_attempts("r")


# Network file systems ----------------------------------------------------------------------------------------------


def mounts(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "mounts"
    path.write_text("".join(f"server {line} rw 0 0\n" for line in ("/ ext4", *lines)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], False),
        (["{here} nfs4"], True),
        (["{parent} nfs"], True),
        (["{parent} nfs", "{here} ext4"], False),
        (["{here} ext4", "{parent} nfs"], False),
        (["{here} fuse.sshfs"], True),
        (["{here}more nfs"], False),
        (["{here} tmpfs", "{here} cifs"], True),
        (["", "broken"], False),
    ],
)
def test_the_nearest_mount_decides(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    lines: list[str],
    expected: bool,  # noqa: FBT001 - a parametrised fact
) -> None:
    """The mount nearest to the folder tells its kind; the newest one counts where two are on one place."""
    here = tmp_path / "my files"
    here.mkdir()
    told = [line.format(here=str(here).replace(" ", "\\040"), parent=tmp_path) for line in lines]
    monkeypatch.setattr(filesystem, "MOUNTS", mounts(tmp_path, *told))

    assert expected == is_network_folder(here)
    assert expected == is_network_folder(here / "not there yet")


def test_where_the_system_does_not_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a list of mounts a folder counts as local."""
    monkeypatch.setattr(filesystem, "MOUNTS", tmp_path / "none")

    assert False is is_network_folder(tmp_path)


def test_a_network_file_system_gets_no_wal(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """WAL needs shared memory, which a network does not share: there the ledger is kept the slower way."""
    monkeypatch.setattr(filesystem, "MOUNTS", mounts(tmp_path, f"{home.parent} nfs4"))
    opened = Store(home)

    assert "delete" == opened._db.execute("PRAGMA journal_mode").fetchone()[0]
    opened.close()


FORKED_MIDWAY = """
import os, pathlib, sys, threading
from notebookgen.ledger import store as ledger, writing
writing.BUSY_SECONDS = 5.0
home, inside = pathlib.Path(sys.argv[1]), threading.Event()
store = []

def write():
    store.append(ledger.Store(home))
    with store[0].transaction():
        store[0].begin_run("parent", at=1, kernel="k", notebook=None, tag=None)
        inside.set()
        threading.Event().wait(0.5)  # nobody sets it: the transaction is open while the main thread forks

writer = threading.Thread(target=write)
writer.start()
inside.wait(30)
child = os.fork()
if child == 0:
    own = ledger.Store(home)
    own.begin_run("child", at=2, kernel="c", notebook=None, tag=None)
    os._exit(0)
status = os.waitpid(child, 0)[1]
writer.join(30)
print(status)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system, so nothing is inherited")
def test_a_fork_in_the_middle_of_a_write_locks_nobody_out(tmp_path: Path) -> None:
    """The fork waits for the end of the transaction, so that the child does not inherit a lock that nobody gives back."""
    command = [sys.executable, "-W", "ignore", "-c", FORKED_MIDWAY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ("0", "") == (done.stdout.strip(), done.stderr)
