"""How far human actions are from the truth, on simulated footage: `python benchmarks/human_actions.py STORE`.

STORE must hold `human_episodes` of videos with sidecars (`humannet simulate --profile robot`, then `humannet ingest`). Compared
is every third chunk after 4, 8 and 16 steps: the shift of the wrist across and along the line of sight, its rotation, the grip,
and beside each how much there was to get right. A policy trained on these actions cannot be better than they are.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from humannet_assets.media.sidecar import Side, Sidecar, parse_sidecar, sidecar_path
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.tables import VIDEO_FILES
from humannet_assets.vla.actions import HANDS
from humannet_assets.vla.chunks import EpisodeChoice, EpisodeChunks, read_episodes
from humannet_assets.vla.motion import SIDES
from humannet_assets.vla.retarget import fingertips, hand_frames, openings
from humannet_assets.vla.settings import GripperConfig

STEPS = (4, 8, 16)
EVERY = 3

Found = defaultdict[str, list[float]]


def main(root: str) -> None:
    """Compare and print."""
    store = LanceStore(root)
    places = dict(store.read(VIDEO_FILES, ["video_id", "uri"], "outcome = 'kept'").iter_rows())
    found: Found = defaultdict(list)
    for item in read_episodes(store, EpisodeChoice(kind="human", robot_ready=False)):
        path = sidecar_path(Path(places[item.video_id]))
        if path.is_file():
            sidecar = parse_sidecar(path.read_text(encoding="utf-8"), str(path))
            for hand, side in enumerate(SIDES):
                compare(item, sidecar, hand, side, found)
    if not found:
        sys.exit(f"{root} holds no human episode with a sidecar beside its video")
    print(f"{'':28}{'count':>7}{'median':>10}{'p90':>10}")
    for name, values in found.items():
        print(f"{name:28}{len(values):7}{np.median(values):10.3f}{np.quantile(values, 0.9):10.3f}")
    print(f"correlation of grips: {np.corrcoef(found['grip, true'], found['grip, found'])[0, 1]:.2f}")


def compare(item: EpisodeChunks, sidecar: Sidecar, hand: int, side: Side, found: Found) -> None:
    """Errors of one hand's chunks."""
    nobody = np.full((21, 3), np.nan)
    seen = np.array([frame.hands[side].points_m() if side in frame.hands else nobody for frame in sidecar.frames])
    cameras = np.array([frame.camera for frame in sidecar.frames], np.float64)
    world = np.einsum("tij,tkj->tki", cameras[:, :3, :3], seen) + cameras[:, None, :3, 3]
    axes = hand_frames(np.nan_to_num(world).astype(np.float64), side)
    times_s = np.array([frame.time_s for frame in sidecar.frames])
    slots, gripper = HANDS[hand], GripperConfig()
    for number in range(0, len(item), EVERY):
        start_s = item.chunks.anchor_s[number]
        first = int(np.abs(times_s - start_s).argmin())
        turn = cameras[first, :3, :3].T
        for steps in STEPS:
            last = int(np.abs(times_s - start_s - steps / 15).argmin())
            known = item.chunks.mask[number, steps - 1, slots.position].all()
            if not (known and np.isfinite(world[[first, last]]).all()):
                continue
            action = item.chunks.actions[number, steps - 1]
            true = turn @ (world[last, 0] - world[first, 0])
            off = (action[slots.position] - true) * 1000
            found[f"{steps} steps: moved, mm"].append(float(np.linalg.norm(true)) * 1000)
            found[f"{steps} steps: across, mm"].append(float(np.linalg.norm(off[:2])))
            found[f"{steps} steps: in depth, mm"].append(abs(float(off[2])))
            rotation = Rotation.from_matrix(turn @ axes[last] @ axes[first].T @ turn.T)
            error = (rotation.inv() * Rotation.from_rotvec(action[slots.rotation])).magnitude()
            found[f"{steps} steps: turned, deg"].append(float(np.degrees(rotation.magnitude())))
            found[f"{steps} steps: rotation, deg"].append(float(np.degrees(error)))
            if steps == STEPS[0]:
                thumb, finger = fingertips(np.asarray(world[last : last + 1], np.float64), side, gripper)[0]
                grip = float(openings(np.array([np.linalg.norm(finger - thumb)], np.float64), gripper)[0])
                found["grip, true"].append(grip)
                found["grip, found"].append(float(action[slots.grip]))
                found["grip, error"].append(abs(grip - float(action[slots.grip])))
                state = item.chunks.state[number, slots.position]
                found["wrist in the camera, mm"].append(float(np.linalg.norm(state - seen[first, 0])) * 1000)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: human_actions.py STORE")
    main(sys.argv[1])
