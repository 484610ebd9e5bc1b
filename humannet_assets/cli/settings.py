"""`humannet settings`: the values in force, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from humannet_assets.cli.project import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from humannet_assets.settings import Settings

_BOUNDS = (("ge", ">="), ("gt", ">"), ("le", "<="), ("lt", "<"))


def print_settings(settings: Settings, section: str | None, console: Console) -> None:
    """Draw one section, or all; raises `UsageError` for a section that does not exist."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    sections = list(type(settings).model_fields)
    if section is not None and section not in sections:
        raise UsageError(f"no section is called {section!r}; there are {', '.join(sections)}")
    for name in sections if section is None else [section]:
        config: BaseModel = getattr(settings, name)
        fields = type(config).model_fields
        if not fields:
            continue
        listing = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=name, title_justify="left")
        listing.add_column("setting")
        listing.add_column("value", overflow="fold", max_width=40)
        listing.add_column("range")
        listing.add_column("meaning and source of the default")
        for field_name, field in fields.items():
            value = getattr(config, field_name)
            changed = value != field.get_default(call_default_factory=True)
            shown = Text(str(value), style="yellow" if changed else "")
            listing.add_row(field_name, shown, bounds(field), Text(field.description or ""))
        console.print(listing)


def bounds(field: FieldInfo) -> str:
    """The field's range as text, e.g. '>= 0, <= 1'."""
    found = []
    for attribute, sign in _BOUNDS:
        found += [f"{sign} {getattr(rule, attribute)}" for rule in field.metadata if getattr(rule, attribute, None) is not None]
    return ", ".join(found)
