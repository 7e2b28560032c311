"""Quarry, an imaginary service, as a provider for notebookgen: a whole adapter, as short as one can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from notebookgen.providers import Delivery, Fault, Provider
from notebookgen.records import Cost, Generation, InputImage, Job, JobRef, Model, Output, Phase, Setting
from notebookgen.wire import HttpRequest, HttpResponse, get_request, json_request, object_in, take

PHASES = {
    "waiting": Phase.QUEUED,
    "carving": Phase.RUNNING,
    "done": Phase.COMPLETED,
    "broken": Phase.FAILED,
}

STONE = Model(
    "quarry",
    "stone-1",
    name="Stone 1",
    kind="image",
    settings=(Setting("width", "integer", default=1024, minimum=256, maximum=2048),),
    cost=Cost(Decimal("0.02"), "USD", "listed"),
    source="https://quarry.example/docs/models",
)


class Quarry(Provider):
    """Reads and writes what https://quarry.example/docs/api describes."""

    name = "quarry"
    title = "Quarry"
    key_variable = "QUARRY_API_KEY"
    base_variable = "QUARRY_BASE_URL"
    default_base_url = "https://api.quarry.example/v1"
    keys_page = "https://quarry.example/keys"
    unit = "USD"

    def catalogue(self) -> tuple[Model, ...]:
        """One model."""
        return (STONE,)

    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        """The service insists on a width."""
        return replace(generation, settings={"width": 1024, **generation.settings})

    def price(self, generation: Generation, model: Model | None) -> Cost:
        """Two cents, whatever the width."""
        return model.cost if model else Cost()

    def delivery(self, generation: Generation, image: InputImage, model: Model | None) -> Delivery:
        """Pictures are sent inside the request."""
        return "base64"

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        """The one request that buys; https://quarry.example/docs/api#carve."""
        body = {
            "model": generation.model,
            "prompt": generation.prompt,
            "options": dict(generation.settings),
            "references": [sources[image.key] for image in generation.images],
        }
        return json_request(f"{self.base_url}/carve", body, purpose="create")

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        """The reply names a job, always."""
        return self._job(response)

    def status(self, ref: JobRef) -> HttpRequest:
        """A read: it may be repeated."""
        return get_request(f"{self.base_url}/jobs/{ref.id}", purpose="status")

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        """The same shape as the create's reply."""
        return self._job(response)

    def read_fault(self, response: HttpResponse) -> Fault | None:
        """The service uses HTTP statuses as they are meant."""
        if response.status < 300:
            return None
        return Fault(response.status, response.status, said=response.excerpt())

    def _job(self, response: HttpResponse) -> Job:
        data = object_in(response.json())
        # A word that the page does not know counts as running: it is asked again.
        phase = PHASES.get(take(data, "state", str), Phase.RUNNING)
        files = take(data, "files", list) if phase is Phase.COMPLETED else []
        return Job(
            take(data, "id", str),
            phase,
            outputs=tuple(Output("file", url=str(address)) for address in files),
            charged=Decimal(str(take(data, "cost", (int, float)))) if "cost" in data else None,
        )
