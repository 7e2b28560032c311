"""The sandbox's pure parts: job ids, ranges, addresses, behaviour, and the world's arithmetic."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from notebookgen.errors import InvalidCall
from notebookgen.sandbox import addresses, catalogue, ranges, tokens
from notebookgen.sandbox.behaviour import KINDS, SERVICES, Behaviour, Fault
from notebookgen.sandbox.world import Order, World

JOB = tokens.Job(
    service="armox", route="model", model="sandbox/picture", kind="image", prompt="a fox", settings=(("aspect_ratio", "16:9"), ("seed", 7)),
    references=("0123456789abcdef0123",), mask=None, count=2, form="png", created=1_700_000_000.123, seconds=1.5, failure=None,
    charge=Decimal("0.0075"), digest="0123456789abcdef", nonce="AAAAAAAAAAAAAAAA",
)  # fmt: skip


def order(prompt: str = "a fox", *, price: str = "40", **more: Any) -> Order:
    """Return an order for one picture."""
    body = {"model": "sandbox/picture", "input": {"prompt": prompt}}
    return Order(
        service="armox",
        route="model",
        model="sandbox/picture",
        kind="image",
        price=Decimal(price),
        body=body,
        prompt=prompt,
        **more,
    )


def accept(world: World, *orders: Order, now: float = 1000.0) -> list[Any]:
    """Have orders accepted for one key."""
    account = world.account("armox", "key")
    return [world.accept(each, account, now=now, entropy=number.to_bytes(12)) for number, each in enumerate(orders)]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("failure", [None, "", "TIMEOUT"])
def test_an_id_holds_its_job(service: str, failure: str | None) -> None:
    """What is written into an id is read back from it, by nobody but its own service."""
    job = replace(JOB, service=service, failure=failure)
    token = tokens.write(job)
    assert token.startswith(tokens.PREFIXES[service])
    assert tokens.read(service, token) == replace(job, id=token)
    assert [other for other in SERVICES if tokens.read(other, token)] == [service]


@pytest.mark.parametrize("prompt", ["x" * 20_000, "🦊" * 20_000, "\0\n\u202eabc", "\ud800 half", '"}]<script>', ""])
def test_an_id_stays_short(prompt: str) -> None:
    """Whatever the request, the id stays below 1.5 kB, in characters that need no escaping in a URL."""
    settings = tuple((f"name{number}", "v" * 5000) for number in range(30))
    job = replace(JOB, prompt=tokens.short(prompt), settings=settings, references=("0123456789abcdef0123",) * 16)
    token = tokens.write(job)
    assert len(token) <= tokens.LONGEST_ID
    assert token.replace("-", "").replace("_", "").isalnum()
    assert tokens.read("armox", token) is not None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "job_",
        "job_nothing",
        "job_é",
        "job_" + "A" * 500,
        "job_" + "A" * 5000,
        tokens.write(JOB)[:-3],
        tokens.write(JOB).swapcase(),
    ],
)
def test_a_false_id_is_nobody(token: str) -> None:
    """An id that was not written here is no job."""
    assert tokens.read("armox", token) is None


def test_a_job_goes_through_its_phases() -> None:
    """A quarter of its time it is pending, then processing, then over."""
    times = [JOB.created + 1.5 * share for share in (0, 0.2, 0.3, 0.99, 1, 2)]
    assert [JOB.phase(now) for now in times] == [
        "pending",
        "pending",
        "processing",
        "processing",
        "completed",
        "completed",
    ]
    assert replace(JOB, failure="").phase(JOB.ends) == "failed"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-3", (0, 3)), ("bytes=4-", (4, 9)), ("bytes=-2", (8, 9)), ("bytes=-99", (0, 9)), ("bytes=3-99", (3, 9)), (" Bytes = 1 - 1 ", (1, 1)),
        ("", None), ("bytes=", None), ("bytes=-", None), ("bytes=5-2", None), ("bytes=0-1,3-4", None), ("items=0-1", None), ("bytes=a-b", None),
    ],
)  # fmt: skip
def test_ranges(header: str, expected: tuple[int, int] | None) -> None:
    """One range of bytes is understood; what is not understood is ignored, as the RFC has it."""
    assert ranges.select(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_ranges_past_the_end(header: str) -> None:
    """A range that holds nothing cannot be satisfied."""
    with pytest.raises(ranges.Unsatisfiable):
        ranges.select(header, 10)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://example.com/a.png", False), ("http://8.8.8.8/a", False), ("http://10.0.0.1/a", True), ("http://localhost:1/a", True), ("http://[::1]/a", True),
        ("http://100.64.0.1/a", True), ("http://nas.local/a", True), ("http://intranet/a", True), ("http://localhost./a", True),
    ],
)  # fmt: skip
def test_private_addresses(url: str, private: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """What a service out there could not reach is private."""
    assert addresses.is_private(url) == private


@pytest.mark.parametrize(
    "text", [None, 7, "", "a.png", "ftp://example.com/a", "http://", "http://[", "data:image/png;base64,AA"]
)
def test_what_is_no_web_address(text: object) -> None:
    """Only http and https with a host count."""
    assert not addresses.is_web(text)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nonsense": 1}, "no behaviour 'nonsense'"),
        ({"fial": 0.5}, "Did you mean 'fail'"),
        *(({"fail": bad}, "a number from 0 to 1") for bad in (1.5, -1, "x", None, True, NAN, INF, [0.5])),
        *(
            ({"seconds": bad}, "a number of seconds, or the least and the most")
            for bad in (None, "x", "1", ("a", "b"), (1, 2, 3), (2, 1), (-1, 1), (), NAN, (0, INF), True, {1: 2})
        ),
        *(({"credits": bad}, "a number of 0 or more") for bad in ("many", -1, NAN, INF, None, 10**400, False)),
        *(({"balance": bad}, "a number of 0 or more") for bad in ("5", -0.5)),
        *(({"rate_limit": bad}, "a whole number of 0 or more") for bad in (-1, 1.5, "60", True)),
        *(({"rate_window": bad}, "in seconds") for bad in (0, -1, "60", None)),
        *(({"pixels": bad}, "a whole number from 4096 to 1048576") for bad in (0, 4095, 2**20 + 1, "1k", None, 5000.5, True)),
        *(({"asset_ttl": bad}, "None: for always") for bad in (-1, "1")),
        *(
            ({name: bad}, "a list of seconds")
            for name in ("callback_delays", "durations")
            for bad in (5, "12", None, (1, -1), ("a",), {"a": 1})
        ),
        *(({name: bad}, "True or False") for name in ("immediate", "asset_renewed", "refunds") for bad in (1, "no", None)),
        *(({"keys": bad}, "a list of keys") for bad in ("sk_class", [1], 7, [""])),
        *(({name: bad}, "a text") for name in ("plan", "webhook_secret", "busy_word") for bad in (1, "", [])),
        ({"fail_code": 7}, "a text"),
        ({"results": "emty"}, "Did you mean 'empty'"),
        *(({"balance_shape": bad}, "one of data.balance") for bad in ("x", ["data.balance"], None)),
        *(({"apixo_broke": bad}, "one of 402, 400") for bad in ("402", 403, True, 402.0)),
        *(({"misbehave": bad}, "is no fault") for bad in ("x", 7, None, ["stall"], [None], {}, {"status": 500})),
        ({"misbehave": [{"kind": "lost_aftre"}]}, "Did you mean 'lost_after'"),
        ({"misbehave": {"kind": "stall", "secnds": 1}}, "Did you mean 'seconds'"),
        ({"misbehave": {"kind": "stall", "service": "amrox"}}, "Did you mean 'armox'"),
        ({"misbehave": {"kind": "stall", "purpose": "craete"}}, "Did you mean 'create'"),
        *(({"misbehave": {"kind": "stall", "count": bad}}, "None: without end") for bad in (0, -1, "2", 1.5)),
        *(({"misbehave": {"kind": "stall", "probability": bad}}, "a number from 0 to 1") for bad in (2, "x", NAN)),
        *(({"misbehave": {"kind": "stall", "seconds": bad}}, "a number of 0 or more") for bad in (-1, "1", INF)),
        *(({"misbehave": {"kind": "status", "status": bad}}, "from 100 to 599") for bad in (7, 600, "500")),
        *(({"misbehave": {"kind": "status", "headers": bad}}, "pairs of a name and a text") for bad in ("ab", 7, [1])),
    ],
)  # fmt: skip
def test_behaviour_refuses_nonsense(changes: dict[str, Any], words: str) -> None:
    """An unknown name or an impossible value is an error that says what is allowed, in two lines at most."""
    with pytest.raises(InvalidCall) as caught:
        Behaviour.of(changes)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


def test_no_key_is_shown_by_an_error() -> None:
    """Keys and secrets that are given in the wrong shape are not repeated."""
    for changes in ({"keys": "sk_live_secret"}, {"keys": ["sk_live_secret", 7]}, {"webhook_secret": b"sk_live_secret"}):
        with pytest.raises(InvalidCall) as caught:
            Behaviour.of(changes)
        assert "sk_live_secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "read"),
    [
        ({"seconds": 2}, (2.0, 2.0)),
        ({"seconds": [0, 1]}, (0.0, 1.0)),
        ({"callback_delays": [1]}, (1.0,)),
        ({"durations": [6, 5.5]}, (6.0, 5.5)),
        ({"misbehave": {"kind": "stall"}}, (Fault(kind="stall"),)),
        ({"misbehave": Fault(kind="stall", headers={"A": "b"})}, (Fault(kind="stall", headers=(("A", "b"),)),)),  # type: ignore[arg-type]  # as people give them
        ({"misbehave": ()}, ()),
        ({"keys": {"a"}}, frozenset({"a"})),
        ({"rate_limit": None}, None),
    ],
)  # fmt: skip
def test_behaviour_takes_what_is_meant(changes: dict[str, Any], read: object) -> None:
    """One number, one fault, a list or a mapping are what they plainly mean."""
    (name,) = changes
    assert read == getattr(Behaviour.of(changes), name)


def test_behaviour_survives_json() -> None:
    """A behaviour written as JSON values is read back equal; keys are shown as fingerprints only."""
    behaviour = Behaviour.of(
        {"seconds": 2, "keys": ["sk_secret"], "misbehave": [Fault(kind="stall", headers=(("A", "b"),))]}
    )
    assert Behaviour.of(behaviour.as_json(keys=True)) == behaviour
    assert "sk_secret" not in str(behaviour.as_json())
    assert "sk_secret" not in repr(behaviour)


def test_equal_orders_are_different_jobs() -> None:
    """Equal requests get different ids and, asked for again, another drawing; in every world the same ones."""
    jobs = [[record.job for record in accept(World(Behaviour()), order(), order(), order("an owl"))] for _ in range(2)]
    assert len({job.id for job in jobs[0]}) == 3
    assert len({job.digest for job in jobs[0]}) == 3
    assert [(job.digest, job.seconds) for job in jobs[0]] == [(job.digest, job.seconds) for job in jobs[1]]


def test_the_share_that_fails() -> None:
    """About the given share of jobs fails, the same ones in every world."""
    orders = [order(f"fox {number}") for number in range(400)]
    failures = [
        [record.job.failure for record in accept(World(Behaviour(fail=0.25, seconds=(1, 2))), *orders)]
        for _ in range(2)
    ]
    assert failures[0] == failures[1]
    assert 60 <= sum(failure is not None for failure in failures[0]) <= 140
    assert {failure for failure in failures[0] if failure is not None} == {"refused", "upstream", "timeout"}


def test_durations_are_spread() -> None:
    """Jobs take between the least and the most."""
    seconds = [
        record.job.seconds
        for record in accept(World(Behaviour(seconds=(1, 3))), *(order(f"{number}") for number in range(200)))
    ]
    assert min(seconds) >= 1
    assert max(seconds) <= 3
    assert max(seconds) - min(seconds) > 1.5


def test_money_is_charged_at_once_and_given_back_when_a_job_fails() -> None:
    """A failed job's price returns when it is over, a cancelled one's when it is cancelled, each once."""
    world = World(Behaviour(fail=1, seconds=(10, 10), credits=100))
    account = world.account("armox", "key")
    accept(world, order())
    assert [world.left(account, now) for now in (1000, 1009, 1010, 1011)] == [60, 60, 100, 100]
    world = World(Behaviour(seconds=(10, 10), credits=100))
    account = world.account("armox", "key")
    (record,) = accept(world, order())
    assert [world.cancel(record, 1001), world.cancel(record, 1002)] == [True, False]
    assert world.left(account, 1003) == 100
    assert record.phase(1020) == "cancelled"
    assert not world.afford(account, Decimal("100.01"), 1003)


def test_the_rate_limit_rolls() -> None:
    """The window is the last 60 seconds of each key."""
    world = World(Behaviour(rate_limit=2))
    asked = [world.admit("armox", "Bearer a", now)[1:] for now in (0, 30, 59, 60, 61, 90)]
    assert asked == [("", 0), ("", 0), ("rate", 1), ("", 0), ("rate", 29), ("", 0)]
    assert world.admit("armox", "Bearer b", 61)[1] == ""
    assert world.admit("apixo", "Bearer a", 61)[1] == ""


def test_addresses_that_expire() -> None:
    """An address works until its time; asking again renews it unless that is switched off."""
    world = World(Behaviour(seconds=(0, 0), asset_ttl=10))
    (record,) = accept(world, order())
    job = record.job
    assert world.url(job, 0, origin="http://x", now=1100).endswith(".png?expires=1110.000")
    assert [world.gone(job, "1110.000", now) for now in (1109, 1110)] == [False, True]
    assert world.gone(job, "never", 0)
    world.configure({"asset_renewed": False}, 0.0)
    assert world.url(job, 0, origin="http://x", now=1100).endswith("?expires=1010.000")
    assert [world.gone(job, "", now) for now in (1009, 1010)] == [False, True]


def test_faults_count() -> None:
    """A fault strikes as often as it says, after as many as it says, where it says."""
    fault = Fault(kind="garbage", service="apixo", purpose="status", after=1, count=2, contains="fox")
    world = World(Behaviour(misbehave=(fault,)))
    calls = [("apixo", "status", "fox")] * 5 + [
        ("apixo", "status", "owl"),
        ("apixo", "create", "fox"),
        ("armox", "status", "fox"),
    ]
    assert [world.strike(*call) is not None for call in calls] == [False, True, True, False, False, False, False, False]
    world.configure({"misbehave": (fault,)}, 0.0)
    assert [world.strike(*call) is not None for call in calls[:2]] == [False, True]


def test_faults_by_chance() -> None:
    """A probability strikes about its share, the same ones each time."""
    struck = [
        [World(Behaviour(misbehave=(fault,))).strike("armox", "create", "") is not None, *(world.strike("armox", "create", "") is not None for _ in range(400))]
        for fault in [Fault(kind="empty", probability=0.25, count=None)] * 2
        for world in [World(Behaviour(misbehave=(fault,)))]
    ]  # fmt: skip
    assert struck[0] == struck[1]
    assert 60 <= sum(struck[0]) <= 140


def test_kinds_say_whether_the_create_was_carried_out() -> None:
    """A reply that was spoilt had its request carried out, an error status had not, unless the fault says otherwise."""
    carried_out = {kind for kind in KINDS if Fault(kind=kind).carried_out}
    assert set(KINDS) - carried_out == {"lost_before", "status", "redirect"}
    assert Fault(kind="status", accepted=True).carried_out
    assert not Fault(kind="stall", accepted=False).carried_out


@pytest.mark.parametrize(
    ("service", "model", "values", "count", "cost"),
    [
        ("apimodels", "gpt-image-2", {"resolution": "4K"}, 2, "0.1"), ("apimodels", "gpt-image-2", {"resolution": "2k"}, 1, "0.03"),
        ("apimodels", "gpt-image-2-all", {"size": "1024x1024"}, 1, "0.025"), ("apimodels", "gpt-image-2-all", {"resolution": "4K", "quality": "high"}, 1, "0.23"),
        ("apimodels", "kling-v3", {"mode": "pro", "duration": "10", "generate_audio": True}, 1, "1.28"),
        ("apimodels", "kling-v2-6", {"mode": "pro", "duration": "10"}, 1, "0.0531"), ("apimodels", "veo-3.1", {"duration": 8}, 1, "0.12"),
        ("apixo", "flux-kontext", {"mode": "max"}, 1, "0.06"), ("apixo", "seedream-4-5", {}, 3, "0.12"), ("apixo", "suno", {}, 2, "0.12"),
    ],
)  # fmt: skip
def test_prices(service: str, model: str, values: dict[str, Any], count: int, cost: str) -> None:
    """A request costs what the pages print for its settings."""
    found = catalogue.find(service, model)
    assert found is not None
    assert found.cost(values, count=count) == Decimal(cost)


@pytest.mark.parametrize("service", SERVICES)
def test_every_model_has_a_price(service: str) -> None:
    """Whatever is asked for, it costs something; the default of each setting passes its own rule."""
    for model in catalogue.models(service).values():
        assert model.cost({"prompt": "x"}) > 0, model.id
        defaults = {name: rule["default"] for name, rule in model.settings.items() if "default" in rule}
        assert replace(model, required=()).problem(defaults) is None, model.id
