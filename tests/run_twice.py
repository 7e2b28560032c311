"""The same small run twice: over real HTTP against a sandbox in a process of its own, and in virtual time, with one list of durations."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import spawn
from notebookgen.simulator import LOOPBACK, NO_LIMIT, Account, Limit, ours, simulated

if TYPE_CHECKING:
    from notebookgen.simulator import Law, Outcome

__all__ = ["Real", "called_back", "in_both"]

KEY, SECRET = "sk-made-up", "whsec_of_nobody"
MODELS = {"armox": "armox:google/nano-banana", "apixo": "apixo:nano-banana"}
PURPOSES = {"create": "create", "status": "look", "list": "list"}
STORY = """
import json, sys, time
import polars as pl
import notebookgen as ng
given = json.loads(sys.argv[1])
ng.configure(home=given["home"], concurrency=given["places"], limits=given["limits"])
if given["port"]:
    ng.webhooks(public_url=f"http://127.0.0.1:{given['port']}", port=given["port"])
frame = pl.DataFrame({"n": range(given["rows"])})
ng.plan(frame, "Plum {n}", model=given["model"], max_new=given["rows"], kind="image")  # loads what it needs
began = time.perf_counter()
results = ng.map(frame, "Plum {n}", model=given["model"], max_new=given["rows"], concurrency=given["places"], kind="image")
took = time.perf_counter() - began
print(json.dumps({"seconds": took, "saved": (results.frame["gen_status"] == "saved").sum()}))
"""


@dataclass(frozen=True, slots=True)
class Real:
    """What came of it over HTTP, counted on the service's side.

    Attributes:
        saved: Rows whose file is on disk.
        seconds: From the call to its end.
        counts: Requests by what they were for: ``create``, ``look``, ``list``.
        refused: How many of them were refused.
    """

    saved: int
    seconds: float
    counts: dict[str, int]
    refused: int


def in_both(
    service: str, law: Law, *, rows: int, places: int, per_second: int | None = None, seed: int = 1
) -> tuple[Real, Outcome]:
    """Run it with an empty ledger, and simulate it; return both.

    Args:
        service: ``armox``, which lists jobs, or ``apixo``, which does not.
        law: How long jobs take.
        rows: How many.
        places: How many at once.
        per_second: The service's limit, which is also set here; None for none.
        seed: Of the durations and of the simulation.
    """
    dice = random.Random(seed)
    durations = [round(law.draw(dice), 3) for _ in range(rows)]
    real = _over_http(service, durations, places, per_second)
    limit = Limit(requests=per_second, window=1.0) if per_second else NO_LIMIT
    client = ours(kind="image", lists=service == "armox", exact=True, per_second=per_second)
    account = Account(jobs=rows, law=durations, client=client, limit=limit)
    return real, simulated([account], places=places, network=LOOPBACK, seed=seed)[0]


def called_back(service: str, law: Law, *, rows: int, places: int, signed: bool, seed: int = 1) -> Real:
    """Run it over HTTP with a receiver for callbacks on this machine; ``signed`` where the secret is known."""
    dice = random.Random(seed)
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    return _over_http(service, [round(law.draw(dice), 3) for _ in range(rows)], places, None, port=port, signed=signed)


def _over_http(
    service: str, durations: list[float], places: int, per_second: int | None, *, port: int = 0, signed: bool = False
) -> Real:
    rows = len(durations)
    limited = {"rate_limit": per_second, "rate_window": 1.0} if per_second else {}
    more: dict[str, Any] = {**limited, **({"webhook_secret": SECRET} if port else {})}
    handle = spawn(durations=durations, immediate=False, pixels=4096, credits=10**7, balance=10**5, **more)
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            name = service.upper()
            environment = {**os.environ, f"{name}_API_KEY": KEY, f"{name}_BASE_URL": handle.base_urls[service]}
            if signed:
                environment[f"{name}_WEBHOOK_SECRET"] = SECRET
            given = {
                "home": home, "port": port, "rows": rows, "places": places, "model": MODELS[service],
                "limits": {service: {"per_second": per_second}} if per_second else {},
            }  # fmt: skip
            command = [sys.executable, "-c", STORY, json.dumps(given)]
            run = subprocess.run(
                command,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                timeout=60 + 10 * sum(durations),
            )
        told = json.loads(run.stdout.splitlines()[-1])
        asked = handle.state()["requests"]
    finally:
        handle.stop()
    by = {ours: asked.get(f"{service} {theirs}", {}) for theirs, ours in PURPOSES.items()}
    counts = {purpose: sum(each.values()) for purpose, each in by.items() if each}
    return Real(told["saved"], told["seconds"], counts, sum(each.get("429", 0) for each in by.values()))
