"""Make the pictures of docs/simulator.md: `python docs/images/simulator.py` (some minutes)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from humannet_assets.simulator.cameras import look_at
from humannet_assets.simulator.cases import BULK_QUALITY
from humannet_assets.simulator.encoding import read_video
from humannet_assets.simulator.places import PLACES, make_place
from humannet_assets.simulator.robot.env import TabletopEnv
from humannet_assets.simulator.robot.episodes import record_episode
from humannet_assets.simulator.robot.expert import Expert
from humannet_assets.simulator.wearer.walking import Walk

HERE = Path(__file__).parent
LIBRARY = HERE.parents[1] / "sample_library"
SEED = 5
TILE = (240, 180)
ACTORS = (
    "ego_hands_pour", "ego_hands_drawer", "ego_hands_tray", "ego_hands_wipe", "ego_walk_street", "life_anna_0",
    "exo_carry_box", "exo_two_people", "exo_sit_drink", "exo_wave", "exo_lift_arms", "control_surveillance",
    "empty_room_ball", "empty_room_light", "static_table", "dashcam", "traffic", "screen",
)  # fmt: skip


def titled(picture: np.ndarray, title: str) -> np.ndarray:
    """A tile with its name in the corner."""
    image = Image.fromarray(picture).resize(TILE)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 6 * len(title) + 6, 13), fill=(0, 0, 0))
    draw.text((3, 1), title, fill=(255, 255, 255))
    return np.asarray(image)


def place_row(kind: str) -> np.ndarray:
    """A walker's view twice, a worker's, a tripod's, a surveillance camera's."""
    place = make_place(kind, SEED)
    with place.builder.build(*TILE, 60.0, quality=BULK_QUALITY) as world:
        walk = Walk(np.random.default_rng(1), place.routes[0], 10.0)
        views = [walk.camera(1.0), walk.camera(6.0)]
        if place.stations:
            views.append(place.stations[0].frame() @ look_at(np.array([0, 0.18, 0.5]), np.array([0, 0.42, 0.0])))
        views += [look_at(np.array(post.eye), np.array(post.target)) for post in (place.tripods[0], place.surveillance[0])]
        tiles = [world.render(view) for view in views]
    if not place.stations:
        tiles.insert(2, np.full_like(tiles[0], 255))
    return np.hstack([titled(tiles[0], kind), *tiles[1:]])


def actor_tile(name: str) -> np.ndarray:
    """A frame from the middle of a sample video."""
    frames = [picture for _, picture in read_video(LIBRARY / f"{name}.mp4")]
    return titled(frames[len(frames) // 2], name)


def robot_row(tasks: tuple[str, ...] = ("stack_blocks", "handover")) -> np.ndarray:
    """Head, left and right wrist camera in the middle of an episode of each task."""
    tiles = []
    for task in tasks:
        frames: list[dict[str, np.ndarray]] = []
        with TabletopEnv(task, SEED) as env:
            record_episode(env, Expert(env), lambda _, images, kept=frames: kept.append(images))
        tiles += [titled(picture, f"{task}: {key.split('.')[-1]}") for key, picture in frames[len(frames) // 2].items()]
    return np.hstack(tiles)


def main() -> None:
    """Write both pictures."""
    rows = [place_row(kind) for kind in PLACES]
    Image.fromarray(np.vstack(rows)).resize((900, 135 * len(rows))).save(HERE / "worlds.jpg", quality=82)
    tiles = [actor_tile(name) for name in ACTORS]
    sheet = np.vstack([np.hstack(tiles[start : start + 6]) for start in range(0, len(tiles), 6)] + [robot_row()])
    Image.fromarray(sheet).save(HERE / "actors.jpg", quality=82)


if __name__ == "__main__":
    main()
