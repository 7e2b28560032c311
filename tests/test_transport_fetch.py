"""Downloads over real sockets from servers that drip, cut, redirect and lie."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import os
import ssl
import subprocess
import sys
import threading
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pycurl
import pytest
import trustme

from notebookgen.errors import AssetError, AssetGone, AssetRefused, NotebookgenError, NotSent, NotWritable, ReplyLost
from notebookgen.transport import AssetFetcher, Fetched, FetchLimits, fast_bringing, fast_exchange
from notebookgen.transport.addresses import why_forbidden
from notebookgen.transport.choosing import VARIABLE
from notebookgen.transport.fetched import Held
from notebookgen.transport.leavings import Proof, name_of
from notebookgen.transport.parts import Part, place_of, said_plainly
from rawserver import RawServer, RecordingProxy, Reset, reply
from scripted import largest, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawserver import Answer, Asked

BODY = bytes(range(256)) * 4_000
TAG = '"v1"'
FORKS = """
import os, sys
from pathlib import Path
from notebookgen.transport import AssetFetcher

def size():
    return fetcher.fetch(sys.argv[1] + "/a", into=Path(sys.argv[2]), allowed_origin=sys.argv[1]).size

fetcher = AssetFetcher()
size()
pid = os.fork()
if pid == 0:
    size()
    sys.exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(size())
fetcher.close()
"""


@pytest.fixture(autouse=True, params=["requests", "fast"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each promise is one of either way to fetch."""
    monkeypatch.setenv(VARIABLE, request.param)
    return str(request.param)


@pytest.fixture
def fetcher(way: str) -> Iterator[AssetFetcher]:
    """Return a fetcher that does not pause between tries."""
    made = AssetFetcher(wait=lambda _: False)
    assert ("FastBringer" if way == "fast" else "PlainBringer") == type(made._bringer).__name__
    yield made
    made.close()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "incoming"


def left_in(folder: Path) -> list[str]:
    """Return what a download left behind."""
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def fetched_from(server: RawServer, fetcher: AssetFetcher, into: Path, **limits: float) -> Fetched:
    """Fetch from the test's server, which stands for the provider's own configured address."""
    return fetcher.fetch(
        f"{server.url}/a.bin",
        into=into,
        allowed_origin=server.url,
        limits=FetchLimits(**limits) if limits else None,  # type: ignore[arg-type]  # bytes and seconds
    )


def in_parts(asked: Asked, *, tag: str = TAG, cut: int = 300_000, **headers: str) -> Answer:
    """Answer with the file, cut off after some bytes; with its rest to who asks for the rest of the same file."""
    start = int(asked.headers.get("range", "bytes=0-")[6:-1])
    if start and asked.headers.get("if-range") == tag:
        span = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        return reply(BODY[start:], "206 Partial Content", Content_Range=span, ETag=tag)
    whole = reply(BODY, ETag=tag, **headers)
    return [whole[: len(whole) - len(BODY) + cut]] if cut else whole


def test_a_file_comes_whole(fetcher: AssetFetcher, into: Path) -> None:
    """The bytes, their hash and length, what the server called them; no key, no cookie, an ordinary browser's name."""
    with RawServer(lambda _: reply(BODY, Content_Type="Image/PNG; x=y", Set_Cookie="a=b")) as server:
        fetched = fetched_from(server, fetcher, into)
        fetched_from(server, fetcher, into).path.unlink()
    assert fetched.path.read_bytes() == BODY
    assert (fetched.sha256, fetched.size, fetched.mime) == (hashlib.sha256(BODY).hexdigest(), len(BODY), "image/png")
    assert [fetched.path.name] == left_in(into)
    assert fetched.path.suffix == ".part"
    for asked in server.asked:
        assert not {"cookie", "authorization", "referer"} & set(asked.headers)
        assert asked.headers["user-agent"].startswith("Mozilla/5.0 (compatible; notebookgen/")


def test_packed_files_are_unpacked(fetcher: AssetFetcher, into: Path) -> None:
    """A file that is stored packed, as object stores do it with texts, is kept unpacked."""
    with RawServer(lambda _: reply(gzip.compress(BODY), Content_Encoding="gzip")) as server:
        assert fetched_from(server, fetcher, into).path.read_bytes() == BODY


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("packing", "packed"),
    [
        ("gzip", gzip.compress(BODY)),
        ("X-GZip", gzip.compress(BODY[:999]) + gzip.compress(BODY[999:]) + b"\0\0 padding"),
        ("deflate", zlib.compress(BODY)),
        ("deflate", bare(BODY)),
    ],
    ids=["gzip", "in two", "deflate", "bare"],
)
def test_what_is_packed_ends_where_its_packing_says(
    packing: str, packed: bytes, fetcher: AssetFetcher, into: Path
) -> None:
    """It comes whole in whatever pieces; where nothing else tells its end, one that broke off is not kept as whole."""
    said = {"Content_Encoding": packing, "Content_Length": "", "Connection": "close"}

    def answer(asked: Asked) -> Iterator[bytes]:
        whole = reply(packed, **said)
        head = len(whole) - len(packed)
        yield whole[: head + 1]  # of what is packed a byte alone
        server.pause(0.02)
        yield whole[head + 1 : None if "whole" in asked.target else head + 500]

    with RawServer(answer) as server:
        assert BODY == fetcher.fetch(f"{server.url}/whole", into=into, allowed_origin=server.url).path.read_bytes()
        with pytest.raises(ReplyLost, match="broke off"):
            fetcher.fetch(f"{server.url}/cut", into=into, allowed_origin=server.url)
    assert 1 == len(left_in(into))


@pytest.mark.parametrize("said", [{}, {"Content_Length": "", "Connection": "close"}])
def test_a_small_file_comes_without_a_file(said: dict[str, str], fetcher: AssetFetcher, into: Path) -> None:
    """Whoever keeps it writes it once; a large one is written as it comes, whether its length was told or not."""
    small, large = BODY[:100_000], BODY
    with RawServer(lambda asked: [reply(large if "large" in asked.target else small, **said)]) as server:
        held = fetcher.bring(f"{server.url}/small", into=into, allowed_origin=server.url)
        assert isinstance(held, Held)
        assert ([], small, hashlib.sha256(small).hexdigest()) == (left_in(into), held.data, held.sha256)
        assert held.url == f"{server.url}/small"
        fetched = fetcher.bring(f"{server.url}/large", into=into, allowed_origin=server.url)
    assert isinstance(fetched, Fetched)
    assert (large, [fetched.path.name]) == (fetched.path.read_bytes(), left_in(into))


def test_a_small_file_that_broke_off_is_gone_on_with(fetcher: AssetFetcher, into: Path) -> None:
    """Within one download the rest is asked for, however little came."""
    with RawServer(lambda asked: in_parts(asked, cut=1000)) as server:
        assert BODY == fetched_from(server, fetcher, into).path.read_bytes()
    assert [None, "bytes=1000-"] == [asked.headers.get("range") for asked in server.asked]


def test_a_connection_is_used_again(fetcher: AssetFetcher, into: Path) -> None:
    """Files of one host come over one connection, one after the other; one whose body is not wanted may go."""
    answers = {"/b.bin": reply(b"x" * 100_000, "404 Gone")}
    with RawServer(lambda asked: answers.get(asked.target, reply(BODY))) as server:
        for _ in range(3):
            fetched_from(server, fetcher, into)
        assert 1 == server.connections
        with pytest.raises(AssetGone):
            fetcher.fetch(f"{server.url}/b.bin", into=into, allowed_origin=server.url)
        fetched_from(server, fetcher, into)
    assert server.connections <= 2


def test_loopback_is_refused_without_permission(fetcher: AssetFetcher, into: Path) -> None:
    """An address inside is refused before a connection is made, and nothing is left behind."""
    with RawServer(lambda _: reply(BODY)) as server:
        for allowed in (None, "http://127.0.0.1:1/v1", "https://provider.example"):
            with pytest.raises(AssetRefused, match="loopback"):
                fetcher.fetch(f"{server.url}/a", into=into, allowed_origin=allowed)
    assert (server.connections, left_in(into)) == (0, [])


# Redirects -------------------------------------------------------------------------------------------------------


def test_redirects_are_followed_and_counted(fetcher: AssetFetcher, into: Path) -> None:
    """Five hops are followed, the sixth is refused."""
    most = 5

    def answer(asked: Asked) -> Answer:
        hop = int(asked.target.rpartition("/")[2])
        return reply(BODY) if hop >= most else reply(b"", "302 Found", Location=f"/hop/{hop + 1}")

    with RawServer(answer) as server:
        fetched = fetcher.fetch(f"{server.url}/hop/0", into=into, allowed_origin=server.url)
        assert fetched.size == len(BODY)
        fetched.path.unlink()
        most = 6
        with pytest.raises(AssetRefused, match="more than 5 times"):
            fetcher.fetch(f"{server.url}/hop/0", into=into, allowed_origin=server.url)
    assert left_in(into) == []


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:{port}/b", "http://169.254.169.254/", "file:///etc/passwd", "http://[::1]/"]
)
def test_a_redirect_inside_is_refused(place: str, fetcher: AssetFetcher, into: Path) -> None:
    """Each hop is checked again: what may begin at the provider may not end inside."""
    with RawServer(lambda _: reply(BODY)) as inside:
        moved = reply(b"", "307 Moved", Location=place.format(port=inside.port))
        with RawServer(lambda _: moved) as server, pytest.raises(AssetRefused):
            fetched_from(server, fetcher, into)
        assert (inside.connections, left_in(into)) == (0, [])


# Broken transfers ------------------------------------------------------------------------------------------------


def test_a_broken_transfer_is_taken_up_where_it_broke(fetcher: AssetFetcher, into: Path) -> None:
    """With a strong tag only the rest is asked for, and the whole is right."""
    with RawServer(in_parts) as server:
        fetched = fetched_from(server, fetcher, into)
    assert [asked.headers.get("range") for asked in server.asked] == [None, "bytes=300000-"]
    assert (fetched.sha256, fetched.size) == (hashlib.sha256(BODY).hexdigest(), len(BODY))
    assert fetched.path.read_bytes() == BODY


@pytest.mark.parametrize("tag", ["", 'W/"v1"'])
def test_without_proof_a_file_is_begun_again(tag: str, fetcher: AssetFetcher, into: Path) -> None:
    """Without a strong tag nothing proves that the file is the same: it is fetched from the beginning."""

    def answer(_: Asked) -> Answer:
        whole = reply(BODY, ETag=tag)
        return [whole[:200_000]] if len(server.asked) == 1 else whole

    with RawServer(answer) as server:
        fetched = fetched_from(server, fetcher, into)
    assert [asked.headers.get("range") for asked in server.asked] == [None, None]
    assert fetched.path.read_bytes() == BODY


def broken_off(_: Asked) -> Answer:
    """Answer with a part of the file, and never with its rest."""
    whole = reply(BODY, ETag=TAG)
    return [whole[: len(whole) - len(BODY) + 400_000]]


def test_what_came_is_left_for_the_next_try(fetcher: AssetFetcher, into: Path) -> None:
    """Given up after some tries, what came stays; a later kernel asks for the rest alone, and nothing is left over."""
    with RawServer(broken_off) as server:
        with pytest.raises((AssetError, ReplyLost)):
            fetched_from(server, fetcher, into)
        (left,) = left_in(into)
        server.answer = in_parts
        before = len(server.asked)
        later = AssetFetcher(wait=lambda _: False)
        fetched = fetched_from(server, later, into)
        later.close()
    assert left.endswith(".left")
    assert ["bytes=400000-"] == [asked.headers.get("range") for asked in server.asked[before:]]
    assert (BODY, hashlib.sha256(BODY).hexdigest()) == (fetched.path.read_bytes(), fetched.sha256)
    assert [fetched.path.name] == left_in(into)


def test_another_signature_of_the_same_address_will_do(fetcher: AssetFetcher, into: Path) -> None:
    """An address that has expired meanwhile is signed anew by the job: what came under the old one is gone on with."""
    with RawServer(broken_off) as server:
        with pytest.raises((AssetError, ReplyLost)):
            fetcher.fetch(f"{server.url}/a.bin?sig=old", into=into, allowed_origin=server.url)
        server.answer = in_parts
        fetched = fetcher.fetch(f"{server.url}/a.bin?sig=new", into=into, allowed_origin=server.url)
    assert ("bytes=400000-", BODY) == (server.asked[-1].headers.get("range"), fetched.path.read_bytes())


def test_what_was_left_of_another_file_is_not_mixed_in(fetcher: AssetFetcher, into: Path) -> None:
    """Where the file at the address is another one by now, it is fetched whole."""
    new = BODY[::-1]
    with RawServer(broken_off) as server:
        with pytest.raises((AssetError, ReplyLost)):
            fetched_from(server, fetcher, into)
        server.answer = lambda _: reply(new, ETag='"v2"')
        fetched = fetched_from(server, fetcher, into)
    assert (new, [fetched.path.name]) == (fetched.path.read_bytes(), left_in(into))


@pytest.mark.parametrize("tag", ["", 'W/"v1"'])
def test_without_proof_nothing_is_left(tag: str, fetcher: AssetFetcher, into: Path) -> None:
    """What could not be told to be of the same file later is not kept."""
    with RawServer(lambda _: [reply(BODY, ETag=tag)[:600_000]]) as server, pytest.raises((AssetError, ReplyLost)):
        fetched_from(server, fetcher, into)
    assert [] == left_in(into)


def test_a_download_that_is_stopped_leaves_what_came(into: Path) -> None:
    """The end of a kernel stops its downloads, and waits until what came is put away."""
    fetcher = AssetFetcher(wait=lambda _: False)

    def answer(_: Asked) -> Iterator[bytes]:
        whole = reply(BODY, ETag=TAG)
        yield whole[: len(whole) - len(BODY) + 500_000]
        server.pause(30)

    failed: list[BaseException] = []

    def fetch() -> None:
        try:
            fetched_from(server, fetcher, into)
        except AssetError as error:
            failed.append(error)

    with RawServer(answer) as server:
        thread = threading.Thread(target=fetch)
        thread.start()
        until(lambda: largest(into) >= 500_000)
        fetcher.close()
        left = left_in(into)
        thread.join(30)
    assert (1, True, 1) == (len(left), left[0].endswith(".left"), len(failed))


def test_a_changed_file_is_begun_again(fetcher: AssetFetcher, into: Path) -> None:
    """When the file changed between two tries, the server answers whole, and no two files are mixed."""
    new = BODY[::-1]

    def answer(_: Asked) -> Answer:
        old = reply(BODY, ETag=TAG)
        return [old[:200_000]] if len(server.asked) == 1 else reply(new, ETag='"v2"')

    with RawServer(answer) as server:
        fetched = fetched_from(server, fetcher, into)
    assert server.asked[1].headers["if-range"] == TAG
    assert fetched.path.read_bytes() == new


@pytest.mark.parametrize("span", ["bytes 5-9/1024000", "bytes 300000-9/77", "nonsense", ""])
def test_a_wrong_part_is_not_put_in(span: str, fetcher: AssetFetcher, into: Path) -> None:
    """A server that answers with another part than was asked for makes the transfer begin again."""

    def answer(asked: Asked) -> Answer:
        if "range" in asked.headers:
            return reply(b"evil!", "206 Partial Content", Content_Range=span)
        return in_parts(asked, cut=300_000 if len(server.asked) == 1 else 0)

    with RawServer(answer) as server:
        fetched = fetched_from(server, fetcher, into)
    assert [asked.headers.get("range") for asked in server.asked] == [None, "bytes=300000-", None]
    assert fetched.path.read_bytes() == BODY


OTHERS: dict[str, tuple[str, dict[str, str]]] = {
    "another tag": (TAG, {"ETag": '"v2"'}),
    "a weak tag": (TAG, {"ETag": f"W/{TAG}"}),
    "no tag": (TAG, {}),
    "another date": ("", {"Last_Modified": "Sun, 22 Nov 2026 00:00:00 GMT"}),
    "packed": (TAG, {"ETag": TAG, "Content_Encoding": "gzip"}),
}


@pytest.mark.parametrize("case", OTHERS)
def test_the_rest_of_another_file_is_not_put_in(case: str, fetcher: AssetFetcher, into: Path) -> None:
    """A server that sends a part whatever the file is by now, and says so or proves nothing: it is begun again."""
    tag, said = OTHERS[case]
    new = BODY[::-1]

    def answer(asked: Asked) -> Answer:
        if len(server.asked) == 1:
            whole = reply(BODY, ETag=tag, Last_Modified="" if tag else "Sat, 21 Nov 2026 00:00:00 GMT")
            return [whole[: len(whole) - len(BODY) + 300_000]]
        if "range" not in asked.headers:
            return reply(new)
        rest = gzip.compress(new[300_000:]) if case == "packed" else new[300_000:]
        return reply(rest, "206 Partial", Content_Range=f"bytes 300000-{len(BODY) - 1}/{len(BODY)}", **said)

    with RawServer(answer) as server:
        fetched = fetched_from(server, fetcher, into)
    assert [None, "bytes=300000-", None] == [asked.headers.get("range") for asked in server.asked]
    assert new == fetched.path.read_bytes()


def test_a_date_alone_proves_that_the_rest_is_the_same(fetcher: AssetFetcher, into: Path) -> None:
    """Where the server's proof is a date, which it need not repeat with a part, only the rest is asked for."""
    date = "Sat, 21 Nov 2026 00:00:00 GMT"

    def answer(asked: Asked) -> Answer:
        if asked.headers.get("if-range") == date:
            return reply(BODY[300_000:], "206 Partial", Content_Range=f"bytes 300000-{len(BODY) - 1}/{len(BODY)}")
        whole = reply(BODY, Last_Modified=date)
        return [whole[: len(whole) - len(BODY) + 300_000]]

    with RawServer(answer) as server:
        assert BODY == fetched_from(server, fetcher, into).path.read_bytes()
    assert [None, "bytes=300000-"] == [asked.headers.get("range") for asked in server.asked]


def test_a_file_that_is_longer_than_announced_is_begun_again(fetcher: AssetFetcher, into: Path) -> None:
    """Of what was too much there is no rest to be asked for, and nothing of it is left for later."""

    def longer(asked: Asked) -> Answer:
        if len(server.asked) == 1:
            return broken_off(asked)
        span = f"bytes 400000-{len(BODY) - 1}/{len(BODY)}"
        rest = BODY[400_000:] + b"more"
        return reply(rest, "206 Partial", ETag=TAG, Content_Range=span) if "range" in asked.headers else reply(BODY)

    with RawServer(longer) as server:
        assert BODY == fetched_from(server, fetcher, into).path.read_bytes()
    assert [None, "bytes=400000-", None] == [asked.headers.get("range") for asked in server.asked]


def test_another_query_is_another_file(fetcher: AssetFetcher, into: Path) -> None:
    """Tags tell versions of one file apart, not files: what is left of one does not become the head of another."""
    other = BODY[::-1]

    def answer(asked: Asked) -> Answer:
        return broken_off(asked) if "id=1" in asked.target else rest_of(other, asked)

    with RawServer(answer) as server:
        with pytest.raises((AssetError, ReplyLost)):
            fetcher.fetch(f"{server.url}/get?id=1", into=into, allowed_origin=server.url)
        fetched = fetcher.fetch(f"{server.url}/get?id=2", into=into, allowed_origin=server.url)
    assert (None, other) == (server.asked[-1].headers.get("range"), fetched.path.read_bytes())


def test_a_redirect_to_elsewhere_is_another_file(fetcher: AssetFetcher, into: Path) -> None:
    """Where an address leads to another file by now, under the same tag, that one is fetched whole."""
    other, place = BODY[::-1], "/old"

    def answer(asked: Asked) -> Answer:
        if asked.target == "/a.bin":
            return reply(b"", "302 Found", Location=place)
        return broken_off(asked) if asked.target == "/old" else rest_of(other, asked)

    with RawServer(answer) as server:
        with pytest.raises((AssetError, ReplyLost)):
            fetched_from(server, fetcher, into)
        place = "/new"
        assert other == fetched_from(server, fetcher, into).path.read_bytes()


def rest_of(body: bytes, asked: Asked) -> bytes:
    """Answer honestly with a file, or with its rest to who asks for it."""
    start = int(asked.headers.get("range", "bytes=0-")[6:-1])
    if not start or asked.headers.get("if-range") != TAG:
        return reply(body, ETag=TAG)
    span = f"bytes {start}-{len(body) - 1}/{len(body)}"
    return reply(body[start:], "206 Partial Content", Content_Range=span, ETag=TAG)


@pytest.mark.parametrize(
    ("answer", "due"),
    [
        (None, ReplyLost),
        (Reset(reply(BODY)[:100_000]), ReplyLost),
        ([reply(BODY)[:100_000]], ReplyLost),
        ([b"HTTP/1.1 200 OK\r\nContent-Le"], NotebookgenError),  # nothing came, or not even all headers
        (reply(b"", "503 Off"), AssetError),
        (reply(b"", "429 Slow"), AssetError),
    ],
)
def test_three_tries_and_then_an_end(answer: Answer, due: type[Exception], fetcher: AssetFetcher, into: Path) -> None:
    """What keeps breaking is tried three times; nothing is left behind."""
    with RawServer(lambda _: answer) as server:
        with pytest.raises(due) as caught:
            fetched_from(server, fetcher, into)
        assert (isinstance(caught.value, AssetGone | AssetRefused), len(server.asked)) == (False, 3)
        assert len(str(caught.value).splitlines()) <= 2
    assert left_in(into) == []


def test_nobody_there(fetcher: AssetFetcher, into: Path) -> None:
    """A host that is not there is ``NotSent`` after three tries."""
    with RawServer(lambda _: None) as server:
        gone = server.url
    with pytest.raises(NotSent):
        fetcher.fetch(f"{gone}/a", into=into, allowed_origin=gone)


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "403 Forbidden", "404 Not Found", "410 Gone", "418 Teapot"])
def test_an_expired_address_is_gone(status: str, fetcher: AssetFetcher, into: Path) -> None:
    """A 4xx is a last word about an address (403, 404 and 410: it has expired); it is not tried again."""
    with RawServer(lambda _: reply(b"<xml/>", status)) as server:
        with pytest.raises(AssetGone):
            fetched_from(server, fetcher, into)
        assert (len(server.asked), left_in(into)) == (1, [])


@pytest.mark.parametrize("status", ["204 Nothing", "304 Same"])
def test_other_answers_are_not_tried_again(status: str, fetcher: AssetFetcher, into: Path) -> None:
    """What will not change is said at once, with the command that tries again later."""
    with RawServer(lambda _: reply(b"", status)) as server:
        with pytest.raises(AssetError, match=r"ng\.resume\(\)"):
            fetched_from(server, fetcher, into)
        assert len(server.asked) == 1


# Limits ----------------------------------------------------------------------------------------------------------


def test_an_announced_size_is_refused_before_it_comes(fetcher: AssetFetcher, into: Path) -> None:
    """A file that says it is too large is not downloaded."""
    with RawServer(lambda _: [reply(b"", Content_Length="5000000000")]) as server:
        with pytest.raises(AssetRefused, match="larger than the limit of 2048 MB"):
            fetched_from(server, fetcher, into)
        assert (len(server.asked), left_in(into)) == (1, [])


@pytest.mark.parametrize("packed", ["", "gzip"])
def test_a_size_that_is_not_announced_has_a_limit_too(packed: str, fetcher: AssetFetcher, into: Path) -> None:
    """Bytes are counted as they come, unpacked."""
    body = bytes(3_000_000)
    answer = reply(gzip.compress(body), Content_Encoding="gzip") if packed else [reply(body, Content_Length="")]
    with RawServer(lambda _: answer) as server:
        with pytest.raises(AssetRefused, match="larger"):
            fetched_from(server, fetcher, into, size=2**20)
        assert (len(server.asked), left_in(into)) == (1, [])


def dripping(server: Callable[[], RawServer], start: bytes) -> Iterator[bytes]:
    """Send a beginning, then one byte every few milliseconds."""
    yield start
    while not server().pause(0.02):
        yield b"x"


def test_a_drip_is_cut(fetcher: AssetFetcher, into: Path) -> None:
    """A file that comes byte by byte is given up when its speed is judged, long before its time is over."""
    with (
        RawServer(lambda _: dripping(lambda: server, reply(b"", Content_Length="100000"))) as server,
        pytest.raises(AssetError, match="too slowly"),
    ):
        fetched_from(server, fetcher, into, slow=0.3, slowest=1000)
    assert left_in(into) == []


@pytest.mark.parametrize("length", ["100000", ""])
def test_a_download_has_an_end(length: str, fetcher: AssetFetcher, into: Path) -> None:
    """The time of a download is limited, also where the file's end cannot be told from a cut."""
    with (
        RawServer(lambda _: dripping(lambda: server, reply(b"", Content_Length=length))) as server,
        pytest.raises(AssetError, match="took too long"),
    ):
        fetched_from(server, fetcher, into, seconds=0.4)
    assert left_in(into) == []


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"]
)
def test_a_drip_in_headers_or_chunk_sizes_is_cut(start: bytes, fetcher: AssetFetcher, into: Path) -> None:
    """Bytes that never become a file do not hold a thread for ever."""
    with (
        RawServer(lambda _: dripping(lambda: server, start)) as server,
        pytest.raises(AssetError, match="took too long"),
    ):
        fetched_from(server, fetcher, into, answer=0.4, seconds=0.5)
    assert left_in(into) == []


def test_trailers_have_an_end(fetcher: AssetFetcher, into: Path) -> None:
    """What comes behind a file and is none of it does not count as speed: it is cut like a drip."""

    def answer(_: Asked) -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
        while not server.pause(0.001):
            yield b"T: v\r\n"

    with RawServer(answer) as server, pytest.raises(AssetError, match="too slowly"):
        fetched_from(server, fetcher, into, seconds=10.0, slow=0.3, slowest=1000)
    assert [] == left_in(into)


def test_what_is_here_and_is_unpacked_for_long_has_an_end(
    fetcher: AssetFetcher, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a download is over also where no byte is waited for: little on the wire may stand for much."""
    pieces = []
    add = Part.add

    def slowly(part: Part, piece: bytes) -> None:
        add(part, piece)
        pieces.append(len(piece))
        threading.Event().wait(0.8)  # nobody sets it: a slow disk

    monkeypatch.setattr(Part, "add", slowly)
    packed = reply(gzip.compress(bytes(2**24)), Content_Encoding="gzip")
    with (
        RawServer(lambda _: packed) as server,
        pytest.raises(AssetError, match="took too long"),
    ):
        fetched_from(server, fetcher, into, seconds=0.6)
    assert (1, []) == (len(pieces), left_in(into))


def test_silence_is_given_up(fetcher: AssetFetcher, into: Path) -> None:
    """A server that stops in the middle is tried three times."""
    begun = reply(BODY)[:50_000]

    def answer(_: Asked) -> Iterator[bytes]:
        yield begun
        server.pause(5)

    with RawServer(answer) as server:
        with pytest.raises(ReplyLost, match="no reply in time"):
            fetched_from(server, fetcher, into, silence=0.2)
        assert (len(server.asked), left_in(into)) == (3, [])


def test_close_cuts_what_is_on_its_way(into: Path) -> None:
    """Closing the fetcher ends a running download at once, and leaves nothing behind."""
    begun = threading.Event()

    def answer(_: Asked) -> Iterator[bytes]:
        yield reply(BODY)[:50_000]
        begun.set()
        server.pause(30)

    fetcher = AssetFetcher()
    ended: list[BaseException] = []

    def work() -> None:
        try:
            fetched_from(server, fetcher, into)
        except AssetError as error:
            ended.append(error)

    with RawServer(answer) as server:
        thread = threading.Thread(target=work)
        thread.start()
        assert begun.wait(10)
        fetcher.close()
        thread.join(10)
        assert (thread.is_alive(), len(ended)) == (False, 1)
    assert "stopped" in str(ended[0])
    assert left_in(into) == []


# The disk --------------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_written_is_said(fetcher: AssetFetcher, tmp_path: Path) -> None:
    """Where a file stands in the folder's place, the message names the folder and the variable to set."""
    (tmp_path / "file").write_bytes(b"")
    with RawServer(lambda _: reply(BODY)) as server:
        with pytest.raises(NotWritable, match="NOTEBOOKGEN_HOME"):
            fetched_from(server, fetcher, tmp_path / "file" / "incoming")
        assert server.asked == []


@pytest.fixture(params=[errno.ETXTBSY, errno.EBUSY, errno.ENAMETOOLONG])
def stiff(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the disk refuse every new name inside a folder, as some network and encrypted ones do."""
    real = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        if self.parent == target.parent:
            raise OSError(request.param, os.strerror(request.param))
        return real(self, target)

    monkeypatch.setattr(Path, "replace", replaced)


@pytest.mark.usefixtures("stiff")
def test_a_disk_that_gives_no_other_names_keeps_what_comes(fetcher: AssetFetcher, into: Path) -> None:
    """The name serves going on after a kill alone: without it the file comes whole, also after the wire broke."""
    with RawServer(in_parts) as server:
        fetched = fetched_from(server, fetcher, into)
    assert (BODY, [fetched.path.name]) == (fetched.path.read_bytes(), left_in(into))


@pytest.mark.usefixtures("stiff")
def test_on_such_a_disk_no_name_tells_of_what_was_thrown_away(fetcher: AssetFetcher, into: Path) -> None:
    """What an earlier try left is of another file by now: what comes stands under a name of no proof."""
    into.mkdir()
    with RawServer(lambda _: reply(BODY, ETag='"v2"')) as server:
        url = f"{server.url}/a.bin"
        name = name_of(url, Proof(TAG, place_of(url), len(BODY)), ".left")
        assert name is not None
        (into / name).write_bytes(bytes(700_000))
        fetched = fetched_from(server, fetcher, into)
    assert (BODY, [fetched.path.name], 1) == (fetched.path.read_bytes(), left_in(into), fetched.path.name.count("."))
    assert ["bytes=700000-"] == [asked.headers.get("range") for asked in server.asked]


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    """A full disk is called that, with the word that nothing is bought twice."""
    with pytest.raises(NotWritable, match=r"is full.*nothing is bought twice"), said_plainly(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")


# Proxies ---------------------------------------------------------------------------------------------------------


def test_a_proxy_fetches_what_it_is_asked_for(
    fetcher: AssetFetcher, into: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With HTTP_PROXY set the proxy connects, and inner names are still refused here."""
    monkeypatch.delenv("NO_PROXY")
    with RawServer(lambda _: reply(BODY)) as server, RecordingProxy(server) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert fetcher.fetch("http://files.example.com/a", into=into).size == len(BODY)
        for inner in ("http://127.0.0.1/a", "http://printer.local/a"):
            with pytest.raises(AssetRefused):
                fetcher.fetch(inner, into=into)
    assert [asked.target for asked in proxy.asked] == ["http://files.example.com/a"]


@pytest.fixture
def tunnel(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RawServer, RecordingProxy]]:
    """Return a server behind a proxy that is asked for a tunnel to it: https://files.example.com."""
    issuer, bundle = trustme.CA(), tmp_path / "authority.pem"
    issuer.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("files.example.com").configure_cert(context)
    with RawServer(lambda _: reply(BODY), tls=context) as server, RecordingProxy(server) as proxy:
        monkeypatch.delenv("NO_PROXY")
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        yield server, proxy


def moved_on(asked: Asked) -> Answer:
    return reply(BODY) if asked.target == "/b" else reply(b"elsewhere", "302 Found", Location="/b")


@pytest.mark.parametrize("answer", [lambda _: reply(BODY), moved_on, in_parts], ids=["whole", "moved", "in parts"])
def test_through_a_tunnel_the_host_is_heard_and_not_the_proxy(
    answer: Callable[[Asked], Answer], tunnel: tuple[RawServer, RecordingProxy], fetcher: AssetFetcher, into: Path
) -> None:
    """What the proxy says of its tunnel is no reply: redirects are followed, and a rest is put where it belongs."""
    tunnel[0].answer = answer
    assert BODY == fetcher.fetch("https://files.example.com/a", into=into).path.read_bytes()


def test_through_a_tunnel_a_page_that_says_no_is_not_the_file(
    tunnel: tuple[RawServer, RecordingProxy], fetcher: AssetFetcher, into: Path
) -> None:
    """An address has expired behind a proxy as it does without one."""
    tunnel[0].answer = lambda _: reply(b"<Error>expired</Error>", "403 Forbidden")
    with pytest.raises(AssetGone, match="403"):
        fetcher.fetch("https://files.example.com/a", into=into)


def test_a_proxy_that_refuses_says_nothing_of_the_file(
    tunnel: tuple[RawServer, RecordingProxy], fetcher: AssetFetcher, into: Path
) -> None:
    """The host was never asked, so that nothing was learned of the address."""
    tunnel[1].refuse = True
    with pytest.raises(NotSent):
        fetcher.fetch("https://files.example.com/a", into=into)
    assert [] == tunnel[0].asked


def test_many_at_once(fetcher: AssetFetcher, into: Path) -> None:
    """Threads share a fetcher: eight files at once, each whole."""
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> str:
        url = f"{server.url}/{number}"
        return fetcher.fetch(url, into=into, allowed_origin=server.url).sha256

    with RawServer(lambda asked: reply(asked.target.encode() * 50_000)) as server, ThreadPoolExecutor(8) as pool:
        hashes = list(pool.map(one, range(24)))
    assert hashes == [hashlib.sha256(f"/{number}".encode() * 50_000).hexdigest() for number in range(24)]


# TLS -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "known", "words"),
    [("127.0.0.1", "known", ""), ("127.0.0.1", "", "trusted"), ("localhost", "known", "trusted")],
)
def test_certificates_are_checked(
    host: str, known: str, words: str, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's bundle counts, for the names in a certificate alone; nothing is asked of anybody else."""
    issuer, bundle = trustme.CA(), tmp_path / "authority.pem"
    issuer.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert("127.0.0.1").configure_cert(context)
    if known:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    fetcher = AssetFetcher(wait=lambda _: False)
    with RawServer(lambda _: reply(BODY), tls=context) as server:
        url = f"https://{host}:{server.port}"
        with pytest.raises(NotSent, match=words) if words else contextlib.nullcontext():
            assert len(BODY) == fetcher.fetch(f"{url}/a", into=into, allowed_origin=url).size
        fetcher.close()
    assert (0 if words else 1) == len(server.asked)


# By libcurl ------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_curl(way: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[AssetFetcher, RawServer]]:
    """Return a fetcher by libcurl, and a server of this machine that a public name leads to."""
    with RawServer(lambda _: reply(BODY)) as inside:
        curl = pycurl.Curl

        def knowing() -> pycurl.Curl:
            one = curl()
            one.setopt(pycurl.RESOLVE, [f"files.example.com:{inside.port}:127.0.0.1"])
            return one

        monkeypatch.setenv(VARIABLE, "fast")
        monkeypatch.setattr(fast_exchange.pycurl, "Curl", knowing)
        fetcher = AssetFetcher(wait=lambda _: False)
        yield fetcher, inside
        fetcher.close()


@pytest.mark.parametrize("way", ["fast"], indirect=True)
class TestByCurl:
    """What urllib3 is not asked for."""

    def test_a_name_that_leads_inside_is_not_connected_to(
        self, by_curl: tuple[AssetFetcher, RawServer], into: Path
    ) -> None:
        """A public name that resolves to this machine is refused before a connection is made."""
        fetcher, inside = by_curl
        with pytest.raises(AssetRefused, match="loopback"):
            fetcher.fetch(f"http://files.example.com:{inside.port}/a", into=into)
        assert (0, [], []) == (inside.connections, inside.asked, left_in(into))

    def test_a_public_address_that_does_not_answer_is_no_private_one(
        self, by_curl: tuple[AssetFetcher, RawServer], into: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where a name leads outside as well as inside, what failed is the way outside, and that may pass."""
        fetcher, inside = by_curl
        curl = fast_exchange.pycurl.Curl

        def knowing() -> pycurl.Curl:
            one = curl()
            one.setopt(pycurl.RESOLVE, [f"files.example.com:{inside.port}:127.0.0.1,127.0.0.2"])
            return one

        monkeypatch.setattr(fast_exchange.pycurl, "Curl", knowing)
        monkeypatch.setattr(  # nobody listens there
            fast_exchange, "why_forbidden", lambda address: None if address == "127.0.0.2" else why_forbidden(address)
        )
        with pytest.raises(NotSent, match="refused"):
            fetcher.fetch(f"http://files.example.com:{inside.port}/a", into=into)
        assert 0 == inside.connections

    def test_the_address_really_connected_to_is_checked(
        self, by_curl: tuple[AssetFetcher, RawServer], into: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever was opened, the peer on the socket decides, and nothing is sent to a private one."""
        fetcher, inside = by_curl
        lies = iter([None])
        monkeypatch.setattr(fast_exchange, "why_forbidden", lambda address: next(lies, why_forbidden(address)))
        with pytest.raises(AssetRefused, match="loopback"):
            fetcher.fetch(f"http://files.example.com:{inside.port}/a", into=into)
        assert [] == inside.asked

    def test_a_connection_of_the_providers_own_is_not_used_for_others(
        self, by_curl: tuple[AssetFetcher, RawServer], into: Path
    ) -> None:
        """Where one provider's own address is private, a connection to it serves no other's file of that name."""
        fetcher, inside = by_curl
        url = f"http://files.example.com:{inside.port}/a"
        assert len(BODY) == fetcher.fetch(url, into=into, allowed_origin=url).size
        with pytest.raises(AssetRefused, match="loopback"):
            fetcher.fetch(url, into=into, allowed_origin="https://provider.example/v1")
        assert 1 == len(inside.asked)

    def test_a_rest_that_nobody_takes_is_ended(
        self, fetcher: AssetFetcher, into: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of another file's rest nothing is read: neither its connection nor what came of it is kept for ever."""
        monkeypatch.setattr(fast_bringing, "MOST_AHEAD", 100_000)

        def answer(asked: Asked) -> Answer:
            if len(server.asked) == 2:
                span = f"bytes 300000-{len(BODY) - 1}/{len(BODY)}"
                return reply(BODY[300_000:], "206 Partial Content", Content_Range=span, ETag='"v2"')
            return in_parts(asked, cut=300_000 if len(server.asked) == 1 else 0)

        with RawServer(answer) as server:
            assert BODY == fetched_from(server, fetcher, into).path.read_bytes()
            bringer = fetcher._bringer
            assert isinstance(bringer, fast_bringing.FastBringer)
            until(lambda: not bringer._line._busy)
            assert [1, 2, 3] == [asked.connection for asked in server.asked]

    def test_no_more_comes_than_is_taken(
        self, fetcher: AssetFetcher, into: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A disk that is slower than the line does not fill the memory, and what it holds up is no silence."""
        monkeypatch.setattr(fast_bringing, "MOST_AHEAD", 100_000)
        ahead: list[int] = []
        refused: list[bool] = []
        add, take = Part.add, fast_bringing.Coming.take

        def slowly(part: Part, piece: bytes) -> None:
            add(part, piece)
            if part.size < 40_000:
                threading.Event().wait(0.2)  # nobody sets it: a slow disk

        def noted(coming: fast_bringing.Coming, piece: bytes) -> bool:
            taken = take(coming, piece)
            ahead.append(coming._came - coming._taken)
            refused.append(not taken)
            return taken

        monkeypatch.setattr(Part, "add", slowly)
        monkeypatch.setattr(fast_bringing.Coming, "take", noted)
        with RawServer(lambda _: reply(BODY * 4)) as server:
            assert BODY * 4 == fetched_from(server, fetcher, into, silence=0.1).path.read_bytes()
            assert 1 == len(server.asked)
        assert (True, True) == (any(refused), max(ahead) < 300_000)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    @pytest.mark.parametrize("kind", ["fast", "requests"])
    def test_a_forked_child_fetches_on_a_connection_of_its_own(self, kind: str, into: Path) -> None:
        """Parent and child fetch on; the child's end does not break the parent's."""
        with RawServer(lambda _: reply(BODY)) as server:
            done = subprocess.run(
                [sys.executable, "-c", FORKS, server.url, str(into)],
                capture_output=True, text=True, timeout=60, check=False, env={**os.environ, VARIABLE: kind},
            )  # fmt: skip
            assert (f"7\n{len(BODY)}\n", "") == (done.stdout, done.stderr)
            assert [1, 2, 1] == [asked.connection for asked in server.asked]

    def test_files_are_brought_by_the_thread_that_all_share(self, fetcher: AssetFetcher, into: Path) -> None:
        """No download begins a thread of its own; the watch over slow ones is one for all."""
        names = {"notebookgen-wire", "notebookgen-watch"}
        before = set(threading.enumerate())
        with RawServer(lambda _: reply(BODY)) as server:
            for _ in range(3):
                fetched_from(server, fetcher, into)
            new = {one.name for one in threading.enumerate() if one not in before and one not in server._threads}
        assert new <= names
