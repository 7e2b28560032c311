"""The command line: each command does its one thing, errors are one to four lines and exit code 1, no key needed."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import tomllib
import urllib.request
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
import surroundings
from notebookgen import cli
from notebookgen.client import default_client
from notebookgen.errors import MOST_LINES, LedgerTooNew
from notebookgen.ledger.schema import VERSION
from notebookgen.ledger.store import FILE_NAME
from notebookgen.sandbox.embedded import stop
from three_services import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

KEY = "sk_live_0123456789abcdefghij"


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """End what a command has started."""
    yield
    default_client().close()
    stop()
    ng.configure(**dict.fromkeys(ng.configuration._configured))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run a command in this process; return its exit code and what it printed."""
    code = cli.main(words)
    told = capsys.readouterr()
    return code, told.out, told.err


def started(person: Path, *words: str, **more: Any) -> subprocess.Popen[str]:
    """Start ``python -m notebookgen`` as a person would."""
    return subprocess.Popen(
        [sys.executable, "-m", "notebookgen", *words],
        env=surroundings.environment(os.environ, person),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def finished(person: Path, *words: str) -> tuple[int, str, str]:
    """Run ``python -m notebookgen`` to its end."""
    process = started(person, *words)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


# Its own words -----------------------------------------------------------------------------------------------------


def test_the_version(tmp_path: Path) -> None:
    """``--version`` is the installed one."""
    assert (0, f"notebookgen {ng.__version__}\n", "") == finished(tmp_path, "--version")


def test_without_a_command_it_says_which_there_are(tmp_path: Path) -> None:
    """Exit code 2 and at most four lines, the last of which says where to read on; a wrong word names the right ones."""
    for words in ((), ("modles",)):
        code, out, err = finished(tmp_path, *words)

        assert (2, "") == (code, out)
        assert "COMMAND" in err
        assert "To see what can be typed: notebookgen --help" == err.splitlines()[-1]
        assert MOST_LINES >= len(err.splitlines())
    assert "demo" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ledger", "--nonsense"), "unrecognized arguments: --nonsense"),
        (("ledger", "--by"), "--by: expected one argument"),
        (("sandbox", "--seconds", "1"), "--seconds: expected 2 arguments"),
        (("models", "a", "b"), "unrecognized arguments: b"),
    ],
)
def test_what_cannot_be_read(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    """Exit code 2 and two lines: what makes no sense, and what to type to read on."""
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    told = capsys.readouterr()

    assert (2, "") == (caught.value.code, told.out)
    assert said in told.err
    assert 2 == len(told.err.splitlines())


@pytest.mark.parametrize("command", ["demo", "models", "ledger", "sandbox", "doctor"])
def test_every_command_helps(capsys: pytest.CaptureFixture[str], command: str) -> None:
    """``--help`` of each command ends well and says what its options are for."""
    with pytest.raises(SystemExit) as caught:
        cli.main([command, "--help"])

    assert 0 == caught.value.code
    assert f"usage: notebookgen {command}" in capsys.readouterr().out


# Models ------------------------------------------------------------------------------------------------------------


def test_models(capsys: pytest.CaptureFixture[str]) -> None:
    """One a line with kind and price; without a key the sandbox's list stands in, and nothing is asked of anybody."""
    code, out, err = run(capsys, "models")
    lines = out.splitlines()

    assert (0, "") == (code, err)
    assert 50 < len(lines)
    assert any(re.match(r"armox:google/nano-banana +image +70 credits", line) for line in lines)


def test_models_by_word_and_provider(capsys: pytest.CaptureFixture[str]) -> None:
    """A word narrows the list, in any capitals; a provider's name too; where nothing is left, that is said."""
    _, some, _ = run(capsys, "models", "VEO")
    _, of_one, _ = run(capsys, "models", "--provider", "apixo")
    code, out, none = run(capsys, "models", "no such thing")
    near = [run(capsys, "models", word)[2] for word in ("bananna", "armx")]

    assert {True} == {"veo" in line.lower() for line in some.splitlines()}
    assert {"apixo"} == {line.partition(":")[0] for line in of_one.splitlines()}
    assert (1, "", "no model has 'no such thing' in its name. All: notebookgen models\n") == (code, out, none)
    assert "Did you mean 'banana'" in near[0]
    assert "Did you mean 'armox'?" in near[1]


@pytest.mark.usefixtures("hasty", "real")
def test_models_where_a_provider_cannot_be_reached(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are listed, and what was known of its own; a line beside the list says who could not be asked."""
    monkeypatch.setenv("ARMOX_BASE_URL", NOWHERE)
    code, out, err = run(capsys, "models")

    assert {"apimodels", "apixo", "armox"} == {line.partition(":")[0] for line in out.splitlines()}
    assert (0, 1) == (code, len(err.splitlines()))
    assert err.startswith("Armox could not be asked for its models")
    assert 1 == run(capsys, "models", "--provider", "armox")[0]


def test_a_wrong_provider(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, the near miss, nothing on standard output, no traceback."""
    code, out, err = run(capsys, "models", "--provider", "armx")

    assert (2, "") == (code, out)
    assert "UnknownProvider: no provider is named 'armx'. Did you mean 'armox'?" in err
    assert 1 == len(err.splitlines())


# Ledger ------------------------------------------------------------------------------------------------------------


def test_a_ledger_that_is_empty(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """Nothing was spent, and looking begins no ledger."""
    code, out, err = run(capsys, "ledger")

    assert (0, "") == (code, err)
    assert "Nothing was asked for yet, so nothing was spent.\n" == out
    assert not home.exists()


def test_what_was_spent(capsys: pytest.CaptureFixture[str]) -> None:
    """What the sandbox made is left out unless asked for; any column of the ledger can be asked by."""
    ng.configure(sandbox=True)
    ng.generate("a fox", kind="text", tag="trial", timeout=30)
    _, without, _ = run(capsys, "ledger")
    _, with_it, _ = run(capsys, "ledger", "--sandbox", "--by", "tag")

    assert "sandbox/text" not in without
    assert "trial" in with_it


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_export(capsys: pytest.CaptureFixture[str], tmp_path: Path, ending: str) -> None:
    """Every row in a file that other programs read."""
    ng.configure(sandbox=True)
    ng.generate("a fox", kind="text", timeout=30)
    code, out, _ = run(capsys, "ledger", "--export", str(tmp_path / f"all.{ending}"))
    read = pl.read_csv if ending == "csv" else pl.read_parquet

    assert (0, f"written: {tmp_path / f'all.{ending}'}\n") == (code, out)
    assert ["a fox"] == read(tmp_path / f"all.{ending}")["prompt"].to_list()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ledger", "--by", "modl"), "Did you mean 'model'"),
        (("ledger", "--export", "ledger.xlsx"), "ends in neither .csv nor .parquet"),
        (("sandbox", "--fail", "2"), "--fail 2 is not a number from 0 to 1"),
        (("sandbox", "--fail", "x"), "--fail 'x' is not a number from 0 to 1"),
        (("sandbox", "--fail", "nan"), "--fail nan is not a number from 0 to 1"),
        (("sandbox", "--credits", "many"), "--credits 'many' is not a number of 0 or more"),
        (("sandbox", "--port", "99999"), "--port 99999 is no port. Give a whole number from 0"),
        (("sandbox", "--port", "x"), "--port 'x' is no port"),
        (("sandbox", "--seconds", "3", "1"), "--seconds 3 1 is not a number of seconds, or the least and the most"),
        (("sandbox", "--seconds", "3", "1"), "Give for example: --seconds 0.3 1.2\n"),
        (("sandbox", "--seconds", "a", "b"), "--seconds 'a' 'b' is not a number of seconds"),
    ],
)
def test_what_cannot_be_done(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    """Exit code 2 and one to four lines on standard error, in a shell's words."""
    code, out, err = run(capsys, *words)

    assert (2, "") == (code, out)
    assert said in err
    assert "Traceback" not in err
    assert MOST_LINES >= len(err.splitlines())


def test_a_file_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What was typed makes sense and cannot be done here: exit code 1."""
    (tmp_path / "file").write_bytes(b"")
    code, out, err = run(capsys, "ledger", "--export", str(tmp_path / "file" / "ledger.csv"))

    assert (1, "") == (code, out)
    assert "cannot be written" in err


def test_a_name_that_is_not_utf8_is_a_name(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """As a shell of Linux hands it over; where no file system takes it, that is said."""
    for ending in (".csv", ".parquet"):
        code, out, err = run(
            capsys, "ledger", "--export", os.fsdecode(os.fsencode(tmp_path) + b"/\xff" + ending.encode())
        )
        assert "Traceback" not in err
        assert (code, bool(out)) in {(0, True), (1, False)}


def test_a_ledger_of_a_newer_version_is_left_alone(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """Reading it by command or function says what to type, and not a byte of it changes."""
    home.mkdir()
    path = home / FILE_NAME
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE things (thing TEXT)")
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = path.read_bytes()
    for words in (("ledger",), ("ledger", "--by", "day"), ("ledger", "--export", str(home / "all.csv"))):
        code, out, err = run(capsys, *words)

        assert (1, "") == (code, out)
        assert "LedgerTooNew: the ledger" in err
        assert "pip install --upgrade notebookgen" in err
    for read in (
        lambda: ng.ledger().frame(),
        lambda: ng.ledger().totals(),
        ng.runs,
        lambda: ng.generate("a fox", kind="text"),
    ):
        with pytest.raises(LedgerTooNew, match="Nothing was changed"):
            read()

    assert (before, {FILE_NAME}) == (path.read_bytes(), {one.name for one in home.glob(f"*{FILE_NAME}*")})


@pytest.mark.parametrize(
    ("told", "typed"),
    [
        ("Set ARMOX_API_KEY, or in a notebook: %load_ext notebookgen, then %generate login armox (keys: https://a.example)",
         "Type: export ARMOX_API_KEY=... (keys: https://a.example)"),
        ("set APIXO_API_KEY before Python starts, or pip install 'notebookgen[keyring]' and in a notebook: %load_ext notebookgen, then %generate login apixo",
         "type: export APIXO_API_KEY=..."),
        ("Type: ng.configure(home='a folder of yours')", "Type: export NOTEBOOKGEN_HOME='a folder of yours'"),
        ("ng.configure(sandbox=True)", "export NOTEBOOKGEN_SANDBOX=1"),
        ("Set it with ng.configure(home='...') or NOTEBOOKGEN_HOME", "Set it: export NOTEBOOKGEN_HOME='...'"),
        ("Give another home folder: ng.configure(home='...') or NOTEBOOKGEN_HOME.",
         "Give another home folder: export NOTEBOOKGEN_HOME='...'."),
        ("Set it with ng.configure(base_urls={...}) or a variable such as ARMOX_BASE_URL", "Set it: export ARMOX_BASE_URL=..."),
        ("for more of it: ng.sandbox(credits=10000)", "for more of it: notebookgen sandbox --credits 10000"),
        ("To see them: ng.models('armox')", "To see them: notebookgen models --provider armox"),
        ("Look again: ng.runs()", "Look again: notebookgen ledger --by run"),
        ("type: ng.resume()", 'type: python -c "import notebookgen as ng; ng.resume()"'),
    ],
)  # fmt: skip
def test_messages_speak_as_a_shell_does(told: str, typed: str) -> None:
    """What messages say in Python's words is told in the shell's; no magic is left."""
    assert typed == cli.in_shell(told)


def test_the_doctor_speaks_as_a_shell_does(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    """Nothing that only a notebook understands, with and without an open job."""
    ng.configure(sandbox=True)
    ng.generate("a fox", kind="text", timeout=30)
    default_client().close()
    with sqlite3.connect(home / FILE_NAME) as database:
        database.execute("UPDATE attempts SET state = 'submitted'")
    database.close()
    _, out, _ = run(capsys, "doctor")

    assert "export ARMOX_API_KEY=..." in out
    assert "ng.resume()" in out
    assert [] == re.findall(r"%\w+|ng\.configure", out)


def test_a_broken_project_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command that needs settings names the file and the line, and what a shell types instead."""
    (tmp_path / "notebookgen.toml").write_text("concurrency = \n")
    monkeypatch.chdir(tmp_path)
    for command in ("models", "ledger", "doctor"):
        code, _, err = run(capsys, command)

        assert 1 == code
        assert "notebookgen.toml" in err
        assert "line 1" in err
    (tmp_path / "notebookgen.toml").write_text("home = 'here'\n")
    assert "Set it: export NOTEBOOKGEN_HOME='...'" in run(capsys, "doctor")[2]
    (tmp_path / "notebookgen.toml").unlink()


# Doctor ------------------------------------------------------------------------------------------------------------


def test_doctor(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is configured, with a key by its last letters only, also where its provider cannot be reached."""
    monkeypatch.setenv("ARMOX_API_KEY", KEY)
    monkeypatch.setenv("ARMOX_BASE_URL", "http://127.0.0.1:9/v1")
    code, out, err = run(capsys, "doctor")

    assert (0, "") == (code, err)
    assert "armox     key …ghij from the environment; ! 127.0.0.1" in out
    assert KEY not in out


# Sandbox -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["signal", "stdin"])
def test_the_sandbox_serves_until_stopped(tmp_path: Path, ending: str) -> None:
    """The first line is JSON with the addresses, which answer; Ctrl-C ends it, and with ``--parent`` the end of its input."""
    words = ("sandbox", "--seconds", "0", "0.1", "--credits", "500", *(["--parent"] if ending == "stdin" else []))
    with started(tmp_path, *words, stdin=subprocess.PIPE) as process:
        end = threading.Timer(60, process.kill)  # a sandbox that says nothing must not hold up the tests
        end.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            if ending == "stdin":
                process.stdin.write("{}\n")
                process.stdin.flush()
            address = json.loads(process.stdout.readline())["base_urls"]["armox"]
            asked = urllib.request.Request(f"{address}/account", headers={"Authorization": f"Bearer {KEY}"})
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=30) as answer:
                body = answer.read()
            if ending == "signal":
                process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        finally:
            end.cancel()
            process.kill()

    assert b"500" in body
    assert "Traceback" not in err
    assert process.returncode in {0, 130}


# Ends --------------------------------------------------------------------------------------------------------------


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """``notebookgen models | head -1`` ends without a word of complaint."""
    with started(tmp_path, "models") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()

    assert (0, "") == (process.returncode, err)


def test_stop_is_said_in_a_word(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C: exit code 130, one word, no traceback."""

    def interrupted(*_: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("notebookgen.client.Client.models_live", interrupted)

    assert (130, "", "stopped\n") == run(capsys, "models")


@pytest.mark.slow
@pytest.mark.parametrize(("words", "name"), [((), "quickstart"), (("bulk",), "bulk")])
def test_the_demo_runs_without_a_key(tmp_path: Path, words: tuple[str, ...], name: str) -> None:
    """One command: a notebook is run on the sandbox and written as a page; the first picture is told of; the person's ledger is left alone."""
    target = tmp_path / "page"
    code, out, err = finished(tmp_path / "person", "demo", *words, "--to", str(target), "--no-browser")
    page = (target / f"{name}.html").read_text(encoding="utf-8")

    assert 0 == code, err
    assert f"{target / name}.html" in out.splitlines()[-1]
    assert 1 == out.count("the first picture after ")
    assert "data:image/" in page
    assert not (tmp_path / "person" / "notebookgen").exists()


def test_every_notebook_comes_along(root: Path) -> None:
    """What is in notebooks/ is in the wheel, is run by the demo, and is a page of the documentation's tutorial."""
    names = sorted(file.stem for file in (root / "notebooks").glob("*.ipynb"))
    wheel = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    kept = {f"notebooks/{name}.ipynb": f"notebookgen/notebooks/{name}.ipynb" for name in names}
    index = (root / "docs" / "index.md").read_text("utf-8").splitlines()

    assert names == sorted(cli.DEMOS)
    assert kept == wheel["force-include"]
    assert names == sorted(line.removeprefix("tutorial/") for line in index if line.startswith("tutorial/"))


def test_a_demo_that_has_no_place(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A folder that cannot be made is named, with what to type."""
    (tmp_path / "file").write_bytes(b"")
    code, _, err = run(capsys, "demo", "--no-browser", "--to", str(tmp_path / "file" / "page"))

    assert 1 == code
    assert "notebookgen demo --to FOLDER" in err


def test_a_demo_without_its_extra(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is named, with what to install."""
    monkeypatch.setitem(sys.modules, "nbclient", None)
    code, _, err = run(capsys, "demo", "--no-browser")

    assert (1, True) == (code, "pip install 'notebookgen[all]'" in err)
