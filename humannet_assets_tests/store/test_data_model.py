"""The committed data model is the declared one, and every column is explained."""

from pathlib import Path

from humannet_assets.store.data_model import data_model_markdown
from humannet_assets.store.schema import SYSTEM_COLUMNS
from humannet_assets.store.tables import TABLES


def test_document_is_current(project_root: Path) -> None:
    committed = (project_root / "docs/data_model.md").read_text(encoding="utf-8")
    assert committed == data_model_markdown(), "run: python -m humannet_assets.store.data_model > docs/data_model.md"


def test_every_column_says_what_it_means() -> None:
    for table in TABLES:
        for column in (*SYSTEM_COLUMNS, *table.columns):
            assert len(column.doc) > 5, f"{table.name}.{column.name}"
            assert column.doc.endswith((".", "'", ")")), f"{table.name}.{column.name}: {column.doc}"
