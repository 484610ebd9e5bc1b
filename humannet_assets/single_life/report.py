"""The written report of a reproduction: Markdown, pictures and small result files, made from the stored rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from humannet_assets.reproduction import Report, Written, about_run, options_text, run_text, write_files
from humannet_assets.single_life.findings import (
    CORRECTED_VIEW,
    HEADLINE_VIEW,
    alignment_figures,
    caveat,
    duration_figure,
    headline_k,
    loss_figure,
    markdown,
    match_rows,
    transfer_rows,
)
from humannet_assets.single_life.settings import SingleLifeSettings
from humannet_assets.single_life.verdicts import Finding, all_findings
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import ALIGNMENT_BY_DURATION, CAS_SUMMARIES, CROCO_CHECKPOINTS, LIFE_TRANSFER, LIVES

DEVIATIONS = (
    "Footage is simulated: rendered rooms and streets with schematic people, not HD-Epic, Walking Tours or Anonymous Lives.",
    "Lives are shorter than the paper's, and there are fewer of them.",
    "The paper does not state its gaps, overlap thresholds, sizes, k or probe set; ours are in docs/single_life.md.",
    "The diverse reference is trained here, on a simulated pool of people and places; the paper's is a published CroCo.",
    "Every model starts from weights of its own seed, so that lives cannot agree because they began alike.",
    "Depth and correspondence are measured on the simulated probe set (and named folders), not on NYU and HPatches.",
    "The headline is the excess over shuffled pairs; raw CAS, which the paper reports, stands beside it.",
)
QUESTION = """\
Do models that are each trained on one person's footage come to see the same geometry; does that grow with the footage; is it
more than an artefact of the score; is it of use?"""
VERDICTS = """\
Computed from 95 % intervals over lives: seen = wholly on the claimed side of 0, opposite = on the other, not seen = 0 lies
within, undecided = fewer than five lives or no such models. Where models do not find the right place, agreement between
them cannot be agreement about the scene."""
EXCESS = """\
Excess = (CAS - CAS on shuffled pairs) / (1 - CAS on shuffled pairs); means over pairs of different lives. Raw CAS alone says
little: it rises with sinks and position priors."""
MATCHES = """\
Share of covisible target patches whose most attended source patch is the true one or beside it; "moved": only patches for which
the guess that nothing moved is wrong."""
TRANSFER = """\
Trivial: mean depth, identity flow. The role no_source is the masked-autoencoder baseline: a model of the same sizes trained
with its reference blanked, judged by its features. Limit: what the grid of patches can reach."""
_SUMMARY = (
    "pairing", "view", "k", "trained", "trained_shuffled", "chance", "trained_excess", "trained_excess_low",
    "trained_excess_high", "control_excess", "random_init_excess", "two_seed_excess", "within", "across", "p_value",
)  # fmt: skip


def write_report(
    store: LanceStore, settings: SingleLifeSettings, folder: Path, *, profile: str, command: str, simulate: Mapping[str, Any]
) -> Report:
    """Write `report.md`, PNG pictures, `results.json` and CSV tables.

    Args:
        store: With everything materialised.
        settings: It was materialised with.
        folder: Made if need be; files of an earlier report are replaced.
        profile: Its name.
        command: What was run.
        simulate: Options of the simulator.
    """
    findings = tuple(all_findings(store, settings))
    tables = _tables(store, settings)
    trained = store.read(CROCO_CHECKPOINTS, ["hardware", "train_s", "precision"], "outcome = 'kept'")
    about = about_run(
        trained, profile=profile, command=command, simulate=simulate, settings=settings, seeds=settings.experiment.seeds
    )
    note = caveat(settings)
    write_files(
        folder,
        Written(
            title=f"Single-Life, profile `{profile}`",
            caveat=note,
            about={**about, "caveat": note},
            findings=findings,
            pictures={
                "loss.png": loss_figure(store, settings),
                "alignment_by_duration.png": duration_figure(store, settings),
                **{
                    f"alignment_{name.replace('+', '_')}.png": jpeg for name, jpeg in alignment_figures(store, settings).items()
                },
            },
            tables=tables,
            sections=_sections(store, settings, findings, tables, about),
        ),
    )
    return Report(folder, findings, "lives")


def _tables(store: LanceStore, settings: SingleLifeSettings) -> dict[str, pl.DataFrame]:
    """The small result files."""
    models = [
        "model_name", "role", "life_group", "footage_s", "pair_count", "loss_first", "loss_last", "held_out_pairs",
        "held_out_loss", "held_out_loss_shuffled", "pairs_per_s", "train_s", "hardware", "precision", "weights_sha256",
    ]  # fmt: skip
    durations = ["life", "kind", "footage_s", "seed", "view", "k", "score", "shuffled", "chance", "excess", "low", "high"]
    transfer = [
        "model_name", "role", "pairing", "dataset", "task", "method", "metric", "samples", "value", "low", "high",
        "random_init", "trivial", "grid_limit",
    ]  # fmt: skip
    k = headline_k(store, settings)
    return {
        "lives": store.read(LIVES, ["life", "kind", "hours", "video_count", "held_out_share"], "outcome = 'kept'").sort("life"),
        "models": store.read(CROCO_CHECKPOINTS, models, "outcome = 'kept'").sort("model_name"),
        "cas": store.read(CAS_SUMMARIES, _SUMMARY, "outcome = 'kept' AND purpose = 'lives'").sort("pairing", "view", "k"),
        "durations": store.read(ALIGNMENT_BY_DURATION, durations, f"outcome = 'kept' AND k = {k}")
        .filter(pl.col("view").is_in([HEADLINE_VIEW, CORRECTED_VIEW]))
        .sort("view", "life", "footage_s", "seed"),
        "transfer": store.read(LIFE_TRANSFER, transfer, "outcome = 'kept' AND value IS NOT NULL").sort("model_name", "dataset"),
    }


def _sections(
    store: LanceStore, settings: SingleLifeSettings, findings: Sequence[Finding], tables: Mapping[str, pl.DataFrame],
    about: Mapping[str, Any],
) -> dict[str, Sequence[str]]:  # fmt: skip
    k = headline_k(store, settings)
    kinds = tables["lives"].group_by("kind").agg(pl.len(), pl.col("hours").sum()).sort("kind")
    match_header = ("role", "models", "near", "near, moved", "same position", "chance", "chance, moved")
    transfer_header = (
        "data set", "metric", "by", "pairing", "role", "models", "value", "random weights", "trivial", "limit",
    )  # fmt: skip
    verdict_header = ("finding", "measure", "value", "low", "high", "lives", "verdict", "note")
    verdicts = [(f.name, f.measure, f.value, f.low, f.high, f.units, f"**{f.verdict}**", f.note) for f in findings]
    return {
        "Question": [QUESTION],
        "Data": [
            markdown(("kind", "lives", "hours"), kinds.rows()),
            f"Simulated by `humannet simulate --profile lives` with {options_text(about)}. The probe set is of no life.",
        ],
        "Run": [f"    {about['command']}", run_text(about), _model_text(settings)],
        "Verdicts": [VERDICTS, markdown(verdict_header, verdicts)],
        "Alignment": [EXCESS, markdown(_SUMMARY, tables["cas"].filter(pl.col("k") == k).rows())],
        "Where models look": [MATCHES, markdown(match_header, match_rows(store).rows())],
        "Transfer": [TRANSFER, markdown(transfer_header, transfer_rows(store).rows())],
        "Deviations from the paper": ["\n".join(f"- {text}" for text in DEVIATIONS)],
    }


def _model_text(settings: SingleLifeSettings) -> str:
    model, training = settings.experiment.model, settings.experiment.training
    height, width = model.image_shape
    rows, columns = model.grid
    return (
        f"Model: {height} x {width} pixels, {rows} x {columns} patches, encoder {model.encoder_depth} x {model.encoder_dim}, "
        f"decoder {model.decoder_depth} x {model.decoder_dim}, {model.position} positions, mask "
        f"{model.mask_ratio:g}. Training: {training.steps} steps of {training.batch_size} pairs for every model, "
        "whatever the length of its footage."
    )
