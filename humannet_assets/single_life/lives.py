"""`life_videos` and `lives`: whose life each video is, its place on the life's clock, and what a life consists of."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np

from humannet_assets.single_life.draws import key_of, uniform
from humannet_assets.single_life.pairs import PROBE
from humannet_assets.single_life.settings import LifeConfig, LifeVideoConfig
from humannet_assets.single_life.splits import held_out_s
from humannet_assets.store.step import NoConfig, Outcome, Read, Step, Unit
from humannet_assets.store.tables import LIFE_VIDEOS, LIVES, RAW_VIDEOS, SHOTS, VIDEO_DUPLICATES, VIDEO_SOURCES


@dataclass(frozen=True)
class _Member:
    unit: Unit
    life: str
    kind: str
    order: tuple[str, datetime, str, str]
    duration_s: float
    shots: int


class LifeVideoStep(Step[LifeVideoConfig]):
    """Tells lives apart by what the catalog says, and orders each. All videos are judged together; cheap."""

    name = "life_videos"
    code_version = "1"
    reads = (
        Read(VIDEO_DUPLICATES, ("row_id",), by="identity"),
        Read(VIDEO_SOURCES, ("life", "keywords", "metadata", "uri", "first_seen_at"), by="values"),
        Read(RAW_VIDEOS, ("duration_s",), by="values"),
        Read(SHOTS, ("shot_index",), by="values"),
    )
    writes = LIFE_VIDEOS
    whole_table = True

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per video; rejected when it is nobody's life, no control and no probe."""
        lives: dict[str, list[_Member]] = defaultdict(list)
        for unit in units:
            said = unit.row(VIDEO_SOURCES)
            life, kind = life_of(said, self.config.lives)
            if life is None:
                rule = "state a life rule in the catalog, or `life` or `control` in the manifest"
                yield Outcome.rejected(unit, ["no_life"], {"keywords": said["keywords"], "fix": rule})
                continue
            order = (unit.ingest_window, said["first_seen_at"] or datetime.min, said["uri"], unit.id)  # noqa: DTZ901
            duration_s = float(unit.row(RAW_VIDEOS)["duration_s"])
            lives[life].append(_Member(unit, life, kind, order, duration_s, len(unit.all(SHOTS))))
        for members in lives.values():
            yield from self._life(sorted(members, key=lambda member: member.order))

    def _life(self, members: Sequence[_Member]) -> Iterator[Outcome]:
        keys = np.array([key_of(member.unit.id) for member in members])
        durations = np.array([member.duration_s for member in members])
        clock = np.concatenate([[0.0], np.cumsum(durations)])
        for position, member in enumerate(members):
            # Exponential races: longer videos tend to come first, and who comes before whom depends on these two alone.
            races = -np.log(uniform(key_of("references", member.unit.id), keys[:position])) / np.maximum(
                durations[:position], 1e-6
            )
            chosen = np.argsort(races, kind="stable")[: self.config.lives.max_reference_videos]
            row = {
                "life": member.life,
                "kind": member.kind,
                "position": position,
                "life_start_s": float(clock[position]),
                "duration_s": member.duration_s,
                "shot_count": member.shots,
                "held_out_s": 0.0 if member.kind == PROBE else held_out_s(member.unit.id, member.duration_s, self.config.split),
                "reference_video_ids": [members[index].unit.id for index in chosen],
                "reference_durations_s": durations[chosen].tolist(),
            }
            yield Outcome.kept(member.unit, [row])


def life_of(said: Mapping[str, Any], config: LifeConfig) -> tuple[str | None, str]:
    """Name and kind of the life a row of `video_sources` belongs to; (None, "") for nobody's.

    A control's mark (manifest column `control`, or a keyword) goes before a life's name, and that before the probe's keyword.
    """
    metadata = json.loads(said["metadata"]) if said["metadata"] else {}
    keywords = said["keywords"] or ()
    control = metadata.get("control")
    name = f"{config.control_prefix}{control}" if control else None
    name = name or next((word for word in keywords if word.startswith(config.control_prefix)), None) or said["life"]
    if not name:
        return (PROBE, PROBE) if config.probe_keyword in keywords else (None, "")
    if name.startswith(config.control_prefix):
        return name, "control"
    return name, PROBE if name == PROBE else "life"


class LifeStep(Step[NoConfig]):
    """Sums up each life."""

    name = "lives"
    code_version = "1"
    reads = (
        Read(
            LIFE_VIDEOS,
            ("kind", "duration_s", "shot_count", "held_out_s", "ingest_window"),
            unit="life",
            by="values",
        ),
    )
    writes = LIVES

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One row per life."""
        for unit in units:
            rows = unit.all(LIFE_VIDEOS)
            days = sorted({date.fromisoformat(row["ingest_window"]) for row in rows})
            total_s = sum(row["duration_s"] for row in rows)
            shots = sum(row["shot_count"] for row in rows)
            row = {
                "kind": rows[0]["kind"],
                "video_count": len(rows),
                "hours": total_s / 3600,
                "held_out_share": sum(row["held_out_s"] for row in rows) / total_s if total_s else 0.0,
                "first_window": days[0].isoformat(),
                "last_window": days[-1].isoformat(),
                "window_count": len(days),
                "missing_days": (days[-1] - days[0]).days + 1 - len(days),
                "shot_count": shots,
                "mean_shot_s": total_s / shots if shots else None,
                "longest_video_s": max(row["duration_s"] for row in rows),
            }
            yield Outcome.kept(unit, [row])
