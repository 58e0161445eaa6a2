"""``python -m chatmgr`` and the ``chatmgr`` script: both enter here."""

import gc
import os
import sys

# Importing makes half a million objects that live to the end: looking through them for garbage on
# the way costs a fifth of what a turn's start costs in all (measured).
gc.set_threshold(200_000, 20, 20)


def main() -> None:
    """Answer the shell if that is quickly done, else run the command line."""
    _stand_in()
    if "_CHATMGR_COMPLETE" in os.environ:
        from chatmgr.completion.fast_path import answer_completion

        if answer_completion():
            sys.exit(0)
    from chatmgr.cli.main import main as run

    run()


def _stand_in() -> None:
    """Let the null device stand in for standard streams that were closed (``>&-``): Python has None there.

    It takes their very descriptors, the lowest that are free: otherwise the next file to be opened, be it
    the database, would be standard output to every library and child process.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: PTH123, SIM115 - as long as the process
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)


if __name__ == "__main__":
    main()
