"""The truth of one video as arrays: which frame was when, whose joints are where in the picture, which shot a clip lies in.

Made from a sidecar (`humannet_assets.media.sidecar`). Points are metres in the camera frame (x right, y down, z forward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from humannet_assets.media.decode import nearest_frames, sample_times
from humannet_assets.media.sidecar import BODY_JOINTS, HAND_JOINTS, Intrinsics, JointSet, ShotTruth, Sidecar

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

REFERENCE_DIAGONAL_PX = 800.0
"""Diagonal of a 640x480 picture: errors in pixels are given as if the picture had it, whatever its size and shape."""
LEAST_BRIGHTNESS = 0.5
"""Frames darker than this share of what was rendered lie inside a fade and are not judged [our choice]."""

TIE_S = 1e-3
"""Frames whose distances to a sampling time differ by less are equally near: time stamps are rounded."""


@dataclass(frozen=True)
class Joints:
    """Joint sets of several frames: one entry per hand or body seen in a frame.

    `frame` (n,) indexes the video's frames; `points_m` (n, joints, 3); `visible` (n, joints); `side` (n,) is left or right
    for hands and empty for bodies; `owner` (n,) is the index of the body a hand belongs to, -1 for the wearer's.
    """

    frame: Ints
    points_m: Floats
    visible: Bools
    side: npt.NDArray[np.str_]
    owner: Ints

    @classmethod
    def of(cls, entries: Sequence[tuple[int, JointSet, str, int]], joints: int) -> Joints:
        """From (frame, joint set, side, owner)."""
        count = len(entries)
        return cls(
            np.array([entry[0] for entry in entries], np.int64),
            np.array([entry[1].joints_mm for entry in entries], np.float64).reshape(count, joints, 3) / 1000,
            np.array([entry[1].visible for entry in entries], bool).reshape(count, joints),
            np.array([entry[2] for entry in entries], np.str_),
            np.array([entry[3] for entry in entries], np.int64),
        )

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, chosen: Bools | Ints) -> Joints:
        """The chosen entries."""
        return Joints(self.frame[chosen], self.points_m[chosen], self.visible[chosen], self.side[chosen], self.owner[chosen])


class Truth:
    """What is known of a video of which every frame is described."""

    def __init__(self, sidecar: Sidecar) -> None:
        self.sidecar = sidecar
        self.times_s: Floats = np.array([frame.time_s for frame in sidecar.frames])

    @cached_property
    def hands(self) -> Joints:
        """All hands with at least one visible joint, the wearer's and those of people seen from outside."""
        entries: list[tuple[int, JointSet, str, int]] = []
        for index, frame in enumerate(self.sidecar.frames):
            entries += [(index, hand, side, -1) for side, hand in frame.hands.items()]
            entries += [(index, hand, side, k) for k, body in enumerate(frame.bodies) for side, hand in body.hands.items()]
        return Joints.of([entry for entry in entries if any(entry[1].visible)], HAND_JOINTS)

    @cached_property
    def bodies(self) -> Joints:
        """All people seen from outside with at least one visible joint."""
        entries = [(i, body, "", k) for i, frame in enumerate(self.sidecar.frames) for k, body in enumerate(frame.bodies)]
        return Joints.of([entry for entry in entries if any(entry[1].visible)], len(BODY_JOINTS))

    @cached_property
    def handless(self) -> frozenset[tuple[int, int]]:
        """(frame, body) of people whose figure has no hands: what is found at their wrists can't be judged."""
        frames = enumerate(self.sidecar.frames)
        return frozenset((i, k) for i, frame in frames for k, body in enumerate(frame.bodies) if not body.hands)

    @cached_property
    def cameras(self) -> Floats:
        """World <- camera, (frames, 4, 4), metres; NaN where there was no camera."""
        none = np.full((4, 4), np.nan)
        poses = [none if frame.camera is None else frame.camera for frame in self.sidecar.frames]
        return np.array(poses, np.float64).reshape(-1, 4, 4)

    @cached_property
    def bright(self) -> Bools:
        """Frames (n,) that are not inside a fade."""
        return np.array([frame.brightness >= LEAST_BRIGHTNESS for frame in self.sidecar.frames], bool)

    @property
    def knows_people(self) -> bool:
        """False where joints are not known although people may be seen: pictures without a camera, or mirrored ones."""
        return self.sidecar.intrinsics is not None

    def reference_camera(self) -> Intrinsics | None:
        """Intrinsics of the picture scaled to the reference diagonal; None where there was no camera."""
        own = self.sidecar.intrinsics
        if own is None:
            return None
        scale = REFERENCE_DIAGONAL_PX / float(np.hypot(own.width, own.height))
        return Intrinsics(
            fx=own.fx * scale, fy=own.fy * scale, cx=own.cx * scale, cy=own.cy * scale,
            width=max(1, round(own.width * scale)), height=max(1, round(own.height * scale)),
        )  # fmt: skip

    def frames_at(self, times_s: npt.ArrayLike) -> Ints:
        """Index of the frame shown at each time (n,); -1 where none lies within half a frame."""
        wanted = np.asarray(times_s, np.float64)
        if not len(self.times_s) or not len(wanted):
            return np.full(len(wanted), -1, np.int64)
        right = np.clip(np.searchsorted(self.times_s, wanted), 1, max(len(self.times_s) - 1, 1))
        left = right - 1
        right = np.minimum(right, len(self.times_s) - 1)
        nearest = np.where(wanted - self.times_s[left] <= self.times_s[right] - wanted, left, right)
        tolerance = float(np.median(np.diff(self.times_s))) / 2 if len(self.times_s) > 1 else 0.02
        return np.where(np.abs(self.times_s[nearest] - wanted) <= tolerance, nearest, -1)

    def sampled(self, start_s: float, end_s: float, rate_hz: float, seen: Ints) -> Ints:
        """Frames of a clip that a stage sampling at `rate_hz` looked at, those inside fades left out.

        Where two frames are as near to a sampling time, `seen`, the frames something was found in, says which was taken.
        """
        targets = np.asarray(sample_times(start_s, end_s, rate_hz))
        frames = [nearest_frames(self.times_s, [target], start_s, end_s) for target in targets]
        chosen = np.array([found[0] if len(found) else -1 for found in frames], np.int64)
        known = np.unique(seen[seen >= 0])
        if len(known):
            nearest = known[np.abs(self.times_s[known][None, :] - targets[:, None]).argmin(axis=1)]
            off_s, seen_off_s = (np.abs(self.times_s[at] - targets) for at in (chosen, nearest))
            chosen = np.where(seen_off_s <= off_s + TIE_S, nearest, chosen)
        chosen = np.unique(chosen[chosen >= 0])
        return chosen[self.bright[chosen]]

    def frames_in(self, start_s: float, end_s: float) -> Ints:
        """All frames of a span."""
        return np.flatnonzero((self.times_s >= start_s - 1e-6) & (self.times_s < end_s - 1e-6))

    def shot_of(self, start_s: float, end_s: float) -> ShotTruth | None:
        """The true shot most of a span lies in; None where the sidecar names none."""
        return max(self._shares(start_s, end_s), key=lambda pair: pair[0], default=(0, None))[1]

    def is_one_shot(self, start_s: float, end_s: float) -> bool:
        """True if no true cut lies inside the span: poses and motion run on through it."""
        return len(self._shares(start_s, end_s)) == 1

    def _shares(self, start_s: float, end_s: float) -> list[tuple[int, ShotTruth]]:
        """(frames of the span, shot) for the shots it touches."""
        inside = self.frames_in(start_s, end_s)
        if not len(inside):
            return []
        first, last = int(inside[0]), int(inside[-1]) + 1
        shares = [(min(last, shot.end_frame) - max(first, shot.start_frame), shot) for shot in self.sidecar.shots]
        return [(share, shot) for share, shot in shares if share > 0]
