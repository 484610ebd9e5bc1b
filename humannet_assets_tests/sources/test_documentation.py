"""The catalog examples people copy are valid, and the sample library's own catalog is."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from humannet_assets.settings import load_settings
from humannet_assets.sources.catalog import SourceEntry, SourceFilterConfig, judge_source, load_catalog, parse_catalog

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "your_own_videos.md"


def test_the_guide_shows_every_key_and_what_becomes_of_each_entry() -> None:
    first, second, captions = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    entries = parse_catalog(first, GUIDE).entries
    shown = {key for entry in entries for key in entry.model_fields_set}
    assert shown == set(SourceEntry.model_fields)
    reasons = {entry.id: judge_source(entry, SourceFilterConfig()).reasons for entry in entries}
    assert reasons == {"kitchen-2026": (), "factory": ("disabled",), "club": ("withdrawn",)}
    assert SourceFilterConfig.model_validate(yaml.safe_load(second)["source_catalog"])
    assert load_settings(overrides=yaml.safe_load(captions)).captions.kind == "qwen"


def test_the_guide_is_right_about_lives() -> None:
    rules = re.findall(r"^\| `life: (\S+|\{.*?\})` \| `?(\w*)", GUIDE.read_text(), re.MULTILINE)
    assert len(rules) == 3
    for rule, expected in rules:
        text = f"sources:\n  - {{id: a, uri: /footage, source_type: community, life: {rule}}}\n"
        (entry,) = parse_catalog(text, GUIDE).entries
        assert entry.life is not None
        found = entry.life.life_of("/footage", "/footage/alice/day1/0007.mp4")
        assert found == ("alice" if expected == "alice" else None)


def test_the_sample_library_is_in_the_catalog_and_passes_the_filter(project_root: Path) -> None:
    sample = next(entry for entry in load_catalog(project_root / "sources.yaml").entries if entry.id == "sample-library")
    assert sample.uri == str(project_root / "sample_library" / "manifest.csv")
    assert judge_source(sample, SourceFilterConfig()).reasons == ()
