"""The geometry of a person: flesh and clothes around the links of a skeleton, declared once in a scene, placed per frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.people.build import Person
from humannet_assets.simulator.people.flesh import arm, leg, torso
from humannet_assets.simulator.people.heads import head_parts
from humannet_assets.simulator.people.shapes import finger
from humannet_assets.simulator.people.skeleton import INDEX, SIDES, Pose
from humannet_assets.simulator.people.wear import Dress, LinkPart
from humannet_assets.simulator.world import SceneBuilder, World

Vector = npt.NDArray[np.float64]

# Bones of a hand that is seen from some metres away: from joint, to joint (MediaPipe's numbers), radius and length in
# centimetres. The last two phalanges of a finger share one.
_FINGERS = (
    (1, 2, 1.35, 3.5), (2, 4, 1.02, 5.3), (5, 6, 0.98, 4.0), (6, 8, 0.84, 4.3), (9, 10, 0.98, 4.5), (10, 12, 0.84, 4.9),
    (13, 14, 0.98, 4.1), (14, 16, 0.84, 4.6), (17, 18, 0.98, 3.2), (18, 20, 0.84, 3.6),
)  # fmt: skip
_STARTS = np.array([start for start, *_ in _FINGERS])
_ENDS = np.array([end for _, end, *_ in _FINGERS])


@dataclass
class Figure:
    """A person in a scene. `simple` hands have one bone per finger, for people in the background."""

    name: str
    person: Person
    group: int
    simple: bool = False

    def declare(self, scene: SceneBuilder) -> None:
        """Add the parts to a scene."""
        build, look = self.person.build, self.person.look
        dress = Dress.declare(scene, self.name, look)
        parts = [*torso(build, look, dress), *head_parts(build.head, look, dress)]
        for side in SIDES:
            limbs = arm(build, look, dress, side)
            if look.legwear != "none":
                limbs += leg(build, look, dress, side)
            parts += [part.named(f"{side}_{part.name}") for part in limbs]
        self._add(scene, parts)
        self._declare_fingers(scene, dress.skin)

    def _add(self, scene: SceneBuilder, parts: list[LinkPart]) -> None:
        self._names = [self._part(part.name) for part in parts]
        self._links = np.array([INDEX[part.link] for part in parts])
        self._offsets = np.array([part.offset for part in parts])
        self._frames = np.array([part.frame for part in parts])
        for part in parts:
            mesh = scene.mesh(self._part(part.name), part.mesh) if part.mesh else ""
            scene.add(
                self._part(part.name), part.shape, part.size, part.material, group=self.group, instance=self.name, mesh=mesh
            )

    def _declare_fingers(self, scene: SceneBuilder, skin: str) -> None:
        size = self.person.build.hand / 100
        self._finger_names: dict[Side, list[str]] = {side: [] for side in SIDES}
        for side in SIDES:
            for i, (_, _, radius, length) in enumerate(_FINGERS):
                name = self._part(f"{side}_finger{i}")
                mesh = scene.mesh(self._part(f"finger{i}"), finger(radius * size, length * size))
                scene.add(name, "mesh", (), skin, group=self.group, instance=self.name, mesh=mesh)
                self._finger_names[side].append(name)

    def place(self, world: World, pose: Pose) -> None:
        """Put every part where a pose has it."""
        axes = pose.axes[self._links]
        positions = pose.origins[self._links] + np.einsum("nij,nj->ni", axes, self._offsets)
        frames = axes @ self._frames
        for name, position, frame in zip(self._names, positions, frames, strict=True):
            world.place(name, position, frame)
        for side in SIDES:
            joints = pose.hands[side]
            starts, ends = joints[_STARTS], joints[_ENDS]
            along = ends - starts
            along /= np.linalg.norm(along, axis=1, keepdims=True)
            # The hand's x axis is never along a finger but for a thumb stretched sideways; a little of the others settles that.
            hand = pose.axes[INDEX[f"{side}_hand"]]
            aside = np.cross(along, hand @ np.array([1.0, 0.15, 0.4]))
            aside /= np.linalg.norm(aside, axis=1, keepdims=True)
            frames = np.stack([aside, np.cross(along, aside), along], axis=2)
            for name, position, frame in zip(self._finger_names[side], (starts + ends) / 2, frames, strict=True):
                world.place(name, position, frame)

    def _part(self, name: str) -> str:
        return f"{self.name}_{name}"
