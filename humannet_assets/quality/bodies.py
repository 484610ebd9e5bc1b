"""Judge of `body_tracks`: which people seen from outside are found, and how far off their joints are.

Judged are the sampled frames of kept clips, frames inside fades excepted, on the 17 COCO joints. A true person must be found if
most of them shows (`MIN_VISIBLE_JOINTS`) and they are not small (COCO); others may be found or not. Only observed frames
of a track count as found. Pixels are those of a picture with the diagonal of 640x480.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from humannet_assets.figures.comparisons import Drawing, Shown, skeleton
from humannet_assets.media.sidecar import MEDIAPIPE_BODY_INDEX, Intrinsics
from humannet_assets.perception.thumbnails import BODY_BONES
from humannet_assets.quality.judge import CLIPS, Clip, Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.matching import LEAST_IOU, SMALL_PX2, areas, assign, boxes_of, iou, size_class
from humannet_assets.quality.metrics import MISSED, NOTHING, Errors, Measure, Tally, accuracy
from humannet_assets.quality.truth import REFERENCE_DIAGONAL_PX, Joints, Truth
from humannet_assets.store.step import Read
from humannet_assets.store.tables import BODY_TRACKS

Floats = npt.NDArray[np.float64]

MIN_VISIBLE_JOINTS = 9
"""Of 17: a person of whom most joints show [our choice]."""
PCK_SHARE = 0.1
"""Share of the longer side of a person's box within which a joint is right (PCK@0.1, Yang and Ramanan 2013)."""
BONES = tuple((MEDIAPIPE_BODY_INDEX.index(a), MEDIAPIPE_BODY_INDEX.index(b)) for a, b in BODY_BONES)
"""Bones between the 17 joints."""
PERSON = "person"
TRACKS = Read(BODY_TRACKS, ("track_id", "image_width", "image_height", "times_s", "observed", "landmarks_px"))


def must_be_found(people: Joints, points_px: Floats) -> npt.NDArray[np.bool_]:
    """Which people (n,) a detector has to find: most joints visible, and not small."""
    return (people.visible.sum(axis=1) >= MIN_VISIBLE_JOINTS) & (areas(boxes_of(points_px)) > SMALL_PX2)


def found_bodies(tracks: pl.DataFrame, truth: Truth) -> tuple[npt.NDArray[np.int64], Floats]:
    """Frames (n,) and joints (n, 17, 2), reference pixels, of the observed frames of all tracks."""
    frames, points = [np.zeros(0, np.int64)], [np.zeros((0, len(MEDIAPIPE_BODY_INDEX), 2))]
    for index, (width, height) in enumerate(tracks.select("image_width", "image_height").iter_rows()):
        at = truth.frames_at(tracks["times_s"][index].to_numpy())
        chosen = tracks["observed"][index].to_numpy().astype(bool) & (at >= 0)
        landmarks = tracks["landmarks_px"][index].to_numpy()[chosen].reshape(-1, 33, 2)[:, MEDIAPIPE_BODY_INDEX]
        frames.append(at[chosen])
        points.append(landmarks * (REFERENCE_DIAGONAL_PX / float(np.hypot(width, height))))
    return np.concatenate(frames), np.concatenate(points)


def track_owners(tracks: pl.DataFrame, truth: Truth, camera: Intrinsics) -> dict[str, int]:
    """Which true body (its index in the truth's frames) each of some tracks follows; tracks of nobody are left out."""
    people = truth.bodies
    true_boxes = boxes_of(camera.project(people.points_m))
    owners: dict[str, int] = {}
    for index, track_id in enumerate(tracks["track_id"]):
        frames, points = found_bodies(tracks[index : index + 1], truth)
        found_boxes = boxes_of(points)
        votes: Counter[int] = Counter()
        for frame, box in zip(frames, found_boxes, strict=True):
            here = np.flatnonzero(people.frame == frame)
            overlap = iou(true_boxes[here], box[None])[:, 0]
            if len(here) and overlap.max() >= LEAST_IOU:
                votes[int(people.owner[here[overlap.argmax()]])] += 1
        if votes:
            owners[track_id] = min(votes, key=lambda owner: (-votes[owner], owner))
    return owners


class BodyJudge(Judge):
    """`body_tracks`."""

    stage = BODY_TRACKS.name
    reads = (CLIPS, TRACKS)

    def __init__(self, sample_rate_hz: float) -> None:
        super().__init__()
        self._rate_hz = sample_rate_hz
        self._people, self._views, self._sizes, self._joints = Tally(), Tally(), Tally(), Tally()
        self._error_px, self._error_share = Errors(), Errors()

    def look(self, video: LabelledVideo) -> None:
        """Every sampled frame of every kept clip."""
        truth = video.truth
        camera = truth.reference_camera() if truth is not None else None
        if truth is None or camera is None:
            return
        tracks = video.by_clip(BODY_TRACKS, markers=True)
        for clip in video.clips():
            if clip.clip_id in tracks:
                rows = tracks[clip.clip_id].filter(pl.col("row_id") != pl.col("unit_id"))
                self._clip(video, truth, camera, clip, *found_bodies(rows, truth))

    def _clip(
        self,
        video: LabelledVideo,
        truth: Truth,
        camera: Intrinsics,
        clip: Clip,
        found_frame: npt.NDArray[np.int64],
        found_px: Floats,
    ) -> None:
        frames = truth.sampled(clip.start_s, clip.end_s, self._rate_hz, found_frame)
        people = truth.bodies.take(np.isin(truth.bodies.frame, frames))
        points = camera.project(people.points_m)
        judged = must_be_found(people, points)
        view = getattr(truth.shot_of(clip.start_s, clip.end_s), "viewpoint", "unknown")
        size = (camera.width, camera.height)
        for frame in frames:
            true_at, found_at = np.flatnonzero(people.frame == frame), np.flatnonzero(found_frame == frame)
            if not len(true_at) and not len(found_at):
                continue
            time_s = float(truth.times_s[frame])
            true, visible, found = points[true_at], people.visible[true_at], found_px[found_at]

            def draw(time_s: float = time_s, true: Floats = true, found: Floats = found) -> Drawing:
                drawn = [skeleton(one, size, BONES, "true") for one in true] + [
                    skeleton(one, size, BONES, "found") for one in found
                ]
                return Drawing(shown=(Shown(time_s, tuple(drawn)),))

            here = assign(true, visible, judged[true_at], found, np.zeros((0, 4)))
            for i, j in here.pairs:
                self._hit(video, view, time_s, true[i], visible[i], found[j], draw)
            for i in here.missed:
                area = self._count(video, view, true[i], MISSED)
                text = f"person missed, {visible[i].sum()} of 17 joints visible"
                # The worst miss is the person who is plainest to see.
                score = visible[i].sum() + area**0.5 / REFERENCE_DIAGONAL_PX
                self.worst.offer("missed", score, video, time_s, text, draw)
            for j in here.ghosts:
                self._people.add(video.video_id, NOTHING, PERSON)
                self._views.add(video.video_id, f"{view}: {NOTHING}", "found")
                score = float(areas(boxes_of(found[j : j + 1]))[0])
                self.worst.offer("ghost", score, video, time_s, "person found where none is", draw)

    def _count(self, video: LabelledVideo, view: str, points: Floats, found: str) -> float:
        """Enter a true person into the tables; returns their area."""
        area = float(areas(boxes_of(points[None]))[0])
        self._people.add(video.video_id, PERSON, found)
        outcome = "found" if found != MISSED else MISSED
        self._views.add(video.video_id, f"{view}: {PERSON}", outcome)
        self._sizes.add(video.video_id, size_class(area), outcome)
        return area

    def _hit(
        self,
        video: LabelledVideo,
        view: str,
        time_s: float,
        points: Floats,
        visible: npt.NDArray[np.bool_],
        found: Floats,
        draw: Callable[[], Drawing],
    ) -> None:
        self._count(video, view, points, PERSON)
        box = boxes_of(points[None])[0]
        height_px = float((box[2:] - box[:2]).max())
        off_px = np.linalg.norm(found - points, axis=1)[visible]
        right = int((off_px <= PCK_SHARE * height_px).sum())
        self._joints.add(video.video_id, "joint", "joint", right)
        self._joints.add(video.video_id, "joint", "off", len(off_px) - right)
        error_px = float(off_px.mean())
        self._error_px.add(video.video_id, error_px)
        self._error_share.add(video.video_id, error_px / height_px)
        text = f"joints off by {error_px:.0f} px, {100 * error_px / height_px:.0f} % of the person"
        self.worst.offer("joints", error_px / height_px, video, time_s, text, draw)

    def measures(self) -> list[Measure]:
        """Detection, then errors of what was found."""
        return [
            *self._people.rates({PERSON}, names=("recall", "precision")),
            self._joints.measure("pck_10", accuracy),
            self._error_px.quantile("joint_error_median", 0.5, "px"),
            self._error_px.quantile("joint_error_p90", 0.9, "px"),
            self._error_share.quantile("joint_error_share_median", 0.5, "share"),
        ]

    def confusions(self) -> list[Confusion]:
        """People found by viewpoint of the clip and by size."""
        return [confusion("person", self._people), confusion("viewpoint", self._views), confusion("size", self._sizes)]
