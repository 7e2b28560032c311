"""Images that change between a plan, or a try, and the sending: what is sent is what was asked for, or nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import InvalidImage
from three_services import accepted, made, picture

if TYPE_CHECKING:
    from notebookgen.sandbox import Handle

pytestmark = [pytest.mark.usefixtures("hasty"), pytest.mark.slow]

EDIT = "apimodels:gemini-2.5-flash-image"
PICTURE = "armox:google/nano-banana"


@pytest.fixture
def frame(tmp_path: Path) -> pl.DataFrame:
    """Rows of two images each."""
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.png").write_bytes(picture("red", (40 + ord(name), 30)))
    pairs = [("a", "b"), ("c", "d"), ("a", "d")]
    return pl.DataFrame({"images": [[str(tmp_path / f"{name}.png") for name in pair] for pair in pairs]})


def edited(frame: pl.DataFrame, **more: Any) -> dict[str, Any]:
    """Return the arguments of a run over them."""
    return {"frame": frame, "prompt": "older", "model": EDIT, "images": ng.col("images"), "max_new": 9, **more}


@pytest.mark.parametrize("fresh", [False, True])
def test_a_file_that_has_changed_since_the_plan_is_not_sent(
    real: Handle, frame: pl.DataFrame, tmp_path: Path, *, fresh: bool
) -> None:
    """A row whose image file is another one by the time it is sent ends before that, and says so; the others are made."""
    plan = ng.plan(**edited(frame, fresh=fresh))
    (tmp_path / "c.png").write_bytes(picture("blue"))

    results = plan.run()

    assert ["saved", "invalid", "saved"] == [one.status for one in results]
    assert "has changed" in (said := results.frame["gen_error"][1]), said
    assert "Nothing was sent" in said
    assert 2 == accepted(real, "apimodels")
    assert plan.frame.height == len(results)
    assert ["saved"] * 3 == [one.status for one in ng.map(**edited(frame))]
    assert 3 == accepted(real, "apimodels")


def test_a_file_that_has_changed_is_not_sent_by_a_retry(real: Handle, frame: pl.DataFrame, tmp_path: Path) -> None:
    """Another try of a row is a try of what was asked for: its changed image is not sent, and put back it is."""
    real.configure(fail=1.0, fail_code="UPSTREAM_BUSY")
    results = ng.map(**edited(frame[:1]))
    assert ["failed"] == [one.status for one in results]
    before, bought, job = (tmp_path / "a.png").read_bytes(), accepted(real, "apimodels"), results[0].job
    real.configure(fail=0.0)

    (tmp_path / "a.png").write_bytes(picture("blue"))
    results.retry()

    assert (bought, "failed", job) == (accepted(real, "apimodels"), results[0].status, results[0].job)
    assert "has changed" in (said := results.frame["gen_error"][0]), said

    (tmp_path / "a.png").write_bytes(before)
    results.retry()

    assert (bought + 1, "saved") == (accepted(real, "apimodels"), results[0].status), results[0].error


def test_rows_of_samples_keep_their_images(real: Handle, frame: pl.DataFrame) -> None:
    """Files that stay as they are make no difference: fresh samples, and another try of what failed, are sent."""
    real.configure(fail=1.0, fail_code="UPSTREAM_BUSY")
    results = ng.map(**edited(frame, samples=2, fresh=True))
    assert {"failed"} == {one.status for one in results}
    real.configure(fail=0.0)

    results.retry()

    assert ["saved"] * 6 == [one.status for one in results], results.frame["gen_error"].to_list()


def test_a_result_whose_file_was_edited_is_not_sent_as_it_came(real: Handle) -> None:
    """The address of a result stands for its file only while that is what came from there."""
    one = made("a fox", model=PICTURE)
    assert "saved" == made("older", model=PICTURE, images=one).status
    assert one.path is not None
    one.path.write_bytes(picture("blue"))
    bought = accepted(real, "armox")

    with pytest.raises(InvalidImage):
        made("younger", model=PICTURE, images=one)

    assert bought == accepted(real, "armox")


def test_a_damaged_copy_of_an_image_is_kept_anew(real: Handle, frame: pl.DataFrame, home: Path) -> None:
    """What was kept to be sent and is damaged since is kept anew where it is given again: that is what is sent."""
    path = Path(frame["images"][0][0])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert "saved" == made("older", model=EDIT, images=str(path)).status
    default_client().close()  # addresses of what was uploaded are forgotten
    copies = list(home.rglob(f"{digest}.*"))
    for copy in copies:
        copy.write_bytes(bytes(reversed(copy.read_bytes())))

    assert "saved" == made("younger", model=EDIT, images=str(path)).status

    assert [path.read_bytes()] * len(copies) == [copy.read_bytes() for copy in copies] != []
    assert 2 == accepted(real, "apimodels")
