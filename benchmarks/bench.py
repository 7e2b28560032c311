"""Every benchmark in one run, and the page that it writes: ``python benchmarks/bench.py [--quick] [--only NAME...]``.

``make bench`` does it all and writes ``docs/performance.md`` and its pictures; ``make bench QUICK=1`` measures less of
everything and writes the same. With ``--only`` the named ones are measured and printed, and nothing is written.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from goals import compared
from report import Found, machine, versions

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURES = DOCS / "performance.md", DOCS / "images"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page.

    Attributes:
        head: Its heading.
        words: How to read it.
        benchmarks: The files whose tables it has.
    """

    head: str
    words: str
    benchmarks: tuple[str, ...]


PARTS = (
    Part(
        "How often to look",
        "Simulated: each job is looked at by itself until it is over, without a limit. A habit is a point between two evils,\n"
        "many looks and late news; the line is the best that any schedule can do that knows the law of the durations. Ours\n"
        "knows nothing at first, and then what its own looks have told it.",
        ("polling",),
    ),
    Part(
        "Under a limit",
        "Simulated: whole runs over a network of 50 ms each way, against a service with a rolling window. The least time is\n"
        "what two requests a row, the places and the jobs' own durations allow. `set` is a limit that was configured, `told` one\n"
        "that replies tell, `found out` one that is learned from refusals; what goes out before the first answer cannot know\n"
        "of it. Ours knows how long 200 such jobs have taken. The others hold nothing back; after a refusal they wait twice as\n"
        "long as after the one before, or, where that is said, as long as it tells, to the moment, as HTTP libraries can.\n"
        "With few places it is the places that bind, and each second until an end is seen keeps a place.",
        ("pacing",),
    ),
    Part(
        "Whether the simulation can be believed",
        "The same runs over HTTP, against the sandbox as a process of its own, whose jobs take the same durations in the same\n"
        "order. What is counted is counted by the sandbox.",
        ("believed",),
    ),
    Part(
        "Without a limit",
        "Real runs against a bare service in a process of its own, looked at every 0.5 s by what is written by hand: a thread for each\n"
        "row with `requests`, which writes nothing down but the files; a pool of threads with sessions and an `aiohttp` loop with a\n"
        "semaphore, both as durable as `ng.map` (the row is on the disk before its create leaves, then its job, then its file, then\n"
        "that it is there); and the same loop with one line for each row that is over. `ng.map` sends by libcurl, with the extra `fast`,\n"
        "and by requests, as it is without. Ways take turns, each in a process of its own,\n"
        "with what it imports loaded before; a ratio is of one turn, and the table has their medians. Where jobs take a second, the\n"
        "places and the jobs decide, and all are alike. What was to be reached is measured where jobs take 0.2 s, so that this side\n"
        "decides: who looks every 0.5 s only waits there, so that the same by hand, looking every 0.1 s, stands beside it, and the\n"
        "quicker one of both counts.",
        ("bulk_runs", "memory"),
    ),
    Part("Sending", "Processor time of this side alone, against a server in a process of its own.", ("transport_cpu",)),
    Part("Beginning", "Fresh processes, in turns with bare ones.", ("load_ext", "first_picture")),
    Part(
        "The rest",
        "What else is waited for: the disk, large ledgers, galleries, previews, saving, and the doctor.",
        ("ledger_intents", "ledger_summary", "preview", "gallery", "saving", "doctor"),
    ),
)
OPENING = """# Performance

Written by `make bench`, and never by hand. On the machine that wrote this page:

- {machine}
- {versions}
- {date}, {mode}, {seconds:.0f} s

Figures in seconds are of that machine; ratios hold elsewhere, too, as both sides of one were measured in the same run, in
turns. Each table can be had alone: `python benchmarks/NAME.py`.
"""


def alone(name: str, *, quick: bool) -> Found:
    """Measure one benchmark in this process."""
    found: Found = importlib.import_module(name).measure(quick=quick)
    return found


def measured(name: str, *, quick: bool) -> Found:
    """Measure one benchmark in a process of its own, and print what it found."""
    began = time.perf_counter()
    print(f"== {name}", flush=True)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = pool.submit(alone, name, quick=quick).result()
    found.show()
    print(f"-- {time.perf_counter() - began:.0f} s\n", flush=True)
    return found


def written(found: dict[str, Found], *, quick: bool, seconds: float) -> None:
    """Write the page and its pictures."""
    facts = {name: value for one in found.values() for name, value in one.facts.items()}
    now = dt.datetime.now(dt.UTC)
    mode = "the quick run, with less of everything" if quick else "the whole run"
    parts = [OPENING.format(machine=machine(), versions=versions(), date=f"{now:%Y-%m-%d}", mode=mode, seconds=seconds)]
    parts += ["## What was to be reached", compared(facts).markdown()]
    for part in PARTS:
        parts += [f"## {part.head}", part.words]
        for name in part.benchmarks:
            for file, (words, drawing) in found[name].pictures.items():
                (PICTURES / file).write_text(drawing, encoding="utf-8", newline="\n")
                parts.append(f"![{words}](images/{file})")
            parts += [table.markdown() for table in found[name].tables]
    PAGE.write_text("\n\n".join(part.strip("\n") for part in parts) + "\n", encoding="utf-8", newline="\n")
    print(compared(facts).text())
    print(f"\n{PAGE.relative_to(DOCS.parent)}, {seconds:.0f} s")


def main() -> None:
    """Measure what is asked for."""
    names = [name for part in PARTS for name in part.benchmarks]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything, in some minutes")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=f"some of {', '.join(names)}")
    given = parser.parse_args()
    if given.only:
        for name in given.only:
            measured(name, quick=given.quick)
        return
    began = time.perf_counter()
    found = {name: measured(name, quick=given.quick) for name in names}
    written(found, quick=given.quick, seconds=time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
