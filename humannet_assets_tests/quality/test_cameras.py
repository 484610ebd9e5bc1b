"""The camera judge on trajectories whose errors are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial.transform import Rotation

from humannet_assets.media.sidecar import Sidecar
from humannet_assets.quality.cameras import CameraJudge
from humannet_assets_tests.quality.worlds import CLIP, RATE_HZ, cells, figures, frame
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video

Floats = npt.NDArray[np.float64]
COUNT = 21
START = Rotation.from_euler("xyz", [100, 20, -30], degrees=True).as_matrix()
"""The first camera looks somewhere: nothing may depend on where."""


def world(turn_deg_s: float = 0.0, speed_m_s: tuple[float, float, float] = (0, 0, 0), **extra: Any) -> Sidecar:
    """A camera that turns about its own y axis and travels along directions of its first frame."""
    frames = []
    for index in range(COUNT):
        pose = np.eye(4)
        turn = Rotation.from_euler("y", turn_deg_s * index / RATE_HZ, degrees=True).as_matrix()
        pose[:3, :3] = START @ turn
        pose[:3, 3] = (1, 2, 3) + START @ (np.array(speed_m_s) * index / RATE_HZ)
        frames.append(frame(index / RATE_HZ, camera=pose))
    return make_sidecar(frames, **extra)


def trajectory(turn_deg_s: float = 0.0, position: Floats | None = None, **extra: Any) -> dict[str, Any]:
    """What the stage would say: rotations camera <- first camera."""
    times = np.arange(COUNT) / RATE_HZ
    rotvec = np.outer(np.radians(-turn_deg_s * times), (0, 1, 0))
    return {
        "times_s": times.tolist(), "rotvec": rotvec.tolist(), "has_translation": position is not None,
        "position": [] if position is None else position.tolist(), **extra,
    }  # fmt: skip


def judged(truth: Sidecar, row: dict[str, Any]) -> CameraJudge:
    judge = CameraJudge()
    judge.look(make_video(truth, camera_trajectories=[row]))
    return judge


def test_a_turning_camera() -> None:
    found = figures(judged(world(20), trajectory(20)))
    assert found["pair_rotation_error_median"] == pytest.approx(0, abs=1e-3)
    assert found["drift_median"] == pytest.approx(0, abs=1e-3)
    assert found["accepted"] == 1
    assert found["still_drift_p90"] is None
    fast = figures(judged(world(20), trajectory(22)))
    assert fast["pair_rotation_error_median"] == pytest.approx(0.2, abs=1e-3)
    assert fast["drift_median"] == fast["drift_p90"] == pytest.approx(4, abs=1e-3)
    back = figures(judged(world(20), trajectory(-20)))
    assert back["drift_median"] == pytest.approx(80, abs=1e-2)


def test_a_camera_that_stands_still_is_told_apart() -> None:
    found = figures(judged(world(), trajectory(0.5)))
    assert found["still_drift_p90"] == pytest.approx(1, abs=1e-3)
    assert found["pair_rotation_error_median"] is None


def test_translation_is_judged_by_direction_and_up_to_scale() -> None:
    way = np.arange(COUNT, dtype=float)[:, None] * np.array([0, 0, 1.0])
    judge = judged(world(speed_m_s=(0, 0, 1)), trajectory(position=3 * way))
    found = figures(judge)
    assert found["translation_direction_error_median"] == pytest.approx(0, abs=1e-3)
    assert found["position_error_share_median"] == pytest.approx(0, abs=1e-6)
    assert (found["translation_precision"], found["translation_recall"]) == (1, 1)
    assert cells(judge, "travel") == {("travels", "translation"): 1}
    aside = figures(
        judged(world(speed_m_s=(0, 0, 1)), trajectory(position=way @ Rotation.from_euler("y", 30, degrees=True).as_matrix().T))
    )
    assert aside["translation_direction_error_median"] == pytest.approx(30, abs=1e-2)
    assert aside["position_error_share_median"] == pytest.approx(0.5, abs=1e-2)


def test_translation_where_the_camera_only_turns_is_false() -> None:
    found = figures(judged(world(20), trajectory(20, position=np.ones((COUNT, 3)))))
    assert found["translation_precision"] == 0
    assert found["translation_direction_error_median"] is None


def test_a_short_way_need_not_be_told_but_may_be() -> None:
    way = np.arange(COUNT, dtype=float)[:, None] * np.array([0, 0, 1.0])
    truth = world(speed_m_s=(0, 0, 0.02))
    told = judged(truth, trajectory(position=way))
    assert figures(told)["translation_precision"] == 1
    assert figures(told)["translation_direction_error_median"] is None
    assert cells(judged(truth, trajectory()), "travel") == {("stays", "rotation only"): 1}
    wrong = judged(truth, trajectory(position=way @ Rotation.from_euler("y", 80, degrees=True).as_matrix().T))
    assert figures(wrong)["translation_precision"] == 0


def test_rejected_trajectories_have_no_errors_and_lower_the_share_of_accepted_ones() -> None:
    judge = judged(world(20), trajectory(40, outcome="rejected", reasons=["jumps"]))
    found = figures(judge)
    assert found["accepted"] == 0
    assert found["drift_median"] is None
    assert judge.worst.chosen()[0].text == "no trajectory: jumps"


def test_clips_across_a_cut_and_footage_without_a_camera_are_not_judged() -> None:
    shots = [{"start_frame": 0, "end_frame": 10}, {"start_frame": 10, "end_frame": COUNT}]
    assert figures(judged(world(20, shots=shots), trajectory(20)))["accepted"] is None
    blind = make_sidecar([item.model_copy(update={"camera": None}) for item in world().frames])
    assert figures(judged(blind, trajectory()))["accepted"] is None


def test_worst_drift_is_drawn_as_curves() -> None:
    (case,) = judged(world(20), trajectory(22)).worst.chosen()
    assert case.text == "rotation off by 4.0 deg after 2.1 s"
    assert case.drawing is not None
    assert [curve.role for curve in case.drawing.curves] == ["true", "found"]
    assert case.drawing.curves[0].y[-1] == pytest.approx(40, abs=1e-3)
    assert CLIP not in case.text
