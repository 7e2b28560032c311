"""Runs in virtual time: what a habit of asking costs, and how late it is, for any law of durations and under any limit.

``looked`` has jobs that are looked at one by one, without a network: a million of them take seconds. ``simulated`` has
whole runs of several accounts, with creates, looks and lists, over a network and under limits, as ``Account`` describes
them; ``ours`` makes the client that decides as the engine does, by the same curves, the same schedule and the same pace,
and ``by_habit`` one that does as other clients do. Nothing is sent, and no time passes.
"""

from __future__ import annotations

from notebookgen.simulator.clients import by_habit
from notebookgen.simulator.habits import KNOWN, Best, Fixed, Growing
from notebookgen.simulator.latency import (
    MODELS,
    Between,
    Exactly,
    HeavyTail,
    Law,
    LogNormal,
    Mixture,
    Observed,
    mean,
    quantile,
)
from notebookgen.simulator.looking import Looked, looked
from notebookgen.simulator.optimum import best_cost, best_looks
from notebookgen.simulator.ours import ByCurve, ours
from notebookgen.simulator.runs import LOOPBACK, NETWORK, Account, Outcome, least_seconds, simulated
from notebookgen.simulator.service import NO_LIMIT, Limit

__all__ = [
    "KNOWN",
    "LOOPBACK",
    "MODELS",
    "NETWORK",
    "NO_LIMIT",
    "Account",
    "Best",
    "Between",
    "ByCurve",
    "Exactly",
    "Fixed",
    "Growing",
    "HeavyTail",
    "Law",
    "Limit",
    "LogNormal",
    "Looked",
    "Mixture",
    "Observed",
    "Outcome",
    "best_cost",
    "best_looks",
    "by_habit",
    "least_seconds",
    "looked",
    "mean",
    "ours",
    "quantile",
    "simulated",
]
