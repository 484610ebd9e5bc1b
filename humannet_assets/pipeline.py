"""The graph as plain Python: which steps make each asset, in the order data flows.

Dagster's layer, the command line and notebooks all build the same steps from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from humannet_assets.store.plan import DEFAULT_MAX_ATTEMPTS, Plan, make_plan
from humannet_assets.store.step import NoConfig, Step

if TYPE_CHECKING:
    from humannet_assets.media.access import MediaAccess
    from humannet_assets.settings import Settings
    from humannet_assets.single_life.workplace import Workplace
    from humannet_assets.store.lance_store import LanceStore
    from humannet_assets.vla.policy.closed_loop import Loop
    from humannet_assets.vla.samples import Sample

Pass = tuple[Step[Any], ...]
"""Steps that run together: one step, or several that share one decode of the same clips."""

TRACK_ASSETS = ("hand_tracks", "body_tracks", "camera_trajectories")
"""Made in one decode pass (DESIGN rule 5)."""


def build_passes(
    settings: Settings, access: MediaAccess | None = None, place: Workplace | None = None
) -> dict[str, tuple[Pass, ...]]:
    """Passes per asset, in the order in which data flows.

    Args:
        settings: Thresholds of every step.
        access: How `raw_videos` reads files to identify them; local files by default.
        place: Where steps about models work; not needed to plan.
    """
    from humannet_assets.geometry.known_cameras import KnownCamerasStep
    from humannet_assets.geometry.segments import SegmentsStep
    from humannet_assets.geometry.trajectories import CameraTrajectoryStep
    from humannet_assets.language.annotations import AnnotationStep
    from humannet_assets.language.captions import caption_step
    from humannet_assets.language.motion import MotionDescriptionStep
    from humannet_assets.media.duplicates import DuplicateStep
    from humannet_assets.media.raw_videos import RawVideoStep
    from humannet_assets.media.shots import ClipStep, ShotStep
    from humannet_assets.perception.body_tracks import BodyTracksStep
    from humannet_assets.perception.clip_signals import ClipSignalsStep
    from humannet_assets.perception.filtered_clips import FilterStep
    from humannet_assets.perception.hand_tracks import HandTracksStep
    from humannet_assets.perception.viewpoints import ViewpointStep
    from humannet_assets.single_life.alignment import CasStep, CasStepConfig
    from humannet_assets.single_life.durations import DurationStep
    from humannet_assets.single_life.lives import LifeStep, LifeVideoStep
    from humannet_assets.single_life.pair_indices import PairIndexStep, PairingStep
    from humannet_assets.single_life.runs import ComparisonConfig, ComparisonStep, CrocoRunStep
    from humannet_assets.single_life.settings import LifeVideoConfig, PairIndexConfig
    from humannet_assets.single_life.summaries import SummaryStep
    from humannet_assets.single_life.train_models import CheckpointStep
    from humannet_assets.single_life.transfer.step import MatchStep, TransferStep
    from humannet_assets.single_life.visible_points import points_step
    from humannet_assets.sources.identify import IdentifyStep, VideoSourceStep
    from humannet_assets.vla.human_episodes import HumanEpisodeStep
    from humannet_assets.vla.judge_policies import JudgeConfig, JudgeStep
    from humannet_assets.vla.policy_results import ResultStep
    from humannet_assets.vla.robot_episodes import RobotEpisodeStep, RobotRecordingStep
    from humannet_assets.vla.settings import HumanEpisodesConfig, RobotEpisodesConfig
    from humannet_assets.vla.train_policies import PolicyStep

    life, vla = settings.single_life, settings.vla
    shared = {"resample": vla.resample, "split": vla.split, "measures": vla.measures}
    judged = JudgeConfig(evaluation=vla.experiment.evaluation, closed_loop=vla.experiment.closed_loop)
    return {
        "raw_videos": (
            (IdentifyStep(settings.video_files, access),),
            (VideoSourceStep(settings.video_sources),),
            (RawVideoStep(settings.raw_videos),),
        ),
        "known_cameras": ((KnownCamerasStep(settings.known_cameras, access),),),
        "video_duplicates": ((DuplicateStep(settings.video_duplicates),),),
        "shots": ((ShotStep(settings.shots),), (ClipStep(settings.clips),)),
        "clip_signals": ((ClipSignalsStep(settings.clip_signals),),),
        "filtered_clips": ((FilterStep(settings.filtered_clips),),),
        "viewpoints": ((ViewpointStep(settings.viewpoints),),),
        "hand_tracks": ((HandTracksStep(settings.hand_tracks),),),
        "body_tracks": ((BodyTracksStep(settings.body_tracks),),),
        "camera_trajectories": ((CameraTrajectoryStep(settings.camera_trajectories),),),
        "segments": ((SegmentsStep(settings.segments),),),
        "captions": ((MotionDescriptionStep(settings.motion_descriptions),), (caption_step(settings.captions),)),
        "annotations": ((AnnotationStep(settings.annotations),),),
        "lives": ((LifeVideoStep(LifeVideoConfig(lives=life.lives, split=life.split)),), (LifeStep(NoConfig()),)),
        "visible_points": ((points_step(life.visible_points, access),),),
        "life_pair_indices": (
            (PairingStep(NoConfig()),),
            (PairIndexStep(PairIndexConfig(pairs=life.pairs, split=life.split)),),
        ),
        "croco_checkpoints": ((CrocoRunStep(life.experiment),), (CheckpointStep(NoConfig(), place),)),
        "cas_matrices": (
            (ComparisonStep(ComparisonConfig(experiment=life.experiment, cas=life.cas)),),
            (CasStep(CasStepConfig.of(life.cas, life.experiment), place),),
            (SummaryStep(life.cas, place),),
            (MatchStep(life.transfer, place),),
        ),
        "alignment_by_duration": ((DurationStep(NoConfig(), place),),),
        "life_transfer": ((TransferStep(life.transfer, place),),),
        "robot_episodes": (
            (RobotRecordingStep(vla.data),),
            (RobotEpisodeStep(RobotEpisodesConfig(data=vla.data, quality=vla.quality, **shared)),),
        ),
        "human_episodes": ((HumanEpisodeStep(HumanEpisodesConfig(human=vla.human, **shared)),),),
        "vla_checkpoints": ((PolicyStep(NoConfig(), place),),),
        "vla_results": ((JudgeStep(judged, place, simulated_loop),), (ResultStep(vla.experiment.evaluation),)),
    }


def simulated_loop(task: str, instance: int, like: Sample, cameras: tuple[str, ...], shadows: bool) -> Loop:
    """A closed loop in the simulator, which is only imported when there is one to be run."""
    from humannet_assets.simulator.robot.policy_samples import FAST, SimulatedLoop
    from humannet_assets.simulator.robot.tabletop import EPISODE_QUALITY

    return SimulatedLoop(task, instance, like, cameras, EPISODE_QUALITY if shadows else FAST)


def all_steps(passes: dict[str, tuple[Pass, ...]]) -> list[Step[Any]]:
    """Every step once, in the order data flows."""
    return [step for group in passes.values() for steps in group for step in steps]


def asset_of_tables(passes: dict[str, tuple[Pass, ...]]) -> dict[str, str]:
    """Table name to the asset that writes it."""
    owners = {step.writes.name: asset for asset, group in passes.items() for steps in group for step in steps}
    owners |= {"human_data_report": "human_data_report", "vla_runs": "vla_checkpoints", "vla_comparisons": "vla_results"}
    quality = dict.fromkeys(("stage_quality", "stage_confusions", "stage_worst_cases"), "stage_quality")
    return {"source_catalog": "source_catalog", "source_files": "source_catalog", **owners, **quality}


def plan_all(
    store: LanceStore,
    steps: Sequence[Step[Any]],
    windows: Sequence[str] | None = None,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
) -> list[Plan]:
    """What each step would do now, and why."""
    return [make_plan(store, step, windows, max_attempts) for step in steps]


def windows_to_run(plans: Sequence[Plan]) -> list[str]:
    """Ingest windows in which any of the plans has something to do, oldest first."""
    windows: set[str] = set()
    for plan in plans:
        windows.update(plan.todo["ingest_window"].to_list())
        windows.update(plan.removed["ingest_window"].to_list())
    return sorted(windows)
