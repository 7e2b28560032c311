"""From the rows of a table to what the engine is asked for: one wish for each row, or why it is never sent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InputError, NotebookgenError, UnknownModel
from notebookgen.jobs.asking import gather_settings, input_images, on_this_machine
from notebookgen.jobs.states import State
from notebookgen.jobs.surveying import Left
from notebookgen.jobs.ticket import Wish
from notebookgen.records import NO_COST, Generation, Realm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notebookgen.frames.table import Asked, Table
    from notebookgen.jobs.wishing import Asker
    from notebookgen.media import MediaStore
    from notebookgen.records import InputImage

__all__ = ["Wanted"]

IMAGES_KEPT = 20_000  # input images whose hash is remembered, so that a file is read once
NOBODY = Realm("unknown", "unknown")


class Wanted:
    """The rows of a run over a table."""

    def __init__(
        self,
        table: Table,
        *,
        asker_for: Callable[[str | None], Asker],
        media: MediaStore,
        samples: int = 1,
        fresh: bool = False,
        kind: Any = None,
        keywords: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare what is the same for all rows.

        Args:
            table: The rows.
            asker_for: Gives who knows a model, by its name as the table has it.
            media: Where input images are kept.
            samples: How many of each row.
            fresh: Whether what was delivered before does not count.
            kind: What is to come back, where the models do not tell.
            keywords: Settings that were given as keywords, whose names may be slips of the pen.

        Raises:
            NotebookgenError: No model of the table can be asked, or a keyword is a slip.
        """
        self.table = table
        self.samples = samples
        self.fresh = fresh
        self.kind = kind
        self._media = media
        self._askers: dict[str | None, Asker | NotebookgenError] = {}
        self._pictures: dict[tuple[str, bool], tuple[InputImage, ...]] = {}
        self._same: dict[bool, tuple[InputImage, ...]] = {}
        for name in table.models():
            self._askers[name] = found = _asker(asker_for, name)
            if not isinstance(found, NotebookgenError):
                known = [found.known] if found.known is not None else found.lane.provider.catalogue()
                gather_settings(None, dict.fromkeys(keywords or {}), known)
        errors = [one for one in self._askers.values() if isinstance(one, NotebookgenError)]
        if errors and len(errors) == len(self._askers):
            raise errors[0]

    def without(self, asker: Asker, error: NotebookgenError) -> None:
        """Take a model away that its provider does not know: its rows are invalid, and the others are not concerned.

        Raises:
            NotebookgenError: No other model is left.
        """
        self._askers = {name: error if one is asker else one for name, one in self._askers.items()}
        if not self.askers:
            raise error

    @property
    def total(self) -> int:
        """How many different rows."""
        return len(self.table)

    @property
    def askers(self) -> list[Asker]:
        """Who knows the models of the table."""
        return [one for one in self._askers.values() if not isinstance(one, NotebookgenError)]

    def part(self, start: int, stop: int) -> list[Wish | Left]:
        """Return some rows, without their prices."""
        return [self._row(asked) for asked in self.table.part(start, stop)]

    def priced(self, wish: Wish) -> Wish:
        """Return a row with its price."""
        return next(
            replace(wish, price=asker.price(wish.generation))
            for asker in self.askers
            if asker.lane is wish.lane and asker.model_id == wish.generation.model
        )

    def _row(self, asked: Asked) -> Wish | Left:
        """Return one row."""
        asker = self._askers[asked.model]
        if isinstance(asker, NotebookgenError):
            return Left(State.INVALID, asker, Generation(NOBODY, asked.model or "", asked.prompt or ""))
        lane = asker.lane
        if asked.skipped is not None:
            why = InputError(f"{asked.skipped}, so it is never sent.")
            return Left(State.SKIPPED, why, Generation(lane.realm, asker.model_id, asked.prompt or ""))
        try:
            generation = asker.asked(
                asked.prompt,
                images=self._images(asked.images, on_this_machine(lane.provider.base_url)),
                kind=self.kind,
                settings=asked.settings,
            )
        except InputError as error:
            return Left(State.INVALID, error, Generation(lane.realm, asker.model_id, asked.prompt or ""))
        return Wish(generation, lane, asker.known, NO_COST, samples=1, fresh=self.fresh)

    def _images(self, value: Any, near: bool) -> tuple[InputImage, ...]:  # noqa: FBT001 - a fact about the provider
        """Return the input images of a row; a file that many rows name is read once."""
        if value is None:
            return ()
        if self.table.constant.images:
            if near not in self._same:
                self._same[near] = input_images(value, self._media, near=near)
            return self._same[near]
        if not isinstance(value, str):
            return input_images(value, self._media, near=near)
        key = (value, near)
        if key not in self._pictures:
            if len(self._pictures) >= IMAGES_KEPT:
                del self._pictures[next(iter(self._pictures))]
            self._pictures[key] = input_images(value, self._media, near=near)
        return self._pictures[key]


def _asker(asker_for: Callable[[str | None], Asker], name: str | None) -> Asker | NotebookgenError:
    """Return who knows a model; a model that nobody knows makes its rows invalid, and not the whole run."""
    try:
        return asker_for(name)
    except UnknownModel as error:
        return error
