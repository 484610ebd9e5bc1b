"""`viewpoints`: is a clip seen through the eyes of the one who acts (ego) or from outside (exo)?

A logistic model over cues anybody can check. A wearer's own hands come in over the lower edge and are large; another person
shows a body and a face; a head or chest mounted camera moves and shakes, one on a tripod does not. Walking without hands in
view is ego by its camera motion alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from humannet_assets.perception.evidence import SIGNALS, EvidenceConfig, Limits, between, number, read_evidence
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables import CLIP_SIGNALS, FILTERED_CLIPS, VIEWPOINTS

CUES = ("hands", "face", "body", "camera_motion")


class ViewpointConfig(StepConfig):
    """Weights (log-odds of ego) of each cue. Defaults: set from the test media's labels and rounded, margins kept wide."""

    evidence: EvidenceConfig = Field(default=EvidenceConfig(), description="How scores become evidence of people.")
    bias: float = Field(default=-0.2, ge=-10, le=10, description="Log-odds without any cue.")
    hand_entry: float = Field(
        default=3.0, ge=0, le=10, description="Hands: times their evidence times entry side (-1 from above, 1 below)."
    )
    hand_size: float = Field(default=0.8, ge=0, le=10, description="Hands: times their evidence times size.")
    hand_area: Limits = Field(
        default=(0.004, 0.03), description="Hand box as a share of the picture: others' hands are under 0.02."
    )
    face: float = Field(default=-2.5, ge=-10, le=0, description="Faces on bodies (ACE-Ego-0: a face votes against ego).")
    body: float = Field(default=-4.0, ge=-10, le=0, description="Plausible bodies of other people.")
    shake: float = Field(
        default=1.5, ge=0, le=10, description="Times log10 of camera shake over `shake_neutral`, within -1..1."
    )
    shake_neutral: float = Field(
        default=0.005, gt=0, le=1, description="Shake that says nothing; tripods .0005 to .003, heads .008 to .07."
    )
    wearer_motion: float = Field(
        default=3.0, ge=0, le=10, description="Camera carried through the scene, when nobody else is in view."
    )
    temperature: float = Field(
        default=1.5, gt=0, le=10, description="Divides the log-odds: keeps probabilities honest on unseen footage."
    )
    unclear_low: float = Field(default=0.35, ge=0, le=1, description="At or below: exo.")
    unclear_high: float = Field(default=0.65, ge=0, le=1, description="At or above: ego.")

    @model_validator(mode="after")
    def _ordered(self) -> ViewpointConfig:
        if self.unclear_low >= self.unclear_high:
            raise ValueError(f"unclear_low {self.unclear_low} must lie below unclear_high {self.unclear_high}")
        return self


class ViewpointStep(Step[ViewpointConfig]):
    """ego, exo or unclear for each kept clip."""

    name = "viewpoints"
    code_version = "2"
    reads = (Read(FILTERED_CLIPS, ("clip_id",), by="identity"), Read(CLIP_SIGNALS, SIGNALS))
    writes = VIEWPOINTS
    chunk_size = 4096

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One viewpoint per clip."""
        for unit in units:
            row = unit.row(CLIP_SIGNALS)
            cues = log_odds(row, self.config)
            probability = 1 / (1 + math.exp(-(self.config.bias + sum(cues.values())) / self.config.temperature))
            result = {
                "clip_id": unit.id,
                "viewpoint": self._name(probability),
                "ego_probability": probability,
                "wearer_hands": row["hand_bottom_entry"],
                "decided_by": max(CUES, key=lambda cue: abs(cues[cue])),
            }
            limits = {"unclear_low": self.config.unclear_low, "unclear_high": self.config.unclear_high}
            yield Outcome.kept(unit, [result], {"log_odds": {cue: round(value, 4) for cue, value in cues.items()}, **limits})

    def _name(self, probability: float) -> str:
        if probability >= self.config.unclear_high:
            return "ego"
        return "exo" if probability <= self.config.unclear_low else "unclear"


def log_odds(row: Mapping[str, Any], config: ViewpointConfig) -> dict[str, float]:
    """What each cue adds to the log-odds of ego, before temperature and without the bias."""
    evidence = read_evidence(row, config.evidence)
    entry = 2 * number(row, "hand_bottom_entry") - 1 if row["hand_bottom_entry"] is not None else 0.0
    size = between(number(row, "hand_area"), config.hand_area)
    # Whoever else is in view, as a body or as hands from above, is more likely the one who acts than who holds the camera.
    others = max(evidence.body, evidence.hands * max(0.0, -entry))
    camera = 0.0
    if row["camera_shake"] is not None:
        shake = math.log10(max(number(row, "camera_shake"), 1e-6) / config.shake_neutral)
        camera = config.shake * min(1.0, max(-1.0, shake))
    return {
        "hands": evidence.hands * (config.hand_entry * entry + config.hand_size * size),
        "face": config.face * evidence.face,
        "body": config.body * evidence.body,
        "camera_motion": camera + config.wearer_motion * evidence.wearer_motion * (1 - others),
    }
