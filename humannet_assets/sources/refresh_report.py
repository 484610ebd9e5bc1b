"""What a refresh of the sources found and wrote, and what one would write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class RefreshReport:
    """What a refresh found and wrote.

    `sources` and `files` count the rows of each outcome now; `written` counts rows that differed and why (added, changed,
    removed); `windows` are the ingest windows they lie in; `problems` are the sources that could not be listed.
    """

    sources: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    windows: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)
    wall_s: float = 0.0

    def summary(self) -> str:
        """One line per subject, for logs."""
        lines = [
            f"sources: {_counts(self.sources)}",
            f"files: {_counts(self.files)}",
            f"written: {_counts(self.written)} in {self.wall_s:.1f} s",
            *(f"source {source_id} could not be listed: {problem}" for source_id, problem in sorted(self.problems.items())),
        ]
        return "\n".join(lines)

    def metadata(self) -> dict[str, Any]:
        """The same as plain values, for a materialisation."""
        return {
            "sources": self.sources,
            "files": self.files,
            "files_written": self.written,
            "windows": list(self.windows),
            "listing_problems": self.problems,
            "wall_s": round(self.wall_s, 3),
        }


@dataclass(frozen=True)
class PendingChanges:
    """What a refresh would write now.

    `digest` names these changes, so that a sensor asks for a run only once; `counts` are files by added, changed, removed
    (`new`: those of the added ones never seen before), `sources` the catalog entries that differ, `problems` the sources that
    could not be listed.
    """

    digest: str
    counts: Mapping[str, int]
    known_windows: tuple[str, ...]
    sources: int = 0
    problems: Mapping[str, str] = field(default_factory=dict)

    def windows(self, today: str) -> set[str]:
        """Ingest windows the changes lie in; files never seen before lie in `today`."""
        return {*self.known_windows, *([today] if self.counts.get("new") else [])}


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
