"""What a callback is believed: the three payload shapes of the services' pages, signatures, and noise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as some

from notebookgen.providers import provider_class
from notebookgen.providers.signing import hmac_sha256
from notebookgen.records import Phase
from notebookgen.webhooks.hints import Hint, read_hint
from scripted import Tailor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.providers import Callback

SECRET = "whsec_made_up"
URL = "https://files.example.com/1.png"
# https://armox.ai/academy/api-webhooks, https://apimodels.app/en/docs/image?p=grok,
# https://apixo.ai/docs/api-reference/webhooks
PAYLOADS: dict[str, dict[str, Any]] = {
    "armox": {"event": "job.completed", "job": {"id": "job_1", "status": "completed", "output": {"outputImage": URL}, "completed_at": "2026-01-01T00:00:00Z"}},
    "apimodels": {"code": 200, "msg": "success", "data": {
        "taskId": "job_1", "model": "grok/grok-4.2-image", "state": "completed", "param": "{}", "resultJson": json.dumps({"resultUrls": [URL]}),
        "failCode": None, "failMsg": None, "costTime": 5, "completeTime": 1_700_000_000_000, "createTime": 1_700_000_000_000,
    }},
    "apixo": {"code": 200, "message": "success", "data": {
        "taskId": "job_1", "state": "success", "resultJson": json.dumps({"resultUrls": [URL]}), "costTime": 5,
        "createTime": 1_700_000_000_000, "completeTime": 1_700_000_000_000,
    }},
}  # fmt: skip
FAILED: dict[str, dict[str, Any]] = {
    "armox": {"status": "failed", "output": None},
    "apimodels": {"state": "failed", "resultJson": None, "failMsg": "Content policy violation"},
    "apixo": {"state": "failed", "resultJson": None, "failCode": "NSFW_DETECTED", "failMsg": "no"},
}
BUSY: dict[str, dict[str, Any]] = {
    "armox": {"status": "processing"},
    "apimodels": {"state": "processing"},
    "apixo": {"state": "processing"},
}
SERVICES = tuple(PAYLOADS)


def payload(service: str, change: dict[str, Any] | None = None) -> bytes:
    """Return a payload as its page has it, with changes to what it says of the job."""
    told = json.loads(json.dumps(PAYLOADS[service]))
    told["job" if service == "armox" else "data"] |= change or {}
    return json.dumps(told).encode()


def read(service: str, body: bytes, *, secret: str | None = None, signed_with: str | None = None) -> Hint | None:
    """Read a payload, with a signature where one is told."""
    headers = {"x-armox-signature": hmac_sha256(signed_with, body)} if signed_with is not None else {}
    return read_hint(provider_class(service)(), headers, body, secret=secret)


@pytest.mark.parametrize("service", SERVICES)
def test_who_signs_nothing_is_not_taken_at_his_word(service: str) -> None:
    """Without a signature that was checked, a payload names a job and says that it is over, and nothing more."""
    named = None if service == "armox" else "job_1"  # a body that ought to be signed is not even read
    over = None if service == "armox" else True
    assert Hint(named, over) == read(service, payload(service))
    assert Hint(named, over) == read(service, payload(service, FAILED[service]))
    assert Hint(named, None if over is None else False) == read(service, payload(service, BUSY[service]))


@pytest.mark.parametrize("service", ["apimodels", "apixo"])
def test_a_secret_proves_nothing_of_a_service_that_does_not_sign(service: str) -> None:
    """Whatever secret is at hand and whatever signature came along: an unsigned payload stays one."""
    assert Hint("job_1", over=True) == read(service, payload(service), secret=SECRET, signed_with=SECRET)


def test_what_armox_has_signed_is_its_word() -> None:
    """With its secret, the payload is read like the answer to a look; of any other body nothing is."""
    body = payload("armox")
    hint = read("armox", body, secret=SECRET, signed_with=SECRET)
    assert hint is not None
    assert hint.job is not None
    assert ("job_1", True, Phase.COMPLETED, (URL,)) == (
        hint.job_id,
        hint.over,
        hint.job.phase,
        tuple(one.url for one in hint.job.outputs),
    )
    assert read("armox", body, secret=SECRET) is None
    assert read("armox", body, secret=SECRET, signed_with="whsec_another") is None
    forged = read_hint(
        provider_class("armox")(), {"x-armox-signature": hmac_sha256(SECRET, body)}, body + b" ", secret=SECRET
    )
    assert forged is None


@pytest.mark.parametrize("service", SERVICES)
@given(
    body=some.binary(max_size=300)
    | some.recursive(
        some.none() | some.booleans() | some.integers() | some.text(),
        lambda one: (
            some.lists(one)
            | some.dictionaries(
                some.sampled_from(["job", "data", "id", "taskId", "state", "status", "resultJson", "code"]), one
            )
        ),
    ).map(lambda told: json.dumps(told).encode())
)
def test_noise_is_a_hint_at_most(service: str, body: bytes) -> None:
    """Whatever stands in a body, reading it raises nothing and believes nothing."""
    hint = read(service, body)
    assert hint is not None
    assert hint.job is None
    assert read("armox", body, secret=SECRET) is None


@pytest.mark.parametrize("service", SERVICES)
def test_deep_and_empty_bodies_are_hints_at_most(service: str) -> None:
    """Nesting without end, no body and half a body are no harm."""
    for body in (b"", b"{", b"[" * 500_000, payload(service)[:-5], b"null", b"\xff\xfe"):
        assert Hint() == read(service, body)


class Rude(Tailor):
    """A third party's adapter with a bug."""

    signing_variable: ClassVar[str] = ""

    def read_callback(self, headers: Mapping[str, str], body: bytes, *, secret: str | None) -> Callback | None:
        raise ZeroDivisionError


class RudeSigner(Rude):
    """Another one, of a service that signs."""

    signing_variable: ClassVar[str] = "RUDE_WEBHOOK_SECRET"


def test_a_bug_in_an_adapter_is_no_word_of_its_service() -> None:
    """What an adapter cannot read leads to one look, and to none where it should have been signed."""
    assert Hint() == read_hint(Rude(), {}, b"{}", secret=None)
    assert Hint() == read_hint(RudeSigner(), {}, b"{}", secret=None)
    assert read_hint(RudeSigner(), {}, b"{}", secret=SECRET) is None


def test_an_adapter_is_given_an_address_where_it_reads_callbacks() -> None:
    """The three services call back; an adapter that reads no callbacks is never asked to have one sent."""
    assert [True] * 3 == [provider_class(name)().calls_back for name in SERVICES]
    assert (False, True) == (Tailor().calls_back, Rude().calls_back)
