"""The captions asset's two steps, of which configuration picks one: the deterministic describer or a Qwen VL model.

Either way a row names who wrote it (`model`) and carries a hash of what the writer was given (`frame_hash`), so that a
caption cannot be taken for another writer's or land on another clip.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from humannet_assets.language.describer import MODEL, DescriberConfig, describe, facts_of_clip
from humannet_assets.language.qwen import (
    CaptionReply,
    CaptionRequest,
    QwenCaptioner,
    QwenConfig,
    first_sentence,
    frame_hash,
)
from humannet_assets.language.weights import check_model, model_identity, resolve_model
from humannet_assets.media.frames import Frame, FrameStep
from humannet_assets.store.identity import stable_id
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables import (
    BODY_TRACKS,
    CAMERA_TRAJECTORIES,
    CAPTIONS,
    FILTERED_CLIPS,
    HAND_TRACKS,
    MOTION_DESCRIPTIONS,
    VIDEO_SOURCES,
    VIEWPOINTS,
)

_log = logging.getLogger(__name__)


class CaptionConfig(StepConfig):
    """Who writes the captions, and the settings of each writer."""

    kind: Literal["describer", "qwen"] = Field(
        default="describer", description="describer needs nothing; qwen needs a model (DESIGN)."
    )
    describer: DescriberConfig = Field(default=DescriberConfig(), description="Settings of the describer.")
    qwen: QwenConfig | None = Field(default=None, description="Settings of the Qwen VL captioner; required for kind: qwen.")

    @model_validator(mode="after")
    def _qwen_has_settings(self) -> CaptionConfig:
        if self.kind == "qwen" and self.qwen is None:
            raise ValueError("captioner.kind is qwen but captioner.qwen is empty; set captioner.qwen.model")
        return self


def caption_step(config: CaptionConfig) -> Step[Any]:
    """The step that writes the captions under this configuration."""
    if config.kind == "qwen" and config.qwen is not None:
        return QwenCaptionStep(config.qwen)
    return DescriberCaptionStep(config.describer)


def caption_rows(
    clip_id: str, model: str, *, short: str, long: str, bound_to: str, times_s: Sequence[float] = (), prompt: str | None = None
) -> list[dict[str, Any]]:
    """The two rows of a clip. `bound_to` is the hash of what the writer was given."""
    return [
        {
            "caption_id": stable_id(clip_id, model, kind),
            "clip_id": clip_id,
            "kind": kind,
            "text": text,
            "model": model,
            "frame_hash": bound_to,
            "frame_times_s": list(times_s),
            "prompt_hash": None if prompt is None else stable_id(prompt),
        }
        for kind, text in (("short", short), ("long", long))
    ]


class DescriberCaptionStep(Step[DescriberConfig]):
    """Captions from facts alone; no frame is decoded."""

    name = "captions"
    code_version = "1"
    reads = (
        Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),
        Read(VIEWPOINTS, ("viewpoint", "decided_by", "wearer_hands")),
        Read(HAND_TRACKS, ("track_id", "side", "coverage", "wrist_speed_mean")),
        Read(BODY_TRACKS, ("track_id", "is_main", "coverage", "height_share", "start_s", "end_s")),
        Read(CAMERA_TRAJECTORIES, ("rotation_rate_deg_s", "has_translation")),
        Read(MOTION_DESCRIPTIONS, ("actor", "track_id", "step", "start_s", "end_s", "direction", "text")),
        Read(VIDEO_SOURCES, ("keywords",), unit="video_id", by="values"),
    )
    writes = CAPTIONS

    def models(self) -> tuple[str, ...]:
        """The describer signs as itself."""
        return (MODEL,)

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Describe each clip by its own rows."""
        for unit in units:
            facts = facts_of_clip(
                unit.id,
                unit.row(FILTERED_CLIPS),
                viewpoint=next(iter(unit.all(VIEWPOINTS)), None),
                hands=unit.all(HAND_TRACKS),
                bodies=unit.all(BODY_TRACKS),
                camera=next(iter(unit.all(CAMERA_TRAJECTORIES)), None),
                motions=unit.all(MOTION_DESCRIPTIONS),
                source=next(iter(unit.all(VIDEO_SOURCES)), None),
            )
            short, long = describe(facts, self.config)
            yield Outcome.kept(unit, caption_rows(unit.id, MODEL, short=short, long=long, bound_to=facts.digest()))


class ShownFrames:
    """Consumer that keeps, of a clip's sampled frames, those nearest to evenly spread times; memory holds no others."""

    def __init__(self, step: QwenCaptionStep, unit: Unit) -> None:
        clip = unit.row(FILTERED_CLIPS)
        count = step.config.frames
        self._step, self._unit, self._start_s = step, unit, clip["start_s"]
        length = clip["end_s"] - clip["start_s"]
        self._targets = [clip["start_s"] + length * (index + 0.5) / count for index in range(count)]
        self._nearest: list[tuple[float, CaptionRequest] | None] = [None] * count

    def push(self, frame: Frame) -> None:
        """Keep the frame for every target time it is nearest to so far (the earlier one on a tie)."""
        shown: CaptionRequest | None = None
        for index, target in enumerate(self._targets):
            distance, kept = abs(frame.time_s - target), self._nearest[index]
            if kept is None or distance < kept[0]:
                shown = shown or CaptionRequest(
                    self._unit.id, (frame.at_most(self._step.config.side_px),), (frame.time_s - self._start_s,)
                )
                self._nearest[index] = (distance, shown)

    def request(self) -> CaptionRequest:
        """The frames to show, in time order and each once.

        Raises:
            LookupError: If the clip gave no frames.
        """
        by_time = {kept[1].times_s[0]: kept[1].frames[0] for kept in self._nearest if kept is not None}
        if not by_time:
            raise LookupError(f"clip {self._unit.id}: no frame was decoded between its start and end; nothing to caption")
        times = tuple(sorted(by_time))
        return CaptionRequest(self._unit.id, tuple(by_time[time] for time in times), times)

    def finish(self) -> Outcome:
        """Caption this clip alone: the way of a pass shared with other steps."""
        return next(self._step.answer([(self._unit, self)]))


class QwenCaptionStep(FrameStep[QwenConfig]):
    """Captions from frames by a Qwen VL model, in batches. The step's model is checked and hashed before any clip is read."""

    name = "captions"
    code_version = "1"
    reads = (Read(FILTERED_CLIPS, ("row_id", "start_s", "end_s"), by="identity"),)
    writes = CAPTIONS
    chunk_size = 32

    def __init__(self, config: QwenConfig) -> None:
        super().__init__(config)
        self._folder: Path | None = None
        self._identity = ""

    def models(self) -> tuple[str, ...]:
        """Name and file hash of the model; raises `ModelUnusableError` when it is missing or has no vision tower."""
        if not self._identity:
            self._folder = resolve_model(self.config.model, self.config.revision)
            check_model(self._folder)
            self._identity = model_identity(self._folder)
        return (self._identity,)

    @property
    def sample_rate_hz(self) -> float:
        """Frames per second among which the shown ones are chosen."""
        return self.config.sample_rate_hz

    def open(self, unit: Unit) -> ShownFrames:
        """Start gathering a clip's frames."""
        return ShownFrames(self, unit)

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Decode clip by clip and caption whenever a batch is full; a clip whose frames fail does not hold up the others."""
        from humannet_assets.media.clip_pass import run_clip_pass

        self.models()
        gather = _Gather(self)
        waiting: list[tuple[Unit, ShownFrames]] = []
        by_id = {unit.id: unit for unit in units}
        for _, outcome in run_clip_pass([(unit, (gather,)) for unit in units]):
            frames = gather.taken.pop(outcome.unit_id, None)
            if outcome.status != "kept" or frames is None:
                yield outcome
                continue
            waiting.append((by_id[outcome.unit_id], frames))
            if len(waiting) >= self.config.batch_size:
                yield from self.answer(waiting)
                waiting = []
        yield from self.answer(waiting)

    def answer(self, waiting: Sequence[tuple[Unit, ShownFrames]]) -> Iterator[Outcome]:
        """One outcome per clip. If the batch fails, its clips are captioned one by one, so only the culprits fail."""
        ready: list[tuple[Unit, CaptionRequest]] = []
        for unit, frames in waiting:
            try:
                ready.append((unit, frames.request()))
            except LookupError as error:
                yield Outcome.failed(unit, error)
        if not ready:
            return
        yield from self._together(self._captioner(), ready)

    def _together(self, captioner: QwenCaptioner, ready: Sequence[tuple[Unit, CaptionRequest]]) -> Iterator[Outcome]:
        requests = [request for _, request in ready]
        try:
            replies = matched(captioner.caption(requests), requests)
        except Exception as error:
            if len(ready) == 1:
                yield Outcome.failed(ready[0][0], error)
                return
            _log.warning("captioning %d clips together failed (%s: %s); each alone", len(ready), type(error).__name__, error)
            for item in ready:
                yield from self._together(captioner, [item])
            return
        for unit, request in ready:
            yield self._outcome(unit, request, replies[unit.id])

    def _captioner(self) -> QwenCaptioner:
        identity = self.models()[0]
        if self._folder is None:
            raise RuntimeError(f"step {self.name}: the model folder of {identity} was not resolved")
        return QwenCaptioner.load(self._folder, identity, self.config)

    def _outcome(self, unit: Unit, request: CaptionRequest, reply: CaptionReply) -> Outcome:
        if not reply.text:
            return Outcome.failed(
                unit, ValueError(f"{self._identity} answered with no text; raise max_new_tokens or change the prompt")
            )
        start_s = unit.row(FILTERED_CLIPS)["start_s"]
        rows = caption_rows(
            unit.id,
            self._identity,
            short=first_sentence(reply.text),
            long=reply.text,
            bound_to=reply.frame_hash,
            times_s=[start_s + time for time in request.times_s],
            prompt=self.config.prompt,
        )
        return Outcome.kept(unit, rows)


class _Gather(QwenCaptionStep):
    """The step's frame consumers without the captioning: hands each clip's frames over when its last frame was seen."""

    def __init__(self, step: QwenCaptionStep) -> None:
        super().__init__(step.config)
        self.taken: dict[str, ShownFrames] = {}

    def open(self, unit: Unit) -> ShownFrames:
        """Gather a clip's frames and keep them for the batch."""
        return _Handover(self, unit)


class _Handover(ShownFrames):
    def __init__(self, gather: _Gather, unit: Unit) -> None:
        super().__init__(gather, unit)
        self._gather = gather

    def finish(self) -> Outcome:
        """Nothing is decided yet: the marker only says that the frames are complete."""
        self._gather.taken[self._unit.id] = self
        return Outcome.kept(self._unit, ())


def matched(replies: Sequence[CaptionReply], requests: Sequence[CaptionRequest]) -> dict[str, CaptionReply]:
    """The replies by clip id, after checking that each belongs to the frames it was asked about.

    Raises:
        RuntimeError: If a clip has no reply or two, a reply names a clip that was not asked about, or a reply's frame hash is
            not that of the clip's frames.
    """
    asked = {request.clip_id: request for request in requests}
    answered = {reply.clip_id: reply for reply in replies}
    if len(asked) != len(requests) or len(answered) != len(replies) or asked.keys() != answered.keys():
        came, wanted = (sorted(item.clip_id for item in items) for items in (replies, requests))
        raise RuntimeError(f"captions came back for clips {came} but were asked for {wanted}; none of them is stored")
    for clip_id, reply in answered.items():
        if reply.frame_hash != frame_hash(asked[clip_id].frames):
            raise RuntimeError(f"the caption returned for clip {clip_id} was made from other frames; it is not stored")
    return answered
