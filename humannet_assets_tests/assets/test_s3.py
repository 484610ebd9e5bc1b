"""The same graph on S3: tables through Lance's own S3, media staged; against a moto server on 127.0.0.1."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from humannet_assets.store.compute import close_pools
from humannet_assets_tests.graph import Graph, assert_same, contents, processed, write_catalog

NAMES = ("ego_hands_cups.mp4", "empty_room_ball.mp4")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("HUMANNET_MEDIA_CACHE", str(tmp_path / "cache"))
    # Workers of earlier tests were started without these variables.
    close_pools()
    yield f"http://{host}:{port}"
    close_pools()
    server.stop()


def test_graph_on_s3_gives_the_same_rows_and_is_incremental(endpoint: str, tmp_path: Path, project_root: Path) -> None:
    import boto3

    client = boto3.client("s3")
    client.create_bucket(Bucket="lab")
    (tmp_path / "videos").mkdir()
    for name in NAMES:
        data = (project_root / "sample_library" / name).read_bytes()
        (tmp_path / "videos" / name).write_bytes(data)
        client.put_object(Bucket="lab", Key=f"footage/{name}", Body=data)
    local = Graph(str(tmp_path / "store"), write_catalog(tmp_path / "local.yaml", tmp_path / "videos"))
    remote = Graph("s3://lab/store", write_catalog(tmp_path / "remote.yaml", "s3://lab/footage"))
    local.run()
    found = remote.run()
    assert found["sql_catalog"]
    # Addresses differ, and with them the ids of files and what is derived from addresses; everything after identity is equal.
    where = ("uri", "file_id", "fingerprint", "provenance", "evidence")
    left, right = contents(local.store, without=where), contents(remote.store, without=where)
    for name in ("source_catalog", "source_files", "video_files"):
        assert left.pop(name).height == right.pop(name).height
    assert_same(left, right)
    assert set(processed(remote.run()).values()) == {0}
