"""A recording of a computer's screen: windows come up, are read, typed into, moved; menus open; the pointer travels.

Cuts. Nothing was edited, but shots exist so that a clip shows one thing, and careful annotators mark where the whole picture is
replaced: the slides of a talk, a window that comes up over all of the screen. So do the labels of the real test media.
`ScreenRecording.cut_frames` says where these are. What replaces less (a smaller window, a menu, scrolling, a film inside a
window) is no cut, however much changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from humannet_assets.media.sidecar import Contact, FrameTruth, Segment, ShotTruth, Viewpoint
from humannet_assets.simulator.motion import Path
from humannet_assets.simulator.nobody.screen.apps import App, Page, Player, Slides, Terminal
from humannet_assets.simulator.nobody.screen.editors import CodeEditor, Sheet, Writer
from humannet_assets.simulator.nobody.screen.paint import INK, Canvas, Color, photograph, pointer
from humannet_assets.simulator.nobody.screen.words import pick
from humannet_assets.simulator.shots import Frame, MapSize
from humannet_assets.simulator.world import RGB, RenderQuality

APPS: Mapping[str, type[App]] = {
    "page": Page, "slides": Slides, "player": Player, "terminal": Terminal, "writer": Writer, "code": CodeEditor,
    "sheet": Sheet,
}  # fmt: skip
"""Every program by name."""

_WEIGHTS: Mapping[str, float] = {
    "page": 0.27, "slides": 0.1, "player": 0.1, "terminal": 0.08, "writer": 0.15, "code": 0.17, "sheet": 0.13,
}  # fmt: skip
_TITLE_PX, _BAR_PX, _MENU_ROW_PX = 30, 34, 26
_COMMANDS = (
    "New", "Open ...", "Save", "Save as ...", "Print ...", "Close", "Undo", "Copy", "Paste", "Find ...", "Select all",
    "Zoom in", "Zoom out", "Properties", "Insert table", "Word count",
)  # fmt: skip


@dataclass
class _Menu:
    """Opens at a time, is hovered through, closes; `corner` in screen pixels."""

    start_s: float
    end_s: float
    corner: tuple[int, int]
    picture: RGB
    hover: Path


@dataclass
class _Task:
    """An app in a window for a while. `corner` is the window's, as a path where it is dragged."""

    start_s: float
    app: App
    full_screen: bool
    corner: Path
    frame: RGB
    behind: RGB
    menus: list[_Menu] = field(default_factory=list)


@dataclass(frozen=True)
class _Cast:
    """What a task will show: an app over the whole screen, or in a window that takes that share of its width and height."""

    rng: np.random.Generator
    kind: type[App]
    full_screen: bool
    share: float


class ScreenRecording:
    """Satisfies `simulator.shots.Footage`: what a `Take` shows where no camera was."""

    scene = "screen_recording"
    environment = "work_study"
    viewpoint: Viewpoint = "none"
    human_centric = False
    vertical_fov_deg = 0.0

    def __init__(self, rng: np.random.Generator, duration_s: float, *, apps: Sequence[str] = tuple(APPS)) -> None:
        """Plan a recording.

        Args:
            rng: Source of everything that is drawn.
            duration_s: How long, seconds.
            apps: Which programs are used (see `APPS`).

        Raises:
            KeyError: An app that does not exist.
        """
        if missing := sorted(set(apps) - set(APPS)):
            raise KeyError(f"no app {missing[0]!r}; there are {', '.join(APPS)}")
        self._duration_s = duration_s
        self._apps = tuple(apps)
        self._seed = int(rng.integers(2**63))
        names = ", ".join(name.replace("page", "article") for name in self._apps)
        self.description = f"A recording of a computer screen ({names}). Nobody is in the picture and no camera was there."

    def truth(self, start_frame: int, end_frame: int) -> ShotTruth:
        """The sidecar's entry."""
        return ShotTruth(
            start_frame=start_frame, end_frame=end_frame, scene=self.scene, viewpoint=self.viewpoint,
            human_centric=self.human_centric, environment=self.environment,
        )  # fmt: skip

    def segments(self, offset_s: float, duration_s: float) -> list[Segment]:
        """None: nobody acts in the picture."""
        return []

    def touches(self, offset_s: float, duration_s: float) -> list[Contact]:
        """None."""
        return []

    def render(
        self,
        size: tuple[int, int],
        times_s: Sequence[float],
        *,
        offset_s: float = 0.0,
        quality: RenderQuality | None = None,
        maps: MapSize | None = None,
    ) -> Iterator[Frame]:
        """Frames of width x height; `quality` and `maps` mean nothing here: there is no scene and no depth."""
        for time_s, picture in zip(times_s, self.frames(times_s, *size), strict=True):
            yield Frame(picture, FrameTruth(time_s=round(time_s + offset_s, 6)))

    def frames(self, times_s: Sequence[float], width: int, height: int) -> Iterator[RGB]:
        """Pictures (height, width, 3) of the screen at increasing times, seconds from its start."""
        import cv2

        desktop = _Desktop(np.random.default_rng(self._seed), width / height, self._duration_s, self._apps)
        for time_s in times_s:
            screen = desktop.picture(time_s)
            yield cv2.resize(screen, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def cut_frames(self, size: tuple[int, int], times_s: Sequence[float]) -> list[int]:
        """Which of the frames at these times are the first after the whole picture was replaced (see the module)."""
        desktop = _Desktop(np.random.default_rng(self._seed), size[0] / size[1], self._duration_s, self._apps)
        frames = np.searchsorted(np.asarray(times_s), desktop.cuts_s(), side="left")
        return sorted({int(frame) for frame in frames if 0 < frame < len(times_s)})


class _Desktop:
    """The screen itself: tasks one after the other, planned when they come up so that hours need no more memory."""

    def __init__(self, rng: np.random.Generator, aspect: float, duration_s: float, apps: tuple[str, ...]) -> None:
        self._rng = rng
        self.height = int(rng.integers(27, 37)) * 20
        self.width = round(self.height * aspect / 2) * 2
        self._accent: Color = (int(rng.integers(20, 110)), int(rng.integers(50, 120)), int(rng.integers(90, 190)))
        self._dark_bar = bool(rng.random() < 0.6)
        self._wall = self._wallpaper()
        self._under = self._wall
        self._apps = apps
        weights = np.array([_WEIGHTS[name] for name in apps])
        self._weights = weights / weights.sum()
        self._pointer = Path(np.array([self.width * 0.5, self.height * 0.4, 0.0]))
        self._starts = self._schedule(duration_s)
        self._ends = [*self._starts[1:], duration_s]
        self._seeds = rng.integers(2**63, size=len(self._starts))
        self._task: _Task | None = None
        self._number = -1

    def _schedule(self, duration_s: float) -> list[float]:
        """When each task comes up; the last reaches to the end."""
        starts, at = [0.0], 0.0
        while True:
            at += float(self._rng.gamma(2.5, 4.0)) + 3.0
            if at > duration_s - 3:
                return starts
            starts.append(at)

    def cuts_s(self) -> list[float]:
        """Times at which the whole picture is replaced: full screens come, go and change, windows come up over everything."""
        times, filled = [], False
        for number, start in enumerate(self._starts):
            cast = self._cast(number)
            if number and (cast.full_screen or cast.share == 1.0 or filled):
                times.append(start)
            if cast.full_screen and cast.kind is Slides:
                times += [start + change for change in self._app(number, cast).changes]
            # A window that came up over everything lies under the next one; a full screen is gone.
            filled = cast.full_screen
        return times

    def picture(self, time_s: float) -> RGB:
        """The screen (height, width, 3) at a time; times must not decrease by more than a task."""
        number = max(0, bisect_right(self._starts, time_s) - 1)
        while self._number < number:
            self._begin(self._number + 1)
        task = self._task
        assert task is not None
        local = time_s - task.start_s
        content = task.app.picture(local)
        if task.full_screen:
            screen = content.copy()
        else:
            screen = task.behind.copy()
            x, y, _ = np.round(task.corner.at(local)).astype(int)
            _paste(screen, task.frame, x, y)
            _paste(screen, content, x + 1, y + _TITLE_PX)
            screen[-_BAR_PX:] = task.behind[-_BAR_PX:]
        for menu in task.menus:
            if menu.start_s <= local < menu.end_s:
                self._draw_menu(screen, menu, local)
        self._draw_pointer(screen, self._pointer.at(time_s))
        return screen

    def _cast(self, number: int) -> _Cast:
        """Decide what a task shows, before anything of it is drawn."""
        rng = np.random.default_rng(self._seeds[number])
        kind = APPS[self._apps[int(rng.choice(len(self._apps), p=self._weights))]]
        full_screen = bool(rng.random() < kind.full_screen_share)
        return _Cast(rng, kind, full_screen, 1.0 if rng.random() < 0.45 else float(rng.uniform(0.6, 0.82)))

    def _app(self, number: int, cast: _Cast) -> App:
        outer = self._outer(cast)
        inner = (outer[0] - 2, outer[1] - _TITLE_PX - 1)
        size = (self.width, self.height) if cast.full_screen else inner
        return cast.kind(cast.rng, size, self._ends[number] - self._starts[number])

    def _outer(self, cast: _Cast) -> tuple[int, int]:
        """Size of a task's window with its frame."""
        return round(self.width * cast.share), round((self.height - _BAR_PX) * cast.share)

    def _begin(self, number: int) -> None:
        """Bring up a task: its window over what was there before, and where the pointer goes during it."""
        cast = self._cast(number)
        app, rng, outer = self._app(number, cast), cast.rng, self._outer(cast)
        start, full_screen = self._starts[number], cast.full_screen
        room = (self.width, self.height - _BAR_PX)
        goal = np.array([*(rng.uniform(0, 1, 2) * (np.array(room) - outer)), 0.0])
        corner = Path(goal)
        if cast.share < 1 and not full_screen and rng.random() < 0.4:
            shift = rng.uniform(-0.25, 0.25, 2) * room
            corner = Path(goal + (*shift, 0)).rest(1.1).move(goal, float(rng.uniform(0.5, 1.1)))
        behind = self._wall if self._task is None else self._settled(self._task)
        frame, below = self._window(outer, app.title), self._with_bar(behind, app.title, start)
        self._task = _Task(start, app, full_screen, corner, frame, below)
        self._number = number
        self._plan_pointer(rng, self._task, outer, self._ends[number] - start)

    def _plan_pointer(self, rng: np.random.Generator, task: _Task, outer: tuple[int, int], length: float) -> None:
        """Drag the window by its title, open menus, click where the app wants it, wander now and then."""
        base = task.corner.position
        pointer = self._pointer
        pointer.time_s = task.start_s
        for move in task.corner.moves:
            grip = (outer[0] * 0.4, _TITLE_PX / 2, 0)
            pointer.move(move.origin + grip, move.start_s - 0.15).rest(0.15).move(move.goal + grip, move.end_s - move.start_s)
        clicks = list(task.app.clicks)
        at = pointer.time_s - task.start_s
        while at < length - 2.5:
            pointer.rest(float(rng.exponential(2.2)) + 0.2)
            at = pointer.time_s - task.start_s
            while clicks and clicks[0][0] < at:
                clicks.pop(0)
            if clicks and clicks[0][0] < at + 1.2:
                _, x, y = clicks.pop(0)
                target = base + (x, y + _TITLE_PX, 0)
            elif not task.full_screen and rng.random() < 0.16:
                self._open_menu(rng, task, at + 0.6, length)
                at = pointer.time_s - task.start_s
                continue
            else:
                target = base + (*(rng.uniform(0.12, 0.88, 2) * task.app.size), 0)
            self._reach(rng, target)
            at = pointer.time_s - task.start_s

    def _reach(self, rng: np.random.Generator, target: npt.NDArray[np.float64]) -> None:
        """Move the pointer: longer ways take longer, as Fitts (1954) has it, about 0.2 s + 0.13 s per halving of the way."""
        way = float(np.linalg.norm(target - self._pointer.position))
        self._pointer.move(target, 0.2 + 0.13 * float(np.log2(1 + way / 24)) * float(rng.uniform(0.8, 1.3)))

    def _open_menu(self, rng: np.random.Generator, task: _Task, at: float, length: float) -> None:
        count = int(rng.integers(4, 9))
        width, height = 190, count * _MENU_ROW_PX + 8
        limit = np.array([self.width - width - 4, self.height - _BAR_PX - height - 4])
        corner = np.clip(task.corner.position[:2] + rng.uniform(0.0, 0.6, 2) * task.app.size + (0, _TITLE_PX), 0, limit)
        canvas = Canvas(width, height, (249, 249, 251))
        canvas.box(0, 0, width, height, (249, 249, 251), outline=(190, 192, 196))
        for i in range(count):
            canvas.text(16, 9 + i * _MENU_ROW_PX, pick(rng, _COMMANDS), 15, INK)
        self._reach(rng, np.array([*corner, 0.0]))
        start = max(at, self._pointer.time_s - task.start_s)
        self._pointer.time_s = task.start_s + start
        hover = Path(np.zeros(3), start)
        for row in np.sort(rng.integers(0, count, int(rng.integers(1, 4)))):
            goal = np.array([corner[0] + 60, corner[1] + 4 + (row + 0.5) * _MENU_ROW_PX, 0.0])
            self._pointer.move(goal, float(rng.uniform(0.25, 0.6))).rest(float(rng.uniform(0.15, 0.7)))
            hover.move((float(row), 0, 0), self._pointer.time_s - task.start_s - hover.time_s)
        end = min(self._pointer.time_s - task.start_s, length)
        task.menus.append(_Menu(start, end, (int(corner[0]), int(corner[1])), canvas.picture(), hover))

    @staticmethod
    def _draw_menu(screen: RGB, menu: _Menu, time_s: float) -> None:
        picture = menu.picture.copy()
        row = round(float(menu.hover.at(time_s)[0]))
        lit = picture[4 + row * _MENU_ROW_PX : 4 + (row + 1) * _MENU_ROW_PX, 2:-2]
        lit[...] = (lit * 0.8 + np.array([30, 60, 110]) * 0.2).astype(np.uint8)
        _paste(screen, picture, *menu.corner)

    def _draw_pointer(self, screen: RGB, position: npt.NDArray[np.float64]) -> None:
        arrow, mask = pointer(self.height / 620)
        x = int(np.clip(position[0], 0, self.width - 3))
        y = int(np.clip(position[1], 0, self.height - 3))
        part = screen[y : y + len(arrow), x : x + arrow.shape[1]]
        shown = np.s_[: part.shape[0], : part.shape[1]]
        part[...] = np.where(mask[shown] > 0, arrow[shown], part)

    def _settled(self, task: _Task) -> RGB:
        """What lies under the next window: this one at the place where it was left."""
        if task.full_screen:
            return self._wall
        screen = task.behind.copy()
        x, y, _ = np.round(task.corner.position).astype(int)
        _paste(screen, task.frame, x, y)
        _paste(screen, task.app.picture(self._ends[self._number] - task.start_s), x + 1, y + _TITLE_PX)
        return screen

    def _window(self, outer: tuple[int, int], name: str) -> RGB:
        """An empty window: frame, title, buttons."""
        canvas = Canvas(*outer, (200, 202, 206))
        canvas.box(0, 0, outer[0], _TITLE_PX, self._accent)
        canvas.text(12, 6, name, 16, (255, 255, 255))
        for i, color in enumerate(((226, 84, 76), (236, 190, 80), (110, 190, 90))):
            canvas.disc(outer[0] - 18 - 22 * i, _TITLE_PX / 2, 6, color)
        return canvas.picture()

    def _with_bar(self, screen: RGB, name: str, time_s: float) -> RGB:
        """The task bar along the lower edge, with the time of day at which the task began."""
        ground: Color = (32, 34, 40) if self._dark_bar else (232, 234, 238)
        ink: Color = (232, 232, 236) if self._dark_bar else INK
        canvas = Canvas(self.width, _BAR_PX, ground)
        canvas.box(8, 6, 22, 22, self._accent)
        canvas.text(46, 8, name[: self.width // 14], 15, ink)
        minutes = 9 * 60 + int(time_s // 60)
        canvas.text(self.width - 58, 8, f"{minutes // 60 % 24:02d}:{minutes % 60:02d}", 15, ink)
        result = screen.copy()
        result[-_BAR_PX:] = canvas.picture()
        return result

    def _wallpaper(self) -> RGB:
        if self._rng.random() < 0.5:
            return photograph(self._rng, self.width, self.height)
        slope = np.linspace(0.45, 1.0, self.width)[None, :, None] * np.linspace(1.0, 0.6, self.height)[:, None, None]
        return (slope * np.array(self._accent) * 1.2).clip(0, 255).astype(np.uint8)


def _paste(screen: RGB, picture: RGB, x: int, y: int) -> None:
    """Lay a picture over the screen; what lies beyond its edges is lost."""
    height, width = screen.shape[:2]
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + picture.shape[1], width), min(y + picture.shape[0], height)
    if left < right and top < bottom:
        screen[top:bottom, left:right] = picture[top - y : bottom - y, left - x : right - x]
