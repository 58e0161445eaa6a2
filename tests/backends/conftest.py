"""The real model, fetched once for all sessions of this user, and run sparingly."""

import getpass
import os
import tempfile
from pathlib import Path

import pytest

from chatmgr.backends.local import weights


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """A folder that holds the embedded model's weights; ``CHATMGR_TEST_WEIGHTS`` names another."""
    named = os.environ.get("CHATMGR_TEST_WEIGHTS")
    folder = Path(named or Path(tempfile.gettempdir()) / f"chatmgr-test-weights-{getpass.getuser()}")
    weights.ensure(folder)
    return folder
