"""A folder of simulated footage: resumed, never half, refused when it is something else."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from humannet_assets.media.sidecar import Sidecar, load_sidecar
from humannet_assets.simulator.cases import Case, TextFile, Truncated
from humannet_assets.simulator.produce import Profile, SimulationError, make_case, produce


@dataclass(frozen=True)
class Fails(TextFile):
    """Writes half of what it should and then meets an error."""

    number: int = errno.ENOSPC

    def write(self, scratch: Path, library: Path) -> Sidecar:
        super().write(scratch, library)
        raise OSError(self.number, os.strerror(self.number))


@dataclass(frozen=True)
class Dies(TextFile):
    """Kills the process that makes it."""

    def write(self, scratch: Path, library: Path) -> Sidecar:
        super().write(scratch, library)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


@dataclass(frozen=True)
class Slow(TextFile):
    """Takes its time after half of its file."""

    def write(self, scratch: Path, library: Path) -> Sidecar:
        truth = super().write(scratch, library)
        (library / "started").touch()
        time.sleep(30)
        return truth


@dataclass(frozen=True)
class Huge(TextFile):
    """Says that it will take a year of footage."""

    @property
    def seconds(self) -> float:
        return 365 * 24 * 3600 * 1000.0


def text(name: str, seed: int = 1) -> TextFile:
    return TextFile(name, seed, "unreadable")


def profile(*cases: Case, **options: object) -> Profile:
    return Profile("test", options, cases)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_makes_what_is_missing_and_lists_what_is_there(tmp_path: Path) -> None:
    made = Truncated("b_half", 2, "unreadable", source="a")
    seen: list[str] = []
    first = produce(
        profile(text("a"), made, text("c")), tmp_path, workers=2, progress=lambda name, done, total: seen.append(name)
    )
    assert sorted(first.made) == ["a", "b_half", "c"]
    assert sorted(seen) == ["a.mp4", "b_half.mp4", "c.mp4"]
    assert names(tmp_path) == {
        "a.mp4",
        "a.json",
        "b_half.mp4",
        "b_half.json",
        "c.mp4",
        "c.json",
        "manifest.csv",
        "simulated.json",
    }
    assert (tmp_path / "b_half.mp4").stat().st_size * 2 == (tmp_path / "a.mp4").stat().st_size
    assert (tmp_path / "manifest.csv").read_text().splitlines()[1:] == ["a.mp4,,,", "b_half.mp4,,,", "c.mp4,,,"]
    before = (tmp_path / "a.json").stat().st_mtime_ns
    (tmp_path / "c.json").unlink()
    again = produce(profile(text("a"), made, text("c")), tmp_path)
    assert (again.made, sorted(again.present)) == (["c"], ["a", "b_half"])
    assert (tmp_path / "a.json").stat().st_mtime_ns == before


def test_only_what_was_asked_for_and_what_it_is_made_from(tmp_path: Path) -> None:
    chosen = profile(text("a"), Truncated("b", 2, "unreadable", source="a"), text("c"))
    assert sorted(produce(chosen, tmp_path, only=["b"]).made) == ["a", "b"]
    with pytest.raises(ValueError, match=r"called nonsense; there are a, b, c"):
        produce(chosen, tmp_path, only=["nonsense"])


def test_impossible_profiles_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several cases are called a"):
        profile(text("a"), text("a", 2))
    with pytest.raises(ValueError, match="which must stand before it"):
        profile(Truncated("b", 2, "unreadable", source="a"), text("a"))
    with pytest.raises(SimulationError, match=r"GB are needed .* GB are free; free some space"):
        produce(profile(Huge("a", 1, "unreadable")), tmp_path)
    assert not list(tmp_path.glob("*.mp4"))


def test_a_folder_of_other_footage_is_not_gone_on_with(tmp_path: Path) -> None:
    produce(profile(text("a"), seed=1), tmp_path)
    with pytest.raises(SimulationError, match="holds other footage"):
        produce(profile(text("a"), seed=2), tmp_path)
    record = json.loads((tmp_path / "simulated.json").read_text())
    assert record["options"] == {"seed": 1}
    (tmp_path / "simulated.json").write_text("{")
    with pytest.raises(SimulationError, match="not JSON"):
        produce(profile(text("a"), seed=1), tmp_path)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_keeps_what_is_finished_and_leaves_no_half_file(tmp_path: Path, number: int) -> None:
    with pytest.raises(SimulationError, match=r"no space is left in .* finished files are kept"):
        produce(profile(text("a"), Fails("b", 2, "unreadable", number=number)), tmp_path, workers=1)
    assert names(tmp_path) - {".partial"} == {"a.mp4", "a.json", "simulated.json"}
    assert not list(tmp_path.rglob("b.mp4"))
    assert produce(profile(text("a"), text("b", 2)), tmp_path).made == ["b"]


def test_a_full_device_is_reported_as_such(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")

    @dataclass(frozen=True)
    class OntoFull(TextFile):
        def write(self, scratch: Path, library: Path) -> Sidecar:
            (scratch / self.file).symlink_to(full)
            return super().write(scratch, library)

    with pytest.raises(OSError, match="No space left") as caught:
        make_case(OntoFull("a", 1, "unreadable"), tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert names(tmp_path) == {".partial"}


def test_other_errors_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        produce(profile(Fails("a", 1, "unreadable", number=errno.EACCES)), tmp_path, workers=1)


def test_a_worker_that_dies_is_reported_and_the_next_run_goes_on(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"making b.mp4 died"):
        produce(profile(text("a"), Dies("b", 2, "unreadable")), tmp_path, workers=1)
    assert produce(profile(text("a"), text("b", 2)), tmp_path).made == ["b"]


def test_killed_midway_and_run_again_while_another_holds_the_folder(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path\n"
        "from humannet_assets_tests.simulator.test_produce import Slow, profile, text\n"
        "from humannet_assets.simulator.produce import produce\n"
        f"produce(profile(text('a'), Slow('b', 2, 'unreadable')), Path({str(tmp_path)!r}), workers=1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "started").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        with pytest.raises(SimulationError, match="another process is making footage"):
            produce(profile(text("a"), text("b", 2)), tmp_path)
        os.killpg(process.pid, signal.SIGKILL)
    assert (tmp_path / "a.json").exists()
    assert not (tmp_path / "b.mp4").exists()
    assert (tmp_path / ".partial" / "b" / "b.mp4").exists()
    assert produce(profile(text("a"), text("b", 2)), tmp_path).made == ["b"]
    assert not (tmp_path / ".partial").exists()
    assert load_sidecar(tmp_path / "b.json").name == "b"
