"""Listing and staging: nothing outside the listed place, nothing that is not what was listed."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path

import pytest

from humannet_assets.media.access import MediaAccess, sha256_of
from humannet_assets.media.probe import MediaChangedError


def _listed(root: Path) -> dict[str, str]:
    return {Path(file.uri).name: file.reject_reason for file in MediaAccess().list(str(root))}


def test_a_folder_lists_its_files_and_refuses_what_leads_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.mp4").write_bytes(b"secret")
    (root / "a.mp4").write_bytes(b"abc")
    (root / "deep" / "b.mp4").write_bytes(b"b")
    (root / ".hidden.mp4").write_bytes(b"h")
    (root / "link.mp4").symlink_to(outside / "secret.mp4")
    (root / "inside.mp4").symlink_to(root / "a.mp4")
    (root / "broken.mp4").symlink_to(root / "nothing.mp4")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe.mp4")
    assert _listed(root) == {
        "a.mp4": "",
        "b.mp4": "",
        "broken.mp4": "broken_symlink",
        "folder": "symlink_out_of_root",
        "inside.mp4": "",
        "link.mp4": "symlink_out_of_root",
        "pipe.mp4": "not_a_file",
    }
    (file,) = [file for file in MediaAccess().list(str(root)) if file.uri.endswith("/a.mp4")]
    assert file.size_bytes == 3
    assert file.fingerprint == f"3:{(root / 'a.mp4').stat().st_mtime_ns}"
    assert file.uri == str(root / "a.mp4")


def test_strange_names_keep_their_uri(tmp_path: Path) -> None:
    names = ["new\nline.mp4", "quo'te\".mp4", "emoji 😀.mp4", "#?&%41.mp4"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / os.fsdecode(b"bad\xff.mp4")).write_bytes(b"x")
    found = {file.uri: file.reject_reason for file in MediaAccess().list(str(tmp_path))}
    assert found == {**{str(tmp_path / name): "" for name in names}, f"{tmp_path}/bad\\xff.mp4": "undecodable_name"}
    for name in names:
        assert MediaAccess().local_path(str(tmp_path / name), "", "").read_bytes() == b"x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_entries_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    (tmp_path / "a.mp4").chmod(0)
    assert _listed(tmp_path) == {"a.mp4": "unreadable"}


def test_a_file_by_itself_and_a_missing_place(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    assert [file.uri for file in MediaAccess().list(str(tmp_path / "a.mp4"))] == [str(tmp_path / "a.mp4")]
    with pytest.raises(FileNotFoundError, match="does not exist"):
        list(MediaAccess().list(str(tmp_path / "gone")))


def test_a_local_file_must_be_the_one_that_was_listed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"first")
    (file,) = MediaAccess().list(str(path))
    video_id = hashlib.sha256(b"first").hexdigest()
    access = MediaAccess()
    assert access.local_path(file.uri, file.fingerprint, video_id) == path
    os.utime(path, ns=(1, 1))
    assert access.local_path(file.uri, file.fingerprint, video_id) == path
    with pytest.raises(MediaChangedError):
        access.local_path(file.uri, file.fingerprint, "")
    path.write_bytes(b"other")
    with pytest.raises(MediaChangedError, match="not the file that was listed"):
        access.local_path(file.uri, file.fingerprint, video_id)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="is gone"):
        access.local_path(file.uri, file.fingerprint, video_id)


def test_hashing_notices_a_file_that_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import humannet_assets.media.access as module

    path = tmp_path / "a.mp4"
    path.write_bytes(b"x" * 100)
    assert sha256_of(path) == hashlib.sha256(b"x" * 100).hexdigest()
    real = hashlib.sha256

    def growing() -> object:
        with path.open("ab") as file:
            file.write(b"more")
        return real()

    stat = os.fstat
    grown = []

    def fstat_then_grow(number: int) -> os.stat_result:
        status = stat(number)
        if not grown:
            grown.append(growing())
        return status

    monkeypatch.setattr(module.os, "fstat", fstat_then_grow)
    with pytest.raises(MediaChangedError, match="changed while"):
        sha256_of(path)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch):
    """An S3 bucket in memory."""
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="footage")
        yield client


def test_s3_objects_are_listed_and_staged_once(bucket, tmp_path: Path) -> None:
    for key in ("day/a b?#.mp4", "day/deep/é.mp4", "day/.hidden/x.mp4", "daylight/c.mp4"):
        bucket.put_object(Bucket="footage", Key=key, Body=key.encode())
    access = pickle.loads(pickle.dumps(MediaAccess(region="us-east-1", cache_dir=str(tmp_path / "cache"))))
    files = list(access.list("s3://footage/day"))
    assert [file.uri for file in files] == ["s3://footage/day/a b?#.mp4", "s3://footage/day/deep/é.mp4"]
    first = files[0]
    video_id = hashlib.sha256(b"day/a b?#.mp4").hexdigest()
    staged = access.local_path(first.uri, first.fingerprint, video_id)
    assert staged.read_bytes() == b"day/a b?#.mp4"
    assert staged.name == video_id
    bucket.delete_object(Bucket="footage", Key="day/a b?#.mp4")
    assert access.local_path(first.uri, first.fingerprint, video_id) == staged
    staged.unlink()
    with pytest.raises(FileNotFoundError, match="is gone"):
        access.local_path(first.uri, first.fingerprint, video_id)


def test_a_replaced_s3_object_is_refused(bucket, tmp_path: Path) -> None:
    bucket.put_object(Bucket="footage", Key="a.mp4", Body=b"first")
    access = MediaAccess(region="us-east-1", cache_dir=str(tmp_path))
    (file,) = access.list("s3://footage/a.mp4")
    bucket.put_object(Bucket="footage", Key="a.mp4", Body=b"other")
    with pytest.raises(MediaChangedError):
        access.local_path(file.uri, file.fingerprint, "")
    with pytest.raises(MediaChangedError, match="other bytes"):
        access.local_path(file.uri, "", hashlib.sha256(b"first").hexdigest())
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with pytest.raises(FileNotFoundError, match="no objects"):
        list(access.list("s3://footage/nothing/"))


def test_a_staged_copy_that_is_not_what_its_name_says_is_staged_again(bucket, tmp_path: Path) -> None:
    bucket.put_object(Bucket="footage", Key="a.mp4", Body=b"good bytes")
    access = MediaAccess(region="us-east-1", cache_dir=str(tmp_path))
    (file,) = access.list("s3://footage/a.mp4")
    video_id = hashlib.sha256(b"good bytes").hexdigest()
    planted = tmp_path / video_id[:2] / video_id
    planted.parent.mkdir()
    planted.write_bytes(b"evil bytes")
    assert access.local_path(file.uri, file.fingerprint, video_id).read_bytes() == b"good bytes"
    # Put there later, by another process: size and time tell.
    planted.write_bytes(b"evil again")
    assert access.local_path(file.uri, file.fingerprint, video_id).read_bytes() == b"good bytes"


def test_a_staged_copy_is_hashed_once_per_process(bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import humannet_assets.media.access as module

    access = MediaAccess(region="us-east-1", cache_dir=str(tmp_path))
    video_id = hashlib.sha256(b"bytes").hexdigest()
    staged = tmp_path / video_id[:2] / video_id
    staged.parent.mkdir()
    staged.write_bytes(b"bytes")
    hashed: list[Path] = []
    monkeypatch.setattr(module, "sha256_of", lambda path: hashed.append(path) or video_id)
    for _ in range(3):
        assert access.local_path("s3://footage/a.mp4", "5:etag", video_id) == staged
    assert hashed == [staged]


def test_the_default_cache_is_the_users_own(bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUMANNET_MEDIA_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    bucket.put_object(Bucket="footage", Key="a.mp4", Body=b"bytes")
    access = MediaAccess(region="us-east-1")
    folder = tmp_path / "humannet" / "media"
    staged = access.local_path("s3://footage/a.mp4", "", "")
    assert staged.is_relative_to(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    access.local_path("s3://footage/a.mp4", "", "")
    assert folder.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(PermissionError, match="belongs to user"):
        access.local_path("s3://footage/a.mp4", "", "")


def test_copies_of_some_videos_are_forgotten(bucket, tmp_path: Path) -> None:
    access = MediaAccess(region="us-east-1", cache_dir=str(tmp_path))
    staged = {}
    for name in ("a", "b"):
        bucket.put_object(Bucket="footage", Key=name, Body=name.encode())
        staged[name] = access.local_path(f"s3://footage/{name}", "", hashlib.sha256(name.encode()).hexdigest())
    assert access.forget([staged["a"].name, "0" * 64]) == 1
    assert (staged["a"].exists(), staged["b"].exists()) == (False, True)
