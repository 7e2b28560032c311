"""Whose turn it is under an account's limits: creates, looks at jobs, and the rest draw on one allowance. Pure.

Every moment is an argument; nothing is sent, read or written here. A request takes its place when it is allowed, and
keeps it for a window from the moment at which it has arrived at the latest: its reply is here, or it has been on its way
for longer than any request is. So no window of the service, wherever it begins, ever holds more than it may.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from notebookgen.transport import learning
from notebookgen.transport.learning import MARGIN
from notebookgen.transport.limits import MINUTE, Heard, Limit
from notebookgen.transport.outages import Outages
from notebookgen.transport.sendlog import Book, Kind, Memory, Slot
from notebookgen.transport.sharing import AGAIN, CREATES, SURE, UNKNOWN, Flock, first_looks, for_others
from notebookgen.transport.starting import Start

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.transport.limits import Known
    from notebookgen.transport.sendlog import Page

__all__ = ["SURE", "Flock", "Kind", "Pace", "Slot"]

HISTORY = 10_000  # requests that are remembered while nothing is known of a limit
QUICKEST, FIRST_BOUND, SLOWEST = 0.25, 2.0, 5.0  # seconds that a request may be on its way
WRITTEN = 1.0  # seconds after which an answer is written down even where it changes nothing that is known
LATE = 0.05  # seconds after which a request that was allowed is dated anew when it leaves
PROBING = 0.5  # seconds until it is asked again what a probe has found


class Pace:
    """The allowance of one account."""

    def __init__(self, limits: Sequence[Limit] = (), *, jobs: int | None = None) -> None:
        """Know what is set.

        Args:
            limits: What a person has set: it binds, whatever else is told or learned.
            jobs: How many jobs may be under way at once, where that is set.
        """
        self.limits = tuple(limits)
        self.jobs = jobs
        self.page: Page = Memory()
        self.surest: Sequence[float] = []  # how likely the jobs are done whose looks wait, ascending
        self.others = 0  # requests that are neither creates nor looks, and wait
        self._granted: dict[Kind, deque[Slot]] = {"create": deque(), "look": deque(), "other": deque()}
        self._flying: set[Slot] = set()
        self._recent: deque[tuple[float, float, bool]] = deque(maxlen=HISTORY)
        self._slowest = 0.0
        self._probing: Slot | None = None
        self._outages = Outages()
        self._start = Start()
        self._asked = float("-inf")  # when a create asked for its turn the last time
        self._wrote = float("-inf")

    # What binds --------------------------------------------------------------------------------------------------

    @property
    def bound(self) -> bool:
        """Whether anything is known that could make somebody wait: where nothing is, nothing is written down."""
        known = self.page.known
        return bool(self.limits or known.told or known.learned or known.paused or known.gap)

    @property
    def starting(self) -> bool:
        """Whether creates wait for the first answers of an account of which nothing is known."""
        return not self.bound and self._start.full

    def binding(self) -> tuple[Limit, ...]:
        """Return the limits that hold, each origin's own."""
        known = self.page.known
        return (*self.limits, *(one for one in (known.told, known.learned) if one is not None))

    @property
    def tightest(self) -> Limit | None:
        """The limit that allows the least."""
        return min(self.binding(), key=lambda one: one.count / one.window, default=None)

    def most_jobs(self) -> int | None:
        """Return how many jobs may be under way at once, over all kernels; None where nothing is known."""
        told = [one for one in (self.jobs, self.page.known.jobs) if one]
        return min(told, default=None)

    # Whose turn --------------------------------------------------------------------------------------------------

    def take(
        self, now: float, kind: Kind, *, sure: float = 1.0, early: bool = False, flock: Flock = UNKNOWN, out: int = 0
    ) -> float:
        """Have a request take its place now and return 0.0, or return the seconds until it may be worth asking again.

        Args:
            now: This moment.
            kind: What it is for.
            sure: How likely its job is over, for a look.
            early: Whether jobs shorter than the window are under way and nothing of them is here yet: a part of the
                window is kept for the looks that bring the first result.
            flock: The jobs under way.
            out: How many creates are on their way, for a create: where nothing is known of an account, few are at first.
        """
        wait, probe = self.wait(now, kind, sure=sure, early=early, flock=flock, out=out)
        if kind == "create":
            self._asked = now
        if wait > 0 and not self.bound:
            return wait
        if wait > 0:
            known = self.page.known
            if kind == "create" and self.binding():
                until = now + wait + 1.0
                self.page.known = replace(known, full=True, wanting=max(known.wanting, until))
            elif not known.full and self.binding():
                self.page.known = replace(known, full=True)
            return max(wait, AGAIN)
        self._take(now, kind, probe=probe)
        return 0.0

    def wait(
        self, now: float, kind: Kind, *, sure: float = 1.0, early: bool = False, flock: Flock = UNKNOWN, out: int = 0
    ) -> tuple[float, bool]:
        """Return the seconds until a request may be sent (0.0: now), and whether it would find out a window's length."""
        wait = self._outages.wait(now, kind)
        if not self.bound:
            return max(wait, self._start.wait(now, out)) if kind == "create" else wait, False
        known, log = self.page.known, self.page.log
        if learning.held(known, now=now):
            known = self.page.known = replace(known, sure=True)
        wait = max(wait, known.paused - now, log.last() + known.gap - now if known.gap else 0.0)
        limits, yielding, probe = self.binding(), 0, False
        if limits and kind == "create":
            yielding = min(len(self.surest) - bisect_left(self.surest, SURE), known.owed // CREATES) + self.others
        for limit in limits:
            after = now - limit.window * MARGIN
            used = log.count(after)
            kept = yielding
            if kind == "create" and early:
                kept = max(kept, first_looks(limit) - log.count(after, looks=True))
            over = used + min(kept, limit.count - 1) - limit.count
            if over < 0:
                continue
            full = max(log.nth(after, over) + limit.window * MARGIN - now, AGAIN) if used else 0.0
            if limit is known.learned and not known.sure and used >= limit.count:
                # One at a time finds out whether the window is as long as was thought.
                probe = self._probing is None and learning.may_probe(known, log, now=now)
                full = 0.0 if probe else min(full, PROBING)
            wait = max(wait, full)
        if kind == "look" and limits and wait <= 0 and not (probe and now >= known.wanting):
            more = now - self._asked < flock.usual
            flock = flock._replace(more=more and flock.more)
            wait = for_others(known, limits, log, now, sure=sure, early=early, flock=flock)
        return max(wait, 0.0), probe and wait <= 0

    def when(self, now: float, others: int) -> float:
        """Return the seconds until there is a place for one more than so many others that go first."""
        worst, known = 0.0, self.page.known
        for limit in self.binding():
            if limit is known.learned and not known.sure:  # how long it holds is being found out
                continue
            span = limit.window * MARGIN
            used = self.page.log.count(now - span)
            over = used + others - limit.count
            if over >= 0:
                windows, rest = divmod(over, limit.count)
                free = self.page.log.nth(now - span, min(rest, max(used - 1, 0))) if used else now - span
                worst = max(worst, free + span * (1 + windows) - now)
        return worst

    def _take(self, now: float, kind: Kind, *, probe: bool = False) -> Slot:
        """Give a request its place."""
        slot = self._log(now, kind)
        if slot.key:
            self._granted[kind].append(slot)
            known = self.page.known
            owed = known.owed
            if kind == "create":
                most = max((one.count for one in self.binding()), default=0) // 2
                owed = min(owed + 1, most) if self.surest or now < known.wanting else owed
            elif kind == "look":
                owed = max(owed - CREATES, 0)
            if owed != known.owed:
                self.page.known = replace(known, owed=owed)
        if probe:
            slot.probe, self._probing = True, slot
            self.page.known = replace(self.page.known, probing=now + self.on_the_way)
        self._outages.took(now)
        return slot

    def _log(self, now: float, kind: Kind) -> Slot:
        """Write a request down, where a limit is known."""
        slot = Slot(kind, now, now + self.on_the_way)
        if self.bound:
            slot.page = self.page
            slot.key = self.page.log.add(slot.sent, slot.arrived, look=kind == "look")
        return slot

    @property
    def on_the_way(self) -> float:
        """How many seconds a request may be on its way, as far as those before it tell."""
        return min(max(3 * self._slowest, QUICKEST), SLOWEST) if self._slowest else FIRST_BOUND

    def give_back(self, kind: Kind) -> None:
        """Free the place of a request that was allowed and will not be sent."""
        if self._granted[kind]:
            slot = self._granted[kind].pop()
            if self._probing is slot:  # another one is to find it out
                self._probing, self.page.known = None, replace(self.page.known, probing=0.0)
            self._forget(slot)

    # Sent and answered -------------------------------------------------------------------------------------------

    def begin(self, now: float, kind: Kind) -> Slot:
        """Have a request leave: with the place that it was given, or, where nobody has asked, with one of its own."""
        granted = self._granted[kind]
        slot = granted.popleft() if granted else self._log(now, kind)
        if slot.key and slot.page is self.page and now - slot.sent > LATE:
            slot.sent, slot.arrived = now, now + self.on_the_way
            self.page.log.change(slot.key, slot.sent, slot.arrived)
        slot.sent = max(slot.sent, now) if not slot.key else slot.sent
        self._flying.add(slot)
        self._outages.left(now)
        return slot

    def may_begin(self, now: float, kind: Kind) -> bool:
        """Whether a request may leave without a word to the log: its place stands there as it is."""
        granted = self._granted[kind]
        return bool(granted) and now - granted[0].sent <= LATE

    def may_end(self, slot: Slot, now: float, heard: Heard) -> bool:
        """Whether an answer changes nothing in the log, and nothing that is known."""
        known = self.page.known
        calm = not (slot.probe or known.learned or known.gap or known.refusals or known.paused)
        news = heard.what != "ok" or heard.told != known.told or now - self._wrote >= WRITTEN
        shortest = min((one.window for one in self.binding()), default=MINUTE)
        return calm and not news and slot.arrived - now <= shortest / 100

    def end_quietly(self, slot: Slot, now: float) -> None:
        """Take note of an answer that changes nothing."""
        self._flying.discard(slot)
        if slot.kind == "create":
            self._start.ended(well=True)
        self._outages.failing = False
        if slot.kind != "create":
            self._slowest = max(now - slot.sent, self._slowest * 0.9)
        self._recent.append((slot.sent, min(now, slot.arrived), slot.kind == "look"))

    def granted(self, kind: Kind) -> bool:
        """Whether a place was given to a request of that kind which has not left yet."""
        return bool(self._granted[kind])

    def end(self, slot: Slot, now: float, heard: Heard) -> None:
        """Take note of what became of a request."""
        self._wrote = now
        self._end(slot, now, heard)
        self._flying.discard(slot)  # last: a log that cannot be written has it taken along to another one

    def _end(self, slot: Slot, now: float, heard: Heard) -> None:
        """Write down what became of a request, and learn from it."""
        if self._probing is slot:
            self._probing = None
            self.page.known = replace(self.page.known, probing=0.0)
        if slot.kind == "create":
            self._start.ended(well=heard.what == "ok")
        self._outages.failing = heard.what in {"failed", "unsent"}
        if heard.what == "unsent":
            self._forget(slot)
            return
        if heard.what == "refused":
            self._refused(slot, now, heard)
            return
        if slot.kind != "create":  # a create may be held open until the picture is there
            self._slowest = max(now - slot.sent, self._slowest * 0.9)
        self._arrived(slot, now)
        if heard.what == "failed":
            return
        self._answered(slot, now, heard)

    def pause(self, now: float, seconds: float) -> None:
        """Send nothing for a while, whoever asks."""
        known = self.page.known
        if now + seconds > known.paused:
            self._now_known(replace(known, paused=now + seconds), now)

    def crowd(self, now: float, under_way: int) -> None:
        """Take note that the jobs under way, so many, are as many as there may be."""
        self._now_known(learning.crowded(self.page.known, under_way, now=now), now)

    def room_for_jobs(self, now: float, under_way: int) -> bool:
        """Whether one more job may be begun."""
        known = learning.most_jobs(self.page.known, under_way, now=now)
        if known != self.page.known:
            self.page.known = known
        most = self.most_jobs()
        return most is None or under_way < most

    def remember(self, now: float) -> None:
        """Write what was sent lately into the log, once a limit is known: until then nobody needed it there."""
        if isinstance(self.page, Memory):
            self.page.log = Book()
        log = self.page.log
        for slot in self._slots():
            slot.key, slot.page = log.add(slot.sent, slot.arrived, look=slot.kind == "look"), self.page
        for sent, arrived, look in self._recent:
            if arrived > now - MINUTE * MARGIN:
                log.add(sent, arrived, look=look)

    def _slots(self) -> list[Slot]:
        """Return what is on its way, or about to be."""
        return [*self._flying, *(one for many in self._granted.values() for one in many)]

    def move(self, page: Page, now: float) -> None:
        """Go on in another log: what was sent lately goes along."""
        old, bound, self.page = self.page, self.bound, page
        if not (bound and isinstance(old, Memory)):
            if self.bound:
                self.remember(now)
                self._joined(now)
            return
        slots = [slot for slot in self._slots() if slot.page is old]
        for sent, arrived, look in old.log.without({slot.key for slot in slots}):
            page.log.add(sent, arrived, look=look)
        for slot in slots:
            slot.key, slot.page = page.log.add(slot.sent, slot.arrived, look=slot.kind == "look"), page
        self._joined(now)

    def _joined(self, now: float) -> None:
        """Learn from a log that has become one of two."""
        self.page.known = learning.joined(self.page.known, self.page.log, bound=self.on_the_way, now=now)

    def _answered(self, slot: Slot, now: float, heard: Heard) -> None:
        """Learn from an answer."""
        before = known = self.page.known
        if heard.told is not None:
            known = learning.told(known, self.page.log, heard, sent=slot.sent, now=now)
        if slot.probe:
            known = learning.proved(known, self.page.log, now=now)
        if (known.refusals or known.paused) and slot.sent > known.lowered:
            known = replace(known, refusals=0, paused=known.paused if known.paused > now else 0.0)
        if known.learned or known.gap:
            known = learning.raised(known, self._fixed(known.told), now=now)
        if known is not before and known != before:
            self._now_known(known, now)

    def _refused(self, slot: Slot, now: float, heard: Heard) -> None:
        """Learn from a refusal."""
        if not slot.key:
            self.remember(now)
        self._forget(slot)
        self.page.known = learning.refused(
            self.page.known,
            self.page.log,
            self._fixed(self.page.known.told),
            heard,
            sent=slot.sent,
            now=now,
            probe=slot.probe,
        )

    def _fixed(self, told: Limit | None) -> tuple[Limit, ...]:
        """Return what is set and told."""
        return (*self.limits, told) if told is not None else self.limits

    def _arrived(self, slot: Slot, now: float) -> None:
        """Take note that a request has arrived, at the latest now."""
        arrived = min(now, slot.arrived)
        if slot.key and slot.page is self.page:
            limits = self.binding()
            if slot.arrived - now > min((one.window for one in limits), default=MINUTE) / 100:
                self.page.log.change(slot.key, slot.sent, arrived)
            self.page.log.forget(now - max(one.window for one in (*limits, Limit(1))) * 1.1)
        self._recent.append((slot.sent, arrived, slot.kind == "look"))

    def _forget(self, slot: Slot) -> None:
        """Have a request not count."""
        if slot.key and slot.page is self.page:
            self.page.log.remove(slot.key)
        slot.key = 0

    def _now_known(self, known: Known, now: float) -> None:
        """Know something else from now on; where it is the first limit, what was sent lately counts for it."""
        was = self.bound
        self.page.known = known
        if not was and self.bound:
            self.remember(now)
