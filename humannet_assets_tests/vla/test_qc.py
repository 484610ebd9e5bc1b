"""Quality control: each fault is found by its own reason with its numbers, and good recordings pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from humannet_assets.vla.assembly import assemble
from humannet_assets.vla.episodes import Episode, FieldValues, RawEpisode, VideoRef
from humannet_assets.vla.known_robots import KNOWN_ROBOTS
from humannet_assets.vla.qc import QualityConfig, judge
from humannet_assets.vla.robots import named_mapping
from humannet_assets.vla.video_checks import PictureConfig
from humannet_assets_tests.vla.robot_files import FPS, grey, trajectory, write_video

NO_VIDEO = QualityConfig(pictures=PictureConfig(decode="none", max_missing_frames=10_000))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "episode.mp4"
    write_video(path, [grey(frame) for frame in range(60)])
    return path


def aloha(video: Path, values: np.ndarray, times_s: np.ndarray | None = None, **changes: Any) -> Episode:
    fields = {name: FieldValues(array, tuple(f"{name}{i}" for i in range(14))) for name, array in
              (("qpos", values), ("action", changes.pop("action", values)))}  # fmt: skip
    times_s = np.arange(len(values)) / FPS if times_s is None else times_s
    ref = VideoRef(video, 0.0, len(values) / FPS, 32, 32, FPS)
    cameras = changes.pop("cameras", {"cam_high": ref})
    raw = RawEpisode(Path("x"), 0, "set", "aloha", times_s, len(values), fields, "fold", cameras, **changes)
    return assemble(raw, named_mapping(KNOWN_ROBOTS, "aloha"))


def test_good_recordings_pass(video: Path) -> None:
    verdict = judge(aloha(video, trajectory(60)), QualityConfig(pictures=PictureConfig(decode="all")))
    assert verdict.ok, verdict
    assert verdict.evidence["times"]["median_step_s"] == pytest.approx(1 / FPS, abs=1e-5)


def test_numbers_that_are_none(video: Path) -> None:
    values, action = trajectory(60), trajectory(60)
    values[7, 3], action[20:30, 13] = np.nan, np.inf
    verdict = judge(aloha(video, values, action=action), NO_VIDEO)
    assert verdict.reasons == ["not_finite"]
    assert verdict.evidence["not_finite"]["state"] == {"frames": 1, "first_frame": 7, "columns": ["qpos3"]}
    assert verdict.evidence["not_finite"]["action"]["frames"] == 10


def test_gaps_and_clocks(video: Path) -> None:
    times_s = np.arange(60) / FPS
    late = np.where(np.arange(60) >= 30, times_s + 0.2, times_s)
    verdict = judge(aloha(video, trajectory(60), late), NO_VIDEO)
    assert verdict.reasons == ["time_gap"]
    assert verdict.evidence["time_gap"]["frame"] == 30
    assert verdict.evidence["time_gap"]["ratio"] == pytest.approx(7, abs=0.01)
    # Two lost frames make the step exactly three: not yet a gap.
    two = np.where(np.arange(60) >= 30, times_s + 2 / FPS, times_s)
    assert judge(aloha(video, trajectory(60), two), NO_VIDEO).ok
    back = times_s.copy()
    back[40] = back[39]
    verdict = judge(aloha(video, trajectory(60), back), NO_VIDEO)
    assert verdict.reasons == ["time_not_increasing"]
    assert verdict.evidence["time_not_increasing"]["first_frame"] == 40
    assert "not_finite" in judge(aloha(video, trajectory(60), np.where(np.arange(60) == 9, np.nan, times_s)), NO_VIDEO).reasons


def test_short(video: Path) -> None:
    verdict = judge(aloha(video, trajectory(30)), NO_VIDEO)
    assert verdict.reasons == ["too_short"]
    assert verdict.evidence["too_short"]["min_duration_s"] == pytest.approx(1.1333, abs=1e-3)


def test_jumps_are_many_fast_steps(video: Path) -> None:
    values = trajectory(200)
    jumpy = values.copy()
    jumpy[10::12, 2] += 0.5  # there and back: two steps of twelve
    verdict = judge(aloha(video, jumpy), NO_VIDEO)
    assert verdict.reasons == ["jumps"]
    found = verdict.evidence["jumps"]["left_joints"]
    assert found["share"] > found["max_share"] == 0.05
    assert found["first_frame"] == 10
    rare = values.copy()
    rare[50, 2] += 0.5
    assert judge(aloha(video, rare), NO_VIDEO).ok
    # Still arms that move now and then are no jumpers: whatever is slower than arms move is none.
    idle = values.copy()
    idle[:, :6] = np.cumsum(np.where(np.arange(200) % 50 < 40, 0.0, 0.05))[:, None]
    assert judge(aloha(video, idle), NO_VIDEO).ok
    idle[:, :6] *= 3
    assert judge(aloha(video, idle), NO_VIDEO).reasons == ["jumps"]


def test_fast_arms_are_no_jumpers_but_twice_as_fast_steps_are(video: Path) -> None:
    rng = np.random.default_rng(0)
    steps = 4.0 / FPS + rng.normal(0, 0.005, 200)  # 4 rad/s: above what counts as slow
    values = trajectory(200)
    values[:, 0] = np.cumsum(steps * np.where(np.arange(200) % 100 < 50, 1, -1))
    assert judge(aloha(video, values), NO_VIDEO).ok
    steps[::10] *= 2
    values[:, 0] = np.cumsum(steps * np.where(np.arange(200) % 100 < 50, 1, -1))
    assert judge(aloha(video, values), NO_VIDEO).reasons == ["jumps"]


def test_one_teleport_is_enough(video: Path) -> None:
    values = trajectory(60)
    values[30:, 4] += 2.0
    verdict = judge(aloha(video, values), NO_VIDEO)
    assert verdict.reasons == ["teleport"]
    assert verdict.evidence["teleport"]["left_joints"]["frame"] == 30


def test_gripper_commands_are_no_jumps(video: Path) -> None:
    values = trajectory(200)
    values[:, 6] = np.arange(200) // 8 % 2
    assert judge(aloha(video, values), NO_VIDEO).ok


def test_static(video: Path) -> None:
    still = np.repeat(trajectory(1), 60, axis=0) + np.random.default_rng(0).normal(0, 1e-4, (60, 14))
    verdict = judge(aloha(video, still), NO_VIDEO)
    assert verdict.reasons == ["static"]
    assert verdict.evidence["static"]["left_joints"]["extent"] < verdict.evidence["static"]["left_joints"]["least"]
    closing = still.copy()
    closing[:, 13] = np.linspace(1, 0, 60)
    assert judge(aloha(video, closing), NO_VIDEO).ok


def test_units_that_cannot_be(video: Path) -> None:
    degrees = trajectory(60)
    degrees[:, :6] = 90 + 5 * degrees[:, :6]
    assert "joints_out_of_range" in judge(aloha(video, degrees), NO_VIDEO).reasons
    metres = trajectory(60)
    metres[:, 6] *= 0.05
    verdict = judge(aloha(video, metres), NO_VIDEO)
    assert verdict.ok
    assert any("left gripper" in note and "range" in note for note in verdict.notes)


def test_pictures(video: Path, tmp_path: Path) -> None:
    values = trajectory(60)
    ref = VideoRef(video, 0.0, 60 / FPS, 32, 32, FPS)
    gone = aloha(video, values, cameras={}, missing_cameras={"cam_high": "missing: a.mp4 is not there"})
    assert judge(gone).reasons == ["missing_video"]
    assert "a.mp4" in judge(gone).evidence["missing_video"]["cam_high"]
    assert judge(replace(gone, missing_cameras={"cam_high": "unreadable: cut"})).reasons == ["unreadable_video"]
    assert judge(aloha(video, trajectory(70), cameras={"cam_high": ref})).reasons == ["wrong_frame_count"]
    assert judge(aloha(video, trajectory(61), cameras={"cam_high": ref})).ok
    numbers = judge(aloha(video, trajectory(70), cameras={"cam_high": ref})).evidence["wrong_frame_count"]["cam_high"]
    assert numbers == {"pictures": 60, "frames": 70, "max_difference": 1}
    dark = tmp_path / "dark.mp4"
    write_video(dark, [np.zeros((32, 32, 3), np.uint8)] * 60)
    assert judge(aloha(video, values, cameras={"cam_high": replace(ref, path=dark)})).reasons == ["blank_video"]
    cut = tmp_path / "cut.mp4"
    content = bytearray(video.read_bytes())
    start = content.index(b"mdat") + 4
    content[start + 200 : start + 3000] = bytes(2800)
    cut.write_bytes(content)
    assert judge(aloha(video, values, cameras={"cam_high": replace(ref, path=cut)})).reasons == ["unreadable_video"]
    none = aloha(video, values, cameras={"other": ref})
    assert judge(none).reasons == ["missing_video"]
    assert judge(none, QualityConfig(pictures=PictureConfig(cameras=("other",)))).ok


def test_words_and_success(video: Path) -> None:
    episode = aloha(video, trajectory(60), success=False)
    config = NO_VIDEO.model_copy(update={"require_success": True, "require_instruction": True})
    assert judge(episode, config).reasons == ["not_successful"]
    assert judge(episode, NO_VIDEO).ok
    assert judge(replace(episode, instruction=""), config).reasons == ["no_instruction", "not_successful"]


def test_robots_without_a_mapping_are_judged_by_their_columns() -> None:
    values = np.cumsum(np.random.default_rng(0).normal(0, 1, (100, 3)), axis=0) * 20

    def raw(state: np.ndarray) -> Episode:
        fields = {"state": FieldValues(state, ("a", "b", "c")), "action": FieldValues(state, ("a", "b", "c"))}
        return assemble(RawEpisode(Path("x"), 0, "s", "", np.arange(100) / 10, 100, fields), None)

    config = QualityConfig(pictures=PictureConfig(decode="none"))
    assert judge(raw(values), config).reasons == ["missing_video"]
    spikes = values.copy()
    spikes[5::10] += 2000
    assert "jumps" in judge(raw(spikes), config).reasons
    assert "static" in judge(raw(np.full((100, 3), 7.0)), config).reasons
    flat = {"state": FieldValues(np.zeros((100, 0)), ())}
    bare = assemble(RawEpisode(Path("x"), 0, "s", "", np.arange(100) / 10, 100, flat), None)
    assert "no_numbers" in judge(bare, config).reasons


def test_rotations_that_are_none() -> None:
    poses = np.tile([0.3, 0, 0.2, 0, 0, 0, 1.0], (40, 1))
    poses[:, 0] += np.linspace(0, 0.2, 40)
    poses[10, 3:] = 0
    mapping = named_mapping(KNOWN_ROBOTS, "simulated_bimanual")
    rows = {"observation.ee_pose": np.hstack([poses, poses]), "ee_target": np.hstack([poses, poses]),
            "observation.state": trajectory(40), "action": trajectory(40)}  # fmt: skip
    fields = {name: FieldValues(row, tuple(map(str, range(14)))) for name, row in rows.items()}
    episode = assemble(RawEpisode(Path("x"), 0, "s", "", np.arange(40) / 15, 40, fields), mapping)
    verdict = judge(episode, NO_VIDEO)
    assert "bad_rotation" in verdict.reasons
    assert verdict.evidence["bad_rotation"]["left"] == {"frames": 1, "first_frame": 10}
