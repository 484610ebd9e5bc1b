"""Boundaries from stored scores: equal to PySceneDetect's, right on labelled footage, silent on single takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from humannet_assets.media.cuts import ShotConfig, ShotScores, find_boundaries, replay_content, replay_fades
from humannet_assets.store.step import Outcome

HARD = {
    "cg_bigbuckbunny_30s.webm": [283, 376, 551],
    "exo_nasa_mirror_3shots.mp4": [202],
    "neg_multishot_leaf_deer_fades.mp4": [30, 180, 394],
    "neg_slides_talk_1080p.mp4": [213, 1523, 2096, 2698, 2785, 3015, 3411],
}
"""Hard cuts of the labelled videos (MANIFEST; PySceneDetect's own golden values for the third)."""
FADES = {"synthetic_fades.mp4": [84, 167], "neg_multishot_leaf_deer_fades.mp4": [196, 377]}
"""The middle of the black frames: PySceneDetect's golden positions, and for the second read off its luma (180-211, 360-394)."""
SINGLE_TAKES = (
    "ego_walk_gopro_hero7.mp4", "ego_walk_gopro_max_heromode.mp4", "neg_dog_eating.mp4", "exo_one_by_one_person_back.mp4",
    "odd_vfr_upside_down_dog.mp4", "exo_soccer_juggle_man_720p.mp4", "exo_asl_book_woman.mkv", "neg_cars_topdown.mp4",
    "exo_cups_hands_torso_720p.mp4", "topdown_letterblocks_hands_720p.mp4", "ego_hands_holoassist_z176-sep-05-22-switch.mp4",
    "gif_classroom.gif", "odd_no_duration.webm", "odd_var_fps_video.mp4", "odd_av1_video.mkv", "exo_chaplin_two_men_bw.mp4",
)  # fmt: skip


def scores_of(outcome: Outcome) -> ShotScores:
    row = outcome.rows[0]
    return ShotScores(
        np.asarray(row["cut_content"]),
        np.asarray(row["cut_luma"]),
        np.asarray(row["frame_times_s"]),
        row["signature"],
        row["signature_times_s"],
        np.asarray(row["cut_structure"]),
    )


def _frames(outcome: Outcome, kind: str) -> list[int]:
    return [b.frame for b in find_boundaries(scores_of(outcome), ShotConfig()) if b.kind == kind]


def f1(found: dict[str, list[int]], labelled: dict[str, list[int]], tolerance: int = 2) -> float:
    hits = wrong = 0
    for name, labels in labelled.items():
        hits += sum(any(abs(cut - label) <= tolerance for cut in found[name]) for label in labels)
        wrong += sum(all(abs(cut - label) > tolerance for label in labels) for cut in found[name])
    return 2 * hits / (sum(map(len, labelled.values())) + hits + wrong)


def test_hard_cuts_of_labelled_videos(real_video) -> None:
    found = {name: _frames(real_video(name), "cut") for name in HARD}
    assert f1(found, HARD) >= 0.95, found


def test_fades_of_labelled_videos(real_video) -> None:
    found = {
        name: [b.frame for b in find_boundaries(scores_of(real_video(name)), ShotConfig()) if b.kind == "fade"]
        for name in FADES
    }
    assert f1(found, FADES) >= 0.8, found


def test_a_dissolve_is_one_boundary_inside_it(real_video) -> None:
    found = find_boundaries(scores_of(real_video("exo_nasa_mirror_3shots.mp4")), ShotConfig())
    assert [b.kind for b in found] == ["fade", "cut"]
    assert 128 <= found[0].frame <= 147


@pytest.mark.parametrize("name", SINGLE_TAKES)
def test_single_takes_have_no_cut(real_video, name: str) -> None:
    assert find_boundaries(scores_of(real_video(name)), ShotConfig()) == []


@pytest.mark.parametrize("name", ["cg_bigbuckbunny_30s.webm", "synthetic_fades.mp4", "exo_nasa_mirror_3shots.mp4"])
def test_replay_equals_pyscenedetect_on_the_video_itself(real_video, media_dir, name: str) -> None:
    from scenedetect import ContentDetector, SceneManager, ThresholdDetector, open_video

    expected = []
    for detector in (ContentDetector(), ThresholdDetector()):
        manager = SceneManager()
        manager.add_detector(detector)
        manager.detect_scenes(open_video(str(media_dir / "videos" / name), backend="pyav"))
        expected.append([cut.frame_num for cut in manager.get_cut_list(show_warning=False)])
    scores = scores_of(real_video(name))
    assert replay_content(scores.content, 27.0, 15) == expected[0]
    assert [frame for frame, _ in replay_fades(scores.luma, 12, 15)] == expected[1]


def _scores(content: np.ndarray, luma: np.ndarray | None = None, signature: list[int] | None = None) -> ShotScores:
    times = np.arange(len(content)) / 30
    samples = np.arange(0, times[-1], 0.25)
    bright = np.full(len(content), 120.0) if luma is None else luma
    return ShotScores(content, bright, times, signature or [1] * len(samples), samples.tolist())


def _layouts(count: int, change_at: int) -> list[int]:
    """Textured hashes (bit 0) of one layout before a sample and of its opposite from it on."""
    return [1 if index < change_at else -1 for index in range(count)]


def test_a_flash_and_a_whip_pan_are_no_cuts() -> None:
    flash = np.full(300, 2.0)
    flash[150:152] = 80.0
    assert find_boundaries(_scores(flash), ShotConfig()) == []
    pan = np.full(300, 2.0)
    pan[100:140] = 45.0
    assert find_boundaries(_scores(pan, signature=_layouts(40, 14)), ShotConfig()) == []


def test_a_cut_is_found_where_score_and_layout_change() -> None:
    content = np.full(300, 2.0)
    content[150] = 60.0
    (cut,) = find_boundaries(_scores(content, signature=_layouts(40, 20)), ShotConfig())
    assert (cut.frame, cut.kind, cut.score) == (150, "cut", 60.0)


def test_a_new_slide_is_a_cut_and_a_refresh_is_not() -> None:
    content = np.zeros(300)
    content[[60, 150]] = 3.0
    found = find_boundaries(_scores(content, signature=_layouts(40, 20)), ShotConfig())
    assert [b.frame for b in found] == [150]


def _with_structure(scores: ShotScores, frame: int, kept: float) -> ShotScores:
    structure = np.ones(len(scores.content))
    structure[frame] = kept
    return replace(scores, structure=structure)


def test_a_change_of_light_is_no_cut_and_one_of_scene_is() -> None:
    content = np.full(300, 2.0)
    content[150] = 60.0
    scores = _scores(content, signature=_layouts(40, 20))
    assert find_boundaries(_with_structure(scores, 150, 0.93), ShotConfig()) == []
    assert [b.frame for b in find_boundaries(_with_structure(scores, 150, 0.2), ShotConfig())] == [150]
    # Out of black only captions keep their edges: that says nothing about the rest.
    black = _scores(content, np.where(np.arange(300) < 150, 9.0, 90.0) - 5, _layouts(40, 20))
    assert [b.frame for b in find_boundaries(_with_structure(black, 150, 0.98), ShotConfig())] == [150]


def test_a_still_room_in_new_light_is_no_new_slide_and_one_design_is() -> None:
    content = np.zeros(300)
    content[150] = 20.0
    scores = _scores(content, signature=_layouts(40, 20))
    assert find_boundaries(_with_structure(scores, 150, 0.97), ShotConfig()) == []
    assert [b.frame for b in find_boundaries(_with_structure(scores, 150, 0.75), ShotConfig())] == [150]


def test_a_dropped_frame_of_a_camera_is_no_new_slide() -> None:
    content = np.full(300, 0.9)
    content[150] = 10.0
    assert find_boundaries(_scores(content, signature=_layouts(40, 20)), ShotConfig()) == []
    content[content < 1] = 0.2
    assert [b.frame for b in find_boundaries(_scores(content, signature=_layouts(40, 20)), ShotConfig())] == [150]


def test_a_black_lead_in_is_no_shot() -> None:
    luma = np.concatenate((np.zeros(30), np.linspace(0, 120, 30), np.full(90, 120.0)))
    assert find_boundaries(_scores(np.zeros(150), luma), ShotConfig()) == []


def test_short_videos_have_no_boundaries() -> None:
    assert find_boundaries(_scores(np.array([0.0, 90.0])), ShotConfig()) == []


def test_leaping_colours_amid_a_fade_are_no_cut() -> None:
    content = np.full(300, 2.0)
    content[280] = 40.0
    luma = np.full(300, 90.0)
    luma[250:286] = np.linspace(90, 0, 36)
    luma[286:] = 0.0
    assert find_boundaries(_scores(content, luma, _layouts(40, 38)), ShotConfig()) == []
    still_bright = np.full(300, 90.0)
    assert [b.frame for b in find_boundaries(_scores(content, still_bright, _layouts(40, 38)), ShotConfig())] == [280]
