"""Stable ids: the same input gives the same id on any machine (DESIGN rule 1)."""

from __future__ import annotations

import hashlib

ID_LENGTH = 32
"""Hex characters of an id: 128 bits, so a collision among 10^12 rows has odds below 10^-14."""


def stable_id(*parts: str | float | None) -> str:
    """Hash of the parts in order, as 32 hex characters.

    Args:
        parts: Strings, integers or None. Floats are refused: two machines may print them differently, so callers pass
            integer microseconds or frame numbers.

    Raises:
        TypeError: If a part is a float or of another type.
    """
    digest = hashlib.sha256()
    for part in parts:
        if not (part is None or isinstance(part, str | int)):
            raise TypeError(f"ids are made of strings and integers, not {type(part).__name__}: {part!r}")
        # Length and type go in as well, so that ("ab", "c") and ("a", "bc"), or 1 and "1", differ.
        text = "" if part is None else str(part)
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(f"{type(part).__name__}:{len(encoded)}:".encode())
        digest.update(encoded)
    return digest.hexdigest()[:ID_LENGTH]


def microseconds(seconds: float) -> int:
    """Seconds to whole microseconds: the unit in which times enter ids."""
    return round(seconds * 1_000_000)
