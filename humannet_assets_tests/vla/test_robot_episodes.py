"""Data sets of robots become episodes: each accounted for, in one action space, read back as training reads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml

from humannet_assets.cli import app as cli
from humannet_assets.media.access import MediaAccess
from humannet_assets.pipeline import build_passes
from humannet_assets.settings import Settings, SettingsError, load_settings
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import StepReport, run_steps
from humannet_assets.store.tables import HUMAN_DATA_REPORT, ROBOT_EPISODES, ROBOT_RECORDINGS
from humannet_assets.vla.actions import robot_action_chunks
from humannet_assets.vla.chunks import EpisodeChoice, episode_ids, read_episodes, training_statistics
from humannet_assets.vla.episodes import BadEpisode, Episode
from humannet_assets.vla.importers.registry import iter_episodes
from humannet_assets.vla.pictures import episode_pictures
from humannet_assets.vla.report import data_report
from humannet_assets.vla.settings import DataReportConfig, EpisodeSplitConfig
from humannet_assets_tests.vla.robot_files import write_aloha, write_lerobot_v2, write_lerobot_v3

RIGHTS = {"source_type": "controlled", "licence": "MIT", "consent_basis": "contract"}


class Robots:
    """A store and a catalog with one robot source."""

    def __init__(self, store: LanceStore, folder: Path) -> None:
        self.store, self.folder, self.catalog = store, folder, folder.parent / "sources.yaml"
        self.entry: dict[str, Any] = {"id": "arms", "kind": "robot", "uri": str(folder), **RIGHTS}

    def run(self, settings: Settings | None = None) -> dict[str, StepReport]:
        self.catalog.write_text(yaml.safe_dump({"sources": [self.entry]}))
        chosen = settings or Settings()
        refresh_sources(self.store, self.catalog, chosen, run_id="r", access=MediaAccess())
        passes = build_passes(chosen)["robot_episodes"]
        reports = [report for steps in passes for report in run_steps(self.store, steps, run_id="r")]
        assert all(report.adds_up for report in reports)
        return {report.table: report for report in reports}

    def rows(self) -> pl.DataFrame:
        return self.store.read(ROBOT_EPISODES).sort("dataset", "episode_index")


@pytest.fixture
def robots(store: LanceStore, tmp_path: Path) -> Robots:
    """Two data sets, one with an episode without its file, one of NaN and one that is there twice."""
    folder = tmp_path / "robots"
    old = write_lerobot_v2(folder / "old", (40, 45, 40, 42))
    data = old / "data" / "chunk-000"
    table = pq.read_table(data / "episode_000001.parquet").to_pylist()
    table[7]["observation.state"] = [float("nan")] * len(table[7]["observation.state"])
    pq.write_table(type(pq.read_table(data / "episode_000000.parquet")).from_pylist(table), data / "episode_000001.parquet")
    (data / "episode_000002.parquet").unlink()
    write_aloha(folder / "aloha" / "episode_0.hdf5", 90)
    shutil.copy(folder / "aloha" / "episode_0.hdf5", folder / "aloha" / "episode_1.hdf5")
    return Robots(store, folder)


def test_every_episode_is_accounted_for_and_a_second_run_does_nothing(robots: Robots) -> None:
    reports = robots.run()
    assert (reports["robot_recordings"].kept, reports["robot_episodes"].inputs) == (1, 6)
    found = {(row["dataset"], row["episode_index"]): (row["outcome"], row["reasons"]) for row in robots.rows().to_dicts()}
    assert found == {
        ("aloha", 0): ("kept", []),
        ("aloha", 1): ("rejected", ["duplicate"]),
        ("old", 0): ("kept", []),
        ("old", 1): ("rejected", ["not_finite"]),
        ("old", 2): ("rejected", ["missing_data"]),
        ("old", 3): ("kept", []),
    }
    nan = robots.rows().filter((pl.col("dataset") == "old") & (pl.col("episode_index") == 1)).to_dicts()[0]
    assert json.loads(nan["evidence"])["not_finite"]["state"]["first_frame"] == 7
    again = robots.run()
    assert [report.processed for report in again.values()] == [0, 0]

    # New data are found; a source that is taken down takes everything with it.
    write_lerobot_v3(robots.folder / "new", (20, 25))
    assert robots.run()["robot_episodes"].inputs == 8
    robots.entry["withdrawn"] = True
    robots.run()
    assert set(robots.rows()["outcome"]) == {"removed"}
    assert set(robots.store.read(ROBOT_RECORDINGS)["outcome"]) == {"removed"}


def test_chunks_read_back_are_those_of_the_recording(robots: Robots) -> None:
    robots.run(load_settings(overrides={"vla": {"split": {"validation_share": 0}}}))
    for folder in ("old", "aloha"):
        items = {item.episode_id: item for item in read_episodes(robots.store, EpisodeChoice(kind="robot", datasets=(folder,)))}
        kept = robots.rows().filter(pl.col("outcome") == "kept")
        rows = {row["episode_id"]: row["recording_id"] for row in kept.to_dicts()}
        episodes = [episode for episode in iter_episodes(robots.folder / folder) if isinstance(episode, Episode)]
        seen = 0
        for episode in episodes:
            item = items.get(rows.get(episode.episode_id, ""))
            if item is None:
                continue
            seen += 1
            expected = robot_action_chunks(episode)
            assert item.chunks.actions == pytest.approx(expected.actions, abs=1e-5)
            assert (item.chunks.mask == expected.mask).all()
            assert item.chunks.state == pytest.approx(expected.state, abs=1e-5)
            assert item.weights.tolist() == [1.0] * 28 + [0.0] * 4
            pictures = dict(item.pictures([0, 3, 3]))
            assert list(pictures) == [0, 3]
            frame = int(item.chunks.frame_index[3])
            (own,) = [picture for _, picture in episode_pictures(episode, "cam_high", [frame])]
            assert (pictures[3] == own).all()
        assert seen
    statistics = training_statistics(robots.store, EpisodeChoice(kind="robot"))
    assert statistics["actions"].episodes == 3


def test_held_out_groups_are_validation_only_and_splits_follow_the_hash() -> None:
    config = EpisodeSplitConfig.model_validate(
        {
            "groups": [
                {"eval_group": "ood_mobile", "datasets": ["mobile_*"]},
                {"eval_group": "ood_short", "instructions": ["wipe*"]},
            ]
        }
    )
    assert config.place("e", "mobile_aloha", "Wipe the table") == ("validation", "ood_mobile")
    assert config.place("e", "tabletop", "Wipe the table") == ("validation", "ood_short")
    splits = [config.place(str(number), "tabletop", "fold")[0] for number in range(1000)]
    assert 70 <= splits.count("validation") <= 130
    assert splits == [config.place(str(number), "other", "pour")[0] for number in range(1000)]


def test_settings_are_refused_before_work_starts(tmp_path: Path) -> None:
    hint = {"datasets": ["x"], "robot": "r2d2"}
    with pytest.raises(SettingsError, match="Known robots: aloha"):
        load_settings(overrides={"vla": {"data": {"hints": [hint]}}})
    with pytest.raises(SettingsError, match=r"missing\.yaml cannot be read"):
        load_settings(overrides={"vla": {"data": {"hints": [{"datasets": ["x"], "mapping": str(tmp_path / "missing.yaml")}]}}})
    with pytest.raises(SettingsError, match="closed_m"):
        load_settings(overrides={"vla": {"human": {"gripper": {"closed_m": 0.1, "open_m": 0.05}}}})


def test_a_robot_nobody_knows_and_a_folder_without_data_say_what_to_do(store: LanceStore, tmp_path: Path) -> None:
    robots = Robots(store, tmp_path / "robots")
    write_lerobot_v2(robots.folder / "odd", robot_type="r2d2")
    robots.run()
    (row,) = robots.rows().to_dicts()
    assert (row["outcome"], row["reasons"]) == ("rejected", ["unknown_robot"])
    assert "write a mapping" in json.loads(row["evidence"])["message"]
    shutil.rmtree(robots.folder / "odd")
    robots.run()
    sources = store.read(ROBOT_RECORDINGS).to_dicts()
    assert [(row["outcome"], row["reasons"]) for row in sources] == [("rejected", ["no_dataset"])]
    assert set(robots.rows()["outcome"]) == {"removed"}


def test_the_export_is_a_data_set_our_importer_reads(
    robots: Robots, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    robots.run(load_settings(overrides={"vla": {"split": {"validation_share": 0.5, "seed": 1}}}))
    out = tmp_path / "exported"
    arguments = ["--root", robots.store.root, "export", "lerobot", "--kind", "robot", "--out", str(out), "--size", "64x48"]
    for _ in range(2):
        # A second time there is nothing left to do.
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--dataset", "old"])
        assert ended.value.code == 0
    items = list(read_episodes(robots.store, EpisodeChoice(kind="robot", datasets=("old",))))
    splits = json.loads((out / "meta" / "info.json").read_text())["splits"]
    train = sum(item.split == "train" for item in items)
    assert splits["train"] == f"0:{train}"
    found = _raw(out)
    assert len(found) == len(items) == 2
    by_length = {len(item): item for item in items}
    for episode in found:
        item = by_length[episode.frames]
        assert episode.instruction == item.instruction
        column = list(episode.action_names).index("right_grip")
        assert episode.action[:, column] == pytest.approx(item.chunks.actions[:, 0, 13], abs=1e-6)
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments[:-3], str(tmp_path / "none"), "--dataset", "nowhere"])
    assert ended.value.code == 2
    assert "no robot episode to export" in capsys.readouterr().err
    for size, said in (("wide", "write width and height"), ("63x48", "even sides")):
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments[:-1], size])
        assert ended.value.code == 2
        assert said in capsys.readouterr().err


def _raw(folder: Path) -> list[Episode]:
    from humannet_assets.vla.importers.registry import ImportConfig

    found = list(iter_episodes(folder, ImportConfig(unknown_robot="raw")))
    assert not any(isinstance(episode, BadEpisode) for episode in found)
    return [episode for episode in found if isinstance(episode, Episode)]


def test_the_report_compares_and_is_written_once(robots: Robots) -> None:
    robots.run()
    config = DataReportConfig(resamples=100)
    figures = {(figure.dataset, figure.measure): figure for figure in data_report(robots.store, config, "r")}
    kept = robots.rows().filter(pl.col("outcome") == "kept")
    assert figures[None, "episodes"].value == kept.height == 3
    assert figures[None, "hours"].value == pytest.approx(kept["duration_s"].sum() / 3600)
    weights = kept["duration_s"].to_numpy()
    idle = kept["idle_fraction"].to_numpy()
    assert figures[None, "idle_fraction"].value == pytest.approx((idle * weights).sum() / weights.sum())
    low, high = figures[None, "idle_fraction"].low, figures[None, "idle_fraction"].high
    assert low is not None
    assert high is not None
    assert low <= figures[None, "idle_fraction"].value <= high  # type: ignore[operator]
    version = robots.store.version(HUMAN_DATA_REPORT)
    data_report(robots.store, config, "again")
    assert robots.store.version(HUMAN_DATA_REPORT) == version
    assert len(episode_ids(robots.store, EpisodeChoice(kind="robot"))) == 3


def test_real_recordings_become_episodes(store: LanceStore, robot_dir: Path, tmp_path: Path) -> None:
    robots = Robots(store, robot_dir)
    robots.catalog = tmp_path / "sources.yaml"
    robots.run(load_settings(overrides={"vla": {"quality": {"pictures": {"decode": "none"}}}}))
    rows = robots.rows()
    kept = rows.filter(pl.col("outcome") == "kept").group_by("dataset").len().sort("dataset")
    assert dict(kept.iter_rows()) == {
        "bridge_rlds": 25, "lerobot_v2_starvla_sim_pick_place": 1, "umi_cup_in_the_wild": 1,
    }  # fmt: skip
    assert set(rows.filter(pl.col("outcome") == "rejected").explode("reasons")["reasons"]) == {"missing_data"}
    umi = next(read_episodes(store, EpisodeChoice(kind="robot", datasets=("umi_cup_in_the_wild",))))
    # Only UMI's camera has a known pose: its actions are along the camera's axes, Bridge's hold the gripper alone.
    assert umi.chunks.mask[:, :, 7:14].any(axis=(0, 1)).all()
    bridge = next(read_episodes(store, EpisodeChoice(kind="robot", datasets=("bridge_rlds",))))
    assert np.flatnonzero(bridge.chunks.mask.any(axis=(0, 1))).tolist() == [13]
