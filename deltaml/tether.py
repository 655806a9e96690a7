"""Runs a command that must not outlive the process that started it.

    python tether.py COMMAND [ARGUMENT...]        with standard input a pipe that the starter holds open

When the starter ends, however it ends, the pipe closes and the whole process group is stopped: first SIGTERM, and
SIGKILL five seconds later. Start it in a session of its own. It needs the standard library alone, so that it starts in
no time.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 5.0


def main(command: list[str]) -> int:
    """Run `command` until it ends or standard input does; return its exit code, 128 + n when a signal n ended it."""
    # The group's SIGTERM reaches the command too; this process stays to see it end.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603  # runs what its command line says
    threading.Thread(target=_stop_after_starter, daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 128 - code


def _stop_after_starter() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
