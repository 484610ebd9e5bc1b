"""The hand judge on tracks whose mistakes are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.media.sidecar import FrameTruth, JointSet, Side, Sidecar
from humannet_assets.perception.pinhole import hand_axes
from humannet_assets.quality.hands import HandJudge
from humannet_assets.quality.judge import LabelledVideo
from humannet_assets.quality.metrics import MISSED, NOTHING
from humannet_assets_tests.quality.worlds import CAMERA, RATE_HZ, body, cells, figures, frame, hand, joints, person, seconds
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video

RIGHT = hand()
Floats = npt.NDArray[np.float64]


def track(
    points_m: Floats = RIGHT,
    *,
    side: str = "right",
    shift_px: tuple[float, float] = (0, 0),
    size_px: tuple[int, int] = (640, 480),
    frames: range = range(20),
    unobserved: tuple[int, ...] = (),
    turn_deg: float = 0.0,
    away_m: float = 0.0,
) -> dict[str, Any]:
    """A track that follows a resting hand, shifted by pixels of its own picture, turned and moved away from the camera."""
    pixels = CAMERA.scaled(*size_px).project(points_m) + shift_px
    turned = Rotation.from_euler("z", turn_deg, degrees=True) * Rotation.from_matrix(hand_axes(points_m, side))
    count = len(frames)
    return {
        "side": side, "image_width": size_px[0], "image_height": size_px[1], "times_s": [k / RATE_HZ for k in frames],
        "observed": [k not in unobserved for k in frames], "landmarks_px": [pixels.ravel().tolist()] * count,
        "wrist_position_m": [(points_m[0] + (0, 0, away_m)).tolist()] * count,
        "wrist_rotvec": [turned.as_rotvec().tolist()] * count,
        "aperture_m": [float(np.linalg.norm(points_m[4] - points_m[8]))] * count,
    }  # fmt: skip


def resting(points_m: Floats = RIGHT, visible: int = 21, **extra: Any) -> Sidecar:
    """Two seconds of one right hand that lies still."""
    return make_sidecar(seconds(20, lambda t: frame(t, hands={"right": joints(points_m, visible)}, **extra)))


def judged(*videos: LabelledVideo) -> HandJudge:
    judge = HandJudge(RATE_HZ)
    for video in videos:
        judge.look(video)
    return judge


def test_a_perfect_track() -> None:
    found = figures(judged(make_video(resting(), hand_tracks=[track()])))
    assert [found[name] for name in ("recall", "precision", "side_accuracy")] == [1, 1, 1]
    assert [found[name] for name in ("landmark_error_median", "wrist_position_error_median", "aperture_error_median")] == [
        0,
        0,
        0,
    ]
    assert found["wrist_depth_ratio_median"] == 1
    assert found["wrist_rotation_error_median"] == pytest.approx(0, abs=0.01)


def test_errors_are_measured_in_their_units() -> None:
    row = track(shift_px=(6, 8), turn_deg=30, away_m=0.05)
    row["aperture_m"] = [0.09] * 20
    found = figures(judged(make_video(resting(), hand_tracks=[row])))
    assert found["landmark_error_median"] == found["landmark_error_p90"] == pytest.approx(10, abs=0.01)
    assert found["wrist_rotation_error_median"] == pytest.approx(30, abs=0.01)
    assert found["wrist_position_error_p90"] == pytest.approx(50, abs=0.01)
    assert found["wrist_depth_ratio_median"] == pytest.approx(1.1)
    assert found["aperture_error_median"] == pytest.approx(10, abs=0.01)


def test_pixels_are_those_of_the_reference_picture() -> None:
    small = figures(judged(make_video(resting(), hand_tracks=[track(size_px=(320, 240), shift_px=(3, 4))])))
    assert small["landmark_error_median"] == pytest.approx(10, abs=0.01)


def test_only_visible_joints_have_errors() -> None:
    row = track()
    pixels = np.array(row["landmarks_px"][0]).reshape(21, 2)
    pixels[17:, 0] += 15
    row["landmarks_px"] = [pixels.ravel().tolist()] * 20
    assert figures(judged(make_video(resting(visible=17), hand_tracks=[row])))["landmark_error_median"] == 0


def test_missed_frames_bridged_frames_and_ghosts() -> None:
    rows = [track(frames=range(15), unobserved=(3, 4)), track(hand(x_m=-0.3), side="left", frames=range(5))]
    judge = judged(make_video(resting(), hand_tracks=rows))
    found = figures(judge)
    assert found["recall"] == pytest.approx(13 / 20)
    assert found["precision"] == pytest.approx(13 / 18, abs=1e-4)
    assert cells(judge, "side") == {("right", "right"): 13, ("right", MISSED): 7, (NOTHING, "left"): 5}
    assert cells(judge, "viewpoint") == {("ego", "found"): 13, ("ego", "missed"): 7, ("ego: nothing", "found"): 5}
    assert {case.kind for case in judge.worst.chosen()} == {"missed", "ghost", "landmarks"}


def test_a_clip_without_tracks_misses_every_hand_and_an_unjudged_one_none() -> None:
    marker = {"marker": True}
    assert figures(judged(make_video(resting(), hand_tracks=[marker])))["recall"] == 0
    assert figures(judged(make_video(resting())))["recall"] is None


def test_the_wrong_side_is_found_all_the_same() -> None:
    judge = judged(make_video(resting(), hand_tracks=[track(side="left")]))
    found = figures(judge)
    assert (found["recall"], found["precision"], found["side_accuracy"]) == (1, 1, 0)
    assert found["wrist_rotation_error_median"] is None
    assert judge.worst.chosen()[1].kind == "wrong_side"


@pytest.mark.parametrize("truth", [resting(visible=11), resting(hand(size=0.15)), resting(brightness=0.2)])
def test_hands_that_hardly_show_are_not_judged_found_or_not(truth: Sidecar) -> None:
    shown = np.array(truth.frames[0].hands["right"].joints_mm) / 1000
    for rows in ([track(shown)], [{"marker": True}]):
        found = figures(judged(make_video(truth, hand_tracks=rows)))
        assert (found["recall"], found["precision"]) == (None, None)


def test_hands_of_figures_without_hands_are_not_ghosts() -> None:
    figure = body()
    truth = make_sidecar(seconds(20, lambda t: frame(t, bodies=[person(figure)])), viewpoint="exo")
    at_wrist = hand(size=0.6) - hand(size=0.6)[0] + figure[9]
    elsewhere = hand(size=0.6) - hand(size=0.6)[0] + (1.0, 0.0, 3.0)
    assert figures(judged(make_video(truth, hand_tracks=[track(at_wrist)])))["precision"] is None
    assert figures(judged(make_video(truth, hand_tracks=[track(elsewhere)])))["precision"] == 0


def test_hands_of_people_seen_from_outside_count() -> None:
    theirs: dict[Side, JointSet] = {"left": joints(hand(x_m=-0.15)), "right": joints(RIGHT)}

    def show(time_s: float) -> FrameTruth:
        return frame(time_s, bodies=[person(body(), hands=theirs)])

    found = figures(judged(make_video(make_sidecar(seconds(20, show), viewpoint="exo"), hand_tracks=[track()])))
    assert (found["recall"], found["precision"]) == (0.5, 1)


def test_frames_between_two_sampling_times_are_those_the_stage_took() -> None:
    # 15 frames a second sampled at 10 Hz: every other sampling time lies in the middle of two frames.
    frames = [frame(index / 15, hands={"right": joints(RIGHT)}) for index in range(30)]
    later = sorted({min(round((k / 10 + 1e-4) * 15), 29) for k in range(20)})
    row = {**track(), "times_s": [index / 15 for index in later], "observed": [True] * len(later)}
    row |= {name: [row[name][0]] * len(later) for name in ("landmarks_px", "wrist_position_m", "wrist_rotvec", "aperture_m")}
    clips = [{"unit_id": "clip", "start_s": 0.0, "end_s": 2.0}]
    assert figures(judged(make_video(make_sidecar(frames), clips=clips, hand_tracks=[row])))["recall"] == 1
