"""Every flag, command, setting, variable, function and error that a person can meet is in the documentation."""

from __future__ import annotations

import dataclasses
import importlib.util
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen import errors
from notebookgen.notebook.flags import COMMANDS, FLAGS
from notebookgen.providers import provider_class, provider_names
from notebookgen.records import Generation, JobRef, Phase, Realm
from notebookgen.sandbox import Behaviour, Fault
from notebookgen.settings import Settings
from notebookgen.wire import HttpResponse

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def page(name: str) -> str:
    """Return the text of a page of the documentation."""
    return (DOCS / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("flag", FLAGS, ids=lambda flag: flag.long)
def test_every_flag_is_documented(flag: object) -> None:
    """Each flag of the magic has its row, with its short spelling and the name of its value."""
    rows = [line for line in page("reference/magics").splitlines() if line.startswith("| `")]
    spelled = f"`{flag.short}`, " * bool(flag.short) + f"`{flag.long}{' ' + flag.takes if flag.takes else ''}`"  # type: ignore[attr-defined]  # a Flag

    assert 1 == len([row for row in rows if row.startswith(f"| {spelled} |")])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_of_the_magic_is_documented(command: object) -> None:
    """Each ``%generate NAME`` has its row, with its words and flags."""
    text = page("reference/magics")
    words = [command.name, *command.takes, *(flag.long for flag in command.flags)]  # type: ignore[attr-defined]  # a Subcommand
    rows = [line for line in text.splitlines() if line.startswith(f"| `%generate {words[0]}")]

    assert 1 == len(rows)
    assert [] == [word for word in words if word not in rows[0]]


def test_every_setting_is_documented_with_its_default() -> None:
    """Each setting has its row, and the row names its default."""
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page("reference/settings"), re.MULTILINE))
    known = {each.name: each.default for each in dataclasses.fields(Settings) if each.name != "file"}
    plain = {
        name: str(default)
        for name, default in known.items()
        if isinstance(default, (bool, int)) and default is not None
    }

    assert set(known) == set(rows)
    assert plain == {name: rows[name].strip("` ") for name in plain}


def test_every_variable_is_documented() -> None:
    """Each environment variable that the code reads has its row."""
    code = "\n".join(file.read_text("utf-8") for file in (ROOT / "src").rglob("*.py"))
    ours = set(re.findall(r"[\"'](NOTEBOOKGEN_[A-Z_]+)[\"']", code))
    theirs = {
        variable
        for name in provider_names()
        for variable in (
            provider_class(name).key_variable,
            provider_class(name).base_variable,
            provider_class(name).signing_variable,
        )
        if variable
    }

    assert ours | theirs == set(re.findall(r"^\| `([A-Z_]+)`", page("reference/environment"), re.MULTILINE))


def test_every_error_is_in_the_tree() -> None:
    """The drawing at the top of the errors, which is their page, has each class under the class that it derives from."""
    tree = errors.__doc__ or ""
    drawn = {name: len(dents) for dents, name in re.findall(r"^([ │├└─]*)([A-Z]\w+)", tree, re.MULTILINE)}
    classes = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]

    assert [] == [name for name in classes if name not in drawn and name != "Stopped"]
    assert "automodule:: notebookgen.errors" in page("reference/errors")
    assert "Stopped" in tree


def test_every_function_is_documented() -> None:
    """Each public name of the package is on the page of functions."""
    text = page("reference/functions")

    assert [] == [name for name in ng.__all__ if not re.search(rf"\b{name}\b", text)]


def test_what_no_adapter_calls_is_not_called() -> None:
    """The calls that the page of providers leaves out are in no adapter, and what it gives instead of them is in one."""
    table = page("how-to/providers").partition("## What the built-in ones leave out")[2]
    rows = [row.split("|")[1:-1] for row in table.splitlines() if row.startswith("| API")]
    left_out = {path for row in rows for path in re.findall(r"`(?:GET|POST) /?([^`]+)`", row[1])}
    code = "\n".join(file.read_text("utf-8") for file in (ROOT / "src" / "notebookgen" / "providers").glob("*.py"))
    instead = {path for row in rows for path in re.findall(r"`/([a-z/-]+)`", row[3])}

    assert 10 < len(left_out)
    assert [] == [
        path for path in sorted(left_out) if re.search(rf"{'' if '/' in path else '/'}{re.escape(path)}[\"'?]", code)
    ]
    assert {"images/generations", "audio/tts", "chat/completions"} == instead
    assert [] == [path for path in sorted(instead) if f'"{path}"' not in code]


@pytest.mark.slow
def test_every_command_of_the_command_line_is_documented() -> None:
    """Each command that ``notebookgen --help`` lists has its part, and so has each of its options."""
    text = page("reference/cli")
    program = [sys.executable, "-m", "notebookgen"]
    said = subprocess.run([*program, "--help"], capture_output=True, text=True, check=True, timeout=60).stdout
    commands = re.findall(r"^ +(\w+) {2,}", said.partition("COMMAND\n")[2], re.MULTILINE)
    missing = [command for command in commands if f"`notebookgen {command}" not in text]
    for command in commands:
        help_ = subprocess.run([*program, command, "--help"], capture_output=True, text=True, check=True, timeout=60)
        options = set(re.findall(r"(?<![\w-])--[a-z][\w-]+", help_.stdout)) - {"--help"}
        missing += [f"{command} {option}" for option in sorted(options) if f"`{option}" not in text]

    assert commands
    assert [] == missing


@pytest.mark.parametrize("described", [Behaviour, Fault, Settings])
def test_every_field_that_can_be_set_is_described(described: type) -> None:
    """The docstrings that the pages show speak of each field."""
    names = [each.name for each in dataclasses.fields(described)]

    assert [] == [
        name for name in names if f"        {name}:" not in (described.__doc__ or "").replace("    ", "        ")
    ]


def test_every_page_is_reached() -> None:
    """Each page is in the table of contents."""
    pages = {str(file.relative_to(DOCS).with_suffix("")) for file in DOCS.rglob("*.md") if "_build" not in file.parts}

    assert pages - {"index"} <= set(page("index").splitlines())


def example() -> ModuleType:
    """Load the adapter that the page on providers shows."""
    spec = importlib.util.spec_from_file_location("quarry", DOCS / "examples" / "quarry.py")
    if spec is None or spec.loader is None:
        raise ImportError("docs/examples/quarry.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_example_of_a_provider_works() -> None:
    """The adapter on the page can be used as it stands: it builds the create and reads the replies."""
    provider = example().Quarry()
    (model,) = provider.catalogue()
    wanted = provider.prepare(Generation(Realm("quarry", "1a2b"), "stone-1", "a fox"), model)
    request = provider.create(wanted, {}, model)
    queued = HttpResponse(201, {}, b'{"id": "7", "state": "waiting"}')
    done = HttpResponse(
        200, {}, b'{"id": "7", "state": "done", "files": ["https://quarry.example/7.png"], "cost": 0.02}'
    )

    assert {"width": 1024} == dict(wanted.settings)
    assert ("POST", "https://api.quarry.example/v1/carve", False) == (request.method, request.url, request.repeatable)
    assert Phase.QUEUED is provider.read_create(queued, wanted).phase
    assert Decimal("0.02") == provider.read_status(done, JobRef("7", "stone-1")).charged
    assert 402 == provider.read_fault(HttpResponse(402, {}, b"no money")).code
