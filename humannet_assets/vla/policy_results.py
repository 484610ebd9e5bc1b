"""`vla_results` and `vla_comparisons`: what errors per episode say of a policy, of one arm against another, and of hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from humannet_assets.store.derived import replace_rows
from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.step import Outcome, Read, Step, Unit
from humannet_assets.store.tables import VLA_CHECKPOINTS, VLA_COMPARISONS, VLA_EPISODE_ERRORS, VLA_RESULTS
from humannet_assets.store.tables.vla_models import RUN_COLUMNS
from humannet_assets.vla.episodes import Floats
from humannet_assets.vla.intervals import MeanInterval, mean_interval, success_interval
from humannet_assets.vla.judge_policies import SUCCESS
from humannet_assets.vla.policy.arms import ARMS, check_comparable
from humannet_assets.vla.policy.card import read_policy_card
from humannet_assets.vla.policy.config import LOSS, REAL, EvaluationConfig
from humannet_assets.vla.policy.curve import LEAST_SIZES, HoursLaw, fit_hours, steps_to

CODE_VERSION = "1"
"""Raise it when a comparison changes its meaning."""
IN_DOMAIN, OOD_AVERAGE, OOD = "in_domain", "ood_average", ("ood_short", "ood_long", "ood_mobile")
POST_TRAINING, STEPS = "post_training", "steps_to_threshold"


class ResultStep(Step[EvaluationConfig]):
    """Means, intervals and gaps of each policy, from its errors per episode."""

    name = "vla_results"
    code_version = "1"
    reads = (
        Read(
            VLA_EPISODE_ERRORS, (*RUN_COLUMNS, "eval_group", "condition", "measure", "episode_id", "value", "samples"),
            unit="model_id",
        ),
    )  # fmt: skip
    writes = VLA_RESULTS
    load_units = 16

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One row per group, condition and measure."""
        for unit in units:
            errors = pl.DataFrame(unit.all(VLA_EPISODE_ERRORS))
            known = {"model_id": unit.id, **{name: errors[name][0] for name in RUN_COLUMNS}}
            rows = []
            for group, own in with_average(errors).items():
                for (measure,), part in own.group_by("measure", maintain_order=True):
                    for row in _conditions(part, str(measure), self.config):
                        row.pop("seeds")
                        key = stable_id(unit.id, group, row["condition"], measure)
                        rows.append({"result_id": key, **known, "eval_group": group, "measure": measure, **row})
            yield Outcome.kept(unit, rows)


def with_average(errors: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Errors by validation group, the average of those out of domain added; their column `part` is the group itself."""
    errors = errors.with_columns(part=pl.col("eval_group")).sort("eval_group", "condition", "measure", "episode_id")
    groups = {str(name): part for (name,), part in errors.group_by("eval_group", maintain_order=True)}
    beyond = [groups[name] for name in OOD if name in groups]
    return {**groups, OOD_AVERAGE: pl.concat(beyond)} if beyond else groups


def _conditions(part: pl.DataFrame, measure: str, config: EvaluationConfig) -> Iterator[dict[str, Any]]:
    """Figures of each condition of one measure and group, over all seeds in `part`."""
    by_condition = {str(condition): _cells(own) for (condition,), own in part.group_by("condition", maintain_order=True)}
    real = by_condition.get(REAL, {})
    for condition, cells in by_condition.items():
        found = _Paired.of(cells)
        if found is None:
            continue
        mean = found.interval(config)
        if measure == SUCCESS:
            values = [value for value, _ in cells.values()]
            mean = MeanInterval(mean.mean, *success_interval(round(sum(values)), len(values)))
        row = {
            "condition": condition, "value": mean.mean, "low": _known(mean.low), "high": _known(mean.high),
            "samples": int(found.samples.sum()), "episodes": len(found.groups), "seeds": len(found.values),
        }  # fmt: skip
        paired = _Paired.of(_minus(cells, real)) if condition != REAL else None
        if paired is not None and len(paired.groups) == len(found.groups):
            gap = paired.interval(config)
            row |= {"gap": gap.mean, "gap_low": _known(gap.low), "gap_high": _known(gap.high)}
        yield row


Cells = dict[tuple[int, str, str], tuple[float, float]]
"""Value and samples by (seed, group, episode)."""


def _cells(rows: pl.DataFrame) -> Cells:
    return {
        (seed, part, episode): (value, float(samples))
        for seed, part, episode, value, samples in rows["seed", "part", "episode_id", "value", "samples"].iter_rows()
    }


def _minus(one: Cells, other: Cells) -> Cells:
    """Differences of what both have."""
    return {key: (value - other[key][0], samples) for key, (value, samples) in one.items() if key in other}


@dataclass(frozen=True)
class _Paired:
    """Values (seeds, episodes) of episodes all seeds have, with `samples` (episodes,) and the group of each."""

    values: Floats
    samples: Floats
    groups: tuple[str, ...]

    @classmethod
    def of(cls, cells: Cells) -> _Paired | None:
        seeds = sorted({seed for seed, _, _ in cells})
        episodes = sorted({(part, episode) for _, part, episode in cells})
        whole = [key for key in episodes if all((seed, *key) in cells for seed in seeds)]
        if not whole:
            return None
        values = np.array([[cells[seed, *key][0] for key in whole] for seed in seeds])
        samples = np.array([cells[seeds[0], *key][1] for key in whole])
        return cls(values, samples, tuple(part for part, _ in whole))

    def interval(self, config: EvaluationConfig) -> MeanInterval:
        return mean_interval(self.values, self.samples, self.groups, resamples=config.resamples, seed=config.seed)


def arm_rows(store: LanceStore, config: EvaluationConfig) -> pl.DataFrame:
    """Figures of whole arms, over seeds and episodes: columns arm and those of `vla_results` from eval_group on."""
    errors = _errors(store, "share = 1")
    rows = []
    for (arm,), of_arm in errors.group_by("arm", maintain_order=True):
        for group, own in with_average(of_arm).items():
            for (measure,), part in own.group_by("measure", maintain_order=True):
                known = {"arm": arm, "eval_group": group, "measure": measure}
                rows += [{**known, **row} for row in _conditions(part, str(measure), config)]
    order = {arm: place for place, arm in enumerate(ARMS)}
    rows.sort(key=lambda row: order[row["arm"]])
    return pl.DataFrame(rows, schema=_ARM_SCHEMA)


_FIGURES = ("value", "low", "high", "gap", "gap_low", "gap_high")
_ARM_SCHEMA = {
    **dict.fromkeys(("arm", "eval_group", "measure", "condition"), pl.String), **dict.fromkeys(_FIGURES, pl.Float64),
    **dict.fromkeys(("samples", "episodes", "seeds"), pl.Int64),
}  # fmt: skip


def _errors(store: LanceStore, where: str) -> pl.DataFrame:
    names = [*RUN_COLUMNS, "eval_group", "measure", "condition", "episode_id", "value", "samples"]
    return store.read(VLA_EPISODE_ERRORS, names, f"outcome = 'kept' AND value IS NOT NULL AND {where}")


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def compare_arms(store: LanceStore, config: EvaluationConfig, run_id: str) -> int:
    """Bring `vla_comparisons` up to date; returns how many rows changed.

    Raises:
        PolicySetupError: Policies were trained in different ways and must not be compared.
    """
    errors = _errors(store, f"condition = '{REAL}' AND share = 1")
    columns = [*RUN_COLUMNS, "folder", "curve_steps", "curve_loss", "loss_last"]
    trained = store.read(VLA_CHECKPOINTS, columns, "outcome = 'kept' AND share = 1").sort("arm", "seed")
    _check(trained)
    rows: list[dict[str, Any]] = []
    for group, own in with_average(errors).items() if errors.height else ():
        for (measure,), part in own.group_by("measure", maintain_order=True):
            for one, other in _pairs(part["arm"]):
                if (row := _difference(part, one, other, config)) is not None:
                    rows.append({"arm_a": one, "arm_b": other, "eval_group": group, "measure": measure, **row})
    rows += _steps(trained)
    keyed = [(stable_id(row["arm_a"], row["arm_b"], row["eval_group"], row["measure"]), None, row) for row in rows]
    return replace_rows(store, VLA_COMPARISONS, keyed, run_id, code_version=CODE_VERSION)


def _check(trained: pl.DataFrame) -> None:
    for (_,), part in trained.group_by("seed"):
        cards = {row["arm"]: read_policy_card(Path(row["folder"])) for row in part.iter_rows(named=True)}
        if len(there := {arm: card for arm, card in cards.items() if card is not None}) > 1:
            check_comparable(there)


def _pairs(arms: pl.Series) -> list[tuple[str, str]]:
    there = [arm for arm in ARMS if arm in set(arms)]
    return [(one, other) for other, one in combinations(there, 2)]


def _difference(part: pl.DataFrame, one: str, other: str, config: EvaluationConfig) -> dict[str, Any] | None:
    """The row of two arms: of seeds both have, on episodes all of those have."""
    first, second = (_cells(part.filter(pl.col("arm") == arm)) for arm in (one, other))
    shared = first.keys() & second.keys()
    cells = ({key: own[key] for key in shared} for own in (first, second, _minus(first, second)))
    a, b, paired = (_Paired.of(own) for own in cells)
    if a is None or b is None or paired is None:
        return None
    found = paired.interval(config)
    return {
        "mean_a": a.interval(config).mean, "mean_b": b.interval(config).mean, "difference": found.mean,
        "low": _known(found.low), "high": _known(found.high), "seeds": len(paired.values), "episodes": len(paired.groups),
        "threshold": None,
    }  # fmt: skip


def _steps(trained: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Steps of post-training until each arm's loss is as low as the worst run's in the end; means over seeds."""
    if trained.is_empty():
        return
    threshold = float(trained["loss_last"].max())  # type: ignore[arg-type]
    reached: dict[str, dict[int, float]] = {}
    for row in trained.iter_rows(named=True):
        steps = steps_to(threshold, list(zip(row["curve_steps"], row["curve_loss"], strict=True)))
        if steps is not None:
            reached.setdefault(row["arm"], {})[row["seed"]] = steps
    for one, other in _pairs(pl.Series(list(reached), dtype=pl.String)):
        seeds = sorted(reached[one].keys() & reached[other].keys())
        if not seeds:
            continue
        a, b = (np.array([reached[arm][seed] for seed in seeds]) for arm in (one, other))
        yield {
            "arm_a": one, "arm_b": other, "eval_group": POST_TRAINING, "measure": STEPS, "mean_a": float(a.mean()),
            "mean_b": float(b.mean()), "difference": float((a - b).mean()), "low": None, "high": None, "seeds": len(seeds),
            "episodes": 0, "threshold": threshold,
        }  # fmt: skip


def hour_points(store: LanceStore) -> dict[str, list[tuple[float, float]]]:
    """Points (hours, loss on held-out episodes) by arm, of seeds trained on several amounts of data: what `fit_hours` takes."""
    trained = store.read(VLA_CHECKPOINTS, ["model_id", "arm", "seed", "share", "continued_hours"], "outcome = 'kept'")
    where = f"outcome = 'kept' AND measure = '{LOSS}' AND condition = '{REAL}' AND eval_group = '{IN_DOMAIN}'"
    loss = store.read(VLA_RESULTS, ["model_id", "value"], where)
    # Seeds differ by more than hours may: a seed with one amount of data says nothing of hours.
    sized = trained.filter(pl.col("share") < 1).select("arm", "seed").unique()
    points = trained.join(sized, on=("arm", "seed"), how="semi").join(loss, on="model_id", how="inner")
    return {
        str(arm): list(part["continued_hours", "value"].iter_rows())
        for (arm,), part in points.sort("arm", "continued_hours", "model_id").group_by("arm", maintain_order=True)
    }


def hour_laws(store: LanceStore) -> dict[str, HoursLaw]:
    """The law of hours by arm, of those trained on enough amounts of data."""
    points = hour_points(store)
    return {arm: fit_hours(own) for arm, own in points.items() if len({hours for hours, _ in own}) >= LEAST_SIZES}
