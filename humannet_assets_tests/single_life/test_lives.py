"""Lives and pairs in a store: whose footage is whose, what a run redoes, what readers get."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from humannet_assets.cli.lineage import trace
from humannet_assets.pipeline import all_steps, build_passes
from humannet_assets.settings import Settings
from humannet_assets.single_life.lives import life_of
from humannet_assets.single_life.pairs import PairsError, probe_pairs, read_pairs
from humannet_assets.single_life.settings import LifeConfig
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.sql import connect
from humannet_assets.store.tables import LIFE_PAIR_INDICES, LIFE_VIDEOS, LIVES
from humannet_assets_tests.single_life.footage import Video, pair, put, remove

SETTINGS = {"split": {"block_s": 10, "held_out_share": 0.3}}
ANNA = [Video("a1", seconds=40), Video("a0", seconds=25.5, arrival=2)]
OTHERS = [
    Video("ben", life="ben", seconds=30, world=None, arrival=1),
    Video("still", life="cleo", seconds=30, change=0.0),
    Video("short", life="dora", seconds=0.1, world=None),
    Video("camera", life=None, control="surveillance", seconds=30),
    Video("test", life=None, keywords=("probe",), seconds=30),
    Video("nobody", life=None, keywords=("table",), seconds=30),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> LanceStore:
    """A store with lives of several kinds, paired; not to be written to."""
    store = LanceStore(str(tmp_path_factory.mktemp("lives") / "store"))
    put(store, [*ANNA, *OTHERS])
    pair(store, SETTINGS)
    return store


@pytest.fixture
def paired(made: LanceStore, tmp_path: Path) -> LanceStore:
    """A copy of it."""
    shutil.copytree(made.root, tmp_path / "store")
    return LanceStore(str(tmp_path / "store"))


def _pairs(store: LanceStore) -> pl.DataFrame:
    return store.read(LIFE_PAIR_INDICES, None, "outcome != 'removed'").sort("row_id")


def test_lives_and_their_clock(made: LanceStore) -> None:
    """Videos stand in the order they arrived; lives say what they consist of."""
    videos = {row["video_id"]: row for row in made.read(LIFE_VIDEOS, None, "outcome = 'kept'").iter_rows(named=True)}
    first, second = (videos[video.video_id] for video in ANNA)
    assert (first["position"], first["life_start_s"], second["position"], second["life_start_s"]) == (0, 0.0, 1, 40.0)
    assert second["reference_video_ids"] == [ANNA[0].video_id]
    lives = {row["life"]: row for row in made.read(LIVES).iter_rows(named=True)}
    kinds = {name: row["kind"] for name, row in lives.items()}
    assert kinds == {
        "anna": "life", "ben": "life", "cleo": "life", "dora": "life", "control-surveillance": "control", "probe": "probe",
    }  # fmt: skip
    anna = lives["anna"]
    assert anna["hours"] == pytest.approx(65.5 / 3600)
    assert (anna["video_count"], anna["window_count"], anna["missing_days"], anna["video_id"]) == (2, 2, 1, None)
    assert anna["held_out_share"] == pytest.approx((first["held_out_s"] + second["held_out_s"]) / 65.5)
    left_out = made.read(LIFE_VIDEOS, ["video_id", "reasons"], "outcome = 'rejected'").to_dicts()
    assert left_out == [{"video_id": OTHERS[-1].video_id, "reasons": ["no_life"]}]


def test_a_pairing_that_finds_nothing_says_why_and_stops_no_other(made: LanceStore) -> None:
    """Per life and pairing: kept, or rejected for its reason."""
    frame = _pairs(made).group_by("life", "pairing").agg(pl.col("outcome").first(), pl.col("reasons").first().list.first())
    found = {(row["life"], row["pairing"]): row["reasons"] or row["outcome"] for row in frame.iter_rows(named=True)}
    assert found["anna", "spatial"] == found["ben", "temporal"] == "kept"
    assert found["ben", "spatial"] == found["dora", "spatial"] == "no_points"
    assert found["cleo", "temporal"] == "no_motion"
    assert found["cleo", "random"] == "kept"
    assert found["dora", "temporal"] == found["dora", "random"] == "too_short"
    with pytest.raises(PairsError, match=r"ben.*spatial.*no_points"):
        read_pairs(made, "ben", "spatial")
    with pytest.raises(PairsError, match="no life is called 'eve'; there are anna, ben"):
        read_pairs(made, "eve", "spatial")


def test_a_second_run_does_nothing_and_a_new_video_adds_its_rows(paired: LanceStore) -> None:
    """Nothing that was there is even written again."""
    before = _pairs(paired)
    assert [report.processed for report in pair(paired, SETTINGS, "again").values()] == [0, 0, 0, 0]
    new = Video("a3", seconds=30, arrival=5)
    put(paired, [new])
    reports = pair(paired, SETTINGS, "later")
    assert {name: report.processed for name, report in reports.items()} == {
        "life_videos": 1, "lives": 1, "life_pairings": 1, "life_pair_indices": 4,
    }  # fmt: skip
    after = _pairs(paired)
    old = after.filter(pl.col("run_id") == "run")
    assert old.equals(before)
    added = after.filter(pl.col("run_id") == "later")
    assert added["video_id"].unique().to_list() == [new.video_id]
    assert set(added["reference_video_id"]) == {new.video_id, *(video.video_id for video in ANNA)}


def test_a_takedown_removes_its_pairs(paired: LanceStore) -> None:
    """No row names the video afterwards, and readers let go of it even before the next run."""
    remove(paired, ANNA[0])
    pair(paired, SETTINGS)
    left = _pairs(paired).filter(pl.col("outcome") == "kept")
    assert ANNA[0].video_id not in {*left["video_id"], *left["reference_video_id"]}
    assert ANNA[1].video_id in set(left["video_id"])
    assert paired.read(LIVES, ["video_count"], "life = 'anna'")["video_count"].to_list() == [1]


def test_a_threshold_changes_only_its_pairing(paired: LanceStore) -> None:
    """Ids hold the thresholds of their own pairing."""
    before = _pairs(paired)
    pair(paired, {**SETTINGS, "pairs": {"covisibility": (0.5, 0.8)}})
    after = _pairs(paired)
    for pairing in ("temporal", "augmented", "random"):
        same = [frame.filter(pl.col("pairing") == pairing)["pair_id"].to_list() for frame in (before, after)]
        assert same[0] == same[1]
    shares = after.filter(pl.col("pairing") == "spatial", pl.col("outcome") == "kept")["covisibility"]
    assert 0.5 <= shares.min() <= shares.max() <= 0.8  # type: ignore[operator]


def test_readers_get_the_first_hours_and_the_probe(made: LanceStore) -> None:
    """Durations are cut on the life's clock; the probe is nobody's."""
    everything = read_pairs(made, "anna", "random")
    some = read_pairs(made, "anna", "random", first_s=60.0)
    assert 0 < len(some) < len(everything)
    clock = some.rows.select("target_life_s", "reference_life_s")
    assert clock.to_numpy().max() < 60
    assert set(some.rows["pair_id"]) < set(everything.rows["pair_id"])
    assert everything.video_ids == sorted(video.video_id for video in ANNA)
    assert read_pairs(made, "anna", "augmented").crop_scale == pytest.approx((0.45, 1.0))
    pairs = some.pairs()
    assert [pairs.video_ids[code] for code in pairs.target_video] == some.rows["video_id"].to_list()
    assert pairs.reference_s.tolist() == some.rows["reference_s"].to_list()
    probe = probe_pairs(made, 10)
    assert len(probe) == 10
    assert probe.video_ids == [OTHERS[4].video_id]
    assert probe.rows["pair_id"].to_list() == sorted(read_pairs(made, "probe", "temporal", "probe").rows["pair_id"])[:10]


def test_lineage_leads_from_a_pair_to_every_video_it_depends_on(made: LanceStore) -> None:
    """A spatial pair rests on what both videos see."""
    row = made.read(LIFE_PAIR_INDICES, None, f"pairing = 'spatial' AND video_id = '{ANNA[1].video_id}'").row(0, named=True)
    node = trace(made, all_steps(build_passes(Settings())), LIFE_PAIR_INDICES, row)
    seen = [parent.row["video_id"] for parent in node.parents if parent.table.name == "visible_points"]
    assert sorted(seen) == sorted(video.video_id for video in ANNA)


def test_sql(made: LanceStore) -> None:
    """Tables are views like all others; rejected units are not counted as pairs."""
    with connect(made) as connection:
        counted = connection.execute("SELECT count(*) FROM life_pair_indices WHERE life = 'dora'").fetchone()
        joined = connection.execute(
            "SELECT count(*) FROM life_pair_indices p JOIN life_videos v ON v.video_id = p.reference_video_id "
            "WHERE p.life = 'anna'"
        ).fetchone()
    assert counted == (1,)  # its only frame, with itself
    assert joined is not None
    assert joined[0] > 500


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"life": "anna"}, ("anna", "life")),
        ({"life": "anna", "metadata": '{"control": "fixed_indoor"}'}, ("control-fixed_indoor", "control")),
        ({"keywords": ["control-pool"]}, ("control-pool", "control")),
        ({"keywords": ["probe"], "life": "anna"}, ("anna", "life")),
        ({"keywords": ["probe"]}, ("probe", "probe")),
        ({"keywords": ["cooking"]}, (None, "")),
    ],
)
def test_whose_life(said: dict[str, Any], expected: tuple[str | None, str]) -> None:
    """Marks, names, keywords, in this order."""
    assert life_of({"life": None, "keywords": [], "metadata": None, **said}, LifeConfig()) == expected
