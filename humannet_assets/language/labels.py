"""From evidence to taxonomy labels: one rule per axis, each saying `unknown` where the evidence is silent.

`docs/taxonomy.md` defines the labels; these functions are the definitions in code.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from pydantic import Field

from humannet_assets.language.taxonomy import (
    ENVIRONMENT,
    INTERACTION_STYLE,
    METADATA_AVAILABILITY,
    MOTION_CATEGORY,
    UNKNOWN,
    labels_from_keywords,
)
from humannet_assets.language.track_rows import Row, finite, most_at_once
from humannet_assets.store.step import StepConfig

HAND_ACTORS = frozenset({"left_hand", "right_hand", "both_hands"})


class AnnotationConfig(StepConfig):
    """Thresholds of the taxonomy rules."""

    travel_heights_s: float = Field(
        default=0.30,
        gt=0,
        le=10,
        description="Hip speed, body heights/s, from which a person moves through space: ours, a stroll.",
    )
    min_coverage: float = Field(default=0.1, ge=0, le=1, description="Share of the clip a track must cover to count; ours.")
    other_person_coverage: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="The same for others in ego clips: pose models also see the wearer's own limbs.",
    )
    whole_body_height: float = Field(default=0.6, gt=0, le=2, description="Body box over picture height for whole_body; ours.")
    whole_body_m_s: float = Field(
        default=0.40, gt=0, le=10, description="Mean limb speed against the hips for whole_body; ours."
    )
    together_s: float = Field(
        default=0.3, ge=0, le=60, description="Seconds both hands act at once for two_handed; ours, a reach."
    )
    repetitive_min: int = Field(default=4, ge=2, le=100, description="Actions of one actor for repetitive; ours.")
    repetitive_spread: float = Field(
        default=0.25, gt=0, le=2, description="Largest spread (standard deviation over mean) of durations and speeds; ours."
    )


def moves_through_space(viewpoint: Row, bodies: Iterable[Row], config: AnnotationConfig) -> bool:
    """Ego: the camera's own motion decided the viewpoint. Otherwise: the main person's hips travel through the picture."""
    if viewpoint.get("viewpoint") == "ego":
        return viewpoint.get("decided_by") == "camera_motion"
    return any(
        body["is_main"]
        and (finite(body["speed_mean"]) or 0.0) >= config.travel_heights_s
        and (finite(body["coverage"]) or 0.0) >= config.min_coverage
        for body in bodies
    )


def acting(segments: Iterable[Row]) -> list[Row]:
    """The atomic segments in which somebody acts, in time order."""
    own = [segment for segment in segments if segment["level"] == "atomic" and not segment["is_idle"]]
    return sorted(own, key=lambda s: (s["start_s"], s["end_s"], s["segment_id"]))


def task_structure(atoms: Sequence[Row], acting_groups: int, travels: bool, config: AnnotationConfig) -> str:
    """Task structure of a span from the atomic segments in which somebody acts and the number of groups that hold them."""
    if travels and not any(atom["actor"] in HAND_ACTORS for atom in atoms):
        return "navigation"
    if not atoms:
        return UNKNOWN
    by_actor: dict[str, list[Row]] = {}
    for atom in atoms:
        by_actor.setdefault(atom["actor"], []).append(atom)
    for own in by_actor.values():
        durations = [atom["end_s"] - atom["start_s"] for atom in own]
        speeds = [finite(atom["mean_speed"]) or 0.0 for atom in own]
        if len(own) >= config.repetitive_min and max(_spread(durations), _spread(speeds)) <= config.repetitive_spread:
            return "repetitive"
    return "multi_step" if acting_groups > 1 or max(map(len, by_actor.values())) > 2 else "single_action"


def _spread(values: Sequence[float]) -> float:
    """Standard deviation over mean; infinite when the mean is not positive."""
    mean = statistics.fmean(values)
    return statistics.pstdev(values) / mean if mean > 0 else float("inf")


def overlap_s(first: Row, second: Row) -> float:
    """Seconds two spans share."""
    return max(0.0, min(first["end_s"], second["end_s"]) - max(first["start_s"], second["start_s"]))


def interaction_style(
    atoms: Sequence[Row], bodies: Sequence[Row], viewpoint: str | None, travels: bool, config: AnnotationConfig
) -> list[str]:
    """Interaction styles of a span: hands from acting segments, people from body tracks."""
    styles: set[str] = set()
    left = [a for a in atoms if a["actor"] == "left_hand"]
    right = [a for a in atoms if a["actor"] == "right_hand"]
    together = sum(overlap_s(a, b) for a in left for b in right)
    if left and right and together >= config.together_s:
        styles.add("two_handed")
    elif left or right:
        styles.add("one_handed")
    if travels:
        styles.add("locomotion")
    if any(
        body["is_main"]
        and (finite(body["coverage"]) or 0.0) >= config.min_coverage
        and (finite(body["height_share"]) or 0.0) >= config.whole_body_height
        and (finite(body["limb_speed_mean"]) or 0.0) >= config.whole_body_m_s
        for body in bodies
    ):
        styles.add("whole_body")
    ego = viewpoint == "ego"
    share = config.other_person_coverage if ego else config.min_coverage
    others = [body for body in bodies if (finite(body["coverage"]) or 0.0) >= share]
    if most_at_once(others) >= (1 if ego else 2):
        styles.add("person_to_person")
    if ego:
        # A body seen from the wearer's eyes is somebody else's, or the wearer's own in pieces: neither is whole.
        styles.discard("whole_body")
    return INTERACTION_STYLE.close(styles)


def motion_category(
    atoms: Sequence[Row], motions: Iterable[Row], viewpoint: str | None, travels: bool, keywords: Iterable[str] | None
) -> list[str]:
    """Motion categories: what the source's keywords name, else what tracks show.

    Object handling is only said of ego clips, where HumanNet's scope is manipulation: in an exo clip a hand that opens and
    closes may as well be signing.
    """
    if named := labels_from_keywords(MOTION_CATEGORY, keywords):
        return MOTION_CATEGORY.close(named)
    seen: set[str] = set()
    hands = [atom for atom in atoms if atom["actor"] in HAND_ACTORS]
    if hands:
        grips = [motion for motion in motions if motion.get("grip")]
        handles = any(m["track_id"] == a["track_id"] and overlap_s(m, a) > 0 for m in grips for a in hands)
        seen.add("daily_activities/object_handling" if handles and viewpoint == "ego" else "daily_activities/hand_motion")
    if travels:
        seen.add("locomotion")
    return MOTION_CATEGORY.close(seen)


def environment(keywords: Iterable[str] | None) -> list[str]:
    """Environments the source's keywords name; never guessed from the pictures."""
    return ENVIRONMENT.close(labels_from_keywords(ENVIRONMENT, keywords))


def metadata_availability(source: Row, video: Row, camera: Row) -> list[str]:
    """What came with the footage. `source`: video_sources, `video`: raw_videos, `camera`: camera_trajectories."""
    present = {
        "licence": source.get("licence") not in (None, "", "unknown"),
        "consent": source.get("consent_basis") not in (None, "", "unknown"),
        "keywords": bool(source.get("keywords")),
        "life": bool(source.get("life")),
        "viewpoint_hint": bool(source.get("viewpoint_hint")),
        "audio": bool(video.get("has_audio")),
        "intrinsics": camera.get("intrinsics_source") == "known",
    }
    return METADATA_AVAILABILITY.close(name for name, there in present.items() if there)
