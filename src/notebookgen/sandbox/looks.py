"""How one subject is coloured: its own colours, unless the prompt or the light says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from notebookgen.sandbox.colours import RGB

__all__ = ["Look"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a subject needs to know of the scene around it."""

    accent: RGB
    second: RGB
    ink: RGB
    light: RGB
    colour: RGB | None = None
    turn: float = 0.0
    snowy: bool = False
    lit: bool = False
    asleep: bool = False

    def of(self, natural: RGB) -> RGB:
        """Return the colour that the prompt named, else the subject's natural one."""
        return natural if self.colour is None else self.colour
