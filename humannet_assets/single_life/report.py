"""The written report of a reproduction: Markdown, pictures and small result files, made from the stored rows alone."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from humannet_assets.single_life.card import current_commit, versions
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
    number,
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


@dataclass(frozen=True)
class Report:
    """Where the report lies and what it says."""

    folder: Path
    findings: tuple[Finding, ...]


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
    folder.mkdir(parents=True, exist_ok=True)
    findings = tuple(all_findings(store, settings))
    pictures = {
        "loss.png": loss_figure(store, settings),
        "alignment_by_duration.png": duration_figure(store, settings),
        **{f"alignment_{name.replace('+', '_')}.png": jpeg for name, jpeg in alignment_figures(store, settings).items()},
    }
    shown = [name for name, jpeg in pictures.items() if jpeg and _write_png(folder / name, jpeg)]
    tables = _tables(store, settings)
    for name, table in tables.items():
        table.write_csv(folder / f"{name}.csv", float_precision=6)
    about = _about(store, settings, profile, command, simulate)
    results = {"about": about, "findings": [{**asdict(one), "verdict": one.verdict} for one in findings]}
    (folder / "results.json").write_text(json.dumps(_plain(results), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(_text(store, settings, findings, tables, shown, about), encoding="utf-8")
    return Report(folder, findings)


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


def _about(
    store: LanceStore, settings: SingleLifeSettings, profile: str, command: str, simulate: Mapping[str, Any]
) -> dict[str, Any]:  # fmt: skip
    trained = store.read(CROCO_CHECKPOINTS, ["hardware", "train_s", "precision"], "outcome = 'kept'")
    return {
        "profile": profile,
        "command": command,
        "simulate": dict(simulate),
        "settings": settings.model_dump(mode="json"),
        "seeds": list(settings.experiment.seeds),
        "hardware": sorted(trained["hardware"].unique()),
        "precision": sorted(trained["precision"].unique()),
        "cores": len(os.sched_getaffinity(0)),
        "machine": platform.machine(),
        "training_s": float(trained["train_s"].sum()),
        "models": trained.height,
        "versions": dict(versions()),
        "commit": current_commit(),
        "caveat": caveat(settings),
    }


def _text(
    store: LanceStore, settings: SingleLifeSettings, findings: Sequence[Finding], tables: Mapping[str, pl.DataFrame],
    shown: Sequence[str], about: Mapping[str, Any],
) -> str:  # fmt: skip
    k = headline_k(store, settings)
    kinds = tables["lives"].group_by("kind").agg(pl.len(), pl.col("hours").sum()).sort("kind")
    options = ", ".join(f"`{name}={value}`" for name, value in about["simulate"].items())
    match_header = ("role", "models", "near", "near, moved", "same position", "chance", "chance, moved")
    transfer_header = (
        "data set", "metric", "by", "pairing", "role", "models", "value", "random weights", "trivial", "limit",
    )  # fmt: skip
    verdict_header = ("finding", "measure", "value", "low", "high", "lives", "verdict", "note")
    verdicts = [(f.name, f.measure, f.value, f.low, f.high, f.units, f"**{f.verdict}**", f.note) for f in findings]
    files = ", ".join(f"`{name}.csv`" for name in tables)
    sections = {
        "Question": [QUESTION],
        "Data": [
            markdown(("kind", "lives", "hours"), kinds.rows()),
            f"Simulated by `humannet simulate --profile lives` with {options}. The probe set is of no life.",
        ],
        "Run": [f"    {about['command']}", _run_text(about), _model_text(settings)],
        "Verdicts": [VERDICTS, markdown(verdict_header, verdicts)],
        "Alignment": [EXCESS, markdown(_SUMMARY, tables["cas"].filter(pl.col("k") == k).rows())],
        "Where models look": [MATCHES, markdown(match_header, match_rows(store).rows())],
        "Transfer": [TRANSFER, markdown(transfer_header, transfer_rows(store).rows())],
        "Pictures": [f"![{name}]({name})" for name in shown],
        "Deviations from the paper": ["\n".join(f"- {text}" for text in DEVIATIONS)],
        "Files": [f"{files}, `results.json` (settings, versions, verdicts)."],
    }
    parts = [f"# Single-Life, profile `{about['profile']}`", f"**{about['caveat']}.**" if about["caveat"] else ""]
    for title, texts in sections.items():
        parts += [f"## {title}", *texts]
    return "\n\n".join(part for part in parts if part) + "\n"


def _run_text(about: Mapping[str, Any]) -> str:
    versions_text = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    return (
        f"Hardware: {', '.join(about['hardware'])} ({about['cores']} cores, {about['machine']}); precision "
        f"{', '.join(about['precision'])}; {about['models']} models, {about['training_s'] / 3600:.2f} h of training. "
        f"Seeds {about['seeds']}. {versions_text}. Commit {about['commit'] or 'unknown'}."
    )


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


def _write_png(path: Path, jpeg: bytes) -> bool:
    """A JPEG as PNG; True."""
    import cv2
    import numpy as np

    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"the picture for {path} cannot be read")
    return bool(cv2.imwrite(str(path), pixels))


def _plain(value: Any) -> Any:
    """The same without NaN, which JSON lacks."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def verdict_lines(findings: Sequence[Finding]) -> list[str]:
    """One line per finding, for a terminal."""
    return [
        f"{one.verdict:>9}  {one.name}: {number(one.value)} [{number(one.low)}, {number(one.high)}], {one.units} lives"
        for one in findings
    ]
