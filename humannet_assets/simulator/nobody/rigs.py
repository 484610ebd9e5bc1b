"""What carries a camera that nobody wears: a tripod's head, a slider, a drone, a car, a robot vacuum.

What tells them from a walking head: no step frequency (heads bob 4-5 cm at about 2 Hz), turns without saccades, and a
horizon that stays level or leans with the road only. A car shakes at its body's 1-2 Hz by millimetres and at its
wheels' 10-15 Hz by less (Gillespie, Fundamentals of Vehicle Dynamics, 1992); a drone's gimbal takes out what is faster than
about a hertz.

World: metres, z up; a heading turns from +y towards -x. A rig is a function of time in seconds to a pose (4, 4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from humannet_assets.simulator.cameras import Matrix, look_at, rotation
from humannet_assets.simulator.motion import Path

Vector = npt.NDArray[np.float64]
Rig = Callable[[float], Matrix]


def fixed(pose: Matrix) -> Rig:
    """A camera that does not move."""
    return lambda time_s: pose


def gaze(eye: npt.ArrayLike, heading_rad: float, pitch_rad: float, roll_rad: float = 0.0) -> Matrix:
    """Pose (4, 4) of a camera at a point that looks along a heading, `pitch_rad` above the horizon."""
    level = math.cos(pitch_rad)
    way = np.array([-math.sin(heading_rad) * level, math.cos(heading_rad) * level, math.sin(pitch_rad)])
    position = np.asarray(eye, np.float64)
    return look_at(position, position + way, roll_rad)


class Speeds:
    """Distance travelled at speeds that are known at some times and change evenly between them."""

    def __init__(self, knots: Sequence[tuple[float, float]]) -> None:
        """Knots are (time in s, speed in m/s or rad/s), times increasing."""
        self._times, self._speeds = np.array(knots, np.float64).T
        steps = np.diff(self._times) * (self._speeds[:-1] + self._speeds[1:]) / 2
        self._covered = np.concatenate([[0.0], np.cumsum(steps)])

    def at(self, time_s: float) -> float:
        """Speed; before the first and after the last knot that knot's."""
        return float(np.interp(time_s, self._times, self._speeds))

    def distance(self, time_s: float) -> float:
        """Distance since the first knot."""
        i = int(np.clip(np.searchsorted(self._times, time_s, side="right") - 1, 0, len(self._times) - 1))
        passed = time_s - self._times[i]
        return float(self._covered[i] + passed * (self._speeds[i] + self.at(time_s)) / 2)


def driving(rng: np.random.Generator, duration_s: float, cruise: float, *, stops: float = 0.02) -> Speeds:
    """A car's speed in traffic: near `cruise` m/s, now and then slower, rarely stopped; `stops` per second."""
    knots, at = [(0.0, cruise * float(rng.uniform(0.7, 1.0)))], 0.0
    while at < duration_s:
        at += float(rng.uniform(3.0, 7.0))
        if rng.random() < stops * 5:
            brake = at + cruise / 2.5
            wait = brake + float(rng.uniform(1.5, 5.0))
            knots += [(at, knots[-1][1]), (brake, 0.0), (wait, 0.0)]
            at = wait + cruise / 1.8
        knots.append((at, cruise * float(rng.uniform(0.65, 1.1))))
    return Speeds(knots)


def pan(
    rng: np.random.Generator, eye: npt.ArrayLike, target: npt.ArrayLike, duration_s: float, *, sweep_rad: float = 0.5
) -> Rig:
    """A tripod's fluid head: slow turns with rests, up to `sweep_rad` to either side of the target, tilting a little."""
    way = np.asarray(target, np.float64) - np.asarray(eye, np.float64)
    heading, pitch = math.atan2(-way[0], way[1]), math.atan2(way[2], math.hypot(way[0], way[1]))
    side = 1.0 if rng.random() < 0.5 else -1.0
    head = Path(np.array([side * sweep_rad * rng.uniform(0.6, 1.0), 0.0, 0.0])).rest(float(rng.uniform(0.0, 0.8)))
    while head.time_s < duration_s:
        side = -side
        yaw = side * sweep_rad * float(rng.uniform(0.4, 1.0))
        speed = float(rng.uniform(0.08, 0.22))
        head.move((yaw, float(rng.uniform(-0.08, 0.06)), 0.0), max(2.0, abs(yaw - head.position[0]) / speed))
        head.rest(float(rng.uniform(0.2, 1.5)))

    def pose(time_s: float) -> Matrix:
        yaw, tilt, _ = head.at(time_s)
        return gaze(eye, heading + yaw, pitch + tilt)

    return pose


def slide(
    rng: np.random.Generator, eye: npt.ArrayLike, target: npt.ArrayLike, duration_s: float, *, reach_m: float = 0.5,
    forward: bool = False,
) -> Rig:  # fmt: skip
    """A camera on rails: to and fro across the line of sight, or along it (`forward`), evenly, without a shake.

    Across, it either keeps its direction or stays aimed at the target.
    """
    start, goal = np.asarray(eye, np.float64), np.asarray(target, np.float64)
    way = goal - start
    ahead = np.array([way[0], way[1], 0.0]) / math.hypot(way[0], way[1])
    along = ahead if forward else np.array([ahead[1], -ahead[0], 0.0])
    aimed = forward or bool(rng.random() < 0.5)
    side = 1.0 if forward or rng.random() < 0.5 else -1.0
    first = 0.0 if forward else -side * reach_m
    rail = Path(np.array([first, 0.0, 0.0])).rest(float(rng.uniform(0.0, 0.6)))
    ends = (reach_m, 0.0) if forward else (side * reach_m, -side * reach_m)
    while rail.time_s < duration_s:
        for end in ends:
            rail.move((end, 0.0, 0.0), abs(end - rail.position[0]) / float(rng.uniform(0.08, 0.2)))
            rail.rest(float(rng.uniform(0.3, 1.2)))

    def pose(time_s: float) -> Matrix:
        shift = along * rail.at(time_s)[0]
        return look_at(start + shift, goal if aimed else goal + shift)

    return pose


def fly(
    rng: np.random.Generator, way: Callable[[float], tuple[Vector, float]], *, height_m: float, speed: float, pitch_rad: float
) -> Rig:
    """A drone over a course: even flight, slow drift, a gimbal that keeps the horizon level.

    Args:
        rng: Source of the drift.
        way: Ground point (3,) and heading for a distance in metres.
        height_m: Above ground, about which it slowly changes by a tenth.
        speed: m/s.
        pitch_rad: Of the camera, negative is downwards.
    """
    phases = rng.uniform(0, 2 * math.pi, 6)
    rates = rng.uniform(0.03, 0.12, 6) * 2 * math.pi
    drift = np.array([0.08 * height_m, 0.04 * height_m, 0.1 * height_m])

    def pose(time_s: float) -> Matrix:
        wave = np.sin(rates * time_s + phases)
        ground, heading = way(speed * time_s)
        turn = rotation((0, 0, 1), heading)
        eye = ground + turn @ (wave[:3] * drift) + (0, 0, height_m)
        return gaze(eye, heading + 0.18 * wave[3], pitch_rad + 0.05 * wave[4])

    return pose


def orbit(rng: np.random.Generator, centre: npt.ArrayLike, *, radius_m: float, height_m: float) -> Rig:
    """A drone that circles about a point and keeps it in view."""
    middle = np.asarray(centre, np.float64)
    start, side = float(rng.uniform(0, 2 * math.pi)), 1.0 if rng.random() < 0.5 else -1.0
    speed = float(rng.uniform(1.5, 4.0)) / radius_m
    rise, phase = 0.12 * height_m, float(rng.uniform(0, 2 * math.pi))

    def pose(time_s: float) -> Matrix:
        angle = start + side * speed * time_s
        lift = height_m + rise * math.sin(0.3 * time_s + phase)
        return look_at(middle + (radius_m * math.cos(angle), radius_m * math.sin(angle), lift), middle + (0, 0, 0.8))

    return pose


class Suspension:
    """How a car's body moves on its springs: lift in metres, pitch and roll in radians."""

    def __init__(self, rng: np.random.Generator, roughness: float = 1.0) -> None:
        self._phases = rng.uniform(0, 2 * math.pi, 9)
        self._rates = 2 * math.pi * np.concatenate([rng.uniform(0.9, 2.2, 6), rng.uniform(10, 14, 3)])
        self._amount = roughness

    def at(self, time_s: float, speed: float) -> tuple[float, float, float]:
        """(lift, pitch, roll); nothing while standing."""
        wave = np.sin(self._rates * time_s + self._phases) * self._amount * min(1.0, speed / 8)
        lift = 0.003 * (wave[0] + 0.6 * wave[1]) + 0.0007 * wave[6]
        pitch = 0.0022 * (wave[2] + 0.5 * wave[3]) + 0.0005 * wave[7]
        return lift, pitch, 0.0016 * (wave[4] + 0.5 * wave[5]) + 0.0004 * wave[8]


def vacuum(rng: np.random.Generator, route: Vector, duration_s: float, *, lens_m: float = 0.09) -> Rig:
    """A robot vacuum: straight at .25-.35 m/s, turning on the spot at about 1 rad/s, lens just above the floor.

    Args:
        rng: Source of speeds and of small detours.
        route: Polyline (n, 2) that is free for 0.35 m to either side; followed to and fro.
        duration_s: How long.
        lens_m: Height of the lens.
    """
    speed, pitch = float(rng.uniform(0.25, 0.35)), float(rng.uniform(0.03, 0.14))
    stops = [*route, *route[-2:0:-1]]
    first = int(rng.integers(len(stops)))
    here = np.asarray(stops[first], np.float64)
    place, heading = Path(np.array([*here, 0.0])), Path(np.zeros(3))
    number, turned = first, False
    while place.time_s < duration_s:
        number += 1
        goal = np.asarray(stops[number % len(stops)], np.float64) + rng.uniform(-0.1, 0.1, 2)
        way = goal - here
        length = float(np.hypot(*way))
        if length < 0.3:
            continue
        target = math.atan2(-way[0], way[1])
        now = float(heading.position[0])
        turn = (target - now + math.pi) % (2 * math.pi) - math.pi
        if not turned:
            heading.position = np.array([target, 0.0, 0.0])
        else:
            seconds = max(0.4, abs(turn) / 1.0)
            heading.move((now + turn, 0.0, 0.0), seconds)
            place.rest(seconds)
        turned = True
        # Legs of about a metre: bumping into things, it stops and goes on.
        for share in np.linspace(0, 1, max(2, round(length / float(rng.uniform(1.2, 2.5))) + 1))[1:]:
            point = here + way * share
            seconds = float(np.hypot(*(point - place.position[:2]))) / speed
            place.move((*point, 0.0), seconds)
            heading.rest(seconds)
        here = goal
    phases = rng.uniform(0, 2 * math.pi, 2)

    def pose(time_s: float) -> Matrix:
        x, y, _ = place.at(time_s)
        # Motors and brushes: a third of a millimetre at their turning rate.
        hum = 0.0003 * np.sin(2 * math.pi * np.array([11.0, 17.0]) * time_s + phases)
        return gaze((x, y, lens_m + hum[0]), float(heading.at(time_s)[0]), pitch + hum[1])

    return pose
