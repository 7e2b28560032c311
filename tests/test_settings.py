"""Settings: defaults < project file < environment < ``configure``, and every mistake named with its file and line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import notebookgen as ng
from notebookgen.configuration import current_settings
from notebookgen.errors import SettingsError, shown
from notebookgen.settings import Settings, find_file, load_settings


@pytest.fixture(autouse=True)
def _configured() -> Any:
    """Take back what a test has configured."""
    yield
    ng.configure(**dict.fromkeys(ng.configuration._configured))


def written(folder: Path, text: str, name: str = "notebookgen.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# Where they come from ----------------------------------------------------------------------------------------------


def test_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anything said: the platform's own folder, no model, no sandbox, no limit of time."""
    monkeypatch.delenv("NOTEBOOKGEN_HOME", raising=False)
    found = load_settings({}, tmp_path)

    assert "notebookgen" == found.home.name
    assert found.home.is_absolute()
    assert (None, False, None, 16, 60.0, None) == (
        found.model, found.sandbox, found.timeout, found.concurrency, found.settle, found.file,
    )  # fmt: skip
    assert ({}, {}, {}) == (dict(found.prices), dict(found.credit_price), dict(found.base_urls))


def test_each_source_wins_over_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project file over the defaults, the environment over the file, ``configure`` over all."""
    written(tmp_path, "sandbox = true\nconcurrency = 3\ntimeout = 9\n")
    monkeypatch.chdir(tmp_path)
    assert (True, 3, 9.0) == (current_settings().sandbox, current_settings().concurrency, current_settings().timeout)

    monkeypatch.setenv("NOTEBOOKGEN_SANDBOX", "0")
    assert (False, 3) == (current_settings().sandbox, current_settings().concurrency)

    ng.configure(sandbox=True, concurrency=5)
    assert (True, 5, 9.0) == (ng.settings().sandbox, ng.settings().concurrency, ng.settings().timeout)

    ng.configure(sandbox=None, concurrency=None)
    assert (False, 3) == (current_settings().sandbox, current_settings().concurrency)


@pytest.mark.parametrize(
    ("word", "expected"),
    [("1", True), ("true", True), ("yes", True), ("0", False), ("false", False), ("NO", False), ("off", False), (" ", False), ("", False)],
)  # fmt: skip
def test_the_sandbox_variable(tmp_path: Path, word: str, expected: bool) -> None:  # noqa: FBT001 - a parametrised fact
    """``NOTEBOOKGEN_SANDBOX`` is off for 0, false, no and off, and on for anything else that is there."""
    assert expected == load_settings({"NOTEBOOKGEN_HOME": str(tmp_path), "NOTEBOOKGEN_SANDBOX": word}, tmp_path).sandbox


def test_the_home_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``NOTEBOOKGEN_HOME`` is made absolute; ``~`` is the person's own folder."""
    monkeypatch.chdir(tmp_path)

    assert tmp_path / "here" == load_settings({"NOTEBOOKGEN_HOME": "here"}, tmp_path).home
    assert Path.home() / "there" == load_settings({"NOTEBOOKGEN_HOME": "~/there"}, tmp_path).home


def test_the_nearest_project_file_counts(tmp_path: Path) -> None:
    """Found upwards; ``notebookgen.toml`` before ``pyproject.toml`` in one folder; one without our table is passed by."""
    outer = written(tmp_path, "[tool.notebookgen]\nconcurrency = 2\n", "pyproject.toml")
    inner = tmp_path / "a" / "b"
    written(inner, "[tool.other]\nx = 1\n", "pyproject.toml")
    env = {"NOTEBOOKGEN_HOME": str(tmp_path)}
    assert (outer, 2) == (load_settings(env, inner).file, load_settings(env, inner).concurrency)

    nearer = written(tmp_path / "a", "concurrency = 7\n")
    assert (nearer, 7) == (load_settings(env, inner).file, load_settings(env, inner).concurrency)

    written(tmp_path / "a", "[tool.notebookgen]\nconcurrency = 8\n", "pyproject.toml")
    assert nearer == find_file(inner)


def test_a_file_of_every_setting(tmp_path: Path) -> None:
    """What a project file may say, in the types that come out."""
    written(
        tmp_path,
        """model = "armox:google/nano-banana"
sandbox = false
timeout = 90
concurrency = 4
settle = 30.5
[credit_price]
armox = "0.001"
other = 0.1
""",
    )
    found = load_settings({"NOTEBOOKGEN_HOME": str(tmp_path)}, tmp_path)

    assert ("armox:google/nano-banana", 90.0, 4, 30.5) == (found.model, found.timeout, found.concurrency, found.settle)
    assert {"armox": Decimal("0.001"), "other": Decimal("0.1")} == dict(found.credit_price)


# Mistakes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("concurrency = \n", r"line 1.*Mend that line"),
        ("sandbox = true\n\nmodel = 'x\n", r"line 3.*Mend that line"),
        ("concurency = 4\n", r"'concurency'.*Did you mean 'concurrency'"),
        ("file = 'x'\n", r"'file', which is no setting"),
        ("home = '/tmp/x'\n", r"'home', which a project file may not"),
        ("[base_urls]\narmox = 'https://evil.example'\n", r"'base_urls', which a project file may not"),
        ("concurrency = 0\n", r"concurrency to 0; it takes a whole number from 1 to 1000"),
        ("concurrency = 2.5\n", r"whole number"),
        ("concurrency = true\n", r"whole number"),
        ("concurrency = 1001\n", r"whole number"),
        ("timeout = -1\n", r"above 0"),
        ("timeout = 'soon'\n", r"above 0"),
        ("timeout = nan\n", r"above 0"),
        ("settle = -0.1\n", r"0 or more"),
        ("settle = inf\n", r"0 or more"),
        ("timeout = inf\n", r"above 0"),
        ("credit_price = {\n", r"line 1.*Mend that line"),
        ("sandbox = 'yes'\n", r"true or false"),
        ("model = ''\n", r"armox:google/nano-banana"),
        ("model = 4\n", r"armox:google/nano-banana"),
        ("credit_price = 4\n", r"takes a table such as"),
        ("[credit_price]\n'a:b' = 'cheap'\n", r"credit_price\['a:b'\] to 'cheap'"),
        ("[credit_price]\n'a:b' = -1\n", r"takes an amount such as"),
        ("[credit_price]\n'a:b' = nan\n", r"takes an amount such as"),
        ("[credit_price]\n'a:b' = true\n", r"takes an amount such as"),
        ("[credit_price]\narmox = inf\n", r"takes an amount such as"),
    ],
)
def test_a_mistake_in_a_project_file(tmp_path: Path, text: str, said: str) -> None:
    """Each names the file and what it takes (and the line, where TOML itself is broken), in at most four lines."""
    path = written(tmp_path, text)

    with pytest.raises(SettingsError, match=f"(?s){said}") as caught:
        load_settings({"NOTEBOOKGEN_HOME": str(tmp_path)}, tmp_path)

    assert str(path) in str(caught.value)
    assert 4 >= len(shown(caught.value)) == len(str(caught.value).splitlines())


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"model = '\xe9'\n"])
def test_a_project_file_that_is_no_text(tmp_path: Path, content: bytes) -> None:
    """Another encoding is named as what it is."""
    (tmp_path / "notebookgen.toml").write_bytes(content)

    with pytest.raises(SettingsError, match="no valid TOML"):
        load_settings({"NOTEBOOKGEN_HOME": str(tmp_path)}, tmp_path)


@pytest.mark.parametrize("text", ["tool = 4\n# [tool.notebookgen", "[tool]\nnotebookgen = 4\n# [tool.notebookgen"])
def test_a_pyproject_whose_table_is_none(tmp_path: Path, text: str) -> None:
    """Where the table is something else, that is said or passed by; it never crashes."""
    written(tmp_path, text, "pyproject.toml")
    env = {"NOTEBOOKGEN_HOME": str(tmp_path)}
    if "notebookgen = 4" in text:
        with pytest.raises(SettingsError, match="should be a table"):
            load_settings(env, tmp_path)
    else:
        assert 16 == load_settings(env, tmp_path).concurrency


@pytest.mark.parametrize(
    "changes",
    [{"concurency": 3}, {"concurrency": "3"}, {"home": 4}, {"base_urls": "https://a.example"}, {"prices": {"a:b": "x"}}, {"file": "x"},
     {"nonsense": None}, {"file": None}, {"changed": None}],
    ids=repr,
)  # fmt: skip
def test_configure_is_all_or_nothing(changes: dict[str, Any]) -> None:
    """One wrong setting, also one taken back under a wrong name, and none of the call is taken."""
    before = ng.settings()

    with pytest.raises(SettingsError, match=r"ng\.configure"):
        ng.configure(timeout=5, **changes)

    assert before == ng.settings()


def test_what_configure_takes(tmp_path: Path) -> None:
    """Folders, addresses and amounts in the forms people write them."""
    ng.configure(home=tmp_path / "h", base_urls={"armox": "http://127.0.0.1:9/v1/"}, prices={"a:b": 0.1}, settle=0)
    found = ng.settings()

    assert (tmp_path / "h", {"armox": "http://127.0.0.1:9/v1"}, {"a:b": Decimal("0.1")}, 0.0) == (
        found.home, dict(found.base_urls), dict(found.prices), found.settle,
    )  # fmt: skip


def test_settings_are_frozen(tmp_path: Path) -> None:
    """A run sees one set of settings from its start to its end."""
    settings = Settings(home=tmp_path, prices={"a:b": Decimal(1)})
    changed = settings.changed("test", concurrency=2)

    assert (16, 2) == (settings.concurrency, changed.concurrency)
    with pytest.raises(AttributeError):
        settings.concurrency = 3  # type: ignore[misc]  # that it cannot be set is the test


@pytest.mark.parametrize(
    "text",
    [
        '[tool."notebookgen"]\nsandbox = true\n',
        "[ tool.notebookgen ]\nsandbox = true\n",
        "tool.notebookgen.sandbox = true\n",
        "[tool]\nnotebookgen = {sandbox = true}\n",
    ],
)
def test_every_spelling_of_the_table_counts(text: str, tmp_path: Path) -> None:
    """A project that asks for the sandbox gets it, however its TOML spells the table: a key would pay otherwise."""
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    assert load_settings({"NOTEBOOKGEN_HOME": str(tmp_path)}, tmp_path).sandbox
