"""CroCo: cross-view completion (Weinzaepfel et al., NeurIPS 2022 and ICCV 2023), in one file.

A shared ViT encoder reads the whole reference image and the few visible patches of the target image. The decoder starts from
the target (mask tokens where it is hidden), looks at the reference by cross-attention, and predicts the hidden pixels.

Written from the papers and from facts (names and shapes of the published weights, outputs of the published forward pass); the
authors' code is not used. Names and shapes of the state dict are theirs, so that their checkpoints load
(`humannet_assets.single_life.checkpoints`).

Shapes: B images, N = rows * columns patches of side P in row-major order, V of them visible, D width, H heads. Images are
float (B, 3, height, width), normalised as in `humannet_assets.single_life.loader`. Masks are bool (B, N), True = hidden.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from humannet_assets.single_life.config import CroCoConfig

NORM_EPS = 1e-6
"""Of every LayerNorm, and added to a patch's variance (CroCo, MAE)."""
SINCOS_BASE = 10_000.0
"""Longest period of the sin-cos embeddings over 2 pi (Vaswani et al. 2017, MAE)."""
MASK_TOKEN_STD = 0.02
"""Standard deviation of the mask token at the start (MAE)."""

Positions = tuple[Tensor, Tensor] | None
"""Cosines and sines of the rotary angles, each float32 (N, 2, D/H/4) or (B, N, 2, D/H/4): of the row, then of the column."""


@dataclass
class CroCoOutput:
    """What a forward pass gives.

    `prediction` (B, N, 3*P*P) and `patches` (B, N, 3*P*P), the target's own pixels; values of a patch are in the order
    row, column, channel. `mask` (B, N), True where the target was hidden.
    """

    prediction: Tensor
    mask: Tensor
    patches: Tensor


class Mlp(nn.Module):
    """Two layers with GELU between."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        return self.fc2(F.gelu(self.fc1(x)))


class SelfAttention(nn.Module):
    """Multi-head attention of tokens to each other; queries, keys and values come from one matrix, in this order."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, positions: Positions) -> Tensor:
        """(B, N, D) -> (B, N, D)."""
        query, key, value = self.qkv(x).unflatten(-1, (3, self.heads, -1)).unbind(2)  # each (B, N, H, D/H)
        return self.proj(attend(rotate(query, positions), rotate(key, positions), value))


class CrossAttention(nn.Module):
    """Multi-head attention of one image's tokens to another's."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.projq = nn.Linear(dim, dim)
        self.projk = nn.Linear(dim, dim)
        self.projv = nn.Linear(dim, dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, memory: Tensor, positions: Positions, memory_positions: Positions) -> Tensor:
        """Tokens (B, N, D) looking at memory (B, M, D) -> (B, N, D)."""
        query, key = self.query_key(x, memory, positions, memory_positions)
        return self.proj(attend(query, key, self.projv(memory).unflatten(-1, (self.heads, -1))))

    def query_key(self, x: Tensor, memory: Tensor, positions: Positions, memory_positions: Positions) -> tuple[Tensor, Tensor]:
        """Queries (B, N, H, D/H) and keys (B, M, H, D/H) with their positions."""
        query = rotate(self.projq(x).unflatten(-1, (self.heads, -1)), positions)
        key = rotate(self.projk(memory).unflatten(-1, (self.heads, -1)), memory_positions)
        return query, key


class EncoderBlock(nn.Module):
    """Pre-norm transformer block: self-attention, MLP."""

    def __init__(self, dim: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = SelfAttention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x: Tensor, positions: Positions) -> Tensor:
        """(B, N, D) -> (B, N, D)."""
        x = x + self.attn(self.norm1(x), positions)
        return x + self.mlp(self.norm2(x))


class DecoderBlock(nn.Module):
    """Pre-norm block: self-attention, cross-attention to the reference (normed by `norm_y`), MLP."""

    def __init__(self, dim: int, heads: int, hidden: int, *, normalise_memory: bool) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.attn = SelfAttention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.cross_attn = CrossAttention(dim, heads)
        self.norm_y = nn.LayerNorm(dim, eps=NORM_EPS) if normalise_memory else nn.Identity()
        self.norm3 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.mlp = Mlp(dim, hidden)

    def forward(self, x: Tensor, memory: Tensor, positions: Positions, memory_positions: Positions) -> Tensor:
        """Target tokens (B, N, D), reference tokens (B, M, D) -> target tokens (B, N, D)."""
        x = x + self.attn(self.norm1(x), positions)
        x = x + self.cross_attn(self.norm2(x), self.norm_y(memory), positions, memory_positions)
        return x + self.mlp(self.norm3(x))

    def cross_attention_logits(self, x: Tensor, memory: Tensor, positions: Positions, memory_positions: Positions) -> Tensor:
        """q.k / sqrt(head dim) of this block's cross-attention, mean over heads: (B, N, M)."""
        x = x + self.attn(self.norm1(x), positions)
        query, key = self.cross_attn.query_key(self.norm2(x), self.norm_y(memory), positions, memory_positions)
        heads, head_dim = query.shape[-2:]
        # The mean of the heads' dot products is the dot product over all their channels, divided by their number.
        return query.flatten(2) @ key.flatten(2).mT / (heads * head_dim**0.5)


class PatchEmbed(nn.Module):
    """Linear map of each patch, stored as the convolution that published weights hold."""

    def __init__(self, dim: int, patch_size: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch_size, stride=patch_size)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, height, width) -> (B, N, D)."""
        return self.proj(images).flatten(2).mT


class CroCo(nn.Module):
    """The model. See the module's docstring for shapes.

    With rotary positions images may have any size that is a multiple of the patch, and target and reference may differ;
    with sin-cos positions they have the configured size.
    """

    enc_pos_embed: Tensor | None
    dec_pos_embed: Tensor | None

    def __init__(self, config: CroCoConfig) -> None:
        super().__init__()
        self.config = config
        sincos = config.position == "sincos"
        enc, dec = config.encoder_dim, config.decoder_dim
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dec))
        # Buffers, not parameters: saved with the weights, as in the published files, and never trained.
        self.register_buffer("enc_pos_embed", sincos_positions(config.grid, enc) if sincos else None)
        self.register_buffer("dec_pos_embed", sincos_positions(config.grid, dec) if sincos else None)
        self.patch_embed = PatchEmbed(enc, config.patch_size)
        enc_hidden, dec_hidden = int(enc * config.mlp_ratio), int(dec * config.mlp_ratio)
        self.enc_blocks = nn.ModuleList(
            EncoderBlock(enc, config.encoder_heads, enc_hidden) for _ in range(config.encoder_depth)
        )
        self.enc_norm = nn.LayerNorm(enc, eps=NORM_EPS)
        self.decoder_embed = nn.Linear(enc, dec)
        self.dec_blocks = nn.ModuleList(
            DecoderBlock(dec, config.decoder_heads, dec_hidden, normalise_memory=config.normalise_memory)
            for _ in range(config.decoder_depth)
        )
        self.dec_norm = nn.LayerNorm(dec, eps=NORM_EPS)
        self.prediction_head = nn.Linear(dec, config.patch_values)
        self._initialise()

    def _initialise(self) -> None:
        """As MAE: Xavier-uniform matrices (the patch embedding as one matrix), zero biases, a small normal mask token."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.xavier_uniform_(self.patch_embed.proj.weight.view(self.config.encoder_dim, -1))
        nn.init.normal_(self.mask_token, std=MASK_TOKEN_STD)

    def forward(
        self, target: Tensor, reference: Tensor, mask: Tensor | None = None, generator: torch.Generator | None = None
    ) -> CroCoOutput:
        """Complete the target from its visible patches and the reference.

        Args:
            target: (B, 3, height, width), the image that is masked.
            reference: (B, 3, height, width), the other view, seen whole.
            mask: (B, N) bool, True = hidden, equally many in each row. A mask on the CPU spares a GPU a synchronisation. None
                hides `config.mask_ratio` of the patches at random.
            generator: For the random mask.

        Raises:
            ValueError: The images do not fit the model, or the mask does not fit the images.
        """
        grid = self._grid(target)
        if mask is None:
            mask = random_mask(len(target), grid[0] * grid[1], self.config.mask_ratio, generator)
        visible = visible_patches(mask, (len(target), grid[0] * grid[1]))
        visible, mask = visible.to(target.device, non_blocking=True), mask.to(target.device, non_blocking=True)
        prediction = self.complete(target, reference, visible)
        return CroCoOutput(prediction, mask, patchify(target, self.config.patch_size))

    def complete(self, target: Tensor, reference: Tensor, visible: Tensor) -> Tensor:
        """Predicted pixels (B, N, 3*P*P) of a target seen at the patches `visible` (B, V) only: one graph for torch.compile."""
        tokens = self.decoder_embed(self._encode(target, visible))  # (B, V, D)
        memory = self.decoder_embed(self._encode(reference, None))  # (B, N, D)
        grid = self._grid(target)
        # Visible tokens go back to their places among mask tokens.
        tokens = tokens.to(self.mask_token.dtype)
        index = visible.unsqueeze(-1).expand_as(tokens)
        queries = self.mask_token.expand(len(target), grid[0] * grid[1], -1).scatter(1, index, tokens)
        return self.prediction_head(self._decode(queries, memory, grid, self._grid(reference)))

    def encode(self, images: Tensor, mask: Tensor | None = None) -> Tensor:
        """Features after the encoder's last norm: of all patches (B, N, D), or of those the mask leaves visible (B, V, D).

        Raises:
            ValueError: The images do not fit the model, or the mask does not fit the images.
        """
        rows, columns = self._grid(images)
        visible = None if mask is None else visible_patches(mask, (len(images), rows * columns)).to(images.device)
        return self._encode(images, visible)

    def loss(self, output: CroCoOutput) -> Tensor:
        """Mean squared error over hidden patches, the target standardised per patch if the configuration says so: scalar."""
        target = output.patches.float()
        if self.config.normalise_target:
            # One fused pass: layer_norm divides by sqrt(biased variance + eps), which is sqrt(unbiased variance + NORM_EPS)
            # times sqrt(shrink).
            values = target.shape[-1]
            shrink = (values - 1) / values
            target = F.layer_norm(target, (values,), eps=NORM_EPS * shrink) * shrink**0.5
        error = F.mse_loss(output.prediction.float(), target, reduction="none").mean(dim=-1)  # (B, N)
        return (error * output.mask).sum() / output.mask.sum()

    @torch.no_grad()
    def cross_attention_logits(self, target: Tensor, source: Tensor) -> Tensor:
        """How strongly each target patch looks at each source patch, per decoder block; both images whole.

        Returns:
            (B, blocks, N, M) float32: q.k / sqrt(head dim), before the softmax, mean over heads.
        """
        grid, source_grid = self._grid(target), self._grid(source)
        with torch.autocast(target.device.type, enabled=False):
            memory = self.decoder_embed(self._encode(source, None))
            x = self.decoder_embed(self._encode(target, None))
            x, memory, positions, memory_positions = self._placed(x, memory, grid, source_grid)
            layers = []
            for block in self.dec_blocks:
                assert isinstance(block, DecoderBlock)
                layers.append(block.cross_attention_logits(x, memory, positions, memory_positions))
                x = block(x, memory, positions, memory_positions)
        return torch.stack(layers, dim=1).float()

    def _grid(self, images: Tensor) -> tuple[int, int]:
        """(rows, columns) of patches of some images."""
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(f"images must be (B, 3, height, width), found {tuple(images.shape)}")
        height, width = images.shape[2:]
        if self.config.position == "sincos" and (height, width) != self.config.image_shape:
            raise ValueError(
                f"images of {height}x{width} for a model with sin-cos positions of {self.config.image_shape}; resize them, or "
                "set image_size when the model is made"
            )
        patch = self.config.patch_size
        if height % patch or width % patch:
            raise ValueError(f"images of {height}x{width} are not a multiple of the patch size {patch}")
        return height // patch, width // patch

    def _encode(self, images: Tensor, visible: Tensor | None) -> Tensor:
        """Features of all patches, or of those with the indices `visible` (B, V)."""
        x = self.patch_embed(images)  # (B, N, D)
        if self.enc_pos_embed is not None:
            x = x + self.enc_pos_embed
        positions = self._rotary(self._grid(images), self.config.encoder_dim // self.config.encoder_heads, x.device)
        if visible is not None:
            x = x.gather(1, visible.unsqueeze(-1).expand(-1, -1, x.shape[-1]))  # (B, V, D)
            positions = None if positions is None else (positions[0][visible], positions[1][visible])
        for block in self.enc_blocks:
            x = block(x, positions)
        return self.enc_norm(x)

    def _decode(self, x: Tensor, memory: Tensor, grid: tuple[int, int], memory_grid: tuple[int, int]) -> Tensor:
        """Decoder features (B, N, D) of target tokens that look at the memory; both in decoder width, without positions."""
        x, memory, positions, memory_positions = self._placed(x, memory, grid, memory_grid)
        for block in self.dec_blocks:
            x = block(x, memory, positions, memory_positions)
        return self.dec_norm(x)

    def _placed(
        self, x: Tensor, memory: Tensor, grid: tuple[int, int], memory_grid: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Positions, Positions]:
        """Decoder inputs with their positions: sin-cos added once more (v1), or rotary angles for every block (v2)."""
        if self.dec_pos_embed is not None:
            return x + self.dec_pos_embed, memory + self.dec_pos_embed, None, None
        head_dim = self.config.decoder_dim // self.config.decoder_heads
        return x, memory, self._rotary(grid, head_dim, x.device), self._rotary(memory_grid, head_dim, x.device)

    def _rotary(self, grid: tuple[int, int], head_dim: int, device: torch.device) -> Positions:
        if self.config.position != "rope":
            return None
        return rotary_positions(grid, head_dim, self.config.rope_base, device)


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Fused softmax attention: (B, N, H, D/H), (B, M, H, D/H) twice -> (B, N, D)."""
    query, key, value = (x.transpose(1, 2) for x in (query, key, value))
    if value.dtype == torch.bfloat16 and value.device.type == "cpu":
        # The CPU kernel's backward pass takes three times as long in bfloat16 as in float32 (torch 2.13, AVX-512).
        with torch.autocast("cpu", enabled=False):
            mixed = F.scaled_dot_product_attention(query.float(), key.float(), value.float()).to(value.dtype)
    else:
        mixed = F.scaled_dot_product_attention(query, key, value)
    return mixed.transpose(1, 2).flatten(2)


def rotate(x: Tensor, positions: Positions) -> Tensor:
    """Turn pairs of channels of (B, N, H, D/H) by their angles, in float32.

    The first half of a head's channels belongs to the row, the second to the column; within a half, channel i pairs with
    channel i + half/2.
    """
    if positions is None:
        return x
    cosine, sine = (table.unsqueeze(-3) for table in positions)  # (..., N, 1, 2, D/H/4)
    first, second = x.float().unflatten(-1, (2, 2, -1)).unbind(-2)  # each (B, N, H, 2, D/H/4)
    turned = torch.stack((first * cosine - second * sine, second * cosine + first * sine), dim=-2)
    return turned.flatten(-3).to(x.dtype)


def rotary_positions(grid: tuple[int, int], head_dim: int, base: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines, (N, 2, head_dim / 4) each, of the angles position * base ** (-i / (head_dim / 4))."""
    quarter = head_dim // 4
    frequency = 1 / base ** (torch.arange(quarter, dtype=torch.float32, device=device) / quarter)
    rows, columns = (torch.arange(count, dtype=torch.float32, device=device) for count in grid)
    place = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1).flatten(0, 1)  # (N, 2)
    angle = place.unsqueeze(-1) * frequency
    return angle.cos(), angle.sin()


def sincos_positions(grid: tuple[int, int], dim: int) -> Tensor:
    """Fixed 2D embeddings (N, dim), float32, of MAE: quarters are sin(column), cos(column), sin(row), cos(row)."""
    quarter = dim // 4
    frequency = 1 / SINCOS_BASE ** (torch.arange(quarter, dtype=torch.float64) / quarter)
    rows, columns = (torch.arange(count, dtype=torch.float64) for count in grid)
    row, column = (place.flatten().unsqueeze(-1) * frequency for place in torch.meshgrid(rows, columns, indexing="ij"))
    return torch.cat((column.sin(), column.cos(), row.sin(), row.cos()), dim=1).float()


def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut (B, 3, height, width) into (B, N, 3*P*P); values of a patch in the order row, column, channel."""
    batch, channels, height, width = images.shape
    cut = images.reshape(batch, channels, height // patch_size, patch_size, width // patch_size, patch_size)
    return cut.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, patch_size**2 * channels)


def random_mask(images: int, patches: int, ratio: float, generator: torch.Generator | None = None) -> Tensor:
    """(images, patches) bool on the CPU, True = hidden: int(ratio * patches) in each row, uniformly at random."""
    order = torch.rand(images, patches, generator=generator).argsort(dim=1)
    return order < int(ratio * patches)


def visible_patches(mask: Tensor, shape: tuple[int, int]) -> Tensor:
    """Indices (B, V) of the patches a mask leaves visible, ascending.

    Raises:
        ValueError: The mask is no bool tensor of that shape (B, N), or its rows hide different numbers of patches.
    """
    if mask.dtype != torch.bool or tuple(mask.shape) != shape:
        raise ValueError(f"the mask must be bool of shape {shape}, found {mask.dtype} of shape {tuple(mask.shape)}")
    counts = (~mask).sum(dim=1)
    fewest, most = int(counts.min()), int(counts.max())
    if fewest != most or most == 0:
        raise ValueError(f"each image must show equally many patches, at least one; this mask shows {fewest} to {most}")
    return mask.int().argsort(dim=1, stable=True)[:, :most]
