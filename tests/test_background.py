"""Runs in the background in a real kernel, over the protocol of every front end: the panel, its buttons, its end."""

from __future__ import annotations

import ast
import os
import queue
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel

import surroundings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jupyter_client.blocking.client import BlockingKernelClient

pytestmark = pytest.mark.slow

LONG = 60.0  # seconds; no test waits for it, it only bounds a hang
VIEW = "application/vnd.jupyter.widget-view+json"
BEGIN = """%load_ext notebookgen
import notebookgen as ng, polars as pl
from notebookgen.notebook.background import _watches
box = ng.sandbox(seconds=(0.05, 0.1))
df = pl.DataFrame({"i": list(range(40))})"""
CELL = "%%generate --over df -m armox:sandbox/text --background -o run --concurrency 2\n{word} {{i}}\n"


@dataclass
class Front:
    """A front end that keeps all that it is told."""

    client: BlockingKernelClient
    told: list[dict[str, Any]] = field(default_factory=list)

    def until(self, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Take messages until one is the awaited one."""
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1.0)
            except queue.Empty:
                continue
            self.told.append(message)
            if true(message):
                return dict(message)
        raise AssertionError([one["msg_type"] for one in self.told])

    def run(self, code: str, *, person: bool = True) -> str:
        """Run a cell to its end; without a person nobody could be asked anything, as in runners of notebooks."""
        message = str(self.client.execute(code, allow_stdin=person))
        self.until(
            lambda one: (
                one["parent_header"].get("msg_id") == message
                and one["msg_type"] == "status"
                and one["content"]["execution_state"] == "idle"
            )
        )
        assert [] == [
            one["content"]["evalue"]
            for one in self.told
            if one["msg_type"] == "error" and one["parent_header"].get("msg_id") == message
        ]
        return message

    def value(self, expression: str) -> Any:
        """Evaluate an expression of plain values there."""
        message = self.client.execute("", user_expressions={"x": expression})
        while True:
            reply = self.client.get_shell_msg(timeout=LONG)
            if reply["parent_header"].get("msg_id") == message:
                break
        shown = reply["content"]["user_expressions"]["x"]
        assert shown["status"] == "ok", shown
        return ast.literal_eval(shown["data"]["text/plain"])

    def jobs_take(self, least: float, most: float) -> None:
        """Have each job take so many seconds: long where something has to come in time, short where the end is awaited."""
        self.value(f"str(box.configure(seconds=({least}, {most})))")

    def click(self, button: str) -> None:
        """Click a button of the run's panel."""
        model = self.value(f"_watches[run.run].view.{button}.model_id")
        content = {"comm_id": model, "data": {"method": "custom", "content": {"event": "click"}}}
        self.client.shell_channel.send(self.client.session.msg("comm_msg", content))

    def displays(self, cell: str, *, updated: bool = False) -> list[dict[str, Any]]:
        """Return what a cell showed; where ``updated``, also what it put in its place."""
        kinds = {"display_data", "execute_result", *(["update_display_data"] if updated else [])}
        mine = [one for one in self.told if one["parent_header"].get("msg_id") == cell and one["msg_type"] in kinds]
        return [one["content"] for one in mine]

    def page_says(self, words: str) -> None:
        """Wait until the panel says something."""
        self.until(
            lambda one: (
                one["msg_type"] == "comm_msg" and words in str(one["content"]["data"].get("state", {}).get("value"))
            )
        )

    def updated(self, cell: str, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return what was put in the place of a cell's display; it may have come before the cell's own end."""
        display = self.displays(cell)[0]["transient"]["display_id"]

        def awaited(one: dict[str, Any]) -> bool:
            """Whether it is an update of that display, and the awaited one."""
            return (
                one["msg_type"] == "update_display_data"
                and one["content"]["transient"]["display_id"] == display
                and true(one["content"]["data"])
            )

        return dict((next(filter(awaited, self.told), None) or self.until(awaited))["content"])

    def ended(self, cell: str) -> dict[str, Any]:
        """Wait for the results in the panel's place."""
        return self.updated(cell, lambda data: "text/html" in data)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Start a kernel as a person who has nothing set up."""
    person = tmp_path_factory.mktemp("person")
    manager, client = start_new_kernel(env=surroundings.environment(os.environ, person), cwd=str(person))
    made = Front(client)
    made.run(BEGIN)
    yield made
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def by_hand(front: Front) -> Iterator[None]:
    """Jobs that leave a person the time to click and to look."""
    front.jobs_take(0.2, 0.4)
    yield
    front.jobs_take(0.05, 0.1)


def test_the_panel_ends_as_a_static_picture(front: Front) -> None:
    """The cell returns at once with one widget view; at the end it is the results, and every widget is closed."""
    opened = {one["content"]["comm_id"] for one in front.told if one["msg_type"] == "comm_open"}
    cell = front.run(CELL.format(word="First"))
    (shown,) = front.displays(cell)
    ended = front.ended(cell)

    assert {VIEW, "text/plain"} == set(shown["data"])
    assert "%generate resume" in shown["data"]["text/plain"]
    assert shown["transient"]["display_id"] == ended["transient"]["display_id"]
    assert {"text/html", "text/plain"} == set(ended["data"])
    assert "40 saved" in ended["data"]["text/plain"]
    front.run("1")
    opened = {one["content"]["comm_id"] for one in front.told if one["msg_type"] == "comm_open"} - opened
    closed = {one["content"]["comm_id"] for one in front.told if one["msg_type"] == "comm_close"}
    assert opened <= closed
    assert ["saved"] == front.value("run.frame['gen_status'].unique().to_list()")


@pytest.mark.usefixtures("by_hand")
def test_pause_and_go_on(front: Front) -> None:
    """Pause sends nothing new, and the panel says so; the same cell again shows the same run, and Go on ends it."""
    front.run(CELL.format(word="Second"))
    front.click("pause")
    front.page_says("paused")
    front.page_says("left")
    front.until(lambda _: front.value("run.handle.snapshot().states.get('intent', 0)") == 0)
    sent = front.value("len(box.state()['creates'])")
    first = front.value("run.run")
    again = front.run(CELL.format(word="Second"))

    assert first == front.value("run.run")
    assert [VIEW] == [mime for one in front.displays(again) for mime in one["data"] if mime != "text/plain"]
    assert sent == front.value("len(box.state()['creates'])")
    front.jobs_take(0.02, 0.05)
    front.click("pause")
    assert "40 saved" in front.ended(again)["data"]["text/plain"]
    assert sent < front.value("len(box.state()['creates'])")


@pytest.mark.usefixtures("by_hand")
def test_cancel_asks_first_and_says_what_it_did(front: Front) -> None:
    """A first click asks, and may be taken back; the second one ends the run, with the provider's words above the results."""
    cell = front.run(CELL.format(word="Third"))
    front.click("cancel")
    front.page_says("Cancel? What was not sent yet will not be.")
    assert not front.value("run.handle.done")
    front.click("keep")
    front.click("cancel")
    front.click("sure")
    ended = front.ended(cell)

    assert "not sent yet, and never will be" in ended["data"]["text/plain"]
    assert "planned" in ended["data"]["text/plain"]
    assert 0 < front.value("run.frame.filter(gen_status='planned').height")


@pytest.mark.usefixtures("by_hand")
def test_without_a_person_a_line_does_the_same(front: Front) -> None:
    """Whoever runs whole notebooks gets a line of text, updated between cells, and the results at the end; no widget."""
    before = len(front.told)
    cell = front.run(CELL.format(word="Fourth"), person=False)
    (shown,) = front.displays(cell)
    front.jobs_take(0.02, 0.05)
    ended = front.ended(cell)

    assert {"text/plain"} == set(shown["data"])
    assert "in the background: 0/40 done" in shown["data"]["text/plain"]
    assert "40 saved" in ended["data"]["text/plain"]
    assert [] == [one for one in front.told[before:] if one["msg_type"] == "comm_open"]


def updates(front: Front, cell: str, display: str) -> list[str]:
    """Return the texts that a display is given by messages that belong to a cell."""
    return [
        one["content"]["data"]["text/plain"]
        for one in front.told
        if one["msg_type"] == "update_display_data"
        and one["parent_header"].get("msg_id") == cell
        and one["content"]["transient"]["display_id"] == display
    ]


def test_the_cell_that_waits_brings_the_results_to_the_cell_that_began(front: Front) -> None:
    """A runner of whole notebooks drops what does not belong to the cell it runs: that cell carries how the run stands."""
    line, prompt = CELL.format(word="Sixth").removeprefix("%%generate").split("\n", 1)
    begin = f"get_ipython().run_cell_magic('generate', {line!r}, {prompt!r})\nrun.pause();"
    began = front.run(begin, person=False)
    display = front.displays(began)[0]["transient"]["display_id"]
    between = front.run("1", person=False)
    waited = front.run("run.go_on().wait();", person=False)
    later = front.run("1", person=False)

    assert f"run {front.value('run.run')} in the background: " in updates(front, between, display)[-1]
    assert "%generate resume" in updates(front, between, display)[-1]
    assert "40 saved" in updates(front, waited, display)[-1]
    assert [] == updates(front, later, display)


def test_a_run_that_ends_between_two_looks_of_a_runner_is_brought_by_the_next_cell(front: Front) -> None:
    """What was drawn while no cell could carry it is drawn once more."""
    began = front.run(CELL.format(word="Seventh"), person=False)
    display = front.displays(began)[0]["transient"]["display_id"]
    front.updated(began, lambda data: "40 saved" in data["text/plain"])
    next_one = front.run("1", person=False)

    assert "40 saved" in updates(front, began, display)[-1]
    assert "40 saved" in updates(front, next_one, display)[-1]


def test_the_functions_show_the_same_panel(front: Front) -> None:
    """``ng.map(background=True)`` is shown as well, also where its value is assigned."""
    cell = front.run("run = ng.map(df, 'Fifth {i}', model='armox:sandbox/text', background=True)")
    assert [{VIEW, "text/plain"}] == [set(one["data"]) for one in front.displays(cell)]
    assert "ng.resume(" in front.displays(cell)[0]["data"]["text/plain"]
    assert "40 saved" in front.ended(cell)["data"]["text/plain"]


@pytest.mark.usefixtures("by_hand")
def test_one_thing_in_the_background_takes_its_panels_place(front: Front) -> None:
    """A cell for a single picture does not stand as it was when it was sent: the picture comes where the panel was."""
    cell = front.run("%%generate -m armox:sandbox/text --background -o alone\nA poem about one\n")
    (shown,) = front.displays(cell)
    ended = front.updated(cell, lambda data: VIEW not in data and "saved" in str(data))

    assert VIEW in shown["data"]
    assert shown["transient"]["display_id"] == ended["transient"]["display_id"]
    assert front.value("alone.text") in ended["data"]["text/plain"]
    assert "'status': 'saved'" in front.value("str({'status': alone.status})")
