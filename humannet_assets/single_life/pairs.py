"""Reading `life_pair_indices`: the pairs of a life, of its first hours, or of the probe set, for training and scoring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import polars as pl

from humannet_assets.store.identity import stable_id
from humannet_assets.store.lance_store import LanceStore, quoted
from humannet_assets.store.tables import LIFE_PAIR_INDICES, LIFE_VIDEOS

if TYPE_CHECKING:
    from humannet_assets.single_life.loader import Pairs

Pairing = Literal["temporal", "spatial", "augmented", "random"]
Split = Literal["train", "held_out", "probe"]
PAIRINGS: tuple[Pairing, ...] = get_args(Pairing)
PROBE = "probe"
"""Name and kind of the probe set, which is nobody's life."""
_COLUMNS = (
    "pair_id", "video_id", "target_s", "reference_video_id", "reference_s", "gap_s", "covisibility", "provenance",
    "crop_scale_min", "crop_scale_max",
)  # fmt: skip


def pairing_id(video_id: str, pairing: Pairing) -> str:
    """Id of what is to be paired: a video in one way. The unit of `life_pair_indices`."""
    return stable_id(video_id, "pairing", pairing)


class PairsError(LookupError):
    """There are no such pairs; the message says why and what to do."""


@dataclass(frozen=True)
class LifePairs:
    """Pairs of one life, pairing and split, in the order of their ids (which is random and the same everywhere).

    `rows` has the columns pair_id, video_id (the target's), target_s, reference_video_id, reference_s, gap_s, covisibility,
    provenance, crop_scale_min, crop_scale_max, target_life_s and reference_life_s (the life's clock).
    """

    life: str
    pairing: Pairing
    split: Split
    rows: pl.DataFrame

    def __len__(self) -> int:
        return self.rows.height

    @property
    def video_ids(self) -> list[str]:
        """Videos of all frames, sorted: what a frame cache must hold."""
        return sorted({*self.rows["video_id"], *self.rows["reference_video_id"]})

    @property
    def crop_scale(self) -> tuple[float, float] | None:
        """Range of crop scales that augmented pairs need; None for the others."""
        if self.rows.is_empty() or self.rows["crop_scale_min"][0] is None:
            return None
        return float(self.rows["crop_scale_min"][0]), float(self.rows["crop_scale_max"][0])

    def pairs(self) -> Pairs:
        """The same for `loader.PairLoader` and `training.train`."""
        from humannet_assets.single_life.loader import Pairs

        rows = self.rows
        return Pairs.from_columns(
            rows["video_id"].to_list(), rows["target_s"].to_numpy(), rows["reference_video_id"].to_list(),
            rows["reference_s"].to_numpy(),
        )  # fmt: skip


def read_pairs(
    store: LanceStore,
    life: str,
    pairing: Pairing,
    split: Split = "train",
    *,
    first_s: float | None = None,
    limit: int | None = None,
) -> LifePairs:
    """Pairs of a life.

    Args:
        store: The store.
        life: Name in `lives`.
        pairing: How frames were paired.
        split: "train", "held_out", or "probe" (of the life called "probe").
        first_s: Only pairs both of whose frames lie in the first so many seconds of the life's clock; None for all.
        limit: At most so many, those with the smallest ids: a sample that does not depend on what else is in the table much.

    Raises:
        PairsError: There are none.
    """
    where = f"outcome = 'kept' AND pairing = '{pairing}' AND split = '{split}' AND life IN ({quoted([life])})"
    rows = store.read(LIFE_PAIR_INDICES, _COLUMNS, f"{where} AND row_id != unit_id")
    videos = store.read(LIFE_VIDEOS, ["video_id", "life_start_s"], f"outcome = 'kept' AND life IN ({quoted([life])})")
    # A video taken down since the pairs were made takes its pairs along.
    rows = rows.join(videos, on="video_id").with_columns(target_life_s=pl.col("target_s") + pl.col("life_start_s"))
    rows = rows.drop("life_start_s").join(videos, left_on="reference_video_id", right_on="video_id")
    rows = rows.with_columns(reference_life_s=pl.col("reference_s") + pl.col("life_start_s")).drop("life_start_s")
    if first_s is not None:
        rows = rows.filter((pl.col("target_life_s") < first_s) & (pl.col("reference_life_s") < first_s))
    if rows.is_empty():
        raise PairsError(_why_none(store, life, pairing, split, first_s))
    rows = rows.sort("pair_id")
    return LifePairs(life, pairing, split, rows if limit is None else rows.head(limit))


def probe_pairs(store: LanceStore, count: int, pairing: Pairing = "temporal") -> LifePairs:
    """The first `count` pairs of the probe set in the order of their ids: from no life, and the same for every model.

    Raises:
        PairsError: There are none.
    """
    return read_pairs(store, PROBE, pairing, "probe", limit=count)


def _why_none(store: LanceStore, life: str, pairing: str, split: str, first_s: float | None) -> str:
    lives = store.read(LIFE_VIDEOS, ["life"], "outcome = 'kept'")["life"].unique().sort().to_list()
    if life not in lives:
        return f"no life is called {life!r}; there are {', '.join(lives) or 'none: state a life rule in the catalog'}"
    where = f"outcome = 'rejected' AND pairing = '{pairing}' AND life IN ({quoted([life])})"
    reasons = store.read(LIFE_PAIR_INDICES, ["reasons"], where)["reasons"].explode().unique().drop_nulls().sort().to_list()
    if reasons:
        return f"life {life!r} has no {split} pairs of pairing {pairing!r}: {', '.join(reasons)} (see life_pair_indices_rows)"
    within = "" if first_s is None else f" within its first {first_s:g} s"
    return f"life {life!r} has no {split} pairs of pairing {pairing!r}{within}; materialise life_pair_indices, or ask for more"
