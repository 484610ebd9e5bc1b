"""The body judge on tracks whose mistakes are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from humannet_assets.media.sidecar import MEDIAPIPE_BODY_INDEX, Sidecar
from humannet_assets.quality.bodies import BodyJudge
from humannet_assets_tests.quality.worlds import CAMERA, RATE_HZ, body, cells, figures, frame, measure_named, person, seconds
from humannet_assets_tests.quality.worlds import sidecar as make_sidecar
from humannet_assets_tests.quality.worlds import video as make_video

Floats = npt.NDArray[np.float64]


def track(points_m: Floats, shift_px: Floats | tuple[float, float] = (0, 0), frames: range = range(20)) -> dict[str, Any]:
    landmarks = np.zeros((33, 2))
    landmarks[list(MEDIAPIPE_BODY_INDEX)] = CAMERA.project(points_m) + shift_px
    return {
        "image_width": 640, "image_height": 480, "times_s": [k / RATE_HZ for k in frames], "observed": [True] * len(frames),
        "landmarks_px": [landmarks.ravel().tolist()] * len(frames),
    }  # fmt: skip


def standing(*people: Floats, visible: int | None = None, viewpoint: str = "exo") -> Sidecar:
    return make_sidecar(
        seconds(20, lambda t: frame(t, bodies=[person(points, visible=visible) for points in people])), viewpoint=viewpoint
    )


def judged(truth: Sidecar, *rows: dict[str, Any]) -> BodyJudge:
    judge = BodyJudge(RATE_HZ)
    judge.look(make_video(truth, body_tracks=list(rows)))
    return judge


def test_detection_and_errors() -> None:
    near, far = body(-0.5), body(0.5)
    found = figures(judged(standing(near, far), track(near), track(far, frames=range(5))))
    assert (found["recall"], found["precision"]) == (pytest.approx(25 / 40), 1)
    assert (found["joint_error_median"], found["pck_10"]) == (0, 1)


def test_errors_are_shares_of_the_person() -> None:
    one = body()
    height_px = np.ptp(CAMERA.project(one)[:, 1])
    shift = np.zeros((17, 2))
    shift[:, 0] = 12
    shift[15:, 0] = 0.2 * height_px
    found = figures(judged(standing(one), track(one, shift)))
    assert found["joint_error_median"] == pytest.approx((15 * 12 + 2 * 0.2 * height_px) / 17, abs=1e-3)
    assert found["joint_error_share_median"] == pytest.approx(float(shift[:, 0].mean() / height_px), abs=1e-4)
    assert found["pck_10"] == pytest.approx(15 / 17, abs=1e-4)


def test_hidden_joints_have_no_errors() -> None:
    one, shift = body(), np.zeros((17, 2))
    shift[12:] = 10
    found = figures(judged(standing(one, visible=12), track(one, shift)))
    assert (found["joint_error_median"], found["pck_10"]) == (0, 1)


def test_bodies_imagined_where_the_wearer_works_are_ghosts() -> None:
    judge = judged(make_sidecar(seconds(20, frame)), track(body()))
    assert figures(judge)["precision"] == 0
    assert cells(judge, "viewpoint") == {("ego: nothing", "found"): 20}
    (case,) = judge.worst.chosen()
    assert case.kind == "ghost"
    assert case.drawing is not None
    assert case.drawing.shown[0].skeletons[0].role == "found"


@pytest.mark.parametrize("truth", [standing(body(), visible=8), standing(body(z_m=60))])
def test_people_that_hardly_show_are_not_judged(truth: Sidecar) -> None:
    points = np.array(truth.frames[0].bodies[0].joints_mm) / 1000
    for rows in ([track(points)], [{"marker": True}]):
        assert measure_named(judged(truth, *rows), "recall").items == 0
