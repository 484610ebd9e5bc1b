"""Hands become actions: head motion is taken out where it is known and masked where not; the gripper's error is the hand's."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.store.step import Unit
from humannet_assets.store.tables import HUMAN_EPISODES
from humannet_assets.vla.actions import DIM_NAMES, HANDS, ActionChunks, cut_chunks
from humannet_assets.vla.human_episodes import HumanEpisodeStep, robot_ready
from humannet_assets.vla.human_motion import HumanMotion, human_motion
from humannet_assets.vla.resample import ResampleConfig, resample
from humannet_assets.vla.retarget import fingertips, hand_frames, retarget
from humannet_assets.vla.settings import GripperConfig, HumanConfig, HumanEpisodesConfig, ReadyConfig
from humannet_assets.vla.stored import mask_unknown_wrists, motion_columns, stored_motion
from humannet_assets_tests.vla.hands import axes, landmarks, poses, track, trajectory

COUNT = 40
RIGHT = HANDS[1]
EXACT = HumanConfig(smoothing_s=0)


class Seen:
    """A hand that lies still in the world (or moves along its x axis) while the head turns and walks."""

    def __init__(self, speed_m_s: float = 0.0) -> None:
        time = np.arange(COUNT) / 10
        self.turn = Rotation.from_euler("xyz", np.stack([0.1 * np.sin(time), 0.3 * time, 0.05 * time], axis=1))
        self.place = np.stack([0.1 * time, 0.02 * np.sin(2 * time), 0.05 * time], axis=1)
        self.hand = np.array([0.1, 0.2, 0.6]) + speed_m_s * time[:, None] * np.array([1.0, 0, 0])
        self.opening = 0.06 + 0.02 * np.sin(time)

    def track(self, **changes: Any) -> dict[str, Any]:
        position = self.turn.inv().apply(self.hand - self.place)
        return track(position, self.turn.inv() * axes(), self.opening, **changes)


def moved(seen: Seen, known: bool, config: HumanConfig = EXACT, row: dict[str, Any] | None = None) -> HumanMotion:
    cameras = [poses(seen.place, seen.turn)] if known else []
    found = human_motion([row or seen.track()], cameras, trajectory(seen.turn), config, ResampleConfig())
    assert found is not None
    return found


def chunks_of(found: HumanMotion) -> ActionChunks:
    return mask_unknown_wrists(cut_chunks(resample(found.motion)), found.head_motion)


def test_known_head_motion_is_taken_out() -> None:
    """Between recorded poses the camera is interpolated: that leaves millimetres."""
    chunks = chunks_of(moved(Seen(), known=True))
    assert chunks.mask[:, :, RIGHT.position].any()
    assert np.abs(chunks.actions[..., RIGHT.position]).max() < 2e-3
    assert np.abs(chunks.actions[..., RIGHT.rotation]).max() < 1e-2
    walking = chunks_of(moved(Seen(speed_m_s=0.3), known=True))
    first = walking.actions[0, 14, RIGHT.position]
    assert first == pytest.approx([0.3, 0, 0], abs=3e-3), "along the axes of the first camera, which are the world's"


def test_estimated_rotation_leaves_shifts_masked_and_turns_right() -> None:
    seen = Seen()
    found = moved(seen, known=False)
    chunks = chunks_of(found)
    assert found.head_motion == "rotation"
    assert not chunks.mask[..., RIGHT.position].any()
    assert np.abs(chunks.actions[..., RIGHT.rotation]).max() < 1e-2
    assert chunks.mask[..., RIGHT.rotation].any()
    assert chunks.mask[..., RIGHT.grip].any()
    # The state needs no head motion: it is the wrist in the camera of the anchor.
    assert chunks.state[0, RIGHT.position] == pytest.approx(seen.turn[0].inv().apply(seen.hand[0] - seen.place[0]), abs=1e-5)


def test_without_any_camera_only_grips_are_known_and_a_still_camera_needs_none() -> None:
    seen = Seen(speed_m_s=0.1)
    blind = human_motion([seen.track()], [], None, EXACT, ResampleConfig())
    assert blind is not None
    names = {DIM_NAMES[dim] for dim in np.flatnonzero(chunks_of(blind).mask.any(axis=(0, 1)))}
    assert names == {"right_grip"}
    still = human_motion([seen.track()], [], trajectory(seen.turn, 0.2, 0.1), EXACT, ResampleConfig())
    assert still is not None
    assert (still.head_motion, bool(chunks_of(still).mask[..., RIGHT.position].any())) == ("still", True)
    model = human_motion(
        [seen.track()], [poses(seen.place, seen.turn, "colmap")], trajectory(seen.turn), EXACT, ResampleConfig()
    )
    assert model is not None
    assert model.head_motion == "rotation", "a model without a metric scale does not tell metres"


def test_long_gaps_stay_unknown_and_short_ones_are_bridged() -> None:
    seen = Seen()
    observed = np.ones(COUNT, bool)
    observed[10:11] = False
    observed[20:26] = False
    found = moved(seen, known=True, row=seen.track(observed=observed))
    grip = found.motion.grip[:, 1]
    assert np.isfinite(grip[10])
    assert np.isnan(grip[20:26]).all()
    assert found.coverage == pytest.approx((COUNT - 7) / COUNT)


def test_of_two_hands_that_claim_a_side_the_one_seen_longer_counts() -> None:
    seen = Seen()
    ghost = seen.track(track_id="ghost", confidence=0.5)
    found = human_motion([ghost, seen.track(track_id="own")], [], trajectory(seen.turn), EXACT, ResampleConfig())
    assert found is not None
    assert found.track_ids == ("own",)


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_hand_that_is_a_gripper_has_no_error_and_one_that_is_not_has_its_own(side: str) -> None:
    config = GripperConfig()
    opening = np.linspace(0.03, 0.09, 30)
    tips = fingertips(landmarks(opening, side), side, config)
    everything = np.ones(30, bool)
    found = retarget(tips, everything, config)
    assert found.error_m.max() < 1e-9
    assert found.aperture_m == pytest.approx(opening)
    assert found.grip == pytest.approx((opening - 0.02) / 0.08)
    # Both fingertips 2 cm off to the side in half of the frames: the median position stays, so those are off by 2 cm.
    tips[20:, :, 0] += 0.02
    assert retarget(tips, everything, config).error_m[20:] == pytest.approx(0.02, abs=1e-3)
    # Wider than the gripper opens: each finger is half of the rest away.
    wide = fingertips(landmarks(np.full(5, 0.14), side), side, config)
    assert retarget(wide, np.ones(5, bool), config).error_m == pytest.approx(0.02)


def test_axes_are_those_of_hand_tracks() -> None:
    from humannet_assets.perception.pinhole import hand_axes

    points = landmarks(np.array([0.05, 0.08]), "left") @ Rotation.from_rotvec([0.3, -0.2, 0.9]).as_matrix().T
    expected = np.stack([hand_axes(frame, "left") for frame in points])
    assert hand_frames(points, "left") == pytest.approx(expected)


def unit(rows: dict[str, list[dict[str, Any]]]) -> Unit:
    base = {
        "filtered_clips": [{"row_id": "clip", "start_s": 0.0, "end_s": 4.0}],
        "viewpoints": [{"viewpoint": "ego"}],
        "captions": [{"kind": "short", "text": "a hand moves", "model": "describer/1"}],
        "video_sources": [{"source_id": "kitchen", "metadata": None}],
    }  # fmt: skip
    return Unit("clip", "video", "2026-01-01", {**base, **rows})


def outcome(rows: dict[str, list[dict[str, Any]]], config: HumanEpisodesConfig | None = None) -> Any:
    (found,) = HumanEpisodeStep(config or HumanEpisodesConfig()).process([unit(rows)])
    return found


def test_the_step_keeps_marks_and_rejects() -> None:
    seen = Seen()
    rows = {"hand_tracks": [seen.track()], "known_cameras": [poses(seen.place, seen.turn)]}
    kept = outcome(rows)
    (row,) = kept.rows
    assert (kept.status, row["robot_ready"], row["not_ready_reasons"]) == ("kept", True, [])
    # The hand is a gripper, so what is left is the wrist's residual: 2 px at the hand's depth, 500 px.
    depth_m = np.median(np.asarray(rows["hand_tracks"][0]["wrist_position_m"])[:, 2])
    assert row["fingertip_error_mm"] < 0.1
    assert row["retarget_error_mm"] == pytest.approx(row["wrist_residual_mm"], rel=1e-3)
    assert row["wrist_residual_mm"] == pytest.approx(2e3 * depth_m / 500, rel=1e-3)
    assert (row["instruction"], row["instruction_source"]) == ("a hand moves", "describer/1")
    assert set(row) <= {column.name for column in HUMAN_EPISODES.columns}
    restored = cut_chunks(stored_motion(row))
    assert len(restored) == row["chunk_count"] > 40

    poor = outcome({**rows, "hand_tracks": [seen.track(pnp_error_px=40.0, coverage=0.5)]})
    assert (poor.status, poor.rows[0]["robot_ready"]) == ("kept", False)
    assert poor.rows[0]["not_ready_reasons"] == ["retarget_error", "coverage"]
    assert outcome({}).reasons == ("no_hands",)
    assert outcome({**rows, "viewpoints": [{"viewpoint": "exo"}]}).reasons == ("not_ego",)
    short = track(np.tile([0.0, 0, 0.5], (8, 1)), Rotation.identity(8), np.full(8, 0.05))
    assert outcome({"hand_tracks": [short]}).reasons == ("too_short",)


def test_what_the_manifest_says_goes_before_captions_and_the_video_decides_the_split() -> None:
    said = {"source_id": "kitchen", "metadata": json.dumps({"instruction": " put the cup away "})}
    rows = {"hand_tracks": [Seen().track()], "video_sources": [said]}
    (row,) = outcome(rows).rows
    assert (row["instruction"], row["instruction_source"], row["verb"], row["noun"]) == (
        "put the cup away",
        "manifest",
        "put",
        "cup",
    )
    held = HumanEpisodesConfig.model_validate(
        {"split": {"groups": [{"eval_group": "ood_long", "instructions": ["put the *"]}]}}
    )
    (row,) = outcome(rows, held).rows
    assert (row["split"], row["eval_group"]) == ("validation", "ood_long")


def test_the_gate() -> None:
    gate = ReadyConfig()
    assert robot_ready(14.9, 0.61, gate) == (True, [])
    assert robot_ready(15.0, 0.6, gate) == (False, ["retarget_error", "coverage"])
    assert robot_ready(None, 1.0, gate) == (False, ["no_retargeting"])


def test_the_action_point_may_be_the_gripper() -> None:
    seen = Seen()
    at_wrist = moved(seen, known=True)
    at_gripper = moved(seen, known=True, config=HumanConfig(smoothing_s=0, action_point="gripper"))
    apart = np.linalg.norm(at_gripper.motion.wrist[:, 1, :3] - at_wrist.motion.wrist[:, 1, :3], axis=1)
    assert apart == pytest.approx(np.linalg.norm([0.02, 0.13, 0.04]), abs=1e-6)


def test_stored_motions_come_back() -> None:
    found = moved(Seen(speed_m_s=0.2), known=True)
    motion = resample(found.motion)
    chunks = cut_chunks(motion)
    row = motion_columns(motion, chunks, np.ones(32, np.float32))
    assert cut_chunks(stored_motion(row)).actions == pytest.approx(chunks.actions, abs=1e-5)
