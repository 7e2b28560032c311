"""Kiln, an imaginary service that fires pictures: a whole third-party provider, in a package of its own."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from notebookgen.errors import InvalidImage
from notebookgen.providers import Delivery, Fault, Provider
from notebookgen.records import Cost, Generation, InputImage, Job, JobRef, Model, Output, Phase, Setting
from notebookgen.wire import HttpRequest, HttpResponse, get_request, json_request, object_in, take

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Kiln"]

PHASES = {"drying": Phase.QUEUED, "firing": Phase.RUNNING, "cooled": Phase.COMPLETED, "cracked": Phase.FAILED}
TILE = Model(
    "kiln",
    "tile-1",
    name="Tile 1",
    kind="image",
    settings=(Setting("glaze", "string", options=("clear", "blue")),),
    cost=Cost(Decimal("0.04"), "USD", "listed"),
    source="https://kiln.example/models",
)


class Kiln(Provider):
    """Reads and writes what the pages of Kiln would describe."""

    name: ClassVar[str] = "kiln"
    title: ClassVar[str] = "Kiln"
    key_variable: ClassVar[str] = "KILN_API_KEY"
    base_variable: ClassVar[str] = "KILN_BASE_URL"
    default_base_url: ClassVar[str] = "https://api.kiln.example/v1"
    keys_page: ClassVar[str] = "https://kiln.example/keys"
    unit: ClassVar[str] = "USD"

    def catalogue(self) -> tuple[Model, ...]:
        """One model."""
        return (TILE,)

    def prepare(self, generation: Generation, model: Model | None) -> Generation:
        """A glaze is always sent."""
        return replace(generation, settings={"glaze": "clear", **generation.settings})

    def price(self, generation: Generation, model: Model | None) -> Cost:
        """Four cents, whatever the glaze."""
        return TILE.cost

    def delivery(self, generation: Generation, image: InputImage, model: Model | None) -> Delivery:
        """No pictures go in."""
        message = "Kiln takes no images. Leave them out."
        raise InvalidImage(message)

    def create(
        self, generation: Generation, sources: Mapping[str, str], model: Model | None, *, callback: str | None = None
    ) -> HttpRequest:
        """The one request that buys."""
        body = {"model": generation.model, "text": generation.prompt, **generation.settings}
        return json_request(f"{self.base_url}/fire", body, purpose="create")

    def read_create(self, response: HttpResponse, generation: Generation) -> Job:
        """A reply names a job, or it cannot be read."""
        return self._job(response)

    def status(self, ref: JobRef) -> HttpRequest:
        """A read."""
        return get_request(f"{self.base_url}/jobs/{ref.id}", purpose="status")

    def read_status(self, response: HttpResponse, ref: JobRef) -> Job:
        """The same shape as the create's reply."""
        return self._job(response)

    def read_fault(self, response: HttpResponse) -> Fault | None:
        """HTTP statuses mean what they say."""
        if response.status < 300:
            return None
        return Fault(response.status, response.status, said=response.excerpt())

    def _job(self, response: HttpResponse) -> Job:
        data = object_in(response.json())
        phase = PHASES.get(take(data, "state", str), Phase.RUNNING)
        url = take(data, "file", str) if phase is Phase.COMPLETED else None
        charged = Decimal(take(data, "cost", str)) if "cost" in data else None
        return Job(take(data, "id", str), phase, (Output("tile", url=url),) if url else (), charged=charged)
