"""The sandbox as a server: starting and stopping, settings and counts, and jobs that another sandbox finishes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests

from notebookgen.errors import InvalidCall, NotWritable
from notebookgen.sandbox import Behaviour, Fault, Handle, spawn, start
from sandbox_talk import PATIENCE, Talk, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUN = {"model": "sandbox/picture-later", "input": {"prompt": "a fox"}}


@pytest.fixture
def handle() -> Iterator[Handle]:
    with start(seconds=0) as handle:
        yield handle


def test_what_is_exported() -> None:
    """What is listed can be imported, and the package loads no server before it is asked for one."""
    package = import_module("notebookgen.sandbox")
    assert [name for name in package.__all__ if not hasattr(package, name)] == []
    assert dir(package) == package.__all__
    with pytest.raises(AttributeError):
        _ = package.nothing
    code = "import sys; from notebookgen.sandbox import Behaviour, world; Behaviour(); print({'tornado','PIL','av','requests','socket'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert done.stdout.strip() == "set()"


def test_base_urls_mimic_the_services(handle: Handle) -> None:
    """Each service has its own base URL on one origin, on loopback."""
    assert handle.origin.startswith("http://127.0.0.1:")
    assert handle.base_urls == {name: f"{handle.origin}/{name}/api/v1" for name in ("armox", "apimodels", "apixo")}
    assert repr(handle) == f"<ThreadHandle {handle.origin}>"


def test_stop_closes_the_port_and_ends_the_thread() -> None:
    """After stop nothing listens and no thread is left; a second stop and a late question do no harm."""
    handle = start(seconds=60)
    threads = {thread.name for thread in threading.enumerate()}
    assert "notebookgen-sandbox" in threads
    Talk(handle, "armox").post("/models/run", RUN)
    handle.stop()
    handle.stop()
    assert not [
        thread for thread in threading.enumerate() if thread.name == "notebookgen-sandbox" and thread.is_alive()
    ]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", urlsplit(handle.origin).port or 0), 5)
    assert handle.state()["services"]["armox"]["accepted"] == 1


def test_stop_ends_what_is_held_open() -> None:
    """A create that is still being answered does not keep the sandbox from stopping."""
    handle = start(seconds=60)
    outcome: list[Any] = []

    def ask() -> None:
        try:
            outcome.append(
                Talk(handle, "armox").post("/models/run", {"model": "sandbox/picture", "input": {"prompt": "x"}})
            )
        except requests.ConnectionError as error:
            outcome.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: handle.state()["services"]["armox"]["accepted"])
    handle.stop()
    thread.join(PATIENCE)
    assert [type(each) for each in outcome] == [requests.ConnectionError]


def test_a_port_that_is_taken(handle: Handle) -> None:
    """A port that is in use is an error that says what to do."""
    with pytest.raises(NotWritable, match="--port 0"):
        start(port=urlsplit(handle.origin).port or 0)


def test_an_unknown_behaviour_is_an_error() -> None:
    """A misspelt setting is refused with the near miss, before anything listens."""
    with pytest.raises(InvalidCall, match="'credits'"):
        start(credit=5)


def test_settings_over_http(handle: Handle) -> None:
    """The behaviour is read and changed over HTTP, without keys in the answer."""
    url = handle.origin + "/sandbox/behaviour"
    with requests.Session() as session:
        session.trust_env = False
        changed = session.patch(
            url, json={"fail": 0.5, "keys": ["sk_secret"], "misbehave": [{"kind": "stall"}]}, timeout=PATIENCE
        )
        assert (changed.status_code, changed.json()["fail"]) == (200, 0.5)
        assert "sk_secret" not in changed.text
        assert handle.behaviour.misbehave == (Fault(kind="stall"),)
        assert session.patch(url, json={"nonsense": 1}, timeout=PATIENCE).status_code == 400
        assert session.patch(url, data=b"[]", timeout=PATIENCE).status_code == 400
        assert session.patch(url, json={"seconds": "x"}, timeout=PATIENCE).status_code == 400
        assert session.get(url, timeout=PATIENCE).json()["seconds"] == [0, 0]
        assert session.get(handle.origin + "/sandbox/other", timeout=PATIENCE).status_code == 404
        assert session.get(handle.origin + "/else", timeout=PATIENCE).status_code == 404


def test_only_loopback_names_are_answered(handle: Handle) -> None:
    """A web page that rebinds its own name to this machine gets nothing."""
    with requests.Session() as session:
        session.trust_env = False
        for host, status in [("evil.example", 421), ("localhost", 200), ("127.0.0.1:1", 200)]:
            assert (
                session.get(handle.origin + "/sandbox/state", headers={"Host": host}, timeout=PATIENCE).status_code
                == status
            )


def test_the_providers_side_is_counted(handle: Handle) -> None:
    """State tells accepted creates with their bodies, keys as fingerprints, and requests by route and status."""
    api = Talk(handle, "armox", "sk_live_secret")
    job = api.post("/models/run", RUN).json()["id"]
    api.post("/models/run", {"model": "none"})
    api.get(f"/jobs/{job}")
    state = handle.state()
    assert state["services"]["armox"] | {"left": {}} == {
        "accepted": 1,
        "refused": 1,
        "left": {},
        "unit": "credits",
        "charged": 55,
        "refunded": 0,
    }
    assert state["requests"] == {"armox create": {"202": 1, "400": 1}, "armox status": {"200": 1}}
    (create,) = state["creates"]
    assert (create["id"], create["model"], create["body"], create["cost"]) == (job, RUN["model"], RUN, 55)
    assert state["jobs"] == {"completed": 1}
    assert "sk_live_secret" not in json.dumps(state)


def test_long_texts_are_shortened_in_the_count(handle: Handle) -> None:
    """A body's long text does not make the state unreadable."""
    Talk(handle, "armox").post("/models/run", {"model": "sandbox/picture", "input": {"prompt": "fox " * 5000}})
    assert handle.state()["creates"][0]["body"]["input"]["prompt"].endswith("… (20000 characters)")


@pytest.mark.parametrize("prompt", ["x" * 20_000, "🦊 مرحبا \u202e\0\n<script>", "\ud800"])
def test_any_prompt_is_taken(handle: Handle, prompt: str) -> None:
    """Whatever is in a prompt, the job comes back with it."""
    api = Talk(handle, "armox")
    job = api.post("/models/run", {"model": "sandbox/picture-later", "input": {"prompt": prompt}}).json()["id"]
    assert api.get(f"/jobs/{job}").json()["input_data"] == {"input": {"prompt": prompt}}
    assert handle.state()["mishaps"] == 0


def test_many_at_once(handle: Handle) -> None:
    """Creates from many threads are all accepted, each with an id of its own."""
    ids: list[str] = []

    def ask() -> None:
        api = Talk(handle, "armox")
        ids.extend(api.post("/models/run", RUN).json()["id"] for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(set(ids)) == 80
    assert handle.state()["services"]["armox"]["charged"] == 80 * 55


def test_another_sandbox_finishes_the_job() -> None:
    """A job of a sandbox that is gone is found by a new one, with addresses on the new origin; its list starts empty."""
    with start(seconds=0) as first:
        armox = Talk(first, "armox").post("/models/run", RUN).json()["id"]
        task = (
            Talk(first, "apixo")
            .post("/generateTask/nano-banana", {"input": {"mode": "text-to-image", "prompt": "a fox"}})
            .json()["data"]["taskId"]
        )
        image = (
            Talk(first, "apimodels")
            .post("/images/generations", {"model": "gpt-image-2", "prompt": "a fox"})
            .json()["data"]["taskId"]
        )
    with start() as second:
        job = Talk(second, "armox").get(f"/jobs/{armox}").json()
        assert (job["status"], job["input_data"], job["credits_charged"]) == (
            "completed",
            {"input": {"prompt": "a fox"}},
            55,
        )
        assert job["output_data"]["outputImage"].startswith(second.origin)
        assert Talk(second, "armox").get("/jobs").json()["data"] == []
        assert Talk(second, "apixo").get(f"/statusTask/nano-banana?taskId={task}").json()["data"]["state"] == "success"
        assert (
            Talk(second, "apimodels").get(f"/images/generations?task_id={image}").json()["data"]["state"] == "completed"
        )
        assert second.state()["services"]["armox"]["charged"] == 0


def test_a_child_process_has_the_same_handle() -> None:
    """A sandbox in a process of its own is configured, asked and stopped in the same way."""
    with spawn(seconds=0, keys=["sk_live_teacher"], credits=100) as child:
        api = Talk(child, "armox")
        assert api.post("/models/run", RUN).status_code == 202
        assert Talk(child, "armox", "sk_live_other").get("/account").status_code == 401
        child.configure(credits=500, misbehave=[Fault(kind="status", status=503)])
        assert api.get("/account").json()["credits"] == 500
        assert api.post("/models/run", RUN).status_code == 503
        assert child.behaviour.credits == 500
        assert child.behaviour.misbehave == (Fault(kind="status", status=503),)
        assert child.state()["services"]["armox"]["accepted"] == 1
        with pytest.raises(InvalidCall):
            child.configure(nonsense=1)
        port = urlsplit(child.origin).port or 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), 5)


def test_a_child_process_dies_with_its_parent() -> None:
    """A parent that is killed, without a chance to tidy up, takes its sandbox along."""
    code = (
        "import sys; from notebookgen.sandbox import spawn; h = spawn(); print(h.origin, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        port = urlsplit(parent.stdout.readline().strip()).port or 0
        socket.create_connection(("127.0.0.1", port), 5).close()
        parent.kill()

    def gone() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            return True
        return False

    assert until(gone)


def test_serving_ends_on_sigterm() -> None:
    """The command says where it listens in one line of JSON, and ends well when told to."""
    command = [sys.executable, "-m", "notebookgen.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["base_urls"]["armox"] == ready["origin"] + "/armox/api/v1"
        process.terminate()
        assert process.wait(PATIENCE) == 0


ENDS_WHILE_PAINTING = """
import threading
import notebookgen as ng
with_sandbox = ng.sandbox()
ng.generate("a fox", samples=6, background=True, max_new=10)
while not any(account["accepted"] for account in with_sandbox.state()["services"].values()):
    threading.Event().wait(0.02)  # nobody sets it
"""


@pytest.mark.slow
def test_a_process_that_ends_while_its_sandbox_paints_ends_quietly(home: Path) -> None:
    """A script that asked for six pictures and is over before they are: no traceback of threads that are gone."""
    command = [sys.executable, "-c", ENDS_WHILE_PAINTING]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=PATIENCE,
        env={**os.environ, "NOTEBOOKGEN_HOME": str(home)},
    )  # fmt: skip

    assert "" == done.stderr


def test_the_defaults() -> None:
    """Without a word said, jobs take a moment, nothing fails, any key is good."""
    behaviour = Behaviour()
    assert (behaviour.seconds, behaviour.fail, behaviour.keys, behaviour.rate_limit, behaviour.misbehave) == (
        (0.3, 1.2),
        0,
        None,
        None,
        (),
    )
