"""Programs that some tests need and not every machine has."""

import os
import shutil
from pathlib import Path

import pytest

BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")


def require(*names: str) -> str:
    """The path of the first of these programs that is here; a skip that names it outside CI, else a failure.

    ``bash-completion`` is no program but a script that bash reads.
    """
    for name in names:
        if name == "bash-completion":
            path = str(BASH_COMPLETION) if BASH_COMPLETION.is_file() else None
        else:
            path = shutil.which(name)
        if path:
            return path
    message = f"this test needs {' or '.join(names)}, which is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)
