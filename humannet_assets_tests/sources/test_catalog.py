from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from humannet_assets.sources.catalog import (
    SOURCE_TYPES,
    Catalog,
    CatalogError,
    CatalogProblem,
    SourceEntry,
    SourceFilterConfig,
    judge_source,
    load_catalog,
    parse_catalog,
)
from humannet_assets.sources.life import LifeRule

GOOD = """
sources:
  - id: kitchen
    uri: footage/kitchen
    source_type: controlled
    licence: CC-BY-4.0
    consent_basis: consent
    life: alice
    viewpoint_hint: ego
    keywords: [cooking, kitchen]
    labels: labels.csv
"""


def parse(text: str, path: Path = Path("/base/sources.yaml")) -> Catalog:
    return parse_catalog(dedent(text), path)


def problems(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(CatalogError) as caught:
        parse(text)
    return [(problem.line, problem.message, problem.fix) for problem in caught.value.problems]


def test_a_good_entry_is_read_and_its_paths_resolve_against_the_catalog_folder(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "sources.yaml"
    file.parent.mkdir()
    file.write_text(GOOD)
    (entry,) = load_catalog(file).entries
    assert entry.uri == str((tmp_path / "deep/footage/kitchen").resolve())
    assert entry.labels == str((tmp_path / "deep/labels.csv").resolve())
    assert entry.line == 3
    assert entry.life == LifeRule.model_validate("alice")
    assert entry.keywords == ["cooking", "kitchen"]


def test_s3_and_absolute_uris_stay_as_they_are() -> None:
    catalog = parse("""
        sources:
          - {id: a, uri: "s3://bucket/prefix", source_type: community}
          - {id: b, uri: /media/footage, source_type: community}
    """)
    assert [entry.uri for entry in catalog.entries] == ["s3://bucket/prefix", "/media/footage"]


def test_every_problem_is_reported_at_once_with_its_line_and_fix() -> None:
    found = problems("""\
        sources:
          - id: a
            uri: x
            source_type: controled
            lisence: MIT
          - id: a
            uri: http://example.org/v.mp4
            source_type: controlled
            keywords: cooking
          - just text
          - uri: y
            source_type: controlled
            life: 2024
            enabled: "maybe"
        extra: 1
    """)
    assert [line for line, _, _ in found] == [4, 5, 7, 9, 10, 11, 13, 14, 15]
    by_line = {line: (message, fix) for line, message, fix in found}
    assert "controled" in by_line[4][0]
    assert by_line[5] == ("unknown key 'lisence'", "did you mean `licence`?")
    assert "http://" in by_line[7][0]
    assert "`id`" in by_line[11][0]
    assert all(fix for _, _, fix in found)


def test_duplicate_ids_and_keys_name_both_places() -> None:
    found = problems("""\
        sources:
          - {id: a, uri: x, source_type: community}
          - {id: a, uri: y, source_type: community}
          - {id: b, uri: x, uri: y, source_type: community}
    """)
    assert [(line, message) for line, message, _ in found] == [
        (3, "id 'a' is used twice; the first is on line 2"),
        (4, "`uri` stands here twice"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("", 1, "empty"),
        ("- a\n- b\n", 1, "mapping"),
        ("sorces: []\n", 1, "unknown key 'sorces'"),
        ("sources: {a: 1}\n", 1, "must be a list"),
        ("sources:\n  - id: 'a\n", 3, "not valid YAML"),
        ("sources:\n\t- id: a\n", 2, "not valid YAML"),
        ("sources:\n  - {id: a, uri: x, source_type: community, line: 7}\n", 2, "unknown key 'line'"),
        ("sources:\n  - {id: a, uri: 's3://', source_type: community}\n", 2, "names no bucket"),
        ("sources:\n  - {id: 'a b', uri: x, source_type: community}\n", 2, "`id`"),
        ("sources:\n  - {id: a, uri: x, source_type: community, life: {by: filename-pattern}}\n", 2, "needs `pattern`"),
        ("sources:\n  - {id: a, uri: x, source_type: community, life: {by: filename-pattern, pattern: '('}}\n", 2, "regular"),
        (
            "sources:\n  - {id: a, uri: x, source_type: community, life: {by: filename-pattern, pattern: 'x'}}\n",
            2,
            "named life",
        ),
        ("sources:\n  - {id: a, uri: x, source_type: community, life: {by: moon}}\n", 2, "life"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_line(text: str, line: int, part: str) -> None:
    found = problems(text)
    assert any(at == line and part in message for at, message, _ in found), found


def test_a_missing_or_binary_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="does not exist") as caught:
        load_catalog(tmp_path / "none.yaml")
    assert "create it" in str(caught.value)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogError, match="not UTF-8"):
        load_catalog(tmp_path / "binary.yaml")


def test_an_empty_list_is_a_valid_catalog() -> None:
    assert parse("sources: []\n").entries == ()
    assert parse("sources:\n").entries == ()


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_a_catalog_or_a_catalog_error(text: str) -> None:
    try:
        found: tuple[CatalogProblem, ...] = ()
        parse_catalog(text, Path("/base/sources.yaml"))
    except CatalogError as error:
        found = error.problems
    assert all(problem.line >= 1 and problem.message and problem.fix for problem in found)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=2)
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from([*SourceEntry.model_fields, "other"]), VALUES), max_size=3))
def test_any_entries_give_a_catalog_or_a_catalog_error(entries: list[dict[str, object]]) -> None:
    try:
        read = parse_catalog(yaml.safe_dump({"sources": entries}), Path("/base/sources.yaml")).entries
    except CatalogError as error:
        event("refused")
        read = ()
        entries = [] if error.problems else entries
    assert len(read) == len(entries)
    assert all(entry.source_type in SOURCE_TYPES for entry in read)


def entry(**changes: object) -> SourceEntry:
    values = {"id": "a", "uri": "/x", "source_type": "community", "licence": "CC-BY-4.0", "consent_basis": "consent"}
    return SourceEntry.model_validate({**values, **changes})


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, ()),
        ({"licence": None}, ("no_licence",)),
        ({"licence": "  "}, ("no_licence",)),
        ({"licence": "All rights reserved"}, ("licence_not_allowed",)),
        ({"licence": "cc0-1.0"}, ()),
        ({"consent_basis": None}, ("no_consent_basis",)),
        ({"consent_basis": "because"}, ("consent_basis_not_allowed",)),
        ({"withdrawn": True}, ("withdrawn",)),
        ({"withdrawn": "the owner asked"}, ("withdrawn",)),
        ({"enabled": False}, ("disabled",)),
        ({"keywords": ["Minecraft GAMEPLAY part 3"]}, ("off_topic",)),
        ({"keywords": ["gameplays"]}, ()),
        ({"licence": None, "consent_basis": None, "keywords": ["podcast"]}, ("no_licence", "no_consent_basis", "off_topic")),
    ],
)
def test_the_source_filter_gives_every_reason(changes: dict[str, object], reasons: tuple[str, ...]) -> None:
    assert judge_source(entry(**changes), SourceFilterConfig()).reasons == reasons


def test_the_filter_is_configuration_and_its_numbers_are_evidence() -> None:
    config = SourceFilterConfig(blocked_keywords=("chess",), allowed_licences=("house",), allowed_consent_bases=("signed",))
    verdict = judge_source(entry(keywords=["chess", "lecture"]), config)
    assert verdict.reasons == ("licence_not_allowed", "consent_basis_not_allowed", "off_topic")
    assert verdict.evidence["blocked_keywords"] == ["chess"]
    assert verdict.evidence["allowed_licences"] == ["house"]
    anything = SourceFilterConfig(blocked_keywords=(), allowed_licences=(), allowed_consent_bases=())
    assert judge_source(entry(licence="house rules", consent_basis="whatever"), anything).reasons == ()
