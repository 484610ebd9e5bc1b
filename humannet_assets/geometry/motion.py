"""Speed curves of wrists and bodies, and where to cut them: the pure part of segmentation (VITRA, PAPERS.md part 1)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.body_tracks import HIPS
from humannet_assets.perception.smoothing import interpolate_rotations, local_polynomial

Floats = npt.NDArray[np.float64]

_JOINTS = (11, 12, 13, 14, 15, 16, 25, 26, 27, 28)
"""MediaPipe's shoulders, elbows, wrists, knees and ankles."""


def wrist_velocity(
    times_s: Floats, position_m: Floats, camera_times_s: Floats, camera_rotvec: Floats, *, window_s: float, depth_weight: float
) -> Floats:
    """Wrist velocity in the orientation of the first camera, head turns removed.

    Positions in the camera frame are turned into the first camera's orientation before they are differentiated. The
    part of the velocity along the viewing ray is scaled by `depth_weight`, because monocular depth is several times
    noisier than the picture plane. The camera's own translation stays in (its scale is unknown).

    Args:
        times_s: (n,) sampling times of the track.
        position_m: (n, 3) wrist in the camera frame, metres.
        camera_times_s: (m,) sampling times of the trajectory; m = 0 for a camera that is not known to turn.
        camera_rotvec: (m, 3) rotation vectors camera <- first camera.
        window_s: Width of the window whose polynomial (order 2) gives the velocity.
        depth_weight: Weight of the component along the viewing ray, 0..1.

    Returns:
        (n, 3) m/s.
    """
    from scipy.spatial.transform import Rotation

    if len(camera_times_s):
        matrices = Rotation.from_rotvec(camera_rotvec).as_matrix()
        to_camera = interpolate_rotations(camera_times_s, matrices, times_s)
    else:
        to_camera = np.repeat(np.eye(3)[None], len(times_s), axis=0)
    world = np.einsum("nji,nj->ni", to_camera, position_m)  # the transpose turns camera into first-camera coordinates
    _, velocity = local_polynomial(times_s, world, window_s, 2)
    ray = world / np.maximum(np.linalg.norm(world, axis=1, keepdims=True), 1e-9)
    along = np.einsum("ni,ni->n", velocity, ray)[:, None] * ray
    return velocity - (1 - depth_weight) * along


def body_speed(times_s: Floats, world_m: Floats, visibility: Floats, *, window_s: float, min_visibility: float) -> Floats:
    """Root mean square speed of the visible joints of arms and legs against the hips, m/s, (n,); 0 where none is visible.

    Shoulders, elbows and knees count like wrists and ankles: who bends, turns or lifts a box moves them too, and the noise of
    one joint weighs less (resting against acting people are told apart at an area under the curve of .91; wrists and ankles
    alone: .89).

    Args:
        times_s: (n,) seconds.
        world_m: (n, 33, 3) metric landmarks, any origin.
        visibility: (n, 33) landmark visibility, 0..1.
        window_s: Width of the window whose line fit gives the velocity.
        min_visibility: Landmarks below count as unseen.
    """
    joints = world_m[:, _JOINTS] - world_m[:, HIPS].mean(axis=1, keepdims=True)
    _, velocity = local_polynomial(times_s, joints, window_s, 1)
    seen = visibility[:, _JOINTS] >= min_visibility
    squares = np.where(seen, (velocity**2).sum(axis=2), 0)
    return np.sqrt(squares.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))


def cut(
    times_s: Floats, speed: Floats, *, window_s: float, min_s: float, max_s: float, idle_speed: float, max_dip: float
) -> list[tuple[int, int]]:
    """Cut a speed curve into rests and atomic motions: where rest begins and ends, and at the minima between.

    Rest is `min_s` or more below `idle_speed`. Minima are samples that no other within half a window undercuts; they cut
    only where the speed falls to `max_dip` of the lower of the two peaks beside it, so that the steps of a walk and the
    strokes of a wave stay one motion. Pieces shorter than `min_s` are merged across the less pronounced of their two cuts,
    neighbouring idle pieces are joined into one rest, pieces longer than `max_s` are split evenly.

    Args:
        times_s: (n,) strictly increasing, seconds.
        speed: (n,) smoothed speed.
        window_s: Window in which a minimum must be the lowest.
        min_s: Shortest piece.
        max_s: Longest piece.
        idle_speed: Speed of a rest; pieces with a lower mean speed are idle.
        max_dip: Share of the lower peak, 0..1; 1 takes every minimum.

    Returns:
        Index pairs (first, last), both inclusive, that tile the curve: each piece starts at the sample where the one
        before it ends. Empty for fewer than 2 samples.
    """
    count = len(times_s)
    if count < 2:
        return []
    cuts = [0]
    for first, last, resting in _stretches(times_s, speed < idle_speed, min_s):
        part = slice(first, last + 1)
        inner = [] if resting else _motions(times_s[part], speed[part], window_s, min_s, max_dip)
        cuts += [*(first + at for at in inner), last]
    idle = [speed[a : b + 1].mean() < idle_speed for a, b in pairwise(cuts)]
    cuts = [at for i, at in enumerate(cuts) if not (0 < i < len(cuts) - 1 and idle[i - 1] and idle[i])]
    pieces: list[tuple[int, int]] = []
    for first, last in pairwise(cuts):
        parts = max(1, int(np.ceil((times_s[last] - times_s[first]) / max_s - 1e-9)))
        targets = np.linspace(times_s[first], times_s[last], parts + 1)[1:-1]
        edges = sorted({first, last, *np.searchsorted(times_s, targets).tolist()})
        pieces += list(pairwise(edges))
    return pieces


def _stretches(times_s: Floats, low: npt.NDArray[np.bool_], min_s: float) -> list[tuple[int, int, bool]]:
    """Rests and motions in turn: first and last sample, both inclusive and shared with the neighbour, and whether it rests.

    A rest holds only low samples, but for motions too short to be one.
    """
    low = low.copy()
    for resting in (True, False):
        # First short rests join the motion around them, then what is left of short motions the rest.
        for first, last, rests in _runs(low):
            if rests == resting and times_s[last] - times_s[first] < min_s:
                low[first : last + 1] = not resting
    return _runs(low)


def _runs(low: npt.NDArray[np.bool_]) -> list[tuple[int, int, bool]]:
    """Runs of equal values; those of high samples reach to the low ones beside them."""
    edges = [0, *(np.flatnonzero(np.diff(low.astype(int))) + 1).tolist(), len(low)]
    runs = []
    for start, stop in pairwise(edges):
        resting = bool(low[start])
        first, last = (start, stop - 1) if resting else (max(start - 1, 0), min(stop, len(low) - 1))
        runs.append((first, last, resting))
    return runs


def _motions(times_s: Floats, speed: Floats, window_s: float, min_s: float, max_dip: float) -> list[int]:
    """Samples at which a stretch of motion is cut."""
    cuts = [0, *minima(times_s, speed, window_s), len(times_s) - 1]
    while len(cuts) > 2:
        peaks = np.array([speed[a : b + 1].max() for a, b in pairwise(cuts)])
        dips = speed[cuts[1:-1]] / np.maximum(np.minimum(peaks[:-1], peaks[1:]), 1e-9)
        shallowest = int(dips.argmax())
        if dips[shallowest] <= max_dip:
            break
        del cuts[shallowest + 1]
    while len(cuts) > 2:
        lengths = np.diff(times_s[cuts])
        shortest = int(lengths.argmin())
        if lengths[shortest] >= min_s:
            break
        inner = [i for i in (shortest, shortest + 1) if 0 < i < len(cuts) - 1]
        del cuts[max(inner, key=lambda i: speed[cuts[i]])]
    return cuts[1:-1]


def minima(times_s: Floats, speed: Floats, window_s: float) -> list[int]:
    """Inner samples that are the lowest within half a window on either side; the first sample of a level stretch."""
    near = np.abs(times_s[:, None] - times_s[None]) <= window_s / 2 + 1e-9
    lowest = np.where(near, speed[None], np.inf).min(axis=1)
    earlier = near & (times_s[None] < times_s[:, None])
    # An equal value earlier in the window has already been taken.
    repeated = (earlier & (speed[None] <= speed[:, None])).any(axis=1)
    found = np.flatnonzero((speed <= lowest) & ~repeated)
    return [int(i) for i in found if 0 < i < len(times_s) - 1]


def group_spans(spans: list[tuple[float, float]], max_idle_s: float) -> list[list[int]]:
    """Indices of spans (start, end) that follow each other without a longer pause than `max_idle_s`, in time order."""
    groups: list[list[int]] = []
    reach = -np.inf
    for index in sorted(range(len(spans)), key=lambda i: spans[i]):
        start, end = spans[index]
        if not groups or start - reach > max_idle_s:
            groups.append([])
            reach = end
        groups[-1].append(index)
        reach = max(reach, end)
    return groups
