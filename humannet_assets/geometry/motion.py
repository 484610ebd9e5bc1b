"""Speed curves of wrists and bodies, and where to cut them: the pure part of segmentation (VITRA, PAPERS.md part 1)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from humannet_assets.perception.body_tracks import limb_speeds
from humannet_assets.perception.smoothing import interpolate_rotations, local_polynomial

Floats = npt.NDArray[np.float64]


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
    """Root mean square speed of the visible wrists and ankles against the hips, m/s, (n,); 0 where none is visible."""
    squares = limb_speeds(times_s, world_m, visibility, window_s, min_visibility) ** 2
    seen = np.isfinite(squares)
    return np.sqrt(np.where(seen, squares, 0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1))


def cut(
    times_s: Floats, speed: Floats, *, window_s: float, min_s: float, max_s: float, idle_speed: float
) -> list[tuple[int, int]]:
    """Cut a speed curve into atomic motions at its minima.

    Minima are samples that no other within half a window undercuts. Pieces shorter than `min_s` are merged across the
    less pronounced of their two cuts, neighbouring idle pieces are joined into one rest, pieces longer than `max_s`
    are split evenly.

    Args:
        times_s: (n,) strictly increasing, seconds.
        speed: (n,) smoothed speed.
        window_s: Window in which a minimum must be the lowest.
        min_s: Shortest piece.
        max_s: Longest piece.
        idle_speed: Pieces with a lower mean speed are idle.

    Returns:
        Index pairs (first, last), both inclusive, that tile the curve: each piece starts at the sample where the one
        before it ends. Empty for fewer than 2 samples.
    """
    count = len(times_s)
    if count < 2:
        return []
    cuts = [0, *minima(times_s, speed, window_s), count - 1]
    while len(cuts) > 2:
        lengths = np.diff(times_s[cuts])
        shortest = int(lengths.argmin())
        if lengths[shortest] >= min_s:
            break
        inner = [i for i in (shortest, shortest + 1) if 0 < i < len(cuts) - 1]
        del cuts[max(inner, key=lambda i: speed[cuts[i]])]
    idle = [speed[a : b + 1].mean() < idle_speed for a, b in pairwise(cuts)]
    cuts = [at for i, at in enumerate(cuts) if not (0 < i < len(cuts) - 1 and idle[i - 1] and idle[i])]
    pieces: list[tuple[int, int]] = []
    for first, last in pairwise(cuts):
        parts = max(1, int(np.ceil((times_s[last] - times_s[first]) / max_s - 1e-9)))
        targets = np.linspace(times_s[first], times_s[last], parts + 1)[1:-1]
        edges = sorted({first, last, *np.searchsorted(times_s, targets).tolist()})
        pieces += list(pairwise(edges))
    return pieces


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
