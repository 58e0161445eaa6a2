"""Importing what the first turn needs while the user types.

Modules only, on a thread of its own: reading the database and the network are left to the main thread.
"""

import importlib
import threading
from collections.abc import Sequence

_NEEDED_BY_A_TURN = (
    "chatmgr.backends.pricing",
    "chatmgr.services.budget",
    "chatmgr.services.deprecations",
    "chatmgr.services.model_check",
    "chatmgr.services.refused_fields",
    "chatmgr.services.way_out",
    "chatmgr.store.writer.turns",
    "chatmgr.turns",
)


def start(api: str, screen: Sequence[str] = ()) -> None:
    """Begin to import the engine, the writer and the backend of an API; returns at once.

    ``screen`` names the modules that show the turn, which are imported last.
    """
    threading.Thread(target=_import_all, args=(api, screen), name="chatmgr-preload", daemon=True).start()


def _import_all(api: str, screen: Sequence[str]) -> None:
    from chatmgr.backends import registry

    try:
        for module in _NEEDED_BY_A_TURN:  # first what keeps the message, then what sends it
            importlib.import_module(module)
        registry.preload(api)
        for module in screen:
            importlib.import_module(module)
    except ImportError:
        return
