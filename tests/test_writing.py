"""What ends at the same moment is written together: one that cannot be written spoils none of the others."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from notebookgen.jobs.budget import parse_budget
from scripted import WAIT, Shop, bench, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle

pytestmark = pytest.mark.usefixtures("hasty")


def states(handle: RunHandle) -> Counter[str]:
    return Counter(str(row.state) for row in handle.rows())


def no_room() -> None:
    """Be an I/O error in the middle of a statement."""
    raise OSError


@pytest.mark.slow
def test_one_that_cannot_be_written_waits_alone(home: Path) -> None:
    """The ledger refuses one of many: the others are saved, and that one is as soon as it can be; nothing is bought twice."""
    shop = Shop()
    shop.instant = True
    with bench(home, shop) as desk:
        desk.engine.call(lambda: desk.store()._db.create_function("no_room", 0, no_room))
        full = """CREATE TEMP TRIGGER full BEFORE UPDATE ON attempts WHEN NEW.state = 'saved' AND NEW.job = 'job-40'
                  BEGIN SELECT no_room(); END"""
        desk.asked(lambda store: store._do(full))
        handle = desk.start(*(wanted(f"coat {number}") for number in range(200)), budget=parse_budget("none"))
        until(lambda: states(handle)["saved"] >= 199 and handle.ended >= 199)
        assert not handle.done
        desk.asked(lambda store: store._do("DROP TRIGGER full"))
        assert handle.wait(WAIT)
        assert Counter(saved=200) == states(handle)
        assert 200 == desk.asked(lambda store: store._all("SELECT count(*) FROM assets")[0][0])
    assert 200 == len(shop.jobs)


@pytest.mark.slow
def test_many_that_end_together_take_fewer_commits(home: Path) -> None:
    """What waits while the loop is busy is written in one transaction."""
    shop = Shop()
    shop.instant = True
    commits: list[str] = []
    with bench(home, shop, concurrency=32) as desk:
        desk.engine.call(lambda: desk.store()._db.set_trace_callback(commits.append))
        handle = desk.start(*(wanted(f"coat {number}") for number in range(200)), budget=parse_budget("none"))
        assert handle.wait(WAIT)
        desk.engine.call(lambda: desk.store()._db.set_trace_callback(None))
    saved = sum("SET state = 'saved'" in line for line in commits)
    assert 200 == saved
    assert sum(line == "COMMIT" for line in commits) < 200
