"""Shot boundaries from stored per-frame scores: PySceneDetect's own detectors replayed, without decoding anything.

Three kinds of evidence, in this order:

1. **Hard cuts**: PySceneDetect's `ContentDetector` (flash filter included) on the stored content scores. A score only counts
   if it stands out from its neighbours (as in `AdaptiveDetector`: a whip pan scores high in every frame), if the picture's
   layout (perceptual signature) differs before and after (a flash does not change it), and if its edges do (a lamp that is
   switched on, or a jump of exposure, leaves them where they were).
2. **Changes of a still screen** (slides, screen recordings): a score far below the cut threshold, but alone among frames
   that do not change at all, and confirmed by the signature (a keyframe refresh does not change it) and by edges.
3. **Fades through black**: PySceneDetect's `ThresholdDetector` on the stored mean pixel values. As there, the boundary lies in
   the middle between fade-out and fade-in; the black frames stay with the shots on either side.

A cut whose brightness then keeps running the same way starts a dissolve: it is reported as a fade at the ramp's middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from humannet_assets.media.signature import as_hashes, hamming, is_textured
from humannet_assets.store.step import StepConfig

if TYPE_CHECKING:
    from scenedetect import FrameTimecode

Floats = npt.NDArray[np.floating[Any]]


MIN_RAMP_STEP = 0.5
"""Change of mean brightness per frame (0-255) that belongs to a fade or dissolve rather than to noise."""


class ShotConfig(StepConfig):
    """Thresholds of the shot detectors."""

    content_threshold: float = Field(
        default=27.0, ge=1, le=255, description="Content score of a hard cut (PySceneDetect default)."
    )
    min_shot_s: float = Field(
        default=0.5, ge=0, le=10, description="Shortest shot, seconds; 15 frames at 30 Hz (PySceneDetect default)."
    )
    min_ratio: float = Field(
        default=3.0, ge=1, le=50, description="Score over the mean of its neighbours (PySceneDetect adaptive default)."
    )
    ratio_window: int = Field(default=2, ge=1, le=15, description="Neighbours on each side (PySceneDetect adaptive default).")
    min_luma: float = Field(
        default=2.0, ge=0, le=255, description="Mean value of the brighter frame below which hue is noise. Our choice."
    )
    min_layout_change: float = Field(
        default=0.10,
        ge=0,
        le=1,
        description="Share of signature bits that differ across a cut; unrelated pictures .5. Our choice.",
    )
    max_structure_kept: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of edges kept from which a change is one of light. Unrelated pictures keep at most .2 (1,500 "
        "pairs); under simulated lamps, exposures and tints real ones keep .5 or more in 95 of 100.",
    )
    still_threshold: float = Field(
        default=1.0, ge=0, le=255, description="Content score of a change of a still screen. Our choice."
    )
    still_ratio: float = Field(
        default=10.0,
        ge=1,
        description="The same over the mean of its neighbours; camera footage's keyframe pulses reach 5. Our choice.",
    )
    still_structure_kept: float = Field(
        default=0.9,
        ge=0,
        le=1,
        description="The same for a still screen: slides of one design keep .6 to .8 of their edges, a room whose light is "
        "switched .9 or more.",
    )
    still_level: float = Field(
        default=0.5, ge=0, le=255, description="Mean content score of a still screen's other frames; a camera's noise is more."
    )
    still_window_s: float = Field(
        default=0.25, gt=0, le=5, description="Neighbourhood of a still screen on each side, seconds."
    )
    still_layout_change: float = Field(
        default=0.15, ge=0, le=1, description="Share of signature bits a new screen alters; a refresh alters none. Our choice."
    )
    fade_threshold: int = Field(
        default=8,
        ge=0,
        le=255,
        description="Mean value of a black frame; PySceneDetect's default of 12 takes night scenes for black.",
    )
    dissolve_min_frames: int = Field(
        default=8, ge=2, le=250, description="Frames a brightness ramp after a cut lasts in a dissolve. Our choice."
    )
    dissolve_ratio: float = Field(
        default=5.0, ge=1, description="Brightness change of the ramp over that at the cut. Our choice."
    )


@dataclass(frozen=True)
class Boundary:
    """First frame of a new shot, what opens it and the detector's score (content score; black-run length for fades)."""

    frame: int
    kind: Literal["cut", "fade"]
    score: float


@dataclass(frozen=True)
class ShotScores:
    """Stored measurements of one video: per frame `content` and `luma` (n,), `times_s` (n,); signature samples (m,).

    `structure` (n,): share of edges kept since the frame before; None where it was not measured (then it vetoes nothing).
    """

    content: Floats
    luma: Floats
    times_s: Floats
    signature: Sequence[int] = ()
    signature_times_s: Sequence[float] = ()
    structure: Floats | None = None

    @property
    def frame_rate(self) -> float:
        """Frames per second by the median step; 25 when there is but one frame."""
        return 1 / float(np.median(np.diff(self.times_s))) if len(self.times_s) > 1 else 25.0


def find_boundaries(scores: ShotScores, config: ShotConfig) -> list[Boundary]:
    """Boundaries in order of frames, at least `min_shot_s` apart except around a black gap."""
    if len(scores.content) < 3:
        return []
    min_frames = max(1, round(config.min_shot_s * scores.frame_rate))
    content = np.asarray(scores.content, np.float64)
    runs = replay_fades(scores.luma, config.fade_threshold, min_frames)
    black = np.asarray(scores.luma) < config.fade_threshold
    # Fading in from a black start opens no second shot: there is no first one.
    fades = [Boundary(frame, "fade", float(length)) for frame, length in runs if not black[:frame].all()]
    clear = np.where(_stands_out(content, scores.luma, config), content, 0.0)
    hard = replay_content(clear, config.content_threshold, min_frames)
    cuts = [frame for frame in hard if _layout_changes(scores, frame, config.min_layout_change, unknown=True)]
    cuts += [frame for frame in _still_changes(scores, config) if all(abs(frame - cut) >= min_frames for cut in cuts)]
    found: list[Boundary] = list(fades)
    for frame in sorted(cuts):
        boundary = _dissolve(frame, scores.luma, config)
        if boundary is None and _light_changes(scores, frame, config):
            continue
        boundary = boundary or Boundary(frame, "cut", float(content[frame]))
        if all(abs(boundary.frame - fade.frame) > min_frames // 2 for fade in fades):
            found.append(boundary)
    return sorted((b for b in found if 0 < b.frame < len(content)), key=lambda b: b.frame)


def replay_content(content: Floats, threshold: float, min_frames: int) -> list[int]:
    """Frames at which PySceneDetect's `ContentDetector` cuts, given the content score of every frame."""
    detector = _replaying_detector()(threshold=threshold, min_scene_len=min_frames)
    return _run(detector, content)


def replay_fades(luma: Floats, threshold: int, min_frames: int) -> list[tuple[int, int]]:
    """Frames at which PySceneDetect's `ThresholdDetector` cuts, with the black run's length in frames."""
    from scenedetect import ThresholdDetector

    black = np.asarray(luma) < threshold
    found = []
    for frame in _run(ThresholdDetector(threshold=threshold, min_scene_len=min_frames), luma):
        inside = min(frame, len(black) - 1)
        start = inside - int(np.argmin(black[inside::-1])) if not black[: inside + 1].all() else -1
        stop = inside + int(np.argmin(black[inside:])) if not black[inside:].all() else len(black)
        found.append((frame, max(stop - start - 1, 0)))
    return found


def _run(detector: Any, values: Floats) -> list[int]:
    cuts: list[FrameTimecode] = []
    moment = None
    for moment, value in zip(_timecodes(len(values)), values, strict=True):
        cuts += detector.process_frame(moment, np.asarray([value], np.float64))
    if moment is not None:
        cuts += detector.post_process(moment)
    return sorted({int(cut.frame_num) for cut in cuts})


def _timecodes(count: int) -> list[FrameTimecode]:
    from scenedetect import FrameTimecode

    # Detectors count frames only, so that any rate serves and variable-rate video needs no special case.
    return [FrameTimecode(index, fps=30.0) for index in range(count)]


@lru_cache(maxsize=1)
def _replaying_detector() -> Any:
    from scenedetect import ContentDetector

    class ReplayedContentDetector(ContentDetector):
        """PySceneDetect's detector fed with stored scores instead of pictures."""

        def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: npt.NDArray[Any]) -> float:
            return float(frame_img[0])

    return ReplayedContentDetector


def _stands_out(content: Floats, luma: Floats, config: ShotConfig) -> npt.NDArray[np.bool_]:
    count, window = len(content), config.ratio_window
    kernel = np.ones(2 * window + 1)
    kernel[window] = 0
    neighbours = np.convolve(content, kernel)[window : window + count]
    present = np.convolve(np.ones(count), kernel)[window : window + count]
    brightness = np.asarray(luma, np.float64)
    brighter = np.maximum(brightness, np.concatenate((brightness[:1], brightness[:-1])))
    alone = content >= config.min_ratio * neighbours / np.maximum(present, 1)
    return alone & (brighter >= config.min_luma) & ~_inside_ramp(brightness)


def _inside_ramp(luma: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Frames amid a steady change of brightness: in a fade, hue and saturation of dark pixels leap without a cut."""
    steps = np.diff(luma, prepend=luma[:1])
    around = np.stack([np.roll(steps, shift) for shift in (-2, -1, 1, 2)])
    steady = (np.sign(around) == np.sign(steps)).all(axis=0) & (np.abs(around).min(axis=0) >= MIN_RAMP_STEP)
    return steady & (np.abs(steps) <= 2 * np.abs(around).max(axis=0))


def _still_changes(scores: ShotScores, config: ShotConfig) -> list[int]:
    content = np.asarray(scores.content, np.float64)
    window = max(3, round(config.still_window_s * scores.frame_rate))
    found = []
    for frame in np.flatnonzero((content >= config.still_threshold) & (content < config.content_threshold)):
        around = np.concatenate((content[max(1, frame - window) : frame], content[frame + 1 : frame + 1 + window]))
        level = around.mean() if len(around) >= window else np.inf
        if level > config.still_level or content[frame] < config.still_ratio * level:
            continue
        if _layout_changes(scores, int(frame), config.still_layout_change, unknown=False):
            found.append(int(frame))
    return found


def _light_changes(scores: ShotScores, frame: int, config: ShotConfig) -> bool:
    """Whether edges stay where they were, so that only the light can have changed. In black, captions alone have edges."""
    if scores.structure is None or min(scores.luma[frame - 1], scores.luma[frame]) < config.fade_threshold:
        return False
    cut = scores.content[frame] >= config.content_threshold
    return bool(scores.structure[frame] >= (config.max_structure_kept if cut else config.still_structure_kept))


def _layout_changes(scores: ShotScores, frame: int, at_least: float, *, unknown: bool) -> bool:
    """Whether the signature differs across a frame; `unknown` where a side has no sample with texture."""
    times = np.asarray(scores.signature_times_s)
    after = int(np.searchsorted(times, scores.times_s[frame] - 1e-4))
    if not 0 < after < len(times):
        return unknown
    pair = as_hashes([scores.signature[after - 1], scores.signature[after]])
    if not is_textured(pair).all():
        return unknown
    return bool(hamming(pair[0], pair[1]) >= at_least)


def _dissolve(frame: int, luma: Floats, config: ShotConfig) -> Boundary | None:
    """The middle of a brightness ramp that starts at a cut, unless it starts in black (then it is a fade already)."""
    if luma[frame - 1] < config.fade_threshold:
        return None
    steps = np.diff(np.asarray(luma, np.float64)[frame - 1 :])
    direction = np.sign(steps[0])
    run = int(np.argmax(np.append(steps * direction < MIN_RAMP_STEP, True)))
    ramp, jump = abs(steps[:run].sum()), abs(steps[0])
    if run < config.dissolve_min_frames or ramp < config.dissolve_ratio * jump:
        return None
    return Boundary(frame + run // 2, "fade", float(run))
