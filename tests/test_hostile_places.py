"""Addresses, lengths, packings and lists of a stranger's: refused or left out in words, never a traceback."""

from __future__ import annotations

import gzip
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from urllib3.util import parse_url

from notebookgen.errors import AssetError, AssetRefused
from notebookgen.media.manifest import COLUMNS, Manifest
from notebookgen.results.saving import manifest_frame
from notebookgen.transport.addresses import check_url, why_forbidden
from notebookgen.transport.choosing import VARIABLE
from notebookgen.transport.fetch import AssetFetcher, FetchLimits
from rawserver import RawServer, reply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Addresses -------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["requests", "fast"])
def fetcher(request: pytest.FixtureRequest) -> Iterator[AssetFetcher]:
    """A fetcher that trusts no proxy of this machine, by either way."""
    one = AssetFetcher(environ={VARIABLE: request.param})
    yield one
    one.close()


@pytest.mark.parametrize(
    "url",
    ["http://[", "http://[::1/a", "https://files.example.com]/a", "http://\ud800.com/", "https://files.example.com/\udc80",
     "file:///etc/passwd", "data:text/html,x", "https://a\u202e.example.com/", "", "x" * 100_000],
)  # fmt: skip
def test_a_crooked_address_is_refused_before_a_file_is_made(url: str, fetcher: AssetFetcher, tmp_path: Path) -> None:
    """What cannot be read as an address is refused in words of ours, and leaves no file and no folder."""
    with pytest.raises(AssetRefused, match="was not contacted") as caught:
        fetcher.fetch(url, into=tmp_path / "in")
    assert "codec" not in str(caught.value)
    assert not {"\u202e", "\ud800"} & set(str(caught.value))
    assert [] == list(tmp_path.iterdir())


HOSTS = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda number: f"[{number}]"),
    st.integers(0, 2**32 - 1).map(str),
    st.integers(0, 2**32 - 1).map(hex),
    st.integers(0, 2**32 - 1).map(lambda number: f"0{number:o}"),
    st.text("0123456789.xXabcdef:[]%@\\/#?。１②Å\u00ad\u200d", max_size=24),
    st.text(max_size=12).map(lambda text: f"{text}.example.com"),
)


@given(HOSTS, st.sampled_from(["", ":80", ":0", ":x", ":65536"]), st.text(max_size=12))
@example("a℀b.com", "", "")
@example("[::ffff:7f00:1]", "", "")
def test_what_passes_is_read_alike_by_everybody(host: str, port: str, rest: str) -> None:
    """An address that passes is one host to every reader, and where it is a number, a public one."""
    try:
        safe = check_url(f"http://{host}{port}/{rest}")
    except AssetRefused:
        return
    for heard, at in ((urlsplit(str(safe)).hostname, urlsplit(str(safe)).port), parse_url(str(safe))[2:4]):
        assert (safe.host, safe.port) == ((heard or "").strip("[]"), at or 80)
    try:
        numbers = {str(info[4][0]) for info in socket.getaddrinfo(safe.host, 80, flags=socket.AI_NUMERICHOST)}
    except OSError:  # a name
        return
    assert {None} == {why_forbidden(number) for number in numbers}


@pytest.mark.parametrize("fetcher", ["requests"], indirect=True)  # libcurl asks the resolver by itself
def test_a_name_that_changes_between_check_and_connection(
    fetcher: AssetFetcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked up once for a connection: what was checked is connected to, and every look-up is checked."""
    asked: list[object] = []
    reached: list[object] = []

    def resolve(host: object, port: object, *_: object, **__: object) -> list[object]:
        if host == "93.184.215.14":  # a number, which is looked up in no place
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        number = "93.184.215.14" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    def connect(_: socket.socket, address: tuple[object, ...]) -> None:
        reached.append(address[0])
        raise ConnectionRefusedError

    with RawServer(lambda _: reply(b"inside")) as inside:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        monkeypatch.setattr(socket.socket, "connect", connect)
        with pytest.raises(AssetRefused, match="loopback"):
            fetcher.fetch(f"http://files.example.com:{inside.port}/a", into=tmp_path, limits=FetchLimits(tries=2))
    assert (["files.example.com"] * 2, ["93.184.215.14"], []) == (asked, reached, inside.asked)


# Lengths and packings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", ["9" * 5000, "-5", "+3", "\u00b2", "3.0"])
def test_a_length_that_is_none_does_not_count(length: str, fetcher: AssetFetcher, tmp_path: Path) -> None:
    """A length that no file has is none that was told: what came is judged by its own bytes."""
    with RawServer(lambda _: [reply(b"abc", Content_Length=length, Connection="close")]) as server:
        fetched = fetcher.fetch(f"{server.url}/a", into=tmp_path, allowed_origin=server.url)
    assert b"abc" == fetched.path.read_bytes()


@pytest.mark.parametrize("packing", ["gzip, gzip", ", ".join(["gzip"] * 60), "br", "zstd", "\x1b[31m"])
def test_a_packing_that_nobody_asked_for_is_not_opened(packing: str, fetcher: AssetFetcher, tmp_path: Path) -> None:
    """Bombs within bombs, and packings that this machine may not know, are neither unpacked nor kept as they are."""
    body = gzip.compress(gzip.compress(bytes(5_000_000)))
    with (
        RawServer(lambda _: reply(body, Content_Encoding=packing)) as server,
        pytest.raises(AssetError, match="nobody asked for") as caught,
    ):
        fetcher.fetch(f"{server.url}/a", into=tmp_path, allowed_origin=server.url)
    assert "\x1b" not in str(caught.value)
    assert ([], 1) == (list(tmp_path.iterdir()), len(server.asked))


# Lists that lie in a folder -----------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["a.png", "../a.png", "\ud800", "a" * 5000, "\0"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "\ud800"]), inner, max_size=2),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(VALUES | st.dictionaries(st.sampled_from([*COLUMNS, "else"]), VALUES, max_size=6), max_size=3))
@example(rows=[{"path": "a.png", "id": ["x"]}])
@example(rows=[{"path": "a.png", "cost": float("nan"), "labels": {"x": float("inf")}}])
@example(rows=[{"path": "a.png", "prompt": "\ud800", "row": 10**30}])
@example(rows=[{"path": "a" * 5000}])
def test_a_list_that_somebody_has_changed_costs_nothing(rows: list[Any], tmp_path: Path) -> None:
    """Whatever stands in a folder's list, what is saved beside it is listed, and only what lies in that folder stays listed."""
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "manifest.json").write_text(json.dumps({"made_by": "notebookgen 0", "rows": rows}))
    manifest = Manifest(tmp_path)
    mine = dict.fromkeys(COLUMNS) | {"path": "b.png", "id": "1", "labels": {}, "settings": {}}
    whole = manifest.with_rows([mine])
    manifest.write(whole, "1")
    assert manifest_frame(whole).height == len(whole)
    assert {"a.png", "b.png"} >= {row["path"] for row in whole}
