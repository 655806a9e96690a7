"""Reading structs in Thrift's compact protocol, as Parquet files describe themselves with.

A member counts only if it has the type that is asked for, and of one that comes twice the last counts, as with the readers that
Thrift generates: this reader has to see in a file what Arrow sees.

Reference: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_I32, _I64, _LIST, _STRUCT = 5, 6, 9, 12
_MOST_DEPTH = 16
_LONGEST_VARINT = 10


@dataclass(frozen=True)
class Kind:
    """A type of member that is read; others are passed over.

    Attributes:
        code: the protocol's number for it.
        members: by their numbers, of a struct, or of the structs of a list.
    """

    code: int
    members: Mapping[int, Kind] | None = None


I32, I64 = Kind(_I32), Kind(_I64)


def struct(members: Mapping[int, Kind]) -> Kind:
    """A struct with these members."""
    return Kind(_STRUCT, members)


def structs(members: Mapping[int, Kind]) -> Kind:
    """A list of structs with these members."""
    return Kind(_LIST, members)


class NotThrift(ValueError):
    """The bytes are no struct in this protocol, or go on behind their end."""


class CompactReader:
    """Reads from `content`; `at` is the place of the next byte."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def struct(self, members: Mapping[int, Kind], depth: int = 0) -> dict[int, Any]:
        """The members of a struct by their numbers: whole numbers, dictionaries, and lists of dictionaries."""
        if depth > _MOST_DEPTH:
            raise NotThrift("structs inside structs")
        found: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else _signed(self._varint(), 16)
            kind, code = members.get(number), head & 15
            if kind is None or kind.code != code:
                self._pass_over(code, depth + 1)
            elif code == _STRUCT:
                found[number] = self.struct(kind.members or {}, depth + 1)
            elif code == _LIST:
                found[number] = self._structs(kind.members or {}, depth + 1)
            else:
                found[number] = _signed(self._varint(), 32 if code == _I32 else 64)
        return found

    def _structs(self, members: Mapping[int, Kind], depth: int) -> list[dict[int, Any]]:
        count, code = self._list_head()
        if code == _STRUCT:
            return [self.struct(members, depth) for _ in range(count)]
        for _ in range(count):
            self._pass_over_item(code, depth)
        return []

    def _list_head(self) -> tuple[int, int]:
        head = self._byte()
        return self._varint() if head >> 4 == 15 else head >> 4, head & 15

    def _pass_over(self, code: int, depth: int) -> None:
        match code:
            case 1 | 2:
                # The value of a truth value is its type.
                return
            case 4 | 5 | 6:
                self._varint()
            case 9 | 10:
                count, item = self._list_head()
                for _ in range(count):
                    self._pass_over_item(item, depth)
            case 11:
                self._pass_over_map(depth)
            case _:
                self._pass_over_item(code, depth)

    def _pass_over_map(self, depth: int) -> None:
        if (count := self._varint()) > 0:
            kinds = self._byte()
            for _ in range(count):
                self._pass_over_item(kinds >> 4, depth)
                self._pass_over_item(kinds & 15, depth)

    def _pass_over_item(self, code: int, depth: int) -> None:
        if depth > _MOST_DEPTH:
            raise NotThrift("lists inside lists")
        match code:
            case 1 | 2 | 3:
                self._skip(1)
            case 7:
                self._skip(8)
            case 8:
                self._skip(self._varint())
            case 12:
                self.struct({}, depth + 1)
            case 4 | 5 | 6 | 9 | 10 | 11:
                self._pass_over(code, depth + 1)
            case _:
                raise NotThrift(f"type {code}")

    def _varint(self) -> int:
        value = 0
        for place in range(_LONGEST_VARINT):
            byte = self._byte()
            value |= (byte & 127) << (7 * place)
            if byte < 128:
                return value
        raise NotThrift("a number without end")

    def _byte(self) -> int:
        if self.at >= len(self._content):
            raise NotThrift("ends in the middle")
        self.at += 1
        return self._content[self.at - 1]

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self._content):
            raise NotThrift("ends in the middle")


def _signed(zigzag: int, bits: int) -> int:
    """The number of some bits that was written in zigzag; what does not fit is lost, as it is for Thrift."""
    value = zigzag & ((1 << bits) - 1)
    return (value >> 1) ^ -(value & 1)
