"""Pictures of worst cases: frames decoded where untrusted media may be decoded, truth and finding painted on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from humannet_assets.figures.comparisons import WIDTH_PX, Drawing, paint
from humannet_assets.media.decode import iter_frames
from humannet_assets.media.frames import RGB
from humannet_assets.quality.judge import WorstCase
from humannet_assets.store.compute import Compute, MediaSource, Work
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.step import Media, NoConfig, Outcome, Read, Step, Unit
from humannet_assets.store.tables import RAW_VIDEOS, STAGE_WORST_CASES, VIDEO_FILES

FRAME_SIDE_PX = WIDTH_PX
"""Longer side to which frames are scaled down before they are drawn on."""

LEAD_IN_S = 0.5
"""Frames from this long before the first wanted time on are looked at: the nearest one may lie before it."""


class PictureStep(Step[NoConfig]):
    """Paints the drawing of each case. A unit is a case; its row holds the drawing."""

    name = "stage_worst_cases"
    code_version = "1"
    reads = (Read(STAGE_WORST_CASES, ("uri", "time_s")),)
    writes = STAGE_WORST_CASES
    isolated = True
    needs_media = True

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One picture per case; a video that can't be decoded fails its case."""
        for unit in units:
            drawing = unit.row(STAGE_WORST_CASES)["drawing"]
            if unit.media is None:
                yield Outcome.failed(unit, LookupError("the video's file is not at hand"))
                continue
            try:
                picture = paint(drawing, _frames(Path(unit.media.path), [shown.time_s for shown in drawing.shown]))
            except Exception as error:
                yield Outcome.failed(unit, error)
                continue
            yield Outcome.kept(unit, [{"picture": picture}])


def _frames(path: Path, times_s: Sequence[float]) -> list[RGB | None]:
    """The frame nearest to each time, in the order asked for; None where nothing could be decoded."""
    wanted = sorted(times_s)
    # Said where to start, the reader jumps: a case an hour into a video costs no hour of decoding.
    frames = iter_frames(path, wanted, start_s=max(0.0, wanted[0] - LEAD_IN_S)) if wanted else ()
    decoded = [(frame.time_s, frame.at_most(FRAME_SIDE_PX)) for frame in frames]
    if not decoded:
        return [None] * len(times_s)
    stamps = np.array([time for time, _ in decoded])
    return [decoded[int(np.abs(stamps - time).argmin())][1] for time in times_s]


def with_pictures(
    cases: Sequence[tuple[str, WorstCase]], store: LanceStore, compute: Compute, access: MediaSource | None
) -> list[tuple[str, WorstCase]]:
    """The cases (id, case) with their pictures. What cannot be decoded is drawn without frames, or stays without a picture.

    Args:
        cases: Cases without pictures.
        store: Where thumbnails and the places of files are looked up.
        compute: Where frames are decoded.
        access: Opens the files; None to decode nothing.
    """
    painted: dict[str, bytes | None] = {}
    step = PictureStep(NoConfig())
    tasks = [[(unit, (step,))] for unit in _units(cases, store)] if access is not None else []
    work: Sequence[Sequence[Work]] = tasks
    for results, _ in compute.map(work, access) if work else ():
        for _, outcome in results:
            if outcome.status == "kept":
                painted[outcome.unit_id] = outcome.rows[0]["picture"]
    thumbnails = _thumbnails([video_id for _, case in cases for video_id in case.beside], store)
    found = []
    for case_id, case in cases:
        picture = painted.get(case_id)
        if picture is None:
            beside = tuple(thumbnails[video_id] for video_id in case.beside if video_id in thumbnails)
            bare = replace(case.drawing, shown=()) if case.drawing is not None else Drawing(pictures=beside)
            picture = paint(bare, ())
        found.append((case_id, replace(case, picture=picture)))
    return found


def _units(cases: Sequence[tuple[str, WorstCase]], store: LanceStore) -> list[Unit]:
    """The cases that show frames, with the first listed file of their videos."""
    wanted = [(case_id, case) for case_id, case in cases if case.drawing is not None and case.drawing.shown]
    ids = sorted({case.video_id for _, case in wanted})
    if not ids:
        return []
    files = store.read(VIDEO_FILES, ["video_id", "uri", "fingerprint"], f"outcome = 'kept' AND video_id IN ({quoted(ids)})")
    place = {row["video_id"]: row for row in files.sort("uri", descending=True).iter_rows(named=True)}
    units = []
    for case_id, case in sorted(wanted, key=lambda item: (item[1].video_id, item[1].time_s)):
        file = place.get(case.video_id)
        media = None if file is None else Media(case.video_id, file["uri"], file["fingerprint"])
        units.append(Unit(case_id, case.video_id, "", {STAGE_WORST_CASES.name: [{"drawing": case.drawing}]}, media))
    return units


def _thumbnails(video_ids: Sequence[str], store: LanceStore) -> dict[str, bytes]:
    if not video_ids:
        return {}
    where = f"video_id IN ({quoted(sorted(set(video_ids)))}) AND thumbnail IS NOT NULL"
    return dict(store.read(RAW_VIDEOS, ["video_id", "thumbnail"], where).iter_rows())
