"""Parts that hang on the links of a skeleton, and the materials of skin and clothes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.people.build import Look
from humannet_assets.simulator.people.shapes import egg
from humannet_assets.simulator.world import Mesh, SceneBuilder, Shape

Vector = npt.NDArray[np.float64]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class LinkPart:
    """A geometry that keeps its place on a link: offset of its middle and its axes in the link's frame, metres."""

    name: str
    link: str
    shape: Shape
    size: tuple[float, ...]
    offset: Vector
    material: str
    frame: Matrix = field(default_factory=lambda: np.eye(3))
    mesh: Mesh | None = None

    def named(self, name: str) -> LinkPart:
        """The same part under another name."""
        return replace(self, name=name)

    def on(self, link: str) -> LinkPart:
        """The same part on another link."""
        return replace(self, link=link)


def ball(name: str, link: str, at: Point, axes: Point, material: str, frame: Matrix | None = None) -> LinkPart:
    """An ellipsoid of those half axes."""
    return skin_of(name, link, egg(axes), material, at, frame)


def bar(name: str, link: str, start: Point, end: Point, radius: float, material: str) -> LinkPart:
    """A capsule between two points."""
    a, b = np.array(start, np.float64), np.array(end, np.float64)
    length = float(np.linalg.norm(b - a))
    along = (b - a) / length
    side = np.cross(along, (1.0, 0.0, 0.0) if abs(along[0]) < 0.9 else (0.0, 1.0, 0.0))
    side /= np.linalg.norm(side)
    frame = np.column_stack([side, np.cross(along, side), along])
    return LinkPart(name, link, "capsule", (radius, length / 2), (a + b) / 2, material, frame)


def disc(name: str, link: str, at: Point, radius: float, half: float, material: str, frame: Matrix) -> LinkPart:
    """A flat cylinder; its axis is the frame's third column."""
    return LinkPart(name, link, "cylinder", (radius, half), np.array(at), material, frame)


def skin_of(name: str, link: str, mesh: Mesh, material: str, at: Point = (0, 0, 0), frame: Matrix | None = None) -> LinkPart:
    """A surface."""
    return LinkPart(name, link, "mesh", (), np.array(at, np.float64), material, np.eye(3) if frame is None else frame, mesh)


@dataclass(frozen=True)
class Dress:
    """Names of a person's materials in a scene.

    `shaded` and `neck` are skin that gets less light (inside the ears, under the chin), which pose models look for in profiles.
    """

    skin: str
    shaded: str
    cheek: str
    neck: str
    hair: str
    top: str
    bottom: str
    shoes: str
    lips: str
    white: str
    dark: str
    hat: str
    shoulder: str
    arm: str
    thigh: str
    shin: str

    @classmethod
    def declare(cls, scene: SceneBuilder, name: str, look: Look) -> Dress:
        """Add the materials of a look to a scene."""
        tone = np.asarray(look.skin)

        def color(part: str, rgb: npt.ArrayLike, shine: float = 0.1) -> str:
            return scene.color(f"{name}_{part}", np.clip(rgb, 0, 1), shine=shine)

        def cloth(part: str, rgb: npt.ArrayLike, picture: npt.NDArray[np.uint8] | None) -> str:
            return color(part, rgb, 0.03) if picture is None else scene.surface(f"{name}_{part}", picture, shine=0.03)

        skin, top, bottom = (
            color("skin", tone, 0.15),
            cloth("top", look.top, look.top_picture),
            color("bottom", look.bottom, 0.03),
        )

        def feature(part: str, rgb: npt.ArrayLike, shine: float = 0.1) -> str:
            return skin if look.carved else color(part, rgb, shine)

        return cls(
            skin=skin, shaded=color("shaded", tone * 0.62), neck=color("neck", tone * 0.80),
            cheek=feature("cheek", tone * (1.08, 0.85, 0.82)), lips=feature("lips", tone * (0.82, 0.50, 0.50)),
            white=feature("white", (0.93, 0.93, 0.91), 0.4), dark=feature("dark", (0.07, 0.05, 0.04), 0.4),
            hair=color("hair", look.hair, 0.2), top=top, bottom=bottom,
            shoes=color("shoes", look.shoes, 0.3), hat=color("hat", look.hat_color, 0.05),
            shoulder=skin if look.sleeves == "sleeveless" else top, arm=top if look.sleeves == "long_sleeves" else skin,
            thigh=bottom if look.legwear == "trousers" else skin, shin=bottom if look.legwear == "trousers" else skin,
        )  # fmt: skip
