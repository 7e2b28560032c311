"""What a create came to, for every status and every code in a body: refused only where the provider provably said no."""

from __future__ import annotations

import json
import math
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notebookgen.errors import (
    Forbidden,
    InsufficientFunds,
    InvalidKey,
    NotebookgenError,
    NotFound,
    NotSent,
    ProviderBroken,
    RateLimited,
    Refused,
    ReplyLost,
    UnexpectedResponse,
)
from notebookgen.jobs.outcomes import Accepted, NeverSent, RefusedCreate, Unclear, outcome_of
from notebookgen.normal import shown_line
from notebookgen.providers import Fault, fault_error, provider_class, provider_names, verdict
from notebookgen.records import Generation, Realm
from notebookgen.wire import HttpResponse
from wire_samples import cases, hostile_replies, sample

NAMES = ("apimodels", "apixo", "armox")
UNCLEAR_4XX = (408, 409, 425, 499)
STATUSES = [*range(200, 209), 226, *range(300, 309), *range(400, 452), 499, *range(500, 512), 520, 522, 524, 599]
# Whether a code in the body of an HTTP 200 is read at all: Armox's pages have none.
SPEAKS_IN_BODY = ("apimodels", "apixo")
KINDS = {401: InvalidKey, 402: InsufficientFunds, 403: Forbidden, 404: NotFound, 429: RateLimited}


def wanted(name: str) -> Generation:
    """Return something that a provider can make."""
    model = provider_class(name)().catalogue()[0]
    return Generation(Realm(name, "0" * 12), model.id, "a fox", kind=model.kind)


def came_to(name: str, status: int, body: Any = None, **headers: str) -> Any:
    """Return what a create with that reply came to."""
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return outcome_of(provider_class(name)(), wanted(name), HttpResponse(status, headers, raw))


def refused(code: int) -> bool:
    """Whether that code is a refusal: the rule, said once more and on its own."""
    return 400 <= code <= 499 and code not in UNCLEAR_4XX


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_without_a_job(name: str, status: int) -> None:
    """A 4xx is a refusal but for 408, 409, 425 and 499; whatever else has no job in it is unclear, an empty 2xx included."""
    bodies = [None, {}, [], {"message": "words"}, b"<html><body>gateway</body></html>", b'{"half": ']
    expected = RefusedCreate if refused(status) else Unclear

    assert [expected] * len(bodies) == [type(came_to(name, status, body)) for body in bodies]


@pytest.mark.parametrize("name", SPEAKS_IN_BODY)
@pytest.mark.parametrize("code", [code for code in STATUSES if code >= 300])
def test_every_code_in_the_body_of_a_200(name: str, code: int) -> None:
    """A code in the body counts like an HTTP status, with whatever stands beside it."""
    expected = RefusedCreate if refused(code) else Unclear

    assert expected is type(came_to(name, 200, {"code": code, "message": "no", "data": None}))


@pytest.mark.parametrize("name", SPEAKS_IN_BODY)
@pytest.mark.parametrize(("status", "code"), list(product((400, 402, 422, 429), (408, 500, 503))))
def test_where_status_and_body_disagree_the_doubt_wins(name: str, status: int, code: int) -> None:
    """A refusal on one level and a 5xx on the other leave it open: held, never sent again by itself."""
    assert Unclear is type(came_to(name, status, {"code": code, "message": "no", "data": None}))
    assert Unclear is type(came_to(name, code, {"code": status, "message": "no", "data": None}))


@given(st.integers(100, 999), st.integers(-1000, 10_000))
def test_the_verdict_is_refused_only_without_any_doubt(status: int, code: int) -> None:
    """Over all pairs of status and code: no 5xx, no redirect and no unclear 4xx anywhere, and one plain 4xx at least."""
    pair = (status, code)
    plain = any(map(refused, pair)) and not any(
        one >= 500 or 300 <= one < 400 or (400 <= one < 500 and not refused(one)) for one in pair
    )

    assert ("refused" if plain else "ambiguous") == verdict(Fault(status, code))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("code", [400, *KINDS, 413, 422, 451])
def test_a_refusal_says_who_must_act(name: str, code: int) -> None:
    """Each refusal is its own error, says that nothing was charged, and 401, 402 and 403 stop the account."""
    outcome = came_to(name, code, {"code": code, "message": "no such luck", "data": None})

    assert isinstance(outcome, RefusedCreate)
    assert KINDS.get(code, Refused) is type(outcome.error)
    assert (code, code in {401, 402, 403}) == (outcome.error.code, outcome.stops_account)
    assert "Nothing was charged." in str(outcome.error)
    assert (code == 429) == (outcome.again is not None)
    if Refused is type(outcome.error):
        assert f"ng.Client().model('{wanted(name).full_model}').settings" in str(outcome.error)


@pytest.mark.parametrize("name", NAMES)
def test_a_429_is_tried_again_when_it_may_be(name: str) -> None:
    """The provider's own wait is kept; without one there is a short one, at Armox the minute that its newer page waits."""
    told = came_to(name, 429, {"code": 429, "message": "slow down"}, **{"retry-after": "7"})
    untold = came_to(name, 429, {"code": 429, "message": "slow down"})

    assert 7.0 == told.again
    assert {"armox": 60.0}.get(name, 5.0) == untold.again


@pytest.mark.parametrize("name", NAMES)
def test_what_the_wire_did_decides_alone(name: str) -> None:
    """What never left is free to try again; what left without a reply is unclear."""
    away, lost = NotSent("no route"), ReplyLost("it broke")
    provider, generation = provider_class(name)(), wanted(name)

    assert NeverSent(away) == outcome_of(provider, generation, away)
    assert Unclear(lost) == outcome_of(provider, generation, lost)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_with_a_job_in_it_is_no_job(name: str, status: int) -> None:
    """A redirect is never followed nor believed, whatever its body says."""
    job = {"code": 200, "data": {"taskId": "t", "id": "t", "state": "pending"}, "id": 1, "status": "processing"}

    assert Unclear is type(came_to(name, status, job, location="https://elsewhere.example"))


@pytest.mark.parametrize(("name", "case"), [(name, case) for name in NAMES for case in cases(name)])
def test_recorded_replies_to_a_create_keep_the_rule(name: str, case: str) -> None:
    """Every recorded reply, taken as one to a create, is one of the three outcomes; a 4xx or 5xx is never a job."""
    reply = sample(name, case)
    outcome = outcome_of(provider_class(name)(), wanted(name), reply)

    assert isinstance(outcome, Accepted | RefusedCreate | Unclear)
    if reply.status >= 300:
        assert not isinstance(outcome, Accepted)
    if reply.status >= 500:
        assert isinstance(outcome, Unclear)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50)
@given(data=st.data())
def test_noise_is_never_refused_with_a_2xx_nor_accepted_with_another(name: str, data: st.DataObject) -> None:
    """Whatever bytes come back: no crash; an accepted job needs a 2xx; a 5xx or a redirect is never called free."""
    reply = data.draw(hostile_replies(name))
    outcome = outcome_of(provider_class(name)(), wanted(name), reply)

    assert isinstance(outcome, Accepted | RefusedCreate | Unclear)
    if not 200 <= reply.status < 300:
        assert not isinstance(outcome, Accepted)
    if reply.status >= 500 or 300 <= reply.status < 400 or reply.status in UNCLEAR_4XX:
        assert isinstance(outcome, Unclear)


@given(st.sampled_from(NAMES), st.integers(200, 599), st.integers(0, 999), st.text(max_size=40))
def test_every_fault_has_an_error_of_ours(name: str, status: int, code: int, said: str) -> None:
    """Each fault becomes one of our errors, with the provider's words as far as they may be shown."""
    fault = Fault(status, code, said)
    error = fault_error(provider_class(name)(), fault, "making a picture")

    assert isinstance(error, Refused | ProviderBroken | UnexpectedResponse)
    assert isinstance(error, NotebookgenError)
    assert shown_line(said) in str(error)


@pytest.mark.parametrize("name", SPEAKS_IN_BODY)
@pytest.mark.parametrize(("status", "code"), [(500, 402), (402, 500), (301, 400), (409, 400), (400, 408), (200, 503)])
def test_what_is_unclear_is_never_called_free(name: str, status: int, code: int) -> None:
    """Where one level refuses and the other leaves it open, the error is that of the doubt: it cannot say nothing was charged."""
    said = "words of theirs"
    outcome = came_to(name, status, {"code": code, "message": said, "error": {"message": said}, "data": None})

    assert isinstance(outcome, Unclear)
    assert not isinstance(outcome.error, Refused)
    assert "Nothing was charged" not in str(outcome.error)
    assert said in str(outcome.error)


def test_these_are_all_the_providers_there_are() -> None:
    """A provider that is added has to be added here."""
    assert sorted(NAMES) == list(provider_names())


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("apimodels", 429, {"code": 429, "msg": "slow down", "data": {"taskId": "t1", "state": "pending"}}),
        ("apixo", 200, {"code": 429, "message": "slow down", "data": {"taskId": "t1"}}),
    ],
)
def test_a_refusal_that_names_a_job_is_no_refusal(name: str, status: int, body: dict[str, object]) -> None:
    """Where a job is named there may be one: it is held and named to the person, not sent again."""
    provider = provider_class(name)()
    generation = Generation(Realm(name, "0" * 12), provider.catalogue()[0].id, "a fox", kind="image")
    outcome = outcome_of(provider, generation, HttpResponse(status, {}, json.dumps(body).encode()))

    assert isinstance(outcome, Unclear)
    assert "names job t1" in str(outcome.error)


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize(
    ("model", "meant"),
    [("apixo:nano-bananna", "'apixo:nano-banana'"), ("apimodels:gpt-image-2-lit", "'apimodels:gpt-image-2-lite'")],
)
def test_a_slip_in_a_models_name_is_answered_with_what_was_meant(status: int, model: str, meant: str) -> None:
    """Where nobody lists the models live, it is passed on; the refusal names the near misses, and no address."""
    name = model.partition(":")[0]
    provider = provider_class(name)(base_url="http://127.0.0.1:9/v1")
    told = str(fault_error(provider, Fault(status, status, "no such model"), "starting it", model=model, sandbox=True))
    other = str(fault_error(provider, Fault(status, status, "no"), "starting it", model=f"{name}:zzzz", sandbox=True))

    assert f"Did you mean {meant}" in told
    assert "127.0.0.1" not in told
    assert "Did you mean" not in other


@pytest.mark.parametrize(
    ("asked", "when"),
    [(None, "in a minute"), (0.0, "in a minute"), (90.0, "in a minute"), (301.0, "in 6 minutes"), (3600.0, "in 60 minutes"),
     (9000.0, "in 3 hours"), (1e9, "on another day"), (math.inf, "on another day")],
)  # fmt: skip
def test_what_to_do_next_says_when_the_provider_asks_to_be_left_alone(asked: float | None, when: str) -> None:
    """Who is asked to wait for hours is not told to come back in a minute."""
    told = fault_error(provider_class("apixo")(), Fault(429, 429, "slow down", retry_after=asked), "starting it")
    assert f"Nothing was charged. Run again {when}." == str(told).splitlines()[1]
