"""What is known of a simulated episode besides its frames, as a file beside the data set.

The schema of `media.sidecar` describes one video file and who is seen in it; an episode is a stretch of three files in which
nobody is seen. So its truth has a file of its own, `truth/episode-<number>.json`, in the same terms.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from humannet_assets.media.sidecar import Contact, Intrinsics, Segment

TRUTH_FOLDER = "truth"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_Pose = list[Annotated[list[float], Field(min_length=4, max_length=4)]]


class CameraTruth(_Model):
    """A camera: intrinsics and pose (4x4), base <- camera for the head's, grasp frame <- camera for those on wrists."""

    intrinsics: Intrinsics
    pose: _Pose


class ThingTruth(_Model):
    """A thing on the table: what it is and its poses (4x4, base <- thing) at the first frame and after the last."""

    kind: str
    color: str
    start: _Pose
    end: _Pose


class EpisodeTruth(_Model):
    """What is known of an episode besides its frames. Times are seconds from its first frame."""

    schema_version: int = 1
    episode_index: int
    task: str
    seed: int
    attempt: int
    instruction: str
    success: bool
    frame_count: int
    frame_rate: float
    segments: list[Segment]
    contacts: list[Contact]
    cameras: dict[str, CameraTruth]
    things: dict[str, ThingTruth]


def truth_path(root: Path, index: int) -> Path:
    """Where the truth of an episode lies in a dataset's folder."""
    return root / TRUTH_FOLDER / f"episode-{index:06d}.json"


def write_truth(root: Path, truth: EpisodeTruth) -> None:
    """Put the truth of an episode beside its data set, whole or not at all."""
    path = truth_path(root, truth.episode_index)
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_text(truth.model_dump_json(indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def load_truth(root: Path, index: int) -> EpisodeTruth:
    """Read the truth of an episode.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It contradicts the schema.
    """
    return EpisodeTruth.model_validate_json(truth_path(root, index).read_bytes())
