"""The documentation's examples run as they stand, page by page, on the sandbox: Python, magics, shells and project files."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from IPython.utils.capture import capture_output

import cells as notebook
import notebookgen as ng
from notebook_files import code, page, written
from notebook_files import notebook as saved
from notebookgen import cli
from notebookgen.errors import JobAmbiguous
from notebookgen.providers import provider_class, provider_names
from notebookgen.sandbox.embedded import current, embedded, stop
from notebookgen.settings import load_settings
from three_services import SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    page
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if "_build" not in page.parts and page.name not in {"changelog.md", "contributing.md"}
)
BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
QUICK = {"seconds": (0.0, 0.05), "pixels": SMALL, "fail": 0.0, "credits": 100_000, "misbehave": ()}
# Who tries the examples has these.
BEFORE = """
import notebookgen as ng
ng.configure(sandbox=True)
animal, weather, style, drawn = "otter", "fog", "as a woodcut", ng.generate("a mask", model="armox:sandbox/picture")
read_it_from_somewhere = lambda: "sk_of_somebody_0123456789"
"""
# What ends in an error on purpose, and says so on its page.
FAILS = {("ambiguous", "%%generate -m apixo:nano-banana\nA red fox in the snow, at dawn\n"): JobAmbiguous}
# Words that stand for something of the reader's own, and lines that ask a person.
PLACEHOLDERS = {"generate help MODEL": "generate help armox:sandbox/picture"}
ASKS = ("%generate login", "ng.Client(", "result = client.generate")


def blocks(page: Path, *languages: str) -> list[str]:
    """Return a page's examples in some languages."""
    return [text for language, text in BLOCK.findall(page.read_text("utf-8")) if language in languages]


def cells(page: Path) -> list[str]:
    """Return what a page shows to be typed into a notebook, cell by cell."""
    found: list[str] = []
    for text in blocks(page, "python", "text", ""):
        if text.startswith("%%"):
            found.append(text)
        elif text.startswith("%generate"):  # a line each, with words beside it on some pages
            found += [re.split(r" {3,}", line)[0] for line in text.splitlines()]
        else:
            found.append(text)
    return found


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[InteractiveShell]:
    """A notebook's shell in an empty folder; what the examples change is taken back."""
    monkeypatch.chdir(tmp_path)
    embedded(**QUICK)
    written(tmp_path / "study.ipynb", saved(code("a fox", page("<p>a fox</p>"))))
    with notebook.shell() as shell:
        with capture_output():
            shell.run(BEFORE)
        yield shell.ip
    stop()


def run(shell: InteractiveShell, page: str, cell: str) -> None:
    """Run an example; it works, or ends in the error that its page speaks of."""
    for word, typed in PLACEHOLDERS.items():
        cell = cell.replace(word, typed)
    with capture_output():
        done = shell.run_cell(cell)
    error = done.error_before_exec or done.error_in_exec
    assert FAILS.get((page, cell), type(None)) is type(error), f"{cell}\n{error}"


NOTEBOOKS = [page for page in PAGES if cells(page)]


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_every_example_of_a_notebook_runs(shell: InteractiveShell, page: Path) -> None:
    """From the top of the page to its end, as a reader tries them, on the sandbox."""
    for cell in cells(page):
        if "resolve ID" in cell:
            resolved(shell, cell)
        elif not any(word in cell for word in ASKS):
            run(shell, page.stem, cell)
        running = current()
        if running is not None and not FAILS.keys() & {(page.stem, one) for one in cells(page)}:
            running.configure(**QUICK)  # an example that fails a fifth of the jobs is not to fail the next one


def resolved(shell: InteractiveShell, line: str) -> None:
    """Run a line that resolves, on something that is ambiguous."""
    from notebookgen.sandbox import Fault

    handle: Any = embedded(misbehave=(Fault(kind="lost_after", service="apixo"),))
    with pytest.raises(JobAmbiguous) as caught:
        ng.generate(f"for {line}", model="apixo:nano-banana", timeout=30)
    job = next(reversed(handle._world.records))  # the account's page at the provider, which a person looks at
    with capture_output():
        done = shell.run_cell(line.replace("ID", str(caught.value.id)[:8]).replace("JOB", job))

    done.raise_error()
    assert {"adopt": "saved", "resubmit": "saved", "write_off": "failed"}[line.split()[3]] == done.result.status


def known(command: str) -> bool:
    """Whether a line of a shell is one that works: our own commands, and those whose names a test can look up."""
    words = shlex.split(command.partition("#")[0])
    if not words:
        return True
    if words[0] == "notebookgen":
        return bool(cli.parser().parse_args(words[1:]))
    if words[0] == "export":
        names = {
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "NO_PROXY",
            "REQUESTS_CA_BUNDLE",
            "NOTEBOOKGEN_SANDBOX",
            "NOTEBOOKGEN_HOME",
        }
        ours = [provider_class(name) for name in provider_names()]
        names |= {variable for one in ours for variable in (one.key_variable, one.base_variable, one.signing_variable)}
        return words[1].partition("=")[0] in names
    if words[:2] == ["pip", "install"]:
        extras = set(re.findall(r"[\w-]+", (re.search(r"\[(.*)\]", words[2]) or [""])[0]))
        optional = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
        return extras <= set(optional)
    if words[0] == "make":
        return bool(re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    return words == ["jupyter", "lab"] or words[:2] == ["jupyter", "nbconvert"]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=lambda page: page.stem)
def test_every_example_of_a_shell_can_be_typed(page: Path) -> None:
    """Each command has the options that are shown, each variable, extra and target exists."""
    lines = [line for text in blocks(page, "sh") for line in text.splitlines()]

    assert [] == [line for line in lines if not known(line)]


@pytest.mark.parametrize("page", [ROOT / "docs" / "reference" / "settings.md"], ids=lambda page: page.stem)
def test_every_example_of_a_project_file_is_one(page: Path, tmp_path: Path, home: Path) -> None:
    """The table can be put into a pyproject.toml as it stands."""
    for text in blocks(page, "toml"):
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        found: Any = load_settings({"NOTEBOOKGEN_HOME": str(home)}, tmp_path)

        assert tmp_path / "pyproject.toml" == found.file
        assert "armox:google/nano-banana" == found.model
