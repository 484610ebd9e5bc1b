"""Sources in an object store, against a moto server on this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from humannet_assets.media.access import MediaAccess
from humannet_assets.sources.catalog import SourceFilterConfig
from humannet_assets.sources.files import ListingConfig
from humannet_assets.sources.identify import IdentifyConfig, IdentifyStep, VideoSourceStep
from humannet_assets.sources.listing import refresh_sources
from humannet_assets.sources.refresh_report import RefreshReport
from humannet_assets.store.lance_store import LanceStore
from humannet_assets.store.runner import run_steps
from humannet_assets.store.step import NoConfig
from humannet_assets.store.tables import SOURCE_FILES, VIDEO_FILES
from humannet_assets.store.tables.sources import VIDEO_SOURCES

SETTINGS: Any = SimpleNamespace(source_catalog=SourceFilterConfig(), source_files=ListingConfig())
CATALOG = """
sources:
  - {id: lives, uri: "s3://footage/lives", source_type: community, licence: own, consent_basis: consent, life: {by: folder}}
  - {id: list, uri: "s3://footage/lists/list.jsonl", source_type: community, licence: own, consent_basis: consent}
  - {id: none, uri: "s3://no-such-bucket/x", source_type: community, licence: own, consent_basis: consent}
"""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    import boto3

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("HUMANNET_MEDIA_CACHE", str(tmp_path / "cache"))
    found = boto3.resource("s3", endpoint_url=endpoint).Bucket("footage")
    found.create()
    return found


def test_objects_are_listed_hashed_attributed_and_taken_down(
    bucket: Any, endpoint: str, store: LanceStore, tmp_path: Path
) -> None:
    access = MediaAccess(endpoint_url=endpoint)
    (tmp_path / "sources.yaml").write_text(CATALOG)

    def refresh() -> RefreshReport:
        return refresh_sources(store, tmp_path / "sources.yaml", SETTINGS, run_id="run", access=access)

    def identify() -> list[int]:
        steps = (IdentifyStep(IdentifyConfig(), access), VideoSourceStep(NoConfig()))
        return [run_steps(store, [step], run_id="run")[0].processed for step in steps]

    bucket.put_object(Key="lives/alice/1.mp4", Body=b"one")
    bucket.put_object(Key="lives/bob/copy of 1?.mp4", Body=b"one")
    bucket.put_object(Key="lives/notes.txt", Body=b"text")
    bucket.put_object(Key="livestock/9.mp4", Body=b"other prefix")
    bucket.put_object(Key="other/2.mp4", Body=b"two")
    lines = [{"path": "../other/2.mp4", "life": "carol"}, {"uri": "s3://footage/other/none.mp4"}]
    bucket.put_object(Key="lists/list.jsonl", Body="\n".join(map(json.dumps, lines)).encode())

    report = refresh()
    assert set(report.problems) == {"none"}
    assert report.files == {"failed": 1, "kept": 3, "rejected": 1}
    assert identify() == [3, 2]
    videos = {row["video_id"]: row for row in store.arrow(VIDEO_SOURCES).to_pylist()}
    one, two = (videos[hashlib.sha256(content).hexdigest()] for content in (b"one", b"two"))
    assert one["file_count"] == 2
    assert one["life"] in {"alice", "bob"}
    assert two["life"] == "carol"

    # What identification fetched is what later steps decode: it is not fetched a second time.
    staged = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert {hashlib.sha256(content).hexdigest() for content in (b"one", b"two")} <= staged
    assert len(staged) == 3, "two videos and the manifest"

    assert refresh().written == {}
    assert identify() == [0, 0]
    bucket.put_object(Key="lives/alice/1.mp4", Body=b"one, cut anew")
    assert refresh().written == {"changed": 1}
    assert identify()[0] == 1
    bucket.Object("lives/bob/copy of 1?.mp4").delete()
    assert refresh().written == {"removed": 1}
    identify()
    outcomes = {row["video_id"]: row["outcome"] for row in store.arrow(VIDEO_SOURCES).to_pylist()}
    assert outcomes[hashlib.sha256(b"one").hexdigest()] == "removed"
    assert outcomes[hashlib.sha256(b"one, cut anew").hexdigest()] == "kept"


def test_an_object_replaced_after_listing_fails_clearly_and_is_read_after_the_next_listing(
    bucket: Any, endpoint: str, store: LanceStore, tmp_path: Path
) -> None:
    access = MediaAccess(endpoint_url=endpoint)
    (tmp_path / "sources.yaml").write_text(CATALOG)
    step = IdentifyStep(IdentifyConfig(), access)
    bucket.put_object(Key="lives/alice/1.mp4", Body=b"before")
    refresh_sources(store, tmp_path / "sources.yaml", SETTINGS, run_id="run", access=access)
    bucket.put_object(Key="lives/alice/1.mp4", Body=b"behind")
    run_steps(store, [step], run_id="run")
    failed = store.arrow(VIDEO_FILES, where="outcome = 'failed'").to_pylist()
    assert [row["error_class"] for row in failed] == ["MediaChangedError"]
    refresh_sources(store, tmp_path / "sources.yaml", SETTINGS, run_id="run", access=access)
    run_steps(store, [step], run_id="run")
    file = next(row for row in store.arrow(SOURCE_FILES).to_pylist() if row["uri"].endswith("alice/1.mp4"))
    (row,) = [row for row in store.arrow(VIDEO_FILES).to_pylist() if row["file_id"] == file["file_id"]]
    assert (row["outcome"], row["video_id"]) == ("kept", hashlib.sha256(b"behind").hexdigest())


def test_a_prefix_whose_last_object_went_is_a_takedown_and_one_out_of_reach_is_not(
    bucket: Any, endpoint: str, store: LanceStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refresh(server: str = endpoint) -> RefreshReport:
        access = MediaAccess(endpoint_url=server)
        return refresh_sources(store, tmp_path / "sources.yaml", SETTINGS, run_id="run", access=access)

    entry = "source_type: community, licence: own, consent_basis: consent"
    (tmp_path / "sources.yaml").write_text(
        f'sources:\n  - {{id: a, uri: "s3://footage/last", {entry}}}\n  - {{id: b, uri: "s3://footage/nevr", {entry}}}\n'
    )
    bucket.put_object(Key="last/1.mp4", Body=b"one")
    assert set(refresh().problems) == {"b"}
    bucket.Object("last/1.mp4").delete()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert set(refresh("http://127.0.0.1:9").problems) == {"a", "b"}
    assert store.read(SOURCE_FILES, ["outcome"])["outcome"].to_list() == ["kept"]
    report = refresh()
    assert (set(report.problems), report.written) == ({"b"}, {"removed": 1})
    assert refresh().written == {}
