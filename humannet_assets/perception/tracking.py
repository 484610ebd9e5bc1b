"""Who is who from frame to frame: association of per-frame detections into tracks, for hands and bodies alike.

Hungarian assignment per frame between predicted track positions and detections. Distances are measured in object sizes
(palm or torso lengths), so the same thresholds hold for near and far people and for every picture size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_FORBIDDEN = 1e6  # cost of a pair outside the gate; far above any admissible cost


@dataclass(frozen=True)
class Detection:
    """One object in one frame.

    `position` (2,) and `size` are pixels; `side` is the evidence for a right hand in [-1, 1] (0 for objects without
    sides); `points` (k, 2) pixels are compared to recognise double detections; `score` is the detector's confidence.
    """

    position: npt.NDArray[np.float64]
    size: float
    score: float
    points: npt.NDArray[np.float64]
    side: float = 0.0


@dataclass(frozen=True)
class TrackerSettings:
    """Thresholds of the tracker; the steps fill them from their configuration.

    A detection may continue a track if its cost is at most `gate_sizes` + `gate_growth_sizes_s` times the seconds since
    the last observation, and never more than `gate_limit_sizes` (all in object sizes). The cost is the distance from
    the prediction, plus `side_cost` for contradicting sides and `scale_cost` per unit of log size ratio, so that an
    unlike object must lie nearer. `max_gap_s` is how long a track waits for its object;
    `velocity_memory` in [0, 1) is the weight of the past in the velocity estimate; `duplicate_sizes` is the mean
    distance of corresponding points below which two detections are the same object.
    """

    gate_sizes: float
    gate_growth_sizes_s: float
    gate_limit_sizes: float
    max_gap_s: float
    side_cost: float
    scale_cost: float
    velocity_memory: float
    duplicate_sizes: float


@dataclass
class _Track:
    """A track being built: (frame, detection) indices and the state of its motion model."""

    members: list[tuple[int, int]]
    position: npt.NDArray[np.float64]
    size: float
    side: float
    time_s: float
    velocity: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))


def associate(
    frames: Sequence[Sequence[Detection]], times_s: Sequence[float], settings: TrackerSettings
) -> list[list[tuple[int, int]]]:
    """Link detections over time.

    The result does not depend on the order in which a frame lists its detections.

    Args:
        frames: Detections of each sampled frame, in time order; empty where nothing was found.
        times_s: Time of each frame, seconds, strictly increasing.
        settings: Gates, gaps and weights.

    Returns:
        Tracks as lists of (frame index, detection index), at most one detection per frame, ordered by their first
        frame and then from left to right. Suppressed double detections belong to no track.
    """
    finished: list[_Track] = []
    alive: list[_Track] = []
    for frame, (detections, time_s) in enumerate(zip(frames, times_s, strict=True)):
        finished += [track for track in alive if time_s - track.time_s > settings.max_gap_s]
        alive = [track for track in alive if time_s - track.time_s <= settings.max_gap_s]
        candidates = _without_duplicates(detections, settings.duplicate_sizes)
        taken = _assign(alive, candidates, detections, time_s, settings)
        for track_index, detection_index in taken.items():
            _extend(alive[track_index], (frame, detection_index), detections[detection_index], time_s, settings)
        alive += [
            _Track([(frame, index)], detections[index].position, detections[index].size, detections[index].side, time_s)
            for index in candidates
            if index not in taken.values()
        ]
    tracks = finished + alive

    def order(track: _Track) -> tuple[int, float, float]:
        frame, index = track.members[0]
        position = frames[frame][index].position
        return frame, float(position[0]), float(position[1])

    return [track.members for track in sorted(tracks, key=order)]


def _without_duplicates(detections: Sequence[Detection], duplicate_sizes: float) -> list[int]:
    """Indices of detections, best score first, less those that lie on a better one. Order-independent tie-breaks."""
    ranked = sorted(
        range(len(detections)),
        key=lambda i: (-detections[i].score, float(detections[i].position[0]), float(detections[i].position[1])),
    )
    chosen: list[int] = []
    for index in ranked:
        new = detections[index]
        doubles = (
            np.linalg.norm(new.points - detections[other].points, axis=1).mean()
            < duplicate_sizes * max(new.size, detections[other].size)
            for other in chosen
        )
        if not any(doubles):
            chosen.append(index)
    return chosen


def _assign(
    tracks: list[_Track], candidates: list[int], detections: Sequence[Detection], time_s: float, settings: TrackerSettings
) -> dict[int, int]:
    """Cheapest admissible assignment: index into `tracks` -> index into `detections`."""
    if not tracks or not candidates:
        return {}
    from scipy.optimize import linear_sum_assignment

    found = [detections[index] for index in candidates]
    elapsed = np.array([time_s - track.time_s for track in tracks])
    # An unseen object soon stops or turns: predict at most as far ahead as the object was last seen moving steadily.
    horizon = np.minimum(elapsed, settings.max_gap_s / 2)
    predicted = np.stack([t.position + t.velocity * ahead for t, ahead in zip(tracks, horizon, strict=True)])
    sizes = np.maximum(np.maximum.outer(np.array([t.size for t in tracks]), np.array([d.size for d in found])), 1e-6)
    distance = np.linalg.norm(predicted[:, None] - np.stack([d.position for d in found])[None], axis=2) / sizes
    scale = np.abs(np.log(np.divide.outer([max(t.size, 1e-6) for t in tracks], [max(d.size, 1e-6) for d in found])))
    sides = np.abs(np.subtract.outer([t.side for t in tracks], [d.side for d in found])) / 2
    cost = distance + settings.scale_cost * scale + settings.side_cost * sides
    gate = np.minimum(settings.gate_sizes + settings.gate_growth_sizes_s * elapsed, settings.gate_limit_sizes)
    cost = np.where(cost <= gate[:, None], cost, _FORBIDDEN)
    rows, columns = linear_sum_assignment(cost)
    return {int(row): candidates[column] for row, column in zip(rows, columns, strict=True) if cost[row, column] < _FORBIDDEN}


def _extend(track: _Track, member: tuple[int, int], detection: Detection, time_s: float, settings: TrackerSettings) -> None:
    """Append a detection and update the motion model (exponential averages)."""
    elapsed = max(time_s - track.time_s, 1e-6)
    memory = settings.velocity_memory if len(track.members) > 1 else 0.0
    track.velocity = memory * track.velocity + (1 - memory) * (detection.position - track.position) / elapsed
    # One frame with the wrong side must not turn a track, so the side is the running mean of all votes.
    seen = len(track.members)
    track.side = (track.side * seen + detection.side) / (seen + 1)
    track.size = 0.5 * track.size + 0.5 * detection.size
    track.position, track.time_s = detection.position, time_s
    track.members.append(member)
