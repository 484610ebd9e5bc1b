"""Do models look at the right place? Accuracy of the most attended source patch against true correspondence.

Agreement between models says nothing about being right; where depth and poses are known this does. It is shown beside the guess
that nothing moved, which video pairs reward richly (.36 within one patch at gaps below a second), beside chance, and once more
for the patches that moved, on which that guess is always wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from humannet_assets.geometry.covisibility import Correspondences
from humannet_assets.single_life.cas import CasError, ProbePairs, attention_maps, top_k
from humannet_assets.single_life.framing import Region
from humannet_assets.single_life.interfaces import AttentionModel

NEAR_PATCHES = 1
"""Steps (also diagonal) within which a patch counts as almost right, and beyond which it counts as moved."""


@dataclass(frozen=True)
class PatchTruth:
    """Where the middle of each target patch lies in the source.

    Attributes:
        source_px: (N, 2) or (pairs, N, 2): x and y in pixels of the source as the model sees it.
        covisible: (N,) or (pairs, N) bool: the source shows that point.
    """

    source_px: npt.NDArray[np.float64]
    covisible: npt.NDArray[np.bool_]

    @staticmethod
    def stack(truths: Sequence[PatchTruth]) -> PatchTruth:
        """Truths of single pairs as one of all pairs."""
        return PatchTruth(np.stack([one.source_px for one in truths]), np.stack([one.covisible for one in truths]))


def patch_truth(
    found: Correspondences, grid: tuple[int, int], shape: tuple[int, int], target: Region, source: Region
) -> PatchTruth:
    """Correspondences of pixels as correspondences of patches.

    Args:
        found: From `geometry.covisibility.correspondences(target view, source view)`.
        grid: Rows and columns of patches.
        shape: (height, width) of the model's input.
        target: Part of the target's depth map that the model's input shows, in its pixels.
        source: The same of the source.

    Returns:
        Truth of one pair; a point outside the source's part is not covisible.
    """
    row, column = np.meshgrid(*(np.arange(side) + 0.5 for side in grid), indexing="ij")
    y = (target.top + row.ravel() / grid[0] * target.height).astype(int)
    x = (target.left + column.ravel() / grid[1] * target.width).astype(int)
    place = found.pixels[y, x]  # (N, 2)
    share = (place - (source.left, source.top)) / (source.width, source.height)
    with np.errstate(invalid="ignore"):  # NaN where nothing corresponds: not inside
        inside = ((share >= 0) & (share < 1)).all(1)
    return PatchTruth(share * (shape[1], shape[0]), found.covisible[y, x] & inside)


@dataclass(frozen=True)
class MatchScore:
    """Shares 0..1 of covisible target patches.

    Attributes:
        exact: The first choice is the patch with the true point.
        near: It is that patch or one next to it.
        moved_near: The same among patches whose true point is not within one patch of the same position; NaN if none moved.
    """

    exact: float
    near: float
    moved_near: float


@dataclass(frozen=True)
class PatchMatching:
    """Accuracy of a model and what to read it beside.

    Attributes:
        mean: Of the map averaged over decoder blocks.
        layers: Of each decoder block.
        same_position: Of the guess that nothing moved.
        chance: Of a random patch.
        patches: Covisible target patches judged.
        moved: How many of them moved.
    """

    mean: MatchScore
    layers: tuple[MatchScore, ...]
    same_position: MatchScore
    chance: MatchScore
    patches: int
    moved: int


def patch_matching(model: AttentionModel, pairs: ProbePairs, truth: PatchTruth, batch: int = 32) -> PatchMatching:
    """Judge where a model looks.

    Args:
        model: The model.
        pairs: What it is shown.
        truth: Of all pairs.
        batch: Pairs per forward pass.

    Raises:
        CasError: The truth is not of these pairs and patches, no patch is covisible, or attention is not finite.
    """
    rows, columns = model.config.grid
    expected = (len(pairs), rows * columns)
    if truth.covisible.shape != expected or truth.source_px.shape != (*expected, 2):
        shapes = f"{truth.source_px.shape} and {truth.covisible.shape}"
        raise CasError(f"truth of shapes {shapes} for {len(pairs)} pairs of {rows * columns} patches")
    if not truth.covisible.any():
        raise CasError("no target patch is covisible in any pair; choose pairs that overlap")
    chosen = torch.cat(
        [
            top_k(torch.cat([maps, maps.mean(1, keepdim=True)], 1), 1)[0][..., 0].cpu()
            for maps in attention_maps(model, pairs, batch)
        ]
    ).numpy()  # (pairs, layers + 1, N)
    height, width = model.config.image_shape
    seen = truth.covisible
    true = np.floor(truth.source_px[seen] / (width, height) * (columns, rows)).astype(int)  # (judged, 2) as column, row
    here = np.broadcast_to(np.arange(rows * columns), seen.shape)[seen]
    moved = _steps(here, true, columns) > NEAR_PATCHES

    def score(choice: npt.NDArray[np.int64]) -> MatchScore:
        return _score(_steps(choice, true, columns), moved)

    by_layer = [score(chosen[:, layer][seen]) for layer in range(chosen.shape[1])]
    return PatchMatching(
        mean=by_layer[-1],
        layers=tuple(by_layer[:-1]),
        same_position=score(here),
        chance=_chance(true, moved, rows, columns),
        patches=len(true),
        moved=int(moved.sum()),
    )


def _steps(choice: npt.NDArray[np.integer], true: npt.NDArray[np.integer], columns: int) -> npt.NDArray[np.integer]:
    """King's moves between chosen patches (n,) and true places (n, 2)."""
    return np.maximum(np.abs(choice % columns - true[:, 0]), np.abs(choice // columns - true[:, 1]))


def _score(steps: npt.NDArray[np.integer], moved: npt.NDArray[np.bool_]) -> MatchScore:
    near = steps <= NEAR_PATCHES
    return MatchScore(
        float((steps == 0).mean()), float(near.mean()), float(near[moved].mean()) if moved.any() else float("nan")
    )


def _chance(true: npt.NDArray[np.integer], moved: npt.NDArray[np.bool_], rows: int, columns: int) -> MatchScore:
    """Of a patch drawn evenly: 1 / N, and the neighbourhood's share, smaller at the rim."""
    sides = [
        np.minimum(true[:, axis] + NEAR_PATCHES, side - 1) - np.maximum(true[:, axis] - NEAR_PATCHES, 0) + 1
        for axis, side in enumerate((columns, rows))
    ]
    near = sides[0] * sides[1] / (rows * columns)
    return MatchScore(1 / (rows * columns), float(near.mean()), float(near[moved].mean()) if moved.any() else float("nan"))
