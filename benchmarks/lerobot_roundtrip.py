"""The real `lerobot` package reads a dataset of ours: every vector, pictures at their times, chunks of actions, batches.

`lerobot` pins other versions of torch and more, so it needs an environment of its own, and this script imports nothing of ours:

    python -m venv /tmp/lerobot && /tmp/lerobot/bin/pip install lerobot        (about 8 GB)
    /tmp/lerobot/bin/python benchmarks/lerobot_roundtrip.py DATASET

It prints what it compared and ends with status 1 at the first difference.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyarrow.parquet as pq
import torch
from lerobot.configs.types import FeatureType
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.utils import dataset_to_policy_features

CHUNK = 16


def main(root: Path) -> None:
    """Read and compare."""
    info = json.loads((root / "meta/info.json").read_text())
    vectors = [key for key, feature in info["features"].items() if len(feature["shape"]) == 1 and feature["names"]]
    cameras = [key for key, feature in info["features"].items() if feature["dtype"] == "video"]
    steps = {"action": [k / info["fps"] for k in range(CHUNK)]}
    dataset: Any = LeRobotDataset("local/roundtrip", root=root, video_backend="pyav")
    chunked: Any = LeRobotDataset("local/roundtrip", root=root, video_backend="pyav", delta_timestamps=steps)
    expect((len(dataset), dataset.meta.total_episodes), (info["total_frames"], info["total_episodes"]), "totals")
    rows = [pq.read_table(path).to_pylist() for path in sorted(root.glob("data/*/*.parquet"))]
    frames = [row for table in rows for row in table]
    tables = [pq.read_table(path).to_pylist() for path in sorted(root.glob("meta/episodes/*/*.parquet"))]
    episodes = [row for table in tables for row in table]
    for index, frame in enumerate(dataset.hf_dataset):
        for key in vectors:
            expect(frame[key].tolist(), frames[index][key], f"{key} of frame {index}")
    print(f"{len(frames)} frames: {', '.join(vectors)} are what was written")
    worst = 0.0
    for episode in episodes:
        first, last = episode["dataset_from_index"], episode["dataset_to_index"] - 1
        for index in sorted({first, (first + last) // 2, last}):
            item = dataset[index]
            expect(item["task"], episode["tasks"][0], f"task of frame {index}")
            for camera in cameras:
                worst = max(worst, difference(root, info, episode, camera, index - first, item[camera]))
        padded = chunked[last]["action_is_pad"]
        expect(padded.tolist(), [False] + [True] * (CHUNK - 1), f"padding at the end of episode {episode['episode_index']}")
        middle = chunked[first]["action"][: last - first + 1].tolist()
        expect(middle, [frames[first + k]["action"] for k in range(len(middle))], "a chunk of actions")
    print(
        f"{len(episodes)} episodes: tasks and chunks are right; pictures differ from the decoded frame by at most {worst:.4f}"
    )
    if worst > 0.02:
        fail(f"a picture differs by {worst}")
    features = dataset_to_policy_features(dataset.meta.features)
    actions = [key for key, feature in features.items() if feature.type is FeatureType.ACTION]
    expect(actions, ["action"], "outputs of a policy")
    for key in (*vectors, *cameras):
        if not {"min", "max", "mean", "std", "q01", "q99"} <= set(dataset.meta.stats[key]):
            fail(f"{key} has no statistics")
    start = time.perf_counter()
    count = 0
    for batch in torch.utils.data.DataLoader(chunked, batch_size=16, shuffle=True):
        count += len(batch["index"])
        if count >= 64:
            break
    print(f"batches of 16 with {len(cameras)} cameras: {count / (time.perf_counter() - start):.0f} frames/s")


def difference(root: Path, info: dict[str, Any], episode: dict[str, Any], camera: str, step: int, shown: torch.Tensor) -> float:
    """Mean difference (0 to 1) of what lerobot gives and the frame that is decoded at that place in the file."""
    chunk, file = (episode[f"videos/{camera}/{name}_index"] for name in ("chunk", "file"))
    path = root / info["video_path"].format(video_key=camera, chunk_index=chunk, file_index=file)
    number = round(episode[f"videos/{camera}/from_timestamp"] * info["fps"]) + step
    with av.open(str(path)) as container:
        frame = next(frame for k, frame in enumerate(container.decode(video=0)) if k == number)
    expected = frame.to_ndarray(format="rgb24").transpose(2, 0, 1) / 255
    return float(np.abs(shown.numpy() - expected).mean())


def expect(found: object, wanted: object, what: str) -> None:
    """End when they differ."""
    if found != wanted:
        fail(f"{what}: lerobot gives {found}, the files hold {wanted}")


def fail(message: str) -> None:
    """Say why and end."""
    print(message, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        fail("usage: lerobot_roundtrip.py DATASET")
    main(Path(sys.argv[1]))
    print("the real package reads it")
