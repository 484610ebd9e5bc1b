"""Tables of the `sources` group: what may be ingested, which files were found, and what the videos are."""

import pyarrow as pa

from humannet_assets.store.schema import Column, Table

_str, _i32, _i64, _f32, _f64, _bool = pa.string(), pa.int32(), pa.int64(), pa.float32(), pa.float64(), pa.bool_()

SOURCE_CATALOG = Table(
    name="source_catalog",
    group="sources",
    unit="source_id",
    key="source_id",
    doc="One row per entry of the catalog file; rejected entries (unlicensed, off topic) are never listed.",
    columns=(
        Column("source_id", _str, "The entry's id in the catalog file."),
        Column("uri", _str, "Folder, file, manifest or s3:// prefix the entry names, resolved."),
        Column(
            "source_type", _str, "controlled, semi_structured, community, web_scale or domain_specific (HumanNet taxonomy)."
        ),
        Column("licence", _str, "Licence under which the footage may be used."),
        Column("consent_basis", _str, "Why the people shown may be processed: consent, public_footage, synthetic, ..."),
        Column("life", _str, "Life rule: a fixed name, a JSON object {by, pattern} for other rules, null for nobody's life."),
        Column("viewpoint_hint", _str, "ego, exo or null: what the source says of itself; recorded, never a verdict."),
        Column("keywords", pa.list_(_str), "Topic words of the source."),
        Column("labels", _str, "Path of a ground-truth labels file, or null."),
        Column(
            "robot_source_id",
            _str,
            "The same as source_id for data sets of robots (`kind: robot`), which are read as a whole; null for videos.",
        ),
        Column("fingerprint", _str, "Hash of names, sizes and times of a robot source's files; null for videos."),
        Column("line", _i32, "Line of the entry in the catalog file."),
    ),
)

SOURCE_FILES = Table(
    name="source_files",
    group="sources",
    unit="file_id",
    key="file_id",
    doc=(
        "One row per file listed under a kept source. Rejected: sidecars, links out of the root, unreadable names, manifest "
        "lines without the rights. Failed: manifest lines that name nothing readable. Removed: gone, or its source is."
    ),
    columns=(
        Column("file_id", _str, "Hash of the file's uri."),
        Column("source_id", _str, "The catalog entry that listed it (the first, when several do)."),
        Column("uri", _str, "Absolute path or s3:// address."),
        Column("size_bytes", _i64, "Size when listed."),
        Column("fingerprint", _str, "size:mtime_ns or size:etag; a changed fingerprint means the bytes are read again."),
        Column("first_seen_at", pa.timestamp("us"), "When the file was first listed, UTC."),
        Column("metadata", _str, "JSON object: the other columns of the manifest line that named the file; null without."),
        Column(
            "sidecar_uri",
            _str,
            "Camera data beside it: .tum, .mps.csv, .colmap/images.txt or .json of the same name; null without.",
        ),
        Column("sidecar_fingerprint", _str, "Its fingerprint when listed: a changed sidecar is read again."),
    ),
    identity=("uri", "source_id"),
)

VIDEO_FILES = Table(
    name="video_files",
    group="sources",
    unit="file_id",
    key="file_id",
    doc="Identity: which bytes (video_id) lie in which file. Many files may hold one video.",
    columns=(
        Column("file_id", _str, "The file."),
        Column("source_id", _str, "The catalog entry that listed it."),
        Column("uri", _str, "Absolute path or s3:// address."),
        Column("fingerprint", _str, "Fingerprint at the time the bytes were hashed."),
        Column("size_bytes", _i64, "Number of bytes hashed."),
    ),
)

VIDEO_SOURCES = Table(
    name="video_sources",
    group="sources",
    unit="video_id",
    key="video_id",
    doc=(
        "What the catalog (or a manifest line) says about each video, inherited from the first of its files: the earliest "
        "window, then source and file id in order."
    ),
    columns=(
        Column("source_id", _str, "The catalog entry the video is attributed to."),
        Column("uri", _str, "The file the attribution comes from."),
        Column("file_count", _i32, "How many listed files hold these bytes."),
        Column("first_seen_at", pa.timestamp("us"), "When the first of those files was first listed, UTC."),
        Column("source_type", _str, "See source_catalog."),
        Column("licence", _str, "See source_catalog."),
        Column("consent_basis", _str, "See source_catalog."),
        Column("life", _str, "Name of the life the video belongs to; null for nobody's."),
        Column("viewpoint_hint", _str, "See source_catalog."),
        Column("keywords", pa.list_(_str), "See source_catalog; with the manifest's own."),
        Column("metadata", _str, "JSON object: the other columns of the manifest line; null without a manifest."),
        Column("sidecar_uri", _str, "See source_files; of the first of the video's files that has one."),
        Column("sidecar_fingerprint", _str, "See source_files."),
    ),
)

KNOWN_CAMERAS = Table(
    name="known_cameras",
    group="sources",
    unit="video_id",
    key="camera_id",
    doc=(
        "What came with the footage about its camera: intrinsics and poses, one row per stretch of a video that shares one "
        "frame of reference. Videos without such data are kept with no rows. Nothing here is estimated."
    ),
    columns=(
        Column("camera_id", _str, "Hash of (video, start of the stretch)."),
        Column(
            "format",
            _str,
            "simulator (a sidecar, docs/simulator.md), tum, aria_mps, colmap, or manifest (intrinsics only).",
        ),
        Column(
            "world", _str, "Name of the frame of reference, comparable wherever it is the same; null for one of the row's own."
        ),
        Column("image_width", _i32, "Width of the displayed picture the intrinsics refer to, pixels."),
        Column("image_height", _i32, "Height of that picture, pixels."),
        Column("fx", _f64, "Focal length along x, pixels; null where only poses are known."),
        Column("fy", _f64, "Focal length along y, pixels."),
        Column("cx", _f64, "Principal point, pixels from the left edge (the first pixel's middle is 0.5)."),
        Column("cy", _f64, "Principal point, pixels from the top edge."),
        Column("start_s", _f64, "First pose, seconds from the video's first frame; null without poses."),
        Column("end_s", _f64, "Last pose; null without poses."),
        Column("frame_count", _i32, "Number of poses."),
        Column("times_s", pa.list_(_f64), "Times of the poses, seconds from the video's first frame.", in_sql=False),
        Column(
            "rotvec",
            pa.list_(pa.list_(_f32, 3)),
            "Rotation world <- camera as rotation vectors, radians; the camera is x right, y down, z forward.",
            in_sql=False,
        ),
        Column(
            "position_m",
            pa.list_(pa.list_(_f32, 3)),
            "Camera centre in the world, metres (COLMAP: the model's unit).",
            in_sql=False,
        ),
    ),
)

RAW_VIDEOS = Table(
    name="raw_videos",
    group="sources",
    unit="video_id",
    key="video_id",
    doc=(
        "One row per distinct video: what its container says and what decoding all of it once showed. That pass also "
        "measures cut scores and a perceptual signature. Rejected: quarantined with reasons; failed: limits or crashes."
    ),
    columns=(
        Column("size_bytes", _i64, "Size of the file."),
        Column("container", _str, "FFmpeg demuxer name, e.g. 'mov,mp4,m4a,3gp,3g2,mj2'."),
        Column("video_codec", _str, "Codec of the first video stream."),
        Column("pixel_format", _str, "FFmpeg pixel format, e.g. yuv420p10le."),
        Column("bit_depth", _i32, "Bits per luma sample."),
        Column("color_primaries", _str, "FFmpeg name, e.g. bt2020; null if unknown."),
        Column("color_transfer", _str, "FFmpeg name, e.g. smpte2084; null if unknown."),
        Column("is_hdr", _bool, "True for PQ or HLG transfer."),
        Column("width", _i32, "Width in pixels as displayed (after rotation)."),
        Column("height", _i32, "Height in pixels as displayed (after rotation)."),
        Column("rotation_deg", _i32, "Clockwise rotation to display the coded picture upright: 0, 90, 180 or 270."),
        Column("frame_rate", _f64, "Frames per second measured from the decoded timestamps (median step)."),
        Column("nominal_frame_rate", _f64, "Frames per second as the container states it; null if it does not."),
        Column("is_vfr", _bool, "True when frame steps vary by more than half a frame."),
        Column("start_time_s", _f64, "Presentation time of the first decoded frame in the container's clock, seconds."),
        Column("duration_s", _f64, "Last minus first frame time plus one frame step, seconds."),
        Column("container_duration_s", _f64, "Duration the container states, seconds; null if it does not."),
        Column("frames_expected", _i64, "Frames the container states; null if it does not."),
        Column("frames_decoded", _i64, "Frames that decoded without an error flag."),
        Column("frames_corrupt", _i64, "Frames the decoder flagged as corrupt."),
        Column("decode_errors", _i64, "Errors raised while decoding (packets skipped)."),
        Column("keyframes", _i64, "Number of keyframes seen."),
        Column("has_audio", _bool, "True if an audio stream is present."),
        Column("audio_codec", _str, "Codec of the first audio stream."),
        Column(
            "reader",
            _str,
            "decord or pyav: whom `media.decode.iter_frames` may use; decord for healthy constant rate. The graph uses PyAV.",
        ),
        Column("frame_times_s", pa.list_(_f64), "Frame times relative to the first decoded frame, seconds.", in_sql=False),
        Column(
            "cut_content", pa.list_(_f32), "PySceneDetect content score of each frame against the one before.", in_sql=False
        ),
        Column("cut_luma", pa.list_(_f32), "Mean luma (0-255) of each frame: fades.", in_sql=False),
        Column(
            "cut_structure",
            pa.list_(_f32),
            "Share of edges kept since the frame before: 1 the same, 0 unrelated, whatever the light.",
            in_sql=False,
        ),
        Column("signature_times_s", pa.list_(_f32), "Times of the perceptual signature's samples.", in_sql=False),
        Column("signature", pa.list_(_i64), "64-bit perceptual hash of each sample.", in_sql=False),
        Column("thumbnail", pa.binary(), "Small JPEG of a middle frame.", in_sql=False),
    ),
)
