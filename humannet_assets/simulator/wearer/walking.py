"""A wearer who walks: along a route, with bobbing head, stops, turns and looks around.

Sources. Walking speed 1.2-1.5 m/s at about 110 steps a minute (Perry & Burnfield, Gait Analysis, 2010). The head goes up and
down 4-5 cm once per step and sways as much once per stride; neck reflexes cancel most of the pitch (Hirasaki et al.,
Exp. Brain Res. 1999). Looking around: fixations of .2-1.5 s (Land & Tatler, Looking and Acting, 2009); saccades of the eyes
last 30-100 ms (Bahill et al., Math. Biosci. 1975: main sequence), which a head camera does not show; head turns of 10-50
degrees take 200-500 ms (Zangemeister & Stark, Exp. Neurol. 1982). The head turns into a curve about a step before the body
(Grasso et al., NeuroReport 1996).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Contact, Side
from humannet_assets.simulator.cameras import Matrix, look_at, rotation
from humannet_assets.simulator.hands import HandBody
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.places import PLACES, Place, make_place
from humannet_assets.simulator.shots import HAND_GROUP, Shot, State
from humannet_assets.simulator.wearer.body import OUT, HandPose, Wearer, draw_wearer, elbow_of
from humannet_assets.simulator.wearer.gaze import Exposure
from humannet_assets.simulator.wearer.grasps import grasp_of
from humannet_assets.simulator.wearer.props import Prop, draw_prop
from humannet_assets.simulator.world import SceneBuilder, World

Vector = npt.NDArray[np.float64]

_STEP_S = 0.02
_CORNER_M = 0.6
"""Corners of a route are cut by half of this."""
_AHEAD_M = 0.7
"""How far ahead the head looks into a curve: a step."""
_STRIDE_M = 1.4
_STROLLED = tuple(kind for kind, about in PLACES.items() if about.strolled)


class Walk:
    """Where a walker's head is at any time of a walk to and fro along a route. World, metres and radians."""

    def __init__(
        self, rng: np.random.Generator, route: Vector, duration_s: float, *, eye_m: float = 1.62, start_m: float = 0.0,
        goal_m: float | None = None, look_around: float = 1.0,
    ) -> None:  # fmt: skip
        """Plan a walk.

        Args:
            rng: Source of randomness.
            route: Polyline (n, 2) on the floor.
            duration_s: How long it lasts.
            eye_m: Height of the camera above the floor.
            start_m: Where along the route it begins.
            goal_m: Where along the route it ends, without turning back; to and fro until time is up if None.
            look_around: How often the head turns aside; 0 for never.
        """
        self._knots = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(route, axis=0), axis=1))])
        self._route = np.asarray(route, np.float64)
        self._eye_m = eye_m
        speed = float(rng.uniform(1.05, 1.45))
        ahead = self._distances(rng, duration_s, speed, start_m, goal_m)
        self._times = np.arange(len(ahead)) * _STEP_S
        self._along = ahead
        pace = np.abs(np.gradient(ahead, _STEP_S))
        self._phase = np.cumsum(pace) * _STEP_S / _STRIDE_M * 2 * math.pi + rng.uniform(0, 2 * math.pi)
        self._gait = pace / 1.3
        self._heading = self._headings(np.sign(np.gradient(ahead)))
        self._turns = self._look_around(rng, duration_s, look_around)
        self._pitch = float(rng.uniform(-0.22, -0.06))
        self.end_s = float(self._times[-1])

    def _distances(
        self, rng: np.random.Generator, duration_s: float, speed: float, start_m: float, goal_m: float | None
    ) -> Vector:
        """Distance along the route every `_STEP_S`: legs with stops between them."""
        path, length = Path(np.array([start_m])), float(self._knots[-1])
        if goal_m is not None:
            path.move(np.array([goal_m]), max(0.6, 1.4 * abs(goal_m - start_m) / speed))
            return np.array([path.at(t)[0] for t in np.arange(0, path.time_s + _STEP_S, _STEP_S)])
        way = 1.0 if start_m < length - 0.5 else -1.0
        while path.time_s < duration_s + 1:
            here = float(path.position[0])
            room = (length - here) if way > 0 else here
            leg = min(room, float(rng.uniform(3.0, 14.0)))
            if leg > 0.4:
                path.move(np.array([here + way * leg]), leg / speed + 0.8)
            if room - leg < 0.5:
                way = -way
            path.rest(float(rng.uniform(0.6, 2.2)))
        return np.array([_cruise(path, t) for t in np.arange(0, duration_s + 1, _STEP_S)])

    def _headings(self, sign: Vector) -> Vector:
        """Direction of the body and head, smooth, turning before the curve."""
        target: list[float] = []
        upcoming = np.zeros(len(sign))
        latest = 1.0
        for i in range(len(sign) - 1, -1, -1):
            latest = float(sign[i]) or latest
            upcoming[i] = latest
        for distance, way in zip(self._along, upcoming, strict=True):
            step = self.point(distance + way * _AHEAD_M) - self.point(distance)
            if np.linalg.norm(step) < 1e-6:
                step = self.point(distance) - self.point(distance - way * _AHEAD_M)
            target.append(math.atan2(-step[0], step[1]))
        smooth = np.unwrap(target)
        window = np.hanning(int(1.1 / _STEP_S))
        padded = np.pad(smooth, len(window) // 2, mode="edge")
        turned = np.convolve(padded, window / window.sum(), mode="same")[len(window) // 2 :][: len(smooth)]
        return np.asarray(turned, np.float64)

    @staticmethod
    def _look_around(rng: np.random.Generator, duration_s: float, often: float) -> Path:
        """Yaw and pitch of the head against the body: turns of .2-.5 s and fixations between them."""
        path = Path(np.zeros(3))
        while often > 0 and path.time_s < duration_s:
            path.rest(float(rng.uniform(0.2, 1.5)) if rng.random() < 0.6 else float(rng.exponential(1.6 / often)))
            if rng.random() < 0.35 or abs(path.position[0]) > 0.6:
                goal = np.array([0.0, 0.0, 0.0])
            else:
                angle = math.radians(float(rng.uniform(10, 50))) * float(rng.choice((-1.0, 1.0)))
                goal = np.array([angle * 0.9, math.radians(float(rng.normal(0, 7))), 0.0])
            amplitude = float(np.linalg.norm(goal - path.position))
            if amplitude > 0.02:
                path.move(goal, 0.2 + 0.3 * min(1.0, amplitude / math.radians(50)))
        return path

    def point(self, distance_m: float) -> Vector:
        """Point (2,) of the route with rounded corners; the route goes on straight beyond its ends."""
        offsets = distance_m + np.linspace(-0.5, 0.5, 9) * _CORNER_M
        inside = np.clip(offsets, 0, self._knots[-1])
        points = np.column_stack([np.interp(inside, self._knots, self._route[:, axis]) for axis in (0, 1)])
        return points.mean(axis=0)

    def nearest(self, position: Vector) -> float:
        """Distance along the route of the point next to a position (2,)."""
        samples = np.arange(0, self._knots[-1] + 1e-9, 0.05)
        return float(samples[np.argmin([np.linalg.norm(self.point(s) - position) for s in samples])])

    def body(self, time_s: float) -> Matrix:
        """Pose (4, 4) world <- body: origin below the head at the height of the elbows, y ahead."""
        here = self.point(float(np.interp(time_s, self._times, self._along)))
        heading = float(np.interp(time_s, self._times, self._heading))
        phase, gait = self._stride(time_s)
        pose = np.eye(4)
        pose[:3, :3] = rotation((0, 0, 1), heading)
        pose[:3, 3] = (*here, self._eye_m - 0.52 + 0.02 * gait * math.cos(2 * phase))
        return pose

    def camera(self, time_s: float) -> Matrix:
        """Pose (4, 4) world <- camera."""
        here = self.point(float(np.interp(time_s, self._times, self._along)))
        phase, gait = self._stride(time_s)
        yaw, pitch, _ = self._turns.at(time_s)
        heading = float(np.interp(time_s, self._times, self._heading)) + yaw + gait * 0.018 * math.sin(phase)
        up = self._pitch + pitch + gait * 0.010 * math.sin(2 * phase + 0.6)
        side = np.array([math.cos(heading), math.sin(heading), 0.0])
        way = np.array([-math.sin(heading) * math.cos(up), math.cos(heading) * math.cos(up), math.sin(up)])
        eye = np.array([*here, self._eye_m]) + side * 0.02 * gait * math.sin(phase)
        eye[2] += 0.023 * gait * math.cos(2 * phase) + 0.004 * math.sin(1.7 * time_s)
        return look_at(eye, eye + way, roll_rad=gait * 0.012 * math.sin(phase + 0.4))

    def _stride(self, time_s: float) -> tuple[float, float]:
        """Phase of the stride, and how fully it is walked (0 at a stop)."""
        return float(np.interp(time_s, self._times, self._phase)), float(np.interp(time_s, self._times, self._gait))


def _cruise(path: Path, time_s: float) -> float:
    """Position on a path whose moves have steady speed between soft ends, as walking has."""
    for move in path.moves:
        if move.start_s <= time_s <= move.end_s:
            ramp = 0.8 / (move.end_s - move.start_s)
            share = (time_s - move.start_s) / (move.end_s - move.start_s)
            # A trapezoid of speed, softened: the ramps cover `ramp` of the time at half the speed.
            part = _ramped(share, ramp)
            return float(move.origin[0] + (move.goal[0] - move.origin[0]) * part)
    return float(path.at(time_s)[0])


def _ramped(share: float, ramp: float) -> float:
    ramp = min(ramp, 0.5)
    top = 1 / (1 - ramp)
    if share < ramp:
        return top * ramp * (share / ramp) ** 2 / 2
    if share > 1 - ramp:
        return 1 - top * ramp * ((1 - share) / ramp) ** 2 / 2
    return top * (share - ramp / 2)


@dataclass
class Carried:
    """A hand in front of the walker's chest that holds something."""

    hand: HandBody
    prop: Prop
    pose: HandPose
    offset: Vector
    shows: Path

    @classmethod
    def draw(cls, rng: np.random.Generator, scene: SceneBuilder, wearer: Wearer, duration_s: float) -> Carried:
        """A cup or a bottle in the preferred hand, shown now and then."""
        side = wearer.preferred
        prop = draw_prop(str(rng.choice(("cup", "bottle"))), rng, scene, "carried")
        grasp = grasp_of("wrap", round(prop.width_m, 3)).mirrored(side)
        fingers = grasp.fingers
        pose = HandPose(np.array([0.11 * OUT[side], 0.34, 0.22]), 0.35 * OUT[side], 0.35, 0.95, fingers)
        hand = HandBody(side, HAND_GROUP[side], wearer.look)
        hand.declare(scene)
        shows = Path(np.zeros(3)).rest(float(rng.uniform(0.2, 1.5)))
        while shows.time_s < duration_s:
            shows.move((0, 0, 1.0), 0.9).rest(float(rng.uniform(2, 5))).move((0, 0, 0.0), 0.9).rest(float(rng.uniform(1, 4)))
        return cls(hand, prop, pose, grasp.centre * wearer.look.scale, shows)

    def place(self, world: World, body: Matrix, time_s: float) -> Matrix:
        """Pose hand and thing; returns the joints in the world."""
        side = self.hand.side
        up = float(self.shows.at(time_s)[2])
        turn, origin = body[:3, :3], body[:3, 3]
        frame = self.pose.frame(side)
        wrist = self.pose.wrist + (0, -0.05 * (1 - up), -0.34 * (1 - up))
        grasp = wrist + frame @ self.offset - (0, 0, self.prop.item.height_m * 0.45)
        self.prop.item.place(world, origin + turn @ grasp, turn)
        elbow = elbow_of(side, wrist)
        return self.hand.pose(world, origin + turn @ wrist, turn @ frame, self.pose.fingers, origin + turn @ elbow)


def walk_shot(
    rng: np.random.Generator,
    *,
    duration_s: float,
    place: Place | None = None,
    wearer: Wearer | None = None,
    carries: bool | None = None,
) -> Shot:
    """A wearer walks along a route of a place (one where people walk if none is given), stops, turns, looks around.

    Args:
        rng: Source of everything that is drawn.
        duration_s: How long, seconds.
        place: Where.
        wearer: Who.
        carries: Whether a hand with a cup or bottle is shown; drawn (3 in 10) if not given.

    Raises:
        ValueError: The place has no route.
    """
    place = place or make_place(str(rng.choice(_STROLLED)), int(rng.integers(1_000_000)))
    if not place.routes:
        raise ValueError(f"{place.name} has no route to walk")
    wearer = wearer or draw_wearer(rng)
    walk = Walk(rng, place.routes[int(rng.integers(len(place.routes)))], duration_s, eye_m=float(rng.uniform(1.5, 1.72)))
    carried = (
        Carried.draw(rng, place.builder, wearer, duration_s) if (rng.random() < 0.3 if carries is None else carries) else None
    )
    exposure = Exposure(rng)

    def animate(world: World, time_s: float) -> State:
        camera = walk.camera(time_s)
        hands: dict[Side, Matrix] = {}
        if carried is not None:
            hands[carried.hand.side] = carried.place(world, walk.body(time_s), time_s)
        return State(camera, hands, exposure=exposure.gain(time_s, math.asin(float(camera[2, 2]))))

    text = f"A wearer walks through {place.name.split('/')[0].replace('_', ' ')}, stops and looks around."
    contacts = []
    if carried is not None:
        text += f" One hand carries a {carried.prop.noun}."
        actor = "left_hand" if carried.hand.side == "left" else "right_hand"
        contacts = [Contact(actor=actor, object=carried.prop.noun, start_s=0.0, end_s=duration_s)]
    fov = float(rng.uniform(55, 68))
    return Shot("ego_walk", text, place.environment, "ego", True, place.builder, animate, fov, [], contacts, place.name)
