"""What every test stands on: a scrubbed environment, a home of its own, the sandbox, and a client of it."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

import surroundings
from notebookgen import configuration
from notebookgen.jobs import house
from notebookgen.sandbox import embedded
from three_services import QUICK, SMALL, WAYS, services

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from nbformat import NotebookNode
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from cells import Shell
    from notebookgen.client import Client
    from notebookgen.sandbox import Handle

# A busy machine is no failure: no example has a deadline. In a hurry a fifth of the examples has to do.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.register_profile("hurried", deadline=None, max_examples=20)
hypothesis.settings.load_profile("patient")

PERSONS = itertools.count()  # looking for a number that is free takes longer than many a test
ROOT = Path(__file__).resolve().parents[1]
FAILED = pytest.StashKey[bool]()
LONGEST_FIRST = ("browser", "slow")
# What shares a browser, a kernel, a notebook that was run or a service: one process takes all of it.
TOGETHER = {
    "tests/browser/test_exports.py": "notebooks that were run",
    "tests/test_notebooks.py": "notebooks that were run",
    "tests/browser/test_make_lab.py": "notebooks that were run",  # a Lab of its own; evens out the two that take longest
    "tests/browser/": "browser",
    "tests/test_kernel.py": "kernel",
    "tests/test_crash.py": "crash",
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it; among equals the order stays random."""

    def rank(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONGEST_FIRST) if item.get_closest_marker(name)), len(LONGEST_FIRST))

    items.sort(key=rank)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Take what the collection makes out of the garbage collector's sight: it lives to the end, and is large.

    Every full collection would walk it again, and IPython asks for one whenever a shell is put away.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """Give it back: what the interpreter does not see at its end, some libraries report as leaked."""
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests have failed, for what is to be kept of them."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Hand tests to the processes one by one, in their order, but for what stays together.

    Where nothing has to, whoever starts the tests may name a way that costs less: ``--dist worksteal``.
    """
    from xdist.scheduler import LoadScopeScheduling

    if config.option.dist == "worksteal":
        return None

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((name for part, name in TOGETHER.items() if nodeid.startswith(part)), nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Scrub the environment of every test; give its ``NOTEBOOKGEN_HOME``, which does not exist yet.

    The working folder is an empty one: a project file above the checkout would be read by every call. Whatever the test
    leaves running ends with it, and what it configured is forgotten; its files are kept where it failed.
    """
    person = tmp_path_factory.getbasetemp() / f"of-test-{next(PERSONS)}"  # no other fixture makes folders of that name
    person.mkdir()
    monkeypatch.chdir(person)
    for name in list(os.environ):
        if surroundings.foreign(name):
            monkeypatch.delenv(name)
    for name, value in surroundings.folders(person).items():
        monkeypatch.setenv(name, value)
    yield person / "notebookgen"
    house.close_all()
    embedded.stop()
    configuration._configured.clear()
    if not request.node.stash.get(FAILED, False):  # at the end of the run one process would remove thousands of folders
        os.chdir(ROOT)
        shutil.rmtree(person, ignore_errors=True)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the engine and the transport wait a small part of what they would; what they do is the same."""
    from scripted import hurry

    hurry(monkeypatch)


@pytest.fixture(scope="session")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a person without a key and, at first, without a ledger, who runs the quickstart."""
    return tmp_path_factory.mktemp("newcomer")


@pytest.fixture(scope="session")
def as_run(newcomer: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], NotebookNode]:
    """Return a function that gives one of the notebooks as it stands after its run; each is run once, to be read only."""
    from notebook_files import executed

    @cache
    def one(name: str) -> NotebookNode:
        person = newcomer if name == "quickstart" else tmp_path_factory.mktemp("person")
        return executed(ROOT / "notebooks" / f"{name}.ipynb", tmp_path_factory.mktemp("work"), person)

    return one


@pytest.fixture
def root() -> Path:
    """Return the project's own folder."""
    return ROOT


@pytest.fixture
def sandbox() -> Iterator[Handle]:
    """Start the three services on this machine, with jobs that take a moment; stop them afterwards."""
    from notebookgen.sandbox import start

    with start(seconds=QUICK, pixels=SMALL) as handle:
        yield handle


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The three services behind addresses and keys, as the real ones are: realms in which things cost."""
    with services("real", monkeypatch) as handle:
        yield handle


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The embedded sandbox behind every provider's name; it has models of its own for every kind."""
    with services("embedded", monkeypatch) as handle:
        yield handle


@pytest.fixture(params=WAYS)
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    """The three services, spoken to in each of the two ways."""
    with services(request.param, monkeypatch) as handle:
        yield handle


@pytest.fixture
def box() -> Iterator[Handle]:
    """The sandbox that answers where no key is set, with quick jobs."""
    yield embedded.embedded(seconds=QUICK, pixels=SMALL)
    embedded.stop()


@pytest.fixture
def shell(box: Handle) -> Iterator[Shell]:
    """A notebook's shell with the extension loaded, over that sandbox."""
    import cells

    with cells.shell() as made:
        yield made


@pytest.fixture
def client(sandbox: Handle, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Return a client with a key for each provider, whose addresses are those of ``sandbox``; end its work afterwards."""
    from notebookgen.client import Client

    for name, address in sandbox.base_urls.items():
        monkeypatch.setenv(f"{name.upper()}_API_KEY", "sk_for_a_test_0123456789")
        monkeypatch.setenv(f"{name.upper()}_BASE_URL", address)
    made = Client()
    yield made
    made.close()
