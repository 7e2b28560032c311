"""Copies in a person's own folder: named after prompts, listed, never twice, never over what is the person's own."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from PIL import Image

import notebookgen as ng
from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.media.manifest import BARE, COLUMNS
from notebookgen.media.stamping import read_note

if TYPE_CHECKING:
    from cells import Shell
    from notebookgen.results import Result, Results
    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.usefixtures("played")

PICTURE, SEVERAL = "armox:sandbox/picture", "apimodels:grok-image/grok-4.2-image"


def made(prompt: str = "a fox", **options: Any) -> Result:
    one = ng.generate(prompt, timeout=60, **{"model": PICTURE, **options})
    assert isinstance(one, ng.Result)
    return one


def study(**options: Any) -> Results:
    """Make four pictures, and two rows that are never sent."""
    pets = ng.grid(animal=["fox", "hare", None], style=["woodcut", "oil"])
    return ng.map(pets, "A {animal}, {style}", model=PICTURE, budget=1_000, timeout=60, **options)


def pixels(path: str | Path) -> bytes:
    with Image.open(path) as image:
        return image.convert("RGBA").tobytes()


def listed(folder: Path) -> tuple[list[dict[str, Any]], pl.DataFrame]:
    """Return the list of a folder, from each of its files."""
    rows = json.loads((folder / "manifest.json").read_text("utf-8"))["rows"]
    return rows, pl.read_parquet(folder / "manifest.parquet")


def test_a_run_is_saved_with_a_list_of_what_it_is(tmp_path: Path) -> None:
    """Each row is in the list, in order, with its labels; each file under a name made of its prompt, with its hash."""
    found = study()

    saved = found.save(tmp_path / "pets")

    rows, frame = listed(tmp_path / "pets")
    names = [path.name for path in saved]
    assert ["a-fox-woodcut-", "a-fox-oil-"] == [name.rpartition("-")[0] + "-" for name in names[:2]]
    assert (list(COLUMNS), 6) == (frame.columns, len(rows))
    assert [*names, None, None] == [row["path"] for row in rows] == frame["path"].to_list()
    assert ["saved"] * 4 + ["skipped"] * 2 == frame["status"].to_list()
    assert {"animal": "fox", "style": "oil"} == rows[1]["labels"] == json.loads(frame["labels"][1])
    assert sum(found.cost.values()) == frame["cost"].sum()
    assert [one.id for one in found][:4] == frame["id"].to_list()[:4]
    assert {"armox:sandbox/picture"} == set(frame["model"])
    assert all(row["error"] for row in rows[4:])


def test_the_hashes_are_those_of_the_copy_and_of_what_is_kept(tmp_path: Path) -> None:
    """The list has the hash of each copy as it is, and of the original, which stays as it came."""
    import hashlib

    found = study()
    kept = [path.read_bytes() for one in found for path in one.paths]

    found.save(tmp_path)

    rows, _ = listed(tmp_path)
    copies = [hashlib.sha256((tmp_path / row["path"]).read_bytes()).hexdigest() for row in rows[:4]]
    assert copies == [row["sha256"] for row in rows[:4]]
    assert [hashlib.sha256(one).hexdigest() for one in kept] == [row["original"] for row in rows[:4]]
    assert kept == [path.read_bytes() for one in found for path in one.paths]


def test_the_copies_say_where_they_come_from(tmp_path: Path) -> None:
    """A saved picture names model, prompt, settings, job and cost; its pixels are those of the original."""
    one = made("a fox", aspect_ratio="16:9")

    place = one.save(tmp_path)

    assert isinstance(place, Path)
    note = read_note(place)
    assert note is not None
    told = (note["model"], note["prompt"], note["settings"], note["job"], note["cost"], note["unit"], note["sandbox"])
    assert (PICTURE, "a fox", {"aspect_ratio": "16:9"}, one.job, "40", "credits", True) == told
    assert one.path is not None
    assert (pixels(one.path), one.assets[0].sha256) == (pixels(place), note["sha256"])


@pytest.mark.parametrize("how", ["call", "setting"])
def test_provenance_may_be_left_out(how: str, tmp_path: Path) -> None:
    """With the call's word or the setting, copies are the very bytes that came; the setting empties outputs' metadata, too."""
    one = made()
    if how == "setting":
        ng.configure(provenance=False)

    place = one.save(tmp_path / "a.png", provenance=False if how == "call" else None)
    one.results.save(tmp_path / "all", provenance=False if how == "call" else None)

    assert one.path is not None
    assert one.path.read_bytes() == Path(str(place)).read_bytes()
    assert [False] == listed(tmp_path / "all")[1]["stamped"].to_list()
    assert (how == "call") == ("notebookgen" in one._repr_mimebundle_()[1])
    assert (how == "call") == ("a fox" in json.dumps(one._repr_mimebundle_()[1]))


def test_saved_again_nothing_is_copied_again(tmp_path: Path) -> None:
    """The same run into the same folder again, from whatever call: the files are left alone, and the list is the same."""
    study().save(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.png")}
    rows = listed(tmp_path)[0]

    saved = study().save(tmp_path)

    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.png")}
    same = [{**row, "run": None, "seconds": None} for row in rows]
    assert same == [{**row, "run": None, "seconds": None} for row in listed(tmp_path)[0]]
    assert "4 of them there already" in repr(saved)


def test_what_was_saved_otherwise_is_written_anew(tmp_path: Path) -> None:
    """With provenance and without it the same file has the same name where a person gives one; neither leaves a second."""
    one, place = made(), tmp_path / "fox.png"

    notes = [read_note(Path(str(one.save(place, provenance=wanted)))) is not None for wanted in (True, False, True)]

    assert [True, False, True] == notes
    assert ["fox.png"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("how", ["call", "setting"])
def test_without_provenance_nothing_in_a_folder_tells_the_prompt(how: str, tmp_path: Path) -> None:
    """Neither names nor list nor files say prompt, model, settings, labels, cost or job; what the files are stays told."""
    found = study()
    if how == "setting":
        ng.configure(provenance=False)

    saved = found.save(tmp_path, provenance=False if how == "call" else None)
    alone = found[0].save(tmp_path, provenance=False if how == "call" else None)

    rows, frame = listed(tmp_path)
    assert [f"image-{one.id[:8]}.png" for one in found][:4] == [path.name for path in saved]
    assert alone == saved[0]
    assert [name for name in COLUMNS if name not in BARE] == [
        name for name in COLUMNS if frame[name].is_null().all() and name not in {"duration", "sound"}
    ]
    assert ["saved"] * 4 + ["skipped"] * 2 == [row["status"] for row in rows]
    assert [range(6)] == [range(*(frame["row"].min(), frame["row"].max() + 1))]  # type: ignore[operator, misc]  # whole numbers
    whole = b"".join(path.name.encode() + path.read_bytes() for path in tmp_path.iterdir())
    assert [] == [
        word for word in (b"woodcut", b"sandbox/picture", b"credits", str(found[0].job).encode()) if word in whole
    ]


def test_what_was_told_before_is_said(tmp_path: Path) -> None:
    """A folder whose list tells prompts of earlier files is not one to hand on without them; it is said."""
    made("a fox").results.save(tmp_path)

    saved = made("a hare").results.save(tmp_path, provenance=False)

    assert "manifest.json still tells prompt and cost of 1 file saved here before" in repr(saved)
    assert {"a fox", None} == set(listed(tmp_path)[1]["prompt"])


@pytest.mark.slow
def test_the_list_measures_what_is_saved(tmp_path: Path) -> None:
    """Pixels of a picture, and of a clip how long it is and whether it has sound; null where there is nothing to tell."""
    one = made()
    clip = made("a fox runs", model="armox:sandbox/clip")

    one.results.save(tmp_path)
    clip.results.save(tmp_path)

    frame = listed(tmp_path)[1].select("kind", "width", "height", "duration", "sound")
    expected = [
        (asset.kind, asset.width, asset.height, asset.seconds, asset.has_sound) for asset in (*one.assets, *clip.assets)
    ]
    assert expected == frame.rows()
    assert ("image", None, None) == (frame["kind"][0], frame["duration"][0], frame["sound"][0])
    assert frame["duration"][1] > 0
    assert {"width", "height", "duration", "sound"} <= listed(tmp_path)[0][1].keys()


def test_a_file_of_ones_own_is_never_written_over(tmp_path: Path) -> None:
    """A copy that was edited, or a file that happens to be there, stays; the copy gets another name, and it is told."""
    found = study()
    first = found.save(tmp_path)[0]
    first.write_bytes(first.read_bytes() + b"edited")
    edited = first.read_bytes()

    saved = found.save(tmp_path)

    assert (edited, f"{first.stem}-2.png") == (first.read_bytes(), saved[0].name)
    assert f"{first.name} is a file of your own and stays" in repr(saved)
    assert saved == found.save(tmp_path)


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    """Under a name that a person gives, another file is left alone, and the message has a name that is free."""
    (tmp_path / "fox.png").write_bytes(b"mine")

    with pytest.raises(InvalidCall, match=r"give another name: fox-2\.png"):
        made().save(tmp_path / "fox.png")
    assert b"mine" == (tmp_path / "fox.png").read_bytes()


def test_a_copy_that_can_be_had_again_gives_way(tmp_path: Path) -> None:
    """The same name for another picture takes the place of the first one's copy: nothing is lost, that one is kept."""
    one, other = made("a fox"), made("a hare")
    one.save(tmp_path / "pet.png")

    other.save(tmp_path / "pet.png")

    assert other.path is not None
    assert pixels(other.path) == pixels(tmp_path / "pet.png")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """Where a symbolic link has the name, what it leads to is not written."""
    one = made()
    (tmp_path / "own.png").write_bytes(b"mine")
    name = Path(str(one.save(tmp_path / "first"))).name
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / name).symlink_to(tmp_path / "own.png")

    one.save(tmp_path / "second")

    assert b"mine" == (tmp_path / "own.png").read_bytes()
    assert 2 == len(list((tmp_path / "second").iterdir()))


def test_a_manifest_of_ones_own_stays(tmp_path: Path) -> None:
    """A manifest.json that is not ours is not touched: ours has another name."""
    (tmp_path / "manifest.json").write_text('{"name": "a web app"}', "utf-8")

    saved = study().save(tmp_path)

    assert '{"name": "a web app"}' == (tmp_path / "manifest.json").read_text("utf-8")
    assert ("notebookgen-manifest.parquet", True) == (saved.manifest.name, saved.manifest.exists())


def test_several_runs_share_a_folder(tmp_path: Path) -> None:
    """What another run has saved there stays in the list, as long as its file is there."""
    made("a ship").results.save(tmp_path)
    made("a boat").results.save(tmp_path)
    assert ["a ship", "a boat"] == listed(tmp_path)[1]["prompt"].to_list()
    next(tmp_path.glob("a-ship*")).unlink()

    made("a raft").results.save(tmp_path)

    assert ["a boat", "a raft"] == listed(tmp_path)[1]["prompt"].to_list()


@pytest.mark.slow
def test_several_files_of_a_job_are_each_in_the_list(tmp_path: Path) -> None:
    """Each file has its row and number; what the job cost is told once."""
    one = made(model=SEVERAL, n=3)

    one.results.save(tmp_path)

    frame = listed(tmp_path)[1]
    assert ([1, 2, 3], {one.job}) == (frame["file"].to_list(), set(frame["job"]))
    assert [one.cost.amount, Decimal(0), Decimal(0)] == frame["cost"].to_list()


def test_a_file_that_is_gone_spares_the_others(tmp_path: Path) -> None:
    """The others are saved; what is missing is told, and is in the list with the way it comes back."""
    found = study()
    assert found[0].path is not None
    found[0].path.unlink()

    saved = found.save(tmp_path)

    frame = listed(tmp_path)[1]
    assert (3, "not saved") == (len(saved), saved.notes[0][:9])
    assert "Run it again" in frame["error"][0]
    assert frame["path"][0] is None


def test_named_labels_are_the_ones_told(tmp_path: Path) -> None:
    """Where the call has said which columns label its rows, these are in the list and no others."""
    study(row_id="style").save(tmp_path)

    assert [{"style": "woodcut"}, {"style": "oil"}] == [row["labels"] for row in listed(tmp_path)[0][:2]]


def test_failures_are_in_the_list(played: Handle, tmp_path: Path) -> None:
    """A row that failed has no file and says why."""
    played.configure(fail=1.0)

    study().save(tmp_path)

    frame = listed(tmp_path)[1]
    assert {"failed", "skipped"} == set(frame["status"])
    assert frame["error"].null_count() == 0


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file in the folder's place is an error, and what was made is safe."""
    (tmp_path / "file").write_text("", "utf-8")

    with pytest.raises(NotWritable, match="give another folder"):
        study().save(tmp_path / "file" / "pets")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_flag_saves_with_a_list(shell: Shell, folder: Path) -> None:
    """``--save DIR`` of one picture writes it with a list; with ``--no-provenance`` it is the very file that came."""
    shell.run(f"%%generate -m {PICTURE} --save out\na fox")
    shell.run(f"%%generate -m {PICTURE} --save plain --no-provenance\na fox")

    assert [True] == listed(folder / "out")[1]["stamped"].to_list()
    assert [False] == listed(folder / "plain")[1]["stamped"].to_list()


def test_the_flag_needs_a_folder(shell: Shell) -> None:
    """``--no-provenance`` without ``--save`` says what it belongs to, and how outputs go without."""
    said = shell.told(f"%%generate -m {PICTURE} --no-provenance\na fox")

    assert "--no-provenance goes with --save DIR" in said
    assert "ng.configure(provenance=False)" in said
