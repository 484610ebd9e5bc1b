"""Real footage through the real graph: every file one verdict, none crashes, and the quality the product promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from humannet_assets.store.tables import (
    ANNOTATIONS,
    HAND_TRACKS,
    RAW_VIDEOS,
    SOURCE_FILES,
    STAGE_QUALITY,
    VIDEO_DUPLICATES,
    VIDEO_FILES,
)
from humannet_assets_tests.graph import Graph, write_catalog
from humannet_assets_tests.media_labels import write_labels


@pytest.fixture(scope="module")
def ran(media_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, dict[str, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("media")
    labels = write_labels(media_dir, folder / "labels.jsonl")
    graph = Graph(str(folder / "store"), write_catalog(folder / "sources.yaml", media_dir / "videos", labels=str(labels)))
    return graph, graph.run()


def cluster_of(graph: Graph, *names: str) -> set[str]:
    files = dict(graph.store.read(VIDEO_FILES, ["uri", "video_id"]).iter_rows())
    ids = {Path(uri).name: video_id for uri, video_id in files.items()}
    clusters = dict(graph.store.read(VIDEO_DUPLICATES, ["video_id", "cluster_id"]).iter_rows())
    return {clusters[ids[name]] for name in names}


def test_every_file_ends_with_one_verdict_and_none_crashes(ran: tuple[Graph, dict[str, Any]], media_dir: Path) -> None:
    graph, found = ran
    files = [path for path in (media_dir / "videos").iterdir() if path.is_file()]
    assert graph.store.read(SOURCE_FILES).height == len(files)
    for asset, metadata in found.items():
        assert not metadata.get("failed"), f"{asset}: {metadata['failed']} failed"
        assert not metadata.get("pending"), f"{asset}: {metadata['pending']} pending"
    rejected = {row["unit_id"]: row["reasons"] for row in graph.store.read(RAW_VIDEOS, where="outcome = 'rejected'").to_dicts()}
    assert list(rejected.values()) == [["audio_only"]]


@pytest.mark.parametrize(
    ("stage", "measure", "least"),
    [
        ("filtered_clips", "balanced_accuracy", 0.9),
        ("viewpoints", "balanced_accuracy", 0.9),
        ("shots", "hard_cut_f1", 0.95),
        ("shots", "fade_f1", 0.8),
        ("video_duplicates", "pair_f1", 0.95),
    ],
)
def test_quality_on_labelled_footage(ran: tuple[Graph, dict[str, Any]], stage: str, measure: str, least: float) -> None:
    graph, found = ran
    assert found["stage_quality"][f"{stage}/{measure}"] >= least, found["stage_quality"]["mistakes"]
    stored = graph.store.read(STAGE_QUALITY, ["value"], f"stage = '{stage}' AND measure = '{measure}'")
    assert round(stored["value"][0], 4) == found["stage_quality"][f"{stage}/{measure}"]


def test_variants_are_duplicates_and_two_walks_along_one_path_are_not(ran: tuple[Graph, dict[str, Any]]) -> None:
    graph, _ = ran
    nasa = ("exo_nasa_mirror_3shots.mp4", "odd_nasa_rotated_90.mp4", "odd_nasa_hdr_hevc10.mp4")
    assert len(cluster_of(graph, *nasa)) == 1
    assert len(cluster_of(graph, "ego_walk_gopro_hero7.mp4", "ego_walk_gopro_max_heromode.mp4")) == 2


def test_annotations_describe_what_the_footage_shows(ran: tuple[Graph, dict[str, Any]]) -> None:
    graph, _ = ran
    files = {Path(uri).name: video_id for uri, video_id in graph.store.read(VIDEO_FILES, ["uri", "video_id"]).iter_rows()}
    switch = files["ego_hands_holoassist_z176-sep-05-22-switch.mp4"]
    rows = graph.store.read(ANNOTATIONS, where=f"video_id = '{switch}' AND level = 'clip' AND outcome = 'kept'").to_dicts()
    assert {row["viewpoint"] for row in rows} == {"ego"}
    assert all("two_handed" in row["interaction_style"] for row in rows)
    assert all(row["caption_model"] == "deterministic-describer/1" for row in rows)
    tracks = graph.store.read(HAND_TRACKS, ["side", "coverage"], f"video_id = '{switch}' AND outcome = 'kept'")
    assert set(tracks.filter(tracks["coverage"] > 0.5)["side"]) == {"left", "right"}
