"""``python -m chatmgr`` and the ``chatmgr`` script: both enter here."""

import gc

# Importing makes half a million objects that live to the end: looking through them for garbage on
# the way costs a fifth of what a turn's start costs in all (measured).
gc.set_threshold(200_000, 20, 20)

from chatmgr.cli.main import main  # noqa: E402

if __name__ == "__main__":
    main()
