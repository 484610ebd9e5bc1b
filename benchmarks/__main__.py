"""Run benchmarks and print their figures with machine and versions."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version

from benchmarks import cas, croco_training, curation_floor, no_op, rethreshold, simulation, sql_queries, vla

BENCHMARKS = {
    "no-op": no_op.run,
    "re-threshold": rethreshold.run,
    "sql": sql_queries.run,
    "floor": curation_floor.run,
    "simulation": simulation.run,
    "cas": cas.run,
    "croco": croco_training.run,
    "vla": vla.run,
}


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHMARKS, []], help="which to run; all by default")
    parser.add_argument("--rows", type=int, default=1_000_000, help="synthetic rows of the no-op and SQL benchmarks")
    arguments = parser.parse_args()
    import os

    packages = " ".join(
        f"{name}={version(name)}" for name in ("dagster", "pylance", "duckdb", "polars", "pyarrow", "mediapipe", "decord", "av")
    )
    print(f"machine: {platform.platform()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}")
    print(f"versions: {packages}\n")
    for name in arguments.names or BENCHMARKS:
        print(f"== {name} ==", flush=True)
        BENCHMARKS[name](arguments.rows)
        print()


if __name__ == "__main__":
    main()
