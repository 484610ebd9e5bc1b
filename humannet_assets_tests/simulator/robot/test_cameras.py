"""All three cameras see what they should: the table, the things, and on the wrists the gripper's own finger tips."""

from __future__ import annotations

import numpy as np
import pytest

from humannet_assets.simulator.cameras import to_camera
from humannet_assets.simulator.robot.env import TabletopEnv
from humannet_assets.simulator.robot.expert import Expert
from humannet_assets.simulator.robot.model import CAMERAS
from humannet_assets.simulator.robot.tasks import TASKS
from humannet_assets.simulator.wearer.body import SIDES

pytestmark = pytest.mark.usefixtures("renderer")

SIZE = (160, 120)


def pixel(env: TabletopEnv, camera: str, point: np.ndarray) -> np.ndarray:
    intrinsics, pose = env.camera(camera)
    return intrinsics.project(to_camera(pose, point))


def inside(where: np.ndarray) -> bool:
    return bool(np.all(where > 0) and np.all(where < SIZE))


def finger_tips(env: TabletopEnv, side: str) -> np.ndarray:
    pads = [env.data.geom(f"{side}_finger{i}_pad") for i in (0, 1)]
    return np.array([pad.xpos + pad.xmat.reshape(3, 3) @ (0, 0.03, 0.0112) for pad in pads])


def without(env: TabletopEnv, bodies: tuple[str, ...], cameras: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Pictures with the geometries of some bodies made invisible."""
    hidden = [geom for geom in range(env.model.ngeom) if env.model.body(env.model.geom_bodyid[geom]).name in bodies]
    before = env.model.geom_size[hidden].copy()
    env.model.geom_size[hidden] = 1e-6
    images = env.observe(cameras).images
    env.model.geom_size[hidden] = before
    return images


def differs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.abs(first.astype(int) - second).max(axis=2) > 12


@pytest.mark.parametrize("task", TASKS)
def test_the_head_sees_every_thing_and_both_grippers(task: str) -> None:
    with TabletopEnv(task, 4, SIZE) as env:
        picture = env.observe(("head",)).images["head"]
        for thing in env.instance.things:
            assert inside(pixel(env, "head", env.state().at(thing.name)))
            seen = differs(picture, without(env, (thing.name, f"{thing.name}_case"), ("head",))["head"])
            assert seen.sum() > 12, f"the {thing.noun} cannot be seen"
        for side in SIDES:
            assert inside(pixel(env, "head", env.ee_pose(side)[:3, 3]))


@pytest.mark.parametrize("side", SIDES)
def test_wrists_see_their_finger_tips_and_the_table_below(side: str) -> None:
    with TabletopEnv("block_in_bowl", 2, SIZE) as env:
        camera = f"{side}_wrist"
        picture = env.observe((camera,)).images[camera]
        fingers = differs(picture, without(env, (f"{side}_finger0", f"{side}_finger1"), (camera,))[camera])
        for tip in finger_tips(env, side):
            where = pixel(env, camera, tip)
            assert inside(where)
            column, row = where.astype(int)
            assert fingers[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4].any()
        # The middle of the picture is on the table's top, below and ahead of the gripper.
        _, pose = env.camera(camera)
        eye, way = pose[:3, 3], pose[:3, 2]
        point = eye - way * eye[2] / way[2]
        assert way[2] < -0.8
        assert np.linalg.norm(point[:2] - env.ee_pose(side)[:2, 3]) < 0.15  # pyright: ignore[reportArgumentType]


def test_a_wrist_sees_what_its_gripper_takes() -> None:
    with TabletopEnv("stack_blocks", 0, SIZE) as env:
        side, block = env.instance.plan[0].sides[0], env.instance.plan[0].thing
        for action in Expert(env).actions():
            env.step(action)
            if env.state().held(block) and env.state().at(block)[2] > 0.05:
                break
        camera = f"{side}_wrist"
        picture = env.observe((camera,)).images[camera]
        assert differs(picture, without(env, (block,), (camera,))[camera]).mean() > 0.03


def test_no_marks_are_drawn() -> None:
    """Sites are white balls when they are drawn."""
    with TabletopEnv("push_to_mark", 0, SIZE) as env:
        before = env.observe().images
        env.model.site_size[:] = 0.05
        for camera, picture in env.observe().images.items():
            np.testing.assert_array_equal(picture, before[camera])


def test_pictures_repeat_and_looks_differ() -> None:
    seen = []
    for seed in (1, 1, 2, 3):
        with TabletopEnv("lift_tray", seed, SIZE) as env:
            seen.append(env.observe().images)
    assert set(seen[0]) == set(CAMERAS)
    for camera in CAMERAS:
        assert seen[0][camera].shape == (120, 160, 3)
        np.testing.assert_array_equal(seen[0][camera], seen[1][camera])
        assert differs(seen[0][camera], seen[2][camera]).mean() > 0.2
    assert len({tuple(images["head"][:40].mean((0, 1)).astype(int)) for images in seen}) == 3
