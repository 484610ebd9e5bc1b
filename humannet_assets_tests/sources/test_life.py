from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from humannet_assets.sources.life import LifeRule

ROOT = "/footage"


@pytest.mark.parametrize(
    ("rule", "file", "life"),
    [
        ("alice", "/footage/x/1.mp4", "alice"),
        ({"by": "folder"}, "/footage/bob/day 1/1.mp4", "bob"),
        ({"by": "folder"}, "/footage/1.mp4", None),
        ({"by": "folder"}, "/elsewhere/bob/1.mp4", None),
        ({"by": "filename-pattern", "pattern": r"(?P<life>[a-z]+)_\d+"}, "/footage/bob/carol_17.mp4", "carol"),
        ({"by": "filename-pattern", "pattern": r"(?P<life>[a-z]+)_\d+"}, "/footage/carol_x/17.mp4", None),
    ],
)
def test_each_rule_names_the_life_of_a_file_and_survives_storage(rule: object, file: str, life: str | None) -> None:
    parsed = LifeRule.model_validate(rule)
    assert parsed.life_of(ROOT, file) == life
    assert LifeRule.from_stored(parsed.stored()) == parsed


def test_folders_below_a_bucket_name_lives_too() -> None:
    assert LifeRule(by="folder").life_of("s3://bucket/lives/", "s3://bucket/lives/bob/1.mp4") == "bob"


@pytest.mark.parametrize(
    "rule", ["", "{x", "-a", {"by": "folder", "pattern": "x"}, {"by": "name"}, {"by": "folder", "depth": 2}]
)
def test_rules_that_mean_nothing_are_refused(rule: object) -> None:
    with pytest.raises(ValidationError):
        LifeRule.model_validate(rule)


@settings(deadline=None)
@given(st.from_regex(r"\A\w[\w .@+-]{0,20}\Z"))
def test_any_accepted_name_comes_back_from_the_store(name: str) -> None:
    assert LifeRule.from_stored(LifeRule.model_validate(name).stored()).name == name
