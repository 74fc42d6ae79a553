"""Become another program that dies with its parent: `python -I -S guard.py PARENT_PID PROGRAM ARGS...`.

A supervisor that is killed with SIGKILL cannot stop its children; on Linux the kernel does it
(PR_SET_PDEATHSIG survives exec). This runs as a program of its own because the setting must be made after
fork, where Python code of a threaded parent is not safe. Elsewhere than on Linux it only starts the program.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before the setting was made
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    main()
