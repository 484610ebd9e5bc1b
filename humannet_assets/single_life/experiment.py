"""What is trained, compared and probed, as validated values: the parts `experiment`, `cas` and `transfer` of `single_life`.

The defaults are the demo: models so small that each trains in about two seconds (measured: 77 in 150 s of a shared CPU core).
They show the path, not the science; `humannet reproduce single-life` brings the sizes that mean something. Imports no torch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from humannet_assets.single_life.config import AugmentationConfig, CroCoConfig, TrainingConfig
from humannet_assets.single_life.frames import FrameCacheConfig
from humannet_assets.single_life.pairs import PAIRINGS, Pairing
from humannet_assets.store.step import StepConfig

if TYPE_CHECKING:
    from humannet_assets.single_life.transfer.depth import DepthProbeConfig

DEMO_MODEL = CroCoConfig.preset("demo", mask_ratio=0.75, encoder_dim=32, encoder_heads=2, decoder_dim=32, decoder_heads=2)
DEMO_TRAINING = TrainingConfig(
    steps=40, batch_size=16, base_lr=0.016, precision="fp32", log_every=10, save_every=20,
    augmentation=AugmentationConfig(crop_scale=(0.8, 1.0)),
)  # fmt: skip
"""base_lr is per 256 pairs: .001 at a batch of 16."""


class ExperimentConfig(StepConfig):
    """Which models are trained. Every life and control gets each pairing and seed; durations are of the first pairing."""

    pairings: tuple[str, ...] = Field(
        default=("temporal",),
        min_length=1,
        description="How frames are paired, one set of models each; joined by + they are pooled, e.g. spatial+temporal.",
    )
    durations_s: tuple[float, ...] = Field(
        default=(7.5, 15.0, 22.5),
        description="Also train on the first so many seconds of each life; the whole life is the last point of the curve.",
    )
    seeds: tuple[int, ...] = Field(
        default=(0, 1), min_length=1, description="Seeds of each model; two of one life are the ceiling of its alignment."
    )
    duration_seeds: tuple[int, ...] | None = Field(
        default=None, min_length=1, description="Seeds of models of the first seconds of lives; `seeds` by default."
    )
    reference_lives: tuple[str, ...] = Field(
        default=("control-diverse_pool",),
        description="Footage that is nobody's life in particular, on which the reference of alignment by duration is trained. "
        "Where there is none, each life's reference is trained on all other lives, so a new life trains all references anew.",
    )
    no_source: bool = Field(
        default=True, description="Also train a masked autoencoder (no reference shown) per life, as a baseline of transfer."
    )
    held_out_pairs: int = Field(
        default=128, ge=1, description="Held-out pairs of a life on which its model's loss is measured."
    )
    group_of: dict[str, str] = Field(
        default_factory=dict,
        description="Data set of each life, for the test within against across; its name without a final number by default.",
    )
    model: CroCoConfig = Field(default=DEMO_MODEL, description="Sizes of all models.")
    training: TrainingConfig = Field(default=DEMO_TRAINING, description="How all are trained; `seeds` replaces its seed.")
    frames: FrameCacheConfig = Field(
        default=FrameCacheConfig(short_side_px=80, max_gib=20), description="Decoded frames that are kept."
    )

    @model_validator(mode="after")
    def _can_be_planned(self) -> Self:
        for name in self.pairings:
            parts_of(name)
        lists = (
            ("pairings", self.pairings), ("durations_s", self.durations_s), ("seeds", self.seeds),
            ("duration_seeds", self.duration_seeds or ()),
        )  # fmt: skip
        for what, values in lists:
            if len(set(values)) != len(values):
                raise ValueError(f"{what} names {list(values)}: each once")
            if what.endswith("seeds") and any(int(seed) < 0 for seed in values):
                raise ValueError(f"{what} {list(values)} must be 0 or more")
        if any(duration <= 0 for duration in self.durations_s) or list(self.durations_s) != sorted(self.durations_s):
            raise ValueError(f"durations_s {list(self.durations_s)} must be positive and ascend")
        smallest = min(self.model.image_shape)
        if self.frames.short_side_px < smallest and self.training.augmentation.crop_scale is None:
            raise ValueError(
                f"frames of {self.frames.short_side_px} px are smaller than the model's input of {smallest} px; raise "
                "frames.short_side_px, or set training.augmentation.crop_scale"
            )
        return self


def parts_of(pairing: str) -> tuple[Pairing, ...]:
    """The pairings a name such as "spatial+temporal" pools; raises `ValueError` for unknown ones."""
    parts = pairing.split("+")
    if unknown := [part for part in parts if part not in PAIRINGS]:
        raise ValueError(f"unknown pairing {', '.join(unknown)} in {pairing!r}; there are {', '.join(PAIRINGS)}, joined by +")
    return tuple(part for part in PAIRINGS if part in parts)


class CasConfig(StepConfig):
    """How models are compared. Their attention is always computed in float32 on both images whole."""

    probe_pairs: int = Field(default=64, ge=2, description="Pairs of the probe set, those with the smallest ids.")
    probe_pairing: Pairing = Field(default="temporal", description="How the probe set's frames are paired.")
    scene_s: float = Field(
        default=2.0,
        gt=0,
        description="Probe pairs of one video whose targets lie within so many seconds are one scene: not "
        "independent, and never each other's shuffled source. Our choice.",
    )
    ks: tuple[int, ...] = Field(
        default=(1, 5, 10, 20), min_length=1, description="Set sizes. Our choice: the paper gives none."
    )
    headline_k: int = Field(default=10, ge=1, description="Set size of pictures and verdicts; 10 of 196 in the paper's scale.")
    random_seeds: tuple[int, ...] = Field(
        default=(1000, 1001), description="Seeds of the untrained models compared along; no trained model may start from one."
    )
    resamples: int = Field(default=1000, ge=10, description="Bootstrap resamples.")
    permutations: int = Field(default=9999, ge=99, description="Labelings drawn where there are too many to go through all.")
    batch: int = Field(default=32, ge=1, description="Pairs per forward pass.")
    seed: int = Field(default=0, ge=0, description="Of shuffles, bootstrap and labelings.")

    @model_validator(mode="after")
    def _headline_is_computed(self) -> Self:
        if self.headline_k not in self.ks:
            raise ValueError(f"headline_k {self.headline_k} is not among ks {list(self.ks)}")
        return self


class DatasetFolder(StepConfig):
    """A data set on this machine that transfer is measured on."""

    name: str = Field(min_length=1, description="Shown in tables.")
    layout: Literal["nyu", "scannet", "hpatches", "oxford", "tum", "pairs"] = Field(
        description="nyu and scannet: depth (scannet also correspondence); hpatches and oxford: correspondence; tum: a TUM "
        "RGB-D sequence (rgb, depth, groundtruth.txt by time stamp); pairs: pictures and 16-bit depth called alike (TUM, ICL)."
    )
    path: Path = Field(description="Its folder.")
    picture: str = Field(default="rgb/{}.png", description="Layout pairs: pattern of pictures, {} for what differs.")
    depth: str = Field(default="depth/{}.png", description="Layout pairs: pattern of depth files.")
    units_per_m: float = Field(default=5000.0, gt=0, description="Layout pairs and tum: units of depth; TUM and ICL have 5000.")
    every: int = Field(default=1, ge=1, description="Take every n-th sample.")
    intrinsics: tuple[float, float, float, float] | None = Field(
        default=None, description="Layouts pairs and tum: fx, fy, cx, cy of the depth map in pixels, for correspondence."
    )


class TransferConfig(StepConfig):
    """What a frozen model is asked to do. Sizes of the depth probe are our choices; the defaults are the demo's."""

    datasets: tuple[DatasetFolder, ...] = Field(default=(), description="Beside the probe set's own depth.")
    test_share: float = Field(
        default=0.5, gt=0, lt=1, description="Share of scenes tested on; the others train the depth probe."
    )
    max_samples: int = Field(default=64, ge=4, description="Pictures with depth of one data set, evenly over it.")
    max_pairs: int = Field(default=24, ge=2, description="Correspondence pairs of one data set, evenly over it.")
    pair_gap: int = Field(default=2, ge=1, description="Samples between the two of a pair that is made from depth and poses.")
    probe_width: int = Field(default=64, ge=8, description="Width of the depth probe.")
    probe_heads: int = Field(default=4, ge=1, description="Its attention heads.")
    probe_steps: int = Field(default=60, ge=1, description="Its optimiser steps.")
    probe_batch: int = Field(default=16, ge=1, description="Pictures a step.")
    max_depth_m: float = Field(default=20.0, gt=0, description="Depth beyond is not counted; indoor tables cap at 10.")
    durations: bool = Field(default=False, description="Also of models of a life's first hours, for more points of comparison.")
    random_seed: int = Field(default=1000, ge=0, description="Seed of the untrained model everything is compared with.")
    resamples: int = Field(default=1000, ge=10, description="Bootstrap resamples of intervals.")
    seed: int = Field(default=0, ge=0, description="Of the depth probe, the split into scenes and the bootstrap.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [one.name for one in self.datasets]
        if len(set(names)) != len(names) or "probe" in names:
            raise ValueError(f"datasets are called {names}: each name once, and not 'probe'")
        if self.probe_width % self.probe_heads:
            raise ValueError(f"probe_width {self.probe_width} is not a multiple of probe_heads {self.probe_heads}")
        return self

    def contents(self) -> tuple[str, ...]:
        """What identifies the data sets' contents: a hash of file names and sizes per folder, "missing" where there is none."""
        marks = []
        for folder in self.datasets:
            root = folder.path.expanduser()
            digest = hashlib.sha256()
            for path in sorted(root.rglob("*")) if root.is_dir() else ():
                if path.is_file():
                    digest.update(f"{path.relative_to(root)}:{path.stat().st_size};".encode())
            marks.append(f"{folder.name}:{digest.hexdigest()[:16] if root.is_dir() else 'missing'}")
        return tuple(marks)

    def depth_probe(self) -> DepthProbeConfig:
        """Size and training of the depth probe; what is not set here has that class's defaults."""
        from humannet_assets.single_life.transfer.depth import DepthProbeConfig

        return DepthProbeConfig(
            width=self.probe_width, heads=self.probe_heads, steps=self.probe_steps, batch=self.probe_batch,
            max_depth_m=self.max_depth_m,
        )  # fmt: skip
