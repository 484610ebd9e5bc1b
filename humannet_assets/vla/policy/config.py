"""What a policy is and how it is trained, as validated values. Imports no torch: settings and assets may read it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from humannet_assets.store.step import StepConfig
from humannet_assets.vla.actions import CHUNK_STEPS

TINY = "tiny"
"""`VlmConfig.model` of the built-in model."""
REAL = "real"
SEEING = (REAL, "shuffled_image", "matched_image", "shuffled_text")
"""Conditions a policy is run under (`evaluation.evaluate`)."""
LOSS = "loss"


class TinyVlmConfig(StepConfig):
    """Sizes of the built-in vision-language model. Random weights: it knows nothing until it is trained."""

    kind: Literal["qwen2_5_vl", "qwen3_vl"] = Field(default="qwen2_5_vl", description="Which of transformers' classes.")
    width: int = Field(default=128, ge=32, multiple_of=32, description="Width of the language model. Ours, for a CPU.")
    layers: int = Field(default=4, ge=1, description="Layers of the language model. Ours, for a CPU.")
    vision_width: int = Field(default=64, ge=16, multiple_of=16, description="Width of the vision tower. Ours, for a CPU.")
    vision_depth: int = Field(default=4, ge=1, description="Blocks of the vision tower. Ours, for a CPU.")
    words: str = Field(default="", description="Text the tokenizer learns its words from; any other text is spelt in bytes.")
    seed: int = Field(default=0, ge=0, description="Of its random weights.")


class VlmConfig(StepConfig):
    """The vision-language model a policy starts from."""

    model: str = Field(
        default=TINY,
        min_length=1,
        description="Local folder, hub id (owner/name) together with `revision`, or the built-in tiny one.",
    )
    revision: str | None = Field(default=None, description="Commit of a hub model; required for hub ids.")
    tiny: TinyVlmConfig = Field(default_factory=TinyVlmConfig)
    image_size: tuple[int, int] = Field(
        default=(224, 224), description="(height, width) pictures are resized to. LingBot-VLA and pi0: 224 x 224."
    )
    max_text_tokens: int = Field(default=128, ge=8, description="Longest instruction, tokens. Ours; longer ones are refused.")


class ExpertConfig(StepConfig):
    """The action expert: a transformer over the chunk's steps that reads the vision-language model's hidden states."""

    width: int = Field(default=768, ge=32, description="Width. LingBot-VLA: 768.")
    depth: int = Field(
        default=36, ge=1, description="Blocks, each reading one layer of the VLM. LingBot-VLA: 36, as Qwen2.5-VL-3B."
    )
    heads: int = Field(default=12, ge=1, description="Attention heads; ours: 64 channels each at width 768.")
    mlp_ratio: float = Field(default=4.0, gt=0, description="Hidden width of the MLPs over their width. ViT: 4.")
    head: Literal["flow", "l1"] = Field(
        default="flow",
        description="Flow matching (LingBot-VLA), or actions in one pass by L1 regression (OpenVLA-OFT), which learns sooner.",
    )
    sampling_steps: int = Field(default=10, ge=1, le=1000, description="Euler steps from noise to actions. pi0: 10.")

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.width % self.heads or self.width % 2:
            raise ValueError(f"expert width {self.width} is not even or not a multiple of its {self.heads} heads")
        return self


class PolicyConfig(StepConfig):
    """A whole policy."""

    vlm: VlmConfig = Field(default_factory=VlmConfig)
    expert: ExpertConfig = Field(default_factory=ExpertConfig)
    cameras: tuple[str, ...] = Field(default=("head",), min_length=1, description="Pictures a sample has, in their order.")
    steps: int = Field(default=CHUNK_STEPS, ge=1, description="Steps of a chunk. PAPERS: 16 at 15 Hz.")


class LoraSettings(StepConfig):
    """Adapters on the vision-language model (Hu et al. 2021), by peft."""

    rank: int = Field(default=16, ge=1, description="Rank. Ours, between the 8 and 64 in common use.")
    alpha: int = Field(default=32, ge=1, description="Scale of an adapter is alpha / rank. Common: twice the rank.")
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Of adapters' inputs. 0: a run resumes to the same curve.")
    targets: str = Field(
        default=r".*language_model.*\.(q|k|v|o|gate|up|down)_proj",
        description="Regular expression over whole module names. All linear layers of Qwen's language model.",
    )


class StageConfig(StepConfig):
    """One training run: continued training, or the post-training that follows it."""

    steps: int = Field(default=20_000, ge=1, description="Optimiser steps. LingBot-VLA: about 20k of post-training.")
    batch_size: int = Field(default=256, ge=1, description="Samples per step, over all GPUs and parts. LingBot-VLA: 256.")
    accumulate: int = Field(default=1, ge=1, description="Parts of a process's share, where it does not fit at once.")
    noise_draws: int = Field(
        default=4, ge=1, description="(t, noise) draws per sample and step; the VLM runs once for all. Ours; 1 for an L1 head."
    )
    tune: Literal["lora", "full", "frozen"] = Field(default="lora", description="What of the vision-language model is trained.")
    lora: LoraSettings = Field(default_factory=LoraSettings)
    peak_lr: float = Field(default=1e-4, gt=0, description="Learning rate after warm-up. LingBot-VLA: 1e-4.")
    vlm_lr_scale: float = Field(default=1.0, gt=0, description="Learning rate of the VLM over the expert's. LingBot-VLA: 1.")
    min_lr: float = Field(default=0.0, ge=0, description="Learning rate at the end of the cosine.")
    warmup_fraction: float = Field(
        default=0.05, ge=0, lt=1, description="Share of linear warm-up. Ours: 1,000 of 20,000 steps."
    )
    betas: tuple[float, float] = Field(default=(0.9, 0.95), description="Of AdamW. pi0.")
    weight_decay: float = Field(default=0.01, ge=0, description="Of matrices; 0 for vectors. Ours, AdamW's own default.")
    clip_norm: float | None = Field(default=1.0, gt=0, description="Largest gradient norm. LingBot-VLA: 1.")
    colour_jitter: float = Field(default=0.0, ge=0, lt=1, description="Brightness and contrast are scaled by 1 +- this.")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        default="auto", description="bf16 autocast over float32 weights, or float32; auto takes bf16 where the hardware has it."
    )
    gradient_checkpointing: bool = Field(
        default=False, description="Recompute the VLM's layers in the backward pass: less memory for about a third more time."
    )
    threads: int = Field(default=1, ge=1, description="CPU threads of one process.")
    log_every: int = Field(default=50, ge=1, description="Steps per row of the loss curve.")
    save_every: int = Field(default=1000, ge=1, description="Steps between savings of the whole state.")
    seed: int = Field(
        default=0, ge=0, description="Decides adapters' and expert's initial weights, order of samples and noise."
    )


class EvaluationConfig(StepConfig):
    """How policies are judged; the same for all that are compared."""

    draws: int = Field(default=8, ge=1, le=1024, description="Fixed (t, noise) draws per sample. Ours: halves the spread of 2.")
    batch_size: int = Field(default=32, ge=1, description="Samples at once.")
    resamples: int = Field(default=1000, ge=100, description="Of the bootstrap over episodes.")
    seed: int = Field(default=0, ge=0, description="Of draws, shuffles and resamples.")


class ClosedLoopConfig(StepConfig):
    """How a policy is let act."""

    execute: int = Field(default=8, ge=1, description="Steps of a chunk carried out before it looks again. Ours: half of 16.")
    seed: int = Field(default=0, ge=0, description="Of the sampled actions' starting noise.")
