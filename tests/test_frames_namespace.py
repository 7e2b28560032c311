"""``frame.gen``, whichever of Polars and notebookgen is imported first."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen
from notebookgen.frames import namespace

if TYPE_CHECKING:
    from pathlib import Path

INSTALL = "from notebookgen.frames import namespace; namespace.install()\n"
CHECK = """
assert pl.DataFrame.gen is namespace.Gen and pl.LazyFrame.gen is namespace.Gen
assert callable(pl.DataFrame({"a": [1]}).gen.map) and callable(pl.LazyFrame({"a": [1]}).gen.plan)
assert not [one for one in sys.meta_path if type(one).__module__ == namespace.__name__]
print("fine")
"""


def run(code: str, folder: Path) -> str:
    """Run code in a fresh Python where warnings are errors; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import sys\n" + code],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        cwd=folder,
    )
    assert "" == done.stderr
    return done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import polars as pl\n" + INSTALL,
        INSTALL + "assert 'polars' not in sys.modules\nimport polars as pl\n",
        INSTALL + "import polars.selectors\nimport polars as pl\n",
        INSTALL + INSTALL + "import polars as pl\n" + INSTALL,
        INSTALL + "import importlib; importlib.reload(namespace).install()\nimport polars as pl\n",
    ],
    ids=["polars first", "notebookgen first", "by a submodule", "many times", "loaded anew"],
)
def test_frames_have_the_namespace_whichever_is_first(code: str, tmp_path: Path) -> None:
    """Polars is not loaded for it, both kinds of frame have it, nothing is left behind, nothing warns."""
    assert "fine" == run(code + CHECK, tmp_path)


@pytest.mark.slow
def test_polars_has_its_own_loader_back(tmp_path: Path) -> None:
    """What asks Polars for its source or its files finds what it would find without us."""
    code = INSTALL + (
        "import polars as pl, inspect, importlib.resources, importlib.util\n"
        "assert type(pl.__loader__).__name__ == 'SourceFileLoader' and pl.__spec__.loader is pl.__loader__\n"
        "assert inspect.getsource(pl) and importlib.resources.files('polars').joinpath('__init__.py').is_file()\n"
    )

    assert "fine" == run(code + CHECK, tmp_path)


def test_looking_for_polars_does_not_load_it(tmp_path: Path) -> None:
    """``find_spec`` gives a spec that can be asked for its source, and the namespace is still to come."""
    code = INSTALL + (
        "import importlib.util\n"
        "spec = importlib.util.find_spec('polars')\n"
        "assert spec.origin == spec.loader.get_filename('polars') and spec.loader.get_source('polars')\n"
        "assert 'polars' not in sys.modules\n"
        "import polars as pl\n"
    )

    assert "fine" == run(code + CHECK, tmp_path)


@pytest.mark.slow
def test_a_polars_that_cannot_be_imported_gives_its_own_error(tmp_path: Path) -> None:
    """A broken Polars fails as it would without us; once it is mended, the namespace is there."""
    package = tmp_path / "polars"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('broken wheel')\n", "utf-8")
    code = (
        INSTALL
        + f"sys.path.insert(0, {str(tmp_path)!r})\n"
        + "for attempt in range(2):\n"
        + "    try:\n        import polars as pl\n"
        + "    except RuntimeError as error:\n        assert 'broken wheel' == str(error)\n"
        + "    else:\n        raise SystemExit('imported')\n"
        + f"sys.path.remove({str(tmp_path)!r}); sys.path_importer_cache.clear()\n"
        + "sys.path.remove('') if '' in sys.path else None\n"
        + "import polars as pl\n"
    )

    assert "fine" == run(code + CHECK, tmp_path)


def test_a_missing_polars_is_missing(tmp_path: Path) -> None:
    """Where Polars is not installed, its import fails as always."""
    code = INSTALL + (
        "sys.path[:] = []; sys.path_importer_cache.clear()\n"
        "sys.meta_path[:] = [one for one in sys.meta_path if type(one).__module__ in (namespace.__name__, '_frozen_importlib')"
        " or isinstance(one, type)]\n"
        "try:\n    import polars\nexcept ModuleNotFoundError as error:\n    print(error.name)\n"
    )

    assert "polars" == run(code, tmp_path)


def test_threads_that_import_polars_at_once_all_find_it(tmp_path: Path) -> None:
    """Many threads import Polars while others install: each sees the namespace."""
    code = INSTALL + (
        "import threading\n"
        "start, seen = threading.Barrier(8), []\n"
        "def work(number):\n"
        "    start.wait(30)\n"
        "    if number % 2: namespace.install()\n"
        "    import polars, json, decimal\n"
        "    seen.append(polars.DataFrame.gen is namespace.Gen)\n"
        "threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]\n"
        "[one.start() for one in threads]; [one.join(50) for one in threads]\n"
        "assert [True] * 8 == seen, seen\n"
        "import polars as pl\n"
    )

    assert "fine" == run(code + CHECK, tmp_path)


@pytest.mark.parametrize("name", ["map", "plan"])
@pytest.mark.parametrize("kind", [pl.DataFrame, pl.LazyFrame], ids=["eager", "lazy"])
def test_the_methods_hand_the_frame_to_the_public_functions(
    kind: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``frame.gen.map(...)`` is ``notebookgen.map(frame, ...)``, looked up when it is called."""
    called: list[Any] = []
    monkeypatch.setattr(
        notebookgen, name, lambda *given, **options: called.append((given, options)) or "done", raising=False
    )
    namespace.install()
    frame = kind({"a": [1]})

    assert "done" == getattr(frame.gen, name)("A {a}", samples=2)
    ((given, prompt), options) = called[0]
    assert given is frame
    assert ("A {a}", {"samples": 2}) == (prompt, options)
