"""What `humannet reproduce vla` runs, by profile: which episodes and clips are simulated and which settings policies have.

demo   the path, not the science
cpu    one task, small policies that look
gpu    all tasks, larger pictures and more of everything

What is known of how long each takes is in docs/vla.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from humannet_assets.reproduction import ReproductionProfile

ASSETS = (
    "raw_videos", "known_cameras", "video_duplicates", "shots", "clip_signals", "filtered_clips", "viewpoints", "hand_tracks",
    "body_tracks", "camera_trajectories", "segments", "captions", "robot_episodes", "human_episodes", "vla_checkpoints",
    "vla_results",
)  # fmt: skip
"""What is materialised."""

_HEAD_ONLY: Mapping[str, Any] = {
    "tasks": "lift_tray",
    "cameras": "head",
    "shadows": False,
    "robot_width": 112,
    "robot_height": 84,
}
_SEEING = {"width": 64, "layers": 2, "vision_width": 64, "vision_depth": 2}
_STAGE = {
    "batch_size": 32, "noise_draws": 1, "tune": "full", "peak_lr": 2e-3, "precision": "fp32", "log_every": 50,
    "save_every": 200,
}  # fmt: skip
_LONG = {**_STAGE, "batch_size": 128, "noise_draws": 4, "peak_lr": 5e-4, "precision": "bf16"}
_LARGE = {"width": 256, "layers": 6, "vision_width": 256, "vision_depth": 6}

PROFILES: Mapping[str, ReproductionProfile] = {
    "demo": ReproductionProfile(
        "about 2 minutes on one core: the path, not the science",
        {"episodes": 24, "human_clips": 8, **_HEAD_ONLY},
        {"split": {"validation_share": 0.25}},
    ),
    "cpu": ReproductionProfile(
        "one task, 0.9 million parameters; 75 minutes on two cores shared with another training, 58 CPU minutes",
        {"episodes": 340, "human_clips": 48, **_HEAD_ONLY},
        {
            "split": {
                "validation_share": 0.15,
                # A colour that is never trained on.
                "groups": [{"eval_group": "ood_short", "instructions": ["*purple*"]}],
            },
            "experiment": {
                "training": {
                    "hour_ratio": 2.0,
                    "policy": {
                        "vlm": {"image_size": [84, 112], "tiny": _SEEING},
                        "expert": {"width": 96, "depth": 2, "heads": 4, "head": "l1"}, "cameras": ["anchor"],
                    },
                    "continued": {**_STAGE, "steps": 400}, "post": {**_STAGE, "steps": 1200},
                },
                "samples": {"chunks": {"stride": 2, "wrist": "commanded"}},
                "post_share": 0.6,
                "closed_loop": {"tasks": ["lift_tray"], "tries": 10, "shadows": False},
            },
        },
    ),
    "gpu": ReproductionProfile(
        "all tasks, 224 x 224 pixels, for a large GPU; not timed",
        {"episodes": 4000, "human_clips": 1000, "cameras": "head", "robot_width": 224, "robot_height": 224},
        {
            "split": {
                "validation_share": 0.1,
                "groups": [
                    {"eval_group": "ood_short", "instructions": ["*close*drawer*"]},
                    {"eval_group": "ood_long", "instructions": ["*pour*"]},
                ],
            },
            "experiment": {
                "hour_shares": [0.1, 0.25, 0.5],
                "training": {
                    "hour_ratio": 2.0,
                    "policy": {
                        "vlm": {"image_size": [224, 224], "tiny": _LARGE},
                        "expert": {"width": 384, "depth": 6, "heads": 6}, "cameras": ["anchor"],
                    },
                    "continued": {**_LONG, "steps": 10_000},
                    "post": {**_LONG, "steps": 20_000},
                },
                "samples": {"chunks": {"stride": 2, "wrist": "commanded"}, "max_gib": 64.0},
                "post_share": 0.5,
                "closed_loop": {"tasks": ["lift_tray"], "tries": 50},
            },
        },
    ),
}  # fmt: skip
