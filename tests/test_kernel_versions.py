"""The panel in the kernels that people have: the last of the sixth series, the one that Binder serves, and the newest."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jupyter_client.manager import start_new_kernel

import surroundings
from test_background import BEGIN, CELL, VIEW, Front

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

KERNELS = Path(sys.prefix) / "kernels"  # `make setup` puts them there, each in a folder named by its version
VERSIONS = ("6.29.5", "7.0.1")


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Start an older kernel as a person who has nothing set up."""
    person = tmp_path_factory.mktemp("person")
    environment = surroundings.environment(os.environ, person) | {"PYTHONPATH": str(KERNELS / request.param)}
    manager, client = start_new_kernel(env=environment, cwd=str(person))
    try:
        made = Front(client)
        made.run(BEGIN)
        assert request.param == made.value("__import__('ipykernel').__version__")
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_older_kernels_show_a_run_from_its_panel_to_its_end(old: Front) -> None:
    """The cell returns at once with the panel; at the end the results stand in its place, and all rows are there."""
    cell = old.run(CELL.format(word="First"))
    (shown,) = old.displays(cell)
    ended = old.ended(cell)

    assert {VIEW, "text/plain"} == set(shown["data"])
    assert shown["transient"]["display_id"] == ended["transient"]["display_id"]
    assert "40 saved" in ended["data"]["text/plain"]
    assert ["saved"] == old.value("run.frame['gen_status'].unique().to_list()")


def test_older_kernels_run_a_cell_and_tell_an_error(old: Front) -> None:
    """A cell that waits shows its line and ends in the results; one error of ours is a few lines."""
    cell = old.run("%%generate --over df[:3] -m armox:sandbox/text\nSecond {i}\n")
    assert "3 saved" in str(old.displays(cell, updated=True))
    message = str(old.client.execute("%%generate -m armox:sandbox/nothing\na fox\n"))
    told = old.until(lambda one: one["msg_type"] == "error" and one["parent_header"].get("msg_id") == message)
    assert "Did you mean" in "\n".join(told["content"]["traceback"]) + told["content"]["evalue"]
