"""Hostile and odd files: each ends as one clear row, and nothing else is opened."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest

from humannet_assets.media.decode import iter_frames
from humannet_assets.media.probe import MediaLimits, UnusableMediaError, probe
from humannet_assets.media.raw_videos import RawVideoConfig
from humannet_assets.store.step import validate_row
from humannet_assets.store.tables.sources import RAW_VIDEOS
from humannet_assets_tests.media.conftest import judge
from humannet_assets_tests.media.synthetic import number_of, numbered, numbered_video, write_video

BYTES = {
    "empty_file": b"",
    "text_file": b"Just some notes about the recordings.\n" * 20,
    "lfs_pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "html_page": b"<!DOCTYPE html><html><body>Please log in</body></html>",
    "image": b"\x89PNG\r\n\x1a\n" + bytes(64),
    "audio_only": b"ID3\x04" + bytes(500),
    "not_a_video": bytes(range(256)) * 4,
}


@pytest.mark.parametrize("reason", BYTES)
def test_bytes_that_are_no_video_are_named(tmp_path: Path, reason: str) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(BYTES[reason])
    outcome = judge(file)
    assert (outcome.status, outcome.reasons) == ("rejected", (reason,))
    assert outcome.evidence["detail"]


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:{port}/secret.mp4\n",
        "ffconcat version 1.0\nfile '{target}'\n",
        "\n  <?xml version='1.0'?>\n<MPD><BaseURL>http://127.0.0.1:{port}/</BaseURL></MPD>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n",
    ],
)
def test_playlists_open_neither_files_nor_hosts(tmp_path: Path, text: str) -> None:
    import socket

    target = tmp_path / "pipe.mp4"
    os.mkfifo(target)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        playlist = tmp_path / "list.mp4"
        playlist.write_text(text.format(target=target, port=server.getsockname()[1]))
        outcome = judge(playlist)
        with pytest.raises(TimeoutError):
            server.accept()
    assert (outcome.status, outcome.reasons) == ("rejected", ("playlist",))
    # Opening the pipe for writing without waiting only works while somebody has it open for reading.
    with pytest.raises(OSError, match="No such device"):
        os.open(target, os.O_WRONLY | os.O_NONBLOCK)


def test_a_container_may_not_reference_another_file(tmp_path: Path) -> None:
    """The demuxer is fixed by the first bytes: a playlist behind a video's signature is read as that broken video."""
    inner = numbered_video(tmp_path / "inner.mp4")
    fake = tmp_path / "fake.mp4"
    fake.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(12) + f"\nffconcat version 1.0\nfile '{inner}'\n".encode())
    assert judge(fake).reasons == ("truncated_no_frames",)


def test_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    assert judge(pipe).reasons == ("not_a_file",)
    assert judge(tmp_path).reasons == ("not_a_file",)
    assert judge(tmp_path / "gone.mp4").status == "failed"


def _huge_gif(path: Path) -> Path:
    path.write_bytes(b"GIF89a" + struct.pack("<HH", 30_000, 30_000) + b"\x00\x00\x00" + b"," + bytes(9) + b"\x02\x00;")
    return path


def _huge_mp4(path: Path) -> Path:
    numbered_video(path, 3)
    content = bytearray(path.read_bytes())
    entry = content.index(b"avc1", content.index(b"stsd"))
    # VisualSampleEntry: width and height lie 28 bytes after the type.
    content[entry + 28 : entry + 32] = struct.pack(">HH", 30_000, 30_000)
    path.write_bytes(content)
    return path


def test_a_huge_picture_is_refused_before_anything_is_decoded(tmp_path: Path) -> None:
    outcome = judge(_huge_gif(tmp_path / "huge.gif"))
    assert outcome.reasons == ("too_many_pixels",)
    assert outcome.evidence["width"] == 30_000


def test_a_huge_picture_in_the_header_alone_is_harmless(tmp_path: Path) -> None:
    outcome = judge(_huge_mp4(tmp_path / "huge.mp4"))
    # Either the header is believed and refused, or the stream's own (small) size wins; never a 30,000 px allocation.
    assert outcome.reasons == ("too_many_pixels",) or outcome.rows[0]["width"] == 160


def test_limits_are_the_configured_ones(tmp_path: Path) -> None:
    video = numbered_video(tmp_path / "a.mp4", 50)
    assert judge(video, RawVideoConfig(max_pixels=1000)).reasons == ("too_many_pixels",)
    assert judge(video, RawVideoConfig(max_duration_s=1.0)).reasons == ("too_long",)
    assert judge(video, RawVideoConfig(max_frames=10)).reasons == ("too_long",)
    assert judge(video, RawVideoConfig(max_file_bytes=100)).reasons == ("file_too_large",)
    assert judge(video, RawVideoConfig(codecs=("vp9",))).reasons == ("unsupported_codec",)
    assert judge(video, RawVideoConfig(containers=("matroska",))).reasons == ("unsupported_container",)
    with pytest.raises(UnusableMediaError, match="160x96"):
        probe(video, MediaLimits(max_side_px=100))


def test_audio_without_video_is_audio_only(tmp_path: Path) -> None:
    import av

    path = tmp_path / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    outcome = judge(path)
    assert (outcome.reasons, outcome.evidence["audio_codec"]) == (("audio_only",), "aac")


def test_truncation_keeps_what_is_there_or_names_what_is_missing(tmp_path: Path) -> None:
    whole = numbered_video(tmp_path / "whole.mkv", 100)
    content = whole.read_bytes()
    half = tmp_path / "half.mkv"
    half.write_bytes(content[: len(content) // 2])
    outcome = judge(half)
    assert outcome.status == "kept"
    assert 20 < outcome.rows[0]["frames_decoded"] < 80
    mp4 = numbered_video(tmp_path / "whole.mp4", 100)
    no_index = tmp_path / "no_index.mp4"
    no_index.write_bytes(mp4.read_bytes()[: mp4.stat().st_size // 2])
    assert judge(no_index).reasons == ("truncated_no_frames",)
    header_only = tmp_path / "header.mkv"
    header_only.write_bytes(content[:600])
    assert judge(header_only).status == "rejected"


def test_corrupt_packets_are_counted_and_a_mostly_corrupt_video_is_rejected(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.ts", 120, gop=15)
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(0).integers(0, 256, 4000, dtype=np.uint8).tobytes()
    start = len(content) // 2 // 188 * 188
    for packet in range(start, start + 20 * 188, 188):
        content[packet + 40 : packet + 180] = noise[:140]
    path.write_bytes(content)
    outcome = judge(path)
    assert outcome.status == "kept"
    row = outcome.rows[0]
    assert row["frames_corrupt"] + row["decode_errors"] > 0
    assert row["frames_decoded"] < 120
    assert row["reader"] == "pyav"
    strict = judge(path, RawVideoConfig(max_corrupt_share=0.0))
    assert (strict.status, strict.reasons) == ("rejected", ("corrupt",))
    assert strict.rows[0]["frames_decoded"] == row["frames_decoded"]


@pytest.mark.parametrize("name", ["new\nline.mp4", "quo'te\".mp4", "emoji 😀.mp4", "-dash.mp4", "a:b%20.mp4", "http:x.mp4"])
def test_strange_names_are_only_names(tmp_path: Path, name: str) -> None:
    assert judge(numbered_video(tmp_path / "plain.mp4", 5).rename(tmp_path / name)).status == "kept"


def test_a_file_that_changes_while_it_is_read_fails_and_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import humannet_assets.media.raw_videos as module

    path = numbered_video(tmp_path / "a.mp4", 20)
    real = module.scan

    def scan_and_append(*args: object, **options: object) -> object:
        result = real(*args, **options)  # type: ignore[arg-type]
        with path.open("ab") as file:
            file.write(b"more")
        return result

    monkeypatch.setattr(module, "scan", scan_and_append)
    outcome = judge(path)
    assert (outcome.status, outcome.error_class) == ("failed", "MediaChangedError")


def test_one_picture_is_not_a_video(tmp_path: Path) -> None:
    assert judge(numbered_video(tmp_path / "a.mp4", 1)).reasons == ("too_few_frames",)


def test_a_row_says_what_the_video_is(tmp_path: Path) -> None:
    turned = (np.rot90(numbered(index), -1) for index in range(30))
    path = write_video(tmp_path / "a.mp4", turned, rotation=90, audio=True)
    (row,) = judge(path).rows
    validate_row(RAW_VIDEOS, row)
    assert (row["width"], row["height"], row["rotation_deg"]) == (160, 96, 270)
    assert (row["video_codec"], row["audio_codec"], row["has_audio"]) == ("h264", "aac", True)
    assert row["frames_decoded"] == row["frames_expected"] == 30
    assert row["frame_rate"] == pytest.approx(25)
    assert row["duration_s"] == pytest.approx(1.2)
    assert row["reader"] == "pyav"
    assert len(row["cut_content"]) == len(row["cut_luma"]) == len(row["cut_structure"]) == len(row["frame_times_s"]) == 30
    assert len(row["signature"]) == len(row["signature_times_s"]) == 5
    assert row["thumbnail"][:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    ("codec", "suffix", "options", "expected"),
    [
        ("libvpx-vp9", "webm", {}, "vp9"),
        ("libsvtav1", "mkv", {}, "av1"),
        ("libx265", "mp4", {"pixel_format": "yuv420p10le", "color_trc": 16}, "hevc"),
        ("flv1", "flv", {}, "flv1"),
        ("wmv2", "wmv", {}, "wmv2"),
        ("gif", "gif", {"pixel_format": "rgb8"}, "gif"),
        ("libx264", "ts", {}, "h264"),
    ],
)
def test_codecs_and_containers(tmp_path: Path, codec: str, suffix: str, options: dict, expected: str) -> None:
    path = numbered_video(tmp_path / f"a.{suffix}", 20, codec=codec, **options)
    (row,) = judge(path).rows
    assert row["video_codec"] == expected
    assert row["frames_decoded"] == 20
    assert np.allclose(row["frame_times_s"], np.arange(20) / 25, atol=0.006)
    assert row["is_hdr"] == ("color_trc" in options)
    assert row["bit_depth"] == (10 if "color_trc" in options else 8)


def test_variable_rate_and_late_start_are_measured(tmp_path: Path) -> None:
    steps = np.where(np.arange(40) % 4 == 3, 0.2, 1 / 30)
    times = 3.0 + np.concatenate(([0.0], np.cumsum(steps)[:-1]))
    (row,) = judge(numbered_video(tmp_path / "a.mkv", 40, times_s=times.tolist())).rows
    assert row["is_vfr"]
    assert row["reader"] == "pyav"
    assert np.allclose(row["frame_times_s"], times - 3.0, atol=0.0011)
    assert row["start_time_s"] == pytest.approx(3.0, abs=0.002)


def test_a_keyframe_cut_off_by_an_edit_list_is_decoded_but_not_shown(tmp_path: Path) -> None:
    """Times before zero become an edit list: the first keyframe is needed to decode, and discarded."""
    times = [(index - 10) / 25 for index in range(50)]
    path = numbered_video(
        tmp_path / "a.mp4",
        50,
        times_s=times,
        gop=25,
        options={"bf": "0"},
        container_options={"avoid_negative_ts": "disabled", "use_editlist": "1"},
    )
    outcome = judge(path)
    row = outcome.rows[0]
    assert (row["frames_expected"], row["frames_decoded"], row["reader"]) == (50, 40, "pyav")
    assert outcome.evidence["lost_share"] == 0
    assert [number_of(frame.rgb) for frame in iter_frames(path)] == list(range(10, 50))


def test_an_mp4_cut_off_behind_its_index_counts_what_is_missing(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4", 100, container_options={"movflags": "faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 5])
    outcome = judge(path)
    assert (outcome.status, outcome.reasons) == ("rejected", ("corrupt",))
    assert 5 < outcome.rows[0]["frames_decoded"] < 50
    assert outcome.evidence["lost_share"] > 0.5
    assert judge(path, RawVideoConfig(max_corrupt_share=1.0)).status == "kept"


def test_real_videos_get_one_verdict_each(real_video, media_dir: Path) -> None:
    rejected = {}
    for path in sorted((media_dir / "videos").iterdir()):
        if path.name == "neg_slides_talk_1080p.mp4":
            continue
        outcome = real_video(path.name)
        assert outcome.status in ("kept", "rejected"), (path.name, outcome)
        if outcome.status == "rejected":
            rejected[path.name] = outcome.reasons[0]
    assert rejected == {
        "PySceneDetect_resources_LICENSE.txt": "text_file",
        "neg_multishot_leaf_deer_fades.golden.txt": "text_file",
        "odd_audio_only_nasa.mp3": "audio_only",
    }
    corrupt = real_video("odd_corrupted_nal.mp4").rows[0]
    assert (corrupt["frames_expected"], corrupt["frames_decoded"], corrupt["decode_errors"]) == (50, 28, 1)
    assert real_video("odd_nasa_rotated_90.mp4").rows[0]["rotation_deg"] == 270
    assert real_video("odd_nasa_hdr_hevc10.mp4").rows[0]["is_hdr"]
    assert real_video("odd_nasa_no_nbframes.mkv").rows[0]["start_time_s"] == pytest.approx(0.064)
    assert real_video("odd_no_duration.webm").rows[0]["container_duration_s"] is None
