"""Random numbers that follow from what they are for: the same names and counters give the same numbers on any machine.

Counters are mixed by SplitMix64 (Steele, Lea & Flood 2014): whole arrays at a time, any element without those before it. So
what is drawn for one video, or for one frame beside another, does not depend on what else there is.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def key_of(*parts: str | int) -> np.uint64:
    """The stream of random numbers that belongs to some names and numbers."""
    text = "\x1f".join(str(part) for part in parts)
    return np.uint64(int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "little"))


def mix(*keys: npt.ArrayLike) -> Words:
    """Words that follow from some keys together (uint64 arrays that broadcast); their order matters."""
    with np.errstate(over="ignore"):  # wrapping round is what it does
        word = np.zeros((), np.uint64)
        for key in keys:
            word = (word ^ np.asarray(key).astype(np.uint64)) + _STEP
            word = (word ^ (word >> np.uint64(30))) * _FIRST
            word = (word ^ (word >> np.uint64(27))) * _SECOND
            word = word ^ (word >> np.uint64(31))
    return word


def uniform(*keys: npt.ArrayLike) -> Floats:
    """Numbers in (0, 1) that follow from some keys together, see `mix`."""
    return ((mix(*keys) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
