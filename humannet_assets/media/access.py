"""Where the bytes lie: listing a folder or s3:// prefix, and bringing one file to a local path that is still that file."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from humannet_assets.media.probe import MediaChangedError
from humannet_assets.store.identity import stable_id

CHUNK_BYTES = 1 << 20

_VERIFIED: set[tuple[str, int, int]] = set()
"""Staged copies (path, size, modification time) that this process has found to hold the bytes they are named after."""


@dataclass(frozen=True)
class ListedFile:
    r"""A file found under a listed place, or the reason why it must not be read.

    `uri` is an absolute path (undecodable bytes as `\xNN`) or an s3:// address; `fingerprint` is size:mtime_ns or
    size:etag. With a `reject_reason` (`symlink_out_of_root`, `broken_symlink`, `unreadable`, `not_a_file`,
    `undecodable_name`) size and fingerprint may be empty and `detail` says more.
    """

    uri: str
    size_bytes: int = 0
    fingerprint: str = ""
    reject_reason: str = ""
    detail: str = ""

    @property
    def problem(self) -> str | None:
        """The reason why the file must not be read, or None."""
        return self.reject_reason or None


@dataclass(frozen=True)
class MediaAccess:
    """Opens media on local disks and in S3. Picklable: it travels to worker processes, credentials do not.

    Credentials come from the environment, as boto3 looks for them. `cache_dir` holds staged copies, named by content;
    it defaults to `HUMANNET_MEDIA_CACHE`, else `humannet/media` in the user's cache folder (XDG_CACHE_HOME or ~/.cache).
    """

    endpoint_url: str | None = None
    region: str | None = None
    cache_dir: str | None = None

    def local_path(self, uri: str, fingerprint: str, video_id: str) -> Path:
        """A local file with the bytes that were listed.

        Args:
            uri: Absolute path or s3:// address.
            fingerprint: As listed; empty to accept any.
            video_id: SHA-256 of the bytes, or empty when it is not known yet.

        Raises:
            FileNotFoundError: the file is gone.
            MediaChangedError: the bytes are not those that were listed.
        """
        if uri.startswith("s3://"):
            return self._staged(uri, fingerprint, video_id)
        path = Path(uri)
        try:
            status = path.stat()
        except FileNotFoundError:
            raise FileNotFoundError(f"{uri} is gone; run the ingestion again so that its rows end as removed") from None
        if fingerprint and fingerprint != file_fingerprint(status):
            same_size = fingerprint.split(":", 1)[0] == str(status.st_size)
            # A touched or restored file keeps its bytes: only then is it worth hashing.
            if not (same_size and video_id and sha256_of(path) == video_id):
                raise MediaChangedError(f"{uri} is not the file that was listed (now {status.st_size} bytes); ingest it again")
        return path

    def keep_staged(self, staged: Path, video_id: str) -> Path:
        """Name a staged copy after its content, so that later steps need not fetch it again.

        Args:
            staged: What `local_path` gave for an s3:// address without a video id.
            video_id: SHA-256 of its bytes, as the caller has just computed it.

        Returns:
            Where the copy lies now.
        """
        target = _place_of(self.cache_folder, video_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(target)
        _VERIFIED.add(_state(target))
        return target

    def forget(self, video_ids: Iterable[str]) -> int:
        """Delete the staged copies of some videos; returns how many there were."""
        folder, count = self.cache_folder, 0
        for video_id in video_ids:
            try:
                _place_of(folder, video_id).unlink()
            except FileNotFoundError:
                continue
            count += 1
        return count

    def list(self, uri: str) -> Iterator[ListedFile]:
        """List a file, a folder (recursively, hidden entries left out) or an s3:// prefix, in the order of their names.

        Raises:
            FileNotFoundError: the place itself does not exist.
        """
        if uri.startswith("s3://"):
            yield from self._list_s3(uri)
            return
        root = Path(uri)
        if not root.exists():
            raise FileNotFoundError(f"{uri} does not exist; correct the source's uri")
        if root.is_dir():
            yield from _list_folder(root.absolute(), root.resolve())
        else:
            # A file named by itself may be a link: whoever named it chose its target.
            yield _listed(root.absolute(), root.resolve().parent)

    def read_text(self, uri: str, max_bytes: int) -> str:
        """Content of a small UTF-8 text file such as a manifest.

        Raises:
            FileNotFoundError: the file is gone.
            ValueError: it is larger than `max_bytes` or not UTF-8.
        """
        with self.local_path(uri, "", "").open("rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise ValueError(f"{uri} is larger than {max_bytes} bytes; split it")
        return content.decode("utf-8-sig")

    def _client(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
            region_name=self.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION"),
        )

    def _list_s3(self, uri: str) -> Iterator[ListedFile]:
        bucket, prefix = _bucket_and_key(uri)
        client = self._client()
        found = False
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for item in page.get("Contents", ()):
                key = item["Key"]
                inside = not prefix or prefix.endswith("/") or key == prefix or key.startswith(prefix + "/")
                if not inside or key.endswith("/") or any(part.startswith(".") for part in key[len(prefix) :].split("/")):
                    continue
                found = True
                yield ListedFile(f"s3://{bucket}/{key}", item["Size"], f"{item['Size']}:{item['ETag'].strip(chr(34))}")
        if not found and not prefix:
            return
        if not found:
            raise FileNotFoundError(f"{uri} holds no objects; correct the source's uri")

    @property
    def cache_folder(self) -> Path:
        """Where staged copies are kept."""
        chosen = self.cache_dir or os.environ.get("HUMANNET_MEDIA_CACHE")
        return Path(chosen).expanduser() if chosen else _default_cache()

    def _staged(self, uri: str, fingerprint: str, video_id: str) -> Path:
        target = _place_of(self.cache_folder, video_id or stable_id(uri, fingerprint))
        size = int(fingerprint.split(":", 1)[0]) if fingerprint else None
        if _usable(target, size, video_id):
            return target
        from botocore.exceptions import ClientError

        bucket, key = _bucket_and_key(uri)
        etag = fingerprint.split(":", 1)[1] if ":" in fingerprint else ""
        condition = {"IfMatch": etag} if etag else {}
        try:
            body = self._client().get_object(Bucket=bucket, Key=key, **condition)["Body"]
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status == 412:
                raise MediaChangedError(f"{uri} is not the object that was listed; ingest it again") from error
            if status == 404:
                raise FileNotFoundError(f"{uri} is gone; run the ingestion again so that its rows end as removed") from error
            raise
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        # A rename within one folder is atomic: other workers see the whole file or none.
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".staging-", delete=False) as file:
            try:
                for chunk in body.iter_chunks(CHUNK_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                _check_bytes(uri, file.tell(), size, digest.hexdigest(), video_id)
                Path(file.name).replace(target)
                if video_id:
                    _VERIFIED.add(_state(target))
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
        return target


def file_fingerprint(status: os.stat_result) -> str:
    """Fingerprint of a local file: size and modification time in nanoseconds."""
    return f"{status.st_size}:{status.st_mtime_ns}"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hex.

    Raises:
        MediaChangedError: the file's size or modification time changed while it was read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise MediaChangedError(f"{path} changed while it was read; it is read again by the next run")
    return digest.hexdigest()


def _check_bytes(uri: str, size: int, listed_size: int | None, digest: str, video_id: str) -> None:
    if listed_size is not None and size != listed_size:
        raise MediaChangedError(f"{uri}: {size} bytes came, {listed_size} were listed; ingest it again")
    if video_id and digest != video_id:
        raise MediaChangedError(f"{uri} holds other bytes than video {video_id}; ingest it again")


def _default_cache() -> Path:
    """The user's own folder: what lies in it is decoded as if it had come from the bucket."""
    chosen = os.environ.get("XDG_CACHE_HOME", "").strip()
    folder = (Path(chosen) if chosen else Path.home() / ".cache") / "humannet" / "media"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise PermissionError(
            f"the media cache {folder} belongs to user {status.st_uid}, not to you; remove it, or name a folder of your "
            "own with HUMANNET_MEDIA_CACHE or XDG_CACHE_HOME"
        )
    if status.st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def _place_of(cache: Path, name: str) -> Path:
    return cache / name[:2] / name


def _state(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


def _usable(staged: Path, size: int | None, video_id: str) -> bool:
    """True for a staged copy that may be used instead of the object.

    A copy that is named after its content must hold it, which is looked at once per process: a disk may have lost some of it
    and others may write to a shared cache. One that does not is staged again.
    """
    try:
        state = _state(staged)
    except FileNotFoundError:
        return False
    if size is not None and state[1] != size:
        return False
    if re.fullmatch(r"[0-9a-f]{64}", video_id) and state not in _VERIFIED:
        if sha256_of(staged) != video_id:
            return False
        _VERIFIED.add(state)
    return True


def _bucket_and_key(uri: str) -> tuple[str, str]:
    parts = urlsplit(uri, allow_fragments=False)
    # urlsplit cuts at '?', which is a legal character of keys.
    return parts.netloc, uri[len("s3://") + len(parts.netloc) :].lstrip("/")


def _list_folder(folder: Path, root: Path) -> Iterator[ListedFile]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield ListedFile(_printable(folder), reject_reason="unreadable", detail=error.strerror or str(error))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _list_folder(path, root)
        else:
            yield _listed(path, root)


def _listed(path: Path, root: Path) -> ListedFile:
    uri = _printable(path)
    if uri != str(path):
        return ListedFile(uri, reject_reason="undecodable_name", detail="the name is not valid UTF-8: rename the file")
    try:
        if path.is_symlink():
            target = path.resolve(strict=True)
            if not target.is_relative_to(root):
                return ListedFile(uri, reject_reason="symlink_out_of_root", detail=f"points to {_printable(target)}")
            if target.is_dir():
                return ListedFile(uri, reject_reason="not_a_file", detail="a link to a folder; the folder is listed by itself")
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return ListedFile(uri, reject_reason="not_a_file", detail="a device, pipe or socket")
        with path.open("rb"):
            pass
    except (FileNotFoundError, RuntimeError):
        return ListedFile(uri, reject_reason="broken_symlink", detail="the link leads nowhere, or the file vanished")
    except OSError as error:
        return ListedFile(uri, reject_reason="unreadable", detail=error.strerror or str(error))
    return ListedFile(uri, status.st_size, file_fingerprint(status))


def _printable(path: Path) -> str:
    r"""The path as valid UTF-8, bytes that are not as `\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
