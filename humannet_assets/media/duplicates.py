"""`video_duplicates`: clusters of videos that show the same recording, and the member that stands for each.

Three stages, so that a million videos need no million-squared comparisons:

1. **Candidates.** Every distinct textured hash is cut into four 16-bit bands; videos sharing bands (also after turning or
   mirroring one of them) become candidates. Two hashes within three bits always share a band. Bands shared by very many
   videos (test cards, templates) are left out.
2. **Alignment.** Similar samples vote for the temporal offset and brightness curves are correlated, so that trims match.
3. **Proof.** Over the overlap the hashes must agree, and one of three things must show that it is one recording and not only
   one place: the picture changes far more than the two differ; or the brightness curves run alike (different takes
   of one fixed camera do not); or nothing changes at all and the pictures are equal almost to the bit (slides).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.media.duplicate_candidates import candidate_pairs
from humannet_assets.media.signature import TRANSFORMS, Hashes, as_hashes, hamming, is_textured, transform_hash
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables.curation import VIDEO_DUPLICATES
from humannet_assets.store.tables.sources import RAW_VIDEOS

CURVE_STEP_S = 0.1
VOTE_STEP_S = 0.25
MAX_VOTERS = 512
"""Samples of one video that vote for offsets: bounds the work for hours of footage."""


class DuplicateConfig(StepConfig):
    """Thresholds of near-duplicate search. Distances are shares of differing hash bits: unrelated pictures measure .5."""

    max_distance: float = Field(
        default=0.2,
        ge=0,
        le=0.5,
        description="Mean distance over the overlap; re-encodes .00-.02, trims up to .16. Our choice.",
    )
    sample_distance: float = Field(default=0.3, ge=0, le=0.5, description="Distance up to which one sample agrees. Our choice.")
    min_agreeing: float = Field(
        default=0.85, ge=0, le=1, description="Share of overlapping samples that must agree. Our choice."
    )
    min_coverage: float = Field(
        default=0.7, ge=0.1, le=1, description="Share of the shorter video the overlap must cover. Our choice."
    )
    min_overlap_s: float = Field(
        default=0.05, ge=0, description="Seconds of overlap below which nothing is proven. Our choice."
    )
    vote_distance: float = Field(
        default=0.13, ge=0, le=0.5, description="Distance up to which samples vote for an offset. Our choice."
    )
    offsets_tried: int = Field(default=12, ge=1, le=200, description="Best-voted offsets that are verified. Our choice.")
    still_variation: float = Field(
        default=0.08,
        ge=0,
        le=0.5,
        description="Mean distance of a video's samples to each other below which it is still. Our choice.",
    )
    moving_ratio: float = Field(
        default=0.35,
        ge=0,
        le=1,
        description="Distance over variation that proves a moving picture; other takes reach .9. Our choice.",
    )
    min_correlation: float = Field(
        default=0.9,
        ge=-1,
        le=1,
        description="Correlation of brightness curves that proves one recording; other takes .2-.5. Our choice.",
    )
    still_distance: float = Field(
        default=0.04, ge=0, le=0.5, description="Mean distance allowed between still pictures with like curves. Our choice."
    )
    flat_curve: float = Field(
        default=0.25,
        ge=0,
        description="Standard deviation of a brightness curve (0-255) below which it says nothing. Our choice.",
    )
    flat_distance: float = Field(
        default=0.02, ge=0, le=0.5, description="Mean distance allowed between still pictures with flat curves. Our choice."
    )
    max_band_videos: int = Field(
        default=200, ge=2, description="Videos sharing a band value above which it is left out. Our choice."
    )
    container_ratio: float = Field(
        default=1.25, ge=1, description="A match this much longer contains the other as a trim and goes before it. Our choice."
    )


@dataclass(frozen=True)
class Fingerprint:
    """What is compared of one video. Times in seconds; `curve` is mean brightness every `CURVE_STEP_S`."""

    video_id: str
    ingest_window: str
    pixels: int
    duration_s: float
    hashes: Hashes
    times_s: npt.NDArray[np.float64]
    curve: npt.NDArray[np.float64]

    @classmethod
    def of(cls, video_id: str, ingest_window: str, row: Mapping[str, Any]) -> Fingerprint:
        """Fingerprint of a row of `raw_videos`; samples without texture are dropped."""
        hashes = as_hashes(list(row["signature"]))
        textured = is_textured(hashes)
        duration_s = float(row["duration_s"])
        grid = np.arange(0, max(duration_s, CURVE_STEP_S), CURVE_STEP_S)
        curve = np.interp(grid, np.asarray(row["frame_times_s"]), np.asarray(row["cut_luma"], np.float64))
        return cls(
            video_id,
            ingest_window,
            int(row["width"]) * int(row["height"]),
            duration_s,
            hashes[textured],
            np.asarray(row["signature_times_s"], np.float64)[textured],
            curve,
        )

    @property
    def rank(self) -> tuple[Any, ...]:
        """Who stands for a cluster: first seen, then most pixels, longest, smallest id."""
        return (self.ingest_window, -self.pixels, -self.duration_s, self.video_id)


@dataclass(frozen=True)
class Match:
    """Proof that `left` shows what `right` shows: the moment t of left is t + `offset_s` of right."""

    left: str
    right: str
    distance: float
    overlap_s: float
    offset_s: float
    transform: str
    coverage_left: float
    coverage_right: float
    correlation: float | None


class DuplicateStep(Step[DuplicateConfig]):
    """Judge all videos together: unique and canonical members are kept, the others rejected as `near_duplicate`."""

    name = "video_duplicates"
    code_version = "1"
    reads = (
        Read(
            RAW_VIDEOS,
            columns=("signature", "signature_times_s", "frame_times_s", "cut_luma", "duration_s", "width", "height"),
        ),
    )
    writes = VIDEO_DUPLICATES
    whole_table = True

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per video."""
        by_id = {unit.id: unit for unit in units}
        prints = [Fingerprint.of(unit.id, unit.ingest_window, unit.row(RAW_VIDEOS)) for unit in units]
        matches = find_matches(prints, self.config)
        clusters = cluster(prints, matches, self.config)
        sizes: dict[str, int] = defaultdict(int)
        for canonical, _ in clusters.values():
            sizes[canonical] += 1
        decided = {match.right: match for _, match in sorted(clusters.values(), key=_by_distance) if match is not None}
        for video_id in sorted(by_id):
            canonical, match = clusters[video_id]
            shown = match or _turned_round(decided.get(video_id))
            row = {
                "cluster_id": canonical,
                "is_canonical": canonical == video_id,
                "cluster_size": sizes[canonical],
                "matched_video_id": shown.right if shown else None,
                "distance": shown.distance if shown else None,
                "overlap_s": shown.overlap_s if shown else None,
                "offset_s": shown.offset_s if shown else None,
                "transform": shown.transform if shown else None,
            }
            if canonical == video_id:
                yield Outcome.kept(by_id[video_id], (row,))
                continue
            evidence = {
                "distance": shown.distance if shown else None,
                "max_distance": self.config.max_distance,
                "coverage": shown.coverage_left if shown else None,
                "correlation": shown.correlation if shown else None,
            }
            yield Outcome.rejected(by_id[video_id], ("near_duplicate",), evidence, row)


def find_matches(prints: Sequence[Fingerprint], config: DuplicateConfig) -> list[Match]:
    """All proven pairs, each once, in a stable order."""
    ordered = sorted(prints, key=lambda p: p.video_id)
    matches = []
    for left, right, transforms in candidate_pairs([own.hashes for own in ordered], config.max_band_videos):
        found = [match for name in transforms if (match := compare(ordered[left], ordered[right], name, config))]
        if found:
            matches.append(min(found, key=lambda match: (match.distance, TRANSFORMS.index(match.transform))))
    return matches


def cluster(
    prints: Sequence[Fingerprint], matches: Sequence[Match], config: DuplicateConfig
) -> dict[str, tuple[str, Match | None]]:
    """Canonical id and deciding match (seen from the member) of every video.

    Members join a canonical they match directly, never through another member: with chains, footage that only a rejected
    member shows would be lost. For the same reason a video that contains another goes before it.
    """
    neighbours: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        neighbours[match.left].append(match)
        neighbours[match.right].append(_turned_round(match) or match)
    length = {p.video_id: p.duration_s for p in prints}

    def contained(video_id: str) -> bool:
        return any(length[m.right] >= config.container_ratio * length[video_id] for m in neighbours[video_id])

    clusters: dict[str, tuple[str, Match | None]] = {}
    for video in sorted(prints, key=lambda p: (contained(p.video_id), *p.rank)):
        options = [m for m in neighbours[video.video_id] if clusters.get(m.right, ("", None))[0] == m.right]
        best = min(options, key=lambda m: (m.distance, m.right), default=None)
        clusters[video.video_id] = (best.right if best else video.video_id, best)
    return clusters


def compare(left: Fingerprint, right: Fingerprint, transform: str, config: DuplicateConfig) -> Match | None:
    """The best proven alignment of two videos under one geometric relation, or None.

    Args:
        left: One video; the relation is applied to its picture.
        right: The other.
        transform: One of `signature.TRANSFORMS`.
        config: Thresholds.
    """
    hashes = transform_hash(left.hashes, transform)
    if not len(hashes) or not len(right.hashes):
        return None
    best: Match | None = None
    for offset in _offsets(hashes, left, right, config):
        match = _verify(hashes, left, right, offset, transform=transform, config=config)
        if match and (best is None or _strength(match) > _strength(best)):
            best = match
    return best


def _offsets(hashes: Hashes, left: Fingerprint, right: Fingerprint, config: DuplicateConfig) -> list[float]:
    votes: dict[int, int] = defaultdict(int)
    chosen = np.unique(np.linspace(0, len(hashes) - 1, MAX_VOTERS).astype(int))
    for index in chosen:
        like = np.flatnonzero(hamming(hashes[index], right.hashes) <= config.vote_distance)
        steps = np.round((right.times_s[like] - left.times_s[index]) / VOTE_STEP_S).astype(int)
        for step in np.unique(steps).tolist():
            votes[step] += 1
    best = sorted(votes, key=lambda step: (-votes[step], abs(step)))[: config.offsets_tried]
    found = {0.0, *(step * VOTE_STEP_S for step in best)}
    if (by_curve := _curve_offset(left.curve, right.curve)) is not None:
        found.add(by_curve)
    return sorted(found | {_refined(left, right, offset, config) for offset in found}, key=abs)


def _refined(left: Fingerprint, right: Fingerprint, offset: float, config: DuplicateConfig) -> float:
    """The offset nearby at which the brightness curves agree best: votes are only as fine as the sampling."""
    shifts = [offset + k * CURVE_STEP_S / 2 for k in (0, -1, 1, -2, 2, -3, 3, -4, 4)]
    return max(shifts, key=lambda shift: _correlation(left, right, shift, config.flat_curve) or 0.0)


def _curve_offset(left: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> float | None:
    """Offset at which the shorter brightness curve correlates best with a part of the longer one."""
    short, long, sign = (left, right, 1) if len(left) <= len(right) else (right, left, -1)
    if len(short) < 10 or short.std() < 1e-6:
        return None
    from scipy.signal import fftconvolve

    count = len(short)
    pattern, window = (short - short.mean()) / short.std(), np.ones(count) / count
    centred = long - long.mean()
    variance = fftconvolve(centred**2, window, "valid") - fftconvolve(centred, window, "valid") ** 2
    score = fftconvolve(centred, pattern[::-1], "valid") / count / np.sqrt(np.maximum(variance, 1e-2))
    return sign * float(np.argmax(score)) * CURVE_STEP_S


def _verify(
    hashes: Hashes, left: Fingerprint, right: Fingerprint, offset: float, *, transform: str, config: DuplicateConfig
) -> Match | None:
    start, stop = _overlap(left, right, offset)
    overlap = stop - start
    if overlap < max(config.min_overlap_s, config.min_coverage * min(left.duration_s, right.duration_s)):
        return None
    inside = np.flatnonzero((left.times_s >= start - 1e-6) & (left.times_s < stop))
    # Samples without texture prove nothing: those with texture must reach over the overlap.
    if not len(inside) or _span(left.times_s[inside]) < 0.5 * overlap - 1.0:
        return None
    # Sampling phases differ: a moment is compared with the samples before and after it.
    after = np.searchsorted(right.times_s, left.times_s[inside] + offset - 1e-6)
    choices = np.stack([np.clip(after - 1, 0, None), np.clip(after, None, len(right.hashes) - 1)])
    distances = hamming(hashes[inside][None, :], right.hashes[choices]).min(axis=0)
    mean = float(distances.mean())
    if mean > config.max_distance or (distances <= config.sample_distance).mean() < config.min_agreeing:
        return None
    correlation = _correlation(left, right, offset, config.flat_curve)
    if not _is_same_recording(mean, _variation(hashes[inside]), correlation, config):
        return None
    coverage = (overlap / left.duration_s, overlap / right.duration_s)
    return Match(left.video_id, right.video_id, mean, overlap, offset, transform, *coverage, correlation)


def _is_same_recording(distance: float, variation: float, correlation: float | None, config: DuplicateConfig) -> bool:
    still = variation < config.still_variation
    if not still and distance <= config.moving_ratio * variation:
        return True
    if correlation is None:
        return still and distance <= config.flat_distance
    return correlation >= config.min_correlation and (not still or distance <= config.still_distance)


def _overlap(left: Fingerprint, right: Fingerprint, offset: float) -> tuple[float, float]:
    """Start and stop of the overlap in the left video's time, seconds."""
    return max(0.0, -offset), min(left.duration_s, right.duration_s - offset)


def _strength(match: Match) -> float:
    """Higher is better; the curves decide between offsets at which the hashes agree equally well."""
    return 0.1 * (match.correlation or 0.0) - match.distance


def _span(times: npt.NDArray[np.float64]) -> float:
    return float(times[-1] - times[0])


def _variation(hashes: Hashes) -> float:
    """Mean distance of samples to the first, middle and last one: how much the picture changes."""
    anchors = hashes[[0, len(hashes) // 2, -1]]
    return float(hamming(hashes[:, None], anchors[None, :]).mean())


def _correlation(left: Fingerprint, right: Fingerprint, offset: float, flat: float) -> float | None:
    """Correlation of the brightness curves over the overlap; None when one of them is flat or too short."""
    times = np.arange(*_overlap(left, right, offset), CURVE_STEP_S)
    if len(times) < 10:
        return None
    one = np.interp(times, np.arange(len(left.curve)) * CURVE_STEP_S, left.curve)
    two = np.interp(times + offset, np.arange(len(right.curve)) * CURVE_STEP_S, right.curve)
    if min(one.std(), two.std()) < flat:
        return None
    return float(np.corrcoef(one, two)[0, 1])


def _turned_round(match: Match | None) -> Match | None:
    """The same proof seen from the other video."""
    if match is None:
        return None
    inverse = {"rot90": "rot270", "rot270": "rot90"}
    return Match(
        match.right,
        match.left,
        match.distance,
        match.overlap_s,
        -match.offset_s,
        inverse.get(match.transform, match.transform),
        match.coverage_right,
        match.coverage_left,
        match.correlation,
    )


def _by_distance(item: tuple[str, Match | None]) -> tuple[float, str]:
    match = item[1]
    return (-match.distance, match.left) if match else (0.0, "")
