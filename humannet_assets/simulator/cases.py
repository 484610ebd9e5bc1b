"""Cases: how one file with its sidecar is made. A profile is a list of cases, `produce` makes the files.

A case depends on nothing but its fields, and can be sent to another process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from humannet_assets.media.depth_maps import DepthWriter, depth_maps_path
from humannet_assets.media.sidecar import (
    Contact,
    Control,
    DepthInfo,
    FrameTruth,
    Outcome,
    Segment,
    ShotTruth,
    Sidecar,
    load_sidecar,
)
from humannet_assets.simulator.cameras import intrinsics
from humannet_assets.simulator.encoding import Encoding, read_video, truncate, write_video
from humannet_assets.simulator.shots import Footage, Frame, MapSize
from humannet_assets.simulator.world import RGB, RenderQuality

MakeFootage = Callable[[np.random.Generator], Footage]

BULK_QUALITY = RenderQuality(shadow_size=1536, samples=0, slices=14, stacks=8)
BULK_ENCODING = Encoding(crf=23, keyframe_interval=30, preset="veryfast")
"""What hours of footage are rendered and encoded with: half the cost of the defaults, a little coarser."""

FADE_FRAMES = 7
"""Frames a fade takes on either side of the black: half a second at 15 frames a second."""


@dataclass(frozen=True)
class Take:
    """Footage of a given length and how it follows the one before: a hard cut, or a fade through black."""

    make: MakeFootage
    duration_s: float
    transition: Literal["cut", "fade"] = "cut"


@dataclass(frozen=True)
class Case(ABC):
    """One file. `keywords` and `instruction` are what its uploader would say of it."""

    name: str
    seed: int
    outcome: Outcome
    reasons: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    life: str | None = None
    control: Control | None = None
    instruction: str = ""

    @property
    def file(self) -> str:
        """Name of the file."""
        return f"{self.name}.mp4"

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the cases it is made from."""
        return ()

    @property
    def seconds(self) -> float:
        """Seconds of footage that are rendered for it; 0 for files made from others."""
        return 0.0

    @abstractmethod
    def write(self, scratch: Path, library: Path) -> Sidecar:
        """Write the file (and its maps) into `scratch` and return its truth; `library` holds the cases it is made from."""


@dataclass(frozen=True)
class _Plan:
    """Footage, frame spans, cuts inside takes, and all atomic actions and contacts in the video's time."""

    footage: list[Footage]
    spans: list[tuple[int, int]]
    inner_cuts: list[int] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)

    def shots(self) -> Iterator[ShotTruth]:
        """The uncut stretches of the video."""
        for shown, (start, end) in zip(self.footage, self.spans, strict=True):
            bounds = [start, *(cut for cut in self.inner_cuts if start < cut < end), end]
            yield from (shown.truth(first, last) for first, last in pairwise(bounds))


@dataclass(frozen=True)
class Rendered(Case):
    """A video of one or several takes.

    `blur_sigma_px` lays a Gaussian blur over the pictures, `grain_levels` adds noise of that standard deviation (8-bit levels)
    as sensors do. With `maps`, depth and instances lie beside the video.
    """

    takes: tuple[Take, ...] = ()
    rate: float = 15.0
    size: tuple[int, int] = (640, 480)
    variable_rate: bool = False
    blur_sigma_px: float = 0.0
    grain_levels: float = 0.0
    encoding: Encoding = field(default_factory=Encoding)
    quality: RenderQuality = field(default_factory=RenderQuality)
    maps: MapSize | None = None

    @property
    def seconds(self) -> float:  # noqa: D102
        return sum(take.duration_s for take in self.takes)

    def write(self, scratch: Path, library: Path) -> Sidecar:  # noqa: D102
        plan = self._plan()
        truths: list[FrameTruth] = []
        names: dict[str, int] = {}
        depth_file = depth_maps_path(Path(self.file)).name
        with ExitStack() as stack:
            maps = self.maps
            writer = (
                stack.enter_context(DepthWriter(scratch / depth_file, maps.every, maps.width, maps.height)) if maps else None
            )

            def pictures() -> Iterator[tuple[float, RGB]]:
                for frame in self._frames(plan):
                    if writer is not None and frame.depth_m is not None and frame.instances is not None:
                        writer.write(len(truths), frame.depth_m, _renumbered(frame, names)[frame.instances])
                    truths.append(frame.truth)
                    yield frame.truth.time_s, frame.picture

            count = write_video(scratch / self.file, pictures(), self.rate, self.encoding)
        joints = [start for start, _ in plan.spans[1:]]
        fades = [start for start, take in zip(joints, self.takes[1:], strict=True) if take.transition == "fade"]
        first = plan.footage[0]
        description = " Then: ".join(shown.description for shown in plan.footage)
        return Sidecar(
            name=self.name, file=self.file, seed=self.seed, description=description,
            human_centric=any(shown.human_centric for shown in plan.footage), viewpoint=first.viewpoint,
            environment=first.environment, expected_outcome=self.outcome, expected_reasons=list(self.reasons),
            frame_count=count, frame_rate=self.rate, variable_frame_rate=self.variable_rate, blur_sigma_px=self.blur_sigma_px,
            cuts=sorted({*joints, *plan.inner_cuts} - set(fades)), fades=fades,
            intrinsics=intrinsics(*self.size, first.vertical_fov_deg) if first.vertical_fov_deg else None,
            segments=plan.segments, contacts=plan.contacts, frames=truths, life=self.life, control=self.control,
            depth=DepthInfo(file=depth_file, every=maps.every, width=maps.width, height=maps.height) if maps else None,
            instances=list(names),
            shots=list(plan.shots()),
        )  # fmt: skip

    def frames(self, limit: int | None = None) -> Iterator[Frame]:
        """The clip's pictures (before encoding) with their truth; the first `limit` frames of each take only."""
        return self._frames(self._plan(), limit)

    def _frames(self, plan: _Plan, limit: int | None = None) -> Iterator[Frame]:
        times = self._times(plan.spans[-1][1])
        grain = np.random.default_rng([self.seed, 2])
        for index, (shown, (start, end)) in enumerate(zip(plan.footage, plan.spans, strict=True)):
            offset = times[start]
            local = [time_s - offset for time_s in times[start:end]][:limit]
            rendered = shown.render(self.size, local, offset_s=offset, quality=self.quality, maps=self._maps_of(start))
            for k, frame in enumerate(rendered):
                brightness = self._brightness(index, k, end - start)
                frame.picture = self._filmed(frame.picture, brightness, grain)
                frame.truth = frame.truth.model_copy(update={"brightness": round(brightness, 4)})
                yield frame

    def _filmed(self, picture: RGB, brightness: float, grain: np.random.Generator) -> RGB:
        """The picture after blur, fade and grain."""
        if self.blur_sigma_px:
            import cv2

            picture = cv2.GaussianBlur(picture, (0, 0), self.blur_sigma_px).astype(np.uint8)
        if brightness < 1:
            picture = (picture * brightness).astype(np.uint8)
        if self.grain_levels:
            noise = grain.standard_normal(picture.shape[:2], np.float32)[..., None] * self.grain_levels
            picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
        return picture

    def _maps_of(self, start: int) -> MapSize | None:
        """Maps are counted from the file's first frame, so takes may only begin at a frame that has some."""
        if self.maps is not None and start % self.maps.every:
            raise ValueError(
                f"{self.name}: a take begins at frame {start}, which is no multiple of {self.maps.every}: choose its length so "
                "that maps fall on whole steps, or no maps"
            )
        return self.maps

    def _plan(self) -> _Plan:
        rng = np.random.default_rng(self.seed)
        footage = [take.make(rng) for take in self.takes]
        for shown in footage[1:]:
            # One file has one set of intrinsics.
            shown.vertical_fov_deg = footage[0].vertical_fov_deg
        plan = _Plan(footage, [])
        start = 0
        for shown, take in zip(footage, self.takes, strict=True):
            end = start + round(take.duration_s * self.rate)
            plan.spans.append((start, end))
            plan.segments.extend(shown.segments(start / self.rate, take.duration_s))
            plan.contacts.extend(shown.touches(start / self.rate, take.duration_s))
            start = end
        times = self._times(start)
        for shown, (first, last) in zip(footage, plan.spans, strict=True):
            local = [time_s - times[first] for time_s in times[first:last]]
            plan.inner_cuts.extend(first + frame for frame in shown.cut_frames(self.size, local))
        return plan

    def _times(self, count: int) -> list[float]:
        """Presentation times. Variable rate: irregular steps of 20 to 140 ms on a millisecond grid, as phones record."""
        if not self.variable_rate:
            return [round(i / self.rate, 6) for i in range(count)]
        rng = np.random.default_rng([self.seed, 1])
        mean_ms = 1000 / self.rate
        steps = np.clip(np.round(rng.gamma(3.0, mean_ms / 3.0, count)), 20, 140)
        return [float(round(t / 1000, 3)) for t in np.concatenate([[0], np.cumsum(steps)])[:count]]

    def _brightness(self, take: int, frame: int, length: int) -> float:
        """0 in the two black frames between takes that are joined by a fade, 1 away from them."""
        brightness = 1.0
        if self.takes[take].transition == "fade" and take > 0:
            brightness = min(brightness, frame / FADE_FRAMES)
        if take + 1 < len(self.takes) and self.takes[take + 1].transition == "fade":
            brightness = min(brightness, (length - 1 - frame) / FADE_FRAMES)
        return brightness


def _renumbered(frame: Frame, names: dict[str, int]) -> np.ndarray:
    """Table from the frame's instance ids to those of the file; new names are added to `names`."""
    return np.array([names.setdefault(name, len(names)) for name in frame.names], np.uint16)


@dataclass(frozen=True)
class Recoded(Case):
    """A near duplicate: another case decoded, trimmed, mirrored, rescaled, rotated and encoded again."""

    source: str = ""
    size: tuple[int, int] | None = None
    trim: tuple[int, int] = (0, 0)
    rotation_deg: Literal[0, 90, 180, 270] = 0
    mirrored: bool = False
    encoding: Encoding = field(default_factory=Encoding)

    @property
    def needs(self) -> tuple[str, ...]:  # noqa: D102
        return (self.source,)

    def write(self, scratch: Path, library: Path) -> Sidecar:  # noqa: D102
        truth = load_sidecar(library / f"{self.source}.json")
        kept = range(self.trim[0], truth.frame_count - self.trim[1])
        if not kept:
            raise ValueError(f"{self.name}: nothing is left of {self.source} after trimming {self.trim} frames")
        shift = truth.frames[kept[0]].time_s
        pictures = (
            (time_s - shift, self._changed(picture))
            for index, (time_s, picture) in enumerate(read_video(library / truth.file))
            if index in kept
        )
        write_video(scratch / self.file, pictures, truth.frame_rate, self.encoding, self.rotation_deg)
        return self._truth(truth, kept, shift)

    def _changed(self, picture: RGB) -> RGB:
        import cv2

        if self.size is not None:
            picture = cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        if self.mirrored:
            picture = picture[:, ::-1]
        return np.ascontiguousarray(np.rot90(picture, self.rotation_deg // 90))

    def _truth(self, truth: Sidecar, kept: range, shift: float) -> Sidecar:
        """The source's truth as this file shows it. A mirrored picture has no joints: left would be right."""
        frames = [
            truth.frames[i].model_copy(update={"time_s": round(truth.frames[i].time_s - shift, 6), **self._unmirrored()})
            for i in kept
        ]
        end_s = frames[-1].time_s + 1 / truth.frame_rate
        segments = [
            s.model_copy(update={"start_s": round(s.start_s - shift, 3), "end_s": round(s.end_s - shift, 3)})
            for s in truth.segments
            if s.start_s >= shift and s.end_s - shift <= end_s and not self.mirrored
        ]
        changes: dict[str, Any] = {
            "name": self.name, "file": self.file, "seed": self.seed, "duplicate_of": self.source, "frames": frames,
            "frame_count": len(frames), "segments": segments, "contacts": [], "expected_outcome": self.outcome,
            "expected_reasons": list(self.reasons), "rotation_deg": self.rotation_deg, "depth": None, "instances": [],
            "cuts": [cut - kept.start for cut in truth.cuts if kept.start < cut < kept.stop],
            "fades": [fade - kept.start for fade in truth.fades if kept.start < fade < kept.stop],
            "shots": [
                shot.model_copy(update={"start_frame": max(0, shot.start_frame - kept.start),
                                        "end_frame": min(len(frames), shot.end_frame - kept.start)})
                for shot in truth.shots
                if shot.start_frame < kept.stop and shot.end_frame > kept.start
            ],
        }  # fmt: skip
        if self.size is not None and truth.intrinsics is not None:
            changes["intrinsics"] = truth.intrinsics.scaled(*self.size)
        if self.mirrored:
            changes["intrinsics"] = None
        return truth.model_copy(update=changes)

    def _unmirrored(self) -> dict[str, Any]:
        return {"camera": None, "hands": {}, "bodies": []} if self.mirrored else {}


@dataclass(frozen=True)
class Truncated(Case):
    """The first part of another case's file: nothing can be decoded from it."""

    source: str = ""
    share: float = 0.5

    @property
    def needs(self) -> tuple[str, ...]:  # noqa: D102
        return (self.source,)

    def write(self, scratch: Path, library: Path) -> Sidecar:  # noqa: D102
        truncate(library / f"{self.source}.mp4", scratch / self.file, self.share)
        return _undecodable(self, f"The first {self.share:.0%} of {self.source}.mp4: an interrupted copy without its index.")


@dataclass(frozen=True)
class TextFile(Case):
    """A text file with a video's name."""

    text: str = "This is a text file, whatever its name says.\n" * 8

    def write(self, scratch: Path, library: Path) -> Sidecar:  # noqa: D102
        (scratch / self.file).write_text(self.text, encoding="utf-8")
        return _undecodable(self, "A text file that is called .mp4.")


def _undecodable(case: Case, description: str) -> Sidecar:
    return Sidecar(
        name=case.name, file=case.file, seed=case.seed, description=description, human_centric=False, viewpoint="none",
        environment="unknown", expected_outcome=case.outcome, expected_reasons=list(case.reasons), frame_count=0, frame_rate=0,
    )  # fmt: skip
