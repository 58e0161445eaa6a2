"""Where files are kept: ``CHATMGR_HOME`` moves everything; otherwise the platform's own folders are used."""

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
    """The repository around the current folder, else that folder; empty if it cannot be a project.

    The home folder and the root are no projects, even if one is a repository of dotfiles.
    """
    try:
        current = Path.cwd()
        excluded = {Path.home().resolve(), Path(current.anchor)}
        ancestors = takewhile(lambda folder: folder not in excluded, (current, *current.parents))
        project = next((folder for folder in ancestors if (folder / ".git").exists()), current)
    except (OSError, RuntimeError):  # the folder was removed or is not accessible, or there is no home folder
        return ""
    return "" if project in excluded else storable(str(project))


def make_private_folder(folder: Path) -> Path:
    """Create a folder that only its owner can enter."""
    from chatmgr.domain.folders import create_private

    try:
        create_private(folder)
    except OSError as error:
        raise ConfigurationFault(
            f"The folder {folder} cannot be created: {error.strerror}.",
            "Check its owner and permissions, or set CHATMGR_HOME to another folder.",
        ) from error
    return folder


def is_location_overridden() -> bool:
    """Whether the user chose the database's location, and so may have chosen it wrongly."""
    return bool(os.environ.get("CHATMGR_DATABASE_URL") or os.environ.get("CHATMGR_HOME"))


def database_url() -> str:
    """``CHATMGR_DATABASE_URL``, else a SQLite file in the data folder."""
    return os.environ.get("CHATMGR_DATABASE_URL") or f"sqlite:///{data_dir() / 'chatmgr.db'}"
