"""Which transport sends: what is installed, what the environment says, and a caller's own session before both."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import requests

from notebookgen.client import default_client
from notebookgen.credentials import Secret
from notebookgen.errors import ConfigurationError
from notebookgen.transport.bringing import PlainBringer
from notebookgen.transport.choosing import VARIABLE, bringer_for, transport_for, transport_words
from notebookgen.transport.fast import FastTransport
from notebookgen.transport.fast_bringing import FastBringer
from notebookgen.transport.http import HttpTransport

if TYPE_CHECKING:
    from collections.abc import Mapping

ORIGIN = "https://provider.example"


def chosen(environ: Mapping[str, str], session: requests.Session | None = None) -> type:
    transport = transport_for(Secret("sk-made-up-0123456789"), origin=ORIGIN, environ=environ, session=session)
    transport.close()  # type: ignore[attr-defined]  # both of ours have it
    return type(transport)


def test_libcurl_sends_where_pycurl_is_installed() -> None:
    """The faster one needs no setting; the variable refuses it, in any case of letters, and may ask for it."""
    assert [FastTransport, HttpTransport, HttpTransport, FastTransport] == [
        chosen({}),
        chosen({VARIABLE: "requests"}),
        chosen({VARIABLE: " Requests "}),
        chosen({VARIABLE: "fast"}),
    ]


def test_what_sends_also_fetches() -> None:
    """One variable for both; what it cannot be is told where it is asked to send, and files come all the same."""
    bringers = [bringer_for({VARIABLE: word} if word else {}, keep=1) for word in ("", "fast", "requests", "curl")]
    for one in bringers:
        one.close()
    assert [FastBringer, FastBringer, PlainBringer, PlainBringer] == list(map(type, bringers))


def test_a_callers_session_always_wins() -> None:
    """Whatever is installed and whatever the variable says: its adapters, proxies and certificates are meant."""
    with requests.Session() as session:
        assert [HttpTransport, HttpTransport] == [chosen({}, session), chosen({VARIABLE: "fast"}, session)]


def test_without_pycurl_requests_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no error that the extra is missing, unless it was asked for by name."""
    monkeypatch.setitem(sys.modules, "pycurl", None)
    assert HttpTransport is chosen({})
    with pytest.raises(ConfigurationError, match=r"pip install 'notebookgen\[fast\]'"):
        chosen({VARIABLE: "fast"})
    assert transport_words({}).endswith("with: pip install 'notebookgen[fast]'")


def test_another_word_is_said() -> None:
    """A variable that names neither is no reason to guess."""
    with pytest.raises(ConfigurationError, match=r"'curl'; it takes 'requests' or 'fast'"):
        chosen({VARIABLE: "curl"})
    assert transport_words({VARIABLE: "curl"}).startswith("! NOTEBOOKGEN_TRANSPORT is 'curl'")


@pytest.mark.parametrize(("said", "words"), [("", "sends by  libcurl 8"), ("requests", "sends by  requests 2")])
def test_the_doctor_says_which(said: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks for a fault in a network must know what speaks there."""
    monkeypatch.setenv(VARIABLE, said)
    assert words in default_client().doctor()
