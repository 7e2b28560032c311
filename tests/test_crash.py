"""Processes that are really killed: what was begun is finished, nothing is bought twice, nothing paid for is lost.

Everything is counted on the provider's side, over real HTTP, in another process.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import crash_worker
from notebookgen.sandbox import Fault, spawn
from provider_side import MODELS, Customer
from scripted import until
from three_services import QUICK, SMALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.slow
UNKNOWN = {
    "intent on disk, create not sent",
    "reply on the wire, not read",
    "reply read, not known",
    "accepted, not written",
}


@pytest.fixture(scope="module")
def box() -> Iterator[Handle]:
    with spawn(seconds=QUICK, pixels=SMALL, immediate=False) as handle:
        yield handle


@pytest.fixture
def customer(box: Handle, home: Path) -> Iterator[Customer]:
    yield Customer(box, home)
    box.configure(misbehave=(), seconds=QUICK)


def saved(answer: dict[str, Any]) -> None:
    """Make sure that every file is there."""
    assert "results" in answer, answer
    for one in answer["results"]:
        assert "saved" == one["status"], one
        assert all(Path(path).stat().st_size for path in one["paths"])


@pytest.mark.parametrize("moment", crash_worker.ALL_MOMENTS)
def test_armox_a_kill_at_any_moment_costs_nothing(customer: Customer, moment: str) -> None:
    """The same call again finishes what was begun: one job, one charge, one file."""
    assert {} == customer.generate("armox", "a fox", die=moment)
    again = customer.generate("armox", "a fox")
    saved(again)
    assert 1 == len(customer.bought("armox"))
    assert customer.bought("armox")[0]["id"] == again["results"][0]["job"]


@pytest.mark.parametrize(
    ("service", "moment"),
    [("apimodels", one) for one in sorted(UNKNOWN)]
    + [
        ("apixo", "reply read, not known"),
        ("apixo", "done, not written"),
        ("apimodels", "between download and settlement"),
    ],
)
def test_without_a_list_a_kill_is_held_and_resolved_by_a_person(customer: Customer, service: str, moment: str) -> None:
    """What nobody can look up is never sent again by itself; a later process adopts, sends again or writes off."""
    assert {} == customer.generate(service, "a fox", die=moment)
    sent = len(customer.bought(service))
    again = customer.generate(service, "a fox")
    if moment not in UNKNOWN:
        saved(again)
        assert 1 == len(customer.bought(service))
        return
    assert "JobAmbiguous" == again["error"]
    assert sent == len(customer.bought(service))
    name = again["message"].split("resolve('")[1].split("'")[0]
    if sent:
        wrong = customer.run("resolve", name, "adopt", options={"job": "no-such-job"})
        assert "ambiguous" == wrong["results"][0]["status"], wrong
        done = customer.run("resolve", name, "adopt", options={"job": customer.bought(service)[0]["id"]})
    else:
        done = customer.run("resolve", name, "resubmit")
    saved(done)
    assert 1 == len(customer.bought(service))
    final = customer.generate(service, "a fox")
    saved(final)
    assert final["results"][0]["cached"]


@pytest.mark.parametrize("kind", ["lost_before", "lost_after", "half", "garbage", "html", "status", "redirect"])
def test_armox_a_lost_reply_is_looked_up(customer: Customer, kind: str) -> None:
    """Accepted or not, the same call ends with one job and one charge."""
    customer.box.configure(misbehave=(Fault(kind=kind, service="armox", status=502 if kind == "status" else 301),))
    answer = customer.generate("armox", "a lost fox", settle=0.3)
    saved(answer)
    assert 1 == len(customer.bought("armox"))


def test_a_create_that_is_held_open_when_its_process_dies(customer: Customer) -> None:
    """Killed while the provider still holds the create: the next process finds the job on the list."""
    customer.box.configure(misbehave=(Fault(kind="stall", service="armox", seconds=1.5),))
    options = {"model": MODELS["armox"]}
    worker = customer.begin("generate", "a slow fox", options=options)
    until(lambda: customer.bought("armox"))
    end(worker)
    saved(customer.generate("armox", "a slow fox"))
    assert 1 == len(customer.bought("armox"))


def test_a_fresh_one_that_was_killed_is_not_bought_again(customer: Customer) -> None:
    """``fresh`` takes up the sample that it had begun."""
    saved(customer.generate("armox", "a fox"))
    fresh = {"fresh": True}
    assert {} == customer.generate("armox", "a fox", options=fresh, die="asking about the job")
    saved(customer.generate("armox", "a fox", options=fresh))
    assert 2 == len(customer.bought("armox"))
    saved(customer.generate("armox", "a fox", options=fresh))
    assert 3 == len(customer.bought("armox"))


def test_samples_are_bought_once_each(customer: Customer) -> None:
    """Three samples are three jobs; asked again they cost nothing, with nobody answering."""
    first = customer.generate("armox", "a fox", options={"samples": 3})
    saved(first)
    assert 3 == len({one["job"] for one in first["results"]})
    customer.addresses = dict.fromkeys(customer.addresses, "http://127.0.0.1:9/nobody/v1")
    again = customer.generate("armox", "a fox", options={"samples": 3})
    saved(again)
    assert [True] * 3 == [one["cached"] for one in again["results"]]
    assert 3 == len(customer.bought("armox"))


def test_a_resume_is_enough(customer: Customer) -> None:
    """In a new process that asks for nothing, ``resume`` finishes what was begun, for every account at hand."""
    for service in ("armox", "apixo"):
        assert {} == customer.generate(service, "a fox", die="accepted, written")
    answer = customer.run("resume")
    saved(answer)
    assert 2 == len(answer["results"])
    assert [1, 1] == [len(customer.bought(service)) for service in ("armox", "apixo")]


def test_a_reply_with_the_picture_inside_and_no_job_survives(customer: Customer) -> None:
    """It is on disk before anything else is done with it, and kept by the next process; nothing is asked again."""
    model = {"model": "apimodels:gpt-image-2-all", "size": "1024x1024"}
    assert {} == customer.run("generate", "a fox", options=model, die="done, not written")
    saved(customer.run("generate", "a fox", options=model))
    assert 1 == len(customer.bought("apimodels"))


@pytest.mark.parametrize("service", ["armox", "apixo"])
def test_kills_at_random_moments(customer: Customer, service: str) -> None:
    """Many rows, killed again and again: every row is bought at most once, and each one is had or accounted for."""
    dice = random.Random(f"kills {service}")
    count, options = 16, {"model": MODELS[service], "samples": 16}
    customer.box.configure(seconds=(0.2, 0.8))
    warm = customer.begin("generate", "a herd", options=options)
    until(lambda: customer.bought(service))
    end(warm)
    for _ in range(4):
        worker = customer.begin("generate", "a herd", options=options)
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(dice.uniform(0.6, 1.6))
        end(worker)
        assert len(customer.bought(service)) <= count
    answer = customer.run("generate", "a herd", options=options)
    if "error" in answer:  # every create was in doubt when its process died: held, all of them
        assert ("apixo", "JobAmbiguous") == (service, answer["error"])
        assert len(customer.bought(service)) <= count
        return
    assert count == len(answer["results"])
    jobs = [one["job"] for one in answer["results"] if one["status"] == "saved"]
    held = [one for one in answer["results"] if one["status"] == "ambiguous"]
    assert len(jobs) == len(set(jobs))
    assert count == len(jobs) + len(held)
    bought = customer.bought(service)
    if service == "armox":
        assert (count, count) == (len(jobs), len(bought))
    else:
        assert {one["id"] for one in bought} >= set(jobs)
        assert len(bought) <= len(jobs) + len(held)


def end(worker: subprocess.Popen[str]) -> None:
    """Kill a worker as a power cut would."""
    worker.kill()
    worker.communicate(timeout=20)
