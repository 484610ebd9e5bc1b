"""What a CroCo model is and how it is trained, as validated values. Imports no torch: settings and assets may read it."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from humannet_assets.store.step import StepConfig

Preset = Literal["demo", "small", "vit_b_small", "vit_b_base", "vit_l_base"]


class CroCoConfig(StepConfig):
    """Sizes of a CroCo model. The defaults are the published v1 (ViT-B encoder, small decoder, sin-cos positions)."""

    image_size: int | tuple[int, int] = Field(
        default=224, description="Side of the square input in pixels, or (height, width). CroCo: crops of 224."
    )
    patch_size: int = Field(default=16, ge=1, description="Side of a patch, pixels. CroCo: 16.")
    mask_ratio: float = Field(
        default=0.9, gt=0, lt=1, description="Share of target patches hidden; int(ratio * patches) of them. CroCo: 0.9."
    )
    encoder_dim: int = Field(default=768, ge=1, description="Width of the encoder. ViT-B: 768.")
    encoder_depth: int = Field(default=12, ge=1, description="Blocks of the encoder. ViT-B: 12.")
    encoder_heads: int = Field(default=12, ge=1, description="Attention heads of the encoder. ViT-B: 12.")
    decoder_dim: int = Field(default=512, ge=1, description="Width of the decoder. CroCo small: 512, base: 768.")
    decoder_depth: int = Field(default=8, ge=1, description="Blocks of the decoder. CroCo small: 8, base: 12.")
    decoder_heads: int = Field(default=16, ge=1, description="Attention heads of the decoder. CroCo small: 16, base: 12.")
    mlp_ratio: float = Field(default=4.0, gt=0, description="Hidden width of the MLPs over their width. ViT: 4.")
    position: Literal["sincos", "rope"] = Field(
        default="sincos", description="Fixed 2D sin-cos embeddings (CroCo v1) or 2D rotary positions (CroCo v2)."
    )
    rope_base: float = Field(default=100.0, gt=1, description="Base of the rotary frequencies. CroCo v2: 100.")
    normalise_memory: bool = Field(
        default=True, description="LayerNorm on the reference tokens in every decoder block. True in all published models."
    )
    normalise_target: bool = Field(
        default=True, description="Standardise each target patch by its own mean and unbiased variance, as CroCo (and MAE) do."
    )

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        height, width = self.image_shape
        if min(height, width) < 1 or height % self.patch_size or width % self.patch_size:
            raise ValueError(f"image_size {height}x{width} is not a multiple of patch_size {self.patch_size}")
        for part, dim, heads in (
            ("encoder", self.encoder_dim, self.encoder_heads),
            ("decoder", self.decoder_dim, self.decoder_heads),
        ):
            if dim % heads:
                raise ValueError(f"{part}_dim {dim} is not a multiple of {part}_heads {heads}")
            # Rows and columns share the width, and each half consists of pairs (sine, cosine).
            rotated = dim // heads if self.position == "rope" else dim
            if rotated % 4:
                what = f"{part}_dim / {part}_heads" if self.position == "rope" else f"{part}_dim"
                raise ValueError(f"position {self.position!r} needs {what} to be a multiple of 4, found {rotated}")
        if not 0 < self.masked_patches < self.patches:
            raise ValueError(
                f"mask_ratio {self.mask_ratio} hides {self.masked_patches} of {self.patches} patches; "
                "at least one must be hidden and one visible"
            )
        return self

    @property
    def image_shape(self) -> tuple[int, int]:
        """(height, width) of the input, pixels."""
        return (self.image_size, self.image_size) if isinstance(self.image_size, int) else self.image_size

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) of patches."""
        height, width = self.image_shape
        return height // self.patch_size, width // self.patch_size

    @property
    def patches(self) -> int:
        """Patches of one image: N."""
        rows, columns = self.grid
        return rows * columns

    @property
    def masked_patches(self) -> int:
        """Target patches that are hidden; CroCo truncates: 176 of 196 at a ratio of 0.9."""
        return int(self.mask_ratio * self.patches)

    @property
    def patch_values(self) -> int:
        """Numbers in one patch: 3 * patch_size**2."""
        return 3 * self.patch_size**2

    @classmethod
    def preset(cls, name: Preset, **changes: Any) -> CroCoConfig:
        """A named size, with single fields changed.

        "demo" trains on a CPU; "small" is a ViT-S for one GPU [our choices]. The others are the published CroCo v2 models
        (rotary positions); `preset("vit_b_small", position="sincos")` is the published v1.

        Raises:
            ValueError: There is no preset of that name, or a change does not fit.
        """
        if name not in _PRESETS:
            raise ValueError(f"no CroCo preset {name!r}; there are {', '.join(_PRESETS)}")
        return cls.model_validate({**_PRESETS[name], **changes})


class AugmentationConfig(StepConfig):
    """How the two images of a pair are cut out of their frames and coloured, independently of each other."""

    crop_scale: tuple[float, float] | None = Field(
        default=None,
        description=(
            "Size of a crop as a share of the largest that fits the frame, drawn uniformly, then resized to the model's input. "
            "None cuts the input's own size without resizing, as CroCo does (224 of 256)."
        ),
    )
    colour_jitter: float = Field(
        default=0.4, ge=0, lt=1, description="Brightness, contrast and saturation are scaled by 1 +- this. CroCo: 0.4, no hue."
    )
    swap_probability: float = Field(
        default=0.5, ge=0, le=1, description="How often target and reference change roles, so that both time orders are seen."
    )

    @model_validator(mode="after")
    def _scales_ascend(self) -> Self:
        if self.crop_scale is not None and not 0 < self.crop_scale[0] <= self.crop_scale[1] <= 1:
            raise ValueError(f"crop_scale {self.crop_scale} must be two ascending shares in (0, 1]")
        return self


class TrainingConfig(StepConfig):
    """How a model is trained. Defaults are CroCo's where it states them; `steps` replaces its epochs."""

    steps: int = Field(default=10_000, ge=1, description="Optimiser steps; fixed, so that lives of any length get the same.")
    batch_size: int = Field(default=256, ge=1, description="Pairs per optimiser step, over all GPUs and accumulated batches.")
    accumulate: int = Field(default=1, ge=1, description="Batches per optimiser step on each GPU, where one does not fit.")
    base_lr: float = Field(default=1.5e-4, gt=0, description="Learning rate per 256 pairs; scaled by batch_size / 256. CroCo.")
    min_lr: float = Field(default=0.0, ge=0, description="Learning rate at the end of the cosine. MAE: 0.")
    warmup_fraction: float = Field(default=0.1, ge=0, lt=1, description="Share of linear warm-up. CroCo: 40 of 400 epochs.")
    betas: tuple[float, float] = Field(default=(0.9, 0.95), description="Of AdamW. CroCo.")
    weight_decay: float = Field(default=0.05, ge=0, description="Of matrices; 0 for vectors and the mask token. CroCo.")
    clip_norm: float | None = Field(default=None, gt=0, description="Largest gradient norm. None (CroCo): not clipped.")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        default="auto", description="bf16 autocast over float32 weights, or float32; auto takes bf16 where the hardware has it."
    )
    compile: bool = Field(default=False, description="torch.compile: pays on GPUs; on CPUs it takes a minute and gains 7 %.")
    threads: int = Field(
        default=1, ge=1, description="CPU threads of one process; two on busy cores are up to 20 times slower than one."
    )
    loader_workers: int = Field(
        default=0, ge=0, description="Processes that cut batches; 0 cuts them in this process, enough for models on a CPU."
    )
    log_every: int = Field(default=50, ge=1, description="Steps per row of the loss curve.")
    save_every: int = Field(default=1000, ge=1, description="Steps between savings of the whole state.")
    blank_reference: bool = Field(
        default=False,
        description="Show no reference (all values 0): a masked autoencoder, the baseline that never sees a second view.",
    )
    seed: int = Field(default=0, ge=0, description="Decides initial weights, order of pairs, crops, colours and masks.")
    augmentation: AugmentationConfig = Field(default_factory=AugmentationConfig)

    @property
    def peak_lr(self) -> float:
        """Learning rate after warm-up."""
        return self.base_lr * self.batch_size / 256


_V2: dict[str, Any] = {"position": "rope", "rope_base": 100.0}
_BASE_DECODER: dict[str, Any] = {"decoder_dim": 768, "decoder_depth": 12, "decoder_heads": 12}
_PRESETS: dict[str, dict[str, Any]] = {
    "demo": {
        "image_size": 64, "patch_size": 8, "encoder_dim": 96, "encoder_depth": 2, "encoder_heads": 3,
        "decoder_dim": 96, "decoder_depth": 2, "decoder_heads": 3,
    },
    "small": {
        **_V2, "encoder_dim": 384, "encoder_depth": 12, "encoder_heads": 6,
        "decoder_dim": 256, "decoder_depth": 8, "decoder_heads": 8,
    },
    "vit_b_small": _V2,
    "vit_b_base": {**_V2, **_BASE_DECODER},
    "vit_l_base": {**_V2, **_BASE_DECODER, "encoder_dim": 1024, "encoder_depth": 24, "encoder_heads": 16},
}  # fmt: skip
