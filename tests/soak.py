"""A random-fault soak: many rows, several kernels, lost replies and kills, counted on the provider's side.

Not a test of the suite; a tool to run for minutes or hours::

    python tests/soak.py armox --rows 200 --kernels 2 --kills 12 --seed 1

It fails (exit 1) when a row was bought twice, or when something that was accepted is neither saved nor held. The seed
decides the faults, the kills and their moments; what the threads and processes do between them differs from run to run.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import notebookgen as ng
from crash_worker import ALL_MOMENTS, die_at, told
from notebookgen.errors import NotebookgenError
from notebookgen.sandbox import Fault, spawn
from provider_side import MODELS, Customer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notebookgen.results import Result

LIMIT = 600.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What one soak does.

    Attributes:
        service: Whose sandbox it is.
        rows: How many generations.
        kernels: How many processes ask for them at once; each asks for most of the rows, in an order of its own.
        kills: How many processes are killed before the last ones may finish.
        seed: Decides faults, orders and kills.
        share: The share of creates that are spoilt; of reads it is the same.
        settle: Seconds after a lost create before its absence counts.
    """

    service: str
    rows: int
    kernels: int
    kills: int
    seed: int
    share: float
    settle: float

    @property
    def prompts(self) -> list[str]:
        """What is asked for."""
        return [f"soak {self.seed} row {number:05}." for number in range(self.rows)]


def faults(plan: Plan) -> tuple[Fault, ...]:
    """Return everything that goes wrong, on creates and on reads."""
    name, share = plan.service, plan.share
    creates = [
        Fault(kind="lost_before", probability=share / 4),
        Fault(kind="lost_after", probability=share / 4),
        Fault(kind="half", probability=share / 8),
        Fault(kind="garbage", probability=share / 8),
        Fault(kind="status", status=502, probability=share / 8),
        Fault(kind="status", status=500, accepted=True, probability=share / 8),
        Fault(kind="status", status=429, headers=(("Retry-After", "1"),), probability=share / 4),
        Fault(kind="stall", seconds=2.0, probability=share / 4),
    ]
    reads = [
        Fault(kind=kind, purpose=purpose, probability=share / 4, status=503, seconds=1.5)
        for purpose in ("status", "list", "asset")
        for kind in ("lost_before", "status", "garbage" if purpose != "asset" else "truncated", "stall")
    ]
    return tuple(
        Fault(**{**{slot: getattr(one, slot) for slot in one.__slots__}, "service": name, "count": None})
        for one in (*creates, *reads)
    )


# A kernel --------------------------------------------------------------------------------------------------------


def work(said: dict[str, Any]) -> None:
    """Be one kernel: settle what a person has decided, ask for every row, wait for all, tell how they ended."""
    ng.configure(settle=said["settle"])
    if said["die"]:
        moment, number = said["die"]
        die_at(moment, number)
    for name, action, job in said["decisions"]:
        ng.resolve(name, action, job=job)
    begun: list[Any] = [ng.generate(one, model=said["model"], background=True) for one in said["prompts"]]
    answer = []
    one: Result
    for one in begun:
        try:
            one.wait(said["seconds"])
        except NotebookgenError as error:
            answer.append({**told(one), "exception": type(error).__name__})
        else:
            answer.append(told(one))
    sys.stdout.write(json.dumps(answer) + "\n")


def begin(
    plan: Plan,
    customer: Customer,
    prompts: list[str],
    die: tuple[str, int] | None,
    decisions: Sequence[tuple[str, str, str | None]] = (),
) -> subprocess.Popen[str]:
    """Start a kernel."""
    said = {
        "model": MODELS[plan.service],
        "prompts": prompts,
        "die": die,
        "decisions": decisions,
        "settle": plan.settle,
        "seconds": LIMIT,
    }
    command = [sys.executable, __file__, "--work", json.dumps(said)]
    return subprocess.Popen(
        command, env=customer.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


# The whole -------------------------------------------------------------------------------------------------------


def storm(plan: Plan, customer: Customer, dice: random.Random) -> Counter[str]:
    """Run kernels and kill them, until there have been enough kills."""
    ends: Counter[str] = Counter()
    while ends.total() < plan.kills:
        kernels = []
        for _ in range(plan.kernels):
            prompts = dice.sample(plan.prompts, max(1, plan.rows * 3 // 4))
            moment = (
                (dice.choice(ALL_MOMENTS), dice.randint(1, max(2, plan.rows // 8))) if dice.random() < 0.6 else None
            )
            kernels.append((begin(plan, customer, prompts, moment), moment))
        for kernel, moment in kernels:
            patience = dice.uniform(1.0, 8.0)
            try:
                kernel.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                kernel.kill()
                kernel.communicate(timeout=30)
                ends["killed from outside"] += 1
            else:
                ends[f"died: {moment[0]}" if kernel.returncode and moment else "came to its end"] += 1
    return ends


def settle(plan: Plan, customer: Customer, decisions: list[tuple[str, str, str | None]]) -> list[dict[str, Any]]:
    """Let the kernels finish everything, without faults, and return what they say; the first does what was decided."""
    customer.box.configure(misbehave=())
    last = [begin(plan, customer, plan.prompts, None, () if one else decisions) for one in range(plan.kernels)]
    answers = []
    for kernel in last:
        out, err = kernel.communicate(timeout=LIMIT)
        if kernel.returncode:
            sys.exit(f"a kernel that nobody killed ended with {kernel.returncode}:\n{err}")
        if err:
            sys.stderr.write(err)
        answers.append(json.loads(out.splitlines()[-1]))
    for place, rows in enumerate(zip(*answers, strict=True)):
        if len({one["job"] for one in rows if one["job"]}) > 1:
            tell(f"  kernels differ about row {place}: {[(one['status'], one['job'], one['error']) for one in rows]}")
    return [max(rows, key=lambda one: one["status"] == "saved") for rows in zip(*answers, strict=True)]


def jobs_of(plan: Plan, customer: Customer) -> dict[str, list[str]]:
    """Return the jobs that the provider accepted, by prompt."""
    jobs: dict[str, list[str]] = {one: [] for one in plan.prompts}
    for one in customer.bought(plan.service):
        text = json.dumps(one["body"])
        jobs[next(prompt for prompt in plan.prompts if prompt in text)].append(one["id"])
    return jobs


def check(plan: Plan, customer: Customer, rows: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong: the provider's count against what the customer holds."""
    jobs, wrong = jobs_of(plan, customer), list[str]()
    for prompt, row in zip(plan.prompts, rows, strict=True):
        accepted = jobs[prompt]
        if len(accepted) > 1:
            wrong.append(f"bought {len(accepted)} times: {prompt} ({row['status']})")
        if row["status"] == "saved":
            if row["job"] not in accepted or not all(Path(path).stat().st_size for path in row["paths"]):
                wrong.append(f"saved without a job or without its file: {prompt}")
        elif row["status"] != "ambiguous":
            wrong.append(f"{'LOST' if accepted else 'not made'}: {prompt} is {row['status']}: {row['error']}")
        elif plan.service == "armox":
            wrong.append(f"held although the list tells: {prompt}: {row['error']}")
    return wrong


def decided(plan: Plan, customer: Customer, rows: list[dict[str, Any]]) -> list[tuple[str, str, str | None]]:
    """Return what a person decides about what is held, who looks into the account's history."""
    jobs = jobs_of(plan, customer)
    return [
        (row["id"], "adopt", jobs[prompt][0]) if jobs[prompt] else (row["id"], "resubmit", None)
        for prompt, row in zip(plan.prompts, rows, strict=True)
        if row["status"] == "ambiguous"
    ]


def soak(plan: Plan) -> int:
    """Run it, tell what was counted, and return how much is wrong."""
    dice, began = random.Random(plan.seed), time.monotonic()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        spawn(seconds=(0.05, 1.0), immediate=False, credits=10_000_000, balance=1_000_000) as box,
    ):
        box.configure(misbehave=faults(plan))
        customer = Customer(box, Path(folder) / "notebookgen")
        ends = storm(plan, customer, dice)
        spoilt = sum(box.state()["faults"])
        rows = settle(plan, customer, [])
        held = [row for row in rows if row["status"] == "ambiguous"]
        tell(
            f"{plan.service}, seed {plan.seed}: {plan.rows} rows, {plan.kernels} kernels at once, {dict(ends)}, "
            f"{spoilt} replies spoilt, {time.monotonic() - began:.0f} s"
        )
        tell(f"  {counted(plan, customer, rows)}")
        wrong = check(plan, customer, rows)
        if held and not wrong:
            rows = settle(plan, customer, decided(plan, customer, rows))
            wrong = check(plan, customer, rows) + [
                f"still held: {one['id']}" for one in rows if one["status"] != "saved"
            ]
            tell(f"  after a person settled the {len(held)} held: {counted(plan, customer, rows)}")
        tell(*(f"  WRONG {line}" for line in wrong[:20]))
    return len(wrong)


def counted(plan: Plan, customer: Customer, rows: list[dict[str, Any]]) -> str:
    """Return the provider's count and ours."""
    states = Counter(row["status"] for row in rows)
    return (
        f"accepted {len(customer.bought(plan.service))}, ours {dict(states)}, {len({row['job'] for row in rows})} jobs"
    )


def tell(*lines: str) -> None:
    """Write lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def main() -> None:
    """Read what is asked for."""
    if sys.argv[1:2] == ["--work"]:
        work(json.loads(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("service", choices=sorted(MODELS))
    parser.add_argument("--rows", type=int, default=200, help="generations (200)")
    parser.add_argument("--kernels", type=int, default=2, help="processes at once (2)")
    parser.add_argument("--kills", type=int, default=12, help="processes that end before the last ones (12)")
    parser.add_argument("--seed", type=int, default=1, help="decides faults, orders and kills (1)")
    parser.add_argument("--share", type=float, default=0.15, help="share of requests that are spoilt (0.15)")
    parser.add_argument("--settle", type=float, default=4.0, help="seconds before absence counts (4)")
    plan = Plan(**vars(parser.parse_args()))
    sys.exit(1 if soak(plan) else 0)


if __name__ == "__main__":
    main()
