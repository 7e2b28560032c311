"""The best that any schedule of looks can do where the law of durations is known: dynamic programming. Pure.

A look costs ``worth`` seconds, and each second for which a finished job goes unnoticed costs one. With the share that
is over at an age ``F``, the least cost ahead of a look that found the job running at ``t``, times the share still
running, is::

    W(t) = min over u > t of  worth * (1 - F(t)) + integral from t to u of (F(s) - F(t)) ds + W(u)

For each ``u`` the bracket is a straight line in ``F(t)``, so that on a grid the minimum is the lower hull of lines, and
all of them together take one pass from the end to the beginning.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from notebookgen.simulator.latency import quantile

if TYPE_CHECKING:
    from notebookgen.simulator.latency import Law

__all__ = ["best_cost", "best_looks"]

POINTS = 20_000
TAIL = 1e-5  # the share of jobs for which the last interval goes on unchanged


def best_looks(law: Law, worth: float, *, points: int = POINTS) -> tuple[float, ...]:
    """Return the ages (seconds) at which to look, as long as the job is still running.

    Args:
        law: How long jobs take.
        worth: How many seconds of unnoticed completion one look is worth.
        points: How fine the grid of ages is.
    """
    return _solved(law, worth, points)[1]


def best_cost(law: Law, worth: float, *, points: int = POINTS) -> float:
    """Return what the best schedule costs on average: looks times their worth, and seconds of delay."""
    return _solved(law, worth, points)[0]


def _solved(law: Law, worth: float, points: int) -> tuple[float, tuple[float, ...]]:
    end = quantile(law, 1 - TAIL)
    width = end / points
    over = [1 - law.running(step * width) for step in range(points + 1)]
    area = [0.0]
    for before, after in itertools.pairwise(over):
        area.append(area[-1] + (before + after) / 2 * width)
    following = [points] * points
    lines: list[tuple[float, float, int]] = []  # age, intercept, step: the line is intercept - age * share
    first, ahead = 0, 0.0
    for step in range(points - 1, -1, -1):
        _add(lines, ((step + 1) * width, ahead + area[step + 1], step + 1), first)
        share = over[step]
        # The earlier the look, the smaller the share and the earlier the best next look: lines left behind stay so.
        while first < len(lines) - 1 and _at(lines[first + 1], share) <= _at(lines[first], share):
            first += 1
        following[step] = lines[first][2]
        ahead = worth * (1 - share) - area[step] + share * step * width + _at(lines[first], share)
    looks, step = [], 0
    while step < points:
        step = following[step]
        looks.append(step * width)
    return ahead, tuple(looks)


def _at(line: tuple[float, float, int], share: float) -> float:
    """Return how high a line is at a share."""
    age, intercept, _ = line
    return intercept - age * share


def _add(lines: list[tuple[float, float, int]], line: tuple[float, float, int], first: int) -> None:
    """Add the line of an earlier age to the lower hull, without those that are the lowest nowhere any more."""
    while len(lines) - first > 1 and _meet(lines[-1], line) >= _meet(lines[-2], lines[-1]):
        lines.pop()
    lines.append(line)


def _meet(later: tuple[float, float, int], earlier: tuple[float, float, int]) -> float:
    """Return the share at which two lines are as high as each other."""
    return (later[1] - earlier[1]) / (later[0] - earlier[0])
