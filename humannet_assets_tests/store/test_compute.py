"""Workers that crash, hang or eat memory cost one unit its outcome and nobody else anything."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

import pytest

from humannet_assets.store.compute import InProcess, Limits, ProcessWorkers, close_pools
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.step import NoConfig, Outcome, Read, Step, Unit
from humannet_assets_tests.store import toy


class HostileStep(Step[NoConfig]):
    """Does to the worker what the input's note says, as hostile media would."""

    name = "hostile"
    code_version = "1"
    reads = (Read(toy.NUMBERS, ("value",), by="values"),)
    writes = toy.HALVES
    isolated = True
    chunk_size = 4

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Crash on 1, hang on 2, allocate without end on 3, lie about the unit on 4, halve the rest."""
        for unit in units:
            value = unit.row(toy.NUMBERS)["value"]
            if value == 1:
                os._exit(139)
            if value == 2:
                time.sleep(60)
            if value == 3:
                _ = bytearray(3 << 30)  # fits the machine, not the limit
            if value == 4:
                yield Outcome("somebody else", "kept", rows=({"half": 2},))
            yield Outcome.kept(unit, [{"half": value // 2}])


def misbehave(value: int) -> int:
    """Crash on 1, hang on 2, raise on 3, halve the rest."""
    if value == 1:
        os._exit(139)
    if value == 2:
        time.sleep(60)
    if value == 3:
        raise ValueError("three")
    return value // 2


@pytest.fixture
def workers() -> Iterator[ProcessWorkers]:
    yield ProcessWorkers(workers=2, limits=Limits(seconds_per_unit=3.0, memory_bytes=2 * 1024**3))
    close_pools()


def test_bad_units_fail_alone_with_the_reason(store: LanceStore, workers: ProcessWorkers) -> None:
    toy.put(store, {"crash": 1, "hang": 2, "eat": 3, "lie": 4, **{f"good{i}": 10 + 2 * i for i in range(6)}})
    report = run_steps(store, [HostileStep(NoConfig())], compute=workers, run_id="test")[0]
    rows = {row["unit_id"]: row for row in store.read(toy.HALVES).to_dicts()}
    assert (report.kept, report.failed, report.pending) == (6, 4, 0)
    assert rows["crash"]["error_class"] == "ChildProcessError"
    assert "139" in rows["crash"]["error_message"]
    assert rows["hang"]["error_class"] == "TimeoutError"
    assert rows["eat"]["error_class"] == "MemoryError"
    assert "never given it" in rows["lie"]["error_message"]
    assert [rows[f"good{i}"]["half"] for i in range(6)] == [5, 6, 7, 8, 9, 10]


def test_processes_and_in_process_agree(
    store: LanceStore, workers: ProcessWorkers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = LanceStore(str(tmp_path_factory.mktemp("other")))
    numbers = {f"n{i}": 10 + 2 * i for i in range(12)}
    for target, compute in ((store, workers), (other, InProcess())):
        toy.put(target, numbers)
        run_steps(target, [HostileStep(NoConfig())], compute=compute, run_id="test")
    columns = ["unit_id", "half", "provenance", "outcome"]
    assert store.read(toy.HALVES, columns).sort("unit_id").equals(other.read(toy.HALVES, columns).sort("unit_id"))


def test_interrupted_run_keeps_what_had_arrived(store: LanceStore) -> None:
    toy.put(store, {f"n{i}": 10 for i in range(40)})

    def interrupt(_: str, done: int, __: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_steps(store, [HostileStep(NoConfig())], compute=InProcess(), run_id="test", progress=interrupt)
    assert store.read(toy.HALVES).height == 8
    assert run_steps(store, [HostileStep(NoConfig())], compute=InProcess(), run_id="test")[0].processed == 32


def test_calls_end_one_by_one_whatever_a_task_does(workers: ProcessWorkers) -> None:
    tasks = [(10,), (1,), (2,), (3,), (12,), (14,)]
    results = dict(workers.call(misbehave, tasks))
    assert sorted(results) == list(range(6))
    assert (results[0], results[4], results[5]) == (5, 6, 7)
    assert [type(results[k]).__name__ for k in (1, 2, 3)] == ["ChildProcessError", "TimeoutError", "ValueError"]
    here = dict(InProcess().call(misbehave, [tasks[0], tasks[3]]))
    assert here[0] == 5
    assert isinstance(here[1], ValueError)
