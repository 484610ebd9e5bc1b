"""Judge of `camera_trajectories`: rotation from frame to frame, drift over a clip, direction of travel.

Judged are kept clips that no true cut divides and whose camera is known in every sampled frame. Poses of the truth are world <-
camera; a trajectory's rotations are camera <- first camera and its positions lie in the first camera's frame, up to scale.
Cameras that stand still are told apart from those that move: nothing is easier than to say that a tripod does not turn.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from humannet_assets.figures.comparisons import Curve, Drawing, Shown
from humannet_assets.geometry.translation import path_difference
from humannet_assets.quality.judge import CLIPS, Clip, Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.metrics import Errors, Measure, Tally, accuracy
from humannet_assets.store.step import Read
from humannet_assets.store.tables import CAMERA_TRAJECTORIES

Floats = npt.NDArray[np.float64]

STILL_DEG = 1.0
"""A camera that never turns further than this from its first direction stands still, unless it travels [our choice]."""
TRAVEL_M = 0.1
"""A camera that comes this far from its first place travels [our choice: a head that turns moves by less]."""
LEAST_TRAVEL_M, SAME_PATH = 0.01, 0.5
"""A camera that comes less far than `TRAVEL_M`, but this far, may be said to travel if `path_difference` to the true path is at
most `SAME_PATH` [our choice]."""
TRAVELS, STAYS = "travels", "stays"


def true_rotations(poses: Floats) -> Floats:
    """Camera <- first camera (n, 3, 3) of poses (n, 4, 4) world <- camera."""
    return np.swapaxes(poses[:, :3, :3], 1, 2) @ poses[0, :3, :3]


def true_positions(poses: Floats) -> Floats:
    """Camera centres (n, 3) in the first camera's frame, metres."""
    return (poses[:, :3, 3] - poses[0, :3, 3]) @ poses[0, :3, :3]


def camera_travels(poses: Floats) -> bool:
    """Whether a camera of poses (n, 4, 4) comes away from its first place."""
    return bool(np.linalg.norm(true_positions(poses), axis=1).max() >= TRAVEL_M)


def camera_moves(poses: Floats) -> bool:
    """Whether it travels or turns; False where it is not known."""
    known = poses[np.isfinite(poses).all(axis=(1, 2))]
    return len(known) > 1 and (camera_travels(known) or bool(angles_deg(true_rotations(known)).max() >= STILL_DEG))


def is_same_path(found: Floats, true_m: Floats) -> bool:
    """Whether the found positions (n, 3) are, but for their scale, those of a camera that truly leaves its place."""
    truly = float(np.linalg.norm(true_m, axis=1).max()) >= LEAST_TRAVEL_M
    return truly and path_difference(found, true_m) <= SAME_PATH


def angles_deg(rotations: Floats) -> Floats:
    """Angles (n,) of rotations (n, 3, 3), degrees; accurate for small ones too."""
    from scipy.spatial.transform import Rotation

    return np.degrees(Rotation.from_matrix(rotations).magnitude())


class CameraJudge(Judge):
    """`camera_trajectories`."""

    stage = CAMERA_TRAJECTORIES.name
    reads = (CLIPS, Read(CAMERA_TRAJECTORIES, ("times_s", "rotvec", "position", "has_translation")))

    def __init__(self) -> None:
        super().__init__()
        self._accepted, self._travels = Tally(), Tally()
        names = ("pair", "drift", "still_drift", "direction", "position")
        self._errors = {name: Errors() for name in names}

    def look(self, video: LabelledVideo) -> None:
        """Every kept clip."""
        truth = video.truth
        if truth is None:
            return
        rows = {row["unit_id"]: row for row in video.rows[CAMERA_TRAJECTORIES.name].iter_rows(named=True)}
        for clip in video.clips():
            row = rows.get(clip.clip_id)
            if row is None or not row["times_s"] or not truth.is_one_shot(clip.start_s, clip.end_s):
                continue
            frames = truth.frames_at(row["times_s"])
            poses = truth.cameras[frames[frames >= 0]]
            if (frames < 0).any() or len(frames) < 2 or not np.isfinite(poses).all():
                continue
            true, positions_m = true_rotations(poses), true_positions(poses)
            travels, moves = camera_travels(poses), camera_moves(poses)
            # Near things show shorter ways too: there a path need not be found, and is right if it is the true one.
            travels_as_said = row["has_translation"] and is_same_path(np.asarray(row["position"], np.float64), positions_m)
            said = "rejected" if row["outcome"] != "kept" else "translation" if row["has_translation"] else "rotation only"
            self._travels.add(video.video_id, TRAVELS if travels or travels_as_said else STAYS, said)
            self._accepted.add(video.video_id, "usable", "usable" if row["outcome"] == "kept" else "rejected")
            if row["outcome"] != "kept":
                text = f"no trajectory: {', '.join(row['reasons'] or ())}"
                self.worst.offer("rejected", clip.seconds, video, clip.start_s, text, lambda c=clip: Drawing(shown=_strip(c)))
                continue
            self._rotation(video, clip, row["times_s"], row["rotvec"], true, moves)
            if row["has_translation"] and travels:
                self._translation(video, clip, np.asarray(row["position"], np.float64), positions_m)

    def _rotation(
        self, video: LabelledVideo, clip: Clip, times_s: list[float], rotvec: list[list[float]], true: Floats, moves: bool
    ) -> None:
        from scipy.spatial.transform import Rotation

        found = Rotation.from_rotvec(np.asarray(rotvec, np.float64)).as_matrix()
        # Steps are compared in the frame of the later camera: what came before does not matter.
        step, true_step = (turns[1:] @ np.swapaxes(turns[:-1], 1, 2) for turns in (found, true))
        pair_deg = angles_deg(step @ np.swapaxes(true_step, 1, 2))
        drift_deg = float(angles_deg(found[-1:] @ np.swapaxes(true[-1:], 1, 2))[0])
        if not moves:
            self._errors["still_drift"].add(video.video_id, drift_deg)
        else:
            self._errors["pair"].add(video.video_id, pair_deg)
            self._errors["drift"].add(video.video_id, drift_deg)
        curves = (
            Curve(tuple(times_s), tuple(angles_deg(true).tolist()), "true"),
            Curve(tuple(times_s), tuple(angles_deg(found).tolist()), "found"),
        )
        text = f"rotation off by {drift_deg:.1f} deg after {clip.seconds:.1f} s"
        self.worst.offer("drift" if moves else "still", drift_deg, video, clip.start_s, text,
                         lambda: Drawing(shown=_strip(clip), curves=curves, y_label="deg from the first camera"))  # fmt: skip

    def _translation(self, video: LabelledVideo, clip: Clip, found: Floats, true_m: Floats) -> None:
        """Directions from the first camera, and the error that is left after the best scale, as a share of the way."""
        lengths = np.linalg.norm(true_m, axis=1)
        away = (lengths >= TRAVEL_M) & (np.linalg.norm(found, axis=1) > 0)
        if not away.any():
            return
        cosines = (found[away] * true_m[away]).sum(axis=1) / np.linalg.norm(found[away], axis=1) / lengths[away]
        off_deg = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
        self._errors["direction"].add(video.video_id, off_deg)
        self._errors["position"].add(video.video_id, path_difference(found, true_m))
        text = f"direction of travel off by {np.median(off_deg):.0f} deg"
        self.worst.offer("direction", float(np.median(off_deg)), video, clip.start_s, text, lambda: Drawing(shown=_strip(clip)))

    def measures(self) -> list[Measure]:
        """Rotation of moving cameras, then what still ones drift, then translation."""
        pair, drift, errors = self._errors["pair"], self._errors["drift"], self._errors
        return [
            pair.quantile("pair_rotation_error_median", 0.5, "deg"),
            pair.quantile("pair_rotation_error_p90", 0.9, "deg"),
            drift.quantile("drift_median", 0.5, "deg"),
            drift.quantile("drift_p90", 0.9, "deg"),
            errors["still_drift"].quantile("still_drift_p90", 0.9, "deg"),
            self._accepted.measure("accepted", accuracy),
            *self._travels_as_told().rates({TRAVELS}, "translation_"),
            errors["direction"].quantile("translation_direction_error_median", 0.5, "deg"),
            errors["position"].quantile("position_error_share_median", 0.5, "share"),
        ]

    def _travels_as_told(self) -> Tally:
        return self._travels.renamed({"translation": TRAVELS})

    def confusions(self) -> list[Confusion]:
        """Whether the camera travels against what the trajectory holds."""
        return [confusion("travel", self._travels)]


def _strip(clip: Clip) -> tuple[Shown, ...]:
    """Three frames of a clip."""
    return tuple(Shown(clip.start_s + share * clip.seconds) for share in (0.1, 0.5, 0.9))
