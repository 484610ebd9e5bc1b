"""Judges of the verdicts on clips: is it kept, whose view is it.

Where the truth knows the shots, every clip is judged by the shot it lies in. Labels of real footage speak of whole videos:
there the clips vote by duration and the video is one item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np

from humannet_assets.figures.comparisons import Drawing, Shown
from humannet_assets.quality.cameras import camera_moves
from humannet_assets.quality.judge import CLIPS, Clip, Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.metrics import Measure, Tally, balanced_accuracy
from humannet_assets.quality.truth import Truth
from humannet_assets.store.step import Read
from humannet_assets.store.tables import FILTERED_CLIPS, VIEWPOINTS

KEPT, REJECTED = "kept", "rejected"


def vote(seconds: Iterable[tuple[str, float]]) -> str | None:
    """The value most seconds have (the first by name on a tie); None without any."""
    totals: Counter[str] = Counter()
    for value, length in seconds:
        totals[value] += length  # type: ignore[assignment]
    return min(totals, key=lambda value: (-totals[value], value)) if totals else None


def middle_frame(clip: Clip) -> Drawing:
    """The picture a clip is shown by."""
    return Drawing(shown=(Shown((clip.start_s + clip.end_s) / 2),))


class FilterJudge(Judge):
    """`filtered_clips`: kept or rejected.

    A clip should be kept if the shot it lies in is human-centric, unless the whole video is expected to be rejected although
    people act in it (hopeless blur). Clips of such shots in which nobody shows are not judged, unless it is the wearer who
    moves the camera: the person has left the picture, or the wearer rests. Videos without clips, quarantined ones above all,
    count as one rejected item; near-duplicates other than the canonical member have no clips and are left out.
    """

    stage = FILTERED_CLIPS.name
    reads = (CLIPS,)

    def __init__(self) -> None:
        super().__init__()
        self._verdicts, self._reasons = Tally(), Tally()

    def look(self, video: LabelledVideo) -> None:
        """Every clip against its shot, or the video's vote against its label."""
        label = video.label
        if label.kept is None or video.is_duplicate:
            return
        clips = video.clips(kept=False)
        useless = bool(label.human_centric) and not label.kept
        if video.truth is None or not clips or not video.truth.sidecar.shots:
            found = vote((clip.outcome, clip.seconds) for clip in clips) or REJECTED
            reasons = [reason for clip in clips if clip.outcome == found for reason in clip.reasons]
            if not clips:
                reasons = ["no clips" if video.outcome == "kept" else "quarantined"]
            self._judge(video, None, label.kept, found, reasons, "")
            return
        for clip in clips:
            shot = video.truth.shot_of(clip.start_s, clip.end_s)
            if shot is None or (shot.human_centric and not _shows_anybody(video.truth, clip, shot.viewpoint)):
                continue
            self._judge(video, clip, shot.human_centric and not useless, clip.outcome, clip.reasons, shot.scene)

    def _judge(
        self, video: LabelledVideo, clip: Clip | None, keep: bool, found: str, reasons: Iterable[str], scene: str
    ) -> None:
        truth = KEPT if keep else REJECTED
        why = next(iter(reasons), "-")
        self._verdicts.add(video.video_id, truth, found)
        self._reasons.add(video.video_id, truth, KEPT if found == KEPT else f"rejected: {why}")
        if found != truth:
            what = f"kept, should not be {scene}" if found == KEPT else f"rejected ({why}), should not be {scene}"
            kind = "false_keep" if found == KEPT else "false_reject"
            time_s = 0.0 if clip is None else clip.start_s
            self.worst.offer(
                kind, clip.seconds if clip else 1.0, video, time_s, what.strip(),
                lambda: Drawing(shown=(Shown(0.0),)) if clip is None else middle_frame(clip),
            )  # fmt: skip

    def measures(self) -> list[Measure]:
        """Balanced accuracy, then precision and recall of keeping."""
        return [self._verdicts.measure("balanced_accuracy", balanced_accuracy), *self._verdicts.rates({KEPT})]

    def confusions(self) -> list[Confusion]:
        """True verdicts against verdicts, rejections by their first reason."""
        return [confusion("verdict", self._reasons)]


def _shows_anybody(truth: Truth, clip: Clip, viewpoint: str) -> bool:
    """True if a person or hand can be seen in a clip, the wearer moves the camera, or nobody knows."""
    if not truth.knows_people:
        return True
    frames = truth.frames_in(clip.start_s, clip.end_s)
    seen = np.isin(frames, truth.bodies.frame).any() or np.isin(frames, truth.hands.frame).any()
    return bool(seen) or (viewpoint == "ego" and camera_moves(truth.cameras[frames]))


class ViewpointJudge(Judge):
    """`viewpoints`: ego or exo. Only kept clips that are one of the two are judged; `unclear` is wrong for both."""

    stage = VIEWPOINTS.name
    reads = (CLIPS, Read(VIEWPOINTS, ("viewpoint",)))

    def __init__(self) -> None:
        super().__init__()
        self._views = Tally()

    def look(self, video: LabelledVideo) -> None:
        """Every clip against its shot, or the video's vote against its label."""
        said = dict(video.table(VIEWPOINTS).select("unit_id", "viewpoint").iter_rows())
        clips = [clip for clip in video.clips() if clip.clip_id in said]
        if video.truth is not None and video.truth.sidecar.shots:
            for clip in clips:
                shot = video.truth.shot_of(clip.start_s, clip.end_s)
                if shot is not None:
                    self._judge(video, clip, shot.viewpoint, said[clip.clip_id])
            return
        found = vote((said[clip.clip_id], clip.seconds) for clip in clips)
        if found is not None:
            # Shown by a clip that says what the video was taken for.
            self._judge(video, next(clip for clip in clips if said[clip.clip_id] == found), video.label.viewpoint, found)

    def _judge(self, video: LabelledVideo, clip: Clip, truth: str | None, found: str) -> None:
        if truth not in ("ego", "exo"):
            return
        self._views.add(video.video_id, truth, found)
        if found != truth:
            text = f"{found}, is {truth}"
            self.worst.offer(f"{truth}_as_{found}", clip.seconds, video, clip.start_s, text, lambda: middle_frame(clip))

    def measures(self) -> list[Measure]:
        """Balanced accuracy."""
        return [self._views.measure("balanced_accuracy", balanced_accuracy)]

    def confusions(self) -> list[Confusion]:
        """True viewpoints against found ones."""
        return [confusion("viewpoint", self._views)]
