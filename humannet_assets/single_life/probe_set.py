"""The probe set as models see it: pairs of pictures, and pictures with depth and known cameras where there are some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from humannet_assets.geometry.covisibility import DepthView, correspondences
from humannet_assets.single_life.cas import ProbePairs
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.experiment import CasConfig
from humannet_assets.single_life.frames import FrameCacheConfig
from humannet_assets.single_life.framing import centre_region, frame_picture
from humannet_assets.single_life.interfaces import as_tensor
from humannet_assets.single_life.matching import PatchTruth, patch_truth
from humannet_assets.single_life.pairs import probe_pairs
from humannet_assets.single_life.transfer.samples import DatasetError, DepthSample, simulated_samples
from humannet_assets.single_life.workplace import Workplace

T = TypeVar("T")


def probe_images(place: Workplace, config: CasConfig, frames: FrameCacheConfig, sizes: CroCoConfig) -> ProbePairs:
    """Pairs of the probe set at a model's input size, the middle of each frame.

    Scenes are stretches of `scene_s` of a video; where one of them has more than half of the pairs, every pair is its own.

    Raises:
        PairsError: There are none.
        FrameCacheError: Frames are missing.
    """
    chosen = probe_pairs(place.store, config.probe_pairs, config.probe_pairing)
    cache = place.frames(chosen.video_ids, frames)
    opened = cache.open(chosen.video_ids)
    targets, sources = chosen.pairs().locate(opened, 0.5 / frames.rate_hz)
    shape = sizes.image_shape

    def pictures(numbers: Sequence[int]) -> torch.Tensor:
        shown = (opened[int(number)] for number in numbers)
        return as_tensor([frame_picture(frame, centre_region(frame.shape, shape), shape) for frame in shown])

    scenes = tuple(
        f"{video}/{int(time_s // config.scene_s)}"
        for video, time_s in zip(chosen.rows["video_id"], chosen.rows["target_s"], strict=True)
    )
    if 2 * max(Counter(scenes).values()) > len(scenes):
        scenes = ()
    return ProbePairs(pictures(targets.tolist()), pictures(sources.tolist()), scenes)


def probe_samples(place: Workplace, video_ids: Sequence[str], limit: int) -> list[DepthSample]:
    """Pictures with depth of the probe set, evenly over it, in time order; none where no video has depth and a camera.

    Videos are decoded in killable workers. Files in an object store are not looked at: their depth lies beside them.

    Raises:
        DatasetError: A video's sidecar or depth maps are damaged.
    """
    videos = [video for video in place.videos(video_ids) if "://" not in video.uri]
    paths = [Path(place.access.local_path(video.uri, video.fingerprint, video.video_id)) for video in videos]
    with_depth = [path for path in paths if path.with_suffix(".depth.zip").exists() and path.with_suffix(".json").exists()]
    samples: dict[int, list[DepthSample]] = {}
    share = -(-limit // max(1, len(with_depth)))
    for index, result in place.compute.call(_samples_of, [(path, share) for path in with_depth]):
        if isinstance(result, BaseException):
            raise DatasetError(f"{with_depth[index]}: {result}") from result
        samples[index] = result
    return evenly([sample for index in sorted(samples) for sample in samples[index]], limit)


def _samples_of(video: Path, limit: int) -> list[DepthSample]:
    return evenly(list(simulated_samples(video)), limit)


def evenly(items: Sequence[T], limit: int) -> list[T]:
    """At most so many, spread over all, in order."""
    if len(items) <= limit:
        return list(items)
    return [items[int(place)] for place in np.linspace(0, len(items) - 1, limit).round()]


def matching_pairs(samples: Sequence[DepthSample], gap: int, sizes: CroCoConfig, limit: int) -> tuple[ProbePairs, PatchTruth]:
    """Pairs of samples of one scene `gap` apart, with where each target patch lies in the source.

    Raises:
        DatasetError: No two samples of one scene overlap.
    """
    shape, grid = sizes.image_shape, sizes.grid
    targets, sources, scenes, truths = [], [], [], []
    for target, source in evenly(list(zip(samples, samples[gap:], strict=False)), limit):
        if target.group != source.group:
            continue
        found = correspondences(_view(target), _view(source))
        regions = [centre_region(one.depth_m.shape, shape) for one in (target, source)]
        truth = patch_truth(found, grid, shape, regions[0], regions[1])
        if not truth.covisible.any():
            continue
        truths.append(truth)
        scenes.append(target.group)
        for pictures, one in ((targets, target), (sources, source)):
            pictures.append(frame_picture(one.picture, centre_region(one.picture.shape, shape), shape))
    if not truths:
        raise DatasetError("no two pictures with depth of the probe set overlap; choose a smaller transfer.pair_gap")
    return ProbePairs(as_tensor(targets), as_tensor(sources), tuple(scenes)), PatchTruth.stack(truths)


def _view(sample: DepthSample) -> DepthView:
    if sample.intrinsics is None or sample.pose is None:
        raise DatasetError(f"{sample.name} has no intrinsics or no pose")
    return DepthView(sample.depth_m, sample.intrinsics, sample.pose)
