"""Frames come exact to the frame, upright and in 8 bits, whatever the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from humannet_assets.media.decode import VideoReader, iter_frames, nearest_frames, sample_times
from humannet_assets.media.probe import MediaChangedError
from humannet_assets.media.scan import scan
from humannet_assets_tests.media.synthetic import number_of, numbered, numbered_video, write_video


def test_every_frame_carries_its_own_number_and_time(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4", 60)
    frames = list(iter_frames(path))
    assert [number_of(frame.rgb) for frame in frames] == [frame.index for frame in frames] == list(range(60))
    assert np.allclose([frame.time_s for frame in frames], np.arange(60) / 25)


def test_variable_rate_is_served_by_real_timestamps(tmp_path: Path) -> None:
    times = np.cumsum(np.concatenate(([0.0], np.tile([0.02, 0.02, 0.3], 13))))
    path = numbered_video(tmp_path / "a.mp4", len(times), times_s=times.tolist())
    wanted = np.linspace(0, times[-1], 17)
    got = list(iter_frames(path, wanted))
    nearest = nearest_frames(times, wanted, 0.0, 100.0)
    assert [number_of(frame.rgb) for frame in got] == [frame.index for frame in got] == nearest.tolist()


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_jumping_ahead_finds_the_same_frames(tmp_path: Path, suffix: str) -> None:
    """60 s at 5 Hz with rare keyframes: far targets are reached by a jump (or, in a transport stream, by reading)."""
    pictures = (numbered(index % 256) for index in range(300))
    path = write_video(tmp_path / f"a.{suffix}", pictures, rate=5, gop=25)
    with VideoReader(path) as video:
        for start in (0, 3, 120, 122, 290, 40):
            start_s = video_times(path)[start]
            ((frame, _),) = video.select([start_s], start_s, start_s + 0.2, start_frame=start)
            assert (number_of(frame.rgb), frame.index) == (start % 256, start)


def video_times(path: Path) -> np.ndarray:
    return scan(path).times_s


def test_spans_give_no_frame_of_the_next_shot(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4", 50)
    frames = list(iter_frames(path, start_s=0.4, end_s=0.8, rate_hz=10))
    assert [frame.index for frame in frames] == [10, 12, 15, 17]
    (last,) = iter_frames(path, [0.799], start_s=0.4, end_s=0.8)
    assert last.index == 19


def test_pictures_are_upright(tmp_path: Path) -> None:
    for turns in (1, 2, 3):
        coded = (np.rot90(numbered(index), -turns) for index in range(6))
        path = write_video(tmp_path / f"{turns}.mp4", coded, rotation={1: 90, 2: 180, 3: -90}[turns])
        assert [number_of(frame.rgb) for frame in iter_frames(path)] == list(range(6))


def test_hdr_becomes_plain_rgb_of_sensible_brightness(tmp_path: Path) -> None:
    # Diffuse white of PQ lies at code .58 (203 nits); black stays black.
    grey = [np.full((96, 160, 3), level, np.uint8) for level in (0, 80, 148, 255)]
    path = write_video(tmp_path / "a.mp4", grey, codec="libx265", pixel_format="yuv420p10le", color_trc=16)
    levels = [float(frame.rgb.mean()) for frame in iter_frames(path)]
    assert levels == sorted(levels)
    assert levels[0] < 4
    assert 170 < levels[2] < 210
    assert levels[3] > 250


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = numbered_video(tmp_path / "a.mp4", 30)
    with VideoReader(path) as video:
        frames = video.select([0.0, 2.0])
        next(frames)
        path.touch()
        with pytest.raises(MediaChangedError, match="changed while"):
            list(frames)


def test_the_counter_video_decodes_frame_exact(media_dir: Path) -> None:
    """Its pictures differ in the burnt-in number only: each wanted frame equals the one of a plain sequential decode."""
    import av

    path = media_dir / "videos" / "synthetic_frame_counter_10fps.mp4"
    with av.open(str(path)) as container:
        plain = [frame.to_ndarray(format="rgb24")[::4, ::4] for frame in container.decode(video=0)]
    assert len({picture.tobytes() for picture in plain}) == 30
    for index in (0, 7, 10, 29):
        (frame,) = iter_frames(path, [index / 10])
        assert frame.index == index
        distance = [np.abs(frame.rgb[::4, ::4].astype(int) - picture).mean() for picture in plain]
        assert int(np.argmin(distance)) == index


@pytest.mark.parametrize("name", ["odd_nasa_vfr.mp4", "odd_var_fps_video.mp4", "odd_vfr_upside_down_dog.mp4"])
def test_real_variable_rate_times_are_within_half_a_frame(media_dir: Path, name: str) -> None:
    import av

    path = media_dir / "videos" / name
    with av.open(str(path)) as container:
        times = np.array(sorted(float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None))
    times -= times[0]
    frames = list(iter_frames(path, rate_hz=4.0, end_s=float(times[-1]) + 0.001))
    wanted = nearest_frames(times, sample_times(0.0, times[-1] + 0.001, 4.0), 0.0, np.inf)
    assert [frame.index for frame in frames] == wanted.tolist()
    assert np.abs(np.array([frame.time_s for frame in frames]) - times[wanted]).max() < np.diff(times).min() / 2


@given(
    st.lists(st.floats(0.005, 2.0), min_size=1, max_size=40),
    st.lists(st.floats(0.0, 50.0), min_size=1, max_size=20).map(sorted),
)
@example([0.005, 0.005, 0.005], [0.0125])
def test_nearest_frames_are_nearest(steps: list[float], targets: list[float]) -> None:
    times = np.cumsum([0.0, *steps])
    chosen = nearest_frames(times, targets, 0.0, np.inf)
    reach = np.abs(times[:, None] - np.asarray(targets))
    # Halfway between two frames either is the nearest, and rounding decides.
    allowed = reach <= reach.min(axis=0) + 1e-9
    assert allowed[chosen].any(axis=0).all()
    assert allowed[chosen].any(axis=1).all()
    assert (np.diff(chosen) > 0).all()
