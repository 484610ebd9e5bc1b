"""`humannet simulate`: make footage with ground truth, with a bar on the terminal."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humannet_assets.cli.project import UsageError

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from humannet_assets.simulator.profiles import ProfileKind


def parse_options(pairs: Sequence[str]) -> dict[str, str]:
    """`name=value` pairs as a mapping; raises `UsageError` for what is none."""
    options = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"{pair!r} is no option; write name=value, e.g. -o hours=2")
        options[name.strip().replace("-", "_")] = value.strip()
    return options


def _kind(profile: str) -> ProfileKind:
    from humannet_assets.simulator.profiles import PROFILES

    if profile not in PROFILES:
        raise UsageError(f"there is no profile {profile!r}; choose one of {', '.join(PROFILES)}")
    return PROFILES[profile]


def profile_options(profile: str, options: Mapping[str, str]) -> BaseModel:
    """Validated options of a profile; raises `UsageError` with every problem and what is allowed."""
    from pydantic import ValidationError

    kind = _kind(profile).options
    try:
        return kind.model_validate(dict(options))
    except ValidationError as error:
        lines = [f"  {'.'.join(map(str, e['loc']))}: {e['msg']} (found {e['input']!r})" for e in error.errors()]
        raise UsageError("\n".join([f"profile {profile}:", *lines, "It has:", *describe(kind)])) from None


def describe(kind: type[BaseModel]) -> list[str]:
    """One line per option of a profile: name, default, meaning."""
    return [f"  {name}={field.default}  {field.description or ''}".rstrip() for name, field in kind.model_fields.items()]


def print_options(profile: str, console: Console) -> None:
    """What a profile makes and the options it takes."""
    kind = _kind(profile)
    console.print("\n".join([f"{profile}: {kind.text}", *describe(kind.options)]), markup=False, highlight=False)


def simulate(
    profile: str, options: Mapping[str, str], folder: Path, only: Sequence[str], workers: int, console: Console
) -> None:
    """Make a profile's footage in a folder and say what to do with it.

    Raises:
        UsageError: Unknown profile, options out of range, unknown names of files.
        SimulationError: The disk is full, the folder holds other footage, ...
        RenderingUnavailableError: MuJoCo or OpenGL is missing.
    """
    chosen = profile_options(profile, options)
    started = time.monotonic()
    with _Bar(console) as report:
        try:
            summary = _kind(profile).make(chosen, folder, only=only, workers=workers, progress=report)
        except ValueError as error:
            raise UsageError(str(error)) from error
    console.print(f"{summary.text} in {time.monotonic() - started:.0f} s: {folder}", markup=False, highlight=False)
    # A command to copy stays on one line.
    console.print(f"next: {summary.next_step}", markup=False, highlight=False, soft_wrap=True)


class _Bar:
    """A bar of seconds of footage."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f} s of footage"),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._console = console
        self._task: Any = None
        self._said = time.monotonic()

    def __enter__(self) -> _Bar:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, name: str, done: float, total: float) -> None:
        if self._task is None:
            self._task = self._bars.add_task(name, total=total)
        self._bars.update(self._task, description=name, completed=done, total=total)
        # Where there is no terminal, a line now and then.
        if not self._console.is_terminal and time.monotonic() - self._said > 30:
            self._said = time.monotonic()
            self._console.print(f"{done:.0f} of {total:.0f} s of footage", highlight=False)
