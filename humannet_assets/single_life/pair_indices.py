"""`life_pairings` and `life_pair_indices`: what is to be paired in each video, and the pairs."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from humannet_assets.single_life.pairing import (
    Change,
    Found,
    Frames,
    NoPairsError,
    SeenFrames,
    augmented_pairs,
    grid_s,
    random_pairs,
    spatial_pairs,
    temporal_pairs,
)
from humannet_assets.single_life.pairs import PAIRINGS, PROBE, Pairing, pairing_id
from humannet_assets.single_life.settings import PairIndexConfig
from humannet_assets.single_life.splits import HELD_OUT, TRAIN, split_of
from humannet_assets.store.identity import ID_LENGTH
from humannet_assets.store.step import NoConfig, Outcome, Read, Step, Unit
from humannet_assets.store.tables import (
    LIFE_PAIR_INDICES,
    LIFE_PAIRINGS,
    LIFE_VIDEOS,
    RAW_VIDEOS,
    SHOTS,
    VISIBLE_POINTS,
)

_SPLITS = {TRAIN: "train", HELD_OUT: "held_out"}
_COMMON = ("seed", "rate_hz", "pairs_per_second")
_MATTERS: dict[str, tuple[str, ...]] = {
    "temporal": (*_COMMON, "temporal_gap_s", "motion_floor"),
    "spatial": ("seed", "pairs_per_second", "covisibility", "spatial_min_gap_s", "max_reference_frames"),
    "augmented": (*_COMMON, "crop_scale"),
    "random": _COMMON,
}
"""Which thresholds a pairing's pairs depend on: those that go into their ids."""


class PairingStep(Step[NoConfig]):
    """One row per video and pairing, with the other videos it may look at: so a pairing depends on these and no others."""

    name = "life_pairings"
    code_version = "1"
    reads = (
        Read(
            LIFE_VIDEOS,
            ("life", "kind", "duration_s", "reference_video_ids", "reference_durations_s"),
            by="values",
        ),
    )
    writes = LIFE_PAIRINGS

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Four rows per video."""
        for unit in units:
            video = unit.row(LIFE_VIDEOS)
            rows = []
            for pairing in PAIRINGS:
                beyond = pairing in {"spatial", "random"}
                references = list(video["reference_video_ids"]) if beyond else []
                rows.append(
                    {
                        "pairing_id": pairing_id(unit.id, pairing),
                        "life": video["life"],
                        "kind": video["kind"],
                        "pairing": pairing,
                        "duration_s": video["duration_s"],
                        "reference_video_ids": references,
                        "reference_durations_s": list(video["reference_durations_s"]) if beyond else [],
                        "point_video_ids": [unit.id, *references] if pairing == "spatial" else [],
                    }
                )
            yield Outcome.kept(unit, rows)


class PairIndexStep(Step[PairIndexConfig]):
    """Pairs the frames of each video. What a pairing needs and a video lacks rejects that unit with a reason, and no other."""

    name = "life_pair_indices"
    code_version = "1"
    reads = (
        Read(
            LIFE_PAIRINGS,
            ("life", "kind", "pairing", "duration_s", "reference_video_ids", "reference_durations_s", "point_video_ids"),
            unit="pairing_id",
            by="values",
        ),
        Read(SHOTS, ("start_s", "end_s"), unit="video_id", by="values"),
        Read(RAW_VIDEOS, ("frame_times_s", "cut_content"), unit="video_id"),
        Read(
            VISIBLE_POINTS,
            ("world", "voxel_m", "times_s", "point_counts", "points"),
            unit="video_id",
            through="point_video_ids",
        ),
    )
    writes = LIFE_PAIR_INDICES
    load_units = 64

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per video and pairing."""
        for unit in units:
            row = unit.row(LIFE_PAIRINGS)
            try:
                found = self._found(unit, row)
            except NoPairsError as error:
                about = {"pair_id": unit.id, **{name: row[name] for name in ("life", "kind", "pairing")}}
                yield Outcome.rejected(unit, [error.reason], error.evidence, about)
                continue
            yield Outcome.kept_table(unit, pair_table(found, row, self.config), found.evidence)

    def _found(self, unit: Unit, row: Mapping[str, Any]) -> Found:
        video_id, duration_s, config = str(unit.video_id), float(row["duration_s"]), self.config.pairs
        own = self._grid(video_id, duration_s, row["kind"])
        pairing: Pairing = row["pairing"]
        if pairing == "temporal":
            shots = sorted((shot["start_s"], shot["end_s"]) for shot in unit.all(SHOTS))
            video = unit.row(RAW_VIDEOS)
            change = Change(np.asarray(video["frame_times_s"], np.float64), np.asarray(video["cut_content"], np.float64))
            return temporal_pairs(own, duration_s, shots, change, config)
        if pairing == "augmented":
            return augmented_pairs(own, duration_s, config)
        others = dict(zip(row["reference_video_ids"], row["reference_durations_s"], strict=True))
        if pairing == "random":
            grids = [self._grid(other, length_s, row["kind"]) for other, length_s in others.items()]
            return random_pairs(own, duration_s, grids, config)
        lengths = {video_id: duration_s, **others}
        worlds: dict[tuple[str, float | None], dict[str, SeenFrames]] = defaultdict(dict)
        for seen in sorted(unit.all(VISIBLE_POINTS), key=lambda seen: (seen["video_id"], seen["times_s"][0])):
            world, name = (seen["world"], seen["voxel_m"]), seen["video_id"]
            times = np.asarray(seen["times_s"], np.float64)
            frames = Frames(name, times, self._split(name, times, lengths[name], row["kind"]))
            ends = np.cumsum(seen["point_counts"])[:-1]
            fresh = SeenFrames(frames, np.split(np.frombuffer(seen["points"], "<i8"), ends))
            worlds[world][name] = _joined(worlds[world].get(name), fresh)
        mine = [world for world, videos in worlds.items() if video_id in videos]
        beside = [[worlds[world][name] for name in others if name in worlds[world]] for world in mine]
        return spatial_pairs([worlds[world][video_id] for world in mine], duration_s, beside, config)

    def _grid(self, video_id: str, duration_s: float, kind: str) -> Frames:
        times = grid_s(duration_s, self.config.pairs.rate_hz)
        return Frames(video_id, times, self._split(video_id, times, duration_s, kind))

    def _split(self, video_id: str, times_s: np.ndarray, duration_s: float, kind: str) -> np.ndarray:
        # The probe set is held out as a whole.
        return np.zeros(len(times_s), np.int8) if kind == PROBE else split_of(video_id, times_s, duration_s, self.config.split)


def _joined(before: SeenFrames | None, after: SeenFrames) -> SeenFrames:
    """Stretches of one video in one world as one."""
    if before is None:
        return after
    times, split = (
        np.concatenate([getattr(before.frames, name), getattr(after.frames, name)]) for name in ("times_s", "split")
    )
    return SeenFrames(Frames(after.frames.video_id, times, split), [*before.points, *after.points])


def pair_table(found: Found, row: Mapping[str, Any], config: PairIndexConfig) -> pa.Table:
    """Pairs as rows of `life_pair_indices`; a pair drawn twice is one row."""
    pairing = row["pairing"]
    times = np.rint(np.stack([found.target_s, found.reference_s], axis=1) * 1e6).astype("<i8")
    matters = {name: getattr(config.pairs, name) for name in _MATTERS[pairing]}
    about = json.dumps([row["life"], pairing, matters, config.split.model_dump(), found.videos[0]], sort_keys=True)
    starts = [hashlib.sha256(f"{about}\x1f{name}\x1f".encode()) for name in found.videos]
    ids = [_pair_id(starts[video], both.tobytes()) for video, both in zip(found.reference.tolist(), times, strict=True)]
    once = np.sort(np.unique(np.array(ids), return_index=True)[1])
    count = len(once)
    gap = pa.array(found.gap_s[once], from_pandas=True)  # NaN becomes null
    names = pa.array(found.videos, pa.string())
    if row["kind"] == PROBE:
        split = pa.repeat(PROBE, count)
    else:
        split = pa.DictionaryArray.from_arrays(found.split[once], pa.array([_SPLITS[TRAIN], _SPLITS[HELD_OUT]])).cast(
            pa.string()
        )
    crop = config.pairs.crop_scale if pairing == "augmented" else (None, None)
    share = pa.nulls(count, pa.float32()) if found.covisibility is None else pa.array(found.covisibility[once], pa.float32())
    return pa.table(
        {
            "pair_id": pa.array(ids, pa.string()).take(pa.array(once)),
            "life": pa.repeat(row["life"], count),
            "kind": pa.repeat(row["kind"], count),
            "pairing": pa.repeat(pairing, count),
            "split": split,
            "target_s": found.target_s[once],
            "reference_video_id": pa.DictionaryArray.from_arrays(found.reference[once].astype(np.int32), names).cast(
                pa.string()
            ),
            "reference_s": found.reference_s[once],
            "gap_s": gap,
            "covisibility": share,
            "crop_scale_min": pa.repeat(pa.scalar(crop[0], pa.float32()), count),
            "crop_scale_max": pa.repeat(pa.scalar(crop[1], pa.float32()), count),
        }
    )


def _pair_id(start: Any, times: bytes) -> str:
    digest = start.copy()
    digest.update(times)
    return digest.hexdigest()[:ID_LENGTH]
