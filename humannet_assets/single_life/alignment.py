"""`cas_matrices`: how far models agree, with every null, on the pairs of the probe set. One forward pass per model and pair."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from humannet_assets.single_life.card import CheckpointError, read_card
from humannet_assets.single_life.experiment import CasConfig, ExperimentConfig
from humannet_assets.single_life.frames import FrameCacheConfig, FrameCacheError
from humannet_assets.single_life.pairs import PairsError
from humannet_assets.single_life.workplace import PlacedStep
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.step import Outcome, Read, StepConfig, Unit
from humannet_assets.store.tables import CAS_MATRICES, CROCO_CHECKPOINTS, LIFE_COMPARISONS, LIFE_PAIR_INDICES
from humannet_assets.store.tables.single_life_models import RUN_COLUMNS

if TYPE_CHECKING:
    from humannet_assets.single_life.cas import View
    from humannet_assets.single_life.comparison import CasResult
    from humannet_assets.single_life.croco import CroCo

RANDOM = "random_init"
"""Life and role of untrained models."""
MODEL_COLUMNS = (*RUN_COLUMNS, "folder", "weights_sha256", "footage_s")


class CasStepConfig(StepConfig):
    """What `cas_matrices` depends on beside models and probe pairs."""

    cas: CasConfig
    frames: FrameCacheConfig

    @classmethod
    def of(cls, cas: CasConfig, experiment: ExperimentConfig) -> CasStepConfig:
        """From the settings."""
        return cls(cas=cas, frames=experiment.frames)


class CasStep(PlacedStep[CasStepConfig]):
    """Compares the models of each comparison.

    Args:
        config: See `CasStepConfig`.
        place: Where checkpoints and frames are.
    """

    name = "cas_matrices"
    code_version = "1"
    reads = (
        Read(LIFE_COMPARISONS, ("purpose", "pairing", "model_ids", "probe_pairing_ids"), unit="comparison_id", by="values"),
        Read(CROCO_CHECKPOINTS, MODEL_COLUMNS, unit="model_id", by="values", through="model_ids"),
        Read(LIFE_PAIR_INDICES, ("pair_id",), unit="unit_id", through="probe_pairing_ids", loads=False),
    )
    writes = CAS_MATRICES
    load_units = 1

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per comparison; models that cannot be compared fail it with a message that names them."""
        for unit in units:
            comparison = unit.row(LIFE_COMPARISONS)
            models = sorted(unit.all(CROCO_CHECKPOINTS), key=lambda row: row["model_name"])
            if len(models) < 2:
                yield Outcome.rejected(
                    unit, ["too_few_models"], {"models": len(models), "wanted": len(comparison["model_ids"])}
                )
                continue
            try:
                results, evidence = self._compare(models)
            except PairsError as error:
                yield Outcome.rejected(unit, ["no_probe_pairs"], {"why": str(error)})
                continue
            except (FrameCacheError, ValueError) as error:
                yield Outcome.failed(unit, error)
                continue
            yield Outcome.kept_table(unit, _table(comparison, models, results), evidence)

    def _compare(self, models: Sequence[Mapping[str, Any]]) -> tuple[Sequence[CasResult], dict[str, Any]]:
        import torch

        from humannet_assets.single_life.cas import standard_views
        from humannet_assets.single_life.comparison import compare_models
        from humannet_assets.single_life.distribution import distributed
        from humannet_assets.single_life.nulls import random_models
        from humannet_assets.single_life.probe_set import probe_images

        place, config = self.place, self.config.cas
        sizes = read_card(Path(models[0]["folder"])).model
        ks = usable_ks(config.ks, sizes.patches)
        pairs = probe_images(place, config, self.config.frames, sizes)
        with distributed() as here, torch.inference_mode():

            def all_models() -> Iterator[tuple[str, CroCo]]:
                for row in models:
                    yield row["model_name"], load_model(row).to(here.device)
                for name, model in random_models(sizes, config.random_seeds):
                    yield name, model.to(here.device).eval()

            comparison = compare_models(
                all_models(), pairs, standard_views(sizes.decoder_depth), np.random.default_rng(config.seed), ks=ks,
                batch=config.batch, resamples=config.resamples,
            )  # fmt: skip
        priors = {
            name: {"position_explains": prior.explained, "sinks": int(prior.sinks.sum())}
            for name, prior in comparison.priors.items()
        }
        return comparison.results, {"models": len(models), "probe_pairs": len(pairs), "priors": priors}


def usable_ks(ks: Sequence[int], patches: int) -> tuple[int, ...]:
    """Set sizes below the number of patches.

    Raises:
        ValueError: There is none.
    """
    usable = tuple(k for k in sorted(ks) if k < patches)
    if not usable:
        raise ValueError(f"every set size of cas.ks {list(ks)} is {patches} or more, the number of patches")
    return usable


def load_model(row: Mapping[str, Any]) -> CroCo:
    """The model of a row of `croco_checkpoints`, on the CPU.

    Raises:
        CheckpointError: The folder holds other weights than the row says.
        FileNotFoundError: It holds no model.
    """
    from humannet_assets.single_life.checkpoints import load_checkpoint

    model, card = load_checkpoint(Path(row["folder"]))
    if card.weights_sha256 != row["weights_sha256"]:
        raise CheckpointError(
            f"{row['folder']} holds other weights than the row of {row['model_name']!r} says; delete the folder and "
            "materialise croco_checkpoints again"
        )
    return model


def _table(comparison: Mapping[str, Any], models: Sequence[Mapping[str, Any]], results: Sequence[CasResult]) -> pa.Table:
    """One row per pair of models, view and k."""
    known = {row["model_name"]: row for row in models}
    parts = [_rows(comparison, known, result) for result in results]
    names = [field.name for field in CAS_MATRICES.schema if field.name in parts[0]]
    columns = {name: [value for part in parts for value in part[name]] for name in names}
    return pa.table({name: pa.array(values, CAS_MATRICES.schema.field(name).type) for name, values in columns.items()})


def _rows(comparison: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], result: CasResult) -> dict[str, Any]:
    matrix = result.matrix
    order = np.argsort(np.asarray(matrix.names))
    one, other = (order[index] for index in np.triu_indices(len(order), 1))
    count, view = len(one), result.view
    columns: dict[str, Any] = {
        "cas_id": [
            stable_id(comparison["comparison_id"], matrix.names[a], matrix.names[b], str(view), matrix.k)
            for a, b in zip(one, other, strict=True)
        ],
        **{name: [comparison[name]] * count for name in ("comparison_id", "purpose", "pairing")},
        **{name: [value] * count for name, value in view_columns(view).items()},
        "k": [matrix.k] * count,
        "patches": [matrix.patches] * count,
        "probe_pairs": [matrix.pairs] * count,
        "chance": [result.chance] * count,
        "ties": np.maximum(matrix.ties[one], matrix.ties[other]).tolist(),
    }
    for side, places in (("a", one), ("b", other)):
        names = [matrix.names[place] for place in places]
        columns[f"model_{side}"] = names
        columns[f"model_id_{side}"] = [known[name]["model_id"] if name in known else None for name in names]
        for column, source in (("life", "life"), ("role", "role"), ("group", "life_group")):
            columns[f"{column}_{side}"] = [known[name][source] if name in known else RANDOM for name in names]
    for name, values in (
        ("score", matrix.score), ("low", matrix.low), ("high", matrix.high), ("shuffled", result.shuffled.score),
        ("corrected", result.corrected), ("excess", result.excess),
    ):  # fmt: skip
        columns[name] = [None if np.isnan(value) else float(value) for value in values[one, other]]
    return columns


def view_columns(view: View) -> dict[str, Any]:
    """A view as columns."""
    return {"view": str(view), "direction": view.direction, "correction": view.correction, "layer": view.layer}


def read_scores(store: LanceStore, comparison_id: str, where: str = "") -> pl.DataFrame:
    """Rows of a comparison; `where` narrows them."""
    condition = f"outcome = 'kept' AND comparison_id = '{comparison_id}'" + (f" AND {where}" if where else "")
    return store.read(CAS_MATRICES, [column.name for column in CAS_MATRICES.columns], condition)
