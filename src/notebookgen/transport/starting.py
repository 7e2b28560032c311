"""The first creates at an account of which nothing is known: some, and more as they are answered. Pure.

A thousand creates at once to a service that nobody has asked before would be refused by the hundred where there is a
limit. So some leave, and wait for what the first answers tell: a limit, and the account's pace goes by that from then on,
or none, and twice as many may be on their way after each round of answers. A create may be held open until what it makes
is there, so that the number is doubled after a while without answers as well.
"""

from __future__ import annotations

__all__ = ["FIRST", "Start"]

FIRST = 16  # creates that leave before there is an answer
OPEN = 1024  # so many on their way at once went well: nothing is held back any more
PATIENCE = 1.0  # seconds without room, after which twice as many may be on their way
SOON = 0.02  # seconds; answers come at any moment


class Start:
    """How many creates may be on their way."""

    def __init__(self) -> None:
        """Begin with few."""
        self._room = FIRST
        self._since: float | None = None  # when one had to wait, since the last one left
        self._pressed = 0  # answers that make room for one more, since there was none when they were on their way

    @property
    def full(self) -> bool:
        """Whether one has to wait."""
        return self._since is not None

    def wait(self, now: float, out: int) -> float:
        """Return the seconds until a create may be worth asking again, with so many on their way; 0.0 has it leave now."""
        if out < self._room or self._room >= OPEN:
            self._since = None
            return 0.0
        if self._since is None:
            self._since = now
        self._pressed = out
        if now - self._since >= PATIENCE:
            self._room, self._since = self._room * 2, None
            return 0.0
        return SOON

    def ended(self, *, well: bool) -> None:
        """Take note that one is on its way no longer; ``well`` where the service has taken it."""
        if self._pressed:
            self._pressed -= 1
            self._room += well
