"""kill -9 at any moment, two runs at once: the same rows as one undisturbed run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from humannet_assets.store.tables import CLIP_SIGNALS, RAW_VIDEOS, SEGMENTS
from humannet_assets_tests.conftest import ROOT
from humannet_assets_tests.graph import Graph, assert_same, contents, write_catalog

NAMES = ("ego_hands_cups.mp4", "near_duplicate_cups.mp4", "empty_room_ball.mp4")

RUN = """
import sys
from pathlib import Path
from humannet_assets_tests.graph import Graph
Graph(sys.argv[1], Path(sys.argv[2])).run()
"""


def start(graph: Graph) -> subprocess.Popen[bytes]:
    """A run in a process group of its own."""
    command = [sys.executable, "-c", RUN, graph.root, str(graph.catalog)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=ROOT)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Graph:
    folder = tmp_path_factory.mktemp("crash")
    (folder / "videos").mkdir()
    for name in NAMES:
        shutil.copy(project_root / "sample_library" / name, folder / "videos" / name)
    graph = Graph(str(folder / "undisturbed"), write_catalog(folder / "sources.yaml", folder / "videos"))
    graph.run()
    return graph


@pytest.mark.parametrize("until", [RAW_VIDEOS, CLIP_SIGNALS, SEGMENTS], ids=lambda table: table.name)
def test_killed_run_is_taken_up_and_ends_the_same(undisturbed: Graph, until: object) -> None:
    graph = Graph(f"{undisturbed.root}-killed-{until.name}", undisturbed.catalog)  # type: ignore[attr-defined]
    process = start(graph)
    deadline = time.monotonic() + 120
    while not Path(graph.store.uri(until)).exists() and time.monotonic() < deadline:  # type: ignore[arg-type]
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    graph.run()
    assert_same(contents(undisturbed.store), contents(graph.store))


def test_workers_die_with_their_parent(undisturbed: Graph) -> None:
    graph = Graph(f"{undisturbed.root}-orphans", undisturbed.catalog)
    process = start(graph)
    children: list[str] = []
    deadline = time.monotonic() + 120
    while len(children) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while any(_alive(child) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(children) >= 2
    assert not [child for child in children if _alive(child)]


def _alive(pid: str) -> bool:
    """Running and not a zombie, judged by the worker's command line."""
    try:
        return "multiprocessing" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def test_two_runs_at_once_end_like_one(undisturbed: Graph) -> None:
    graph = Graph(f"{undisturbed.root}-race", undisturbed.catalog)
    processes = [start(graph), start(graph)]
    assert [process.wait(timeout=300) for process in processes] == [0, 0]
    graph.run()
    assert_same(contents(undisturbed.store), contents(graph.store))
