"""What `humannet reproduce single-life` runs, by profile: which lives are simulated and which settings models have.

demo   the path, not the science
cpu    small models of 64 x 64 pixels
gpu    the paper's scale in patches (N = 196), not in hours of footage

What is known of how long each takes is in docs/single_life.md: only the demo was timed whole.
"""

from __future__ import annotations

from collections.abc import Mapping

from humannet_assets.reproduction import ReproductionProfile

ASSETS = (
    "raw_videos", "known_cameras", "video_duplicates", "shots", "lives", "visible_points", "life_pair_indices",
    "croco_checkpoints", "cas_matrices", "alignment_by_duration", "life_transfer",
)  # fmt: skip
"""What is materialised: lives need no hands, bodies and captions."""


_ALL_PAIRINGS = ["temporal", "spatial+temporal", "spatial", "augmented"]

PROFILES: Mapping[str, ReproductionProfile] = {
    "demo": ReproductionProfile(
        "about 8 minutes on two cores: the path, not the science",
        {
            "kitchens": 2, "walks": 2, "days": 0, "hours": 0.01, "control_hours": 0.005, "pool_hours": 0.01,
            "probe_minutes": 0.4, "file_s": 12.0, "rate": 10.0, "width": 160, "height": 120,
        },
        {
            "split": {"block_s": 3.0, "guard_s": 0.2},
            "experiment": {"durations_s": [9.0, 18.0, 27.0], "pairings": ["temporal", "spatial+temporal"]},
        },
    ),
    "cpu": ReproductionProfile(
        "small models of 48 x 48 pixels; 2 hours on two cores shared with other work, 97 CPU minutes without rendering",
        {
            "kitchens": 3, "walks": 3, "days": 0, "hours": 0.0834, "control_hours": 0.0334, "pool_hours": 0.1334,
            "probe_minutes": 2.0, "file_s": 60.0, "rate": 5.0, "width": 160, "height": 120,
        },
        {
            "split": {"block_s": 10.0},
            "pairs": {"temporal_gap_s": [0.2, 1.0]},
            "experiment": {
                "durations_s": [75.0, 150.0, 225.0], "duration_seeds": [0],
                "model": {
                    "image_size": 48, "patch_size": 8, "mask_ratio": 0.75, "encoder_dim": 128, "encoder_depth": 1,
                    "encoder_heads": 4, "decoder_dim": 128, "decoder_depth": 2, "decoder_heads": 4, "position": "rope",
                },
                "training": {
                    "steps": 1000, "batch_size": 32, "base_lr": 0.016, "precision": "bf16", "log_every": 50,
                    "save_every": 250, "augmentation": {"crop_scale": [0.8, 1.0]},
                },
                "frames": {"short_side_px": 60},
            },
            "cas": {"probe_pairs": 256, "scene_s": 10.0, "headline_k": 5},
            "transfer": {"max_samples": 400, "max_pairs": 100, "probe_steps": 200},
        },
    ),
    "gpu": ReproductionProfile(
        "224 x 224 pixels, 196 patches, for a large GPU; not timed",
        {
            "kitchens": 4, "walks": 4, "days": 2, "hours": 2.0, "control_hours": 0.5, "pool_hours": 4.0,
            "probe_minutes": 20.0, "file_s": 120.0, "rate": 15.0, "width": 320, "height": 240,
        },
        {
            "split": {"block_s": 60.0},
            "experiment": {
                "pairings": _ALL_PAIRINGS, "durations_s": [450.0, 900.0, 1800.0, 3600.0],
                "model": {
                    "image_size": 224, "patch_size": 16, "mask_ratio": 0.9, "encoder_dim": 384, "encoder_depth": 12,
                    "encoder_heads": 6, "decoder_dim": 256, "decoder_depth": 8, "decoder_heads": 8, "position": "rope",
                },
                "training": {
                    "steps": 20_000, "batch_size": 256, "precision": "bf16", "compile": True, "loader_workers": 12,
                    "log_every": 100, "save_every": 2000, "threads": 4, "augmentation": {"crop_scale": None},
                },
                "frames": {"short_side_px": 240, "max_gib": 200.0},
                "held_out_pairs": 1024,
            },
            "cas": {"probe_pairs": 1000, "scene_s": 10.0, "batch": 64},
            "transfer": {"max_samples": 2000, "max_pairs": 300, "probe_steps": 2000, "probe_width": 256, "probe_heads": 8},
        },
    ),
}  # fmt: skip
