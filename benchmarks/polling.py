"""Looks at a job and how late they find its end, in virtual time: ours, other clients', and the best there is.

``python benchmarks/polling.py``. The optimum is drawn as a line, for looks from dear to cheap: nothing can lie below it.
"""

from __future__ import annotations

import random
from dataclasses import replace

from pictures import Dots, Panel, panels
from report import Found, Table

from notebookgen.simulator import KNOWN, MODELS, Best, ByCurve, Law, Looked, looked

KNOWNS = (0, 10, 200)
HISTORIES = 24  # what was learned from some jobs or from others costs differently: the middle of many counts
WORTHS = (0.01, 0.03, 0.1, 0.18, 0.25, 0.5, 1.0, 2.0, 5.0)


def measure(*, quick: bool = False) -> Found:
    """Simulate every habit on every kind of job."""
    jobs, tables, shown = (4_800 if quick else 48_000), [], []
    found = Found()
    for model, (kind, law) in MODELS.items():
        habits = {name: looked(law, habit, jobs=jobs) for name, habit in KNOWN.items()}
        own = {f"ours, {count} jobs known": learning(kind, law, count, jobs) for count in KNOWNS}
        best = [looked(law, Best(law, worth), jobs=jobs) for worth in WORTHS]
        as_many = min(best, key=lambda one: abs(one.looks - own[f"ours, {KNOWNS[-1]} jobs known"].looks))
        rows = [
            line(name, one) for name, one in (habits | own | {"the optimum, for about as many looks": as_many}).items()
        ]
        head = ("", "looks a job", "delay, s", "of the duration", "5 % wait longer than", "longest")
        tables.append(Table(f"{model}: {as_many.duration:.1f} s on average", head, rows))
        dots = [Dots(name.partition(":")[0], [(one.looks, one.delay)]) for name, one in habits.items()]
        dots += [Dots("the optimum", [(one.looks, one.delay) for one in best], joined=True)]
        dots += [Dots("ours, learning", [(one.looks, one.delay) for one in own.values()], large=True)]
        shown.append(Panel(model, "looks a job", "seconds until the end is seen", dots))
        last = own[f"ours, {KNOWNS[-1]} jobs known"]
        found.facts[f"looks, {model}"] = last.looks
        found.facts[f"delay of the duration, {model}"] = last.delay / last.duration
    found.tables = tables
    words = "Looks a job, and how late they find its end; further left and further down is better"
    found.pictures["performance-polling.svg"] = (words, panels(words, shown))
    return found


def learning(kind: str, law: Law, count: int, jobs: int) -> Looked:
    """Return what our habit costs that has learned from so many jobs, on average over what these may have been."""
    found = []
    for seed in range(1, HISTORIES + 1):
        dice = random.Random(seed)  # noqa: S311 - a simulation
        habit = ByCurve.learning(kind, [law.draw(dice) for _ in range(count)], dice)
        found.append(looked(law, habit, jobs=jobs // HISTORIES, seed=seed))
    means = {
        name: sum(getattr(one, name) for one in found) / HISTORIES for name in ("duration", "looks", "delay", "late")
    }
    return replace(found[0], jobs=jobs, latest=max(one.latest for one in found), **means)


def line(name: str, one: Looked) -> tuple[str, ...]:
    """Return a row of the table."""
    share = f"{one.delay / one.duration:.0%}" if one.delay >= 0.01 * one.duration else "under 1%"
    return (name, f"{one.looks:.1f}", f"{one.delay:.2f}", share, f"{one.late:.1f}", f"{one.latest:.1f}")


if __name__ == "__main__":
    measure().show()
