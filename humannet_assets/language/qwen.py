"""Captions by a Qwen VL model through transformers: frames of a clip in, text out, in batches.

Frames are shown as separate pictures with their times, in the model's own chat template. The picture placeholders are
expanded here rather than by the processor class, which insists on a video processor that not every folder has.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from humannet_assets.media.frames import RGB
from humannet_assets.store.step import StepConfig

PROMPT = (
    "These pictures are frames of one video clip in the order of time. Begin with one short sentence that says what the "
    "person does. Then describe in two or three sentences which objects the hands or the body act on, how they move, in "
    "which order, and where this happens. Say only what the pictures show."
)
_IMAGE = "<|image_pad|>"
_VISION_START, _VISION_END = "<|vision_start|>", "<|vision_end|>"


class QwenConfig(StepConfig):
    """Which model writes the captions and what it is shown."""

    model: str = Field(min_length=1, description="Local folder, or hub id (owner/name) together with `revision`.")
    revision: str | None = Field(default=None, description="Commit of a hub model; required for hub ids.")
    frames: int = Field(default=8, ge=1, le=64, description="Frames shown per clip, spread evenly; ours, about 1.5 per second.")
    sample_rate_hz: float = Field(default=4.0, gt=0, le=60, description="Frames per second among which they are chosen; ours.")
    side_px: int = Field(
        default=448, ge=28, le=2048, description="Longer side of a frame shown, pixels; ours: about 144 tokens."
    )
    prompt: str = Field(
        default=PROMPT, min_length=1, description="What the model is asked; the first sentence is the short caption."
    )
    max_new_tokens: int = Field(
        default=192, ge=1, le=4096, description="Longest answer, tokens; ours: about 130 English words."
    )
    temperature: float = Field(
        default=0.0, ge=0, le=2, description="0 is greedy; above it clips are sampled one by one by `seed`."
    )
    repetition_penalty: float = Field(default=1.05, ge=1, le=2, description="As in Qwen2.5-VL's own generation settings.")
    seed: int = Field(default=0, ge=0, description="Seed of sampling; no effect at temperature 0.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto", description="auto: bfloat16 on a GPU, float32 on a CPU."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="auto: the GPU if there is one.")
    batch_size: int = Field(
        default=4, ge=1, le=256, description="Clips per generation; rounding may differ in the last bits with it."
    )

    @field_validator("prompt")
    @classmethod
    def _no_control_tokens(cls, prompt: str) -> str:
        if "<|" in prompt:
            raise ValueError("the prompt must not contain control tokens (<|...|>): they would break the chat template")
        return prompt

    def fingerprint(self) -> str:
        """Without what does not change the meaning of a caption; the model itself enters by the hash of its files."""
        kept = self.model_dump(mode="json", exclude={"model", "revision", "batch_size", "device"})
        return json.dumps(kept, sort_keys=True)


@dataclass(frozen=True)
class CaptionRequest:
    """The frames of one clip: RGB uint8 (height, width, 3) each, and their times from the clip's start, seconds."""

    clip_id: str
    frames: tuple[RGB, ...]
    times_s: tuple[float, ...]


@dataclass(frozen=True)
class CaptionReply:
    """A caption, with the clip it was asked for and the hash of the pixels the model was given."""

    clip_id: str
    frame_hash: str
    text: str


def frame_hash(frames: Sequence[RGB]) -> str:
    """SHA-256 over shape and pixels of the frames in order."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(f"{frame.shape}".encode())
        digest.update(np.ascontiguousarray(frame).tobytes())
    return digest.hexdigest()


def tidy(text: str, finished: bool) -> str:
    """The answer on one line, without thinking part and control characters; cut by the limit, up to its last full sentence."""
    answer = text.rpartition("</think>")[2]
    line = " ".join("".join(c if c.isprintable() else " " for c in answer).split())
    if not finished and (cut := re.match(r".*[.!?](?=\s|$)", line)):
        return cut.group()
    return line


def first_sentence(text: str) -> str:
    """Up to the first full stop, exclamation or question mark that ends a word; the whole text if there is none."""
    match = re.match(r".+?[.!?](?=\s|$)", text)
    return match.group() if match else text


@dataclass
class QwenCaptioner:
    """A loaded model. `tokenizer` and `images` are the folder's tokenizer and image processor."""

    model: Any
    tokenizer: Any
    images: Any
    config: QwenConfig

    @classmethod
    def load(cls, folder: Path, identity: str, config: QwenConfig) -> QwenCaptioner:
        """The captioner on a folder's model, loaded once per process; new weights in the folder change `identity`.

        Raises:
            ModelUnusableError: If the tokenizer lacks the picture tokens, or a GPU is asked for and there is none.
        """
        return cls(*_load_parts(folder, identity, config.device, config.dtype), config)

    def caption(self, requests: Sequence[CaptionRequest]) -> list[CaptionReply]:
        """One reply per request, in their order, each echoing the request's clip id and the hash of the pixels used.

        Greedy answers are generated together; sampled ones clip by clip, so that they do not depend on their neighbours.

        Raises:
            ValueError: If a request has no frames or the chat template does not place each of them.
            RuntimeError: If the model does not answer exactly once per request.
        """
        if self.config.temperature > 0 and len(requests) > 1:
            return [reply for request in requests for reply in self.caption([request])]
        if not requests:
            return []
        import torch

        batch = self._batch(requests)
        length = batch["input_ids"].shape[1]
        with torch.inference_mode(), self._seeded(requests[0].clip_id):
            output = self.model.generate(**batch, generation_config=self._generation())
        answers = output[:, length:].tolist()
        if len(answers) != len(requests):
            raise RuntimeError(f"the model gave {len(answers)} answers to {len(requests)} clips; none can be attributed")
        stops = set(self._stops())
        return [
            CaptionReply(
                request.clip_id,
                frame_hash(request.frames),
                tidy(self.tokenizer.decode(answer, skip_special_tokens=True), finished=bool(stops.intersection(answer))),
            )
            for request, answer in zip(requests, answers, strict=True)
        ]

    def _batch(self, requests: Sequence[CaptionRequest]) -> dict[str, Any]:
        """Model inputs: left-padded ids (B, T), `pixel_values` of all pictures in request order, their grids (P, 3)."""
        import torch
        from PIL import Image

        for request in requests:
            if not request.frames or len(request.frames) != len(request.times_s):
                raise ValueError(f"clip {request.clip_id}: {len(request.frames)} frames with {len(request.times_s)} times")
        pictures = [Image.fromarray(frame) for request in requests for frame in request.frames]
        pixels = self.images(pictures, return_tensors="pt")
        grids = pixels["image_grid_thw"]
        if len(grids) != len(pictures):
            raise RuntimeError(f"the image processor gave {len(grids)} grids for {len(pictures)} pictures")
        counts = iter((grids.prod(-1) // self.images.merge_size**2).tolist())
        texts = [self._prompt(request, counts) for request in requests]
        batch = dict(
            self.tokenizer(texts, padding=True, padding_side="left", add_special_tokens=False, return_tensors="pt"),
            pixel_values=pixels["pixel_values"],
            image_grid_thw=grids,
        )
        batch.pop("token_type_ids", None)
        batch["mm_token_type_ids"] = (batch["input_ids"] == self.model.config.image_token_id).to(torch.int32)
        return {name: tensor.to(self.model.device) for name, tensor in batch.items()}

    def _prompt(self, request: CaptionRequest, counts: Iterator[int]) -> str:
        content: list[dict[str, str]] = []
        for time in request.times_s:
            content += [{"type": "text", "text": f"{time:.1f} s:"}, {"type": "image"}]
        content.append({"type": "text", "text": self.config.prompt})
        if self.tokenizer.chat_template:
            messages = [{"role": "user", "content": content}]
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        else:
            body = "".join(c.get("text", f"{_VISION_START}{_IMAGE}{_VISION_END}") for c in content)
            text = f"<|im_start|>user\n{body}<|im_end|>\n<|im_start|>assistant\n"
        pieces = text.split(_IMAGE)
        if len(pieces) != len(request.frames) + 1:
            raise ValueError(
                f"clip {request.clip_id}: the model's chat template placed {len(pieces) - 1} pictures for "
                f"{len(request.frames)} frames; it is not a Qwen VL template"
            )
        return pieces[0] + "".join(_IMAGE * next(counts) + piece for piece in pieces[1:])

    def _stops(self) -> list[int]:
        stops = self.model.generation_config.eos_token_id
        if stops is None:
            stops = self.tokenizer.eos_token_id
        return [stops] if isinstance(stops, int) else list(stops or ())

    def _generation(self) -> Any:
        from transformers import GenerationConfig

        sampling = {"do_sample": True, "temperature": self.config.temperature} if self.config.temperature > 0 else {}
        return GenerationConfig(
            max_new_tokens=self.config.max_new_tokens,
            repetition_penalty=self.config.repetition_penalty,
            eos_token_id=self._stops() or None,
            pad_token_id=self.tokenizer.pad_token_id,
            **sampling,
        )

    @contextmanager
    def _seeded(self, clip_id: str) -> Iterator[None]:
        """A random state of this clip's own, leaving the caller's as it was."""
        import torch

        with torch.random.fork_rng():
            seed = hashlib.sha256(f"{self.config.seed}:{clip_id}".encode()).digest()
            torch.manual_seed(int.from_bytes(seed[:8], "big") >> 1)
            yield


@functools.lru_cache(maxsize=1)
def _load_parts(folder: Path, identity: str, device: str, dtype: str) -> tuple[Any, Any, Any]:
    """Model, tokenizer and image processor of a folder; nothing is fetched and no code of the folder is run."""
    import torch
    from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoTokenizer

    from humannet_assets.language.weights import ModelUnusableError

    if device == "cuda" and not torch.cuda.is_available():
        raise ModelUnusableError(f"captioner.qwen.device is cuda but torch sees no GPU for {identity}; use auto or cpu")
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    kind = {"auto": "bfloat16" if chosen == "cuda" else "float32"}.get(dtype, dtype)
    model: Any = AutoModelForImageTextToText.from_pretrained(
        folder, dtype=getattr(torch, kind), local_files_only=True, use_safetensors=True
    )
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if tokenizer.convert_tokens_to_ids(_IMAGE) != model.config.image_token_id:
        raise ModelUnusableError(f"the tokenizer in {folder} does not know {_IMAGE} as the model's picture token")
    legacy = folder / "chat_template.json"
    if not tokenizer.chat_template and legacy.is_file():
        tokenizer.chat_template = json.loads(legacy.read_text(encoding="utf-8"))["chat_template"]
    # The PIL backend: the other one needs torchvision, and results must not depend on whether that is installed.
    images = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
    return model.to(torch.device(chosen)).eval(), tokenizer, images
