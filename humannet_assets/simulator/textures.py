"""Pictures for surfaces, drawn from noise: wood, plaster, bricks, tiles, cloth, paving, leaves.

Every function takes a generator and returns a tileable picture, uint8 (size, size, 3), so that nothing has to be shipped
or downloaded and the same seed gives the same surface.
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


def _paint(color: Color, shade: Field2D, tint: Field2D | None = None) -> Picture:
    picture = np.asarray(color)[None, None, :] * (1 + shade[..., None])
    if tint is not None:
        picture = picture * (1 + tint[..., None] * np.array([1.0, 0.2, -0.8]))
    return (np.clip(picture, 0, 1) * 255).astype(np.uint8)


def wood(rng: np.random.Generator, color: Color = (0.62, 0.43, 0.26), planks: int = 4) -> Picture:
    """Planks along the columns with wavy grain and dark joints."""
    rows = np.linspace(0, 1, SIZE, endpoint=False)[:, None]
    warp = noise(rng, roughness=1.6, stretch=(6, 1))
    grain = np.sin(2 * np.pi * (rows * planks * 5) + 1.3 * warp) * 0.045 + noise(rng, roughness=0.7, stretch=(14, 1)) * 0.04
    plank = (rows * planks).astype(int)[:, 0] % planks
    shade = grain + (rng.uniform(-0.13, 0.13, planks)[plank])[:, None]
    joint = (np.arange(SIZE) % (SIZE // planks)) < 3
    shade[joint] -= 0.45
    return _paint(color, shade, noise(rng, roughness=1.5) * 0.03)


def plaster(rng: np.random.Generator, color: Color = (0.82, 0.79, 0.72)) -> Picture:
    """A painted wall: faint clouds and grain."""
    return _paint(color, noise(rng, roughness=1.2) * 0.035 + noise(rng, roughness=0.2) * 0.02, noise(rng, roughness=1.6) * 0.02)


def wallpaper(rng: np.random.Generator, color: Color = (0.72, 0.76, 0.7), stripes: int = 8) -> Picture:
    """Vertical stripes with a small repeated ornament."""
    x = np.arange(SIZE)[None, :] / SIZE * stripes
    y = np.arange(SIZE)[:, None] / SIZE * stripes
    band = np.where((x % 1) < 0.5, 0.05, -0.06)
    ornament = np.hypot((x % 1) - 0.25, ((y + (x.astype(int) % 2) * 0.5) % 1) - 0.5) < 0.11
    return _paint(color, band - 0.28 * ornament + noise(rng, roughness=0.8) * 0.02)


def bricks(rng: np.random.Generator, color: Color = (0.62, 0.3, 0.22), rows: int = 12, columns: int = 5) -> Picture:
    """Running-bond bricks, each with its own tone, in light mortar."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    row = (y * rows).astype(int)
    shifted = x * columns + 0.5 * (row % 2)
    column = shifted.astype(int) % columns
    tone = rng.uniform(-0.22, 0.2, (rows, columns))[row, column]
    mortar = ((y * rows) % 1 < 0.1) | ((shifted % 1) < 0.05)
    shade = np.where(mortar, 0.35, tone) + noise(rng, roughness=0.8) * 0.06
    return _paint(color, shade, np.where(mortar, -0.25, 0.03))


def tiles(
    rng: np.random.Generator, light: Color = (0.8, 0.78, 0.72), dark: Color = (0.42, 0.46, 0.5), count: int = 4
) -> Picture:
    """Square tiles in two alternating colours with grout."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE * count
    odd = ((x.astype(int) + y.astype(int)) % 2).astype(bool)
    tone = rng.uniform(-0.06, 0.06, (count, count))[y.astype(int), x.astype(int)]
    grout = ((x % 1) < 0.03) | ((y % 1) < 0.03)
    marble = noise(rng, roughness=1.4) * 0.05
    picture = np.where(odd[..., None], _paint(dark, tone + marble), _paint(light, tone + marble))
    picture[grout] = (96, 92, 86)
    return picture.astype(np.uint8)


def cloth(rng: np.random.Generator, color: Color = (0.3, 0.42, 0.6), threads: int = 64) -> Picture:
    """Woven cloth, also good for carpets."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE * threads * 2 * np.pi
    return _paint(color, 0.07 * np.sin(x) * np.sin(y) + noise(rng, roughness=0.9) * 0.09)


def paving(rng: np.random.Generator, color: Color = (0.55, 0.54, 0.52), count: int = 6) -> Picture:
    """Pavement slabs."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE * count
    shifted = x + 0.5 * (y.astype(int) % 2)
    tone = rng.uniform(-0.12, 0.12, (count, count))[y.astype(int), shifted.astype(int) % count]
    gap = ((shifted % 1) < 0.03) | ((y % 1) < 0.03)
    return _paint(color, np.where(gap, -0.4, tone) + noise(rng, roughness=0.5) * 0.07)


def asphalt(rng: np.random.Generator, color: Color = (0.3, 0.3, 0.32)) -> Picture:
    """Coarse dark grain."""
    return _paint(color, noise(rng, roughness=0.15) * 0.2 + noise(rng, roughness=1.5) * 0.08)


def leaves(rng: np.random.Generator, color: Color = (0.24, 0.4, 0.18)) -> Picture:
    """Mottled green."""
    return _paint(color, noise(rng, roughness=0.9) * 0.3, noise(rng, roughness=1.2) * 0.12)


def facade(rng: np.random.Generator, color: Color = (0.72, 0.62, 0.48), columns: int = 4, rows: int = 3) -> Picture:
    """A house front: plaster with framed windows and ledges."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    u, v = (x * columns) % 1, (y * rows) % 1
    frame = (abs(u - 0.5) < 0.27) & (abs(v - 0.5) < 0.34)
    pane = (abs(u - 0.5) < 0.21) & (abs(v - 0.5) < 0.29) & (abs(u - 0.5) > 0.02) & (abs(v - 0.42) > 0.02)
    picture = _paint(color, noise(rng, roughness=1.0) * 0.05)
    picture[frame] = _paint((0.9, 0.88, 0.84), noise(rng, roughness=0.5) * 0.03)[frame]
    glass = rng.uniform(-0.35, 0.35, (rows, columns))[(y * rows).astype(int), (x * columns).astype(int)]
    picture[pane] = _paint((0.25, 0.33, 0.42), glass + noise(rng, roughness=1.6) * 0.15)[pane]
    picture[v > 0.95] = (picture[v > 0.95] * 0.75).astype(np.uint8)
    return picture
