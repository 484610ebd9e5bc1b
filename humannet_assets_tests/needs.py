"""What tests need of the machine: missing, they skip with the reason, or fail where HUMANNET_TESTS_NEED names it."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import NoReturn

import pytest


def missing(need: str, reason: str) -> NoReturn:
    """Skip the test, or fail it if `need` is among the comma-separated names of HUMANNET_TESTS_NEED."""
    if need in os.environ.get("HUMANNET_TESTS_NEED", "").split(","):
        pytest.fail(f"{need} is needed here, but {reason}", pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def need_package(name: str, extra: str) -> None:
    """Skip (or fail) where a package of an extra is not installed."""
    if find_spec(name) is None:
        missing(extra, f"{name} is not installed: pip install 'humannet-assets[{extra}]'")
