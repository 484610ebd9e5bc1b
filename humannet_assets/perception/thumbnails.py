"""The small picture of a clip on which a person can check what the models found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from humannet_assets.media.frames import Frame

if TYPE_CHECKING:
    from humannet_assets.perception.clip_signals import Look

HAND_COLOR, BODY_COLOR, FACE_COLOR = (255, 196, 0), (0, 200, 255), (255, 80, 160)
HAND_BONES = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))
BODY_BONES = (
    (11, 12),
    (11, 13),
    (13, 15),
    (12, 14),
    (14, 16),
    (11, 23),
    (12, 24),
    (23, 24),
    (23, 25),
    (25, 27),
    (24, 26),
    (26, 28),
)
_JPEG_QUALITY = 80


def draw_thumbnail(looks: Sequence[Look], frames: Sequence[Frame], side_px: int) -> tuple[float, bytes]:
    """JPEG of the look with most detections (the middle frame without any), with skeletons and face boxes drawn on it.

    Returns:
        The picture's time in seconds, and the JPEG's bytes.
    """
    import cv2

    best = max(looks, key=lambda look: len(look.hands) + len(look.faces) + look.best_body, default=None)
    middle = frames[len(frames) // 2]
    source, time_s = (best.rgb, best.time_s) if best else (middle.rgb, middle.time_s)
    picture = Frame(0, time_s, source).at_most(side_px).copy()
    scale = picture.shape[1] / source.shape[1]

    def line(a: np.ndarray, b: np.ndarray, color: tuple[int, int, int]) -> None:
        (ax, ay), (bx, by) = np.round(a * scale).astype(int), np.round(b * scale).astype(int)
        cv2.line(picture, (int(ax), int(ay)), (int(bx), int(by)), color, 1, cv2.LINE_AA)

    for hand in best.hands if best else ():
        for start, end in HAND_BONES:
            line(hand.landmarks_px[start], hand.landmarks_px[end], HAND_COLOR)
    for body in best.bodies if best else ():
        for start, end in BODY_BONES:
            if min(body.visibility[start], body.visibility[end]) > 0.3:
                line(body.landmarks_px[start], body.landmarks_px[end], BODY_COLOR)
    for face in best.faces if best else ():
        x0, y0, x1, y1 = (round(value * scale) for value in face.box)
        cv2.rectangle(picture, (x0, y0), (x1, y1), FACE_COLOR, 1, cv2.LINE_AA)
    encoded, jpeg = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not encoded:
        raise ValueError(f"a picture of {picture.shape} could not be encoded as JPEG")
    return time_s, jpeg.tobytes()
