"""What a judge is: it looks at one labelled video after another and says at the end how good its stage is.

A judge declares which columns it reads, so that the report loads nothing else; it keeps counts, errors and a few worst cases,
never rows. One module per group of stages holds the judges.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import ClassVar, Protocol

import polars as pl

from humannet_assets.figures.comparisons import Drawing
from humannet_assets.quality.labels import Label
from humannet_assets.quality.metrics import Measure, Tally
from humannet_assets.quality.truth import Truth
from humannet_assets.store.schema import Table
from humannet_assets.store.step import Read
from humannet_assets.store.tables import FILTERED_CLIPS

CLIPS = Read(FILTERED_CLIPS, ("start_s", "end_s"))
"""What every judge of clips reads."""
MOST_CASES = 8
"""Worst cases shown of a stage."""


@dataclass(frozen=True)
class Clip:
    """A clip with the filter's verdict; seconds from the video's first frame."""

    clip_id: str
    start_s: float
    end_s: float
    outcome: str
    reasons: Sequence[str]

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


class Video(Protocol):
    """What a worst case needs to know of its video."""

    @property
    def video_id(self) -> str:
        """SHA-256 of its bytes."""
        ...

    @property
    def uri(self) -> str:
        """Where they lie."""
        ...


@dataclass(frozen=True)
class LabelledVideo:
    """A video whose truth is known in part (`label`) or wholly (`truth`), with the rows stages wrote about it.

    `outcome` is how `raw_videos` ended; `is_duplicate` says that another video represents it, so that it has no clips.
    """

    video_id: str
    label: Label
    truth: Truth | None
    outcome: str
    is_duplicate: bool
    rows: Mapping[str, pl.DataFrame]

    @property
    def uri(self) -> str:
        """Where its bytes lie."""
        return self.label.uri

    def table(self, table: Table, *, markers: bool = False) -> pl.DataFrame:
        """Kept rows of a table; with `markers` also those that only say that a unit gave no rows."""
        frame = self.rows[table.name].filter(pl.col("outcome") == "kept")
        return frame if markers or table.one_to_one else frame.filter(pl.col("row_id") != pl.col("unit_id"))

    def clips(self, *, kept: bool = True) -> list[Clip]:
        """Clips in time order; those the filter kept, or all of them."""
        frame = self.rows[FILTERED_CLIPS.name].sort("start_s")
        if kept:
            frame = frame.filter(pl.col("outcome") == "kept")
        return [
            Clip(row["unit_id"], row["start_s"], row["end_s"], row["outcome"], row["reasons"] or ())
            for row in frame.iter_rows(named=True)
        ]

    def by_clip(self, table: Table, *, markers: bool = False) -> dict[str, pl.DataFrame]:
        """Kept rows of a table by clip."""
        frame = self.table(table, markers=markers)
        return {str(key[0]): rows for key, rows in frame.partition_by("unit_id", as_dict=True, maintain_order=True).items()}


@dataclass(frozen=True)
class WorstCase:
    """Something a stage got wrong: where, in words, and how to draw it. A greater score is worse.

    `beside` names videos whose thumbnails are the picture (the two of a pair); `picture` is the JPEG once it is painted.
    """

    stage: str
    kind: str
    score: float
    video_id: str
    uri: str
    time_s: float
    text: str
    drawing: Drawing | None = None
    beside: tuple[str, ...] = ()
    picture: bytes | None = None


@dataclass(frozen=True)
class Confusion:
    """Counts of (truth, found) of one question, e.g. `side`."""

    name: str
    cells: Mapping[tuple[str, str], int]


@dataclass
class StageReport:
    """Figures, confusion tables and worst cases of one stage."""

    stage: str
    measures: list[Measure] = field(default_factory=list)
    confusions: list[Confusion] = field(default_factory=list)
    worst: list[WorstCase] = field(default_factory=list)


@dataclass
class WorstCases:
    """The worst few of each kind, at most one per kind and video, so that no video fills the sheet."""

    stage: str
    _kinds: dict[str, list[tuple[float, int, WorstCase]]] = field(default_factory=dict)
    _order: int = 0

    def offer(
        self,
        kind: str,
        score: float,
        video: Video,
        time_s: float,
        text: str,
        draw: Callable[[], Drawing | None] = lambda: None,
        beside: tuple[str, ...] = (),
    ) -> None:
        """Keep a case if it is among the worst; only then is `draw` called. Equal scores: the first stays."""
        heap = self._kinds.setdefault(kind, [])
        same = next((i for i, (_, _, case) in enumerate(heap) if case.video_id == video.video_id), None)
        worse_than = heap[same][0] if same is not None else heap[0][0] if len(heap) >= MOST_CASES else float("-inf")
        if score <= worse_than:
            return
        if same is not None:
            heap.pop(same)
            heapq.heapify(heap)
        self._order += 1
        case = WorstCase(self.stage, kind, float(score), video.video_id, video.uri, float(time_s), text, draw(), beside)
        entry = (case.score, -self._order, case)
        if len(heap) >= MOST_CASES:
            heapq.heapreplace(heap, entry)
        else:
            heapq.heappush(heap, entry)

    def chosen(self) -> list[WorstCase]:
        """The worst of each kind in turn."""
        ranked = [[case for _, _, case in sorted(heap, reverse=True)] for _, heap in sorted(self._kinds.items())]
        return [case for row in zip_longest(*ranked) for case in row if case is not None][:MOST_CASES]


class Judge(ABC):
    """Looks at labelled videos, then reports on one stage."""

    stage: ClassVar[str]
    """Name of the table judged."""
    reads: ClassVar[tuple[Read, ...]] = ()
    """Tables and columns of a video's rows, besides ids, outcome and reasons. All are joined by `video_id`."""

    def __init__(self) -> None:
        self.worst = WorstCases(self.stage)

    @abstractmethod
    def look(self, video: LabelledVideo) -> None:
        """Compare what the stage said of a video with what is true."""

    @abstractmethod
    def measures(self) -> list[Measure]:
        """The figures, after the last video; headline first."""

    def confusions(self) -> list[Confusion]:
        """The tables of what was taken for what."""
        return []


def confusion(name: str, tally: Tally) -> Confusion:
    """A tally as a table."""
    return Confusion(name, dict(tally.total()))
