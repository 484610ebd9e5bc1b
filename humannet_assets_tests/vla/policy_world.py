"""A store with the sample robot's episodes and made-up people before a real video, brought up to policies in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from humannet_assets.media.access import MediaAccess, file_fingerprint
from humannet_assets.pipeline import build_passes
from humannet_assets.settings import Settings, load_settings
from humannet_assets.single_life.workplace import Workplace
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.compute import InProcess
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import StepReport, run_steps
from humannet_assets.store.schema import Table
from humannet_assets.store.tables import HUMAN_EPISODES, VIDEO_FILES
from humannet_assets.vla.actions import cut_chunks, human_weights
from humannet_assets.vla.judge_policies import JudgeStep
from humannet_assets.vla.motion import Motion, resting
from humannet_assets.vla.policy_results import compare_arms
from humannet_assets.vla.runs import plan_runs
from humannet_assets.vla.stored import motion_columns

PROJECT = Path(__file__).resolve().parents[2]
VIDEO = PROJECT / "sample_library" / "ego_hands_tray.mp4"
RIGHTS = {"source_type": "controlled", "licence": "Apache-2.0", "consent_basis": "synthetic"}
STAGE: dict[str, Any] = {
    "steps": 4, "batch_size": 4, "noise_draws": 1, "peak_lr": 3e-3, "precision": "fp32", "log_every": 2, "save_every": 4,
}  # fmt: skip
TINY: dict[str, Any] = {"width": 32, "layers": 1, "vision_width": 32, "vision_depth": 1}
SETTINGS: dict[str, Any] = {
    "split": {"validation_share": 0.3, "groups": [{"eval_group": "ood_long", "instructions": ["*drawer*"]}]},
    "experiment": {
        "seeds": [0, 1],
        "hour_shares": [0.3, 0.6],
        "training": {
            "hour_ratio": 2.0,
            "policy": {
                "vlm": {"image_size": [28, 56], "tiny": TINY},
                "expert": {"width": 32, "depth": 1, "heads": 2, "head": "l1"},
                "cameras": ["anchor"],
            },
            "continued": STAGE,
            "post": STAGE,
        },
        "evaluation": {"resamples": 100},
    },
}
STEPS = 45


def experiment(**changes: Any) -> dict[str, Any]:
    """The settings with another experiment."""
    return {**SETTINGS, "experiment": {**SETTINGS["experiment"], **changes}}


@dataclass
class PolicyWorld:
    """The store under `folder`, and what it is made of."""

    folder: Path
    overrides: Mapping[str, Any]

    @property
    def store(self) -> LanceStore:
        return LanceStore(str(self.folder / "store"))

    @property
    def settings(self) -> Settings:
        return load_settings(None, {"vla": dict(self.overrides)})

    def add_robots(self) -> None:
        """The episodes of the sample robot, by the real steps."""
        catalog = self.folder / "sources.yaml"
        catalog.write_text(
            yaml.safe_dump({"sources": [{"id": "robot", "kind": "robot", "uri": str(PROJECT / "sample_robot"), **RIGHTS}]})
        )
        refresh_sources(self.store, catalog, self.settings, run_id="r", access=MediaAccess())
        self.run("robot_episodes")

    def add_people(self, first: int, count: int) -> None:
        """Clips in which both hands move along a line; their pictures are a real video's."""
        file = {"file_id": "f", "video_id": "v", "uri": str(VIDEO), "fingerprint": file_fingerprint(VIDEO.stat())}
        put(self.store, VIDEO_FILES, [file], "file_id")
        put(self.store, HUMAN_EPISODES, [person(number) for number in range(first, first + count)], "clip_id")

    def run(self, *assets: str, loops: Any = None) -> dict[str, StepReport]:
        """Bring assets up to date; reports by table."""
        settings, store, access = self.settings, self.store, MediaAccess()
        passes = build_passes(settings, access, Workplace(store, access, InProcess()))
        reports = {}
        for asset in assets or ("vla_checkpoints", "vla_results"):
            if asset == "vla_checkpoints":
                plan_runs(store, settings.vla.experiment, "r")
            for steps in passes[asset]:
                for step in steps:
                    if loops is not None and isinstance(step, JudgeStep):
                        step.loops = loops
                for report in run_steps(store, steps, compute=InProcess(), access=access, run_id="r"):
                    assert report.adds_up, report
                    reports[report.table] = report
            if asset == "vla_results":
                compare_arms(store, settings.vla.experiment.evaluation, "r")
        return reports


def put(store: LanceStore, table: Table, rows: list[dict[str, Any]], key: str) -> None:
    """Kept rows as a step would have written them."""
    system = {
        "outcome": "kept", "reasons": [], "evidence": "{}", "attempts": 1, "code_version": "1", "run_id": "r",
        "ingest_window": "2026-01-01", "created_at": datetime.now(UTC).replace(tzinfo=None),
    }  # fmt: skip
    full = [{**system, "row_id": row[key], "unit_id": row[key], "provenance": f"p-{row[key]}", **row} for row in rows]
    store.replace_units(table, [row["unit_id"] for row in full], full)


def person(number: int) -> dict[str, Any]:
    """A row of `human_episodes`."""
    rng = np.random.default_rng(number)
    times_s = np.arange(STEPS) / 15
    wrist = np.zeros((STEPS, 2, 7))
    wrist[..., 6] = 1
    wrist[..., :3] = rng.uniform(-0.2, 0.2, (2, 3)) + times_s[:, None, None] * rng.uniform(-0.1, 0.1, (2, 3))
    motion = Motion(
        times_s=times_s, wrist=wrist, grip=np.tile(np.linspace(1, 0, STEPS)[:, None], 2),
        joints=np.full((STEPS, 2, 7), np.nan), camera=resting(STEPS), reference="world",
    )  # fmt: skip
    return {
        "clip_id": f"clip-{number:03d}", "video_id": "v", "source_id": "people", "instruction": "lift the red tray",
        "split": "train", "eval_group": "in_domain", "robot_ready": True, "head_motion": "known", "duration_s": STEPS / 15,
        "start_s": 0.0, "end_s": float(times_s[-1]), "image_width": 320, "image_height": 240,
        **motion_columns(motion, cut_chunks(motion), human_weights()),
    }  # fmt: skip
