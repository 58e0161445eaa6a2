"""The platform's own folders, as plain strings, and without an import where possible.

Shell completion must answer at once, and finding the folder would be half of its cost. So the usual case
on Linux is answered here; all others are left to platformdirs.
"""

import os
import sys


def data_folder() -> str:
    """The folder for the program's data."""
    if folder := _default_folder("XDG_DATA_HOME", ".local/share"):
        return folder
    from platformdirs import user_data_dir

    return user_data_dir("chatmgr", appauthor=False)


def config_folder() -> str:
    """The folder for the program's settings."""
    if folder := _default_folder("XDG_CONFIG_HOME", ".config"):
        return folder
    from platformdirs import user_config_dir

    return user_config_dir("chatmgr", appauthor=False)


def _default_folder(variable: str, subfolder: str) -> str:
    """The default folder on Linux; empty if anything could move it."""
    home = os.environ.get("HOME", "")
    if sys.platform != "linux" or variable in os.environ or "ANDROID_DATA" in os.environ:
        return ""
    return f"{home}/{subfolder}/chatmgr" if home.startswith("/") and not home.endswith("/") else ""
