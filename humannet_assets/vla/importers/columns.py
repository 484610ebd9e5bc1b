"""Arrow columns as numeric fields, and batches of rows as episodes. Types are checked before a value is touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from humannet_assets.vla.episodes import EpisodeError, FieldValues, Floats, UnreadableDatasetError
from humannet_assets.vla.importers.reading import ReadLimits

BATCH_ROWS = 4096
"""Rows unpacked at a time: at 50 Hz over a minute."""


def is_numeric(kind: pa.DataType) -> bool:
    """Numbers, booleans, and (nested) lists of them."""
    while pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        kind = kind.value_type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def storage_type(kind: pa.DataType) -> pa.DataType:
    """The plain type below an extension type (Hugging Face's Array2D and the like)."""
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def vectors(column: pa.ChunkedArray, place: str, name: str, max_columns: int) -> Floats:
    """A column as (rows, D) float64; null numbers become NaN.

    Args:
        column: Numbers, or lists of them, each row of the same length; nested lists are flattened.
        place: File and episode, for messages.
        name: The column's name.
        max_columns: Largest D.

    Raises:
        EpisodeError: `wrong_dtype`, `null_rows`, or `ragged` rows.
    """
    if not is_numeric(storage_type(column.type)):
        raise EpisodeError(
            "wrong_dtype", f"{place}: column {name!r} holds {column.type}, expected numbers; write it as a list of float32"
        )
    rows = len(column)
    pieces = [piece.storage if isinstance(piece, pa.ExtensionArray) else piece for piece in column.chunks]
    flat = pa.concat_arrays(pieces) if pieces else pa.array([], pa.float64())
    while not pa.types.is_primitive(flat.type):
        if flat.null_count:
            raise EpisodeError("null_rows", f"{place}: column {name!r} has {flat.null_count} empty rows; fill or drop them")
        flat = flat.flatten()
    width = len(flat) // rows if rows else 0
    if rows and (len(flat) != rows * width or not _equal_lengths(pieces, width)):
        raise EpisodeError("ragged", f"{place}: rows of column {name!r} differ in length; every frame needs the same number")
    if width > max_columns:
        raise EpisodeError("too_wide", f"{place}: column {name!r} has {width} numbers per frame, over the limit {max_columns}")
    if pa.types.is_boolean(flat.type):
        flat = flat.cast(pa.int8())
    values = flat.to_numpy(zero_copy_only=False).astype(np.float64)
    return values.reshape(rows, max(width, 1) if rows else 1)


def _equal_lengths(pieces: Iterable[pa.Array], width: int) -> bool:
    for piece in pieces:
        lengths = np.ones(len(piece), np.int64)
        inner = piece
        while not pa.types.is_primitive(inner.type):
            kind = inner.type
            if pa.types.is_fixed_size_list(kind):
                counts = np.full(len(inner), kind.list_size, np.int64)
            else:
                counts = np.diff(inner.offsets.to_numpy())
            inner = inner.flatten()
            # Lengths of the outer rows in terms of the next level's elements.
            ends = np.cumsum(np.concatenate([[0], counts]))
            bounds = np.concatenate([[0], np.cumsum(lengths)])
            lengths = ends[bounds[1:]] - ends[bounds[:-1]]
        if (lengths != width).any():
            return False
    return True


def numeric_fields(table: pa.Table, place: str, limits: ReadLimits, leave_out: Iterable[str]) -> dict[str, FieldValues]:
    """All numeric columns of an episode's rows but those left out (indices): for data sets that declare none."""
    skipped = set(leave_out)
    found = {}
    for column in table.column_names:
        if column not in skipped and is_numeric(storage_type(table.schema.field(column).type)):
            values = vectors(table[column], place, column, limits.max_columns)
            found[column] = FieldValues(values, dimension_names(column, values.shape[1]))
    return found


def dimension_names(field: str, width: int, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of a field's dimensions: those given if there is one for each, else `field[0]`, ..."""
    if len(given) == width:
        return tuple(str(name)[:200] for name in given)
    return (field,) if width == 1 else tuple(f"{field}[{index}]" for index in range(width))


def open_parquet(path: Path, limits: ReadLimits) -> pq.ParquetFile:
    """Open a parquet file, looking at its footer only.

    Raises:
        UnreadableDatasetError: It is missing, is no parquet file, or a row group is too large unpacked.
    """
    try:
        file = pq.ParquetFile(path, memory_map=False, page_checksum_verification=False)
    except FileNotFoundError:
        raise UnreadableDatasetError(f"{path} is missing; the data set is incomplete") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableDatasetError(f"{path} is no parquet file: {str(error)[:200]}; fetch it again") from None
    largest = max((file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)), default=0)
    if largest > limits.max_row_group_bytes:
        raise UnreadableDatasetError(
            f"{path} has a row group of {largest} bytes, over the limit {limits.max_row_group_bytes}; write smaller ones"
        )
    return file


def parquet_batches(file: pq.ParquetFile, columns: Sequence[str], path: Path) -> Iterator[pa.RecordBatch]:
    """Rows of some columns, a batch at a time.

    Raises:
        UnreadableDatasetError: The data behind the footer are damaged.
    """
    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
            # Strings of an untrusted file may be no UTF-8.
            batch.validate(full=True)
            yield batch
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UnreadableDatasetError(f"{path} is damaged: {str(error)[:200]}; fetch it again") from None


def split_episodes(
    batches: Iterable[pa.RecordBatch], key: str, max_frames: int, path: Path
) -> Iterator[tuple[int, int, pa.Table | None]]:
    """Cut rows into runs of equal `key`: (episode, row its run begins at, rows), None for a run over `max_frames`.

    At most one episode and one batch are held.

    Raises:
        UnreadableDatasetError: There is no such column of integers.
    """
    held: list[pa.RecordBatch] = []
    current: int | None = None
    count = start = row = 0
    for batch in batches:
        if key not in batch.schema.names or not pa.types.is_integer(batch.schema.field(key).type):
            raise UnreadableDatasetError(f"{path} has no integer column {key!r}, which says what frame belongs to what episode")
        keys = batch.column(key).to_numpy(zero_copy_only=False)
        cuts = np.flatnonzero(np.diff(keys)) + 1
        for first, last in zip([0, *cuts], [*cuts, len(keys)], strict=True):
            if first == last:
                continue
            if current is not None and keys[first] != current:
                yield current, start, _joined(held, count, max_frames)
                held, count, start = [], 0, row + int(first)
            if current is None:
                start = row + int(first)
            current = int(keys[first])
            count += int(last - first)
            if count <= max_frames:
                held.append(batch.slice(int(first), int(last - first)))
        row += len(keys)
    if current is not None:
        yield current, start, _joined(held, count, max_frames)


def _joined(batches: list[pa.RecordBatch], count: int, max_frames: int) -> pa.Table | None:
    return pa.Table.from_batches(batches) if count <= max_frames else None


def scalar_column(table: pa.Table, name: str) -> list[Any] | None:
    """Values of a column as Python objects; None when there is no such column."""
    return table[name].to_pylist() if name in table.column_names else None
