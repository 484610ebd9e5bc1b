"""`croco_runs` and `life_comparisons`: which models there are to be, what each is trained on, and which are compared.

Nothing is trained here. The lists let the ordinary machinery see what a change touches: a new life is new rows, a longer life
changes the models of its whole footage but not those of its first hours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from humannet_assets.single_life.experiment import CasConfig, ExperimentConfig, parts_of
from humannet_assets.single_life.pairs import PROBE, pairing_id
from humannet_assets.store.identity import microseconds, stable_id
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables import CROCO_RUNS, LIFE_COMPARISONS, LIFE_VIDEOS

LIVES, DURATIONS = "lives", "durations"
"""Purposes of a comparison."""
_FOOTAGE = Read(LIFE_VIDEOS, ("kind", "life_start_s", "duration_s"), unit="life", by="values")


@dataclass(frozen=True)
class Footage:
    """A life, control or probe set: videos as (video_id, start on the life's clock, duration), seconds."""

    life: str
    kind: str
    videos: tuple[tuple[str, float, float], ...]

    @property
    def seconds(self) -> float:
        """Length of all videos."""
        return sum(duration for _, _, duration in self.videos)

    def first(self, duration_s: float | None) -> tuple[str, ...]:
        """Videos with footage in the first so many seconds."""
        return tuple(video for video, start, _ in self.videos if duration_s is None or start < duration_s)


@dataclass(frozen=True)
class PlannedModel:
    """One model; see the columns of `croco_runs`."""

    life: str
    kind: str
    role: str
    pairing: str
    duration_s: float | None
    seed: int
    trained_on: tuple[str, ...]

    @property
    def model_id(self) -> str:
        """What the model is, whatever its sizes: another configuration replaces it."""
        duration = None if self.duration_s is None else microseconds(self.duration_s)
        return stable_id(self.life, self.role, self.pairing, duration, self.seed)

    @property
    def name(self) -> str:
        """Short and unique."""
        if self.role == "reference":
            left_out = self.life not in self.trained_on
            return f"reference without {self.life}/s{self.seed}" if left_out else f"reference {self.life}/s{self.seed}"
        what = "no_source" if self.role == "no_source" else self.pairing
        part = "" if self.duration_s is None else f"/{self.duration_s:g}s"
        return f"{self.life}/{what}{part}/s{self.seed}"

    @property
    def training_seed(self) -> int:
        """Seed of weights, batches and masks: another one for every model.

        Models that start from the same weights would agree for that alone, and the nulls of CAS would not show it.
        """
        return int(self.model_id[:7], 16)


def footage_of(units: Sequence[Unit]) -> dict[str, Footage]:
    """Footage of all lives from the units of a step that reads `life_videos` by life."""
    found = {}
    for unit in units:
        rows = sorted(unit.all(LIFE_VIDEOS), key=lambda row: (row["life_start_s"], row["video_id"]))
        videos = tuple((row["video_id"], float(row["life_start_s"]), float(row["duration_s"])) for row in rows)
        found[unit.id] = Footage(unit.id, rows[0]["kind"], videos)
    return found


def plan_models(footage: Mapping[str, Footage], config: ExperimentConfig) -> list[PlannedModel]:
    """All models of an experiment, in a stable order."""
    pool = tuple(name for name in config.reference_lives if name in footage)
    lives = tuple(sorted(name for name, own in footage.items() if own.kind == "life" and name not in pool))
    subjects = sorted(name for name, own in footage.items() if own.kind != PROBE and name not in pool)
    first, duration_seeds = config.pairings[0], config.duration_seeds or config.seeds
    models: list[PlannedModel] = []
    for life in subjects:
        kind = footage[life].kind
        for pairing in config.pairings:
            for place, seed in enumerate(config.seeds):
                role = "ceiling" if place and kind == "life" else kind
                models.append(PlannedModel(life, kind, role, pairing, None, seed, (life,)))
        for duration_s in config.durations_s:
            models += [PlannedModel(life, kind, kind, first, duration_s, seed, (life,)) for seed in duration_seeds]
        if config.no_source and kind == "life":
            models.append(PlannedModel(life, kind, "no_source", first, None, config.seeds[0], (life,)))
    if pool:
        models.append(PlannedModel(pool[0], footage[pool[0]].kind, "reference", first, None, config.seeds[0], pool))
    elif len(lives) > 1:
        for life in lives:
            others = tuple(other for other in lives if other != life)
            models.append(PlannedModel(life, "life", "reference", first, None, config.seeds[0], others))
    return models


def life_group(life: str, kind: str, config: ExperimentConfig) -> str:
    """Data set of a life: as configured, else its name without a final number; all controls are one."""
    if kind != "life":
        return "control"
    return config.group_of.get(life) or re.sub(r"[-_ ]?\d+$", "", life) or life


def models_of(purpose: str, pairing: str, models: Sequence[PlannedModel]) -> list[PlannedModel]:
    """Models that are compared with each other for a purpose."""
    chosen = [model for model in models if model.role == "reference" or model.pairing == pairing]
    chosen = [model for model in chosen if model.role != "no_source"]
    if purpose == LIVES:
        return [model for model in chosen if model.duration_s is None]
    return chosen


class CrocoRunStep(Step[ExperimentConfig]):
    """Plans the models of all lives at once: references are trained on several."""

    name = "croco_runs"
    code_version = "1"
    reads = (_FOOTAGE,)
    writes = CROCO_RUNS
    whole_table = True

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Rows of each life, possibly none; the probe set is rejected."""
        footage, config = footage_of(units), self.config
        planned: dict[str, list[PlannedModel]] = {unit.id: [] for unit in units}
        for model in plan_models(footage, config):
            planned[model.life].append(model)
        probes = [video for own in footage.values() if own.kind == PROBE for video in own.first(None)]
        for unit in units:
            if footage[unit.id].kind == PROBE:
                yield Outcome.rejected(unit, ["probe"], {"fix": "nothing is trained on the probe set"})
                continue
            yield Outcome.kept(unit, [self._row(model, footage, probes) for model in planned[unit.id]])

    def _row(self, model: PlannedModel, footage: Mapping[str, Footage], probes: Sequence[str]) -> dict[str, object]:
        config = self.config
        videos = sorted({video for life in model.trained_on for video in footage[life].first(model.duration_s)})
        training = config.training.model_copy(
            update={"seed": model.training_seed, "blank_reference": model.role == "no_source"}
        )
        decisive = {
            "model": config.model.model_dump(mode="json"),
            "training": training.model_dump(mode="json"),
            "frames": config.frames.model_dump(mode="json"),
            "held_out_pairs": config.held_out_pairs,
        }
        return {
            "model_id": model.model_id,
            "life": model.life,
            "kind": model.kind,
            "role": model.role,
            "life_group": "reference" if model.role == "reference" else life_group(model.life, model.kind, config),
            "pairing": model.pairing,
            "duration_s": model.duration_s,
            "seed": model.seed,
            "model_name": model.name,
            "trained_on": list(model.trained_on),
            "available_s": sum(footage[life].seconds for life in model.trained_on),
            "video_ids": videos,
            "pairing_ids": [pairing_id(video, part) for video in videos for part in parts_of(model.pairing)],
            "probe_video_ids": sorted(probes),
            "config": json.dumps(decisive, sort_keys=True),
        }


class ComparisonConfig(StepConfig):
    """What `life_comparisons` depends on."""

    experiment: ExperimentConfig
    cas: CasConfig


class ComparisonStep(Step[ComparisonConfig]):
    """Lists the comparisons under the probe set's unit: without a probe set there are none."""

    name = "life_comparisons"
    code_version = "1"
    reads = (_FOOTAGE,)
    writes = LIFE_COMPARISONS
    whole_table = True

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """Rows of the probe set; none of lives and controls."""
        footage, config = footage_of(units), self.config.experiment
        models = plan_models(footage, config)
        for unit in units:
            own = footage[unit.id]
            if own.kind != PROBE:
                yield Outcome.kept(unit, [])
                continue
            wanted = [(LIVES, pairing) for pairing in config.pairings]
            if any(model.role == "reference" for model in models):
                wanted.append((DURATIONS, config.pairings[0]))
            rows = []
            for purpose, pairing in wanted:
                chosen = models_of(purpose, pairing, models)
                if len(chosen) > 1:
                    rows.append(self._row(own, purpose, pairing, chosen))
            yield Outcome.kept(unit, rows)

    def _row(self, probe: Footage, purpose: str, pairing: str, models: Sequence[PlannedModel]) -> dict[str, object]:
        videos = sorted(probe.first(None))
        return {
            "comparison_id": stable_id("comparison", purpose, pairing, probe.life),
            "purpose": purpose,
            "pairing": pairing,
            "model_ids": sorted(model.model_id for model in models),
            "probe_pairing_ids": [pairing_id(video, self.config.cas.probe_pairing) for video in videos],
            "probe_video_ids": videos,
        }
