"""Verdicts on the paper's claims, computed from intervals over episodes and seeds: nobody writes one by hand.

The rule is `single_life.verdicts.Finding`'s with episodes in place of lives: fewer than five decide nothing, nor do fewer
than `LEAST_SEEDS` seeds. Several claims at 95 % will now and then contain a false one, and where a policy does not look no
order of arms is about what was seen.
"""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from humannet_assets.single_life.verdicts import Finding
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import VLA_COMPARISONS
from humannet_assets.vla.ablation import VlaExperimentConfig
from humannet_assets.vla.judge_policies import CLOSED_LOOP, SUCCESS
from humannet_assets.vla.policy.config import LOSS
from humannet_assets.vla.policy.errors import MEASURES
from humannet_assets.vla.policy_results import IN_DOMAIN, OOD_AVERAGE, arm_rows

LEAST_SEEDS = 3
"""Below, nothing can be said about how much seeds matter."""
ORDER: tuple[tuple[str, str, str], ...] = (
    ("ego", "base", "human video helps: ego .082 against .100 in domain, .124 against .174 out of it (PAPERS)"),
    ("ego", "robot", "it helps more than a tenth of the hours of robot data: .082 against .088, .124 against .134 (PAPERS)"),
    ("robot", "base", "robot data help: .088 against .100, .134 against .174 (PAPERS)"),
    ("robot_large", "ego", "many robot data help most: true out of domain on mobile robots only (.079 against .094), PAPERS"),
)
"""Claims about arms: the first has the lower loss."""


def all_findings(store: LanceStore, config: VlaExperimentConfig) -> list[Finding]:
    """Every claim the stored rows speak to: whether each arm's policies look, and how arms compare."""
    return [*looking(arm_rows(store, config.evaluation)), *arm_order(store)]


def looking(rows: pl.DataFrame) -> list[Finding]:
    """Does each arm's policy use the picture and the words, is it better than the mean action, and does it act better?"""
    claims = (
        (IN_DOMAIN, LOSS, "shuffled_image", "looks", "the loss is worse with pictures of another episode"),
        (IN_DOMAIN, LOSS, "matched_image", "sees the scene", "the loss is worse with another scene as far along"),
        (IN_DOMAIN, LOSS, "shuffled_text", "reads", "the loss is worse with another instruction"),
        (IN_DOMAIN, MEASURES[0], "mean_action", "beats the mean action", "wrists are nearer than the mean action's"),
        (CLOSED_LOOP, SUCCESS, "shuffled_image", "looks when it acts", "it succeeds less often with other pictures"),
        (CLOSED_LOOP, SUCCESS, "mean_action", "acts better than the mean action", "it succeeds more often"),
    )
    found = []
    for arm in rows["arm"].unique(maintain_order=True):
        for group, measure, condition, name, claim in claims:
            own = rows.filter(
                (pl.col("arm") == arm) & (pl.col("eval_group") == group) & (pl.col("measure") == measure)
                & (pl.col("condition") == condition) & pl.col("gap").is_not_null()
            )  # fmt: skip
            if own.height:
                # Errors rise, success falls, when something is taken away.
                sign = -1.0 if measure == SUCCESS else 1.0
                row = own.row(0, named=True)
                text = f"{measure}, {group}: {condition} minus real" if sign > 0 else f"{measure}: real minus {condition}"
                found.append(_finding(f"{arm} {name}", claim, text, row, ("gap", "gap_low", "gap_high"), sign))
    return found


def arm_order(store: LanceStore) -> list[Finding]:
    """Are the arms in the paper's order, in domain, out of it and when they act?"""
    rows = store.read(VLA_COMPARISONS, None, "outcome = 'kept'")
    found = []
    for better, worse, claim in ORDER:
        for group, measure in ((IN_DOMAIN, LOSS), (OOD_AVERAGE, LOSS), (IN_DOMAIN, MEASURES[0]), (CLOSED_LOOP, SUCCESS)):
            own = rows.filter((pl.col("eval_group") == group) & (pl.col("measure") == measure))
            straight = own.filter((pl.col("arm_a") == better) & (pl.col("arm_b") == worse))
            turned = own.filter((pl.col("arm_a") == worse) & (pl.col("arm_b") == better))
            # `difference` is the first minus the second: below 0 it has the lower loss.
            for part, sign in ((straight, -1.0), (turned, 1.0)):
                for row in part.iter_rows(named=True):
                    up = -sign if measure == SUCCESS else sign
                    text = f"gain of {measure}, {group}"
                    found.append(_finding(f"{better} above {worse}", claim, text, row, ("difference", "low", "high"), up))
    return found


def _finding(
    name: str, claim: str, measure: str, row: dict[str, Any], columns: tuple[str, str, str], sign: float
) -> Finding:  # fmt: skip
    # Adding 0 makes -0 plain 0.
    value, low, high = (math.nan if row[column] is None else sign * row[column] + 0.0 for column in columns)
    low, high = (low, high) if sign > 0 else (high, low)
    seeds = int(row["seeds"])
    if seeds < LEAST_SEEDS:
        low, high = math.nan, math.nan
    return Finding(name, claim, measure, value, low, high, int(row["episodes"]), f"{seeds} seed{'s' if seeds != 1 else ''}.")
