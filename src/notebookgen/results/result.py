"""One generation as it stands: what it is, what it cost, where its files are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.errors import AssetGone
from notebookgen.jobs.states import State
from notebookgen.media.texts import words_in
from notebookgen.results.showing import here, limits_of, notebook_folder, shown_rows
from notebookgen.results.waiting import row_after, wait_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from PIL.Image import Image

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.media.shown import Shown
    from notebookgen.records import Asset, Cost
    from notebookgen.results.gallery import Gallery
    from notebookgen.results.results import Results

__all__ = ["Result"]


class Result:
    """One generation as it stands: what it is, what it cost, where its files are. Shows itself in a notebook."""

    def __init__(self, handle: RunHandle, index: int, cancel: Callable[[str], list[str]]) -> None:
        """Read one row of a run.

        Args:
            handle: The run.
            index: Which of its rows.
            cancel: Cancels at the provider what begins with that id; returns lines for a person.
        """
        self.handle = handle
        self.index = index
        self._cancel = cancel

    @property
    def results(self) -> Results:
        """All rows of the run it belongs to."""
        from notebookgen.results.results import Results  # noqa: PLC0415 - it needs this module

        return Results(self.handle, self._cancel)

    @property
    def row(self) -> Delivered:
        """How it stands just now, all of it at one moment."""
        return self.handle.row(self.index)

    @property
    def status(self) -> str:
        """Where it stands: ``saved``, ``submitted``, ``failed``, ``ambiguous``, ..."""
        return str(self.row.state)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """The files that came back."""
        return self.row.assets

    @property
    def path(self) -> Path | None:
        """The first file; None while there is none."""
        return self.paths[0] if self.paths else None

    @property
    def paths(self) -> list[Path]:
        """All files."""
        return [Path(asset.path) for asset in self.assets]

    @property
    def url(self) -> str | None:
        """Where the first file was downloaded from; such addresses expire."""
        return self.assets[0].url if self.assets else None

    @property
    def text(self) -> str | None:
        """The text, where one came back.

        Raises:
            AssetGone: Its file is no longer in its place; the message says how it comes back.
        """
        texts = [words_in(self.kept(asset)) for asset in self.assets if asset.kind == "text"]
        return "\n\n".join(texts) if texts else None

    @property
    def image(self) -> Image | None:
        """The first picture as a Pillow image; None where none came back.

        Raises:
            AssetGone: Its file is no longer in its place; the message says how it comes back.
            AssetError: It has more pixels than are decoded here.
        """
        from notebookgen.media.pictures import whole  # noqa: PLC0415 - loads Pillow, when a picture is asked for

        return next((whole(self.kept(asset)) for asset in self.assets if asset.kind == "image"), None)

    def kept(self, asset: Asset) -> Path:
        """Return where a file is kept.

        Raises:
            AssetGone: It is no longer there.
        """
        path = Path(asset.path)
        if path.exists():
            return path
        how = (
            "Run it again: its job is asked for the file, which is free; nothing is bought."
            if self.job
            else "Run it again: its address is asked for it once more, which is free; nothing is bought."
            if asset.url
            else "There is neither a job nor an address to ask for it again; fresh=True buys another one."
        )
        message = f"{path} is gone from its place. It was paid for ({self.cost}).\n{how}"
        raise AssetGone(self.handle.retell(message))

    @property
    def cost(self) -> Cost:
        """What it cost, net, with earlier tries that came to nothing; ``amount`` is None while that is unknown."""
        return self.handle.in_all([self.row])[0]

    @property
    def seconds(self) -> float | None:
        """How long the job took, in seconds."""
        return self.row.seconds

    @property
    def model(self) -> str:
        """What ran, as ``provider:id``."""
        return self.row.generation.full_model

    @property
    def prompt(self) -> str:
        """The text that was sent."""
        return self.row.generation.prompt

    @property
    def settings(self) -> dict[str, object]:
        """What the model was told."""
        return dict(self.row.generation.settings)

    @property
    def job(self) -> str | None:
        """The provider's handle."""
        return self.row.job

    @property
    def error(self) -> str | None:
        """Why it is not saved, where it is not: one to four lines."""
        return self.handle.retell(str(self.row.error)) if self.row.error is not None else None

    @property
    def exception(self) -> BaseException | None:
        """The same as an exception of ``notebookgen.errors``."""
        return self.row.error

    @property
    def id(self) -> str:
        """The generation's id: a hash of exactly its content."""
        return self.row.generation.id

    @property
    def cached(self) -> bool:
        """Whether it was paid for before, so that nothing was sent now."""
        return self.row.cached

    @property
    def sample(self) -> int:
        """0 for the first of its content, 1 for another one, and so on."""
        return self.row.generation.sample

    @property
    def done(self) -> bool:
        """Whether nothing more will come by itself."""
        return self.row.done

    def wait(self, timeout: float | None = None) -> Result:
        """Wait for it and return it.

        Args:
            timeout: Seconds; the wait ends then, not the job.

        Raises:
            StillRunning: It is not over yet.
            JobError: It did not end well.
            ProviderError: The provider refused it.
        """
        wait_on(self.handle, timeout)
        if self.handle.failure is not None:
            raise self.handle.failure
        row = row_after(self.handle, self.index)
        if row.error is not None and row.state is not State.SAVED:
            raise row.error
        return self

    def cancel(self) -> Result:
        """Ask the provider to cancel the job; what became of it is in ``status``."""
        self._cancel(self.id)
        return self

    def save(self, path: str | Path, *, provenance: bool | None = None) -> Path | list[Path]:
        """Copy the files to a place of your own. The kept ones stay as they came.

        Args:
            path: A file name, or a folder, where names are made from the prompt.
            provenance: Whether the copies, and names that are made, say where they come from (model, prompt, settings,
                job, cost, time), where their format has room for it; by default as configured.

        Returns:
            Where they are now; a list where several came back. What is there already in that form is left as it is.

        Raises:
            AssetGone: A file is no longer in its place; the message says how it comes back.
            InvalidCall: There is nothing to save, the name's ending is not that of the file, or a file of your own is there.
            NotWritable: The place cannot be written.
        """
        from notebookgen.results.saving import save_files  # noqa: PLC0415 - loaded when something is saved

        return save_files(self, path, provenance=provenance)

    def show(self) -> None:
        """Show it here, also in the middle of a cell."""
        here(self)

    def compare(self) -> Gallery:
        """Return it with its input image beside what came of it."""
        return self.results.gallery(before=True).at(self.index)

    def shown(self) -> Shown:
        """Return the plain facts that a preview is made from."""
        return shown_rows(self.handle, [self.index])[0]

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how it looks in a notebook, as (data, metadata)."""
        from notebookgen.media.preview import bundle  # noqa: PLC0415 - loaded when something is shown

        limits, folder = limits_of(self.handle), notebook_folder()
        return bundle(self.shown(), limits=limits, include=include, exclude=exclude, folder=folder)

    def __repr__(self) -> str:
        """Return status, model, cost and path in a line; no file is opened for it."""
        where = f" {self.path}" if self.path else ""
        return f"<Result {self.status} {self.model} {self.cost}{where}>"
