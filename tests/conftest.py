"""What every test stands on: a scrubbed environment, a home of its own, the sandbox, and a client of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

    from notebookgen.client import Client
    from notebookgen.sandbox import Handle

# A busy machine is no failure: no example has a deadline.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FIRST = ("browser", "slow")
# What shares a browser, a kernel, a notebook that was run or a service: one process takes all of it.
TOGETHER = ("tests/browser/", "tests/test_kernel.py", "tests/test_notebooks.py", "tests/test_crash.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no process is left alone with it; among equals the order stays random."""

    def rank(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(LONGEST_FIRST) if item.get_closest_marker(name)), len(LONGEST_FIRST))

    items.sort(key=rank)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Hand tests to the processes one by one, in their order, but for what stays together."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return next((part for part in TOGETHER if nodeid.startswith(part)), nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Scrub the environment of every test; return its ``NOTEBOOKGEN_HOME``, which does not exist yet."""
    person = tmp_path_factory.mktemp("person")
    for name in list(os.environ):
        if surroundings.foreign(name):
            monkeypatch.delenv(name)
    for name, value in surroundings.folders(person).items():
        monkeypatch.setenv(name, value)
    return person / "notebookgen"


@pytest.fixture
def root() -> Path:
    """Return the project's own folder."""
    return ROOT


@pytest.fixture
def sandbox() -> Iterator[Handle]:
    """Start the three services on this machine, with jobs that take a moment; stop them afterwards."""
    from notebookgen.sandbox import start

    with start(seconds=(0.02, 0.08)) as handle:
        yield handle


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
