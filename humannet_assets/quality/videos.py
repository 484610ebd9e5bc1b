"""Judges of what is said of whole videos: where shots begin, which videos are the same footage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from humannet_assets.figures.comparisons import Drawing, Shown
from humannet_assets.quality.judge import Confusion, Judge, LabelledVideo, confusion
from humannet_assets.quality.metrics import MISSED, NOTHING, Measure, Tally, match_events
from humannet_assets.store.step import Read
from humannet_assets.store.tables import SHOTS, VIDEO_DUPLICATES

CUT_TOLERANCE_FRAMES = 2
"""Two frames: an encoder may keep a blended frame on either side of a cut."""
CUT, FADE = "cut", "fade"
SAME = "same"


class ShotJudge(Judge):
    """`shots`: hard cuts and fades, by frame number. A fade is where the picture is darkest."""

    stage = SHOTS.name
    reads = (Read(SHOTS, ("start_kind", "start_frame", "start_s")),)

    def __init__(self) -> None:
        super().__init__()
        self._by_kind = {CUT: Tally(), FADE: Tally()}
        self._any = Tally()

    def look(self, video: LabelledVideo) -> None:
        """Match the beginnings of shots of each kind, then of both kinds together for the table of what was taken for what."""
        if video.is_duplicate or video.outcome != "kept":
            return
        rows = video.table(SHOTS)
        found = sorted((frame, kind) for kind, frame in rows.select("start_kind", "start_frame").iter_rows())
        times = dict(rows.select("start_frame", "start_s").iter_rows())
        true: list[tuple[int, str]] = []
        for kind, labelled in ((CUT, video.label.cuts), (FADE, video.label.fades)):
            if labelled is None:
                continue
            got = [frame for frame, found_kind in found if found_kind == kind]
            matches = match_events(labelled, got, CUT_TOLERANCE_FRAMES)
            tally = self._by_kind[kind]
            # A video without any counts too: it could have been cut in error, and is drawn like the others.
            tally.add(video.video_id, kind, kind, len(matches.pairs))
            tally.add(video.video_id, kind, MISSED, len(matches.missed))
            tally.add(video.video_id, NOTHING, kind, len(matches.extra))
            true += [(frame, kind) for frame in labelled]
            for index in matches.missed:
                self._offer(video, labelled[index], None, f"{kind} missed at frame {labelled[index]}", f"missed_{kind}")
            for index in matches.extra:
                text = f"{kind} found at frame {got[index]} where none is"
                self._offer(video, got[index], times[got[index]], text, f"false_{kind}")
        if video.label.cuts is None or video.label.fades is None:
            return
        true.sort()
        got_kinds = [item for item in found if item[1] in (CUT, FADE)]
        matches = match_events([frame for frame, _ in true], [frame for frame, _ in got_kinds], CUT_TOLERANCE_FRAMES)
        for i, j in matches.pairs:
            self._any.add(video.video_id, true[i][1], got_kinds[j][1])
        for i in matches.missed:
            self._any.add(video.video_id, true[i][1], MISSED)
        for j in matches.extra:
            self._any.add(video.video_id, NOTHING, got_kinds[j][1])

    def _offer(self, video: LabelledVideo, frame: int, time_s: float | None, text: str, kind: str) -> None:
        if time_s is None:
            if video.truth is None or frame >= len(video.truth.times_s):
                self.worst.offer(kind, 1.0, video, 0.0, text)
                return
            time_s = float(video.truth.times_s[frame])
        shown = (max(time_s - 0.1, 0.0), time_s, time_s + 0.1)
        self.worst.offer(kind, 1.0, video, time_s, text, lambda: Drawing(shown=tuple(Shown(t) for t in shown)))

    def measures(self) -> list[Measure]:
        """F1, precision and recall of hard cuts, then of fades."""
        return [
            measure
            for kind, prefix in ((CUT, "hard_cut_"), (FADE, "fade_"))
            for measure in self._by_kind[kind].rates({kind}, prefix, ("f1", "precision", "recall"))
        ]

    def confusions(self) -> list[Confusion]:
        """Cuts and fades against what was found."""
        return [confusion("transition", self._any)]


@dataclass(frozen=True)
class _Member:
    """A labelled video with the group it truly belongs to and the cluster it was put in."""

    video_id: str
    uri: str
    truth: str
    cluster: str


class DuplicateJudge(Judge):
    """`video_duplicates`: pairs of labelled videos that show the same footage. Pairs of two other videos are not counted."""

    stage = VIDEO_DUPLICATES.name
    reads = (Read(VIDEO_DUPLICATES, ("cluster_id",)),)

    def __init__(self) -> None:
        super().__init__()
        self._members: list[_Member] = []

    def look(self, video: LabelledVideo) -> None:
        """Remember the video's true group and its cluster; pairs are formed at the end."""
        rows = video.rows[VIDEO_DUPLICATES.name]
        if video.label.duplicate_of is not None and rows.height:
            truth = video.label.duplicate_of or video.uri
            self._members.append(_Member(video.video_id, video.uri, truth, rows["cluster_id"][0]))

    @cached_property
    def _pairs(self) -> Tally:
        """Counted once, after the last video. Intervals draw true groups, as a group's pairs stand or fall together."""
        tally = Tally()
        groups: dict[tuple[str, str], list[int]] = {}
        for index, member in enumerate(self._members):
            groups.setdefault(("true", member.truth), []).append(index)
            groups.setdefault(("found", member.cluster), []).append(index)
        for i, j in sorted({pair for members in groups.values() for pair in combinations(members, 2)}):
            left, right = self._members[i], self._members[j]
            same, together = left.truth == right.truth, left.cluster == right.cluster
            tally.add(left.truth, SAME if same else NOTHING, SAME if together else MISSED)
            if same != together:
                kind = "missed_pair" if same else "false_pair"
                text = f"{kind.replace('_', ' ')} with {right.uri}"
                self.worst.offer(kind, 1.0, left, 0.0, text, beside=(left.video_id, right.video_id))
        return tally

    def measures(self) -> list[Measure]:
        """F1, precision and recall over pairs."""
        return self._pairs.rates({SAME}, "pair_", ("f1", "precision", "recall"))

    def confusions(self) -> list[Confusion]:
        """Pairs of the same footage against pairs found."""
        return [confusion("pair", self._pairs)]
