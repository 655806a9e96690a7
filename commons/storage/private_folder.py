"""Keeping a service's files from the other users of its machine.

A state folder holds mask secrets, seeds and digests of passwords, partly in the clear. So a service makes its files for itself
alone, whatever the umask it was started with, and narrows those that an older version or another program left open.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

PRIVATE_UMASK = 0o077
_FOR_OTHERS = 0o077

log = structlog.get_logger(__name__)


def claim_folder(folder: Path) -> None:
    """Make `folder` this process's own: all that is in it, and all that this process makes from now on, anywhere.

    The umask stays changed, for child processes too. What belongs to another user, and so cannot be narrowed, is logged.
    """
    os.umask(PRIVATE_UMASK)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    narrowed = sum(_narrowed(path) for path in (folder, *_inside(folder)))
    if narrowed:
        log.warning("state_folder_narrowed", folder=str(folder), entries=narrowed)


@contextmanager
def private_files() -> Iterator[None]:
    """Within the block this process makes files and folders for its own user alone."""
    before = os.umask(PRIVATE_UMASK)
    try:
        yield
    finally:
        os.umask(before)


def _inside(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def _narrowed(path: Path) -> bool:
    """Take from others what they may do with a file or folder; says whether there was something to take."""
    try:
        mode = path.lstat().st_mode
        # A link leads elsewhere, and what is there is somebody else's business.
        if stat.S_ISLNK(mode) or not mode & _FOR_OTHERS:
            return False
        path.chmod(stat.S_IMODE(mode) & ~_FOR_OTHERS)
    except FileNotFoundError:
        return False
    except OSError as error:
        log.warning("open_to_other_users", path=str(path), mode=oct(stat.S_IMODE(mode)), reason=error.strerror)
        return False
    return True
