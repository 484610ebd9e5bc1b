"""Identity, provenance and incrementality on a toy graph: the rules every real step inherits."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.plan import make_plan
from humannet_assets.store.runner import StepReport, remove_units, run_steps
from humannet_assets.store.step import NoConfig, Outcome, Unit
from humannet_assets_tests.store import toy


def run_chain(store: LanceStore, limit: int = 100, windows: list[str] | None = None) -> dict[str, StepReport]:
    for step in toy.chain(limit):
        type(step).calls.clear()  # type: ignore[attr-defined]
    return {step.name: run_steps(store, [step], windows=windows, run_id="test")[0] for step in toy.chain(limit)}


def calls() -> dict[str, list[str]]:
    return {step.name: sorted(type(step).calls) for step in toy.chain()}  # type: ignore[attr-defined]


def contents(store: LanceStore) -> list[pl.DataFrame]:
    volatile = ["created_at", "run_id", "attempts"]
    return [store.read(table).drop(volatile).sort("row_id") for table in (toy.HALVES, toy.PIECES, toy.SUMS)]


def same(left: list[pl.DataFrame], right: list[pl.DataFrame]) -> bool:
    return all(a.equals(b) for a, b in zip(left, right, strict=True))


def test_four_outcomes_add_up_and_nothing_vanishes(store: LanceStore) -> None:
    toy.put(store, {"a": 4, "b": 7, "c": 300, "d": 0})
    reports = run_chain(store)
    halves = reports["halves"]
    assert (halves.inputs, halves.kept, halves.rejected, halves.failed, halves.pending) == (4, 2, 1, 1, 0)
    assert all(report.adds_up for report in reports.values())
    rows = {row["unit_id"]: row for row in store.read(toy.HALVES).to_dicts()}
    assert rows["b"]["error_class"] == "ArithmeticError"
    assert "7 is odd" in rows["b"]["error_message"]
    assert json.loads(rows["c"]["evidence"]) == {"limit": 100, "value": 300}
    # A unit that was looked at and gave no rows is still accounted for.
    assert store.read(toy.PIECES, where="unit_id = 'd'")["row_id"].to_list() == ["d"]
    assert reports["pieces"].kept == 2
    # ... and its marker is not mistaken for a result by whoever reads the table.
    assert dict(store.read(toy.SUMS, ["unit_id", "count"]).iter_rows()) == {"a": 2, "d": 0}


def test_second_run_processes_nothing_and_writes_nothing(store: LanceStore) -> None:
    toy.put(store, {"a": 4, "c": 300})
    run_chain(store)
    versions = [store.version(table) for table in (toy.HALVES, toy.PIECES, toy.SUMS)]
    reports = run_chain(store)
    assert calls() == {"halves": [], "pieces": [], "sums": []}
    assert [store.version(table) for table in (toy.HALVES, toy.PIECES, toy.SUMS)] == versions
    assert all(report.processed == 0 for report in reports.values())


def test_new_input_processes_only_itself(store: LanceStore) -> None:
    toy.put(store, {"a": 4})
    run_chain(store)
    toy.put(store, {"b": 6})
    run_chain(store)
    assert calls() == {"halves": ["b"], "pieces": ["b"], "sums": ["b"]}


def test_unused_column_changes_nothing_and_used_value_only_its_row(store: LanceStore) -> None:
    toy.put(store, {"a": 4, "b": 6})
    run_chain(store)
    toy.put(store, {"a": 4})
    run_chain(store)
    assert calls()["halves"] == []
    toy.put(store, {"a": 8})
    run_chain(store)
    assert calls() == {"halves": ["a"], "pieces": ["a"], "sums": ["a"]}
    assert store.read(toy.PIECES, where="unit_id = 'a'").height == 4


def test_changed_threshold_reaches_only_what_depends_on_it(store: LanceStore) -> None:
    toy.put(store, {"a": 4, "c": 90})
    run_chain(store, limit=100)
    reports = run_chain(store, limit=50)
    assert calls()["halves"] == ["a", "c"]
    assert reports["pieces"].why == {"changed": 1, "removed": 1}
    tombstone = store.read(toy.PIECES, where="unit_id = 'c'").to_dicts()
    assert [(row["outcome"], row["reasons"], row["index"]) for row in tombstone] == [("removed", ["input_removed"], None)]


def test_shrinking_result_leaves_no_stale_rows(store: LanceStore) -> None:
    toy.put(store, {"a": 10})
    run_chain(store)
    toy.put(store, {"a": 4})
    run_chain(store)
    assert store.read(toy.PIECES)["index"].sort().to_list() == [0, 1]


def test_removed_input_ends_as_removed_everywhere_and_may_return(store: LanceStore) -> None:
    toy.put(store, {"a": 4, "b": 6})
    run_chain(store)
    units = pl.DataFrame({"unit_id": ["a"], "video_id": ["v"], "ingest_window": ["2026-01-01"]})
    remove_units(store, toy.NUMBERS, units, "takedown", "source_removed")
    reports = run_chain(store)
    assert all(report.removed == 1 and report.inputs == 1 for report in reports.values())
    for table in (toy.HALVES, toy.PIECES, toy.SUMS):
        assert set(store.read(table, where="unit_id = 'a'")["outcome"]) == {"removed"}
    toy.put(store, {"a": 4})
    assert run_chain(store)["sums"].kept == 2


def test_failed_unit_is_retried_up_to_the_limit(store: LanceStore) -> None:
    toy.put(store, {"b": 7})
    for attempt in (1, 2, 3):
        run_chain(store)
        assert store.read(toy.HALVES)["attempts"].to_list() == [attempt]
    run_chain(store)
    assert calls()["halves"] == []
    toy.put(store, {"b": 8})
    assert run_chain(store)["sums"].kept == 1
    assert store.read(toy.HALVES)["attempts"].to_list() == [1]


def test_windows_are_independent(store: LanceStore) -> None:
    toy.put(store, {"a": 4}, "2026-01-01")
    toy.put(store, {"b": 6}, "2026-01-02")
    run_chain(store, windows=["2026-01-02"])
    assert calls()["halves"] == ["b"]
    assert store.read(toy.SUMS)["ingest_window"].to_list() == ["2026-01-02"]
    run_chain(store, windows=["2026-01-01", "2026-01-02"])
    assert calls()["halves"] == ["a"]


def test_unit_waits_for_its_other_parents(store: LanceStore) -> None:
    toy.put(store, {"a": 4})
    half, piece, total = toy.chain()
    run_steps(store, [half], run_id="test")
    report = run_steps(store, [total], run_id="test")[0]
    assert (report.inputs, report.pending, report.processed) == (1, 1, 0)
    run_steps(store, [piece], run_id="test")
    assert run_steps(store, [total], run_id="test")[0].kept == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(
        st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 12).map(lambda n: 2 * n)), min_size=1, max_size=4
    )
)
def test_any_history_of_inputs_ends_like_one_fresh_run(
    tmp_path_factory: pytest.TempPathFactory, history: list[dict[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("history")
    grown, fresh = LanceStore(str(folder / "grown")), LanceStore(str(folder / "fresh"))
    final: dict[str, int] = {}
    for step in history:
        if step:
            toy.put(grown, step)
            final |= step
        run_chain(grown)
    if final:
        toy.put(fresh, final)
    run_chain(fresh)
    assert same(contents(grown), contents(fresh))


def _concurrent_run(root: str) -> None:
    run_chain(LanceStore(root))


def test_two_runs_at_once_neither_duplicate_nor_lose(store: LanceStore) -> None:
    toy.put(store, {f"n{i}": 2 * (i % 5) for i in range(200)})
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_concurrent_run, args=(store.root,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    run_chain(store)
    lone = LanceStore(str(Path(store.root).parent / "lone"))
    toy.put(lone, {f"n{i}": 2 * (i % 5) for i in range(200)})
    run_chain(lone)
    assert same(contents(store), contents(lone))


def test_plan_says_why(store: LanceStore) -> None:
    toy.put(store, {"a": 4, "b": 6})
    step = toy.chain()[0]
    assert make_plan(store, step).why() == {"added": 2}
    run_steps(store, [step], run_id="test")
    assert make_plan(store, step).is_empty
    toy.put(store, {"b": 8})
    assert make_plan(store, step).why() == {"changed": 1}


def test_takedown_in_one_window_leaves_no_orphans_in_another(store: LanceStore) -> None:
    toy.put(store, {"a": 4}, "2026-01-01")
    toy.put(store, {"b": 6}, "2026-01-02")
    run_chain(store)
    units = pl.DataFrame({"unit_id": ["b"], "video_id": ["v"], "ingest_window": ["2026-01-02"]})
    remove_units(store, toy.NUMBERS, units, "takedown")
    run_chain(store, windows=["2026-01-01"])
    for table in (toy.HALVES, toy.PIECES, toy.SUMS):
        assert set(store.read(table, where="unit_id = 'b'")["outcome"]) == {"removed"}


def test_remembered_answer_is_used_and_forgotten_when_anything_changes(
    store: LanceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from humannet_assets.store import plan

    def refuse(*_: object) -> None:
        raise AssertionError("the tables were compared although nothing has changed")

    toy.put(store, {"a": 4, "b": 7})
    run_chain(store)
    step = toy.chain()[0]
    assert make_plan(store, step).why() == {"retry": 1}, "a failed unit is not forgotten over a remembered answer"
    assert make_plan(store, step, max_attempts=1).is_empty
    with monkeypatch.context() as patched:
        patched.setattr(plan, "expected_units", refuse)
        again = make_plan(store, step, max_attempts=1)
        assert (again.inputs, again.current) == (2, {"kept": 1, "failed": 1})
        with pytest.raises(AssertionError):
            make_plan(store, step)
        with pytest.raises(AssertionError):
            make_plan(store, toy.chain(limit=2)[0], max_attempts=1)
        with pytest.raises(AssertionError):
            make_plan(store, step, ["2026-01-01"], max_attempts=1)
    toy.put(store, {"c": 2})
    assert make_plan(store, step, max_attempts=1).why() == {"added": 1}


class PieceTableStep(toy.PieceStep):
    """The same pieces as an Arrow table."""

    name = "pieces"
    extra: tuple[str, ...] = ()

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        for outcome in super().process(units):
            unit = next(unit for unit in units if unit.id == outcome.unit_id)
            rows = [{**row, **dict.fromkeys(self.extra, 1)} for row in outcome.rows]
            yield Outcome.kept_table(
                unit, pa.Table.from_pylist(rows, schema=None if rows else pa.schema([])), {"made": "at once"}
            )


def test_rows_that_come_as_a_table_are_the_same_rows(store: LanceStore, tmp_path: Path) -> None:
    other = LanceStore(str(tmp_path / "other"))
    for place, step in ((store, toy.PieceStep(NoConfig())), (other, PieceTableStep(NoConfig()))):
        toy.put(place, {"a": 4, "d": 0})
        run_steps(place, [toy.HalfStep(toy.HalfConfig())], run_id="test")
        [report] = run_steps(place, [step], run_id="test")
        assert (report.kept, report.rows_written) == (2, 3)
    volatile = ["created_at", "evidence"]
    left, right = (place.read(toy.PIECES).drop(volatile).sort("row_id") for place in (store, other))
    assert left.equals(right)
    assert set(other.read(toy.PIECES)["evidence"]) == {'{"made":"at once"}'}
    # Fewer pieces next time: the others go.
    toy.put(other, {"a": 2, "d": 0})
    run_steps(other, [toy.HalfStep(toy.HalfConfig())], run_id="test")
    run_steps(other, [PieceTableStep(NoConfig())], run_id="test")
    assert sorted(other.read(toy.PIECES)["row_id"]) == ["a-0", "d"]


def test_a_table_with_undeclared_columns_fails_its_unit(store: LanceStore) -> None:
    toy.put(store, {"a": 4})
    run_steps(store, [toy.HalfStep(toy.HalfConfig())], run_id="test")
    step = PieceTableStep(NoConfig())
    step.extra = ("colour",)
    [report] = run_steps(store, [step], run_id="test")
    assert (report.failed, report.kept) == (1, 0)
    assert "undeclared columns ['colour']" in store.read(toy.PIECES)["error_message"][0]


def test_a_read_through_a_list_follows_exactly_what_is_listed(store: LanceStore) -> None:
    """A unit is redone when one of those it lists changes, comes or goes, and does not wait for one that is not there."""

    def totals() -> tuple[dict[str, int], int]:
        run_chain(store)
        report = run_steps(store, [toy.TotalStep(NoConfig())], run_id="test")[0]
        return dict(store.read(toy.TOTALS, ["clip_id", "total"], "outcome = 'kept'").iter_rows()), report.processed

    toy.put(store, {"a": 2, "b": 4, "c": 6})
    toy.link(store, {"x": ["a", "b"], "y": ["c"], "z": [], "w": ["b", "later"]})
    assert totals() == ({"x": 3, "y": 3, "z": 0, "w": 2}, 4)
    assert totals()[1] == 0
    toy.put(store, {"a": 10})
    assert totals() == ({"x": 7, "y": 3, "z": 0, "w": 2}, 1)
    toy.put(store, {"later": 8})
    assert totals() == ({"x": 7, "y": 3, "z": 0, "w": 6}, 1)
    gone = pl.DataFrame({"unit_id": ["b"], "video_id": ["v"], "ingest_window": ["2026-01-01"]})
    remove_units(store, toy.NUMBERS, gone, "test")
    assert totals() == ({"x": 5, "y": 3, "z": 0, "w": 4}, 2)


class CountingStep(toy.TotalStep):
    """Like `TotalStep`, but finds rows by itself: it is told when they change and is not handed any."""

    name = "count_handed"
    code_version = "1"
    writes = toy.TOTALS
    reads = (toy.TotalStep.reads[0], replace(toy.TotalStep.reads[1], loads=False))

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        for unit in units:
            yield Outcome.kept(unit, [{"total": len(unit.all(toy.HALVES))}])


def test_a_read_that_loads_nothing_still_says_what_changed(store: LanceStore) -> None:
    toy.put(store, {"a": 2, "b": 4})
    toy.link(store, {"x": ["a"], "y": ["b"]})
    run_chain(store)
    step = CountingStep(NoConfig())
    assert run_steps(store, [step], run_id="test")[0].processed == 2
    assert set(store.read(toy.TOTALS, ["total"], "outcome = 'kept'")["total"]) == {0}
    toy.put(store, {"a": 10})
    run_chain(store)
    assert run_steps(store, [step], run_id="test")[0].processed == 1
