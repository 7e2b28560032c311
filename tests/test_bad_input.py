"""Every kind of bad input: a clear error of at most four lines, nothing charged, nothing lost, no key, no traceback."""

from __future__ import annotations

import ast
import json
import math
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import traceback
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import cells
import notebookgen as ng
import surroundings
from notebookgen import errors
from notebookgen.client import default_client
from notebookgen.errors import MOST_LINES, NotebookgenError, shown
from notebookgen.ledger.schema import VERSION
from notebookgen.ledger.store import FILE_NAME
from notebookgen.sandbox import Fault
from three_services import KEYS, accepted, picture, requests, services

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notebookgen.sandbox import Handle

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hasty")]

PICTURE = "armox:google/nano-banana"
MODELS = {"armox": PICTURE, "apimodels": "apimodels:grok-imagine/grok-imagine-image", "apixo": "apixo:nano-banana"}
SOURCES = Path(ng.__file__).parent


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The services behind addresses and keys, as the real ones are."""
    with services("real", monkeypatch, immediate=False) as handle:
        yield handle


def told(error: NotebookgenError) -> str:
    """Return an error's words, which are at most four lines, whole, and without any key."""
    lines = error._render_traceback_()
    everything = "".join(traceback.format_exception(error)) + "\n".join(lines)

    assert MOST_LINES >= len(lines)
    assert [f"{type(error).__name__}: {str(error).splitlines()[0]}", *str(error).splitlines()[1:]] == lines
    assert [] == [key for key in KEYS.values() if key in everything]
    return str(error)


def refused(call: Callable[[], object], cls: type[NotebookgenError], said: str) -> NotebookgenError:
    """Make a call that must end in that error; return it."""
    with pytest.raises(cls, match=f"(?s){said}") as caught:
        call()
    told(caught.value)
    return caught.value


def untouched(handle: Handle) -> None:
    """No create reached any service, and no row of a ledger says that one was to."""
    assert [0, 0, 0] == [accepted(handle, name) for name in KEYS]
    assert 0 == requests(handle, "create") == len(handle.state()["creates"])
    if (default_client().settings.home / FILE_NAME).exists():
        assert [] == ng.ledger().frame()["status"].to_list()


# Calls -------------------------------------------------------------------------------------------------------------

CALLS: list[tuple[dict[str, Any], type[NotebookgenError], str]] = [
    # models and providers
    (
        {"model": "armox:google/nano-bananna"},
        errors.UnknownModel,
        "Did you mean 'google/nano-banana'.*Nothing was sent",
    ),
    ({"model": "armx:google/nano-banana"}, errors.UnknownProvider, "Did you mean 'armox'.*Installed are"),
    ({"model": "nano-bananna-3"}, errors.UnknownModel, "A model is written provider:id"),
    ({"model": "armox:"}, errors.UnknownModel, r"ng\.models\('armox'\)"),
    ({"model": "apixo:nano-banana", "kind": "picture"}, errors.InvalidCall, "Kinds are: image"),
    ({"model": None}, errors.UnknownModel, "none is picked for you. Nothing was sent.*ng.configure"),
    ({"model": 5}, errors.InvalidCall, "Nothing was sent. Give text such as"),
    ({"kind": 5}, errors.InvalidCall, "Nothing was sent. Give text such as"),
    # prompts
    ({"prompt": ""}, errors.InvalidPrompt, "the prompt is empty. Nothing was sent"),
    ({"prompt": " \n\t "}, errors.InvalidPrompt, "the prompt is empty. Nothing was sent"),
    ({"prompt": None}, errors.InvalidPrompt, "not text. Nothing was sent"),
    ({"prompt": "a\x00b"}, errors.InvalidPrompt, "control characters"),
    ({"prompt": "half \ud83e a fox"}, errors.InvalidPrompt, "half a character, which cannot be sent. Nothing was sent"),
    # settings
    ({"aspect_ratio": "banana"}, errors.InvalidSetting, "one of '1:1', '4:3'.*not 'banana'.*Nothing was sent"),
    ({"settings": {"aspect_ratio": 5}}, errors.InvalidSetting, "one of '1:1'"),
    ({"settings": {"x": object()}}, errors.InvalidSetting, "setting 'x'.*cannot be sent"),
    ({"settings": {"x": math.nan}}, errors.InvalidSetting, "setting 'x'.*finite number"),
    ({"settings": {"x": "\ud800"}}, errors.InvalidPrompt, "half a character"),
    ({"settings": {"aspect_ratio": "1:1"}, "aspect_ratio": "4:3"}, errors.InvalidCall, "given twice. Nothing was sent"),
    ({"settings": ["aspect_ratio"]}, errors.InvalidCall, "Give a dictionary"),
    ({"settings": {"prompt": "a cat"}}, errors.InvalidPrompt, "a prompt twice"),
    # options
    ({"bugdet": 5}, errors.InvalidCall, "Did you mean 'budget'.*Nothing was sent"),
    ({"sampels": 5}, errors.InvalidCall, "Did you mean 'samples'"),
    ({"samples": 0}, errors.InvalidCall, "whole number from 1 to 1000"),
    ({"samples": "2"}, errors.InvalidCall, "whole number from 1 to 1000"),
    ({"timeout": "soon"}, errors.InvalidCall, "Nothing was sent. Give a number of seconds above 0"),
    ({"timeout": -1}, errors.InvalidCall, "Nothing was sent. Give a number of seconds above 0"),
    ({"timeout": math.nan}, errors.InvalidCall, "Nothing was sent. Give a number of seconds above 0"),
    ({"timeout": True}, errors.InvalidCall, "Nothing was sent. Give a number of seconds above 0"),
    ({"tag": 5}, errors.InvalidCall, "Nothing was sent. Give text"),
    # budgets
    ({"budget": "five"}, errors.InvalidCall, "no amount above zero. Give 5"),
    ({"budget": 0}, errors.InvalidCall, "no amount above zero"),
    ({"budget": 1}, errors.BudgetExceeded, "needs 70 credits.*Nothing was sent.*Raise it: budget=70"),
    ({"budget": "5 USD"}, errors.InvalidCall, "paid in credits.*Nothing was sent"),
    # images
    ({"images": "no such picture.png"}, errors.InvalidImage, "there is no image 'no such picture.png'"),
    ({"images": {"image": Path("no such picture.png")}}, errors.InvalidImage, "there is no image"),
    ({"images": b"words, not an image"}, errors.InvalidImage, "text/plain, not an image"),
    ({"images": picture()[:60]}, errors.InvalidImage, "."),
    ({"images": 5}, errors.InvalidImage, "is of type int. Give a path"),
    ({"images": "https://a b"}, errors.InvalidImage, "white space"),
    ({"images": picture()}, errors.InvalidImage, "public address"),
]


def name_of(value: object) -> str:
    return ascii(value)[:40].partition(" at 0x")[0] if isinstance(value, dict) else ""


@pytest.mark.parametrize(
    ("changes", "cls", "said"),
    CALLS,
    ids=[f"{n}-{name_of(call[0]).partition(' at 0x')[0]}" for n, call in enumerate(CALLS)],
)
def test_a_call_that_cannot_be_meant(
    real: Handle, changes: dict[str, Any], cls: type[NotebookgenError], said: str
) -> None:
    """Whatever is wrong in a call is said before anything is sent; the right call then goes through, bought once."""
    call = {"model": PICTURE, "timeout": 30, **changes}
    prompt = call.pop("prompt", "a fox")

    refused(lambda: ng.generate(prompt, **call), cls, said)
    untouched(real)

    assert "saved" == ng.generate("a fox", model=PICTURE, timeout=30).status  # type: ignore[union-attr]  # one sample
    assert 1 == accepted(real, "armox")


def test_files_that_are_no_images(real: Handle, tmp_path: Path) -> None:
    """A text, an empty file, a folder, a drawing, a film's name: each is told as what it is, nothing is sent."""
    (tmp_path / "fox.png").write_bytes(picture())
    (tmp_path / "words.png").write_text("these are words")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    for name, said in (
        ("words.png", "not an image"), ("empty.png", "empty"), ("drawing.svg", "save it as PNG"), (".", "is a folder"),
        ("fxo.png", "Did you mean 'fox.png'"), ("none/fox.png", "folder does not exist"),
    ):  # fmt: skip
        for form in (tmp_path / name, str(tmp_path / name)):
            refused(lambda form=form: ng.generate("a fox", model=PICTURE, images=form), errors.InvalidImage, said)  # type: ignore[misc]  # bound at once
    untouched(real)


# Keys --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KEYS)
def test_a_provider_without_a_key(real: Handle, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Named without a key: which variable, where to get one, what to type; never a silent sandbox."""
    monkeypatch.delenv(f"{name.upper()}_API_KEY")
    provider = ng.Client(name)
    said = rf"{name.upper()}_API_KEY is not set. Nothing was sent.*https://.*set {name.upper()}_API_KEY before Python starts"

    refused(lambda: ng.generate("a fox", model=MODELS[name]), errors.MissingKey, said)
    refused(lambda: provider.generate("a fox", model=MODELS[name].partition(":")[2]), errors.MissingKey, said)
    untouched(real)


@pytest.mark.parametrize("name", KEYS)
def test_a_wrong_key(real: Handle, name: str) -> None:
    """The provider says no: whose key, where it is set, where to get another; nothing charged, no key shown, asked once."""
    real.configure(keys=frozenset({"another-key-of-somebody"}))
    error = refused(
        lambda: ng.generate("a fox", model=MODELS[name], timeout=30),
        errors.InvalidKey,
        rf"does not accept the key.*Nothing was charged.*{name.upper()}_API_KEY.*%generate login {name}",
    )

    assert isinstance(error, errors.InvalidKey)
    assert 401 == error.code
    assert [0, 0, 0] == [accepted(real, each) for each in KEYS]
    assert 1 >= requests(real, "create")
    assert 0 == ng.ledger().frame()["charged"].sum()


@pytest.mark.parametrize("key", ["two words", "\u201ckey\u201d", "line\nbreak"])
def test_a_key_that_is_none(real: Handle, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """What no header can carry is told before anything is sent, and not shown."""
    monkeypatch.setenv("ARMOX_API_KEY", key)
    error = refused(lambda: ng.generate("a fox", model=PICTURE), errors.ConfigurationError, "Copy it again")

    assert key not in "".join(traceback.format_exception(error))
    untouched(real)


def test_an_empty_account(real: Handle) -> None:
    """402 at each provider: whose account, nothing charged; and the ledger says refused."""
    real.configure(credits=1, balance=0.0001)
    for name in KEYS:
        error = refused(
            lambda name=name: ng.Client(name, api_key=f"poor-{name}-key").generate(
                "a fox", model=MODELS[name], timeout=30
            ),  # type: ignore[misc]  # bound at once
            errors.InsufficientFunds,
            "too little left.*Nothing was charged",
        )
        assert 402 == error.code  # type: ignore[attr-defined]  # a ProviderError
    assert [0, 0, 0] == [accepted(real, each) for each in KEYS]
    assert ["refused"] * 3 == ng.ledger().frame()["status"].to_list()


# Providers that answer something else ------------------------------------------------------------------------------

STRANGE = ("html", "list_instead", "empty", "garbage", "half")


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("name", ["apimodels", "apixo"])
def test_a_create_answered_strangely_is_held(real: Handle, name: str, kind: str) -> None:
    """No list to look in: it is ambiguous, its reservation counts, and it is never sent again by itself."""
    real.configure(misbehave=(Fault(kind=kind, service=name),))
    for _ in range(3):
        error = refused(lambda: ng.generate("a fox", model=MODELS[name], timeout=30), errors.JobAmbiguous, "resolve")
    row = ng.ledger().frame().row(0, named=True)

    assert isinstance(error, errors.JobAmbiguous)
    assert row["id"] == error.id
    assert (1, 1) == (accepted(real, name), ng.ledger().frame().height)
    assert ("ambiguous", None) == (row["status"], row["charged"])
    assert row["reserved"] > 0


@pytest.mark.parametrize("kind", STRANGE)
def test_a_create_answered_strangely_is_found_where_there_is_a_list(real: Handle, kind: str) -> None:
    """Armox lists jobs: the lost one is found there and kept, bought once."""
    real.configure(misbehave=(Fault(kind=kind, service="armox"),))
    result = ng.generate("a fox", model=PICTURE, timeout=30)

    assert "saved" == result.status  # type: ignore[union-attr]  # one sample
    assert (1, 1) == (accepted(real, "armox"), ng.ledger().frame().height)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("armox", kind) for kind in STRANGE),
        *((name, kind) for name in ("apimodels", "apixo") for kind in ("html", "half")),
    ],
)
def test_a_look_answered_strangely_is_followed_by_another(real: Handle, name: str, kind: str) -> None:
    """A failed look ends nothing: it keeps looking, and what was bought once arrives."""
    real.configure(misbehave=(Fault(kind=kind, service=name, purpose="status"),))
    result = ng.generate("a fox", model=MODELS[name], timeout=60)

    assert "saved" == result.status  # type: ignore[union-attr]  # one sample
    assert 1 == accepted(real, name)


@pytest.mark.parametrize("kind", STRANGE)
def test_a_list_of_models_answered_strangely(real: Handle, kind: str) -> None:
    """Listing says so in an error of ours; generating goes on without the list, since the create itself will tell."""
    real.configure(misbehave=(Fault(kind=kind, service="armox", purpose="models", count=None),))
    with pytest.raises((errors.ProviderError, errors.TransportError)) as caught:
        ng.models("armox")
    told(caught.value)

    assert "saved" == ng.generate("a fox", model=PICTURE, timeout=30).status  # type: ignore[union-attr]  # one sample
    assert 1 == accepted(real, "armox")


@pytest.mark.parametrize("kind", STRANGE)
def test_a_list_of_jobs_answered_strangely_proves_nothing(real: Handle, kind: str) -> None:
    """A create is lost and the list that could find it is broken for a while: it is looked for again, not bought again."""
    faults = (Fault(kind="lost_after", service="armox"), Fault(kind=kind, service="armox", purpose="list", count=2))
    real.configure(misbehave=faults)

    assert "saved" == ng.generate("a fox", model=PICTURE, timeout=60).status  # type: ignore[union-attr]  # one sample
    assert 1 == accepted(real, "armox")


# This machine ------------------------------------------------------------------------------------------------------


def test_a_ledger_of_a_newer_version(real: Handle, home: Path) -> None:
    """Nothing is sent, the file is left as it is, and the message says what to type."""
    home.mkdir()
    database = sqlite3.connect(home / FILE_NAME)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.commit()
    database.close()

    refused(lambda: ng.generate("a fox", model=PICTURE), errors.LedgerTooNew, "pip install --upgrade notebookgen")
    assert [0, 0, 0] == [accepted(real, name) for name in KEYS]
    with sqlite3.connect(home / FILE_NAME) as again:
        assert [] == again.execute("SELECT name FROM sqlite_master").fetchall()
    again.close()


def test_a_damaged_ledger(real: Handle, home: Path) -> None:
    """Nothing is sent, the file is left as it is, and the message says two ways on."""
    home.mkdir()
    (home / FILE_NAME).write_bytes(b"these are words " * 500)

    refused(lambda: ng.generate("a fox", model=PICTURE), errors.LedgerError, "is damaged.*Nothing was sent.*backup")
    refused(lambda: ng.ledger().frame(), errors.LedgerError, "is damaged")
    assert [0, 0, 0] == [accepted(real, name) for name in KEYS]
    assert b"these are words " * 500 == (home / FILE_NAME).read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sandbox = yes\n", r"notebookgen\.toml.*line 1.*Mend that line"),
        ("\n\nconcurency = 3\n", "notebookgen\\.toml.*'concurency'.*Did you mean 'concurrency'"),
        ("concurrency = 0\n", r"notebookgen\.toml.*from 1 to 1000"),
        ("[base_urls]\narmox = 'https://evil.example'\n", r"notebookgen\.toml.*may not"),
    ],
)
def test_a_broken_project_file(
    real: Handle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    """File and line are named; nothing is sent while it is broken; mended, the same call goes through."""
    path = tmp_path / "notebookgen.toml"
    path.write_text(text)
    monkeypatch.chdir(tmp_path)
    for call in (
        lambda: ng.generate("a fox", model=PICTURE),
        ng.models,
        ng.ledger,
        ng.settings,
        lambda: ng.configure(timeout=5),
    ):
        refused(call, errors.SettingsError, said)
    path.unlink()
    untouched(real)

    assert "saved" == ng.generate("a fox", model=PICTURE, timeout=30).status  # type: ignore[union-attr]  # one sample


def test_a_wrong_address(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A base address that is none is named, and what one looks like; nothing is sent."""
    for address in ("nonsense", "ftp://a.example", "http://127.0.0.1:99999/v1"):
        monkeypatch.setenv("ARMOX_BASE_URL", address)
        refused(lambda: ng.generate("a fox", model=PICTURE), errors.ConfigurationError, "It should look like https://")
    untouched(real)


def test_a_home_that_cannot_be_made(real: Handle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder under a file: nothing is sent, and where else to go is said; another one works at once."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("NOTEBOOKGEN_HOME", str(tmp_path / "file" / "home"))
    refused(lambda: ng.generate("a fox", model=PICTURE), errors.NotWritable, r"Nothing was sent.*ng\.configure\(home=")
    assert [0, 0, 0] == [accepted(real, name) for name in KEYS]
    assert "cannot be written" in default_client().doctor()

    ng.configure(home=tmp_path / "home")
    assert "saved" == ng.generate("a fox", model=PICTURE, timeout=30).status  # type: ignore[union-attr]  # one sample


SLIPS: dict[str, tuple[Callable[[], object], str]] = {
    "resolve(5)": (lambda: ng.resolve(5, "adopt"), "id takes text, and got a value of the type int"),  # type: ignore[arg-type]  # a slip is the test
    "resolve(None)": (lambda: ng.resolve(None, "adopt"), "id takes text"),  # type: ignore[arg-type]  # likewise
    "resolve('ab', 5)": (lambda: ng.resolve("ab", 5), "action takes text"),  # type: ignore[arg-type]  # likewise
    "resume(5)": (lambda: ng.resume(5), "run takes text"),  # type: ignore[arg-type]  # likewise
    "cancel(5)": (lambda: ng.Client().cancel(5), "run takes text"),  # type: ignore[arg-type]  # likewise
    "Client(5)": (lambda: ng.Client(5), "provider takes text"),  # type: ignore[arg-type]  # likewise
    "Client([])": (lambda: ng.Client([]), "provider takes text"),  # type: ignore[arg-type]  # likewise
    "api_key=5": (lambda: ng.Client("armox", api_key=5), "api_key takes the key as text"),  # type: ignore[arg-type]  # likewise
    "base_url=5": (lambda: ng.Client("armox", base_url=5), "base_url takes text"),  # type: ignore[arg-type]  # likewise
    "models(5)": (lambda: ng.models(5), "provider takes text"),  # type: ignore[arg-type]  # likewise
    "model(5)": (lambda: ng.Client().model(5), "model takes text"),  # type: ignore[arg-type]  # likewise
    "resolve('nope')": (lambda: ng.resolve("nope", "adopt"), r"an id like 'nope' is ambiguous. Nothing is ambiguous."),
    "resume('nope')": (lambda: ng.resume("nope"), r"there is no run 'nope'.*Nothing is open.*ng\.runs\(\)"),
    "cancel('nope')": (lambda: ng.Client().cancel("nope"), r"there is no run 'nope'.*Nothing is open.*ng\.runs\(\)"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_what_names_nothing_is_said(real: Handle, slip: str) -> None:
    """A number in the place of a name, or a run that is not there: an error of ours that says what is meant, no traceback."""
    call, said = SLIPS[slip]
    refused(call, errors.InvalidCall, said)
    untouched(real)


def test_a_run_that_is_there_may_have_nothing_open(real: Handle) -> None:
    """A run that ended is known: it is given as it stands, with nothing to cancel. A slip names the open ones."""
    ended = ng.generate("a fox", model=PICTURE, timeout=30)
    run = ended.handle.id  # type: ignore[union-attr]  # one sample
    assert ["saved"] == ng.resume(run).frame["gen_status"].to_list()
    assert "nothing to cancel" in ng.Client().cancel(run)

    real.configure(seconds=(60.0, 60.0))
    waiting = ng.generate("a cat", model="apimodels:grok-video-3", background=True)
    while waiting.job is None:  # type: ignore[union-attr]  # likewise
        waiting.handle.wait(0.05)  # type: ignore[union-attr]  # likewise
    still = waiting.handle.id  # type: ignore[union-attr]  # likewise
    refused(lambda: ng.resume(still[:-1] + "x"), errors.InvalidCall, f"Did you mean '{still}'.*Open are: {still}")


def test_a_bare_name_that_several_bear_is_not_picked(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two keys, two prices: the person chooses. With one of the keys it is clear; a full name always wins."""
    said = r"(?s)several models are named 'nano-banana'.*Nothing was sent.*apixo:nano-banana 0\.03 USD.*armox:google/nano-banana 70"
    with pytest.raises(errors.UnknownModel, match=said):
        ng.generate("a fox", model="nano-banana")
    with pytest.raises(errors.UnknownModel, match=said):
        ng.Client().model("nano-banana")
    untouched(real)
    assert "apixo:nano-banana" == str(ng.generate("a fox", model="apixo:nano-banana", timeout=30).model)  # type: ignore[union-attr]  # one sample

    monkeypatch.delenv("APIXO_API_KEY")
    assert "armox:google/nano-banana" == str(ng.generate("a fox", model="nano-banana", timeout=30).model)  # type: ignore[union-attr]  # likewise


READ_ONLY = """
import json
import notebookgen as ng
from notebookgen.errors import shown
try:
    ng.generate("a fox", model="armox:google/nano-banana", timeout=30)
except Exception as error:
    print(json.dumps([type(error).__name__, shown(error)]))
"""
# Fills the disk before a call, then while a job is under way; frees it again each time.
FULL = """
import json, os, sys, threading
from pathlib import Path
import notebookgen as ng
from notebookgen.errors import shown

home, ballast, limit = Path(os.environ["NOTEBOOKGEN_HOME"]), None, sys.argv[1] == "limit"
pause = threading.Event()

def fill():
    global ballast
    if limit:
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        return
    ballast = home.parent / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass

def free():
    if limit:
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        ballast.unlink()

def make(prompt, **options):
    return ng.generate(prompt, model="armox:google/nano-banana", timeout=60, **options)

told = {}
make("before")
fill()
try:
    told["while full"] = make("while full").status
except Exception as error:
    told["while full"] = [type(error).__name__, shown(error)]
free()
told["after"] = make("while full").status
running = make("in between", background=True)
while running.status != "submitted":
    assert not pause.wait(0.01)
fill()
waited = 0
while running.status == "submitted" and waited < 40:
    pause.wait(0.05); waited += 1
told["when full"] = running.status
free()
running.wait(60)
told["at last"] = running.status
told["file"] = Path(running.path).stat().st_size > 0 if running.path else None
print(json.dumps(told))
"""


def person(handle: Handle, folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a person who has keys."""
    variables = {f"{name.upper()}_API_KEY": key for name, key in KEYS.items()}
    variables |= {f"{name.upper()}_BASE_URL": handle.base_urls[name] for name in KEYS}
    return surroundings.environment(os.environ, folder, **variables, **more)


def may_mount() -> bool:
    """Whether a process of ours may have a file system of its own."""
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return 0 == subprocess.run(command, capture_output=True, check=False, timeout=30).returncode


def run(program: str, *arguments: str, env: dict[str, str], mounted: str = "") -> Any:
    """Run a program, with a file system of its own mounted before where one is given; return what it told."""
    command = [sys.executable, "-c", program, *arguments]
    if mounted:
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", f'{mounted} && exec "$@"', "sh", *command]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=200)

    assert [] == [key for key in KEYS.values() if key in done.stdout + done.stderr]
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_home_that_may_only_be_read(real: Handle, tmp_path: Path) -> None:
    """No right to write: nothing is sent, and the message says what to type."""
    folder = tmp_path / "person"
    folder.mkdir()
    env = person(real, folder, NOTEBOOKGEN_HOME=str(folder / "home"))
    if may_mount():
        name, lines = run(READ_ONLY, env=env, mounted=f"mount -t tmpfs -o ro tmpfs '{folder}'")
    else:
        folder.chmod(0o500)
        if os.access(folder, os.W_OK):  # an administrator may write everywhere but here
            env["NOTEBOOKGEN_HOME"] = "/proc/notebookgen"
        name, lines = run(READ_ONLY, env=env)

    assert "NotWritable" == name
    assert "Nothing was sent" in " ".join(lines)
    assert "NOTEBOOKGEN_HOME" in lines[-1]
    untouched(real)


@pytest.mark.slow
@pytest.mark.parametrize("means", ["disk", "limit"])
def test_a_full_disk(real: Handle, tmp_path: Path, means: str) -> None:
    """Full before: nothing is sent. Full in between: what was bought waits for room and is kept. Bought once each."""
    if means == "disk" and not may_mount():
        means = "limit"
    real.configure(seconds=(0.5, 0.5))
    folder = tmp_path / "person"
    folder.mkdir()
    env = person(real, folder, NOTEBOOKGEN_HOME=str(folder / "home"))
    found = run(FULL, means, env=env, mounted=f"mount -t tmpfs -o size=12m tmpfs '{folder}'" if means == "disk" else "")
    name, lines = found.pop("while full")

    assert name in {"NotWritable", "LedgerError"}
    assert MOST_LINES >= len(lines)
    assert {"after": "saved", "when full": "submitted", "at last": "saved", "file": True} == found
    assert 3 == accepted(real, "armox")


# In a notebook -----------------------------------------------------------------------------------------------------

CELLS = [
    ("generate", "--bugdet 5", "a fox", "Did you mean"),
    ("generate", f"-m {PICTURE} -s aspect_ratio=banana", "a fox", "'1:1'"),
    ("generate", f"-m {PICTURE} -n none", "a fox", "-n|samples"),
    ("generate", f"-m {PICTURE} -i missing.png", "a fox", "missing.png"),
    ("generate", f"-m {PICTURE} --timeout soon", "a fox", "timeout"),
    ("generate", f"-m {PICTURE}", "a {annimal}", "annimal"),
    ("generate", f"-m {PICTURE}", "   ", "empty"),
    ("generate", "-m armox:google/nano-bananna", "a fox", "Did you mean 'google/nano-banana'"),
    ("generate", f"-m {PICTURE} --budget five", "a fox", "budget"),
    ("generate", f"-m {PICTURE} 'unclosed", "a fox", "."),
]


@pytest.fixture
def shell() -> Iterator[Any]:
    """An IPython with the magic, and what it showed of errors."""
    with cells.shell() as made:
        one: Any = made.ip
        one.shown = []
        one._showtraceback = lambda kind, value, lines: one.shown.append(
            (kind, value, list(lines))
        )  # where a front end hooks in
        yield one


@pytest.mark.parametrize(
    ("magic", "line", "cell", "said"), CELLS, ids=[f"{n}-{cell[1][:30]}" for n, cell in enumerate(CELLS)]
)
def test_a_cell_that_cannot_be_meant(real: Handle, shell: Any, magic: str, line: str, cell: str, said: str) -> None:
    """A notebook shows one to four lines and no traceback, and nothing is sent."""
    done = shell.run_cell(f"%%{magic} {line}\n{cell}")
    ((_, value, lines),) = shell.shown

    assert not done.success
    assert isinstance(value, NotebookgenError)
    assert shown(value) == lines
    assert re.search(said, " ".join(lines))
    told(value)
    untouched(real)


# All of them -------------------------------------------------------------------------------------------------------

ERRORS = {name for name in errors.__all__ if name[0].isupper()}


def lines_of(node: ast.expr) -> int:
    """Return how many lines the fixed parts of a text have."""
    parts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return 1 + sum(part.count("\n") for part in parts)


def messages() -> Iterator[tuple[str, ast.expr]]:
    """Yield every text that the package gives to one of its errors, and where it stands."""
    for path in sorted(SOURCES.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            place = f"{path.relative_to(SOURCES)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS and node.args:
                yield place, node.args[0]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "message":
                yield place, node.value


def test_every_message_is_at_most_four_lines() -> None:
    """In the whole package no error is given a text of more than four lines."""
    found = list(messages())

    assert 150 < len(found)
    assert [] == [place for place, text in found if lines_of(text) > MOST_LINES]


def test_a_good_call_is_counted(real: Handle) -> None:
    """What the tests above say was not sent would have been seen: a good call is one create, one charge, one row."""
    assert "saved" == ng.generate("a fox", model=PICTURE, timeout=30).status  # type: ignore[union-attr]  # one sample

    assert (1, 1) == (accepted(real, "armox"), len(real.state()["creates"]))
    assert 1 == ng.ledger().frame().height
    assert Decimal(70) == ng.ledger().frame()["charged"].sum()
