import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.geometry.cameras import angle_deg, fit_rotation
from humannet_assets.geometry.corners import CornerTracker, Sightings, in_both
from humannet_assets.geometry.trajectories import (
    CameraTrajectoryConfig,
    CameraTrajectoryStep,
    PairRotation,
    build_trajectory,
    chain,
    outlier_share,
)
from humannet_assets.media.frames import Frame
from humannet_assets.perception.pinhole import Pinhole
from humannet_assets.store.step import Media, Unit, validate_row
from humannet_assets.store.tables import CAMERA_TRAJECTORIES, FILTERED_CLIPS
from humannet_assets_tests.geometry.synthetic_scene import Scene, walk

CAMERA = Pinhole.assumed(640, 480)
CONFIG = CameraTrajectoryConfig()


def consume(pictures):
    consumer = CameraTrajectoryStep(CONFIG).open(Unit("clip", "video", "2026-01-01", {}))
    for k, picture in enumerate(pictures):
        consumer.push(Frame(k, k / 10, picture))
    outcome = consumer.finish()
    for row in outcome.rows:
        validate_row(CAMERA_TRAJECTORIES, row)
        assert {column.name for column in CAMERA_TRAJECTORIES.columns} == set(row)
        assert len(row["rotvec"]) == len(row["times_s"]) == len(pictures)
        assert np.isfinite(np.array(row["rotvec"])).all()
        assert len(row["position"]) == (len(pictures) if row["has_translation"] else 0)
    return outcome


def pair_errors_deg(row, truth):
    found = Rotation.from_rotvec(row["rotvec"]).as_matrix()
    steps, true_steps = (r[1:] @ r[:-1].swapaxes(1, 2) for r in (found, truth))
    return np.array([angle_deg(a @ b.T) for a, b in zip(steps, true_steps, strict=True)])


@pytest.mark.parametrize(
    ("step_m", "limit_deg"), [((0, 0, 0), 0.02), ((0.03, 0, 0), 0.5), ((0.1, 0, 0), 0.4)], ids=["still", "3cm", "10cm"]
)
def test_rotation_error_with_translation_per_pair(step_m, limit_deg):
    """Rotation-only compensation errs by .02 / .5 / 1.6 deg at 0 / 3 / 10 cm; solving with parallax does better
    where there is enough of it to tell (at 3 cm the residual stays near the noise of followed corners).
    """
    scene = Scene.make(seed=1)
    rotations, centres = walk(8, step_m, (1, 2, 0.5))
    outcome = consume([scene.render(CAMERA, r, c) for r, c in zip(rotations, centres, strict=True)])
    assert outcome.status == "kept"
    assert np.median(pair_errors_deg(outcome.rows[0], rotations)) < limit_deg


def test_rotation_alone_stays_within_the_noted_error():
    scene = Scene.make(seed=1)
    turn = Rotation.from_rotvec(np.radians([1, 2, 0.5])).as_matrix()
    for shift_m, limit_deg in ((0.0, 0.02), (0.03, 0.5), (0.1, 1.6)):
        tracker = CornerTracker(max_corners=300, quality=0.01, spacing_px=12, window_px=21, levels=4, round_trip_px=1)
        pictures = [scene.render(CAMERA, np.eye(3), np.zeros(3)), scene.render(CAMERA, turn, np.array([shift_m, 0, 0]))]
        first, second = (tracker.push(picture[..., 1].copy()) for picture in pictures)
        one, other, _ = in_both(first, second)
        found = fit_rotation(one, other, CAMERA, threshold_px=2, hypotheses=256, seed=0)
        assert angle_deg(found.rotation @ turn.T) < limit_deg


def test_positions_are_right_up_to_scale_where_there_is_parallax():
    scene = Scene.make(seed=0)
    rotations, centres = walk(16, (0.03, 0, 0.03), (1, 3, 0.5))
    row = consume([scene.render(CAMERA, r, c) for r, c in zip(rotations, centres, strict=True)]).rows[0]
    assert row["has_translation"], row["translation_reason"]
    position = np.array(row["position"])
    assert np.allclose(position[0], 0)
    scale = (position * centres).sum() / (position * position).sum()
    assert np.linalg.norm(position * scale - centres, axis=1).max() < 0.1 * np.linalg.norm(centres[-1])


def test_a_turning_camera_that_stays_in_place_has_no_translation():
    rotations, centres = walk(10, (0, 0, 0), (2, 4, 1))
    scene = Scene.make(seed=2)
    row = consume([scene.render(CAMERA, r, c) for r, c in zip(rotations, centres, strict=True)]).rows[0]
    assert not row["has_translation"]
    assert "parallax" in row["translation_reason"]
    assert row["rotation_total_deg"] > 5


@pytest.mark.parametrize("count", [1, 2, 5])
def test_pictures_without_texture_are_rejected_with_a_full_row(count):
    outcome = consume([np.full((90, 160, 3), 128, np.uint8)] * count)
    assert outcome.status == "rejected"
    assert outcome.reasons == ("too_few_frames" if count == 1 else "not_contiguous",)
    assert outcome.rows[0]["valid_pairs"] == 0


def test_no_frames_at_all_are_rejected():
    assert consume([]).reasons == ("too_few_frames",)


def test_a_jump_in_rotation_on_many_frames_is_rejected():
    steps_deg = [0.2] * 18 + [12.0] + [0.2] * 18 + [12.0] + [0.2] * 2
    camera = Pinhole.assumed(640, 480)
    grid = np.stack(np.meshgrid(np.linspace(100, 540, 12), np.linspace(100, 380, 10)), -1).reshape(-1, 2)
    rays, turn = camera.bearings(grid), np.eye(3)
    sightings = [Sightings(np.arange(len(grid)), grid)]
    for step in steps_deg:
        turn = Rotation.from_rotvec([0, np.radians(step) * (-1) ** len(sightings), 0]).as_matrix() @ turn
        sightings.append(Sightings(np.arange(len(grid)), camera.project(rays @ turn.T)))
    times = [k / 10 for k in range(len(sightings))]
    assert build_trajectory("clip", sightings, times, camera, CONFIG)[1] == ()  # 2 of 40: not more than 5 %
    assert build_trajectory("clip", sightings, times, camera, CameraTrajectoryConfig(max_outliers=0.04))[1] == ("jumps",)


def test_outliers_are_counted_above_three_sigma_and_the_floor():
    steps = np.array([1.0] * 94 + [30.0] * 6)
    assert outlier_share(steps, 3, 5) == pytest.approx(0.06)
    assert outlier_share(steps / 30, 3, 5) == 0
    assert outlier_share(np.zeros(0), 3, 5) == 0


def test_a_missing_pair_turns_as_its_neighbours_do():
    step = Rotation.from_rotvec([0, 0.05, 0]).as_matrix()
    good, lost = PairRotation(step, 100, 1, 0), PairRotation(None, 3, 0, 0)
    rotations, bridged_s = chain([good, good, lost, lost, good], np.arange(6) / 10)
    assert np.allclose(Rotation.from_matrix(rotations).as_rotvec()[:, 1], 0.05 * np.arange(6))
    assert bridged_s == pytest.approx(0.2)


def test_corners_keep_their_ids():
    scene = Scene.make(seed=0)
    tracker = CornerTracker(max_corners=100, quality=0.01, spacing_px=12, window_px=21, levels=3, round_trip_px=1)
    turn = Rotation.from_rotvec([0, 0.02, 0]).as_matrix()
    first = tracker.push(scene.render(CAMERA, np.eye(3), np.zeros(3))[..., 1].copy())
    second = tracker.push(scene.render(CAMERA, turn, np.zeros(3))[..., 1].copy())
    one, other, ids = in_both(first, second)
    assert len(ids) > 60
    assert np.median(np.linalg.norm(CAMERA.project(CAMERA.bearings(one) @ turn.T) - other, axis=1)) < 0.2


def trajectory(video, start_s, end_s):
    rows = {FILTERED_CLIPS.name: [{"row_id": "clip", "start_s": start_s, "end_s": end_s}]}
    unit = Unit("clip", "video", "2026-01-01", rows, Media("video", str(video), str(video)))
    (outcome,) = CameraTrajectoryStep(CONFIG).process([unit])
    assert outcome.status == "kept", (outcome.reasons, outcome.error_message)
    return outcome.rows[0]


def test_a_walk_has_a_sound_rotation_and_leads_forward(media_dir):
    row = trajectory(media_dir / "videos" / "ego_walk_gopro_hero7.mp4", 0.0, 2.5)
    assert np.isfinite(np.array(row["rotvec"])).all()
    assert row["valid_pairs"] == 1
    assert 0.5 < row["rotation_rate_deg_s"] < 60
    assert row["parallax_px"] > 1  # walking forward: rotation alone does not explain the picture
    assert row["has_translation"], row["translation_reason"]
    across, down, forward = row["position"][-1]
    assert forward > 3 * abs(across)
    assert forward > 3 * abs(down)


def test_a_fixed_camera_does_not_turn_though_people_move(media_dir):
    row = trajectory(media_dir / "videos" / "exo_soccer_juggle_man_720p.mp4", 0.0, 1.5)
    assert row["rotation_total_deg"] < 0.2
    assert not row["has_translation"]
