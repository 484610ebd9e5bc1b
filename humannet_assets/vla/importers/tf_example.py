"""`tf.train.Example` and `tf.train.SequenceExample` from their bytes, without TensorFlow.

Only what these two messages need of the protobuf wire format (protobuf.dev/programming-guides/encoding): varints, 32 and 64 bit
values, length-delimited fields; lists of numbers packed or not. Every length is checked against what is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

MAX_FEATURES = 100_000
"""Entries of a message's maps; TFDS writes one per leaf of the data set's features."""

Kind = Literal["bytes", "floats", "ints", "none"]
_KINDS: dict[int, Kind] = {1: "bytes", 2: "floats", 3: "ints"}


class WireError(ValueError):
    """The bytes are no such message."""


@dataclass(frozen=True)
class Feature:
    """A list of byte strings, of floats or of integers, still encoded."""

    kind: Kind
    encoded: memoryview

    def byte_strings(self) -> list[memoryview]:
        """The byte strings; empty for a feature of numbers."""
        if self.kind != "bytes":
            return []
        return [value for number, kind, value in _fields(self.encoded) if number == 1 and kind == 2]

    def numbers(self) -> npt.NDArray[Any]:
        """The numbers (n,), float64 or int64; empty for a feature of byte strings."""
        parts = []
        if self.kind == "floats":
            for number, kind, value in _fields(self.encoded):
                if number == 1 and kind in (2, 5):
                    if len(value) % 4:
                        raise WireError(f"a list of floats of {len(value)} bytes")
                    parts.append(np.frombuffer(value, "<f4"))
            return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
        if self.kind == "ints":
            for number, kind, value in _fields(self.encoded):
                if number == 1 and kind in (0, 2):
                    parts.append(_varints(value))
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)


@dataclass(frozen=True)
class Example:
    """A parsed message: features by name, and for a SequenceExample lists of features (one per step) by name."""

    features: dict[str, Feature] = field(default_factory=dict)
    lists: dict[str, list[Feature]] = field(default_factory=dict)

    def names(self) -> list[str]:
        """Names of all features."""
        return [*self.features, *(key for key in self.lists if key not in self.features)]

    def kind(self, key: str) -> Kind:
        """What a feature holds; "none" where it is empty or missing."""
        parts = self._parts(key)
        return parts[0].kind if parts else "none"

    def byte_strings(self, key: str) -> list[memoryview]:
        """Byte strings of a feature, over all steps; empty when there is none."""
        return [value for part in self._parts(key) for value in part.byte_strings()]

    def numbers(self, key: str) -> npt.NDArray[Any]:
        """Numbers of a feature, over all steps; empty when there is none."""
        parts = [part.numbers() for part in self._parts(key)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _parts(self, key: str) -> list[Feature]:
        return self.lists[key] if key in self.lists else [self.features[key]] if key in self.features else []


def parse(data: bytes) -> Example:
    """Read an Example or a SequenceExample; values stay encoded until they are asked for.

    Raises:
        WireError: The bytes are no such message.
    """
    features: dict[str, Feature] = {}
    lists: dict[str, list[Feature]] = {}
    for number, kind, value in _fields(memoryview(data)):
        if kind != 2:
            continue
        if number == 1:
            for name, entry in _map_entries(value):
                features[name] = _feature(entry)
        elif number == 2:
            for name, entry in _map_entries(value):
                lists[name] = [_feature(item) for n, k, item in _fields(entry) if n == 1 and k == 2]
        if len(features) + len(lists) > MAX_FEATURES:
            raise WireError(f"more than {MAX_FEATURES} features")
    return Example(features, lists)


def _map_entries(encoded: memoryview) -> Iterator[tuple[str, memoryview]]:
    for number, kind, entry in _fields(encoded):
        if number != 1 or kind != 2:
            continue
        key, value = b"", memoryview(b"")
        for inner, inner_kind, part in _fields(entry):
            if inner_kind == 2 and inner == 1:
                key = bytes(part[:1000])
            elif inner_kind == 2 and inner == 2:
                value = part
        yield key.decode("utf-8", "replace"), value


def _feature(encoded: memoryview) -> Feature:
    for number, kind, value in _fields(encoded):
        if kind == 2 and number in _KINDS:
            return Feature(_KINDS[number], value)
    return Feature("none", memoryview(b""))


def _fields(encoded: memoryview) -> Iterator[tuple[int, int, memoryview]]:
    """Fields of a message: number, wire type, bytes (of a varint: its own bytes)."""
    position, size = 0, len(encoded)
    while position < size:
        tag, position = _varint(encoded, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            start = position
            _, position = _varint(encoded, position)
            yield number, kind, encoded[start:position]
            continue
        if kind == 2:
            length, position = _varint(encoded, position)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise WireError(f"wire type {kind} at byte {position}")
        if length > size - position:
            raise WireError(f"a field of {length} bytes where {size - position} are left")
        yield number, kind, encoded[position : position + length]
        position += length


def _varint(encoded: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(encoded) or shift > 63:
            raise WireError(f"a broken number at byte {position}")
        byte = encoded[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _varints(encoded: memoryview) -> npt.NDArray[np.int64]:
    """All varints of some bytes, (n,) int64, in one sweep."""
    octets = np.frombuffer(encoded, np.uint8)
    ends = np.flatnonzero(octets < 0x80)
    if len(octets) and (not len(ends) or ends[-1] != len(octets) - 1):
        raise WireError("a list of integers ends inside a number")
    starts = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    lengths = ends - starts + 1
    if len(lengths) and lengths.max() > 10:
        raise WireError("a number of more than 10 bytes")
    values = np.zeros(len(ends), np.uint64)
    for step in range(int(lengths.max(initial=0))):
        part = np.flatnonzero(lengths > step)
        values[part] |= (octets[starts[part] + step].astype(np.uint64) & np.uint64(0x7F)) << np.uint64(7 * step)
    return values.view(np.int64)
