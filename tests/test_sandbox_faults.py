"""Each way in which the sandbox misbehaves, as a client on the wire sees it, and what the provider counts."""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from notebookgen.sandbox import Fault, Handle, start
from sandbox_talk import PATIENCE, Talk, until

if TYPE_CHECKING:
    from collections.abc import Iterator

CREATE = (
    "POST",
    "/generateTask/nano-banana",
    {"request_type": "async", "input": {"mode": "text-to-image", "prompt": "a fox"}},
)


@pytest.fixture
def handle() -> Iterator[Handle]:
    with start(seconds=0) as handle:
        yield handle


@pytest.fixture
def api(handle: Handle) -> Talk:
    return Talk(handle, "apixo")


def raw(handle: Handle, method: str, path: str, body: Any = None) -> bytes:
    """Send one request on a bare socket and return all that comes back until the connection closes."""
    parts = urlsplit(handle.base_urls["apixo"])
    data = b"" if body is None else json.dumps(body).encode()
    with socket.create_connection((parts.hostname, parts.port), PATIENCE) as wire:
        head = f"{method} {parts.path}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer k\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
        wire.sendall(head.encode() + data)
        received = b""
        while part := wire.recv(65536):
            received += part
    return received


def accepted(handle: Handle) -> int:
    """Return how many creates APIXO accepted, by the provider's own count."""
    return int(handle.state()["services"]["apixo"]["accepted"])


@pytest.mark.parametrize(("kind", "count"), [("lost_before", 0), ("lost_after", 1)])
def test_a_lost_connection(handle: Handle, kind: str, count: int) -> None:
    """The connection closes without a byte; only the provider knows whether the create was accepted and charged."""
    handle.configure(misbehave=[Fault(kind=kind)])
    assert raw(handle, *CREATE) == b""
    assert accepted(handle) == count
    assert (handle.state()["services"]["apixo"]["charged"] > 0) == bool(count)
    assert handle.state()["faults"] == [1]


@pytest.mark.parametrize(
    ("fault", "status", "count"),
    [
        (Fault(kind="status", status=500), 500, 0), (Fault(kind="status", status=500, accepted=True), 500, 1), (Fault(kind="status", status=503), 503, 0),
        (Fault(kind="status", status=429, headers=(("Retry-After", "7"),)), 429, 0), (Fault(kind="status", status=502, body="<html>Bad Gateway</html>"), 502, 0),
        (Fault(kind="redirect"), 301, 0), (Fault(kind="redirect", status=307, accepted=True), 307, 1), (Fault(kind="garbage"), 200, 1),
        (Fault(kind="empty"), 200, 1), (Fault(kind="list_instead"), 200, 1), (Fault(kind="html"), 200, 1), (Fault(kind="garbage", accepted=False), 200, 0),
        (Fault(kind="stall", seconds=0.01), 200, 1), (Fault(kind="drip", seconds=0.01), 200, 1),
    ],
)  # fmt: skip
def test_a_create_that_is_answered_badly(api: Talk, handle: Handle, fault: Fault, status: int, count: int) -> None:
    """A reply gone wrong has the status it says, and a create behind it that was carried out, or not, as the fault says."""
    handle.configure(misbehave=[fault])
    assert api.send(*CREATE).status_code == status
    assert accepted(handle) == count
    assert api.send(*CREATE).json()["code"] == 200
    assert accepted(handle) == count + 1


def test_what_the_bodies_hold(api: Talk, handle: Handle) -> None:
    """Statuses come in the service's own shape or the given body; garbage is no JSON; a page is markup."""

    def said(**fault: Any) -> Any:
        handle.configure(misbehave=[Fault(**fault)])
        return api.send(*CREATE)

    assert said(kind="status", status=503).json() == {"code": 503, "message": "Service Unavailable", "data": None}
    assert said(kind="status", status=429, headers=(("Retry-After", "7"),)).headers["Retry-After"] == "7"
    gateway = said(kind="status", status=502, body="<html>Bad Gateway</html>")
    assert (gateway.headers["Content-Type"], gateway.text) == ("text/html", "<html>Bad Gateway</html>")
    with pytest.raises(ValueError, match=r"Expecting value|decode"):
        said(kind="garbage").json()
    assert isinstance(said(kind="list_instead").json(), list)
    assert said(kind="empty").content == b""
    assert said(kind="html").headers["Content-Type"] == "text/html"


def test_who_follows_a_redirect_is_seen(api: Talk, handle: Handle) -> None:
    """A redirect leads to a place that notes who came, and whether a key came along."""
    handle.configure(misbehave=[Fault(kind="redirect")])
    place = api.send(*CREATE).headers["Location"]
    assert handle.state()["strays"] == []
    api.send("POST", place)
    assert handle.state()["strays"] == [{"method": "POST", "authorization": True, "bytes": 0}]


def test_half_a_reply(handle: Handle) -> None:
    """The length of the whole is announced, half of it comes, the connection closes."""
    handle.configure(misbehave=[Fault(kind="half")])
    head, _, body = raw(handle, *CREATE).partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert 0 < len(body) < length
    assert accepted(handle) == 1


def test_a_wrong_length(handle: Handle) -> None:
    """More comes than is announced."""
    handle.configure(misbehave=[Fault(kind="wrong_length")])
    head, _, body = raw(handle, *CREATE).partition(b"\r\n\r\n")
    assert len(body) > int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


def test_a_huge_reply(handle: Handle) -> None:
    """A body of the given size comes without saying so beforehand."""
    handle.configure(misbehave=[Fault(kind="huge", size=3_000_000)])
    head, _, body = raw(handle, *CREATE).partition(b"\r\n\r\n")
    assert b"content-length" not in head.lower()
    assert len(body) >= 3_000_000


def test_a_client_may_leave_in_the_middle(api: Talk, handle: Handle) -> None:
    """Whoever hangs up during a huge or slow reply does the sandbox no harm."""
    handle.configure(
        misbehave=[
            Fault(kind="huge", size=500_000_000),
            Fault(kind="drip", seconds=30),
            Fault(kind="stall", seconds=30),
        ]
    )
    parts = urlsplit(handle.origin)
    for _ in range(3):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
        connection.request(
            "POST", "/apixo/api/v1/generateTask/nano-banana", json.dumps(CREATE[2]), {"Authorization": "Bearer k"}
        )
        until(lambda: sum(handle.state()["faults"]) >= 1)
        connection.close()
    assert api.send(*CREATE).status_code == 200
    assert handle.state()["mishaps"] == 0


@pytest.mark.parametrize(
    ("purpose", "path"), [("status", "/statusTask/nano-banana?taskId={task}"), ("balance", "/apikeys/current-balance")]
)
def test_faults_strike_where_they_are_meant_to(api: Talk, handle: Handle, purpose: str, path: str) -> None:
    """A fault for one service and purpose leaves everything else alone."""
    task = api.send(*CREATE).json()["data"]["taskId"]
    handle.configure(misbehave=[Fault(kind="status", status=500, service="apixo", purpose=purpose)])
    assert Talk(handle, "armox").get("/account").status_code == 200
    assert api.send(*CREATE).status_code == 200
    assert [api.get(path.format(task=task)).status_code for _ in range(2)] == [500, 200]


def test_every_purpose_can_be_struck(handle: Handle) -> None:
    """Each kind of request of each service is known by its purpose."""
    armox, apimodels, apixo = (Talk(handle, name) for name in ("armox", "apimodels", "apixo"))
    handle.configure(misbehave=[Fault(kind="empty", purpose="*", count=None, accepted=True)])
    armox.post("/models/run", {"model": "sandbox/picture", "input": {"prompt": "x"}})
    job = handle.state()["creates"][0]["id"]
    for method, path in [
        ("GET", f"/jobs/{job}"),
        ("GET", "/jobs"),
        ("POST", f"/jobs/{job}/cancel"),
        ("GET", "/models"),
        ("GET", "/account"),
        ("GET", "/apps"),
        ("GET", "/x"),
    ]:
        armox.send(method, path)
    apimodels.send("POST", "/files", {"filename": "a", "contentType": "b"})
    apixo.send(*CREATE)
    seen = set(handle.state()["requests"])
    assert seen == {
        f"armox {word}" for word in ("create", "status", "list", "cancel", "models", "balance", "apps", "other")
    } | {"apimodels upload", "apixo create"}
    assert all(list(counts) == ["empty"] for counts in handle.state()["requests"].values())
