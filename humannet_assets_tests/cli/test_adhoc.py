from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humannet_assets.cli.adhoc import choose_sources
from humannet_assets.cli.project import UsageError
from humannet_assets.sources.catalog import load_catalog


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    folder = tmp_path / "footage"
    folder.mkdir()
    (folder / "1.mp4").write_bytes(b"x")
    return folder


def choose(catalog: Path, *paths: Path | str, **values: Any) -> list[tuple[str, bool]]:
    return [(c.entry.id, c.is_new) for c in choose_sources(catalog, [str(path) for path in paths], values)]


def test_a_path_becomes_an_entry_with_stated_defaults_and_is_found_again(tmp_path: Path, footage: Path) -> None:
    catalog = tmp_path / "new" / "sources.yaml"
    assert choose(catalog, footage) == [("footage", True)]
    (entry,) = load_catalog(catalog).entries
    assert entry.uri == str(footage)
    assert (entry.licence, entry.consent_basis, entry.source_type) == ("own", "own_recording", "community")
    assert choose(catalog, footage) == [("footage", False)]
    assert choose(catalog, footage / "1.mp4") == [("footage", False)]


def test_what_is_said_goes_into_the_entry(tmp_path: Path, footage: Path) -> None:
    catalog = tmp_path / "sources.yaml"
    said = {
        "id": "k",
        "licence": "CC0-1.0",
        "life": "alice",
        "keywords": ["a: b", "c"],
        "viewpoint_hint": "ego",
        "labels": None,
    }
    assert choose(catalog, footage, **said) == [("k", True)]
    (entry,) = load_catalog(catalog).entries
    assert (entry.licence, entry.keywords, entry.viewpoint_hint) == ("CC0-1.0", ["a: b", "c"], "ego")
    assert entry.life is not None
    assert entry.life.stored() == "alice"
    assert 'uri: "footage"' in catalog.read_text()


@pytest.mark.parametrize(
    "before",
    [
        "# mine\nsources:\n  - id: a   # keep me\n    uri: /a\n    source_type: community\n",
        "sources:\n- id: a\n  uri: /a\n  source_type: community",
        "sources:\n      -   id: a\n          uri: /a\n          source_type: community\n# the end\n",
        "sources: []\n",
        "sources:\n",
    ],
)
def test_what_people_wrote_stays_as_it_is(tmp_path: Path, footage: Path, before: str) -> None:
    catalog = tmp_path / "sources.yaml"
    catalog.write_text(before)
    choose(catalog, footage)
    after = catalog.read_text()
    assert after.startswith(before.removesuffix("\n").removesuffix(" []"))
    assert [entry.id for entry in load_catalog(catalog).entries][-1] == "footage"


def test_a_catalog_that_cannot_be_extended_is_left_alone_and_says_what_to_add(tmp_path: Path, footage: Path) -> None:
    catalog = tmp_path / "sources.yaml"
    text = "sources: [{id: a, uri: /a, source_type: community}]\n"
    catalog.write_text(text)
    with pytest.raises(UsageError, match="cannot be added") as caught:
        choose(catalog, footage)
    assert '- id: "footage"' in str(caught.value)
    assert catalog.read_text() == text


def test_contradicting_an_entry_is_refused_with_its_line(tmp_path: Path, footage: Path) -> None:
    catalog = tmp_path / "sources.yaml"
    choose(catalog, footage)
    with pytest.raises(UsageError, match=r"already in the catalog as 'footage' with licence: 'own'.*sources.yaml:3"):
        choose(catalog, footage, licence="MIT")


def test_ids_are_made_unique(tmp_path: Path) -> None:
    catalog = tmp_path / "sources.yaml"
    for parent in ("x", "y", "z"):
        (tmp_path / parent / "day 1").mkdir(parents=True)
        choose(catalog, tmp_path / parent / "day 1")
    assert [entry.id for entry in load_catalog(catalog).entries] == ["day-1", "day-1-2", "day-1-3"]


@pytest.mark.parametrize("path", ["missing.mp4", "http://example.org/v.mp4"])
def test_paths_that_cannot_be_ingested_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError):
        choose(tmp_path / "sources.yaml", path)
    assert not (tmp_path / "sources.yaml").exists()


def test_buckets_need_not_be_there_yet(tmp_path: Path) -> None:
    catalog = tmp_path / "sources.yaml"
    assert choose(catalog, "s3://bucket/prefix/") == [("prefix", True)]
    assert choose(catalog, "s3://bucket/prefix/deeper", "s3://bucket/prefix2") == [("prefix", False), ("prefix2", True)]


@settings(deadline=None)
@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=30))
def test_any_file_name_survives_the_catalog(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    if name in (".", "..") or len(name.encode()) > 200:
        return
    folder = tmp_path_factory.mktemp("names")
    (folder / name).mkdir()
    choose(folder / "sources.yaml.d" / "sources.yaml", folder / name)
    (entry,) = load_catalog(folder / "sources.yaml.d" / "sources.yaml").entries
    assert entry.uri == str((folder / name).resolve())
