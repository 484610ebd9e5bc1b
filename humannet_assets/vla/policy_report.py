"""The written report of the ablation: Markdown, pictures and small result files, made from the stored rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from humannet_assets.reproduction import Report, Written, about_run, options_text, run_text, write_files
from humannet_assets.single_life.findings import markdown
from humannet_assets.single_life.verdicts import Finding
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import HUMAN_EPISODES, ROBOT_EPISODES, VLA_CHECKPOINTS, VLA_RESULTS
from humannet_assets.vla.ablation import VlaExperimentConfig
from humannet_assets.vla.policy_findings import (
    ARM_HEADER,
    COMPARISON_HEADER,
    GAPS,
    HOURS_HEADER,
    arm_table,
    caveat,
    comparison_table,
    group_figures,
    hours_figure,
    law_rows,
    loss_figure,
)
from humannet_assets.vla.policy_verdicts import all_findings
from humannet_assets.vla.settings import VlaSettings

QUESTION = """\
Does egocentric human video stand in for robot data: does a policy whose vision-language model went on with it do better on
held-out robot episodes than one that went on with nothing, or with robot data? And does any of them look at the picture?"""
VERDICTS = """\
Computed from 95 % intervals over episodes and seeds: seen = wholly on the claimed side of 0, opposite = on the other, not seen
= 0 lies within, undecided = fewer than five episodes or three seeds. Where policies do not look, no order of arms is about what
they saw."""
COMPARED = """\
mean - other's mean on the same episodes and seeds: below 0 the first arm has the lower error. steps_to_threshold: steps of
post-training until the loss is as low as the worst run's in the end."""
ARMS_HEADER = ("arm", "share", "minutes gone on with", "episodes", "minutes of post-training")
DEVIATIONS = (
    "Robots and people are simulated: one bimanual arm, schematic hands, short tasks; the paper has real ones.",
    "There are minutes of data and not 20 to 20,000 hours; the ratio of human to robot hours is the one named above.",
    "The vision-language model has random weights unless a trained one is configured; the paper's is Qwen2.5-VL.",
    "Post-training is on episodes of the data set the robot arms go on with (others of it), not on a data set of its own.",
    "The paper reports validation loss only; controls, errors in millimetres and the closed loop are ours.",
    "The paper has five validation groups; here are those the settings `vla.split.groups` make.",
)
_FILE_COLUMNS = [
    "model_name", "arm", "seed", "share", "continued_hours", "continued_episodes", "post_hours", "post_episodes", "parameters",
    "steps", "batch_size", "loss_first", "loss_last", "samples_per_s", "train_s", "hardware", "precision", "expert_sha256",
]  # fmt: skip
_RESULT_COLUMNS = [
    "model_name", "eval_group", "condition", "measure", "value", "low", "high", "samples", "episodes", "gap", "gap_low",
    "gap_high",
]  # fmt: skip


def write_report(
    store: LanceStore, settings: VlaSettings, folder: Path, *, profile: str, command: str, simulate: Mapping[str, Any]
) -> Report:
    """Write `report.md`, PNG pictures, `results.json` and CSV tables; see `single_life.report.write_report`."""
    config = settings.experiment
    findings = tuple(all_findings(store, config))
    tables = _tables(store, config)
    trained = store.read(VLA_CHECKPOINTS, ["hardware", "train_s", "precision"], "outcome = 'kept'")
    about = about_run(trained, profile=profile, command=command, simulate=simulate, settings=settings, seeds=config.seeds)
    pictures = {"curves.png": loss_figure(store, config), "hours.png": hours_figure(store, config)}
    note = caveat(config)
    written = Written(
        title=f"VLA ablation, profile `{profile}`",
        caveat=note,
        about={**about, "caveat": note},
        findings=findings,
        pictures={**pictures, **{f"{name}.png": jpeg for name, jpeg in group_figures(store, config).items()}},
        tables=tables,
        sections=_sections(store, config, findings, tables, about),
    )
    write_files(folder, written)
    return Report(folder, findings, "episodes")


def _tables(store: LanceStore, config: VlaExperimentConfig) -> dict[str, pl.DataFrame]:
    """The small result files."""
    return {
        "models": store.read(VLA_CHECKPOINTS, _FILE_COLUMNS, "outcome = 'kept'").sort("model_name"),
        "results": store.read(VLA_RESULTS, _RESULT_COLUMNS, "outcome = 'kept'").sort(_RESULT_COLUMNS[:4]),
        "arms": arm_table(store, config),
        "comparisons": comparison_table(store),
    }


def _sections(
    store: LanceStore, config: VlaExperimentConfig, findings: Sequence[Finding], tables: Mapping[str, pl.DataFrame],
    about: Mapping[str, Any],
) -> dict[str, Sequence[str]]:  # fmt: skip
    verdict_header = ("finding", "measure", "value", "low", "high", "episodes", "verdict", "note")
    verdicts = [(f.name, f.measure, f.value, f.low, f.high, f.units, f"**{f.verdict}**", f.note) for f in findings]
    refused = store.read(VLA_CHECKPOINTS, ["model_name", "outcome", "reasons", "error_message"], "outcome != 'kept'")
    sections: dict[str, Sequence[str]] = {
        "Question": [QUESTION],
        "Data": [
            markdown(("kind", "split", "group", "episodes", "minutes"), _data_rows(store)),
            f"Simulated by `humannet simulate --profile robot` with {options_text(about)}.",
        ],
        "Run": [f"    {about['command']}", run_text(about), _model_text(config)],
        "Arms": [
            markdown(("arm", "share", "minutes gone on with", "episodes", "minutes of post-training"), _hour_rows(tables))
        ],
        "Verdicts": [VERDICTS, markdown(verdict_header, verdicts)],
        "Arms on held-out episodes, with controls": [GAPS, markdown(ARM_HEADER, tables["arms"].rows(), 4)],
        "Arm against arm": [COMPARED, markdown(COMPARISON_HEADER, tables["comparisons"].rows(), 4)],
    }
    if laws := law_rows(store):
        sections["Loss and hours"] = ["loss = a - b ln(hours), in domain:", markdown(HOURS_HEADER, laws, 4)]
    if refused.height:
        rows = [(name, outcome, ", ".join(why or []) or text) for name, outcome, why, text in refused.iter_rows()]
        sections["Not trained"] = [markdown(("model", "outcome", "why"), rows)]
    return {**sections, "Deviations from the paper": ["\n".join(f"- {text}" for text in DEVIATIONS)]}


def _data_rows(store: LanceStore) -> list[tuple[Any, ...]]:
    """Episodes and minutes by kind, split and group."""
    rows = []
    for kind, table, where in (("human, robot ready", HUMAN_EPISODES, " AND robot_ready"), ("robot", ROBOT_EPISODES, "")):
        frame = store.read(table, ["split", "eval_group", "duration_s"], f"outcome = 'kept'{where}")
        grouped = frame.group_by("split", "eval_group").agg(pl.len(), pl.col("duration_s").sum() / 60)
        rows += [(kind, *row) for row in grouped.sort("split", "eval_group").iter_rows()]
    return rows


def _hour_rows(tables: Mapping[str, pl.DataFrame]) -> list[tuple[Any, ...]]:
    models = tables["models"].group_by("arm", "share", maintain_order=True).agg(
        pl.col("continued_hours").mean() * 60, pl.col("continued_episodes").first(), pl.col("post_hours").first() * 60
    )  # fmt: skip
    return models.rows()


def _model_text(config: VlaExperimentConfig) -> str:
    training = config.training
    policy = training.policy
    height, width = policy.vlm.image_size
    stages = "; ".join(
        f"{name}: {stage.steps} steps of {stage.batch_size}, {stage.tune}, peak learning rate {stage.peak_lr:g}"
        for name, stage in (("continued training", training.continued), ("post-training", training.post))
    )
    return (
        f"Policy: VLM `{policy.vlm.model}`, pictures {height} x {width}, cameras {', '.join(policy.cameras)}, "
        f"expert {policy.expert.depth} x {policy.expert.width}, head {policy.expert.head}. {stages}. "
        f"Human to robot hours {training.hour_ratio:g}:1, robot_large at most {training.large_ratio:g} times robot."
    )
