"""What a person sees on a part of a page: pictures that are decoded and laid out, players with their poster, words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from browser.lab import PLAY, Played

if TYPE_CHECKING:
    from playwright.sync_api import Locator

# Each picture and player that takes up room, with the size of what was decoded; a poster is decoded to be sure.
SEE = """async (root) => {
    const room = (element) => { const box = element.getBoundingClientRect(); return [box.width, box.height] };
    const pictures = [...root.querySelectorAll('img')].filter(one => !one.closest('video, audio'));
    await Promise.all(pictures.map(one => one.decode().catch(() => null)));
    const decoded = async (address) => {
      const one = new Image(); one.src = address;
      await one.decode().catch(() => null);
      return [one.naturalWidth, one.naturalHeight] };
    const players = [];
    for (const one of root.querySelectorAll('video, audio')) {
      players.push({kind: one.tagName.toLowerCase(), room: room(one), source: one.currentSrc.slice(0, 40),
                    poster: one.poster ? await decoded(one.poster) : [0, 0]}) }
    return {
      words: root.innerText.split(/\\s+/).filter(Boolean).join(' '),
      pictures: pictures.map(one => ({size: [one.naturalWidth, one.naturalHeight], room: room(one), alt: one.alt})),
      players } }"""

Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its own size, the room it takes up, and what is read out for it."""

    size: Size
    room: Size
    alt: str

    @property
    def seen(self) -> bool:
        """Whether it is decoded and laid out."""
        return min(*self.size, *self.room) > 0


@dataclass(frozen=True, slots=True)
class Player:
    """A player: its kind, the room it takes up, where it plays from, and the size of its poster."""

    kind: str
    room: Size
    source: str
    poster: Size


@dataclass(frozen=True, slots=True)
class View:
    """What is seen of a part of a page.

    Attributes:
        words: What can be read, in one line.
        pictures: Those that are laid out or should be; the ones inside players are not.
        players: Clips and sounds.
    """

    words: str
    pictures: tuple[Picture, ...]
    players: tuple[Player, ...]

    @property
    def broken(self) -> list[Picture]:
        """The pictures that are not seen."""
        return [one for one in self.pictures if not one.seen]


def see(part: Locator) -> View:
    """Return what is seen of a part of a page, once its pictures are decoded."""
    found: dict[str, Any] = part.evaluate(SEE)
    pictures = tuple(Picture(_size(one["size"]), _size(one["room"]), one["alt"]) for one in found["pictures"])
    players = tuple(
        Player(one["kind"], _size(one["room"]), one["source"], _size(one["poster"])) for one in found["players"]
    )
    return View(found["words"], pictures, players)


def played(part: Locator) -> list[Played]:
    """Play every clip and sound of a part of a page for a moment; whoever stands still raises."""
    return [Played(**one.evaluate(PLAY)) for one in part.locator("video, audio").all()]


def _size(pair: list[float]) -> Size:
    return (float(pair[0]), float(pair[1]))
