"""Whose life a video shows: the rule an entry of the catalog states, and how it names the life of one file."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

_NAME = re.compile(r"[\w][\w .@+-]*")


class LifeRule(BaseModel):
    """How the life of a file is found.

    In the catalog it is a name (`life: alice`: every file is of that life), `{by: folder}` (the first folder below the
    source's uri names the life) or `{by: filename-pattern, pattern: ...}` (the regular expression's group `life` names it).
    Files a rule cannot name belong to nobody's life.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Literal["name", "folder", "filename-pattern"]
    name: str | None = None
    pattern: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"by": "name", "name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _complete(self) -> LifeRule:
        if self.by == "name" and not (self.name and _NAME.fullmatch(self.name)):
            raise ValueError(
                f"{self.name!r} is not a life name: use letters, digits, spaces and . @ + - _, not starting with a sign"
            )
        if self.by == "filename-pattern":
            if not self.pattern:
                raise ValueError("a filename-pattern rule needs `pattern`, e.g. '(?P<life>[a-z]+)_.*'")
            try:
                groups = re.compile(self.pattern).groupindex
            except re.error as error:
                raise ValueError(f"pattern {self.pattern!r} is not a regular expression: {error}") from None
            if "life" not in groups:
                raise ValueError(f"pattern {self.pattern!r} has no group named life: write (?P<life>...)")
        elif self.pattern is not None:
            raise ValueError(f"`pattern` has no meaning with by: {self.by}; remove it")
        return self

    def stored(self) -> str:
        """The rule as the text of `source_catalog.life`: the name itself, or a JSON object for the other rules."""
        if self.by == "name":
            return str(self.name)
        return json.dumps(self.model_dump(exclude_none=True), sort_keys=True)

    @classmethod
    def from_stored(cls, text: str) -> LifeRule:
        """Inverse of `stored`."""
        return cls.model_validate(json.loads(text) if text.startswith("{") else text)

    def life_of(self, source_uri: str, file_uri: str) -> str | None:
        """The life the file belongs to, or None when the rule does not name one."""
        if self.by == "name":
            return self.name
        if self.by == "folder":
            root = source_uri.rstrip("/") + "/"
            if not file_uri.startswith(root):
                return None
            folder, slash, _ = file_uri.removeprefix(root).partition("/")
            return folder if slash else None
        match = re.match(str(self.pattern), file_uri.rpartition("/")[2])
        return match["life"] if match else None
