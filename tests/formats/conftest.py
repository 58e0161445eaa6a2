"""A store to export."""

import pytest

from tests.support.sample_stores import fill


@pytest.fixture
def full(url: str) -> str:
    """A database of either kind in which every column of every table holds something."""
    fill(url)
    return url
