"""From a call to a wish: model known or unknown, content checked, price told. The network only for a live list.

What was paid for before needs no network: the ledger is asked before a provider's list is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, ProviderBroken, RateLimited, ReplyLost, UnexpectedResponse
from notebookgen.jobs.asking import ask, gather_settings, input_images, on_this_machine
from notebookgen.jobs.models import unknown_model
from notebookgen.jobs.ticket import Lane, Wish
from notebookgen.records import Cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notebookgen.jobs.house import House
    from notebookgen.records import Generation, Model

__all__ = ["wish_of"]


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
    if not isinstance(samples, int) or isinstance(samples, bool) or not 1 <= samples <= 1000:
        message = f"samples={samples!r} makes no sense. Give a whole number from 1 to 1000."
        raise InvalidCall(message)
    pictures = input_images(images, house.media, near=on_this_machine(lane.provider.base_url))

    def asked(record: Model | None) -> Generation:
        return ask(
            prompt,
            realm=lane.realm,
            provider=lane.provider,
            model_id=model_id,
            model=record,
            settings=gather_settings(settings, more, lane.provider.catalogue() if record is None else [record]),
            images=pictures,
            kind=kind,
        )

    app = lane.provider.is_app(model_id)
    known = house.book.known(lane.provider, lane.realm).get(model_id)
    if app and known is None and not house.book.fresh(lane, apps=True):
        _refresh(house, lane, apps=True)  # what an app takes stands in its list alone
        known = house.book.known(lane.provider, lane.realm).get(model_id)
    generation = asked(known)
    if (lane.provider.apps() if app else lane.provider.models()) is not None:
        if not house.book.fresh(lane, apps=app) and (fresh or house.engine.look(generation)[0] is None):
            _refresh(house, lane, apps=app)
        if house.book.fresh(lane, apps=app):
            models = house.book.known(lane.provider, lane.realm)
            known = models.get(model_id)
            listed = house.book.listed(lane)
            if not app and model_id not in listed:  # an app that is not listed may run all the same
                raise unknown_model(model_id, lane.provider, listed)
            generation = asked(known)
    return Wish(generation, lane, known, price_of(house, lane, generation, known), samples=samples, fresh=fresh)


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


def price_of(house: House, lane: Lane, generation: Generation, model: Model | None) -> Cost:
    """Return what a generation costs as far as is known beforehand: the user's own price first."""
    own = house.settings.prices.get(generation.full_model)
    if own is not None:
        return Cost(own, lane.provider.unit, "listed", note="your own price")
    return lane.provider.price(generation, model)
