"""A look at a job is believed only where it is about that job, however the reply spells whose it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from notebookgen.errors import UnexpectedResponse
from notebookgen.providers import provider_class, read_look
from notebookgen.records import JobRef, Phase
from notebookgen.wire import HttpResponse

URL = "https://files.example/y.png"
ENDS: dict[str, dict[str, Any]] = {
    "apimodels": {"state": "completed", "resultUrls": [URL]},
    "apixo": {"state": "success", "resultJson": json.dumps({"resultUrls": [URL]})},
}
MODELS = {"apimodels": "gpt-image-2", "apixo": "nano-banana"}
SPELLINGS = ("taskId", "task_id")


def look(name: str, beside: dict[str, Any], inside: dict[str, Any]) -> tuple[str | None, Phase, list[str | None]]:
    """Return what is made of a reply to a look at ``J1``, with some fields in ``data`` and some beside it."""
    body = {"code": 200, **beside, "data": {**ENDS[name], **inside}}
    response = HttpResponse(200, body=json.dumps(body).encode())
    provider = provider_class(name)()
    job = read_look(provider, response, JobRef("J1", MODELS[name], "image", "images/generations"), "asking about a job")
    return job.id, job.phase, [one.url for one in job.outputs]


@pytest.mark.parametrize("name", ENDS)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("place", ["inside", "beside"])
def test_another_job_is_another_in_every_spelling(name: str, spelling: str, place: str) -> None:
    """``taskId`` or ``task_id``, in ``data`` or beside it: its file is not taken for ours, and ours is."""

    def named(id: str) -> dict[str, dict[str, Any]]:
        return {"inside": {}, "beside": {}} | {place: {spelling: id}}

    with pytest.raises(UnexpectedResponse, match="asked about job J1 and answered about job J2"):
        look(name, **named("J2"))
    assert ("J1", Phase.COMPLETED, [URL]) == look(name, **named("J1"))
    assert ("j1", Phase.COMPLETED, [URL]) == look(name, **named("j1"))


@pytest.mark.parametrize("name", ENDS)
def test_the_pages_own_spelling_goes_before_the_others(name: str) -> None:
    """A plain ``id`` may be the request's, or a line's in a table: it never speaks against the job that was asked about."""
    assert "J1" == look(name, {"id": "request-9"}, {})[0]
    assert "J1" == look(name, {}, {"id": 12})[0]
    assert "J1" == look(name, {"id": "request-9"}, {"taskId": "J1", "task_id": "upstream-7", "id": 12})[0]
    assert "J1" == look(name, {"id": "request-9"}, {"task_id": "J1", "id": 12})[0]
    with pytest.raises(UnexpectedResponse, match="about job J2"):
        look(name, {"id": "J1"}, {"taskId": "J2"})


@pytest.mark.parametrize("name", ENDS)
def test_a_reply_that_names_none_is_about_the_job_asked_about(name: str) -> None:
    """Neither page promises that the id is said again."""
    for nothing in ({}, {"taskId": None}, {"taskId": ""}, {"id": None}):
        assert "J1" == look(name, {}, nothing)[0]
