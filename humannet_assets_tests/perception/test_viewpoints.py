from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from humannet_assets.perception.evidence import SIGNALS
from humannet_assets.perception.filtered_clips import FilterConfig, FilterStep
from humannet_assets.perception.viewpoints import CUES, ViewpointConfig, ViewpointStep, log_odds
from humannet_assets.store.step import Outcome, Unit, validate_row
from humannet_assets.store.tables import VIEWPOINTS
from humannet_assets_tests.perception.test_clip_signals import score
from humannet_assets_tests.perception.test_filtered_clips import HANDS, PERSON, SCENE, WALK

TRIPOD, HEAD = {"camera_shake": 0.0005}, {"camera_shake": 0.03, "camera_motion": 0.05}
FACE = {"face_on_body_rate": 0.9, "face_confidence": 0.8}


def view(*changes: dict[str, Any], config: ViewpointConfig | None = None) -> Outcome:
    row = {**SCENE}
    for change in changes:
        row |= change
    unit = Unit("c", "v", "w", {"filtered_clips": [{"clip_id": "c"}], "clip_signals": [row]})
    [outcome] = ViewpointStep(config or ViewpointConfig()).process([unit])
    assert outcome.status == "kept"
    validate_row(VIEWPOINTS, outcome.rows[0])
    return outcome


@pytest.mark.parametrize(
    ("signals", "viewpoint", "cue"),
    [
        ([HANDS, HEAD], "ego", "hands"),
        ([HANDS, {"camera_shake": 0.003}], "ego", "hands"),
        ([WALK], "ego", "camera_motion"),
        ([PERSON, TRIPOD], "exo", "body"),
        ([PERSON, FACE, HEAD], "exo", "body"),  # somebody filmed by a hand-held camera
        ([HANDS, {"hand_bottom_entry": 0.1}, TRIPOD], "exo", "hands"),  # hands from above over a table
        ([HANDS, {"hand_bottom_entry": 0.0}, WALK], "exo", "hands"),  # somebody else's hands, filmed walking up
        ([HANDS, PERSON, FACE, TRIPOD], "exo", "body"),  # somebody signs to the camera
        ([HANDS, HEAD, {"pose_rate": 0.5, "pose_score": 0.8}], "ego", "hands"),  # a wearer with a companion
    ],
)
def test_viewpoint_and_the_cue_that_decided(signals: list[dict[str, Any]], viewpoint: str, cue: str) -> None:
    [row] = view(*signals).rows
    assert (row["viewpoint"], row["decided_by"]) == (viewpoint, cue)


def test_contradicting_or_missing_cues_are_unclear() -> None:
    silent = {"camera_shake": None, "camera_motion": None, "camera_parallax": None}
    assert view(silent).rows[0]["viewpoint"] == "unclear"
    assert view(HANDS, PERSON, {"camera_shake": 0.008}).rows[0]["viewpoint"] == "unclear"


def test_the_band_is_configuration() -> None:
    assert view(WALK, config=ViewpointConfig(unclear_high=0.99)).rows[0]["viewpoint"] == "unclear"
    with pytest.raises(ValueError, match="must lie below"):
        ViewpointConfig(unclear_low=0.7, unclear_high=0.6)


@given(st.fixed_dictionaries({name: st.none() | st.floats(0, 2) for name in SIGNALS}))
def test_probability_is_the_logistic_of_the_cues(signals: dict[str, Any]) -> None:
    config = ViewpointConfig()
    outcome = view(signals)
    cues = log_odds({**SCENE, **signals}, config)
    assert set(cues) == set(CUES)
    probability = outcome.rows[0]["ego_probability"]
    assert 0 <= probability <= 1
    assert math.log(probability / (1 - probability)) * config.temperature == pytest.approx(config.bias + sum(cues.values()))


@pytest.mark.parametrize(
    ("video", "spans", "truth"),
    [
        ("ego_hands_holoassist_z140-aug-16-22-gopro.mp4", [(0, 5)], "ego"),
        ("ego_walk_gopro_max_heromode.mp4", [(0, 5)], "ego"),
        ("topdown_letterblocks_hands_720p.mp4", [(0, 3)], "exo"),
        ("exo_cups_hands_torso_720p.mp4", [(5, 8)], "exo"),
        ("exo_asl_book_woman.mkv", [(0, 3.5)], "exo"),
        ("gif_face-demographics-walking.gif", [(0, 2.8)], "exo"),
        ("neg_dog_eating.mp4", [(5, 9)], "none"),
        ("neg_cars_topdown.mp4", [(6, 10)], "none"),
        ("odd_vfr_upside_down_dog.mp4", [(0, 2.3)], "none"),
    ],
)
def test_real_clips(media_dir: Path, video: str, spans: list[tuple[float, float]], truth: str) -> None:
    """The whole chain on real footage: signals, verdict, viewpoint."""
    found: Counter[str] = Counter()
    for start_s, end_s in spans:
        row = score(media_dir / "videos" / video, start_s, end_s)
        [verdict] = FilterStep(FilterConfig()).process([Unit("c", "v", "w", {"clip_signals": [row]})])
        found[view(row).rows[0]["viewpoint"] if verdict.status == "kept" else "none"] += 1
    assert found.most_common(1)[0][0] == truth
