"""The same tasks by human hands: a wearer carries out an instance's plan at the same table, seen through a head camera.

No dynamics: things go where the plan puts them, so hands, contacts and segments are known exactly. Texts are the plan's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.cameras import Matrix
from humannet_assets.simulator.objects import Item, Joint, Piece
from humannet_assets.simulator.places.place import Station
from humannet_assets.simulator.robot import things as th
from humannet_assets.simulator.robot.instance import Action, HandGrasp, Instance, SceneState
from humannet_assets.simulator.robot.tabletop import HEAD_FOV_DEG, draw_look, tabletop, thing_material
from humannet_assets.simulator.robot.tasks import draw_instance, instance_rng
from humannet_assets.simulator.robot.things import Thing
from humannet_assets.simulator.shots import Shot, State
from humannet_assets.simulator.wearer.body import Wearer, draw_wearer
from humannet_assets.simulator.wearer.choreography import Choreography
from humannet_assets.simulator.wearer.choreography import Thing as Staged
from humannet_assets.simulator.wearer.ego import StationWork, declare_hands
from humannet_assets.simulator.wearer.gaze import Exposure, WorkingHead
from humannet_assets.simulator.wearer.props import Prop
from humannet_assets.simulator.world import OBJECT, SceneBuilder, World

SEAT = Station("tabletop", "table", (0.0, -0.22), 0.0, 0.0, seated=True)
"""Where the wearer sits: things lie where hands work, and the eyes are within 20 cm of the robot's head camera."""

_MOST_LIFT_M = 0.07
"""Hands go around what stands in their way; a gripper that comes from above must go over it."""
_AFTER_S = 0.4


@dataclass(frozen=True)
class Performance:
    """An instance carried out by hands: its choreography, how long it takes, and the state it ends in."""

    instance: Instance
    work: Choreography
    duration_s: float

    def state(self, time_s: float | None = None) -> SceneState:
        """Poses of the things in the base frame, who holds what and openings, in the end or at a time."""
        now = self.duration_s if time_s is None else time_s
        poses: dict[str, Matrix] = {}
        for name, thing in self.work.things.items():
            pose = np.eye(4)
            pose[:3, 3], pose[:3, :3] = self.work.where(thing, now)
            poses[name] = SEAT.frame() @ pose
        held = {
            (hold.side, name)
            for name, thing in self.work.things.items()
            for hold in thing.holds
            if hold.start_s <= now < hold.end_s
        }
        openings = {
            thing.name: th.DRAWER_TRAVEL_M * float(self.work.things[thing.name].opened.at(now)[0])
            for thing in self.instance.things
            if thing.kind == "drawer"
        }
        return SceneState(poses, frozenset(held), openings)


def human_task_shot(task: str, seed: int, *, wearer: Wearer | None = None) -> Shot:
    """A wearer does the instance of a task that belongs to a seed, at the table the robot has it at.

    The shot's `description` is the instruction; its world is `tabletop/<task>-<seed>` in the robot's base frame.

    Args:
        task: Name of a task.
        seed: Decides instance, look, wearer and how the hands go.
        wearer: Who; drawn if none is given.

    Raises:
        UnknownTaskError: There is no such task.
    """
    rng = instance_rng(task, seed, "wearer")
    wearer = wearer or draw_wearer(rng)
    scene = tabletop(draw_look(instance_rng(task, seed, "look")))
    shown = perform(task, seed, scene, wearer)
    hands = declare_hands(scene, wearer)
    exposure = Exposure(rng)
    head = WorkingHead(rng, wearer.eye_m, shown.work.looks, shown.duration_s)
    staged = StationWork(SEAT, wearer, shown.work, hands, head)

    def animate(world: World, time_s: float) -> State:
        camera = staged.camera(time_s)
        return State(camera, staged.pose(world, time_s), exposure=exposure.gain(time_s, math.asin(float(camera[2, 2])) + 0.9))

    return Shot(
        f"human_{task}", shown.instance.instruction, "home", "ego", True, scene, animate, HEAD_FOV_DEG, shown.work.segments,
        shown.work.contacts, f"tabletop/{task}-{seed}",
    )  # fmt: skip


def human_task_seconds(task: str, seed: int, *, wearer: Wearer | None = None) -> float:
    """How long `human_task_shot` of the same arguments takes, seconds."""
    rng = instance_rng(task, seed, "wearer")
    return perform(task, seed, SceneBuilder(), wearer or draw_wearer(rng)).duration_s


def perform(task: str, seed: int, scene: SceneBuilder, wearer: Wearer) -> Performance:
    """Declare an instance's things in a scene and plan what the wearer's hands do with them."""
    instance = draw_instance(task, seed)
    rng = instance_rng(task, seed, "hands")
    work = Choreography(rng, wearer, tempo=float(rng.uniform(0.9, 1.2)))
    grasps = {action.thing: next(iter(action.grasps.values())).hand for action in instance.plan if action.grasps}
    for thing in instance.things:
        staged = _stage(work, scene, thing, grasps.get(thing.name))
        if thing.base_m > 0:
            # What stands on something goes along with it.
            below = next(other for other in work.things.values() if other is not staged and _over(staged, other))
            staged.on = below
    for action in instance.plan:
        {"reach": _reach, "carry": _carry, "slide": _slide, "release": _release}[action.kind](work, action)
    work.pause(_AFTER_S)
    for thing in work.things.values():
        for hold in thing.holds:
            if math.isinf(hold.end_s):
                work.end_contact(hold.side, thing)
    return Performance(instance, work, work.now)


def _over(thing: Staged, below: Staged) -> bool:
    return float(np.linalg.norm((thing.home - below.home)[:2])) < below.prop.item.radius_m


def _stage(work: Choreography, scene: SceneBuilder, thing: Thing, grasp: HandGrasp | None) -> Staged:
    """Declare a thing's geometries and stand it on the table."""
    pieces: list[Piece] = []
    moving: set[str] = set()
    for index, solid in enumerate(thing.solids()):
        name = scene.add(
            f"{thing.name}_{index}", solid.shape, solid.size, thing_material(scene, thing, solid), group=OBJECT,
            instance=thing.name,
        )  # fmt: skip
        pieces.append(Piece(name, np.array(solid.position), solid.frame))
        if not solid.fixed:
            moving.add(name)
    taken = grasp or HandGrasp("pinch", thing.radius_m, (0, 0, 0))
    joint = None
    if thing.kind == "drawer":
        joint = Joint("slide", np.zeros(3), np.array([0, -1.0, 0]), th.DRAWER_TRAVEL_M, frozenset(moving), np.array(taken.at))
    item = Item(thing.noun, tuple(pieces), np.array(taken.at), 0.5, thing.radius_m, 0.0, opening=joint)
    x, y = thing.position
    prop = Prop(thing.name, thing.kind, item, taken.kind, taken.radius_m)
    staged = work.put(prop, x, y - SEAT.origin[1], thing.base_m, yaw=thing.yaw_rad)
    staged.opened.position[:] = thing.opened_m / th.DRAWER_TRAVEL_M
    return staged


def _reach(work: Choreography, action: Action) -> None:
    thing, first = work.things[action.thing], action.sides[0]
    position, axes = work.where(thing)
    points: dict[Side, np.ndarray] = {}
    for side, grasp in action.grasps.items():
        points[side] = position + axes @ np.array(grasp.hand.at)
    joint = thing.prop.item.opening
    if joint is not None:
        handle = position + axes @ joint.moved(joint.handle, np.eye(3), float(thing.opened.position[0]))[0]
        work.take_handle(first, thing, handle, text=action.text, verb=action.verb)
        return
    seconds = max(work.seconds(side, points[side] - (0, 0.1, 0), 0.75) for side in action.sides)

    def take(side: Side) -> None:
        work.reach(side, thing, points[side], seconds=seconds, text=action.text, verb=action.verb)

    if len(action.sides) > 1:
        work.together(take)
        return
    given = bool(thing.holds) and thing.holds[-1].end_s > work.now
    take(first)
    if given:
        # From when the other hand has it, it goes where that hand goes.
        thing.holds[-2] = replace(thing.holds[-2], end_s=work.paths[first].time_s)


def _carry(work: Choreography, action: Action) -> None:
    thing, first = work.things[action.thing], action.sides[0]
    start = work.where(thing)[0]
    goal = (work.where(work.things[action.onto])[0] if action.onto else start) + np.array(action.goal)
    if len(action.sides) == 1:
        lift = min(action.lift_m, _MOST_LIFT_M)
        work.carry(first, thing, goal, action.text, action.verb, lift=lift, keep_yaw=action.verb == "push")
        return
    seconds = work.seconds(first, work.hand(first).wrist + goal - start, 0.9)

    def move(side: Side) -> None:
        pose = work.hand(side)
        moved = replace(pose, wrist=pose.wrist + goal - start)
        work.go(side, moved, seconds, action.text, action.verb, thing.prop.noun, look=goal)

    work.together(move)


def _slide(work: Choreography, action: Action) -> None:
    thing = work.things[action.thing]
    share = float(thing.opened.position[0]) - action.goal[1] / th.DRAWER_TRAVEL_M
    work.swing(action.sides[0], thing, share, action.text, action.verb)


def _release(work: Choreography, action: Action) -> None:
    thing = work.things[action.thing]
    for side in action.sides:
        if thing.holds and thing.holds[-1].side == side:
            thing.holds[-1] = replace(thing.holds[-1], end_s=work.now)
        work.end_contact(side, thing)
        work.back(side, text=action.text, verb=action.verb, noun=thing.prop.noun)
