"""A run over many rows, beside what a user would write by hand: ``python benchmarks/bulk_runs.py [--quick | --full]``.

The service is a bare one in a process of its own (``service.py``); every run is a process of its own, too, so that its
processor time and its peak memory are its own. The ways of ``by_hand.py`` take turns, and the tables show medians of
figures and of ratios within each turn. ``--full`` adds a hundred thousand rows (about ten minutes).
"""

from __future__ import annotations

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from by_hand import EAGER, LOADED, WAYS
from pictures import Bar, bars
from report import Found, Table, median
from service import PICTURE, TEXT, Service

BASE, LOOP, OURS = "thread pool, as durable", "aiohttp, as durable", "ng.map"
POOLS, LOOPS = (BASE, f"{BASE}, 0.1 s"), (LOOP, f"{LOOP}, 0.1 s")  # the better one counts
COLUMNS = ("", "rows/s", "ms CPU/row", "peak MB", "requests/row", "speed", "CPU", "memory", "service's CPU")
NOTE = f'Speed, CPU and memory as ratios to "{BASE}", medians of those within each turn.'
HURRIED = "Pictures that are made faster than this side can go"  # what the goals without a limit are measured with
LONGEST = 900.0  # seconds for one run


def client(way: str, url: str, model: str, rows: int, places: int, folder: Path) -> None:
    """Do it in this process, and tell what it took; what it imports is loaded before."""
    for name in LOADED[way]:
        importlib.import_module(name)
    began, before = time.perf_counter(), time.process_time()
    (WAYS | EAGER)[way]((url, model, rows, places), folder)
    wall, cpu = time.perf_counter() - began, time.process_time() - before
    print(json.dumps({"wall": wall, "cpu": cpu, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def once(
    service: Service,
    way: str,
    model: str,
    rows: int,
    places: int,
    folder: Path,
    seconds: tuple[float, float] = (0.0, 0.0),
) -> dict[str, Any]:
    """Run one way in a process of its own."""
    service.begin(*seconds)
    busy = service.seconds()
    command = [sys.executable, __file__, "--client", way, service.origin, model, str(rows), str(places), str(folder)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=LONGEST).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    counts = service.counts()
    asked = sum(count for purpose, count in counts.items() if purpose != "file") / rows
    return found | {"creates": counts.get("create", 0), "asked": asked, "service": service.seconds() - busy}


def compare(
    service: Service,
    title: str,
    model: str,
    rows: int,
    *,
    places: int,
    rounds: int,
    seconds: tuple[float, float] = (0.0, 0.0),
    eager: bool = False,
) -> tuple[Table, dict[str, dict[str, float]]]:
    """Let the ways take turns, with those that look often where asked for; return a table, and each way's figures."""
    ways = [*WAYS, *(EAGER if eager else ())]
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for turn in range(rounds):
        for way in ways[:: 1 if turn % 2 == 0 else -1]:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                found[way].append(once(service, way, model, rows, places, Path(folder), seconds))
    lines, figures, base = [], {}, found[BASE]
    for way in ways:
        runs = found[way]
        assert {rows} == {one["creates"] for one in runs}, f"{way}: {runs}"
        ratios = {
            name: median(use(one) / use(other) for one, other in zip(runs, base, strict=True))
            for name, use in (
                ("speed", lambda one: 1 / one["wall"]),
                ("cpu", lambda one: one["cpu"]),
                ("rss", lambda one: one["rss"]),
            )
        }
        wall, used, rss, busy, asked = (
            median(one[name] for one in runs) for name in ("wall", "cpu", "rss", "service", "asked")
        )
        figures[way] = {"rows": rows / wall, "cpu_ms": used / rows * 1e3, **ratios}
        lines.append(
            (
                way, f"{rows / wall:.0f}", f"{used / rows * 1e3:.2f}", f"{rss:.0f}", f"{asked:.2f}", f"{ratios['speed']:.2f}",
                f"{ratios['cpu']:.2f}", f"{ratios['rss']:.2f}", f"{busy / wall:.0%}",
            )
        )  # fmt: skip
    whole = f"{title}; {rows:,} rows, {places} at once, {rounds} turn{'s' if rounds > 1 else ''}"
    return Table(whole, COLUMNS, lines, NOTE), figures


def warm(service: Service, rows: int) -> Table:
    """Buy rows, then ask for them again in another process."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        cold = once(service, OURS, TEXT, rows, 16, Path(folder))
        again = [once(service, OURS, TEXT, rows, 16, Path(folder)) for _ in range(3)]
    assert rows == cold["creates"]
    assert {0} == {one["creates"] for one in again}
    wall = median(one["wall"] for one in again)
    line = ("the same frame once more", f"{wall:.2f}", "0")
    return Table(f"A run of {rows:,} rows that is over, asked for again", ("", "seconds", "creates"), [line])


def measure(*, quick: bool = False, full: bool = False) -> Found:
    """Measure: texts that come inside the create, and pictures as jobs that are looked at and fetched."""
    service, found = Service(), Found()
    try:
        cases = [
            ("Texts inside the create, at once", "at once", TEXT, 300 if quick else 1000, 16, (0.0, 0.0)),
            ("Texts inside the create, after 0.2 s", "after 0.2 s", TEXT, 300 if quick else 1000, 64, (0.2, 0.2)),
            ("Pictures as jobs of 0.5 to 1.5 s", "jobs of 1 s", PICTURE, 300 if quick else 500, 128, (0.5, 1.5)),
            (f"{HURRIED}, jobs of 0.1 to 0.3 s", "jobs of 0.2 s", PICTURE, 500 if quick else 2000, 128, (0.1, 0.3)),
        ]
        if full:
            cases.append(("Texts inside the create, at once", "at once", TEXT, 100_000, 16, (0.0, 0.0)))
        groups = []
        for title, short, model, rows, places, seconds in cases:
            turns = 1 if quick or rows > 10_000 else 3 if title.startswith(HURRIED) else 2
            hurried = title.startswith(HURRIED)
            table, figures = compare(
                service, title, model, rows, places=places, rounds=turns, seconds=seconds, eager=hurried
            )
            found.tables.append(table)
            groups += [
                (
                    f"{short}: rows a second",
                    [Bar(way, one["rows"], f"{one['rows']:.0f}") for way, one in figures.items()],
                ),
                (
                    f"{short}: CPU a row",
                    [Bar(way, one["cpu_ms"], f"{one['cpu_ms']:.2f} ms") for way, one in figures.items()],
                ),
            ]
            if hurried:
                ours = figures[OURS]
                pool, loop = (max(figures[one]["speed"] for one in several) for several in (POOLS, LOOPS))
                found.facts |= {
                    "rows a second, to the thread pool": ours["speed"] / pool,
                    "rows a second, to the aiohttp loop": ours["speed"] / loop,
                    "CPU a row, to the thread pool": ours["cpu"] / min(figures[one]["cpu"] for one in POOLS),
                }
        found.pictures["performance-bulk.svg"] = (
            "A run without a limit",
            bars("Rows a second, and processor time a row", groups),
        )
        found.tables.append(warm(service, 1000 if quick else 10_000))
    finally:
        service.end()
    return found


def main() -> None:
    """Measure, and print the tables."""
    if sys.argv[1:2] == ["--client"]:
        way, url, model, rows, places, folder = sys.argv[2:]
        client(way, url, model, int(rows), int(places), Path(folder))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows, one turn")
    parser.add_argument("--full", action="store_true", help="a hundred thousand rows, too")
    given = parser.parse_args()
    measure(quick=given.quick, full=given.full).show()


if __name__ == "__main__":
    main()
