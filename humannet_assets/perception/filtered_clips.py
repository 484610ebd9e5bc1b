"""`filtered_clips`: HumanNet's scope as thresholds over `clip_signals`. No inference: re-thresholding costs microseconds.

Kept is what shows people or the wearer acting, with observable motion, in pictures one can use. "Human motion incidental" and
"no useful visual evidence" (HumanNet, scope) are the reasons `human_incidental` and the quality reasons. Figures that never
move (statues, mannequins, people who stand stock-still through a whole clip) are `motionless_figure`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from humannet_assets.perception.evidence import SIGNALS, Evidence, EvidenceConfig, between, number, read_evidence
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables import CLIP_SIGNALS, FILTERED_CLIPS

_USED = (
    "start_s",
    "end_s",
    *SIGNALS,
    "sharpness",
    "luma_mean",
    "luma_clipped",
    "static_ratio",
    "changed_area",
    "object_motion",
    "text_like",
)


class FilterConfig(StepConfig):
    """Thresholds of the verdict. Defaults: chosen on the test media unless a source is named."""

    evidence: EvidenceConfig = Field(default=EvidenceConfig(), description="How scores become evidence of people.")
    min_human_score: float = Field(
        default=0.4, ge=0, le=1, description="Evidence of people below which a clip is out of scope."
    )
    incidental_score: float = Field(default=0.15, ge=0, le=1, description="From here up the reason is human_incidental.")
    min_changed_area: float = Field(
        default=0.001, ge=0, le=1, description="Mean share of changing pixels that counts as motion."
    )
    min_motion: float = Field(default=0.004, ge=0, description="Camera plus object motion, widths per second, that does.")
    max_static_ratio: float = Field(
        default=0.92, ge=0, le=1, description="Static framing (HumanNet): share of unchanged frame pairs."
    )
    min_sharpness: float = Field(
        default=12.0, ge=0, description="Variance of the Laplacian below which nothing can be made out."
    )
    min_luma: float = Field(default=7.0, ge=0, le=255, description="Mean luma below which a picture is too dark ...")
    max_luma: float = Field(default=248.0, ge=0, le=255, description="... and above which it is blown out ...")
    min_clipped: float = Field(default=0.85, ge=0, le=1, description="... if also this share of it is nearly black or white.")
    max_text_like: float = Field(default=0.18, ge=0, le=1, description="Slide or screen texture; slides reach 0.25 to 0.6.")
    screen_human_score: float = Field(default=0.6, ge=0, le=1, description="Evidence of people that outweighs such texture.")


class FilterStep(Step[FilterConfig]):
    """A verdict per clip, with reasons and the numbers that decided."""

    name = "filtered_clips"
    code_version = "2"
    reads = (Read(CLIP_SIGNALS, _USED),)
    writes = FILTERED_CLIPS
    chunk_size = 4096

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One verdict per clip."""
        for unit in units:
            yield self._judge(unit)

    def _judge(self, unit: Unit) -> Outcome:
        row = unit.row(CLIP_SIGNALS)
        evidence = read_evidence(row, self.config.evidence)
        motion = number(row, "camera_motion") + number(row, "object_motion")
        verdict = {
            "clip_id": unit.id,
            "start_s": row["start_s"],
            "end_s": row["end_s"],
            "human_score": evidence.human,
            "motion_score": motion,
            "quality_score": quality_score(row, self.config),
            "human_evidence": evidence.strongest,
        }
        decided = self._numbers(row, evidence, motion)
        reasons = self._reasons(row, evidence, motion)
        if reasons:
            return Outcome.rejected(unit, reasons, decided, verdict)
        return Outcome.kept(unit, [verdict], decided)

    def _reasons(self, row: Mapping[str, Any], evidence: Evidence, motion: float) -> list[str]:
        config, reasons = self.config, []
        human, clipped = evidence.human, number(row, "luma_clipped")
        if human < config.min_human_score:
            reasons.append(self._why_nobody_acts(evidence))
        if number(row, "changed_area") < config.min_changed_area and motion < config.min_motion:
            reasons.append("no_motion")
        elif number(row, "static_ratio") > config.max_static_ratio:
            reasons.append("static_framing")
        if number(row, "luma_mean") < config.min_luma and clipped >= config.min_clipped:
            reasons.append("too_dark")
        elif number(row, "luma_mean") > config.max_luma and clipped >= config.min_clipped:
            reasons.append("too_bright")
        elif number(row, "sharpness") < config.min_sharpness:
            reasons.append("motion_blur")
        if number(row, "text_like") > config.max_text_like and human < config.screen_human_score:
            reasons.append("slides_or_screen")
        return reasons

    def _why_nobody_acts(self, evidence: Evidence) -> str:
        if evidence.figure >= self.config.min_human_score:
            return "motionless_figure"
        return "human_incidental" if evidence.human >= self.config.incidental_score else "no_human_evidence"

    def _numbers(self, row: Mapping[str, Any], evidence: Evidence, motion: float) -> dict[str, Any]:
        config = self.config
        values = {
            "human_score": (evidence.human, config.min_human_score),
            "motion": (motion, config.min_motion),
            "changed_area": (number(row, "changed_area"), config.min_changed_area),
            "static_ratio": (number(row, "static_ratio"), config.max_static_ratio),
            "sharpness": (number(row, "sharpness"), config.min_sharpness),
            "luma_mean": (number(row, "luma_mean"), config.min_luma),
            "text_like": (number(row, "text_like"), config.max_text_like),
        }
        kinds = {
            "hands": evidence.hands, "body": evidence.body, "face": evidence.face, "wearer_motion": evidence.wearer_motion,
            "figure": evidence.figure,
        }  # fmt: skip
        return {
            **{name: {"value": round(value, 5), "threshold": threshold} for name, (value, threshold) in values.items()},
            "evidence": {kind: round(value, 4) for kind, value in kinds.items()},
        }


def quality_score(row: Mapping[str, Any], config: FilterConfig) -> float:
    """0..1: sharp (from 1 to 10 times the least sharpness) and exposed (not near either end of the luma range)."""
    sharp = between(number(row, "sharpness"), (config.min_sharpness, 10 * config.min_sharpness + 1))
    luma = number(row, "luma_mean")
    exposed = between(luma, (config.min_luma, config.min_luma + 40)) * between(luma, (255.0, 225.0))
    return sharp * exposed
