"""From a call to a wish: model known or unknown, content checked, price told. The network only for a live list.

What was paid for before needs no network: the ledger is asked before a provider's list is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, ProviderBroken, RateLimited, ReplyLost, UnexpectedResponse
from notebookgen.jobs.asking import ask, gather_settings, input_images, on_this_machine
from notebookgen.jobs.models import unknown_model
from notebookgen.jobs.ticket import Lane, Wish
from notebookgen.normal import shown_value
from notebookgen.providers.pricing import own_price

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.jobs.house import House
    from notebookgen.records import Cost, Generation, InputImage, Model

__all__ = ["Asker", "check_samples", "wish_of"]

MOST_SAMPLES = 1000


class Asker:
    """Asks one model of one account: checks what is wanted against what is known of it, and tells its price."""

    def __init__(self, house: House, lane: Lane, model_id: str) -> None:
        """Take what is known of the model without any network.

        Args:
            house: The home folder's engine, media and model lists.
            lane: Who is to be asked.
            model_id: The provider's own model id.

        Raises:
            Refused, NotSent: What an app takes stands in a live list alone, and that cannot be had.
        """
        self.house, self.lane, self.model_id = house, lane, model_id
        self.app = lane.provider.is_app(model_id)
        self.known = self._record()
        if self.app and self.known is None and not house.book.fresh(lane, apps=True):
            _refresh(house, lane, apps=True)
            self.known = self._record()

    @property
    def name(self) -> str:
        """The model as it is written: ``provider:id``."""
        return f"{self.lane.realm.provider}:{self.model_id}"

    def _record(self) -> Model | None:
        return self.house.book.known(self.lane.provider, self.lane.realm).get(self.model_id)

    def asked(
        self,
        prompt: object,
        *,
        images: tuple[InputImage, ...] = (),
        kind: Any = None,
        settings: Mapping[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> Generation:
        """Return what is wanted as it will be sent.

        Raises:
            InputError: It cannot be sent as it is; the message names what can.
        """
        known = self.known
        words = self.lane.provider.catalogue() if known is None and more else [known] if known is not None else []
        return ask(
            prompt,
            realm=self.lane.realm,
            provider=self.lane.provider,
            model_id=self.model_id,
            model=known,
            settings=gather_settings(settings, more or {}, words),
            images=images,
            kind=kind,
        )

    def inquire(self) -> bool:
        """Look the model up in the provider's own list, where it has one; return whether more is known now.

        One that is broken just now forbids nothing: the create itself will tell.

        Raises:
            UnknownModel: The list lacks it.
            Refused: The account cannot even list them: its key or its plan is at fault.
            NotSent: The provider cannot be reached at all.
        """
        house, lane, app = self.house, self.lane, self.app
        if (lane.provider.apps() if app else lane.provider.models()) is None:
            return False
        if not house.book.fresh(lane, apps=app):
            _refresh(house, lane, apps=app)
        return self.consult()

    def consult(self) -> bool:
        """Take what a list says that was fetched before; return whether there was one.

        Raises:
            UnknownModel: The list lacks the model; an app that is not listed may run all the same.
        """
        if not self.house.book.fresh(self.lane, apps=self.app):
            return False
        listed = self.house.book.listed(self.lane)
        if not self.app and self.model_id not in listed:
            raise unknown_model(self.model_id, self.lane.provider, listed)
        self.known = self._record()
        return True

    def price(self, generation: Generation) -> Cost:
        """Return what a generation costs as far as is known beforehand: the user's own price first.

        Raises:
            InvalidCall: The user's own price leaves open what it is for.
        """
        own = self.house.settings.prices.get(generation.full_model)
        if own is not None:
            return own_price(own, generation, self.known, unit=self.lane.provider.unit)
        return self.lane.provider.price(generation, self.known)

    def wish(self, generation: Generation, *, samples: int = 1, fresh: bool = False) -> Wish:
        """Return what the engine is to do."""
        return Wish(generation, self.lane, self.known, self.price(generation), samples=samples, fresh=fresh)


def check_samples(samples: object) -> int:
    """Return how many of each content are wanted.

    Raises:
        InvalidCall: It is no number of samples.
    """
    if not isinstance(samples, int) or isinstance(samples, bool) or not 1 <= samples <= MOST_SAMPLES:
        message = f"samples={shown_value(samples)} makes no sense. Give a whole number from 1 to {MOST_SAMPLES}."
        raise InvalidCall(message)
    return samples


def wish_of(
    house: House,
    lane: Lane,
    model_id: str,
    prompt: object,
    *,
    images: Any,
    kind: Any,
    settings: Mapping[str, Any] | None,
    more: Mapping[str, Any],
    samples: Any = 1,
    fresh: bool = False,
) -> Wish:
    """Return what a call asks for, checked.

    Args:
        house: The home folder's engine, media and model lists.
        lane: Who is to be asked.
        model_id: The provider's own model id.
        prompt: What to make.
        images: Input images, as ``generate`` takes them.
        kind: What is to come back, where the model does not tell.
        settings: What the model is told, by name.
        more: The same, as keywords.
        samples: How many of the content.
        fresh: Whether samples delivered before do not count.

    Raises:
        InputError: It cannot be sent as it is. Nothing was sent.
        UnknownModel: The provider's own list lacks the model.
    """
    count = check_samples(samples)
    pictures = input_images(images, house.media, near=on_this_machine(lane.provider.base_url))
    asker = Asker(house, lane, model_id)

    def asked() -> Generation:
        return asker.asked(prompt, images=pictures, kind=kind, settings=settings, more=more)

    generation = asked()
    new = fresh or house.look(generation)[0] is None
    if asker.inquire() if new else asker.consult():
        generation = asked()
    return asker.wish(generation, samples=count, fresh=fresh)


def _refresh(house: House, lane: Lane, *, apps: bool) -> None:
    """Fetch a live list. One that is broken just now forbids nothing: the create itself will tell.

    Raises:
        Refused: The account cannot even list them: its key or its plan is at fault.
        NotSent: The provider cannot be reached at all.
    """
    try:
        house.book.refresh(lane, apps=apps)
    except (ProviderBroken, RateLimited, ReplyLost, UnexpectedResponse):
        return
