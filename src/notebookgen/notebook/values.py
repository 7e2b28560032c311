"""What ``-m``, ``-s`` and ``-i`` give the client: everything that turns their words into values lives here.

Braces around a name stand for a variable's value. Over a frame they stand for a column first: the value then is an
expression, and differs from row to row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebookgen.errors import InvalidCall, InvalidImage, ProviderError, TransportError, UnknownModel, near_miss
from notebookgen.notebook.arguments import typed
from notebookgen.notebook.candidates import pictures
from notebookgen.notebook.interpolation import variable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from notebookgen.client import Client
    from notebookgen.notebook.arguments import Call
    from notebookgen.records import Model

__all__ = ["Scope", "asked"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where the names between braces come from.

    Attributes:
        names: All variables.
        own: Those that a person made, for near misses.
        columns: The frame's, which come first; none where there is no frame.
    """

    names: Mapping[str, object]
    own: Mapping[str, object]
    columns: Collection[str] = ()

    def name(self, text: str) -> str | None:
        """Return the name where the whole text is ``{name}``; else None. A column's name may be any text."""
        inner = text[1:-1] if text[:1] == "{" and text[-1:] == "}" else ""
        return inner if inner and inner in self.columns else variable(text)

    def held(self, name: str, flag: str, known: Iterable[str] | None = None) -> Any:
        """Return what a name stands for: a column as an expression, else the variable's value.

        Args:
            name: The name.
            flag: Where it stands, for the error.
            known: Which variables could be meant, for a near miss; all that a person made where None.

        Raises:
            InvalidCall: There is neither.
        """
        if name in self.columns:
            import polars as pl  # noqa: PLC0415 - loaded already where there is a frame

            return pl.col(name)
        if name not in self.names:
            what = "neither a column nor a variable" if self.columns else "no variable"
            miss = near_miss(name, [*self.columns, *(self.own if known is None else known)])
            message = f"{flag} {{{name}}} names {what}.{miss} Nothing was sent. Assign {name} first."
            raise InvalidCall(message)
        return self.names[name]


def asked(call: Call, scope: Scope, client: Callable[[], Client]) -> dict[str, Any]:
    """Return model, kind, settings and images as the client takes them.

    Args:
        call: What was written.
        scope: Where the names between braces come from.
        client: Gives the client.
    """
    from notebookgen.jobs.asking import check_slip  # noqa: PLC0415 - loaded with the client

    held = scope.name(call.model or "")
    name: Any = call.model if held is None else scope.held(held, "-m")
    if held is not None and held not in scope.columns:
        name = str(name)
    model = _record(name, call.kind, client()) if call.settings and isinstance(name, str | None) else None
    settings: dict[str, Any] = {}
    for one in call.settings:
        if model is not None and not one.sure:
            check_slip(one.key, model)
        inner = None if one.quoted else scope.name(one.text)
        if inner is not None:
            settings[one.key] = scope.held(inner, f"-s {one.key}")
        elif one.quoted and scope.columns:
            settings[one.key] = _literal(one.text)
        else:
            settings[one.key] = typed(one, model.setting(one.key) if model else None)
    return {"model": name, "kind": call.kind, "settings": settings or None, "images": _images(call, scope)}


def _literal(text: str) -> Any:
    """Return a quoted text for every row of a frame, whose braces are meant as they stand."""
    if "{" not in text:
        return text
    import polars as pl  # noqa: PLC0415 - loaded already where there is a frame

    return pl.lit(text)


def _record(name: str | None, kind: str | None, client: Client) -> Model | None:
    """Return what is known of the model, which says of what type its settings are; None where nobody knows it."""
    from notebookgen.jobs.choosing import SANDBOX_MODELS  # noqa: PLC0415 - loaded with the client

    wanted = name or client.settings.model or f"armox:{SANDBOX_MODELS[kind or 'image']}"
    try:
        return client.model(wanted)
    except UnknownModel:
        return None
    except (ProviderError, TransportError):  # no live list just now: the one that was kept will do
        return next((one for one in client.find_models() if wanted in {str(one), one.id}), None)


def _images(call: Call, scope: Scope) -> Any:
    """Return the input images: a list, or by field where fields are named."""
    from notebookgen.jobs.asking import are_several  # noqa: PLC0415 - loaded with the client

    given: list[tuple[str | None, Any]] = []
    for one in call.images:
        inner = scope.name(one.text)
        value = one.text if inner is None else scope.held(inner, "-i", pictures(scope.own))
        if value is None:
            message = f"-i {one.text} is None, not an image. Nothing was sent."
            raise InvalidImage(message)
        several = inner is not None and inner not in scope.columns and are_several(value)
        if several and not value:
            message = f"-i {one.text} is empty, so that there is no image in it. Nothing was sent."
            raise InvalidImage(message)
        given += [(one.field, each) for each in (value if several else [value])]
    fields = {field for field, _ in given}
    if fields <= {None}:
        return [value for _, value in given] or None
    if None in fields:
        message = "some -i name a field and some do not. Name it for each of them: -i FIELD=IMAGE"
        raise InvalidCall(message)
    found: dict[str, Any] = {}
    for field, value in given:
        key = str(field)
        if key not in found:
            found[key] = value
        else:
            found[key] = [*(found[key] if isinstance(found[key], list) else [found[key]]), value]
    return found
