"""Makes the sample library: `python -m humannet_assets.simulator.sample_library --out sample_library`.

Every file and sidecar follows from the seeds in `humannet_assets.simulator.library`; nothing is downloaded.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from humannet_assets.media.sidecar import Sidecar, dump_sidecar, sidecar_path
from humannet_assets.simulator.library import CASES, Case
from humannet_assets.simulator.world import RenderingUnavailableError

Progress = Callable[[str], None]


def make_case(case: Case, folder: Path) -> Sidecar:
    """Write one case's file and sidecar into a folder; a case made from another needs that one there."""
    sidecar = case.write(folder)
    # Copies of validated models are not validated: do it here, once, for all of them.
    sidecar = Sidecar.model_validate(sidecar.model_dump())
    sidecar_path(folder / case.file).write_text(dump_sidecar(sidecar), encoding="utf-8")
    return sidecar


def make_sample_library(folder: Path, only: Sequence[str] = (), progress: Progress = lambda line: None) -> list[Sidecar]:
    """Write the library (or the named cases) into a folder and return the sidecars.

    Raises:
        RenderingUnavailableError: MuJoCo or OpenGL is missing; the message says how to get it.
        ValueError: `only` names a case that does not exist.
    """
    names = [case.name for case in CASES]
    if unknown := sorted(set(only) - set(names)):
        raise ValueError(f"no case is called {', '.join(unknown)}; there are {', '.join(names)}")
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for case in CASES:
        if only and case.name not in only:
            continue
        sidecar = make_case(case, folder)
        size_kb = (folder / case.file).stat().st_size / 1000
        progress(f"{case.file}: {sidecar.frame_count} frames, {size_kb:.0f} kB, expected {sidecar.expected_outcome}")
        made.append(sidecar)
    return made


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m humannet_assets.simulator.sample_library", description="Make the sample library."
    )
    parser.add_argument(
        "--out", type=Path, default=Path("sample_library"), help="folder to write into (default: sample_library)"
    )
    parser.add_argument("--only", nargs="*", default=(), metavar="CASE", help="make only these cases")
    options = parser.parse_args(arguments)
    try:
        made = make_sample_library(options.out, options.only, progress=_say)
    except (RenderingUnavailableError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{len(made)} files with sidecars in {options.out}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
