"""Group `vla`: episodes of robots and people in one action space, and how their data differ."""

import dagster as dg

from humannet_assets.assets.common import (
    COLLECT,
    OWNERS,
    RETRY,
    UNPARTITIONED,
    materialize,
    picture_metadata,
    schema_metadata,
    spec,
)
from humannet_assets.assets.episode_pictures import human_episode_page, robot_episode_page
from humannet_assets.figures.episodes import measure_bars
from humannet_assets.resources.pipeline import PipelineResource
from humannet_assets.store.tables import HUMAN_DATA_REPORT, HUMAN_EPISODES, ROBOT_EPISODES
from humannet_assets.vla.policy_findings import hours_figure
from humannet_assets.vla.report import bars, data_report, markdown


@dg.asset(**spec(ROBOT_EPISODES, ["source_catalog"], **UNPARTITIONED))
def robot_episodes(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """List what robot sources hold (table robot_recordings), judge each episode and bring it into the action space."""
    return materialize(context, pipeline, robot_episode_page)


@dg.asset(
    **spec(
        HUMAN_EPISODES,
        ["raw_videos", "known_cameras", "filtered_clips", "viewpoints", "hand_tracks", "camera_trajectories", "captions"],
    )
)
def human_episodes(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Turn the wearer's hands into actions, and say how well a gripper could do the same."""
    return materialize(context, pipeline, human_episode_page)


@dg.asset(
    group_name="vla",
    deps=["human_episodes", "robot_episodes", "vla_results"],
    owners=OWNERS,
    retry_policy=RETRY,
    kinds={"lance", "python"},
    automation_condition=COLLECT,
    pool=HUMAN_DATA_REPORT.name,
    metadata=schema_metadata(HUMAN_DATA_REPORT),
    description=HUMAN_DATA_REPORT.doc,
)
def human_data_report(context: dg.AssetExecutionContext, pipeline: PipelineResource) -> dg.MaterializeResult:
    """Compare what people and robots do (rest, variety, smoothness, reach), and how loss falls with hours of either."""
    figures = data_report(pipeline.store, pipeline.settings.vla.report, context.run.run_id)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": pipeline.store.dataset(HUMAN_DATA_REPORT).count_rows(),
            "report": dg.MetadataValue.md(markdown(figures)),
            **picture_metadata(measure_bars(bars(figures), "human and robot data"), "human_and_robot_data"),
            **picture_metadata(hours_figure(pipeline.store, pipeline.settings.vla.experiment), "loss_over_hours"),
        }
    )
