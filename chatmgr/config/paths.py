"""Where things are: ``CHATMGR_HOME`` moves everything, otherwise the platform's own folders."""

import os
from pathlib import Path

from chatmgr.config import places
from chatmgr.domain.errors import ConfigurationFault


def data_dir() -> Path:
    """The folder of the database, its backups and the embedded model's weights."""
    if home := os.environ.get("CHATMGR_HOME"):
        return Path(home).expanduser().absolute()
    return Path(places.data_folder())


def config_dir() -> Path:
    """The folder of ``config.toml`` and the key file."""
    if os.environ.get("CHATMGR_HOME"):
        return data_dir()
    return Path(places.config_folder())


def private(folder: Path) -> Path:
    """Make a folder that only its owner can enter."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationFault(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Check its owner and rights, or set CHATMGR_HOME to another folder.",
        ) from error
    return folder


def database_url() -> str:
    """``CHATMGR_DATABASE_URL``, else a SQLite file in the data folder."""
    return os.environ.get("CHATMGR_DATABASE_URL") or f"sqlite:///{data_dir() / 'chatmgr.db'}"
