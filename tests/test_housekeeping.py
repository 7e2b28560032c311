"""Where the bytes are, what they are for, and making room without taking what somebody needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.cli import main
from notebookgen.errors import InvalidCall, LedgerError
from notebookgen.frames.library import read_age
from notebookgen.jobs import house
from notebookgen.media import MediaStore
from scripted import until
from three_services import SMALL

if TYPE_CHECKING:
    from cells import Shell
    from notebookgen.media.housekeeping import Pruned
    from notebookgen.results import Result
    from notebookgen.sandbox import Handle

PICTURE = "armox:google/nano-banana"
SEVERAL = "apimodels:grok-image/grok-4.2-image"
DAY = 24 * 3600.0


def made(prompt: str = "a fox", **options: Any) -> Result:
    one = ng.generate(prompt, timeout=60, **{"model": PICTURE, **options})
    assert isinstance(one, ng.Result)
    return one


def orphan(home: Path, text: str = "needed by nothing") -> Path:
    """Keep a file that nothing needs, a day ago."""
    path = Path(MediaStore(home / "media").keep(text).path)
    os.utime(path, (time.time() - DAY, time.time() - DAY))
    return path


def names(found: Pruned) -> list[str]:
    return [path.name for path in found.files]


def row(frame: pl.DataFrame, path: Path | None) -> dict[str, Any]:
    return frame.row(by_predicate=pl.col("path") == str(path), named=True)


# What is there ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_each_file_is_told_with_what_needs_it(real: Handle, home: Path) -> None:
    """A row for each file: what it is, its size, who needs it, whether it came back or was sent along."""
    one = made()
    edited = made("wearing a hat", model=SEVERAL, images=one)
    alone = orphan(home)

    media = ng.media()
    frame = media.frame()

    first, second, third = (row(frame, path) for path in (one.path, edited.path, alone))
    assert (media.folder, media.size) == (home / "media", frame["size"].sum())
    assert [one.id, edited.id] == first["generations"]
    assert ([edited.results.run, one.results.run], "both", False, False) == (
        first["runs"],
        first["role"],
        first["sandbox"],
        first["missing"],
    )
    assert ([edited.id], "output", edited.assets[0].sha256) == (second["generations"], second["role"], second["sha256"])
    assert ("unneeded", [], None, None) == (third["role"], third["runs"], third["sandbox"], third["used"])
    assert first["used"] >= first["at"].replace(microsecond=0) or first["used"] is not None


@pytest.mark.slow
def test_an_image_that_was_given_is_an_input(real: Handle, tmp_path: Path) -> None:
    """What was sent along from a person's own file is kept, and is an input."""
    place = tmp_path / "mine.png"
    made().save(place)

    made("wearing a hat", model=SEVERAL, images=place)

    assert {"output": 2, "input": 1} == dict(ng.media().frame()["role"].value_counts().iter_rows())


def test_what_is_missing_is_told(real: Handle) -> None:
    """A file that the ledger needs and that has left its place stays in the frame, marked, and counts for no bytes."""
    one = made()
    assert one.path is not None
    one.path.unlink()

    frame = ng.media().frame()

    assert ([True], [str(one.path)], 0) == (frame["missing"].to_list(), frame["path"].to_list(), ng.media().size)
    assert "asked for again" in repr(ng.media())


def test_an_empty_folder_is_told(home: Path) -> None:
    """Before anything was made there is nothing, and nothing fails."""
    media = ng.media()

    assert (0, 0, f"0 files, 0 B, in {home / 'media'}") == (media.frame().height, media.size, repr(media))


@pytest.mark.slow
def test_the_magic_shows_the_same(shell: Shell) -> None:
    """``%generate media`` is a table by kind, in a notebook as in a terminal."""
    shell.run("%%generate -m armox:sandbox/picture\na fox")

    view = shell.run("%generate media")

    assert ("image", "1") == view.rows[0][:2]
    assert "<table>" in view._repr_html_()


# Making room -----------------------------------------------------------------------------------------------------


def test_what_nothing_needs_goes(real: Handle, home: Path) -> None:
    """Without a word about what, only what nothing needs goes; what is needed stays."""
    one, alone = made(), orphan(home)
    house.close_all()

    dry = ng.media().prune(dry_run=True)
    assert ([alone.name], True, True) == (names(dry), dry.dry_run, alone.exists())
    done = ng.media().prune()

    assert ([alone.name], 0, False) == (names(done), done.rows, alone.exists())
    assert one.path is not None
    assert one.path.exists()


@pytest.mark.parametrize("options", [{"older_than": "0d"}, {"sandbox": True, "older_than": "0h"}], ids=str)
def test_what_the_ledger_needs_goes_at_a_word_only(
    options: dict[str, Any], request: pytest.FixtureRequest, home: Path
) -> None:
    """What a row of the ledger would lose is said, with how many, and nothing goes; with the word, it does."""
    request.getfixturevalue("played" if "sandbox" in options else "real")
    one, other = made(), made("a hare")
    paths = [path for each in (one, other) for path in each.paths]
    house.close_all()

    with pytest.raises(InvalidCall, match=r"2 generations of the ledger would lose 2 files .*\n.*yes=True\)"):
        ng.media().prune(**options)
    assert all(path.exists() for path in paths)
    done = ng.media().prune(**options, yes=True)

    assert (2, 2, "2 generations of the ledger lost a file") == (len(done.files), done.rows, repr(done).splitlines()[1])
    assert not any(path.exists() for path in paths)


def test_what_went_comes_back_for_nothing(real: Handle) -> None:
    """Asked for again, a generation whose file was removed has it fetched once more; nothing is bought."""
    one = made()
    ng.media().prune(older_than="0d", yes=True)
    assert one.path is not None
    assert not one.path.exists()

    again = made()

    assert (one.id, True, 1) == (again.id, one.path.exists(), len(real.state()["creates"]))


def test_the_sandbox_alone_goes(real: Handle, home: Path) -> None:
    """``sandbox`` leaves every file that a real service was paid for."""
    paid = made()
    ng.configure(sandbox=True)
    with ng.sandbox(seconds=(0, 0.05), pixels=SMALL):
        played = made("a hare")
    house.close_all()

    ng.media().prune(sandbox=True, yes=True)

    assert [(True, False)] == [
        (one.exists(), other.exists()) for one, other in zip(paid.paths, played.paths, strict=True)
    ]


def test_age_is_that_of_the_last_use(real: Handle, home: Path) -> None:
    """What was asked for a moment ago is not old, however long ago it was kept."""
    one = made()
    assert one.path is not None
    os.utime(one.path, (time.time() - 100 * DAY, time.time() - 100 * DAY))

    assert [] == names(ng.media().prune(older_than="90d", yes=True))
    assert one.path.exists()


@pytest.mark.slow
def test_what_work_under_way_needs_stays(real: Handle, tmp_path: Path) -> None:
    """An image that was sent along with a job that is still open is not touched, whatever is said."""
    place = tmp_path / "mine.png"
    made().save(place)
    real.configure(immediate=False, seconds=(60, 60))
    open_one = ng.generate("a hat", model=SEVERAL, images=place, background=True)
    until(lambda: open_one.handle.row(0).job is not None)
    (held,) = (one["path"] for one in ng.media().frame().iter_rows(named=True) if one["role"] == "input")

    done = ng.media().prune(older_than="0d", yes=True)

    assert (True, 1) == (Path(held).exists(), done.spared)


def test_what_a_living_kernel_has_just_kept_stays(home: Path) -> None:
    """A file that nothing needs yet, and that came since a kernel began which lives, may be a plan's: it stays."""
    script = (
        "import sys; from pathlib import Path; from notebookgen.ledger.kernels import KernelLock;"
        "lock = KernelLock(Path(sys.argv[1]) / 'kernels'); print('here', flush=True); sys.stdin.read()"
    )
    home.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as kernel:
        assert kernel.stdout is not None
        assert "here\n" == kernel.stdout.readline()
        path = Path(MediaStore(home / "media").keep("of a plan").path)
        (lock,) = (home / "kernels").glob("*.lock")
        two_hours = time.time() - 7_200
        os.utime(lock, (two_hours - 60, two_hours - 60))
        os.utime(path, (two_hours, two_hours))

        beside = ng.media().prune(yes=True)
        assert ([], 1, True) == (names(beside), beside.spared, path.exists())
        kernel.communicate("", timeout=30)

    assert [path.name] == names(ng.media().prune(yes=True))


def test_what_is_kept_once_more_meanwhile_stays(home: Path) -> None:
    """A file that is needed again between the look and the removal is not removed."""
    from notebookgen.media import housekeeping

    path = orphan(home)
    (found,) = housekeeping.kept_files(home)
    MediaStore(home / "media").keep("needed by nothing")

    assert (False, True) == (housekeeping.removed(found), path.exists())


def test_left_over_downloads_go(home: Path) -> None:
    """Unfinished downloads of kernels that are gone go: after an hour, or after a day where they can be gone on with."""
    incoming = home / "media" / "incoming"
    incoming.mkdir(parents=True)
    named = f"{'0' * 32}.{'0' * 16}.2278220000.1000000.{'0' * 8}"
    old, young = f"{'0' * 16}.part", f"{'1' * 16}.part"
    ages = {old: 7200.0, young: 60.0, f"{named}.part": 7200.0, f"{named}.left": 2 * DAY, "others.part": 2 * DAY}
    for name, age in ages.items():
        (incoming / name).write_bytes(b"x")
        os.utime(incoming / name, (time.time() - age, time.time() - age))

    assert 2 == ng.media().prune().leftovers
    assert {young, f"{named}.part", "others.part"} == {path.name for path in incoming.iterdir()}


def test_without_a_ledger_nothing_is_known_to_be_unneeded(home: Path) -> None:
    """Where the ledger is gone, all files look unneeded: they go at a word only."""
    path = orphan(home)

    with pytest.raises(InvalidCall, match="there is no ledger beside the files"):
        ng.media().prune()
    assert path.exists()


def test_a_ledger_that_cannot_be_read_stops_it(home: Path) -> None:
    """Where nobody can tell what is needed, nothing goes, whatever is said."""
    path = orphan(home)
    (home / "ledger.sqlite").write_bytes(b"no ledger" * 1000)

    with pytest.raises(LedgerError):
        ng.media().prune(yes=True)
    assert path.exists()


def test_what_is_no_file_of_ours_is_left_alone(home: Path) -> None:
    """Whatever a person has put into the folder under a name of their own stays."""
    orphan(home)
    for place in (home / "media" / "notes.txt", home / "media" / "ab" / "notes.txt"):
        place.parent.mkdir(exist_ok=True, parents=True)
        place.write_text("mine", "utf-8")

    ng.media().prune(yes=True, older_than="0d")

    assert ["notes.txt", "notes.txt"] == [path.name for path in (home / "media").rglob("*.txt")]


def test_nothing_outside_is_touched(home: Path, tmp_path: Path) -> None:
    """What a link in the folder leads to, and files of other names, stay, whatever is asked for and whoever sweeps."""
    orphan(home)
    media, outside, name = home / "media", tmp_path / "outside", "ab" * 32
    inside, title = media / "cd", "my-thesis-chapter-" + "x" * 46
    for folder in (outside, inside):
        folder.mkdir(exist_ok=True)
    ours = ["0123456789abcdef.part", f"{'ab' * 16}.{'cd' * 8}.aa.9.12345678.left", f"{name}.png"]
    files = [outside / one for one in (*ours, f"{title}.txt", "other.part")]
    files += [
        inside / f"{title}.txt",
        inside / f"{name}.png",
        inside / f"{'CD' * 32}.png",
        inside / f"{'cd' * 32}.png.bak",
    ]
    for file in files:
        file.write_bytes(b"precious")
        os.utime(file, (1, 1))
    (inside / f"{'cd' * 32}.png").symlink_to(outside / f"{name}.png")
    links = [media / "incoming", media / "ab"]
    for link in links:
        shutil.rmtree(link, ignore_errors=True)
        link.symlink_to(outside, target_is_directory=True)

    dry = ng.media().prune(unreferenced=True, dry_run=True)
    done = ng.media().prune(unreferenced=True, older_than="0d", yes=True)
    swept = MediaStore(media).sweep(now=time.time())

    assert (1, 0, 1, 0, 0) == (len(dry.files), dry.leftovers, len(done.files), done.leftovers, swept)
    assert [True] * len(files) == [file.exists() for file in files]
    assert (inside / f"{'cd' * 32}.png").is_symlink()


@pytest.mark.slow
def test_what_is_needed_behind_a_link_is_not_missing(real: Handle, home: Path, tmp_path: Path) -> None:
    """A shelf that a person has put elsewhere works on; it is neither counted nor emptied."""
    one = made()
    house.close_all()
    assert one.path is not None
    shelf = one.path.parent
    shelf.rename(tmp_path / "elsewhere")
    shelf.symlink_to(tmp_path / "elsewhere", target_is_directory=True)

    assert 0 == ng.media().frame().height
    assert 0 == len(ng.media().prune(yes=True, older_than="0d").files)
    assert one.path.is_file()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90d", 90 * DAY), ("12h", DAY / 2), ("2w", 14 * DAY), ("1 year", 365 * DAY), ("1.5 d", 1.5 * DAY)],
)
def test_ages_are_read(said: str, seconds: float) -> None:
    """Days, hours, weeks and years."""
    assert seconds == read_age(said)


@pytest.mark.parametrize("said", ["", "soon", "90", "-3d", "3m", 90, None], ids=repr)
def test_what_is_no_age_is_refused(said: Any) -> None:
    """What is no age is an error that shows what one looks like."""
    with pytest.raises(InvalidCall, match="90d, 12h, 2w or 1y"):
        read_age(said)


# In a shell ------------------------------------------------------------------------------------------------------


def test_the_command_speaks_of_flags(played: Handle, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``notebookgen media`` and ``prune`` show the same in a shell's words, and refuse in them."""
    made()
    house.close_all()

    assert 0 == main(["media"])
    assert "notebookgen media prune --sandbox --dry-run" in capsys.readouterr().out
    assert 0 == main(["media", "prune", "--sandbox", "--dry-run"])
    assert "1 generation of the ledger would lose a file, so that it takes --yes\n" in capsys.readouterr().out
    assert 2 == main(["media", "prune", "--sandbox", "--older-than", "0d"])
    assert "To remove them: notebookgen media prune --sandbox --older-than 0d --yes" in capsys.readouterr().err
    assert 0 == main(["media", "prune", "--sandbox", "--yes"])
    assert "1 file removed" in capsys.readouterr().out
