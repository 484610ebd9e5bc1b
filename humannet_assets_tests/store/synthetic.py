"""A small store in which every table holds plausible rows that refer to each other: for tests of queries and readers.

Three sources (one rejected), eight videos (one a near duplicate, one quarantined, one whose file is gone), clips of 6 s with
verdicts, tracks, segments, captions and annotations. Everything follows from fixed numbers.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import (
    ANNOTATIONS,
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    CAPTIONS,
    CLIP_SIGNALS,
    CLIPS,
    FILTERED_CLIPS,
    HAND_TRACKS,
    MOTION_DESCRIPTIONS,
    RAW_VIDEOS,
    SEGMENTS,
    SHOTS,
    SOURCE_CATALOG,
    SOURCE_FILES,
    VIDEO_DUPLICATES,
    VIDEO_FILES,
    VIEWPOINTS,
)
from humannet_assets.store.tables.sources import VIDEO_SOURCES

NOW = datetime.fromisoformat("2026-03-05T12:00:00")
WINDOWS = ("2026-03-01", "2026-03-02", "2026-03-05")
CLIP_S = 6.0

# name, source, viewpoint, environment, motion category, clips
VIDEOS = (
    ("kitchen-1", "home", "ego", "home/kitchen", "daily_activities/object_handling", 4),
    ("kitchen-2", "home", "ego", "home/kitchen", "daily_activities/object_handling", 3),
    ("kitchen-2-copy", "home", "ego", "home/kitchen", "daily_activities/object_handling", 0),
    ("living", "home", "ego", "home/living_room", "daily_activities/object_handling", 2),
    ("street", "city", "ego", "outdoor", "locomotion/walking", 3),
    ("workshop", "city", "exo", "industrial_construction", "daily_activities/object_handling", 4),
    ("gym", "city", "exo", "sports_recreation", "fitness_outdoor/exercise", 2),
    ("broken", "city", "", "", "", 0),
)


class _Rows:
    """Collects complete rows and commits them table by table."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[Table, list[dict[str, Any]]]] = {}

    def add(self, table: Table, row_id: str, unit_id: str, video_id: str | None, window: str, /, **values: Any) -> None:
        outcome = values.pop("outcome", "kept")
        system = {
            "row_id": row_id,
            "unit_id": unit_id,
            "video_id": video_id,
            "ingest_window": window,
            "outcome": outcome,
            "reasons": values.pop("reasons", []),
            "evidence": json.dumps(values.pop("evidence", {}), sort_keys=True),
            "error_class": values.pop("error_class", None),
            "error_message": values.pop("error_message", None),
            "attempts": 1,
            "provenance": stable_id(table.name, row_id),
            "code_version": "1",
            "run_id": f"run-{window}",
            "created_at": NOW + timedelta(seconds=len(self.rows)),
        }
        own = {table.unit: unit_id, **({} if outcome == "failed" else {table.key: row_id})}
        own = {name: value for name, value in own.items() if name in table.schema.names and name not in system}
        self.rows.setdefault(table.name, (table, []))[1].append({**system, **own, **values})

    def commit(self, store: LanceStore) -> None:
        for table, rows in self.rows.values():
            store.replace_units(table, sorted({row["unit_id"] for row in rows}), rows)


def video_id_of(name: str) -> str:
    """The made-up SHA-256 of a video."""
    return stable_id("video", name) * 2


def fill(store: LanceStore) -> None:
    """Write the whole store."""
    rows = _Rows()
    sources = (
        ("home", "controlled", "CC-BY-4.0", "consent", '{"by": "folder"}', ()),
        ("city", "community", "CC0-1.0", "public_footage", None, ()),
        ("games", "web_scale", None, None, None, ("no_licence", "off_topic")),
    )
    for line, (source, kind, licence, consent, life, reasons) in enumerate(sources, start=2):
        rows.add(
            SOURCE_CATALOG, source, source, None, WINDOWS[0], outcome="rejected" if reasons else "kept",
            reasons=list(reasons),
            uri=f"/footage/{source}", source_type=kind, licence=licence, consent_basis=consent, life=life,
            keywords=[source], line=line,
        )  # fmt: skip
    for index, video in enumerate(VIDEOS):
        _video(rows, index, *video)
    gone = stable_id("file", "/footage/city/gone.mp4")
    rows.add(
        SOURCE_FILES, gone, gone, None, WINDOWS[0], outcome="removed", reasons=["file_gone"], source_id="city",
        uri="/footage/city/gone.mp4", first_seen_at=NOW,
    )  # fmt: skip
    rows.commit(store)


def _video(rows: _Rows, index: int, name: str, source: str, viewpoint: str, environment: str, motion: str, clips: int) -> None:
    video, window = video_id_of(name), WINDOWS[index % len(WINDOWS)]
    life = "alice" if source == "home" else None
    uri = f"/footage/{source}/{life}/{name}.mp4" if life else f"/footage/{source}/{name}.mp4"
    file = stable_id("file", uri)
    size = 1_000_000 * (index + 1)
    mark = {"source_id": source, "uri": uri, "fingerprint": f"{size}:{index}", "size_bytes": size}
    rows.add(SOURCE_FILES, file, file, None, window, first_seen_at=NOW, **mark)
    rows.add(VIDEO_FILES, file, file, video, window, **mark)
    rows.add(
        VIDEO_SOURCES, video, video, video, window, source_id=source, uri=uri, file_count=1, life=life, keywords=[source],
        source_type="controlled" if source == "home" else "community", licence="CC-BY-4.0" if source == "home" else "CC0-1.0",
        consent_basis="consent" if source == "home" else "public_footage",
        viewpoint_hint="ego" if source == "home" else None,
    )  # fmt: skip
    if name == "broken":
        rows.add(
            RAW_VIDEOS, video, video, video, window, outcome="rejected", reasons=["truncated"], size_bytes=size,
            container="mov", frames_expected=300, frames_decoded=12, evidence={"frames_decoded": 12, "frames_expected": 300},
        )  # fmt: skip
        return
    duration = CLIP_S * max(clips, 3)
    rows.add(
        RAW_VIDEOS, video, video, video, window, size_bytes=size, container="mov,mp4,m4a,3gp,3g2,mj2", video_codec="h264",
        pixel_format="yuv420p", bit_depth=8, is_hdr=False, width=1280, height=720, rotation_deg=90 if name == "gym" else 0,
        frame_rate=30.0, nominal_frame_rate=30.0, is_vfr=name == "street", start_time_s=0.0, duration_s=duration,
        container_duration_s=duration, frames_expected=int(duration * 30), frames_decoded=int(duration * 30),
        frames_corrupt=3 if name == "street" else 0, decode_errors=0, keyframes=8, has_audio=True, audio_codec="aac",
        reader="decord",
    )  # fmt: skip
    copy = name == "kitchen-2-copy"
    twin = video_id_of("kitchen-2" if copy else "kitchen-2-copy")
    clustered = name.startswith("kitchen-2")
    rows.add(
        VIDEO_DUPLICATES, video, video, video, window, outcome="rejected" if copy else "kept",
        reasons=["near_duplicate"] if copy else [], evidence={"distance": 0.04} if clustered else {},
        cluster_id=video_id_of("kitchen-2") if clustered else video, is_canonical=not copy,
        cluster_size=2 if clustered else 1,
        matched_video_id=twin if clustered else None, distance=0.04 if clustered else None,
        overlap_s=duration if clustered else None, transform="none" if clustered else None,
    )  # fmt: skip
    if copy:
        return
    shot = stable_id("shot", video)
    rows.add(
        SHOTS, shot, video, video, window, shot_index=0, start_frame=0, end_frame=int(duration * 30), start_s=0.0,
        end_s=duration, start_kind="start",
    )  # fmt: skip
    for number in range(clips):
        _clip(rows, video, window, shot, name, source, viewpoint, environment, motion, number)


def _clip(
    rows: _Rows, video: str, window: str, shot: str, name: str, source: str, viewpoint: str, environment: str, motion: str,
    number: int,
) -> None:  # fmt: skip
    start, end = number * CLIP_S, (number + 1) * CLIP_S
    clip = stable_id("clip", video, number)
    span = {"start_s": start, "end_s": end}
    ego = viewpoint == "ego"
    walking = motion.startswith("locomotion")
    hands = ego and not walking
    rows.add(
        CLIPS,
        clip,
        video,
        video,
        window,
        shot_id=shot,
        clip_index=number,
        start_frame=number * 180,
        end_frame=number * 180 + 180,
        **span,
    )
    blurred = number == 3 and name == "kitchen-1"
    still = number == 2 and name == "workshop"
    failed = number == 2 and name == "street"
    rows.add(
        CLIP_SIGNALS, clip, clip, video, window, triage="no_motion" if still else "full", frames_sampled=12,
        frames_inferred=0 if still else 12, hand_rate=None if still else (0.9 if hands else 0.05),
        hand_count_mean=1.6 if hands else 0.0, pose_rate=0.1 if ego else 0.95, pose_visibility=0.8,
        face_rate=0.0 if ego else 0.6,
        sharpness=8.0 if blurred else 120.0 + number, luma_mean=110.0, static_ratio=0.95 if still else 0.1,
        camera_motion=0.4 if ego else 0.01, camera_forward=0.2 if walking else 0.0, object_motion=0.0 if still else 0.2,
        **span,
    )  # fmt: skip
    reasons = ["blurred"] if blurred else (["no_motion", "no_person"] if still else [])
    rows.add(
        FILTERED_CLIPS, clip, clip, video, window, outcome="rejected" if reasons else "kept", reasons=reasons,
        evidence={"sharpness": 8.0, "min_sharpness": 20.0} if blurred else {}, human_score=0.1 if still else 0.9,
        motion_score=0.0 if still else 0.4, quality_score=0.1 if blurred else 0.8,
        human_evidence="hands" if hands else ("wearer_motion" if walking else "body"), **span,
    )  # fmt: skip
    if reasons:
        return
    probability = 0.5 if name == "living" and number == 1 else (0.96 if ego else 0.05)
    decided = "unclear" if probability == 0.5 else viewpoint
    rows.add(
        VIEWPOINTS, clip, clip, video, window, viewpoint=decided, ego_probability=probability,
        wearer_hands=0.9 if hands else 0.0,
        decided_by="hands" if hands else "camera_motion",
    )  # fmt: skip
    if failed:
        error = {"outcome": "failed", "error_class": "MemoryError", "error_message": "the worker process died"}
        rows.add(HAND_TRACKS, clip, clip, video, window, **error)
        return
    tracks = _tracks(rows, clip, video, window, hands, ego, span)
    rows.add(
        CAMERA_TRAJECTORIES, clip, clip, video, window, image_width=640, image_height=360, focal_px=450.0,
        intrinsics_source="assumed", has_translation=walking,
        translation_reason="enough parallax" if walking else "too little parallax",
        parallax_px=6.0 if walking else 0.4, inlier_ratio=0.8, tracked_points=200.0, valid_pairs=1.0, rotation_total_deg=25.0,
        rotation_rate_deg_s=4.2 + number,
    )  # fmt: skip
    segments = _segments(rows, clip, video, window, tracks, start, number)
    text = "hands handle an object on a counter" if hands else "a person walks" if walking else "a person works"
    model = "deterministic-describer/1"
    long = ", in view"
    for kind in ("short", "long"):
        rows.add(
            CAPTIONS, stable_id(clip, kind), clip, video, window, kind=kind, text=text if kind == "short" else text + long,
            model=model, frame_hash=stable_id("facts", clip), frame_times_s=[],
        )  # fmt: skip
    shared = {
        "source_type": "controlled" if source == "home" else "community",
        "viewpoint": decided,
        "task_structure": "navigation" if walking else ("multi_step" if number % 2 else "single_action"),
        "environment": [environment],
        "interaction_style": ["locomotion"] if walking else (["two_handed"] if hands else ["whole_body"]),
        "motion_category": [motion],
        "metadata_availability": ["licence", "consent", *(["audio"] if source == "home" else [])],
        "ego_probability": probability,
        "hand_count": 2 if hands else 0,
        "person_count": 0 if ego else 1,
        "hand_coverage": 0.85 if hands else None,
        "rotation_rate_deg_s": 4.2 + number,
        "licence": "CC-BY-4.0" if source == "home" else "CC0-1.0",
        "source_id": source,
    }
    rows.add(
        ANNOTATIONS, stable_id("annotation", clip, "clip"), clip, video, window, level="clip", duration_s=CLIP_S,
        pose_score=0.8 if number % 2 == 0 else 0.3, motion_score=0.5 + 0.1 * number, motion_frames=120, short_caption=text,
        caption=text + long, caption_model=model, **span, **shared,
    )  # fmt: skip
    for segment in segments:
        rows.add(
            ANNOTATIONS, stable_id("annotation", segment["segment_id"], segment["level"]), clip, video, window,
            **{key: segment[key] for key in ("segment_id", "level", "actor", "start_s", "end_s", "duration_s")},
            pose_score=0.7, motion_score=segment["mean_speed"], motion_frames=int(segment["duration_s"] * 30),
            short_caption=text,
            caption=text, caption_model=model, **shared,
        )  # fmt: skip


def _tracks(rows: _Rows, clip: str, video: str, window: str, hands: bool, ego: bool, span: dict[str, float]) -> dict[str, str]:
    """Hand or body tracks of a clip, by actor; a clip without gets the marker row of an empty unit."""
    times = [span["start_s"] + step / 2 for step in range(12)]
    found: dict[str, str] = {}
    for side in ("left", "right") if hands else ():
        found[f"{side}_hand"] = track = stable_id("hand", clip, side)
        rows.add(
            HAND_TRACKS, track, clip, video, window, side=side, side_confidence=0.9, frame_count=12, valid_frames=10,
            coverage=0.85,
            confidence=0.8, image_width=640, image_height=360, focal_px=450.0, focal_source="assumed", pnp_error_px=2.0,
            wrist_speed_mean=0.3, times_s=times, observed=[True] * 12, frame_confidence=[0.8] * 12,
            landmarks_px=[[1.0] * 42] * 12,
            landmarks_world_m=[[0.1] * 63] * 12, wrist_position_m=[[0.0, 0.1, 0.5 + step / 100] for step in range(12)],
            wrist_rotvec=[[0.0] * 3] * 12, aperture_m=[0.05] * 12, **span,
        )  # fmt: skip
    if not hands:
        rows.add(HAND_TRACKS, clip, clip, video, window, track_id=None)
    if ego:
        rows.add(BODY_TRACKS, clip, clip, video, window, track_id=None)
        return found
    found["body"] = track = stable_id("body", clip)
    rows.add(
        BODY_TRACKS, track, clip, video, window, is_main=True, frame_count=12, valid_frames=11, coverage=0.9, visibility=0.85,
        height_share=0.7, image_width=640, image_height=360, speed_mean=0.1, limb_speed_mean=0.6, times_s=times,
        observed=[True] * 12, landmarks_px=[[1.0] * 66] * 12, landmarks_world_m=[[0.1] * 99] * 12,
        landmark_visibility=[[0.9] * 33] * 12, **span,
    )  # fmt: skip
    return found


def _segments(
    rows: _Rows, clip: str, video: str, window: str, tracks: dict[str, str], start: float, number: int
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for actor, track in tracks.items():
        group = stable_id("segment", clip, actor, "group")
        cuts = [0.0, 1.5, 5.5] if number % 2 else [0.0, 2.0, 3.5, 5.5]
        spans = [(group, None, "group", 0, cuts[0], cuts[-1])]
        spans += [
            (stable_id("segment", clip, actor, index), group, "atomic", index, *pair)
            for index, pair in enumerate(pairwise(cuts))
        ]
        for segment, parent, level, index, begin, end in spans:
            made.append(
                {
                    "segment_id": segment,
                    "parent_segment_id": parent,
                    "level": level,
                    "actor": actor,
                    "track_id": track,
                    "segment_index": index,
                    "start_s": start + begin,
                    "end_s": start + end,
                    "duration_s": end - begin,
                    "valid_ratio": 0.9,
                    "mean_speed": 0.2 + 0.1 * index,
                    "peak_speed": 0.8,
                    "path_m": 0.5,
                    "is_idle": level == "atomic" and index == 1,
                }
            )
        for step in range(2):
            rows.add(
                MOTION_DESCRIPTIONS, stable_id("description", clip, actor, step), clip, video, window, actor=actor,
                track_id=track,
                step=step, start_s=start + step, end_s=start + step + 1, direction="left" if step else "towards",
                text=f"{actor.replace('_', ' ')} moves", model="deterministic-describer/1",
            )  # fmt: skip
    for segment in made:
        rows.add(
            SEGMENTS, segment["segment_id"], clip, video, window, **{k: v for k, v in segment.items() if k != "segment_id"}
        )
    if not made:
        rows.add(SEGMENTS, clip, clip, video, window, segment_id=None)
    return made
