"""Files kept by their content: what gets in, what does not, and what is found again."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from notebookgen.errors import AssetError, AssetRefused, InvalidImage, NotWritable
from notebookgen.media import Collector, MediaStore
from notebookgen.media.pictures import whole
from notebookgen.records import Output
from notebookgen.transport import AssetFetcher
from notebookgen.transport import fetch as fetch_module
from rawserver import RawServer, reply
from test_sniff import clip, picture, sound, wav


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


def files_in(store: MediaStore) -> list[str]:
    """Return the names of all files, temporary ones included."""
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_pictures_are_kept_with_their_size(store: MediaStore, kind: str) -> None:
    """A picture is kept as it came, under its hash, with its dimensions."""
    data = picture(kind)
    asset = store.keep(data, due="image", name="node 3", url="https://files.example.com/a")
    digest = hashlib.sha256(data).hexdigest()
    path = Path(asset.path)
    assert path.read_bytes() == data
    assert (path.parent.name, path.stem, path.is_absolute()) == (digest[:2], digest, True)
    assert (asset.kind, asset.width, asset.height, asset.size, asset.sha256) == ("image", 20, 10, len(data), digest)
    assert (asset.name, asset.url, asset.seconds) == ("node 3", "https://files.example.com/a", None)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mp4", "mpeg4"), ("mov", "mpeg4"), ("webm", "libvpx"), ("matroska", "mpeg4"), ("avi", "mpeg4")],
)
def test_clips_are_kept_with_their_length(store: MediaStore, container: str, codec: str) -> None:
    """A clip's dimensions, duration and silence are written down."""
    asset = store.keep(clip(container, codec), due="video")
    assert (asset.kind, asset.width, asset.height, asset.has_sound) == ("video", 64, 48, False)
    assert asset.seconds == pytest.approx(0.5, abs=0.11)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("wav", "pcm_s16le"),
        ("mp3", "libmp3lame"),
        ("ogg", "libopus"),
        ("flac", "flac"),
        ("ipod", "aac"),
        ("adts", "aac"),
    ],
)
def test_sounds_are_kept_with_their_length(store: MediaStore, container: str, codec: str) -> None:
    """A sound's duration is written down; width and sound track mean nothing for it."""
    asset = store.keep(sound(container, codec), due="audio")
    assert (asset.kind, asset.width, asset.has_sound) == ("audio", None, None)
    assert asset.seconds == pytest.approx(0.18, abs=0.12)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("webm", "libopus"), ("matroska", "aac")])
def test_a_clip_without_pictures_is_a_sound(store: MediaStore, container: str, codec: str) -> None:
    """A sound in a container that usually holds clips is told by what is in it."""
    assert store.keep(sound(container, codec), due="audio").kind == "audio"


def test_texts_are_kept_as_texts(store: MediaStore) -> None:
    """A text is kept in UTF-8; nothing inside it is fetched, and markup in it stays plain text."""
    for text in ("größer\n", "<script>alert(1)</script>", "https://files.example.com/a.png", "half a pair: \ud83d"):
        asset = store.keep(text)
        assert (asset.kind, asset.mime, Path(asset.path).suffix) == ("text", "text/plain", ".txt")
        assert Path(asset.path).read_bytes() == text.encode("utf-8", "replace")


@pytest.mark.parametrize("due", ["image", "video", "audio", "3d"])
@pytest.mark.parametrize(
    "data", [b"<html>no</html>", b"<svg/>", b"<?xml version='1.0'?><Error/>", b'{"error": 1}', b"no such file"]
)
def test_a_page_or_message_is_no_picture(store: MediaStore, due: str, data: bytes) -> None:
    """Markup, JSON or a message where something else was due is refused and not kept."""
    with pytest.raises(AssetRefused, match=f"the {due} was due"):
        store.keep(data, due=due)  # type: ignore[arg-type]  # one of the kinds
    assert files_in(store) == []


def test_markup_is_refused_where_nobody_knows(store: MediaStore) -> None:
    """Where it is not known what was due, a page is still nothing that was made."""
    with pytest.raises(AssetRefused):
        store.keep(b"<html>")
    assert store.keep(b"a message").kind == "text"
    assert Path(store.keep(b"<html>", due="text").path).suffix == ".txt"


def test_another_kind_is_kept_for_it_is_paid_for(store: MediaStore) -> None:
    """A clip where a picture was due, or a file of an unknown type, is kept as what it is."""
    assert store.keep(clip("mp4", "mpeg4"), due="image").kind == "video"
    assert store.keep(b"\x00\x01\x02", due="image").kind == "file"
    assert store.keep(b"glTF\x02\x00\x00\x00", due="image").kind == "3d"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF"])
def test_a_picture_that_is_cut_short_is_refused(store: MediaStore, kind: str) -> None:
    """A picture that cannot be decoded whole is not kept."""
    out = io.BytesIO()
    Image.effect_noise((80, 60), 90).convert("RGB").save(out, kind)
    data = out.getvalue()
    with pytest.raises(AssetRefused, match=r"damaged|cannot be read"):
        store.keep(data[: len(data) // 2], due="image")
    assert files_in(store) == []


@pytest.mark.parametrize(
    "data",
    [
        clip("mp4", "mpeg4")[:300],
        b"\x00\x00\x00\x18ftypisom" + bytes(500),
        sound("flac", "flac")[:50],
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
    ],
)
def test_a_clip_that_cannot_be_decoded_is_refused(store: MediaStore, data: bytes) -> None:
    """A clip or sound without a frame in it is not kept."""
    with pytest.raises(AssetRefused, match="damaged"):
        store.keep(data)
    assert files_in(store) == []


def test_nothing_is_refused(store: MediaStore) -> None:
    """No bytes are no file."""
    for nothing in (b"", ""):
        with pytest.raises(AssetRefused, match="empty"):
            store.keep(nothing)


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it is very large."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (40_000, 25_001)])
def test_a_bomb_is_refused_before_it_is_decoded(store: MediaStore, size: tuple[int, int]) -> None:
    """Pixels are counted in the header, and nothing is printed about it."""
    with pytest.raises(AssetRefused, match="million pixels"):
        store.keep(bomb(*size))


@pytest.mark.parametrize("size", [(16_384, 16_384), (20_000, 8_950), (12_000, 9_000)])
def test_a_very_large_picture_is_kept_as_it_came(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    """What was enlarged to sixteen thousand pixels was paid for: it is kept undecoded, and Pillow's limit is left alone.

    That limit is the whole process's, and a person may have set another one.
    """
    for limit in (Image.MAX_IMAGE_PIXELS, 1_000, None):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        kept = store.keep(bomb(*size), due="image")
        assert (*size, "image/png") == (kept.width, kept.height, kept.mime)
        assert limit == Image.MAX_IMAGE_PIXELS
        assert "image/png" == store.keep(picture("PNG"), due="image").mime


def test_whoever_asks_for_a_picture_of_too_many_pixels_is_told(tmp_path: Path) -> None:
    """In words and not by Pillow's warning of an attack; the file stays what it is."""
    (tmp_path / "large.png").write_bytes(bomb(16_384, 16_384))
    (tmp_path / "small.png").write_bytes(picture("PNG"))
    with pytest.raises(AssetError, match=r"large\.png is not decoded here: .*pixels.*\nThe file is whole"):
        whole(tmp_path / "large.png")
    assert Image.open(io.BytesIO(picture("PNG"))).tobytes() == whole(tmp_path / "small.png").tobytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"]), st.data())
def test_broken_pictures_are_kept_or_refused(store: MediaStore, kind: str, data: st.DataObject) -> None:
    """Whatever a decoder says to changed bytes, the answer is kept or refused."""
    bytes_ = bytearray(picture(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        bytes_[data.draw(st.integers(0, len(bytes_) - 1))] = data.draw(st.integers(0, 255))
    try:
        asset = store.keep(bytes(bytes_))
    except AssetRefused:
        return
    assert store.verify(asset) is True


# Once for each content -------------------------------------------------------------------------------------------


def test_equal_content_is_kept_once(store: MediaStore) -> None:
    """The same bytes twice are one file, which is left alone; it is said on it that it was needed again."""
    first = store.keep(wav())
    os.utime(first.path, (0, 0))
    before = Path(first.path).stat()
    assert store.keep(wav()) == first
    after = Path(first.path).stat()
    assert (after.st_ino, files_in(store), True) == (before.st_ino, [Path(first.path).name], after.st_mtime > 0)


@pytest.mark.parametrize("came", ["inside a reply", "as a file"])
def test_what_another_one_wrote_is_on_the_disk_too_before_it_counts(
    came: str, store: MediaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wrote it may have been killed between its name and the disk, and a ledger is about to say that it is kept."""
    there = Path(store.keep(wav()).path)
    digest, synced = hashlib.sha256(wav()).hexdigest(), set[int]()
    fsync = os.fsync

    def noted(file: int) -> None:
        synced.add(os.fstat(file).st_ino)
        fsync(file)

    monkeypatch.setattr(os, "fsync", noted)
    part = tmp_path / "a.part"
    part.write_bytes(wav())
    what = fetch_module.Fetched(part, digest, len(wav()), "audio/wav", "https://files.example.com/a")
    assert there == Path(store.keep(what if came == "as a file" else wav()).path)
    assert {there.stat().st_ino, there.parent.stat().st_ino} & synced


def test_a_damaged_file_is_mended_by_its_content(store: MediaStore) -> None:
    """Where a file of that name is not that content, it is replaced."""
    asset = store.keep(wav())
    Path(asset.path).write_bytes(bytes(len(wav())))
    assert store.verify(asset) is False
    assert store.verify(asset, deep=False) is True
    store.keep(wav())
    assert store.verify(asset) is True


def test_files_are_found_by_their_hash(store: MediaStore) -> None:
    """``path_of`` finds what is kept, and nothing else."""
    asset = store.keep(wav())
    assert store.path_of(asset.sha256) == Path(asset.path)
    for stranger in ("0" * 64, "", "../../../etc/passwd", "*" * 64):
        assert store.path_of(stranger) is None


def test_verify_tells_missing_and_short_files(store: MediaStore) -> None:
    """A file that is gone, cut or of another content is not whole."""
    asset = store.keep(wav())
    assert store.verify(replace(asset, sha256="0" * 64)) is False
    Path(asset.path).write_bytes(b"short")
    assert store.verify(asset, deep=False) is False
    Path(asset.path).unlink()
    assert store.verify(asset) is False


def test_leftovers_of_killed_downloads_are_swept(store: MediaStore) -> None:
    """Old temporary files go, young ones, kept files and files of other names stay."""
    kept = store.keep(wav())
    store.incoming.mkdir()
    old, young, other = (store.incoming / name for name in (f"{'0' * 16}.part", f"{'1' * 16}.part", "other.part"))
    for path, moment in ((old, 1_000), (young, 9_000), (other, 1_000)):
        path.write_bytes(b"x")
        os.utime(path, (moment, moment))
    assert store.sweep(now=10_000) == 1
    assert (old.exists(), young.exists(), other.exists(), store.verify(kept)) == (False, True, True, True)


def test_threads_may_keep_the_same_content(store: MediaStore) -> None:
    """Many threads with the same few files leave those few, each whole."""
    sounds = [wav() + bytes([number]) for number in range(4)]
    with ThreadPoolExecutor(12) as pool:
        assets = list(pool.map(lambda number: store.keep(sounds[number % 4]), range(60)))
    assert {asset.sha256 for asset in assets} == {hashlib.sha256(one).hexdigest() for one in sounds}
    assert len(files_in(store)) == 4
    assert all(store.verify(asset) for asset in assets)


def test_a_move_across_disks_is_a_copy(store: MediaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that lies on another disk is copied into place, whole."""
    import errno

    real = Path.replace

    def other_disk(self: Path, target: Path) -> Path:
        if self.parent == tmp_path / "elsewhere":
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", other_disk)
    part = tmp_path / "elsewhere" / "a.part"
    part.parent.mkdir()
    part.write_bytes(wav())
    digest = hashlib.sha256(wav()).hexdigest()
    asset = store.keep(fetch_module.Fetched(part, digest, len(wav()), "audio/wav", "https://files.example.com/a"))
    assert (store.verify(asset), part.exists(), asset.url) == (True, False, "https://files.example.com/a")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """Where a file stands in the folder's place, the message says what to set."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotWritable, match="NOTEBOOKGEN_HOME"):
        MediaStore(tmp_path / "file").keep(wav())


def test_inputs_are_kept_and_read_again(store: MediaStore) -> None:
    """Bytes of an input image are found by their hash in a later process; lost or changed ones are said."""
    digest = store.keep_input(picture("PNG"))
    assert store.keep_input(picture("PNG")) == digest
    assert MediaStore(store.folder).read(digest) == picture("PNG")
    path = store.path_of(digest)
    assert path is not None
    path.write_bytes(b"other")
    with pytest.raises(InvalidImage, match="Give it again"):
        store.read(digest)
    path.unlink()
    with pytest.raises(InvalidImage, match="Give it again"):
        store.read(digest)


# Together --------------------------------------------------------------------------------------------------------


def test_outputs_are_brought_home(store: MediaStore) -> None:
    """An address is downloaded, bytes and texts are kept; a lie about the type changes nothing."""
    fetcher = AssetFetcher(wait=lambda _: False)
    collector = Collector(store, fetcher)
    with RawServer(lambda _: reply(picture("PNG"), Content_Type="text/html")) as server:
        url = f"{server.url}/a.exe?X-Sig=1"
        asset = collector.keep(Output(name="out", url=url), origin=server.url, due="image")
        with pytest.raises(AssetRefused):
            collector.keep(Output(url=url), origin="https://provider.example")
    assert (asset.mime, asset.name, asset.url, Path(asset.path).suffix) == ("image/png", "out", url, ".png")
    assert collector.keep(Output(data=picture("JPEG")), origin="").mime == "image/jpeg"
    text = collector.keep(Output(text="see https://files.example.com/"), origin="")
    assert (text.kind, collector.present(asset), collector.present(replace(asset, size=1))) == ("text", True, False)
    assert collector.held(store.keep_input(b"GIF89a")) == b"GIF89a"
    assert os.listdir(store.incoming) == []  # noqa: PTH208 - names are what is compared
    fetcher.close()


def test_a_file_in_base64_is_kept_as_that_file(store: MediaStore) -> None:
    """Where no text was due, or where its key says what it is; a damaged one, and a text that was due, stay texts."""
    collector = Collector(store, AssetFetcher())
    letters = base64.b64encode(picture("PNG")).decode()
    for due in ("image", "video", None):
        assert "image" == collector.keep(Output(name="output", text=letters), origin="", due=due).kind
    for name in ("data.0.b64_json", "image.Base64"):
        assert "image" == collector.keep(Output(name=name, text=letters), origin="", due="text").kind
    assert "text" == collector.keep(Output(name="output", text=letters), origin="", due="text").kind
    cut = collector.keep(Output(name="b64_json", text=letters[:60]), origin="", due="image")
    assert ("text", letters[:60]) == (cut.kind, Path(cut.path).read_text(encoding="utf-8"))


def test_a_small_file_is_opened_once(store: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked into in memory, written beside its place, and synced while it is open; what is refused is not written."""
    opened: list[str] = []
    real = os.open

    def noted(path: str, flags: int, mode: int = 0o777) -> int:
        opened.append(Path(path).suffix)
        return real(path, flags, mode)

    fetcher = AssetFetcher(wait=lambda _: False)
    (store.folder / hashlib.sha256(picture("PNG")).hexdigest()[:2]).mkdir(parents=True)
    monkeypatch.setattr(os, "open", noted)
    with RawServer(lambda asked: reply(picture("PNG") if asked.target == "/a" else picture("PNG")[:-40])) as server:
        asset = Collector(store, fetcher).keep(Output(url=f"{server.url}/a"), origin=server.url, due="image")
        with pytest.raises(AssetRefused, match="picture"):
            Collector(store, fetcher).keep(Output(url=f"{server.url}/b"), origin=server.url, due="image")
    fetcher.close()
    assert (1, picture("PNG")) == (opened.count(".part"), Path(asset.path).read_bytes())
    assert [Path(asset.path).name] == files_in(store)


def test_an_error_page_is_not_an_asset(store: MediaStore) -> None:
    """A page with status 200 and a picture's type is refused, and its file is gone."""
    fetcher = AssetFetcher(wait=lambda _: False)
    with (
        RawServer(lambda _: reply(b"<html>expired</html>", Content_Type="image/png")) as server,
        pytest.raises(AssetError),
    ):
        Collector(store, fetcher).keep(Output(url=f"{server.url}/a.png"), origin=server.url)
    assert files_in(store) == []
    fetcher.close()


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    """Telling and naming files loads neither Pillow nor PyAV nor requests."""
    import subprocess
    import sys

    code = (
        "import sys, notebookgen.media, notebookgen.transport, notebookgen.transport.retry, notebookgen.sniff;"
        "from notebookgen.transport import read, check_url, Timeouts;"
        "print([name for name in ('PIL', 'av', 'requests', 'urllib3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_file_whose_sync_failed_is_not_found_whole_the_next_time(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk may never have had is written anew: in memory it would still look whole."""
    data, real, failing = picture("PNG"), os.fsync, [True]
    written: list[int] = []

    def fsync(file: int) -> None:
        if failing.pop() if failing else False:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        written.append(os.fstat(file).st_ino)
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(NotWritable):
        store.keep(data, due="image")
    assert [] == files_in(store)
    assert Path(store.keep(data, due="image").path).stat().st_ino in written
