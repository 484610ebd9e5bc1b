"""The shots of the sample library: who does what where. Each function draws its details from a generator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from humannet_assets.media.sidecar import Actor, Side
from humannet_assets.simulator.cameras import head_sway, look_at, rotation, walking_head
from humannet_assets.simulator.figures import Clothes, Figure, Posture, limb, standing, walking
from humannet_assets.simulator.hands import SKIN_TONES, WearerHand
from humannet_assets.simulator.motion import Carry, Path
from humannet_assets.simulator.places import samples as places
from humannet_assets.simulator.places.samples import TABLE_TOP_M, Parts, TableLook, TableTop
from humannet_assets.simulator.shots import BODY_GROUP, HAND_GROUP, BodyState, Shot, State, path_actions
from humannet_assets.simulator.world import OBJECT, SceneBuilder, World

Color = tuple[float, float, float]

RED: Color = (0.78, 0.16, 0.14)
BLUE: Color = (0.16, 0.32, 0.68)
GREEN: Color = (0.20, 0.55, 0.28)
YELLOW: Color = (0.88, 0.70, 0.16)
WHITE: Color = (0.90, 0.89, 0.85)

HOME: Mapping[Side, tuple[float, float, float, float]] = {"left": (-0.16, 0.41, 0.80, 0.1), "right": (0.16, 0.41, 0.80, 0.1)}
"""Where a hand rests: grasp point in the world (metres) and grip."""

_ELBOW: Mapping[Side, tuple[float, float, float]] = {"left": (-0.30, -0.06, 0.90), "right": (0.30, -0.06, 0.90)}
_SIGNS: Mapping[Side, float] = {"left": -1.0, "right": 1.0}
_TOP = TABLE_TOP_M


def _on_table(x: float, y: float, above_m: float = 0.0) -> np.ndarray:
    return np.array([x, y, _TOP + above_m])


def _table_shot(
    rng: np.random.Generator,
    scene: str,
    description: str,
    builder: SceneBuilder,
    *,
    paths: Mapping[Side, Path],
    carried: list[tuple[Parts, Carry]],
    skin: str = "light",
    sleeve: Color = (0.22, 0.30, 0.48),
    sway: float = 1.0,
) -> Shot:
    """A wearer at a table: hands on their paths, objects carried by them, the head swaying."""
    hands = []
    for side, path in paths.items():
        hand = WearerHand(side, path, np.array(_ELBOW[side]), HAND_GROUP[side], roll_rad=-0.3 if side == "left" else 0.3)
        hand.declare(builder, SKIN_TONES[skin], builder.color("sleeve", sleeve))
        hands.append(hand)
    phases = rng.uniform(0, 2 * math.pi, 6)
    shift = rng.uniform(-0.015, 0.015, 3)
    gaze = look_at(np.array([0.0, 0.20, 1.26]) + shift, np.array([0.0, 0.47, _TOP]) + shift[::-1])

    def animate(world: World, time_s: float) -> State:
        for parts, carry in carried:
            position = carry.at(time_s)
            for name, offset in parts:
                world.place(name, position + offset)
        return State(head_sway(gaze, time_s, phases, sway), {hand.side: hand.pose(world, time_s) for hand in hands})

    actors: dict[Actor, Path] = {f"{side}_hand": path for side, path in paths.items()}  # pyright: ignore[reportAssignmentType]
    return Shot(scene, description, "home", "ego", True, builder, animate, 50.0, path_actions(actors))


def _hand(side: Side) -> Path:
    return Path(np.array(HOME[side]))


def table_cups(rng: np.random.Generator) -> Shot:
    """The right hand moves a red cup, then the left hand a blue one."""
    builder = places.table(rng, TableLook("wood", (0.72, 0.76, 0.70), (0.60, 0.55, 0.46)))
    red, blue = places.cup(builder, "red_cup", RED), places.cup(builder, "blue_cup", BLUE)
    right = (
        _hand("right").rest(0.5)
        .move((0.20, 0.56, 0.84, 0.5), 1.1, "right hand reaches for the red cup", 0.03).rest(0.3)
        .move((0.02, 0.48, 0.84, 0.5), 1.3, "right hand moves the red cup to the left", 0.05).rest(0.3)
        .move((0.19, 0.41, 0.81, 0.1), 1.0, "right hand lets go of the red cup and returns", 0.04)
    )  # fmt: skip
    left = (
        _hand("left").rest(3.6)
        .move((-0.16, 0.56, 0.84, 0.5), 1.1, "left hand reaches for the blue cup", 0.03).rest(0.3)
        .move((-0.22, 0.44, 0.84, 0.5), 1.1, "left hand pulls the blue cup closer", 0.01).rest(0.3)
        .move((-0.15, 0.41, 0.80, 0.1), 1.0, "left hand lets go of the blue cup and returns", 0.04)
    )  # fmt: skip
    carried = [
        (red, Carry(_on_table(0.20, 0.56), right, ((1.6, 3.35),))),
        (blue, Carry(_on_table(-0.16, 0.56), left, ((4.7, 6.25),))),
    ]
    text = "A wearer moves a red and a blue cup on a wooden table, one hand after the other."
    return _table_shot(rng, "table_cups", text, builder, paths={"left": left, "right": right}, carried=carried)


def table_blocks(rng: np.random.Generator) -> Shot:
    """Both hands move coloured blocks alternately towards the middle."""
    builder = places.table(rng, TableLook("white", (0.62, 0.70, 0.78), (0.52, 0.53, 0.56), lamp_side=1.0))
    blocks = {name: places.block(builder, name, color) for name, color in (("yellow", YELLOW), ("green", GREEN), ("red", RED))}
    right = (
        _hand("right").rest(0.4)
        .move((0.22, 0.52, 0.805, 0.5), 1.0, "right hand reaches for the yellow block", 0.04).rest(0.25)
        .move((0.05, 0.48, 0.805, 0.5), 1.1, "right hand carries the yellow block to the middle", 0.06).rest(0.25)
        .move((0.20, 0.40, 0.80, 0.1), 0.9, "right hand lets go and moves back", 0.03).rest(1.2)
        .move((0.27, 0.60, 0.805, 0.5), 1.0, "right hand reaches for the red block", 0.04)
    )  # fmt: skip
    left = (
        _hand("left").rest(1.5)
        .move((-0.21, 0.54, 0.805, 0.5), 1.1, "left hand reaches for the green block", 0.04).rest(0.25)
        .move((-0.05, 0.56, 0.805, 0.5), 1.2, "left hand carries the green block to the middle", 0.06).rest(0.3)
        .move((-0.18, 0.42, 0.80, 0.1), 1.0, "left hand lets go and moves back", 0.03)
    )  # fmt: skip
    carried = [
        (blocks["yellow"], Carry(_on_table(0.22, 0.52), right, ((1.4, 2.75),))),
        (blocks["green"], Carry(_on_table(-0.21, 0.54), left, ((2.6, 4.05),))),
        (blocks["red"], Carry(_on_table(0.27, 0.60), right, ())),
    ]
    text = "A wearer gathers coloured blocks in the middle of a white table with both hands."
    return _table_shot(
        rng,
        "table_blocks",
        text,
        builder,
        paths={"left": left, "right": right},
        carried=carried,
        skin="tan",
        sleeve=(0.55, 0.22, 0.2),
    )


def table_wipe(rng: np.random.Generator) -> Shot:
    """One hand wipes the table with a cloth, left and right, then puts it aside."""
    builder = places.table(rng, TableLook("tiles", (0.78, 0.70, 0.60), (0.58, 0.57, 0.52)))
    rag = places.block(builder, "rag", YELLOW, (0.075, 0.055, 0.006))
    bowl = places.block(builder, "box", GREEN, (0.06, 0.05, 0.045))
    right = _hand("right").rest(0.4).move((0.16, 0.50, 0.785, 0.15), 0.9, "right hand reaches for the cloth", 0.02).rest(0.25)
    held_from = right.time_s
    sweeps = (
        (-0.10, 0.52, "to the left"),
        (0.17, 0.47, "to the right"),
        (-0.08, 0.43, "to the left"),
        (0.20, 0.44, "to the right"),
    )
    for x, y, where in sweeps:
        right.move((x, y, 0.785, 0.15), 1.1, f"right hand wipes {where}").rest(0.2)
    held_until = right.time_s
    right.move((0.17, 0.41, 0.80, 0.1), 0.8, "right hand lets go of the cloth and returns", 0.03)
    carried = [
        (rag, Carry(_on_table(0.16, 0.50), right, ((held_from, held_until),))),
        (bowl, Carry(_on_table(-0.28, 0.62), right, ())),
    ]
    text = "A wearer wipes a tiled table with a yellow cloth in the right hand."
    return _table_shot(
        rng,
        "table_wipe",
        text,
        builder,
        paths={"right": right},
        carried=carried,
        skin="light",
        sleeve=(0.25, 0.42, 0.30),
        sway=0.8,
    )


def table_tray(rng: np.random.Generator) -> Shot:
    """Both hands together lift a box, carry it to the side and put it down."""
    builder = places.table(rng, TableLook("cloth", (0.75, 0.66, 0.66), (0.64, 0.58, 0.50), lamp_side=1.0))
    tray = places.block(builder, "tray", (0.62, 0.47, 0.30), (0.10, 0.07, 0.02))
    mug = places.cup(builder, "white_cup", WHITE)
    paths: dict[Side, Path] = {}
    for side, sign in _SIGNS.items():
        paths[side] = (
            _hand(side).rest(0.5)
            .move((sign * 0.13, 0.50, 0.80, 0.4), 1.1, f"{side} hand reaches for the tray", 0.02).rest(0.3)
            .move((sign * 0.13 + 0.10, 0.44, 0.80, 0.4), 1.4, f"{side} hand carries the tray to the right", 0.07).rest(0.35)
            .move((sign * 0.13 - 0.06, 0.50, 0.80, 0.4), 1.4, f"{side} hand carries the tray to the left", 0.05).rest(0.3)
            .move(HOME[side], 1.0, f"{side} hand lets go of the tray and returns", 0.03)
        )  # fmt: skip
    hold = ((1.9, 5.35),)
    carried = [
        (tray, Carry(_on_table(0.0, 0.52), paths["right"], hold)),
        (mug, Carry(_on_table(0.0, 0.52, above_m=0.04), paths["right"], hold)),
    ]
    text = "A wearer lifts a tray with a cup using both hands and sets it down again, twice."
    return _table_shot(rng, "table_tray", text, builder, paths=paths, carried=carried, skin="brown", sleeve=(0.80, 0.76, 0.66))


def table_varied(rng: np.random.Generator) -> Shot:
    """One hand moves a block about; table, light, clothes, the hand and the block are drawn from the generator."""
    tops: tuple[TableTop, ...] = ("dark_wood", "cloth", "white", "tiles")
    side: Side = "left" if rng.random() < 0.5 else "right"
    wall = tuple(rng.uniform(0.5, 0.85, 3))
    look = TableLook(tops[rng.integers(len(tops))], wall, (0.60, 0.56, 0.52), lamp_side=1.0 if side == "left" else -1.0)
    builder = places.table(rng, look)
    brick = places.block(builder, "block", (BLUE, RED, YELLOW)[rng.integers(3)], (0.035, 0.025, 0.03))
    mug = places.cup(builder, "cup", (YELLOW, GREEN, WHITE)[rng.integers(3)])
    book = places.block(builder, "book", tuple(rng.uniform(0.1, 0.7, 3)), (0.08, 0.11, 0.012))
    out = -1.0 if side == "left" else 1.0
    towards, back = ("right", "left") if side == "left" else ("left", "right")
    start = (out * rng.uniform(0.10, 0.16), rng.uniform(0.46, 0.54))
    path = _hand(side).rest(0.3).move((*start, 0.81, 0.45), 0.9, f"{side} hand reaches for the block", 0.04).rest(0.25)
    held_from = path.time_s
    for x, y, where in ((-0.06, 0.53, towards), (0.20, 0.47, back), (0.0, 0.43, towards)):
        path.move((out * x, y, 0.81, 0.45), 1.1, f"{side} hand moves the block to the {where}", 0.04).rest(0.25)
    carried = [
        (brick, Carry(_on_table(*start), path, ((held_from, path.time_s),))),
        (mug, Carry(_on_table(-out * rng.uniform(0.15, 0.26), rng.uniform(0.52, 0.64)), path, ())),
        (book, Carry(_on_table(out * rng.uniform(-0.3, 0.3), 0.72), path, ())),
    ]
    text = f"A wearer moves a block about on a table with the {side} hand."
    tones = tuple(SKIN_TONES)
    skin, sleeve = tones[rng.integers(len(tones))], tuple(rng.uniform(0.15, 0.7, 3))
    return _table_shot(rng, "table_varied", text, builder, paths={side: path}, carried=carried, skin=skin, sleeve=sleeve)


def _walk(
    name: str, place: str, environment: str, builder: SceneBuilder, *, start_m: tuple[float, float], speed: float, weave: float
) -> Shot:
    def animate(world: World, time_s: float) -> State:
        heading = weave * math.sin(2 * math.pi * 0.11 * time_s)
        path = (start_m[0] + 0.12 * math.sin(2 * math.pi * 0.09 * time_s), start_m[1] + speed * time_s, 1.62)
        return State(walking_head(path, heading, 0.92, time_s))

    text = f"A wearer walks along {place} at {speed} m/s; no hands in the picture."
    return Shot(name, text, environment, "ego", True, builder, animate, 62.0)


def walk_corridor(rng: np.random.Generator) -> Shot:
    """Walking down a corridor with doors, pictures and plants."""
    return _walk("walk_corridor", "a corridor", "work_study", places.corridor(rng), start_m=(0.0, 0.2), speed=1.25, weave=0.10)


def walk_street(rng: np.random.Generator) -> Shot:
    """Walking along a pavement between house fronts, trees and parked cars."""
    return _walk("walk_street", "a street", "outdoor", places.street(rng), start_m=(0.1, 0.0), speed=1.4, weave=0.14)


def _tripod(rng: np.random.Generator, eye: tuple[float, float, float], target: tuple[float, float, float]) -> np.ndarray:
    """A fixed camera, placed up to half a metre beside and a quarter above or below `eye`."""
    return look_at(np.asarray(eye) + rng.uniform((-0.5, -0.1, -0.25), (0.5, 0.1, 0.25)), target)


def _figure_shot(
    scene: str, text: str, builder: SceneBuilder, clothes: Clothes, posture: Callable[[float], Posture], *, camera: np.ndarray,
    path: Path, scale: float = 1.0,
) -> Shot:  # fmt: skip
    figure = Figure("figure", BODY_GROUP, scale)
    figure.declare(builder, clothes)

    def animate(world: World, time_s: float) -> State:
        return State(camera, bodies=[BodyState(figure.pose(world, posture(time_s)), BODY_GROUP)])

    return Shot(scene, text, "home", "exo", True, builder, animate, 48.0, path_actions({"body": path}))


def figure_walks(rng: np.random.Generator) -> Shot:
    """A person walks across a living room, seen from a fixed camera."""
    path = Path(np.array([-1.5, 2.9, 0.0])).rest(0.4).move((1.5, 2.6, 0.0), 6.2, "person walks across the room to the right")

    def posture(time_s: float) -> Posture:
        here = path.at(time_s)
        travelled = float(here[0] + 1.5)
        # One stride is 1.3 m, so the feet hardly slide; while standing still the legs are together.
        pose = walking(travelled / 1.3 * 2 * math.pi) if 0.4 < time_s < 6.6 else standing()
        pose.position = pose.position + here
        pose.heading_rad = -math.pi / 2 - 0.45
        pose.turn_rad = -0.35
        return pose

    clothes = Clothes(shirt=(0.72, 0.20, 0.18), trousers=(0.20, 0.26, 0.42))
    text = "A person in a red shirt walks across a living room from left to right."
    camera = _tripod(rng, (0.0, -1.0, 1.45), (0.0, 3.0, 0.95))
    return _figure_shot("figure_walks", text, places.room(rng), clothes, posture, camera=camera, path=path)


def figure_waves(rng: np.random.Generator) -> Shot:
    """A person faces the camera, raises the right arm, waves and lowers it."""
    path = (
        Path(np.zeros(3)).rest(0.5).move((1, 0, 0), 1.0, "person raises the right arm").rest(0.1)
        .move((1, 3, 0), 3.0, "person waves with the right hand").rest(0.2).move((0, 3, 0), 1.0, "person lowers the right arm")
    )  # fmt: skip

    def posture(time_s: float) -> Posture:
        raised, waved, _ = path.at(time_s)
        pose = standing()
        swing = 0.45 * math.sin(2 * math.pi * waved)
        fore = limb("right", 0.12, 0.10 + raised * (2.75 + swing))
        pose.arms["right"] = (limb("right", 0.05, 0.14 + 1.15 * raised), fore)
        pose.position = np.array([0.25, 2.5, 0.0])
        pose.heading_rad = math.pi + 0.12
        pose.turn_rad = 0.1 * math.sin(0.8 * time_s)
        return pose

    clothes = Clothes((0.62, 0.44, 0.34), (0.08, 0.06, 0.05), (0.20, 0.45, 0.38), (0.32, 0.30, 0.28))
    builder = places.room(rng, (0.78, 0.70, 0.58), "carpet", 0.55)
    camera = _tripod(rng, (-0.2, -0.6, 1.4), (0.1, 2.5, 1.0))
    text = "A person in a green shirt faces the camera and waves with the right hand."
    return _figure_shot("figure_waves", text, builder, clothes, posture, camera=camera, path=path)


def figure_lifts(rng: np.random.Generator) -> Shot:
    """A person lifts both arms sideways over the head and lowers them, twice."""
    path = Path(np.zeros(3)).rest(0.5)
    for _ in range(2):
        path.move((1, 0, 0), 1.2, "person lifts both arms").rest(0.3).move((0, 0, 0), 1.2, "person lowers both arms").rest(0.3)

    def posture(time_s: float) -> Posture:
        raised = float(path.at(time_s)[0])
        pose = standing()
        for side in ("left", "right"):
            pose.arms[side] = (limb(side, 0.05, 0.14 + 2.35 * raised), limb(side, 0.12, 0.10 + 2.55 * raised))
        pose.position = np.array([-0.2, 2.7, 0.0])
        pose.heading_rad = math.pi - 0.35
        return pose

    clothes = Clothes((0.50, 0.33, 0.25), (0.05, 0.04, 0.04), (0.85, 0.66, 0.22), (0.15, 0.15, 0.18))
    builder = places.room(rng, (0.62, 0.70, 0.78), "tiles", 0.5)
    camera = _tripod(rng, (0.3, -0.7, 1.3), (-0.1, 2.7, 1.02))
    text = "A person in a yellow shirt lifts both arms over the head and lowers them, twice."
    return _figure_shot("figure_lifts", text, builder, clothes, posture, camera=camera, path=path, scale=0.96)


def room_light(rng: np.random.Generator) -> Shot:
    """An empty room in which it slowly gets darker and warmer."""
    camera = _tripod(rng, (0.9, -0.8, 1.5), (-0.3, 4.0, 0.9))

    def animate(world: World, time_s: float) -> State:
        world.set_brightness(np.array([1.0, 0.97, 0.92]) * (1.25 - 0.07 * time_s) + np.array([0.012, 0, -0.006]) * time_s)
        return State(camera)

    text = "An empty living room while the light slowly fades. Nobody is there."
    return Shot("room_light", text, "home", "none", False, places.room(rng, (0.70, 0.62, 0.60), "wood"), animate, 55.0)


def room_ball(rng: np.random.Generator) -> Shot:
    """A striped ball rolls across an empty room."""
    builder = places.room(rng, (0.66, 0.72, 0.66), "tiles", 0.55)
    ball = builder.color("ball", (0.88, 0.42, 0.12), shine=0.4)
    stripe = builder.color("stripe", (0.95, 0.95, 0.9), shine=0.4)
    builder.add("ball", "sphere", (0.16,), ball, group=OBJECT)
    builder.add("stripe", "cylinder", (0.1615, 0.03), stripe, group=OBJECT)
    camera = _tripod(rng, (-0.4, -0.9, 1.2), (0.0, 3.0, 0.6))
    path = Path(np.array([-1.9, 2.6, 0.16])).rest(0.5).move((1.7, 3.1, 0.16), 5.5)

    def animate(world: World, time_s: float) -> State:
        here = path.at(time_s)
        rolled = rotation((0, 1, 0), float(here[0] + 1.9) / 0.16) @ rotation((1, 0, 0), 0.5)
        world.place("ball", here)
        world.place("stripe", here, rolled)
        return State(camera)

    text = "An orange ball rolls across an empty room. Nobody is there."
    return Shot("room_ball", text, "home", "none", False, builder, animate, 50.0)


def table_still(rng: np.random.Generator) -> Shot:
    """A laid table; neither camera nor anything else moves."""
    builder = places.table(rng, TableLook("dark_wood", (0.78, 0.74, 0.62), (0.62, 0.58, 0.52)))
    laid = [(places.cup(builder, "white_cup", WHITE), (0.16, 0.55)), (places.cup(builder, "green_cup", GREEN), (-0.22, 0.62))]
    laid.append((places.block(builder, "book", (0.45, 0.16, 0.2), (0.09, 0.12, 0.015)), (-0.03, 0.42)))
    laid.append((places.block(builder, "card", WHITE, (0.05, 0.07, 0.002)), (0.25, 0.36)))

    def animate(world: World, time_s: float) -> State:
        for parts, (x, y) in laid:
            for name, offset in parts:
                world.place(name, _on_table(x, y) + offset)
        return State(look_at((0.35, -0.05, 1.35), (0.0, 0.52, _TOP)))

    text = "A laid table. Neither the camera nor anything in the picture moves."
    return Shot("table_still", text, "home", "none", False, builder, animate, 58.0)
