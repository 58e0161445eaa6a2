"""The platform's own folders, as plain text and without an import where that is possible.

A completion in the shell must be there at once, and finding the folder would be half of what it
costs. So the one case that nearly every Linux has is answered here; all others are platformdirs'.
"""

import os
import sys


def data_folder() -> str:
    """Where a program's data goes."""
    if found := _plain("XDG_DATA_HOME", ".local/share"):
        return found
    from platformdirs import user_data_dir

    return user_data_dir("chatmgr", appauthor=False)


def config_folder() -> str:
    """Where a program's settings go."""
    if found := _plain("XDG_CONFIG_HOME", ".config"):
        return found
    from platformdirs import user_config_dir

    return user_config_dir("chatmgr", appauthor=False)


def _plain(moved_by: str, folder: str) -> str:
    """The folder where nothing moves it; empty where anything could."""
    home = os.environ.get("HOME", "")
    if sys.platform != "linux" or moved_by in os.environ or "ANDROID_DATA" in os.environ:
        return ""
    return f"{home}/{folder}/chatmgr" if home.startswith("/") and not home.endswith("/") else ""
