"""What a job under way takes of memory beside what was asked for: a run of thousands must not fill a small machine."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path

import notebookgen
from notebookgen.jobs.budget import Budget
from scripted import bench, idle, until, wanted

JOBS, BYTES = 60, 3500
OURS = tracemalloc.Filter(inclusive=True, filename_pattern=f"{Path(notebookgen.__file__).parent}/*")


def test_a_submitted_job_takes_few_bytes(tmp_path: Path) -> None:
    """Its ticket, its row, its timer and what is known of its attempt; its look is put off again and again meanwhile."""
    shop = idle()
    with bench(tmp_path / "home", shop, concurrency=1000) as desk:
        first = desk.start(wanted("the first"))
        until(lambda: first.snapshot().states.get("submitted") == 1, "it was not accepted")
        asked = [wanted(f"number {number}") for number in range(JOBS)]
        assert all(one.id and one.shape for one in asked)  # made once, and part of what was asked

        def put_off() -> None:
            for one in desk.engine._core.tickets.values():
                desk.engine._watching.put_off(one, 300.0)

        gc.collect()
        tracemalloc.start()
        try:
            handle = desk.start(*asked, budget=Budget(max_new=JOBS))
            until(lambda: handle.snapshot().states.get("submitted") == JOBS, "they were not accepted", pause=0.05)
            for _ in range(10):
                desk.engine.call(put_off)
            gc.collect()
            taken = tracemalloc.take_snapshot().filter_traces([OURS])
        finally:
            tracemalloc.stop()

        used = sum(one.size for one in taken.statistics("filename")) / JOBS
        assert used < BYTES, [str(one) for one in taken.statistics("lineno")[:10]]
