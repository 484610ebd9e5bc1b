"""Pictures for surfaces, drawn from noise: wood, plaster, bricks, tiles, cloth, paving, leaves, grass, concrete.

Every function takes a generator and returns a tileable picture, uint8 (size, size, 3), so that nothing has to be shipped
or downloaded and the same seed gives the same surface. Half the size costs a quarter of the time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Color = tuple[float, float, float]
Field2D = npt.NDArray[np.float64]

SIZE = 512


def noise(rng: np.random.Generator, size: int = SIZE, roughness: float = 1.0, stretch: tuple[float, float] = (1, 1)) -> Field2D:
    """Tileable noise (size, size) with mean 0 and standard deviation 1.

    Args:
        rng: Source of randomness.
        size: Side in pixels.
        roughness: Spectrum falls as 1 / frequency**roughness: 0 is grain, 2 is clouds.
        stretch: Frequencies along (rows, columns) are multiplied by this: (8, 1) gives long streaks along the columns.
    """
    rows = np.fft.fftfreq(size)[:, None] / stretch[0]
    columns = np.fft.rfftfreq(size)[None, :] / stretch[1]
    frequency = np.hypot(rows, columns) * size
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) / np.maximum(frequency, 1.0) ** roughness
    field = np.fft.irfft2(spectrum, s=(size, size))
    return (field - field.mean()) / max(field.std(), 1e-12)


def shaded(color: Color, shade: Field2D, tint: Field2D | None = None) -> Picture:
    """A colour made lighter and darker by `shade` and, where `tint` is positive, warmer; both (h, w) shares."""
    picture = np.asarray(color)[None, None, :] * (1 + shade[..., None])
    if tint is not None:
        picture = picture * (1 + tint[..., None] * np.array([1.0, 0.2, -0.8]))
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def wood(rng: np.random.Generator, color: Color = (0.62, 0.43, 0.26), planks: int = 4, *, size: int = SIZE) -> Picture:
    """Planks along the columns with wavy grain and dark joints."""
    rows = np.linspace(0, 1, size, endpoint=False)[:, None]
    warp = noise(rng, size, 1.6, (6, 1))
    grain = np.sin(2 * np.pi * (rows * planks * 5) + 1.3 * warp) * 0.045 + noise(rng, size, 0.7, (14, 1)) * 0.04
    plank = (rows * planks).astype(int)[:, 0] % planks
    shade = grain + (rng.uniform(-0.13, 0.13, planks)[plank])[:, None]
    joint = (np.arange(size) % (size // planks)) < max(1, 3 * size // SIZE)
    shade[joint] -= 0.45
    return shaded(color, shade, noise(rng, size, 1.5) * 0.03)


def plaster(rng: np.random.Generator, color: Color = (0.82, 0.79, 0.72), *, size: int = SIZE) -> Picture:
    """A painted wall: faint clouds and grain."""
    shade = noise(rng, size, 1.2) * 0.035 + noise(rng, size, 0.2) * 0.02
    return shaded(color, shade, noise(rng, size, 1.6) * 0.02)


def wallpaper(rng: np.random.Generator, color: Color = (0.72, 0.76, 0.7), stripes: int = 8, *, size: int = SIZE) -> Picture:
    """Vertical stripes with a small repeated ornament."""
    x = np.arange(size)[None, :] / size * stripes
    y = np.arange(size)[:, None] / size * stripes
    band = np.where((x % 1) < 0.5, 0.05, -0.06)
    ornament = np.hypot((x % 1) - 0.25, ((y + (x.astype(int) % 2) * 0.5) % 1) - 0.5) < 0.11
    return shaded(color, band - 0.28 * ornament + noise(rng, size, 0.8) * 0.02)


def damask(rng: np.random.Generator, color: Color = (0.7, 0.66, 0.58), count: int = 4, *, size: int = SIZE) -> Picture:
    """Wallpaper with rosettes of a drawn number of petals, every other row shifted."""
    y, x = np.mgrid[0:size, 0:size] / size * count
    x = x + 0.5 * (y.astype(int) % 2)
    u, v = (x % 1) - 0.5, (y % 1) - 0.5
    radius, angle = np.hypot(u, v * 0.8), np.arctan2(v, u)
    petals = int(rng.integers(4, 8))
    flower = radius < 0.2 + 0.12 * np.cos(petals * angle + rng.uniform(0, np.pi))
    shade = np.where(flower, rng.choice((-0.28, 0.2)), 0.0) - 0.25 * (radius < 0.07)
    return shaded(color, shade + noise(rng, size, 0.7) * 0.03, noise(rng, size, 1.5) * 0.02)


def bricks(
    rng: np.random.Generator, color: Color = (0.62, 0.3, 0.22), rows: int = 12, columns: int = 5, *, size: int = SIZE
) -> Picture:
    """Running-bond bricks, each with its own tone, in light mortar."""
    y, x = np.mgrid[0:size, 0:size] / size
    row = (y * rows).astype(int)
    shifted = x * columns + 0.5 * (row % 2)
    column = shifted.astype(int) % columns
    tone = rng.uniform(-0.22, 0.2, (rows, columns))[row, column]
    mortar = ((y * rows) % 1 < 0.1) | ((shifted % 1) < 0.05)
    shade = np.where(mortar, 0.35, tone) + noise(rng, size, 0.8) * 0.06
    return shaded(color, shade, np.where(mortar, -0.25, 0.03))


def tiles(
    rng: np.random.Generator, light: Color = (0.8, 0.78, 0.72), dark: Color = (0.42, 0.46, 0.5), count: int = 4,
    *, size: int = SIZE,
) -> Picture:  # fmt: skip
    """Square tiles in two alternating colours with grout."""
    y, x = np.mgrid[0:size, 0:size] / size * count
    odd = ((x.astype(int) + y.astype(int)) % 2).astype(bool)
    tone = rng.uniform(-0.06, 0.06, (count, count))[y.astype(int), x.astype(int)]
    grout = ((x % 1) < 0.03) | ((y % 1) < 0.03)
    marble = noise(rng, size, 1.4) * 0.05
    picture = np.where(odd[..., None], shaded(dark, tone + marble), shaded(light, tone + marble))
    picture[grout] = (96, 92, 86)
    return picture.astype(np.uint8)


def cloth(rng: np.random.Generator, color: Color = (0.3, 0.42, 0.6), threads: int = 64, *, size: int = SIZE) -> Picture:
    """Woven cloth, also good for carpets."""
    y, x = np.mgrid[0:size, 0:size] / size * threads * 2 * np.pi
    return shaded(color, 0.07 * np.sin(x) * np.sin(y) + noise(rng, size, 0.9) * 0.09)


def plaid(rng: np.random.Generator, color: Color = (0.5, 0.25, 0.25), bands: int = 6, *, size: int = SIZE) -> Picture:
    """Checked cloth: stripes of drawn widths and tones that cross."""
    tones = np.repeat(rng.uniform(-0.35, 0.45, bands * 4), rng.integers(1, 6, bands * 4))
    stripe = tones[np.arange(size) * len(tones) // size]
    return shaded(color, (stripe[:, None] + stripe[None, :]) / 2 + noise(rng, size, 0.5) * 0.05, stripe[:, None] * 0.2)


def carpet(rng: np.random.Generator, color: Color = (0.5, 0.2, 0.2), *, size: int = SIZE) -> Picture:
    """A patterned rug, not tileable: border bands around a field with medallions."""
    y, x = np.abs(np.mgrid[0:size, 0:size] / size - 0.5) * 2
    edge = np.maximum(x, y)
    accent, ground = rng.uniform(0.15, 0.85, 3), np.asarray(color)
    rings = np.sin(np.pi * (x + y) * int(rng.integers(3, 7))) * np.sin(np.pi * (x - y) * int(rng.integers(3, 7)))
    picture = np.where((rings > rng.uniform(0.0, 0.4))[..., None], accent, ground)
    picture[(edge > 0.80) & (edge < 0.93)] = accent * 0.6
    zigzag = np.abs(((x + y) * 18) % 1 - 0.5) < 0.2
    picture[(edge > 0.83) & (edge < 0.90) & zigzag] = 1 - (1 - ground) * 0.4
    return (np.clip(picture * (1 + noise(rng, size, 0.4)[..., None] * 0.07), 0, 1) * 255).astype(np.uint8)


def paving(rng: np.random.Generator, color: Color = (0.55, 0.54, 0.52), count: int = 6, *, size: int = SIZE) -> Picture:
    """Pavement slabs."""
    y, x = np.mgrid[0:size, 0:size] / size * count
    shifted = x + 0.5 * (y.astype(int) % 2)
    tone = rng.uniform(-0.12, 0.12, (count, count))[y.astype(int), shifted.astype(int) % count]
    gap = ((shifted % 1) < 0.03) | ((y % 1) < 0.03)
    return shaded(color, np.where(gap, -0.4, tone) + noise(rng, size, 0.5) * 0.07)


def asphalt(rng: np.random.Generator, color: Color = (0.3, 0.3, 0.32), *, size: int = SIZE) -> Picture:
    """Coarse dark grain."""
    return shaded(color, noise(rng, size, 0.15) * 0.2 + noise(rng, size, 1.5) * 0.08)


def concrete(rng: np.random.Generator, color: Color = (0.56, 0.55, 0.53), *, size: int = SIZE) -> Picture:
    """Stains, grain, a few cracks and one joint each way."""
    crack = np.abs(noise(rng, size, 1.8)) < 0.008
    shade = noise(rng, size, 1.5) * 0.08 + noise(rng, size, 0.3) * 0.05 - 0.25 * crack
    shade[: max(1, size // 128)] -= 0.3
    shade[:, : max(1, size // 128)] -= 0.3
    return shaded(color, shade)


def terrazzo(rng: np.random.Generator, color: Color = (0.72, 0.70, 0.66), *, size: int = SIZE) -> Picture:
    """Polished floor of stone chips in slabs."""
    chips = noise(rng, size, 0.45)
    shade = np.where(chips > 0.9, 0.18, np.where(chips < -1.0, -0.35, 0.0)) + noise(rng, size, 1.2) * 0.02
    seam = (np.arange(size) % (size // 2)) < max(1, size // 256)
    shade[seam] -= 0.3
    shade[:, seam] -= 0.3
    return shaded(color, shade, np.where(chips < -1.0, 0.15, 0.0))


def metal(rng: np.random.Generator, color: Color = (0.62, 0.63, 0.65), *, size: int = SIZE) -> Picture:
    """Brushed sheet metal with a few scratches."""
    return shaded(color, noise(rng, size, 0.6, (1, 16)) * 0.05 + noise(rng, size, 1.6) * 0.05)


def leaves(rng: np.random.Generator, color: Color = (0.24, 0.4, 0.18), *, size: int = SIZE) -> Picture:
    """Mottled green."""
    return shaded(color, noise(rng, size, 0.9) * 0.3, noise(rng, size, 1.2) * 0.12)


def grass(rng: np.random.Generator, color: Color = (0.30, 0.44, 0.20), flowers: float = 0.0, *, size: int = SIZE) -> Picture:
    """A lawn: blades, worn patches, and flowers on that share of the ground."""
    picture = shaded(color, noise(rng, size, 0.35, (1, 2)) * 0.2 + noise(rng, size, 1.4) * 0.10, noise(rng, size, 1.5) * 0.05)
    spots = np.argwhere(rng.random((size // 2, size // 2)) < flowers / 4) * 2
    for row, column in spots:
        picture[row : row + 2, column : column + 2] = (rng.uniform(0.6, 1.0, 3) * 255).astype(np.uint8)
    return picture


def gravel(rng: np.random.Generator, color: Color = (0.62, 0.56, 0.46), *, size: int = SIZE) -> Picture:
    """A path of small stones with tracks and fallen leaves."""
    stones = noise(rng, size, 0.3)
    litter = noise(rng, size, 0.5) > 2.6
    shade = np.tanh(stones) * 0.16 + noise(rng, size, 1.6) * 0.07
    return shaded(color, np.where(litter, -0.35, shade), np.where(litter, 0.25, 0.0))


def facade(
    rng: np.random.Generator, color: Color = (0.72, 0.62, 0.48), columns: int = 4, rows: int = 3, *, size: int = SIZE
) -> Picture:
    """A house front: plaster with framed windows and ledges."""
    y, x = np.mgrid[0:size, 0:size] / size
    u, v = (x * columns) % 1, (y * rows) % 1
    frame = (abs(u - 0.5) < 0.27) & (abs(v - 0.5) < 0.34)
    pane = (abs(u - 0.5) < 0.21) & (abs(v - 0.5) < 0.29) & (abs(u - 0.5) > 0.02) & (abs(v - 0.42) > 0.02)
    picture = shaded(color, noise(rng, size, 1.0) * 0.05)
    picture[frame] = shaded((0.9, 0.88, 0.84), noise(rng, size, 0.5) * 0.03)[frame]
    glass = rng.uniform(-0.35, 0.35, (rows, columns))[(y * rows).astype(int), (x * columns).astype(int)]
    picture[pane] = shaded((0.25, 0.33, 0.42), glass + noise(rng, size, 1.6) * 0.15)[pane]
    picture[v > 0.95] = (picture[v > 0.95] * 0.75).astype(np.uint8)
    return picture
