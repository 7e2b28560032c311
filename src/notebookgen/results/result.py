"""One generation as it stands: what it is, what it cost, where its files are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.errors import AssetGone, InvalidCall
from notebookgen.jobs.states import State
from notebookgen.media.copies import copied
from notebookgen.media.naming import human_name
from notebookgen.results.waiting import row_after, wait_on

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from PIL.Image import Image

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.media.shown import Shown
    from notebookgen.records import Asset, Cost
    from notebookgen.results.results import Results

__all__ = ["Result"]

REMARK = 32  # bytes


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
    def _row(self) -> Delivered:
        return self.handle.row(self.index)

    @property
    def status(self) -> str:
        """Where it stands: ``saved``, ``submitted``, ``failed``, ``ambiguous``, ..."""
        return str(self._row.state)

    @property
    def assets(self) -> tuple[Asset, ...]:
        """The files that came back."""
        return self._row.assets

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
        texts = [self._kept(asset).read_text(encoding="utf-8") for asset in self.assets if asset.kind == "text"]
        return "\n\n".join(texts) if texts else None

    @property
    def image(self) -> Image | None:
        """The first picture as a Pillow image; None where none came back.

        Raises:
            AssetGone: Its file is no longer in its place; the message says how it comes back.
        """
        from PIL import Image as pillow  # noqa: N813, PLC0415 - loaded when a picture is asked for

        for asset in self.assets:
            if asset.kind == "image":
                with pillow.open(self._kept(asset)) as image:
                    image.load()
                    return image
        return None

    def _kept(self, asset: Asset) -> Path:
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
            else "There is no job to ask for it again; fresh=True buys another one."
        )
        message = f"{path} is gone from its place. It was paid for ({self.cost}).\n{how}"
        raise AssetGone(self.handle.retell(message))

    @property
    def cost(self) -> Cost:
        """What it cost, net, with earlier tries that came to nothing; ``amount`` is None while that is unknown."""
        return self.handle.in_all([self._row])[0]

    @property
    def seconds(self) -> float | None:
        """How long the job took, in seconds."""
        return self._row.seconds

    @property
    def model(self) -> str:
        """What ran, as ``provider:id``."""
        return self._row.generation.full_model

    @property
    def prompt(self) -> str:
        """The text that was sent."""
        return self._row.generation.prompt

    @property
    def settings(self) -> dict[str, object]:
        """What the model was told."""
        return dict(self._row.generation.settings)

    @property
    def job(self) -> str | None:
        """The provider's handle."""
        return self._row.job

    @property
    def error(self) -> str | None:
        """Why it is not saved, where it is not: one to four lines."""
        return self.handle.retell(str(self._row.error)) if self._row.error is not None else None

    @property
    def exception(self) -> BaseException | None:
        """The same as an exception of ``notebookgen.errors``."""
        return self._row.error

    @property
    def id(self) -> str:
        """The generation's id: a hash of exactly its content."""
        return self._row.generation.id

    @property
    def cached(self) -> bool:
        """Whether it was paid for before, so that nothing was sent now."""
        return self._row.cached

    @property
    def sample(self) -> int:
        """0 for the first of its content, 1 for another one, and so on."""
        return self._row.generation.sample

    @property
    def done(self) -> bool:
        """Whether nothing more will come by itself."""
        return self._row.done

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

    def save(self, path: str | Path) -> Path | list[Path]:
        """Copy the files to a place of your own.

        Args:
            path: A file name, or a folder, where names are made from the prompt.

        Returns:
            Where they are now; a list where several came back.

        Raises:
            AssetGone: A file is no longer in its place; the message says how it comes back.
            InvalidCall: There is nothing to save, or the name's ending is not that of the file.
            NotWritable: The place cannot be written.
        """
        if not self.assets:
            message = f"there is nothing to save: its status is '{self.status}'."
            raise InvalidCall(message)
        target = Path(path).expanduser()
        folder = target.is_dir() or not target.suffix or str(path).endswith(("/", "\\"))
        saved: list[Path] = []
        for number, asset in enumerate(self.assets, start=1):
            source = self._kept(asset)
            if folder:
                place = target / human_name(
                    self.prompt, self.id, source.suffix, number if len(self.assets) > 1 else None
                )
            elif target.suffix.lower() != source.suffix and {target.suffix.lower(), source.suffix} != {".jpeg", ".jpg"}:
                message = f"what came back is {asset.mime}. Name it {target.with_suffix(source.suffix).name}"
                raise InvalidCall(message)
            else:
                place = target if len(self.assets) == 1 else target.with_stem(f"{target.stem}-{number}")
            saved.append(copied(source, place))
        return saved[0] if len(saved) == 1 else saved

    def show(self) -> None:
        """Show it here, also in the middle of a cell."""
        try:
            from IPython.display import display  # noqa: PLC0415 - only where there is something to show it in
        except ImportError:
            print(repr(self))  # noqa: T201 - the terminal's way of showing it
            return
        display(self)  # type: ignore[no-untyped-call]  # IPython types none of it

    def shown(self) -> Shown:
        """Return the plain facts that a preview is made from."""
        from notebookgen.media.shown import Shown  # noqa: PLC0415 - loaded when something is shown

        row = self._row
        return Shown(
            status=str(row.state),
            model=self.model,
            prompt=self.prompt,
            settings=row.generation.settings,
            cost=self.cost,
            seconds=row.seconds,
            job=row.job,
            id=self.id,
            assets=told_apart(row.assets),
            text=text_of(row) if all(asset.kind == "text" for asset in row.assets) else None,
            error=self.error,
            sandbox=row.generation.realm.sandbox,
            cached=row.cached,
            sample=self.sample,
            at=row.at,
            run=self.handle.id,
        )

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return how it looks in a notebook, as (data, metadata)."""
        from notebookgen.media.preview import bundle  # noqa: PLC0415 - loaded when something is shown

        return bundle(self.shown(), include=include, exclude=exclude)

    def __repr__(self) -> str:
        """Return status, model, cost and path in a line; no file is opened for it."""
        where = f" {self.path}" if self.path else ""
        return f"<Result {self.status} {self.model} {self.cost}{where}>"


def told_apart(assets: tuple[Asset, ...]) -> tuple[Asset, ...]:
    """Return the assets that are worth a place of their own in a preview.

    Any string in a reply is a text asset, since no page says what its keys mean; beside a picture or a clip a single
    word is most likely a remark such as its format. It is kept all the same, and listed in ``assets``.
    """
    media = [asset for asset in assets if asset.kind != "text"]
    worth = [asset for asset in assets if asset.kind != "text" or asset.size > REMARK]
    return tuple(worth) if media else assets


def text_of(row: Delivered) -> str | None:
    """Return the text that came back, where one did, and its files are here."""
    try:
        texts = [Path(asset.path).read_text(encoding="utf-8") for asset in row.assets if asset.kind == "text"]
    except FileNotFoundError:  # one of ten thousand is gone: the others are to be read all the same
        return None
    return "\n\n".join(texts) if texts else None
