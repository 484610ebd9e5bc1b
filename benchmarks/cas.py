"""CPU seconds to compare n models: each run once and its first choices kept, against running both models of each pair anew.

The obvious evaluation loops over pairs of models, and for each over the image pairs: two forward passes, two top-k, one count.
Its work grows with n (n - 1) forward passes, ours with n. Same weights, same images, same scores (asserted), one run.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import torch

from humannet_assets.single_life.cas import ProbePairs, View, attention_maps, cas_matrix, top_k
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.croco import CroCo
from humannet_assets.single_life.nulls import probe

K = 10
MODELS = (4, 8, 12)
PAIRS, BATCH = 16, 16


def run(_: int) -> None:
    """Compare 4, 8 and 12 demo-sized models on 16 image pairs both ways."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # models this small gain nothing from threads, and lose much where cores are shared
    try:
        _compare()
    finally:
        torch.set_num_threads(threads)


def _compare() -> None:
    config = CroCoConfig.preset("demo")
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, PAIRS, 3, *config.image_shape, generator=generator)
    pairs = ProbePairs(images[0], images[1])
    print(f"{PAIRS} image pairs, CroCo demo ({config.patches} patches), k = {K}; CPU seconds")
    _once_each({"0": CroCo(config)}, pairs)  # what torch does once is not part of it
    for count in MODELS:
        models = {}
        for seed in range(count):
            torch.manual_seed(seed)
            models[str(seed)] = CroCo(config).eval()
        started = time.process_time()
        ours = _once_each(models, pairs)
        middle = time.process_time()
        theirs = _pair_by_pair(list(models.values()), pairs)
        ended = time.process_time()
        if not np.allclose(ours, theirs, rtol=0, atol=1e-6):
            raise RuntimeError(f"{count} models: the two ways disagree by up to {np.abs(ours - theirs).max()}")
        once, pairwise = middle - started, ended - middle
        print(f"  {count:3d} models  once each {once:6.2f} s  pair by pair {pairwise:7.2f} s  ratio {pairwise / once:5.1f}")


def _once_each(models: dict[str, CroCo], pairs: ProbePairs) -> np.ndarray:
    view = View()
    sets = {name: probe(model, pairs, [view], K, BATCH, {})[view] for name, model in models.items()}
    return cas_matrix(sets, K, np.random.default_rng(0)).score


def _pair_by_pair(models: list[CroCo], pairs: ProbePairs) -> np.ndarray:
    """The definition as a loop."""
    score = np.eye(len(models))
    for i, j in itertools.combinations(range(len(models)), 2):
        total = 0.0
        for one, other in zip(attention_maps(models[i], pairs, BATCH), attention_maps(models[j], pairs, BATCH), strict=True):
            chosen = [torch.zeros_like(maps.mean(1)).scatter_(-1, top_k(maps.mean(1), K)[0], 1.0) for maps in (one, other)]
            total += float((chosen[0] * chosen[1]).sum())
        score[i, j] = score[j, i] = total / (len(pairs) * models[i].config.patches * K)
    return score
