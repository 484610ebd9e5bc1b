"""What a file is, found out without trusting it.

The first bytes decide which demuxer may look at the file, before FFmpeg sees it: FFmpeg itself would guess, and its
guesses reach other files and hosts (playlists, `concat`, nested URLs) or call a text file a video (`ansi`).
Only local regular files are opened, with one named demuxer and `protocol_whitelist=file`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

SNIFF_BYTES = 4096
"""Enough for every signature below; MPEG-TS needs three packets of 192 bytes."""

CONTAINERS = ("mov", "matroska", "avi", "flv", "gif", "mpegts", "mpeg", "ogg", "asf")
"""Demuxers we know to open nothing but the file they are given (mov with its default `enable_drefs=0`)."""

CODECS = (
    "h264", "hevc", "vvc", "av1", "vp8", "vp9", "vp6", "vp6f", "vp6a", "mpeg4", "mpeg2video", "mpeg1video", "h263", "flv1",
    "msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "wmv3", "vc1", "theora", "mjpeg", "prores", "dnxhd", "ffv1",
    "huffyuv", "ffvhuff", "utvideo", "rawvideo", "gif", "svq3", "cinepak", "dvvideo", "png",
)  # fmt: skip
"""Video codecs that may be decoded."""

PLAYLIST_SIGNS = (
    b"#extm3u", b"ffconcat version", b"[playlist]", b"[reference]", b"<asx", b"<smil", b"<mpd", b"<playlist",
    b"<smoothstreamingmedia",
    b"v=0\r", b"v=0\n", b"rtsptext", b"# media stream list", b"#exm3u",
)  # fmt: skip
_ASF_GUID = bytes.fromhex("3026b2758e66cf11")
_MOV_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"sidx", b"moof", b"uuid"})
_IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\x00", b"MM\x00*", b"8BPS", b"\x00\x00\x01\x00")
_AUDIO = (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1", b"\xff\xf9", b"MThd", b"#!AMR", b"FORM")
_RAW_STREAMS = (b"\x00\x00\x00\x01", b"\x00\x00\x01")


class UnusableMediaError(Exception):
    """The file cannot become a video row; `reason` is a stable code and `evidence` the numbers behind it."""

    def __init__(self, reason: str, message: str, evidence: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.evidence = dict(evidence or {})

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.reason, str(self), self.evidence))


class MediaChangedError(Exception):
    """The file is not the one that was listed any more (size differs); ingest it again."""


@dataclass(frozen=True)
class MediaLimits:
    """Bounds on what may be opened. Sizes in bytes and pixels, durations in seconds."""

    max_pixels: int = 64_000_000
    max_side_px: int = 16_384
    max_duration_s: float = 6 * 3600.0
    max_frames: int = 2_000_000
    max_file_bytes: int = 64 * 2**30
    containers: tuple[str, ...] = CONTAINERS
    codecs: tuple[str, ...] = CODECS


DEFAULT_LIMITS = MediaLimits()


@dataclass(frozen=True)
class Probe:
    """What the container says of a video, before any frame was decoded for us.

    `width` and `height` are of the coded picture; `rotation_deg` follows from the first frame and is found by the scan.
    Durations in seconds; None where the container does not say.
    """

    size_bytes: int
    demuxer: str
    container: str
    video_codec: str
    width: int
    height: int
    nominal_frame_rate: float | None
    container_duration_s: float | None
    frames_expected: int | None
    audio_codec: str | None
    video_streams: int
    evidence: Mapping[str, Any] = field(default_factory=dict)


def sniff(head: bytes) -> str:
    """Demuxer that a file with these first bytes belongs to.

    Raises:
        UnusableMediaError: with a reason that names what the bytes are instead.
    """
    if not head:
        raise UnusableMediaError("empty_file", "the file has no bytes; fetch it again")
    if demuxer := _video_signature(head):
        return demuxer
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"version https://git-lfs.github.com/spec/"):
        raise UnusableMediaError("lfs_pointer", "a Git LFS pointer, not the video: run `git lfs pull` where it comes from")
    if text.startswith(PLAYLIST_SIGNS) or (text.startswith(b"<?xml") and any(sign in text for sign in PLAYLIST_SIGNS)):
        raise UnusableMediaError("playlist", "a playlist that names other media: list those files themselves")
    if text.startswith((b"<!doctype html", b"<html")) or b"<html" in text[:512]:
        raise UnusableMediaError("html_page", "a web page, not a video: the download probably needed a login")
    if head.startswith(_IMAGES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        raise UnusableMediaError("image", "a still image, not a video")
    if head.startswith(_AUDIO) or (head.startswith(b"RIFF") and head[8:12] == b"WAVE"):
        raise UnusableMediaError("audio_only", "an audio file without a video stream")
    if head.startswith(_RAW_STREAMS):
        raise UnusableMediaError("unsupported_container", "a raw video stream without timestamps: wrap it into MP4 or Matroska")
    if _is_text(head):
        raise UnusableMediaError("text_file", "a text file, not a video")
    raise UnusableMediaError(
        "not_a_video", "the first bytes are of no video container we know", {"first_bytes": head[:16].hex()}
    )


def _video_signature(head: bytes) -> str | None:
    if head[4:8] in _MOV_BOXES and head[4:8] != b"uuid":
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"AVIX"):
        return "avi"
    if head.startswith((b"FLV\x01", b"FLV\x04")):
        return "flv"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"OggS"):
        return "ogg"
    if head.startswith(_ASF_GUID):
        return "asf"
    if head.startswith((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")):
        return "mpeg" if head[3] == 0xBA else None
    for size, offset in ((188, 0), (192, 4), (204, 0)):
        if len(head) > offset + 2 * size and all(head[offset + k * size] == 0x47 for k in range(3)):
            return "mpegts"
    return None


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    control = sum(byte < 9 or 13 < byte < 32 for byte in head)
    return control <= len(head) // 100


def check_file(path: Path, limits: MediaLimits = DEFAULT_LIMITS) -> tuple[int, str]:
    """Size in bytes and demuxer of a local regular file, judged by its first bytes only.

    Raises:
        UnusableMediaError: not a regular file, too large, or not a video container.
        OSError: the file cannot be read.
    """
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise UnusableMediaError("not_a_file", f"{path} is not a regular file")
    if status.st_size > limits.max_file_bytes:
        evidence = {"size_bytes": status.st_size, "max_file_bytes": limits.max_file_bytes}
        raise UnusableMediaError("file_too_large", "the file is larger than the configured limit", evidence)
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    demuxer = sniff(head)
    if demuxer not in limits.containers:
        raise UnusableMediaError(
            "unsupported_container", f"container {demuxer} is not on the configured list", {"container": demuxer}
        )
    if demuxer == "gif" and len(head) >= 10:
        _check_size(*struct.unpack("<HH", head[6:10]), limits)
    return status.st_size, demuxer


@contextmanager
def open_video(
    path: Path, limits: MediaLimits = DEFAULT_LIMITS, demuxer: str | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a local video with the demuxer its bytes call for; yields the container and its first video stream.

    Nothing but the file itself can be reached, and no picture above the pixel limit is allocated.

    Raises:
        UnusableMediaError: with the reason code.
    """
    import av

    av.logging.set_level(None)
    demuxer = demuxer or check_file(path, limits)[1]
    # Unknown sizes are checked again by FFmpeg itself for every picture it allocates.
    bound = {"max_pixels": str(limits.max_pixels)}
    try:
        container = av.open(
            "file:" + str(path.absolute()), format=demuxer,
            options={"protocol_whitelist": "file", **bound}, metadata_errors="replace",
        )  # fmt: skip
    except av.FFmpegError as error:
        if not path.exists():
            raise FileNotFoundError(f"{path} is gone; list the source again") from error
        reason = "truncated_no_frames" if demuxer == "mov" else "corrupt_container"
        raise UnusableMediaError(reason, f"the {demuxer} container cannot be opened: {error.strerror}") from error
    with container:
        streams = [s for s in container.streams.video if not _is_picture(s)]
        if not streams:
            if container.streams.audio:
                codec = container.streams.audio[0].codec_context
                raise UnusableMediaError(
                    "audio_only", "no video stream, only audio", {"audio_codec": codec.name if codec else None}
                )
            raise UnusableMediaError(
                "no_video_stream", "the container holds no video stream", {"streams": len(container.streams)}
            )
        stream = streams[0]
        context = stream.codec_context
        if context is None:
            raise UnusableMediaError("unsupported_codec", "FFmpeg has no decoder for the video stream")
        codec_name = context.codec.canonical_name
        if codec_name not in limits.codecs:
            raise UnusableMediaError(
                "unsupported_codec", f"codec {codec_name} is not on the configured list", {"codec": codec_name}
            )
        _check_size(context.width, context.height, limits)
        context.options = {**context.options, **bound}
        yield container, stream


def probe(path: Path, limits: MediaLimits = DEFAULT_LIMITS) -> Probe:
    """Read a video's container header.

    Raises:
        UnusableMediaError: the file is no video we may decode, or its stated size or duration is over a limit.
        OSError: the file cannot be read.
    """
    size, demuxer = check_file(path, limits)
    with open_video(path, limits, demuxer) as (container, stream):
        context = stream.codec_context
        duration = container.duration / 1_000_000 if container.duration and container.duration > 0 else None
        if duration is None and stream.duration and stream.time_base:
            duration = float(stream.duration * stream.time_base)
        if duration is not None and duration > limits.max_duration_s:
            evidence = {"container_duration_s": duration, "max_duration_s": limits.max_duration_s}
            raise UnusableMediaError("too_long", "the video is longer than the configured limit", evidence)
        audio = next((s.codec_context for s in container.streams.audio if s.codec_context is not None), None)
        return Probe(
            size_bytes=size,
            demuxer=demuxer,
            container=container.format.name,
            video_codec=context.codec.canonical_name,
            width=context.width,
            height=context.height,
            nominal_frame_rate=float(stream.average_rate) if stream.average_rate else None,
            container_duration_s=duration,
            frames_expected=stream.frames or None,
            audio_codec=audio.codec.canonical_name if audio is not None else None,
            video_streams=len(container.streams.video),
        )


def _is_picture(stream: VideoStream) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def _check_size(width: int, height: int, limits: MediaLimits) -> None:
    if width * height > limits.max_pixels or max(width, height) > limits.max_side_px:
        evidence = {"width": width, "height": height, "max_pixels": limits.max_pixels, "max_side_px": limits.max_side_px}
        raise UnusableMediaError("too_many_pixels", f"{width}x{height} is over the configured picture size", evidence)
