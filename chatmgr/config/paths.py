"""Where things are: ``CHATMGR_HOME`` moves everything, otherwise the platform's own folders."""

import os
from itertools import takewhile
from pathlib import Path

from chatmgr.config import platform_folders
from chatmgr.domain.errors import ConfigurationFault
from chatmgr.domain.text import storable


def data_dir() -> Path:
    """The folder of the database, its backups and the embedded model's weights."""
    if home := os.environ.get("CHATMGR_HOME"):
        return Path(home).expanduser().absolute()
    return Path(platform_folders.data_folder())


def models_dir() -> Path:
    """The folder of the embedded model's weights."""
    return data_dir() / "models"


def config_dir() -> Path:
    """The folder of ``config.toml`` and the key file."""
    if os.environ.get("CHATMGR_HOME"):
        return data_dir()
    return Path(platform_folders.config_folder())


def project_folder() -> str:
    """The repository around the current folder, else that folder; empty for none that could be a project.

    The home folder and the root are nobody's project, even if one is a repository of settings.
    """
    try:
        current = Path.cwd()
        nobodys = {Path.home().resolve(), Path(current.anchor)}
        within = takewhile(lambda folder: folder not in nobodys, (current, *current.parents))
        project = next((folder for folder in within if (folder / ".git").exists()), current)
    except (OSError, RuntimeError):  # the folder was removed or is closed to us, or nobody has a home here
        return ""
    return "" if project in nobodys else storable(str(project))


def make_private_folder(folder: Path) -> Path:
    """Make a folder that only its owner can enter."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationFault(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Check its owner and rights, or set CHATMGR_HOME to another folder.",
        ) from error
    return folder


def is_location_overridden() -> bool:
    """Whether somebody said where the database is, and so may have said it wrong."""
    return bool(os.environ.get("CHATMGR_DATABASE_URL") or os.environ.get("CHATMGR_HOME"))


def database_url() -> str:
    """``CHATMGR_DATABASE_URL``, else a SQLite file in the data folder."""
    return os.environ.get("CHATMGR_DATABASE_URL") or f"sqlite:///{data_dir() / 'chatmgr.db'}"
