"""What the three services know and decide: accounts, jobs, money, limits, faults. Pure; every `now` is an argument."""

from __future__ import annotations

import base64
import hashlib
import heapq
import json
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from notebookgen.sandbox import tokens
from notebookgen.sandbox.behaviour import SERVICES, Behaviour, Fault, fingerprint
from notebookgen.sandbox.failures import FAILURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.sandbox.tokens import Job

__all__ = ["Account", "Behaviour", "Fault", "Order", "Record", "World"]

MOST_CREATES = 50_000
LONGEST_TEXT = 2000
BARRED_PLANS = {"free", "pro"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A create that was found good; `sources` are own paths or bytes, `body` is what was sent."""

    service: str
    route: str
    model: str
    kind: str
    price: Decimal
    body: Mapping[str, Any]
    prompt: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[str | bytes, ...] = ()
    mask: bytes | None = None
    count: int = 1
    form: str = "png"
    callback: str | None = None
    origin: str = ""
    failure: str | None = None


@dataclass(slots=True)
class Account:
    """What one key has at one service. `due` holds refunds as (when, amount), `filled` what was given beside the start, in `fills`."""

    service: str
    fingerprint: str
    filled: Decimal = Decimal()
    fills: int = 0
    charged: Decimal = Decimal()
    refunded: Decimal = Decimal()
    due: list[tuple[float, Decimal]] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    requests: deque[float] = field(default_factory=deque)


@dataclass(slots=True)
class Record:
    """A job and what only this sandbox remembers of it."""

    job: Job
    body: Mapping[str, Any]
    account: Account | None = None
    callback: str | None = None
    cancelled: float | None = None
    delivered: bool = False

    def phase(self, now: float) -> str:
        """Return ``pending processing completed failed cancelled``."""
        return "cancelled" if self.cancelled is not None else self.job.phase(now)


class World:
    """The provider's side of everything. One thread uses it."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.accounts: dict[tuple[str, str], Account] = {}
        self.records: dict[str, Record] = {}
        #: Bytes to keep under their names, for whoever does the I/O: (name, bytes).
        self.parcels: list[tuple[str, bytes]] = []
        #: Accepted just now and to be called back.
        self.callbacks: list[Record] = []
        self.creates: deque[dict[str, Any]] = deque(maxlen=MOST_CREATES)
        self.accepted: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.requests: dict[str, Counter[str]] = {}
        self.deliveries: list[dict[str, Any]] = []
        self.strays: list[dict[str, Any]] = []
        #: Where a file may be put: its mark, with the content type it has to have and until when.
        self.uploads: dict[str, tuple[str, float]] = {}
        self.mishaps = 0
        self._asked: Counter[str] = Counter()
        self._seen: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()

    def configure(self, changes: Mapping[str, Any], now: float) -> None:
        """Change the behaviour; new faults start their counts anew, and who is given credits has so many from now on."""
        self.behaviour = self.behaviour.changed(changes)
        for account in self.accounts.values():
            if ("credits" if account.service == "armox" else "balance") in changes:
                self._fill(account, self._start(account), now)
        if "misbehave" in changes:
            self._seen.clear()
            self._struck.clear()

    # Who asks

    def account(self, service: str, key: str) -> Account:
        """Return the account of a key, opened at its first use."""
        mark = fingerprint(key)
        return self.accounts.setdefault((service, mark), Account(service, mark))

    def admit(self, service: str, authorization: str, now: float) -> tuple[Account | None, str, float]:
        """Return the account behind a header, or None with why not and how many seconds to wait."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return None, "missing_key", 0
        if self.behaviour.keys is not None and key.strip() not in self.behaviour.keys:
            return None, "wrong_key", 0
        if service == "armox" and self.behaviour.plan in BARRED_PLANS:
            return None, "plan", 0
        account = self.account(service, key.strip())
        if self.behaviour.rate_limit is not None:
            while account.requests and account.requests[0] <= now - self.behaviour.rate_window:
                account.requests.popleft()
            if len(account.requests) >= self.behaviour.rate_limit:
                first = account.requests[0] if account.requests else now
                return None, "rate", first + self.behaviour.rate_window - now
            account.requests.append(now)
        return account, "", 0

    def remaining(self, account: Account) -> tuple[int, int]:
        """Return the limit and what is left of it; without a limit, a generous one."""
        limit = 600 if self.behaviour.rate_limit is None else self.behaviour.rate_limit
        return limit, max(0, limit - len(account.requests))

    # Money

    def left(self, account: Account, now: float) -> Decimal:
        """Return what an account has left."""
        while account.due and account.due[0][0] <= now:
            account.refunded += heapq.heappop(account.due)[1]
        return self._start(account) + account.filled - account.charged + account.refunded

    def purses(self, now: float) -> dict[tuple[str, str], tuple[int, Decimal]]:
        """Return what each account has left, and how often it was filled until now."""
        return {key: (account.fills, self.left(account, now)) for key, account in self.accounts.items()}

    def restore(self, behaviour: Behaviour, purses: Mapping[tuple[str, str], tuple[int, Decimal]], now: float) -> None:
        """Go back to a behaviour, and to what was left in each account that was filled or opened since then."""
        self.configure(
            {"misbehave": behaviour.misbehave} if behaviour.misbehave != self.behaviour.misbehave else {}, now
        )
        self.behaviour = behaviour
        for key, account in self.accounts.items():
            fills, amount = purses.get(key, (-1, self._start(account)))
            if account.fills != fills:
                self._fill(account, amount, now)

    def _start(self, account: Account) -> Decimal:
        """Return what an account starts with."""
        return Decimal(str(self.behaviour.credits if account.service == "armox" else self.behaviour.balance))

    def _fill(self, account: Account, amount: Decimal, now: float) -> None:
        """Have so much left in an account."""
        account.filled += amount - self.left(account, now)
        account.fills += 1

    def afford(self, account: Account, price: Decimal, now: float) -> bool:
        """Tell whether an account covers a price."""
        return self.left(account, now) >= price

    # Jobs

    def accept(self, order: Order, account: Account, *, now: float, entropy: bytes) -> Record:
        """Take an order, charge it, and decide there and then how long it takes and how it ends."""
        digest = self._digest(order)
        self._asked[digest] += 1
        drawn = hashlib.sha256(f"{digest}:{self._asked[digest]}".encode()).digest()
        least, most = self.behaviour.seconds
        seconds = least + (most - least) * int.from_bytes(drawn[16:24]) / 2**64
        if self.behaviour.durations:
            seconds = self.behaviour.durations[self.accepted[order.service] % len(self.behaviour.durations)]
        failure = order.failure
        if failure is None and int.from_bytes(drawn[:8]) / 2**64 < self.behaviour.fail:
            codes = list(FAILURES[order.service])
            failure = codes[drawn[8] % len(codes)] if self.behaviour.fail_code is None else self.behaviour.fail_code
        job = tokens.Job(
            service=order.service, route=order.route, model=order.model, kind=order.kind,
            prompt=tokens.short(order.prompt), settings=tuple(sorted(order.settings.items())),
            references=tuple(self._keep(source) for source in order.sources), count=order.count, form=order.form,
            # Asked for again, the same content gives another drawing, as it would out there.
            digest=digest if self._asked[digest] == 1 else f"{digest}.{self._asked[digest]}",
            mask=None if order.mask is None else self._keep(order.mask), created=int(now * 1000) / 1000,
            seconds=round(seconds, 3), failure=failure,
            charge=order.price, nonce=base64.urlsafe_b64encode(entropy).decode().rstrip("="),
        )  # fmt: skip
        job = replace(job, id=tokens.write(job))
        record = Record(job, order.body, account, order.callback)
        account.charged += order.price
        account.records.append(record)
        if failure is not None and (self.behaviour.refunds or order.service == "apimodels"):
            heapq.heappush(account.due, (job.ends, order.price))
        self.records[job.id] = record
        self.accepted[order.service] += 1
        if order.callback:
            self.callbacks.append(record)
        self.creates.append({
            "time": now, "service": order.service, "model": order.model, "key": account.fingerprint, "id": job.id,
            "cost": float(order.price), "body": _trimmed(order.body),
        })  # fmt: skip
        return record

    def find(self, service: str, token: str) -> Record | None:
        """Return a job by its id, one that another sandbox accepted too."""
        record = self.records.get(token)
        if record is not None:
            return record if record.job.service == service else None
        job = tokens.read(service, token)
        if job is None:
            return None
        inputs = {"prompt": job.prompt, **dict(job.settings)}
        record = Record(
            job,
            {"app_id": job.model, "inputs": inputs} if job.route == "app" else {"model": job.model, "input": inputs},
        )
        self.records[token] = record
        return record

    def cancel(self, record: Record, now: float) -> bool:
        """Cancel a job and give its price back where that is set; False when it is over."""
        if record.phase(now) not in {"pending", "processing"}:
            return False
        record.cancelled = now
        if record.account is not None and self.behaviour.refunds and record.job.failure is None:
            heapq.heappush(record.account.due, (now, record.job.charge))
        return True

    def url(self, job: Job, index: int, *, origin: str, now: float) -> str:
        """Return the address of one of a job's files."""
        path = f"{origin}/assets/{job.service}/{job.id}/{index}.{job.form}"
        ttl = self.behaviour.asset_ttl
        if ttl is None:
            return path
        return f"{path}?expires={(max(now, job.ends) if self.behaviour.asset_renewed else job.ends) + ttl:.3f}"

    def gone(self, job: Job, expires: str, now: float) -> bool:
        """Tell whether an address works no longer."""
        ttl = self.behaviour.asset_ttl
        try:
            end = float(expires) if expires else None if ttl is None else job.ends + ttl
        except ValueError:
            return True
        return end is not None and now >= end

    # Faults and counts

    def strike(self, service: str, purpose: str, text: str) -> Fault | None:
        """Return the fault that strikes this request, counting it."""
        for number, fault in enumerate(self.behaviour.misbehave):
            if fault.service not in {"*", service} or fault.purpose not in {"*", purpose} or fault.contains not in text:
                continue
            self._seen[number] += 1
            turn = self._seen[number]
            spent = fault.count is not None and self._struck[number] >= fault.count
            if turn > fault.after and not spent and fault.draws(turn):
                self._struck[number] += 1
                return fault
        return None

    def note(self, route: str, status: int | str) -> None:
        """Count a request by what it was for and how it was answered."""
        self.requests.setdefault(route, Counter())[str(status)] += 1

    def state(self, now: float) -> dict[str, Any]:
        """Return the counts of everything, as JSON values."""
        services: dict[str, Any] = {}
        for name in SERVICES:
            own = [account for (service, _), account in self.accounts.items() if service == name]
            left = {account.fingerprint: float(self.left(account, now)) for account in own}
            services[name] = {
                "accepted": self.accepted[name], "refused": self.refused[name], "left": left,
                "unit": "credits" if name == "armox" else "USD",
                "charged": float(sum((account.charged for account in own), Decimal())),
                "refunded": float(sum((account.refunded for account in own), Decimal())),
            }  # fmt: skip
        return {
            "now": now, "services": services, "jobs": dict(Counter(record.phase(now) for record in self.records.values())),
            "requests": {route: dict(counts) for route, counts in self.requests.items()}, "creates": list(self.creates),
            "callbacks": list(self.deliveries), "strays": list(self.strays), "mishaps": self.mishaps,
            "faults": [self._struck[number] for number in range(len(self.behaviour.misbehave))],
        }  # fmt: skip

    def _digest(self, order: Order) -> str:
        content = {
            name: value
            for name, value in order.body.items()
            if name not in {"webhook_url", "callback_url", "request_type"}
        }
        sent = [
            each if isinstance(each, str) else hashlib.sha256(each).hexdigest()
            for each in (*order.sources, order.mask or "")
        ]
        text = json.dumps([order.service, order.route, order.model, content, sent], sort_keys=True, default=str)
        if order.origin:
            text = text.replace(order.origin, "")
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _keep(self, source: str | bytes) -> str:
        blob = b"@" + source.encode() if isinstance(source, str) else b"=" + source
        name = hashlib.sha256(blob).hexdigest()[:20]
        self.parcels.append((name, blob))
        return name


def _trimmed(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else f"{value[:80]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {name: _trimmed(each) for name, each in value.items()}
    return [_trimmed(each) for each in value] if isinstance(value, list) else value
