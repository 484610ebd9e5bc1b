"""The list of the sample library's cases and how each becomes a file with its sidecar."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from humannet_assets.media.sidecar import Contact, FrameTruth, Outcome, Segment, Sidecar, load_sidecar
from humannet_assets.simulator import scenes
from humannet_assets.simulator.cameras import intrinsics
from humannet_assets.simulator.encoding import Encoding, read_video, truncate, write_video
from humannet_assets.simulator.shots import Shot, render_shot
from humannet_assets.simulator.world import RGB

MakeShot = Callable[[np.random.Generator], Shot]


@dataclass(frozen=True)
class Take:
    """A shot of a given length and how it follows the one before: a hard cut, or a fade through black."""

    make: MakeShot
    duration_s: float
    transition: Literal["cut", "fade"] = "cut"


@dataclass(frozen=True)
class Case(ABC):
    """One file of the library. `write` makes it and returns its sidecar; it depends on nothing but its fields."""

    name: str
    seed: int
    outcome: Outcome
    reasons: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.name}.mp4"

    @abstractmethod
    def write(self, folder: Path) -> Sidecar:
        """Write the file into `folder` (which holds the cases it is made from) and return its truth."""


@dataclass(frozen=True)
class Rendered(Case):
    """A clip rendered from one or several takes."""

    takes: tuple[Take, ...] = ()
    rate: float = 15.0
    size: tuple[int, int] = (640, 480)
    variable_rate: bool = False
    blur_sigma_px: float = 0.0
    encoding: Encoding = field(default_factory=Encoding)

    fade_frames = 7
    """Frames a fade takes on either side of the black."""

    def write(self, folder: Path) -> Sidecar:  # noqa: D102
        truths: list[FrameTruth] = []
        shots, spans, segments, contacts = self._plan()

        def pictures() -> Iterator[tuple[float, RGB]]:
            for picture, truth in self.frames():
                truths.append(truth)
                yield truth.time_s, picture

        count = write_video(folder / self.file, pictures(), self.rate, self.encoding)
        joints = [start for start, _ in spans[1:]]
        fades = [start for start, take in zip(joints, self.takes[1:], strict=True) if take.transition == "fade"]
        return Sidecar(
            name=self.name, file=self.file, seed=self.seed, description=" Then: ".join(shot.description for shot in shots),
            human_centric=any(shot.human_centric for shot in shots), viewpoint=shots[0].viewpoint,
            environment=shots[0].environment, expected_outcome=self.outcome, expected_reasons=list(self.reasons),
            frame_count=count, frame_rate=self.rate, variable_frame_rate=self.variable_rate, blur_sigma_px=self.blur_sigma_px,
            cuts=[start for start in joints if start not in fades], fades=fades,
            intrinsics=intrinsics(*self.size, shots[0].vertical_fov_deg), segments=segments, contacts=contacts, frames=truths,
            shots=[
                shot.truth(start, end)
                for shot, (start, end) in zip(shots, spans, strict=True)
            ],
        )  # fmt: skip

    def frames(self, limit: int | None = None) -> Iterator[tuple[RGB, FrameTruth]]:
        """Render the clip's pictures (before encoding) with their truth; the first `limit` frames of each take only."""
        shots, spans, _, _ = self._plan()
        times = self._times(spans[-1][1])
        for index, (shot, (start, end)) in enumerate(zip(shots, spans, strict=True)):
            offset = times[start]
            local = [time_s - offset for time_s in times[start:end]][:limit]
            for k, (rendered, truth) in enumerate(render_shot(shot, *self.size, local, offset)):
                gain = self._gain(index, k, end - start)
                picture: RGB = rendered if self.blur_sigma_px == 0 else _blurred(rendered, self.blur_sigma_px)
                if gain < 1:
                    picture = (picture * gain).astype(np.uint8)
                yield picture.astype(np.uint8, copy=False), truth.model_copy(update={"brightness": round(gain, 4)})

    def _plan(self) -> tuple[list[Shot], list[tuple[int, int]], list[Segment], list[Contact]]:
        """Shots, their frame spans, and all atomic actions and contacts in the video's time."""
        rng = np.random.default_rng(self.seed)
        shots = [take.make(rng) for take in self.takes]
        if len({shot.vertical_fov_deg for shot in shots}) > 1:
            # One file has one set of intrinsics.
            shots = [replace(shot, vertical_fov_deg=shots[0].vertical_fov_deg) for shot in shots]
        spans, segments, contacts, start = [], [], [], 0
        for shot, take in zip(shots, self.takes, strict=True):
            end = start + round(take.duration_s * self.rate)
            spans.append((start, end))
            segments += shot.segments(start / self.rate, take.duration_s)
            contacts += shot.touches(start / self.rate, take.duration_s)
            start = end
        return shots, spans, segments, contacts

    def _times(self, count: int) -> list[float]:
        """Presentation times. Variable rate: irregular steps of 20 to 140 ms on a millisecond grid, as phones record."""
        if not self.variable_rate:
            return [round(i / self.rate, 6) for i in range(count)]
        rng = np.random.default_rng(self.seed + 1)
        mean_ms = 1000 / self.rate
        steps = np.clip(np.round(rng.gamma(3.0, mean_ms / 3.0, count)), 20, 140)
        return [float(round(t / 1000, 3)) for t in np.concatenate([[0], np.cumsum(steps)])[:count]]

    def _gain(self, take: int, frame: int, length: int) -> float:
        """Brightness of a take's frame: 0 in the two black frames between takes that are joined by a fade."""
        gain = 1.0
        if self.takes[take].transition == "fade" and take > 0:
            gain = min(gain, frame / self.fade_frames)
        if take + 1 < len(self.takes) and self.takes[take + 1].transition == "fade":
            gain = min(gain, (length - 1 - frame) / self.fade_frames)
        return gain


@dataclass(frozen=True)
class Recoded(Case):
    """A near duplicate: another case decoded, trimmed, rescaled, rotated and encoded again."""

    source: str = ""
    size: tuple[int, int] | None = None
    trim: tuple[int, int] = (0, 0)
    rotation_deg: Literal[0, 90, 180, 270] = 0
    encoding: Encoding = field(default_factory=Encoding)

    def write(self, folder: Path) -> Sidecar:  # noqa: D102
        import cv2

        truth = load_sidecar(folder / f"{self.source}.json")
        kept = list(range(self.trim[0], truth.frame_count - self.trim[1]))
        shift = truth.frames[kept[0]].time_s
        camera = truth.intrinsics
        if camera is None:
            raise ValueError(f"{self.name}: its source {self.source} has no pictures")
        size = self.size or (camera.width, camera.height)

        def pictures() -> Iterator[tuple[float, RGB]]:
            for index, (time_s, picture) in enumerate(read_video(folder / truth.file)):
                if index in wanted:
                    resized = picture
                    if self.size is not None:
                        resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
                    yield time_s - shift, np.ascontiguousarray(np.rot90(resized, self.rotation_deg // 90))

        wanted = set(kept)
        write_video(folder / self.file, pictures(), truth.frame_rate, self.encoding, self.rotation_deg)
        frames = [truth.frames[i].model_copy(update={"time_s": round(truth.frames[i].time_s - shift, 6)}) for i in kept]
        end_s = frames[-1].time_s + 1 / truth.frame_rate
        segments = [
            s.model_copy(update={"start_s": round(s.start_s - shift, 3), "end_s": round(s.end_s - shift, 3)})
            for s in truth.segments
            if s.start_s >= shift and s.end_s - shift <= end_s
        ]
        shots = [shot.model_copy(update={"start_frame": 0, "end_frame": len(frames)}) for shot in truth.shots[:1]]
        return truth.model_copy(
            update={
                "name": self.name, "file": self.file, "seed": self.seed, "duplicate_of": self.source, "frames": frames,
                "frame_count": len(frames), "segments": segments, "shots": shots, "expected_outcome": self.outcome,
                "expected_reasons": list(self.reasons), "rotation_deg": self.rotation_deg, "intrinsics": camera.scaled(*size),
            }
        )  # fmt: skip


@dataclass(frozen=True)
class Truncated(Case):
    """The first part of another case's file: nothing can be decoded from it."""

    source: str = ""
    share: float = 0.5

    def write(self, folder: Path) -> Sidecar:  # noqa: D102
        truncate(folder / f"{self.source}.mp4", folder / self.file, self.share)
        return _undecodable(self, f"The first {self.share:.0%} of {self.source}.mp4: an interrupted copy without its index.")


@dataclass(frozen=True)
class TextFile(Case):
    """A text file with a video's name."""

    text: str = ""

    def write(self, folder: Path) -> Sidecar:  # noqa: D102
        (folder / self.file).write_text(self.text, encoding="utf-8")
        return _undecodable(self, "A text file that is called .mp4.")


def _undecodable(case: Case, description: str) -> Sidecar:
    return Sidecar(
        name=case.name, file=case.file, seed=case.seed, description=description, human_centric=False, viewpoint="none",
        environment="unknown", expected_outcome=case.outcome, expected_reasons=list(case.reasons), frame_count=0, frame_rate=0,
    )  # fmt: skip


def _blurred(picture: RGB, sigma_px: float) -> RGB:
    import cv2

    return cv2.GaussianBlur(picture, (0, 0), sigma_px).astype(np.uint8)


def _clip(
    name: str, seed: int, make: MakeShot, duration_s: float, *, rate: float = 15.0, size: tuple[int, int] = (640, 480)
) -> Rendered:
    return Rendered(name, seed, "kept", takes=(Take(make, duration_s),), rate=rate, size=size)


def _rejected(name: str, seed: int, reason: str, *, make: MakeShot, duration_s: float, size: tuple[int, int]) -> Rendered:
    return Rendered(name, seed, "rejected", (reason,), takes=(Take(make, duration_s),), size=size)


_EDIT = (
    Take(scenes.table_varied, 2.4),
    Take(scenes.figure_lifts, 2.4),
    Take(scenes.walk_corridor, 2.0),
    Take(scenes.room_ball, 2.0),
    Take(scenes.figure_waves, 2.4, "fade"),
)

CASES: tuple[Case, ...] = (
    _clip("ego_hands_cups", 11, scenes.table_cups, 7.6),
    _clip("ego_hands_blocks", 12, scenes.table_blocks, 7.6, rate=24.0, size=(480, 360)),
    _clip("ego_hands_wipe", 13, scenes.table_wipe, 7.8, size=(480, 360)),
    _clip("ego_hands_tray", 14, scenes.table_tray, 7.4),
    _clip("ego_walk_corridor", 21, scenes.walk_corridor, 8.0, size=(480, 360)),
    _clip("ego_walk_street", 22, scenes.walk_street, 8.0, size=(640, 360)),
    _clip("exo_walk_across", 31, scenes.figure_walks, 7.0, size=(480, 360)),
    _clip("exo_wave", 32, scenes.figure_waves, 6.2, size=(480, 360)),
    _clip("exo_lift_arms", 33, scenes.figure_lifts, 6.6, rate=24.0, size=(480, 360)),
    _rejected("empty_room_light", 41, "no_people", make=scenes.room_light, duration_s=6.0, size=(480, 360)),
    _rejected("empty_room_ball", 42, "no_people", make=scenes.room_ball, duration_s=6.4, size=(320, 240)),
    _rejected("static_table", 43, "static", make=scenes.table_still, duration_s=5.0, size=(480, 360)),
    Rendered("edit_five_shots", 51, "kept", takes=_EDIT, size=(480, 360)),
    Recoded(
        "near_duplicate_cups",
        61,
        "duplicate",
        ("re-encoded, rescaled and trimmed",),
        source="ego_hands_cups",
        size=(480, 360),
        trim=(8, 10),
        encoding=Encoding(crf=33, keyframe_interval=30),
    ),
    Recoded(
        "rotated_duplicate_wave",
        62,
        "duplicate",
        ("stored on its side with a rotation flag",),
        source="exo_wave",
        rotation_deg=90,
        encoding=Encoding(crf=29),
    ),
    Rendered(
        "blurred_hands",
        71,
        "rejected",
        ("blurred",),
        takes=(Take(scenes.table_varied, 5.6),),
        size=(480, 360),
        blur_sigma_px=7.0,
    ),
    Rendered("vfr_hands", 72, "kept", takes=(Take(scenes.table_varied, 6.0),), size=(480, 360), variable_rate=True),
    Truncated("corrupt_truncated", 81, "unreadable", ("truncated",), source="exo_walk_across"),
    TextFile("not_a_video", 82, "unreadable", ("not a video",), text="This is a text file, whatever its name says.\n" * 8),
)
"""In the order they are made: a case that is made from another stands after it."""
