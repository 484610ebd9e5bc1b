"""What was found, for people: pictures and Markdown tables from the stored rows, each with the controls it is read beside."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from humannet_assets.single_life.findings import markdown
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import VLA_CHECKPOINTS, VLA_COMPARISONS
from humannet_assets.vla.ablation import VlaExperimentConfig
from humannet_assets.vla.policy.config import LOSS
from humannet_assets.vla.policy.errors import MEASURES
from humannet_assets.vla.policy_results import STEPS, arm_rows, hour_laws, hour_points

LEAST_SAMPLES = 10_000
"""Samples per policy below which results show the path and not the science.

Measured (docs/vla.md): after 500 steps of 32 from random weights, a policy's vision gap was still below its interval.
"""
SHOWN = (LOSS, MEASURES[0], MEASURES[1], MEASURES[2], "success")
GAPS = """\
gap: value minus real, on the same samples; for shuffled_image and matched_image it is the vision gap. 95 % intervals over
episodes and seeds; of three seeds they are too narrow."""
ARM_HEADER = ("group", "measure", "arm", "condition", "value", "low", "high", "gap", "gap low", "gap high", "episodes", "seeds")
COMPARISON_HEADER = (
    "group", "measure", "arm", "against", "mean", "other's mean", "difference", "low", "high", "seeds", "episodes",
)  # fmt: skip
HOURS_HEADER = ("arm", "sizes", "a", "b", "r squared", "residual")


def caveat(config: VlaExperimentConfig) -> str:
    """What must stand beside every result of policies as small as the demo's; empty for larger ones."""
    seen = config.training.post.steps * config.training.post.batch_size
    return f"path, not science: {seen:,} samples per policy" if seen < LEAST_SAMPLES else ""


def titled(title: str, config: VlaExperimentConfig) -> str:
    """A heading with its caveat."""
    return " \u2014 ".join(part for part in (title, caveat(config)) if part)


def loss_figure(store: LanceStore, config: VlaExperimentConfig) -> bytes | None:
    """Loss curves of the post-training of all whole arms; None if there are none."""
    from humannet_assets.figures.curves import LossCurve, loss_curves

    names = ["model_name", "arm", "curve_steps", "curve_loss"]
    rows = store.read(VLA_CHECKPOINTS, names, "outcome = 'kept' AND share = 1").sort("model_name")
    curves = [
        LossCurve(row["model_name"], row["arm"], np.array(row["curve_steps"]), np.array(row["curve_loss"]))
        for row in rows.iter_rows(named=True)
    ]
    return loss_curves(curves, title=titled("Loss of post-training", config))


def group_figures(store: LanceStore, config: VlaExperimentConfig) -> dict[str, bytes]:
    """Bars of every arm per validation group with the controls beside them, for loss and position; and the vision gap."""
    from humannet_assets.figures.policies import Bar, condition_bars

    rows = arm_rows(store, config.evaluation)

    def panels(measure: str, columns: tuple[str, str, str]) -> dict[str, list[Bar]]:
        own = rows.filter((pl.col("measure") == measure) & pl.col(columns[0]).is_not_null())
        return {
            str(group): [Bar(*row) for row in part["arm", "condition", *columns].iter_rows()]
            for (group,), part in own.group_by("eval_group", maintain_order=True)
        }

    gaps = {
        name: [bar for bar in bars if bar.condition in ("shuffled_image", "matched_image", "shuffled_text")]
        for name, bars in panels(LOSS, ("gap", "gap_low", "gap_high")).items()
    }
    drawn = {
        "loss_by_group": condition_bars(
            panels(LOSS, ("value", "low", "high")), title=titled("Loss on held-out episodes", config), value="loss"
        ),
        "position_by_group": condition_bars(
            panels(MEASURES[0], ("value", "low", "high")), title=titled("Open-loop error of wrists", config), value="mm"
        ),
        "vision_gap": condition_bars(
            gaps, title=titled("How much worse the loss is with the wrong picture or words", config), value="gap of the loss"
        ),
        "success": condition_bars(
            panels("success", ("value", "low", "high")), title=titled("Closed loop in the simulator", config), value="success"
        ),
    }
    return {name: jpeg for name, jpeg in drawn.items() if jpeg}


def arm_table(store: LanceStore, config: VlaExperimentConfig) -> pl.DataFrame:
    """Figures of whole arms in the order they are shown."""
    rows = arm_rows(store, config.evaluation).filter(pl.col("measure").is_in(SHOWN))
    columns = ["eval_group", "measure", "arm", "condition", "value", "low", "high", "gap", "gap_low", "gap_high"]
    return rows.sort("eval_group", "measure", maintain_order=True).select(*columns, "episodes", "seeds")


def comparison_table(store: LanceStore) -> pl.DataFrame:
    """Arm against arm: below 0 the first is better."""
    names = [
        "eval_group", "measure", "arm_a", "arm_b", "mean_a", "mean_b", "difference", "low", "high", "seeds", "episodes",
    ]  # fmt: skip
    rows = store.read(VLA_COMPARISONS, names, "outcome = 'kept'")
    return rows.filter(pl.col("measure").is_in([*SHOWN, STEPS])).sort("measure", "eval_group", "arm_a", "arm_b")


def hours_figure(store: LanceStore, config: VlaExperimentConfig) -> bytes | None:
    """Loss over hours with the fitted law; None without three sizes."""
    from humannet_assets.figures.policies import HoursFit, hours_curves

    points = hour_points(store)
    fits = []
    for arm, law in hour_laws(store).items():
        hours, losses = zip(*points[arm], strict=True)
        fits.append(HoursFit(arm, hours, losses, law.a, law.b))
    return hours_curves(fits, title=titled("Loss over hours", config))


def law_rows(store: LanceStore) -> list[tuple[Any, ...]]:
    """Rows of the table of laws."""
    return [(arm, law.sizes, law.a, law.b, law.r_squared, law.residual) for arm, law in hour_laws(store).items()]


def results_text(store: LanceStore, config: VlaExperimentConfig) -> str:
    """Tables of arms, comparisons and hours; empty without results."""
    rows = arm_table(store, config)
    if rows.is_empty():
        return ""
    parts = [
        caveat(config),
        GAPS,
        markdown(ARM_HEADER, rows.rows()),
        "Arm against arm, below 0 the first is better:",
        markdown(COMPARISON_HEADER, comparison_table(store).rows()),
    ]
    if laws := law_rows(store):
        parts += ["loss = a - b ln(hours):", markdown(HOURS_HEADER, laws)]
    return "\n\n".join(part for part in parts if part)
