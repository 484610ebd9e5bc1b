"""Shots of people repeat, keep them in the picture, and are believed by the real models."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.media.sidecar import MEDIAPIPE_BODY_INDEX
from humannet_assets.simulator.cameras import intrinsics, to_camera
from humannet_assets.simulator.people import ACTIVITIES, PEOPLE_PRESETS, exo_shot, people_preset_shot
from humannet_assets.simulator.people.build import draw_person
from humannet_assets.simulator.people.exo import draw_plan
from humannet_assets.simulator.people.figure import Figure
from humannet_assets.simulator.people.filming import CameraKind, film
from humannet_assets.simulator.people.performer import Performer
from humannet_assets.simulator.people.stage import GROUPS, NoFloorError
from humannet_assets.simulator.shots import Shot
from humannet_assets.simulator.world import SceneBuilder
from humannet_assets_tests.simulator.people.conftest import hall

CAMERAS: tuple[CameraKind, ...] = ("tripod", "handheld", "pan", "surveillance")
SIZE = (480, 360)


def shot(seed: int, seconds: float = 8.0, **options) -> Shot:
    return exo_shot(np.random.default_rng(seed), duration_s=seconds, place=options.pop("place", None) or hall(), **options)


def test_shots_repeat_and_differ() -> None:
    def summary(seed: int) -> list[tuple[str, float]]:
        return [(segment.text, segment.start_s) for segment in shot(seed).actions]

    assert summary(4) == summary(4)
    assert summary(4) != summary(5)


def test_shots_say_what_they_show() -> None:
    made = shot(1, 14.0, activities=["wave", "squats"])
    assert (made.scene, made.viewpoint, made.human_centric, made.environment, made.world) == (
        "exo_wave", "exo", True, "other", "hall/0",
    )  # fmt: skip
    assert made.description == "A person (wave, squats) in hall, filmed by a camera on a tripod."
    assert [segment.verb for segment in made.actions][:2] == ["raise", "wave"]
    assert max(segment.end_s for segment in made.actions) > 14.0


def test_plans_begin_together_when_there_are_two() -> None:
    plans = [draw_plan(np.random.default_rng(seed), 2) for seed in range(40)]
    together = [plan for plan in plans if ACTIVITIES[plan[0]].people == 2]
    assert 15 < len(together) < 35
    assert all(ACTIVITIES[name].people == 1 and not ACTIVITIES[name].opening for plan in plans for name in plan[1:])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"activities": ["juggle"]}, KeyError, "juggle"),
        ({"activities": ["shake_hands"]}, ValueError, "people=2"),
        ({"people": 4}, ValueError, "1 to 3"),
    ],
)
def test_what_cannot_be_is_refused(options: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        shot(0, **options)


def test_places_must_offer_spots_cameras_and_room() -> None:
    place = hall()
    place.spots = []
    with pytest.raises(ValueError, match="hall/0 has no spot"):
        shot(0, place=place)
    place = hall()
    place.surveillance = []
    with pytest.raises(ValueError, match="no surveillance camera"):
        shot(0, place=place, camera="surveillance")
    crowded = hall()
    for i, x in enumerate(np.arange(-3, 3.1, 0.75)):
        for j, y in enumerate(np.arange(-0.6, 4.5, 0.75)):
            crowded.builder.add(f"post{i}_{j}", "cylinder", (0.05, 0.5), "floor", (x + 0.3, y + 0.3, 0.5))
    with pytest.raises(NoFloorError, match="no room for carry_box"):
        shot(0, place=crowded, activities=["carry_box"])


def test_everybody_has_a_group_of_their_own() -> None:
    made = shot(2, people=3)
    groups = {part.name.split("_")[0]: part.group for part in made.builder.parts if part.name.startswith("person")}
    assert groups == {f"person{i}": GROUPS[i] for i in range(3)}
    assert max(groups.values()) <= 5


def test_a_person_is_made_of_few_parts() -> None:
    counts = []
    for seed in range(40):
        scene = SceneBuilder()
        Figure("someone", draw_person(np.random.default_rng(seed)), 4).declare(scene)
        counts.append(len(scene.parts))
    assert np.mean(counts) < 62
    assert max(counts) <= 72


@pytest.mark.parametrize("kind", CAMERAS)
def test_cameras_keep_the_person_in_the_picture(kind: CameraKind) -> None:
    rng = np.random.default_rng(3)
    person = draw_person(rng)
    who = Performer(rng, person, (-1.0, 2.5), -1.5)
    who.walk([(1.4, 2.5)], 3.0)
    times = np.arange(0.0, who.now, 0.2)
    joints = np.array([who.pose(time).joints for time in times])
    eye = np.array([0.0, -1.8, 1.5]) if kind != "surveillance" else np.array([3.0, -2.5, 3.2])
    shown = film(rng, kind, eye, times, joints)
    camera = intrinsics(*SIZE, shown.fov_deg)
    pixels = np.array([camera.project(to_camera(shown.camera(time), body)) for time, body in zip(times, joints, strict=True)])
    inside = np.all((pixels >= 0) & (pixels < SIZE), axis=2)
    assert inside.mean() > (0.99 if kind in ("tripod", "surveillance") else 0.95)
    height = np.median(np.ptp(pixels[..., 1], axis=1)) / SIZE[1]
    assert 0.14 < height < 0.36 if kind == "surveillance" else 0.3 < height < 0.95
    poses = np.array([shown.camera(time) for time in np.arange(0, 3, 1 / 15)])
    turn = np.abs(np.diff(poses[:, :3, :3], axis=0)).max()
    if kind in ("tripod", "surveillance"):
        assert turn == 0
    else:
        assert 1e-4 < turn < 0.05


@pytest.mark.parametrize("name", sorted(PEOPLE_PRESETS))
def test_presets_are_filled_with_actions(name: str) -> None:
    made = people_preset_shot(name, np.random.default_rng(11), place=hall())
    assert made.scene == f"exo_{name}"
    assert max(segment.end_s for segment in made.actions) > 6
    assert min(segment.start_s for segment in made.actions) < 1.0


def test_unknown_presets_are_named() -> None:
    with pytest.raises(KeyError, match="juggling"):
        people_preset_shot("juggling", np.random.default_rng(0))


@pytest.mark.usefixtures("renderer")
def test_people_are_found_where_the_truth_has_them() -> None:
    from humannet_assets.perception.detectors import get_body_detector, get_face_detector
    from humannet_assets.perception.people import body_plausibility

    seen, errors, plausible, facing, faces = 0, [], [], 0, 0
    for seed in range(8):
        made = shot(30 + seed, camera=CAMERAS[seed % 3])
        camera = intrinsics(*SIZE, made.vertical_fov_deg)
        for frame in made.render(SIZE, [1.0, 4.0, 7.0]):
            body = frame.truth.bodies[0]
            if body.visible_share < 0.8:
                continue
            seen += 1
            truth = camera.project(body.points_m())
            head = body.points_m()[0] - body.points_m()[3:5].mean(axis=0)
            if -head[2] > 0.8 * np.linalg.norm(head):
                facing += 1
                faces += bool(get_face_detector().detect(frame.picture))
            found = get_body_detector(max_bodies=1).detect(frame.picture)
            if not found:
                continue
            error = np.median(np.linalg.norm(found[0].landmarks_px[list(MEDIAPIPE_BODY_INDEX)] - truth, axis=1))
            errors.append(error / np.ptp(truth[:, 1]))
            plausible.append(body_plausibility(found[0]))
    assert seen >= 20
    assert len(errors) / seen >= 0.9
    assert np.median(errors) < 0.03
    assert np.median(plausible) > 0.9
    assert facing >= 5
    assert faces / facing >= 0.6
