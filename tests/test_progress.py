"""Following a run: one line, drawn seldom and by the main thread alone, that ends as static text; Stop is answered."""

from __future__ import annotations

import io
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import Stopped
from notebookgen.jobs.budget import Budget
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.handle import Progress, RunHandle
from notebookgen.jobs.progress import Forecast
from notebookgen.jobs.states import State
from notebookgen.jobs.survival import Seen, learned, prior
from notebookgen.notebook.lines import WIDTH, line, lines
from notebookgen.notebook.progress import PERIOD, TICK, TerminalBoard, follow, quietly
from notebookgen.records import Cost, Generation, Realm

if TYPE_CHECKING:
    from collections.abc import Callable

FOX = Generation(Realm("armox", "sandbox", sandbox=True), "sandbox/picture", "a fox")


class Clock:
    """Seconds that pass when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Board:
    """Keeps what was shown."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.shown: list[tuple[float, str]] = []
        self.ended: list[str] = []

    def show(self, text: str) -> None:
        self.shown.append((self.clock(), text))

    def end(self, text: str) -> None:
        self.ended.append(text)


class Run(RunHandle):
    """A real handle whose waits pass on a clock of their own; ``events`` says what happens at which second."""

    def __init__(self, clock: Clock, events: dict[float, Callable[[], None]], count: int = 1) -> None:
        self.clock, self.events, self.stops = clock, dict(events), 0
        self.waits: list[float] = []
        generations = [FOX.with_sample(index) for index in range(count)]
        super().__init__("run1", generations, clock=clock, stop=self.truth)

    def wait(self, timeout: float) -> bool:
        self.waits.append(timeout)
        self.clock.now += timeout
        for second in sorted(self.events):
            if second <= self.clock.now - 100 + 1e-6:
                self.events.pop(second)()
        return self.done

    def truth(self, handle: RunHandle) -> str:
        assert handle is self
        self.stops += 1
        return "Stopped. 1 job goes on at armox, 70 credits set aside; run the cell again to fetch it."

    def save(self, index: int = 0) -> None:
        row = Delivered(
            FOX.with_sample(index),
            State.SAVED,
            Cost(Decimal(70), "credits", "reported"),
            seconds=3.0,
            done=True,
        )
        self.put(index, row)


# Jobs that end in their thirtieth second, and hardly before.
STEADY = learned([Seen(30.0)] * 200, prior("image"), strength=0.01)


def interrupt() -> None:
    raise KeyboardInterrupt


def started(events: dict[float, str], count: int = 1) -> tuple[Run, Board, Clock]:
    clock = Clock()
    run = Run(clock, {}, count)
    table = {
        "save": run.save,
        "refuse": lambda: run.put(0, Delivered(FOX, State.REFUSED, done=True)),
        "interrupt": interrupt,
        "run": lambda: run.tell(0, "running", Forecast(STEADY, 100.0)),
    }
    run.events = {second: table[what] for second, what in events.items()}
    return run, Board(clock), clock


NOW = Progress(1, {"submitted": 1}, "running", 12.0, 30.0, {}, "armox:google/nano-banana", "j1")


@pytest.mark.parametrize(
    ("progress", "says"),
    [
        (NOW, "running |██████▍         | 00:12 of about 00:30 · armox:google/nano-banana"),
        (replace(NOW, elapsed=45.0), "running |███████████████▏| 00:45, usually 00:30 · armox:google/nano-banana"),
        (replace(NOW, expected=None), "running 00:12 · armox:google/nano-banana"),
        (replace(NOW, expected=None, phase="waiting: 10 a minute"), "waiting: 10 a minute 00:12"),
        (
            replace(NOW, expected=None, notes=("first", "the {last}\nnote")),
            "running 00:12 · armox:google/nano-banana · the {last} note",
        ),
        (
            replace(
                NOW, total=8, states={"saved": 3, "failed": 1, "submitted": 4}, spent={"credits": Decimal("210.50")}
            ),
            "4/8 done, 4 running |█████     | 00:12 of about 00:27 · 1 failed · 210.5 credits · armox:google…",
        ),
        (
            replace(
                NOW,
                total=100_000,
                expected=None,
                phase="waiting for the account",
                states={"saved": 500, "submitted": 4, "planned": 99_496},
                spent={"credits": Decimal(210)},
                left={"credits": Decimal(90)},
            ),
            "500/100000 done, 4 running, 99496 left |          | 00:12 of about 40:00 · 210 credits (90 left…",
        ),
        (
            replace(
                NOW, total=20, cached=14, ended=16, expected=None, states={"saved": 8, "planned": 8, "submitted": 4}
            ),
            "8/20 done, 4 running |████      | 00:12 of about 00:36 · armox:google/nano-banana",
        ),
        (
            replace(NOW, total=8, phase="waiting: 60 a minute", states={"saved": 2, "planned": 2, "submitted": 4}),
            "2/8 done, 4 running, 2 left |██▌       | 00:12 · waiting: 60 a minute · armox",
        ),
        (
            replace(NOW, total=8, phase="waiting: 60 a minute", states={"saved": 4, "planned": 1, "submitted": 3}),
            "4/8 done, 3 running, 1 left |█████     | 00:12 of about 00:24 · waiting: 60 a minute",
        ),
        (
            replace(NOW, total=8, paused=True, states={"saved": 4, "planned": 4}),
            "4/8 done, paused, 4 left |█████     | 00:12 · armox:google/nano-banana",
        ),
        (
            replace(NOW, total=8, states={"refused": 3, "failed": 1, "submitted": 4}, spent={"credits": Decimal(1)}),
            "4/8 done, 4 running |█████     | 00:12 of about 00:27 · 1 failed · 3 refused · 1 credit · armox…",
        ),
    ],
)
def test_the_line_tells_state_elapsed_expected_and_spent(progress: Progress, says: str) -> None:
    """One line of tqdm's own drawing, never wider than a notebook shows."""
    text = line(progress)
    assert text.startswith(says)
    assert len(text) <= WIDTH
    assert len(text.splitlines()) == 1


def test_a_note_that_does_not_fit_stands_whole_below() -> None:
    """What is said once and nowhere else is not cut off: it has lines of its own, and the run's line stays whole, too."""
    note = (
        "APIXO has called about job j1, whose create had no clear answer: it is adopted, and nothing is bought twice."
    )
    first, *below = lines(replace(NOW, notes=("before", note)))

    assert line(NOW) == first
    assert note == " ".join(below)
    assert all(len(one) <= WIDTH for one in below)
    assert 1 == len(lines(replace(NOW, notes=("short",))))


def test_what_is_waited_for_is_never_cut_off() -> None:
    """A line that stands still says why, also where money and bar leave no room for it."""
    many = replace(
        NOW,
        total=60,
        states={"saved": 29, "submitted": 10},
        spent={"credits": Decimal(2145)},
        left={"credits": Decimal(5855)},
    )
    first, *below = lines(replace(many, phase="waiting: 60 a minute", elapsed=26.0))

    assert "credits" in first
    assert ["waiting: 60 a minute"] == below
    assert 1 == len(lines(replace(many, phase="running")))


def test_a_terminal_keeps_a_long_note_above_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has one line that changes: a note that does not fit is written above it, once."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    board = TerminalBoard()
    board.show("running 00:01\na note that says\nwhat nothing else does")
    board.show("running 00:02\na note that says\nwhat nothing else does")
    board.end("saved")

    assert 1 == screen.getvalue().count("a note that says\nwhat nothing else does\n")


def test_a_wait_that_ends_says_how_to_end_the_run() -> None:
    """The rest is still sent and paid for: whoever does not want that is told what to type."""
    run, board, clock = started({}, count=2)
    run.budget = Budget()
    follow(run, 1.0, board=lambda: board, clock=clock)

    (said,) = board.ended
    assert "the run goes on and sends the rest (to end it: ng.Client().cancel('run1'))" in said


def test_the_bar_is_not_full_before_the_end() -> None:
    """However long it takes, a full bar means done."""
    assert "█" * 16 not in line(replace(NOW, elapsed=3000.0))


def test_a_short_run_shows_its_last_line_only() -> None:
    """What is over at once does not flicker."""
    run, board, clock = started({0.3: "save"})
    follow(run, board=lambda: board, clock=clock)
    assert board.shown == []
    assert board.ended == ["saved · armox:sandbox/picture · 0.3 s · 70 credits · sandbox"]


@pytest.mark.parametrize(
    ("second", "shown"),
    [(0.2, []), (3.0, ["refused · armox:sandbox/picture · 3.0 s · nothing spent · sandbox"])],
)
def test_where_an_error_says_it_all_there_is_no_line(second: float, shown: list[str]) -> None:
    """A run of one that was refused at once leaves the error alone; what was seen running ends in its own word."""
    run, board, clock = started({second: "refuse"})
    follow(run, board=lambda: board, clock=clock)
    assert shown == board.ended


def test_a_long_run_is_drawn_at_most_five_times_a_second_and_ends_static() -> None:
    """Few messages, and the last one is the summary."""
    run, board, clock = started({1.0: "run", 60.0: "save"})
    follow(run, board=lambda: board, clock=clock)
    times = [time for time, _ in board.shown]
    assert min(after - before for before, after in itertools.pairwise(times)) >= PERIOD - 1e-6
    assert len(times) <= 61 * 5
    assert "running |" in board.shown[-1][1]
    assert board.ended == [run.summary()]


def test_what_does_not_change_is_not_drawn_again() -> None:
    """The clock on the line has seconds, so it is drawn about once a second."""
    run, board, clock = started({0.5: "run", 20.0: "save"})
    follow(run, board=lambda: board, clock=clock)
    texts = [text for _, text in board.shown]
    assert len(texts) == len(set(texts))
    assert len(texts) <= 100


def test_waits_are_short_so_that_stop_answers() -> None:
    """No wait is longer than a tick."""
    run, board, clock = started({5.0: "save"})
    follow(run, board=lambda: board, clock=clock)
    assert max(run.waits) <= TICK


def test_stop_tells_the_run_and_raises_one_line_of_truth() -> None:
    """The run is told once; the error says what became of the job and the money, the line that it was stopped."""
    run, board, clock = started({0.2: "run", 2.0: "interrupt"})
    with pytest.raises(Stopped) as caught:
        follow(run, board=lambda: board, clock=clock)
    assert run.stops == 1
    assert board.ended == ["stopped · armox:sandbox/picture · 2.0 s"]
    assert str(caught.value) == run.truth(run)
    assert len(caught.value._render_traceback_()) == 1
    assert caught.value.__suppress_context__
    assert isinstance(caught.value, KeyboardInterrupt)


def test_stop_before_anything_was_shown() -> None:
    """Pressing Stop at once works as well."""
    run, board, clock = started({0.1: "interrupt"})
    with pytest.raises(Stopped):
        follow(run, board=lambda: board, clock=clock)
    assert (run.stops, board.shown, len(board.ended)) == (1, [], 1)


def test_the_wait_ends_at_the_timeout_and_the_run_goes_on() -> None:
    """A timeout ends the waiting, not the run."""
    run, board, clock = started({0.2: "run", 60.0: "save"})
    follow(run, 2.0, board=lambda: board, clock=clock)
    assert not run.done
    assert run.stops == 0
    assert clock() == pytest.approx(102.0)
    assert board.ended == ["still running · armox:sandbox/picture · 2.0 s"]


def test_quietly_shows_nothing_and_still_answers_stop() -> None:
    """-q silences the line, not the Stop button."""
    for second, what in ((1.0, "save"), (1.0, "interrupt")):
        run, board, clock = started({second: what})
        with quietly():
            if what == "interrupt":
                with pytest.raises(Stopped):
                    follow(run, board=lambda: board, clock=clock)  # noqa: B023 - called within this turn of the loop
            else:
                follow(run, board=lambda: board, clock=clock)  # noqa: B023 - called within this turn of the loop
        assert (board.shown, board.ended) == ([], [])


def test_other_threads_never_draw() -> None:
    """Output of a thread lands in whatever cell comes next, so there is none."""
    run, board, clock = started({3.0: "save"})
    with ThreadPoolExecutor(1) as pool:
        pool.submit(follow, run, board=lambda: board, clock=clock).result(30)
    assert run.done
    assert (board.shown, board.ended) == ([], [])
    assert threading.current_thread() is threading.main_thread()


def test_a_run_that_is_over_is_not_waited_for() -> None:
    """What was paid for before is there at once."""
    run, board, clock = started({})
    run.save()
    follow(run, board=lambda: board, clock=clock)
    assert run.waits == []
    assert board.ended == [run.summary()]


def test_several_rows_are_counted() -> None:
    """With samples the line counts what is over."""
    run, board, clock = started({}, count=2)
    run.events = {1.0: lambda: run.save(0), 2.0: lambda: run.save(1)}
    follow(run, board=lambda: board, clock=clock)
    assert "1/2 " in board.shown[-1][1]
    assert board.ended == ["2 saved · armox:sandbox/picture · 2.0 s · 140 credits · sandbox"]


def test_without_a_terminal_only_the_last_line_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file gets one line and no control characters."""
    board = TerminalBoard()
    board.show("running 00:01")
    board.show("running 00:02")
    board.end("saved · armox:sandbox/picture")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "saved · armox:sandbox/picture\n")


def test_what_was_done_between_two_tries_took_no_time() -> None:
    """The seconds of a run that is tried again are those in which it was under way."""
    clock = Clock()
    run = Run(clock, {}, 2)
    run.save(0)
    clock.now += 2.0
    run.put(1, Delivered(FOX.with_sample(1), State.FAILED, done=True))
    clock.now += 3600.0
    run.reopen([1])
    clock.now += 3.0
    run.save(1)

    assert 5.0 == run.snapshot().elapsed
