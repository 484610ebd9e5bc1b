"""TFRecord framing: length, masked CRC-32C of the length, data, masked CRC-32C of the data; little-endian.

Format: tensorflow/core/lib/io/record_writer.h. CRC-32C is the Castagnoli polynomial (RFC 3720, appendix B.4).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

POLYNOMIAL = 0x82F63B78
"""Castagnoli's, bits reversed."""
MASK_DELTA = 0xA282EAD8
HEADER_BYTES, FOOTER_BYTES = 12, 4
MAX_RECORD_BYTES = 2 * 2**30

_LANES = 4096
"""Stripes whose checksums are computed side by side; a power of two."""

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Record:
    """A record and the byte it begins at in the file, or what is wrong with it."""

    offset: int
    data: bytes | None
    problem: str = ""


def iter_records(path: Path, max_bytes: int = MAX_RECORD_BYTES) -> Iterator[Record]:
    """The records of a file, one at a time. Behind a damaged length nothing can be found: such a record is the last.

    Raises:
        OSError: The file cannot be read.
    """
    size, offset = path.stat().st_size, 0
    with path.open("rb") as file:
        while offset < size:
            file.seek(offset)
            header = file.read(HEADER_BYTES)
            if len(header) < HEADER_BYTES:
                yield Record(offset, None, f"the file ends inside the record at byte {offset}; fetch it again")
                return
            (length,), (stored,) = struct.unpack("<Q", header[:8]), struct.unpack("<I", header[8:])
            if masked_crc(header[:8]) != stored:
                yield Record(offset, None, f"the length at byte {offset} fails its checksum; fetch the file again")
                return
            end = offset + HEADER_BYTES + length + FOOTER_BYTES
            if end > size:
                yield Record(offset, None, f"the file ends inside the record at byte {offset}; fetch it again")
                return
            if length > max_bytes:
                yield Record(offset, None, f"the record at byte {offset} has {length} bytes, over the limit {max_bytes}")
            else:
                data = file.read(length)
                (stored,) = struct.unpack("<I", file.read(FOOTER_BYTES))
                sound = masked_crc(data) == stored
                problem = "" if sound else f"the record at byte {offset} fails its checksum; fetch the file again"
                yield Record(offset, data if sound else None, problem)
            offset = end


def read_record(path: Path, offset: int, max_bytes: int = MAX_RECORD_BYTES) -> Record:
    """The record that begins at a byte of a file.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(offset)
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES or masked_crc(header[:8]) != struct.unpack("<I", header[8:])[0]:
            return Record(offset, None, f"no record begins at byte {offset}; import the data set again")
        (length,) = struct.unpack("<Q", header[:8])
        if length > min(max_bytes, path.stat().st_size):
            return Record(offset, None, f"the record at byte {offset} has {length} bytes, more than there are or may be")
        data, footer = file.read(length), file.read(FOOTER_BYTES)
    if len(footer) < FOOTER_BYTES or masked_crc(data) != struct.unpack("<I", footer)[0]:
        return Record(offset, None, f"the record at byte {offset} fails its checksum; fetch the file again")
    return Record(offset, data)


def masked_crc(data: bytes) -> int:
    """CRC-32C rotated right by 15 bits plus a constant, as TFRecord stores it."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + MASK_DELTA) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """CRC-32C of some bytes.

    The register is linear in the bytes: stripes are summed side by side, each from a register of zero, and joined in pairs by
    shifting the left one over the right one's bytes. Leading zeros change nothing, so the front is filled up with them; the
    register's initial ones are the same as inverting the first four bytes.
    """
    if len(data) < _LANES:
        table = _table().tolist()
        register = 0xFFFFFFFF
        for byte in data:
            register = table[(register ^ byte) & 0xFF] ^ (register >> 8)
        return register ^ 0xFFFFFFFF
    stripe = -(-len(data) // _LANES)
    padding = stripe * _LANES - len(data)
    filled = np.zeros(stripe * _LANES, np.uint8)
    filled[padding:] = np.frombuffer(data, np.uint8)
    filled[padding : padding + 4] ^= 0xFF
    columns = np.ascontiguousarray(filled.reshape(_LANES, stripe).T)
    registers, table = np.zeros(_LANES, np.uint32), _table()
    for column in columns:
        registers = table[(registers & 0xFF).astype(np.uint8) ^ column] ^ (registers >> np.uint32(8))
    shift = _zeros(stripe)
    while len(registers) > 1:
        registers = _apply(shift, registers[0::2]) ^ registers[1::2]
        shift = _apply(shift, shift)
    return int(registers[0]) ^ 0xFFFFFFFF


@lru_cache(maxsize=1)
def _table() -> Words:
    """Register after one byte from a register of zero, (256,)."""
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ np.uint32(POLYNOMIAL), values >> 1)
    return values.astype(np.uint32)


def _apply(operator: Words, registers: Words) -> Words:
    """A linear map of registers, given by the images (32,) of their bits, applied to registers (n,)."""
    result = np.zeros_like(registers)
    for bit in range(32):
        result ^= np.where((registers >> np.uint32(bit)) & 1, operator[bit], np.uint32(0)).astype(np.uint32)
    return result


@lru_cache(maxsize=64)
def _zeros(count: int) -> Words:
    """The map of registers over `count` zero bytes, by repeated squaring."""
    bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    power = _table()[bits & 0xFF] ^ (bits >> np.uint32(8))
    total = bits
    while count:
        if count & 1:
            total = _apply(power, total)
        power, count = _apply(power, power), count >> 1
    return total
