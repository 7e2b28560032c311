"""What can be imported is what is listed, and neither importing nor ``%load_ext`` loads anything heavy."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PUBLIC = ("notebookgen", "notebookgen.errors", "notebookgen.providers", "notebookgen.testing")
HEAVY = ("polars", "ipywidgets", "PIL", "av", "requests", "tornado", "anywidget", "distributed", "keyring")

IMPORT = f"""
import sys
import notebookgen
print(*sorted(set({HEAVY!r}) & set(sys.modules)))
"""
LOAD = f"""
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("x = 1")
before = set(sys.modules)
shell.run_line_magic("load_ext", "notebookgen")
print(*sorted(set({HEAVY!r}) & (set(sys.modules) - before)))
"""


@pytest.mark.parametrize("name", PUBLIC)
def test_what_is_listed_can_be_imported(name: str) -> None:
    """Each public module lists its names, sorted, and has every one of them."""
    module = importlib.import_module(name)

    assert sorted(module.__all__) == list(module.__all__)
    assert [] == [each for each in module.__all__ if not hasattr(module, each)]


def test_what_can_be_completed_is_what_is_listed() -> None:
    """``dir(notebookgen)``, which is what Tab offers, is exactly the public names and the version."""
    import notebookgen

    assert sorted([*notebookgen.__all__, "__version__"]) == sorted(dir(notebookgen))


def test_a_wrong_name_is_an_attribute_error() -> None:
    """A name that is not public says so, and does not start anything."""
    import notebookgen

    with pytest.raises(AttributeError, match="genrate"):
        notebookgen.genrate  # noqa: B018 - reading the name is the test


@pytest.mark.parametrize("program", [IMPORT, LOAD], ids=["import", "load_ext"])
def test_nothing_heavy_is_loaded(program: str) -> None:
    """In a fresh process, importing and loading the extension load none of the heavy libraries."""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)

    assert (0, "", "") == (run.returncode, run.stderr, run.stdout.strip())


def test_the_version_is_the_installed_one() -> None:
    """``notebookgen.__version__`` is that of the installed package."""
    from importlib.metadata import version

    import notebookgen

    assert version("notebookgen") == notebookgen.__version__


@pytest.mark.slow
def test_functions_stay_functions_whatever_is_imported() -> None:
    """``ng.ledger``, ``ng.settings`` and ``ng.sandbox`` are the functions also after the modules of that name were imported."""
    program = """
import importlib, pkgutil, types
import notebookgen as ng
for each in pkgutil.walk_packages(ng.__path__, "notebookgen."):
    if not each.name.endswith("__main__"):
        importlib.import_module(each.name)
print(*[name for name in ng.__all__ if isinstance(getattr(ng, name), types.ModuleType)])
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)

    assert (0, "", "") == (run.returncode, run.stderr, run.stdout.strip())
