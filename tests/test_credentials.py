"""Keys: where they come from, in which order, and that nothing shows them."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
import subprocess
import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st

from notebookgen import credentials
from notebookgen.credentials import Secret, account_of, find_key, store_key
from notebookgen.errors import ConfigurationError, MissingExtra, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk_live_0123456789abcdefghij"
NAME = "ARMOX_API_KEY"


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory, as the system's own is asked."""

    priority = 1  # type: ignore[assignment]  # keyring's own way to say it
    name = "a ring in memory"

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    """What the keyring has said is asked again in every test."""
    credentials._asked.clear()
    yield
    credentials._asked.clear()


@pytest.fixture
def ring() -> Iterator[Ring]:
    """A keyring that works."""
    before, made = keyring.get_keyring(), Ring()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


# Nothing shows it --------------------------------------------------------------------------------------------------


def test_a_secret_is_shown_by_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Not by repr, str, format, a log, a traceback, JSON, a container, nor by its attributes' list."""
    secret = Secret(KEY)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").debug("%s %r %s", secret, secret, [secret])
    try:
        raise RuntimeError(secret, {"key": secret})  # noqa: TRY301 - the trace is what is looked at
    except RuntimeError as error:
        trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    seen = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret:>40}",
        f"{secret!r}",
        repr({"a": [secret]}),
        caplog.text,
        trace,
    ]
    seen += [json.dumps({"key": secret}, default=str), repr(dir(secret))]

    assert [] == [one for one in seen if KEY in one or KEY[8:] in one]
    assert KEY == secret.reveal()


@pytest.mark.parametrize("copied", [pickle.dumps, copy.deepcopy, copy.copy])
def test_a_secret_is_never_pickled(copied: object) -> None:
    """It cannot leave the process in a pickle."""
    with pytest.raises(TypeError, match="never pickled"):
        copied(Secret(KEY))  # type: ignore[operator]  # one of three functions


def test_a_secret_is_true_when_it_is_one() -> None:
    """White space from copying is dropped; nothing is nothing."""
    assert (KEY, True, False) == (Secret(f" {KEY}\n").reveal(), bool(Secret(KEY)), bool(Secret("  ")))


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60))
def test_an_account_is_a_fingerprint(key: str) -> None:
    """Twelve digits that are the same for the same key, another for another provider, and show nothing of it."""
    account = account_of(Secret(key), "armox")

    assert account == account_of(Secret(f" {key} "), "armox")
    assert re.fullmatch("[0-9a-f]{12}", account)
    assert account != account_of(Secret(key), "apixo")
    assert account != account_of(Secret(key + "x"), "armox")


# Where it comes from -----------------------------------------------------------------------------------------------


def colab(monkeypatch: pytest.MonkeyPatch, kept: dict[str, str]) -> None:
    """Have the process look as if it ran in Colab, with these secrets."""
    module, userdata = ModuleType("google.colab"), ModuleType("google.colab.userdata")
    userdata.get = kept.__getitem__  # type: ignore[attr-defined]  # as Colab's module has it
    module.userdata = userdata  # type: ignore[attr-defined]  # likewise
    monkeypatch.setitem(sys.modules, "google.colab", module)
    if "google" not in sys.modules:
        monkeypatch.setitem(sys.modules, "google", ModuleType("google"))


def test_the_order_of_places(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, then the environment, then Colab's secrets, then the keyring, then nothing."""
    ring.kept["notebookgen", NAME] = "from-ring"
    found = []
    for explicit, env, secrets in (
        ("from-argument", {NAME: "from-env"}, {NAME: "from-colab"}),
        (None, {NAME: "from-env"}, {NAME: "from-colab"}),
        ("", {NAME: "  "}, {NAME: "from-colab"}),
        (None, {}, {}),
    ):
        colab(monkeypatch, secrets)
        one = find_key(NAME, env=env, explicit=explicit)
        assert one is not None
        found.append((one.secret.reveal(), one.source))

    assert [
        ("from-argument", "argument"),
        ("from-env", "environment"),
        ("from-colab", "Colab secret"),
        ("from-ring", "keyring"),
    ] == found
    assert None is find_key("APIXO_API_KEY", env={})


def test_without_any_there_is_none() -> None:
    """A machine without a working keyring has no key, and that is no error."""
    assert None is find_key(NAME, env={})


@pytest.mark.parametrize(
    "bad", ["two words", "\u201cquoted\u201d", "line\nbreak", "tab\tbed", "schl\u00fcssel", "nul\x00l"]
)
@pytest.mark.parametrize("source", ["argument", "environment"])
def test_what_cannot_be_a_key_is_said_without_showing_it(bad: str, source: str) -> None:
    """Spaces, quotes of a text editor and control characters are told by where they stand, not by what they are."""
    with pytest.raises(ConfigurationError, match="Copy it again") as caught:
        find_key(
            NAME, env={NAME: bad} if source == "environment" else {}, explicit=bad if source == "argument" else None
        )

    assert bad not in str(caught.value)
    assert (NAME in str(caught.value)) == (source == "environment")


# Storing -----------------------------------------------------------------------------------------------------------


def test_a_stored_key_is_found_again(ring: Ring) -> None:
    """Stored under the variable's name, found at once although its absence was remembered, and asked for once."""
    assert None is find_key(NAME, env={})
    where = store_key(NAME, f" {KEY}\n")
    found = [find_key(NAME, env={}) for _ in range(3)]

    assert "a ring in memory" == where
    assert [KEY] * 3 == [one.secret.reveal() for one in found if one is not None]
    assert 2 == ring.asked


def test_nothing_typed_stores_nothing(ring: Ring) -> None:
    """An empty answer, or one that is no key, leaves what was there."""
    ring.kept["notebookgen", NAME] = KEY
    for typed in ("", "  ", "two words"):
        with pytest.raises(ConfigurationError):
            store_key(NAME, typed)

    assert {("notebookgen", NAME): KEY} == ring.kept


def test_a_machine_without_a_keyring_says_what_to_set() -> None:
    """Nothing was stored, the variable is named, the key is not, and no traceback shows it."""
    with pytest.raises(ConfigurationError, match=f"Set {NAME}") as caught:
        store_key(NAME, KEY)

    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert 4 >= len(shown(caught.value))


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyring package is an extra: looking passes it by, storing names it."""
    monkeypatch.setitem(sys.modules, "keyring", None)

    assert None is find_key(NAME, env={})
    with pytest.raises(MissingExtra, match=r"pip install 'notebookgen\[keyring\]'") as caught:
        store_key(NAME, KEY)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_an_uncaught_error_in_a_script_shows_no_key() -> None:
    """A program that dies with a secret at hand prints its traceback without it."""
    program = f"from notebookgen.credentials import Secret\nsecret = Secret('{KEY[:8]}' + '{KEY[8:]}')\nraise SystemError(secret)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)

    assert 1 == run.returncode
    assert "SystemError: ***" in run.stderr
    assert KEY not in run.stderr
