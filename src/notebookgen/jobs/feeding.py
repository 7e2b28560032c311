"""Rows of a large run, brought to the engine a few at a time: what is in hand does not grow with the run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidImage, LedgerError, NotWritable
from notebookgen.jobs.core import DISK_WAIT
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.states import State
from notebookgen.jobs.surveying import Fate, Left
from notebookgen.normal import sample_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from notebookgen.errors import NotebookgenError
    from notebookgen.jobs.core import Core
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.jobs.surveying import Source, Survey
    from notebookgen.jobs.ticket import Wish
    from notebookgen.records import Generation, Realm

__all__ = ["Feed", "Feeding"]

# So many rows of a run are in hand beside those under way: enough that no place stays empty while files come home.
AHEAD = 64
MOST_AT_ONCE = 256
# Nothing else of a row can: its texts and settings were read once, and stay.
CHANGED = (
    "an image of this row has changed since the run was planned. Nothing was sent.\n"
    "Ask for it again: the row is another one with that image, and has its own price."
)


@dataclass(slots=True)
class Feed:
    """A run whose rows come one after the other.

    Attributes:
        handle: The run.
        source: Its rows.
        survey: What was found out about them.
        follow: Has the engine look after a row: ``follow(index, generation, wish)``.
        unused: Returns the sample indices that ``fresh`` takes for a content.
        window: How many rows may be in hand.
        realms: The accounts that its rows go to.
        before: How many rows had ended before the first was brought.
        at: The next entry.
        brought: How many entries were brought.
        samples: What ``unused`` has told, by content.
        again: Whether its rows were over before and are asked for once more.
        closed: Why nothing more of it is bought; None while it is.
    """

    handle: RunHandle
    source: Source
    survey: Survey
    follow: Callable[[int, Generation, Wish], None]
    unused: Callable[[Generation, int], list[int]]
    window: int
    realms: frozenset[Realm]
    before: int
    at: int = 0
    brought: int = 0
    samples: dict[str, list[int]] = field(default_factory=dict)
    again: bool = False
    closed: NotebookgenError | None = None

    @property
    def in_hand(self) -> int:
        """How many of the rows brought are not over."""
        return self.brought - (self.handle.ended - self.before)


class Feeding:
    """Brings rows as places become free."""

    def __init__(self, core: Core) -> None:
        """Begin with no runs."""
        self._core = core
        self._feeds: dict[str, Feed] = {}
        self._waits_until = 0.0  # where the ledger could not be written

    def __len__(self) -> int:
        """Return how many runs have rows that were not brought."""
        return len(self._feeds)

    def add(self, feed: Feed) -> None:
        """Bring the rows of a run from now on."""
        self._feeds[feed.handle.id] = feed

    def fill(self) -> None:
        """Bring as many rows of each run as there is room for."""
        if self._core.clock.monotonic() < self._waits_until:
            return
        for run, feed in list(self._feeds.items()):
            room = min(feed.window - feed.in_hand, MOST_AT_ONCE)
            # Some at a time, each time a commit; but before its line is empty, whatever there is room for.
            if room >= AHEAD // 2 or (room > 0 and self._waiting(run) < AHEAD // 4):
                self._bring(feed, room)
            if feed.at >= len(feed.survey):
                del self._feeds[run]
                if feed.closed is not None:
                    feed.handle.end(feed.closed)

    def _waiting(self, run: str) -> int:
        """Return how many rows of a run wait to be bought: other runs' lines say nothing about its own."""
        core = self._core
        return core.queue.waiting(run) + sum(ticket.run == run for ticket in core.ready)

    def close(self, run: str, error: NotebookgenError) -> None:
        """Bring no more rows of a run that would be bought; what is paid for or under way already still comes."""
        feed = self._feeds.get(run)
        if feed is not None and feed.closed is None:
            feed.closed = error

    def end(self, run: str, error: NotebookgenError | None, *, realm: Realm | None = None) -> int:
        """Bring no more rows of a run; those that were not brought are planned, for that reason. Return how many.

        Args:
            run: The run.
            error: Why.
            realm: Only where the whole run goes to that account.
        """
        feed = self._feeds.get(run)
        if feed is None or (realm is not None and feed.realms != {realm}):
            return 0
        del self._feeds[run]
        return feed.handle.end(error)

    def left(self, run: str) -> dict[int, str]:
        """Return the rows of a run that were not brought, with the ids of what they ask for, as far as these are known."""
        feed = self._feeds.get(run)
        if feed is None or feed.source.fresh:  # which sample of its content a fresh one is, is told when it is brought
            return {}
        left = (index for index in range(feed.at, len(feed.survey)) if not feed.handle.over(index))
        return {index: name for index in left if (name := feed.survey.id(index))}

    def _bring(self, feed: Feed, room: int) -> None:
        """Write down the next rows and have the engine look after them."""
        core, now, at = self._core, self._core.clock.now(), feed.at
        found = list(self._next(feed, room))
        rows = [(index, wish.generation, wish) for index, wish in found if not isinstance(wish, Left)]
        try:
            with core.store.transaction():
                for _, generation, _ in rows:
                    core.store.remember(generation, now)
                core.store.look_up([generation.id for _, generation, _ in rows])
                places = ((*divmod(index, feed.source.samples), one.id) for index, one, _ in rows)
                core.store.add_rows(feed.handle.id, places)
        except (NotWritable, LedgerError) as error:
            feed.at = at  # nothing of it is begun, so all of it comes once more
            feed.handle.note(f"waiting: {str(error).splitlines()[0]}")
            self._waits_until = core.clock.monotonic() + DISK_WAIT
            core.later(DISK_WAIT, lambda: None)
            return
        for index, left in found:
            if isinstance(left, Left):  # one that is asked for once more stays as it was
                state = State.PLANNED if feed.again else left.state
                feed.handle.put(index, Delivered(left.generation, state, error=left.error, done=True))
        for index, generation, wish in rows:
            feed.survey.ids[index * 16 : index * 16 + 16] = bytes.fromhex(generation.id)
            feed.brought += 1
            feed.follow(index, generation, wish)
        if feed.handle.done and len(rows) < len(found):
            core.ended(feed.handle, taken=feed.handle.taken)

    @staticmethod
    def _next(feed: Feed, room: int) -> Iterator[tuple[int, Wish | Left]]:
        """Yield the next rows that something is to be done for; those that are over already are passed by.

        A row that could be sent when the run began, and cannot any more (its image has gone, say, or is another one by
        now), ends there.
        """
        count, samples = 0, feed.source.samples
        part: Sequence[Wish | Left] = ()
        start = 0  # the first row of the part
        while feed.at < len(feed.survey) and count < room:
            index = feed.at
            feed.at += 1
            bought = feed.again or feed.survey.fate(index) is Fate.NEW
            if feed.handle.over(index) or (feed.closed is not None and bought):
                continue
            row, sample = divmod(index, samples)
            if not start <= row < start + len(part):  # those behind it, too, up to the next one that is over already
                start, stop = row, row + 1
                most = min(row + -(-(room - count) // samples), feed.source.total)
                while stop < most and not feed.handle.over(stop * samples):
                    stop += 1
                part = feed.source.part(start, stop)
            count += 1
            one = part[row - start]
            if isinstance(one, Left):
                yield index, one
                continue
            wish = one if feed.survey.fate(index) is Fate.CACHED else feed.source.priced(one)
            content = wish.generation.content
            if feed.again:
                sample = feed.handle.row(index).generation.sample
            if feed.survey.id(index) not in {"", sample_id(content, sample)}:
                yield index, Left(State.INVALID, InvalidImage(CHANGED), wish.generation.with_sample(sample))
                continue
            if feed.source.fresh and not feed.again:
                if content not in feed.samples:
                    feed.samples[content] = feed.unused(wish.generation, samples)
                sample = feed.samples[content][sample]
            generation = wish.generation.with_sample(sample) if sample else wish.generation
            yield index, replace(wish, generation=generation)
