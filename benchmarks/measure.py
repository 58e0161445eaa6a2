"""The process that measures: starts commands one at a time and reports what each took.

It is a process of its own, and imports next to nothing, because Linux counts a parent's memory in the
peak of its child: a child of a program that had loaded SQLAlchemy would never seem small. Started as
``python -I -S measure.py``; reads one JSON object a line, answers with one.
"""

import json
import os
import sys
import time


def main() -> None:
    """Measure until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(measured(**json.loads(line))), flush=True)


def measured(
    argv: list[str], env: dict[str, str], cwd: str, stdin: str, stdout: str, stderr: str
) -> dict[str, float]:
    """Run one command to its end. Times in seconds, the peak in bytes; ``began`` is the monotonic clock."""
    os.chdir(cwd)
    fresh = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, stdout, fresh, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, stderr, fresh, 0o600),
    ]
    began = time.monotonic()
    child = os.posix_spawnp(argv[0], argv, env, file_actions=files)
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - began
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "began": began,
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * unit,
        "code": os.waitstatus_to_exitcode(status),
    }


if __name__ == "__main__":
    main()
