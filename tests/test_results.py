"""What the user holds: every attribute of ``Result`` and ``Results``, saving, showing, waiting, the frame's columns."""

from __future__ import annotations

import base64
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.frames.output import joined
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.rowbook import RowBook
from notebookgen.jobs.states import State
from notebookgen.ledger.frame import MONEY, STATES
from notebookgen.media.places import place
from notebookgen.records import Generation, Realm
from three_services import accepted, picture, requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.usefixtures("hasty")

PICTURE = "armox:google/nano-banana"
GROK = "apimodels:grok-image/grok-4.2-image"
COLUMNS = {
    "gen_prompt": pl.String, "gen_status": STATES, "gen_path": pl.String, "gen_paths": pl.List(pl.String), "gen_url": pl.String,
    "gen_kind": pl.String, "gen_text": pl.String, "gen_cost": MONEY, "gen_unit": pl.String, "gen_basis": pl.String,
    "gen_seconds": pl.Float64, "gen_cached": pl.Boolean, "gen_sample": pl.Int64, "gen_job": pl.String, "gen_error": pl.String,
    "gen_id": pl.String,
}  # fmt: skip


def made(prompt: str = "a fox", **options: Any) -> ng.Result:
    """Make one thing."""
    one = ng.generate(prompt, timeout=30, **{"model": PICTURE, **options})
    assert isinstance(one, ng.Result)
    return one


def several(prompt: str = "a fox", **options: Any) -> ng.Results:
    """Make three of the same."""
    found = ng.generate(prompt, timeout=60, **{"model": PICTURE, "samples": 3, **options})
    assert isinstance(found, ng.Results)
    return found


# One result ------------------------------------------------------------------------------------------------------


def test_every_attribute(real: Handle) -> None:
    """A result tells what was asked for, what came back, what it cost and where it is."""
    one = made(aspect_ratio="16:9")
    (asset,) = one.assets

    assert ("saved", PICTURE, "a fox", {"aspect_ratio": "16:9"}) == (one.status, one.model, one.prompt, one.settings)
    assert (Decimal(70), "credits", "reported", "70 credits") == (
        one.cost.amount,
        one.cost.unit,
        one.cost.basis,
        str(one.cost),
    )
    assert one.path is not None
    assert ([one.path], True, True) == (one.paths, one.path.is_absolute(), one.path.is_file())
    assert (asset.url, None, None, None) == (one.url, one.text, one.error, one.exception)
    assert one.url is not None
    assert one.url.startswith(real.origin)
    assert one.image is not None
    assert (asset.width, asset.height) == one.image.size
    assert (real.state()["creates"][0]["id"], 0, False, True) == (one.job, one.sample, one.cached, one.done)
    assert one.seconds is not None
    assert 0 <= one.seconds < 10
    assert ng.ledger().frame()["id"].to_list() == [one.id]
    assert f"<Result saved {PICTURE} 70 credits {one.path}>" == repr(one)


def test_a_text_is_a_result(real: Handle) -> None:
    """Words that came back are ``text``, and a file all the same."""
    one = made(model="armox:sandbox/text")

    assert one.path is not None
    assert (one.path.read_text("utf-8"), None) == (one.text, one.image)


def test_saving_under_a_name(real: Handle, tmp_path: Path) -> None:
    """A name with the right ending is used as it is; folders on the way are made; the original stays."""
    one = made()

    saved = one.save(tmp_path / "new" / "fox.png", provenance=False)

    assert tmp_path / "new" / "fox.png" == saved
    assert one.path is not None
    assert one.path.read_bytes() == (tmp_path / "new" / "fox.png").read_bytes()


@pytest.mark.parametrize("place", ["{}", "{}/", "{}/made here", "{}/made here/"])
def test_saving_in_a_folder(real: Handle, tmp_path: Path, place: str) -> None:
    """In a folder, there or not, the file is named after the prompt and has the right ending."""
    saved = made("A fox, please!").save(place.format(tmp_path))

    assert isinstance(saved, type(tmp_path))
    assert ("a-fox", ".png", True) == (saved.name[:5].lower().replace(" ", "-"), saved.suffix, saved.is_file())


def test_saving_several_files(real: Handle, tmp_path: Path) -> None:
    """A result of several files is saved as several, numbered."""
    one = made(model=GROK, n=3)

    named, placed = one.save(tmp_path / "fox.jpg"), one.save(tmp_path / "folder")

    assert [tmp_path / f"fox-{number}.jpg" for number in (1, 2, 3)] == named
    assert 3 == len({each.read_bytes() for each in placed}) == len(list((tmp_path / "folder").iterdir()))  # type: ignore[union-attr]  # three


def test_saving_under_a_wrong_name(real: Handle, tmp_path: Path) -> None:
    """An ending that is not that of the file is an error that says which one is."""
    with pytest.raises(errors.InvalidCall, match=r"image/png. Name it fox\.png"):
        made().save(tmp_path / "fox.jpg")


def test_saving_what_is_not_there(real: Handle, tmp_path: Path) -> None:
    """What is not over yet cannot be saved, and says how it stands."""
    real.configure(immediate=False, seconds=(30, 30))
    one = ng.generate("a fox", model=PICTURE, background=True)
    assert isinstance(one, ng.Result)

    with pytest.raises(errors.InvalidCall, match="nothing to save: its status is"):
        one.save(tmp_path)


def test_a_result_is_an_input(real: Handle) -> None:
    """A result is taken as an image; its own address is used where the provider takes addresses only."""
    one = made(model=GROK)

    edited = made("at night", model=GROK, images=one)

    assert ("saved", 2) == (edited.status, accepted(real, "apimodels"))


def test_showing(real: Handle, capsys: pytest.CaptureFixture[str]) -> None:
    """Outside a notebook, ``show`` prints one line that says what it is and where."""
    one = made()

    one.show()

    assert str(one.path) in capsys.readouterr().out


def test_how_it_looks(real: Handle) -> None:
    """A bundle with the picture inside, bounded in size, and a text that says how it stands, its cost and its path."""
    one = made()
    data, metadata = one._repr_mimebundle_()

    shown = next(data[kind] for kind in ("image/png", "image/jpeg") if kind in data)
    assert 0 < len(base64.b64decode(shown)) < 2_000_000
    assert isinstance(metadata, dict)
    assert [True] * 3 == [word in data["text/plain"] for word in ("saved", "70 credits", place(str(one.path)))]
    assert {"text/plain"} == set(one._repr_mimebundle_(include=["text/plain"])[0])
    assert "text/plain" not in one._repr_mimebundle_(exclude=["text/plain"])[0]


@pytest.mark.slow
def test_a_provider_that_charges_more_than_it_lists(real: Handle) -> None:
    """Where the provider reports more than was reserved, the last line says both; where it does not, it says nothing."""
    real.configure(immediate=False)
    ng.configure(prices={"armox:xai/grok-video-image-to-video": "50 per result"})
    film = made(model="armox:xai/grok-video-image-to-video", images="https://example.com/cat.png")
    still = made()

    assert "202 credits, listed at 50 credits" in film.handle.summary()
    assert "listed at" not in still.handle.summary()


def test_waiting_for_what_fails(real: Handle) -> None:
    """In the background a failure is data until it is waited for; then it is an exception with the provider's words."""
    real.configure(fail=1.0, fail_code="CONTENT_MODERATION")
    one = ng.generate("a fox", model=GROK, background=True)
    assert isinstance(one, ng.Result)

    with pytest.raises(errors.JobFailed, match="Content policy violation"):
        one.wait(30)

    assert ("failed", Decimal(0), None) == (one.status, one.cost.amount, one.path)
    assert one.error is not None
    assert (True, True) == ("Content policy violation" in one.error, len(one.error.splitlines()) <= 4)
    assert isinstance(one.exception, errors.JobFailed)
    assert "failed" in one._repr_mimebundle_()[0]["text/plain"]


@pytest.mark.slow
def test_waiting_not_long_enough(real: Handle) -> None:
    """A wait that ends before the job says so and changes nothing; the next one goes on."""
    real.configure(immediate=False, seconds=(1.0, 1.0))
    one = ng.generate("a fox", model=PICTURE, background=True)
    assert isinstance(one, ng.Result)

    with pytest.raises(errors.StillRunning, match=r"ng\.resume\('"):
        one.wait(0.1)

    assert ("saved", 1) == (one.wait(30).status, accepted(real, "armox"))


# Several ---------------------------------------------------------------------------------------------------------


def test_a_sequence_of_results(real: Handle) -> None:
    """Results are a sequence in order: length, index, slice, iteration; each sample is another picture."""
    found = several()

    assert (3, [0, 1, 2]) == (len(found), [one.sample for one in found])
    assert (found[0].id, [found[1].id, found[2].id]) == (next(iter(found)).id, [one.id for one in found[1:]])
    assert found[-1].id == found[2].id
    assert 3 == len({one.assets[0].sha256 for one in found})
    assert {"credits": Decimal(210)} == found.cost
    assert (0, 0) == (len(found.failed), len(found.ambiguous))
    assert "3 saved" in repr(found)


def test_the_frame(real: Handle) -> None:
    """One row for each result, in order, with every ``gen_`` column in its type."""
    frame = several().frame

    assert COLUMNS == dict(frame.schema)
    assert [("a fox", "saved", "image", Decimal(70), "credits", "reported", False)] * 3 == frame.select(
        "gen_prompt", "gen_status", "gen_kind", "gen_cost", "gen_unit", "gen_basis", "gen_cached"
    ).rows()
    assert [0, 1, 2] == frame["gen_sample"].to_list()
    assert frame["gen_path"].to_list() == [paths[0] for paths in frame["gen_paths"].to_list()]
    assert [None] * 3 == frame["gen_error"].to_list()


def test_a_frame_of_nothing_yet(real: Handle) -> None:
    """A run under way has the same columns and types; what is not known is null."""
    real.configure(immediate=False, seconds=(30, 30))
    found = ng.generate("a fox", model=PICTURE, samples=2, background=True)

    frame = found.frame  # type: ignore[union-attr]  # two were asked for
    assert COLUMNS == dict(frame.schema)
    assert ([None, None], [[], []]) == (frame["gen_path"].to_list(), frame["gen_paths"].to_list())


def test_one_that_fails_among_several(real: Handle) -> None:
    """Of several, those that end well are given back with those that do not; the frame says why."""
    real.configure(fail=0.5, fail_code="UPSTREAM_BUSY")

    found = several(model=GROK, samples=8)

    statuses = [one.status for one in found]
    assert {"saved", "failed"} == set(statuses)
    assert [one.id for one in found if one.status == "failed"] == found.failed["gen_id"].to_list()
    assert [one.error for one in found] == found.frame["gen_error"].to_list()
    assert {"USD": Decimal("0.0075") * statuses.count("saved")} == found.cost


def test_when_all_of_several_fail(real: Handle) -> None:
    """Where none of several ends well, that is an exception."""
    real.configure(fail=1.0, fail_code="UPSTREAM_BUSY")

    with pytest.raises(errors.JobFailed, match="overloaded"):
        several(model=GROK)


def test_a_budget_among_several(real: Handle) -> None:
    """A cap buys what fits, in order; the rest is planned, with the reason, and nothing of it is sent."""
    found = several(budget=150)

    assert (["saved", "saved", "planned"], 2) == ([one.status for one in found], accepted(real, "armox"))
    assert (None, None) == (found[0].error, found[1].error)
    assert "the budget has 10 credits left" in str(found[2].error)


def test_saving_several(real: Handle, tmp_path: Path) -> None:
    """All files are put into a folder, made if need be, under names that differ."""
    found = several()

    saved = found.save(tmp_path / "foxes", provenance=False)

    assert sorted(saved) == sorted((tmp_path / "foxes").glob("*.png"))
    assert {path.read_bytes() for path in saved} == {one.path.read_bytes() for one in found if one.path}


def test_several_in_the_background(real: Handle) -> None:
    """Several under way are waited for together, or cancelled together at the provider."""
    real.configure(immediate=False, seconds=(60, 60))
    found = ng.generate("a fox", model=PICTURE, samples=2, background=True)
    assert isinstance(found, ng.Results)
    import threading

    pause = threading.Event()
    while not all(one.job for one in found):
        assert not pause.wait(0.05)

    found.cancel().wait(30)

    assert (["cancelled"] * 2, 2) == ([one.status for one in found], requests(real, "armox cancel"))
    assert 2 == len(found.failed)


def test_how_several_look(real: Handle) -> None:
    """Several are shown as one table, each picture inside the page: no script, no style sheet, no provider's address."""
    data, _ = several("a fox <script>alert(1)</script>")._repr_mimebundle_()

    page = data["text/html"].lower()
    assert (3, True) == (page.count("data:image/"), "210" in data["text/plain"])
    assert [] == [word for word in ("<script", "<style", f'src="{real.origin}') if word in page]


def test_nothing_is_shown_that_is_not_kept(real: Handle) -> None:
    """A result shows itself also when its file was removed from disk since; it says so and breaks nothing."""
    one = made()
    assert one.path is not None
    one.path.chmod(0o644)
    one.path.unlink()

    assert "saved" in one._repr_mimebundle_()[0]["text/plain"]
    assert "saved" == made().status
    assert one.path.is_file()


def test_a_picture_that_was_given_inside_the_call(real: Handle) -> None:
    """Bytes, a file, a Pillow image and a data URI of the same picture are the same content, paid once."""
    import io

    from PIL import Image

    data = picture()
    ways: list[Any] = [data, Image.open(io.BytesIO(data)), f"data:image/png;base64,{base64.b64encode(data).decode()}"]
    found = [made(model=GROK, images=way) for way in (ways[0], ways[2])]
    drawn = made(model=GROK, images=ways[1])

    assert (1, "saved") == (len({one.id for one in found}), drawn.status)


# Many ------------------------------------------------------------------------------------------------------------


def test_only_what_is_shown_of_many_rows_is_read() -> None:
    """The ledger is asked for the rows that failed, and not for the thousands that did not."""
    read: list[int] = []
    bad = (7, 1203, 2999)
    rows = {
        index: Delivered(
            Generation(Realm("armox", "acc", sandbox=True), "m", f"p {index}"),
            State.FAILED if index in bad else State.SAVED,
            error=errors.JobFailed("no", id="", job="") if index in bad else None,
            done=True,
        )
        for index in range(3000)
    }

    def load(indices: Sequence[int]) -> list[Delivered]:
        read.extend(indices)
        return [rows[index] for index in indices]

    book = RowBook(len(rows), asked=lambda index: rows[index], load=load, kept=0)
    for index, row in rows.items():
        book.put(index, row)
    handle = RunHandle("run", book, models=["armox:m"], clock=lambda: 0.0, stop=lambda _: "")
    frame = pl.DataFrame({"n": range(1500)})
    found = ng.Results(handle, lambda _: [], join=lambda gen, places: joined(frame, gen, 2, "x_", places=places))

    assert [(index // 2, f"p {index}", "no") for index in bad] == found.failed.select("n", "x_prompt", "x_error").rows()
    assert list(bad) == read
    assert (0, found.frame.schema) == (found.ambiguous.height, found.failed.schema)
    assert [row // 2 for row in range(3000)] == found.frame["n"].to_list()


def test_a_text_whose_file_is_gone_spares_the_others(real: Handle) -> None:
    """The frame of a run is there also when somebody removed one of its files."""
    found = ng.map(pl.DataFrame({"n": [1, 2]}), "word {n}", model="apimodels:claude-haiku-4-5-20251001", max_new=2)
    one = found[0].path
    assert one is not None
    one.chmod(0o644)
    one.unlink()

    assert [True, False] == found.frame["gen_text"].is_null().to_list()


@pytest.mark.parametrize("model", ["armox:sandbox/text", PICTURE])
def test_a_file_that_is_gone_is_told_with_how_it_comes_back(real: Handle, tmp_path: Path, model: str) -> None:
    """It was paid for, and asking again brings it back for nothing; what is shown of it is shown without the file."""
    one = made(model=model)
    before = (one.text, one.image is None)
    Path(str(one.path)).unlink()
    for ask in (lambda: one.text if before[0] else one.image, lambda: one.save(tmp_path / "mine")):
        with pytest.raises(
            errors.AssetGone, match=r"is gone from its place\. It was paid for .*\nRun it again: "
        ) as caught:
            ask()
        assert "nothing is bought" in str(caught.value)
    one._repr_mimebundle_()
    again = made(model=model)
    assert before == (again.text, again.image is None) == (one.text, one.image is None)
    assert again.cached
