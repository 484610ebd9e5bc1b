"""Variants of a recording are found whatever was done to them; other recordings of one place are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humannet_assets.media.duplicates import DuplicateConfig, DuplicateStep, Fingerprint, find_matches
from humannet_assets.media.signature import TRANSFORMS, as_hashes, hamming, hash_picture, is_textured, transform_hash
from humannet_assets.store.step import Outcome, Unit, validate_row
from humannet_assets.store.tables.curation import VIDEO_DUPLICATES
from humannet_assets.store.tables.sources import RAW_VIDEOS
from humannet_assets_tests.media.conftest import judge
from humannet_assets_tests.media.synthetic import write_video


def _clusters(outcomes: dict[str, Outcome], windows: dict[str, str] | None = None) -> dict[str, Outcome]:
    units = [
        Unit(name, name, (windows or {}).get(name, "2026-01-01"), {RAW_VIDEOS.name: outcome.rows})
        for name, outcome in outcomes.items()
    ]
    found = {outcome.unit_id: outcome for outcome in DuplicateStep(DuplicateConfig()).process(units)}
    assert set(found) == set(outcomes)
    for outcome in found.values():
        validate_row(VIDEO_DUPLICATES, outcome.rows[0])
    return found


def _walk(seed: int, count: int, width: int = 160, height: int = 120) -> list[np.ndarray]:
    """A window gliding over a random landscape: a moving camera."""
    import cv2

    random = np.random.default_rng(seed)
    world = cv2.resize(random.integers(0, 256, (24, 60, 3), dtype=np.uint8), (1200, 480), interpolation=cv2.INTER_CUBIC)
    return [world[100 + k // 2 : 100 + k // 2 + height, 40 + 4 * k : 40 + 4 * k + width] for k in range(count)]


def test_every_kind_of_variant_is_found_and_another_walk_is_not(tmp_path: Path) -> None:
    import cv2

    walk = _walk(1, 200)
    small = [cv2.resize(picture, (96, 72), interpolation=cv2.INTER_AREA) for picture in walk]
    variants = {
        "original": write_video(tmp_path / "original.mp4", walk),
        "reencoded": write_video(tmp_path / "reencoded.mp4", small, options={"crf": "34"}),
        "mirrored": write_video(tmp_path / "mirrored.mp4", [picture[:, ::-1] for picture in walk]),
        "turned": write_video(tmp_path / "turned.mp4", walk, rotation=90),
        "trimmed": write_video(tmp_path / "trimmed.mp4", walk[33:180], options={"crf": "28"}),
        "other": write_video(tmp_path / "other.mp4", _walk(2, 200)),
    }
    found = _clusters({name: judge(path) for name, path in variants.items()})
    assert [name for name, outcome in found.items() if outcome.status == "kept"] == ["mirrored", "other"]
    rows = {name: outcome.rows[0] for name, outcome in found.items()}
    assert rows["other"]["cluster_size"] == 1
    assert rows["other"]["matched_video_id"] is None
    assert {row["cluster_id"] for name, row in rows.items() if name != "other"} == {"mirrored"}
    assert rows["original"]["transform"] == "mirror"
    assert rows["trimmed"]["offset_s"] == pytest.approx(33 / 25, abs=0.15)
    assert found["trimmed"].reasons == ("near_duplicate",)


def test_canonical_is_the_earliest_then_largest_but_a_trim_never_hides_the_whole(tmp_path: Path) -> None:
    walk = _walk(3, 200)
    outcomes = {
        "a_whole": judge(write_video(tmp_path / "a.mp4", walk)),
        "b_again": judge(write_video(tmp_path / "b.mp4", walk, options={"crf": "30"})),
        "c_trim": judge(write_video(tmp_path / "c.mp4", walk[50:150])),
    }
    found = _clusters(outcomes, {"a_whole": "2026-01-03", "b_again": "2026-01-02", "c_trim": "2026-01-01"})
    assert [name for name, outcome in found.items() if outcome.status == "kept"] == ["b_again"]


def test_flat_pictures_and_a_shared_template_do_not_match(tmp_path: Path) -> None:
    import cv2

    random = np.random.default_rng(0)

    def slides(text: str) -> list[np.ndarray]:
        page = np.full((180, 320, 3), 250, np.uint8)
        cv2.rectangle(page, (0, 0), (320, 30), (20, 60, 160), -1)
        for line in range(4):
            cv2.putText(
                page, text[line * 12 : line * 12 + 12], (14, 70 + 30 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2
            )
        return [page] * 50

    def black() -> list[np.ndarray]:
        return [random.integers(0, 6, (90, 160, 3), dtype=np.uint8) for _ in range(50)]

    outcomes = {
        "slides_1": judge(write_video(tmp_path / "s1.mp4", slides("Motor control by the basal ganglia and cerebellum"))),
        "slides_2": judge(write_video(tmp_path / "s2.mp4", slides("Q3 revenue per region                 up 3 percent"))),
        "black_1": judge(write_video(tmp_path / "b1.mp4", black())),
        "black_2": judge(write_video(tmp_path / "b2.mp4", black())),
    }
    assert all(outcome.status == "kept" for outcome in _clusters(outcomes).values())


def test_real_variants_are_found_and_real_look_alikes_are_not(real_video, media_dir: Path) -> None:
    names = [
        path.name
        for path in sorted((media_dir / "videos").iterdir())
        if path.suffix not in (".txt", ".mp3") and path.name != "neg_slides_talk_1080p.mp4"
    ]
    found = _clusters({name: real_video(name) for name in names})
    clusters: dict[str, set[str]] = {}
    for name, outcome in found.items():
        clusters.setdefault(outcome.rows[0]["cluster_id"], set()).add(name)
    nasa = {name for name in names if "nasa" in name}
    assert len(nasa) == 5
    # Both show FFmpeg's test pattern from its first second on: the same pictures at the same times.
    pattern = {"odd_av1_video.mkv", "odd_corrupted_nal.mp4"}
    several = [members for members in clusters.values() if len(members) > 1]
    assert sorted(several, key=len) == [pattern, nasa]
    # One path walked twice, one signer in one room twice: other recordings.
    for name in (
        "ego_walk_gopro_hero7.mp4",
        "ego_walk_gopro_max_heromode.mp4",
        "exo_asl_book_woman.mkv",
        "exo_asl_walk_woman.mkv",
    ):
        assert found[name].rows[0]["cluster_size"] == 1


def test_hashes_of_turned_pictures_follow_from_the_hash() -> None:
    import cv2

    random = np.random.default_rng(5)
    for _ in range(20):
        picture = cv2.resize(random.integers(0, 256, (6, 6), dtype=np.uint8), (32, 32), interpolation=cv2.INTER_CUBIC)
        turned = {
            "none": picture,
            "rot90": np.rot90(picture, -1),
            "rot180": np.rot90(picture, 2),
            "rot270": np.rot90(picture, 1),
            "mirror": picture[:, ::-1],
            "mirror90": np.rot90(picture[:, ::-1], -1),
            "mirror180": np.rot90(picture[:, ::-1], 2),
            "mirror270": np.rot90(picture[:, ::-1], 1),
        }
        assert set(turned) == set(TRANSFORMS)
        for name, expected in turned.items():
            derived = transform_hash(as_hashes([hash_picture(picture)]), name)
            assert hamming(derived, as_hashes([hash_picture(np.ascontiguousarray(expected))]))[0] <= 1 / 63


def test_flat_samples_are_marked() -> None:
    flat = np.full((32, 32), 3, np.uint8)
    busy = (np.indices((32, 32)).sum(axis=0) * 8 % 256).astype(np.uint8)
    assert is_textured(as_hashes([hash_picture(flat), hash_picture(busy)])).tolist() == [False, True]


def test_nothing_to_compare() -> None:
    assert find_matches([], DuplicateConfig()) == []
    empty = Fingerprint("a", "w", 1, 1.0, as_hashes([]), np.zeros(0), np.zeros(10))
    assert (
        find_matches([empty, Fingerprint("b", "w", 1, 1.0, as_hashes([]), np.zeros(0), np.zeros(10))], DuplicateConfig()) == []
    )
