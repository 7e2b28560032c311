"""What requests and urllib3 log of a reply: no key stands in it, and nothing else is changed."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from notebookgen.credentials import Secret
from notebookgen.errors import NotebookgenError
from notebookgen.transport.http import HttpTransport
from notebookgen.transport.logs import KEY_FILTER, LOGGERS
from notebookgen.wire import get_request
from rawserver import RawServer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-made-up-0123456789"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that a program which has turned on all logging writes, with its tracebacks."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def asked(server: RawServer, session: requests.Session | None = None) -> None:
    """Send one request, whatever comes back."""
    transport = HttpTransport(Secret(KEY), origin=f"{server.url}/v1", session=session)
    try:
        transport.send(get_request(f"{server.url}/v1/x", purpose="status"))
    except NotebookgenError:
        pass
    finally:
        transport.close()


BROKEN = {
    "a line that is no header": f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{KEY}\r\n\r\n{{}}",
    "a part of the key": f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno key {KEY[:-2]}...\r\n\r\n{{}}",
    "the status line": f"HTTP/1.1 {KEY}\r\n\r\n",
    "a header's name": f"HTTP/1.1 400 no\r\nX-{KEY}: 1\r\nContent-Length: 0\r\n\r\n",
    "a place to go": f"HTTP/1.1 302 Found\r\nLocation: /{KEY}\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("own", [False, True], ids=["our connections", "a caller's session"])
@pytest.mark.parametrize("what", BROKEN)
def test_a_key_that_comes_back_is_in_no_log(what: str, own: bool, logged: io.StringIO) -> None:  # noqa: FBT001 - a parameter of the test
    """Also where urllib3 itself quotes what it could not read, and in its traceback."""
    with RawServer(lambda _: BROKEN[what].encode()) as server, requests.Session() as session:
        asked(server, session if own else None)
        said = logged.getvalue()

    assert "Starting new HTTP connection" in said
    assert KEY[:15] not in said
    assert (what in {"a line that is no header", "a part of the key"}) == ("HeaderParsingError" in said)


def test_other_records_stay_as_they_are(logged: io.StringIO) -> None:
    """What holds no key is logged as it always was, arguments and all."""
    records: list[logging.LogRecord] = []
    watch = logging.Handler()
    watch.emit = records.append  # type: ignore[assignment,method-assign]  # a handler that keeps what it gets
    logger = logging.getLogger("urllib3.connection")
    logger.addHandler(watch)
    try:
        with RawServer(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nnonsense\r\n\r\n{}") as server:
            asked(server)
        logger.warning("%s and %d", "words", 2)
    finally:
        logger.removeHandler(watch)

    assert ["HeaderParsingError"] == [one.exc_info[0].__name__ for one in records if one.exc_info and one.exc_info[0]]
    assert ("%s and %d", ("words", 2)) == (records[1].msg, records[1].args)
    assert "nonsense" in logged.getvalue()


class Torn:
    """Something that cannot be said."""

    def __repr__(self) -> str:
        raise RuntimeError("a mistake of somebody else's")


@pytest.mark.parametrize(
    ("words", "args"),
    [
        ("%d", ("none",)),
        ("%(name)s", ({"other": 1},)),
        ("%(name)d", ({"name": "none"},)),
        ("%s %s", ("one",)),
        ("%s", (Torn(),)),
        (Torn(), ()),
    ],
)
def test_a_record_that_cannot_be_put_together_passes(words: object, args: tuple[object, ...]) -> None:
    """It is its writer's mistake, and said by the handler as ever: nothing breaks in the exchange."""
    record = logging.LogRecord("urllib3.connection", logging.WARNING, __file__, 1, words, args, None)
    kept = record.args

    assert KEY_FILTER.filter(record)
    assert (words, kept) == (record.msg, record.args)


def test_a_key_in_a_record_that_cannot_be_put_together_is_in_no_log(
    logged: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """What the handler says of the mistake names everything that was given: without the key, too."""
    transport = HttpTransport(Secret(KEY), origin="https://provider.example")
    logging.getLogger("urllib3.connection").warning("%(name)s", {"other": f"Bearer {KEY}"})
    logging.getLogger("urllib3.connection").warning("%d", f"Bearer {KEY}")
    transport.close()

    said = logged.getvalue() + capfd.readouterr().err
    assert "Bearer" in said
    assert KEY[:15] not in said


def test_every_logger_of_theirs_is_known() -> None:
    """A filter holds for the very logger it is on, so each module that logs has to be named."""
    code = (
        "import importlib, logging, pkgutil, requests, urllib3\n"
        "for package in (requests, urllib3):\n"
        "    for one in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        try:\n"
        "            importlib.import_module(one.name)\n"
        "        except (ImportError, AttributeError):\n"
        "            pass\n"  # an extra that is not installed, or another platform's
        "print(*sorted(name for name, one in logging.root.manager.loggerDict.items()\n"
        "    if name.split('.')[0] in ('requests', 'urllib3') and isinstance(one, logging.Logger)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert set() == set(done.stdout.split()) - set(LOGGERS)


def test_it_is_put_on_once() -> None:
    """However many transports there are."""
    for _ in range(3):
        HttpTransport(Secret(KEY), origin="https://provider.example").close()

    assert [1] * len(LOGGERS) == [len(logging.getLogger(name).filters) for name in LOGGERS]
