"""Gaps, outliers and noise in sampled tracks: pure numpy/scipy functions over times and values.

Everything works on real sampling times, so tracks of variable-rate footage need no resampling. Arrays are float64;
times are seconds, strictly increasing, shape (n,); values have shape (n, ...).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def window_samples(times_s: Floats, window_s: float, order: int) -> int:
    """Odd number of samples that covers `window_s` at the track's median sampling interval.

    At 30 Hz a window of 11/30 s gives the 11 samples of the published filter; at lower rates it never falls below
    `order` + 2, the shortest odd-or-next window in which a polynomial of that order still averages anything.
    """
    if len(times_s) < 2:
        return 1
    interval_s = float(np.median(np.diff(times_s)))
    samples = max(round(window_s / max(interval_s, 1e-6)), order + 2)
    return samples if samples % 2 else samples + 1


def local_polynomial(times_s: Floats, values: Floats, window_s: float, order: int = 3) -> tuple[Floats, Floats]:
    """Savitzky-Golay smoothing on real times: a polynomial fitted around each sample, its value and its slope.

    On equidistant times this equals `scipy.signal.savgol_filter(mode="interp")` with the same window and order
    (PAPERS.md: 11 samples, order 3 at 30 Hz); polynomials up to `order` pass unchanged at any sampling.

    Args:
        times_s: (n,) strictly increasing sampling times, seconds.
        values: (n, ...) finite samples; fill gaps first with `interpolate_gaps`.
        window_s: Width of the window, seconds.
        order: Degree of the polynomial; lowered where a track has too few samples.

    Returns:
        Smoothed values (n, ...) and their derivative per second (n, ...).
    """
    count = len(times_s)
    if count < 2:
        return values.astype(np.float64, copy=True), np.zeros_like(values, dtype=np.float64)
    width = min(window_samples(times_s, window_s, order), count)
    degree = min(order, width - 1)
    starts = np.clip(np.arange(count) - width // 2, 0, count - width)
    index = starts[:, None] + np.arange(width)  # (n, width)
    offsets = times_s[index] - times_s[:, None]
    scale = np.maximum(np.abs(offsets).max(axis=1), 1e-9)  # conditions the Vandermonde matrices
    powers = (offsets / scale[:, None])[..., None] ** np.arange(degree + 1)  # (n, width, degree + 1)
    weights = np.linalg.pinv(powers)  # (n, degree + 1, width)
    flat = values.reshape(count, -1)[index]  # (n, width, k)
    smoothed = np.einsum("nw,nwk->nk", weights[:, 0], flat).reshape(values.shape)
    slope = np.einsum("nw,nwk->nk", weights[:, 1], flat) / scale[:, None]
    return smoothed, slope.reshape(values.shape)


def interpolate_gaps(times_s: Floats, values: Floats, valid: Bools) -> Floats:
    """Fill invalid samples linearly in time; before the first and after the last valid one its value is held.

    Args:
        times_s: (n,) seconds.
        values: (n, ...); invalid entries may hold anything, NaN included.
        valid: (n,) which entries to trust.

    Returns:
        (n, ...) with every entry finite; all zeros when nothing is valid.
    """
    count = len(times_s)
    flat = values.reshape(count, -1).astype(np.float64, copy=True)
    if not valid.any():
        return np.zeros_like(values, dtype=np.float64)
    known = times_s[valid]
    for column in range(flat.shape[1]):
        flat[~valid, column] = np.interp(times_s[~valid], known, flat[valid, column])
    return flat.reshape(values.shape)


def interpolate_rotations(times_s: Floats, rotations: Floats, query_s: Floats) -> Floats:
    """Spherical interpolation of rotation matrices (n, 3, 3) at `query_s` (m,); held beyond both ends. Returns (m, 3, 3)."""
    from scipy.spatial.transform import Rotation, Slerp

    if len(times_s) == 1:
        return np.repeat(rotations[:1], len(query_s), axis=0)
    slerp = Slerp(times_s, Rotation.from_matrix(rotations))
    return slerp(np.clip(query_s, times_s[0], times_s[-1])).as_matrix()


def smooth_rotations(times_s: Floats, rotations: Floats, window_s: float, order: int = 1) -> Floats:
    """Chordal local-polynomial mean of rotation matrices (n, 3, 3), projected back onto the rotations."""
    smoothed, _ = local_polynomial(times_s, rotations, window_s, order)
    return nearest_rotations(smoothed)


def nearest_rotations(matrices: Floats) -> Floats:
    """Proper rotation (determinant +1) nearest to each 3x3 matrix in the Frobenius norm; (n, 3, 3) -> (n, 3, 3)."""
    left, _, right = np.linalg.svd(matrices)
    sign = np.sign(np.linalg.det(left @ right))
    left[..., :, 2] *= np.where(sign == 0, 1.0, sign)[..., None]
    return left @ right


def speed_outliers(times_s: Floats, positions: Floats, valid: Bools, mad_factor: float, floor: float) -> Bools:
    """Samples that jump away and back: slower of both neighbouring speeds > max(median + k MAD, floor).

    The slower side is used so that a spike is blamed on its own sample and not on its neighbours, and the floor keeps
    real reaches of a hand that otherwise rests (whose MAD is tiny). Ends are judged by their one neighbour only when
    that neighbour is itself no jump.

    MAD is the plain median absolute deviation, as the rule states it (not scaled to a normal distribution's sigma).

    Args:
        times_s: (n,) seconds.
        positions: (n, d); only valid entries are used.
        valid: (n,) observed samples.
        mad_factor: k of PAPERS.md (5).
        floor: Speed below which nothing is an outlier, in the unit of `positions` per second.

    Returns:
        (n,) True where a valid sample should be discarded and interpolated.
    """
    outliers = np.zeros(len(times_s), dtype=bool)
    index = np.flatnonzero(valid)
    if len(index) < 4:
        return outliers
    steps = np.linalg.norm(np.diff(positions[index], axis=0), axis=1) / np.maximum(np.diff(times_s[index]), 1e-6)
    median = np.median(steps)
    threshold = max(median + mad_factor * np.median(np.abs(steps - median)), floor)
    fast = steps > threshold
    inner = fast[:-1] & fast[1:]
    first = fast[0] and not inner[0]
    last = fast[-1] and not inner[-1]
    outliers[index] = np.concatenate(([first], inner, [last]))
    return outliers
