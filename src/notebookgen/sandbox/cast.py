"""Who may appear: for each subject how it is drawn, how large, how it holds itself, and where it is at home."""

# fmt: off
# Outlines read best with their points side by side, so these lines are broken by hand.
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from notebookgen.sandbox import beasts, birds, buildings, objects, people, plants, swimmers, vehicles
from notebookgen.sandbox.canvas import Pen
from notebookgen.sandbox.looks import Look
from notebookgen.sandbox.sitters import SITTERS

__all__ = ["CAST", "Part"]

Draw = Callable[[Pen, Look, float], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One subject: `size` is a share of the picture's shorter side; `stance` is ground, air or water."""

    draw: Draw
    size: float
    width: float
    stance: str
    home: tuple[str, ...]
    travels: float = 0.0
    sinks: float = 0.0


def _each(draws: Mapping[str, Draw], size: float, width: float, stance: str, home: str) -> dict[str, Part]:
    return {kind: Part(draw, size, width, stance, tuple(home.split())) for kind, draw in draws.items()}


CAST: dict[str, Part] = {
    **_each(SITTERS, 0.5, 0.8, "ground", "meadow hills forest"),
    **_each(objects.OBJECTS, 0.42, 1.0, "ground", "table"),
    "fox": Part(SITTERS["fox"], 0.5, 0.8, "ground", ("forest", "hills", "meadow")),
    "cat": Part(SITTERS["cat"], 0.52, 0.8, "ground", ("room", "hills", "backdrop")),
    "dog": Part(SITTERS["dog"], 0.52, 0.8, "ground", ("meadow", "hills", "room")),
    "bear": Part(SITTERS["bear"], 0.54, 0.8, "ground", ("forest", "mountain")),
    "lion": Part(SITTERS["lion"], 0.54, 0.9, "ground", ("desert", "hills")),
    "owl": Part(birds.owl, 0.46, 1.0, "perch", ("forest",)),
    "penguin": Part(birds.penguin, 0.44, 0.7, "ground", ("snowfield",)),
    "bird": Part(birds.bird, 0.32, 1.2, "air", ("hills", "meadow", "sea"), 0.05),
    "butterfly": Part(birds.butterfly, 0.34, 1.1, "air", ("meadow",)),
    "fish": Part(swimmers.fish, 0.36, 1.1, "air", ("underwater",), 0.03),
    "whale": Part(swimmers.whale, 0.54, 1.3, "water", ("sea", "sea", "underwater"), sinks=0.34),
    "turtle": Part(swimmers.turtle, 0.46, 1.1, "air", ("underwater",), 0.03),
    "jellyfish": Part(swimmers.jellyfish, 0.44, 0.8, "air", ("underwater",)),
    "horse": Part(beasts.horse, 0.46, 1.2, "ground", ("meadow", "hills", "desert")),
    "deer": Part(beasts.deer, 0.46, 1.0, "ground", ("forest", "mountain")),
    "elephant": Part(beasts.elephant, 0.5, 1.2, "ground", ("desert", "hills")),
    "sheep": Part(beasts.sheep, 0.38, 0.9, "ground", ("meadow", "hills")),
    "cow": Part(beasts.cow, 0.42, 1.2, "ground", ("meadow", "hills")),
    "dragon": Part(beasts.dragon, 0.46, 1.8, "air", ("mountain", "heights")),
    "robot": Part(people.robot, 0.5, 0.8, "ground", ("city", "backdrop", "room")),
    "astronaut": Part(people.astronaut, 0.46, 0.9, "ground", ("space",)),
    "person": Part(people.person, 0.42, 0.5, "ground", ("hills", "city", "mountain")),
    "portrait": Part(people.portrait, 0.74, 1.0, "bust", ("backdrop",)),
    "snowman": Part(people.snowman, 0.42, 0.8, "ground", ("snowfield",)),
    "house": Part(buildings.house, 0.36, 1.1, "ground", ("hills", "meadow", "mountain")),
    "lighthouse": Part(buildings.lighthouse, 0.62, 0.9, "water", ("sea",)),
    "castle": Part(buildings.castle, 0.5, 1.2, "ground", ("hills", "mountain")),
    "church": Part(buildings.church, 0.4, 1.0, "ground", ("hills", "meadow")),
    "windmill": Part(buildings.windmill, 0.46, 1.0, "ground", ("meadow", "hills")),
    "tower": Part(buildings.tower, 0.6, 0.8, "ground", ("city",)),
    "bridge": Part(buildings.bridge, 0.4, 2.4, "water", ("sea", "lake")),
    "tent": Part(buildings.tent, 0.3, 1.5, "ground", ("mountain", "forest")),
    "boat": Part(vehicles.boat, 0.5, 1.1, "water", ("sea", "lake"), 0.02, 0.03),
    "balloon": Part(vehicles.balloon, 0.46, 0.85, "air", ("hills", "mountain", "heights"), 0.012),
    "bicycle": Part(vehicles.bicycle, 0.42, 1.4, "ground", ("road", "city")),
    "car": Part(vehicles.car, 0.38, 1.4, "ground", ("road", "city")),
    "train": Part(vehicles.train, 0.32, 2.3, "ground", ("hills", "mountain")),
    "rocket": Part(vehicles.rocket, 0.5, 0.7, "air", ("space",)),
    "plane": Part(vehicles.plane, 0.42, 1.4, "air", ("heights", "hills"), 0.03),
    "planet": Part(objects.planet, 0.6, 1.5, "air", ("space",)),
    "moon": Part(objects.OBJECTS["moon"], 0.42, 1.0, "air", ("hills", "heights")),
    "heart": Part(objects.OBJECTS["heart"], 0.46, 1.0, "air", ("backdrop",)),
    "guitar": Part(objects.OBJECTS["guitar"], 0.6, 0.6, "ground", ("room", "backdrop")),
    "umbrella": Part(objects.OBJECTS["umbrella"], 0.5, 1.1, "ground", ("city", "backdrop")),
    "lamp": Part(objects.OBJECTS["lamp"], 0.5, 1.0, "ground", ("table", "room")),
    "crystal": Part(objects.OBJECTS["crystal"], 0.46, 0.9, "ground", ("backdrop", "table")),
    "tree": Part(plants.tree, 0.56, 0.8, "ground", ("hills", "meadow")),
    "pine": Part(plants.pine, 0.56, 0.6, "ground", ("snowfield", "mountain")),
    "palm": Part(plants.palm, 0.56, 0.9, "ground", ("sea", "desert")),
    "flower": Part(plants.flower, 0.46, 0.5, "ground", ("meadow", "table")),
    "mushroom": Part(plants.mushroom, 0.38, 0.9, "ground", ("forest",)),
    "cactus": Part(plants.cactus, 0.5, 0.7, "ground", ("desert",)),
}
