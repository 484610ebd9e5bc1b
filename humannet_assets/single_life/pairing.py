"""Four ways to pair frames of a life. Every draw follows from a video and a counter (`draws`), never from what else there is.

A reference comes from the target's own video or from an earlier one of the life. So footage that arrives later changes no
pair, the pairs of a life's first hours are the pairs a shorter life would have had, and taking a video down costs the
pairs it is in (their targets draw again) and no others. Frames lie on a grid from each video's start, `rate_hz` apart,
visible points at the times they were sampled. No pair straddles the split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.single_life.draws import Words, key_of, mix, uniform
from humannet_assets.single_life.settings import PairConfig

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

ATTEMPTS = 8
"""Gaps drawn for a target of a temporal pair until one stays in the shot, the split and above the motion floor."""
TARGETS_AT_ONCE = 512
"""Frames whose covisibilities are held in memory together: with 2,048 others some 20 MB."""


class NoPairsError(LookupError):
    """A pairing found nothing in a video: a `reason` for the row, and numbers."""

    def __init__(self, reason: str, **evidence: float | str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.evidence = evidence


@dataclass(frozen=True)
class Frames:
    """Frames of one video that may be paired: `times_s` (n,) ascending, `split` (n,) as `splits.split_of` says."""

    video_id: str
    times_s: Floats
    split: npt.NDArray[np.int8]


@dataclass(frozen=True)
class SeenFrames:
    """Frames of one video in one world with what they see: `points[i]` are the ids frame i sees, ascending."""

    frames: Frames
    points: Sequence[npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Change:
    """How much the picture changes: per frame, its time and `cut_content` against the frame before, (frames,)."""

    times_s: Floats
    content: Floats

    def mean_between(self, first_s: Floats, second_s: Floats) -> Floats:
        """Mean change per frame between two times (n,) each; 0 where they are the same frame."""
        middles = (self.times_s[1:] + self.times_s[:-1]) / 2
        frames = np.searchsorted(middles, np.stack([first_s, second_s]))
        low, high = frames.min(axis=0), frames.max(axis=0)
        total = np.concatenate([[0.0], np.cumsum(self.content)])
        return (total[high + 1] - total[low + 1]) / np.maximum(high - low, 1)


@dataclass(frozen=True)
class Found:
    """Pairs of one target video, (n,) each: `reference` counts in `videos`, of which the target's is the first."""

    videos: tuple[str, ...]
    target_s: Floats
    reference: Indices
    reference_s: Floats
    split: npt.NDArray[np.int8]
    covisibility: Floats | None = None
    evidence: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def gap_s(self) -> Floats:
        """Seconds between both frames (n,); NaN across videos, whose clocks are not comparable."""
        return np.where(self.reference == 0, np.abs(self.target_s - self.reference_s), np.nan)


def grid_s(duration_s: float, rate_hz: float) -> Floats:
    """Times of a video's frames that may be paired, seconds: as `media.decode.sample_times`, and so a frame cache, has them."""
    return np.arange(max(1, int(np.ceil(duration_s * rate_hz - 1e-6)))) / rate_hz


def temporal_pairs(own: Frames, duration_s: float, shots_s: npt.ArrayLike, change: Change, config: PairConfig) -> Found:
    """Frames near in time, within one uninterrupted take, between which the picture changes.

    Args:
        own: The grid of the video.
        duration_s: Its length.
        shots_s: Start and end of each of its shots in order, (shots, 2) seconds.
        change: How much its picture changes.
        config: Gaps (log-uniform, either way) and the motion floor.

    Raises:
        NoPairsError: `too_short` or `no_motion`.
    """
    key = key_of("temporal", config.seed, own.video_id)
    targets = _spread(own, duration_s, config)
    shots = np.asarray(shots_s, np.float64).reshape(-1, 2)
    # Grid indices inside each shot: [first, end).
    first, end = (np.searchsorted(own.times_s, edge - 1e-6) for edge in shots.T)
    shot = np.searchsorted(first, targets, side="right") - 1
    reference = np.full(len(targets), -1, np.int64)
    inside = 0
    low, high = np.log(config.temporal_gap_s)
    for attempt in range(ATTEMPTS):
        left = np.flatnonzero((reference < 0) & (shot >= 0))
        draws = uniform(key, attempt, left, [[0], [1]])
        steps = np.clip(np.rint(np.exp(low + draws[0] * (high - low)) * config.rate_hz), *config.gap_steps).astype(np.int64)
        other = targets[left] + np.where(draws[1] < 0.5, -steps, steps)
        ok = (other >= first[shot[left]]) & (other < end[shot[left]])
        left, other = left[ok], other[ok]
        ok = own.split[other] == own.split[targets[left]]
        left, other = left[ok], other[ok]
        inside += len(left)
        ok = change.mean_between(own.times_s[targets[left]], own.times_s[other]) >= config.motion_floor
        reference[left[ok]] = other[ok]
    paired = reference >= 0
    if not paired.any():
        numbers = {"frames": len(own.times_s), "longest_shot_s": float(np.ptp(shots, axis=1).max(initial=0.0))}
        if inside:
            raise NoPairsError("no_motion", motion_floor=config.motion_floor, **numbers)
        raise NoPairsError("too_short", min_gap_s=config.temporal_gap_s[0], **numbers)
    targets, reference = targets[paired], reference[paired]
    evidence = {"drawn": float(len(paired)), "paired": float(paired.sum())}
    return _within(own, targets, reference, evidence)


def augmented_pairs(own: Frames, duration_s: float, config: PairConfig) -> Found:
    """Each frame with itself: the loader crops both differently.

    Raises:
        NoPairsError: `too_short`.
    """
    targets = np.unique(_spread(own, duration_s, config))
    return _within(own, targets, targets, {"paired": float(len(targets))})


def random_pairs(own: Frames, duration_s: float, others: Sequence[Frames], config: PairConfig) -> Found:
    """Any two frames of the life: the reference is any frame of the same split, in this video or one of the others.

    Raises:
        NoPairsError: `too_short`.
    """
    key = key_of("random", config.seed, own.video_id)
    targets = _spread(own, duration_s, config)
    videos = [own, *others]
    keys = np.array([key_of(video.video_id) for video in videos])
    which, index = np.zeros(len(targets), np.int64), np.full(len(targets), -1, np.int64)
    for split in np.unique(own.split[targets]):
        mine = np.flatnonzero(own.split[targets] == split)
        usable = [np.flatnonzero(video.split == split) for video in videos]
        counts = np.array([len(frames) for frames in usable])
        # Exponential races: each video wins with odds in proportion to its frames, and a video that is not there changes
        # only the draws it would have won.
        draws = uniform(key, mine[:, None], keys[None], 0)
        races = np.divide(-np.log(draws), counts, out=np.full(draws.shape, np.inf), where=counts > 0)
        which[mine] = races.argmin(axis=1)
        places = (uniform(key, mine, keys[which[mine]], 1) * counts[which[mine]]).astype(np.int64)
        for video in np.unique(which[mine]):
            drawn = mine[which[mine] == video]
            chosen = usable[video][places[which[mine] == video]]
            if video == 0:  # not the frame itself
                following = usable[0][(np.searchsorted(usable[0], chosen) + 1) % counts[0]]
                chosen = np.where(chosen == targets[drawn], following, chosen)
            index[drawn] = chosen
    paired = ~((which == 0) & (index == targets))
    if not paired.any():
        raise NoPairsError("too_short", frames=len(own.times_s))
    targets, which, index = targets[paired], which[paired], index[paired]
    times = np.zeros(len(targets))
    for video in np.unique(which):
        times[which == video] = videos[video].times_s[index[which == video]]
    names = tuple(video.video_id for video in videos)
    evidence = {"videos": float(len(videos)), "paired": float(paired.sum())}
    return Found(names, own.times_s[targets], which, times, own.split[targets], evidence=evidence)


def spatial_pairs(
    own: Sequence[SeenFrames], duration_s: float, others: Sequence[Sequence[SeenFrames]], config: PairConfig
) -> Found:
    """Frames that see the same place at different times: the Jaccard index of what both see lies in the configured range.

    Args:
        own: The target video's frames, one entry per world.
        duration_s: Its length.
        others: For each world, frames of other videos in it.
        config: Range, smallest gap within a video, number of pairs.

    Raises:
        NoPairsError: `no_points` or `no_overlap`.
    """
    frames = sum(len(seen.points) for seen in own)
    if not frames:
        raise NoPairsError("no_points", fix="visible_points says what is missing")
    per_frame = int(np.ceil(config.pairs_per_second * duration_s / frames))
    parts = [_spatial(seen, [seen, *more], per_frame, config) for seen, more in zip(own, others, strict=True)]
    names = tuple(dict.fromkeys([own[0].frames.video_id, *(name for part in parts for name in part.videos)]))
    if not sum(len(part.target_s) for part in parts):
        low, high = config.covisibility
        raise NoPairsError("no_overlap", frames=frames, low=low, high=high, min_gap_s=config.spatial_min_gap_s)
    place = {name: index for index, name in enumerate(names)}
    reference = [np.array([place[name] for name in part.videos], np.int64)[part.reference] for part in parts]
    return Found(
        names,
        np.concatenate([part.target_s for part in parts]),
        np.concatenate(reference),
        np.concatenate([part.reference_s for part in parts]),
        np.concatenate([part.split for part in parts]),
        np.concatenate([part.covisibility for part in parts if part.covisibility is not None]),
        {"frames": float(frames), "paired": float(sum(len(part.target_s) for part in parts))},
    )


class PointSets:
    """Sets of points as a sparse matrix: what any two of them share is one product.

    Args:
        points: For each set its ids, ascending.
    """

    def __init__(self, points: Sequence[npt.NDArray[np.int64]]) -> None:
        from scipy.sparse import csr_matrix

        ids = np.concatenate([np.zeros(0, np.int64), *points])
        columns = np.unique(ids, return_inverse=True)[1]
        self.counts = np.array([len(own) for own in points], np.int64)
        starts = np.concatenate([[0], np.cumsum(self.counts)])
        shape = (len(points), int(columns.max(initial=-1)) + 1)
        self._matrix = csr_matrix((np.ones(len(ids), np.int32), columns, starts), shape=shape)

    def covisibilities(self, first: Indices, second: Indices, low: float, high: float) -> tuple[Indices, Indices, Floats]:
        """Pairs of a set of `first` and one of `second` (places in the sequence) whose Jaccard index lies in a range.

        Returns:
            The place in each, and the index, (n,) each; never pairs that share no point.
        """
        shared = (self._matrix[first] @ self._matrix[second].T).tocoo()
        union = self.counts[first][shared.row] + self.counts[second][shared.col] - shared.data
        share = shared.data / union
        ok = np.flatnonzero((share >= low) & (share <= high))
        return first[shared.row[ok]], second[shared.col[ok]], share[ok]


def _spatial(own: SeenFrames, pool: Sequence[SeenFrames], per_frame: int, config: PairConfig) -> Found:
    """Spatial pairs of one world; the first of the pool is `own` itself."""
    key = key_of("spatial", config.seed, own.frames.video_id)
    video = np.concatenate([np.full(len(seen.points), index) for index, seen in enumerate(pool)])
    times = np.concatenate([seen.frames.times_s for seen in pool])
    split = np.concatenate([seen.frames.split for seen in pool])
    words = np.concatenate([_frame_words(seen.frames) for seen in pool])
    usable = np.flatnonzero(split >= 0)
    if len(usable) > config.max_reference_frames:
        usable = np.sort(usable[np.argsort(mix(key, words[usable], 0), kind="stable")[: config.max_reference_frames]])
    targets = np.flatnonzero(own.frames.split >= 0)
    sets = PointSets([ids for seen in pool for ids in seen.points])
    found: list[tuple[Indices, Indices, Floats]] = []
    for start in range(0, len(targets), TARGETS_AT_ONCE):
        target, reference, share = sets.covisibilities(targets[start : start + TARGETS_AT_ONCE], usable, *config.covisibility)
        near = (video[reference] == 0) & (np.abs(times[reference] - times[target]) < config.spatial_min_gap_s - 1e-6)
        ok = (split[reference] == split[target]) & ~near
        target, reference, share = target[ok], reference[ok], share[ok]
        # Of each target's candidates those with the smallest words: which they are does not depend on the others.
        order = np.lexsort((mix(key, words[target], words[reference], 1), target))
        target, reference, share = target[order], reference[order], share[order]
        rank = np.arange(len(target)) - np.searchsorted(target, target)
        found.append((target[rank < per_frame], reference[rank < per_frame], share[rank < per_frame]))
    target = np.concatenate([np.zeros(0, np.int64), *(part[0] for part in found)])
    reference = np.concatenate([np.zeros(0, np.int64), *(part[1] for part in found)])
    share = np.concatenate([np.zeros(0), *(part[2] for part in found)])
    names = tuple(seen.frames.video_id for seen in pool)
    return Found(names, times[target], video[reference].astype(np.int64), times[reference], split[target], share)


def _frame_words(frames: Frames) -> Words:
    return mix(key_of(frames.video_id), np.rint(frames.times_s * 1e6).astype(np.int64))


def _spread(own: Frames, duration_s: float, config: PairConfig) -> Indices:
    """Targets: as many as configured, evenly over the frames that may be used."""
    usable = np.flatnonzero(own.split >= 0)
    if not len(usable):
        raise NoPairsError("too_short", frames=len(own.times_s))
    count = max(1, round(config.pairs_per_second * duration_s))
    return usable[np.minimum((np.arange(count) + 0.5) / count * len(usable), len(usable) - 1).astype(np.int64)]


def _within(own: Frames, targets: Indices, reference: Indices, evidence: Mapping[str, float | str]) -> Found:
    which = np.zeros(len(targets), np.int64)
    return Found((own.video_id,), own.times_s[targets], which, own.times_s[reference], own.split[targets], evidence=evidence)
