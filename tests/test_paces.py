"""Paces shared by kernels: one allowance, whatever a kernel does or dies of, and a file that is a help and never a need."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from notebookgen.jobs.paces import Paces, limit_lines
from notebookgen.ledger.pacefile import FILE_NAME, PaceFile
from notebookgen.rates import Rates
from notebookgen.records import Realm
from notebookgen.settings import Settings
from notebookgen.transport.limits import Heard, Limit
from pacing_world import Service, side_by_side

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.paces import SharedGate

REALM = Realm("tailor", "0123456789ab")
OTHER = Realm("tailor", "ba9876543210")


class Clock:
    """Seconds that go on when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def settings(home: Path, **rates: int) -> Settings:
    return Settings(home=home, limits={"tailor": Rates(**rates)} if rates else {})


def gate(home: Path, clock: Clock, realm: Realm = REALM, *, start: str = "one", **rates: int) -> SharedGate:
    """Return an account's gate as another kernel has it."""
    return Paces(home, clock=clock, start=start).gate(realm, settings(home, **rates))


def taken(one: SharedGate) -> int:
    count = 0
    while one.take("create") == 0:
        one.end(one.begin("create"), Heard())
        count += 1
    return count


def test_kernels_share_one_allowance(home: Path) -> None:
    """What one has sent, the others cannot send within the window."""
    clock = Clock()
    one, two = gate(home, clock, per_minute=5), gate(home, clock, per_minute=5)
    for _ in range(3):
        assert 0.0 == one.take("create")
        one.end(one.begin("create"), Heard())
    assert [2, 0] == [taken(two), taken(one)]
    clock.now += 61
    assert 5 == taken(one)


def test_accounts_share_nothing(home: Path) -> None:
    """Each account has its own allowance."""
    clock = Clock()
    assert 5 == taken(gate(home, clock, per_minute=5))
    assert 5 == taken(gate(home, clock, OTHER, per_minute=5))


def test_nothing_is_touched_where_no_limit_is_known(home: Path) -> None:
    """There is no file before there is something to share."""
    one = gate(home, Clock())
    for _ in range(100):
        one.take("create")
        one.end(one.begin("create"), Heard())
    assert not (home / FILE_NAME).exists()


def test_what_one_kernel_learns_binds_the_others_at_once(home: Path) -> None:
    """A pause, and how many there may be: a kernel that knew of no limit takes it over."""
    clock = Clock()
    one, two = gate(home, clock), gate(home, clock)
    assert 0.0 == two.take("create")
    for _ in range(10):
        one.end(one.begin("create"), Heard())
    one.end(one.begin("create"), Heard("refused", retry_after=30.0))
    one.take("create")
    clock.now += 1
    assert 28 < two.take("create") <= 30
    assert Limit(9, 60.0, "learned") == two.pace.tightest


@pytest.mark.parametrize(("count", "window"), [(5, 1.0), (20, 10.0), (60, 60.0)])
@pytest.mark.parametrize("kernels", [2, 3])
def test_kernels_that_meet_a_limit_together_are_as_fast_as_one(
    home: Path, tmp_path: Path, kernels: int, count: int, window: float
) -> None:
    """What is refused was one too many for all of them, so the limit is learned from what all of them have sent."""
    alone, together = Service([(count, window)]), Service([(count, window)])
    one = side_by_side(alone, tmp_path / "alone", kernels=1, rows=60, law=(2.0, 0.3), places=16)
    several = side_by_side(together, home, kernels=kernels, rows=60 // kernels, law=(2.0, 0.3), places=16)
    assert max(done.seconds for done in several) <= 1.25 * one[0].seconds
    assert len(together.refused) <= len(alone.refused) + 16 * kernels


REFUSED = """
import sys
from pathlib import Path
from notebookgen.jobs.paces import Paces
from notebookgen.records import Realm
from notebookgen.settings import Settings
from notebookgen.transport.limits import Heard
home = Path(sys.argv[1])
gate = Paces(home).gate(Realm("tailor", "0123456789ab"), Settings(home=home))
for _ in range(10):
    gate.take("create")
    gate.end(gate.begin("create"), Heard())
gate.end(gate.begin("create"), Heard("refused", retry_after=30.0))
gate.take("create")
"""


def test_what_a_process_has_sent_counts_for_what_another_one_learns(home: Path) -> None:
    """Ten of this one and ten of another one were taken before the refusal: twenty is what the service takes."""
    paces = Paces(home)
    one = paces.gate(REALM, settings(home))
    for _ in range(10):
        assert 0.0 == one.take("create")
        one.end(one.begin("create"), Heard())
    ended = subprocess.run([sys.executable, "-c", REFUSED, str(home)], check=False, timeout=60)
    assert 0 == ended.returncode
    now = paces.clock()
    paces.clock = one.clock = lambda: now + 1  # it is not looked at all the time whether others have learned something
    assert 0 < one.take("create") <= 30
    assert Limit(18, 60.0, "learned") == one.pace.tightest


def test_what_was_learned_outlives_the_kernel(home: Path) -> None:
    """The next one knows it from the start, also after the machine was started anew; its moments do not count then."""
    clock = Clock()
    one = gate(home, clock)
    for _ in range(10):
        one.end(one.begin("create"), Heard())
    one.end(one.begin("create"), Heard("refused", retry_after=30.0))
    one.crowd(4)
    clock.now = 20.0
    later = gate(home, clock, start="two")
    assert 0.0 == later.take("create")
    assert (Limit(9, 60.0, "learned"), 4) == (later.pace.tightest, later.pace.most_jobs())


def test_what_an_earlier_start_of_the_machine_has_sent_does_not_count(home: Path) -> None:
    """Its clock was another one."""
    clock = Clock()
    assert 5 == taken(gate(home, clock, per_minute=5))
    assert 5 == taken(gate(home, clock, per_minute=5, start="two"))


def test_what_would_be_sent_in_the_future_does_not_count(home: Path) -> None:
    """A clock that was put back, as in a machine brought back from a snapshot, stops nobody for hours."""
    clock = Clock()
    clock.now = 90_000.0
    assert 5 == taken(gate(home, clock, per_minute=5))
    clock.now = 1000.0
    assert 5 == taken(gate(home, clock, per_minute=5))


def test_what_a_person_sets_holds_at_once(home: Path) -> None:
    """Set, changed, and taken back while the work goes on."""
    clock = Clock()
    paces = Paces(home, clock=clock, start="one")
    one = paces.gate(REALM, settings(home))
    found = []
    for rates in ({"per_minute": 2}, {"per_minute": 6, "concurrent": 3}, {}):
        paces.adjust(settings(home, **rates))
        found.append((one.words, one.pace.most_jobs()))
    assert [("2 a minute", None), ("6 a minute", 3), ("", None)] == found


@pytest.mark.parametrize(
    "content", [b"this is no database, and long enough to be told so" * 40, b"", b"SQLite format 3\0" + b"\0" * 4000]
)
def test_a_broken_file_is_begun_anew(home: Path, content: bytes) -> None:
    """It held nothing that is worth more than the work."""
    home.mkdir()
    (home / FILE_NAME).write_bytes(content)
    one, two = gate(home, Clock(), per_minute=5), gate(home, Clock(), per_minute=5)
    assert [5, 0] == [taken(one), taken(two)]


def test_a_file_that_breaks_midway_stops_nobody(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    """This kernel goes on at its own pace, says so once, and does not begin a window anew."""
    clock = Clock()
    one = gate(home, clock, per_minute=5)
    assert 0.0 == max(one.take("create") for _ in range(3))
    with sqlite3.connect(home / FILE_NAME) as database:
        database.execute("DROP TABLE sends")
    database.close()
    with caplog.at_level(logging.WARNING, "notebookgen"):
        for _ in range(3):
            one.end(one.begin("create"), Heard())
        assert 2 == taken(one)
    assert 1 == len([record for record in caplog.records if FILE_NAME in record.getMessage()])


def test_a_file_that_somebody_holds_stops_nobody(home: Path) -> None:
    """A program that holds it for good is waited for shortly, once."""
    one = gate(home, Clock(), per_minute=5)
    assert 0.0 == one.take("create")
    database = sqlite3.connect(home / FILE_NAME, isolation_level=None)
    try:
        database.execute("BEGIN EXCLUSIVE")
        assert 0.0 == max(one.take("create") for _ in range(4))
        assert one.take("create") > 0
    finally:
        database.close()


def test_a_home_that_is_a_file_stops_nobody(home: Path) -> None:
    """Nor where it cannot even be made."""
    home.write_text("taken")
    assert 5 == taken(gate(home, Clock(), per_minute=5))


def test_a_newer_file_is_left_as_it_is(home: Path) -> None:
    """What a newer notebookgen wrote is neither read nor removed."""
    home.mkdir()
    with sqlite3.connect(home / FILE_NAME) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    before = (home / FILE_NAME).read_bytes()
    assert 5 == taken(gate(home, Clock(), per_minute=5))
    assert before == (home / FILE_NAME).read_bytes()


KILLED = """
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from notebookgen.jobs.paces import Paces
from notebookgen.records import Realm
from notebookgen.rates import Rates
from notebookgen.settings import Settings
home = Path(sys.argv[1])
gate = Paces(home).gate(Realm("tailor", "0123456789ab"), Settings(home=home, limits={"tailor": Rates(per_minute=5)}))
assert 0.0 == max(gate.take("create") for _ in range(3))
gate.begin("create")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal there")
def test_what_a_killed_kernel_held_is_counted_and_then_free(home: Path) -> None:
    """Its requests may have arrived: they count for a window, and not longer."""
    ended = subprocess.run([sys.executable, "-c", KILLED, str(home), "."], check=False, timeout=60)
    assert -9 == ended.returncode
    paces = Paces(home)
    one = paces.gate(REALM, settings(home, per_minute=5))
    assert 2 == taken(one)
    now = paces.clock()
    paces.clock = one.clock = lambda: now + 70
    assert 5 == taken(one)


FORKED = """
import os, sys, threading
from pathlib import Path
from notebookgen.jobs.paces import Paces
from notebookgen.records import Realm
from notebookgen.rates import Rates
from notebookgen.settings import Settings
from notebookgen.transport.limits import Heard
home = Path(sys.argv[1])
gate = Paces(home).gate(Realm("tailor", "0123456789ab"), Settings(home=home, limits={"tailor": Rates(per_minute=5000)}))
ended = threading.Event()
def busy():
    while not ended.is_set():
        if gate.take("create") == 0:
            gate.end(gate.begin("create"), Heard())
thread = threading.Thread(target=busy)
thread.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        gate.take("look")
        os._exit(7)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
ended.set()
thread.join()
assert gate._paces._file is not None
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_shares_the_pace_and_locks_nobody_out(home: Path) -> None:
    """However busy the parent is, the child opens the file for itself, and both go on."""
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED, str(home)], check=True, timeout=60)


def test_two_machines_clocks_are_told_apart_where_no_start_is_known(home: Path) -> None:
    """Two programs of one machine that know its start by their clocks only agree about it."""
    home.mkdir()
    first = PaceFile(home, start="at 1000")
    with first.turn():
        first.write("a", "{}")
    assert ["at 1000", "at 9000"] == [PaceFile(home, start=start).start for start in ("at 1003", "at 9000")]
    first.close()


def test_what_binds_is_said(home: Path) -> None:
    """What was set, told and learned, each with who says so."""
    clock = Clock()
    paces = Paces(home, clock=clock, start="one")
    one = paces.gate(REALM, settings(home, per_minute=60, concurrent=10))
    one.end(one.begin("look"), Heard(told=Limit(40, 60.0, "told"), remaining=39))
    one.pause(12.0)
    assert [
        "pace: 60 a minute, as was set; 40 a minute, as its replies tell; 10 at once, as was set; asked to wait for 12 s"
    ] == limit_lines(paces, REALM)
