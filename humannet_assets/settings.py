"""All thresholds in one place: one section per step, read from YAML, validated before any work starts.

Every field carries its default, its range and where the default comes from (`humannet settings` prints them).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from humannet_assets.geometry.segments import SegmentsConfig
from humannet_assets.geometry.trajectories import CameraTrajectoryConfig
from humannet_assets.language.annotations import AnnotationConfig
from humannet_assets.language.captions import CaptionConfig
from humannet_assets.language.motion import MotionConfig
from humannet_assets.media.duplicates import DuplicateConfig
from humannet_assets.media.raw_videos import RawVideoConfig
from humannet_assets.media.shots import ClipConfig, ShotConfig
from humannet_assets.perception.body_tracks import BodyTracksConfig
from humannet_assets.perception.clip_signals import ClipSignalsConfig
from humannet_assets.perception.filtered_clips import FilterConfig
from humannet_assets.perception.hand_tracks import HandTracksConfig
from humannet_assets.perception.viewpoints import ViewpointConfig
from humannet_assets.single_life.settings import SingleLifeSettings
from humannet_assets.sources.catalog import SourceFilterConfig
from humannet_assets.sources.files import ListingConfig
from humannet_assets.sources.identify import IdentifyConfig
from humannet_assets.store.plan import DEFAULT_MAX_ATTEMPTS
from humannet_assets.store.step import NoConfig, StepConfig
from humannet_assets.vla.settings import VlaSettings


class SettingsError(ValueError):
    """The settings cannot be used; the message lists every problem and its place."""


class ComputeSettings(StepConfig):
    """How work runs; none of it enters provenance."""

    workers: int = Field(default=0, ge=0, description="Worker processes; 0 means one per usable core.")
    seconds_per_unit: float = Field(
        default=1800.0,
        gt=0,
        description="A video or clip that takes longer is stopped and fails; an hour of video decodes in about 15 min.",
    )
    memory_gib: float = Field(
        default=8.0, gt=0.5, description="Private memory of one worker; a decoder bomb dies here, not the machine."
    )
    max_attempts: int = Field(default=DEFAULT_MAX_ATTEMPTS, ge=1, description="Tries of a failed unit before it is left alone.")


class Settings(StepConfig):
    """One section per step, named after the table it writes; those of the groups `single_life` and `vla` share one each."""

    source_catalog: SourceFilterConfig = Field(default_factory=SourceFilterConfig)
    source_files: ListingConfig = Field(default_factory=ListingConfig)
    video_files: IdentifyConfig = Field(default_factory=IdentifyConfig)
    video_sources: NoConfig = Field(default_factory=NoConfig)
    raw_videos: RawVideoConfig = Field(default_factory=RawVideoConfig)
    known_cameras: NoConfig = Field(default_factory=NoConfig)
    video_duplicates: DuplicateConfig = Field(default_factory=DuplicateConfig)
    shots: ShotConfig = Field(default_factory=ShotConfig)
    clips: ClipConfig = Field(default_factory=ClipConfig)
    clip_signals: ClipSignalsConfig = Field(default_factory=ClipSignalsConfig)
    filtered_clips: FilterConfig = Field(default_factory=FilterConfig)
    viewpoints: ViewpointConfig = Field(default_factory=ViewpointConfig)
    hand_tracks: HandTracksConfig = Field(default_factory=HandTracksConfig)
    body_tracks: BodyTracksConfig = Field(default_factory=BodyTracksConfig)
    camera_trajectories: CameraTrajectoryConfig = Field(default_factory=CameraTrajectoryConfig)
    segments: SegmentsConfig = Field(default_factory=SegmentsConfig)
    captions: CaptionConfig = Field(default_factory=CaptionConfig)
    motion_descriptions: MotionConfig = Field(default_factory=MotionConfig)
    annotations: AnnotationConfig = Field(default_factory=AnnotationConfig)
    single_life: SingleLifeSettings = Field(default_factory=SingleLifeSettings)
    vla: VlaSettings = Field(default_factory=VlaSettings)
    compute: ComputeSettings = Field(default_factory=ComputeSettings)


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        present = merged.get(key)
        merged[key] = _merged(present, value) if isinstance(present, Mapping) and isinstance(value, Mapping) else value
    return merged


def load_settings(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read and validate settings.

    Args:
        path: YAML file with any subset of the sections; a missing file means all defaults.
        overrides: Values for this run only, same shape.

    Raises:
        SettingsError: With every problem: place, what was found, what is allowed.
    """
    raw: Any = {}
    if path is not None and path.is_file():
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except yaml.YAMLError as error:
            raise SettingsError(f"{path} is not valid YAML: {error}") from error
        if not isinstance(raw, Mapping):
            raise SettingsError(f"{path}: expected sections such as 'filtered_clips:', found {type(raw).__name__}")
    try:
        return Settings.model_validate(_merged(raw, overrides or {}))
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in item['loc'])}: {item['msg']} (found {item['input']!r})"
            for item in error.errors()
        ]
        where = f"{path} or the run's overrides" if path else "settings"
        known = ", ".join(Settings.model_fields)
        raise SettingsError(f"{where}: {len(lines)} problem(s)\n" + "\n".join(lines) + f"\nSections: {known}") from error
