"""Which Node.js runs what is written in JavaScript: one on the PATH that is new enough, otherwise the one in .venv.

    python nodejs.py                          print the path of `node`; fails when there is none
    python nodejs.py COMMAND [ARGUMENT...]    run a command that finds this `node`

npm's programs begin with `#!/usr/bin/env node`, so whatever starts one, or something that starts one in its turn, has to
give it `environment`. scripts/setup.sh puts a pinned Node.js into .venv where the PATH has none that will do. It needs
the standard library alone, because set-up asks before anything is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

OWN_BIN: Final = Path(__file__).resolve().parent.parent / ".venv" / "bin"
NEEDED: Final = "20.19, 22.13, 24 or newer"
# The first minor version that Vite and ESLint take, of each major one that was maintained for long.
_FIRST_MINOR: Final = {20: 19, 22: 13}
_FIRST_LATER_MAJOR: Final = 24
_ANSWER_TIMEOUT_S: Final = 20.0


class NodeMissingError(Exception):
    """There is no Node.js that is new enough, neither on the PATH nor in .venv."""


def find() -> Path:
    """Return the `node` to use: the first one on the PATH if it is new enough and npm is there too, else the one in .venv.

    Raises `NodeMissingError`, which says what was found instead.
    """
    on_path = shutil.which("node")
    if on_path is not None and _is_new_enough(_version(on_path)) and shutil.which("npm") is not None:
        return Path(on_path)
    own = OWN_BIN / "node"
    if _is_new_enough(_version(str(own))):
        return own
    raise NodeMissingError(
        f"Node.js {NEEDED} is needed, and {_found(on_path)}; run `make setup`, which puts one into .venv, "
        "or install it: https://nodejs.org"
    )


def environment() -> dict[str, str]:
    """Return this process's environment, with a PATH on which `node` is the one to use.

    Raises as `find`.
    """
    if find().parent != OWN_BIN:
        return dict(os.environ)
    # Beside it in .venv lies its npm.
    return {**os.environ, "PATH": os.pathsep.join(filter(None, [str(OWN_BIN), os.environ.get("PATH")]))}


@cache
def _version(node: str) -> str:
    """Return what a `node` says of its version, as in `v24.1.0`; nothing when it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603  # asks the very program that would be used
            [node, "--version"], capture_output=True, text=True, timeout=_ANSWER_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _is_new_enough(version: str) -> bool:
    parts = re.match(r"v(\d+)\.(\d+)\.", version)
    if parts is None:
        return False
    major, minor = int(parts[1]), int(parts[2])
    return major >= _FIRST_LATER_MAJOR or (major in _FIRST_MINOR and minor >= _FIRST_MINOR[major])


def _found(on_path: str | None) -> str:
    if on_path is None:
        return "there is no `node` on the PATH"
    version = _version(on_path)
    if _is_new_enough(version):
        return f"{on_path} is {version}, but there is no `npm` on the PATH"
    return f"{on_path} is {version}" if version else f"{on_path} does not run"


def main(command: list[str]) -> int:
    """Become `command`, or print the path of `node`; return the exit code when that cannot be done."""
    try:
        if not command:
            sys.stdout.write(f"{find()}\n")
            return 0
        os.execvpe(command[0], command, environment())  # noqa: S606  # runs what its command line says
    except (NodeMissingError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
