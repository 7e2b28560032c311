"""What unfinished downloads leave behind: gone on with after a kill, never while another one writes, and swept."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from notebookgen.transport import AssetFetcher, leavings
from notebookgen.transport.leavings import Proof, mark, name_of, sweep
from notebookgen.transport.signing import unsigned
from rawserver import RawServer, reply
from scripted import largest, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rawserver import Answer, Asked

BODY = bytes(range(256)) * 4_000
TAG = '"v1"'
FETCH = """
import sys
from pathlib import Path
from notebookgen.transport import AssetFetcher

AssetFetcher().fetch(sys.argv[1], into=Path(sys.argv[2]), allowed_origin=sys.argv[1])
"""


def rest(asked: Asked) -> bytes:
    """Answer with the file, or with its rest."""
    start = int(asked.headers.get("range", "bytes=0-")[6:-1])
    if not start:
        return reply(BODY, ETag=TAG)
    return reply(BODY[start:], "206 Rest", ETag=TAG, Content_Range=f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")


def fetch(server: RawServer, into: Path) -> bytes:
    """Fetch in this process, and leave nothing."""
    fetcher = AssetFetcher(wait=lambda _: False)
    fetched = fetcher.fetch(f"{server.url}/a.bin", into=into, allowed_origin=server.url)
    fetcher.close()
    data = fetched.path.read_bytes()
    fetched.path.unlink()
    return data


def test_a_killed_kernels_download_is_gone_on_with(tmp_path: Path) -> None:
    """While the other process lives its file is its own; once it is killed, only the rest is asked for."""

    def slowly(asked: Asked) -> Answer:
        whole = reply(BODY, ETag=TAG)

        def pieces() -> Iterator[bytes]:
            yield whole[: len(whole) - len(BODY) + 700_000]
            server.pause(60)

        return pieces() if len(server.asked) == 1 else rest(asked)

    with RawServer(slowly) as server:
        other = subprocess.Popen([sys.executable, "-c", FETCH, f"{server.url}/a.bin", str(tmp_path)])
        try:
            until(lambda: largest(tmp_path) >= 700_000)
            assert BODY == fetch(server, tmp_path)
            assert 1 == len(list(tmp_path.iterdir()))
        finally:
            other.kill()
            other.wait(30)
        assert BODY == fetch(server, tmp_path)
    assert [None, None, "bytes=700000-"] == [asked.headers.get("range") for asked in server.asked]
    assert [] == list(tmp_path.iterdir())


def left(folder: Path, url: str, suffix: str, *, size: int = 700_000, at: float | None = None, tag: str = TAG) -> Path:
    """Lay a part of the file there, as a kernel does that ends."""
    name = name_of(url, Proof(tag, mark(url)[:16], len(BODY)), suffix)
    assert name is not None
    path = folder / name
    path.write_bytes(BODY[:size])
    os.utime(path, (at or time.time(), at or time.time()))
    return path


@pytest.mark.parametrize(
    ("suffix", "age", "asked"),
    [(".left", 1e6, "bytes=700000-"), (".part", 0.0, "bytes=700000-"), (".part", 1e9, None)],
)
def test_what_may_have_holes_is_not_gone_on_with(suffix: str, age: float, asked: str | None, tmp_path: Path) -> None:
    """What was put away was synced to the disk; what was not, before this machine was started, may have lost bytes."""
    with RawServer(rest) as server:
        left(tmp_path, f"{server.url}/a.bin", suffix, at=time.time() - age)
        assert BODY == fetch(server, tmp_path)
    assert ([asked], []) == ([one.headers.get("range") for one in server.asked], list(tmp_path.iterdir()))


def test_of_several_the_newest_is_gone_on_with(tmp_path: Path) -> None:
    """Kernels that were killed one after the other leave one each: one is used, and all go."""
    with RawServer(rest) as server:
        for size, ago in ((600_000, 30.0), (500_000, 10.0), (400_000, 60.0), (100, 0.0)):
            left(tmp_path, f"{server.url}/a.bin", ".left", size=size, at=time.time() - ago)
        assert BODY == fetch(server, tmp_path)
    assert (["bytes=500000-"], []) == ([one.headers.get("range") for one in server.asked], list(tmp_path.iterdir()))


def test_only_what_is_ours_and_nobodys_is_swept(tmp_path: Path) -> None:
    """An hour after a kill what cannot be gone on with goes, a day after it the rest; what is written to stays."""
    now = time.time()
    plain, held = tmp_path / f"{'a' * 16}.part", tmp_path / f"{'b' * 16}.part"
    for path in (plain, held, tmp_path / "thesis.part", tmp_path / "thesis.left"):
        path.write_bytes(b"x")
        os.utime(path, (now - 7200, now - 7200))
    named = left(tmp_path, "https://example.com/a", ".part", at=now - 7200)
    with held.open("r+b") as file:
        assert leavings.hold(file)
        if leavings.SHARES:
            assert 1 == sweep(tmp_path, now=now, dry_run=True)
            assert plain.exists()
        assert 1 == sweep(tmp_path, now=now)
        assert 1 == sweep(tmp_path, now=now + 86_400.0)
        assert (False, False, True) == (plain.exists(), named.exists(), held.exists())
    assert {held.name, "thesis.part", "thesis.left"} == {path.name for path in tmp_path.iterdir()}
    assert 0 == sweep(tmp_path / "missing", now=now)
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    assert 0 == sweep(tmp_path / "link", now=now + 86_400.0)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://s/a?X-Amz-Date=1&X-Amz-Expires=2&X-Amz-Signature=ab&versionId=7#x", "https://s/a?versionId=7"),
        ("https://s/a?x-oss-process=resize&x-oss-signature=ab&x-oss-date=1", "https://s/a?x-oss-process=resize"),
        ("https://s/a?sv=1&se=2&sp=r&sig=ab&id=3", "https://s/a?id=3"),
        ("https://s/a?Expires=1&Signature=ab&Key-Pair-Id=c", "https://s/a"),
        ("https://s/a?x-expires=1&x-signature=ab", "https://s/a"),
    ],
)
def test_what_signs_an_address_is_left_out(url: str, plain: str) -> None:
    """Another signature of the same address is of the same file; what chooses the file is not a signature."""
    assert plain == unsigned(url)


@pytest.mark.parametrize(
    "url",
    ["https://s/a", "https://s/a?id=1", "https://s/a?e=1&sp=2&exp=3", "https://s/a?token=ab", "https://s/a?expires=1", "http://[a"],
)  # fmt: skip
def test_what_may_choose_the_file_stays(url: str) -> None:
    """Without a signature beside it, no name is taken for a part of one."""
    assert url == unsigned(url)


def test_a_proof_that_is_no_name_is_not_one(tmp_path: Path) -> None:
    """What a server says is spelled in letters and digits, and what is too long for a name is not kept."""
    odd = '"../../\u00e9"'
    path = left(tmp_path, "https://example.com/a", ".left", tag=odd)
    taken = leavings.take(tmp_path, "https://example.com/a")
    assert taken is not None
    taken[1].close()
    assert (odd, len(BODY), tmp_path) == (taken[2].said, taken[2].total, path.parent)
    assert name_of("https://example.com/a", Proof('"' + "x" * 99 + '"', "", 1), ".left") is None


def test_a_proof_in_parts_makes_a_name_that_every_disk_takes() -> None:
    """Encrypted home folders know no name above 143 characters, and a store's tag of a large file is a long one."""
    proof = Proof('"d41d8cd98f00b204e9800998ecf8427e-1234"', mark("https://example.com")[:16], 10**12)
    name = name_of("https://example.com/a", proof, ".left")
    assert name is not None
    assert len(name) <= 143
    assert proof == leavings.proof_in(name)


@pytest.mark.parametrize("spelled", ["22763122", "=a"])
def test_a_proof_that_cannot_be_read_is_swept_and_not_gone_on_with(spelled: str, tmp_path: Path) -> None:
    """It may be spelled in another way, or not at all by us: it is nobody's, and goes after a day."""
    url = "https://example.com/a"
    path = tmp_path / f"{mark(url)}.{'a' * 16}.{spelled}.9.{'b' * 8}.left"
    path.write_bytes(b"x")
    assert leavings.take(tmp_path, url) is None
    assert int(path.exists()) == sweep(tmp_path, now=time.time() + 90_000.0)
    assert [] == list(tmp_path.iterdir())
