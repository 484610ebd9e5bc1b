"""Judge of `hand_tracks`: which hands are found, as which side, and how far off their landmarks and wrists are.

Judged are the sampled frames of kept clips, frames inside fades excepted. A true hand must be found if most of it shows and it
is not tiny (`MIN_VISIBLE_JOINTS`, COCO's `small`); other visible hands may be found or not. Only observed frames of a track
count as found, not those it bridges. Pixels are those of a picture with the diagonal of 640x480.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from humannet_assets.figures.comparisons import Drawing, Shown, skeleton
from humannet_assets.geometry.cameras import angle_deg
from humannet_assets.media.sidecar import Intrinsics
from humannet_assets.perception.pinhole import hand_axes
from humannet_assets.perception.thumbnails import HAND_BONES
from humannet_assets.quality.judge import CLIPS, Clip, Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.matching import SMALL_PX2, areas, assign, boxes_of, size_class
from humannet_assets.quality.metrics import MISSED, NOTHING, Errors, Measure, Tally, accuracy
from humannet_assets.quality.truth import REFERENCE_DIAGONAL_PX, Joints, Truth
from humannet_assets.store.step import Read
from humannet_assets.store.tables import HAND_TRACKS

Floats = npt.NDArray[np.float64]

MIN_VISIBLE_JOINTS = 12
"""Of 21: a hand of which most joints show [our choice]."""
WRIST, THUMB_TIP, INDEX_TIP = 0, 4, 8
SIDES = ("left", "right")
WRIST_REGION = 1.0
"""Half side, in forearm lengths, of the region at the wrist of a figure without hands that is not judged [our choice]."""
LEFT_ARM, RIGHT_ARM = (7, 9), (8, 10)
"""Elbow and wrist among the 17 joints of a body."""


@dataclass(frozen=True)
class FoundHands:
    """Observed hands of a clip, one entry per track and frame; pixels of the reference picture, metres, camera frame.

    `frame`, `side`, `aperture_m` (n,); `points_px` (n, 21, 2); `wrist_m` (n, 3); `rotation` (n, 3, 3).
    """

    frame: npt.NDArray[np.int64]
    points_px: Floats
    side: npt.NDArray[np.str_]
    wrist_m: Floats
    rotation: Floats
    aperture_m: Floats


def found_hands(tracks: pl.DataFrame, truth: Truth) -> FoundHands:
    """The observed frames of all tracks (n rows of `hand_tracks`), by the frame of the video they were seen in."""
    from scipy.spatial.transform import Rotation

    parts: list[tuple[npt.NDArray[np.int64], Floats, str, Floats, Floats, Floats]] = []
    for index, row in enumerate(tracks.select("side", "image_width", "image_height").iter_rows()):
        side, width, height = row
        frames = truth.frames_at(tracks["times_s"][index].to_numpy())
        chosen = tracks["observed"][index].to_numpy().astype(bool) & (frames >= 0)
        scale = REFERENCE_DIAGONAL_PX / float(np.hypot(width, height))
        parts.append(
            (
                frames[chosen],
                tracks["landmarks_px"][index].to_numpy()[chosen].reshape(-1, 21, 2) * scale,
                side,
                tracks["wrist_position_m"][index].to_numpy()[chosen],
                tracks["wrist_rotvec"][index].to_numpy()[chosen],
                tracks["aperture_m"][index].to_numpy()[chosen],
            )
        )
    parts.append((np.zeros(0, np.int64), np.zeros((0, 21, 2)), "", np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0)))
    sides = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    frame, points_px, wrist_m, rotvec, aperture_m = (np.concatenate([part[k] for part in parts]) for k in (0, 1, 3, 4, 5))
    rotation = Rotation.from_rotvec(rotvec).as_matrix() if len(rotvec) else np.zeros((0, 3, 3))
    return FoundHands(frame, points_px, sides, wrist_m, rotation, aperture_m)


def must_be_found(hands: Joints, points_px: Floats) -> npt.NDArray[np.bool_]:
    """Which hands (n,) a detector has to find: most joints visible, and not small."""
    return (hands.visible.sum(axis=1) >= MIN_VISIBLE_JOINTS) & (areas(boxes_of(points_px)) > SMALL_PX2)


@dataclass(frozen=True)
class _Scene:
    """True and found hands of a clip. `size_px` is that of the reference picture, `points_px` (n, 21, 2) true hands in it."""

    video: LabelledVideo
    truth: Truth
    size_px: tuple[int, int]
    view: str
    hands: Joints
    points_px: Floats
    found: FoundHands

    def drawing(self, frame: int) -> Drawing:
        """A frame with all true and all found hands in it."""
        drawn = [skeleton(one, self.size_px, HAND_BONES, "true") for one in self.points_px[self.hands.frame == frame]]
        drawn += [skeleton(one, self.size_px, HAND_BONES, "found") for one in self.found.points_px[self.found.frame == frame]]
        return Drawing(shown=(Shown(float(self.truth.times_s[frame]), tuple(drawn)),))


class HandJudge(Judge):
    """`hand_tracks`."""

    stage = HAND_TRACKS.name
    reads = (
        CLIPS,
        Read(
            HAND_TRACKS,
            (
                "side", "image_width", "image_height", "times_s", "observed", "landmarks_px", "wrist_position_m",
                "wrist_rotvec", "aperture_m",
            ),
        ),
    )  # fmt: skip

    def __init__(self, sample_rate_hz: float) -> None:
        super().__init__()
        self._rate_hz = sample_rate_hz
        self._sides, self._sizes, self._views, self._visible = Tally(), Tally(), Tally(), Tally()
        self._errors = {name: Errors() for name in ("landmark", "wrist", "depth_ratio", "rotation", "aperture")}

    def look(self, video: LabelledVideo) -> None:
        """Every sampled frame of every kept clip."""
        truth = video.truth
        camera = truth.reference_camera() if truth is not None else None
        if truth is None or camera is None:
            return
        tracks = video.by_clip(HAND_TRACKS, markers=True)
        for clip in video.clips():
            if clip.clip_id in tracks:
                rows = tracks[clip.clip_id].filter(pl.col("row_id") != pl.col("unit_id"))
                self._clip(video, truth, camera, clip, found_hands(rows, truth))

    def _clip(self, video: LabelledVideo, truth: Truth, camera: Intrinsics, clip: Clip, found: FoundHands) -> None:
        frames = truth.sampled(clip.start_s, clip.end_s, self._rate_hz, found.frame)
        hands = truth.hands.take(np.isin(truth.hands.frame, frames))
        view = getattr(truth.shot_of(clip.start_s, clip.end_s), "viewpoint", "unknown")
        scene = _Scene(video, truth, (camera.width, camera.height), view, hands, camera.project(hands.points_m), found)
        judged = must_be_found(hands, scene.points_px)
        regions = wrist_regions(truth, frames, camera)
        for frame in frames:
            true_at, found_at = np.flatnonzero(hands.frame == frame), np.flatnonzero(found.frame == frame)
            if not len(true_at) and not len(found_at):
                continue
            spared = regions.get(int(frame), np.zeros((0, 4)))
            here = assign(scene.points_px[true_at], hands.visible[true_at], judged[true_at], found.points_px[found_at], spared)
            for i, j in here.pairs:
                self._hit(scene, int(true_at[i]), int(found_at[j]))
            for i in here.missed:
                self._miss(scene, int(true_at[i]))
            for j in here.ghosts:
                self._ghost(scene, int(found_at[j]))

    def _count(self, scene: _Scene, i: int, found: str) -> float:
        """Enter a true hand into the tables; returns its area."""
        video_id, outcome = scene.video.video_id, "found" if found != MISSED else MISSED
        area = float(areas(boxes_of(scene.points_px[i : i + 1]))[0])
        self._sides.add(video_id, str(scene.hands.side[i]), found)
        self._sizes.add(video_id, size_class(area), outcome)
        self._views.add(video_id, scene.view, outcome)
        self._visible.add(video_id, "12-16 joints" if scene.hands.visible[i].sum() <= 16 else "17-21 joints", outcome)
        return area

    def _hit(self, scene: _Scene, i: int, j: int) -> None:
        hands, found, video_id = scene.hands, scene.found, scene.video.video_id
        true_side, side, joints_m = str(hands.side[i]), str(found.side[j]), hands.points_m[i]
        self._count(scene, i, side)
        off_px = np.linalg.norm(found.points_px[j] - scene.points_px[i], axis=1)
        error_px = float(off_px[hands.visible[i]].mean())
        aperture_m = float(np.linalg.norm(joints_m[THUMB_TIP] - joints_m[INDEX_TIP]))
        self._errors["landmark"].add(video_id, error_px)
        self._errors["wrist"].add(video_id, float(np.linalg.norm(found.wrist_m[j] - joints_m[WRIST])) * 1000)
        self._errors["depth_ratio"].add(video_id, float(found.wrist_m[j, 2] / joints_m[WRIST, 2]))
        self._errors["aperture"].add(video_id, abs(float(found.aperture_m[j]) - aperture_m) * 1000)
        frame = int(hands.frame[i])
        time_s = float(scene.truth.times_s[frame])
        if side == true_side:
            self._errors["rotation"].add(video_id, angle_deg(found.rotation[j].T @ hand_axes(joints_m, side)))
        else:
            text = f"{true_side} hand taken for {side}"
            self.worst.offer("wrong_side", 1.0, scene.video, time_s, text, lambda: scene.drawing(frame))
        text = f"{true_side} hand off by {error_px:.0f} px"
        self.worst.offer("landmarks", error_px, scene.video, time_s, text, lambda: scene.drawing(frame))

    def _miss(self, scene: _Scene, i: int) -> None:
        area = self._count(scene, i, MISSED)
        frame, visible = int(scene.hands.frame[i]), int(scene.hands.visible[i].sum())
        time_s = float(scene.truth.times_s[frame])
        text = f"{scene.hands.side[i]} hand missed, {visible} of 21 joints visible"
        # The worst miss is the hand that is plainest to see.
        score = visible + area**0.5 / REFERENCE_DIAGONAL_PX
        self.worst.offer("missed", score, scene.video, time_s, text, lambda: scene.drawing(frame))

    def _ghost(self, scene: _Scene, j: int) -> None:
        found, video_id = scene.found, scene.video.video_id
        self._sides.add(video_id, NOTHING, str(found.side[j]))
        self._views.add(video_id, f"{scene.view}: {NOTHING}", "found")
        frame = int(found.frame[j])
        time_s = float(scene.truth.times_s[frame])
        score = float(areas(boxes_of(found.points_px[j : j + 1]))[0])
        text = f"{found.side[j]} hand found where none is"
        self.worst.offer("ghost", score, scene.video, time_s, text, lambda: scene.drawing(frame))

    def measures(self) -> list[Measure]:
        """Detection, sides, then errors of what was found."""
        landmark, wrist = self._errors["landmark"], self._errors["wrist"]
        return [
            *self._sides.rates(SIDES, names=("recall", "precision")),
            self._sides.among(SIDES).measure("side_accuracy", accuracy),
            landmark.quantile("landmark_error_median", 0.5, "px"),
            landmark.quantile("landmark_error_p90", 0.9, "px"),
            wrist.quantile("wrist_position_error_median", 0.5, "mm"),
            wrist.quantile("wrist_position_error_p90", 0.9, "mm"),
            self._errors["depth_ratio"].quantile("wrist_depth_ratio_median", 0.5, "ratio", "one"),
            self._errors["rotation"].quantile("wrist_rotation_error_median", 0.5, "deg"),
            self._errors["rotation"].quantile("wrist_rotation_error_p90", 0.9, "deg"),
            self._errors["aperture"].quantile("aperture_error_median", 0.5, "mm"),
        ]

    def confusions(self) -> list[Confusion]:
        """Sides, then what is found by size, by how much shows, and by viewpoint."""
        return [
            confusion("side", self._sides),
            confusion("size", self._sizes),
            confusion("visible", self._visible),
            confusion("viewpoint", self._views),
        ]


def wrist_regions(truth: Truth, frames: npt.NDArray[np.int64], camera: Intrinsics) -> Mapping[int, Floats]:
    """Boxes (n, 4) by frame around the wrists of figures without hands: the picture may show some where the truth has none."""
    found: dict[int, list[Floats]] = {}
    bodies = truth.bodies.take(np.isin(truth.bodies.frame, frames))
    points = camera.project(bodies.points_m)
    for index in range(len(bodies)):
        frame = int(bodies.frame[index])
        if (frame, int(bodies.owner[index])) not in truth.handless:
            continue
        for elbow, wrist in (LEFT_ARM, RIGHT_ARM):
            half = WRIST_REGION * float(np.linalg.norm(points[index, wrist] - points[index, elbow]))
            box = np.concatenate([points[index, wrist] - half, points[index, wrist] + half])
            if np.isfinite(box).all():
                found.setdefault(frame, []).append(box)
    return {frame: np.stack(boxes) for frame, boxes in found.items()}
