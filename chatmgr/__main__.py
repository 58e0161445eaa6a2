"""``python -m chatmgr`` and the ``chatmgr`` script: both enter here."""

import gc
import os
import sys

# Importing makes half a million objects that live to the end: looking through them for garbage on
# the way costs a fifth of what a turn's start costs in all (measured).
gc.set_threshold(200_000, 20, 20)


def main() -> None:
    """Answer the shell if that is quickly done, else run the command line."""
    if "_CHATMGR_COMPLETE" in os.environ:
        from chatmgr.completing import answer

        if answer():
            sys.exit(0)
    from chatmgr.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
