"""Several kernels on one home folder: one create for one content, one owner for one attempt, one cap for all."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.jobs import answers
from notebookgen.jobs.clock import SystemClock
from notebookgen.jobs.states import State
from notebookgen.ledger.kernels import KernelLock
from notebookgen.ledger.store import Store
from notebookgen.sandbox import spawn, start
from provider_side import MODELS, Customer
from scripted import PRICE, WAIT, Listless, Shop, Tailor, bench, idle, lost, reply, states, until, wanted
from three_services import QUICK, SMALL

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.records import Generation, Job, Model
    from notebookgen.wire import HttpRequest, HttpResponse

pytestmark = [pytest.mark.usefixtures("hasty"), pytest.mark.slow]


@pytest.mark.slow
def test_processes_that_ask_for_the_same_at_once_buy_it_once(home: Path) -> None:
    """Four processes, one content, three accounts: one create each, and everybody gets the file."""
    with spawn(seconds=(0.2, 0.4), pixels=SMALL, immediate=False) as box:
        customer = Customer(box, home)
        with ThreadPoolExecutor(4) as pool:
            for service in ("armox", "apixo"):
                answers = list(pool.map(lambda _, name=service: customer.generate(name, "a fox"), range(4)))  # type: ignore[misc]  # a lambda's default
                assert ["saved"] * 4 == [one["results"][0]["status"] for one in answers], answers
                assert 1 == len({one["results"][0]["paths"][0] for one in answers})
                assert 1 == len(customer.bought(service))


def test_two_engines_that_ask_for_the_same_buy_it_once(home: Path) -> None:
    """The second waits for the first, and gives the file as bought before."""
    shop = idle()
    with bench(home, shop) as one, bench(home, shop) as two:
        first = one.start(wanted())
        until(lambda: states(first) == ["submitted"])
        second = two.start(wanted())
        until(lambda: second.snapshot().phase == "another kernel is making it")
        shop.finished = True
        assert second.wait(WAIT)
        assert ["saved"] == states(second) == states(first)
    assert 1 == shop.seen["create"]


def test_what_a_living_kernel_holds_is_said_at_once(home: Path) -> None:
    """Where nobody can look, a second kernel does not wait for ever, and may settle it."""
    shop = Shop()
    shop.orders.append("lost after")
    with bench(home, shop, Listless()) as one, bench(home, shop, Listless()) as two:
        assert ["ambiguous"] == states(one.bring(wanted()))
        second = two.start(wanted())
        assert second.wait(WAIT)
        assert "resolve" in str(second.row(0).error)
        done = two.engine.resolve(wanted().id, "adopt", "job-1")
        assert done.wait(WAIT)
        assert ["saved"] == states(done)
        assert ["saved"] == states(one.bring(wanted()))
    assert 1 == shop.seen["create"]


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["denied", "alike", "no file"])
def test_what_one_kernel_has_given_up_is_taken_over_by_another(home: Path, trouble: str) -> None:
    """The first one lives on and has nothing in hand: the second asks itself, and neither waits nor buys."""
    shop = Shop()
    if trouble == "denied":
        shop.answers["status"] = deque([reply(404, {})] * 5)
    elif trouble == "alike":
        shop.orders.append("lost after")
        shop.echo = lambda body: {**body, "size": "large"}
    else:
        shop.answers["status"] = deque([reply(200, {"id": "job-1", "phase": "completed", "charged": "0.5"})] * 20)
    with bench(home, shop) as one, bench(home, shop) as two:
        first = one.bring(wanted())
        state = {"denied": "submitted", "alike": "ambiguous", "no file": "completed"}[trouble]
        assert ([state], True) == (states(first), first.row(0).error is not None)
        shop.answers.clear()
        second = two.bring(wanted())
        if trouble == "alike":
            assert "job-1 looks much like it" in str(second.row(0).error)
            assert two.engine.resume().wait(WAIT)
            second = two.engine.resolve(wanted().id, "adopt", "job-1")
            assert second.wait(WAIT)
        assert ["saved"] == states(second) == states(one.bring(wanted()))
    assert 1 == shop.seen["create"]


@pytest.mark.slow
@pytest.mark.parametrize("phase", ["failed", "cancelled"])
def test_what_fails_in_one_kernel_is_not_bought_again_by_the_one_that_waits(home: Path, phase: str) -> None:
    """Both were told of one job, and it failed: another try is a person's own word, in whichever kernel."""
    shop = idle()
    with bench(home, shop) as one, bench(home, shop) as two:
        first = one.start(wanted())
        until(lambda: states(first) == ["submitted"])
        second = two.start(wanted())
        until(lambda: second.snapshot().phase == "another kernel is making it")
        shop.jobs[0] |= {"phase": phase, "error": "the thread broke"}
        assert first.wait(WAIT)
        assert second.wait(WAIT)
        assert [[phase], [phase]] == [states(first), states(second)]
        assert "Run it again" in str(second.row(0).error)
        assert 1 == shop.seen["create"]
        shop.finished = True
        assert ["saved"] == states(two.bring(wanted()))
    assert 2 == shop.seen["create"]


def test_an_attempt_that_failed_elsewhere_is_not_bought_again_by_itself(home: Path) -> None:
    """A kernel that finds its attempt moved and failed tells so, and leaves another try to a person."""
    shop = idle()
    with bench(home, shop) as one:
        handle = one.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        other = Store(home)
        try:
            other.update(one.row(wanted()).key, state="failed", error="the thread broke", retryable=1)
        finally:
            other.close()
        shop.finished = True
        assert handle.wait(WAIT)
        assert ["failed"] == states(handle)
        assert "the thread broke" in str(handle.row(0).error)
    assert 1 == shop.seen["create"]


class Ahead(SystemClock):
    """This machine's clocks, of which the one for waiting can be put forward."""

    seconds = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.seconds


@pytest.mark.parametrize("end", ["refused", "failed", "cancelled", "saved"])
def test_what_another_kernel_did_while_one_waited_for_the_network_is_believed(
    home: Path, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempt that could not leave here was taken up there: what was refused may be sent, what failed is told."""
    monkeypatch.setattr(answers, "delay_after_failure", lambda *_, **__: 50.0)
    here, there, clock = Shop(), Shop(), Ahead()
    here.orders.append("unreachable")
    there.finished = end == "saved"
    there.instant = here.instant = end in {"refused", "saved"}
    if end == "refused":
        there.orders.append(reply(400, {"error": "no"}))
    with bench(home, here, clock=clock) as one, bench(home, there) as two:
        first = one.start(wanted())
        until(lambda: first.snapshot().phase == "waiting for the network")
        second = two.start(wanted())
        if end in {"failed", "cancelled"}:
            until(lambda: there.jobs)
            there.jobs[0] |= {"phase": end, "error": "the thread broke"}
        assert second.wait(WAIT)
        assert [end] == states(second)
        clock.seconds = 100.0
        one.asked(lambda _: None)  # an event, so that it looks at its clock
        assert first.wait(WAIT)
        assert ["saved" if end == "refused" else end] == states(first), first.row(0).error
        assert (end in {"failed", "cancelled"}) == ("in another kernel" in str(first.row(0).error))
    assert (2 if end == "refused" else 1) == here.seen["create"]


class Both:
    """Two kernels come to the same point before either goes on."""

    def __init__(self) -> None:
        self._meet, self._met = threading.Barrier(2), set[str]()

    def met(self, name: str) -> None:
        """Wait for the other one, once."""
        if name not in self._met:
            self._met.add(name)
            self._meet.wait(WAIT)


class Comparing(Tailor):
    """Both kernels have read the list, and the ledger, when they compare the first job."""

    def __init__(self, both: Both, name: str) -> None:
        super().__init__()
        self.both, self.kernel = both, name

    def same(self, job: Job, generation: Generation, model: Model | None) -> bool:
        self.both.met(self.kernel)
        return super().same(job, generation, model)


def test_two_kernels_that_find_one_job_adopt_it_once(home: Path) -> None:
    """Equal creates, one of them accepted, both without an answer: one kernel adopts, the other looks again and sends."""
    shop, both, listed = Shop(), Both(), threading.Event()
    shop.orders.extend(["lost after", "lost before"])
    shop.answers["list"] = deque([lambda request: (listed.wait(WAIT), shop.truth(request))[1]] * 2)
    with (
        bench(home, shop, Comparing(both, "one")) as one,
        bench(home, shop, Comparing(both, "two")) as two,
    ):
        handles = [one.start(wanted(sample=0)), two.start(wanted(sample=1))]
        until(lambda: shop.seen.get("list", 0) == 2)
        listed.set()
        assert all(handle.wait(WAIT) for handle in handles)
        assert [["saved"], ["saved"]] == [states(handle) for handle in handles], [one.row(0).error for one in handles]
    assert (3, 2) == (shop.seen["create"], len({handle.row(0).job for handle in handles}))
    assert 1 == sum("adopted" in note for handle in handles for note in handle.snapshot().notes)


@pytest.mark.parametrize("phase", ["running", "completed", "failed"])
def test_two_kernels_that_are_answered_with_one_job_count_it_once(home: Path, phase: str) -> None:
    """A service that answers equal creates with one job: one kernel has it, the other holds its own and says why."""
    shop, both = Shop(), Both()
    job = {"id": "job-1", "phase": phase, "charged": "0.5", "texts": ["made"], "error": "the thread broke"}
    shop.jobs.append({**job, "sent": {}})
    shop.orders.extend(
        [lambda _: (both.met("one"), reply(202, job))[1], lambda _: (both.met("two"), reply(202, job))[1]]
    )
    with bench(home, shop, Listless()) as one, bench(home, shop, Listless()) as two:
        handles = [one.start(wanted(sample=0)), two.start(wanted(sample=1))]
        assert all(handle.wait(WAIT) for handle in handles)
        ended = "failed" if phase == "failed" else "saved"
        assert sorted(["ambiguous", ended]) == sorted(state for handle in handles for state in states(handle))
        (held,) = (handle.row(0) for handle in handles if states(handle) == ["ambiguous"])
        assert "job-1, which belongs to another generation already" in str(held.error)
        assert (None, PRICE) == (held.job, held.reserved)
        assert one.asked(lambda store: store.committed(unit="USD")) == 1_000_000_000


def test_two_people_who_name_one_job_adopt_it_once(home: Path) -> None:
    """Each in a kernel of their own, at the same moment: the second is told that it is another's."""
    shop, both = Shop(), Both()
    shop.orders.extend(["lost after", "lost before"])
    with bench(home, shop, Listless()) as one, bench(home, shop, Listless()) as two:
        one.bring(wanted(sample=0))
        two.bring(wanted(sample=1))
        looks = [
            lambda request: (both.met("one"), shop.truth(request))[1],
            lambda request: (both.met("two"), shop.truth(request))[1],
        ]
        shop.answers["status"] = deque(looks)
        handles = [desk.engine.resolve(wanted(sample=n).id, "adopt", "job-1") for n, desk in enumerate((one, two))]
        assert all(handle.wait(WAIT) for handle in handles)
        assert ["ambiguous", "saved"] == sorted(state for handle in handles for state in states(handle))
        (held,) = (handle.row(0) for handle in handles if states(handle) == ["ambiguous"])
        assert isinstance(held.error, ng.errors.JobAmbiguous)
        assert "job job-1 belongs to another generation already" in str(held.error)
        assert held.job is None


def test_a_kernel_that_dies_is_succeeded_while_one_waits(home: Path) -> None:
    """The waiting kernel takes over what the other had begun."""
    shop = idle()
    with bench(home, shop) as two:
        with bench(home, shop) as one:
            first = one.start(wanted())
            until(lambda: states(first) == ["submitted"])
            second = two.start(wanted())
            until(lambda: second.snapshot().phase == "another kernel is making it")
        shop.finished = True
        assert second.wait(WAIT)
        assert ["saved"] == states(second)
    assert 1 == shop.seen["create"]


def test_an_attempt_that_was_moved_elsewhere_is_looked_up_again(home: Path) -> None:
    """A kernel that finds its attempt moved by another one believes the ledger, and buys nothing."""
    shop = idle()
    with bench(home, shop) as one:
        handle = one.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        other = Store(home)
        try:
            key = one.row(wanted()).key
            other.update(key, state="failed", error="settled elsewhere", retryable=0)
        finally:
            other.close()
        shop.finished = True
        assert handle.wait(WAIT)
        assert "settled elsewhere" in str(handle.row(0).error)
    assert 1 == shop.seen["create"]


def test_only_one_kernel_takes_over(home: Path) -> None:
    """Of two that find the same dead kernel's attempt, one becomes its owner."""
    shop = idle()
    with bench(home, shop) as one:
        handle = one.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        row = one.row(wanted())
    store = Store(home)
    try:
        assert [True, False] == [store.take_over(row.key, row.kernel, name) for name in ("a", "b")]
    finally:
        store.close()


def test_the_cap_of_a_run_holds_whatever_else_is_bought(home: Path) -> None:
    """Two engines at once, each with its cap: each stays below it."""
    from notebookgen.jobs.budget import parse_budget

    shop = Shop()
    with bench(home, shop) as one, bench(home, shop) as two:
        handles = [
            desk.start(
                *(wanted(f"{name} {number}") for number in range(6)), price=PRICE, budget=parse_budget("1.5 USD")
            )
            for name, desk in (("one", one), ("two", two))
        ]
        assert all(handle.wait(WAIT) for handle in handles)
    assert [3, 3] == [states(handle).count("saved") for handle in handles]
    assert 6 == len(shop.jobs)


def test_a_kernel_is_dead_when_its_process_is(home: Path) -> None:
    """The operating system tells, by a lock: no heartbeat, no waiting."""
    code = "import sys; from pathlib import Path; from notebookgen.ledger.kernels import KernelLock\n"
    code += f"lock = KernelLock(Path({str(home / 'kernels')!r})); print(lock.id, flush=True); sys.stdin.read()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    mine = KernelLock(home / "kernels")
    try:
        assert child.stdout is not None
        theirs = child.stdout.readline().strip()
        assert mine.alive(theirs)
        assert mine.alive(mine.id)
        child.kill()
        child.communicate(timeout=WAIT)
        assert not mine.alive(theirs)
        assert mine.alive(mine.id)
    finally:
        child.kill()
        mine.release()


def test_a_new_process_that_only_resumes_opens_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that finds work of an account at hand while it is being opened asks for the way to it, and gets it."""
    with start(seconds=QUICK, pixels=SMALL, immediate=False) as box:
        customer = Customer(box, home)
        for name, value in customer.variables().items():
            monkeypatch.setenv(name, value)
        box.configure(seconds=(30, 30))
        begun = ng.generate("a fox", model=MODELS["armox"], background=True)
        until(lambda: begun.status == "submitted")
        default_client().close()
        opened: list[Any] = []
        thread = threading.Thread(target=lambda: opened.append(default_client()._house.engine.resume()), daemon=True)
        thread.start()
        thread.join(10)
        assert [["submitted"]] == [states(handle) for handle in opened]
        default_client().close()


def test_changing_the_address_and_back_sends_to_the_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key goes where the settings of now point, whatever they pointed to in between."""
    with start(seconds=QUICK, pixels=SMALL) as one, start(seconds=QUICK, pixels=SMALL) as two:
        customer = Customer(one, home)
        for name, value in customer.variables().items():
            monkeypatch.setenv(name, value)
        for number, box in enumerate((one, two, one)):
            monkeypatch.setenv("APIXO_BASE_URL", box.base_urls["apixo"])
            assert "saved" == ng.generate(f"fox {number}", model=MODELS["apixo"]).status
        assert [2, 1] == [len(box.state()["creates"]) for box in (one, two)]
        default_client().close()


def test_the_unused_sample_is_found_under_what_was_begun(home: Path) -> None:
    """``fresh`` after a lost one takes up the lost sample rather than the next."""
    shop = Shop()

    def order(request: HttpRequest) -> HttpResponse:
        shop.accept(request)
        raise lost()

    shop.orders.extend(["ok", order])
    with bench(home, shop, settle=0.1) as desk:
        from notebookgen.jobs.ticket import Wish

        desk.bring(wanted())
        for expected in (1, 2):
            handle = desk.engine.start([Wish(wanted(), desk.lane, None, PRICE, fresh=True)])
            assert handle.wait(WAIT)
            assert (expected, "saved") == (handle.row(0).generation.sample, states(handle)[0])
        assert State.SAVED == desk.row(wanted(sample=1)).state
    assert 3 == len(shop.jobs)


FORKED = """
import os, sys
import notebookgen as ng
first = ng.generate("a fox", model=sys.argv[1])
child = os.fork()
if child == 0:
    again = ng.generate("a fox", model=sys.argv[1])
    other = ng.generate("another fox", model=sys.argv[1])
    os._exit(0 if (again.cached, other.status) == (True, "saved") else 1)
status = os.waitpid(child, 0)[1]
last = ng.generate("a third fox", model=sys.argv[1])
print(status, last.status)
"""


@pytest.mark.slow
def test_a_forked_process_is_a_kernel_of_its_own(home: Path) -> None:
    """A child has no threads of its parent: it gets an engine of its own, and both go on. Where there is no fork, nothing."""
    with spawn(seconds=QUICK, pixels=SMALL) as box:
        customer = Customer(box, home)
        if not hasattr(os, "fork"):
            return
        command = [sys.executable, "-W", "ignore", "-c", FORKED, MODELS["apixo"]]
        done = subprocess.run(
            command, env=customer.environment(), capture_output=True, text=True, timeout=50, check=False
        )
        assert "0 saved" == done.stdout.strip(), done.stderr
        assert 3 == len(customer.bought("apixo"))
