"""A file on its way to a service as `multipart/form-data` (RFC 7578), read while it is sent."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

_BLOCK_BYTES = 1 << 18


class FileUpload:
    """The body of a request with some fields and one file, the part `file`; iterating over it reads the file anew.

    Args:
        file: the file.
        fields: text fields by name.
    """

    def __init__(self, file: Path, fields: Mapping[str, str]) -> None:
        self._file = file
        self._boundary = secrets.token_hex(16)
        self._file_bytes = file.stat().st_size
        parts = [self._part(f'name="{name}"', text.encode()) for name, text in fields.items()]
        head = f'name="file"; filename="{_quoted(file.name)}"'
        self._start = b"".join(parts) + self._part(head, b"", ending=b"")
        self._end = f"\r\n--{self._boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        """The header that goes with the body."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        return len(self._start) + self._file_bytes + len(self._end)

    def __iter__(self) -> Iterator[bytes]:
        yield self._start
        left = self._file_bytes
        with self._file.open("rb") as stream:
            # As many bytes as were announced, also when the file grows meanwhile.
            while left > 0 and (block := stream.read(min(_BLOCK_BYTES, left))):
                left -= len(block)
                yield block
        yield self._end

    def _part(self, disposition: str, content: bytes, *, ending: bytes = b"\r\n") -> bytes:
        head = f"--{self._boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
        return head.encode() + content + ending


def _quoted(name: str) -> str:
    """A file name as browsers write it."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
