"""Settings: defaults < project file < environment < ``configure``, and every mistake named with its file and line."""

from __future__ import annotations

import os
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import notebookgen as ng
from notebookgen.amounts import OwnPrice
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
    [("1", True), ("true", True), ("yes", True), ("0", False), ("false", False), ("NO", False), ("off", False), ("On", True), (" ", False), ("", False)],
)  # fmt: skip
def test_the_sandbox_variable(tmp_path: Path, word: str, expected: bool) -> None:  # noqa: FBT001 - a parametrised fact
    """``NOTEBOOKGEN_SANDBOX`` is off for 0, false, no and off, on for 1, true, yes and on, and not set where it is empty."""
    assert expected == load_settings({"NOTEBOOKGEN_HOME": str(tmp_path), "NOTEBOOKGEN_SANDBOX": word}, tmp_path).sandbox


@pytest.mark.parametrize("word", ["perhaps", "2", "none", "ja"])
def test_a_sandbox_variable_that_is_neither_yes_nor_no(tmp_path: Path, word: str) -> None:
    """Nobody is sent to the sandbox, or away from it, by a word that does not say so."""
    with pytest.raises(SettingsError, match=f"NOTEBOOKGEN_SANDBOX is '{word}', which is no yes or no"):
        load_settings({"NOTEBOOKGEN_HOME": str(tmp_path), "NOTEBOOKGEN_SANDBOX": word}, tmp_path)


def test_the_home_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``NOTEBOOKGEN_HOME`` is made absolute; ``~`` is the person's own folder."""
    monkeypatch.chdir(tmp_path)

    assert tmp_path / "here" == load_settings({"NOTEBOOKGEN_HOME": "here"}, tmp_path).home
    assert Path.home() / "there" == load_settings({"NOTEBOOKGEN_HOME": "~/there"}, tmp_path).home


@pytest.mark.parametrize("name", ["notebookgen.toml", "pyproject.toml"])
def test_a_project_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Settings are asked for many times in one call: a project file that has not changed is not parsed again."""
    table = "[tool.notebookgen]\n" if name == "pyproject.toml" else ""
    os.utime(written(tmp_path, f"{table}timeout = 9\nconcurrency = 3\n", name), (1_700_000_000, 1_700_000_000))
    parsed: list[str] = []
    read = tomllib.loads

    def counted(text: str) -> dict[str, Any]:
        parsed.append(text)
        return read(text)

    monkeypatch.setattr(tomllib, "loads", counted)

    first = load_settings({}, tmp_path)
    times = len(parsed)
    again = [load_settings({}, tmp_path) for _ in range(3)]

    assert (9.0, 3) == (first.timeout, first.concurrency)
    assert [first] * 3 == again
    assert 1 <= times == len(parsed)


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("name", ["notebookgen.toml", "pyproject.toml"])
def test_a_project_file_counts_as_it_is_now(tmp_path: Path, name: str, settled: bool) -> None:  # noqa: FBT001 - a fact
    """A file of the same length, saved in the same moment or with the same date, counts; so does a nearer one; a removed one does not."""
    inner, table = tmp_path / "inner", "[tool.notebookgen]\n" if name == "pyproject.toml" else ""

    def save(folder: Path, seconds: int, as_name: str = name) -> Path:
        new = written(folder, f"{table}timeout = {seconds}\n", "new")
        if settled:
            os.utime(new, (1_700_000_000, 1_700_000_000))
        return new.replace(folder / as_name)

    def timeout() -> float | None:
        return load_settings({}, inner).timeout

    save(tmp_path, 1)
    inner.mkdir()
    seen = [timeout()]
    save(tmp_path, 2)
    seen.append(timeout())
    if not settled:
        (tmp_path / name).write_text(f"{table}timeout = 3\n", encoding="utf-8")
        seen.append(timeout())
    nearer = save(inner, 4)
    seen.append(timeout())
    nearer.unlink()
    seen.append(timeout())
    (tmp_path / name).unlink()
    seen.append(timeout())

    assert [1.0, 2.0, *([] if settled else [3.0]), 4.0, 2.0 if settled else 3.0, None] == seen


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
        ("home = '/tmp/x'\n", r"line 1, sets 'home', which a project file may not"),
        (
            "sandbox = true\n[prices]\n'armox:google/nano-banana' = '0.01'\n",
            r"line 2, sets 'prices', which a project file may not",
        ),
        ("sandbox = false\n\ntimeout = 0\n", r"line 3, sets timeout to 0"),
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
    ng.configure(home=tmp_path / "h", base_urls={"armox": "http://127.0.0.1:9/v1/"}, prices={"apixo:b": 0.1}, settle=0)
    found = ng.settings()

    assert (tmp_path / "h", {"armox": "http://127.0.0.1:9/v1"}, {"apixo:b": OwnPrice(Decimal("0.1"))}, 0.0) == (
        found.home, dict(found.base_urls), dict(found.prices), found.settle,
    )  # fmt: skip
    assert not (tmp_path / "h").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "foo"}, r"model to 'foo'; a model is written provider:id"),
        ({"model": "nano-banana"}, r"Did you mean 'apixo:nano-banana'"),
        ({"model": "armx:google/nano-banana"}, r"Did you mean 'armox:google/nano-banana'"),
        ({"model": "armox:"}, r"written provider:id"),
        ({"model": 5}, r"model to 5; it takes text"),
        ({"home": ""}, r"home folder to '', which names no folder"),
        ({"home": "~nobody-of-that-name/x"}, r"names no folder"),
        ({"home": "a\0b"}, r"names no folder"),
        ({"home": True}, r"home to True; it takes a folder"),
        ({"concurrency": 0}, r"whole number from 1 to 1000"),
        ({"concurrency": -1}, r"whole number from 1 to 1000"),
        ({"timeout": 0}, r"above 0"),
        ({"timeout": "soon"}, r"above 0"),
        ({"settle": -1}, r"0 or more"),
        ({"sandbox": 1}, r"true or false"),
        ({"base_urls": {"armx": "https://a.example/v1"}}, r"'armx', which is no provider.*'armox'"),
        ({"base_urls": {"armox": "nonsense"}}, r"base_urls\['armox'\]: 'nonsense' is no address of a provider"),
        ({"base_urls": {"armox": "ftp://a.example"}}, r"https://"),
        ({"base_urls": {"armox": "https://a.example:x/v1"}}, r"is no address"),
        ({"base_urls": {"armox": 5}}, r"'5' is no address"),
        ({"credit_price": {"armx": "0.1"}}, r"credit_price for 'armx', which is no provider"),
        ({"prices": {"armox": "0.1"}}, r"a price is that of one model: \{'armox:MODEL'"),
        ({"prices": {"armx:b": "0.1"}}, r"prices for 'armx', which is no provider"),
    ],
    ids=repr,
)  # fmt: skip
def test_what_configure_refuses(changes: dict[str, Any], said: str) -> None:
    """What would fail (or silently count for nothing) later is refused where it is typed, in at most four lines."""
    before = ng.settings()

    with pytest.raises(SettingsError, match=f"(?s){said}") as caught:
        ng.configure(**changes)

    assert before == ng.settings()
    assert 4 >= len(shown(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "https://somebody:hunter2@a.example/v1",
        "https://hunter2@a.example/v1",
        "https://somebody:hun/hunter2@a.example/v1",
        "https://somebody:hun?hunter2@a.example/v1",
        "https://a.example/v1?key=hunter2",
        "https://a.example/v1#hunter2",
        "https://a.example?hunter2",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_shown(url: str) -> None:
    """A password in an address would go into logs and to the provider; the message has it blacked out."""
    with pytest.raises(SettingsError, match=r"base_urls\['armox'\].*(stands in it|cannot be read)") as caught:
        ng.configure(base_urls={"armox": url})

    assert "hunter2" not in str(caught.value)
    with pytest.raises(SettingsError, match=r"base_urls to 'https://.*it takes a table") as whole:
        ng.configure(base_urls=url)
    assert "hunter2" not in str(whole.value)
    assert {} == dict(ng.settings().base_urls)


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """Below a file there is no folder: said at once, and the home folder stays what it was."""
    (tmp_path / "file").write_bytes(b"")
    before = ng.settings().home

    with pytest.raises(SettingsError, match="cannot be written"):
        ng.configure(home=tmp_path / "file" / "home")

    assert before == ng.settings().home


def test_a_model_in_a_project_file_is_checked_where_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file and the line are named; ``configure`` may say it better."""
    path = written(tmp_path, "[tool.other]\nmodel = 3\n\n[tool.notebookgen]\nmodel = 'nano'\n", "pyproject.toml")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SettingsError, match=r"line 5, sets model to 'nano'") as caught:
        ng.generate("a fox")
    assert str(path) in str(caught.value)

    ng.configure(model="armox:google/nano-banana")
    assert "armox:google/nano-banana" == ng.settings().model


def test_an_address_in_the_environment_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, not only what it holds; a password in it is blacked out."""
    monkeypatch.setenv("ARMOX_API_KEY", "sk_0123456789abcdefghij")
    monkeypatch.setenv("ARMOX_BASE_URL", "https://me:hunter2@gateway.example/v1")

    with pytest.raises(SettingsError, match=r"ARMOX_BASE_URL: 'https://\*\*\*@gateway") as caught:
        ng.generate("a fox", model="armox:google/nano-banana")
    assert "hunter2" not in str(caught.value)


def test_a_variable_that_names_no_folder(tmp_path: Path) -> None:
    """``NOTEBOOKGEN_HOME`` is named."""
    with pytest.raises(SettingsError, match=r"NOTEBOOKGEN_HOME sets the home folder to '~nobody-of"):
        load_settings({"NOTEBOOKGEN_HOME": "~nobody-of-that-name/x"}, tmp_path)


def test_settings_are_frozen(tmp_path: Path) -> None:
    """A run sees one set of settings from its start to its end."""
    settings = Settings(home=tmp_path, prices={"a:b": OwnPrice(Decimal(1))})
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


ASKS_FOR_PLAY = "# Übungsblatt für die Klasse\n[tool.notebookgen]\nsandbox = true\n"


@pytest.mark.parametrize(
    "content",
    [
        ASKS_FOR_PLAY.encode("latin-1"),
        ASKS_FOR_PLAY.encode("utf-16"),
        b"[ tool.notebookgen ]\nsandbox = true\nbroken\n",
        b"[tool]\nnotebookgen.sandbox = true\nx = = 3\n",
    ],
)
@pytest.mark.parametrize("name", ["pyproject.toml", "notebookgen.toml"])
def test_a_file_that_may_ask_for_the_sandbox_and_cannot_be_read_is_an_error(
    tmp_path: Path, content: bytes, name: str
) -> None:
    """Passed by, it would let a key pay where a class was to play: what is to be mended is said instead."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SettingsError, match=r"no valid TOML: (it is not in UTF-8|.*line \d)") as caught:
        load_settings({"NOTEBOOKGEN_HOME": str(tmp_path)}, tmp_path)
    assert name in str(caught.value)


@pytest.mark.parametrize("content", [b"[project\nname = 'other'\n", "# Übung\n[tool.other]".encode("latin-1")])
def test_a_broken_file_of_others_is_passed_by(tmp_path: Path, content: bytes) -> None:
    """A pyproject.toml that does not name us is none of our business."""
    (tmp_path / "pyproject.toml").write_bytes(content)

    assert load_settings({"NOTEBOOKGEN_HOME": str(tmp_path)}, tmp_path).file is None


def test_a_file_with_a_mark_at_its_beginning(tmp_path: Path) -> None:
    """Some editors of Windows begin UTF-8 with a mark that is no part of the text."""
    (tmp_path / "notebookgen.toml").write_bytes("sandbox = true\n".encode("utf-8-sig"))

    assert load_settings({"NOTEBOOKGEN_HOME": str(tmp_path)}, tmp_path).sandbox
