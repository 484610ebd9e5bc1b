"""Where the command line works: store, catalog and settings files, from options and environment variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from humannet_assets.store.lance_store import LanceStore

if TYPE_CHECKING:
    from humannet_assets.media.access import MediaAccess
    from humannet_assets.resources.pipeline import PipelineResource
    from humannet_assets.settings import Settings


class UsageError(ValueError):
    """The command cannot be done as it was given; the message says what to do."""


@dataclass(frozen=True)
class Project:
    """The places a command works with; the same environment variables configure Dagster's resource.

    A settings file that somebody named (`settings_named`) must exist; the default one may be absent.
    """

    root: str
    catalog_file: Path
    settings_file: Path
    settings_named: bool = False

    @property
    def store(self) -> LanceStore:
        """The store; it need not exist yet."""
        if self.root.startswith("s3://"):
            return LanceStore(self.root, storage_options())
        if "://" in self.root:
            raise UsageError(f"the store's root must be a folder or an s3:// address, not {self.root}")
        return LanceStore(str(Path(self.root).expanduser().resolve()))

    @property
    def settings(self) -> Settings:
        """Validated settings; raises `UsageError` when the named file is not there."""
        from humannet_assets.settings import load_settings

        if self.settings_named and not self.settings_file.is_file():
            raise UsageError(
                f"there is no settings file {self.settings_file.absolute()}; correct --settings or HUMANNET_SETTINGS, or "
                "leave it out to use humannet.yaml where there is one and defaults where there is none"
            )
        return load_settings(self.settings_file)

    @property
    def access(self) -> MediaAccess:
        """How media files are reached."""
        from humannet_assets.media.access import MediaAccess

        return MediaAccess()

    @property
    def pipeline(self) -> PipelineResource:
        """The resource Dagster's assets take."""
        from humannet_assets.resources.pipeline import PipelineResource

        return PipelineResource(root=self.root, catalog_file=str(self.catalog_file), settings_file=str(self.settings_file))

    def require_tables(self) -> LanceStore:
        """The store, if anything has been ingested; raises `UsageError` otherwise."""
        from humannet_assets.store.tables import TABLES

        store = self.store
        if not any(store.exists(table) for table in TABLES):
            raise UsageError(
                f"there is no data in {store.root} yet. Run `humannet ingest PATH` or `humannet demo` first, or name another "
                "store with --root or HUMANNET_ROOT."
            )
        return store


def storage_options() -> dict[str, str]:
    """Lance's object-store options from the standard AWS environment variables (Lance reads the credentials itself)."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    options = {"aws_endpoint": endpoint or "", "aws_region": region or ""}
    if endpoint and endpoint.startswith("http://"):
        options["allow_http"] = "true"
    return {key: value for key, value in options.items() if value}
