"""Simulated footage: frames per second of one core, from plan to finished file, with and without depth.

One process with one rendering thread makes each file as a worker of `humannet simulate` does: planning, posing, rendering,
truth, H.264, sidecar. CPU time is what counts: cores are shared.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from humannet_assets.simulator.shots import Footage

SECONDS = 8.0
RATE = 15.0


def run(_rows: int) -> None:
    """Make a file of every kind and print its speed against real time."""
    # One thread: before the renderer is loaded.
    os.environ["LP_NUM_THREADS"] = "1"
    from humannet_assets.simulator.cases import BULK_ENCODING, BULK_QUALITY, Case, Rendered, Take
    from humannet_assets.simulator.nobody import nobody_shot
    from humannet_assets.simulator.people import exo_shot
    from humannet_assets.simulator.produce import make_case
    from humannet_assets.simulator.shots import MapSize
    from humannet_assets.simulator.wearer import Life, ego_shot, life_shot, walk_shot

    shots = {
        "hands at a table": partial(ego_shot, duration_s=SECONDS),
        "a walk": partial(walk_shot, duration_s=SECONDS),
        "a life at home": partial(_life, life_shot, Life("a", 1, "kitchen_homebody")),
        "a person": partial(exo_shot, duration_s=SECONDS),
        "traffic": partial(nobody_shot, "traffic", duration_s=SECONDS),
        "a screen": partial(nobody_shot, "screen_recording", duration_s=SECONDS),
    }
    print(f"  {'320x240, 15 frames/s':22s} {'frames/CPU s':>12s} {'x real time':>12s} {'kB/s':>8s}")
    for name, make in shots.items():
        plain = Rendered(
            "bench", 7, "kept", takes=(Take(make, SECONDS),), rate=RATE, size=(320, 240), quality=BULK_QUALITY,
            encoding=BULK_ENCODING,
        )  # fmt: skip
        cases: dict[str, Case] = {name: plain}
        if name == "a life at home":
            cases[f"{name}, depth"] = replace(plain, maps=MapSize(5, 80, 60))
        for label, case in cases.items():
            with tempfile.TemporaryDirectory() as folder:
                began = time.process_time()
                sidecar, size = make_case(case, Path(folder))
                cpu_s = time.process_time() - began
            speed = sidecar.frame_count / cpu_s
            print(f"  {label:22s} {speed:12.1f} {speed / RATE:12.2f} {size / SECONDS / 1000:8.0f}")


def _life(make: Callable[..., Footage], life: object, rng: object) -> Footage:
    """File 0 of a life, which draws for itself."""
    return make(life, 0, SECONDS)
