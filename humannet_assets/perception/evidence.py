"""How strongly a clip's scores speak for people: the reading of `clip_signals` that filter and viewpoint share.

Each function turns a row of scores into one number in 0..1. Every limit is a (low, high) pair: nothing below low, full above
high, in between proportional, so that no verdict hangs on a single threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field, field_validator

from humannet_assets.store.step import StepConfig

Limits = tuple[float, float]
SIGNALS = (
    "hand_rate",
    "hand_confidence",
    "hand_area",
    "hand_bottom_entry",
    "pose_rate",
    "pose_score",
    "close_look_rate",
    "body_motion",
    "close_look_motion",
    "face_confidence",
    "face_on_body_rate",
    "motion_measured",
    "camera_motion",
    "camera_shake",
    "camera_parallax",
    "camera_on_foot",
    "camera_turn_change",
)
"""The columns of `clip_signals` that `read_evidence` uses."""


class EvidenceConfig(StepConfig):
    """Limits of each kind of evidence. Defaults: chosen on the test media with a wide margin to the nearest clip."""

    hands: Limits = Field(
        default=(0.05, 0.5), description="Share of frames with a hand times mean confidence. A stray hit in ten is 0.1."
    )
    body: Limits = Field(
        default=(0.1, 0.8), description="Share of frames with a body times its plausibility. Dogs reach 0.1, people 0.4 on."
    )
    close_look: Limits = Field(
        default=(0.35, 1.1), description="Share of magnified looks that find a body: one of three says nothing."
    )
    alive: Limits = Field(
        default=(0.0015, 0.004),
        description="Motion of a body's parts against each other, body heights in half a second; statues 0.002, people at rest "
        "0.003 to 0.006 at some time.",
    )
    face: Limits = Field(default=(0.1, 1.0), description="Share of frames with a face on a body's nose times face confidence.")
    parallax: Limits = Field(default=(0.08, 0.25), description="Corners in depth: pans and zooms reach 0.02, walks 0.3 to 0.4.")
    travel: Limits = Field(default=(0.01, 0.03), description="Camera motion, widths per second.")
    bob: Limits = Field(
        default=(0.001, 0.006), description="Camera shake of steps: tripods and dollies under 0.001, stabilised walks 0.008."
    )
    on_foot: Limits = Field(
        default=(0.2, 0.4),
        description="Travel as on foot: real walks 0.9 on, simulated ones with stops 0.4 on; cars, drones, vacuums up to 0.2.",
    )
    head_turns: Limits = Field(
        default=(3.0, 6.0),
        description="Change of rotation, degrees per second: heads that look around 5 to 20, cars and drones under 3.",
    )
    head_shake: Limits = Field(
        default=(0.04, 0.08), description="Shake that must go with it: heads 0.06 to 0.2, a robot that turns on the spot 0.05."
    )
    measured: Limits = Field(default=(0.4, 0.7), description="Share of frame pairs with texture enough to measure the camera.")

    @field_validator("*")
    @classmethod
    def _distinct(cls, limits: Limits) -> Limits:
        if limits[0] == limits[1]:
            raise ValueError(f"limits {limits} must differ: evidence grows between them")
        return limits


@dataclass(frozen=True)
class Evidence:
    """Evidence of each kind, 0..1, and all of it together (`human`: independent witnesses, 1 - product of the doubts)."""

    hands: float
    body: float
    face: float
    wearer_motion: float
    figure: float
    """How sure we are of a figure like a person, whether or not it ever moves: a statue is one too."""

    @property
    def human(self) -> float:
        """Together: how sure we are that a person, or the wearer, acts."""
        return 1 - (1 - self.hands) * (1 - self.body) * (1 - 0.6 * self.face) * (1 - self.wearer_motion)

    @property
    def strongest(self) -> str:
        """hands, body or wearer_motion; none if nothing speaks."""
        kinds = {"hands": self.hands, "body": max(self.body, self.face), "wearer_motion": self.wearer_motion}
        best = max(kinds, key=lambda kind: kinds[kind])
        return best if kinds[best] > 0 else "none"


def read_evidence(row: Mapping[str, Any], config: EvidenceConfig) -> Evidence:
    """Evidence of one row of `clip_signals`; nulls (not looked, not measurable) count as nothing found."""
    hands = between(number(row, "hand_rate") * number(row, "hand_confidence"), config.hands)
    whole = between(number(row, "pose_rate") * number(row, "pose_score"), config.body)
    close = between(number(row, "close_look_rate"), config.close_look)
    face = between(number(row, "face_on_body_rate") * number(row, "face_confidence"), config.face)
    alive, close_alive = _alive(row["body_motion"], config), _alive(row["close_look_motion"], config)
    # The hands of a figure that never moves are no more alive than the rest of it.
    hands *= 1 - whole * (1 - alive)
    body = max(whole * alive, close * close_alive)
    return Evidence(hands, body, face * alive, _wearer_motion(row, config), max(whole, close))


def _alive(motion: float | None, config: EvidenceConfig) -> float:
    """How far a body moves as a living one does; fully where that was not measured."""
    return 1.0 if motion is None else between(motion, config.alive)


def _wearer_motion(row: Mapping[str, Any], config: EvidenceConfig) -> float:
    """A camera carried by a person who walks, or who looks around: it travels, keeps moving, and shakes as bodies do."""
    shake = number(row, "camera_shake")
    carried = (
        between(number(row, "camera_motion"), config.travel)
        * between(shake, config.bob)
        * between(number(row, "motion_measured"), config.measured)
    )
    looks = (
        between(number(row, "camera_parallax"), config.parallax)
        * between(number(row, "camera_turn_change"), config.head_turns)
        * between(shake, config.head_shake)
    )
    return 0.95 * carried * max(between(number(row, "camera_on_foot"), config.on_foot), looks)


def between(value: float, limits: Limits) -> float:
    """0 at the first limit or before, 1 at the second or beyond; falling when the first is the larger."""
    low, high = limits
    share = (value - low) / (high - low)
    return 0.0 if share <= 0 else 1.0 if share >= 1 else share


def number(row: Mapping[str, Any], name: str) -> float:
    """The row's value, 0 for null."""
    value = row[name]
    return 0.0 if value is None else float(value)
