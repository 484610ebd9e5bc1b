"""Tables of the `vla` group that are about policies: what is trained, how far each is off and how the arms compare."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _i64, _f32, _f64 = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64()

_RUN = (
    Column("arm", _str, "base, ego, robot or robot_large: what the policy saw before post-training (docs/vla.md)."),
    Column("seed", _i32, "Of adapters, experts, order and noise; the same seed is the same in all arms."),
    Column("share", _f64, "Share of the arm's hours it goes on with: 1, or less for the law of hours."),
    Column("model_name", _str, "Short name, unique among all policies."),
)
RUN_COLUMNS: tuple[str, ...] = tuple(column.name for column in _RUN)
"""Names of the columns that say what a policy is; every table about single policies has them."""

VLA_RUNS = Table(
    name="vla_runs",
    group="vla",
    unit="model_id",
    key="model_id",
    doc=(
        "What is to be trained: one row per arm, seed and share of hours, with the episodes it depends on and no other. Only "
        "there so that a change trains anew what depends on it. Empty while there is no episode to train on at all."
    ),
    columns=(
        *_RUN,
        Column("human_ids", pa.list_(_str), "Human training episodes; empty for base, which needs none.", in_sql=False),
        Column("robot_ids", pa.list_(_str), "Robot training episodes that are not for post-training.", in_sql=False),
        Column("post_ids", pa.list_(_str), "Robot training episodes of the post-training.", in_sql=False),
        Column("eval_ids", pa.list_(_str), "Held-out robot episodes it is judged on.", in_sql=False),
        Column("config", _str, "JSON: the policy, its training, how samples are cut."),
    ),
)

VLA_CHECKPOINTS = Table(
    name="vla_checkpoints",
    group="vla",
    unit="model_id",
    key="model_id",
    doc=(
        "One row per trained policy: continued training on its arm's hours, then the post-training all share. Rejected: "
        "no_robot_episodes, no_human_episodes, too_few_hours, missing_camera, too_many_samples, each with the fix. Failed: "
        "e.g. a configuration that cannot be trained, or a loss that is not finite."
    ),
    columns=(
        *_RUN,
        Column("continued_hours", _f64, "Hours of the continued training's samples; 0 for base."),
        Column("continued_episodes", _i32, "Episodes they are of."),
        Column("post_hours", _f64, "Hours of the post-training's samples."),
        Column("post_episodes", _i32, "Episodes they are of."),
        Column("episodes_left_out", _i32, "Episodes without pictures of every camera."),
        Column("folder", _str, "Folder of the finished policy: card.json, expert, changes to the VLM."),
        Column("run_fingerprint", _str, "Hash of everything that decided the weights."),
        Column("expert_sha256", _str, "Hash of the expert's weights."),
        Column("vlm", _str, "Identity of the vision-language model it started from."),
        Column("parameters", _i64, "Numbers in the expert and in what training made of the VLM."),
        Column("steps", _i32, "Optimiser steps of the post-training."),
        Column("batch_size", _i32, "Samples per step."),
        Column("loss_first", _f64, "Mean loss of the first row of the post-training's curve."),
        Column("loss_last", _f64, "Mean loss of the last row."),
        Column("samples_per_s", _f64, "Samples trained on per second of the post-training."),
        Column("train_s", _f64, "Seconds of all its training."),
        Column("hardware", _str, "Devices."),
        Column("precision", _str, "bf16 or fp32."),
        Column("curve_steps", pa.list_(_i32), "Steps of the post-training's curve."),
        Column("curve_loss", pa.list_(_f32), "Loss there, mean since the row before."),
        Column("continued_curve_steps", pa.list_(_i32), "Steps of the continued training's curve; empty for base."),
        Column("continued_curve_loss", pa.list_(_f32), "Loss there."),
    ),
)

_MEASURED = (
    Column("eval_group", _str, "Validation group, or ood_average; closed_loop for success."),
    Column(
        "condition",
        _str,
        "real; controls: shuffled_image, matched_image, shuffled_text (pictures or words of another episode), mean_action, "
        "zero_action (no policy).",
    ),
    Column("measure", _str, "loss, position_mm, rotation_deg, grip (0..1), joints_deg; success (0..1) of the closed loop."),
)

VLA_EPISODE_ERRORS = Table(
    name="vla_episode_errors",
    group="vla",
    unit="model_id",
    key="error_id",
    doc=(
        "How far each policy is off on each held-out episode under each condition; what intervals and comparisons are made of. "
        "Rejected: no_checkpoint, too_few_held_out."
    ),
    columns=(
        Column("error_id", _str, "Hash of (model, group, episode, condition, measure)."),
        Column("model_id", _str, "The policy."),
        *_RUN,
        *_MEASURED,
        Column("episode_id", _str, "Row of robot_episodes; task and seed of a try of the closed loop."),
        Column("value", _f64, "Mean over the episode's samples."),
        Column("samples", _i32, "How many of them have it."),
    ),
)

VLA_RESULTS = Table(
    name="vla_results",
    group="vla",
    unit="model_id",
    key="result_id",
    doc="One row per policy, validation group, condition and measure, with its interval and its gap to the real condition.",
    columns=(
        Column("result_id", _str, "Hash of (model, group, condition, measure)."),
        Column("model_id", _str, "The policy."),
        *_RUN,
        *_MEASURED,
        Column("value", _f64, "Mean over samples; over groups for ood_average."),
        Column("low", _f64, "Lower end of its 95 % interval: bootstrap over episodes; Wilson's for success."),
        Column("high", _f64, "Upper end."),
        Column("samples", _i32, "Samples."),
        Column("episodes", _i32, "Episodes they are of."),
        Column("gap", _f64, "value minus the real condition's, on the same samples: the vision gap for shuffled_image."),
        Column("gap_low", _f64, "Lower end of its 95 % interval, paired by episode."),
        Column("gap_high", _f64, "Upper end."),
    ),
)

VLA_COMPARISONS = Table(
    name="vla_comparisons",
    group="vla",
    unit="comparison_id",
    key="comparison_id",
    doc=(
        "Arm against arm on the same held-out episodes: differences paired by episode and seed, bootstrap over both; and steps "
        "of post-training to a loss. Replaced when it changes."
    ),
    columns=(
        Column("arm_a", _str, "One arm."),
        Column("arm_b", _str, "Another."),
        Column("eval_group", _str, "Validation group, or ood_average; post_training for steps."),
        Column("measure", _str, "See vla_results; or steps_to_threshold."),
        Column("mean_a", _f64, "Mean of one arm over seeds."),
        Column("mean_b", _f64, "Of the other."),
        Column("difference", _f64, "mean_a - mean_b: below 0 the first arm is better."),
        Column("low", _f64, "Lower end of its 95 % interval; null without two episodes."),
        Column("high", _f64, "Upper end."),
        Column("seeds", _i32, "Seeds both have."),
        Column("episodes", _i32, "Episodes."),
        Column("threshold", _f64, "Loss the steps are counted to: the highest of all runs' final losses."),
    ),
)
