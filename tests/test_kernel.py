"""The magic in a real kernel, over the protocol that every front end speaks: output, Stop, errors, Tab."""

from __future__ import annotations

import builtins
import keyword
import os
import queue
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel

import surroundings
from notebookgen.notebook.flags import COMMANDS, FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

pytestmark = pytest.mark.slow

LONG = 60.0  # seconds; no test waits for it, it only bounds a hang
LATER = "armox:sandbox/picture-later"


@dataclass
class Cell:
    """What a front end has after a cell: its outputs in order, with display handles resolved, and the reply."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    handles: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, kind: str, content: dict[str, Any]) -> str:
        """Take a message in as a front end does; return the text it shows."""
        if kind not in {"display_data", "update_display_data", "execute_result", "error", "stream"}:
            return ""
        name = content.get("transient", {}).get("display_id")
        if kind == "update_display_data":
            self.updates.append(content["data"])
            self.handles[name]["data"] = content["data"]
        else:
            self.outputs.append({"type": kind, **content})
            self.handles[name] = self.outputs[-1]
        self.texts.append(str(content.get("data", {}).get("text/plain", "")))
        return self.texts[-1]

    @property
    def kinds(self) -> list[str]:
        return [output["type"] for output in self.outputs]

    @property
    def result(self) -> dict[str, Any]:
        (result,) = [output["data"] for output in self.outputs if output["type"] == "execute_result"]
        return dict(result)

    @property
    def error(self) -> dict[str, Any]:
        (error,) = [output for output in self.outputs if output["type"] == "error"]
        return dict(error)

    @property
    def line(self) -> str:
        """The progress line as it stands at the end."""
        (line,) = [output["data"]["text/plain"] for output in self.outputs if output["type"] == "display_data"]
        return str(line)


class Kernel:
    """A kernel, driven as a front end drives it."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def send(self, code: str, **options: Any) -> str:
        return str(self.client.execute(code, allow_stdin=False, **options))

    def finish(self, message: str, *, interrupt_at: str | None = None, replied: bool = True) -> Cell:
        """Collect a cell's messages until it is idle; press Stop once the given word is on the progress line.

        A Stop that comes while the kernel replies takes the reply with it: ``replied`` says that there is one.
        """
        cell, pressed = Cell(), None
        while True:
            got = self.client.get_iopub_msg(timeout=LONG)
            if got["parent_header"].get("msg_id") != message:
                continue
            if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                break
            text = cell.take(got["msg_type"], got["content"])
            if interrupt_at is not None and interrupt_at in text and pressed is None:
                pressed = time.monotonic()
                self.manager.interrupt_kernel()
        if replied:
            cell.reply = self.reply(message)
        if pressed is not None:
            print(f"stopped within {time.monotonic() - pressed:.3f} s")  # noqa: T201 - a figure for people, -s shows it
        return cell

    def reply(self, message: str) -> dict[str, Any]:
        """Return the content of the reply to a message."""
        while True:
            reply = self.client.get_shell_msg(timeout=LONG)
            if reply["parent_header"].get("msg_id") == message:
                return dict(reply["content"])

    def run(self, code: str) -> Cell:
        return self.finish(self.send(code))

    def value(self, expression: str) -> Any:
        """Evaluate an expression there."""
        reply = self.finish(self.send("", user_expressions={"x": expression})).reply
        shown = reply["user_expressions"]["x"]
        assert shown["status"] == "ok", shown
        return shown["data"]["text/plain"]

    def complete(self, text: str) -> list[str]:
        """Complete at the bar; return the whole text with each match put in."""
        before, _, after = text.partition("|")
        message = self.client.complete(before + after, len(before))
        content = self.reply(message)
        start, end = content["cursor_start"], content["cursor_end"]
        return [(before + after)[:start] + match + (before + after)[end:] for match in content["matches"]]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for this file, with a home of its own and the sandbox behind every provider's name."""
    env = surroundings.environment(os.environ, tmp_path_factory.mktemp("kernel"), NOTEBOOKGEN_SANDBOX="1")
    manager, client = start_new_kernel(env=env, startup_timeout=60)
    try:
        driven = Kernel(manager, client)
        loaded = driven.run(
            "%load_ext notebookgen\nimport notebookgen as ng\n"
            "from notebookgen.sandbox.embedded import embedded\nbox = embedded(seconds=(0.02, 0.08))"
        )
        assert loaded.outputs == []
        yield driven
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_cell_shows_a_line_and_one_result(kernel: Kernel) -> None:
    """The progress line ends as static text; the picture is the one result, in Out, `_` and -o."""
    cell = kernel.run("%%generate -o fox\na fox")
    assert cell.kinds == ["display_data", "execute_result"]
    assert cell.line.startswith("saved · armox:sandbox/picture · ")
    assert sorted(cell.result) == ["image/jpeg", "text/plain"]
    number = cell.reply["execution_count"]
    assert kernel.value(f"Out[{number}] is fox is _{number}") == "True"


def test_a_long_job_is_followed_in_one_place(kernel: Kernel) -> None:
    """One display, updated seldom, blank of widgets; its saved state is the summary."""
    kernel.run("box.configure(seconds=(2.0, 2.0))")
    cell = kernel.run(f"%%generate -m {LATER}\na long fox")
    kernel.run("box.configure(seconds=(0.02, 0.08))")
    assert cell.kinds == ["display_data", "execute_result"]
    assert 1 <= len(cell.updates) <= 16
    assert all(list(data) == ["text/plain"] for data in cell.updates)
    assert all(len(text.splitlines()) == 1 for text in cell.texts[:-1])
    assert any(text.startswith(("queued", "running")) for text in cell.texts)
    assert cell.line.startswith(f"saved · {LATER} · ")


def test_the_function_shows_the_same(kernel: Kernel) -> None:
    """`ng.generate` in a cell looks as the magic does."""
    cell = kernel.run("ng.generate('a fox by function')")
    assert cell.kinds == ["display_data", "execute_result"]
    assert cell.line.startswith("saved · ")


def test_quiet_sends_no_output(kernel: Kernel) -> None:
    """-q is silent on the wire too."""
    assert kernel.run("%%generate -q -o silent\na silent fox").outputs == []
    assert kernel.value("silent.status") == "'saved'"


@pytest.mark.parametrize("prompt", ["the cat's eye", "unclosed (bracket", "a semicolon;"])
def test_a_prompt_is_no_python(kernel: Kernel, prompt: str) -> None:
    """No prompt loses its result, whatever Python would say of it."""
    cell = kernel.run(f"%%generate --kind text\n{prompt}")
    assert "execute_result" in cell.kinds
    assert "error" not in cell.kinds


def test_an_error_is_an_error_output_of_a_few_lines(kernel: Kernel) -> None:
    """A saved notebook tells what went wrong: name, message, and no traceback."""
    kernel.run("animal = 'fox'")
    cell = kernel.run("%%generate\nan {anmial}")
    assert cell.kinds == ["error"]
    assert cell.error["ename"] == "InvalidPrompt"
    assert "Did you mean 'animal'?" in cell.error["evalue"]
    lines = "\n".join(cell.error["traceback"]).splitlines()
    assert 1 <= len(lines) <= 4
    assert cell.reply["status"] == "error"


def test_stop_is_answered_and_the_next_run_picks_the_job_up(kernel: Kernel) -> None:
    """Stop ends the cell long before the job, says what became of it, and loses nothing: one create in all."""
    kernel.run("box.configure(seconds=(6.0, 6.0))\nbefore = len(box.state()['creates'])")
    code = f"%%generate -m {LATER} -o stopped_fox\na stopped fox"
    first = kernel.finish(kernel.send(code), interrupt_at="running")
    assert first.error["ename"] == "Stopped"
    lines = "\n".join(first.error["traceback"]).splitlines()
    assert len(lines) == 1
    assert "was accepted" in lines[0]
    assert "credits" in lines[0]
    assert first.line.startswith(f"stopped · {LATER} · ")
    again = kernel.run(code)
    assert again.result["text/plain"].startswith("saved")
    assert again.line.startswith("saved · ")
    assert kernel.value("len(box.state()['creates']) - before") == "1"
    kernel.run("box.configure(seconds=(0.02, 0.08))")


def test_stop_ends_run_all(kernel: Kernel) -> None:
    """The cells that wait behind a stopped one do not run."""
    kernel.run("box.configure(seconds=(20.0, 20.0))\nran = False")
    first = kernel.send(f"%%generate -m {LATER}\nanother stopped fox")
    second = kernel.send("ran = True")
    assert kernel.finish(first, interrupt_at="running").reply["status"] == "error"
    assert kernel.reply(second)["status"] == "aborted"
    assert kernel.value("ran") == "False"
    assert "cancel" in kernel.run("%generate cancel").result["text/plain"]
    kernel.run("box.configure(seconds=(0.02, 0.08))")


def test_stop_when_nothing_runs_does_no_harm(kernel: Kernel) -> None:
    """A late press of Stop hits no later cell."""
    kernel.manager.interrupt_kernel()
    assert kernel.run("%%generate --kind text\na calm fox").reply["status"] == "ok"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%%generate --dr|\na fox", ["%%generate --dry-run\na fox"]),
        ("%%generate -m sandbox/cl|\na fox", ["%%generate -m armox:sandbox/clip\na fox"]),
        ("%%generate -m armox:sandbox/cl|\na fox", ["%%generate -m armox:sandbox/clip\na fox"]),
        ("%%generate -m armox:sandbox/clip -s du|\nx", ["%%generate -m armox:sandbox/clip -s duration=\nx"]),
        (
            "%%generate -m armox:sandbox/solid -s detail=|\nx",
            [f"%%generate -m armox:sandbox/solid -s detail={one}\nx" for one in ("low", "medium", "high")],
        ),
        ("%%generate\none line\na {compl|", ["%%generate\none line\na {completed_here}"]),
        ("%%generate\na {compl|}", ["%%generate\na {completed_here}"]),
        ("%%generate -i {compl|\nx", ["%%generate -i {completed_here}\nx"]),
        ("%generate mod|", ["%generate models"]),
        ("x = 1\n%generate login armo|", ["x = 1\n%generate login armox"]),
    ],
)
def test_tab(kernel: Kernel, text: str, expected: list[str]) -> None:
    """Exactly what is possible there, nothing of Python's in between."""
    kernel.run("completed_here = 'fox'")
    assert kernel.complete(text) == expected


@pytest.mark.parametrize("jedi", ["False", "True"])
def test_tab_offers_nothing_alien(kernel: Kernel, jedi: str) -> None:
    """Behind every flag and every command: what is possible there, else nothing; never a word of Python's."""
    kernel.run(f"get_ipython().Completer.use_jedi = {jedi}\nimportant = 3")
    spellings = [spelling for flag in FLAGS for spelling in (flag.short, flag.long) if spelling]
    lines = [f"%%generate {one}{end}" for one in spellings for end in (" ", " im", "=")]
    lines += [f"%generate {one.name}{end}" for one in COMMANDS for end in (" ", " im", " x ", " --")]
    lines += ["%%generate ", "%%generate im", "%%generate\nim", "%%generate\n"]
    python = {*keyword.kwlist, *dir(builtins), "important"}
    alien = [
        (line, match)
        for line in lines
        for match in kernel.complete(f"{line}|")
        if re.split(r"\s|=", match)[-1] in python
    ]
    assert [] == alien
    kernel.run("get_ipython().Completer.use_jedi = False")


def test_tab_elsewhere_is_ipythons(kernel: Kernel) -> None:
    """Python cells are completed as ever; behind -i there are files."""
    kernel.run("completed_here = 'fox'")
    assert "completed_here.upper" in "".join(kernel.complete("completed_here.upp|"))
    assert "%%generate\n" not in kernel.complete("%%gener|")
    kernel.run("from pathlib import Path\nPath('a-picture-of-a-fox.png').touch()")
    try:
        assert "a-picture-of-a-fox.png" in "".join(kernel.complete("%%generate -i a-picture-of|"))
    finally:
        kernel.run("Path('a-picture-of-a-fox.png').unlink()")


def test_login_without_input_says_what_to_set(kernel: Kernel) -> None:
    """Under nbclient nobody can type: a clear error instead of a hang."""
    cell = kernel.run("%generate login armox")
    assert cell.error["ename"] == "ConfigurationError"
    assert "ARMOX_API_KEY" in cell.error["evalue"]


def test_interrupting_while_it_is_sent(kernel: Kernel) -> None:
    """Whenever Stop comes, there is no traceback, and the next run of the cell finishes the work once."""
    kernel.run("box.configure(seconds=(1.0, 1.0))\nbefore = len(box.state()['creates'])")
    for number in range(4):
        code = f"%%generate -m {LATER} -q\na fox stopped early, number {number}"
        message = kernel.send(code)
        with pytest.raises(queue.Empty):
            kernel.client.get_stdin_msg(timeout=0.02 * number + 0.005)  # passes a little time; nothing comes there
        kernel.manager.interrupt_kernel()
        cell = kernel.finish(message, replied=False)
        seen = "\n".join(cell.error["traceback"]) if "error" in cell.kinds else ""
        # Before the magic begins and after it has returned, Stop is IPython's own.
        ours = not seen or cell.error["ename"] == "Stopped"
        assert len(seen.splitlines()) <= 1 if ours else "notebookgen/" not in seen.replace("\\", "/"), seen
        assert kernel.run(code).outputs == []
    assert kernel.value("len(box.state()['creates']) - before") == "4"
    kernel.run("box.configure(seconds=(0.02, 0.08))")


def test_a_notebook_run_unattended_keeps_static_outputs(tmp_path: Path, home: Path) -> None:
    """Nbclient runs it without a key; what is saved is text and pictures, no widget, and an error stops the run."""
    import nbclient
    import nbformat

    cells = ["%load_ext notebookgen", "%%generate -o fox\na fox", "fox.path.exists()", "%%generate\na {fxo}", "1 / 0"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    runner = nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
        runner.execute(env=surroundings.environment(os.environ, home.parent))
    assert "InvalidPrompt" in str(caught.value)
    outputs = [cell.outputs for cell in notebook.cells]
    assert [sorted(output.data) for output in outputs[1]] == [["text/plain"], ["image/jpeg", "text/plain"]]
    assert outputs[1][0].data["text/plain"].startswith("saved · ")
    assert outputs[2][0].data["text/plain"] == "True"
    assert (outputs[3][0].ename, outputs[4]) == ("InvalidPrompt", [])
    assert "widgets" not in notebook.metadata
