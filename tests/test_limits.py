"""Limits over real HTTP: what is set, told or learned is kept by all kernels together, counted on the service's side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.errors import SettingsError
from notebookgen.rates import Rates
from notebookgen.sandbox import Fault, spawn
from three_services import accepted, numbered, requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notebookgen.sandbox import Handle

APIXO = "apixo:nano-banana"
ARMOX = "armox:google/nano-banana"
RUN = """
import json, sys
import polars as pl
import notebookgen as ng
told = json.loads(sys.argv[1])
ng.configure(**told["settings"])
rows = pl.DataFrame({"n": told["rows"]})
found = ng.map(rows, "a fox number {n}", model=told["model"], max_new=len(rows))
print(json.dumps(found.frame["gen_status"].to_list()))
"""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The three services in a process of their own, with accounts of a real realm."""
    with spawn(pixels=4096, seconds=(0.05, 0.2), immediate=False) as handle:
        for name, address in handle.base_urls.items():
            monkeypatch.setenv(f"{name.upper()}_BASE_URL", address)
            monkeypatch.setenv(f"{name.upper()}_API_KEY", "sk_live_made_up_for_this_test")
        yield handle


def kernel(rows: range, model: str = APIXO, **settings: Any) -> subprocess.Popen[str]:
    """Begin a run in a kernel of its own."""
    told = json.dumps({"rows": list(rows), "model": model, "settings": settings})
    return subprocess.Popen([sys.executable, "-c", RUN, told], stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def refused(handle: Handle) -> int:
    """Return how many requests were one too many."""
    return sum(int(counts.get("429", 0)) for counts in handle.state()["requests"].values())


def states(results: ng.Results) -> list[str]:
    found: list[str] = results.frame["gen_status"].to_list()
    return found


@pytest.mark.slow
def test_two_kernels_keep_one_limit(service: Handle) -> None:
    """Nothing of either run is refused, although each alone would take the whole allowance."""
    service.configure(rate_limit=12, rate_window=1.0)
    kernels = [kernel(range(at, at + 20), limits={"apixo": {"per_second": 12}}) for at in (0, 20)]
    found = [json.loads(one.communicate(timeout=120)[0]) for one in kernels]
    assert [["saved"] * 20] * 2 == found
    assert (0, 40) == (refused(service), accepted(service, "apixo"))


@pytest.mark.slow
def test_a_kernel_that_is_killed_frees_what_it_held(service: Handle, home: Path) -> None:
    """Its requests count as long as they could; the next kernel goes on, and still nothing is refused."""
    service.configure(rate_limit=10, rate_window=1.0)
    first = kernel(range(40), limits={"apixo": {"per_second": 10}})
    while accepted(service, "apixo") < 8:
        assert first.poll() is None
    first.kill()
    first.communicate(timeout=60)
    assert (home / "pace.sqlite").exists()
    ng.configure(limits={"apixo": {"per_second": 10}})
    results = ng.map(numbered(40), "a fox number {n}", model=APIXO, max_new=40)
    held = states(results).count("ambiguous")  # those that were on their way just then
    assert 40 == states(results).count("saved") + held
    assert 0 == refused(service)


@pytest.mark.slow
def test_a_limit_that_replies_tell_needs_no_words(service: Handle) -> None:
    """Armox tells what it takes with each reply: nothing is refused, and what was learned is there for the next kernel."""
    service.configure(rate_limit=12, rate_window=1.0)
    assert ["saved"] * 30 == states(ng.map(numbered(30), "a fox number {n}", model=ARMOX, max_new=30))
    assert 0 == refused(service)
    assert "pace: 12 a second, as its replies tell" in ng.Client().doctor()


@pytest.mark.slow
def test_a_limit_that_nobody_tells_is_learned_from_few_refusals(service: Handle) -> None:
    """The run ends well, and what was learned outlives the kernel."""
    service.configure(rate_limit=12, rate_window=1.0)
    assert ["saved"] * 20 == states(ng.map(numbered(20), "a fox number {n}", model=APIXO, max_new=20))
    assert 0 < refused(service) <= 20


@pytest.mark.slow
def test_no_more_jobs_at_once_than_were_set(service: Handle) -> None:
    """Over both kernels together, whatever each would do."""
    service.configure(seconds=(0.4, 0.6))
    kernels = [kernel(range(at, at + 6), limits={"apixo": {"concurrent": 3}}) for at in (0, 6)]
    most = 0
    while any(one.poll() is None for one in kernels):
        jobs = ng.ledger().frame().filter(pl.col("status").is_in(["intent", "submitted"]))
        most = max(most, len(jobs))
    found = [json.loads(one.communicate(timeout=60)[0]) for one in kernels]
    assert [["saved"] * 6] * 2 == found
    assert most <= 3


@pytest.mark.slow
def test_too_many_jobs_at_once_is_no_limit_of_requests(service: Handle) -> None:
    """A refusal that speaks of jobs under way teaches how many there may be, and holds no looks back for long."""
    body = json.dumps({"code": 429, "message": "Too many tasks running at once"})
    service.configure(
        misbehave=[
            Fault(
                kind="status", status=429, service="apixo", body=body, after=2, count=1, headers=(("Retry-After", "0"),)
            )
        ]
    )
    ng.configure(concurrency=4)
    assert ["saved"] * 5 == states(ng.map(numbered(5), "a fox number {n}", model=APIXO, max_new=5))
    said = ng.Client().doctor()
    assert "at once, as its refusals have taught" in said
    assert " a minute" not in said


@pytest.mark.slow
def test_jobs_at_once_are_looked_at_however_many_were_refused(service: Handle) -> None:
    """A burst of refusals that speak of jobs under way stops no looks: what they find over is what makes room."""
    body = json.dumps({"code": 429, "message": "Too many tasks running at once"})
    service.configure(misbehave=[Fault(kind="status", status=429, service="apixo", body=body, after=4, count=12)])
    results = ng.map(numbered(20), "a fox number {n}", model=APIXO, max_new=20, timeout=45)  # a stop is a minute long
    assert ["saved"] * 20 == states(results)


def test_a_run_that_waits_for_its_account_says_so_calmly(service: Handle) -> None:
    """The line names the limit, and nothing is an error; Stop is answered at once."""
    ng.configure(limits={"apixo": {"per_minute": 2}})
    results = ng.map(numbered(4), "a fox number {n}", model=APIXO, max_new=4, background=True)
    seen = ""
    while not seen.startswith("waiting: 2 a minute"):
        seen = results.handle.snapshot().phase
        assert not results.handle.wait(0.01)
    assert "never sent" in results.handle.stop()
    assert requests(service, "apixo create") <= 2


def test_what_a_limit_may_be(home: Path) -> None:
    """Whole numbers by provider; what is set is shown."""
    ng.configure(limits={"apixo": {"per_minute": 60, "concurrent": 10}, "armox": None})
    assert {"apixo": Rates(per_minute=60, concurrent=10)} == dict(ng.settings().limits)


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"apixoo": {"per_minute": 60}}, "apixo"),
        ({"apixo": {"per_minut": 60}}, "per_minute"),
        ({"apixo": {"per_minute": 0}}, "1 to 1,000,000"),
        ({"apixo": {"per_minute": -3}}, "1 to 1,000,000"),
        ({"apixo": {"per_minute": True}}, "1 to 1,000,000"),
        ({"apixo": {"per_minute": 1.5}}, "1 to 1,000,000"),
        ({"apixo": {"concurrent": "10"}}, "1 to 1,000,000"),
        ({"apixo": {"per_second": 10**9}}, "1 to 1,000,000"),
        ({"apixo": 60}, "per_minute"),
        ({"per_minute": 60}, "by provider"),
        (60, "by provider"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_where_it_is_said(limits: Any, named: str) -> None:
    """Unknown providers and names, none, negative, huge, no numbers: the message names what is allowed, nothing is changed."""
    with pytest.raises(SettingsError) as caught:
        ng.configure(limits=limits)
    assert named in str(caught.value)
    assert {} == dict(ng.settings().limits)


def test_a_project_file_may_set_limits(home: Path) -> None:
    """They make less possible, never more; a provider that is none is told with the file and its line."""
    del home
    file = Path("notebookgen.toml")
    file.write_text("[limits.apixo]\nper_minute = 60\n", encoding="utf-8")
    assert Rates(per_minute=60) == ng.settings().limits["apixo"]
    file.write_text("\n[limits.apixoo]\nper_minute = 60\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"notebookgen.toml, line 2, sets limits for 'apixoo'"):
        ng.settings()
