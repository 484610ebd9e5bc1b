"""Stored episodes as samples, written once to a file named by its content and shared by all policies that learn from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from humannet_assets.media.access import MediaAccess
from humannet_assets.single_life.atomic import replacing
from humannet_assets.store.compute import Compute
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.vla.ablation import ANCHOR, SampleConfig
from humannet_assets.vla.actions import HANDS, Bools
from humannet_assets.vla.chunks import TABLES, EpisodeChoice, EpisodeChunks, Kind, read_episodes
from humannet_assets.vla.policy.config import PolicyConfig
from humannet_assets.vla.resample import ACTION_RATE_HZ
from humannet_assets.vla.sample_files import load_samples, save_samples
from humannet_assets.vla.samples import HUMAN, Sample

FOLDER = "samples"
VERSION = "1"
"""Raise it when the same episodes give other samples."""


class TooManySamplesError(ValueError):
    """More pictures than fit in memory; the message says what to lower."""


class NoPicturesError(ValueError):
    """No episode has every camera; the message says which there are."""


@dataclass(frozen=True)
class SampleSet:
    """A file of samples. `left_out` counts episodes whose pictures could not be read, of every camera."""

    path: Path
    left_out: int

    def load(self) -> list[Sample]:
        """The samples."""
        return load_samples(self.path)


@dataclass(frozen=True)
class SampleSource:
    """Where samples are made from and kept.

    Attributes:
        store: With the episodes.
        access: How videos are reached.
        folder: Where files are kept.
        samples: How chunks are cut.
        policy: Cameras and the size of pictures.
        compute: Where pictures are decoded.
    """

    store: LanceStore
    access: MediaAccess
    folder: Path
    samples: SampleConfig
    policy: PolicyConfig
    compute: Compute

    def of(self, kind: Kind, ids: Sequence[str]) -> SampleSet:
        """The samples of some episodes; made now unless they are there.

        Raises:
            NoPicturesError: None of the episodes has pictures of every camera.
            TooManySamplesError: They would not fit in `samples.max_gib`.
        """
        path = self.folder / FOLDER / f"{self._key(kind, ids)}.npz"
        about = path.with_suffix(".json")
        if not about.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            samples, left_out = self._made(kind, ids)
            with replacing(path) as fresh:
                save_samples(fresh, samples)
            with replacing(about) as fresh:
                fresh.write_text(json.dumps({"left_out": left_out, "samples": len(samples)}), encoding="utf-8")
        return SampleSet(path, json.loads(about.read_text(encoding="utf-8"))["left_out"])

    def _key(self, kind: Kind, ids: Sequence[str]) -> str:
        """Hash of everything the samples follow from."""
        rows = self.store.read(TABLES[kind], ["row_id", "provenance"], f"row_id IN ({quoted(sorted(ids))})").sort("row_id")
        digest = hashlib.sha256(f"{VERSION}|{kind}|{self.samples.fingerprint()}|{self._shape()}".encode())
        for row_id, provenance in rows.iter_rows():
            digest.update(f"|{row_id}:{provenance}".encode())
        return digest.hexdigest()[:32]

    def _shape(self) -> tuple[Any, ...]:
        return (*self.policy.cameras, *self.policy.vlm.image_size)

    def _made(self, kind: Kind, ids: Sequence[str]) -> tuple[list[Sample], int]:
        made: dict[int, list[Sample]] = {}
        left_out, why, size = 0, "", 0
        tasks = [(self.store, self.access, self.samples, self.policy, kind, row_id) for row_id in sorted(ids)]
        for place, found in self.compute.call(stored_samples, tasks):
            if isinstance(found, BaseException):
                left_out, why = left_out + 1, why or f"{type(found).__name__}: {found}"
                continue
            made[place] = found
            size += sum(sample.images.nbytes for sample in found)
            if size > self.samples.max_gib * 1024**3:
                raise TooManySamplesError(
                    f"pictures of the {kind} episodes take more than samples.max_gib {self.samples.max_gib:g}; raise it, or "
                    "raise samples.chunks.stride, or lower training.policy.vlm.image_size"
                )
        if not any(made.values()):
            raise NoPicturesError(
                f"none of {len(ids)} {kind} episodes has pictures of the cameras {', '.join(self.policy.cameras)} ({why}); set "
                f"training.policy.cameras to cameras all have, e.g. [{ANCHOR}]"
            )
        return [sample for _, own in sorted(made.items()) for sample in own], left_out


def stored_samples(
    store: LanceStore, access: MediaAccess, samples: SampleConfig, policy: PolicyConfig, kind: Kind, row_id: str
) -> list[Sample]:  # fmt: skip
    """Samples of one stored episode, decoded where this runs: in a worker that may be killed (media is hostile).

    Raises:
        PictureError: A camera has no pictures, or one is damaged.
        OSError: The video is gone.
    """
    # People have one camera, which stands for the first.
    choices = [
        EpisodeChoice(
            kind=kind, robot_ready=samples.robot_ready, chunks=samples.chunks,
            camera=None if kind == "human" or camera == ANCHOR else camera,
        )
        for camera in policy.cameras[: 1 if kind == "human" else None]
    ]  # fmt: skip
    each = [one for choice in choices for one in read_episodes(store, choice, access, ids=[row_id])]
    if not each:
        return []
    each += [_blind(each[0])] * (len(policy.cameras) - len(choices))
    return episode_samples(each, policy.vlm.image_size, samples)


def _blind(chunks: EpisodeChunks) -> EpisodeChunks:
    """The same episode for a camera it does not have."""
    return EpisodeChunks(**{**vars(chunks), "camera": None})


def episode_samples(chunks: Sequence[EpisodeChunks], size: tuple[int, int], config: SampleConfig) -> list[Sample]:
    """Samples of one episode, one per chunk that keeps a known action.

    Args:
        chunks: The episode once per camera.
        size: (height, width) of pictures.
        config: See there.

    Raises:
        PictureError: A camera has no pictures, or one is damaged.
    """
    one = chunks[0]
    mask, state_mask = _masks(one, config)
    kept = np.flatnonzero((mask & (one.weights > 0)).any(axis=(1, 2)))
    views = [{index: _resized(picture, size) for index, picture in own.pictures(kept.tolist())} for own in chunks]
    weight = np.tile(one.weights, (mask.shape[1], 1)).astype(np.float32)
    # Statistics are per robot and not per data set: a data set that is held out as a whole has none of its own.
    robot = HUMAN if one.kind == "human" else one.robot
    first_s = float(one.picture_times_s[0]) if len(one.picture_times_s) else 0.0
    return [
        Sample(
            images=np.stack([view[index] for view in views]),
            instruction=one.instruction,
            state=np.where(state_mask[index], one.chunks.state[index], np.float32(0)),
            state_mask=state_mask[index],
            actions=np.where(mask[index], one.chunks.actions[index], np.float32(0)),
            mask=mask[index],
            weight=weight,
            episode_id=one.episode_id,
            source=robot,
            robot=robot,
            group=one.eval_group,
            time_s=float(one.chunks.anchor_s[index]) - first_s,
            duration_s=config.chunks.stride / ACTION_RATE_HZ,
        )
        for index in kept.tolist()
    ]


def _masks(one: EpisodeChunks, config: SampleConfig) -> tuple[Bools, Bools]:
    """What is known of actions (N, steps, 32) and states (N, 32), joints as configured."""
    mask, state_mask = one.chunks.mask.copy(), one.chunks.state_mask.copy()
    posed = any(mask[..., slots.position].any() for slots in HANDS)
    if config.joints == "never" or (config.joints == "without_poses" and posed):
        for slots in HANDS:
            mask[..., slots.joints] = False
            state_mask[..., slots.joints] = False
    return mask, state_mask


def _resized(picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    if picture.shape[:2] == size:
        return picture
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((size[1], size[0]), Image.Resampling.BICUBIC))


def groups_of(samples: Sequence[Sample]) -> Mapping[str, list[Sample]]:
    """Samples by validation group, by name."""
    found: dict[str, list[Sample]] = {}
    for sample in samples:
        found.setdefault(sample.group, []).append(sample)
    return dict(sorted(found.items()))
