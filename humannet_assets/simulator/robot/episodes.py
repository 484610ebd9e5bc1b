"""Episodes: an expert is recorded step by step, and many are written as a LeRobot dataset with their truth beside it.

A frame is what was observed and the action taken then; frames are 1/15 s apart. `observation.state` and `action` are joints
(radians) and gripper openings (metres), left arm first. Poses of the end effectors (the grasp frames of `arm`) are position in
metres and quaternion x, y, z, w (w >= 0), left first: `observation.ee_pose` as measured and `ee_target` as commanded by the
action, both in the frame of the head camera (x right, y down, z forward), `observation.ee_pose_base` in the base frame.

The truth of each lies beside the data set (`truth.EpisodeTruth`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from humannet_assets.media.sidecar import Contact, Segment, Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.robot.arm import JOINTS
from humannet_assets.simulator.robot.env import TabletopEnv
from humannet_assets.simulator.robot.expert import Expert
from humannet_assets.simulator.robot.model import CAMERAS, CONTROL_RATE_HZ
from humannet_assets.simulator.robot.tabletop import EPISODE_QUALITY
from humannet_assets.simulator.robot.tasks import TASKS, get_task
from humannet_assets.simulator.robot.truth import CameraTruth, EpisodeTruth, ThingTruth, write_truth
from humannet_assets.simulator.wearer.body import SIDES
from humannet_assets.simulator.wearer.choreography import ACTOR
from humannet_assets.simulator.world import RGB, RenderQuality
from humannet_assets.vla.lerobot.layout import ExtraType, Format
from humannet_assets.vla.lerobot.staging import EpisodeWriter
from humannet_assets.vla.lerobot.writer import DatasetError, DatasetWriter

ROBOT_TYPE = "simulated_bimanual"
GENERATOR_VERSION = 2
"""Raised when the same options give other episodes: a dataset begun with another version is not gone on with."""
ATTEMPTS = 3
"""Demonstrations tried when one fails; the last is kept as it is, with `success` false."""
EPISODES_PER_SEED = 1_000_000

_JOINT_NAMES = tuple(f"{side}_{joint}" for side in SIDES for joint in (*JOINTS, "gripper"))
_POSE_NAMES = tuple(f"{side}_{part}" for side in SIDES for part in ("x", "y", "z", "qx", "qy", "qz", "qw"))
VECTORS: Mapping[str, tuple[str, ...]] = {
    "observation.state": _JOINT_NAMES,
    "action": _JOINT_NAMES,
    "observation.ee_pose": _POSE_NAMES,
    "observation.ee_pose_base": _POSE_NAMES,
    "ee_target": _POSE_NAMES,
}
"""Vector features and the names of their components. Not called `action...`: every such feature is an output to lerobot."""

EXTRAS: Mapping[str, ExtraType] = {"success": "bool", "task_name": "string", "seed": "int64"}
"""Columns of `meta/episodes` besides LeRobot's own."""

FrameSink = Callable[[Mapping[str, npt.NDArray[np.float64]], Mapping[str, RGB]], None]
"""Takes a frame: vectors by feature and pictures by `observation.images.<camera>`."""

Progress = Callable[[str, float, float], None]
"""Called with (what is done, seconds of episodes done, seconds to do), both estimated by the tasks' horizons."""


@dataclass
class Episode:
    """A recorded episode of T frames without its pictures, which were handed on as they came.

    `vectors` are arrays (T, size) by feature (`VECTORS`), `timestamps` (T,) in seconds.
    """

    task: str
    seed: int
    instruction: str
    success: bool
    vectors: dict[str, npt.NDArray[np.float64]]
    timestamps: npt.NDArray[np.float64]
    segments: list[Segment]
    contacts: list[Contact]
    cameras: dict[str, CameraTruth]
    things: dict[str, ThingTruth]

    def truth(self, episode_index: int, attempt: int) -> EpisodeTruth:
        """What is kept beside the dataset."""
        return EpisodeTruth(
            episode_index=episode_index, task=self.task, seed=self.seed, attempt=attempt, instruction=self.instruction,
            success=self.success, frame_count=len(self.timestamps), frame_rate=CONTROL_RATE_HZ, segments=self.segments,
            contacts=self.contacts, cameras=self.cameras, things=self.things,
        )  # fmt: skip


def record_episode(
    env: TabletopEnv, expert: Expert, on_frame: FrameSink | None = None, cameras: tuple[str, ...] = CAMERAS
) -> Episode:
    """Let an expert carry out the instance of an environment that stands at its start.

    Args:
        env: The environment, just made or reset.
        expert: An expert of that environment.
        on_frame: Takes each frame; without it nothing is rendered.
        cameras: Which pictures it gets.

    Raises:
        RenderingUnavailableError: Pictures are asked for and OpenGL is missing.
    """
    rows: dict[str, list[np.ndarray]] = {key: [] for key in VECTORS}
    touches = _Touches()
    seen = {camera: _camera_truth(env, camera) for camera in CAMERAS}
    before = env.state().poses
    for action in expert.actions():
        observed = env.observe(cameras if on_frame else ())
        touches.note(env.time_s, env.state().touching)
        over = env.step(action)
        frame = {
            "observation.state": observed.qpos,
            "action": action,
            "observation.ee_pose": _pose_vectors(observed.ee_head),
            "observation.ee_pose_base": _pose_vectors(observed.ee_base),
            "ee_target": _pose_vectors(env.ee_target()),
        }
        for key, values in frame.items():
            rows[key].append(values)
        if on_frame:
            on_frame(frame, {f"observation.images.{camera}": picture for camera, picture in observed.images.items()})
        if over:
            break
    after = env.state()
    touches.note(env.time_s, after.touching)
    things = {
        thing.name: ThingTruth(
            kind=thing.kind, color=thing.color, start=_rounded(before[thing.name]), end=_rounded(after.poses[thing.name])
        )
        for thing in env.instance.things
    }
    return Episode(
        env.task.name, env.seed, env.instruction, env.success(), {key: np.stack(values) for key, values in rows.items()},
        np.arange(len(rows["action"])) / CONTROL_RATE_HZ, expert.segments, touches.contacts(env.time_s), seen, things,
    )  # fmt: skip


class _Touches:
    """Turns who touches what, moment by moment, into contacts without interruption."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}
        self._found: list[Contact] = []

    def note(self, time_s: float, touching: frozenset[tuple[str, str]]) -> None:
        for pair in [pair for pair in self._since if pair not in touching]:
            self._end(pair, time_s)
        for pair in touching:
            self._since.setdefault(pair, time_s)

    def _end(self, pair: tuple[str, str], time_s: float) -> None:
        side: Side = "left" if pair[0] == "left" else "right"
        start = self._since.pop(pair)
        if time_s > start:
            noun = pair[1].replace("_", " ")
            self._found.append(Contact(actor=ACTOR[side], object=noun, start_s=round(start, 4), end_s=round(time_s, 4)))

    def contacts(self, end_s: float) -> list[Contact]:
        for pair in list(self._since):
            self._end(pair, end_s)
        return sorted(self._found, key=lambda contact: (contact.start_s, contact.actor, contact.object))


def _camera_truth(env: TabletopEnv, name: str) -> CameraTruth:
    camera, pose = env.camera(name)
    side: Side | None = next((side for side in SIDES if name.startswith(side)), None)
    mount = pose if side is None else np.linalg.inv(env.ee_pose(side)) @ pose
    return CameraTruth(intrinsics=camera, pose=_rounded(mount))


def _pose_vectors(poses: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Poses (n, 4, 4) as position and quaternion x, y, z, w with w >= 0, (7 n,)."""
    turns = Rotation.from_matrix(poses[:, :3, :3]).as_quat(canonical=True)
    return np.concatenate([poses[:, :3, 3], turns], axis=1).reshape(-1)


def _rounded(pose: Matrix) -> list[list[float]]:
    return (np.round(pose, 6) + 0.0).tolist()


@dataclass(frozen=True)
class EpisodeOptions:
    """Which episodes: number `i` is of the `i`-th task in turn, and its instance of seed `seed * 1000000 + i`.

    Raises:
        ValueError: Fewer than one episode or more than a seed has, a negative seed, a task or a camera that does not exist.
    """

    episodes: int
    seed: int = 0
    tasks: tuple[str, ...] = tuple(TASKS)
    size: tuple[int, int] = (320, 240)
    quality: RenderQuality = EPISODE_QUALITY
    cameras: tuple[str, ...] = CAMERAS

    def __post_init__(self) -> None:
        if not 1 <= self.episodes <= EPISODES_PER_SEED or self.seed < 0:
            raise ValueError(
                f"episodes must be 1 to {EPISODES_PER_SEED} (got {self.episodes}) and seed at least 0 (got {self.seed})"
            )
        if not self.tasks:
            raise ValueError(f"name at least one task of {', '.join(TASKS)}")
        if not self.cameras or set(self.cameras) - set(CAMERAS):
            raise ValueError(f"cameras {', '.join(self.cameras) or 'none'}: choose from {', '.join(CAMERAS)}")
        for task in self.tasks:
            get_task(task)

    def task(self, index: int) -> str:
        """The task of an episode."""
        return self.tasks[index % len(self.tasks)]

    def instance_seed(self, index: int) -> int:
        """The seed of an episode's instance."""
        return self.seed * EPISODES_PER_SEED + index

    def source(self) -> dict[str, Any]:
        """What the frames follow from, as plain values."""
        return {"generator": GENERATOR_VERSION, "seed": self.seed, "tasks": list(self.tasks), "quality": asdict(self.quality)}

    def form(self) -> Format:
        """The format of the dataset's frames."""
        cameras = {f"observation.images.{camera}": self.size for camera in self.cameras}
        return Format(CONTROL_RATE_HZ, ROBOT_TYPE, VECTORS, cameras, EXTRAS)


@dataclass
class Written:
    """What a call of `write_episodes` did: numbers of episodes, of frames made, and which episodes failed."""

    made: int = 0
    present: int = 0
    frames: int = 0
    failed: list[int] = field(default_factory=list)


def write_episodes(
    root: Path, options: EpisodeOptions, *, workers: int = 1, progress: Progress = lambda name, done, total: None
) -> Written:
    """Make the episodes that are not there yet and put all of them into a LeRobot dataset.

    A killed call is gone on with by the same call; the dataset is the same in the end, however many processes made it.

    Args:
        root: The dataset's folder.
        options: Which episodes.
        workers: Processes that record at the same time; 0 means one per usable core.
        progress: Told after each episode.

    Raises:
        FormatError: Pictures of a size that no video can have.
        DatasetError: The folder holds something else, is being written to, or the disk is full.
        RenderingUnavailableError: MuJoCo or OpenGL is missing.
    """
    with DatasetWriter(root, options.form(), source=options.source()) as writer:
        missing = writer.missing(options.episodes)
        written = Written(present=options.episodes - len(missing))
        total = sum(get_task(options.task(index)).horizon_s for index in missing)
        done = 0.0
        for index, truth in _recorded(root, options, missing, workers or len(os.sched_getaffinity(0))):
            writer.adopt(index)
            written.made += 1
            written.frames += truth.frame_count
            if not truth.success:
                written.failed.append(index)
            done += get_task(truth.task).horizon_s
            progress(f"episode {index}", done, total)
        writer.finish(options.episodes)
    return written


def _recorded(root: Path, options: EpisodeOptions, indices: Sequence[int], workers: int) -> Iterator[tuple[int, EpisodeTruth]]:
    """Record episodes, several at a time, each given out as it is finished."""
    if workers == 1 or len(indices) < 2:
        for index in indices:
            yield index, record_to(root, options, index)
        return
    waiting = iter(indices)
    running: dict[Future[EpisodeTruth], int] = {}
    # Spawned: OpenGL contexts do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker) as pool:

        def submit() -> None:
            for index in waiting:
                running[pool.submit(record_to, root, options, index)] = index
                return

        for _ in range(workers + 1):
            submit()
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                try:
                    truth = future.result()
                except BrokenProcessPool as error:
                    raise DatasetError(
                        f"a process that recorded episodes for {root} died (killed, or out of memory); run again to go on, "
                        "with fewer workers if memory is short"
                    ) from error
                yield running.pop(future), truth
                submit()


def _start_worker() -> None:
    # One core each: the software renderer would otherwise start a thread per core in every worker.
    os.environ["LP_NUM_THREADS"] = "1"


class _AttemptFailedError(Exception):
    """The demonstration did not succeed: what was written of it goes."""


def record_to(root: Path, options: EpisodeOptions, index: int) -> EpisodeTruth:
    """Record one episode and stage it for the dataset in `root`, with its truth beside it."""
    with TabletopEnv(options.task(index), options.instance_seed(index), options.size, options.quality) as env:
        for attempt in range(ATTEMPTS):
            env.reset()
            try:
                with EpisodeWriter(root, options.form(), index, env.instruction) as writer:
                    episode = record_episode(env, Expert(env, attempt), writer.add, options.cameras)
                    if not episode.success and attempt + 1 < ATTEMPTS:
                        raise _AttemptFailedError
                    writer.extras = {"success": episode.success, "task_name": episode.task, "seed": episode.seed}
                    truth = episode.truth(index, attempt)
                    write_truth(root, truth)
                return truth
            except _AttemptFailedError:
                continue
    raise AssertionError("the last attempt is kept")
