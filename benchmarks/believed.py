"""The same small runs over real HTTP and in virtual time, so that the simulation can be believed: ``python benchmarks/believed.py``.

The sandbox is a process of its own, its jobs take the same durations in the same order, and what is counted is counted
there. ``tests/run_twice.py`` does both.
"""

from __future__ import annotations

import sys
from pathlib import Path

from report import Found, Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

CASES = (("armox", None), ("apixo", None), ("apixo", 8))
CALLED = (("signed", "armox", True), ("not signed", "apixo", False))


def measure(*, quick: bool = False) -> Found:
    """Run every case in both ways."""
    from notebookgen.simulator import LogNormal
    from run_twice import called_back, in_both

    rows, places, law, lines = (8 if quick else 40), 8, LogNormal(2.0, 0.35), []
    for service, per_second in CASES:
        real, simulated = in_both(service, law, rows=rows, places=places, per_second=per_second)
        assert rows == real.saved
        how = "jobs can be listed" if service == "armox" else "no lists"
        case = f"{how}, {f'{per_second} requests a second' if per_second else 'no limit'}"
        for name, counts, refused, seconds in (
            ("HTTP", real.counts, real.refused, real.seconds),
            ("simulated", simulated.counts, sum(simulated.refused.values()), simulated.seconds),
        ):
            lines.append(
                (
                    f"{case}: {name}", str(counts.get("create", 0)), str(counts.get("look", 0)), str(counts.get("list", 0)),
                    str(refused), f"{sum(counts.values()) / rows:.2f}", f"{seconds:.1f}",
                )
            )  # fmt: skip
    head = ("", "creates", "looks", "lists", "refused", "requests a row", "seconds")
    note = "Over HTTP the seconds have the downloads, the drawing of the pictures and this machine's work in them."
    found = Found([Table(f"{rows} jobs of 2 s, {places} at once, no past job known", head, lines, note)])
    calls = []
    for words, service, signed in CALLED:
        run = called_back(service, law, rows=rows, places=places, signed=signed)
        assert rows == run.saved
        asked = sum(run.counts.values()) / rows
        looks = [str(run.counts.get(purpose, 0)) for purpose in ("create", "look", "list")]
        calls.append((words, *looks, f"{asked:.2f}", f"{run.seconds:.1f}"))
        found.facts[f"requests a row, called back, {words}"] = asked
    title = f"{rows} jobs of 2 s over HTTP, {places} at once, called back at their end"
    found.tables.append(Table(title, ("", "creates", "looks", "lists", "requests a row", "seconds"), calls))
    return found


if __name__ == "__main__":
    measure().show()
