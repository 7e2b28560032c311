"""The doctor: what is configured, reachable and writable, each problem with what to type; it changes and charges nothing."""

from __future__ import annotations

import re
import shutil
import sqlite3
import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING

import keyring
import keyring.backend
import pytest
from keyring.backends import fail

import notebookgen as ng
from notebookgen import credentials
from notebookgen.client import default_client
from notebookgen.errors import NotFound
from notebookgen.jobs import doctor
from notebookgen.ledger import filesystem
from notebookgen.ledger.store import FILE_NAME
from notebookgen.sandbox import Fault
from three_services import KEYS, accepted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.usefixtures("hasty")


class Ring(keyring.backend.KeyringBackend):
    """A keyring that works and holds nothing yet."""

    priority = 1  # type: ignore[assignment]  # keyring's own way to say it

    def get_password(self, service: str, username: str) -> str | None:
        """Return nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep nothing."""


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Take back what a test has configured."""
    yield
    default_client().close()
    credentials._asked.clear()
    ng.configure(**dict.fromkeys(ng.configuration._configured))


def report() -> list[str]:
    """Return the doctor's lines, in which no key stands."""
    text = default_client().doctor()
    assert [] == [key for key in KEYS.values() if key in text]
    return text.splitlines()


def line(start: str) -> str:
    """Return the one line that begins with a word."""
    (found,) = [each for each in report() if each.startswith(start)]
    return found


def after(start: str) -> str:
    """Return the line below the one that begins with a word."""
    lines = report()
    (at,) = [number for number, each in enumerate(lines) if each.startswith(start)]
    return lines[at + 1]


def test_a_ledger_that_was_never_set_up_is_empty(home: Path) -> None:
    """A disk that was full when the file was begun leaves one without tables: nothing is broken, and that is said."""
    home.mkdir(parents=True, exist_ok=True)
    (home / FILE_NAME).write_bytes(b"")
    assert line("ledger").startswith("ledger    empty: its file was begun and never set up")
    assert "the next call does" in after("ledger")
    assert "no such table" not in "\n".join(report())


def test_a_new_machine(home: Path) -> None:
    """No key, no ledger: which variables, where keys are had, what to type, and that the sandbox answers."""
    lines = "\n".join(report())

    assert f"home      {home}" in lines
    assert "ledger    empty" in lines
    for name in KEYS:
        assert re.search(
            rf"^{name} +no key \({name.upper()}_API_KEY\); one is made at https://",
            lines,
            re.MULTILINE,
        )
    assert "sandbox   answers where no provider is named" in lines
    assert f"python    {sys.version.split()[0]}, notebookgen {ng.__version__}" in lines


def test_it_leaves_nothing_behind(home: Path) -> None:
    """Looking makes no ledger, no folder and leaves no probe, also where the folder was there before."""
    report()
    assert not home.exists()

    home.mkdir()
    report()
    assert [] == [path.name for path in home.iterdir()]


def test_accounts_that_answer(real: Handle) -> None:
    """Each key by its last letters and its source, and what the account has left; nothing is bought."""
    armox, apimodels, apixo = line("armox"), line("apimodels"), line("apixo")

    assert re.search(rf"key …\S{{0,4}} from the environment; 10000 credits left, at {real.base_urls['armox']}$", armox)
    assert re.search(r"key …\S{0,4} from the environment; 50 USD left, at http://127", apimodels)
    assert "from the environment; " in apixo
    assert not [each for each in report() if each.startswith("sandbox")]
    assert [0, 0, 0] == [accepted(real, name) for name in KEYS]


@pytest.mark.parametrize(("key", "shown"), [("k" * 12 + "1234", "…1234"), ("k" * 11 + "1234", "…"), ("", "…")])
def test_a_short_key_is_not_shown_at_all(key: str, shown: str) -> None:
    """Four letters of sixteen are told, of fewer none."""
    assert shown == doctor.masked(key)


def test_a_key_that_is_not_accepted(real: Handle) -> None:
    """The account's line says so, and what to do stands in the error of the call itself."""
    real.configure(keys=frozenset({"another"}))

    assert "! Armox does not accept the key" in line("armox")
    assert "Set ARMOX_API_KEY" in after("armox")


def test_a_clients_own_key_is_told(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client was given counts for its provider: the key's source and last letters, and what its account has."""
    monkeypatch.delenv("ARMOX_API_KEY")
    own = "sk_of_this_client_9876"
    client = ng.Client("armox", api_key=own, base_url=real.base_urls["armox"])
    lines = [each for each in client.doctor().splitlines() if each.startswith("armox")]

    assert [f"armox     key …9876 from the argument; 10000 credits left, at {real.base_urls['armox']}"] == lines
    assert "no key" in line("armox")


@pytest.mark.parametrize(("state", "said"), [("ready", "or in a notebook: %load_ext"), ("missing", "pip install 'notebookgen[keyring]'"), ("none", "no keyring")])  # fmt: skip
def test_what_to_type_depends_on_what_can_keep_a_key(monkeypatch: pytest.MonkeyPatch, state: str, said: str) -> None:
    """Nobody is told to log in where nothing can keep the key: the package is named, or the variable alone."""
    before = keyring.get_keyring()
    if state == "missing":
        monkeypatch.setitem(sys.modules, "keyring", None)
    else:
        keyring.set_keyring(Ring() if state == "ready" else fail.Keyring())
    try:
        (told,) = [each for each in report() if "to use one" in each]
    finally:
        keyring.set_keyring(before)

    assert "set ARMOX_API_KEY before Python starts" in told
    assert said in told
    assert (state != "none") == ("%generate login armox" in told)


@pytest.mark.parametrize("kind", ["html", "empty", "list_instead", "garbage"])
def test_a_provider_that_answers_strangely(real: Handle, kind: str) -> None:
    """A strange answer is one line, the others are told all the same."""
    real.configure(misbehave=(Fault(kind=kind, service="armox", purpose="balance", count=None),))

    assert "; ! " in line("armox")
    assert f"Try again later. ARMOX_BASE_URL is {real.base_urls['armox']}" in after("armox")
    assert "USD left, at http" in line("apimodels")


def test_a_provider_that_is_not_there(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens: said in one line, and what to look at in the next."""
    monkeypatch.setenv("ARMOX_BASE_URL", "http://127.0.0.1:9/v1")

    assert "; ! 127.0.0.1" in line("armox")
    assert "Look at the connection and the proxy settings" in after("armox")
    assert "ARMOX_BASE_URL is http://127.0.0.1:9/v1" in after("armox")


def test_a_limit_that_is_used_up(real: Handle) -> None:
    """Nobody waits a minute for a report: it says when there is room again, and what binds."""
    ng.configure(limits={"armox": {"per_minute": 1}})
    began = time.monotonic()

    assert "credits left" in line("armox")
    assert re.search(r"; not asked now: its limit is used up, and there is room again in (60|59|58) s$", line("armox"))
    assert "          pace: 1 a minute, as was set" == after("armox")
    assert time.monotonic() - began < 30
    assert {"200": 1} == real.state()["requests"]["armox balance"]


def test_a_provider_that_fails_again_and_again(real: Handle) -> None:
    """Who asks for the report once more is told once more, and waits no minute for it."""
    real.configure(misbehave=(Fault(kind="status", status=500, service="armox", purpose="balance", count=None),))
    began = time.monotonic()
    for _ in range(8):
        assert "; ! Armox is broken just now (500) while asking for the balance" in line("armox")

    assert time.monotonic() - began < 30


def test_an_address_without_the_service(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody listens and knows nothing of the path: the variable that leads there is named."""
    monkeypatch.setenv("ARMOX_BASE_URL", f"{real.origin}/nowhere/v9")

    assert "knows no such thing" in line("armox")
    assert f"ARMOX_BASE_URL may be wrong: it is {real.origin}/nowhere/v9" in after("armox")
    with pytest.raises(NotFound, match="ARMOX_BASE_URL may be wrong") as caught:
        ng.models("armox")
    assert "ng.models" not in str(caught.value)


def test_an_address_that_is_none(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong base address is told in its account's line; the report goes on."""
    monkeypatch.setenv("ARMOX_BASE_URL", "nonsense")

    assert "'nonsense' is no address of a provider" in line("armox")
    assert "USD left, at http" in line("apimodels")


@pytest.mark.parametrize("secret", ["?key=hunter2", "#hunter2", "/v1?a=b&token=hunter2"])
def test_what_may_be_secret_in_an_address_is_not_shown(
    real: Handle, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query belongs to no base address: it is said so, and neither the report nor an error shows it."""
    monkeypatch.setenv("ARMOX_BASE_URL", f"{real.base_urls['armox']}{secret}")

    assert "hunter2" not in "\n".join(report())
    assert "a query or a fragment stands in it" in line("armox")
    with pytest.raises(ng.errors.SettingsError, match="ARMOX_BASE_URL") as caught:
        ng.models("armox")
    assert "hunter2" not in str(caught.value)


def test_a_key_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be a key is told with its variable, and not shown."""
    monkeypatch.setenv("ARMOX_API_KEY", "two words")

    assert "armox     ! ARMOX_API_KEY holds characters that no key has" in line("armox")
    assert "two words" not in "\n".join(report())


def test_the_sandbox_that_is_on() -> None:
    """Where every name goes to the sandbox, that is said."""
    ng.configure(sandbox=True)

    assert "sandbox   on: every provider's name goes to this machine's sandbox, nothing is charged" == line("sandbox")


def test_what_is_open_is_told(home: Path) -> None:
    """How many attempts there are, which are open, and what to type for them."""
    ng.configure(sandbox=True)
    ng.generate("a fox", kind="text", timeout=30)
    default_client().close()
    assert "ledger    1 attempt" == line("ledger")

    database = sqlite3.connect(home / FILE_NAME)
    for state, said in (("submitted", "ng.resume()"), ("ambiguous", "ng.runs()")):
        database.execute("UPDATE attempts SET state = ?", (state,))
        database.commit()
        assert f"ledger    1 attempt, of which open: 1 {state}" == line("ledger")
        assert said in "\n".join(report())
    database.close()


def test_a_ledger_that_cannot_be_read(home: Path) -> None:
    """A damaged file is told, and the rest of the report, too."""
    home.mkdir()
    (home / FILE_NAME).write_bytes(b"words" * 1000)

    assert "is damaged" in line("ledger")
    assert "move the file away to begin a new one" in "\n".join(report())
    assert "no key" in line("armox")


def test_a_home_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said with what to type; nothing else of the report is lost."""
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("NOTEBOOKGEN_HOME", str(tmp_path / "file" / "home"))

    assert [] != [each for each in report() if "cannot be written" in each and "ng.configure(home=" in each]
    assert "no key" in line("armox")


def test_the_way_to_the_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies and certificates that the environment names, without the password in them."""
    for name in doctor.NETWORK:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "me:hunter2@proxy.example:3128")
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128/?key=hunter2")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/ssl/ours.pem")
    lines = [each for each in report() if each.startswith("network")]

    assert [
        "network   HTTPS_PROXY=http://***@proxy.example:3128",
        "network   HTTP_PROXY=***@proxy.example:3128",
        "network   ALL_PROXY=http://proxy.example:3128/?***",
        "network   REQUESTS_CA_BUNDLE=/etc/ssl/ours.pem",
    ] == lines


def test_little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with little left is said before it is full."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5 * 2**20))

    assert [] != [each for each in report() if "only 5 MB are free" in each and "ng.configure(home=" in each]


def test_a_network_file_system(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder over a network is slower; that is said."""
    (tmp_path / "mounts").write_text(f"server {home.parent} nfs4 rw 0 0\n")
    monkeypatch.setattr(filesystem, "MOUNTS", tmp_path / "mounts")

    assert [] != [each for each in report() if "network file system" in each]


@pytest.mark.parametrize("variable", ["BINDER_SERVICE_HOST", "BINDER_LAUNCH_HOST", "COLAB_RELEASE_TAG"])
def test_a_home_that_vanishes(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """Colab and Binder take the home folder away with the session; that is said with what to type."""
    monkeypatch.setenv(variable, "x")
    assert [] != [each for each in report() if "vanishes with this session" in each]


def test_a_drive_in_colab_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder on the person's drive does not vanish."""
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))

    assert True is doctor._vanishes(Path("/root/.local/share"))
    assert False is doctor._vanishes(Path("/content/drive/MyDrive/notebookgen"))


def test_the_project_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where settings come from a file, its path is told."""
    (tmp_path / "notebookgen.toml").write_text("concurrency = 3\n")
    monkeypatch.chdir(tmp_path)

    assert f"settings  {tmp_path / 'notebookgen.toml'}" == line("settings")
