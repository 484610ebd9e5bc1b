"""Made-up samples whose action can be read off the picture, or off nothing at all, and a policy small enough for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from humannet_assets.vla.actions import ACTION_DIM, CHUNK_STEPS, robot_weights
from humannet_assets.vla.policy.config import ExpertConfig, PolicyConfig, StageConfig, TinyVlmConfig, VlmConfig
from humannet_assets.vla.samples import Sample

SIDE_PX = 56
ROBOT = "simulated_bimanual"


def tiny_policy(kind: str = "qwen2_5_vl", side: int = SIDE_PX, **expert: Any) -> PolicyConfig:
    tiny = TinyVlmConfig.model_validate({"kind": kind, "width": 32, "layers": 2, "vision_width": 32, "vision_depth": 2})
    return PolicyConfig(
        vlm=VlmConfig(image_size=(side, side), tiny=tiny),
        expert=ExpertConfig.model_validate({"width": 32, "depth": 2, "heads": 2, **expert}),
    )


def tiny_stage(**changes: Any) -> StageConfig:
    values = {
        "steps": 6, "batch_size": 4, "noise_draws": 2, "tune": "lora", "peak_lr": 3e-3, "precision": "fp32", "log_every": 2,
        "save_every": 2, "seed": 3,
    }  # fmt: skip
    return StageConfig.model_validate({**values, **changes})


def sample(index: int, rng: np.random.Generator, *, side: int = SIDE_PX, steps: int = CHUNK_STEPS, **changes: Any) -> Sample:
    """A bright square at a random place; the left hand goes there along a straight line, the right one stays."""
    x, y = rng.uniform(0.1, 0.9, 2)
    picture = np.full((1, side, side, 3), 40, np.uint8)
    column, row = int(x * (side - 12)), int(y * (side - 12))
    picture[0, row : row + 12, column : column + 12] = (250, 200, 30)
    actions, mask = np.zeros((steps, ACTION_DIM), np.float32), np.zeros((steps, ACTION_DIM), bool)
    share = (np.arange(steps) + 1) / steps
    actions[:, 0], actions[:, 1], actions[:, 6] = 0.2 * (x - 0.5) * share, 0.2 * (y - 0.5) * share, 1.0
    mask[:, :14] = True
    # The recording ends within some chunks.
    mask[steps - index % 3 :] = False
    actions[~mask] = 0
    state, state_mask = np.zeros(ACTION_DIM, np.float32), np.zeros(ACTION_DIM, bool)
    state[:14], state_mask[:14] = rng.normal(0, 0.05, 14), True
    values: dict[str, Any] = {
        "images": picture, "instruction": ("reach the square", "go to the yellow one")[index % 2], "state": state,
        "state_mask": state_mask, "actions": actions, "mask": mask, "weight": np.tile(robot_weights(), (steps, 1)),
        "episode_id": f"e{index // 2}", "source": ROBOT, "robot": ROBOT, "group": "in_domain", "time_s": index % 2 / 15,
    }  # fmt: skip
    return Sample(**{**values, **changes})


def samples(count: int, seed: int = 0, **changes: Any) -> list[Sample]:
    rng = np.random.default_rng(seed)
    return [sample(index, rng, **changes) for index in range(count)]
