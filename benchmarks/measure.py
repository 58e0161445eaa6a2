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
    argv: list[str], env: dict[str, str], cwd: str, stdin: str, stdout: str, stderr: str, first_byte: bool
) -> dict[str, float]:
    """Run one command to its end. Times in seconds, the peak in bytes; ``began`` is the monotonic clock.

    With ``first_byte``, standard output is a pipe until that byte has come, and what had been used by then is
    told as ``first_wall`` and ``first_cpu``; both are 0 without.
    """
    os.chdir(cwd)
    fresh = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files: list[tuple[object, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, stdout, fresh, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, stderr, fresh, 0o600),
    ]
    reader = writer = -1
    if first_byte:
        reader, writer = os.pipe()
        files[1] = (os.POSIX_SPAWN_DUP2, writer, 1)
    began = time.monotonic()
    child = os.posix_spawnp(argv[0], argv, env, file_actions=files)
    first = (0.0, 0.0)
    if first_byte:
        os.close(writer)
        first = _drained(reader, stdout, child, began)
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - began
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "began": began,
        "wall": wall,
        "first_wall": first[0],
        "first_cpu": first[1],
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * unit,
        "code": os.waitstatus_to_exitcode(status),
    }


def _drained(reader: int, stdout: str, child: int, began: float) -> tuple[float, float]:
    """Write a pipe into a file, to its end; returns seconds and seconds of CPU until its first byte."""
    first = (0.0, 0.0)
    with open(reader, "rb", buffering=0) as pipe, open(stdout, "wb") as file:  # noqa: PTH123 - a descriptor
        while chunk := pipe.read(65_536):
            if not first[0]:
                first = (time.monotonic() - began, _cpu(child))
            file.write(chunk)
    return first


def _cpu(process: int) -> float:
    """Seconds of CPU that a running process has used, all threads together; 0 where nobody tells."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
