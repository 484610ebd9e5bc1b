"""Simulated samples: their chunks lead the robot to success in the loop, and pointing answers lie on the thing."""

from __future__ import annotations

from itertools import islice

import numpy as np

from humannet_assets.simulator.robot.env import TabletopEnv
from humannet_assets.simulator.robot.policy_samples import (
    Demonstrations,
    Pointings,
    SimulatedLoop,
    demonstrations,
    pointings,
)  # fmt: skip
from humannet_assets.vla.policy.closed_loop import roll_out
from humannet_assets.vla.policy.config import ClosedLoopConfig
from humannet_assets.vla.samples import Sample

SIZE = (56, 42)


def test_recorded_chunks_carried_out_in_the_loop_do_the_task() -> None:
    made = list(demonstrations(Demonstrations("lift_tray", 3, 1, SIZE, stride=1)))
    assert {sample.episode_id for sample in made} == {"lift_tray-3"}
    assert made[0].images.shape == (1, 42, 56, 3)
    assert np.ptp(made[0].images) > 50
    assert made[0].mask[0, :14].all()
    assert not made[0].mask[:, 14:].any()
    loop = SimulatedLoop("lift_tray", 3, made[0])

    def replay(seen: Sample, _: int) -> np.ndarray:
        index = min(round(seen.time_s * 15), len(made) - 1)
        np.testing.assert_allclose(seen.state[:14], made[index].state[:14], atol=0.02)
        return made[index].actions

    try:
        result = roll_out(loop, replay, ClosedLoopConfig(execute=8))
    finally:
        loop.close()
    assert result.success
    # The same loop with hands that stay where they are.
    loop = SimulatedLoop("lift_tray", 3, made[0])
    try:
        assert not roll_out(loop, lambda _sample, _number: np.zeros((16, 32), np.float32), ClosedLoopConfig()).success
    finally:
        loop.close()


def test_pointing_answers_lie_on_the_thing_and_nothing_else_is_told() -> None:
    wanted = Pointings("lift_tray", 9, 1, views=6, size=SIZE)
    made = list(pointings(wanted))
    assert len({tuple(sample.actions[0, :3]) for sample in made}) == 6, "things are elsewhere in every view"
    with TabletopEnv("lift_tray", 9, SIZE, wanted.quality) as env:
        camera, _ = env.camera("head")
        tray = env.instance.things[0]
    for sample in made:
        assert not sample.state_mask.any()
        assert sample.mask.sum() == 3
        x, y, z = sample.actions[0, :3]
        column, row = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
        assert 0 < column < SIZE[0]
        assert 0 < row < SIZE[1]
    (tray_view,) = islice((s for s in made if "tray" in s.instruction), 1)
    x, y, z = tray_view.actions[0, :3]
    # Around its middle the tray has its colour: the strongest channel of the picture there is that of its tone.
    row, column = round(camera.fy * y / z + camera.cy), round(camera.fx * x / z + camera.cx)
    patch = tray_view.images[0, row - 2 : row + 3, column - 4 : column + 5].reshape(-1, 3).mean(0)
    assert int(patch.argmax()) == int(np.argmax(tray.tone))
    again = list(pointings(wanted))
    assert all((one.images == other.images).all() for one, other in zip(made, again, strict=True))
