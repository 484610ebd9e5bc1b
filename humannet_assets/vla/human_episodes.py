"""`human_episodes`: what the wearer's hands do in a clip, in the action space of robots (docs/vla.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from humannet_assets.store.step import Outcome, Read, Step, Unit
from humannet_assets.store.tables import (
    CAMERA_TRAJECTORIES,
    CAPTIONS,
    FILTERED_CLIPS,
    HAND_TRACKS,
    HUMAN_EPISODES,
    KNOWN_CAMERAS,
    MOTION_DESCRIPTIONS,
    VIDEO_SOURCES,
    VIEWPOINTS,
)
from humannet_assets.vla.actions import cut_chunks, human_weights
from humannet_assets.vla.human_motion import HumanMotion, human_motion
from humannet_assets.vla.measures import measure_columns
from humannet_assets.vla.motion import SIDES
from humannet_assets.vla.resample import linear, resample
from humannet_assets.vla.settings import HumanEpisodesConfig, ReadyConfig
from humannet_assets.vla.stored import mask_unknown_wrists, motion_columns

INSTRUCTION = "instruction"
"""Column of a manifest that says what is done in a video."""


class HumanEpisodeStep(Step[HumanEpisodesConfig]):
    """One episode per kept egocentric clip with hands; what fails the gate is kept and marked."""

    name = "human_episodes"
    code_version = "1"
    reads = (
        Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),
        Read(VIEWPOINTS, ("viewpoint",)),
        Read(
            HAND_TRACKS,
            (
                "track_id", "side", "coverage", "confidence", "image_width", "image_height", "focal_px", "pnp_error_px",
                "times_s", "observed", "landmarks_world_m", "wrist_position_m", "wrist_rotvec",
            ),
        ),
        Read(CAMERA_TRAJECTORIES, ("times_s", "rotvec", "rotation_rate_deg_s", "parallax_px")),
        Read(KNOWN_CAMERAS, ("format", "times_s", "rotvec", "position_m")),
        Read(CAPTIONS, ("kind", "text", "model")),
        Read(MOTION_DESCRIPTIONS, ("start_s", "text")),
        Read(VIDEO_SOURCES, ("source_id", "metadata"), by="values"),
    )  # fmt: skip
    writes = HUMAN_EPISODES
    load_units = 512

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per clip."""
        for unit in units:
            try:
                yield self._clip(unit)
            except Exception as error:
                yield Outcome.failed(unit, error)

    def _clip(self, unit: Unit) -> Outcome:
        viewpoint = next((row["viewpoint"] for row in unit.all(VIEWPOINTS)), "unclear")
        if viewpoint != "ego":
            return Outcome.rejected(unit, ["not_ego"], {"viewpoint": viewpoint})
        trajectory = next(iter(unit.all(CAMERA_TRAJECTORIES)), None)
        config = self.config.human
        found = human_motion(unit.all(HAND_TRACKS), unit.all(KNOWN_CAMERAS), trajectory, config, self.config.resample)
        if found is None:
            return Outcome.rejected(unit, ["no_hands"], {"hand_tracks": 0})
        row, evidence = self._row(unit, found)
        if found.known_s < config.min_known_s:
            evidence |= {"known_s": round(found.known_s, 3), "min_known_s": round(config.min_known_s, 3)}
            return Outcome.rejected(unit, ["too_short"], evidence, row)
        return Outcome.kept(unit, [row], evidence)

    def _row(self, unit: Unit, found: HumanMotion) -> tuple[dict[str, Any], dict[str, Any]]:
        source = unit.row(VIDEO_SOURCES)
        words, who = instruction_of(source, unit.all(CAPTIONS))
        split, group = self.config.split.place(unit.video_id or unit.id, source["source_id"], words)
        motion = resample(found.motion, self.config.resample)
        chunks = mask_unknown_wrists(cut_chunks(motion), found.head_motion)
        error = _median(found.error_mm)
        ready, reasons = robot_ready(error, found.coverage, self.config.human.ready)
        picture = unit.all(HAND_TRACKS)[0]
        steps = motion.times_s
        duration_s = float(steps[-1] - steps[0]) if len(steps) else 0.0
        nobody = np.full((2, 7), np.nan)
        offsets = [nobody[0] if hand is None else hand.offset for hand in found.retargeted]
        measures = measure_columns(
            motion, words, duration_s, self.config.measures, positions=found.head_motion in ("known", "still")
        )

        def sampled(values: np.ndarray) -> list[list[float]]:
            at_steps = linear(found.motion.times_s, values, steps, self.config.resample.max_gap_s)
            return at_steps.astype(np.float32).tolist()

        texts = sorted(unit.all(MOTION_DESCRIPTIONS), key=lambda row: (row["start_s"], row["text"]))
        row = {
            "source_id": source["source_id"],
            "start_s": float(steps[0]),
            "end_s": float(steps[-1]),
            "instruction": words,
            "instruction_source": who,
            "motion_text": "; ".join(row["text"] for row in texts),
            "split": split,
            "eval_group": group,
            "robot_ready": ready,
            "not_ready_reasons": reasons,
            "retarget_error_mm": error,
            "fingertip_error_mm": _median(found.fingertip_mm),
            "wrist_residual_mm": _median(found.residual_mm),
            "coverage": found.coverage,
            "hands": [side for side, hand in zip(SIDES, found.retargeted, strict=True) if hand is not None],
            "track_ids": list(found.track_ids),
            "head_motion": found.head_motion,
            "focal_px": picture["focal_px"],
            "image_width": picture["image_width"],
            "image_height": picture["image_height"],
            **measures,
            **motion_columns(motion, chunks, human_weights()),
            "gripper_offset": np.asarray(offsets, np.float32).tolist(),
            "aperture_m": sampled(found.aperture_m),
            "step_error_mm": sampled(found.error_mm),
        }
        gate = self.config.human.ready
        evidence = {
            "retarget_error_mm": None if error is None else round(error, 3), "coverage": round(found.coverage, 4),
            "max_retarget_error_mm": gate.max_retarget_error_mm, "min_coverage": gate.min_coverage,
            "head_motion": found.head_motion, "chunks": len(chunks),
        }  # fmt: skip
        return row, evidence


def robot_ready(error_mm: float | None, coverage: float, config: ReadyConfig) -> tuple[bool, list[str]]:
    """The gate: whether a clip's actions are good enough for a robot, and what speaks against it."""
    reasons = []
    if error_mm is None:
        reasons.append("no_retargeting")
    elif error_mm >= config.max_retarget_error_mm:
        reasons.append("retarget_error")
    if coverage <= config.min_coverage:
        reasons.append("coverage")
    return not reasons, reasons


def instruction_of(source: Mapping[str, Any], captions: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """What is done in a clip, and who says so: the manifest, else the short caption's author; two empty texts without."""
    said = json.loads(source["metadata"]) if source["metadata"] else {}
    stated = said.get(INSTRUCTION)
    if isinstance(stated, str) and stated.strip():
        return stated.strip(), "manifest"
    short = next((row for row in captions if row["kind"] == "short"), None)
    return (short["text"], short["model"]) if short is not None else ("", "")


def _median(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None
