"""Dataset files on the owner's disk, read in blocks so that memory does not grow with rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from commons.errors import DatasetInvalid
from data_owner.adapters.data_files.csv_file import CsvFile
from data_owner.adapters.data_files.opening import open_stream
from data_owner.adapters.data_files.parquet_file import ParquetFile
from data_owner.services.ports import DataFile

__all__ = ["open_data_file"]

_PARQUET_MAGIC = b"PAR1"
_OTHER_KINDS = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "compressed with gzip",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
"""How files begin that people give the name of a CSV file."""


def open_data_file(path: Path | str, folders: Sequence[Path] | None = None) -> DataFile:
    """Return the table in a `.csv` or `.parquet` file, its header checked and no row read yet.

    Args:
        path: of the file.
        folders: those below which it must lie, also each time when rows are read; any file when None.

    Raises:
        NotFound: there is no such file.
        DatasetInvalid: it is not a file, cannot be opened, does not lie below the folders, is of another kind, or has no
            usable header.
    """
    path = Path(path)
    opened = partial(open_stream, path, folders)
    with opened() as stream:
        magic = stream.read(len(_PARQUET_MAGIC))
    if magic == _PARQUET_MAGIC or path.suffix.lower() in (".parquet", ".pq"):
        return ParquetFile(path, opened)
    if path.suffix.lower() == ".csv":
        kind = next((kind for start, kind in _OTHER_KINDS.items() if magic.startswith(start)), None)
        if kind is not None:
            raise DatasetInvalid(f"{path} is {kind}; save the table as CSV in UTF-8, or as Parquet", file=str(path))
        return CsvFile(path, opened)
    raise DatasetInvalid(f"{path} is of an unknown kind; expected a .csv or .parquet file", file=str(path))
