"""The one resource assets need: where the store is, what the settings are, and where work runs.

What belongs here: turning Dagster configuration and environment variables into plain domain objects. The domain packages
know nothing of it.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, PrivateAttr

from humannet_assets.media.access import MediaAccess
from humannet_assets.settings import Settings, load_settings
from humannet_assets.store.compute import Compute, Limits, ProcessWorkers
from humannet_assets.store.lance_store import LanceStore

if TYPE_CHECKING:
    from dagster_aws.s3 import S3Resource

    from humannet_assets.single_life.workplace import Workplace

DEFAULT_ROOT = "data"
DEFAULT_SETTINGS_FILE = "humannet.yaml"
DEFAULT_CATALOG_FILE = "sources.yaml"


def root_uri() -> str:
    """Where the store lies: HUMANNET_ROOT, or the folder `data` under the working directory."""
    return os.environ.get("HUMANNET_ROOT") or DEFAULT_ROOT


def s3_storage_options(s3: "S3Resource") -> dict[str, str]:
    """Lance's object-store options for the credentials of a dagster-aws `S3Resource`.

    Values the resource leaves open come from the standard AWS environment variables, which Lance reads itself.
    """
    options = {
        "aws_region": s3.region_name,
        "aws_endpoint": s3.endpoint_url,
        "aws_access_key_id": s3.aws_access_key_id,
        "aws_secret_access_key": s3.aws_secret_access_key,
        "aws_session_token": s3.aws_session_token,
    }
    if s3.endpoint_url and s3.endpoint_url.startswith("http://"):
        options["allow_http"] = "true"
    return {key: value for key, value in options.items() if value}


class PipelineResource(dg.ConfigurableResource):
    """Store, settings and compute of one run."""

    root: str = Field(default_factory=root_uri, description="Folder or s3://bucket/prefix of the store.")
    settings_file: str = Field(
        default_factory=lambda: os.environ.get("HUMANNET_SETTINGS", DEFAULT_SETTINGS_FILE),
        description="YAML file with thresholds; defaults apply where it is silent or absent.",
    )
    catalog_file: str = Field(
        default_factory=lambda: os.environ.get("HUMANNET_CATALOG", DEFAULT_CATALOG_FILE),
        description="YAML source catalog: what may be ingested.",
    )
    overrides: dict[str, Any] = Field(
        default_factory=dict, description="Settings for this run only, e.g. {'filtered_clips': {'min_sharpness': 20}}."
    )
    s3_endpoint_url: str | None = Field(
        default_factory=lambda: os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
        description="S3 endpoint of another provider than AWS.",
    )
    s3_region: str | None = Field(
        default_factory=lambda: os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        description="S3 region.",
    )

    _settings: Settings | None = PrivateAttr(default=None)

    @cached_property
    def s3(self) -> "S3Resource":
        """The S3 connection; credentials come from where AWS tools look for them.

        Made on first use: importing dagster_aws would double the time definitions take to load.
        """
        from dagster_aws.s3 import S3Resource

        return S3Resource(endpoint_url=self.s3_endpoint_url, region_name=self.s3_region)

    @property
    def settings(self) -> Settings:
        """Validated settings; errors name the file, the key and the fix."""
        if self._settings is None:
            self._settings = load_settings(Path(self.settings_file), self.overrides)
        return self._settings

    @cached_property
    def store(self) -> LanceStore:
        """The Lance tables under `root`."""
        if not self.root.startswith("s3://"):
            return LanceStore(str(Path(self.root).resolve()))
        return LanceStore(self.root, s3_storage_options(self.s3))

    @property
    def access(self) -> MediaAccess:
        """Local paths for media, staged from S3 when need be."""
        return MediaAccess(endpoint_url=self.s3_endpoint_url, region=self.s3_region)

    @property
    def compute(self) -> Compute:
        """Worker processes with limits."""
        chosen = self.settings.compute
        limits = Limits(seconds_per_unit=chosen.seconds_per_unit, memory_bytes=int(chosen.memory_gib * 1024**3))
        return ProcessWorkers(workers=chosen.workers, limits=limits)

    @property
    def workplace(self) -> "Workplace":
        """Where steps about models work."""
        from humannet_assets.single_life.workplace import Workplace

        return Workplace(self.store, self.access, self.compute)
