"""A job, and its id; whatever a later sandbox needs to finish a job travels inside the id, here and nowhere else.

The id is a short prefix, then a checksum and the packed job in URL-safe base64. Nothing about a job has to be
remembered: its state follows from the time, its files are drawn again from what it holds.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["PREFIXES", "Job", "read", "short", "write"]

#: How the ids of each service begin; the forms differ as those on the services' pages do.
PREFIXES = {"armox": "job_", "apimodels": "cl", "apixo": "task_"}
LONGEST_ID = 1500
PROMPT_BYTES = 240
SETTING_BYTES = 120
_SUM = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was accepted, as far as finishing it needs; times in Unix seconds.

    Attributes:
        id: The service's handle for it.
        service: Who took it.
        route: Where it is asked for again: ``images``, ``video``, ``audio``, ``tts``, ``app`` or ``model``.
        model: The id that was sent.
        kind: ``image``, ``video``, ``audio``, ``3d`` or ``text``.
        prompt: The prompt, shortened.
        settings: Sorted (name, value) pairs; long values as a hash.
        references: Names under which the input pictures are kept.
        mask: The same for a mask.
        count: How many files come back.
        form: The file name's ending.
        created: When it was accepted.
        seconds: How long it takes.
        failure: How it ends badly, None where it ends well.
        charge: What it cost.
        digest: A hash of the whole request, in 16 hex digits.
        nonce: What makes it unlike every other job, equal ones too.
    """

    id: str = ""
    service: str
    route: str
    model: str
    kind: str
    prompt: str
    settings: tuple[tuple[str, Any], ...]
    references: tuple[str, ...]
    mask: str | None
    count: int
    form: str
    created: float
    seconds: float
    failure: str | None
    charge: Decimal
    digest: str
    nonce: str

    @property
    def ends(self) -> float:
        """When it is over."""
        return self.created + self.seconds

    def phase(self, now: float) -> str:
        """Return ``pending`` for the first quarter of its time, then ``processing``, then how it ended."""
        if now >= self.ends:
            return "completed" if self.failure is None else "failed"
        return "pending" if now < self.created + self.seconds / 4 else "processing"


def short(text: str, most: int = PROMPT_BYTES) -> str:
    """Return as much of a text's beginning as fits into `most` bytes of UTF-8."""
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def write(job: Job) -> str:
    """Return the id that holds a job."""
    settings = [(name, _brief(value)) for name, value in job.settings]
    token = _pack(job, settings, job.references, job.prompt)
    if len(token) > LONGEST_ID:  # what was long goes by its hash, which is in the digest
        token = _pack(job, [], job.references[:4], short(job.prompt, PROMPT_BYTES // 2))
    return token


def read(service: str, token: str) -> Job | None:
    """Return the job that an id of a service holds, or None where it is no such id."""
    prefix = PREFIXES[service]
    if not token.startswith(prefix) or len(token) > 2 * LONGEST_ID:
        return None
    try:
        text = token[len(prefix) :]
        blob = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        packed = blob[_SUM:]
        if _checksum(packed) != blob[:_SUM]:
            return None
        fields = json.loads(zlib.decompress(packed, wbits=-15))
        (
            said,
            route,
            model,
            kind,
            prompt,
            settings,
            references,
            mask,
            count,
            form,
            created,
            seconds,
            failure,
            charge,
            digest,
            nonce,
        ) = fields
    except (ValueError, zlib.error):
        return None
    if said != service:
        return None
    return Job(
        id=token, service=said, route=route, model=model, kind=kind, prompt=prompt,
        settings=tuple((name, value) for name, value in settings), references=tuple(references), mask=mask,
        count=count, form=form, created=created / 1000, seconds=seconds / 1000, failure=failure,
        charge=Decimal(charge), digest=digest, nonce=nonce,
    )  # fmt: skip


def _pack(job: Job, settings: list[tuple[str, Any]], references: tuple[str, ...], prompt: str) -> str:
    fields = [
        job.service, job.route, job.model, job.kind, prompt, settings, references, job.mask, job.count, job.form,
        round(job.created * 1000), round(job.seconds * 1000), job.failure, str(job.charge), job.digest, job.nonce,
    ]  # fmt: skip
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    deflate = zlib.compressobj(9, wbits=-15)
    packed = deflate.compress(text) + deflate.flush()
    return PREFIXES[job.service] + base64.urlsafe_b64encode(_checksum(packed) + packed).decode().rstrip("=")


def _brief(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return (
        value if len(text) <= SETTING_BYTES else "#" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    )


def _checksum(packed: bytes) -> bytes:
    return hashlib.sha256(b"notebookgen sandbox 1" + packed).digest()[:_SUM]
