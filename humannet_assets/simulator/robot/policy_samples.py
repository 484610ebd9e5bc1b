"""Simulated demonstrations as samples for a policy, made in memory; and the closed loop a policy is judged in.

The dataset on disk (`episodes`) is for whoever wants files; this is for experiments that need many small pictures at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from humannet_assets.simulator.robot.arm import MAX_OPENING_M
from humannet_assets.simulator.robot.control import downward
from humannet_assets.simulator.robot.env import Observation, TabletopEnv
from humannet_assets.simulator.robot.episodes import ROBOT_TYPE, record_episode
from humannet_assets.simulator.robot.expert import Expert
from humannet_assets.simulator.robot.model import CONTROL_RATE_HZ
from humannet_assets.simulator.robot.tabletop import FAST, head_pose
from humannet_assets.simulator.robot.tasks import instance_rng
from humannet_assets.simulator.wearer.body import OUT, SIDES
from humannet_assets.simulator.world import RGB, RenderQuality
from humannet_assets.vla.actions import ACTION_DIM, CHUNK_STEPS, HANDS, ChunkConfig, cut_chunks, robot_weights
from humannet_assets.vla.episodes import MAX_JOINTS
from humannet_assets.vla.motion import Motion, resting
from humannet_assets.vla.samples import Sample

GROUP = "in_domain"
POINTING = "pointing"
"""Source and group of warm-up samples."""
_GRIPS = (6, 13)


@dataclass(frozen=True)
class Demonstrations:
    """Which demonstrations: instances `first` to `first + count - 1` of a task, those that fail left out.

    `size` is width and height of the pictures; an anchor is taken every `stride` frames.
    """

    task: str
    first: int
    count: int
    size: tuple[int, int] = (112, 112)
    stride: int = 2
    cameras: tuple[str, ...] = ("head",)
    quality: RenderQuality = FAST


def demonstrations(wanted: Demonstrations) -> Iterator[Sample]:
    """The samples, episode by episode; joints are masked: the policy commands poses.

    Raises:
        UnknownTaskError: There is no such task.
        RenderingUnavailableError: MuJoCo or OpenGL is missing.
    """
    chunks = ChunkConfig(wrist="commanded", stride=wanted.stride)
    for seed in range(wanted.first, wanted.first + wanted.count):
        with TabletopEnv(wanted.task, seed, wanted.size, wanted.quality) as env:
            pictures: list[npt.NDArray[np.uint8]] = []

            def keep(_: Mapping[str, npt.NDArray[np.float64]], images: Mapping[str, RGB], to: list = pictures) -> None:
                to.append(np.stack([images[f"observation.images.{camera}"] for camera in wanted.cameras]))

            episode = record_episode(env, Expert(env), keep, wanted.cameras)
        if not episode.success:
            continue
        cut = cut_chunks(_motion(episode.vectors, episode.timestamps), chunks)
        weight = np.tile(robot_weights(), (cut.actions.shape[1], 1))
        for index in range(len(cut)):
            yield Sample(
                images=pictures[cut.anchor_index[index]], instruction=episode.instruction, state=cut.state[index],
                state_mask=cut.state_mask[index], actions=cut.actions[index], mask=cut.mask[index], weight=weight,
                episode_id=f"{wanted.task}-{seed}", source=ROBOT_TYPE, robot=ROBOT_TYPE, group=GROUP,
                time_s=float(cut.anchor_s[index]), duration_s=wanted.stride / CONTROL_RATE_HZ,
            )  # fmt: skip


def _motion(vectors: Mapping[str, npt.NDArray[np.float64]], times_s: npt.NDArray[np.float64]) -> Motion:
    count = len(times_s)
    return Motion(
        times_s=times_s,
        wrist=vectors["observation.ee_pose"].reshape(count, 2, 7),
        grip=np.clip(vectors["observation.state"][:, _GRIPS] / MAX_OPENING_M, 0, 1),
        joints=np.full((count, 2, MAX_JOINTS), np.nan),
        camera=resting(count),
        wrist_target=vectors["ee_target"].reshape(count, 2, 7),
        grip_target=np.clip(vectors["action"][:, _GRIPS] / MAX_OPENING_M, 0, 1),
        reference="head camera",
    )


@dataclass(frozen=True)
class Pointings:
    """Pictures with the question where a thing is: `scenes` tables from instance `first` on, `views` pictures of each.

    From view to view the things are moved together by up to `shift_m` along both sides of the table, and the
    arms are elsewhere.
    """

    task: str
    first: int
    scenes: int
    views: int = 20
    shift_m: float = 0.08
    size: tuple[int, int] = (112, 112)
    cameras: tuple[str, ...] = ("head",)
    quality: RenderQuality = FAST


def pointings(wanted: Pointings) -> Iterator[Sample]:
    """Samples for a visual warm-up: the answer, a position in the head camera's frame, stands in the left wrist's slots.

    They stand in for what a pretrained vision-language model brings along: pointing at what is named. There is no
    action in them.

    Raises:
        UnknownTaskError: There is no such task.
        RenderingUnavailableError: MuJoCo or OpenGL is missing.
    """
    empty = np.zeros((CHUNK_STEPS, ACTION_DIM), np.float32)
    mask = np.zeros(empty.shape, bool)
    mask[0, HANDS[0].position] = True
    for seed in range(wanted.first, wanted.first + wanted.scenes):
        rng = instance_rng(wanted.task, seed, "pointing")
        with TabletopEnv(wanted.task, seed, wanted.size, wanted.quality) as env:
            start = env.data.qpos.copy()
            for view in range(wanted.views):
                env.data.qpos[:] = start
                _rearrange(env, rng, wanted.shift_m)
                thing = env.instance.things[int(rng.integers(len(env.instance.things)))]
                position = np.linalg.inv(head_pose()) @ np.array([*env.state().at(thing.name), 1.0])
                seen = env.observe(wanted.cameras)
                actions = empty.copy()
                actions[0, HANDS[0].position] = position[:3]
                yield Sample(
                    images=np.stack([seen.images[camera] for camera in wanted.cameras]),
                    instruction=f"where is the {thing.noun}?", state=np.zeros(ACTION_DIM, np.float32),
                    state_mask=np.zeros(ACTION_DIM, bool), actions=actions, mask=mask, weight=mask.astype(np.float32),
                    episode_id=f"{wanted.task}-{seed}-pointing", source=POINTING, robot=ROBOT_TYPE, group=POINTING,
                    time_s=view / CONTROL_RATE_HZ,
                )  # fmt: skip


def _rearrange(env: TabletopEnv, rng: np.random.Generator, shift_m: float) -> None:
    """Move the things of a table together, and each arm to somewhere above it."""
    shift = rng.uniform(-shift_m, shift_m, 2)
    for thing in env.instance.things:
        if thing.kind not in {"drawer", "mark"}:
            env.data.joint(thing.name).qpos[:2] += shift
    for index, side in enumerate(SIDES):
        goal = downward((OUT[side] * rng.uniform(0.05, 0.30), rng.uniform(0.15, 0.40), rng.uniform(0.03, 0.2)), 0.0)
        env.pose_arm(side, env.kinematics.solve(side, goal, env.qpos[index * 7 : index * 7 + 6], 30))


class SimulatedLoop:
    """A `vla.policy.closed_loop.Loop` over the simulator: chunks of actions in, samples to predict from out.

    Args:
        task: Name of a task.
        seed: Decides the instance.
        like: A sample of the policy's data: its shapes, mask, source and robot are the observations' too.
        cameras: The policy's.
        quality: As the policy's training data were rendered.
    """

    def __init__(
        self, task: str, seed: int, like: Sample, cameras: Sequence[str] = ("head",), quality: RenderQuality = FAST
    ) -> None:
        height, width = like.images.shape[1:3]
        self.env = TabletopEnv(task, seed, (width, height), quality)
        self._like, self._cameras = like, tuple(cameras)
        self._anchor: npt.NDArray[np.float64] | None = None

    def close(self) -> None:
        """Give the graphics context back."""
        self.env.close()

    def observe(self) -> Sample:
        """What the policy sees now; actions that follow start from here."""
        seen = self.env.observe(self._cameras)
        self._anchor = seen.ee_head
        like = self._like
        mask = np.broadcast_to(like.mask.any(axis=0), like.mask.shape)
        state = _state(seen)
        return Sample(
            images=np.stack([seen.images[camera] for camera in self._cameras]), instruction=self.env.instruction,
            state=state, state_mask=like.state_mask, actions=np.zeros_like(like.actions), mask=mask, weight=like.weight,
            episode_id=f"{self.env.task.name}-{self.env.seed}", source=like.source, robot=like.robot, group=like.group,
            time_s=self.env.time_s,
        )  # fmt: skip

    def step(self, action: npt.NDArray[np.float32]) -> bool:
        """Carry out one step (32,) of the chunk predicted from the last observation; returns whether time is up."""
        parts = [[*action[slots.position], *action[slots.rotation], action[slots.grip] * MAX_OPENING_M] for slots in HANDS]
        return self.env.step(np.concatenate(parts), "delta", self._anchor)

    def success(self) -> bool:
        """Whether the task is done now."""
        return self.env.success()


def _state(seen: Observation) -> npt.NDArray[np.float32]:
    state = np.zeros(ACTION_DIM, np.float32)
    for index, slots in enumerate(HANDS):
        state[slots.position] = seen.ee_head[index, :3, 3]
        state[slots.rotation] = Rotation.from_matrix(seen.ee_head[index, :3, :3]).as_rotvec()
        state[slots.grip] = np.clip(seen.qpos[_GRIPS[index]] / MAX_OPENING_M, 0, 1)
    return state
