"""What can go wrong with the sandbox's callbacks: each service's payload, twice, forged, early, late or not at all."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import InvalidCall
from notebookgen.sandbox import Handle, start
from notebookgen.sandbox.behaviour import CALLBACK_FAULTS, Behaviour
from sandbox_talk import Talk, listener, until

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = ("armox", "apimodels", "apixo")


@pytest.fixture
def handle() -> Iterator[Handle]:
    with start(seconds=0.05, immediate=False, callback_delays=[0]) as handle:
        yield handle


def created(handle: Handle, service: str, url: str) -> str:
    """Have a picture made and called back about; return the job's id."""
    path, body = {
        "armox": ("/models/run", {"model": "google/nano-banana", "input": {"prompt": "a fox"}, "webhook_url": url}),
        "apimodels": ("/images/generations", {"model": "gemini-2.5-flash-image", "prompt": "a fox", "callback_url": url}),
        "apixo": ("/generateTask/nano-banana", {"request_type": "callback", "callback_url": url, "input": {"mode": "text-to-image", "prompt": "a fox"}}),
    }[service]  # fmt: skip
    answer = Talk(handle, service).post(path, body).json()
    return str(answer["id"] if service == "armox" else answer["data"]["taskId"])


def said(service: str, body: bytes) -> tuple[str, str]:
    """Return which job a payload names, and in which state."""
    told: Any = json.loads(body)
    return (
        (told["job"]["id"], told["job"]["status"])
        if service == "armox"
        else (told["data"]["taskId"], told["data"]["state"])
    )


def signed(headers: dict[str, str], body: bytes) -> bool:
    """Whether Armox's secret has signed a payload."""
    mark = hmac.new(b"whsec_sandbox", body, hashlib.sha256).hexdigest()
    return headers.get("X-Armox-Signature") == f"sha256={mark}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_duplicate_is_the_same_payload_again(handle: Handle, service: str) -> None:
    """Byte for byte, and both are noted."""
    handle.configure(callback_faults=["duplicate"])
    with listener() as (url, heard):
        created(handle, service, url)
        until(lambda: len(handle.state()["callbacks"]) == 2)
    assert heard[0][1] == heard[1][1]
    assert [200, 200] == [each["answer"] for each in handle.state()["callbacks"]]


@pytest.mark.parametrize("service", SERVICES)
def test_a_forged_one_comes_before_the_true_one(handle: Handle, service: str) -> None:
    """It names the job and says that it has failed; Armox's signature does not hold for it."""
    handle.configure(callback_faults=["forged"])
    with listener() as (url, heard):
        job = created(handle, service, url)
        until(lambda: handle.state()["callbacks"])
    (false, true) = [said(service, body) for _, body in heard]
    assert ((job, "failed"), job) == (false, true[0])
    assert true[1] in {"completed", "success"}
    assert ([False, service == "armox"]) == [signed(headers, body) for headers, body in heard]
    assert 1 == len(handle.state()["callbacks"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_lost_one_is_noted_and_not_sent(handle: Handle, service: str) -> None:
    """Nobody is called; the services' side knows that it ought to have been."""
    handle.configure(callback_faults=["lost"])
    with listener() as (url, heard):
        created(handle, service, url)
        until(lambda: handle.state()["callbacks"])
    assert ([], ["lost"]) == (heard, [each["answer"] for each in handle.state()["callbacks"]])


@pytest.mark.parametrize("service", SERVICES)
def test_an_early_one_comes_before_the_reply_to_the_create(handle: Handle, service: str) -> None:
    """When the create is answered, the callback has been heard."""
    handle.configure(callback_faults=["early"])
    with listener() as (url, heard):
        job = created(handle, service, url)
        assert [job] == [said(service, body)[0] for _, body in heard]


def test_a_late_one_comes_some_time_after_the_end(handle: Handle) -> None:
    """It says when the job was over, which is as long ago as was asked for."""
    handle.configure(callback_late=0.5)
    with listener() as (url, heard):
        created(handle, "apixo", url)
        until(lambda: heard)
        now = time.time()
    assert now - json.loads(heard[0][1])["data"]["completeTime"] / 1000 >= 0.5


def test_faults_that_are_none_are_refused() -> None:
    """The message lists what there is."""
    for wrong in ("duplicate", ["twice"], None, 5):
        with pytest.raises(InvalidCall, match="callback_faults") as caught:
            Behaviour.of({"callback_faults": wrong})
        assert all(name in str(caught.value) for name in CALLBACK_FAULTS)
    assert ("lost", "early") == Behaviour.of({"callback_faults": ["lost", "early"]}).callback_faults
