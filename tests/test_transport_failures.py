"""The table of foreign exceptions is complete, and what it says is shown."""

from __future__ import annotations

import inspect
import socket
import ssl
from http.client import RemoteDisconnected

import pytest
import requests
import urllib3
from urllib3.exceptions import NewConnectionError, ProtocolError

from notebookgen.credentials import Secret
from notebookgen.errors import NotSent, ReplyLost
from notebookgen.transport.blackout import Blackout
from notebookgen.transport.failures import FOREIGN, translate


def classes_of(module: object) -> set[str]:
    """Return the names of a module's own exceptions, warnings left out."""
    found = inspect.getmembers(module, inspect.isclass)
    own = [cls for _, cls in found if issubclass(cls, Exception) and cls.__module__ == module.__name__]  # type: ignore[attr-defined]  # a module
    return {f"{cls.__module__}.{cls.__qualname__}" for cls in own if not issubclass(cls, Warning)}


@pytest.mark.parametrize("module", [requests.exceptions, urllib3.exceptions])
def test_no_foreign_exception_is_unmapped(module: object) -> None:
    """Every exception of requests and urllib3 is in the table, and nothing that they do not have."""
    named = {name for name in FOREIGN if name.startswith(f"{module.__name__}.")}  # type: ignore[attr-defined]  # a module
    assert named == classes_of(module)


def test_words_are_not_repeated_twice() -> None:
    """Every entry has plain words, none of them a class name."""
    assert [name for name, (_, words) in FOREIGN.items() if "Error" in words or not words] == []


@pytest.mark.parametrize(
    ("error", "left", "due"),
    [
        (ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")), False, NotSent),
        (ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")), True, ReplyLost),
        (ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")), None, ReplyLost),
        (requests.ConnectionError(RemoteDisconnected("hung up")), None, ReplyLost),
        (requests.exceptions.SSLError(ssl.SSLError("bad record mac")), None, ReplyLost),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed")), None, NotSent),
        (requests.ConnectionError(NewConnectionError(None, "no route")), None, NotSent),  # type: ignore[arg-type]  # no connection is needed
        (requests.ConnectTimeout(), None, NotSent),
        (requests.ReadTimeout(), None, ReplyLost),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), None, NotSent),
        (requests.exceptions.InvalidURL("x"), None, NotSent),
        (OSError("?"), None, ReplyLost),
    ],
)
def test_what_is_not_proven_counts_as_sent(error: Exception, left: bool | None, due: type[Exception]) -> None:  # noqa: FBT001 - a parameter of the test
    """Where the bytes were watched, that decides; else only proof makes it ``NotSent``."""
    assert type(translate(error, host="provider.example", left=left)) is due


def test_secrets_are_taken_out_of_causes() -> None:
    """Neither a cause nor the message repeats foreign words that hold the key."""
    error = OSError(5, "cannot send 'Bearer sk-made-up'")
    told = translate(error, host="provider.example", left=True, blackout=Blackout(Secret("sk-made-up")))
    assert "OSError: [Errno 5] cannot send 'Bearer ***'" == str(told.__cause__)
    assert "(cannot send 'Bearer ***')" in str(told)


def test_a_cause_is_kept_without_its_frames() -> None:
    """The innermost reason can be read, as text and nothing else."""
    error = ProtocolError("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))
    told = translate(error, host="provider.example", left=True)
    assert repr(told.__cause__) == "OSError('ConnectionResetError: [Errno 104] Connection reset by peer')"
    assert told.__cause__ is not None
    assert told.__cause__.__traceback__ is None
