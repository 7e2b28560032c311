"""Whole runs in virtual time: how near to the least time a limit allows, how many requests, and how many refused.

``python benchmarks/pacing.py``. Ours with the limit set, told by replies, and found out from refusals, beside clients
that hold nothing back; then lists in the place of looks, and very many jobs of four accounts.
"""

from __future__ import annotations

import random
import time

from pictures import Bar, bars
from report import Found, Table, median

from notebookgen.simulator import (
    KNOWN,
    MODELS,
    NO_LIMIT,
    Account,
    Fixed,
    Limit,
    Outcome,
    by_habit,
    least_seconds,
    ours,
    simulated,
)

ROWS, PLACES, MANY = 500, 16, 200_000
LIMITS = (10, 60, 600)
OURS = {"ours, set": "", "ours, told": ", told", "ours, found out": ", found out"}  # and how their facts are named
OTHERS = {
    "every 0.5 s": by_habit(Fixed(0.5)),
    "every 6 s": by_habit(Fixed(6.0)),
    "exponential": by_habit(KNOWN["exponential: from 1 s by half more, to 30 s"]),
    "every 6 s, heeds Retry-After": by_habit(Fixed(6.0), heeds=True),
}


def drawn(model: str, count: int, seed: int) -> list[float]:
    """Return durations."""
    dice = random.Random(seed)  # noqa: S311 - a simulation
    return [MODELS[model][1].draw(dice) for _ in range(count)]


def once(model: str, name: str, per_minute: int, seed: int, places: int) -> tuple[Outcome, float]:
    """Run one client once; return what came of it, and the least time."""
    durations = drawn(model, ROWS, seed)
    limit = Limit(requests=per_minute, told=name == "ours, told")
    kind, past = MODELS[model][0], drawn(model, 200, seed + 1000)
    if name in OURS:
        client = ours(kind=kind, past=past, per_minute=per_minute if name == "ours, set" else None)
    else:
        client = OTHERS[name]
    account = Account(jobs=ROWS, law=durations, client=client, limit=limit)
    least = least_seconds(ROWS, limit, durations, places=places)
    return simulated([account], places=places, seed=seed)[0], least


def limited(model: str, *, rounds: int, places: int) -> tuple[Table, list[tuple[str, list[Bar]]], dict[str, float]]:
    """Compare clients under each limit."""
    lines, groups, facts = [], [], {}
    for per_minute in LIMITS:
        shown = []
        for name in (*OURS, *(OTHERS if places > PLACES else ())):
            several = range(rounds if name in OURS else 1)  # the others are far off, and take long
            runs = [once(model, name, per_minute, seed, places) for seed in several]
            ratio = median(one.seconds / least for one, least in runs)
            asked, refused = (
                median(use(one) for one, _ in runs) for use in (lambda one: one.requests, lambda one: one.refused_share)
            )
            first, total = (
                median(use(one) for one, _ in runs) for use in (lambda one: one.first, lambda one: one.seconds)
            )
            lines.append(
                (
                    f"{per_minute} a minute: {name}", f"{total:.0f}", f"{median(least for _, least in runs):.0f}", f"{ratio:.2f}",
                    f"{asked:.2f}", f"{refused:.1%}", f"{first:.0f}",
                )
            )  # fmt: skip
            shown.append(Bar(name, ratio, f"{ratio:.2f}, {refused:.0%} refused"))
            if name in OURS:
                case = f"{per_minute} a minute, {places} places, {model}{OURS[name]}"
                facts[f"time to the least, {case}"] = ratio
                facts[f"refused, {case}"] = refused
        groups.append((f"{per_minute} requests a minute: time, to the least", shown))
    head = ("", "seconds", "least", "ratio", "requests a row", "refused", "first result, s")
    return (
        Table(f"{ROWS} jobs ({model}) under a limit, {places} places, ours medians of {rounds} runs", head, lines),
        groups,
        facts,
    )


def listed() -> tuple[Table, dict[str, float]]:
    """Compare lists with single looks, without a limit."""
    lines, facts = [], {}
    for model in ("image, 6 s", "video, 75 s"):
        kind, past = MODELS[model][0], drawn(model, 200, 1000)
        for places in (PLACES, 50, 90, 200):
            for lists in (False, True):
                account = Account(jobs=ROWS, law=drawn(model, ROWS, 1), client=ours(kind=kind, past=past, lists=lists))
                (one,) = simulated([account], places=places)
                lines.append(
                    (
                        f"{model}, {places} at once, {'listed' if lists else 'looked at singly'}", f"{one.requests:.2f}",
                        f"{one.delay:.2f}", f"{one.delay / one.duration:.0%}",
                    )
                )  # fmt: skip
                facts[f"requests a row, {'listed' if lists else 'singly'}, {places} places, {model}"] = one.requests
    return Table(f"{ROWS} jobs without a limit", ("", "requests a row", "delay, s", "of the duration"), lines), facts


def many(count: int) -> Table:
    """Simulate very many jobs, and tell how long that takes."""
    law = MODELS["image, 6 s"][1]
    client = ours(kind="image", past=drawn("image, 6 s", 200, 1), learns=False)
    accounts = [Account(jobs=count // 4, law=law, client=client, limit=NO_LIMIT) for _ in range(4)]
    began = time.perf_counter()
    found = simulated(accounts, places=1000)
    took = time.perf_counter() - began
    asked = sum(sum(one.counts.values()) for one in found)
    row = (
        f"{count:,} jobs of four accounts",
        f"{asked:,}",
        f"{max(one.seconds for one in found) / 3600:.1f}",
        f"{took:.0f}",
    )
    return Table("How long the simulator takes", ("", "requests", "hours simulated", "seconds"), [row])


def measure(*, quick: bool = False) -> Found:
    """Simulate everything."""
    found, rounds = Found(), 1 if quick else 3
    cases = [("image, 6 s", 1000), ("video, 75 s", 1000), ("image, 6 s", PLACES)]
    for model, places in cases[:2] if quick else cases:
        table, groups, facts = limited(model, rounds=rounds, places=places)
        found.tables.append(table)
        found.facts |= facts
        if (model, places) == ("image, 6 s", 1000):
            words = "Time of 500 images under a limit, to the least time that it allows"
            found.pictures["performance-limits.svg"] = (words, bars(words, groups))
    table, facts = listed()
    found.tables += [table, many(20_000 if quick else MANY)]
    found.facts |= facts
    return found


if __name__ == "__main__":
    measure().show()
