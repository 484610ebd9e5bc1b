"""Tables of the `single_life` group that are about models: what is trained, how models agree, what they are good for."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _i64, _f32, _f64, _bool = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.bool_()

_ROLE = Column(
    "role",
    _str,
    "life; control (footage that is nobody's life); ceiling (a further seed of the same data); reference (diverse data, for "
    "alignment by duration); no_source (a masked autoencoder: no second view).",
)
_GROUP = Column("life_group", _str, "Data set the life belongs to.")
_RUN = (
    Column("life", _str, "Life or control it is about; the life that is left out, for a reference trained on all others."),
    _ROLE,
    _GROUP,
    Column("pairing", _str, "How its frames are paired; several joined by + are pooled."),
    Column("duration_s", _f64, "Only the first so many seconds of the life's footage; null for all."),
    Column("seed", _i32, "Of weights, batches and masks."),
    Column("model_name", _str, "Short name, unique among all models."),
)
RUN_COLUMNS: tuple[str, ...] = tuple(column.name for column in _RUN)
"""Names of the columns that say what a model is; every table about single models has them."""
_MODEL_ID = Column("model_id", _str, "The model.")
_COMPARISON = Column("comparison_id", _str, "Hash of (purpose, pairing).")
_PURPOSE = Column("purpose", _str, "lives or durations.")
_MODELS_PAIRING = Column("pairing", _str, "Pairing of the models.")
_CHANCE = Column("chance", _f64, "k / N.")
_HIGH = Column("high", _f64, "Upper end.")

CROCO_RUNS = Table(
    name="croco_runs",
    group="single_life",
    unit="life",
    key="model_id",
    doc=(
        "What is to be trained: one row per model, with the footage it depends on and no other. Only there so that a change "
        "trains anew what depends on it. The probe set is rejected: nothing is trained on it."
    ),
    columns=(
        Column("model_id", _str, "Hash of (life, role, pairing, duration, seed)."),
        *(column for column in _RUN if column.name != "life"),
        Column("life", _str, "See croco_checkpoints."),
        Column("kind", _str, "life or control, of `life`."),
        Column("trained_on", pa.list_(_str), "Lives whose footage is used: `life`, or all others for some references."),
        Column("available_s", _f64, "Seconds of footage of those."),
        Column("video_ids", pa.list_(_str), "Videos with footage in the duration."),
        Column("pairing_ids", pa.list_(_str), "Units of life_pair_indices whose pairs are used.", in_sql=False),
        Column("probe_video_ids", pa.list_(_str), "Videos of the probe set, on which the model is judged.", in_sql=False),
        Column("config", _str, "JSON: sizes of the model, training, frames, held-out pairs."),
    ),
)

CROCO_CHECKPOINTS = Table(
    name="croco_checkpoints",
    group="single_life",
    unit="model_id",
    key="model_id",
    doc=(
        "One row per trained model: CroCo from random weights on the pairs of one life, control or reference. Rejected: "
        "too_short (less footage than the duration), no_pairs. Failed: e.g. a loss that is not finite, with the step."
    ),
    columns=(
        *_RUN,
        Column("trained_on", pa.list_(_str), "Lives whose footage was used."),
        Column("footage_s", _f64, "Seconds of footage it was trained on."),
        Column("folder", _str, "Folder with weights (safetensors) and card.json."),
        Column("weights_sha256", _str, "Hash of the weights."),
        Column("pairs_fingerprint", _str, "Hash of the pairs in their order."),
        Column("pair_count", _i64, "Different pairs."),
        Column("video_count", _i32, "Videos of those."),
        Column("parameters", _i64, "Numbers in the weights file."),
        Column("steps", _i32, "Optimiser steps."),
        Column("batch_size", _i32, "Pairs per step."),
        Column("loss_first", _f64, "Mean loss of the first row of the curve."),
        Column("loss_last", _f64, "Mean loss of the last row."),
        Column("held_out_pairs", _i32, "Held-out pairs of the same footage's lives; 0 if there are none."),
        Column("held_out_loss", _f64, "Loss on those, whole frames; null without."),
        Column(
            "held_out_loss_shuffled",
            _f64,
            "The same with the reference of another pair: equal to held_out_loss if the model makes no use of its reference.",
        ),
        Column("pairs_per_s", _f64, "Pairs trained on per second."),
        Column("train_s", _f64, "Seconds of training."),
        Column("hardware", _str, "Devices."),
        Column("precision", _str, "bf16 or fp32."),
        Column("curve_steps", pa.list_(_i32), "Steps of the loss curve."),
        Column("curve_loss", pa.list_(_f32), "Loss there, mean since the row before."),
    ),
)

LIFE_COMPARISONS = Table(
    name="life_comparisons",
    group="single_life",
    unit="life",
    key="comparison_id",
    doc=(
        "Which models are compared on the probe set: whole lives of one pairing (lives), or durations against references "
        "(durations). Made of the probe set's footage; other lives have no rows. Only there to say what each depends on."
    ),
    columns=(
        _COMPARISON,
        _PURPOSE,
        _MODELS_PAIRING,
        Column("model_ids", pa.list_(_str), "Models that are compared.", in_sql=False),
        Column("probe_pairing_ids", pa.list_(_str), "Units of life_pair_indices with the probe's pairs.", in_sql=False),
        Column("probe_video_ids", pa.list_(_str), "Videos of the probe set.", in_sql=False),
    ),
)

_SCORE = (
    Column("view", _str, "Map that is compared: direction/layer/correction."),
    Column("direction", _str, "rows, columns or reciprocal."),
    Column("correction", _str, "none, position, sinks or position_and_sinks: what is taken out of the maps."),
    Column("layer", _i32, "Decoder block from 0; -1 is the mean of all."),
    Column("k", _i32, "Set size."),
    Column("patches", _i32, "Number of patches of an image, N."),
    Column("probe_pairs", _i32, "Pairs of the probe set."),
)
_PAIR_SCORES = (
    Column("score", _f64, "CAS, raw: read it beside `chance` and `shuffled` only."),
    Column("low", _f64, "Lower end of its 95 % bootstrap interval over scenes of the probe set."),
    _HIGH,
    Column("shuffled", _f64, "The same on pairs whose source is another scene's or pair's: agreement without a match."),
    _CHANCE,
    Column("corrected", _f64, "(score - chance) / (1 - chance)."),
    Column("excess", _f64, "(score - shuffled) / (1 - shuffled): the headline."),
)
SCORE_COLUMNS: tuple[str, ...] = tuple(column.name for column in _SCORE)
"""What a score is of: view, set size, probe pairs."""
PAIR_SCORE_COLUMNS: tuple[str, ...] = tuple(column.name for column in _PAIR_SCORES)
"""The score of two models with its interval and nulls."""

CAS_MATRICES = Table(
    name="cas_matrices",
    group="single_life",
    unit="comparison_id",
    key="cas_id",
    doc=(
        "Correspondence Alignment Score of every two models in every view and set size, with its nulls. Symmetric: each pair "
        "is there once, model_a before model_b by name."
    ),
    columns=(
        Column("cas_id", _str, "Hash of (comparison, both models, view, k)."),
        _COMPARISON,
        _PURPOSE,
        _MODELS_PAIRING,
        *(
            Column(f"{name}_{side}", _str, text.format(side.upper()))
            for side in ("a", "b")
            for name, text in (
                ("model", "Name of model {}."),
                ("model_id", "Its id; null for random weights."),
                ("life", "Its life; random_init for random weights."),
                ("role", "Its role, see croco_checkpoints, or random_init."),
                ("group", "Its life's data set."),
            )
        ),
        *_SCORE,
        *_PAIR_SCORES,
        Column("ties", _f64, "Largest share of rows of both models that were decided by the patch number."),
    ),
)

CAS_SUMMARIES = Table(
    name="cas_summaries",
    group="single_life",
    unit="comparison_id",
    key="summary_id",
    doc=(
        "One row per comparison, view and set size: mean scores of trained models beside every null and the two-seed "
        "ceiling, and the test whether lives of one data set agree more than those of two. Means are over pairs of different "
        "lives."
    ),
    columns=(
        Column("summary_id", _str, "Hash of (comparison, view, k)."),
        _COMPARISON,
        _PURPOSE,
        _MODELS_PAIRING,
        *_SCORE,
        Column("models", _i32, "Trained models."),
        Column("lives", _i32, "Different lives among them."),
        _CHANCE,
        Column("trained", _f64, "Raw score of lives with lives."),
        Column("trained_shuffled", _f64, "The same on shuffled pairs."),
        Column("trained_excess", _f64, "Mean excess of lives with lives."),
        Column("trained_excess_low", _f64, "Lower end of its 95 % interval, lives resampled."),
        Column("trained_excess_high", _f64, "Upper end."),
        Column("control_excess", _f64, "Mean excess of controls with lives."),
        Column("control_excess_low", _f64, "Lower end, controls and lives resampled."),
        Column("control_excess_high", _f64, "Upper end."),
        Column("random_init", _f64, "Raw score of random weights with each other."),
        Column("random_init_shuffled", _f64, "The same on shuffled pairs."),
        Column("random_init_excess", _f64, "Mean excess of random weights with each other."),
        Column("random_against_trained", _f64, "Raw score of random weights with lives."),
        Column("random_against_trained_excess", _f64, "Mean excess of random weights with lives."),
        Column("two_seed_ceiling", _f64, "Raw score of two seeds of one life."),
        Column("two_seed_excess", _f64, "Mean excess of two seeds of one life."),
        Column("two_seed_pairs", _i32, "Pairs of models that is a mean of."),
        Column("within", _f64, "Mean excess of lives of one data set."),
        Column("across", _f64, "Mean excess of lives of two data sets."),
        Column("within_minus_across_low", _f64, "Lower end of the difference's 95 % interval, lives resampled."),
        Column("within_minus_across_high", _f64, "Upper end."),
        Column("p_value", _f64, "One-sided permutation test of within > across; data sets are dealt anew to whole lives."),
        Column("labelings", _i64, "Labelings looked at."),
        Column("exact", _bool, "All labelings, not a sample."),
    ),
)

PATCH_MATCHES = Table(
    name="patch_matches",
    group="single_life",
    unit="model_id",
    key="match_id",
    doc=(
        "Does each model look at the right place? Share of covisible target patches of the probe set whose most attended "
        "source patch is the true one, from depth and known cameras. Rejected: no_checkpoint, no_truth (a probe without depth)."
    ),
    columns=(
        Column("match_id", _str, "Hash of (model, weights, layer)."),
        _MODEL_ID,
        *_RUN,
        Column("weights", _str, "trained, or random_init: an untrained model of the same sizes."),
        Column("layer", _i32, "Decoder block from 0; -1 is the mean of all."),
        Column("patches", _i32, "Covisible target patches judged."),
        Column("moved", _i32, "How many of them moved by more than one patch."),
        Column("exact", _f64, "The first choice is the patch with the true point."),
        Column("near", _f64, "It is that patch or one beside it."),
        Column("moved_near", _f64, "The same among patches that moved; null if none did."),
        Column("same_position_near", _f64, "`near` of the guess that nothing moved."),
        Column("chance_near", _f64, "`near` of a random patch."),
        Column("chance_moved_near", _f64, "`moved_near` of a random patch."),
    ),
)

ALIGNMENT_BY_DURATION = Table(
    name="alignment_by_duration",
    group="single_life",
    unit="comparison_id",
    key="alignment_id",
    doc=(
        "CAS of models trained on the first minutes or hours of a life with a reference trained on diverse, disjoint footage; "
        "every model had the same number of optimiser steps. Rejected: no_reference."
    ),
    columns=(
        Column("alignment_id", _str, "Hash of (comparison, model, reference, view, k)."),
        _COMPARISON,
        _MODELS_PAIRING,
        Column("life", _str, "Life or control."),
        Column("kind", _str, "life or control."),
        _GROUP,
        Column("model_id", _str, "Model."),
        Column("reference_id", _str, "Reference."),
        Column("footage_s", _f64, "Seconds of footage the model was trained on."),
        Column("whole_life", _bool, "All footage of the life."),
        Column("seed", _i32, "Seed of the model."),
        *_SCORE,
        *_PAIR_SCORES,
    ),
)

LIFE_TRANSFER = Table(
    name="life_transfer",
    group="single_life",
    unit="model_id",
    key="transfer_id",
    doc=(
        "What each frozen model is good for: depth by an attentive probe on its encoder, zero-shot correspondence by its "
        "cross-attention or its features, beside baselines on the same samples. Rejected: no_checkpoint, no_samples, "
        "not_wanted."
    ),
    columns=(
        Column("transfer_id", _str, "Hash of (model, data set, task, method, metric)."),
        _MODEL_ID,
        *_RUN,
        Column("dataset", _str, "probe, or a folder of the settings."),
        Column("task", _str, "depth or correspondence."),
        Column("method", _str, "attentive_probe, attention or features."),
        Column("metric", _str, "delta1, abs_rel, delta1_scaled, abs_rel_scaled; aepe_px, pck1, pck3, pck5."),
        Column("higher_is_better", _bool, "Direction of the metric."),
        Column("samples", _i32, "Pictures or pairs tested on."),
        Column("value", _f64, "Of the model."),
        Column(
            "low", _f64, "Lower end of its 95 % bootstrap interval over scenes; over samples if there are fewer than three."
        ),
        _HIGH,
        Column("random_init", _f64, "An untrained model of the same sizes."),
        Column("trivial", _f64, "Depth: mean depth of the training pictures. Correspondence: nothing moved (identity flow)."),
        Column("grid_limit", _f64, "Correspondence: what the grid of patches can reach; null for depth."),
    ),
)
