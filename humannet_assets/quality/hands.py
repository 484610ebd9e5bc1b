"""Judge of `hand_tracks`: which hands are found, as which side, and how far off their landmarks and wrists are.

Judged are the sampled frames of kept clips, frames inside fades excepted. A true hand must be found if most of it shows and it
is not tiny (`MIN_VISIBLE_JOINTS`, COCO's `small`); other visible hands may be found or not. Only observed frames of a track
count as found, not those it bridges. Pixels are those of a picture with the diagonal of 640x480.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from humannet_assets.figures.comparisons import Drawing, Shown, skeleton
from humannet_assets.media.sidecar import Intrinsics
from humannet_assets.perception.pinhole import hand_axes
from humannet_assets.perception.thumbnails import HAND_BONES
from humannet_assets.quality.clips import CLIPS
from humannet_assets.quality.judge import Clip, Confusion, Judge, LabelledVideo, confusion
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
"""Half side, in forearm lengths, of the region at the wrist of a figure without hands in which nothing is judged [our choice]."""
LEFT_ARM, RIGHT_ARM = (7, 9), (8, 10)
"""Elbow and wrist among the 17 joints of a body."""


@dataclass(frozen=True)
class FoundHands:
    """Observed hands of a clip, one entry per track and frame; pixels of the reference picture, metres, camera frame."""

    frame: npt.NDArray[np.int64]
    points_px: Floats
    side: npt.NDArray[np.str_]
    wrist_m: Floats
    rotvec: Floats
    aperture_m: Floats


def found_hands(tracks: pl.DataFrame, truth: Truth) -> FoundHands:
    """The observed frames of all tracks (n rows of `hand_tracks`), by the frame of the video they were seen in."""
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
    if not parts:
        none = np.zeros((0, 3))
        return FoundHands(np.zeros(0, np.int64), np.zeros((0, 21, 2)), np.zeros(0, np.str_), none, none, np.zeros(0))
    sides = np.concatenate([np.full(len(part[0]), part[2]) for part in parts])
    columns = [np.concatenate([part[k] for part in parts]) for k in (0, 1, 3, 4, 5)]
    return FoundHands(columns[0], columns[1], sides, *columns[2:])


def must_be_found(hands: Joints, points_px: Floats) -> npt.NDArray[np.bool_]:
    """Which hands (n,) a detector has to find: most joints visible, and not small."""
    return (hands.visible.sum(axis=1) >= MIN_VISIBLE_JOINTS) & (areas(boxes_of(points_px)) > SMALL_PX2)


class HandJudge(Judge):
    """`hand_tracks`."""

    stage = HAND_TRACKS.name
    reads = (
        CLIPS,
        Read(
            HAND_TRACKS,
            (
                "side", "image_width", "image_height", "times_s", "observed", "landmarks_px", "wrist_position_m", "wrist_rotvec",
                "aperture_m",
            ),
        ),
    )  # fmt: skip

    def __init__(self, sample_rate_hz: float) -> None:
        super().__init__()
        self._rate_hz = sample_rate_hz
        self._sides, self._sizes, self._views, self._visible = Tally(), Tally(), Tally(), Tally()
        self._errors = {
            name: Errors() for name in ("landmark", "wrist", "depth_ratio", "rotation", "aperture")
        }

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
        frames = truth.sampled(clip.start_s, clip.end_s, self._rate_hz)
        hands = truth.hands.take(np.isin(truth.hands.frame, frames))
        points = camera.project(hands.points_m)
        judged = must_be_found(hands, points)
        true_boxes, found_boxes = boxes_of(points), boxes_of(found.points_px)
        view = getattr(truth.shot_of(clip.start_s, clip.end_s), "viewpoint", "unknown")
        regions = wrist_regions(truth, frames, camera)
        for frame in frames:
            true_at, found_at = np.flatnonzero(hands.frame == frame), np.flatnonzero(found.frame == frame)
            if not len(true_at) and not len(found_at):
                continue
            here = assign(true_boxes[true_at], judged[true_at], found_boxes[found_at], regions.get(int(frame), np.zeros((0, 4))))
            for i, j in here.pairs:
                self._hit(video, truth, hands, points, int(true_at[i]), found, int(found_at[j]), view)
            for i in here.missed:
                self._miss(video, truth, hands, points, int(true_at[i]), view)
            for j in here.ghosts:
                self._ghost(video, truth, found, int(found_at[j]), view)

    def _count(self, video: LabelledVideo, hands: Joints, area: float, i: int, view: str, found: str) -> None:
        outcome = "found" if found != MISSED else MISSED
        visible = int(hands.visible[i].sum())
        self._sides.add(video.video_id, str(hands.side[i]), found)
        self._sizes.add(video.video_id, size_class(area), outcome)
        self._views.add(video.video_id, view, outcome)
        self._visible.add(video.video_id, "12-16 joints" if visible <= 16 else "17-21 joints", outcome)

    def _hit(
        self, video: LabelledVideo, truth: Truth, hands: Joints, points: Floats, i: int, found: FoundHands, j: int, view: str
    ) -> None:
        true_side, side = str(hands.side[i]), str(found.side[j])
        self._count(video, hands, float(areas(boxes_of(points[i : i + 1]))[0]), i, view, side)
        off_px = np.linalg.norm(found.points_px[j] - points[i], axis=1)
        error_px = float(off_px[hands.visible[i]].mean())
        joints_m = hands.points_m[i]
        self._errors["landmark"].add(video.video_id, error_px)
        self._errors["wrist"].add(video.video_id, float(np.linalg.norm(found.wrist_m[j] - joints_m[WRIST])) * 1000)
        self._errors["depth_ratio"].add(video.video_id, float(found.wrist_m[j, 2] / joints_m[WRIST, 2]))
        aperture_m = float(np.linalg.norm(joints_m[THUMB_TIP] - joints_m[INDEX_TIP]))
        self._errors["aperture"].add(video.video_id, abs(float(found.aperture_m[j]) - aperture_m) * 1000)
        time_s = float(truth.times_s[hands.frame[i]])

        def draw() -> Drawing:
            return _drawing(truth, time_s, [points[i]], [found.points_px[j]])

        if side == true_side:
            self._errors["rotation"].add(video.video_id, _turn_deg(found.rotvec[j], joints_m, side))
        else:
            self.worst.offer("wrong_side", 1.0, video, time_s, f"{true_side} hand taken for {side}", draw)
        self.worst.offer("landmarks", error_px, video, time_s, f"{true_side} hand off by {error_px:.0f} px", draw)

    def _miss(self, video: LabelledVideo, truth: Truth, hands: Joints, points: Floats, i: int, view: str) -> None:
        area = float(areas(boxes_of(points[i : i + 1]))[0])
        self._count(video, hands, area, i, view, MISSED)
        time_s, visible = float(truth.times_s[hands.frame[i]]), int(hands.visible[i].sum())
        # The worst miss is the hand that is plainest to see.
        text = f"{hands.side[i]} hand missed, {visible} of 21 joints visible"
        self.worst.offer("missed", visible + area**0.5 / 1000, video, time_s, text, lambda: _drawing(truth, time_s, [points[i]], []))

    def _ghost(self, video: LabelledVideo, truth: Truth, found: FoundHands, j: int, view: str) -> None:
        self._sides.add(video.video_id, NOTHING, str(found.side[j]))
        self._views.add(video.video_id, f"{view}: {NOTHING}", "found")
        time_s = float(truth.times_s[found.frame[j]])
        text = f"{found.side[j]} hand found where none is"
        draw = found.points_px[j]
        score = float(areas(boxes_of(draw[None]))[0])
        self.worst.offer("ghost", score, video, time_s, text, lambda: _drawing(truth, time_s, [], [draw]))

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


def _turn_deg(rotvec: Floats, joints_m: Floats, side: str) -> float:
    """Angle between the found orientation of a hand and the true one, degrees."""
    from scipy.spatial.transform import Rotation

    return float(np.degrees((Rotation.from_rotvec(rotvec).inv() * Rotation.from_matrix(hand_axes(joints_m, side))).magnitude()))


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


def _drawing(truth: Truth, time_s: float, true_px: Sequence[Floats], found_px: Sequence[Floats]) -> Drawing:
    camera = truth.reference_camera()
    size = (camera.width, camera.height) if camera is not None else (1, 1)
    skeletons = [skeleton(points, size, HAND_BONES, "true") for points in true_px]
    skeletons += [skeleton(points, size, HAND_BONES, "found") for points in found_px]
    return Drawing(shown=(Shown(time_s, tuple(skeletons)),))
