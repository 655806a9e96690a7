"""Opening data files: any ordinary file, or only those below some folders, whatever links lead out of them.

Below folders every step of the way is opened by itself and without following links, so that a link that is put into the way
after a path was resolved leads nowhere. What is refused is refused alike, so that nobody learns which files there are elsewhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from commons.errors import DatasetInvalid
from data_owner.adapters.data_files.checks import readable

OpenStream = Callable[[], BinaryIO]
"""Opens the same file anew each time; raises NotFound and DatasetInvalid."""

# Opening a pipe would wait for its other end; a device is not opened at all.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def open_stream(path: Path, folders: Sequence[Path] | None = None) -> BinaryIO:
    """Return an ordinary file, open for reading.

    Args:
        path: of the file; with `folders` as it was resolved, without links.
        folders: those below which the file must lie; any file when None.

    Raises:
        NotFound: there is no such file.
        DatasetInvalid: it is no ordinary file, may not be read, or does not lie below one of the folders.
    """
    if folders is None:
        with readable(str(path)):
            _require_ordinary(path, path.stat())
            return _checked(path, os.open(path, _FILE))
    below = next((folder for folder in map(_resolved, folders) if path.is_relative_to(folder)), None)
    if below is None or ".." in path.parts:
        raise _outside()
    with readable(str(path)):
        return _open_below(below, path)


def _resolved(folder: Path) -> Path:
    return Path(os.path.realpath(folder))


def _open_below(folder: Path, path: Path) -> BinaryIO:
    *steps, name = path.relative_to(folder).parts or (".",)
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in steps:
            place, before = os.open(step, _STEP, dir_fd=place), place
            os.close(before)
        found = os.stat(name, dir_fd=place, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            raise _outside()
        _require_ordinary(path, found)
        return _checked(path, os.open(name, _FILE | os.O_NOFOLLOW, dir_fd=place))
    except OSError as error:
        # A link in the way is no directory, and a file that has become one is a loop.
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _outside() from error
        raise
    finally:
        os.close(place)


def _checked(path: Path, descriptor: int) -> BinaryIO:
    stream = os.fdopen(descriptor, "rb")
    try:
        _require_ordinary(path, os.fstat(descriptor))
    except BaseException:
        stream.close()
        raise
    return stream


def _require_ordinary(path: Path, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise DatasetInvalid(f"{path} is a folder; expected a .csv or .parquet file", file=str(path))
    if not stat.S_ISREG(found.st_mode):
        raise DatasetInvalid(f"{path} is no ordinary file; expected a .csv or .parquet file", file=str(path))


def _outside() -> DatasetInvalid:
    return DatasetInvalid(
        "this service reads files only below the folders that its operator has named; upload the file, or have "
        "DELTAML_DATA_DIRS name its folder"
    )
