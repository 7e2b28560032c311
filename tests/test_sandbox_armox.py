"""The sandbox's Armox against the tables of its pages."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.sandbox import Fault, Handle, start
from sandbox_talk import Talk, listener, until

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = {"model": "sandbox/picture", "input": {"prompt": "a fox"}}
LATER = {"model": "sandbox/picture-later", "input": {"prompt": "a fox"}}
URL = "https://example.com/cat.png"


@pytest.fixture
def handle() -> Iterator[Handle]:
    with start(seconds=0) as handle:
        yield handle


@pytest.fixture
def armox(handle: Handle) -> Talk:
    return Talk(handle, "armox")


def test_models_have_the_printed_fields(armox: Talk) -> None:
    """Every model carries the fields of the page, and settings of every kind with unknown extra keys."""
    reply = armox.get("/models").json()
    assert reply["object"] == "list"
    banana = reply["data"][0]
    assert (banana["id"], banana["name"], banana["modality"], banana["cost"]) == (
        "google/nano-banana",
        "Nano Banana",
        "image",
        70,
    )
    for model in reply["data"]:
        assert {
            "id",
            "name",
            "modality",
            "cost",
            "inputTypes",
            "promptRequired",
            "outputType",
            "description",
            "settings",
        } <= model.keys()
        for setting in model["settings"]:
            assert {"key", "label", "inputType"} <= setting.keys()
    kinds = {setting["inputType"] for model in reply["data"] for setting in model["settings"]}
    assert kinds == {"select", "slider", "number", "toggle", "text", "textarea"}
    assert {model["modality"] for model in reply["data"]} == {"image", "video", "audio", "3d", "text"}


def test_jobs_take_as_long_as_they_are_told_to(handle: Handle, armox: Talk) -> None:
    """Durations are taken in the order in which jobs are accepted, and again from the first when all were taken."""
    handle.configure(durations=[0.02, 0.05], immediate=False)
    took = []
    for number in range(3):
        job = armox.post("/models/run", {"model": "sandbox/text", "input": {"prompt": f"fox {number}"}}).json()["id"]
        over = until(lambda job=job: one if (one := armox.get(f"/jobs/{job}").json())["completed_at"] else None)
        moments = [datetime.fromisoformat(over[name]) for name in ("created_at", "completed_at")]
        took.append(round((moments[1] - moments[0]).total_seconds(), 3))

    assert [0.02, 0.05, 0.02] == took


def test_a_picture_comes_at_once(armox: Talk) -> None:
    """An image model answers 200 with `output`, exactly the keys of the page."""
    reply = armox.post(
        "/models/run", {"model": "google/nano-banana", "input": {"prompt": "a fox", "image_input": [URL]}}
    )
    job = reply.json()
    assert reply.status_code == 200
    assert list(job) == [
        "id",
        "object",
        "status",
        "model",
        "output",
        "error",
        "credits_charged",
        "created_at",
        "completed_at",
    ]
    assert (job["object"], job["status"], job["model"], job["error"], job["credits_charged"]) == (
        "job",
        "completed",
        "google/nano-banana",
        None,
        70,
    )
    assert list(job["output"]) == ["outputImage"]
    assert datetime.fromisoformat(job["created_at"]).utcoffset() is not None


def test_a_video_comes_later(armox: Talk, handle: Handle) -> None:
    """The page's example run: 4 s of video cost 202 credits, said in the 202 reply, which has no `output`."""
    handle.configure(seconds=60)
    body = {"model": "xai/grok-video-image-to-video", "input": {"prompt": "Animate", "image_input": URL, "duration": 4}}
    reply = armox.post("/models/run", body)
    assert reply.status_code == 202
    assert list(reply.json()) == ["id", "object", "status", "model", "credits_charged", "created_at"]
    assert (reply.json()["status"], reply.json()["credits_charged"]) == ("processing", 202)


def test_immediate_can_be_switched_off(armox: Talk, handle: Handle) -> None:
    """With immediate=False images are jobs too."""
    handle.configure(immediate=False)
    assert armox.post("/models/run", PICTURE).status_code == 202


def test_a_job_on_get_names_things_differently(armox: Talk) -> None:
    """The job call says output_data, error_message, model_id and input_data."""
    made = armox.post("/models/run", LATER).json()
    job = armox.get(f"/jobs/{made['id']}").json()
    expected = {
        "object", "id", "run_type", "model_id", "app_id", "status", "input_data", "output_data", "error_message", "credits_charged",
        "created_at", "completed_at", "webhook_delivered",
    }  # fmt: skip
    assert job.keys() == expected
    assert (job["run_type"], job["model_id"], job["app_id"], job["status"]) == (
        "model",
        LATER["model"],
        None,
        "completed",
    )
    assert job["input_data"] == {"input": LATER["input"]}
    assert list(job["output_data"]) == ["outputImage"]


def test_the_list_is_newest_first_and_leaves_two_fields_out(armox: Talk) -> None:
    """Jobs are listed per key, 20 by default, without `object` and `webhook_delivered`."""
    made = [armox.post("/models/run", LATER).json()["id"] for _ in range(22)]
    reply = armox.get("/jobs").json()
    assert reply["object"] == "list"
    assert [job["id"] for job in reply["data"]] == made[:1:-1]
    assert not {"object", "webhook_delivered"} & reply["data"][0].keys()
    assert len(set(made)) == 22
    assert len(armox.get("/jobs?limit=100").json()["data"]) == 22
    assert armox.get("/jobs?limit=1").json()["data"][0]["id"] == made[-1]
    assert Talk(armox.handle, "armox", "sk_live_other").get("/jobs").json()["data"] == []


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "²"])
def test_the_list_has_a_limit(armox: Talk, limit: str) -> None:
    """A limit outside of 1 to 100 is a 400."""
    assert armox.get("/jobs", params={"limit": limit}).status_code == 400


def test_cancel(armox: Talk, handle: Handle) -> None:
    """A running job is cancelled once; later it is a 409 whose body is only an error."""
    handle.configure(seconds=60)
    job = armox.post("/models/run", LATER).json()["id"]
    assert armox.get(f"/jobs/{job}").json()["status"] == "pending"
    reply = armox.post(f"/jobs/{job}/cancel")
    assert (reply.status_code, list(reply.json())) == (200, ["id", "object", "status", "cancelled_at"])
    assert reply.json()["status"] == "cancelled"
    assert armox.get(f"/jobs/{job}").json()["status"] == "cancelled"
    again = armox.post(f"/jobs/{job}/cancel")
    assert (again.status_code, list(again.json())) == (409, ["error"])
    assert armox.get("/account").json()["credits"] == 10_000


@pytest.mark.parametrize(
    ("model", "inputs", "key", "cost"),
    [
        ("sandbox/picture", {}, "outputImage", 40), ("sandbox/clip", {"duration": 2}, "outputVideo", 64), ("sandbox/sound", {}, "audio_url", 18),
        ("sandbox/solid", {}, "files", 120), ("sandbox/layers", {"layers": 4}, "layers", 90),
        ("xai/grok-video-image-to-video", {"image_input": URL}, "video", 202), ("sandbox/edit", {"image_input": [URL]}, "outputImage", 60),
    ],
)  # fmt: skip
def test_each_kind_has_its_own_output_key(armox: Talk, model: str, inputs: dict[str, Any], key: str, cost: int) -> None:
    """No page prints the keys beyond images, so they differ; a reader has to search for addresses."""
    made = armox.post("/models/run", {"model": model, "input": {"prompt": "a fox", **inputs}}).json()
    output = armox.get(f"/jobs/{made['id']}").json()["output_data"]
    assert list(output) == [key]
    assert json.dumps(output).count(armox.handle.origin + "/assets/armox/") == inputs.get("layers", 1)
    assert made["credits_charged"] == cost


def test_apps(armox: Talk) -> None:
    """Apps are listed with their inputs, run as jobs, and answer for each node."""
    apps = armox.get("/apps").json()["data"]
    assert {"id", "name", "description", "icon", "thumbnail_url", "is_template", "brain_id", "tags", "inputs"} <= apps[
        0
    ].keys()
    reply = armox.post("/apps/run", {"app_id": "app_storyboard", "inputs": {"prompt": "a fox"}})
    made = reply.json()
    assert reply.status_code == 202
    assert list(made) == ["id", "object", "status", "run_type", "app_id", "app_name", "credits_charged", "created_at"]
    job = armox.get(f"/jobs/{made['id']}").json()
    assert (job["run_type"], job["model_id"], job["app_id"]) == ("app", None, "app_storyboard")
    assert job["input_data"] == {"app_id": "app_storyboard", "inputs": {"prompt": "a fox"}}
    assert list(job["output_data"]) == ["app_id", "app_name", "node_outputs"]
    assert [list(node) for node in job["output_data"]["node_outputs"].values()] == [["outputImage"], ["outputImage"]]


def test_account(armox: Talk) -> None:
    """The account has the fields of the page and shows what was spent."""
    armox.post("/models/run", PICTURE)
    account = armox.get("/account").json()
    assert list(account) == ["object", "user_id", "credits", "subscription", "usage", "api_keys"]
    assert (account["object"], account["credits"], account["subscription"]) == ("account", 9960, "agency")
    assert list(account["usage"]) == ["credits_used_last_30d", "total_requests_last_30d", "total_jobs"]
    assert account["api_keys"] == {"active": 1}


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"model": "nobody/none", "input": {"prompt": "x"}}, 400, "Unknown model: nobody/none"),
        ({"input": {"prompt": "x"}}, 400, "Missing required field: model"),
        ({"model": "sandbox/picture", "input": {}}, 400, "Missing required field: prompt"),
        ({"model": "sandbox/picture"}, 400, "Missing required field: prompt"),
        ({"model": "sandbox/picture", "input": []}, 400, "input must be an object"),
        ({"model": "sandbox/picture", "input": {"prompt": "x", "aspect_ratio": "7:5"}}, 400, "Invalid value for aspect_ratio: 7:5"),
        ({"model": "sandbox/picture", "input": {"prompt": "x", "seed": 1.5}}, 400, "Invalid value for seed: 1.5"),
        ({"model": "sandbox/clip", "input": {"prompt": "x", "duration": 9}}, 400, "Invalid value for duration: 9"),
        ({"model": "sandbox/clip", "input": {"prompt": "x", "sound": 1}}, 400, "Invalid value for sound: 1"),
        ({"model": "sandbox/edit", "input": {"prompt": "x"}}, 400, "Missing required field: image_input"),
        ({"model": "google/nano-banana", "input": {"prompt": "x", "image_input": URL}}, 400, "image_input must be an array of URLs"),
        ({"model": "xai/grok-video-image-to-video", "input": {"prompt": "x", "image_input": [URL]}}, 400, "image_input must be one URL"),
        ({"model": "google/nano-banana", "input": {"prompt": "x", "image_input": ["data:image/png;base64,AA"]}}, 400, "image_input: image must be a public http(s) URL"),
        ({"model": "google/nano-banana", "input": {"prompt": "x", "image_input": ["http://10.0.0.7/a.png"]}}, 400, "image_input: private/reserved IP addresses not allowed"),
    ],
)  # fmt: skip
def test_what_is_refused(armox: Talk, body: Any, status: int, text: str) -> None:
    """A bad create is refused with only an error in the body, and costs nothing."""
    reply = armox.post("/models/run", body)
    assert (reply.status_code, reply.json()) == (status, {"error": text})
    services = armox.handle.state()["services"]["armox"]
    assert (services["accepted"], services["refused"], services["charged"]) == (0, 1, 0)


def test_errors_that_every_endpoint_shares(armox: Talk, handle: Handle) -> None:
    """401 in both spellings, 403 by plan, 402 with both numbers, 404s, 400 for a body that is not JSON."""
    bare = armox.get("/models", headers={"Authorization": ""})
    assert (bare.status_code, bare.json()) == (401, {"error": "Missing Authorization Bearer token"})
    handle.configure(keys=["sk_live_right"])
    wrong = armox.get("/models")
    assert (wrong.status_code, wrong.json()) == (401, {"error": "Invalid API key"})
    handle.configure(keys=None, plan="pro")
    barred = armox.get("/models")
    assert (barred.status_code, barred.json()) == (
        403,
        {"error": "Public API access requires Agency, Master/Business, or Enterprise plan."},
    )
    handle.configure(plan="agency", credits=30)
    poor = armox.post("/models/run", PICTURE)
    assert (poor.status_code, poor.json()) == (402, {"error": "Insufficient credits. Required 40, available 30"})
    assert armox.get("/jobs/job_nothing").json() == {"error": "Job not found"}
    assert armox.post("/jobs/job_nothing/cancel").status_code == 404
    assert armox.post("/apps/run", {"app_id": "none"}).status_code == 404
    assert armox.post("/apps/run", {"app_id": "app_postcard"}).json() == {"error": "Missing required inputs: Prompt"}
    assert armox.send("POST", "/models/run", data=b"{").json() == {"error": "Invalid JSON payload"}
    assert armox.get("/nothing").status_code == 404


def test_rate_limit_is_told_in_headers(handle: Handle) -> None:
    """Good replies carry the limit and what is left; over it, 429 says how long to wait; each key has its own."""
    handle.configure(rate_limit=2)
    first, other = Talk(handle, "armox", "sk_live_one"), Talk(handle, "armox", "sk_live_two")
    replies = [first.get("/models") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies[:2]] == ["1", "0"]
    assert replies[0].headers["X-RateLimit-Limit"] == "2"
    assert "X-RateLimit-Reset" in replies[0].headers
    assert "X-RateLimit-Limit" not in replies[2].headers
    assert 55 <= int(replies[2].headers["Retry-After"]) <= 60
    assert other.get("/models").status_code == 200


def test_failed_jobs(armox: Talk, handle: Handle) -> None:
    """A failed job says so in the state and the text, in both forms, and its price comes back where that is set."""
    handle.configure(fail=1, fail_code="refused")
    now = armox.post("/models/run", PICTURE).json()
    assert (now["status"], now["output"], now["error"]) == (
        "failed",
        None,
        "The request was refused by the content policy",
    )
    later = armox.post("/models/run", LATER).json()["id"]
    job = armox.get(f"/jobs/{later}").json()
    assert (job["status"], job["output_data"], job["error_message"]) == (
        "failed",
        None,
        "The request was refused by the content policy",
    )
    assert armox.get("/account").json()["credits"] == 10_000
    handle.configure(refunds=False)
    armox.post("/models/run", PICTURE)
    assert armox.get("/account").json()["credits"] == 9960


@pytest.mark.parametrize(("fail", "event"), [(0, "job.completed"), (1, "job.failed")])
def test_callbacks_are_signed(armox: Talk, handle: Handle, fail: int, event: str) -> None:
    """A callback is one POST whose raw body is signed with the secret; the job then says that it was delivered."""
    handle.configure(fail=fail, webhook_secret="whsec_lesson")
    with listener() as (url, heard):
        job = armox.post("/models/run", {**LATER, "webhook_url": url}).json()["id"]
        until(lambda: armox.get(f"/jobs/{job}").json()["webhook_delivered"])
    ((headers, body),) = heard
    assert headers["X-Armox-Signature"] == "sha256=" + hmac.new(b"whsec_lesson", body, hashlib.sha256).hexdigest()
    said = json.loads(body)
    assert (said["event"], said["job"]["id"]) == (event, job)
    assert {"id", "status", "output", "completed_at"} <= said["job"].keys()


def test_callbacks_are_tried_again(armox: Talk, handle: Handle) -> None:
    """A callback that is not answered with 2xx is sent again, and no more than the attempts allow."""
    handle.configure(callback_delays=[0, 0, 0])
    with listener(500, 500, 204) as (url, heard):
        job = armox.post("/models/run", {**LATER, "webhook_url": url}).json()["id"]
        until(lambda: armox.get(f"/jobs/{job}").json()["webhook_delivered"])
    assert len(heard) == 3
    assert [each["answer"] for each in handle.state()["callbacks"]] == [500, 500, 204]


def test_a_cancelling_that_is_answered_with_noise_has_happened(armox: Talk, handle: Handle) -> None:
    """Whatever becomes of the reply, the job is cancelled once and its credits are back."""
    handle.configure(seconds=60, misbehave=[Fault(kind="garbage", purpose="cancel")])
    job = armox.post("/models/run", LATER).json()["id"]
    assert 200 == armox.post(f"/jobs/{job}/cancel").status_code
    assert "cancelled" == armox.get(f"/jobs/{job}").json()["status"]
    assert 409 == armox.post(f"/jobs/{job}/cancel").status_code
    assert 10_000 == armox.get("/account").json()["credits"]


def test_a_server_fault_has_the_services_own_shape(armox: Talk, handle: Handle) -> None:
    """500 with an error and nothing else; whether the run was charged is not said, so both are played."""
    for accepted in (False, True):
        handle.configure(misbehave=[Fault(kind="status", status=500, accepted=accepted)])
        reply = armox.post("/models/run", PICTURE)
        assert (500, ["error"]) == (reply.status_code, list(reply.json()))
        assert int(accepted) == handle.state()["services"]["armox"]["accepted"]


def test_only_this_machine_is_called_back(armox: Talk, handle: Handle) -> None:
    """A callback address out there is noted and not called."""
    armox.post("/models/run", {**LATER, "webhook_url": "https://example.com/hook"})
    noted = until(lambda: handle.state()["callbacks"])
    assert [each["attempt"] for each in noted] == [0]
