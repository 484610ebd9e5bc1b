"""A video's perceptual signature: 64 signs of a small cosine transform per sample.

The picture is reduced to 32x32 grey levels and transformed; the signs of the lowest 8x8 coefficients survive re-encoding,
rescaling and tone changes. Mirroring and turning the picture only flips signs and transposes the coefficients, so the
hash of the mirrored or turned picture follows from the stored hash (`transform_hash`) and no second hash is stored.
Bit 0 (the mean, which carries nothing) says instead whether the sample has enough texture to be told apart.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SIDE_PX = 32
HASH_SIDE = 8
TEXTURE_MIN = 6.0
"""Standard deviation of the grey levels (0-255) below which a sample counts as flat (our choice: black frames with
compression noise measure below 2, dim night footage above 8)."""

TRANSFORMS = ("none", "rot90", "rot180", "rot270", "mirror", "mirror90", "mirror180", "mirror270")
"""The eight ways to turn (clockwise) a picture or its left-right mirror image: mirror90 is mirrored first, then turned."""

Hashes = npt.NDArray[np.uint64]


def hash_picture(grey: npt.NDArray[np.uint8]) -> int:
    """Signed 64-bit hash of a grey picture (SIDE_PX, SIDE_PX); bit 0 is set when the picture has texture."""
    import cv2

    pixels = grey.astype(np.float32)
    coefficients = cv2.dct(pixels - pixels.mean())[:HASH_SIDE, :HASH_SIDE]
    bits = (coefficients > 0).ravel()
    bits[0] = pixels.std() >= TEXTURE_MIN
    return int(np.packbits(bits, bitorder="little").view(np.int64)[0])


def as_hashes(values: list[int] | npt.ArrayLike) -> Hashes:
    """Stored signed hashes as an array (n,) of uint64."""
    return np.asarray(values, dtype=np.int64).view(np.uint64)


def is_textured(hashes: Hashes) -> npt.NDArray[np.bool_]:
    """Which samples have enough texture to be compared, (n,) bool."""
    return (hashes & np.uint64(1)).astype(bool)


@lru_cache(maxsize=1)
def _index_maps() -> dict[str, tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]]:
    rows, columns = np.mgrid[0:HASH_SIDE, 0:HASH_SIDE]
    position = (rows * HASH_SIDE + columns).ravel()
    transposed = position.reshape(HASH_SIDE, HASH_SIDE).T.ravel()
    odd_row, odd_column = (rows % 2 == 1).ravel(), (columns % 2 == 1).ravel()
    return {
        "none": (position, np.zeros(64, bool)),
        "mirror": (position, odd_column),
        "rot180": (position, odd_row ^ odd_column),
        # Clockwise quarter turn: new[r, c] = old[last - c, r], a transpose followed by a left-right mirror.
        "rot90": (transposed, odd_column),
        "rot270": (transposed, odd_row),
        "mirror90": (transposed, odd_row ^ odd_column),
        "mirror180": (position, odd_row),
        "mirror270": (transposed, np.zeros(64, bool)),
    }


def transform_hash(hashes: Hashes, transform: str) -> Hashes:
    """Hashes the same samples would have after turning the picture clockwise or mirroring it left to right."""
    source, flip = _index_maps()[transform]
    bits = np.unpackbits(np.ascontiguousarray(hashes).view(np.uint8).reshape(-1, 8), axis=1, bitorder="little").astype(bool)
    turned = bits[:, source] ^ flip
    turned[:, 0] = bits[:, 0]
    return np.ascontiguousarray(np.packbits(turned, axis=1, bitorder="little")).view(np.uint64).ravel()


def hamming(left: Hashes, right: Hashes) -> npt.NDArray[np.float64]:
    """Share of differing hash bits, broadcast like `left ^ right`; the texture bit is left out."""
    different = (left ^ right) & ~np.uint64(1)
    return np.bitwise_count(different) / 63.0
