"""Files that came and were refused for what they are: how often they are fetched, and when that is the last word."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import AssetError, AssetRefused, JobFailed
from notebookgen.jobs import core
from notebookgen.jobs.judging import Judging
from notebookgen.jobs.states import State
from notebookgen.transport import FetchLimits
from rawserver import RawServer
from rawserver import reply as raw
from scripted import WAIT, Bench, Listless, Shop, Tailor, bench, reply, until, wanted
from test_keeping import Later, Parts, picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawserver import Asked

pytestmark = pytest.mark.usefixtures("hasty")

ONE = replace(wanted(), kind="image")
RUBBISH = b'\x00\xff{"code": 20'
PAGE = b"<!DOCTYPE html><html><body>Log in</body></html>"
MONEY = 500_000_000


def vast() -> bytes:
    """Return a PNG of a few bytes that says it has more pixels than are decoded."""
    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


class Desk:
    """A bench whose jobs name files, each of which is what the test says, one answer after the other."""

    def __init__(self, bench: Bench, bodies: dict[str, list[bytes]], asked: list[str], clock: Later) -> None:
        self.bench, self.bodies, self.asked, self.clock = bench, bodies, asked, clock


@pytest.fixture
def serve(home: Path) -> Iterator[Callable[..., Desk]]:
    """Return what starts a service whose files have those bodies; the last one of a file is given for ever."""
    ends: list[Callable[[], object]] = []

    def start(kind: type[Tailor] = Tailor, **bodies: list[bytes]) -> Desk:
        asked: list[str] = []

        def answer(one: Asked) -> bytes:
            name = one.target.rsplit("/", 1)[-1]
            asked.append(name)
            left = bodies[name]
            return raw(left.pop(0) if len(left) > 1 else left[0], Content_Type="image/png")

        server = RawServer(answer)
        url = server.__enter__().url
        ends.append(lambda: server.__exit__(None, None, None))
        shop = Parts(url)
        shop.parts = tuple(bodies)
        clock = Later()
        made = bench(home, shop, kind(f"{url}/v1"), clock=clock)
        desk = Desk(made.__enter__(), bodies, asked, clock)
        ends.append(lambda: made.__exit__(None, None, None))
        return desk

    yield start
    for end in reversed(ends):
        end()


def once(desk: Desk) -> None:
    """Have the job answered at once, finished and without a name by which it could be asked again."""
    shop = desk.bench.shop
    assert isinstance(shop, Parts)
    told = {"id": None, "phase": "completed", "urls": shop.urls()}
    shop.orders.append(lambda request: reply(200, {**shop.accept(request), **told}))


@pytest.mark.parametrize("limit", ["size", "pixels"])
def test_what_is_beyond_all_limits_is_fetched_twice_and_not_for_ever(serve: Callable[..., Desk], limit: str) -> None:
    """The job is asked for another address once; then it is said, its price stays, and nothing fetches it by itself."""
    desk = serve(a=[vast() if limit == "pixels" else picture("a") * 3])
    if limit == "size":
        desk.bench.collector._limits = FetchLimits(size=100)
    row = desk.bench.bring(ONE).row(0)
    assert (State.FAILED, 2, 1) == (row.state, len(desk.asked), desk.bench.shop.seen["create"])
    assert isinstance(row.error, JobFailed)
    assert ("pixels" if limit == "pixels" else "larger than the limit") in str(row.error).splitlines()[0]
    assert "Run it again to ask its job once more, which is free" in str(row.error)
    kept = desk.bench.row(ONE)
    assert (MONEY, 0, Decimal("0.5")) == (kept.charged, kept.retryable, row.cost.amount)
    handle = desk.bench.engine.resume()
    assert handle.wait(WAIT)
    assert (0, 2) == (handle.total, len(desk.asked))


def test_a_person_has_it_looked_at_once_more(serve: Callable[..., Desk]) -> None:
    """Run again, the job is asked and its file fetched once, for nothing; where it is another one by now, it is kept."""
    desk = serve(a=[vast()])
    assert State.FAILED == desk.bench.bring(ONE).row(0).state
    assert (State.FAILED, 3) == (desk.bench.bring(ONE).row(0).state, len(desk.asked))
    desk.bodies["a"][:] = [picture("a")]
    row = desk.bench.bring(ONE).row(0)
    assert (State.SAVED, None, MONEY, 4) == (row.state, row.error, desk.bench.row(ONE).charged, len(desk.asked))
    assert 1 == desk.bench.shop.seen["create"]


def test_another_address_may_have_a_better_one(serve: Callable[..., Desk]) -> None:
    """What was too large at first and comes in another form when the job is asked is kept without a word."""
    row = serve(a=[vast(), picture("a")]).bench.bring(ONE).row(0)
    assert (State.SAVED, None) == (row.state, row.error)


def test_without_a_job_the_same_address_is_tried_once_more(serve: Callable[..., Desk]) -> None:
    """Nobody can be asked for another address: it is fetched twice all the same, and then it is said."""
    desk = serve(Listless, a=[vast()])
    once(desk)
    row = desk.bench.bring(ONE).row(0)
    assert (State.FAILED, 2, MONEY) == (row.state, len(desk.asked), desk.bench.row(ONE).charged)


def test_the_other_files_of_the_job_are_kept(serve: Callable[..., Desk]) -> None:
    """One of three is beyond all limits: the two are saved, the third is told, also of what is bought, and not fetched again."""
    desk = serve(a=[picture("a")], b=[vast()], c=[picture("c")])
    for _ in range(2):
        row = desk.bench.bring(ONE).row(0)
        assert (State.SAVED, 2) == (row.state, len(row.assets))
        assert "1 of 3 files could not be had: it has more than" in str(row.error)
        assert [1, 2, 1] == [desk.asked.count(name) for name in "abc"]


@pytest.mark.slow
def test_what_is_in_the_way_does_not_have_the_others_fetched_again(
    serve: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file is too large, and a login page stands before the other: that one heals, and the first is left alone."""
    monkeypatch.setattr(core, "FIRST_REST", 0.05)
    desk = serve(a=[vast()], b=[PAGE])
    assert State.COMPLETED == desk.bench.bring(ONE).row(0).state
    assert 2 == desk.asked.count("a")
    desk.bodies["b"][:] = [picture("b")]
    until(lambda: desk.bench.row(ONE).state == State.SAVED)
    assert 2 == desk.asked.count("a")
    assert "1 of 2 files could not be had" in (desk.bench.row(ONE).error or "")


def test_damaged_bytes_stay_open_and_are_tried_again_later(serve: Callable[..., Desk]) -> None:
    """A picture that is cut short may be whole tomorrow: after a few tries it is let be, and then looked at once each time."""
    desk = serve(a=[picture("a")[:45]])
    row = desk.bench.bring(ONE).row(0)
    assert (State.COMPLETED, 4) == (row.state, len(desk.asked))
    assert (State.COMPLETED, 5) == (desk.bench.bring(ONE).row(0).state, len(desk.asked))
    first, *rest = str(row.error).splitlines()
    assert "damaged" in first
    assert "It is paid for and made." in rest[0]
    desk.bodies["a"][:] = [picture("a")]
    assert State.SAVED == desk.bench.bring(ONE).row(0).state


def test_bytes_that_are_the_same_after_a_day_are_the_last_word(serve: Callable[..., Desk]) -> None:
    """Nothing has replaced the damaged picture: it is given up, with its price, until somebody asks for it again."""
    desk = serve(a=[picture("a")[:45]])
    assert State.COMPLETED == desk.bench.bring(ONE).row(0).state
    desk.clock.hours = 23.0
    assert State.COMPLETED == desk.bench.bring(ONE).row(0).state
    desk.clock.hours = 25.0
    assert (State.FAILED, MONEY) == (desk.bench.bring(ONE).row(0).state, desk.bench.row(ONE).charged)
    desk.bodies["a"][:] = [picture("a")]
    assert State.SAVED == desk.bench.bring(ONE).row(0).state
    assert 1 == desk.bench.shop.seen["create"]


def test_unknown_bytes_are_asked_for_again_before_they_are_kept(serve: Callable[..., Desk]) -> None:
    """Rubbish where a picture was due: where the next time brings the picture, that is it."""
    desk = serve(a=[RUBBISH, picture("a")])
    row = desk.bench.bring(ONE).row(0)
    assert (State.SAVED, "image", None, 2) == (row.state, row.assets[0].kind, row.error, len(desk.asked))


@pytest.mark.parametrize("kind", [Tailor, Listless])
def test_unknown_bytes_that_come_again_are_kept_and_told(serve: Callable[..., Desk], kind: type[Tailor]) -> None:
    """They may be what was made, in a form that is not known here: they are kept, and every look at the row says so."""
    desk = serve(kind, a=[RUBBISH])
    if kind is Listless:
        once(desk)
    for _ in range(2):
        row = desk.bench.bring(ONE).row(0)
        assert (State.SAVED, "file", 13) == (row.state, row.assets[0].kind, row.assets[0].size)
        assert isinstance(row.error, AssetError)
        assert "the image was due, and what came is of no type that is known" in str(row.error)
    assert 2 == len(desk.asked)


def rubbish(number: int) -> bytes:
    """Return bytes of no known type that are others each time."""
    return RUBBISH + b"%d" % number


@pytest.mark.parametrize("kind", [Tailor, Listless])
def test_unknown_bytes_that_are_others_each_time_are_kept_and_told(
    serve: Callable[..., Desk], kind: type[Tailor]
) -> None:
    """A form that is not known here may have a date in it: the second that comes is kept, as it came."""
    desk = serve(kind, a=[rubbish(number) for number in range(9)])
    if kind is Listless:
        once(desk)
    row = desk.bench.bring(ONE).row(0)
    assert (State.SAVED, "file", 2, MONEY) == (
        row.state,
        row.assets[0].kind,
        len(desk.asked),
        desk.bench.row(ONE).charged,
    )
    assert "the image was due, and what came is of no type that is known" in str(row.error)


def test_what_comes_between_two_of_no_known_type_does_not_hide_the_first(serve: Callable[..., Desk]) -> None:
    """A damaged picture in between is refused as ever, and is not taken for the first of the two."""
    desk = serve(a=[picture("a")[:45], rubbish(1), picture("a")[:45], rubbish(2)])
    row = desk.bench.bring(ONE).row(0)
    assert (State.SAVED, "file", 4) == (row.state, row.assets[0].kind, len(desk.asked))


def test_before_it_is_given_up_what_is_of_no_known_type_is_kept(serve: Callable[..., Desk]) -> None:
    """A job that was given up is asked once more, too late for another try: what comes is kept rather than lost."""
    desk = serve(a=[vast()])
    assert State.FAILED == desk.bench.bring(ONE).row(0).state
    desk.clock.hours = 24.0 * 9
    desk.bodies["a"][:] = [rubbish(number) for number in range(9)]
    row = desk.bench.bring(ONE).row(0)
    assert (State.SAVED, "file", MONEY) == (row.state, row.assets[0].kind, desk.bench.row(ONE).charged)
    assert 1 == desk.bench.shop.seen["create"]


def test_a_clock_that_jumps_gives_nothing_up() -> None:
    """A day that passed by the clock alone is no day: the same damaged bytes are looked at more often than one go does."""
    judging, day = Judging(), 24 * 3600 * 1_000_000
    damaged = AssetRefused("the picture is damaged", sha256="ab")
    for number in range(4):
        judging.note(1, {0: damaged}, now=2 * day * number, late=False)
        assert {} == judging.settled(1)
    judging.note(1, {0: damaged}, now=9 * day, late=False)
    assert {0: damaged} == judging.settled(1)


def test_a_file_that_left_its_place_is_told_before_what_was_said_before(serve: Callable[..., Desk]) -> None:
    """What is of no known type was kept and told; when another file of it has gone, both are said, the newer first."""
    desk = serve(Listless, a=[RUBBISH], b=[picture("b")])
    once(desk)
    row = desk.bench.bring(ONE).row(0)
    Path(row.assets[1].path).unlink()
    row = desk.bench.bring(ONE).row(0)
    assert (State.SAVED, ["file"]) == (row.state, [asset.kind for asset in row.assets])
    first, second = str(row.error).splitlines()
    assert "1 of its files have gone from their place" in first
    assert "of no type that is known" in second


def test_where_nobody_knows_what_is_due_unknown_bytes_are_kept(serve: Callable[..., Desk]) -> None:
    """A type that is not known here may be just what was made."""
    desk = serve(a=[RUBBISH])
    row = desk.bench.bring(wanted()).row(0)
    assert (State.SAVED, None, 1) == (row.state, row.error, len(desk.asked))


def spoken(home: Path, *texts: str, kind: str | None = "image") -> tuple[str, list[str], str | None]:
    """Return the state, the kinds of files and the note of a job that answers with texts."""
    shop = Shop()
    told = {"phase": "completed", "texts": list(texts)}
    shop.orders.append(lambda request: reply(200, {**shop.accept(request), **told}))
    with bench(home, shop) as desk:
        one = replace(wanted(), kind=kind)  # type: ignore[arg-type]  # one of the kinds
        row = desk.bring(one).row(0)
        again = desk.bring(one).row(0)
    assert str(row.error) == str(again.error)
    return str(row.state), [asset.kind for asset in row.assets], None if row.error is None else str(row.error)


@pytest.mark.parametrize("text", ["file:///etc/passwd", "I cannot draw that.", base64.b64encode(RUBBISH).decode()])
def test_a_text_where_a_picture_was_due_is_told(home: Path, text: str) -> None:
    """It is kept, for it is what was paid for, and the row says what it is."""
    assert ("saved", ["text"], "the image was due, and a text came: it was kept as it came") == spoken(home, text)


def test_a_text_where_one_may_come_is_no_news(home: Path) -> None:
    """A text that was due, one where nobody knows, and words beside a picture are kept without a word."""
    assert ("saved", ["text"], None) == spoken(home, "Once upon a time", kind="text")
    assert ("saved", ["text"], None) == spoken(home / "2", "Once upon a time", kind=None)
    assert ("saved", ["image", "text"], None) == spoken(
        home / "3", base64.b64encode(picture("a")).decode(), "a small red square"
    )
