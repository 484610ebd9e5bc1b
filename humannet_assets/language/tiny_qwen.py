"""A tiny Qwen VL model with random weights as a real local folder, for tests and first runs: no hub, no download.

Weights, tokenizer, chat template and image processor are those of the real classes; only the sizes are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

QwenKind = Literal["qwen2_5_vl", "qwen3_vl"]

SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% for item in message['content'] %}{% if item['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}{{ item['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
WORDS = "the left hand moves right quickly and closes. a person folds a towel on the table, then rests."
"""What the tokenizer's merges are learnt from; every other text is spelt in bytes."""


@dataclass(frozen=True)
class TinySizes:
    """Sizes of the model. `width` is 16 per head; `init` is the spread of language weights, `vision_init` of vision's.

    The default spreads are wide, so that random weights answer differently to different pictures; models that are trained want
    Qwen's 0.02.
    """

    width: int = 64
    layers: int = 2
    vision_width: int = 32
    vision_depth: int = 2
    init: float = 0.2
    vision_init: float = 0.3
    words: str = WORDS


def build_tiny_qwen(
    folder: Path,
    seed: int = 0,
    kind: QwenKind = "qwen2_5_vl",
    chat_template: str | None = CHAT_TEMPLATE,
    sizes: TinySizes | None = None,
) -> Path:
    """Save a randomly initialised model of that type under `folder` and return the folder."""
    import torch
    from safetensors.torch import save_file
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
    )
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    sizes = sizes or TinySizes()
    tokenizer = _tokenizer(sizes.words)
    tokenizer.chat_template = chat_template
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    width, heads = sizes.width, sizes.width // 16
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": sizes.layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // 2,
        "head_dim": 16,
        "max_position_embeddings": 4096,
        "initializer_range": sizes.init,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]},
        "bos_token_id": ids[SPECIAL[0]],
        "eos_token_id": ids[SPECIAL[2]],
        "pad_token_id": ids[SPECIAL[0]],
    }
    vision = {
        "depth": sizes.vision_depth, "hidden_size": sizes.vision_width, "intermediate_size": 2 * sizes.vision_width,
        "num_heads": sizes.vision_width // 16, "out_hidden_size": width, "initializer_range": sizes.vision_init,
    }  # fmt: skip
    tokens = {
        "image_token_id": ids[SPECIAL[5]],
        "video_token_id": ids[SPECIAL[6]],
        "vision_start_token_id": ids[SPECIAL[3]],
        "vision_end_token_id": ids[SPECIAL[4]],
        "tie_word_embeddings": True,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if kind == "qwen2_5_vl":
            vision |= {"patch_size": 14, "window_size": 112, "fullatt_block_indexes": [sizes.vision_depth - 1]}
            model = Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision, **tokens))
        else:
            vision |= {"patch_size": 16, "num_position_embeddings": 64, "deepstack_visual_indexes": [0]}
            text["rope_parameters"] = {**text["rope_parameters"], "mrope_interleaved": True}
            model = Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision, **tokens))
    side = 28 if kind == "qwen2_5_vl" else 32
    images = Qwen2VLImageProcessorPil(patch_size=side // 2, size={"shortest_edge": side**2, "longest_edge": 16 * side**2})
    # By hand: in one of several training processes `model.save_pretrained` writes no weights. The text head is the embeddings.
    weights = {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    images.save_pretrained(folder)
    return folder


def _tokenizer(words: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False)
    raw.train_from_iterator([words] * 9, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token=SPECIAL[2], pad_token=SPECIAL[0], additional_special_tokens=[SPECIAL[1], *SPECIAL[3:]]
    )
