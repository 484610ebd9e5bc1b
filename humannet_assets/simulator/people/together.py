"""What two people do with each other: shake hands, slap palms, hand something over, throw a ball to each other."""

from __future__ import annotations

import math

import numpy as np

from humannet_assets.media.sidecar import Side
from humannet_assets.simulator.hands import curled
from humannet_assets.simulator.people.moves import STRAIGHT, against_shoulder, carried, palms
from humannet_assets.simulator.people.performer import Arm, Performer
from humannet_assets.simulator.people.skeleton import SIDES, Vector
from humannet_assets.simulator.people.stage import NoFloorError, Site, Stage
from humannet_assets.simulator.people.things import Thing

_TRIES = 200


def meet(stage: Stage, first: Performer, second: Performer, gap_m: float) -> None:
    """Both walk to two places `gap_m` apart and face each other, so that the camera sees both.

    Raises:
        NoFloorError: There is no room for that.
    """
    a, b = _facing_places(stage, first, second, gap_m)
    for performer, site in ((first, a), (second, b)):
        if performer.fresh:
            # Who has just come is not far away: two people who meet fill the picture.
            back = Site(site.ahead(-float(stage.rng.uniform(0.3, 0.9))), site.heading_rad + float(stage.rng.uniform(-0.6, 0.6)))
            free = stage.ground.stands(back.position) and stage.ground.way(back.position, site.position)
            start = back if free and stage.ground.sees(stage.eye, [(*back.position, z) for z in (0.2, 1.5)]).all() else site
            performer.relocate(start.position, start.heading_rad)
        stage.go(performer, site, "person walks to the other person", "person")
    first.now = second.now = max(first.now, second.now)
    for performer, other in ((first, second), (second, first)):
        performer.look(_eyes(other))


def _facing_places(stage: Stage, first: Performer, second: Performer, gap_m: float) -> tuple[Site, Site]:
    rng, ground = stage.rng, stage.ground
    spots = [spot.position for spot in ground.spots] + [first.steps.here[:2]]
    for k in range(_TRIES):
        x, y = spots[int(rng.integers(len(spots)))]
        middle = (x + float(rng.normal(0, 0.3)), y + float(rng.normal(0, 0.3)))
        # Across the line of sight, so that neither hides the other.
        across = stage.towards_eye(middle) + math.pi / 2 + float(rng.uniform(-0.6, 0.6)) + (math.pi if k % 2 else 0.0)
        line = Site(middle, across)
        a, b = Site(line.ahead(-gap_m / 2), across), Site(line.ahead(gap_m / 2), across + math.pi)
        free = ground.stands(a.position) and ground.stands(b.position)
        if not free or not stage.in_range(a.position) or not stage.in_range(b.position):
            continue
        if not (first.fresh and second.fresh) and not _can_walk(stage, first, second, a, b):
            continue
        if not all(_clear_of(other, (a, b)) for other in stage.performers if other not in (first, second)):
            continue
        points = [(*site.position, z) for site in (a, b) for z in (0.15, 0.9, 1.6)]
        if ground.sees(stage.eye, points).all():
            return a, b
    raise NoFloorError(f"{stage.place.name} has no room for two people {gap_m:.1f} m apart")


def _can_walk(stage: Stage, first: Performer, second: Performer, a: Site, b: Site) -> bool:
    clear = all(stage.ground.way(who.steps.here[:2], site.position) for who, site in ((first, a), (second, b)))
    return clear and _walk_apart(first, second, a, b)


def _walk_apart(first: Performer, second: Performer, a: Site, b: Site) -> bool:
    """Whether two people who walk to their places at the same time do not run into each other."""
    shares = np.linspace(0, 1, 12)[:, None]
    ways = []
    for performer, site in ((first, a), (second, b)):
        here = np.array(performer.steps.here[:2])
        ways.append(here + shares * (np.array(site.position) - here))
    # One may be there while the other still walks.
    apart = np.linalg.norm(ways[0][:, None] - ways[1][None, :], axis=2)
    return bool(apart.min() > 0.5)


def _clear_of(other: Performer, sites: tuple[Site, ...]) -> bool:
    return all(math.dist(other.steps.here[:2], site.position) > 0.8 for site in sites)


def _eyes(performer: Performer) -> Vector:
    x, y, _ = performer.steps.here
    return np.array([x, y, 0.93 * performer.build.height_m])


def _at_once(first: Performer, second: Performer) -> None:
    first.now = second.now = max(first.now, second.now)


def shake_hands(stage: Stage, first: Performer, second: Performer) -> None:
    """Meet, shake right hands, let go."""
    reach = 0.5 * (first.build.arm + second.build.arm)
    meet(stage, first, second, 2.05 * reach - 0.14)
    side: Side = "right"
    height = 0.5 * (0.60 * first.build.height_m + 0.60 * second.build.height_m)
    (ax, ay, _), (bx, by, _) = first.steps.here, second.steps.here
    middle = np.array([(ax + bx) / 2, (ay + by) / 2, height])

    def hand(performer: Performer, lift_m: float, fingers_bent: float) -> dict[Side, Arm]:
        point = performer.to_root(middle + np.array([0, 0, lift_m]))
        # Palms meet beside the line between the two, fingers around the other's hand.
        along = np.array([-0.30, 0.95, 0.0])
        wrist = point - np.array([-0.30, 0.95, 0.0]) * 0.085 * performer.build.hand + np.array([0.028, 0, 0])
        return {side: Arm(wrist, along, np.array([0.95, 0.30, 0.12]), curled(fingers_bent))}

    for performer in (first, second):
        arms = hand(performer, 0.0, 0.15)
        performer.act(
            0.95, "person holds out the right hand", "hold out", arms=arms, trunk=performer.reach(arms), pause=(0.1, 0.1)
        )
    _at_once(first, second)
    begin = first.now
    beat, shakes = float(stage.rng.uniform(0.22, 0.28)), int(stage.rng.integers(2, 4))
    for performer in (first, second):
        performer.now = begin
        performer.exactly(begin + 0.22, hand(performer, 0.0, 0.75))
        with performer.one_action("person shakes hands", "shake", "hand"):
            for k in range(2 * shakes):
                performer.exactly(begin + 0.22 + beat * (k + 1), hand(performer, 0.035 if k % 2 == 0 else -0.035, 0.75))
            performer.exactly(performer.now + beat, hand(performer, 0.0, 0.75))
    for performer in (first, second):
        performer.contacts.append(stage.contact("hand", begin + 0.22, performer.now))
        performer.pause(0.15)
        performer.rest("person lets go of the other's hand", side, verb="let go")


def high_five(stage: Stage, first: Performer, second: Performer) -> None:
    """Meet, slap right palms over the heads."""
    gap = 1.45 * 0.5 * (first.build.arm + second.build.arm)
    meet(stage, first, second, gap)
    low = min(first.build.height_m, second.build.height_m)
    (ax, ay, _), (bx, by, _) = first.steps.here, second.steps.here
    for _ in range(int(stage.rng.integers(1, 3))):
        _at_once(first, second)
        begin = first.now
        for performer in (first, second):
            back = against_shoulder(performer, "right", (0.25, 0.35, 0.45), (0.0, -0.1, 1.0), (0.1, -1.0, 0.1), STRAIGHT)
            performer.act(
                0.7 / performer.person.pace, "person raises the right hand", "raise", arms={"right": back}, pause=(0, 0)
            )
        begin = max(first.now, second.now)
        for performer in (first, second):
            performer.now = begin
            meeting = performer.to_root(((ax + bx) / 2, (ay + by) / 2, 0.96 * low))
            wrist = meeting + np.array([0.02, -0.026, -0.07]) * performer.build.hand
            arm = Arm(wrist, np.array([0.0, 0.12, 1.0]), np.array([0.0, -1.0, 0.12]), STRAIGHT)
            with performer.one_action("person slaps the other's palm", "slap", "hand"):
                performer.exactly(begin + 0.34, {"right": arm})
            performer.contacts.append(stage.contact("hand", begin + 0.34, begin + 0.42))
            performer.now = begin + 0.40
            performer.rest("person lowers the right hand", "right")


def _in_both_hands(performer: Performer, thing: Thing) -> dict[Side, Arm]:
    """A thing between both hands before the chest, going with the trunk."""
    shoulders = performer.shoulders()
    middle = (shoulders["left"] + shoulders["right"]) / 2 + np.array([0.0, 0.55, -0.45]) * performer.build.arm
    return carried(performer, palms(performer, middle, thing.item.radius_m))


def _given(stage: Stage, performer: Performer, kind: str) -> Thing:
    """Somebody holds a thing in both hands from the start."""
    thing = stage.put(kind, (0, 0, 0))
    performer.begin(_in_both_hands(performer, thing))
    pose = performer.pose(0.0)
    left, right = (pose.frame(f"{side}_hand") for side in SIDES)
    # Between the palms, whatever the hands' backs.
    offset = np.array([0.0, 0.072, -0.024]) * performer.build.hand
    middle = (left[0] + left[1] @ offset + right[0] + right[1] @ offset) / 2
    thing.stand_along(middle - (0, 0, thing.item.height_m / 2), middle + (0, 0, 1.0), performer.steps.here[2])
    thing.take(performer, *SIDES, at_s=0.0)
    performer.touch(thing.noun)
    return thing


def hand_over(stage: Stage, first: Performer, second: Performer) -> None:
    """Bring something to the other person, who takes it with both hands."""
    parcel = _given(stage, first, "parcel")
    gap = 1.62 * 0.5 * (first.build.arm + second.build.arm) + 0.12
    meet(stage, first, second, gap)
    half = parcel.item.radius_m
    height = 0.34 * (first.build.height_m + second.build.height_m)
    (ax, ay, _), (bx, by, _) = first.steps.here, second.steps.here
    middle = np.array([(ax + bx) / 2, (ay + by) / 2, height])

    def hands(performer: Performer, away_m: float, gap_m: float = 0.0) -> dict[Side, Arm]:
        point = performer.to_root(middle) + np.array([0.0, away_m, 0.0])
        return palms(performer, point, half + gap_m, along=(-0.05, 0.97, -0.2))

    give = hands(first, -0.045)
    first.act(
        1.1, f"person holds out the {parcel.noun}", "hold out", parcel.noun, arms=give, trunk=first.reach(give), straight=True
    )
    second.now = max(second.now, first.now - 0.8)
    open_hands = hands(second, -0.045, 0.05)
    second.act(
        0.9, f"person reaches for the {parcel.noun}", "reach", parcel.noun, arms=open_hands, trunk=second.reach(open_hands)
    )
    _at_once(first, second)
    second.act(
        0.35,
        f"person grasps the {parcel.noun}",
        "grasp",
        parcel.noun,
        arms=hands(second, -0.045),
        straight=True,
        pause=(0.1, 0.2),
    )
    at = max(path.time_s for path in second.arms.values())
    parcel.take(second, *SIDES, at_s=at)
    second.touch(parcel.noun)
    first.untouch(parcel.noun, at)
    first.now = max(first.now, at)
    first.act(
        0.35,
        f"person lets go of the {parcel.noun}",
        "let go",
        parcel.noun,
        arms=hands(first, -0.045, 0.05),
        straight=True,
        pause=(0.1, 0.15),
    )
    second.now = max(second.now, first.now)
    second.act(
        1.0,
        f"person takes the {parcel.noun}",
        "take",
        parcel.noun,
        arms=_in_both_hands(second, parcel),
        trunk=second.upright,
        straight=True,
    )
    first.rest("person lowers both hands")
    second.pause(0.5)
    second.untouch(parcel.noun, second.now)


def pass_ball(stage: Stage, first: Performer, second: Performer) -> None:
    """Throw a ball to and fro."""
    ball = _given(stage, first, "ball")
    meet(stage, first, second, float(stage.rng.uniform(1.5, 2.0)))
    radius = ball.item.radius_m
    thrower, catcher = first, second
    for _ in range(int(stage.rng.integers(2, 5))):
        _at_once(first, second)
        _throw(stage, ball, radius, thrower, catcher)
        thrower, catcher = catcher, thrower
    thrower.untouch(ball.noun, thrower.now)
    catcher.rest("person lowers both hands")


def _throw(stage: Stage, ball: Thing, radius: float, thrower: Performer, catcher: Performer) -> None:
    def chest(performer: Performer, ahead: float, up: float, gap_m: float = 0.0) -> dict[Side, Arm]:
        shoulders = performer.shoulders(performer.upright)
        middle = (shoulders["left"] + shoulders["right"]) / 2 + np.array([0.0, ahead, up]) * performer.build.arm
        return carried(performer, palms(performer, middle, radius + gap_m, along=(-0.05, 0.85, 0.35)), performer.upright)

    thrower.act(
        0.45,
        f"person draws back the {ball.noun}",
        "draw back",
        ball.noun,
        arms=chest(thrower, 0.42, -0.40),
        straight=True,
        pause=(0, 0),
    )
    begin = thrower.now
    thrower.act(
        0.42,
        f"person throws the {ball.noun}",
        "throw",
        ball.noun,
        arms=chest(thrower, 0.92, -0.05),
        straight=True,
        pause=(0.1, 0.2),
    )
    at = begin + 0.55 * (thrower.arms["left"].time_s - begin)
    thrower.untouch(ball.noun, at)
    shoulders = catcher.shoulders(catcher.upright)
    middle = (shoulders["left"] + shoulders["right"]) / 2 + np.array([0.0, 0.62, -0.30]) * catcher.build.arm
    goal = catcher.to_world(middle)
    seconds = float(stage.rng.uniform(0.50, 0.62))
    ball.throw(at, goal, seconds, np.array([*stage.rng.uniform(-3, 3, 2), 0.0]))
    catcher.now = max(*(path.time_s for path in catcher.arms.values()), at + seconds - 0.95)
    catcher.exactly(max(catcher.now + 0.3, at + seconds - 0.16), chest(catcher, 0.62, -0.30, 0.08))
    catcher.exactly(at + seconds, chest(catcher, 0.62, -0.30))
    ball.take(catcher, *SIDES, at_s=at + seconds)
    catcher.touch(ball.noun)
    catcher.act(0.5, f"person catches the {ball.noun}", "catch", ball.noun, arms=chest(catcher, 0.52, -0.42), straight=True)
    thrower.act(0.5, arms=chest(thrower, 0.60, -0.35, 0.08), straight=True)
