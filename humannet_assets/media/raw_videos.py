"""`raw_videos`: every distinct video probed and decoded once, or quarantined with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from humannet_assets.media.probe import (
    CODECS,
    CONTAINERS,
    MediaChangedError,
    MediaLimits,
    Probe,
    UnusableMediaError,
    probe,
)
from humannet_assets.media.scan import Scan, scan
from humannet_assets.store.step import Outcome, Read, Step, StepConfig, Unit
from humannet_assets.store.tables.sources import RAW_VIDEOS, VIDEO_FILES

DECORD_CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "mpeg4"})
"""Codecs decord 0.6.0 (FFmpeg 4) decodes to the same frames as PyAV on our files."""

# ITU-T H.273 code points, by the names FFmpeg prints.
_PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
_TRANSFERS = {
    1: "bt709", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip


class RawVideoConfig(StepConfig):
    """Limits on untrusted media (DESIGN rule 10). All defaults are our choice unless a source is named."""

    max_pixels: int = Field(default=64_000_000, ge=1, le=268_000_000, description="Pixels of a picture; 8K has 33 million.")
    max_side_px: int = Field(
        default=16_384, ge=16, le=65_535, description="Longer side of a picture; 16,384 is the limit of H.264 level 6.2."
    )
    max_duration_s: float = Field(
        default=6 * 3600.0, gt=0, description="Seconds of video; longer recordings are to be split first."
    )
    max_frames: int = Field(default=2_000_000, ge=1, description="Frames of a video; 6 h at 60 Hz have 1.3 million.")
    max_file_bytes: int = Field(default=64 * 2**30, ge=1, description="Bytes of a file.")
    containers: tuple[str, ...] = Field(
        default=CONTAINERS, description="FFmpeg demuxers that open nothing but the file itself."
    )
    codecs: tuple[str, ...] = Field(default=CODECS, description="FFmpeg decoders that may run.")
    min_frames: int = Field(default=2, ge=1, description="Decodable frames a video needs; one frame is a picture.")
    max_corrupt_share: float = Field(
        default=0.5, ge=0, le=1, description="Largest share of stated or seen frames that may be lost."
    )
    signature_rate_hz: float = Field(default=4.0, gt=0, le=10, description="Perceptual hash samples per second.")
    thumbnail_px: int = Field(default=320, ge=32, le=1024, description="Longer side of the thumbnail.")
    decoder_threads: int = Field(
        default=1, ge=1, le=16, description="Threads per decoder; one is deterministic on damaged files."
    )

    @property
    def limits(self) -> MediaLimits:
        """The limits as probing and decoding take them."""
        return MediaLimits(
            self.max_pixels,
            self.max_side_px,
            self.max_duration_s,
            self.max_frames,
            self.max_file_bytes,
            self.containers,
            self.codecs,
        )


class RawVideoStep(Step[RawVideoConfig]):
    """Probe and decode each distinct video once.

    Odd but usable videos are kept with their counts. Rejected (quarantined) with a reason code: what `probe.sniff` and
    `probe.open_video` refuse (`empty_file`, `text_file`, `lfs_pointer`, `playlist`, `html_page`, `image`, `audio_only`,
    `no_video_stream`, `unsupported_container`, `unsupported_codec`, `too_many_pixels`, `too_long`, `file_too_large`,
    `corrupt_container`, `not_a_video`, ...), `truncated_no_frames`, `too_few_frames` and `corrupt`.
    """

    name = "raw_videos"
    code_version = "2"
    reads = (Read(VIDEO_FILES, columns=("video_id",), unit="video_id", by="identity"),)
    writes = RAW_VIDEOS
    isolated = True
    needs_media = True
    chunk_size = 4

    def process(self, units: Sequence[Unit]) -> Iterator[Outcome]:
        """One outcome per video."""
        for unit in units:
            try:
                yield self._judge(unit)
            except Exception as error:
                yield Outcome.failed(unit, error)

    def _judge(self, unit: Unit) -> Outcome:
        if unit.media is None:
            raise LookupError(f"video {unit.id} was handed out without its file")
        path, limits, config = Path(unit.media.path), self.config.limits, self.config
        row: dict[str, Any] | None = None
        before = path.stat()
        try:
            header = probe(path, limits)
            row = _header_row(header)
            seen = scan(
                path,
                limits,
                signature_rate_hz=config.signature_rate_hz,
                thumbnail_px=config.thumbnail_px,
                threads=config.decoder_threads,
            )
        except UnusableMediaError as error:
            return Outcome.rejected(unit, (error.reason,), {"detail": str(error), **error.evidence}, row)
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise MediaChangedError(f"{path} changed while it was read; it is read again once its new bytes are listed")
        row |= _scan_row(header, seen)
        lost = lost_share(header, seen)
        evidence = {
            "frames_decoded": seen.health.frames_decoded,
            "frames_expected": header.frames_expected,
            "lost_share": round(lost, 4),
            "max_corrupt_share": config.max_corrupt_share,
            "min_frames": config.min_frames,
            "last_error": seen.health.last_error,
        }
        if not seen.health.frames_decoded:
            return Outcome.rejected(unit, ("truncated_no_frames",), evidence, row)
        if seen.health.frames_decoded < config.min_frames:
            return Outcome.rejected(unit, ("too_few_frames",), evidence, row)
        if lost > config.max_corrupt_share:
            return Outcome.rejected(unit, ("corrupt",), evidence, row)
        extra = {"timestamps_repaired": seen.health.timestamps_repaired, "size_changes": seen.size_changes}
        return Outcome.kept(unit, (row,), {**evidence, **extra})


def lost_share(header: Probe, seen: Scan) -> float:
    """Share of a video's frames that are missing or did not decode.

    Stated frames count as missing when their packets are not in the file. Frames an edit list cuts off are no loss.
    """
    health = seen.health
    lost = max(0, (header.frames_expected or 0) - health.packets) + health.frames_corrupt + health.decode_errors
    return lost / (lost + health.frames_decoded) if lost + health.frames_decoded else 1.0


def choose_reader(header: Probe, seen: Scan) -> Literal["decord", "pyav"]:
    """Name the reader: decord only where it is exact (healthy, upright, 8-bit, constant rate, one stream from 0)."""
    healthy = (
        header.video_codec in DECORD_CODECS
        and header.demuxer in ("mov", "matroska")
        and header.video_streams == 1
        and header.frames_expected in (None, seen.health.frames_decoded)
        and not (seen.health.frames_corrupt or seen.health.decode_errors or seen.health.timestamps_repaired)
        and not (seen.is_vfr or seen.rotation_deg or seen.size_changes)
        and seen.bit_depth == 8
        and abs(seen.health.start_time_s) < seen.step_s / 2
    )
    return "decord" if healthy else "pyav"


def _header_row(header: Probe) -> dict[str, Any]:
    return {
        "size_bytes": header.size_bytes,
        "container": header.container,
        "video_codec": header.video_codec,
        "width": header.width,
        "height": header.height,
        "nominal_frame_rate": header.nominal_frame_rate,
        "container_duration_s": header.container_duration_s,
        "frames_expected": header.frames_expected,
        "has_audio": header.audio_codec is not None,
        "audio_codec": header.audio_codec,
    }


def _scan_row(header: Probe, seen: Scan) -> dict[str, Any]:
    health = seen.health
    counts = {
        "frames_decoded": health.frames_decoded,
        "frames_corrupt": health.frames_corrupt,
        "decode_errors": health.decode_errors,
        "keyframes": health.keyframes,
    }
    if not health.frames_decoded:
        return counts
    return counts | {
        "pixel_format": seen.pixel_format,
        "bit_depth": seen.bit_depth,
        "color_primaries": _PRIMARIES.get(seen.color_primaries),
        "color_transfer": _TRANSFERS.get(seen.color_transfer),
        "is_hdr": seen.is_hdr,
        "width": seen.width,
        "height": seen.height,
        "rotation_deg": seen.rotation_deg,
        "frame_rate": seen.frame_rate,
        "is_vfr": seen.is_vfr,
        "start_time_s": health.start_time_s,
        "duration_s": seen.duration_s,
        "reader": choose_reader(header, seen),
        "frame_times_s": seen.times_s.tolist(),
        "cut_content": seen.cut_content.tolist(),
        "cut_luma": seen.cut_luma.tolist(),
        "cut_structure": seen.cut_structure.tolist(),
        "signature_times_s": seen.signature_times_s.tolist(),
        "signature": seen.signature.tolist(),
        "thumbnail": seen.thumbnail,
    }
