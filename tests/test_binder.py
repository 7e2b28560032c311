"""The files that Binder builds from agree with the project; nothing is built here."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

if TYPE_CHECKING:
    from pathlib import Path

# What Binder's base brings along and pip is not asked to change: our lower bounds must let it stay.
BASE = {"ipykernel": "7.0.1", "jupyterlab": "4.4.9", "ipywidgets": "8.1.7"}
# What Binder's build reads in binder/; any other file there would be ignored in silence.
READ = {"requirements.txt", "runtime.txt", "postBuild", "apt.txt", "environment.yml", "start"}


def project(root: Path) -> dict[str, Any]:
    """Return the [project] table."""
    table: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def test_every_file_is_one_that_binder_reads(root: Path) -> None:
    """No file in binder/ is there in vain, and there is no second folder, which would be an error."""
    assert set() == {file.name for file in (root / "binder").iterdir()} - READ
    assert not (root / ".binder").exists()


def test_the_project_itself_is_installed_with_extras_that_exist(root: Path) -> None:
    """binder/requirements.txt installs this folder, with extras that pyproject.toml has."""
    lines = [line for line in (root / "binder/requirements.txt").read_text().splitlines() if line.strip()]
    extras = [line.removeprefix(".").strip("[]").split(",") for line in lines if line.startswith(".")]
    known = set(project(root)["optional-dependencies"])

    assert 1 == len(extras)
    assert set() == set(extras[0]) - known


def test_the_python_is_one_that_the_project_takes(root: Path) -> None:
    """binder/runtime.txt names a Python, and the project supports it: without it Binder would take 3.10."""
    name, _, version = (root / "binder/runtime.txt").read_text().strip().partition("-")

    assert "python" == name
    assert SpecifierSet(str(project(root)["requires-python"])).contains(version)


def test_what_binder_brings_is_new_enough(root: Path) -> None:
    """Our lower bounds let Binder's own ipykernel, JupyterLab and ipywidgets stay."""
    table = project(root)
    lines = [*table["dependencies"], *table["optional-dependencies"]["lab"]]
    bounds = {each.name: each.specifier for each in map(Requirement, lines)}

    assert {} == {name: bounds[name] for name in BASE if name in bounds and Version(BASE[name]) not in bounds[name]}
