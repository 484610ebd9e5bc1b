"""A store with real videos of walls: two lives, a control and a probe set with depth, brought up to pairs in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from humannet_assets.media.access import MediaAccess
from humannet_assets.pipeline import build_passes
from humannet_assets.settings import Settings, load_settings
from humannet_assets.single_life.workplace import Workplace
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.compute import InProcess
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import StepReport, run_steps
from humannet_assets_tests.single_life.made import TINY
from humannet_assets_tests.single_life.transfer.scenes import write_simulated

TO_PAIRS = ("raw_videos", "known_cameras", "video_duplicates", "shots", "lives", "visible_points", "life_pair_indices")
RIGHTS = {"source_type": "controlled", "licence": "Apache-2.0", "consent_basis": "synthetic"}
TINY_SETTINGS: dict[str, Any] = {
    "split": {"block_s": 2, "guard_s": 0.0, "held_out_share": 0.3},
    "pairs": {"temporal_gap_s": [0.2, 1.0]},
    "experiment": {
        "durations_s": [3.0],
        "model": TINY.model_dump(mode="json"),
        "training": {
            "steps": 6, "batch_size": 8, "base_lr": 0.03, "precision": "fp32", "log_every": 2, "save_every": 3,
            "augmentation": {"crop_scale": [0.8, 1.0]},
        },
        "frames": {"short_side_px": 40},
        "held_out_pairs": 16,
    },
    "cas": {"probe_pairs": 12, "ks": [1, 5, 10], "resamples": 50, "scene_s": 1.0},
    "transfer": {
        "max_samples": 12, "max_pairs": 4, "pair_gap": 5, "probe_steps": 3, "probe_width": 16, "probe_heads": 2,
        "resamples": 50,
    },
}  # fmt: skip


@dataclass
class SmallWorld:
    """The store under `folder`, and what it is made of."""

    folder: Path
    overrides: Mapping[str, Any]

    @property
    def store(self) -> LanceStore:
        """Its tables."""
        return LanceStore(str(self.folder / "store"))

    @property
    def settings(self) -> Settings:
        """Its thresholds."""
        return load_settings(None, {"single_life": dict(self.overrides)})

    def add(self, name: str, seed: int, *, life: str = "", control: str = "", keywords: str = "", seconds: int = 8) -> None:
        """Film a wall up and down, ten frames a second, and list it."""
        media = self.folder / "media"
        media.mkdir(parents=True, exist_ok=True)
        shifts = tuple(abs((3 * index + 17 * seed) % 400 - 200) for index in range(10 * seconds))
        write_simulated(media / f"{name}.mp4", shifts, every=2, seed=seed)
        manifest = media / "manifest.csv"
        lines = manifest.read_text() if manifest.exists() else "path,keywords,life,control\n"
        manifest.write_text(f"{lines}{name}.mp4,{keywords},{life},{control}\n")

    def run(self, *assets: str) -> dict[str, StepReport]:
        """Bring assets up to date, or everything up to pairs; reports by table."""
        settings, store, access = self.settings, self.store, MediaAccess()
        if not assets:
            catalog = self.folder / "sources.yaml"
            entry = {"id": "walls", "uri": str(self.folder / "media" / "manifest.csv"), **RIGHTS}
            catalog.write_text(yaml.safe_dump({"sources": [entry]}))
            refresh_sources(store, catalog, settings, run_id="r", access=access)
        passes = build_passes(settings, access, Workplace(store, access, InProcess()))
        reports = {}
        for asset in assets or TO_PAIRS:
            for steps in passes[asset]:
                for report in run_steps(store, steps, compute=InProcess(), access=access, run_id="r"):
                    assert report.adds_up, report
                    reports[report.table] = report
        return reports


def two_lives(folder: Path, **changes: Any) -> SmallWorld:
    """Lives anna and ben, a control, a probe set; pairs are made, nothing is trained."""
    world = SmallWorld(folder, {**TINY_SETTINGS, **changes})
    world.add("anna_0", 1, life="anna")
    world.add("ben_0", 2, life="ben")
    world.add("screen_0", 3, control="surveillance", seconds=4)
    world.add("probe_0", 4, keywords="probe", seconds=6)
    world.run()
    return world


def kept(store: LanceStore, table: Any, columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Kept result rows."""
    rows = store.read(table, None if columns is None else list(columns), "outcome = 'kept' AND row_id != unit_id")
    if table.one_to_one:
        rows = store.read(table, None if columns is None else list(columns), "outcome = 'kept'")
    return rows.to_dicts()
