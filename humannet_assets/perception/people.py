"""What a single hand, body or face says about people: plausibility of a body, and whose hand it can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.detectors import Body, Box, Face, Hand

# MediaPipe pose landmark numbers: left, right.
NOSE = 0
SHOULDERS, ELBOWS, WRISTS = (11, 12), (13, 14), (15, 16)
HIPS, KNEES, ANKLES = (23, 24), (25, 26), (27, 28)
# Length of a segment in the model's metric landmarks at which a person's proportions are certainly not, and surely, met.
# An adult's are .30 / .45 / .25 / .23 m; animals and clutter that the pose model takes for people come out far shorter.
_PROPORTIONS_M = {"shoulders": (0.14, 0.24), "torso": (0.25, 0.36), "upper_arm": (0.12, 0.20), "forearm": (0.09, 0.17)}


def ramp(value: float, low: float, high: float) -> float:
    """0 below `low`, 1 above `high`, straight in between (falling when low > high)."""
    if low == high:
        return float(value >= high)
    return float(np.clip((value - low) / (high - low), 0.0, 1.0))


def body_plausibility(body: Body) -> float:
    """How far a detected body is a person's, 0..1: visible trunk and limbs, human proportions, head above hips.

    The pose model fits a human skeleton to whatever it was pointed at (dogs, bushes, clutter). What gives such fits away are
    limbs it cannot see, arms too short for the trunk, and trunks that lie on their head.
    """
    seen, world = body.visibility, body.world_m
    trunk = float(min(seen[list(SHOULDERS)].mean(), max(seen[list(HIPS)].mean(), 0.6)))
    elbow, wrist, knee = (float(seen[list(pair)].max()) for pair in (ELBOWS, WRISTS, KNEES))
    limbs = (elbow + max(wrist, knee)) / 2
    lengths = {
        "shoulders": _distance(world[SHOULDERS[0]], world[SHOULDERS[1]]),
        "torso": _distance(world[list(SHOULDERS)].mean(axis=0), world[list(HIPS)].mean(axis=0)),
        "upper_arm": max(_distance(world[SHOULDERS[side]], world[ELBOWS[side]]) for side in (0, 1)),
        "forearm": max(_distance(world[ELBOWS[side]], world[WRISTS[side]]) for side in (0, 1)),
    }
    proportions = float(np.prod([ramp(lengths[name], *limits) for name, limits in _PROPORTIONS_M.items()])) ** 0.5
    return trunk * limbs * proportions * (0.35 + 0.65 * ramp(body_upright(body), -0.3, 0.3))


def body_upright(body: Body) -> float:
    """Cosine of the angle between the trunk (hips to shoulders) and the picture's up direction: 1 upright, -1 on its head."""
    trunk = body.landmarks_px[list(HIPS)].mean(axis=0) - body.landmarks_px[list(SHOULDERS)].mean(axis=0)
    length = float(np.linalg.norm(trunk))
    return float(trunk[1]) / length if length > 1e-6 else 0.0


def face_on_body(face: Face, bodies: Sequence[Body]) -> bool:
    """True if the face's box holds the nose of a body: two models agree on a person."""
    x0, y0, x1, y1 = face.box
    return any(x0 <= body.landmarks_px[NOSE][0] <= x1 and y0 <= body.landmarks_px[NOSE][1] <= y1 for body in bodies)


def box_area(box: Box, width: int, height: int) -> float:
    """Area of the part of a box inside the picture, as a share of the picture."""
    x0, y0, x1, y1 = np.clip(box, 0, (width, height, width, height))
    return float((x1 - x0) * (y1 - y0) / (width * height))


def hand_entry(hand: Hand, width: int, height: int) -> float:
    """How much the hand comes into the picture as a wearer's own hand does, 0..1.

    The forearm is taken to go on from the middle knuckle through the wrist; where that line leaves the picture decides. Over
    the lower edge speaks for the wearer, over the upper edge against. Over the side edges: for the wearer when it is the hand
    of that side and leaves through the lower part; a facing person's hands come from the other sides.
    """
    wrist, knuckle = hand.landmarks_px[0].astype(float), hand.landmarks_px[9].astype(float)
    direction = wrist - knuckle
    if np.linalg.norm(direction) < 1e-3:
        return 0.5
    exit_x, exit_y = _leave(wrist, direction, width, height)
    if exit_y >= height - 1:
        return 1.0
    if exit_y <= 1:
        return 0.0
    side = "left" if exit_x < width / 2 else "right"
    low = ramp(exit_y / height, 0.35, 0.65)
    return low * (1.0 if hand.side == side else 0.5)


def _leave(start: npt.NDArray[np.float64], direction: npt.NDArray[np.float64], width: int, height: int) -> tuple[float, float]:
    """Where a ray from `start` leaves the picture; `start` itself when that lies outside already."""
    x, y = start
    if not (0 <= x < width and 0 <= y < height):
        return float(np.clip(x, 0, width)), float(np.clip(y, 0, height))
    steps = []
    for position, slope, limit in ((x, direction[0], width), (y, direction[1], height)):
        if slope > 1e-9:
            steps.append((limit - position) / slope)
        elif slope < -1e-9:
            steps.append(-position / slope)
    step = min(steps)
    return float(x + step * direction[0]), float(y + step * direction[1])


def _distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    return float(np.linalg.norm(a - b))
