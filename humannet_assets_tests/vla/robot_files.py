"""Small robot data sets of every format, written here by hand: what others write, with and without faults."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from humannet_assets.vla.importers.tfrecord import masked_crc

SIZE = (32, 32)
FPS = 30
DIMS = 14
NAMES = [
    f"{side}_{joint}" for side in ("left", "right") for joint in ("waist", "shoulder", "elbow", "roll", "pitch", "yaw", "grip")
]


def trajectory(frames: int, seed: int = 0, fps: float = FPS) -> np.ndarray:
    """Two arms that move smoothly: (frames, 14), grippers in [0, 1]."""
    rng = np.random.default_rng(seed)
    times_s = np.arange(frames)[:, None] / fps
    values = 0.4 * np.sin(times_s * rng.uniform(0.5, 2.0, DIMS) + rng.uniform(0, 6, DIMS))
    values[:, [6, 13]] = 0.5 + values[:, [6, 13]]
    return values


def grey(frame: int, episode: int = 0) -> np.ndarray:
    """A picture that tells its frame by its brightness and its episode by its red; (32, 32, 3)."""
    picture = np.full((*SIZE, 3), (20 + 4 * frame) % 250, np.uint8)
    picture[:16, :, 0] = 60 * (episode + 1)
    return picture


def write_video(path: Path, pictures: Sequence[np.ndarray], fps: int = FPS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"crf": "10", "preset": "ultrafast"}
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def jpeg(picture: np.ndarray) -> bytes:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def columns_of(frames: int, index: int, first: int, state: np.ndarray, action: np.ndarray) -> dict[str, Any]:
    return {
        "observation.state": list(state.astype(np.float32)),
        "action": list(action.astype(np.float32)),
        "timestamp": (np.arange(frames) / FPS).astype(np.float32),
        "frame_index": np.arange(frames),
        "episode_index": np.full(frames, index),
        "index": first + np.arange(frames),
        "task_index": np.full(frames, index % 2),
    }


def features(camera: str | None = "observation.images.cam_high", width: int = DIMS) -> dict[str, Any]:
    found: dict[str, Any] = {
        "observation.state": {"dtype": "float32", "shape": [width], "names": {"motors": NAMES[:width]}},
        "action": {"dtype": "float32", "shape": [width], "names": NAMES[:width]},
        "timestamp": {"dtype": "float32", "shape": [1], "names": None},
        "frame_index": {"dtype": "int64", "shape": [1], "names": None},
        "episode_index": {"dtype": "int64", "shape": [1], "names": None},
        "index": {"dtype": "int64", "shape": [1], "names": None},
        "task_index": {"dtype": "int64", "shape": [1], "names": None},
    }
    if camera:
        found[camera] = {"dtype": "video", "shape": [*SIZE, 3], "names": ["height", "width", "channels"]}
    return found


def write_lerobot_v2(
    root: Path, lengths: Sequence[int] = (40, 45), *, version: str = "v2.1", robot_type: str = "aloha", video: bool = True
) -> Path:
    """A LeRobot 2 data set with one camera."""
    camera = "observation.images.cam_high"
    (root / "data" / "chunk-000").mkdir(parents=True)
    (root / "meta").mkdir()
    rows = []
    for index, frames in enumerate(lengths):
        values = trajectory(frames, index)
        first = int(sum(lengths[:index]))
        table = pa.table(columns_of(frames, index, first, values, np.roll(values, -1, axis=0)))
        pq.write_table(table, root / "data" / "chunk-000" / f"episode_{index:06d}.parquet")
        if video:
            target = root / "videos" / "chunk-000" / camera / f"episode_{index:06d}.mp4"
            write_video(target, [grey(frame, index) for frame in range(frames)])
        rows.append({"episode_index": index, "tasks": [f"task {index % 2}"], "length": frames, "note": f"n{index}"})
    info = {
        "codebase_version": version, "robot_type": robot_type, "fps": FPS, "chunks_size": 1000, "total_episodes": len(lengths),
        "data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet",
        "video_path": "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4",
        "features": features(camera if video else None),
    }  # fmt: skip
    write_json(root / "meta" / "info.json", info)
    write_jsonl(root / "meta" / "episodes.jsonl", rows)
    write_jsonl(root / "meta" / "tasks.jsonl", [{"task_index": i, "task": f"task {i}"} for i in (0, 1)])
    return root


def write_lerobot_v3(root: Path, lengths: Sequence[int] = (20, 25, 15), *, row_group: int = 1000) -> Path:
    """A LeRobot 3 data set: all episodes in one data file and one video."""
    camera = "observation.images.cam_high"
    for folder in ("data/chunk-000", "meta/episodes/chunk-000"):
        (root / folder).mkdir(parents=True)
    tables, rows, pictures, first = [], [], [], 0
    for index, frames in enumerate(lengths):
        values = trajectory(frames, index)
        tables.append(pa.table(columns_of(frames, index, first, values, np.roll(values, -1, axis=0))))
        pictures += [grey(frame, index) for frame in range(frames)]
        rows.append(
            {
                "episode_index": index, "tasks": [f"task {index % 2}"], "length": frames, "data/chunk_index": 0,
                "data/file_index": 0, "dataset_from_index": first, "dataset_to_index": first + frames,
                f"videos/{camera}/chunk_index": 0, f"videos/{camera}/file_index": 0,
                f"videos/{camera}/from_timestamp": first / FPS, f"videos/{camera}/to_timestamp": (first + frames) / FPS,
                "stats/action/min": [0.0], "difficulty": "easy",
            }
        )  # fmt: skip
        first += frames
    pq.write_table(pa.concat_tables(tables), root / "data/chunk-000/file-000.parquet", row_group_size=row_group)
    pq.write_table(pa.Table.from_pylist(rows), root / "meta/episodes/chunk-000/file-000.parquet")
    pq.write_table(pa.table({"task_index": [0, 1], "__index_level_0__": ["task 0", "task 1"]}), root / "meta" / "tasks.parquet")
    write_video(root / "videos" / camera / "chunk-000" / "file-000.mp4", pictures)
    info = {
        "codebase_version": "v3.0", "robot_type": "aloha", "fps": FPS, "chunks_size": 1000, "total_episodes": len(lengths),
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4", "features": features(camera),
    }  # fmt: skip
    write_json(root / "meta" / "info.json", info)
    return root


def write_lerobot_v1(root: Path, lengths: Sequence[int] = (30, 35)) -> Path:
    """A LeRobot 1 table as `datasets` saves it, recorded with UMI."""
    (root / "train").mkdir(parents=True)
    batches = []
    for index, frames in enumerate(lengths):
        times_s = np.arange(frames) / 10
        state = np.zeros((frames, 7), np.float32)
        state[:, 0], state[:, 3], state[:, 6] = 0.3 * np.sin(times_s), -2.0, 0.04 + 0.04 * np.cos(times_s)
        video = f"videos/observation.image_episode_{index:06d}.mp4"
        write_video(root / video, [grey(frame, index) for frame in range(frames)], fps=10)
        columns = {
            "observation.image": pa.array([{"path": video, "timestamp": float(t)} for t in times_s]),
            "observation.state": pa.FixedSizeListArray.from_arrays(pa.array(state.ravel()), 7),
            "episode_index": pa.array(np.full(frames, index)),
            "frame_index": pa.array(np.arange(frames)),
            "timestamp": pa.array(times_s.astype(np.float32)),
            "end_pose": pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(frames * 6, np.float32)), 6),
            "start_pos": pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(frames * 6, np.float32)), 6),
            "gripper_width": pa.FixedSizeListArray.from_arrays(pa.array(state[:, 6]), 1),
            "index": pa.array(np.arange(frames)),
        }
        batches.append(pa.record_batch(columns))
    path = root / "train" / "data-00000-of-00001.arrow"
    # Batches that do not end where episodes do.
    parts = pa.Table.from_batches(batches).combine_chunks().to_batches(max_chunksize=17)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for part in parts:
            writer.write_batch(part)
    return root


def write_aloha(path: Path, frames: int = 60, *, compressed: bool = False, seed: int = 0, **attributes: Any) -> Path:
    """An ALOHA recording with one camera."""
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    values = trajectory(frames, seed, 50)
    pictures = [grey(frame) for frame in range(frames)]
    with h5py.File(path, "w") as file:
        file.attrs["sim"] = False
        for key, value in attributes.items():
            file.attrs[key] = value
        observations = file.create_group("observations")
        observations["qpos"], observations["qvel"] = values, np.gradient(values, axis=0)
        file["action"], file["base_action"] = np.roll(values, -1, axis=0), np.zeros((frames, 2))
        images = observations.create_group("images")
        if compressed:
            file.attrs["compress"] = True
            encoded = [jpeg(picture) for picture in pictures]
            padded = np.zeros((frames, max(map(len, encoded))), np.uint8)
            for row, data in zip(padded, encoded, strict=True):
                row[: len(data)] = np.frombuffer(data, np.uint8)
            images["cam_high"] = padded
            file["compress_len"] = np.array([[len(data) for data in encoded]])
        else:
            images["cam_high"] = np.stack(pictures)
    return path


def varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while True:
        out.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(out)


def tagged(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def feature(values: Sequence[Any] | np.ndarray, *, packed: bool = True) -> bytes:
    """A tf.train.Feature of byte strings, integers or floats."""
    if len(values) and isinstance(values[0], bytes):
        return tagged(1, b"".join(tagged(1, value) for value in values))
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        numbers = [varint(int(value)) for value in array]
        return tagged(3, tagged(1, b"".join(numbers)) if packed else b"".join(b"\x08" + number for number in numbers))
    raw = array.astype("<f4")
    loose = b"".join(b"\x0d" + value.tobytes() for value in raw)
    return tagged(2, tagged(1, raw.tobytes()) if packed else loose)


def example(values: Mapping[str, Any], *, packed: bool = True) -> bytes:
    """A serialised tf.train.Example."""
    entries = [tagged(1, tagged(1, key.encode()) + tagged(2, feature(value, packed=packed))) for key, value in values.items()]
    return tagged(1, b"".join(entries))


def framed(data: bytes) -> bytes:
    """A TFRecord."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def tensor(*shape: int, dtype: str = "float32") -> dict[str, Any]:
    return {"tensor": {"shape": {"dimensions": [str(side) for side in shape]}, "dtype": dtype, "encoding": "none"}}


def features_dict(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"featuresDict": {"features": dict(values)}}


def rlds_step(frames: int, seed: int = 0) -> dict[str, Any]:
    times_s = np.arange(frames) / 5
    state = np.zeros((frames, 7), np.float32)
    state[:, 0], state[:, 5] = 0.3 + 0.05 * np.sin(times_s + seed), 0.1 * times_s
    state[:, 6] = (times_s < times_s[frames // 2]).astype(np.float32)
    return {
        "steps/observation/state": state.ravel(),
        "steps/observation/image_0": [jpeg(grey(frame)) for frame in range(frames)],
        "steps/observation/image_1": [jpeg(np.zeros((*SIZE, 3), np.uint8))] * frames,
        "steps/action": np.roll(state, -1, axis=0).ravel(),
        "steps/is_first": (np.arange(frames) == 0).astype(np.int64),
        "steps/language_instruction": [b"put the pot on the stove"] * frames,
        "episode_metadata/has_image_0": np.array([0]),
        "episode_metadata/file_path": [f"/somewhere/{seed}".encode()],
    }


def write_rlds(root: Path, records: Sequence[bytes] | None = None, name: str = "bridge_dataset") -> Path:
    """An RLDS data set; each record is one episode."""
    root.mkdir(parents=True, exist_ok=True)
    image = {"image": {"shape": {"dimensions": ["32", "32", "3"]}, "dtype": "uint8", "encodingFormat": "jpeg"}}
    steps = {
        "action": tensor(7), "is_first": tensor(dtype="bool"), "language_instruction": {"text": {}},
        "observation": features_dict({"state": tensor(7), "image_0": image, "image_1": image}),
    }  # fmt: skip
    spec = features_dict(
        {
            "steps": {"sequence": {"feature": features_dict(steps), "length": "-1"}},
            "episode_metadata": features_dict({"has_image_0": tensor(dtype="bool"), "file_path": {"text": {}}}),
        }
    )
    write_json(root / "features.json", spec)
    if records is None:
        records = [example(rlds_step(12, seed)) for seed in (0, 1)]
    (root / f"{name}-train.tfrecord-00000-of-00001").write_bytes(b"".join(framed(record) for record in records))
    return root


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def write_jsonl(path: Path, rows: Sequence[Any]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
