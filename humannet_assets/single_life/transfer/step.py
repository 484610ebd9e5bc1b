"""`patch_matches` and `life_transfer`: does a model look at the right place, and what is it good for?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from humannet_assets.single_life.alignment import MODEL_COLUMNS, load_model
from humannet_assets.single_life.config import CroCoConfig
from humannet_assets.single_life.experiment import TransferConfig
from humannet_assets.single_life.statistics import LEAST_UNITS, bootstrap_interval
from humannet_assets.single_life.workplace import PlacedStep, Workplace
from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Outcome, Read, Unit
from humannet_assets.store.tables import CROCO_CHECKPOINTS, CROCO_RUNS, LIFE_TRANSFER, PATCH_MATCHES, VIDEO_SOURCES
from humannet_assets.store.tables.single_life_models import RUN_COLUMNS

if TYPE_CHECKING:
    from humannet_assets.single_life.cas import ProbePairs
    from humannet_assets.single_life.croco import CroCo
    from humannet_assets.single_life.matching import PatchMatching, PatchTruth
    from humannet_assets.single_life.transfer.datasets import TransferData
    from humannet_assets.single_life.transfer.flow_pairs import FlowPair
    from humannet_assets.single_life.transfer.samples import DepthSample

_READS = (
    Read(CROCO_RUNS, ("role", "probe_video_ids"), unit="model_id", by="values"),
    Read(CROCO_CHECKPOINTS, MODEL_COLUMNS, by="values"),
    Read(VIDEO_SOURCES, ("sidecar_uri", "sidecar_fingerprint"), unit="video_id", through="probe_video_ids", by="values"),
)


class _ModelStep(PlacedStep[TransferConfig]):
    """What both steps share: the probe set's pictures with depth, read once, and untrained models to compare with."""

    __abstract__ = True
    load_units = 8

    def __init__(self, config: TransferConfig, place: Workplace | None = None) -> None:
        super().__init__(config, place)
        self._samples: dict[tuple[str, ...], list[DepthSample]] = {}

    def probe(self, video_ids: Sequence[str]) -> list[DepthSample]:
        """Pictures with depth of the probe set; none where it has none."""
        from humannet_assets.single_life.probe_set import probe_samples

        key = tuple(video_ids)
        if key not in self._samples:
            self._samples = {key: probe_samples(self.place, video_ids, 4 * self.config.max_samples)}
        return self._samples[key]


class MatchStep(_ModelStep):
    """Judges where each model looks, before and after training."""

    name = "patch_matches"
    code_version = "1"
    reads = _READS
    writes = PATCH_MATCHES

    def __init__(self, config: TransferConfig, place: Workplace | None = None) -> None:
        super().__init__(config, place)
        self._prepared: dict[tuple[str, ...], tuple[ProbePairs, PatchTruth, PatchMatching]] = {}

    def _prepare(self, video_ids: Sequence[str], sizes: CroCoConfig) -> tuple[ProbePairs, PatchTruth, PatchMatching]:
        """Pairs with truth at a model's input size, and how an untrained model does on them."""
        from humannet_assets.single_life.probe_set import matching_pairs
        from humannet_assets.single_life.training import initial_model

        key = (sizes.fingerprint(), *video_ids)
        if key not in self._prepared:
            pairs, truth = matching_pairs(self.probe(video_ids), self.config.pair_gap, sizes, self.config.max_pairs)
            untrained = _judge(initial_model(sizes, self.config.random_seed), pairs, truth)
            self._prepared = {key: (pairs, truth, untrained)}
        return self._prepared[key]

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Rows per decoder block and their mean, of the trained and of the untrained model."""
        from humannet_assets.single_life.transfer.samples import DatasetError

        for unit in units:
            checkpoints = unit.all(CROCO_CHECKPOINTS)
            if not checkpoints:
                yield Outcome.rejected(unit, ["no_checkpoint"], {"fix": "see croco_checkpoints_rows"})
                continue
            row = checkpoints[0]
            model = load_model(row)
            try:
                pairs, truth, untrained = self._prepare(unit.row(CROCO_RUNS)["probe_video_ids"], model.config)
            except DatasetError as error:
                yield Outcome.rejected(unit, ["no_truth"], {"why": str(error)})
                continue
            rows = [*_match_rows(row, "trained", _judge(model, pairs, truth)), *_match_rows(row, "random_init", untrained)]
            yield Outcome.kept(unit, rows, {"pairs": len(pairs)})


def _judge(model: CroCo, pairs: ProbePairs, truth: PatchTruth) -> PatchMatching:
    import torch

    from humannet_assets.single_life.distribution import distributed
    from humannet_assets.single_life.matching import patch_matching

    with distributed() as here, torch.no_grad():
        return patch_matching(model.to(here.device).eval(), pairs, truth)


def _match_rows(row: Mapping[str, Any], weights: str, found: PatchMatching) -> Iterator[dict[str, Any]]:
    for layer, score in enumerate((found.mean, *found.layers), start=-1):
        yield {
            "match_id": stable_id(row["model_id"], weights, layer),
            **{name: row[name] for name in RUN_COLUMNS},
            "weights": weights,
            "layer": layer,
            "patches": found.patches,
            "moved": found.moved,
            **{name: _known(value) for name, value in asdict(score).items()},
            "same_position_near": found.same_position.near,
            "chance_near": found.chance.near,
            "chance_moved_near": _known(found.chance.moved_near),
        }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


@dataclass(frozen=True)
class Metric:
    """One metric of one task: `values` (samples,) and the scene of each."""

    task: str
    by: str
    name: str
    higher_is_better: bool
    values: tuple[float, ...]
    groups: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from the others of a data set."""
        return self.task, self.by, self.name

    @property
    def mean(self) -> float:
        """Over samples."""
        return float(np.mean(self.values))


class TransferStep(_ModelStep):
    """Measures depth and correspondence of whole-life models on every data set."""

    name = "life_transfer"
    code_version = "1"
    reads = _READS
    writes = LIFE_TRANSFER

    def __init__(self, config: TransferConfig, place: Workplace | None = None) -> None:
        super().__init__(config, place)
        self._known: dict[tuple[str, ...], Baselines] = {}
        self._probe_data: dict[tuple[str, ...], TransferData] = {}

    def models(self) -> tuple[str, ...]:
        """Names and sizes of the files in the data sets' folders."""
        return self.config.contents()

    @cached_property
    def _folders(self) -> list[TransferData]:
        from humannet_assets.single_life.transfer.datasets import load_dataset

        return [load_dataset(folder, self.config) for folder in self.config.datasets]

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Rows per data set, task and metric."""
        for unit in units:
            checkpoints = unit.all(CROCO_CHECKPOINTS)
            if not checkpoints:
                yield Outcome.rejected(unit, ["no_checkpoint"], {"fix": "see croco_checkpoints_rows"})
                continue
            row = checkpoints[0]
            if row["duration_s"] is not None and not self.config.durations:
                yield Outcome.rejected(unit, ["not_wanted"], {"fix": "transfer.durations", "duration_s": row["duration_s"]})
                continue
            data = [*self._of_probe(unit.row(CROCO_RUNS)["probe_video_ids"]), *self._folders]
            if not data:
                yield Outcome.rejected(unit, ["no_samples"], {"fix": "a probe set with depth, or transfer.datasets"})
                continue
            model = load_model(row)
            rows = [found for one in data for found in self._rows(row, model, one)]
            yield Outcome.kept(unit, rows, {one.name: one.split for one in data})

    def _of_probe(self, video_ids: Sequence[str]) -> list[TransferData]:
        from humannet_assets.single_life.transfer.datasets import PROBE_DATASET, from_samples

        key = tuple(video_ids)
        if key not in self._probe_data:
            self._probe_data = {key: from_samples(PROBE_DATASET, self.probe(video_ids), self.config)}
        data = self._probe_data[key]
        return [data] if data.test or data.pairs else []

    def _rows(self, row: Mapping[str, Any], model: CroCo, data: TransferData) -> Iterator[dict[str, Any]]:
        key = (
            model.config.fingerprint(),
            data.name,
            *(sample.name for sample in data.test),
            *(pair.name for pair in data.pairs),
        )
        if key not in self._known:
            self._known[key] = baselines(data, model.config, self.config)
        beside = self._known[key]
        # Without a second view in training there is no cross-attention to speak of: features only.
        for metric in measure(model, data, self.config, attention=row["role"] != "no_source"):
            few = len(set(metric.groups)) < LEAST_UNITS
            low, high = bootstrap_interval(
                np.array(metric.values), np.random.default_rng(self.config.seed),
                clusters=() if few else metric.groups, resamples=self.config.resamples,
            )  # fmt: skip
            yield {
                "transfer_id": stable_id(row["model_id"], data.name, *metric.key),
                **{name: row[name] for name in RUN_COLUMNS},
                "dataset": data.name,
                "task": metric.task,
                "method": metric.by,
                "metric": metric.name,
                "higher_is_better": metric.higher_is_better,
                "samples": len(metric.values),
                "value": metric.mean,
                "low": float(low),
                "high": float(high),
                "random_init": beside.untrained[metric.key],
                "trivial": beside.trivial[metric.task, metric.name],
                "grid_limit": beside.limit.get(metric.name),
            }


def measure(
    model: CroCo, data: TransferData, config: TransferConfig, *, attention: bool = True
) -> Iterator[Metric]:  # fmt: skip
    """All metrics of a model on a data set; those of its cross-attention only if asked for."""
    import torch

    from humannet_assets.single_life.distribution import distributed
    from humannet_assets.single_life.transfer.correspondence import (
        attention_similarity,
        feature_similarity,
        patch_matcher,
    )

    with distributed() as here:
        model = model.to(here.device).eval()
        if data.train and data.test:
            yield from _depth(model, data, config, here.device)
        if data.pairs:
            with torch.no_grad():
                similarities = {"features": feature_similarity(model)}
                if attention:
                    similarities["attention"] = attention_similarity(model)
                for by, similarity in similarities.items():
                    yield from _correspondence(data.pairs, patch_matcher(model, similarity), by)


def _depth(model: CroCo, data: TransferData, config: TransferConfig, device: Any) -> Iterator[Metric]:
    from humannet_assets.single_life.transfer.depth import encode_samples, predict_depth, train_probe

    probe_config = config.depth_probe()
    train, test = (encode_samples(model, samples, probe_config) for samples in (data.train, data.test))
    probe = train_probe(train, probe_config, config.seed, device)
    yield from _depth_metrics(predict_depth(probe, test, probe_config), test.depth_m, data.test)


def _depth_metrics(predicted: Any, truth: Any, samples: Sequence[DepthSample]) -> Iterator[Metric]:
    from humannet_assets.single_life.transfer.depth import score_depth

    each = np.ndim(predicted) == 3
    scores = [score_depth(predicted[i : i + 1] if each else predicted, truth[i : i + 1]) for i in range(len(truth))]
    groups = tuple(sample.group for sample in samples)
    for name in ("delta1", "abs_rel", "delta1_scaled", "abs_rel_scaled"):
        values = tuple(getattr(score, name) for score in scores)
        yield Metric("depth", "attentive_probe", name, name.startswith("delta1"), values, groups)


def _correspondence(pairs: Sequence[FlowPair], predict: Any, by: str) -> Iterator[Metric]:
    from humannet_assets.single_life.transfer.correspondence import PCK_PX, score_correspondence

    scores = [score_correspondence([pair], predict) for pair in pairs]
    groups = tuple(pair.group for pair in pairs)
    yield Metric(
        "correspondence", by, "aepe_px", higher_is_better=False, values=tuple(s.aepe_px for s in scores), groups=groups
    )
    for limit in PCK_PX:
        values = tuple(score.pck[limit] for score in scores)
        yield Metric("correspondence", by, f"pck{limit}", higher_is_better=True, values=values, groups=groups)


@dataclass(frozen=True)
class Baselines:
    """What a data set's figures are read beside.

    `untrained` by metric, `trivial` by task and metric name, `limit` (what patches can reach) by metric name.
    """

    untrained: Mapping[tuple[str, str, str], float]
    trivial: Mapping[tuple[str, str], float]
    limit: Mapping[str, float]


def baselines(data: TransferData, sizes: CroCoConfig, config: TransferConfig) -> Baselines:
    """Baselines of a data set for models of some sizes."""
    from humannet_assets.single_life.training import initial_model
    from humannet_assets.single_life.transfer.correspondence import grid_limit, identity_flow
    from humannet_assets.single_life.transfer.depth import framed_depth, mean_depth

    untrained = initial_model(sizes, config.random_seed)
    found = {metric.key: metric.mean for metric in measure(untrained, data, config)}
    trivial: dict[tuple[str, str], float] = {}
    limit: dict[str, float] = {}
    if data.train and data.test:
        probe_config = config.depth_probe()
        train, test = (
            np.stack([framed_depth(sample, sizes.image_shape, probe_config) for sample in samples])
            for samples in (data.train, data.test)
        )
        for metric in _depth_metrics(mean_depth(train), test, data.test):
            trivial[metric.task, metric.name] = metric.mean
    if data.pairs:
        for metric in _correspondence(data.pairs, identity_flow, "identity"):
            trivial[metric.task, metric.name] = metric.mean
        limit = {metric.name: metric.mean for metric in _correspondence(data.pairs, grid_limit(sizes.grid), "limit")}
    return Baselines(found, trivial, limit)
