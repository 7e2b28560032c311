"""``map`` from a frame to a frame, over real HTTP with the three services: what is bought is counted on their side."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import polars as pl
import pytest

import notebookgen as ng
from notebookgen.errors import BudgetExceeded, Stopped
from notebookgen.sandbox import Fault
from three_services import accepted, numbered, picture

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.usefixtures("hasty")

POEM = "armox:sandbox/text"
CHAT = "apimodels:claude-haiku-4-5-20251001"


def prompts(real: Handle) -> list[str]:
    """Return the prompts of what was accepted, in their order."""
    return [str(one["body"].get("inputs", one["body"].get("input", one["body"]))) for one in real.state()["creates"]]


# From a frame to a frame ---------------------------------------------------------------------------------------------


def test_rows_come_back_in_their_order_beside_their_columns(played: Handle) -> None:
    """The frame that comes back is the one that went in, with the ``gen_`` columns beside it, a row for a row."""
    frame = pl.DataFrame({"animal": ["fox", "owl", "elk"], "year": [1, 2, 3]})
    results = ng.map(frame, "A {animal} in the year {year}", model=POEM)
    out = results.frame
    assert frame.rows() == out.select("animal", "year").rows()
    assert ["A fox in the year 1", "A owl in the year 2", "A elk in the year 3"] == out["gen_prompt"].to_list()
    assert ["saved"] * 3 == out["gen_status"].cast(pl.String).to_list()
    assert all(Path(path).is_file() for path in out["gen_path"])
    assert len(set(out["gen_text"])) == 3
    assert 3 == accepted(played, "armox")
    assert [one.id for one in results] == out["gen_id"].to_list()


def test_a_column_of_models_goes_to_three_services(real: Handle) -> None:
    """Each row goes to the service that its model names, and costs are summed by unit, never together."""
    models = ["armox:google/nano-banana", "apimodels:gemini-2.5-flash-image", "apixo:nano-banana"]
    results = ng.map(pl.DataFrame({"m": models}), "a fox", model=ng.col("m"), budget={"credits": 100, "USD": 1})
    assert ["saved"] * 3 == [one.status for one in results], results.frame["gen_error"].to_list()
    assert [1, 1, 1] == [accepted(real, name) for name in ("armox", "apimodels", "apixo")]
    assert models == [one.model for one in results]
    assert {"credits", "USD"} == set(results.cost)
    out = results.frame
    for unit, amount in results.cost.items():
        assert amount == out.filter(pl.col("gen_unit") == unit)["gen_cost"].sum()


def test_a_column_of_settings_is_sent_with_its_row(real: Handle) -> None:
    """A setting may be an expression; a null leaves it out for that row."""
    frame = pl.DataFrame({"ratio": ["16:9", "1:1", None]})
    results = ng.map(frame, "a fox", model="armox:google/nano-banana", aspect_ratio=ng.col("ratio"))
    assert ["saved"] * 3 == [one.status for one in results], results.frame["gen_error"].to_list()
    bodies = [one["body"] for one in real.state()["creates"]]
    assert {"16:9", "1:1", None} == {one["input"].get("aspect_ratio") for one in bodies}, bodies


@pytest.mark.slow
def test_pictures_become_clips_in_a_second_run(real: Handle, tmp_path: Path) -> None:
    """The frame of one run goes into the next, its files as images; another prefix keeps both columns."""
    first = ng.map(pl.DataFrame({"animal": ["fox", "owl"]}), "A {animal}", model="armox:google/nano-banana")
    second = ng.map(
        first.frame, "It turns its head", model="armox:xai/grok-video-image-to-video", images=ng.col("gen_url"),
        prefix="clip_", max_new=2,
    )  # fmt: skip
    out = second.frame
    assert ["saved"] * 2 == out["clip_status"].cast(pl.String).to_list(), out["clip_error"].to_list()
    assert ["video"] * 2 == out["clip_kind"].to_list()
    assert first.frame["gen_id"].to_list() == out["gen_id"].to_list()
    assert ["fox", "owl"] == out["animal"].to_list()
    assert 4 == accepted(real, "armox")


def test_a_picture_for_each_row(real: Handle, tmp_path: Path) -> None:
    """Images are a column of paths; a row without one is skipped and costs nothing."""
    for colour in ("red", "blue"):
        (tmp_path / f"{colour}.png").write_bytes(picture(colour))
    frame = pl.DataFrame({"path": [str(tmp_path / "red.png"), None, str(tmp_path / "blue.png")]})
    results = ng.map(frame, "older", model="apimodels:gemini-2.5-flash-image", images=ng.col("path"))
    assert ["saved", "skipped", "saved"] == [one.status for one in results], results.frame["gen_error"].to_list()
    assert 2 == accepted(real, "apimodels")


def test_nulls_are_skipped_with_a_reason(played: Handle) -> None:
    """A row whose prompt has a hole is never sent."""
    results = ng.map(pl.DataFrame({"a": ["fox", None]}), "a {a}", model=POEM)
    assert ["saved", "skipped"] == [one.status for one in results]
    assert "no prompt" in results.frame["gen_error"][1]
    assert results.frame["gen_id"][1] is None
    assert 1 == accepted(played, "armox")


def test_equal_rows_are_paid_once_and_summed_once(played: Handle) -> None:
    """Rows of the same content share one job; the sum of the column of costs is what was paid."""
    results = ng.map(pl.DataFrame({"a": ["fox", "owl", "fox", "fox"]}), "a {a}", model=POEM)
    assert ["saved"] * 4 == [one.status for one in results]
    assert 2 == accepted(played, "armox")
    assert [False, False, True, True] == results.frame["gen_cached"].to_list()
    charged = Decimal(str(played.state()["services"]["armox"]["charged"]))
    assert charged == results.cost["credits"]
    own = results.frame.filter(~pl.col("gen_cached"))
    assert charged == own["gen_cost"].sum()
    assert 1 == len({results[place].path for place in (0, 2, 3)})


def test_what_is_paid_once_is_told_once(played: Handle) -> None:
    """The column of costs adds up: of equal rows one has the cost and the others nought, and so it is the next time."""
    frame = pl.DataFrame({"a": ["fox", "owl", "fox", "fox"]})
    first = ng.map(frame, "a {a}", model=POEM)
    again = ng.map(frame, "a {a}", model=POEM)
    for results in (first, again):
        out = results.frame
        assert first.cost["credits"] == out["gen_cost"].sum() > 0
        assert [True, True, False, False] == [amount > 0 for amount in out["gen_cost"]]
    assert [False, False, True, True] == first.frame["gen_cached"].to_list()
    assert ([True] * 4, {}) == (again.frame["gen_cached"].to_list(), again.cost)


def test_samples_are_rows_of_their_own(played: Handle) -> None:
    """Three samples of two rows are six results; asked again they cost nothing."""
    frame = pl.DataFrame({"a": ["fox", "owl"]})
    out = ng.map(frame, "a {a}", model=POEM, samples=3).frame
    assert ["fox"] * 3 + ["owl"] * 3 == out["a"].to_list()
    assert [0, 1, 2, 0, 1, 2] == out["gen_sample"].to_list()
    assert 6 == len(set(out["gen_id"])) == accepted(played, "armox")
    assert all(ng.map(frame, "a {a}", model=POEM, samples=3).frame["gen_cached"])
    assert 6 == accepted(played, "armox")


def test_an_edit_a_new_order_and_more_rows_buy_only_what_changed(played: Handle) -> None:
    """A row is known by its content, never by its place: sorted, appended to and edited, the old rows cost nothing."""
    frame = numbered(6)
    ng.map(frame, "poem {n}", model=POEM)
    assert 6 == accepted(played, "armox")
    ng.map(frame.sort("n", descending=True), "poem {n}", model=POEM)
    assert 6 == accepted(played, "armox")
    ng.map(pl.concat([numbered(1, start=90), frame]), "poem {n}", model=POEM)
    assert 7 == accepted(played, "armox")
    edited = frame.with_columns(n=pl.when(pl.col("n") == 3).then(33).otherwise("n"))
    again = ng.map(edited, "poem {n}", model=POEM)
    assert 8 == accepted(played, "armox")
    assert [True, True, True, False, True, True] == again.frame["gen_cached"].to_list()


def test_fresh_buys_each_row_anew(played: Handle) -> None:
    """``fresh`` takes the next sample of each row, and leaves what was bought before where it is."""
    first = ng.map(numbered(3), "poem {n}", model=POEM)
    fresh = ng.map(numbered(3), "poem {n}", model=POEM, fresh=True)
    assert 6 == accepted(played, "armox")
    assert not set(first.frame["gen_id"]) & set(fresh.frame["gen_id"])
    assert [1, 1, 1] == fresh.frame["gen_sample"].to_list()
    assert [0, 0, 0] == ng.map(numbered(3), "poem {n}", model=POEM).frame["gen_sample"].to_list()


@pytest.mark.slow
def test_a_fresh_run_that_was_stopped_is_taken_up(played: Handle) -> None:
    """What it had brought home before Stop, and what came afterwards, was handed to nobody: nothing is bought twice."""
    ng.map(numbered(40), "poem {n}", model=POEM)
    first = ng.map(numbered(40), "poem {n}", model=POEM, fresh=True, background=True, concurrency=2)
    while first.handle.ended < 5:
        assert not first.handle.wait(0.01)
    first.handle.stop()
    first.handle.wait(20)
    again = ng.map(numbered(40), "poem {n}", model=POEM, fresh=True)
    assert ([1] * 40, 80) == (again.frame["gen_sample"].to_list(), accepted(played, "armox"))
    assert 5 <= sum(again.frame["gen_cached"])
    assert [2] * 3 == ng.map(numbered(3), "poem {n}", model=POEM, fresh=True).frame["gen_sample"].to_list()


@pytest.mark.parametrize("samples", [1, 2])
def test_fresh_over_equal_rows(played: Handle, samples: int) -> None:
    """Equal rows of a fresh run share what is bought, as in any run."""
    frame = pl.DataFrame({"a": ["fox", "fox"]})
    results = ng.map(frame, "a {a}", model=POEM, fresh=True, samples=samples)
    assert ["saved"] * 2 * samples == [one.status for one in results]
    assert samples == accepted(played, "armox")


def test_every_library_of_frames(played: Handle) -> None:
    """Frames of pandas and lazy queries are taken as well; what comes back is Polars."""
    for frame in (pd.DataFrame({"n": [1, 2]}, index=[7, 8]), pl.LazyFrame({"n": [1, 2]})):
        out = ng.map(frame, "poem {n}", model=POEM).frame
        assert isinstance(out, pl.DataFrame)
        assert [1, 2] == out["n"].to_list()
    assert 2 == accepted(played, "armox")


def test_the_namespace_does_the_same(played: Handle) -> None:
    """``frame.gen.map`` is ``ng.map``."""
    results = numbered(2).gen.map("poem {n}", model=POEM)  # type: ignore[attr-defined]  # registered by notebookgen
    assert ["saved"] * 2 == [one.status for one in results]


def test_amap_waits_without_blocking(played: Handle) -> None:
    """While ``amap`` waits, the event loop goes on."""
    turns = 0

    async def story() -> Any:
        async def tick() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        try:
            return await ng.amap(numbered(5), "poem {n}", model=POEM)
        finally:
            ticking.cancel()

    results = asyncio.run(story())
    assert ["saved"] * 5 == [one.status for one in results]
    assert turns > 1


# One bad row ---------------------------------------------------------------------------------------------------------


def test_one_bad_row_stops_nobody(real: Handle) -> None:
    """A row that a service refuses ends as refused with its words; the others are made."""
    real.configure(misbehave=(Fault(kind="status", status=400, service="apimodels", contains="poem 3"),))
    results = ng.map(numbered(7), "poem {n}", model=CHAT, max_new=7)
    assert ["saved"] * 3 + ["refused"] + ["saved"] * 3 == [one.status for one in results]
    assert 6 == accepted(real, "apimodels")
    assert [3] == results.failed["n"].to_list()
    assert results.failed["gen_error"][0]


def test_a_row_that_cannot_be_sent_is_invalid_and_the_others_are_made(real: Handle) -> None:
    """A model that nobody knows makes its rows invalid, and not the run."""
    frame = pl.DataFrame({"m": ["armox:google/nano-banana", "armox:google/nano-bananna-x"]})
    results = ng.map(frame, "a fox", model=ng.col("m"), max_new=2)
    assert ["saved", "invalid"] == [one.status for one in results], results.frame["gen_error"].to_list()
    assert "Did you mean 'google/nano-banana'?" in results.frame["gen_error"][1]
    assert 1 == accepted(real, "armox")


def test_failures_are_data_and_a_retry_buys_only_them(played: Handle) -> None:
    """What failed is a row with a reason; ``retry`` buys it again in the same run, and nothing else."""
    played.configure(fail=1.0, fail_code="provider_error")
    results = ng.map(numbered(3), "poem {n}", model=POEM)
    assert ["failed"] * 3 == [one.status for one in results]
    played.configure(fail=0.0)
    bought = accepted(played, "armox")
    assert results.retry() is results
    assert ["saved"] * 3 == [one.status for one in results], results.frame["gen_error"].to_list()
    assert bought + 3 == accepted(played, "armox")
    results.retry()
    assert bought + 3 == accepted(played, "armox")


def test_a_budget_over_a_base_figure_sends_nothing(real: Handle) -> None:
    """What may cost more than is listed needs a count: the plan says so, and the run is refused before anything is sent."""
    entry = {
        "id": "acme/clip",
        "cost": 96,
        "outputType": "video",
        "settings": [{"key": "duration", "inputType": "slider"}],
    }
    listed = json.dumps({"object": "list", "data": [entry]})
    real.configure(
        misbehave=(Fault(kind="status", service="armox", purpose="models", status=200, body=listed, count=None),)
    )
    plan = ng.plan(numbered(3), "clip {n}", model="armox:acme/clip", duration=8, budget=1000)
    assert "costs at least 288 credits" in " ".join(repr(plan).split())
    assert "would stop at" in repr(plan)
    with pytest.raises(BudgetExceeded, match="at least 96 credits") as caught:
        plan.run()
    assert "max_new=3" in str(caught.value)
    assert 0 == accepted(real, "armox")


def test_rows_are_called_by_their_own_names(played: Handle) -> None:
    """``row_id`` labels rows in messages and is no part of what is sent."""
    frame = pl.DataFrame({"id": ["first", "second", "third"], "a": ["fox", "owl", "elk"]})
    plan = ng.plan(frame, "a {a}", model=POEM, row_id="id", budget=9)
    assert "third" == plan.stops
    assert ng.plan(frame, "a {a}", model=POEM).frame["gen_id"].to_list() == plan.frame["gen_id"].to_list()


# How many, and how long ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 3])
def test_never_more_under_way_than_said(played: Handle, most: int) -> None:
    """Counted on the service's side: at no moment are more jobs under way than ``concurrency``."""
    played.configure(immediate=False, seconds=(0.05, 0.15))
    ng.map(numbered(12), "poem {n}", model=POEM, concurrency=most)
    jobs = [played_job(one) for one in played.state()["creates"]]
    most_at_once = max(sum(began <= at < ended for began, ended in jobs) for at, _ in jobs)
    assert 1 <= most_at_once <= most
    assert 12 == len(jobs)


def played_job(create: dict[str, Any]) -> tuple[float, float]:
    """Return when a job began and when it was over at the service."""
    from notebookgen.sandbox import tokens

    job = tokens.read("armox", create["id"])
    assert job is not None
    return job.created, job.ends


@pytest.mark.slow
def test_a_timeout_ends_the_wait_and_not_the_run(played: Handle) -> None:
    """After ``timeout`` the call comes back with what there is; the jobs go on, and are there when asked for."""
    played.configure(immediate=False, seconds=(1.0, 1.2))
    results = ng.map(numbered(2), "poem {n}", model=POEM, timeout=0.2)
    assert "goes on in the background" in repr(results)
    assert {"submitted"} >= {one.status for one in results} - {"intent", "planned"}
    results.wait(20)
    assert "goes on" not in repr(results)
    assert ["saved"] * 2 == [one.status for one in results]
    assert 2 == accepted(played, "armox")


def test_in_the_background(played: Handle) -> None:
    """``background=True`` comes back at once with a run that goes on."""
    played.configure(immediate=False, seconds=(0.3, 0.4))
    results = ng.map(numbered(3), "poem {n}", model=POEM, background=True)
    assert not results.handle.done
    assert ["saved"] * 3 == [one.status for one in results.wait(20)]


def test_stop_in_the_middle(played: Handle) -> None:
    """Stop sends nothing new: what was not sent is planned, what was accepted is adopted by the next call."""
    played.configure(immediate=False, seconds=(0.3, 0.5))
    results = ng.map(numbered(12), "poem {n}", model=POEM, concurrency=3, background=True)
    while accepted(played, "armox") < 3:
        results.handle.wait(0.02)
    line = results.handle.stop()
    assert results.handle.wait(10)
    bought = accepted(played, "armox")
    assert bought < 12
    assert "planned" in {one.status for one in results}
    assert line.count("\n") <= 1
    assert "stopped before it was sent" in "".join(filter(None, results.frame["gen_error"]))
    played.configure(seconds=(0.0, 0.05))
    again = ng.map(numbered(12), "poem {n}", model=POEM)
    assert ["saved"] * 12 == [one.status for one in again]
    assert 12 == accepted(played, "armox")


def test_a_stopped_call_says_what_became_of_it(played: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Stop button raises one line; nobody is left waiting."""
    played.configure(immediate=False, seconds=(5.0, 5.0))
    waits = [0]

    def interrupt(*_: Any, **__: Any) -> bool:
        waits[0] += 1
        raise KeyboardInterrupt

    from notebookgen.jobs.handle import RunHandle

    monkeypatch.setattr(RunHandle, "wait", interrupt)
    with pytest.raises(Stopped) as stopped:
        ng.map(numbered(3), "poem {n}", model=POEM)
    assert 1 == waits[0]
    assert len(str(stopped.value).splitlines()) <= 4


def test_a_call_in_the_background_is_one_run_beside_the_rows_of_each_call(played: Handle) -> None:
    """The same prompts are bought once; a column of which nothing is made stands beside them as the newest call has it."""
    played.configure(immediate=False, seconds=(60.0, 60.0))
    frame = pl.DataFrame({"n": [1, 2], "label": ["old", "old"]})
    first = ng.map(frame, "poem {n}", model=POEM, background=True)
    again = ng.map(frame.clone(), "poem {n}", model=POEM, background=True)
    other = ng.map(frame.with_columns(label=pl.lit("new")), "poem {n}", model=POEM, background=True)
    more = ng.map(frame.with_columns(more=1), "poem {n}", model=POEM, background=True, prefix="v_")
    assert again is first
    assert (["old"] * 2, ["new"] * 2) == (first.frame["label"].to_list(), other.frame["label"].to_list())
    assert {"label", "more", "v_status", "v_id"} <= set(more.frame.columns)
    assert {first.run} == {one.run for one in (again, other, more)}
    assert first.frame["gen_id"].to_list() == other.frame["gen_id"].to_list() == more.frame["v_id"].to_list()
    first.cancel().wait(20)
    assert 1 == ng.runs()["run"].n_unique()


def test_rows_that_are_never_sent_are_those_of_the_call(played: Handle) -> None:
    """What is skipped or cannot be sent has no id to be known by: where it differs, it is another run, and tells its own."""
    played.configure(immediate=False, seconds=(60.0, 60.0))
    frame = pl.DataFrame({"n": ["1", None], "p": ["a fox", "an owl"]})
    said = []
    for empty in (None, "", None):
        cells = frame.with_columns(pl.col("n").fill_null(empty) if empty is not None else pl.col("n"))
        run = ng.map(cells, ng.col("n"), model=POEM, background=True)
        said.append(run.frame["gen_error"][1])
        last = run
    assert "no prompt" in said[0]
    assert "the prompt is empty" in said[1]
    assert said[0] == said[2]
    last.cancel().wait(20)
