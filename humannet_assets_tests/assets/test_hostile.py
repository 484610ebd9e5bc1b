"""Hostile and odd input through the real graph: a clear row each, no crash, the good file beside it undisturbed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from humannet_assets.store.tables import RAW_VIDEOS, SOURCE_FILES, VIDEO_FILES
from humannet_assets_tests.graph import Graph, write_catalog
from humannet_assets_tests.media.synthetic import numbered_video
from humannet_assets_tests.media.test_raw_videos import _huge_gif

ODD_NAME = 'it\'s "odd"\n🎬.mp4'


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, list[str]]]:
    """File name to (outcome, reasons), wherever the file's way ended."""
    folder = tmp_path_factory.mktemp("hostile")
    videos, outside = folder / "videos", folder / "outside"
    videos.mkdir()
    outside.mkdir()
    good = numbered_video(videos / "good.mp4", 40)
    numbered_video(videos / ODD_NAME, 30, rate=10)
    secret = numbered_video(outside / "secret.mp4", 20, rate=5)
    whole = good.read_bytes()
    (videos / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (videos / "empty.mp4").write_bytes(b"")
    (videos / "text.mp4").write_text("Not a film.\n" * 50)
    (videos / "pointer.mp4").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 1234\n")
    (videos / "list.m3u8").write_text(f"#EXTM3U\n#EXTINF:5,\n{secret}\n#EXT-X-ENDLIST\n")
    (videos / "concat.mp4").write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    _huge_gif(videos / "huge.gif")
    (videos / "out.mp4").symlink_to(secret)
    os.mkfifo(videos / "pipe.mp4")
    graph = Graph(str(folder / "store"), write_catalog(folder / "sources.yaml", videos))
    graph.run()
    found: dict[str, tuple[str, list[str]]] = {}
    reasons = {row["video_id"]: (row["outcome"], row["reasons"]) for row in graph.store.read(RAW_VIDEOS).to_dicts()}
    for row in graph.store.read(SOURCE_FILES).to_dicts():
        found[Path(row["uri"]).name] = (row["outcome"], row["reasons"])
    for row in graph.store.read(VIDEO_FILES).to_dicts():
        found[Path(row["uri"]).name] = reasons.get(row["video_id"], (row["outcome"], row["reasons"]))
    return found


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("good.mp4", "kept", None),
        (ODD_NAME, "kept", None),
        ("truncated.mp4", "rejected", "truncated_no_frames"),
        ("empty.mp4", "rejected", "empty_file"),
        ("text.mp4", "rejected", "text_file"),
        ("pointer.mp4", "rejected", "lfs_pointer"),
        ("list.m3u8", "rejected", "playlist"),
        ("concat.mp4", "rejected", "playlist"),
        ("huge.gif", "rejected", "too_many_pixels"),
        ("out.mp4", "rejected", "symlink_out_of_root"),
        ("pipe.mp4", "rejected", "not_a_file"),
    ],
)
def test_each_file_ends_with_its_own_clear_row(
    ends: dict[str, tuple[str, list[str]]], name: str, outcome: str, reason: str | None
) -> None:
    assert ends[name] == (outcome, [reason] if reason else [])


def test_nothing_is_lost(ends: dict[str, tuple[str, list[str]]]) -> None:
    assert len(ends) == 11
